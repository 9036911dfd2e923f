"""Which callbacks are known, and what was tried?"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import (
    and_,
    bindparam,
    func,
    or_,
    select,
)

from sandbox.store import Query, Tx
from sandbox.store.tables import ATTEMPTS, CALLBACKS, MESSAGES, AttemptRow, CallbackRow
from sandbox.world.callbacks.states import PENDING, SENDING


class ListedCallback(NamedTuple):
    """A callback with its receiver and what was tried, the first attempt first."""

    callback: CallbackRow
    url: str
    attempts: list[AttemptRow]


class MessageUrl(NamedTuple):
    """Where a message's callbacks go."""

    message_id: int
    url: str


IN_WORKSPACE = CALLBACKS.c.workspace_id == bindparam("ws")
OF_MESSAGE = and_(IN_WORKSPACE, CALLBACKS.c.message_id == bindparam("of"))
HAS_COME_ABOUT = or_(CALLBACKS.c.status_at <= bindparam("now"), CALLBACKS.c.due_at <= bindparam("now"))

_page = select(CALLBACKS).where(CALLBACKS.c.id > bindparam("after"), HAS_COME_ABOUT).order_by(CALLBACKS.c.id)
LIST = Query(CallbackRow, _page.where(IN_WORKSPACE).limit(bindparam("limit")))
LIST_OF_MESSAGE = Query(CallbackRow, _page.where(OF_MESSAGE).limit(bindparam("limit")))
URLS = Query(
    MessageUrl,
    select(MESSAGES.c.id, MESSAGES.c.status_callback).where(
        MESSAGES.c.workspace_id == bindparam("ws"), MESSAGES.c.id.in_(bindparam("messages", expanding=True))
    ),
)
ATTEMPTS_OF = Query(
    AttemptRow,
    select(ATTEMPTS)
    .where(
        ATTEMPTS.c.workspace_id == bindparam("ws"), ATTEMPTS.c.callback_id.in_(bindparam("callbacks", expanding=True))
    )
    .order_by(ATTEMPTS.c.callback_id, ATTEMPTS.c.n),
)
COUNT_ATTEMPTS = Query(
    int,
    select(func.count()).where(ATTEMPTS.c.workspace_id == bindparam("ws"), ATTEMPTS.c.callback_id == bindparam("of")),
)


def list_callbacks(tx: Tx, *, message_id: int | None = None, after: int = 0, limit: int = 1000) -> list[ListedCallback]:
    """Return those whose status has come about, by number, in three statements."""
    if message_id is None:
        return listed(tx, tx.all(LIST, after=after, now=tx.now, limit=limit))
    return listed(tx, tx.all(LIST_OF_MESSAGE, of=message_id, after=after, now=tx.now, limit=limit))


def listed(tx: Tx, callbacks: Sequence[CallbackRow]) -> list[ListedCallback]:
    """Return callbacks with their receivers and attempts, in two statements."""
    if not callbacks:
        return []
    messages = list({callback.message_id for callback in callbacks})
    urls = {each.message_id: each.url for each in tx.all(URLS, messages=messages)}
    attempts: dict[int, list[AttemptRow]] = {callback.id: [] for callback in callbacks}
    for attempt in tx.all(ATTEMPTS_OF, callbacks=list(attempts)):
        attempts[attempt.callback_id].append(attempt)
    return [ListedCallback(callback, urls[callback.message_id], attempts[callback.id]) for callback in callbacks]


def is_untried(tx: Tx, n: int) -> bool:
    """Return whether it is still to be sent, and was not yet."""
    callback = tx.get(CallbackRow, n)
    return callback is not None and callback.state in (PENDING, SENDING) and not count_attempts(tx, n)


def count_attempts(tx: Tx, n: int) -> int:
    """Return how often it was tried so far."""
    return tx.one(COUNT_ATTEMPTS, of=n) or 0
