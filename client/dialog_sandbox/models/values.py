"""The values that calls give and answers show: times, phones, words. Each refuses what it is not by a ValueError."""

import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, PlainValidator, WithJsonSchema

RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
WORKSPACE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
EVERYONE = "everyone"
MOST_RECEIVERS = 10_000
LONGEST_SOUGHT = 2_000
"""Characters of a text that is looked for in others: the time that takes grows with both."""
LONGEST_DELAY_S = 366 * 24 * 60 * 60
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST_YEAR = 9998
"""Where every workspace's clock stops: what lies ahead of it then can still be written."""
MOMENT_HELP = "must be a time from 1970 on with its zone, as 2026-05-06T09:00:00Z (in a query string + is %2B)"


Check = Callable[[Any], str]
"""Returns a value as it is kept, or raises ValueError."""
NO_CHECKS: Mapping[str, Check] = MappingProxyType({})
CHECKS: ContextVar[Mapping[str, Check]] = ContextVar("checks", default=NO_CHECKS)
"""By kind of value, what only a server knows of it: is this a telephone number, is there such an operation?

A server sets it while it reads a request, so that all that is wrong with a body is found together; a client has none.
"""


def server_check(kind: str) -> Callable[[Any], Any]:
    """Return what has the server, if this is one, check values of that kind."""

    def check(value: Any) -> Any:
        known = CHECKS.get().get(kind)
        return value if known is None else known(value)

    return check


def timestamp(value: object) -> datetime:
    """A time in UTC, cut to the millisecond, out of RFC 3339 or a datetime with its zone; raises ValueError."""
    try:
        at = _datetime(value).astimezone(UTC)
    except (ValueError, OverflowError):  # also one whose own zone has it in a year that UTC has not
        raise ValueError(MOMENT_HELP) from None
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def moment(value: object) -> datetime:
    """The same, from 1970 on; raises ValueError."""
    at = timestamp(value)
    if at < EPOCH:
        raise ValueError(MOMENT_HELP)
    return at


def _datetime(value: object) -> datetime:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError
        return value
    if not (isinstance(value, str) and RFC_3339.fullmatch(value)):
        raise ValueError
    return datetime.fromisoformat(value.upper())


def rfc3339(at: datetime) -> str:
    """`2026-05-06T21:00:00.000Z`, of a time with its zone, cut to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def receivers(value: object) -> str | list[str]:
    """`everyone` or a list of texts; raises ValueError."""
    if isinstance(value, list) and len(value) > MOST_RECEIVERS:
        raise ValueError(f"must be at most {MOST_RECEIVERS} person_ids and phones")
    if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        return value
    if value == EVERYONE:
        return EVERYONE
    raise ValueError(f"must be '{EVERYONE}' or a list of person_ids and phones")


def workspace_name(value: str) -> str:
    """Fit for a path, and not to be taken for an id; raises ValueError."""
    if WORKSPACE_NAME.fullmatch(value) is None or value.lower().startswith("ws_"):
        raise ValueError("must be 1 to 100 letters, digits, - . _, and begin with a letter or digit, but not with ws_")
    return value


def start(at: datetime) -> datetime:
    """A clock's first reading; raises ValueError."""
    if at.year > LAST_YEAR:
        raise ValueError(f"must be a time from 1970 to {LAST_YEAR}")
    return at


MESSAGE_ID = "^msg_[0-9]{8,17}$"
"""A message's own id."""
CALLBACK_ID = "^cb_[0-9]{8,17}$"
EXCHANGE_ID = "^ex_[0-9a-f]{32}$"
"""The id of an entry in the journal."""
CONSENT_CURSOR = "^[0-9]{1,15}-[0-9]{1,15}$"
PHONE_CURSOR = "^[0-9]{1,18}-[0-9]{1,15}$"
CODE = "^[A-Z]{6}[0-9]{4}$"
NAME = "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
SINK_NAME = "^[A-Za-z0-9_-]{1,64}$"
PATTERNS = {
    MESSAGE_ID: "must be the 'next' of a page, as msg_00000017",
    CALLBACK_ID: "must be the 'next' of a page, as cb_00000017",
    EXCHANGE_ID: "must be the 'next' of a page, as an exchange's id",
    CONSENT_CURSOR: "must be the 'next' of a page",
    PHONE_CURSOR: "must be the 'next' of a page",
    CODE: "must be six capital letters and four digits, as QWERTY1234",
    NAME: "must be 1 to 100 letters, digits, - . and _, and begin with a letter or digit",
    SINK_NAME: "must be 1 to 64 letters, digits, - and _",
}
"""What is said of a value that is given and does not match."""

RECEIVERS_SCHEMA = {
    "anyOf": [
        {"type": "string", "const": EVERYONE},
        {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": MOST_RECEIVERS},
    ],
    "description": "`everyone`, or a list of person_ids and phones.",
}
MOMENT_SCHEMA = {"type": "string", "format": "date-time", "examples": ["2026-05-06T09:00:00.000Z"]}
PHONE_SCHEMA = {"type": "string", "format": "phone", "examples": ["16155550123"]}
LINE_SCHEMA = {"type": "string", "format": "line", "examples": ["16155550110", "72345"]}
ZONE_SCHEMA = {"type": "string", "format": "zone", "examples": ["America/Chicago"]}
VENDOR_SCHEMA = {"type": "string", "format": "vendor"}
OPERATION_SCHEMA = {"type": "string", "format": "operation"}
PATTERN_SCHEMA = {
    "type": "string",
    "description": "An operation; * stands for anything, as in `simplepay.*`.",
    "examples": ["simplepay.submit"],
}
MESSAGE_TYPE_SCHEMA = {"type": "string", "format": "message-type"}
STATUS_SCHEMA = {"type": "string", "format": "status", "examples": ["delivered", "failed"]}
HANDSET_SCHEMA = {"type": "string", "format": "handset"}
"""Where a format names a kind of value that only a server knows, its OpenAPI document lists those that it does."""

ON_THE_WIRE = PlainSerializer(rfc3339, return_type=str, when_used="json")
Moment = Annotated[datetime, PlainValidator(moment), ON_THE_WIRE, WithJsonSchema(MOMENT_SCHEMA)]
"""A time that is given: RFC 3339 with milliseconds and Z on the wire, an aware datetime in UTC in Python."""
Timestamp = Annotated[datetime, PlainValidator(timestamp), ON_THE_WIRE, WithJsonSchema(MOMENT_SCHEMA)]
"""A time that is answered: the same, but the history of a workspace may begin before 1970."""
PhoneNumber = Annotated[str, AfterValidator(server_check("phone")), WithJsonSchema(PHONE_SCHEMA)]
"""A telephone number in any writing; whether it is one, and its digits, are the server's to say."""
LineNumber = Annotated[str, AfterValidator(server_check("line")), WithJsonSchema(LINE_SCHEMA)]
"""A number that an organisation texts from: a telephone number, or a short code of 5 or 6 digits."""
Zone = Annotated[str, AfterValidator(server_check("zone")), WithJsonSchema(ZONE_SCHEMA)]
"""The IANA name of a time zone."""
Receivers = Annotated[str | list[str], PlainValidator(receivers), WithJsonSchema(RECEIVERS_SCHEMA)]
ConsoleCode = Annotated[str, Field(pattern=CODE, examples=["QWERTY1234"])]
Lifetime = Annotated[float, Field(gt=0, le=LONGEST_DELAY_S, allow_inf_nan=False)]
SnapshotName = Annotated[str, Field(pattern=NAME, examples=["before"])]
WorkspaceName = Annotated[str, AfterValidator(workspace_name)]
StartTime = Annotated[Moment, AfterValidator(start)]
Key = Annotated[str, Field(pattern=NAME)]
"""A credential that can stand in a path."""
Text = Annotated[str, Field(min_length=1)]
Keyword = Annotated[Text, AfterValidator(server_check("keyword"))]
"""What subscribes a phone again."""
KnownVendor = Annotated[str, BeforeValidator(server_check("vendor")), WithJsonSchema(VENDOR_SCHEMA)]
KnownOperation = Annotated[str, BeforeValidator(server_check("operation")), WithJsonSchema(OPERATION_SCHEMA)]
OperationPattern = Annotated[str, BeforeValidator(server_check("pattern")), WithJsonSchema(PATTERN_SCHEMA)]
MessageType = Annotated[str, AfterValidator(server_check("message-type")), WithJsonSchema(MESSAGE_TYPE_SCHEMA)]
StatusWord = Annotated[str, BeforeValidator(server_check("status")), WithJsonSchema(STATUS_SCHEMA)]
"""A status, or a word that a vendor shows for one, in any case."""
HandsetDigits = Annotated[str, BeforeValidator(server_check("handset")), WithJsonSchema(HANDSET_SCHEMA)]
"""The last two digits of a handset number."""
At = Annotated[
    Moment | None,
    Field(description="When: in the past a fact of that time, in the future it is scheduled (202); now if left out."),
]
Delay = Annotated[float, Field(ge=0, le=LONGEST_DELAY_S, allow_inf_nan=False)]
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Number = Annotated[int | float, WithJsonSchema({"type": "number"})]
"""Any number in an answer; a whole one is written as one."""
Misc = Annotated[list[str | None], Field(min_length=5, max_length=5)]

VendorName: TypeAlias = str
Operation: TypeAlias = str
Direction: TypeAlias = Literal["outbound", "inbound"]
Outcome: TypeAlias = Literal["delivered", "undelivered", "rejected", "unknown"]
Status: TypeAlias = Literal["queued", "sent", Outcome]
AnyStatus: TypeAlias = Literal[Status, "received"]
ExchangeOutcome: TypeAlias = Literal["accepted", "refused", "faulted"]
Level: TypeAlias = Literal["error", "note"]
RecipientType: TypeAlias = Literal["patient", "caregiver", "staff"]
Mode: TypeAlias = Literal["immediate", "timed", "manual", "reads"]
Doctype: TypeAlias = Literal["documented", "none"]
ClockState: TypeAlias = Literal["running", "frozen"]
ConsentState: TypeAlias = Literal["opted_in", "opted_out"]
Order: TypeAlias = Literal["oldest", "newest"]
