"""What did a reader not learn, or learn twice?"""

from collections.abc import Sequence
from itertools import pairwise

from sandbox.clock import NEVER, SECOND, rfc3339
from sandbox.server.conformance.evidence import Evidence, PollerMistake, found
from sandbox.server.conformance.history import ReadHistory, Result, Sight
from sandbox.server.conformance.poller_kinds import NEVER_READ, OVERLAP, READ_TWICE, READ_UNSETTLED
from sandbox.server.conformance.polls import Poll
from sandbox.vendors.base.range_reads import TimeRange
from sandbox.world.ids import message_id

PATIENCE = 2
"""How many times as long as the longest wait for a second look a reader is given for further ones."""
HABIT = 0.25
"""The part of a reader's ranges from which on it is no chance what they have in common."""
IDLE_POLLS, IDLE_RESULTS = 3, 5
"""Second looks that told nothing, before they are called useless."""


def never_read(history: ReadHistory, causes: Sequence[PollerMistake]) -> list[PollerMistake]:
    """Return what lies in time that the other findings say was left out, or in all the time if nothing was read."""
    if history.coverage.is_empty:
        return _nothing_read(history)
    evidence = [
        Evidence(shown.detail, shown.polls, shown.results)
        for cause in causes
        for shown in cause.evidence
        if shown.results
    ]
    return found(NEVER_READ, evidence)


def _nothing_read(history: ReadHistory) -> list[PollerMistake]:
    """Judge who called more than once, and was never shown anything."""
    first, last = history.polls[0], history.polls[-1]
    lost = history.unseen_in(TimeRange(first.at, last.at))
    asked = [poll.range.start for poll in history.polls if poll.range is not None and poll.range.start < poll.at]
    if asked:
        lost = history.unseen_in(TimeRange(min(asked), last.at))
    if not lost:
        return []
    troubles = sorted({poll.trouble or "for a time that was still to come" for poll in history.polls})
    detail = f"{len(history.polls)} calls, and none of them read anything that was there: {', '.join(troubles)}"
    return found(NEVER_READ, [Evidence(detail, (first, last), lost)])


def read_unsettled(history: ReadHistory, now: int) -> list[PollerMistake]:
    """Return what had no final status when it was last shown, and got one which nothing told the client."""
    if not history.done:
        return []
    last = history.done[-1]
    patience = PATIENCE * _longest_wait(history)
    evidence = []
    for number, sight in history.sights.items():
        result = history.results[number]
        is_missed = sight.final is None and not result.is_known_otherwise and result.final_at <= min(now, last.at)
        if is_missed and last.at - result.final_at >= patience and last.window.start > result.at:
            evidence.append(_late_status(history, result, sight))
    return found(READ_UNSETTLED, evidence)


def _longest_wait(history: ReadHistory) -> int:
    """Return how long at most it took from a late status to the look that showed it."""
    waits = [
        history.polls[sight.final].at - history.results[number].final_at
        for number, sight in history.sights.items()
        if sight.final is not None and sight.final != sight.first
    ]
    return max(waits, default=0)


def _late_status(history: ReadHistory, result: Result, sight: Sight) -> Evidence:
    poll = history.polls[sight.last]
    detail = f"{message_id(result.id)} settled at {rfc3339(result.final_at)}, and was last shown at {rfc3339(poll.at)}"
    return Evidence(detail, (poll,), (result,))


def read_twice(history: ReadHistory) -> list[PollerMistake]:
    """Return what was shown twice because a range begins with the second with which the one before ended.

    One that does so now and then does it by chance: it looks back for other reasons.
    """
    pairs = [*pairwise(history.done)]
    sharing = sum(before.window.end - SECOND == after.window.start for before, after in pairs)
    if sharing < HABIT * len(pairs):
        return []
    evidence = []
    for before, after, number in history.looks.touching:
        one, other = history.polls[before], history.polls[after]
        detail = f"{message_id(number)} lies in the second that ends one range and begins the next"
        evidence.append(Evidence(detail, (one, other), (history.results[number],)))
    return found(READ_TWICE, evidence)


def overlap(history: ReadHistory) -> list[PollerMistake]:
    """Return that second looks were of no use: nothing that they showed could still change."""
    looks = history.looks
    is_useless = not looks.waiting and not looks.useful
    is_often = len(looks.idle) >= IDLE_POLLS and sum(looks.idle.values()) >= IDLE_RESULTS
    if history.read.is_of_days or not (is_useless and is_often) or _reaches_back_for_late_ones(history):
        return []
    return found(
        OVERLAP,
        [
            Evidence(f"showed {count} results again that had settled before", (history.polls[n],))
            for n, count in looks.idle.items()
        ],
    )


def _reaches_back_for_late_ones(history: ReadHistory) -> bool:
    """Return whether a look back found a result that was not there when its time was read first."""
    known = 0
    for poll in history.done:
        news = [each for each in history.results_in(poll) if history.sights[each.id].first == poll.n]
        if any(each.at < known for each in news):
            return True
        known = max(known, poll.known_until)
    return False


def delays_of_results(history: ReadHistory) -> list[int]:
    """Return how long it took from each result that came while the reader called to the look that showed it."""
    if not history.polls:
        return []
    began = history.polls[0].at
    return [
        history.polls[sight.first].at - history.results[number].at
        for number, sight in history.sights.items()
        if history.results[number].at >= began
    ]


def delays_of_statuses(history: ReadHistory) -> list[int]:
    """Return how long it took from each final status that came while the reader called to the look that showed it."""
    if not history.polls:
        return []
    began = history.polls[0].at
    return [
        history.polls[sight.final].at - history.results[number].final_at
        for number, sight in history.sights.items()
        if sight.final is not None and began <= history.results[number].final_at < NEVER
    ]


def calls_per_result(polls: Sequence[Poll], results: int) -> float | None:
    """Return how many calls it took for each result; None where there was none."""
    return round(len(polls) / results, 2) if results else None
