"""What was a reader told? A cursor says so; written down, it is an event's id."""

from typing import NamedTuple

from sqlalchemy import bindparam, select

from sandbox.store import Query, Tx
from sandbox.store.tables import WORKSPACES

MOST_DIGITS = 17

Key = tuple[int, int, int, int, int]
"""Events of a page are told by how many turns of the clock came before, then by time, message, entry of its timeline,
and callback."""
FIRST_KEY: Key = (0, 0, 0, 0, 0)


class Bound(NamedTuple):
    """Up to where something was told: facts by their position, what was planned by its time.

    `tie`: of what was planned for exactly `clock`, the number of the last message whose was told; 0: all of it was.
    """

    position: int
    clock: int
    tie: int

    def has_come(self, at: int, message_id: int) -> bool:
        """Return whether it includes what a plan of that message has for that time."""
        return at < self.clock or (at == self.clock and (not self.tie or message_id <= self.tie))


class Cursor(NamedTuple):
    """What a reader was told: all up to `start` and up to the journal's position, in an epoch of the workspace.

    `end` and `last_key`: in the midst of a page, where that ends and the key of the last event of it that was told.
    """

    epoch: int
    start: Bound
    journal: int
    end: Bound | None = None
    last_key: Key = FIRST_KEY

    def written(self, workspace_key: str) -> str:
        """Return an event's id: nothing for a client to understand, and nothing that another workspace takes."""
        numbers = [self.epoch, *self.start, self.journal]
        if self.end is not None:
            numbers += [*self.end, *self.last_key]
        return "-".join((workspace_key, *map(str, numbers)))


class Positions(NamedTuple):
    """Of the newest fact and the newest exchange; 0: there is none."""

    change: int
    journal: int


POSITIONS = Query(
    Positions,
    select(WORKSPACES.c.change_position, WORKSPACES.c.journal_position).where(WORKSPACES.c.id == bindparam("own")),
)


def cursor_now(tx: Tx) -> Cursor:
    """Return the cursor of one who wants to be told what happens from now on."""
    last = positions(tx)
    return Cursor(tx.workspace.epoch, Bound(last.change, tx.now, 0), last.journal)


def parse_cursor(tx: Tx, written: str) -> Cursor | None:
    """Return the cursor that an event's id is; None for what is none of this workspace."""
    key, *parts = written.split("-")
    if key != tx.workspace.key or not all(map(_is_number, parts)):
        return None
    match [int(part) for part in parts]:
        case [epoch, position, clock, tie, journal]:
            return Cursor(epoch, Bound(position, clock, tie), journal)
        case [epoch, position, clock, tie, journal, last, end, end_tie, turns, at, message, entry, callback]:
            start, last_key = Bound(position, clock, tie), (turns, at, message, entry, callback)
            return Cursor(epoch, start, journal, Bound(last, end, end_tie), last_key)
    return None


def _is_number(part: str) -> bool:
    return part.isascii() and part.isdigit() and len(part) <= MOST_DIGITS


def positions(tx: Tx) -> Positions:
    """Return how far the workspace has come."""
    return tx.one(POSITIONS, own=tx.workspace.id) or Positions(0, 0)


def is_known(tx: Tx, cursor: Cursor, last: Positions) -> bool:
    """Return whether a cursor is not ahead of what there is, as one is of a database that is gone."""
    end = cursor.end or cursor.start
    is_behind = cursor.start.position <= end.position <= last.change and cursor.journal <= last.journal
    return cursor.epoch <= tx.workspace.epoch and is_behind
