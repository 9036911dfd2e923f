"""Which time zones are there, when does a day begin in one of them, and what does its clock read?"""

from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from functools import cache, lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from sandbox.clock import LAST_WRITTEN, SECOND, milliseconds, utc, written
from sandbox.world.errors import UnknownZone

DEFAULT_ZONE = "UTC"
ONE_DAY = timedelta(days=1)


@cache
def zone_names() -> frozenset[str]:
    """Return those of the IANA database: the same on every machine, as they come with the package tzdata."""
    return frozenset(files("tzdata").joinpath("zones").read_text("utf-8").split())


def zone_name(name: str) -> str:
    """Return the name of a zone as it is. Raises `UnknownZone` with the one that may have been meant."""
    if name in zone_names():
        return name
    by_lower = {each.lower(): each for each in zone_names()}
    close = get_close_matches(name[:60].lower(), by_lower, n=1, cutoff=0.8)
    question = f": did you mean {by_lower[close[0]]}?" if close else ""
    raise UnknownZone(f"must be the IANA name of a time zone, as America/Chicago{question}")


def span_of_days(zone: str, first: date, last: date) -> tuple[int, int]:
    """Return when the first day begins and when the last one is over, in ms."""
    return day_start(zone, first), LAST_WRITTEN + 1 if last == date.max else day_start(zone, last + ONE_DAY)


def day_start(zone: str, day: date) -> int:
    """Return when a day begins in a zone, in ms; where no clock reads midnight, when the clock skips it."""
    tz = UTC if zone == DEFAULT_ZONE else ZoneInfo(zone)
    return milliseconds(datetime(day.year, day.month, day.day, tzinfo=tz))


def local_time(zone: str, at: int, layout: str) -> str:
    """Return what a zone's clock reads at a moment, cut to the second, as strftime writes it."""
    return written(at // SECOND, layout) if zone == DEFAULT_ZONE else _local(zone, at // SECOND, layout)


@lru_cache(maxsize=4096)
def _local(zone: str, second: int, layout: str) -> str:
    moment = utc(second * SECOND)
    try:
        return moment.astimezone(ZoneInfo(zone)).strftime(layout)
    except OverflowError:
        return moment.strftime(layout)  # the last hours of 9999, which are of no year in that zone
