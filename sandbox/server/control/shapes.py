"""The shapes of the control API: what is sent to it, and what it answers."""

from typing import Generic, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sandbox.server.control.values import (
    CALLBACK,
    CURSOR,
    LONGEST_TURN_S,
    AnyStatus,
    At,
    Delay,
    Direction,
    HandsetDigits,
    MessageType,
    Misc,
    Mode,
    Moment,
    Outcome,
    Phone,
    Probability,
    Receivers,
    RecipientType,
    Status,
    Text,
    VendorName,
    absent,
)


class Given(BaseModel):
    """A body: no conversions, no unknown members."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Asked(BaseModel):
    """A query string."""

    model_config = ConfigDict(extra="forbid")


class Shown(BaseModel):
    """Part of an answer. Answers are written from the world's rows; these describe them."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


Item = TypeVar("Item", bound=Shown)


class ListOf(Shown, Generic[Item]):
    """Oldest first. `next` is the `after` of the next page, null on the last one."""

    items: list[Item]
    next: str | None


# Engine ----------------------------------------------------------------------------------------------------------


class Version(Shown):
    version: str
    db_schema: int = Field(alias="schema", description="Of the store: one of another number is refused at start.")
    vendors: list[str]


class Rule(Shown):
    id: str
    vendor: str = Field(description="Or `network`, for what all share.")
    summary: str
    provenance: str = Field(description="documented, observed, assumed or standard; or several of them.")
    source: str


class Fixture(Shown):
    name: str
    summary: str


# Workspaces ------------------------------------------------------------------------------------------------------


class Basic(Shown):
    username: str
    password: str


class Console(Shown):
    code: str = Field(pattern="^[A-Z]{6}[0-9]{4}$", examples=["HARBOR1001"])
    name: str
    line: str = Field(description="The number it texts from.", examples=["16155550110"])
    keyword: str


class ConsoleSettings(Console):
    help_text: str
    auto_reply: str | None = Field(description="What it answers to any other reply; null for nothing.")
    submit_overrides_stop: bool = Field(description="A SimplePay submit opts in a phone that texted STOP.")


class Account(Shown):
    access_key: str
    secret_access_key: str
    tracking_numbers: list[str] = Field(examples=[["6155550100"]])


class AccountSettings(Account):
    doctype: Literal["documented", "none"]


class Workspace(Shown):
    id: str = Field(examples=["ws_4k2m9q"])
    name: str
    expires_at: Moment | None
    basic: Basic
    consoles: list[Console]
    accounts: list[Account]


class ConsoleChange(Given):
    """Only what is given is changed."""

    auto_reply: Text | None = Field(None, description="Null switches it off.")
    help_text: Text = absent()
    keyword: Text = absent()
    submit_overrides_stop: bool = absent()


class AccountChange(Given):
    """Only what is given is changed."""

    doctype: Literal["documented", "none"] = absent()


# People ----------------------------------------------------------------------------------------------------------


class Person(Shown):
    person_id: str
    first_name: str | None
    last_name: str | None
    phone: str = Field(examples=["16295550101"])
    carrier: str | None
    caregiver_name: str | None
    caregiver_phone: str | None
    recipient_type: RecipientType
    misc: Misc


class PersonChange(Given):
    """Only what is given is changed."""

    first_name: str | None = None
    last_name: str | None = None
    phone: Phone = absent()
    carrier: str | None = None
    caregiver_name: str | None = None
    caregiver_phone: Phone | None = None
    recipient_type: RecipientType = absent()
    misc: Misc = absent()


class NewPerson(PersonChange):
    """What is left out is made (`person_id`, `carrier`) or null."""

    person_id: Text = absent()
    phone: Phone


class Page(Asked):
    limit: int = Field(100, ge=1, le=1000)


class PeoplePage(Page):
    after: int = Field(0, ge=0, lt=2**62, description="The `next` of the page before.")


# Messages --------------------------------------------------------------------------------------------------------


class Ids(Shown):
    """What the vendors call it."""

    sid: str | None
    outgoing_message_id: str | None
    msg_id: str | None


class TimelineEntry(Shown):
    status: AnyStatus
    at: Moment
    cause: str = Field(description="What brought it about.", examples=["simplepay.submit", "timed", "injected"])
    reason: str = absent()
    forced: bool = absent()


class Next(Shown):
    status: AnyStatus
    at: Moment


class Message(Shown):
    id: str = Field(pattern=CURSOR)
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
    callbacks: list["Callback"] = Field(description="What the client was told of it, and how that went.")


class Scheduled(Shown):
    """It lies ahead: nothing shows before."""

    scheduled: str = Field(
        description="What will happen.", examples=["send", "broadcast", "reply", "text_in", "report"]
    )
    at: Moment


class Conversation(Shown):
    inbound: Message
    answer: Message | None


class Broadcast(Shown):
    broadcast_id: str = Field(pattern="^[0-9a-f]{32}$")
    messages: list[Message]


class MessageFilters(Page):
    """A filter that is left out lets all pass."""

    vendor: VendorName | None = None
    direction: Direction | None = None
    status: AnyStatus | None = Field(None, description="As it is now.")
    to: Phone | None = None
    from_: Phone | None = Field(None, alias="from")
    console: str | None = Field(None, description="A console's code.")
    account: str | None = Field(None, description="An account's access key.")
    text: str | None = Field(None, description="Part of the text.")
    broadcast: str | None = Field(None, description="A `broadcast_id`.")
    since: Moment | None = Field(None, description="Accepted then or later.")
    until: Moment | None = Field(None, description="Accepted then or earlier.")
    after: str | None = Field(None, pattern=CURSOR, description="The `next` of the page before, or any message's id.")


class NewMessage(Given):
    """What staff send from a console, or from a tracking number: give one of the two."""

    console: str | None = Field(None, description="A console's code.", examples=["HARBOR1001"])
    tracking_number: Phone | None = Field(None, examples=["6155550100"])
    to: Phone
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


class NewBroadcast(Given):
    name: Text
    text: Text
    to: Receivers
    console: str | None = Field(None, description="Needed when there are several.", examples=["HARBOR1001"])
    campaign: Text | None = None
    sent_by: Text | None = Field(None, examples=["frontdesk@clinic.example"])
    at: At = None


class NewStatus(Given):
    status: Status
    reason: Text | None = None
    vendor_status: Text | None = Field(None, description="The word that Writeback shows for it.")
    at: At = None
    force: bool = Field(False, description="Do it though the world knows no such move.")


class NewReply(Given):
    text: Text
    at: At = None


class NewInbound(Given):
    from_: Phone = Field(alias="from")
    to: Phone = Field(description="A console's line or a tracking number.", examples=["16155550110"])
    text: Text
    at: At = None


# Delivery --------------------------------------------------------------------------------------------------------


class Policy(Shown):
    mode: Mode
    sent_after: float = Field(description="Seconds from acceptance; in mode `timed`.")
    settled_after: float = Field(description="Seconds from acceptance; in mode `timed`.")
    outcome: Outcome


class LikeHandset(Shown):
    handset: HandsetDigits


class Delivery(Policy):
    """How messages fare that are accepted from now on."""

    numbers: dict[str, Policy | LikeHandset] = Field(description="By phone, what single ones have instead.")


class NewPolicy(Given):
    """What is left out takes its default."""

    mode: Mode = "timed"
    sent_after: Delay = 1
    settled_after: Delay = 3
    outcome: Outcome = "delivered"

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.settled_after < self.sent_after:
            raise ValueError("must not have a settled_after before sent_after")
        return self


class NewNumber(NewPolicy):
    """A policy for one phone, or `handset` alone: it then behaves as the fictional numbers with these last digits."""

    handset: HandsetDigits = absent()

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if self.handset is not None and len(self.model_fields_set) > 1:
            raise ValueError("must have either handset or a policy")
        return self


class NewDelivery(NewPolicy):
    """The whole policy."""

    mode: Mode
    numbers: dict[Phone, NewNumber] = Field({}, description="By phone, what single ones have instead.")


# Clock -----------------------------------------------------------------------------------------------------------


class Clock(Shown):
    now: Moment
    wall: Moment = Field(description="The time outside, which timeouts go by.")
    state: Literal["running", "frozen"]


class Fired(Shown):
    """Something that came due."""

    at: Moment
    event: Literal["message", "inbound", "status", "callback"]
    message: str = Field(pattern=CURSOR)
    status: AnyStatus = absent()
    callback: str = absent()


class TurnedClock(Clock):
    fired: list[Fired] = Field(description="What came due, in order.")
    settled: bool = absent()


class ClockTurn(Given):
    """`at` goes with `freeze` (or not) and `set`, `seconds` with `advance`."""

    action: Literal["freeze", "set", "advance", "run"]
    at: Moment | None = None
    seconds: float | None = Field(None, ge=0, le=LONGEST_TURN_S, allow_inf_nan=False)
    settle: float | None = Field(
        None,
        ge=0,
        le=300,
        allow_inf_nan=False,
        description="Wait so long for callbacks, in seconds of wall time.",
    )

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        takes_at, takes_seconds = self.action in ("freeze", "set"), self.action == "advance"
        if (self.action == "set" and self.at is None) or (self.at is not None and not takes_at):
            raise ValueError("must have an at with the action set, may have one with freeze, and with no other")
        if takes_seconds is (self.seconds is None):
            raise ValueError("must have seconds with the action advance, and with no other")
        return self


# Consents --------------------------------------------------------------------------------------------------------


class Consent(Shown):
    phone: str
    console: str | None
    account: str | None = Field(description="The access key of the account whose tracking number it is about.")
    line: str
    state: Literal["opted_in", "opted_out"]
    since: Moment
    why: str = Field(description="first_contact, enrolled, handset, api or staff.")
    word: str | None = Field(description="What the handset texted.")


class ConsentChange(Consent):
    message: Message | None = Field(description="What told the phone.")


class NewConsent(Given):
    state: Literal["opted_in", "opted_out"]
    console: str | None = Field(None, description="Needed when there are several.", examples=["HARBOR1001"])


class ConsentsPage(Page):
    phone: Phone | None = None
    console: str | None = Field(None, description="A console's code.")
    after: str | None = Field(None, description="The `next` of the page before.", pattern="^[0-9]{1,15}-[0-9]{1,15}$")


class HandsetNumber(Shown):
    number: str = Field(examples=["NPA-555-0150"])
    does: str


# Callbacks -------------------------------------------------------------------------------------------------------


class Attempt(Shown):
    at: Moment
    status: int | None = Field(description="Of the answer, if there was one.")
    error: str | None
    ms: int
    next_at: Moment | None = Field(description="When it was to be tried again.")


class Callback(Shown):
    id: str = Field(pattern=CALLBACK)
    message: str = Field(pattern=CURSOR)
    url: str
    status: AnyStatus
    payload: dict[str, str] = Field(description="The form, as the vendor has it.")
    state: Literal["pending", "delivered", "given_up"]
    due_at: Moment
    reason: str | None = Field(description="Why it was given up.")
    attempts: list[Attempt]


class CallbacksPage(Page):
    message: str | None = Field(None, description="Any id of a message.")
    after: str | None = Field(None, pattern=CALLBACK, description="The `next` of the page before.")


class Redelivery(Shown):
    id: str
    state: Literal["pending"]


class CallbackProfile(Shown):
    """Probabilities from 0 to 1, but `delay` in seconds."""

    duplicate: float = Field(description="It is delivered twice.")
    lose: float = Field(description="It is never sent.")
    reorder: float = Field(description="It changes places with the next one of its message.")
    delay: float = Field(description="So much later than its status, on the workspace's clock.")
    contradict: float = Field(description="After the last one another one says the opposite.")
    before_response: float = Field(description="The first one comes before the submit is answered.")
    seed: int


class NewCallbackProfile(Given):
    """What is left out does not happen."""

    duplicate: Probability = 0
    lose: Probability = 0
    reorder: Probability = 0
    delay: Delay = 0
    contradict: Probability = 0
    before_response: Probability = 0
    seed: int | None = Field(None, ge=0, lt=2**62, description="The workspace's own if left out.")


class NewSink(Given):
    status: int = Field(200, ge=200, le=599)
    delay: float = Field(0, ge=0, le=60, allow_inf_nan=False, description="Seconds of wall time.")


class SinkUrl(Shown):
    url: str


class SinkRequest(Shown):
    at: Moment
    method: str
    query: str
    headers: list[list[str]]
    body: str
    form: dict[str, str] | None = Field(description="The body, if it is a urlencoded form.")


class Sink(Shown):
    name: str
    url: str
    status: int
    delay: float
    received: list[SinkRequest]


class Deleted(Shown):
    deleted: int
