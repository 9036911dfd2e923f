"""Which time was read, and which was not, between the first moment and the last?"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from sandbox.vendors.base.range_reads import TimeRange


class Coverage:
    """A set of times, as ranges that neither touch nor overlap."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def add(self, start: int, end: int) -> None:
        """Take in a range; an empty one adds nothing."""
        if start >= end:
            return
        first = bisect_left(self._ends, start)
        last = bisect_right(self._starts, end)
        if first < last:
            start, end = min(start, self._starts[first]), max(end, self._ends[last - 1])
        self._starts[first:last] = [start]
        self._ends[first:last] = [end]

    @property
    def is_empty(self) -> bool:
        return not self._starts

    def holes(self) -> Iterator[TimeRange]:
        """Yield what lies between the ranges, the earliest first."""
        for end, start in zip(self._ends, self._starts[1:], strict=False):
            yield TimeRange(end, start)

    def missing(self, start: int, end: int) -> list[TimeRange]:
        """Return the parts of a range that are not in it."""
        found = []
        at = start
        for n in range(bisect_right(self._ends, start), len(self._starts)):
            if self._starts[n] >= end:
                break
            if self._starts[n] > at:
                found.append(TimeRange(at, self._starts[n]))
            at = max(at, self._ends[n])
        if at < end:
            found.append(TimeRange(at, end))
        return found
