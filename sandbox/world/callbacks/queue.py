"""The queue of callbacks: which changes of status a client is told, when, and how far that has got.

Rule SP-statuscallback. A message's callbacks are written with its plan, each with the time when it is due first; they
are sent one after the other, and what was sent is written before the next. A process claims what it sends for a lease,
so what an ended one was sending is sent again by another, and nobody's is taken away.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    union,
    update,
)

from sandbox.clock import SECOND
from sandbox.store import Query, Tx
from sandbox.store.tables import ATTEMPTS, CALLBACKS, MESSAGES, WORKSPACES, AttemptRow, CallbackRow
from sandbox.world.callbacks.profile import apply_profile, profile_of
from sandbox.world.callbacks.states import DELIVERED, GIVEN_UP, PENDING, SENDING, WAITING
from sandbox.world.errors import UnknownCallback
from sandbox.world.statuses import Entry

BACKOFF = tuple(seconds * SECOND for seconds in (1, 4, 16, 64))
"""From the due time of an attempt that failed to the next."""
CLAIM_COLUMNS = ("claimed_by", "leased_until")
"""Whose it is while it is being sent: no part of what a clone holds."""
LONGEST_HOST = 253
"""Characters of a name (RFC 1035, 2.3.4): a longer one leads nowhere, and takes long to look up."""
UNFIT_FOR_URL = re.compile(r"[\x00-\x20\x7f]|\s")


class AttemptOutcome(NamedTuple):
    """What came of an attempt: an HTTP status or an error; `is_final` when to try again would be in vain."""

    status: int | None
    error: str | None
    ms: int
    is_final: bool = False


class ListedCallback(NamedTuple):
    """A callback with its receiver and what was tried, the first attempt first."""

    callback: CallbackRow
    url: str
    attempts: list[AttemptRow]


class ClaimedCallback(NamedTuple):
    """A callback that this process is to send now."""

    id: int
    url: str


class MessageUrl(NamedTuple):
    """Where a message's callbacks go."""

    message_id: int
    url: str


def _is(state: str) -> ColumnElement[bool]:
    """Compare with a literal, since a partial index is used only where the database reads that it fits."""
    return CALLBACKS.c.state == literal(state, literal_execute=True)


IN_WORKSPACE = CALLBACKS.c.workspace_id == bindparam("ws")
OF_MESSAGE = and_(IN_WORKSPACE, CALLBACKS.c.message_id == bindparam("of"))
ITS_MESSAGE = and_(MESSAGES.c.workspace_id == CALLBACKS.c.workspace_id, MESSAGES.c.id == CALLBACKS.c.message_id)
IS_UNDER_WAY = CALLBACKS.c.state.in_((PENDING, SENDING))
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
LOST = Query(
    int,
    select(CALLBACKS.c.id).where(
        IN_WORKSPACE,
        CALLBACKS.c.due_at > bindparam("since"),
        CALLBACKS.c.due_at <= bindparam("now"),
        CALLBACKS.c.state == GIVEN_UP,
    ),
)

NEXT_DUE = Query(int, select(func.min(CALLBACKS.c.next_at)).where(IN_WORKSPACE, _is(PENDING)))
IS_CLAIMED = CALLBACKS.c.leased_until.is_not(None)
ANY_CLAIMED = Query(int, select(CALLBACKS.c.id).where(IN_WORKSPACE, IS_CLAIMED).limit(1))
_reading = case(
    (WORKSPACES.c.clock_frozen, WORKSPACES.c.clock_at),
    else_=WORKSPACES.c.clock_at + (bindparam("wall") - WORKSPACES.c.clock_wall) * WORKSPACES.c.clock_speed,
)
"""What a workspace's clock reads."""
_any_due = exists().where(CALLBACKS.c.workspace_id == WORKSPACES.c.world, _is(PENDING), CALLBACKS.c.next_at <= _reading)
PLACES_DUE = Query(
    int,
    union(
        select(WORKSPACES.c.id).where(
            WORKSPACES.c.hidden.is_(None), or_(WORKSPACES.c.next_due_at <= _reading, _any_due)
        ),
        select(WORKSPACES.c.id).where(
            WORKSPACES.c.hidden.is_(None),
            WORKSPACES.c.world.in_(
                select(CALLBACKS.c.workspace_id).where(CALLBACKS.c.leased_until <= bindparam("wall"))
            ),
        ),
    ),
)
LEASE_END = Query(int, select(func.min(CALLBACKS.c.leased_until)).where(CALLBACKS.c.leased_until > bindparam("wall")))
_claimable = (
    select(CALLBACKS.c.id, MESSAGES.c.status_callback)
    .join(MESSAGES, ITS_MESSAGE)
    .where(IN_WORKSPACE)
    .order_by(CALLBACKS.c.next_at, CALLBACKS.c.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True, of=CALLBACKS)
)
DUE = Query(ClaimedCallback, _claimable.where(_is(PENDING), CALLBACKS.c.next_at <= bindparam("now")))
OVERDUE = Query(
    ClaimedCallback,
    _claimable.where(CALLBACKS.c.leased_until <= bindparam("wall"), CALLBACKS.c.claimed_by != bindparam("owner")),
)
CLAIM = (
    update(CALLBACKS)
    .where(IN_WORKSPACE, CALLBACKS.c.id.in_(bindparam("callbacks", expanding=True)))
    .values(state=SENDING, claimed_by=bindparam("owner"), leased_until=bindparam("until"))
)
OF_OWNER = and_(IS_CLAIMED, CALLBACKS.c.claimed_by == bindparam("owner"))
RENEW = update(CALLBACKS).where(OF_OWNER).values(leased_until=bindparam("until"))
RELEASE = update(CALLBACKS).where(OF_OWNER).values(state=PENDING, claimed_by=null(), leased_until=null())
RELEASE_CLONED = (
    update(CALLBACKS).where(CALLBACKS.c.workspace_id == bindparam("clone"), _is(SENDING)).values(state=PENDING)
)


def is_callback_url(url: str) -> bool:
    """Return whether a callback can be sent there: an absolute http or https URL (rule SP-callback)."""
    try:
        parts = urlsplit(url)
        is_absolute = parts.scheme in ("http", "https") and 0 < len(parts.hostname or "") <= LONGEST_HOST
        _ = parts.port
    except ValueError:
        return False
    return is_absolute and not UNFIT_FOR_URL.search(url)


# What is to be told --------------------------------------------------------------------------------------------------


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
    _start_next(tx, message_id, now)
    if entries:
        expect(tx, message_id, entries, accepted_at=None)


def _start_next(tx: Tx, message_id: int, at: int) -> None:
    """Let the one that waited for its predecessor be sent, but not before that one was."""
    waiting = tx.one(FIRST_WAITING, of=message_id)
    if waiting is not None and not tx.exists(UNDER_WAY, of=message_id):
        _make_pending(tx, waiting, max(waiting.due_at, at))


def _make_pending(tx: Tx, callback: CallbackRow, at: int) -> None:
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
        _make_pending(tx, callback, tx.now)
        tx.notify("callback", callback_id=n)


# What is known -------------------------------------------------------------------------------------------------------


def list_callbacks(tx: Tx, *, message_id: int | None = None, after: int = 0, limit: int = 1000) -> list[ListedCallback]:
    """Return those whose status has come about, by number, in three statements."""
    if message_id is None:
        return _listed(tx, tx.all(LIST, after=after, now=tx.now, limit=limit))
    return _listed(tx, tx.all(LIST_OF_MESSAGE, of=message_id, after=after, now=tx.now, limit=limit))


def _listed(tx: Tx, callbacks: list[CallbackRow]) -> list[ListedCallback]:
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
    return callback is not None and callback.state in (PENDING, SENDING) and not _count_attempts(tx, n)


def _count_attempts(tx: Tx, n: int) -> int:
    return tx.one(COUNT_ATTEMPTS, of=n) or 0


def lost(tx: Tx, since: int, now: int) -> list[int]:
    """Return the numbers of those that fell due meanwhile and are not to be sent."""
    return tx.all(LOST, since=since, now=now)


# Sending -------------------------------------------------------------------------------------------------------------


def next_due(tx: Tx) -> int | None:
    """Return when the next attempt is due, in ms on the workspace's clock."""
    return tx.one(NEXT_DUE)


def is_sending(tx: Tx) -> bool:
    """Return whether a process has claimed a callback of the workspace."""
    return tx.exists(ANY_CLAIMED)


def places_due(tx: Tx) -> list[int]:
    """Return the workspaces where a command or a callback is due, or a claim is over."""
    return tx.all(PLACES_DUE, wall=tx.wall)


def next_lease_end(tx: Tx) -> int | None:
    """Return when the next of all claims is over if it is not renewed, in wall time."""
    return tx.one(LEASE_END, wall=tx.wall)


def claim(tx: Tx, owner: str, lease_until: int, now: int, limit: int) -> list[ClaimedCallback]:
    """Claim up to so many that are due, the earliest first, and those whose claim by another process is over."""
    overdue = tx.all(OVERDUE, wall=tx.wall, owner=owner, limit=limit)
    claimed = overdue + tx.all(DUE, now=now, limit=limit - len(overdue))
    if claimed:
        tx.execute(CLAIM, callbacks=[each.id for each in claimed], owner=owner, until=lease_until)
    return claimed


def renew(tx: Tx, owner: str, lease_until: int) -> None:
    """Extend the claims of a process, in every workspace."""
    tx.execute(RENEW, owner=owner, until=lease_until)


def release(tx: Tx, owner: str) -> None:
    """Make pending what a process was sending, in every workspace."""
    tx.execute(RELEASE, owner=owner)


def release_cloned(tx: Tx, workspace_id: int) -> None:
    """Make pending in a clone what was being sent when it was made."""
    tx.execute(RELEASE_CLONED, clone=workspace_id)


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
        n=_count_attempts(tx, n) + 1,
        at=at,
        status=outcome.status,
        error=outcome.error,
        ms=outcome.ms,
        next_at=callback.next_at,
    )
    tx.add(attempt)
    if callback.next_at is None:
        _start_next(tx, callback.message_id, due_at)
    tx.notify("callback", callback_id=n)
    return True


def _follow_up(tx: Tx, callback: CallbackRow, due_at: int, outcome: AttemptOutcome) -> None:
    """Have it sent again, or be done with it."""
    if outcome.status is not None and 200 <= outcome.status < 300:
        tx.update(callback, copies=callback.copies - 1, tries=0)
        if callback.copies:
            _make_pending(tx, callback, due_at)
        else:
            _end(tx, callback, DELIVERED)
    elif outcome.is_final or callback.tries >= len(BACKOFF):
        _end(tx, callback, GIVEN_UP, why=outcome.error or f"{len(BACKOFF) + 1} attempts failed")
    else:
        tx.update(callback, tries=callback.tries + 1)
        _make_pending(tx, callback, due_at + BACKOFF[callback.tries - 1])


def _end(tx: Tx, callback: CallbackRow, state: str, *, why: str | None = None) -> None:
    tx.update(callback, state=state, next_at=None, why=why, claimed_by=None, leased_until=None)
