"""How much is there on the whole server? Counted a page of rows at a time, so that others are served between."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Column, ColumnElement, Table, bindparam, func, literal, or_, select, tuple_

from sandbox.store import Query, Store, Tx, serve_others
from sandbox.store.tables import CALLBACKS, COUNTERS, JOURNAL, WORKSPACES
from sandbox.store.workspace_view import IS_VISIBLE, SERVER
from sandbox.world import limits
from sandbox.world.callbacks.states import STATES

ROWS_AT_ONCE = 5_000
WORLDS = select(WORKSPACES.c.world).where(IS_VISIBLE, limits.IS_NOT_OVER)
"""Under which numbers the rows of workspaces are, but for hidden ones and those whose time is over."""


class CountedKind(NamedTuple):
    """A part of what is counted."""

    kind: str
    n: int


class RowKey(NamedTuple):
    """Where a page of rows ends."""

    workspace_id: int
    number: int


class Totals(NamedTuple):
    """What the workspaces have together. `callbacks`: by state."""

    workspaces: int
    messages: int
    callbacks: dict[str, int]
    exchanges: int


MESSAGE_COUNTS = Query(
    CountedKind,
    select(COUNTERS.c.kind, func.sum(COUNTERS.c.n))
    .where(COUNTERS.c.kind.in_((limits.MESSAGE, limits.REMOVED)), COUNTERS.c.workspace_id.in_(WORLDS))
    .group_by(COUNTERS.c.kind),
)


class PagedCount:
    """Counts the rows of a table by `kind`, in the order of their key: workspace and `number`."""

    def __init__(
        self,
        table: Table,
        number: "Column[Any]",
        kind: "ColumnElement[str]",
        *,
        with_nobodys: bool,
        rows: int = ROWS_AT_ONCE,
    ) -> None:
        key = (table.c.workspace_id, number)
        is_behind = tuple_(*key) > tuple_(bindparam("after_ws"), bindparam("after"))
        self._end = Query(RowKey, select(*key).where(is_behind).order_by(*key).limit(1).offset(rows - 1))
        page = select(*key, kind.label("kind")).where(is_behind).order_by(*key).limit(rows).subquery()
        is_counted: ColumnElement[bool] = page.c.workspace_id.in_(WORLDS)
        if with_nobodys:
            is_counted = or_(is_counted, page.c.workspace_id == SERVER)
        columns: list[ColumnElement[Any]] = [page.c.kind, func.count()]
        self._page = Query(CountedKind, select(*columns).where(is_counted).group_by(page.c.kind))

    async def count(self, store: Store) -> Counter[str]:
        """Return how many there are of each kind."""
        counts: Counter[str] = Counter()
        after: RowKey | None = RowKey(-1, 0)
        while after is not None:
            page, after = await store.read(self._from(after))
            counts.update({each.kind: each.n for each in page})
            await serve_others()
        return counts

    def _from(self, after: RowKey) -> Callable[[Tx], tuple[Sequence[CountedKind], RowKey | None]]:
        def work(tx: Tx) -> tuple[Sequence[CountedKind], RowKey | None]:
            begin = {"after_ws": after.workspace_id, "after": after.number}
            return tx.all(self._page, **begin, wall=tx.wall), tx.one(self._end, **begin)

        return work


COUNT_CALLBACKS = PagedCount(CALLBACKS, CALLBACKS.c.id, CALLBACKS.c.state, with_nobodys=False)
COUNT_EXCHANGES = PagedCount(JOURNAL, JOURNAL.c.position, literal("exchange"), with_nobodys=True)


async def count_all(store: Store) -> Totals:
    """Return how much there is."""
    workspaces, messages = await store.read(_counted_already)
    callbacks = await COUNT_CALLBACKS.count(store)
    exchanges = await COUNT_EXCHANGES.count(store)
    return Totals(workspaces, messages, {state: callbacks[state] for state in STATES}, exchanges.total())


def _counted_already(tx: Tx) -> tuple[int, int]:
    counts = {each.kind: each.n for each in tx.all(MESSAGE_COUNTS, wall=tx.wall)}
    return limits.workspaces(tx), counts.get(limits.MESSAGE, 0) - counts.get(limits.REMOVED, 0)
