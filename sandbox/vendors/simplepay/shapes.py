"""What does SimplePay take and answer: the shapes, the words, and a message put into them?"""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from sandbox.clock import SECOND, written
from sandbox.store.tables import MessageRow
from sandbox.vendors.base.parameters import Parameters, WrongValue, needed
from sandbox.world import phones, statuses
from sandbox.world.callbacks.urls import is_callback_url
from sandbox.world.segments import segments
from sandbox.world.statuses import DELIVERED, QUEUED, REJECTED, SENT, UNDELIVERED, status_at

PREFIX = "/dialoghealth-simplepay-api"

# Parameters ----------------------------------------------------------------------------------------------------------


def msisdn(value: str) -> str:
    """Return a possible number; refuses by rule SP-msisdn."""
    if not phones.is_msisdn(value):
        raise WrongValue("SP-msisdn", f"Msisdn is invalid: {value}")
    return value


def sender(value: str) -> str:
    """Return a possible number or a short code; refuses by rule SP-msisdn."""
    return value if phones.is_short_code(value) else msisdn(value)


def callback_url(value: str) -> str:
    """Return an address for callbacks, or nothing; refuses by rule SP-callback."""
    if value and not is_callback_url(value):
        raise WrongValue("SP-callback", "StatusCallback must be an absolute http or https URL.")
    return value


RequiredText = Annotated[str, needed("SP-required", ": send it in the query string or as a form field")]
Msisdn = Annotated[RequiredText, AfterValidator(msisdn)]
Sender = Annotated[RequiredText, AfterValidator(sender)]
MSISDN_SCHEMA = {"pattern": "^[0-9]{11,15}$"}
SENDER_SCHEMA = {"pattern": "^([0-9]{5,6}|[0-9]{11,15})$"}


class SubmitParameters(Parameters):
    """What a submit takes, in its query string or form (rule SP-params)."""

    To: Msisdn = Field(
        description="The receiver: 11 to 15 digits.", examples=["14155550123"], json_schema_extra={**MSISDN_SCHEMA}
    )
    From: Sender = Field(
        description="The sender: 11 to 15 digits, or a short code of 5 or 6.",
        examples=["16155550110"],
        json_schema_extra={**SENDER_SCHEMA},
    )
    Body: RequiredText = Field(
        description="The text.", examples=["Your results are in."], json_schema_extra={"minLength": 1}
    )
    StatusCallback: Annotated[str, AfterValidator(callback_url)] = Field(
        "",
        description="An absolute http or https URL; empty is none.",
        examples=["http://127.0.0.1:9000/status"],
        json_schema_extra={"pattern": "^(https?://.+)?$"},
    )


# Shapes --------------------------------------------------------------------------------------------------------------

SID = "^[0-9]{4}[A-Z]-[0-9]{4}[A-Z]-[0-9]{5}-[0-9]{3}[A-Z]{2}$"
MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}@[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}\+0000$"


class SimplePayAnswer(BaseModel):
    """An answer of the vendor's. It only describes: answers are written without it."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


class SubmitResponseBody(SimplePayAnswer):
    """What a submit answers, accepted or not (rules SP-submit, SP-refused). Numbers are strings."""

    sid: str | None = Field(pattern=SID)
    date_created: str | None = Field(pattern=MOMENT)
    date_updated: str | None = Field(pattern=MOMENT)
    date_sent: str | None = Field(pattern=MOMENT)
    accunt_sid: str | None
    to: str | None
    from_: str | None = Field(alias="from")
    messaging_service_sid: str | None
    body: str | None
    status: str
    num_segments: str
    num_media: str
    direction: str
    api_version: str
    price: str | None
    price_unit: str
    error_code: str | None
    error_message: str | None
    uri: str | None


class OptoutResponseBody(SimplePayAnswer):
    """The phone that was opted out, or `Recipient not found` (rule SP-optout)."""

    msisdn: str | None


class MessageResponseBody(SimplePayAnswer):
    """What became of a message (rules SP-details, SP-details-unknown)."""

    extMessageReference: str
    body: str | None
    to: str | None
    status: str


# Words ---------------------------------------------------------------------------------------------------------------

STATUS_WORDS = {
    QUEUED: "queued",
    SENT: "sent",
    DELIVERED: "delivered",
    UNDELIVERED: "undelivered",
    REJECTED: "failed",
}
UNKNOWN = "UNKNOWN"
WORDS_TAKEN = {
    **{word: (status,) for status, word in STATUS_WORDS.items()},
    UNKNOWN: (statuses.UNKNOWN,),
    "accepted": (QUEUED,),
    "sending": (SENT,),
}
"""By word, what it stands for: also those that the API has whose field names the answers copy."""
API_VERSION = "15.1"
NOBODY = "Recipient not found"

# Answers -------------------------------------------------------------------------------------------------------------


def accepted(message: MessageRow, sid: str, console_code: str) -> dict[str, str | None]:
    """Return the answer to a submit (rule SP-submit). Whatever becomes of the message later, it is queued now."""
    return submit_body(
        console_code,
        sid=sid,
        date=date(message.accepted_at),
        to=message.phone,
        sender=message.sender,
        text=message.text,
        status=STATUS_WORDS[QUEUED],
        num_segments=str(segments(message.text)),
        error_message=None,
        uri=f"{PREFIX}/messages/{console_code}/{sid}",
    )


def submit_body(
    console_code: str | None,
    *,
    sid: str | None,
    date: str | None,
    to: str | None,
    sender: str | None,
    text: str | None,
    status: str,
    num_segments: str,
    error_message: str | None,
    uri: str | None,
) -> dict[str, str | None]:
    """Return a `SubmitResponseBody`, in the sample's order."""
    return {
        "sid": sid,
        "date_created": date,
        "date_updated": date,
        "date_sent": date,
        "accunt_sid": console_code,  # Quirk: so spelt in the reference (SP-submit).
        "to": to,
        "from": sender,
        "messaging_service_sid": None,
        "body": text,
        "status": status,
        "num_segments": num_segments,
        "num_media": "0",
        "direction": "outbound-api",
        "api_version": API_VERSION,
        "price": None,
        "price_unit": "USD",
        "error_code": None,
        "error_message": error_message,
        "uri": uri,
    }


def date(at: int) -> str:
    """Return a time as rule SP-dates says."""
    return f"{written(at // SECOND, '%Y-%m-%d@%H:%M:%S')}.{at % SECOND:03d}+0000"


def details(
    message_id: str, text: str | None = None, to: str | None = None, status: str = UNKNOWN
) -> dict[str, str | None]:
    """Return a `MessageResponseBody`; with the id alone, that of an unknown message."""
    return {"extMessageReference": message_id, "body": text, "to": to, "status": status}


def status_word(now: int, sent_at: int | None, settled_at: int | None, outcome: str | None) -> str:
    """Return the word of rule SP-status."""
    return STATUS_WORDS.get(status_at(now, sent_at, settled_at, outcome), UNKNOWN)
