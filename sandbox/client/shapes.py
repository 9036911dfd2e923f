"""What the sandbox answers, as frozen dataclasses. Times are aware datetimes in UTC."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NoReturn, TypeAlias, TypedDict

from sandbox.client.reading import read

VendorName: TypeAlias = Literal["simplepay", "writeback", "dialogtech"]
Direction: TypeAlias = Literal["outbound", "inbound"]
Outcome: TypeAlias = Literal["delivered", "undelivered", "rejected", "unknown"]
Status: TypeAlias = Literal["queued", "sent", "delivered", "undelivered", "rejected", "unknown"]
AnyStatus: TypeAlias = Literal["queued", "sent", "delivered", "undelivered", "rejected", "unknown", "received"]
Mode: TypeAlias = Literal["immediate", "timed", "manual"]
Doctype: TypeAlias = Literal["documented", "none"]
RecipientType: TypeAlias = Literal["patient", "caregiver", "staff"]


# What a workspace owns ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Basic:
    """HTTP Basic credentials of Writeback and SimplePay."""

    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Console:
    """`line` is the number that it texts from."""

    code: str
    name: str
    line: str
    keyword: str


@dataclass(frozen=True, slots=True)
class ConsoleSettings(Console):
    """`auto_reply` is what it answers to any other reply; None for nothing."""

    help_text: str
    auto_reply: str | None
    submit_overrides_stop: bool


@dataclass(frozen=True, slots=True)
class Account:
    """Keys of DialogTech, and the numbers they read."""

    access_key: str
    secret_access_key: str
    tracking_numbers: list[str]


@dataclass(frozen=True, slots=True)
class AccountSettings(Account):
    doctype: Doctype


@dataclass(frozen=True, slots=True)
class WorkspaceInfo:
    """What a workspace is. `start_at` is what its clock read at first, None for wall time; the others are wall time."""

    id: str
    name: str
    fixture: str
    seed: int
    start_at: datetime | None
    created_at: datetime
    expires_at: datetime | None
    basic: Basic
    consoles: list[Console]
    accounts: list[Account]


@dataclass(frozen=True, slots=True)
class Person:
    """`misc` has five members."""

    person_id: str
    first_name: str | None
    last_name: str | None
    phone: str
    carrier: str | None
    caregiver_name: str | None
    caregiver_phone: str | None
    recipient_type: RecipientType
    misc: list[str | None]


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone: whose it is, None where it is nobody's, the lines that it is opted out of, and its latest message."""

    phone: str
    person_id: str | None
    first_name: str | None
    last_name: str | None
    carrier: str | None
    recipient_type: RecipientType | None
    opted_out: list[str]
    latest: "Message | None"


# Messages ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ids:
    """What the vendors call a message."""

    sid: str | None
    outgoing_message_id: str | None
    msg_id: str | None


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """A status, since when, and what brought it about."""

    status: AnyStatus
    at: datetime
    cause: str
    reason: str | None = None
    forced: bool = False


@dataclass(frozen=True, slots=True)
class Next:
    """The status that comes by itself."""

    status: AnyStatus
    at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """A message in either direction. `lead` and `caused_by` are ids of other messages."""

    id: str
    vendor: VendorName
    direction: Direction
    console: str | None
    account: str | None
    ids: Ids
    from_: str
    to: str
    text: str
    encoding: Literal["GSM-7", "UCS-2"]
    segments: int
    carrier: str | None
    status: AnyStatus
    reason: str | None
    timeline: list[TimelineEntry]
    next: Next | None
    lead: str | None
    caused_by: str | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a callback; `next_at` is when it was to be tried again."""

    at: datetime
    status: int | None
    error: str | None
    ms: int
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Callback:
    """What a client is told of a message; `payload` is the form, `reason` why it was given up."""

    id: str
    message: str
    url: str
    status: AnyStatus
    payload: dict[str, str]
    state: Literal["pending", "delivered", "given_up"]
    due_at: datetime
    reason: str | None
    attempts: list[Attempt]


@dataclass(frozen=True, slots=True)
class MessageStory(Message):
    """A message, and what its client was told of it."""

    callbacks: list[Callback]


@dataclass(frozen=True, slots=True)
class Arrived(Message):
    """A message that was waited for, with the links and one-time codes in its text."""

    links: list[str]
    codes: list[str]


@dataclass(frozen=True, slots=True)
class MessageView:
    """How an API shows a message; all but its name is None where it does not."""

    vendor: str
    title: str
    url: str | None
    curl: str | None
    media_type: str | None
    body: str | None


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a phone texted, and what the line answered by itself."""

    inbound: Message
    answer: Message | None


@dataclass(frozen=True, slots=True)
class Broadcast:
    broadcast_id: str
    messages: list[Message]


@dataclass(frozen=True)
class Scheduled:
    """What stands in for an answer when `at` lies ahead: nothing shows before then."""

    scheduled: str
    at: datetime

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"There is no {name!r} yet: {self.scheduled} is scheduled for {self.at.isoformat()}.")


class Filters(TypedDict, total=False):
    """Which messages: all of them must hold. `text` is contained, `since` and `until` are times of acceptance."""

    vendor: VendorName
    direction: Direction
    status: AnyStatus
    to: str
    from_: str
    console: str
    account: str
    text: str
    broadcast: str
    since: datetime
    until: datetime


# Consents, delivery, time ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Consent:
    """Whether a phone may be texted on a line, since when and why; `word` is what the handset texted."""

    phone: str
    console: str | None
    account: str | None
    line: str
    state: Literal["opted_in", "opted_out"]
    since: datetime
    why: str
    word: str | None


@dataclass(frozen=True, slots=True)
class ConsentChange(Consent):
    """`message` is what told the phone."""

    message: Message | None


@dataclass(frozen=True, slots=True)
class NumberDelivery:
    """What one phone has instead: a policy, or a handset's behaviour by its last two digits."""

    mode: Mode | None = None
    sent_after: float | None = None
    settled_after: float | None = None
    outcome: Outcome | None = None
    handset: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """What becomes of messages that are accepted from now on; the delays are seconds."""

    mode: Mode
    sent_after: float
    settled_after: float
    outcome: Outcome
    numbers: dict[str, NumberDelivery]


@dataclass(frozen=True, slots=True)
class ClockReading:
    """`wall` is the time outside, which timeouts go by."""

    now: datetime
    wall: datetime
    state: Literal["running", "frozen"]


@dataclass(frozen=True, slots=True)
class Fired:
    """Something that came due."""

    at: datetime
    event: Literal["message", "inbound", "status", "callback"]
    message: str
    status: AnyStatus | None = None
    callback: str | None = None


@dataclass(frozen=True, slots=True)
class ClockTurned(ClockReading):
    """`fired` is what came due, in order; `settled` whether no callback was left, if that was waited for."""

    fired: list[Fired]
    settled: bool | None = None


# Callbacks ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallbackProfile:
    """How callbacks misbehave: probabilities, but `delay` in seconds."""

    duplicate: float
    lose: float
    reorder: float
    delay: float
    contradict: float
    before_response: float
    seed: int


@dataclass(frozen=True, slots=True)
class SinkRequest:
    """What a sink received; `form` is the body, if it is one."""

    at: datetime
    method: str
    query: str
    headers: list[list[str]]
    body: str
    form: dict[str, str] | None


@dataclass(frozen=True, slots=True)
class SinkInfo:
    name: str
    url: str
    status: int
    delay: float
    received: list[SinkRequest]


# The server --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Version:
    version: str
    schema: int
    vendors: list[str]


@dataclass(frozen=True, slots=True)
class Rule:
    id: str
    vendor: str
    summary: str
    provenance: str
    source: str


@dataclass(frozen=True, slots=True)
class Fixture:
    name: str
    summary: str


@dataclass(frozen=True, slots=True)
class HandsetNumber:
    number: str
    does: str


@dataclass(frozen=True, slots=True)
class Template:
    """Texts by language, each in one or more wordings."""

    name: str
    title: str
    texts: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`now` and `state` are of the workspace's clock, `taken_at` is wall time; so many messages are in it."""

    name: str
    now: datetime
    state: Literal["running", "frozen"]
    taken_at: datetime
    messages: int


# Journal -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Finding:
    """A slip of the caller: what was seen, the smallest change that mends it, and what the rule says.

    `error`: refused, or would be in production; `note`: tolerated.
    """

    rule: str
    level: Literal["error", "note"]
    seen: str
    mend: str
    explanation: str | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """A request's or an answer's headers and body, without secrets; bytes that are not UTF-8 are escaped."""

    headers: list[list[str]]
    body: str
    encoding: Literal["utf-8", "escaped"]
    size: int | None
    truncated: bool


@dataclass(frozen=True, slots=True)
class MetFault:
    """A fault, as an exchange met it; `id` None when the call asked for it by `X-Sandbox-Fault`."""

    id: str | None
    effect: dict[str, Any]
    latency_ms: int


@dataclass(frozen=True, slots=True)
class Exchange:
    """A vendor request and its answer. `at` is on the workspace's clock, `wall` outside; `messages` are ids."""

    id: str
    at: datetime
    wall: datetime
    operation: str | None
    method: str
    path: str
    query: str
    request: Side
    response: Side
    status: int
    outcome: Literal["accepted", "refused", "faulted"]
    ms: int
    rules: list[str]
    findings: list[Finding]
    fault: MetFault | None
    messages: list[str]


# Faults and events -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FaultInfo:
    """A fault, and how far it has got; `left` None is without end."""

    id: str
    match: dict[str, Any]
    effect: dict[str, Any]
    probability: float
    seed: int
    skip: int
    times: int | None
    expires_at: datetime | None
    matched: int
    applied: int
    left: int | None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: `message`, `status`, `inbound`, `callback`, `exchange`, `clock`, `reset` or `gap`.

    `data` is as the control API has it; `message` is it as a `Message`, of the first three.
    """

    id: str
    type: str
    data: Any

    @property
    def message(self) -> Message | None:
        is_of_message = self.data is not None and self.type in ("message", "status", "inbound")
        return read(Message, self.data) if is_of_message else None


# Stories -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StoryStep:
    """`at` is seconds of the workspace's clock since the beginning."""

    at: float
    do: Literal["broadcast", "message", "submit", "inbound", "status", "tell"]
    caption: str | None


@dataclass(frozen=True, slots=True)
class Story:
    """`seconds` and `position` are of the workspace's clock; `speed` is how many of them go by in one outside."""

    name: str
    title: str
    summary: str
    seconds: float
    state: Literal["ready", "playing", "paused"]
    position: float | None
    speed: float
    steps: list[StoryStep]


# Verifying ---------------------------------------------------------------------------------------------------------


class Where(TypedDict, total=False):
    """What a request gave, and what came of it; `text` is part of it, `status` is HTTP's."""

    to: str
    from_: str
    text: str
    console: str
    account: str
    number: str
    status: int
    outcome: Literal["accepted", "refused", "faulted"]


class Expectation(TypedDict, total=False):
    """What is expected of an operation's exchanges, for `verify_all`: at least one, if no `count` is given."""

    operation: str
    where: Where
    count: int | dict[str, int]


@dataclass(frozen=True, slots=True)
class Difference:
    """In what an exchange is not as expected."""

    member: str
    expected: str | int | None
    got: str | int | None


@dataclass(frozen=True, slots=True)
class Nearest:
    """The exchange that differs from what is expected in the least."""

    exchange: str
    at: datetime
    operation: str | None
    status: int
    outcome: Literal["accepted", "refused", "faulted"]
    differs: list[Difference]


@dataclass(frozen=True, slots=True)
class Slip:
    """A finding where none was expected."""

    exchange: str
    rule: str
    seen: str
    mend: str


@dataclass(frozen=True, slots=True)
class Failure:
    """An expectation that is not met: how many exchanges there are, the ids of some, and what came nearest."""

    expect: dict[str, Any]
    found: int
    matched: list[str]
    nearest: Nearest | None
    findings: list[Slip]
