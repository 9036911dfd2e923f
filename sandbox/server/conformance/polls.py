"""Who reads by date range, what was asked each time, and did the answer arrive?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sandbox.clock import DAY
from sandbox.server.conformance.calls import CallRow
from sandbox.server.journal.entry import MOST_MESSAGES
from sandbox.server.journal.queries import REFUSED
from sandbox.vendors.base.range_reads import RangeRead, RangeWords, TimeRange
from sandbox.vendors.base.refusal import ERROR
from sandbox.world.faults import ANSWERING, MAIN
from sandbox.world.zones import DEFAULT_ZONE

ARRIVES_LATE = "drip"
"""Of the effects that spoil an answer, the one with which it still arrives."""
LATE_BY_LENGTHS = 2


class Reader(NamedTuple):
    """Whose calls are one client's: the credentials are the workspace's or the account's."""

    operation: str
    console: str | None
    account: int | None
    number: str | None


@dataclass(frozen=True, slots=True)
class Poll:
    """One call of a reader.

    `n`: counts its calls from 0. `trouble`: why nothing was read, empty if it was. `messages`: the numbers of those
    that it was shown, None where they are more than the journal keeps. `has_zone_note`: whether it was
    noted that some hours later there would have been results.
    """

    n: int
    id: str
    at: int
    status: int
    trouble: str
    words: RangeWords | None
    range: TimeRange | None
    messages: tuple[int, ...] | None
    has_zone_note: bool

    @property
    def is_read(self) -> bool:
        return not self.trouble and self.range is not None

    @property
    def window(self) -> TimeRange:
        """The range of a call that was read."""
        assert self.range is not None
        return self.range

    @property
    def known_until(self) -> int:
        """Up to where it could know what there is: what came after the call was not there yet."""
        return min(self.window.end, self.at)

    @property
    def is_live(self) -> bool:
        """Whether it asked for what was new: its range ended not long ago."""
        return is_live(self.window, self.at)


def is_live(window: TimeRange, at: int) -> bool:
    """Return whether a range asks for what is new at a time."""
    return window.start <= at and at - window.end <= max(LATE_BY_LENGTHS * window.length, DAY)


class PollsByReader:
    """The polls of each reader of an operation, in order, as its calls are taken one by one.

    `zones`: of the accounts, by number. Of calls before the clock was set back, by a restore, nothing is said: the
    world that they read is gone.
    """

    def __init__(self, read: RangeRead, zones: Mapping[int, str]) -> None:
        self.read = read
        self.by_reader: dict[Reader, list[Poll]] = {}
        self._zones = zones
        self._last_at = 0

    def take_in(self, call: CallRow) -> None:
        if call.at < self._last_at:
            self.by_reader.clear()
        self._last_at = call.at
        reader = Reader(call.operation or "", call.call_console, call.call_account, call.call_number or None)
        polls = self.by_reader.setdefault(reader, [])
        polls.append(poll_of(call, self.read, len(polls), self._zones.get(call.call_account or 0, DEFAULT_ZONE)))


def poll_of(call: CallRow, read: RangeRead, n: int, zone: str) -> Poll:
    """Return a call as a poll."""
    words = read.words(call.request)
    numbers = tuple(call.message_numbers)
    return Poll(
        n=n,
        id=call.id,
        at=call.at,
        status=call.status,
        trouble=trouble_of(call),
        words=words,
        range=range_of(words, read, zone),
        messages=None if len(numbers) >= MOST_MESSAGES else numbers,
        has_zone_note=any(each.observed.startswith(read.zone_note) for each in call.found),
    )


def range_of(words: RangeWords | None, read: RangeRead, zone: str) -> TimeRange | None:
    """Return the range that both ends make; None where they make none."""
    if words is None:
        return None
    try:
        window = read.range_of(words, zone)
    except (ValueError, OverflowError):
        return None
    return window if window.length > 0 else None


def trouble_of(call: CallRow) -> str:
    """Return why the caller learned nothing; empty if it did."""
    if call.outcome == REFUSED or any(each.level == ERROR for each in call.found):
        return f"refused by {call.rules.split()[0]}" if call.rules else "refused"
    lost = [name for name in MAIN if name in call.effect and name != ARRIVES_LATE]
    if lost:
        return f"answered {call.status}" if lost[0] in ANSWERING else f"spoilt by {lost[0]}"
    if call.response_size is None:
        return "broken off by the caller"
    return "a HEAD, which shows nothing" if call.method == "HEAD" else ""
