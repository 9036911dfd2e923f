"""Messages in both directions."""

from typing import Literal, NoReturn, Self

from pydantic import ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from dialog_sandbox.models.base import AnswerModel, BodyModel, PageRequest, SparseAnswer, absent, body_example
from dialog_sandbox.models.callbacks import Callback
from dialog_sandbox.models.values import (
    LONGEST_SOUGHT,
    MESSAGE_ID,
    AnyStatus,
    At,
    Direction,
    KnownVendor,
    LineNumber,
    MessageType,
    Moment,
    PhoneNumber,
    Receivers,
    Status,
    StatusWord,
    Text,
    Timestamp,
    VendorName,
)


class Ids(AnswerModel):
    """What the vendors call it; a server may play further vendors than these."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, str | None] = Field(init=False)

    sid: str | None
    outgoing_message_id: str | None
    msg_id: str | None


class TimelineEntry(SparseAnswer):
    status: AnyStatus
    at: Timestamp
    cause: str = Field(description="What brought it about.", examples=["simplepay.submit", "timed", "injected"])
    reason: str | None = absent()
    forced: bool = False


class Next(AnswerModel):
    status: AnyStatus
    at: Timestamp


class Message(AnswerModel):
    id: str = Field(pattern=MESSAGE_ID)
    vendor: VendorName
    direction: Direction
    console: str | None
    account: str | None = Field(description="The access key of the account whose tracking number it used.")
    ids: Ids
    from_: str = Field(alias="from")
    to: str
    text: str
    encoding: Literal["GSM-7", "UCS-2"]
    segments: int = Field(ge=1)
    carrier: str | None
    status: AnyStatus
    reason: str | None
    timeline: list[TimelineEntry]
    next: Next | None = Field(description="The next status that comes by itself.")
    lead: str | None = Field(description="Of a reply or its answer: the message that was replied to.")
    caused_by: str | None = Field(description="Of an automatic answer: the reply that it answers.")


class MessageStory(Message):
    possible: list[Status] = Field(description="The statuses that can still come.")
    callbacks: list[Callback] = Field(description="What the client was told of it, and how that went.")


class MessageView(AnswerModel):
    """A message as one API shows it right now; what it does not show is null."""

    vendor: VendorName
    title: str
    url: str | None = Field(description="Where a GET answers with it.")
    curl: str | None = Field(description="The command that fetches it, credentials and all.")
    media_type: str | None
    body: str | None = Field(description="Its part of the answer.")


class UnderstoodWord(AnswerModel):
    """What was made of a word that is not the status itself."""

    word: str = Field(description="As it was given.", examples=["failed"])
    status: Status = Field(description="What it stands for.")
    vendor: VendorName | None = Field(description="Whose word it is; null for a status in another case.")


class SaysWhatItUnderstood(AnswerModel):
    """An answer that says so where a vendor's word was given."""

    understood: UnderstoodWord | None = Field(None, description="Missing where the status itself was given.")

    # Without a return type, since pydantic would describe that one in OpenAPI instead of the members.
    @model_serializer(mode="wrap")
    def _leave_out_what_says_nothing(self, write: SerializerFunctionWrapHandler):  # type: ignore[no-untyped-def]  # see above
        members = write(self)
        return (
            members
            if self.understood is not None
            else {name: value for name, value in members.items() if name != "understood"}
        )


class ReportedMessage(Message, SaysWhatItUnderstood):
    """A message, after it was told what became of it."""


class Scheduled(SaysWhatItUnderstood):
    """It lies ahead: nothing shows before."""

    scheduled: str = Field(
        description="What will happen.", examples=["send", "broadcast", "reply", "text_in", "report"]
    )
    at: Timestamp

    def __getattr__(self, name: str) -> NoReturn:
        """Say so, where a client looks for a member of the answer that this one stands in for."""
        if name.startswith("_"):
            raise AttributeError(name)
        raise AttributeError(f"There is no {name!r} yet: {self.scheduled} is scheduled for {self.at.isoformat()}.")


class Conversation(AnswerModel):
    inbound: Message
    answer: Message | None


class Broadcast(AnswerModel):
    broadcast_id: str = Field(pattern="^[0-9a-f]{32}$")
    messages: list[Message]


class ListMessagesRequest(PageRequest):
    """A filter that is left out lets all pass."""

    vendor: KnownVendor | None = None
    direction: Direction | None = None
    status: AnyStatus | None = Field(None, description="As it is now.")
    to: LineNumber | None = None
    from_: LineNumber | None = Field(None, alias="from")
    console: str | None = Field(None, description="A console's code.")
    account: str | None = Field(None, description="An account's access key.")
    text: str | None = Field(None, max_length=LONGEST_SOUGHT, description="Part of the text.")
    broadcast: str | None = Field(None, description="A `broadcast_id`.")
    since: Moment | None = Field(None, description="Accepted then or later.")
    until: Moment | None = Field(None, description="Accepted then or earlier.")
    after: str | None = Field(
        None, pattern=MESSAGE_ID, description="The `next` of the page before, or any message's id."
    )


class DeleteMessagesRequest(ListMessagesRequest):
    """Which messages are deleted."""

    limit: int | None = Field(  # type: ignore[assignment]  # unlike a page's, it may be none
        None, ge=1, le=1_000_000_000, description="The oldest so many; else all."
    )


class SendMessageRequest(BodyModel):
    """What staff send from a console, or from a tracking number: give one of the two."""

    model_config = body_example({"console": "HARBOR1001", "to": "14155550123", "text": "Your results are in."})

    console: str | None = Field(None, description="A console's code.", examples=["HARBOR1001"])
    tracking_number: PhoneNumber | None = Field(None, examples=["6155550100"])
    to: PhoneNumber
    text: Text
    message_type: MessageType | None = Field(None, description="In Writeback's words; only from a console.")
    sent_by: Text | None = Field(None, examples=["frontdesk@clinic.example"])
    at: At = None

    @model_validator(mode="after")
    def _one_line(self) -> Self:
        if (self.console is None) == (self.tracking_number is None):
            raise ValueError("must have either console or tracking_number")
        if self.tracking_number is not None and self.message_type is not None:
            raise ValueError("must have no message_type with a tracking_number: it is a word of Writeback")
        return self


class BroadcastRequest(BodyModel):
    model_config = body_example(
        {"name": "Flu shots", "text": "Come on Friday.", "to": ["14155550123"], "console": "HARBOR1001"}
    )

    name: Text
    text: Text
    to: Receivers
    console: str | None = Field(None, description="Needed when there are several.", examples=["HARBOR1001"])
    campaign: Text | None = None
    sent_by: Text | None = Field(None, examples=["frontdesk@clinic.example"])
    at: At = None


class StatusRequest(BodyModel):
    status: StatusWord = Field(description="A status, or a vendor's word for one: `failed` is `rejected`.")
    reason: Text | None = None
    vendor_status: Text | None = Field(None, description="The word that Writeback shows for it.")
    at: At = None
    force: bool = Field(False, description="Do it though the world knows no such move.")


class ReplyRequest(BodyModel):
    model_config = body_example({"text": "STOP"})

    text: Text
    at: At = None


class InboundRequest(BodyModel):
    model_config = body_example({"from": "14155550123", "to": "16155550110", "text": "Thank you!"})

    from_: PhoneNumber = Field(alias="from")
    to: LineNumber = Field(description="A console's line or a tracking number.", examples=["16155550110"])
    text: Text
    at: At = None
