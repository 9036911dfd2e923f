"""Snapshots: named states of a workspace, each a copy in the store."""

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from sandbox.world import copies, models, workspaces
from sandbox.world.errors import UnknownSnapshot
from sandbox.world.store import Statement, table
from sandbox.world.workspaces import SNAPSHOT

if TYPE_CHECKING:
    from sandbox.world import WorkspaceView, World

SNAPSHOTS = table(models.Snapshot)
WORKSPACES = table(models.Workspace)
MESSAGES = table(models.Message)
HOW_MANY = (
    select(func.count()).select_from(MESSAGES).where(MESSAGES.c.workspace_id == SNAPSHOTS.c.copy_id).scalar_subquery()
)
_LIST = (
    select(
        SNAPSHOTS.c.name,
        SNAPSHOTS.c.copy_id,
        SNAPSHOTS.c.taken_wall,
        WORKSPACES.c.clock_at,
        WORKSPACES.c.clock_frozen,
        HOW_MANY,
    )
    .join(WORKSPACES, WORKSPACES.c.id == SNAPSHOTS.c.copy_id)
    .where(SNAPSHOTS.c.workspace_id == bindparam("workspace_id"))
)
LIST = Statement(_LIST.order_by(SNAPSHOTS.c.copy_id))
BY_NAME = Statement(_LIST.where(SNAPSHOTS.c.name == bindparam("name")))
_put = insert(SNAPSHOTS).values({each.name: bindparam(each.name) for each in SNAPSHOTS.c})
PUT = Statement(
    _put.on_conflict_do_update(
        index_elements=[SNAPSHOTS.c.workspace_id, SNAPSHOTS.c.name],
        set_={name: _put.excluded[name] for name in ("copy_id", "taken_wall")},
    )
)
DELETE = Statement(
    delete(SNAPSHOTS).where(
        SNAPSHOTS.c.workspace_id == bindparam("workspace_id"), SNAPSHOTS.c.name == bindparam("name")
    )
)


class Snapshot(NamedTuple):
    """`copy_id`: of the hidden workspace. `at`: what the clock read, in ms; `taken_wall` is wall time."""

    name: str
    copy_id: int
    taken_wall: int
    at: int
    is_frozen: bool
    messages: int


def listed(world: "World", workspace: "WorkspaceView") -> list[Snapshot]:
    """The oldest first."""
    return [Snapshot._make(row) for row in world.store.all(LIST, workspace_id=workspace.id)]


def find(world: "World", workspace: "WorkspaceView", name: str) -> Snapshot:
    row = world.store.one(BY_NAME, workspace_id=workspace.id, name=name)
    if row is None:
        raise UnknownSnapshot("There is no snapshot of that name in this workspace: take it with PUT.")
    return Snapshot._make(row)


def exists(world: "World", workspace: "WorkspaceView", name: str) -> bool:
    return world.store.one(BY_NAME, workspace_id=workspace.id, name=name) is not None


def take(world: "World", workspace: "WorkspaceView", name: str) -> Snapshot:
    """The workspace as it is now, instead of what had that name before."""
    world.save()
    with world.store.writing():
        put(world, workspace, name, copies.take(world, workspace.id, SNAPSHOT), world.wall())
    return find(world, workspace, name)


def put(world: "World", workspace: "WorkspaceView", name: str, copy_id: int, taken_wall: int) -> None:
    """A copy gets this name, instead of the one that had it before. Belongs in a transaction."""
    if exists(world, workspace, name):
        workspaces.erase(world, find(world, workspace, name).copy_id)
    world.store.run(PUT, workspace_id=workspace.id, name=name, copy_id=copy_id, taken_wall=taken_wall)


def remove(world: "World", workspace: "WorkspaceView", name: str) -> None:
    """Belongs in a transaction."""
    snapshot = find(world, workspace, name)
    world.store.run(DELETE, workspace_id=workspace.id, name=name)
    workspaces.erase(world, snapshot.copy_id)
