"""Which shift would have shown records to a window that shows none, because its times were those of another zone?

A clock west of UTC is behind it: what it calls nine is hours later in UTC. So only records that are later than the
window are looked for; what would lie before it, every poller has read already.
"""

from typing import Any

from sqlalchemy import ColumnElement, bindparam

from sandbox.clock import HOUR, MINUTE

HALF_HOUR = 30 * MINUTE
FARTHEST = 12 * HOUR
"""How far a zone's clock is behind UTC at most."""


def is_missed(at: ColumnElement[Any]) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions for a record that a window from `start` until `end` holds once it is shifted.

    `at`: the column of the record's time. The values are those of `bounds`.
    """
    return (
        at >= bindparam("end"),
        at < bindparam("latest"),
        (at - bindparam("start")) % HALF_HOUR < bindparam("length"),
    )


def bounds(start: int, end: int) -> dict[str, int]:
    """Return the values of the conditions, in ms."""
    return {"start": start, "end": end, "latest": end + FARTHEST, "length": end - start}


def shift_for(start: int, end: int, missed: int) -> str:
    """Return by how much the window is to be shifted that it holds a missed record: whole hours, where they do."""
    for step in (HOUR, HALF_HOUR):
        shift = ((missed - end) // step + 1) * step
        if start + shift <= missed and shift <= FARTHEST:
            break
    hours = shift / HOUR
    return "1 hour" if hours == 1 else f"{hours:g} hours"
