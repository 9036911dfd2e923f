"""The end of a workspace: nobody finds it from then on, and its rows are deleted later, a slice at a time."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Delete, bindparam, delete, exists, func, null, or_, select, tuple_, update

from sandbox.clock import MINUTE
from sandbox.store import Query, Tx
from sandbox.store.tables import ACCOUNTS, SNAPSHOTS, WORKSPACES, Row, WorkspaceRow, entities, table_of
from sandbox.store.workspace_view import GONE, IS_VISIBLE, SERVER
from sandbox.world.errors import ProtectedWorkspace
from sandbox.world.workspaces.find import DEFAULT, row_of

SEED, SNAPSHOT, WORLD, ARRIVING = "seed", "snapshot", "world", "arriving"
"""What a hidden workspace is kept for; one whose rows are still coming is of no use once its process has ended."""
SLICE = 500
"""Rows that are deleted together."""
MOST_TOGETHER = 10
"""Workspaces that are swept together: an empty one has no rows, and costs a statement for each table."""
UNUSED_SEEDS = 4
"""Clones of seeds with a start of their own that are kept for the next one who begins there, though nobody is there."""
LONGEST_PAUSE = 2 * MINUTE
"""Wall time from one slice of a workspace that is made to the next; then its process is taken to have ended."""
LONGEST_ARRIVAL = 10 * MINUTE
"""Wall time that a snapshot's file may rest while it comes; then its process is taken to have ended."""


class UnusedSeed(NamedTuple):
    """A seed that no workspace began with. `start_at`: null if it began at wall time, which does not come again."""

    id: int
    start_at: int | None


class GoneWorkspace(NamedTuple):
    """One whose rows are being deleted: they are those of the number `world`."""

    id: int
    world: int


def _deleting(entity: type[Row]) -> Delete:
    """Return a statement that deletes some of a world's rows."""
    table = table_of(entity)
    key = table.primary_key.columns
    some = select(*key).where(table.c.workspace_id == bindparam("swept")).limit(bindparam("most"))
    return delete(table).where(tuple_(*key).in_(some))


# Children before what they refer to, so that the check of a reference finds no row, and finds that in an index.
SWEEPING = [_deleting(entity) for entity in reversed(entities())]
_others = WORKSPACES.alias("other")
# Not one whose own number others' rows still have: they would go with its row, all together. They are found by that
# number: by the purpose, which `coalesce` keeps from being an index's, each would be sought among all that are gone.
ANY_FREE_TO_GO = Query(
    GoneWorkspace,
    select(WORKSPACES.c.id, WORKSPACES.c.world)
    .where(
        WORKSPACES.c.hidden == GONE,
        ~exists().where(
            _others.c.world == WORKSPACES.c.id,
            _others.c.id != WORKSPACES.c.id,
            func.coalesce(_others.c.hidden, "") == GONE,
        ),
    )
    .limit(1)
    .with_for_update(skip_locked=True),
)
ANY_GONE = Query(int, select(WORKSPACES.c.id).where(WORKSPACES.c.hidden == GONE).limit(1))
DELETE = delete(WORKSPACES).where(WORKSPACES.c.id == bindparam("swept"))
NOBODYS = {**dict.fromkeys(("key", "name", "username", "password", "expires_wall")), "hidden": GONE}
HIDE = update(WORKSPACES).where(WORKSPACES.c.id == bindparam("of")).values(NOBODYS)
HIDE_WORLD = (
    update(WORKSPACES).where(WORKSPACES.c.id == bindparam("of"), WORKSPACES.c.hidden == WORLD).values(hidden=GONE)
)
DROP_KEYS = (
    update(ACCOUNTS)
    .where(ACCOUNTS.c.workspace_id == bindparam("of"), ACCOUNTS.c.access_key.is_not(None))
    .values(access_key=null(), secret_access_key=null())
)
CAN_EXPIRE = or_(IS_VISIBLE, WORKSPACES.c.hidden == ARRIVING)
EXPIRED = Query(int, select(WORKSPACES.c.id).where(WORKSPACES.c.expires_wall <= bindparam("wall"), CAN_EXPIRE))
NEXT_EXPIRY = Query(int, select(func.min(WORKSPACES.c.expires_wall)).where(CAN_EXPIRE))
CLONES = Query(
    int,
    select(SNAPSHOTS.c.clone_id)
    .join(WORKSPACES, WORKSPACES.c.world == SNAPSHOTS.c.workspace_id)
    .where(WORKSPACES.c.id == bindparam("of")),
)
USERS = WORKSPACES.alias("users")
UNUSED = Query(
    UnusedSeed,
    select(WORKSPACES.c.id, WORKSPACES.c.start_at)
    .where(
        WORKSPACES.c.hidden == SEED,
        ~exists().where(
            or_(USERS.c.hidden.is_(None), USERS.c.hidden == ARRIVING),
            *(USERS.c[name] == WORKSPACES.c[name] for name in ("fingerprint", "first_seed", "first_at")),
        ),
    )
    .order_by(WORKSPACES.c.id.desc()),
)


def delete_workspace(tx: Tx) -> None:
    """Delete the workspace and all that it owns; raises `ProtectedWorkspace` for the default one."""
    if row_of(tx).name == DEFAULT:
        raise ProtectedWorkspace("The workspace default is always there: reset it instead, or delete what is in it.")
    _delete_with_snapshots(tx, tx.workspace.id)


def delete_expired(tx: Tx) -> None:
    """Delete the workspaces that are over, and those that were still being made when their process ended."""
    for workspace_id in tx.all(EXPIRED, wall=tx.wall):
        _delete_with_snapshots(tx, workspace_id)


def next_expiry(tx: Tx) -> int | None:
    """Return when the next workspace is over, in ms of wall time."""
    return tx.one(NEXT_EXPIRY)


def _delete_with_snapshots(tx: Tx, workspace_id: int) -> None:
    for clone_id in tx.all(CLONES, of=workspace_id):
        mark_gone(tx, clone_id)
    mark_gone(tx, workspace_id)
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
            mark_gone(tx, seed.id)


def mark_gone(tx: Tx, workspace_id: int) -> None:
    """Have nobody find a workspace, be it hidden or not, and its rows deleted later."""
    row = tx.get(WorkspaceRow, workspace_id)
    if row is None:
        return
    tx.drop_counts(row.world)
    tx.execute(HIDE, of=workspace_id)
    tx.execute(DROP_KEYS, of=row.world)
    tx.execute(HIDE_WORLD, of=row.world)
    tx.has_gone = True


def mark_world_gone(tx: Tx, row: WorkspaceRow) -> None:
    """Have the rows deleted later that a workspace had until now."""
    tx.drop_counts(row.world)
    tx.execute(DROP_KEYS, of=row.world)
    if row.world == row.id:
        own = {"id": tx.next_id("workspace", SERVER), "hidden": GONE}
        tx.add(row.model_copy(update=NOBODYS | own))
    else:
        tx.execute(HIDE_WORLD, of=row.world)
    tx.has_gone = True


def drop_unfinished(tx: Tx, workspace_ids: Iterable[int]) -> None:
    """Delete those of these workspaces that nobody could call yet."""
    for workspace_id in workspace_ids:
        row = tx.get(WorkspaceRow, workspace_id)
        if row is not None and row.hidden == ARRIVING:
            mark_gone(tx, workspace_id)


def sweep(tx: Tx) -> bool:
    """Delete some rows of workspaces that are gone; return whether there was anything to do."""
    room = SLICE
    for n in range(MOST_TOGETHER):
        gone = tx.one(ANY_FREE_TO_GO)
        if gone is None:
            return n > 0
        for statement in SWEEPING:
            room -= tx.execute(statement, swept=gone.world, most=room)
            if room <= 0:
                return True
        tx.execute(DELETE, swept=gone.id)
    return True


def has_gone(tx: Tx) -> bool:
    """Return whether a workspace is gone whose rows are still there."""
    return tx.exists(ANY_GONE)
