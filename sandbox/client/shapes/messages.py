"""Messages, what became of them, and what was told of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NoReturn, TypedDict

from sandbox.client.shapes.words import AnyStatus, Direction, RecipientType, VendorName


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
    latest: Message | None
