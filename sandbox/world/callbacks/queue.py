"""The queue of callbacks: which changes of status a client is told, when, and how far that has got.

Rule SP-statuscallback. A message's callbacks are written with its plan, each with the time when it is due first; they
are sent one after the other, and what was sent is written before the next. A process claims what it sends for a lease,
so what an ended one was sending is sent again by another, and nobody's is taken away.
"""

from collections.abc import Sequence

from sqlalchemy import (
    bindparam,
    delete,
    func,
    select,
)

from sandbox.store import Query, Tx
from sandbox.store.tables import CALLBACKS, CallbackRow
from sandbox.world.callbacks.profile import apply_profile, profile_of
from sandbox.world.callbacks.search import OF_MESSAGE
from sandbox.world.callbacks.states import DELIVERED, GIVEN_UP, PENDING, SENDING, WAITING
from sandbox.world.errors import UnknownCallback
from sandbox.world.statuses import Entry

IS_UNDER_WAY = CALLBACKS.c.state.in_((PENDING, SENDING))
FIRST = Query(CallbackRow, select(CALLBACKS).where(OF_MESSAGE, CALLBACKS.c.position == 0))
LAST_POSITION = Query(int, select(func.coalesce(func.max(CALLBACKS.c.position), -1)).where(OF_MESSAGE))
UNSETTLED = Query(int, select(CALLBACKS.c.id).where(OF_MESSAGE, CALLBACKS.c.state.in_((WAITING, PENDING, SENDING))))
UNDER_WAY = Query(int, select(CALLBACKS.c.id).where(OF_MESSAGE, IS_UNDER_WAY))
FIRST_WAITING = Query(
    CallbackRow,
    select(CALLBACKS).where(OF_MESSAGE, CALLBACKS.c.state == WAITING).order_by(CALLBACKS.c.position).limit(1),
)
DROP_DEFERRED = delete(CALLBACKS).where(
    OF_MESSAGE,
    CALLBACKS.c.status_at > bindparam("now"),
    CALLBACKS.c.state.in_((WAITING, PENDING, GIVEN_UP)),
)


def expect(tx: Tx, message_id: int, entries: Sequence[Entry], *, accepted_at: int | None) -> None:
    """Queue a callback for each of these statuses.

    `accepted_at`: given when the message is being accepted, so that a callback can come before the answer.
    """
    profile = profile_of(tx.workspace.callback_profile)
    callbacks = [_waiting(tx, message_id, entry) for entry in entries]
    if not profile.is_harmless:
        callbacks = apply_profile(tx, profile, callbacks, accepted_at)
    is_new = accepted_at is not None
    first_position = 0 if is_new else 1 + (tx.one(LAST_POSITION, of=message_id) or 0)
    for position, callback in enumerate(callbacks, first_position):
        callback.position = position
        if callback.state == GIVEN_UP:
            tx.notify("callback", callback_id=callback.id)
    if is_new or not tx.exists(UNSETTLED, of=message_id):
        _start_first(tx, callbacks)
    tx.add_all(callbacks)


def _waiting(tx: Tx, message_id: int, entry: Entry) -> CallbackRow:
    return CallbackRow(
        workspace_id=tx.ws,
        id=tx.next_id("callback"),
        message_id=message_id,
        position=0,
        status=entry.status,
        reason=entry.reason,
        status_at=entry.at,
        due_at=entry.at,
        state=WAITING,
    )


def _start_first(tx: Tx, callbacks: Sequence[CallbackRow]) -> None:
    """Let the first one that waits be sent when it is due."""
    for callback in callbacks:
        if callback.state == WAITING:
            callback.state, callback.next_at = PENDING, callback.due_at
            tx.mark_due(callback.due_at)
            return


def replan(tx: Tx, message_id: int, entries: Sequence[Entry], *, now: int) -> None:
    """Drop what was still to come, and queue these statuses, which came instead."""
    tx.execute(DROP_DEFERRED, of=message_id, now=now)
    start_next(tx, message_id, now)
    if entries:
        expect(tx, message_id, entries, accepted_at=None)


def start_next(tx: Tx, message_id: int, at: int) -> None:
    """Let the one that waited for its predecessor be sent, but not before that one was."""
    waiting = tx.one(FIRST_WAITING, of=message_id)
    if waiting is not None and not tx.exists(UNDER_WAY, of=message_id):
        make_pending(tx, waiting, max(waiting.due_at, at))


def make_pending(tx: Tx, callback: CallbackRow, at: int) -> None:
    """Have it sent at that time."""
    tx.update(callback, state=PENDING, next_at=at, claimed_by=None, leased_until=None)
    tx.mark_due(at)


def before_answer(tx: Tx, message_id: int, accepted_at: int) -> int | None:
    """Return the callback of a message that goes out before the call that made it is answered, if one does."""
    profile = tx.workspace.callback_profile
    if profile is None or not profile_of(profile).before_response:
        return None
    first = tx.one(FIRST, of=message_id)
    return first.id if first and first.due_at <= accepted_at else None


def redeliver(tx: Tx, n: int) -> None:
    """Send it once more, now, with all its retries; one that is being sent is left alone. `UnknownCallback`."""
    callback = tx.get(CallbackRow, n)
    if callback is None or callback.status_at > tx.now:
        raise UnknownCallback("No callback of this workspace has that id: list them with GET callbacks.")
    if callback.state in (DELIVERED, GIVEN_UP, PENDING):
        tx.update(callback, tries=0, copies=1, why=None)
        make_pending(tx, callback, tx.now)
        tx.notify("callback", callback_id=n)
