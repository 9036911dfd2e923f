"""The end of a workspace: at once for whoever calls, and nothing of it is left in any table."""

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, exists, func, select

from sandbox.world import models
from sandbox.world.errors import StillNeeded
from sandbox.world.models import Part
from sandbox.world.store import Statement, table
from sandbox.world.views import WorkspaceView
from sandbox.world.workspaces.finding import DEFAULT, IS_VISIBLE, WORKSPACES, row_of

if TYPE_CHECKING:
    from sandbox.world import World

SEED, SNAPSHOT, ARRIVING = "seed", "snapshot", "arriving"
"""What a hidden workspace is kept for; one whose rows are still coming is of no use to a process that begins."""
UNUSED_SEEDS = 4
"""Copies of seeds with a start of their own that are kept for the next one who begins there, though nobody is there."""

SNAPSHOTS = table(models.Snapshot)
# Children before what they refer to, so that the check of a reference finds no row, and finds that in an index.
EMPTYING = [
    (model, Statement(delete(table(model)).where(table(model).c.workspace_id == bindparam("workspace_id"))))
    for model in reversed(models.of_workspaces())
]
DELETE = Statement(delete(WORKSPACES).where(WORKSPACES.c.id == bindparam("id")))
EXPIRED = Statement(select(WORKSPACES.c.id).where(WORKSPACES.c.expires_wall <= bindparam("wall"), IS_VISIBLE))
LEFTOVERS = Statement(select(WORKSPACES.c.id).where(WORKSPACES.c.hidden == ARRIVING))
NEXT_EXPIRY = Statement(select(func.min(WORKSPACES.c.expires_wall)).where(IS_VISIBLE))
COPIES = Statement(select(SNAPSHOTS.c.copy_id).where(SNAPSHOTS.c.workspace_id == bindparam("workspace_id")))
USERS = WORKSPACES.alias("users")
UNUSED = Statement(
    select(WORKSPACES.c.id, WORKSPACES.c.start_at)
    .where(
        WORKSPACES.c.hidden == SEED,
        ~exists().where(
            USERS.c.hidden.is_(None),
            *(USERS.c[name] == WORKSPACES.c[name] for name in ("fingerprint", "first_seed", "first_at")),
        ),
    )
    .order_by(WORKSPACES.c.id.desc())
)


def delete_workspace(world: "World", workspace: WorkspaceView) -> None:
    """It and all that it owns. Belongs in a transaction."""
    if row_of(world, workspace.id)["name"] == DEFAULT:
        raise StillNeeded("The workspace default is always there: reset it instead, or delete what is in it.")
    _delete_with_copies(world, workspace.id)


def delete_expired(world: "World") -> None:
    """Those whose time is over."""
    with world.store.writing():
        for (workspace_id,) in world.store.all(EXPIRED, wall=world.wall()):
            _delete_with_copies(world, workspace_id)


def delete_leftovers(world: "World") -> None:
    """What a process left that was ended."""
    with world.store.writing():
        for (workspace_id,) in world.store.all(LEFTOVERS):
            erase(world, workspace_id)


def next_expiry(world: "World") -> int | None:
    """When the next one's time is over, in ms of wall time."""
    row = world.store.one(NEXT_EXPIRY)
    return row[0] if row else None


def _delete_with_copies(world: "World", workspace_id: int) -> None:
    for (copy_id,) in world.store.all(COPIES, workspace_id=workspace_id):
        erase(world, copy_id)
    erase(world, workspace_id)
    world.forget(workspace_id)
    drop_unused_seeds(world)


def drop_unused_seeds(world: "World") -> None:
    """All where nobody can begin again, and of the others all but the newest. Belongs in a transaction."""
    kept = 0
    for copy_id, start_at in world.store.all(UNUSED):
        if start_at is not None and kept < UNUSED_SEEDS:
            kept += 1
        else:
            erase(world, copy_id)


def erase(world: "World", workspace_id: int) -> None:
    """Every row of a workspace, be it hidden or not. Belongs in a transaction."""
    empty(world, workspace_id, *Part)
    world.store.run(DELETE, id=workspace_id)


def empty(world: "World", workspace_id: int, *parts: Part) -> None:
    """The rows of those parts. Belongs in a transaction."""
    for model, statement in EMPTYING:
        if model.__part__ in parts:
            world.store.run(statement, workspace_id=workspace_id)
