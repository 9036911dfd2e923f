"""When can a rehearsal begin, and what is special about its days?"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
MOST_DAYS = 14
STARTS = {
    "spring": datetime(2028, 2, 28, tzinfo=UTC),
    "autumn": datetime(2028, 10, 25, tzinfo=UTC),
    "new-year": datetime(2027, 12, 23, tzinfo=UTC),
}
"""A leap day, a month's end, and clocks that go forward; clocks that go back, in Europe, then America; a year's end."""
DEFAULT_START = "spring"
CHANGING_ZONES = ("America/Chicago", "Europe/Berlin")
"""Where clients are likely to run that count in local time."""


def next_midnight(at: datetime) -> datetime:
    """Return the first midnight in UTC from a time on."""
    at = at.astimezone(UTC)
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight if midnight == at else midnight + DAY


def remarks_on(day: datetime, zones: Iterable[str] = CHANGING_ZONES) -> list[str]:
    """Return what is special about the day that begins then. `zones`: whose changes of the clock count."""
    found = ["leap day"] if (day.month, day.day) == (2, 29) else []
    end = day + DAY
    if end.year != day.year:
        found.append("the year ends")
    elif end.month != day.month:
        found.append("the month ends")
    return [*found, *clock_changes(day, zones)]


def clock_changes(day: datetime, zones: Iterable[str] = CHANGING_ZONES) -> list[str]:
    """Return in which zones summer time begins or ends on the day that begins then."""
    found = []
    for name in dict.fromkeys(zones):
        before, after = (at.astimezone(ZoneInfo(name)).utcoffset() for at in (day, day + DAY))
        if before is not None and after is not None and before != after:
            found.append(f"clocks go {'forward' if after > before else 'back'} in {name}")
    return found
