"""The queue of callbacks: which changes of status a client is told, when, and how far that has got.

Rule SP-statuscallback. A message's callbacks are written with its plan, each with the time when it is due first; they
are sent one after the other, and what was sent is written before the next. A process claims what it sends for a lease,
so what an ended one was sending is sent again by another, and nobody's is taken away.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sandbox.store import Tx
from sandbox.store.tables import Attempt, Callback
from sandbox.world.statuses import Entry

WAITING, PENDING, SENDING, DELIVERED, GIVEN_UP = "waiting", "pending", "sending", "delivered", "given_up"


class AttemptOutcome(NamedTuple):
    """What came of an attempt: an HTTP status or an error; `is_final` when to try again would be in vain."""

    status: int | None
    error: str | None
    ms: int
    is_final: bool = False


class ListedCallback(NamedTuple):
    """A callback with its receiver and what was tried, the first attempt first."""

    callback: Callback
    url: str
    attempts: list[Attempt]


class ClaimedCallback(NamedTuple):
    """One that this process is to send now."""

    id: int
    url: str


def is_callback_url(url: str) -> bool:
    """Return whether a callback could be sent there: http or https, a host, no credentials (rule SP-callback-url)."""
    raise NotImplementedError


def expect(tx: Tx, message_id: int, entries: Sequence[Entry], *, accepted_at: int | None) -> None:
    """Queue a callback for each of these statuses.

    `accepted_at`: given when the message is being accepted, so that a callback can come before the answer.
    """
    raise NotImplementedError


def replan(tx: Tx, message_id: int, entries: Sequence[Entry], *, now: int) -> None:
    """Drop what was still to come, and queue these statuses, which came instead."""
    raise NotImplementedError


def before_answer(tx: Tx, message_id: int, accepted_at: int) -> int | None:
    """Return the callback of a message that goes out before the call that made it is answered, if one does."""
    raise NotImplementedError


def is_untried(tx: Tx, n: int) -> bool:
    """Return whether it is still to be sent, and was not yet."""
    raise NotImplementedError


def redeliver(tx: Tx, n: int) -> None:
    """Send it once more, now, with all its retries; one that is being sent is left alone. `UnknownCallback`."""
    raise NotImplementedError


def list_callbacks(tx: Tx, *, message_id: int | None = None, after: int = 0, limit: int) -> list[ListedCallback]:
    """Return those whose status has come about, by number, in two statements."""
    raise NotImplementedError


def listed(tx: Tx, n: int) -> ListedCallback | None:
    """Return one by its number, or None when it is gone."""
    raise NotImplementedError


def lost(tx: Tx, since: int, now: int) -> list[int]:
    """Return the numbers of those that fell due meanwhile and are not to be sent."""
    raise NotImplementedError


def next_due(tx: Tx) -> int | None:
    """Return when the next attempt is due, in ms on the workspace's clock."""
    raise NotImplementedError


def next_lease_end(tx: Tx) -> tuple[int, int] | None:
    """Return the workspace whose lease of a callback ends first, and when, in ms of wall time."""
    raise NotImplementedError


def claim(tx: Tx, owner: str, lease_until: int, now: int, limit: int) -> list[ClaimedCallback]:
    """Take up to so many that are due, the earliest first; those whose lease is over too."""
    raise NotImplementedError


def renew(tx: Tx, owner: str, lease_until: int) -> None:
    """Extend the leases of all that a process is sending, in every workspace."""
    raise NotImplementedError


def release(tx: Tx, owner: str) -> None:
    """Make pending what a process was sending, in every workspace."""
    raise NotImplementedError


def note_attempt(tx: Tx, owner: str, n: int, at: int, outcome: AttemptOutcome) -> bool:
    """Write what came of an attempt and what follows; return False when the callback is not the owner's any more."""
    raise NotImplementedError


def take_up_cloned(tx: Tx, workspace_id: int) -> None:
    """Make pending what was being sent when the workspace was cloned."""
    raise NotImplementedError
