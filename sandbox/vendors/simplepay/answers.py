"""What SimplePay answers, and what it tells a StatusCallback: the shapes, the words, and messages put into them."""

from pydantic import Field

from sandbox.vendor import Shape
from sandbox.world import World, carrier, workspaces
from sandbox.world.callbacks.states import CallbackRow
from sandbox.world.clock import SECOND, written
from sandbox.world.segments import segments
from sandbox.world.statuses import DELIVERED, QUEUED, REJECTED, SENT, UNDELIVERED, status_at

PREFIX = "/dialoghealth-simplepay-api"


# Shapes ----------------------------------------------------------------------------------------------------------

SID = "^[0-9]{4}[A-Z]-[0-9]{4}[A-Z]-[0-9]{5}-[0-9]{3}[A-Z]{2}$"
MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}@[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}\+0000$"


class SubmitResponseBody(Shape):
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


class OptoutResponseBody(Shape):
    """The phone that was opted out, or `Recipient not found` (rule SP-optout)."""

    msisdn: str | None


class MessageResponseBody(Shape):
    """What became of a message (rules SP-details, SP-details-unknown)."""

    extMessageReference: str
    body: str | None
    to: str | None
    status: str


# Words -----------------------------------------------------------------------------------------------------------

STATUS_WORDS = {
    QUEUED: "queued",
    SENT: "sent",
    DELIVERED: "delivered",
    UNDELIVERED: "undelivered",
    REJECTED: "failed",
}
FAILURES = (UNDELIVERED, REJECTED)
API_VERSION = "15.1"
UNKNOWN = "UNKNOWN"
NOBODY = "Recipient not found"


# Answers ---------------------------------------------------------------------------------------------------------


def accepted(message: carrier.MessageRow, console_code: str) -> dict[str, str | None]:
    """Rule SP-submit. Whatever the policy makes of the message later, it is queued now."""
    sid = message["sid"]
    return submit_body(
        console_code,
        sid=sid,
        date=date(message["accepted_at"]),
        to=message["phone"],
        sender=message["sender"],
        text=message["text"],
        status=STATUS_WORDS[QUEUED],
        num_segments=str(segments(message["text"])),
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
    """A `SubmitResponseBody`, in the sample's order."""
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
    """Rule SP-dates."""
    return f"{written(at // SECOND, '%Y-%m-%d@%H:%M:%S')}.{at % SECOND:03d}+0000"


def details(
    message_id: str, text: str | None = None, to: str | None = None, status: str = UNKNOWN
) -> dict[str, str | None]:
    """A `MessageResponseBody`; with the id alone, that of an unknown message."""
    return {"extMessageReference": message_id, "body": text, "to": to, "status": status}


def status_word(now: int, sent_at: int | None, settled_at: int | None, outcome: str | None) -> str:
    """Rule SP-status."""
    return STATUS_WORDS.get(status_at(now, sent_at, settled_at, outcome), UNKNOWN)


def status_callback(world: World, message: carrier.MessageRow, callback: CallbackRow) -> dict[str, str]:
    """The form that tells a change of status (rule SP-statuscallback)."""
    word = STATUS_WORDS.get(callback["status"], UNKNOWN)
    form = {
        "MessageSid": message["sid"],
        "SmsSid": message["sid"],
        "AccountSid": workspaces.line_of(world, message["workspace_id"], message["line"]).code,
        "MessageStatus": word,
        "SmsStatus": word,
        "To": message["phone"],
        "From": message["sender"],
        "ApiVersion": API_VERSION,
    }
    if callback["status"] in FAILURES:
        form["ErrorMessage"] = callback["reason"] or f"The message was {callback['status']}."
    return form
