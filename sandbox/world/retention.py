"""Which messages and callbacks are too many, or too old, and go by themselves?

Old by the wall: a workspace's clock may stand, or be years ahead, and how long a server keeps things is a matter of its
own days. A message only tells what the workspace's clock read. So it is noted from time to time how far the numbers had
come: what is numbered up to there is at least as old as the note. After a reset all is young again.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Delete, Table, and_, bindparam, delete, func, or_, select, true

from sandbox.store import Query, Tx
from sandbox.store.tables import AGE_MARKS, CALLBACKS, COUNTERS, MESSAGES, WORKSPACES, AgeMarkRow
from sandbox.store.workspace_view import IS_VISIBLE
from sandbox.world.callbacks.states import DELIVERED, GIVEN_UP
from sandbox.world.messages.remove import remove_these

BATCH_SIZE = 300
"""Messages or callbacks that go in one transaction."""
MARKS = 100
"""Notes in the time for which something is kept: it goes late by a hundredth of that, at most."""


class Kept(NamedTuple):
    """How many of the last ones each workspace keeps, and how long, in ms; null is all of them, and for ever."""

    most: int | None = None
    age: int | None = None


class Retention(NamedTuple):
    """What is kept of each workspace. Callbacks go when they were delivered or given up; the others stay."""

    messages: Kept = Kept()
    callbacks: Kept = Kept()

    @property
    def is_on(self) -> bool:
        """Whether anything goes by itself."""
        return any(part is not None for kept in self for part in kept)


# What may go ---------------------------------------------------------------------------------------------------------

ROWS = WORKSPACES.c.world
"""The number under which a workspace's rows are."""
BEFORE = AGE_MARKS.c.wall <= bindparam("before")
DROP_CALLBACKS = delete(CALLBACKS).where(
    CALLBACKS.c.workspace_id == bindparam("ws"), CALLBACKS.c.id.in_(bindparam("gone", expanding=True))
)


class Kind(NamedTuple):
    """Something that is kept for a while. `name`: its counter's.

    Queries for workspaces: `with_too_many` (more than `:most`), `with_old` (from `:before`), `without_mark` (of what
    came since `:before`). For a workspace: `last_old`, the last number from `:before`; `is_marked`, whether it needs no
    mark; and `oldest`, the first numbers up to `:last` that may go. `remove` takes those out.
    """

    name: str
    with_too_many: Query[int]
    with_old: Query[int]
    without_mark: Query[int]
    last_old: Query[int]
    is_marked: Query[int]
    oldest: Query[int]
    drop_marks: Delete
    remove: Callable[[Tx, list[int]], object]


def _kind(
    name: str, table: Table, is_done: ColumnElement[bool], is_past: ColumnElement[bool], remove: Callable[..., object]
) -> Kind:
    """Return a kind. `is_done`: whether a row may go at all; `is_past`: whether it may by its workspace's clock."""
    marks = AGE_MARKS.c.kind == name
    counted = select(WORKSPACES.c.id).join(COUNTERS, COUNTERS.c.workspace_id == ROWS)
    counted = counted.where(IS_VISIBLE, COUNTERS.c.kind == name)
    is_enough = or_(AGE_MARKS.c.n >= COUNTERS.c.n, AGE_MARKS.c.wall > bindparam("before"))

    def has_any(last: ColumnElement[Any]) -> ColumnElement[bool]:
        return select(table.c.id).where(table.c.workspace_id == ROWS, table.c.id <= last, is_done).exists()

    return Kind(
        name,
        with_too_many=Query(int, counted.where(has_any(COUNTERS.c.n - bindparam("most")))),
        with_old=Query(
            int,
            select(WORKSPACES.c.id)
            .join(AGE_MARKS, AGE_MARKS.c.workspace_id == ROWS)
            .where(IS_VISIBLE, marks, BEFORE, has_any(AGE_MARKS.c.n)),
        ),
        without_mark=Query(
            int,
            counted.where(~select(AGE_MARKS.c.n).where(marks, AGE_MARKS.c.workspace_id == ROWS, is_enough).exists()),
        ),
        last_old=Query(
            int, select(func.max(AGE_MARKS.c.n)).where(marks, BEFORE, AGE_MARKS.c.workspace_id == bindparam("ws"))
        ),
        is_marked=Query(
            int,
            select(AGE_MARKS.c.n)
            .join(COUNTERS, and_(COUNTERS.c.workspace_id == AGE_MARKS.c.workspace_id, COUNTERS.c.kind == name))
            .where(marks, AGE_MARKS.c.workspace_id == bindparam("ws"), is_enough)
            .limit(1),
        ),
        oldest=Query(
            int,
            select(table.c.id)
            .where(table.c.workspace_id == bindparam("ws"), table.c.id <= bindparam("last"), is_done, is_past)
            .order_by(table.c.id)
            .limit(BATCH_SIZE),
        ),
        drop_marks=delete(AGE_MARKS).where(
            marks, AGE_MARKS.c.workspace_id == bindparam("ws"), AGE_MARKS.c.n < bindparam("last")
        ),
        remove=remove,
    )


KINDS = (
    _kind("message", MESSAGES, true(), true(), remove_these),
    _kind(
        "callback",
        CALLBACKS,
        CALLBACKS.c.state.in_((DELIVERED, GIVEN_UP)),
        CALLBACKS.c.due_at <= bindparam("now"),  # one that is lost is told when it falls due
        lambda tx, numbers: tx.execute(DROP_CALLBACKS, gone=numbers),
    ),
)

# What goes -----------------------------------------------------------------------------------------------------------


def places_to_trim(tx: Tx, retention: Retention) -> list[int]:
    """Return the workspaces where something goes, or where it is to be noted how far the numbers have come."""
    found: set[int] = set()
    for kind, kept in zip(KINDS, retention, strict=True):
        if kept.most is not None:
            found.update(tx.all(kind.with_too_many, most=kept.most))
        if kept.age is not None:
            found.update(tx.all(kind.with_old, before=tx.wall - kept.age))
            found.update(tx.all(kind.without_mark, before=tx.wall - kept.age // MARKS))
    return sorted(found)


def trim(tx: Tx, retention: Retention) -> bool:
    """Take some of what is to go out of the entered workspace; return whether there may be more."""
    have_more = [_trim(tx, kind, kept) for kind, kept in zip(KINDS, retention, strict=True)]
    return any(have_more)


def _trim(tx: Tx, kind: Kind, kept: Kept) -> bool:
    last = 0 if kept.most is None else tx.count_of(kind.name) - kept.most
    if kept.age is not None:
        old = tx.one(kind.last_old, before=tx.wall - kept.age) or 0
        tx.execute(kind.drop_marks, last=old)
        if not tx.exists(kind.is_marked, before=tx.wall - kept.age // MARKS):
            tx.add_unless_taken(AgeMarkRow(workspace_id=tx.ws, kind=kind.name, wall=tx.wall, n=tx.count_of(kind.name)))
        last = max(last, old)
    numbers = tx.all(kind.oldest, last=last, now=tx.now) if last > 0 else []
    if numbers:
        kind.remove(tx, numbers)
    return len(numbers) == BATCH_SIZE
