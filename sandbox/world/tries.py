"""How is each rule tried: what has to happen so that a client learns how it fares with it?"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RuleTry:
    """`how`: the call, or what a test has to bring about. `by`: rules whose deciding of an answer tries this one too.

    `purposes`: those of messages that try it.
    """

    how: str
    by: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()


DEFAULT_TRY = RuleTry("Call the API.")
REPLY = "Have a phone text back: POST messages/{id}/reply"
SUBMIT = ("SP-submit",)
READS = ("WB-record", "DT-message")

NETWORK_TRIES = {
    "NET-flow": RuleTry("Send a message, and let time pass.", by=SUBMIT),
    "NET-stop": RuleTry(f'{REPLY} {{"text": "STOP"}}.', purposes=("opt_out",)),
    "NET-staff-optout": RuleTry('PUT consents/{phone} {"state": "opted_out"}.', purposes=("opt_out",)),
    "NET-start": RuleTry(f'{REPLY} {{"text": "START"}}.', purposes=("opt_in", "staff_opt_in")),
    "NET-help": RuleTry(f'{REPLY} {{"text": "HELP"}}.', purposes=("help",)),
    "NET-reply": RuleTry(f'{REPLY} {{"text": "Thank you!"}}.', purposes=("reply",)),
    "NET-consent": RuleTry("Send to a phone that is opted out: a number that ends in 555-0160, after its STOP."),
    "NET-lead": RuleTry(f'{REPLY} {{"text": "Thank you!"}}, and read Writeback.', purposes=("reply",)),
    "NET-handsets": RuleTry("Send to the fictional numbers of GET /_sandbox/handset-numbers."),
    "NET-segments": RuleTry("Send a text of more than 160 characters.", by=SUBMIT),
    "NET-length": RuleTry("Send a text of more than 918 characters.", by=SUBMIT),
    "NET-real-data": RuleTry("Send made-up data only, to fictional numbers.", by=SUBMIT),
    "NET-text": RuleTry("Send a text with letters beyond ASCII.", by=SUBMIT),
    "NET-form": RuleTry("Send a form.", by=SUBMIT),
    "NET-path": RuleTry("Call the APIs below their documented prefixes.", by=(*READS, *SUBMIT)),
    "NET-fault": RuleTry('POST faults {"match": {}, "effect": {"status": 503}, "times": 1}.'),
    "NET-origin": RuleTry("Call from a server, not from a web page.", by=(*READS, *SUBMIT)),
    "NET-http": RuleTry("Call by HTTP/1.1.", by=(*READS, *SUBMIT)),
    "NET-keys": RuleTry("Call DialogTech.", by=("DT-auth",)),
}
