"""What vendors were asked and what they answered, and in what that is not as expected."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypedDict

from sandbox.client.shapes.words import Operation


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

    operation: Operation
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
