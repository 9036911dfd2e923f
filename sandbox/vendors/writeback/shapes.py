"""What does Writeback answer: the shapes, the words, and a message put into them?"""

from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from sandbox.clock import MINUTE, written
from sandbox.world.messages import accept
from sandbox.world.phones import national
from sandbox.world.statuses import DELIVERED, REJECTED, UNDELIVERED, status_at


class WritebackAnswer(BaseModel):
    """An answer of the vendor's, or a part of one. It only describes: answers are written without it."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


class MessageResult(WritebackAnswer):
    """One record: an outgoing message with what it answers, and to whom it went (rules WB-record, WB-outgoing)."""

    leadMessageSent: str | None
    incomingMessage: str | None
    outgoingMessageId: str | None = Field(pattern="^[0-9a-f]{32}$")
    outgoingMessageSentDate: str | None = Field(pattern="^[0-9]{2}/[0-9]{2}/[0-9]{4}$")
    outgoingMessageSentTime: str | None = Field(pattern="^[0-9]{2}:[0-9]{2}$")
    outgoingMessage: str | None
    personName: str | None
    personId: str | None
    mobileNumber: str = Field(pattern="^[0-9]+$")
    caregiverName: str | None
    caregiverPhone: str | None
    messageType: str
    recipientType: str
    campaignName: str | None
    campaignId: str | None
    broadcastName: str | None
    broadcastId: str | None
    carrier: str | None
    delivered: str = Field(pattern="^(true|false)$")
    messageStatus: str | None
    messageSentBy: str | None
    personMisc1: str | None
    personMisc2: str | None
    personMisc3: str | None
    personMisc4: str | None
    personMisc5: str | None


class ApiResponse(WritebackAnswer):
    """The records of a console in a time range (rule WB-envelope)."""

    requestId: str = Field(json_schema_extra={"format": "uuid"})
    response: list[MessageResult]


class ErrorResponse(WritebackAnswer):
    """Why the call was refused (rule WB-error)."""

    message: str


MESSAGE_TYPES = {
    accept.ALERT: "Message alert sent",
    accept.OPT_OUT: "Opt-Out",
    accept.OPT_IN: "Opt-In",
    accept.STAFF_OPT_IN: "Opt-In (UI)",
    accept.HELP: "unknown",
    accept.REPLY: "unknown",
}
DELIVERY_WORDS = {DELIVERED: "ACCESSIBLE", UNDELIVERED: "MESSAGE_REJECTED", REJECTED: "MESSAGE_REJECTED"}
WORDS_TAKEN = {
    word: tuple(status for status, its_word in DELIVERY_WORDS.items() if its_word == word)
    for word in DELIVERY_WORDS.values()
}
"""By word, what it may stand for."""
AUTOMATIC_SENDER = "System"


class RecordRow(NamedTuple):
    """A message with all that its record says."""

    id: int
    direction: str
    text: str
    purpose: str
    phone: str
    sent_by: str | None
    outgoing_id: str | None
    record_at: int
    sent_at: int | None
    settled_at: int | None
    outcome: str | None
    vendor_status: str | None
    lead: str | None
    incoming: str | None
    campaign_name: str | None
    campaign_key: str | None
    broadcast_name: str | None
    broadcast_key: str | None
    first_name: str | None
    last_name: str | None
    person_key: str | None
    caregiver_name: str | None
    caregiver_phone: str | None
    recipient_type: str | None
    carrier: str | None
    misc1: str | None
    misc2: str | None
    misc3: str | None
    misc4: str | None
    misc5: str | None


class _Outgoing(NamedTuple):
    """What a record says of the message that was sent; of a reply without an answer, nothing."""

    date: str | None = None
    time: str | None = None
    text: str | None = None
    delivered: str = "false"
    status: str | None = None
    sender: str | None = None


def record(row: RecordRow, now: int) -> dict[str, Any]:
    """Return a `MessageResult`."""
    is_outbound = row.direction == accept.OUTBOUND
    outgoing = _outgoing(row, now) if is_outbound else _Outgoing()
    is_known = is_outbound or row.purpose == accept.OPT_OUT
    return {
        "leadMessageSent": row.lead,
        "incomingMessage": row.incoming if is_outbound else row.text,
        "outgoingMessageId": row.outgoing_id,
        "outgoingMessageSentDate": outgoing.date,
        "outgoingMessageSentTime": outgoing.time,
        "outgoingMessage": outgoing.text,
        "personName": person_name(row.first_name, row.last_name),
        "personId": row.person_key,
        "mobileNumber": national(row.phone),
        "caregiverName": row.caregiver_name,
        "caregiverPhone": row.caregiver_phone and national(row.caregiver_phone),
        "messageType": MESSAGE_TYPES[row.purpose if is_known else accept.REPLY],
        "recipientType": row.recipient_type.upper() if row.recipient_type else "PATIENT",
        "campaignName": row.campaign_name,
        "campaignId": row.campaign_key,
        "broadcastName": row.broadcast_name,
        "broadcastId": row.broadcast_key,
        "carrier": row.carrier,
        "delivered": outgoing.delivered,
        "messageStatus": row.vendor_status or outgoing.status,
        "messageSentBy": outgoing.sender,
        "personMisc1": row.misc1,
        "personMisc2": row.misc2,
        "personMisc3": row.misc3,
        "personMisc4": row.misc4,
        "personMisc5": row.misc5,
    }


def _outgoing(row: RecordRow, now: int) -> _Outgoing:
    minute = row.record_at // MINUTE * 60
    status = status_at(now, row.sent_at, row.settled_at, row.outcome)
    return _Outgoing(
        written(minute, "%m/%d/%Y"),
        written(minute, "%H:%M"),
        row.text,
        "true" if status == DELIVERED else "false",
        DELIVERY_WORDS.get(status),
        row.sent_by or AUTOMATIC_SENDER,
    )


def person_name(first_name: str | None, last_name: str | None) -> str | None:
    """Return what rule WB-name says; None for one who was never named."""
    if first_name is None and last_name is None:
        return None
    return f"{first_name or ''} {last_name or ''}"
