"""How does a client read Writeback by date range?"""

import re
from types import NoneType
from typing import get_args
from urllib.parse import unquote

from sandbox.clock import SECOND
from sandbox.vendors.base.range_reads import JournalledCall, RangeRead, RangeWords, TimeRange
from sandbox.vendors.base.refusal import Refusal
from sandbox.vendors.writeback.api import LONGEST, PREFIX, timestamp
from sandbox.vendors.writeback.hints import ZONE_NOTE
from sandbox.vendors.writeback.ids import VENDOR
from sandbox.vendors.writeback.shapes import DELIVERY_WORDS, MessageResult

ENDS = re.compile(re.escape(f"{PREFIX}/api/responses/").encode() + rb"[^/]+/([^/]+)/([^/]+)")


def words(call: JournalledCall) -> RangeWords | None:
    """Return both timestamps of a path."""
    ends = ENDS.fullmatch(call.path)
    return ends and RangeWords(*(unquote(end.decode("latin-1")) for end in ends.groups()))


def range_of(ends: RangeWords, _: str) -> TimeRange:
    """Return the range of rule WB-window, whose last second is in it; raises ValueError."""
    try:
        return TimeRange(timestamp("startTimestamp", ends.start), timestamp("endTimestamp", ends.end) + SECOND)
    except Refusal as refusal:
        raise ValueError(refusal.reason) from None


def swapped(end: str) -> str:
    """Return a timestamp with day and month exchanged."""
    return re.sub(r"^(\d{4})-(\d\d)-(\d\d)", r"\1-\3-\2", end)


def _may_be_null(annotation: object) -> bool:
    return NoneType in get_args(annotation)


RESPONSES = RangeRead(
    operation=f"{VENDOR}.responses",
    owner="console",
    time="record_at",
    words=words,
    range_of=range_of,
    swapped=swapped,
    longest=LONGEST + SECOND,
    visible_outcomes=frozenset(DELIVERY_WORDS),
    zone_note=ZONE_NOTE,
    nullable=frozenset(name for name, field in MessageResult.model_fields.items() if _may_be_null(field.annotation)),
)
