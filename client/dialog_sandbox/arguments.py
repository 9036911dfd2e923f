"""What callers give the client, as JSON has it: plain values, without what was not given."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from os import PathLike
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypedDict

from dialog_sandbox.models import values
from dialog_sandbox.models.values import (
    AnyStatus,
    Direction,
    ExchangeOutcome,
    Level,
    Operation,
    Order,
    RecipientType,
    VendorName,
)
from dialog_sandbox.models.workspaces import LONGEST_FIXTURE

FIXTURE_SUFFIXES = (".yaml", ".yml")
Seconds: TypeAlias = float | timedelta
"""A duration: seconds, or a timedelta."""
When: TypeAlias = datetime | str | timedelta | float
"""A time with its zone, as a datetime or in RFC 3339; or a distance from what the workspace's clock reads, as a
timedelta or in seconds.
"""
StoryAction: TypeAlias = Literal["play", "pause", "restart", "stop"]


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


class ExportFilters(TypedDict, total=False):
    """Which exchanges: all of them must hold. `status` is HTTP's, `findings` a level that one of them has."""

    operation: Operation
    outcome: ExchangeOutcome
    status: int
    findings: Level
    since: datetime
    until: datetime


class ExchangeFilters(ExportFilters, total=False):
    """The same, and which come first."""

    order: Order


class Where(TypedDict, total=False):
    """What a request gave, and what came of it; `text` is part of it, `status` is HTTP's."""

    to: str
    from_: str
    text: str
    console: str
    account: str
    number: str
    status: int
    outcome: ExchangeOutcome


class Expectation(TypedDict, total=False):
    """What is expected of an operation's exchanges, for `verify_all`: at least one, if no `count` is given."""

    operation: Operation
    where: Where
    count: int | dict[str, int]


class PersonDetails(TypedDict, total=False):
    """What can be said of a person; `misc` has five members."""

    first_name: str | None
    last_name: str | None
    carrier: str | None
    caregiver_name: str | None
    caregiver_phone: str | None
    recipient_type: RecipientType
    misc: list[str | None]


class PersonChange(PersonDetails, total=False):
    phone: str


class NewPerson(PersonDetails, total=False):
    person_id: str


class ConsoleChange(TypedDict, total=False):
    """`auto_reply` None switches it off."""

    auto_reply: str | None
    help_text: str
    keyword: str
    submit_overrides_stop: bool


class LatencyBetween(TypedDict):
    """Milliseconds from `min` to `max`."""

    min: float
    max: float


class DripOf(TypedDict):
    """So many bytes of the body together, and so many milliseconds between one lot and the next."""

    bytes: int
    ms: float


class RateLimitOf(TypedDict):
    """So many requests may pass in so many seconds of the workspace's clock."""

    requests: int
    seconds: float


class _LeftOut:
    def __repr__(self) -> str:
        return "<left out>"


LEFT_OUT: Any = _LeftOut()
"""The default of a filter; None is not one, since it is what a program has that does not know what it looks for."""


def fixture_members(fixture: str | PathLike[str] | None) -> dict[str, Any]:
    """Return how a request names a fixture: a packaged one by its name, a file by the text in it.

    A `str` is a file when it ends in `.yaml` or `.yml` and the file is there; what is not may be one of the server's.
    Raises OSError on a path that cannot be read, ValueError on what is not text or too long.
    """
    if fixture is None:
        return {}
    if not isinstance(fixture, str | PathLike):
        raise ValueError(f"fixture is a name or a path, not {fixture!r}.")
    file = Path(fixture)
    if isinstance(fixture, str) and not (file.suffix.lower() in FIXTURE_SUFFIXES and file.exists()):
        return {"fixture": fixture}
    try:
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"The fixture {file} is not UTF-8 text.") from None
    if len(text) > LONGEST_FIXTURE:
        raise ValueError(f"The fixture {file} has {len(text)} characters: at most {LONGEST_FIXTURE} can be sent.")
    return {"fixture_text": text}


def present(**values: Any) -> dict[str, Any]:
    """Return what was given of a call's members; None is what was not given, and `from_` is `from`."""
    return {name.rstrip("_"): plain(value) for name, value in values.items() if value is not None}


def create_members(
    *,
    fixture: str | PathLike[str] | None = None,
    delivery: str | Mapping[str, Any] | None = None,
    **others: Any,
) -> dict[str, Any]:
    """Return what was given of what a workspace is made with. Raises as `fixture_members` does."""
    mode = {"mode": delivery} if isinstance(delivery, str) else delivery
    return present(**fixture_members(fixture), delivery=mode, **others)


def filtered(**filters: Any) -> dict[str, Any]:
    """Return what was given of a call's filters; raises ValueError on None, or everything would match."""
    named = {name: value for name, value in filters.items() if value is not LEFT_OUT}
    for name, value in named.items():
        if value is None:
            raise ValueError(f"{name} is None: leave it out, or give a value.")
    return present(**named)


def plain(value: Any) -> Any:
    """Return a time in RFC 3339, a duration in seconds, all else as it is."""
    if isinstance(value, datetime):
        return rfc3339(value)
    return value.total_seconds() if isinstance(value, timedelta) else value


def rfc3339(at: datetime) -> str:
    """Return a time with its zone as the server takes it; raises ValueError on one without."""
    if at.tzinfo is None:
        raise ValueError(f"{at!r} has no zone: give a time as datetime(2026, 5, 6, 9, tzinfo=UTC).")
    return values.rfc3339(at)


def seconds(duration: Seconds) -> float:
    """Return a duration in seconds. Raises TypeError for what is none."""
    if isinstance(duration, timedelta):
        return duration.total_seconds()
    if not isinstance(duration, int | float):
        raise TypeError(f"A duration is a number of seconds or a timedelta, not {duration!r}.")
    return duration
