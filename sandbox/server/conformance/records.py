"""What was there to be read by date range, and which late statuses came to a client by another way?"""

from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import bindparam, select

from sandbox.store import Query, Tx
from sandbox.store.tables import CALLBACKS, MESSAGES
from sandbox.vendors.base.range_reads import RangeRead
from sandbox.world.callbacks.states import DELIVERED
from sandbox.world.statuses import FINAL

PAGE = 1000
"""Results that are read in one transaction."""


class ResultRow(NamedTuple):
    """A message of a console or an account, as far as a poller is to learn of it."""

    id: int
    owner: int
    line: str
    at: int | None
    accepted_at: int
    settled_at: int | None
    outcome: str | None


class KnownStatus(NamedTuple):
    """A message, and when its final status was told."""

    message_id: int
    at: int


CALLED_BACK = Query(
    KnownStatus,
    select(CALLBACKS.c.message_id, CALLBACKS.c.status_at).where(
        CALLBACKS.c.workspace_id == bindparam("ws"),
        CALLBACKS.c.message_id > bindparam("after"),
        CALLBACKS.c.message_id <= bindparam("last"),
        CALLBACKS.c.state == DELIVERED,
        CALLBACKS.c.status.in_(FINAL),
    ),
)


@lru_cache(maxsize=16)
def _results(owner: str, time: str) -> Query[ResultRow]:
    column = MESSAGES.c[f"{owner}_id"]
    names = ("line", time, "accepted_at", "settled_at", "outcome")
    statement = (
        select(MESSAGES.c.id, column, *(MESSAGES.c[name].label(f"its_{n}") for n, name in enumerate(names)))
        .where(MESSAGES.c.workspace_id == bindparam("ws"), MESSAGES.c.id > bindparam("after"), column.is_not(None))
        .order_by(MESSAGES.c.id)
        .limit(PAGE)
    )
    return Query(ResultRow, statement, hot=True)


def page_of_results(tx: Tx, read: RangeRead, after: int) -> list[ResultRow]:
    """Return the results numbered over `after`, of all consoles or all accounts."""
    return tx.all(_results(read.owner, read.time), after=after)


def called_back(tx: Tx, after: int, last: int) -> list[KnownStatus]:
    """Return the messages of these numbers whose final status was told by a callback, and that status's time."""
    return tx.all(CALLED_BACK, after=after, last=last)
