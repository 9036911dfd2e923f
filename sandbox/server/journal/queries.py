"""The journal's rows: listed, found, and dropped when there are too many or they are too old.

All but `find_entry_anywhere` are about the workspace that the transaction entered; where none was, about the exchanges
that belong to none.
"""

import re
from typing import NamedTuple

from sqlalchemy import ColumnElement, bindparam, delete, func, or_, select, true

from sandbox.store import Query, Tx
from sandbox.store.sql import contains
from sandbox.store.tables import CONTROL_CALLS, JOURNAL, WORKSPACES, JournalEntryRow
from sandbox.world.errors import UnknownExchange
from sandbox.world.messages.search import MOST_TEXT

ACCEPTED, REFUSED, FAULTED = "accepted", "refused", "faulted"
SLACK = 16
"""Of how many parts of a journal's limit one may be there beyond it."""
BATCH_SIZE = 1000
"""Rows that are dropped together, and the most that may be there beyond the limit: more would hold others up."""

position = JOURNAL.c.position
IN_WORKSPACE = JOURNAL.c.workspace_id == bindparam("ws")
BY_ID = Query(JournalEntryRow, select(JOURNAL).where(IN_WORKSPACE, JOURNAL.c.id == bindparam("id")))
BY_ID_ANYWHERE = Query(JournalEntryRow, select(JOURNAL).where(JOURNAL.c.id == bindparam("id")))
POSITION_OF = Query(int, select(position).where(IN_WORKSPACE, JOURNAL.c.id == bindparam("id")))
NEWEST = Query(int, select(position).where(IN_WORKSPACE).order_by(position.desc()).limit(1))
FIRST = Query(int, select(position).where(IN_WORKSPACE).order_by(position).limit(1))
DELETE_UP_TO = delete(JOURNAL).where(IN_WORKSPACE, position <= bindparam("last"))
DELETE_CALLS_UP_TO = delete(CONTROL_CALLS).where(
    CONTROL_CALLS.c.workspace_id == bindparam("ws"), CONTROL_CALLS.c.position <= bindparam("last")
)
DELETE_ALL = delete(JOURNAL).where(IN_WORKSPACE)
OLDEST_WALL = (
    select(JOURNAL.c.wall)
    .where(JOURNAL.c.workspace_id == WORKSPACES.c.id)
    .order_by(position)
    .limit(1)
    .scalar_subquery()
)
WITH_OLD = Query(int, select(WORKSPACES.c.id).where(bindparam("wall") > OLDEST_WALL))
OLDEST = (
    select(position.label("position"), JOURNAL.c.wall.label("wall"))
    .where(IN_WORKSPACE)
    .order_by(position)
    .limit(BATCH_SIZE)
    .subquery()
)
LAST_OLD = Query(
    int,
    select(OLDEST.c.position).where(OLDEST.c.wall < bindparam("wall")).order_by(OLDEST.c.position.desc()).limit(1),
)


class JournalFilters(NamedTuple):
    """Which entries; a field that is null lets all pass. `message`: a message's number; times are in ms.

    `search_message`: that of the message, if there is one, whose id `search` is.
    """

    operation: str | None = None
    outcome: str | None = None
    status: int | None = None
    message: int | None = None
    findings: str | None = None
    search: str | None = None
    search_message: int | None = None
    since: int | None = None
    until: int | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return those of the fields that are not null."""
        columns = JOURNAL.c
        return [
            true() if self.operation is None else columns.operation == self.operation,
            true() if self.outcome is None else columns.outcome == self.outcome,
            true() if self.status is None else columns.status == self.status,
            true() if self.message is None else contains(columns.messages, f",{self.message},"),
            true() if self.findings is None else contains(columns.levels, self.findings),
            true() if self.search is None else _holds(self.search, self.search_message),
            true() if self.since is None else columns.at >= self.since,
            true() if self.until is None else columns.at <= self.until,
        ]


ALL_ENTRIES = JournalFilters()


def _holds(part: str, message: int | None) -> ColumnElement[bool]:
    """Return whether an entry's id, numbers or text have this part. Its raw bytes are not looked at: they hold more."""
    columns = JOURNAL.c
    folded = part.strip().lower()
    found = [contains(columns.call_text, part.strip())]
    found += [contains(func.lower(column), folded) for column in (columns.id, columns.call_text)]
    digits = re.sub(r"[ ()+.-]", "", part)
    if digits.isdigit():
        found += [contains(column, digits) for column in (columns.call_to, columns.call_from, columns.call_number)]
    if message is not None:
        found.append(contains(columns.messages, f",{message},"))
    return or_(*found)


def list_entries(
    tx: Tx,
    filters: JournalFilters = ALL_ENTRIES,
    *,
    after: str | None = None,
    limit: int,
    newest_first: bool = False,
) -> list[JournalEntryRow]:
    """Return entries in the order in which they were written, or against it; those that come after `after` in it.
    Fewer of long ones.

    `after`: the id of an exchange. One that is no longer there counts as older than all that are.
    """
    conditions = [IN_WORKSPACE, *filters.conditions()]
    if after is not None:
        last = tx.one(POSITION_OF, id=after) or 0
        conditions.append(position < last if newest_first else position > last)
    order = position.desc() if newest_first else position
    query = Query(JournalEntryRow, select(JOURNAL).where(*conditions).order_by(order).limit(limit))
    return tx.all_up_to(query, size_of, MOST_TEXT)


def size_of(entry: JournalEntryRow) -> int:
    """Return how many bytes of bodies an entry has, which is most of it."""
    return len(entry.request_body) + len(entry.response_body)


def list_entries_after(tx: Tx, last: int, limit: int) -> list[JournalEntryRow]:
    """Return the entries behind this position, the oldest first."""
    return tx.all(
        Query(JournalEntryRow, select(JOURNAL).where(IN_WORKSPACE, position > last).order_by(position).limit(limit))
    )


def newest_position(tx: Tx) -> int:
    """Return the position of the newest entry, 0 if there is none."""
    return tx.one(NEWEST) or 0


def find_entry(tx: Tx, exchange_id: str) -> JournalEntryRow:
    """Return the entry of that id; raises `UnknownExchange`."""
    entry = tx.one(BY_ID, id=exchange_id)
    if entry is None:
        raise UnknownExchange("No exchange of this journal has that id: list them with GET journal.")
    return entry


def find_entry_anywhere(tx: Tx, exchange_id: str) -> JournalEntryRow:
    """Return the entry of that id, of whichever workspace or of none; raises `UnknownExchange`."""
    entry = tx.one(BY_ID_ANYWHERE, id=exchange_id)
    if entry is None:
        raise UnknownExchange("No exchange has that id, or its entry is gone: an answer's X-Sandbox-Exchange says it.")
    return entry


def drop_all(tx: Tx) -> int:
    """Empty a journal; return how many entries it had."""
    return tx.execute(DELETE_ALL)


def drop_over(tx: Tx, workspace_id: int, newest: int, limit: int, *, has_calls: bool) -> None:
    """Keep so many entries, up to the newest, and a few more until there are enough to drop. `has_calls`: calls of the
    control API were added too.

    Rows that lie side by side go together: to drop as many as come would rewrite each page of them again and again.
    """
    last = newest - limit - min(limit // SLACK, BATCH_SIZE)
    first = tx.one(FIRST, ws=workspace_id) if last > 0 else None
    if first is not None and first <= last:
        # Of a limit that was lowered some go with each batch.
        last = min(newest - limit, first + 2 * BATCH_SIZE)
        tx.execute(DELETE_UP_TO, ws=workspace_id, last=last)
        has_calls = True
    if has_calls and last > 0:
        tx.execute(DELETE_CALLS_UP_TO, ws=workspace_id, last=last)


def drop_old(tx: Tx, before: int) -> bool:
    """Drop some of what is older than this wall time, in all journals; return whether there may be more."""
    left = BATCH_SIZE
    for workspace_id in tx.all(WITH_OLD, wall=before):
        if left <= 0:
            return True
        last = tx.one(LAST_OLD, ws=workspace_id, wall=before)
        if last is not None:
            left -= tx.execute(DELETE_UP_TO, ws=workspace_id, last=last)
            tx.execute(DELETE_CALLS_UP_TO, ws=workspace_id, last=last)
    return left <= 0
