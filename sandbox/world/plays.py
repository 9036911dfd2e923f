"""The story that a workspace is in, and its end."""

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import bindparam, delete, select

from sandbox.world import models, workspaces
from sandbox.world.happenings import CLOCK
from sandbox.world.store import Statement, inserting, table

if TYPE_CHECKING:
    from sandbox.world import WorkspaceView, World

PLAYS = table(models.Play)
SCHEDULED = table(models.Scheduled)
INSERT = inserting(models.Play)
IN_WORKSPACE = PLAYS.c.workspace_id == bindparam("workspace_id")
PLAY = Statement(select(PLAYS.c.story, PLAYS.c.began_at, PLAYS.c.ends_at, PLAYS.c.was_frozen).where(IN_WORKSPACE))
DROP = Statement(delete(PLAYS).where(IN_WORKSPACE))
DROP_STEPS = Statement(
    delete(SCHEDULED).where(SCHEDULED.c.workspace_id == bindparam("workspace_id"), SCHEDULED.c.is_of_story)
)


class Play(NamedTuple):
    """A story under way. Times in ms on the workspace's clock; `was_frozen`: whether that stood before."""

    story: str
    began_at: int
    ends_at: int
    was_frozen: bool


def under_way(world: "World", workspace_id: int) -> Play | None:
    row = world.store.one(PLAY, workspace_id=workspace_id)
    return Play._make(row) if row else None


def start(world: "World", workspace_id: int, play: Play) -> None:
    """Belongs in a transaction."""
    world.store.add(INSERT, {"workspace_id": workspace_id, **play._asdict()})


def end(world: "World", workspace: "WorkspaceView", *, stays_frozen: bool) -> None:
    """What is still to come of it does not; the clock goes as fast as before. Belongs in a transaction.

    `stays_frozen`: a clock that was stopped meanwhile goes on standing, though it ran before.
    """
    play = under_way(world, workspace.id)
    if play is None:
        return
    world.store.run(DROP_STEPS, workspace_id=workspace.id)
    world.store.run(DROP, workspace_id=workspace.id)
    wall = world.wall()
    reading = {
        "clock_frozen": bool(play.was_frozen) or (stays_frozen and workspace.clock_frozen),
        "clock_at": workspace.now(wall),
        "clock_wall": wall,
        "clock_speed": 1.0,
    }
    workspaces.change_workspace(world, workspace.id, reading)
    world.touch(workspace.id, CLOCK)
