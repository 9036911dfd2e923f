"""What a rule is, and the rules of the network that all vendors share.

A rule is one behaviour that a caller can see. Each has a test that fails when it is broken, and says of each part of
it who says so.
"""

from dataclasses import dataclass

DOCUMENTED = "documented"
OBSERVED = "observed"
STANDARD = "standard"
ASSUMED = "assumed"
PROVENANCES = (DOCUMENTED, OBSERVED, STANDARD, ASSUMED)
NOBODY_SAYS = "nobody says"
HELP_CENTRE = "the vendor's help centre (support.dialoghealth.com)"
USUAL_LIST = "the industry's usual list for US numbers (the CTIA's handbook, SMS providers' defaults)"


@dataclass(frozen=True, slots=True)
class RuleSource:
    """`text`: which part of a rule. `provenance`: one of the four words. `source`: where it is read, or why assumed."""

    text: str
    provenance: str
    source: str


def documented(text: str, source: str) -> RuleSource:
    """Return a part that one of the vendors' references says."""
    return RuleSource(text, DOCUMENTED, source)


def observed(text: str, source: str) -> RuleSource:
    """Return a part that another public page of the vendor says, or that public client code relies on."""
    return RuleSource(text, OBSERVED, source)


def standard(text: str, source: str) -> RuleSource:
    """Return a part that a public standard says."""
    return RuleSource(text, STANDARD, source)


def assumed(text: str, why: str = NOBODY_SAYS) -> RuleSource:
    """Return a part that we decided."""
    return RuleSource(text, ASSUMED, why)


@dataclass(frozen=True, slots=True)
class SandboxRule:
    """One behaviour, and of each part of it who says so."""

    id: str
    summary: str
    parts: tuple[RuleSource, ...]

    @property
    def provenance(self) -> tuple[str, ...]:
        """The words that hold for any of its parts."""
        found = {part.provenance for part in self.parts}
        return tuple(word for word in PROVENANCES if word in found)

    @property
    def source(self) -> str:
        """All parts in one sentence."""
        return "; ".join(f"{part.provenance}: {part.text} ({part.source})" for part in self.parts)


NETWORK_RULES = (
    SandboxRule(
        "NET-flow",
        "Every message is queued, then sent, then settled as delivered, undelivered, rejected or unknown. The plan is"
        " fixed when it is accepted: sent after 1 s and settled after 3 s or other delays (timed, the default), at once"
        " (immediate), only by hand (manual), or once a vendor API has shown it so often (reads): a read shows what was"
        " before it.",
        (assumed("all of it", "no reference says how long a message takes"),),
    ),
    SandboxRule(
        "NET-stop",
        "STOP, QUIT, END, REVOKE, OPT OUT, UNSUBSCRIBE, and STOPALL, CANCEL, OPTOUT, OPT-OUT, REMOVE, ALTO, PARAR, in"
        " any case, blanks around and punctuation behind ignored, several blanks inside as one, opts the phone out of"
        " that line, with one confirmation. A second one gets no answer.",
        (
            documented("Stop, and one confirmation", "Writeback reference, sample answer"),
            observed("QUIT, END, REVOKE, OPT OUT, UNSUBSCRIBE", f"{HELP_CENTRE}, on opting out and on system keywords"),
            assumed("STOPALL, CANCEL", USUAL_LIST),
            assumed(
                "OPTOUT, OPT-OUT, REMOVE",
                "other ways to write or to mean the same; 47 CFR 64.1200(a)(10) asks for that",
            ),
            assumed("ALTO, PARAR", "'stop' in Spanish"),
            assumed("case, blanks and punctuation", "what people type"),
            assumed("that a second one gets no answer"),
        ),
    ),
    SandboxRule(
        "NET-staff-optout",
        "Staff opting a phone out sends it the opt-out text, a record Opt-Out whose incoming message and lead are null;"
        " silent: true sends nothing. No submit undoes either; staff, the keyword and START do.",
        (
            observed(
                "that the text is sent, and that a silent way (inactive) is there too", f"{HELP_CENTRE}, on opting out"
            ),
            observed("that staff or the keyword undo it", f"{HELP_CENTRE}, on opting out and on activity status"),
            observed(
                "a record Opt-Out whose incoming message and lead are null", "an earlier revision of the Writeback page"
            ),
            assumed("that such a record is the staff's opt-out, and its sender System", "our reading of it"),
            assumed("that no submit undoes it, however a console is set, and that START does"),
        ),
    ),
    SandboxRule(
        "NET-start",
        "START, UNSTOP or the console's own keyword opts the phone in again, with one confirmation.",
        (
            documented("the console's keyword", "Writeback reference, sample answer: the opt-out text names it"),
            observed("that it opts in until the next stop, and is one word", f"{HELP_CENTRE}, on opt-in groups"),
            assumed("one confirmation"),
            assumed("START, UNSTOP", f"the vendor names them nowhere; {USUAL_LIST}"),
        ),
    ),
    SandboxRule(
        "NET-help",
        "HELP, INFO or AYUDA gets the line's help text, also when opted out; consent stays as it is.",
        (
            observed("that HELP gets an answer of its own", f"{HELP_CENTRE}, on system keywords"),
            assumed("INFO", USUAL_LIST),
            assumed("AYUDA", "'help' in Spanish"),
            assumed("also when opted out, and that consent stays"),
        ),
    ),
    SandboxRule(
        "NET-reply",
        "Any other reply gets the console's automatic answer, unless it is switched off or the phone is opted out."
        " Tracking numbers answer only STOP, START and HELP by themselves.",
        (
            documented("that a reply gets an automatic answer", "Writeback reference, sample answer"),
            observed("that every other text does", f"{HELP_CENTRE}, on system keywords"),
            assumed("that it can be switched off, that an opted-out phone gets none, and what tracking numbers answer"),
        ),
    ),
    SandboxRule(
        "NET-consent",
        "An opted-out phone gets nothing but those answers: a message to it is accepted and settles rejected when the"
        " policy would have settled it (by hand: 3 s).",
        (
            observed("that an opted-out phone gets no messages", f"{HELP_CENTRE}, on opting out"),
            assumed("that they are accepted, and when and how they settle", "the carriers' usual behaviour"),
        ),
    ),
    SandboxRule(
        "NET-lead",
        "The lead of a reply is the message it answers; of an unasked text, the line's last message to that phone that"
        " no reply caused; else there is none.",
        (
            documented("that a reply has a lead", "Writeback reference, sample answer"),
            assumed("which it is; also of an unasked text, and though it was never delivered"),
        ),
    ),
    SandboxRule(
        "NET-handsets",
        "Fictional numbers (NPA-555-01xx) behave by their last two digits, for every vendor: 50 is rejected, 51"
        " undelivered, 52 stays queued, 53 ends unknown, 54 is delivered after 60 s, 55 is filtered by its carrier, 56"
        " rejected from the fourth message of a line within a minute, 57 opted out from the first, 58 unknown after 72"
        " h without a receipt, 60 to 63 reply STOP, Thank you!, YES and HELP 2 s after delivery, SimplePay refuses 70,"
        " 71 is a landline. A handset replies only to a delivered message that no reply caused, once each.",
        (assumed("all of it", "the sandbox's own, so that a test can choose by the number what happens"),),
    ),
    SandboxRule(
        "NET-segments",
        "GSM-7 texts take 160 units, or 153 in each of several segments, extension characters counting two; others are"
        " UCS-2 of 70, or 67 each. No escape or surrogate pair is split over two segments.",
        (
            standard("all of it", "3GPP TS 23.038 and 23.040"),
            observed("160 in one, 153 in each of several", HELP_CENTRE),
        ),
    ),
    SandboxRule(
        "NET-length",
        "A text has no limit of its own; one of more than 6 segments is a note among the findings.",
        (
            observed("6 segments, which are 918 characters of GSM-7", f"{HELP_CENTRE}: where texts of staff end"),
            assumed("that longer ones are taken from programs"),
        ),
    ),
    SandboxRule(
        "NET-real-data",
        "Looks like real data: a receiver's number that is neither fictional nor one of the fixture's or the"
        " references', and in texts and fields a date of birth, or what is like a social security, medical record or"
        " card number. It is a note among the findings; with SANDBOX_SYNTHETIC_ONLY the call is refused, nothing of it"
        " is done, and the journal masks it.",
        (assumed("all of it", "the sandbox's own: no vendor refuses real data, and a sandbox is no place for any"),),
    ),
    SandboxRule(
        "NET-text",
        "Text is Unicode and kept as sent. Form and query bytes are strict UTF-8, but in a part that names its charset:"
        " other bytes, U+0000 and lone surrogates are refused with the field named, never replaced.",
        (assumed("all of it", "no reference names an encoding"),),
    ),
    SandboxRule(
        "NET-form",
        "A multipart form is read as RFC 2046 and 7578 say: a preamble, an epilogue, blanks behind a boundary, headers"
        " in several lines, a quoted boundary, and parts with a charset, a file name or a Content-Transfer-Encoding are"
        " taken. What is not so is refused by its name, and so are a urlencoded form with a byte order mark or with"
        " other than ASCII in another charset than UTF-8, and a body with a Content-Encoding (415). A form, and a query"
        " string, of more than 1,000 fields is refused, empty ones counted.",
        (
            standard("what a form is", "RFC 2046, RFC 7578, RFC 9110 (15.5.16), the WHATWG's URL standard"),
            assumed("that nothing is decompressed, and that nobody's mistake is mended silently"),
            assumed("the limit", "no documented call has ten fields; reading many holds up all other callers"),
        ),
    ),
    SandboxRule(
        "NET-path",
        "Each request that is neither the control API's nor the console's is in a journal, with its body. A path that"
        " nearly begins as a vendor's does (case, slashes, dots, a part of the prefix missing or before it), or ends as"
        " one of its paths does, is 404 in that vendor's shape, with the path that was meant, as is one below the"
        " prefix with a word misspelt or left out; any other is a 404 that lists where the APIs are.",
        (assumed("all of it", "the sandbox's own, so that a wrong base URL is seen"),),
    ),
    SandboxRule(
        "NET-fault",
        "A fault that was asked for, by the control API or by the header X-Sandbox-Fault of one call, meets a call"
        " whose credentials are right. Where it answers, it does so in the vendor's own shape; a header that cannot be"
        " read is refused.",
        (assumed("all of it", "the sandbox's own, so that a test can have a call go wrong"),),
    ),
    SandboxRule(
        "NET-limits",
        "A workspace holds as many messages as its server lets it (SANDBOX_MAX_WORKSPACE_MESSAGES). A submit beyond"
        " them is refused with 507 in the vendor's own shape, and nothing of it is done; what falls due by itself then"
        " is left out, and counted.",
        (assumed("all of it", "the sandbox's own, so that one caller cannot fill a server that others share"),),
    ),
    SandboxRule(
        "NET-origin",
        "A call that a web page of another origin makes is refused, in the vendor's own shape. A page is the sandbox's"
        " own if its one Origin has the host and port of Host (default ports, case and a dot at the end are no"
        " difference), and that is a name by which the control API may be called. Without an Origin vendor paths take"
        " any Host.",
        (
            standard("how origins are compared", "RFC 6454"),
            assumed(
                "that it is made",
                "a page that a developer visits, or a name that another points here, shall not drive a sandbox",
            ),
        ),
    ),
    SandboxRule(
        "NET-http",
        "HTTP/1.0 is answered, in one piece; a body on GET, HEAD or DELETE is not read. Both are noted as findings."
        " HEAD is answered wherever GET is, with the same headers; OPTIONS is a method that no path has. Every answer"
        " says X-Content-Type-Options: nosniff. What is not HTTP is refused in the vendor's shape, with the status of"
        " HTTP whatever the vendor's own: 400, 408, 414, 431, 501 or 505.",
        (
            standard("HEAD", "RFC 9110 (9.1)"),
            standard("what is not HTTP", "RFC 9110 and 9112"),
            assumed(
                "the rest", "no reference says which HTTP they speak, and clients and proxies in the field do both"
            ),
        ),
    ),
    SandboxRule(
        "NET-keys",
        "Keys in a query string over plain http from another machine are answered, and noted as a finding.",
        (
            documented("https", "DialogTech reference, base URL"),
            assumed("that plain http is answered, and noted", "how a sandbox is reached says nothing of production"),
        ),
    ),
)
