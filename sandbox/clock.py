"""The one owner of time: whole milliseconds since 1970, in UTC."""

import time
from datetime import UTC, datetime
from functools import lru_cache

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
LATEST = 253_370_764_799_999
"""The last moment of 9998, where every workspace's clock stops: what lies ahead of it then can still be written."""
LAST_WRITTEN = 253_402_300_799_999
"""The last moment of 9999: after it there are no dates."""
NEVER = 2**62
"""Later than every time there is."""


def wall_clock() -> int:
    """Return wall time in ms."""
    return time.time_ns() // 1_000_000


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
