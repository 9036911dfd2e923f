"""What has one reader read: which results did it see when, and what did it learn by looking again?"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from sandbox.clock import NEVER, SECOND
from sandbox.server.conformance.coverage import Coverage
from sandbox.server.conformance.polls import Poll
from sandbox.server.conformance.records import ResultRow
from sandbox.vendors.base.range_reads import RangeRead, TimeRange


@dataclass(frozen=True, slots=True)
class Result:
    """A message that was there to be read.

    `final_at`: when it takes the status after which the API tells nothing new: `NEVER` if it takes none that the API
    tells, before all times where an API tells no status. `is_known_otherwise`: whether a callback or a call about
    this message alone told that status.
    `is_late`: whether it was put in with a time that had passed.
    """

    id: int
    at: int
    final_at: int
    is_known_otherwise: bool
    is_late: bool


@dataclass(slots=True)
class Sight:
    """When a result was shown, by the numbers of the polls. `final`: when first with its final status."""

    first: int
    last: int
    final: int | None


@dataclass(slots=True)
class Looks:
    """What second looks told.

    `idle`: by poll, how many results had been final already. `waiting`: how many had not. `useful`: how often a final
    status was told. `touching`: what was shown twice because two ranges share one second, as two polls and a result.
    """

    idle: dict[int, int] = field(default_factory=dict)
    waiting: int = 0
    useful: int = 0
    touching: list[tuple[int, int, int]] = field(default_factory=list)


class ReadHistory:
    """One reader's polls, beside what was there."""

    def __init__(self, read: RangeRead, polls: Sequence[Poll], results: Mapping[int, Result]) -> None:
        self.read = read
        self.polls = polls
        self.results = results
        self.done = [poll for poll in polls if poll.is_read]
        self.coverage = Coverage()
        for poll in self.done:
            self.coverage.add(poll.window.start, poll.known_until)
        self.sights: dict[int, Sight] = {}
        self.looks = Looks()
        for poll in self.done:
            for result in self.results_in(poll):
                self._show(poll, result)

    def results_in(self, poll: Poll) -> Iterator[Result]:
        """Yield the results that a poll was shown; where the journal has not kept them all, those of its range."""
        if poll.messages is None:
            yield from self.between(TimeRange(poll.window.start, poll.known_until))
        else:
            yield from (self.results[number] for number in poll.messages if number in self.results)

    @cached_property
    def in_order(self) -> list[Result]:
        """All results, by their time."""
        return sorted(self.results.values(), key=lambda each: (each.at, each.id))

    @cached_property
    def _times(self) -> list[int]:
        return [each.at for each in self.in_order]

    def _show(self, poll: Poll, result: Result) -> None:
        is_final = result.final_at <= poll.at
        sight = self.sights.get(result.id)
        if sight is None:
            self.sights[result.id] = Sight(poll.n, poll.n, poll.n if is_final else None)
            return
        if sight.final is None:
            self.looks.waiting += 1
            if is_final:
                sight.final = poll.n
                self.looks.useful += 1
        elif self._is_touching(self.polls[sight.last], poll, result):
            self.looks.touching.append((sight.last, poll.n, result.id))
        else:
            self.looks.idle[poll.n] = self.looks.idle.get(poll.n, 0) + 1
        sight.last = poll.n

    def _is_touching(self, before: Poll, poll: Poll, result: Result) -> bool:
        shared = poll.window.start
        return (
            not self.read.is_of_days and before.window.end - SECOND == shared and _is_in(result.at, _second_at(shared))
        )

    def between(self, window: TimeRange) -> list[Result]:
        """Return the results of a range, by their time."""
        return self.in_order[bisect_left(self._times, window.start) : bisect_left(self._times, window.end)]

    def unseen_in(self, hole: TimeRange) -> list[Result]:
        """Return the results of a range that no answer showed; none that was put in with a time that had passed."""
        return [each for each in self.between(hole) if each.id not in self.sights and not each.is_late]


def results_of(rows: Sequence[ResultRow], known: Mapping[int, int], read: RangeRead) -> list[Result]:
    """Return rows, in the order of their numbers, as results.

    `known`: when the status of a message was told otherwise at last, by its number.
    """
    latest = 0
    found = []
    for row in rows:
        if row.at is not None:
            final_at = _final_at(row, read)
            found.append(
                Result(
                    id=row.id,
                    at=row.at,
                    final_at=final_at,
                    is_known_otherwise=known.get(row.id, -1) >= final_at,
                    is_late=row.accepted_at < latest,
                )
            )
        latest = max(latest, row.accepted_at)
    return found


def _final_at(row: ResultRow, read: RangeRead) -> int:
    if not read.visible_outcomes:
        return 0
    return row.settled_at if row.settled_at is not None and row.outcome in read.visible_outcomes else NEVER


def _second_at(start: int) -> TimeRange:
    return TimeRange(start, start + SECOND)


def _is_in(at: int, window: TimeRange) -> bool:
    return window.start <= at < window.end
