"""How does a client read DialogTech by date range?"""

import re
from contextlib import suppress
from datetime import date
from functools import lru_cache

from sandbox.vendors.base import forms
from sandbox.vendors.base.range_reads import JournalledCall, RangeRead, RangeWords, TimeRange
from sandbox.vendors.dialogtech.hints import ZONE_NOTE
from sandbox.vendors.dialogtech.ids import VENDOR
from sandbox.vendors.dialogtech.messages import ACTION
from sandbox.vendors.dialogtech.shapes import DATE
from sandbox.world.zones import span_of_days


@lru_cache(maxsize=256)  # who reads by days sends the same again and again
def words(call: JournalledCall) -> RangeWords | None:
    """Return both dates of a query string or form."""
    fields: forms.Fields = {}
    with suppress(forms.UnreadableForm):
        fields |= forms.urlencoded(call.query)
        fields |= forms.form(call.content_type, call.body)
    start, end = fields.get("start_date"), fields.get("end_date")
    return RangeWords(start, end) if start and end else None


def range_of(ends: RangeWords, zone: str) -> TimeRange:
    """Return the range of rule DT-dates; raises ValueError."""
    return TimeRange(*_span(ends.start, ends.end, zone))


@lru_cache(maxsize=256)
def _span(start: str, end: str, zone: str) -> tuple[int, int]:
    return span_of_days(zone, _day(start), _day(end))


def _day(written: str) -> date:
    parts = DATE.fullmatch(written)
    if parts is None:
        raise ValueError(written)
    year, month, day = map(int, parts.groups())
    return date(year, month, day)


def swapped(end: str) -> str:
    """Return a date with day and month exchanged."""
    return re.sub(r"^(\d{4})(\d\d)(\d\d)$", r"\1\3\2", end)


GET_MESSAGES = RangeRead(
    operation=f"{VENDOR}.{ACTION}",
    owner="account",
    time="accepted_at",
    words=words,
    range_of=range_of,
    swapped=swapped,
    is_of_days=True,
    zone_note=ZONE_NOTE,
)
