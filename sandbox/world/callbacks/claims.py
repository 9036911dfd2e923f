"""Which callbacks does this process send? Those that it has claimed, until its lease ends."""

from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    union,
    update,
)

from sandbox.store import Query, Tx
from sandbox.store.tables import CALLBACKS, MESSAGES, WORKSPACES
from sandbox.world.callbacks.search import IN_WORKSPACE
from sandbox.world.callbacks.states import PENDING, SENDING

CLAIM_COLUMNS = ("claimed_by", "leased_until")
"""Whose it is while it is being sent: no part of what a clone holds."""


class ClaimedCallback(NamedTuple):
    """A callback that this process is to send now."""

    id: int
    url: str


def _is(state: str) -> ColumnElement[bool]:
    """Compare with a literal, since a partial index is used only where the database reads that it fits."""
    return CALLBACKS.c.state == literal(state, literal_execute=True)


ITS_MESSAGE = and_(MESSAGES.c.workspace_id == CALLBACKS.c.workspace_id, MESSAGES.c.id == CALLBACKS.c.message_id)
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
