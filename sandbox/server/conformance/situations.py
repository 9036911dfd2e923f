"""What can befall a client, how can a test bring it about, and what is right to do next?"""

from dataclasses import dataclass

from sandbox.clock import SECOND
from sandbox.server.conformance.calls import CallRow
from sandbox.server.journal.queries import REFUSED
from sandbox.vendors.base.refusal import ERROR

SLOW_FROM_MS = SECOND
BAD_REQUEST, UNAUTHORIZED, TOO_MANY, SERVER_ERROR = 400, 401, 429, 500


@dataclass(frozen=True, slots=True)
class Situation:
    """`word`: fixed, for programs. `how`: how a test brings it about. `right`: what is right to do next.

    `is_temporary`: whether the same call may well succeed later.
    """

    word: str
    title: str
    how: str
    right: str
    is_temporary: bool = False


def _fault(effect: str, operation: str = "*") -> str:
    return f'POST faults {{"match": {{"operation": "{operation}"}}, "effect": {effect}, "times": 1}}'


AGAIN = "Call again later, waiting longer each time; give up only after minutes, and say so."
LOOK_FIRST = (
    "It may have been done. Of a read: call again. Of a submit: look first (Writeback, or the list of what was sent)"
    " whether the message is there, and submit again only if it is not."
)
READ_ON = "Take it as what it is, and go on with the next call."

ACCEPTED = Situation("accepted", "a submit that was accepted", "Submit a message.", "Submit each message once.")
REFUSED_CALL = Situation(
    "http_400",
    "400: the call is refused",
    "Submit to 14155550170, or " + _fault('{"status": 400}'),
    "Do not repeat it as it is: what was refused once is refused again.",
)
NO_ACCESS = Situation(
    "http_401",
    "401: the credentials are refused",
    _fault('{"status": 401}'),
    "Do not repeat it with the same credentials: tell a person.",
)
RATE_LIMITED = Situation(
    "http_429",
    "429: too many calls",
    _fault('{"rate_limit": {"requests": 0, "seconds": 30}}'),
    "Wait as long as Retry-After says, then call again.",
    is_temporary=True,
)
UNAVAILABLE = Situation("http_503", "503, or another 5xx", _fault('{"status": 503}'), AGAIN, is_temporary=True)
BROKEN_OFF = {
    word: Situation(word, title, _fault(effect), LOOK_FIRST, is_temporary=True)
    for word, title, effect in (
        ("reset", "the connection is reset", '{"reset": true}'),
        ("close", "the connection is closed without an answer", '{"close": true}'),
        ("truncate", "the answer breaks off", '{"truncate": 40}'),
        ("malformed", "the answer is no JSON or XML", '{"malformed": true}'),
        ("timeout", "no answer comes", '{"timeout": 30}'),
    )
}
SLOW = Situation("slow", "the answer is slow", _fault('{"latency_ms": 5000}'), LOOK_FIRST)
EMPTY = Situation("empty_list", "an empty list", "Read a range in which nothing lies.", READ_ON)
UNKNOWN_STATUS = Situation(
    "unknown_status", "the status UNKNOWN", "GET messages/{consoleCode}/{sid} of an id that no message has.", READ_ON
)
FAILED_WITH_200 = Situation(
    "failed_with_200",
    "<result>failed</result> with HTTP 200",
    _fault('{"status": 200}', "dialogtech.*"),
    "Look at <result>, not at the status of HTTP; do not repeat the call as it is.",
)
SAME_AGAIN = Situation(
    "same_again",
    "ten calls about the same within seconds",
    "Let the client wait for a status.",
    "Wait a second or more between two calls about the same; or take StatusCallbacks.",
)
NULLS = Situation(
    "nulls",
    "null in every field that may be null",
    "Read results of a broadcast and of a reply, of people with and without a caregiver and misc fields.",
    READ_ON,
)
DOCTYPE = Situation("doctype", "a DOCTYPE before the XML", "Read an account whose doctype is documented.", READ_ON)
CDATA_MARKUP = Situation(
    "cdata_markup",
    "<, > or & in a text, as CDATA",
    'POST messages with a tracking_number and "text": "Tom & Ada: <3".',
    "Parse XML by a parser, and take the text as it is.",
)
OPTED_OUT = Situation(
    "opted_out_phone",
    "a submit to a phone that has texted STOP",
    "Submit twice to a number that ends in 555-0160, which texts STOP.",
    "Send it nothing more until it opts in again.",
)
CALLBACK = Situation("callback", "a StatusCallback", "Submit with a StatusCallback.", "Answer it with a 2xx.")
CALLBACK_DUPLICATE = Situation(
    "callback_duplicate",
    "the same callback twice",
    'PUT callbacks/profile {"duplicate": 1}',
    "Answer both with a 2xx, and count one.",
)
CALLBACK_LATE = Situation(
    "callback_late", "a callback a minute late", 'PUT callbacks/profile {"delay": 60}', "Answer it with a 2xx."
)
CALLBACK_CONTRADICTORY = Situation(
    "callback_contradictory",
    "two final statuses of one message",
    'PUT callbacks/profile {"contradict": 1}',
    "Answer both with a 2xx; ask GET messages/{consoleCode}/{sid} which one holds.",
)
CALLBACK_FIRST = Situation(
    "callback_first",
    "a callback before the submit's answer",
    'PUT callbacks/profile {"before_response": 1}',
    "Answer it with a 2xx, and keep it until the sid is known.",
)

SITUATIONS = (
    *(ACCEPTED, REFUSED_CALL, NO_ACCESS, RATE_LIMITED, UNAVAILABLE, *BROKEN_OFF.values(), SLOW),
    *(EMPTY, SAME_AGAIN, NULLS, UNKNOWN_STATUS, FAILED_WITH_200, DOCTYPE, CDATA_MARKUP, OPTED_OUT),
    *(CALLBACK, CALLBACK_DUPLICATE, CALLBACK_LATE, CALLBACK_CONTRADICTORY, CALLBACK_FIRST),
)


def situation_of(call: CallRow, *, is_read: bool) -> Situation | None:
    """Return what a call came upon. `is_read`: whether it reads by date range."""
    effect = call.effect
    for word, situation in BROKEN_OFF.items():
        if word in effect:
            return situation
    if call.status >= SERVER_ERROR:
        return UNAVAILABLE
    if call.status in BY_STATUS:
        return BY_STATUS[call.status]
    if call.outcome == REFUSED or "status" in effect or any(each.level == ERROR for each in call.found):
        return FAILED_WITH_200 if call.status < BAD_REQUEST else REFUSED_CALL
    if "drip" in effect or _latency(call) >= SLOW_FROM_MS:
        return SLOW
    return _in_answer(call, is_read=is_read)


BY_STATUS = {BAD_REQUEST: REFUSED_CALL, UNAUTHORIZED: NO_ACCESS, TOO_MANY: RATE_LIMITED}


def _latency(call: CallRow) -> int:
    return call.ms if "latency_ms" in call.effect else 0


def _in_answer(call: CallRow, *, is_read: bool) -> Situation | None:
    """Return what stands in an answer that is as it should be."""
    if call.call_text is not None and call.messages:
        return ACCEPTED
    if is_read and not call.messages:
        return EMPTY
    return UNKNOWN_STATUS if "SP-details-unknown" in call.rules else None
