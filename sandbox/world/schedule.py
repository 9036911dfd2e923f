"""What will happen by itself: written down with its time, for whoever comes past after that to do."""

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, or_, select, update

from sandbox.world import models
from sandbox.world.store import Statement, inserting, table

if TYPE_CHECKING:
    from sandbox.world import World

SCHEDULED = table(models.Scheduled)
WORKSPACES = table(models.Workspace)
INSERT = inserting(models.Scheduled)
# Written only when it is sooner: whoever has which credentials is remembered until a workspace's row changes.
SOONER = Statement(
    update(WORKSPACES)
    .where(
        WORKSPACES.c.id == bindparam("workspace"),
        or_(WORKSPACES.c.next_due_at.is_(None), WORKSPACES.c.next_due_at > bindparam("at")),
    )
    .values(next_due_at=bindparam("at"))
)
EARLIEST = select(func.min(SCHEDULED.c.due_at)).where(SCHEDULED.c.workspace_id == bindparam("workspace"))
ANEW = Statement(
    update(WORKSPACES)
    .where(WORKSPACES.c.id == bindparam("workspace"))
    .values(next_due_at=EARLIEST.scalar_subquery())
    .returning(WORKSPACES.c.next_due_at)
)


def schedule(
    world: "World", workspace_id: int, at: int, act: str, arguments: dict[str, Any], *, is_of_story: bool = False
) -> None:
    """Writes an act of `acts.ACTS` down. Belongs in a transaction."""
    row = {
        "workspace_id": workspace_id,
        "id": world.take(workspace_id, "scheduled"),
        "due_at": at,
        "action": act,
        "payload": json.dumps(arguments),
        "is_of_story": is_of_story,
    }
    world.store.add(INSERT, row)
    if world.store.run(SOONER, workspace=workspace_id, at=at).rowcount:
        world.store.forget()
    world.stir(workspace_id, at)


def note_next_due(world: "World", workspace_id: int) -> None:
    """After some of it was done. Belongs in a transaction."""
    row = world.store.run(ANEW, workspace=workspace_id).fetchone()
    world.store.forget()
    if row is not None and row[0] is not None:
        world.stir(workspace_id, row[0])
