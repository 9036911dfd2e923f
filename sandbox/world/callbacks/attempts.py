"""What follows from an attempt to send a callback?"""

from typing import NamedTuple

from sandbox.clock import SECOND
from sandbox.store import Tx
from sandbox.store.tables import AttemptRow, CallbackRow
from sandbox.world.callbacks.queue import make_pending, start_next
from sandbox.world.callbacks.search import count_attempts
from sandbox.world.callbacks.states import DELIVERED, GIVEN_UP, SENDING

BACKOFF = tuple(seconds * SECOND for seconds in (1, 4, 16, 64))
"""From the due time of an attempt that failed to the next."""


class AttemptOutcome(NamedTuple):
    """What came of an attempt: an HTTP status or an error; `is_final` when to try again would be in vain."""

    status: int | None
    error: str | None
    ms: int
    is_final: bool = False


def note_attempt(tx: Tx, owner: str, n: int, at: int, outcome: AttemptOutcome) -> bool:
    """Write what came of an attempt and what follows; return False when the callback is not the owner's any more."""
    callback = tx.get(CallbackRow, n)
    if callback is None or callback.state != SENDING or callback.claimed_by != owner:
        return False
    due_at = callback.next_at or 0
    _follow_up(tx, callback, due_at, outcome)
    attempt = AttemptRow(
        workspace_id=tx.ws,
        callback_id=n,
        n=count_attempts(tx, n) + 1,
        at=at,
        status=outcome.status,
        error=outcome.error,
        ms=outcome.ms,
        next_at=callback.next_at,
    )
    tx.add(attempt)
    if callback.next_at is None:
        start_next(tx, callback.message_id, due_at)
    tx.notify("callback", callback_id=n)
    return True


def _follow_up(tx: Tx, callback: CallbackRow, due_at: int, outcome: AttemptOutcome) -> None:
    """Have it sent again, or be done with it."""
    if outcome.status is not None and 200 <= outcome.status < 300:
        tx.update(callback, copies=callback.copies - 1, tries=0)
        if callback.copies:
            make_pending(tx, callback, due_at)
        else:
            _end(tx, callback, DELIVERED)
    elif outcome.is_final or callback.tries >= len(BACKOFF):
        _end(tx, callback, GIVEN_UP, why=outcome.error or f"{len(BACKOFF) + 1} attempts failed")
    else:
        tx.update(callback, tries=callback.tries + 1)
        make_pending(tx, callback, due_at + BACKOFF[callback.tries - 1])


def _end(tx: Tx, callback: CallbackRow, state: str, *, why: str | None = None) -> None:
    tx.update(callback, state=state, next_at=None, why=why, claimed_by=None, leased_until=None)
