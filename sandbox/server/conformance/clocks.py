"""Does a reader count in another time than the API, or write its dates in another order?"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from sandbox.clock import DAY, HOUR, MINUTE, SECOND
from sandbox.server.conformance.evidence import Evidence, PollerMistake, found
from sandbox.server.conformance.poller_kinds import DAY_MONTH_SWAPPED, LOCAL_TIME
from sandbox.server.conformance.polls import Poll, is_live
from sandbox.vendors.base.range_reads import RangeRead, RangeWords, TimeRange
from sandbox.world.zones import DEFAULT_ZONE

HALF_HOUR = 30 * MINUTE
TOLERANCE = 2 * MINUTE
"""How far a clock may be wrong that is of another zone."""
FARTHEST = 14 * HOUR
"""How far a zone is away from UTC at most."""
RARELY_LIVED_IN = 2 * HOUR + HALF_HOUR
"""Up to so far behind UTC there is nearly only sea: who ends ranges so long ago more likely waits on purpose."""
ENOUGH = 2
"""Polls that must show the same."""
ROUND = (0, HALF_HOUR - SECOND, HALF_HOUR - MINUTE)
"""What is left of an end that was not read from a clock: 10:00:00, 10:59:59, 10:59:00."""

# Day and month --------------------------------------------------------------------------------------------------------


def day_month_swapped(read: RangeRead, polls: Sequence[Poll]) -> list[PollerMistake]:
    """Return that the ranges are right once day and month are exchanged, if they are, and never as they stand."""
    written = [poll for poll in polls if poll.words is not None and _makes_a_difference(read, poll.words)]
    if any(poll.range is not None and _is_recent(poll.range, poll.at) for poll in written):
        return []
    swapped = [(poll, right) for poll in written if (right := _right_when_swapped(read, poll)) is not None]
    is_plain = any(poll.range is None or poll.range.end > poll.at + 2 * DAY for poll, _ in swapped)
    if len(swapped) < ENOUGH and not is_plain:
        return []
    return found(DAY_MONTH_SWAPPED, [Evidence(_would_be(poll, right), (poll,)) for poll, right in swapped])


def _makes_a_difference(read: RangeRead, words: RangeWords) -> bool:
    """Return whether it makes a difference."""
    return read.swapped(words.start) != words.start or read.swapped(words.end) != words.end


def _right_when_swapped(read: RangeRead, poll: Poll) -> RangeWords | None:
    assert poll.words is not None
    start, end = poll.words
    for words in (
        RangeWords(read.swapped(start), read.swapped(end)),
        RangeWords(read.swapped(start), end),
        RangeWords(start, read.swapped(end)),
    ):
        if words != poll.words and _asks_for_what_is_new(read, words, poll.at):
            return words
    return None


def _asks_for_what_is_new(read: RangeRead, words: RangeWords, at: int) -> bool:
    try:
        window = read.range_of(words, DEFAULT_ZONE)
    except (ValueError, OverflowError):
        return False
    is_taken = 0 < window.length <= (read.longest or window.length)
    return is_taken and _is_recent(window, at)


def _is_recent(window: TimeRange, at: int) -> bool:
    return is_live(window, at) and window.end <= at + 2 * DAY


def _would_be(poll: Poll, right: RangeWords) -> str:
    assert poll.words is not None
    return f"asked from {poll.words.start} to {poll.words.end}; from {right.start} to {right.end} would be recent"


# The zone -------------------------------------------------------------------------------------------------------------


def local_time(read: RangeRead, polls: Sequence[Poll]) -> list[PollerMistake]:
    """Return that the ranges follow the clock of another zone, if they do."""
    ranged = [poll for poll in polls if poll.range is not None]
    signs = _by_days(ranged) if read.is_of_days else _by_clock(ranged) or _by_days([*filter(_is_day, ranged)])
    return found(LOCAL_TIME, signs)


def _window(poll: Poll) -> TimeRange:
    assert poll.range is not None
    return poll.range


def _lead(poll: Poll) -> int:
    """Return by how much the range's last second is ahead of the call."""
    return _window(poll).end - SECOND - poll.at


def _by_clock(polls: Sequence[Poll]) -> list[Evidence]:
    """Judge by ends that were read from a clock; by round ones only where notes of the calls say the same."""
    read_off = [poll for poll in polls if (_window(poll).end - SECOND) % HALF_HOUR not in ROUND]
    shown = read_off or [poll for poll in polls if not _is_day(poll)]
    away = _same_offset(shown)
    if away is None or not _is_plausible(away, shown, is_round=not read_off):
        return []
    return [Evidence(f"its range ended {_written(away)}", (poll,)) for poll in shown]


def _same_offset(polls: Sequence[Poll]) -> int | None:
    """Return by how many half hours all ranges end before or after their calls; None where they do not agree."""
    offsets = {round(_lead(poll) / HALF_HOUR) * HALF_HOUR for poll in polls}
    if len(polls) < ENOUGH or len(offsets) != 1:
        return None
    away = offsets.pop()
    is_exact = all(abs(_lead(poll) - away) <= TOLERANCE for poll in polls)
    return away if is_exact and 0 < abs(away) <= FARTHEST else None


def _is_plausible(away: int, polls: Sequence[Poll], *, is_round: bool) -> bool:
    if away > 0:  # who only allows for a clock that is slow does not begin ahead as well
        return sum(_window(poll).start > poll.at for poll in polls) * 2 >= len(polls)
    is_noted = any(poll.has_zone_note for poll in polls)
    return away < -RARELY_LIVED_IN and (is_noted or not is_round)


def _is_day(poll: Poll) -> bool:
    """Return whether a range is of whole days of UTC."""
    window = _window(poll)
    return window.start % DAY == 0 and window.end % DAY in (0, DAY - MINUTE + SECOND)


def _by_days(polls: Sequence[Poll]) -> list[Evidence]:
    """Judge by when a reader goes on to the next day: the API's midnight must lie between the two calls."""
    return [
        Evidence(f"it went on to another day {_from_midnight(before, poll)}", (before, poll))
        for before, poll in _changes_of_day(polls)
        if _is_far_from_midnight(before, poll)
    ]


def _changes_of_day(polls: Sequence[Poll]) -> Iterator[tuple[Poll, Poll]]:
    for before, poll in pairwise(polls):
        if _window(before).end < _window(poll).end <= _window(before).end + DAY + HOUR and all(
            map(_is_about_today, (before, poll))
        ):
            yield before, poll


def _is_about_today(poll: Poll) -> bool:
    window = _window(poll)
    return window.end - DAY - FARTHEST <= poll.at <= window.end + FARTHEST


def _is_far_from_midnight(before: Poll, poll: Poll) -> bool:
    """Return whether no midnight lies between the calls, nor near."""
    since_midnight = (before.at - HALF_HOUR - _window(poll).end) % DAY
    return since_midnight + (poll.at - before.at) + 2 * HALF_HOUR < DAY


def _from_midnight(before: Poll, poll: Poll) -> str:
    midnight = _window(poll).end
    late = (poll.at - midnight) % DAY
    return _written(-late if late <= DAY / 2 else DAY - late) + f", between {before.id} and {poll.id}"


def _written(away: int) -> str:
    hours = abs(away) / HOUR
    return f"{hours:.4g} h {'ahead of' if away > 0 else 'behind'} the API's clock"
