"""The end of a workspace: at once for whoever calls, and nothing of it is left in any table."""

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, func, select

from sandbox.world import models
from sandbox.world.errors import StillNeeded
from sandbox.world.models import Part
from sandbox.world.store import Statement
from sandbox.world.views import WorkspaceView
from sandbox.world.workspaces.finding import DEFAULT, IS_VISIBLE, WORKSPACES, row_of

if TYPE_CHECKING:
    from sandbox.world import World

# Children before what they refer to, so that the check of a reference finds no row, and finds that in an index.
EMPTYING = [
    (table.name, Statement(delete(table).where(table.c.workspace_id == bindparam("workspace_id"))))
    for table in reversed(models.Row.metadata.sorted_tables)
    if "workspace_id" in table.c
]
PARTS = {str(model.__tablename__): model.__part__ for model in models.Row.__subclasses__()}
DELETE = Statement(delete(WORKSPACES).where(WORKSPACES.c.id == bindparam("id")))
EXPIRED = Statement(select(WORKSPACES.c.id).where(WORKSPACES.c.expires_wall <= bindparam("wall"), IS_VISIBLE))
NEXT_EXPIRY = Statement(select(func.min(WORKSPACES.c.expires_wall)).where(IS_VISIBLE))


def delete_workspace(world: "World", workspace: WorkspaceView) -> None:
    """It and all that it owns. Belongs in a transaction."""
    if row_of(world, workspace.id)["name"] == DEFAULT:
        raise StillNeeded("The workspace default is always there: reset it instead, or delete what is in it.")
    erase(world, workspace.id)


def delete_expired(world: "World") -> None:
    """Those whose time is over."""
    with world.store.writing():
        for (workspace_id,) in world.store.all(EXPIRED, wall=world.wall()):
            erase(world, workspace_id)


def next_expiry(world: "World") -> int | None:
    """When the next one's time is over, in ms of wall time."""
    row = world.store.one(NEXT_EXPIRY)
    return row[0] if row else None


def erase(world: "World", workspace_id: int) -> None:
    """Every row of a workspace, visible or not. Belongs in a transaction."""
    world.forget(workspace_id)
    empty(world, workspace_id, *Part)
    world.store.run(DELETE, id=workspace_id)


def empty(world: "World", workspace_id: int, *parts: Part) -> None:
    """The rows of those parts. Belongs in a transaction."""
    for name, statement in EMPTYING:
        if PARTS[name] in parts:
            world.store.run(statement, workspace_id=workspace_id)
