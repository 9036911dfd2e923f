"""The end of a workspace: nothing of it is left in any table."""

from typing import NamedTuple

from sqlalchemy import bindparam, delete, exists, func, or_, select

from sandbox.clock import MINUTE
from sandbox.store import Query, Tx
from sandbox.store.tables import SNAPSHOTS, WORKSPACES, Part, entities, table_of
from sandbox.store.tx import IS_VISIBLE
from sandbox.world.errors import ProtectedWorkspace
from sandbox.world.workspaces.find import DEFAULT, row_of

SEED, SNAPSHOT, ARRIVING = "seed", "snapshot", "arriving"
"""What a hidden workspace is kept for; one whose rows are still coming is of no use once its process has ended."""
UNUSED_SEEDS = 4
"""Clones of seeds with a start of their own that are kept for the next one who begins there, though nobody is there."""
LONGEST_ARRIVAL = 10 * MINUTE
"""Wall time that a snapshot's file may rest while it comes; then its process is taken to have ended."""


class UnusedSeed(NamedTuple):
    """A seed that no workspace began with. `start_at`: null if it began at wall time, which does not come again."""

    id: int
    start_at: int | None


# Children before what they refer to, so that the check of a reference finds no row, and finds that in an index.
EMPTYING = [
    (entity.__part__, delete(table_of(entity)).where(table_of(entity).c.workspace_id == bindparam("emptied")))
    for entity in reversed(entities())
]
DELETE = delete(WORKSPACES).where(WORKSPACES.c.id == bindparam("emptied"))
CAN_EXPIRE = or_(IS_VISIBLE, WORKSPACES.c.hidden == ARRIVING)
EXPIRED = Query(int, select(WORKSPACES.c.id).where(WORKSPACES.c.expires_wall <= bindparam("wall"), CAN_EXPIRE))
NEXT_EXPIRY = Query(int, select(func.min(WORKSPACES.c.expires_wall)).where(CAN_EXPIRE))
CLONES = Query(int, select(SNAPSHOTS.c.clone_id).where(SNAPSHOTS.c.workspace_id == bindparam("ws")))
USERS = WORKSPACES.alias("users")
UNUSED = Query(
    UnusedSeed,
    select(WORKSPACES.c.id, WORKSPACES.c.start_at)
    .where(
        WORKSPACES.c.hidden == SEED,
        ~exists().where(
            USERS.c.hidden.is_(None),
            *(USERS.c[name] == WORKSPACES.c[name] for name in ("fingerprint", "first_seed", "first_at")),
        ),
    )
    .order_by(WORKSPACES.c.id.desc()),
)


def delete_workspace(tx: Tx) -> None:
    """Delete the workspace and all that it owns; raises `ProtectedWorkspace` for the default one."""
    if row_of(tx).name == DEFAULT:
        raise ProtectedWorkspace("The workspace default is always there: reset it instead, or delete what is in it.")
    _delete_with_snapshots(tx, tx.ws)


def delete_expired(tx: Tx) -> None:
    """Delete the workspaces that are over, and snapshots that were arriving when their process ended."""
    for workspace_id in tx.all(EXPIRED, wall=tx.wall):
        _delete_with_snapshots(tx, workspace_id)


def next_expiry(tx: Tx) -> int | None:
    """Return when the next workspace is over, in ms of wall time."""
    return tx.one(NEXT_EXPIRY)


def _delete_with_snapshots(tx: Tx, workspace_id: int) -> None:
    for clone_id in tx.all(CLONES, ws=workspace_id):
        erase(tx, clone_id)
    erase(tx, workspace_id)
    tx.reset.add(workspace_id)
    tx.changed.add(workspace_id)
    drop_unused_seeds(tx)


def drop_unused_seeds(tx: Tx) -> None:
    """Delete the seeds that no workspace began with, but for the newest of those with a start of their own."""
    kept = 0
    for seed in tx.all(UNUSED):
        if seed.start_at is not None and kept < UNUSED_SEEDS:
            kept += 1
        else:
            erase(tx, seed.id)


def erase(tx: Tx, workspace_id: int) -> None:
    """Delete every row of a workspace, be it hidden or not."""
    empty(tx, workspace_id, *Part)
    tx.execute(DELETE, emptied=workspace_id)


def empty(tx: Tx, workspace_id: int, *parts: Part) -> None:
    """Delete the rows of those parts."""
    if Part.CONTENT in parts:
        tx.drop_counts(workspace_id)
    for part, statement in EMPTYING:
        if part in parts:
            tx.execute(statement, emptied=workspace_id)
