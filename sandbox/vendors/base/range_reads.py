"""How does a client read an API by date range, as the journal's entries show it?"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple


class JournalledCall(NamedTuple):
    """What is left of a request when its secrets were taken out."""

    path: bytes
    query: bytes
    content_type: bytes
    body: bytes


class RangeWords(NamedTuple):
    """Both ends of a range as a caller wrote them."""

    start: str
    end: str


class TimeRange(NamedTuple):
    """From `start` until `end`, which is not in it, in ms."""

    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start


@dataclass(frozen=True, kw_only=True)
class RangeRead:
    """An operation that shows what there was in a range of time.

    `operation`: as the journal names it. `owner`: `console` or `account`, whose messages it shows. `time`: the column
    of a message by which it finds them. `words`: the ends that a call wrote, None where it wrote none. `range_of`:
    these as times in a zone; raises ValueError. `swapped`: a text of an end with its day and its month exchanged.
    `longest`: the longest range that it takes, in ms. `is_of_days`: whether the ends are days. `visible_outcomes`:
    those that it tells from a message that has not settled. `nullable`: the fields of a result that may be null.
    `zone_note`: how a finding begins that only supposes another zone.
    """

    operation: str
    owner: str
    time: str
    words: Callable[[JournalledCall], RangeWords | None]
    range_of: Callable[[RangeWords, str], TimeRange]
    swapped: Callable[[str], str]
    longest: int | None = None
    is_of_days: bool = False
    visible_outcomes: frozenset[str] = frozenset()
    nullable: frozenset[str] = frozenset()
    zone_note: str
