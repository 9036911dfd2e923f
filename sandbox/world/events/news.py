"""What is new in a workspace since a cursor, page by page?"""

from collections.abc import Sequence
from operator import itemgetter
from typing import NamedTuple

from sqlalchemy import bindparam, literal, select

from sandbox.clock import NEVER
from sandbox.store import Query, Tx
from sandbox.store.tables import CHANGES, JOURNAL, ChangeRow, JournalEntryRow
from sandbox.world.events.cursors import Bound, Cursor, Positions, cursor_now, is_known, parse_cursor, positions
from sandbox.world.events.kinds import EXCHANGE, GAP, RESET, WorkspaceEvent
from sandbox.world.events.span import Span
from sandbox.world.events.steps import DueStep, steps_due

PRUNED = "More has happened since than is kept; the oldest that is kept comes next. List what you need to know."
NOT_KNOWN = "What came after that id is not known here any more; what happens from now on follows."


class News(NamedTuple):
    """What happened, and the cursor of one who was told it; `is_all`: there is no more at this moment."""

    events: list[WorkspaceEvent]
    cursor: Cursor
    is_all: bool


_of_workspace = CHANGES.c.workspace_id == bindparam("ws")
FACTS = Query(
    ChangeRow,
    select(CHANGES)
    .where(_of_workspace, CHANGES.c.position > bindparam("after"), CHANGES.c.position <= bindparam("last"))
    .order_by(CHANGES.c.position)
    .limit(bindparam("limit")),
)
LAST_RESET = Query(
    ChangeRow,
    select(CHANGES).where(_of_workspace, CHANGES.c.kind == RESET).order_by(CHANGES.c.position.desc()).limit(1),
)
# Without what can be long, which the journal has.
_LEFT_OUT = {"request_headers": "[]", "response_headers": "[]", "request_body": b"", "response_body": b""}
EXCHANGES = Query(
    JournalEntryRow,
    select(*(literal(_LEFT_OUT[c.name]).label(c.name) if c.name in _LEFT_OUT else c for c in JOURNAL.c))
    .where(JOURNAL.c.workspace_id == bindparam("ws"), JOURNAL.c.position > bindparam("after"))
    .order_by(JOURNAL.c.position)
    .limit(bindparam("limit")),
)


def begin(tx: Tx, last_event_id: str | None) -> News:
    """Return the cursor of one who has seen that event; that of this moment if there is none or it is not known."""
    if not last_event_id:
        return News([], cursor_now(tx), is_all=True)
    cursor = parse_cursor(tx, last_event_id)
    if cursor is None or not is_known(tx, cursor, positions(tx)):
        return unknown(tx)
    return News([], cursor, is_all=False)


def news(tx: Tx, cursor: Cursor, limit: int) -> News:
    """Return a page of what happened since: at most so many facts, planned steps and exchanges."""
    last = positions(tx)
    if not is_known(tx, cursor, last):
        return unknown(tx)
    if cursor.epoch < tx.workspace.epoch:
        return _after_reset(tx, last)
    if cursor.end is not None:
        return _rest_of_page(tx, cursor, cursor.end, last)
    facts = tx.all(FACTS, after=cursor.start.position, last=last.change, limit=limit + 1)
    gap = _gap(cursor, facts, last)
    if gap:
        cursor = gap[0].cursor
    if len(facts) > limit:
        # While there are more facts than fit, the clock stands still for the reader.
        end = cursor.start._replace(position=facts[limit - 1].position)
        return News(gap + _events_of_page(tx, cursor, end, facts[:limit], [], last), _at(cursor, end), is_all=False)
    now = max(tx.now, cursor.start.clock)
    steps = steps_due(tx, cursor.start, now, limit + 1)
    if len(steps) > limit:
        end = Bound(last.change, *steps[limit - 1])
        return News(gap + _events_of_page(tx, cursor, end, facts, steps[:limit], last), _at(cursor, end), is_all=False)
    end = Bound(last.change, now, 0)
    found = gap + _events_of_page(tx, cursor, end, facts, steps, last)
    exchanges = _exchanges(tx, _at(cursor, end), limit)
    cursor = exchanges[-1].cursor if exchanges else _at(cursor, end)
    return News(found + exchanges, cursor, is_all=len(exchanges) < limit)


def unknown(tx: Tx) -> News:
    """Return the gap of one whose cursor is none; what happens from now on is told."""
    cursor = cursor_now(tx)
    return News([WorkspaceEvent(GAP, cursor, detail=NOT_KNOWN)], cursor, is_all=True)


def _after_reset(tx: Tx, last: Positions) -> News:
    """Return the reset, and the cursor of one who knows the workspace as it was right after it."""
    epoch, reset = tx.workspace.epoch, tx.one(LAST_RESET)
    if reset is not None:
        cursor = Cursor(epoch, Bound(reset.position, reset.at, 0), 0)
        return News([WorkspaceEvent(RESET, cursor)], cursor, is_all=False)
    cursor = Cursor(epoch, Bound(last.change, tx.now, 0), 0)
    return News([WorkspaceEvent(RESET, cursor), WorkspaceEvent(GAP, cursor, detail=NOT_KNOWN)], cursor, is_all=False)


def _rest_of_page(tx: Tx, cursor: Cursor, end: Bound, last: Positions) -> News:
    """Return what comes after an event in the midst of a page, which ends where it did."""
    facts = tx.all(FACTS, after=cursor.start.position, last=end.position, limit=NEVER)
    gap = _gap(cursor, facts, last._replace(change=end.position))
    if gap:
        cursor = cursor._replace(start=gap[0].cursor.start)
    steps = [step for step in steps_due(tx, cursor.start, end.clock, NEVER) if end.has_come(*step)]
    return News(gap + _events_of_page(tx, cursor, end, facts, steps, last), _at(cursor, end), is_all=False)


def _gap(cursor: Cursor, facts: Sequence[ChangeRow], last: Positions) -> list[WorkspaceEvent]:
    """Return what says that changes were pruned which the cursor's owner was not told: their positions are missing."""
    oldest = facts[0].position if facts else last.change + 1
    missed = oldest - 1 - cursor.start.position
    if not missed:
        return []
    after = Cursor(cursor.epoch, cursor.start._replace(position=oldest - 1), cursor.journal)
    return [WorkspaceEvent(GAP, after, missed=missed, detail=PRUNED)]


def _at(cursor: Cursor, end: Bound) -> Cursor:
    return Cursor(cursor.epoch, end, cursor.journal)


def _events_of_page(
    tx: Tx, cursor: Cursor, end: Bound, facts: Sequence[ChangeRow], steps: Sequence[DueStep], last: Positions
) -> list[WorkspaceEvent]:
    """Return the events of a page from the cursor to that end, but for those that the cursor's owner was told."""
    if not facts and not steps:
        return []
    span = Span(tx, cursor.start, end, facts, steps, is_last=end.position == last.change)
    keyed = sorted(((key, event) for key, event in span.events(cursor) if key > cursor.last_key), key=itemgetter(0))
    midst = [event._replace(cursor=cursor._replace(end=end, last_key=key)) for key, event in keyed[:-1]]
    return midst + [event._replace(cursor=_at(cursor, end)) for _, event in keyed[-1:]]


def _exchanges(tx: Tx, cursor: Cursor, limit: int) -> list[WorkspaceEvent]:
    entries = tx.all(EXCHANGES, after=cursor.journal, limit=limit)
    return [WorkspaceEvent(EXCHANGE, cursor._replace(journal=entry.position), exchange=entry) for entry in entries]
