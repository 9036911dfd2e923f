"""What a rule is, and the rules of the network that all vendors share.

A rule is one behaviour that a caller can see. Each has a test that fails when it is broken.
"""

from dataclasses import dataclass

DOCUMENTED = "documented"
OBSERVED = "observed"
ASSUMED = "assumed"
STANDARD = "standard"


@dataclass(frozen=True, slots=True)
class SandboxRule:
    """`provenance`: one or more of the four words above. `source`: where it can be read, or why it was assumed."""

    id: str
    summary: str
    provenance: tuple[str, ...]
    source: str


NETWORK_RULES = (
    SandboxRule(
        "NET-flow",
        "Every message is queued, then sent, then settled as delivered, undelivered, rejected or unknown. The plan is"
        " fixed when it is accepted: sent after 1 s and settled after 3 s or other delays (timed, the default), at once"
        " (immediate), or only by hand (manual).",
        (ASSUMED,),
        "no reference says how long a message takes",
    ),
    SandboxRule(
        "NET-stop",
        "STOP, QUIT, END, REVOKE, OPT OUT, UNSUBSCRIBE, and STOPALL, CANCEL, OPTOUT, OPT-OUT, REMOVE, ALTO, PARAR, in"
        " any case, blanks around and punctuation behind ignored, several blanks inside as one, opts the phone out of"
        " that line, with one confirmation. A second one gets no answer.",
        (DOCUMENTED, OBSERVED, ASSUMED),
        "Stop and its one confirmation: documented. The first six: observed. The others: assumed.",
    ),
    SandboxRule(
        "NET-staff-optout",
        "Staff opting a phone out sends it the opt-out text, a record Opt-Out whose incoming message and lead are null;"
        " silent: true sends nothing. No submit undoes either; staff, the keyword and START do.",
        (OBSERVED, ASSUMED),
        "the vendor's help centre; that a submit does not undo it is assumed",
    ),
    SandboxRule(
        "NET-start",
        "START, UNSTOP or the console's own keyword opts the phone in again, with one confirmation.",
        (DOCUMENTED, ASSUMED),
        "the console's keyword: documented, the Writeback sample's opt-out answer names one (the confirmation:"
        " assumed). START, UNSTOP: assumed, after the industry's usual list for US numbers",
    ),
    SandboxRule(
        "NET-help",
        "HELP, INFO or AYUDA gets the line's help text, also when opted out; consent stays as it is.",
        (ASSUMED,),
        "HELP, INFO: assumed, after the industry's usual list for US numbers. AYUDA: assumed, 'help' in Spanish",
    ),
    SandboxRule(
        "NET-reply",
        "Any other reply gets the console's automatic answer, unless it is switched off or the phone is opted out."
        " Tracking numbers answer only STOP, START and HELP by themselves.",
        (DOCUMENTED, ASSUMED),
        "the Writeback sample of a reply and its answer",
    ),
    SandboxRule(
        "NET-consent",
        "An opted-out phone gets nothing but those answers: a message to it is accepted and settles rejected when the"
        " policy would have settled it (by hand: 3 s).",
        (ASSUMED,),
        "the carriers' usual behaviour",
    ),
    SandboxRule(
        "NET-lead",
        "The lead of a reply is the message it answers; of an unasked text, the line's last message to that phone that"
        " no reply caused; else there is none.",
        (ASSUMED,),
        "the Writeback samples show a lead, and say not how it is found",
    ),
    SandboxRule(
        "NET-handsets",
        "Fictional numbers (NPA-555-01xx) behave by their last two digits, for every vendor: 50 is rejected, 51"
        " undelivered, 52 stays queued, 53 ends unknown, 54 is delivered after 60 s, 60 to 63 reply STOP, Thank you!,"
        " YES and HELP 2 s after delivery, SimplePay refuses 70, 71 is a landline. A handset replies only to a"
        " delivered message that no reply caused, once each.",
        (ASSUMED,),
        "the sandbox's own, so that a test can choose by the number what happens",
    ),
    SandboxRule(
        "NET-segments",
        "GSM-7 texts take 160 units, or 153 in each of several segments, extension characters counting two; others are"
        " UCS-2 of 70, or 67 each. No escape or surrogate pair is split over two segments.",
        (STANDARD,),
        "3GPP TS 23.038 and 23.040",
    ),
    SandboxRule(
        "NET-length",
        "A text has no limit of its own; one of more than 6 segments is a note among the findings.",
        (OBSERVED, ASSUMED),
        "the vendor's help centre ends staff's texts at 6 segments; that longer ones are taken is assumed",
    ),
    SandboxRule(
        "NET-text",
        "Text is Unicode and kept as sent. Form and query bytes are strict UTF-8, but in a part that names its charset:"
        " other bytes, U+0000 and lone surrogates are refused with the field named, never replaced.",
        (ASSUMED,),
        "no reference names an encoding",
    ),
    SandboxRule(
        "NET-form",
        "A multipart form is read as RFC 2046 and 7578 say: a preamble, an epilogue, blanks behind a boundary, headers"
        " in several lines, a quoted boundary, and parts with a charset, a file name or a Content-Transfer-Encoding are"
        " taken. What is not so is refused by its name, and so are a urlencoded form with a byte order mark or with"
        " other than ASCII in another charset than UTF-8, and a body with a Content-Encoding (415).",
        (STANDARD, ASSUMED),
        "RFC 2046, RFC 7578, RFC 9110 (15.5.16), the WHATWG's URL standard; that nothing is decompressed, and that"
        " nobody's mistake is mended silently, is assumed",
    ),
    SandboxRule(
        "NET-path",
        "Each request that is neither the control API's nor the console's is in a journal, with its body. A path that"
        " nearly begins as a vendor's does (case, slashes, dots, a part of the prefix missing or before it), or ends as"
        " one of its paths does, is 404 in that vendor's shape, with the path that was meant; any other is a 404 that"
        " lists where the APIs are.",
        (ASSUMED,),
        "the sandbox's own, so that a wrong base URL is seen",
    ),
    SandboxRule(
        "NET-fault",
        "A fault that was asked for, by the control API or by the header X-Sandbox-Fault of one call, meets a call"
        " whose credentials are right. Where it answers, it does so in the vendor's own shape; a header that cannot be"
        " read is refused.",
        (ASSUMED,),
        "the sandbox's own, so that a test can have a call go wrong",
    ),
    SandboxRule(
        "NET-origin",
        "A call that a web page of another origin makes is refused, in the vendor's own shape. A page is the sandbox's"
        " own if its one Origin has the host and port of Host (default ports, case and a dot at the end are no"
        " difference), and that is a name by which the control API may be called. Without an Origin vendor paths take"
        " any Host.",
        (STANDARD, ASSUMED),
        "RFC 6454 for the comparison; that it is made is assumed: a page that a developer visits, or a name that"
        " another points at this machine, shall not drive their sandbox",
    ),
    SandboxRule(
        "NET-http",
        "HTTP/1.0 is answered, in one piece; a body on GET, HEAD or DELETE is not read. Both are noted as findings."
        " HEAD is answered wherever GET is, with the same headers; OPTIONS is a method that no path has. Every answer"
        " says X-Content-Type-Options: nosniff.",
        (STANDARD, ASSUMED),
        "RFC 9110 (9.1) for HEAD; the rest is assumed: no reference says which HTTP they speak, and clients and proxies"
        " in the field do both",
    ),
    SandboxRule(
        "NET-keys",
        "Keys in a query string over plain http from another machine are answered, and are an error among the"
        " findings.",
        (ASSUMED,),
        "DialogTech's documented URL is https; whoever is on the way could read them",
    ),
)
