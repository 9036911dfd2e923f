"""Do a reader's ranges leave out time, or ask for more than there is or than is taken?"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sandbox.clock import DAY, MINUTE, SECOND, rfc3339
from sandbox.server.conformance.evidence import Evidence, PollerMistake, found
from sandbox.server.conformance.history import ReadHistory
from sandbox.server.conformance.poller_kinds import FUTURE, GAP, MIDNIGHT_CUT, OVER_A_WEEK, PollerKind
from sandbox.server.conformance.polls import Poll
from sandbox.vendors.base.range_reads import TimeRange
from sandbox.vendors.base.refusal import NOTE

ROUNDED_UP = 2 * SECOND
"""How far an end may be ahead that was only rounded up to a second."""
LAST_MINUTE = MINUTE + SECOND
"""What a range of a day may lack in its end: 23:59:00."""


class Hole(NamedTuple):
    """Time that no range covers, between the poll that ended before it and the one that went on behind it."""

    range: TimeRange
    before: Poll
    after: Poll


def holes_of(history: ReadHistory) -> Iterator[Hole]:
    """Yield the holes that the reader has passed: those that a later range may still fill are not counted."""
    by_end: dict[int, Poll] = {}
    by_start: dict[int, list[Poll]] = {}
    for poll in history.done:
        if poll.window.start < poll.known_until:
            by_end.setdefault(poll.known_until, poll)
            by_start.setdefault(poll.window.start, []).append(poll)
    for hole in history.coverage.holes():
        before = by_end[hole.start]
        after = next((poll for poll in by_start[hole.end] if poll.n > before.n), None)
        if after is not None and _is_passed(hole, before, after):
            yield Hole(hole, before, after)


def _is_passed(hole: TimeRange, before: Poll, after: Poll) -> bool:
    """Return whether both polls belong together: a look at last year is not the beginning of a hole."""
    is_series = before.is_live and after.is_live
    return is_series or hole.length <= max(before.window.length, after.window.length)


def left_out(history: ReadHistory) -> list[PollerMistake]:
    """Return the holes, by what made them."""
    by_kind: dict[PollerKind, list[Evidence]] = {}
    for hole in holes_of(history):
        failed = _failed_between(history, hole)
        by_kind.setdefault(_kind_of(history, hole, failed), []).append(_evidence(history, hole, failed))
    return [each for kind, evidence in by_kind.items() for each in found(kind, evidence)]


def _failed_between(history: ReadHistory, hole: Hole) -> list[Poll]:
    """Return the polls that asked for some of it, and got no answer."""
    between = history.polls[hole.before.n + 1 : hole.after.n]
    return [each for each in between if each.trouble and each.range is not None and _overlap(each.range, hole.range)]


def _overlap(one: TimeRange, other: TimeRange) -> bool:
    return one.start < other.end and other.start < one.end


def _kind_of(history: ReadHistory, hole: Hole, failed: Sequence[Poll]) -> PollerKind:
    if failed:
        return GAP
    if _is_end_of_day(history, hole):
        return MIDNIGHT_CUT
    return FUTURE if hole.before.window.end - hole.before.at > ROUNDED_UP else GAP


def _is_end_of_day(history: ReadHistory, hole: Hole) -> bool:
    before, after = hole.before.window, hole.after.window
    if history.read.is_of_days:
        return hole.before.known_until < before.end
    if after.start <= before.start or (after.start - before.start) % DAY:
        return False
    is_of_days = (after.start - before.end) % DAY <= LAST_MINUTE
    return is_of_days or after.start % DAY == 0 or _begins_often(history, before.start)


def _begins_often(history: ReadHistory, start: int) -> bool:
    return sum(poll.window.start == start for poll in history.done) > 1


def _evidence(history: ReadHistory, hole: Hole, failed: Sequence[Poll]) -> Evidence:
    lost = history.unseen_in(hole.range)
    span = f"{rfc3339(hole.range.start)} to {rfc3339(hole.range.end)}"
    why = "".join(f"; {poll.id} asked for it and was {poll.trouble}" for poll in failed[:1])
    count = f"; results in it: {len(lost)}" if lost else ""
    return Evidence(f"no range covers {span}{count}{why}", (hole.before, *failed[:3], hole.after), lost)


def begun_in_future(polls: Sequence[Poll]) -> list[PollerMistake]:
    """Return the ranges that begin in the future: a note, if nothing was lost by them."""
    begun = [poll for poll in polls if poll.range is not None and poll.range.start > poll.at]
    return found(FUTURE, [Evidence(_in_future(poll), (poll,)) for poll in begun], NOTE)


def _in_future(poll: Poll) -> str:
    assert poll.range is not None
    return f"its range began at {rfc3339(poll.range.start)}, when the clock read {rfc3339(poll.at)}"


def over_a_week(history: ReadHistory) -> list[PollerMistake]:
    """Return the ranges that were refused as too long, and never read in parts."""
    longest = history.read.longest
    evidence = []
    for poll in history.polls:
        if longest is None or not poll.trouble or poll.range is None or poll.range.length <= longest:
            continue
        holes = history.coverage.missing(poll.range.start, min(poll.range.end, poll.at))
        if holes:
            lost = [each for hole in holes for each in history.unseen_in(hole)]
            days = poll.range.length / DAY
            evidence.append(Evidence(f"asked for {days:.4g} days at once, and was {poll.trouble}", (poll,), lost))
    return found(OVER_A_WEEK, evidence)
