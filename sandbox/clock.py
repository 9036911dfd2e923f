"""The one owner of time: whole milliseconds since 1970, in UTC."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from threading import Lock

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
LATEST = 253_370_764_799_999
"""The last moment of 9998, where every workspace's clock stops: what lies ahead of it then can still be written."""
SLOWEST, FASTEST = 0.001, 86_400
"""How many seconds of a running clock may go by in one of wall time; what is slower meets the end of floating point."""
LAST_WRITTEN = 253_402_300_799_999
"""The last moment of 9999: after it there are no dates."""
NEVER = 2**62
"""Later than every time there is."""


NS_IN_MS = 1_000_000


def wall_clock() -> int:
    """Return wall time in ms."""
    return time.time_ns() // NS_IN_MS


class SteadyClock:
    """Wall time in ms that never goes back: when the machine's clock steps back, it goes on as time passes.

    It follows the machine's clock forward, after a sleep too, and is as late again once that has caught up.
    """

    def __init__(self, wall: Callable[[], int] = wall_clock, passed: Callable[[], int] | None = None) -> None:
        """`passed`: nanoseconds since any moment, which nobody sets; none: as far as `wall` goes forward by itself."""
        self._wall = wall
        self._passed = passed or (time.monotonic_ns if wall is wall_clock else None)
        self._lock = Lock()
        self._last = 0
        """In nanoseconds, since readings that are cut would add up."""
        self._last_passed: int | None = None
        self.lead = 0
        """How far it was ahead of the machine's clock when it was read last, in ms."""

    def __call__(self, no_earlier_than: int = 0) -> int:
        """Return what it reads; from here on, that is at least so much."""
        with self._lock:
            wall = self._wall()
            # After the other one: what passes in between makes it late for a moment, and not early for ever.
            passed = wall * NS_IN_MS if self._passed is None else self._passed()
            if self._last_passed is not None:
                self._last += max(0, passed - self._last_passed)
            self._last_passed = passed
            self._last = max(self._last, wall * NS_IN_MS, no_earlier_than * NS_IN_MS)
            read = self._last // NS_IN_MS
            self.lead = read - wall
            return read


def utc(at: int) -> datetime:
    """Return a moment as an aware datetime, cut to the second; for one that has no date, the last one that has."""
    return datetime.fromtimestamp(min(at, LAST_WRITTEN) // SECOND, UTC)


@lru_cache(maxsize=4096)
def written(second: int, layout: str) -> str:
    """Return a second since 1970 as strftime writes it. Cached, since one second's messages ask again and again."""
    return utc(second * SECOND).strftime(layout)


def milliseconds(moment: datetime) -> int:
    """Return an aware datetime in ms, cut to the millisecond."""
    return int(moment.replace(microsecond=0).timestamp()) * SECOND + moment.microsecond // 1000


def rfc3339(at: int) -> str:
    """Return `2026-05-06T21:00:00.000Z`."""
    return f"{utc(at):%Y-%m-%dT%H:%M:%S}.{at % SECOND:03d}Z"
