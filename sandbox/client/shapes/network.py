"""How the network behaves: consents, delivery, time, callbacks."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sandbox.client.shapes.messages import Message
from sandbox.client.shapes.words import AnyStatus, Mode, Outcome


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
    """What a sink received; `form` is the body, if it is one and not `truncated`."""

    at: datetime
    method: str
    query: str
    headers: list[list[str]]
    body: str
    truncated: bool
    form: dict[str, str] | None


@dataclass(frozen=True, slots=True)
class SinkInfo:
    name: str
    url: str
    status: int
    delay: float
    received: list[SinkRequest]
