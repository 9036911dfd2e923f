"""The values that calls give and answers show: times, phones, words. Each refuses what it is not by a ValueError."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema

from sandbox.settings import LATEST_S
from sandbox.vendors import OPERATIONS
from sandbox.vendors.writeback import MESSAGE_TYPES
from sandbox.world import consent, phones
from sandbox.world.clock import LAST_WRITTEN, SECOND, milliseconds
from sandbox.world.delivery import HANDSETS
from sandbox.world.errors import ImpossiblePhone

RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
WORKSPACE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
EVERYONE = "everyone"
LONGEST_DELAY_S = 366 * 24 * 60 * 60
LONGEST_TURN_S = 100 * LONGEST_DELAY_S
MOMENT_HELP = "must be a time from 1970 on with its zone, as 2026-05-06T09:00:00Z (in a query string + is %2B)"


def moment(written: object) -> int:
    """An RFC 3339 time in ms; raises ValueError."""
    try:
        if not (isinstance(written, str) and RFC_3339.fullmatch(written)):
            raise ValueError
        at = milliseconds(datetime.fromisoformat(written.upper()))
        if at > LAST_WRITTEN:  # in its own zone it is one of 9999
            raise ValueError
    except (ValueError, OverflowError, OSError):
        at = -1
    if at < 0:
        raise ValueError(MOMENT_HELP)
    return at


def phone(written: str) -> str:
    """The digits of a telephone number; raises ValueError."""
    try:
        return phones.normalised(written)
    except ImpossiblePhone:
        raise ValueError("must be a telephone number, as 16155550123, +16155550123 or 6155550123") from None


def message_type(written: str) -> str:
    """One of Writeback's words; raises ValueError."""
    if written not in MESSAGE_WORDS:
        raise ValueError(f"must be one of {', '.join(map(repr, MESSAGE_WORDS))}")
    return written


def receivers(written: object) -> str | list[str]:
    """`everyone` or a list of texts; raises ValueError."""
    if isinstance(written, list) and written and all(isinstance(each, str) for each in written):
        return written
    if written == EVERYONE:
        return EVERYONE
    raise ValueError(f"must be '{EVERYONE}' or a list of person_ids and phones")


def workspace_name(written: str) -> str:
    """Fit for a path, and not to be taken for an id; raises ValueError."""
    if WORKSPACE_NAME.fullmatch(written) is None or written.lower().startswith("ws_"):
        raise ValueError("must be 1 to 100 letters, digits, - . _, and begin with a letter or digit, but not with ws_")
    return written


def keyword(written: str) -> str:
    """What subscribes a phone again; raises ValueError."""
    if consent.asked_for(written, None) in ("opt_out", "help"):
        raise ValueError("must be none of the words that stop or ask for help (rules NET-stop, NET-help)")
    return written


def start(at: int) -> int:
    """A clock's first reading, in ms; raises ValueError."""
    if at >= LATEST_S * SECOND:
        raise ValueError("must be a time from 1970 to 9998")
    return at


def absent(alias: str | None = None) -> Any:
    """The default of a member that may be left out but not be null."""
    return Field(default=None, alias=alias, json_schema_extra=_without_default)


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


CURSOR = "^msg_[0-9]{8,17}$"
"""A message's own id."""
CALLBACK = "^cb_[0-9]{8,17}$"
"""A callback's id."""
EXCHANGE = "^ex_(server_)?[0-9]{1,17}$"
"""The id of an entry in the journal."""
CONSENT_CURSOR = "^[0-9]{1,15}-[0-9]{1,15}$"
PHONE_CURSOR = "^[0-9]{1,18}-[0-9]{1,15}$"
CODE = "^[A-Z]{6}[0-9]{4}$"
NAME = "^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"
SINK_NAME = "^[A-Za-z0-9_-]{1,64}$"
PATTERNS = {
    CURSOR: "must be the 'next' of a page, as msg_00000017",
    CALLBACK: "must be the 'next' of a page, as cb_00000017",
    EXCHANGE: "must be the 'next' of a page, as ex_17",
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
        {"type": "array", "items": {"type": "string"}, "minItems": 1},
    ],
    "description": "`everyone`, or a list of person_ids and phones.",
}
MESSAGE_WORDS = list(dict.fromkeys(MESSAGE_TYPES.values()))
MOMENT_SCHEMA = {"type": "string", "format": "date-time", "examples": ["2026-05-06T09:00:00.000Z"]}
PHONE_SCHEMA = {"type": "string", "format": "phone", "examples": ["16155550123"]}

Moment = Annotated[int, PlainValidator(moment), WithJsonSchema(MOMENT_SCHEMA)]
Phone = Annotated[str, AfterValidator(phone), WithJsonSchema(PHONE_SCHEMA)]
MessageType = Annotated[str, AfterValidator(message_type), WithJsonSchema({"type": "string", "enum": MESSAGE_WORDS})]
Receivers = Annotated[str | list[str], PlainValidator(receivers), WithJsonSchema(RECEIVERS_SCHEMA)]
ConsoleCode = Annotated[str, Field(pattern=CODE, examples=["QWERTY1234"])]
Lifetime = Annotated[float, Field(gt=0, le=LONGEST_DELAY_S, allow_inf_nan=False)]
SnapshotName = Annotated[str, Field(pattern=NAME, examples=["before"])]
Key = Annotated[str, Field(pattern=NAME)]
"""A credential that can stand in a path."""
Text = Annotated[str, Field(min_length=1)]
Keyword = Annotated[Text, AfterValidator(keyword)]
At = Annotated[
    Moment | None,
    Field(description="When: in the past a fact of that time, in the future it is scheduled (202); now if left out."),
]
Direction = Literal["outbound", "inbound"]
VendorName = Literal["simplepay", "writeback", "dialogtech"]
Outcome = Literal["delivered", "undelivered", "rejected", "unknown"]
Status = Literal["queued", "sent", Outcome]
AnyStatus = Literal[Status, "received"]
ExchangeOutcome = Literal["accepted", "refused", "faulted"]
Level = Literal["error", "note"]
Operation = Literal[*OPERATIONS]  # type: ignore[valid-type]
RecipientType = Literal["patient", "caregiver", "staff"]
Mode = Literal["immediate", "timed", "manual"]
Delay = Annotated[float, Field(ge=0, le=LONGEST_DELAY_S, allow_inf_nan=False)]
HandsetDigits = Literal[*HANDSETS]  # type: ignore[valid-type]
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Misc = Annotated[list[str | None], Field(min_length=5, max_length=5)]
