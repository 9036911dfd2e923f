"""A workspace begins anew: as it was first made, without anybody in it, or as a snapshot has it.

All or nothing, so that whoever calls sees the world before it or after it. Credentials stay, and so do sinks and
snapshots; what callers did is forgotten, and what is under way for the world before is void.
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, or_, select
from sqlalchemy.dialects.sqlite import insert

from sandbox.world import SET, copies, models, seed, workspaces
from sandbox.world.faults import note_faults
from sandbox.world.models import Part
from sandbox.world.schedule import note_next_due
from sandbox.world.store import Statement, table

if TYPE_CHECKING:
    from sandbox.world import WorkspaceView, World

SETUP = [table(model) for model in models.of_workspaces() if model.__part__ is Part.SETUP]
OF_WORKSPACE = {of.name: Statement(select(of).where(of.c.workspace_id == bindparam("workspace_id"))) for of in SETUP}
PUT_BACK = {
    of.name: Statement(insert(of).values({each.name: bindparam(each.name) for each in of.c}).on_conflict_do_nothing())
    for of in SETUP
}
COUNTERS = table(models.Counter)
COUNTED = Statement(
    select(COUNTERS.c.kind, COUNTERS.c.n).where(
        COUNTERS.c.workspace_id == bindparam("workspace_id"), or_(*(COUNTERS.c.kind == of.name for of in SETUP))
    )
)


def to_seed(world: "World", workspace: "WorkspaceView") -> None:
    """As it was first made: consoles and accounts that were added since are gone."""
    with world.store.writing():
        _replace(world, workspace.id, lambda: seed.seed_again(world, workspace))
        _begin_anew(world, workspace, _as_first(world, workspace))


def to_empty(world: "World", workspace: "WorkspaceView") -> None:
    """As first made, but without people and history; consoles and accounts that were added since stay as they are."""
    with world.store.writing():
        rows = {name: world.store.all(each, workspace_id=workspace.id) for name, each in OF_WORKSPACE.items()}
        counted = world.store.all(COUNTED, workspace_id=workspace.id)

        def set_up() -> None:
            seed.set_up_again(world, workspace)
            for of in SETUP:
                for row in rows[of.name]:
                    world.store.run(PUT_BACK[of.name], **dict(zip(of.c.keys(), row, strict=True)))
            for kind, n in counted:
                world.store.run(SET, workspace_id=workspace.id, kind=kind, n=n)

        _replace(world, workspace.id, set_up)
        _begin_anew(world, workspace, _as_first(world, workspace))


def to_copy(world: "World", workspace: "WorkspaceView", copy_id: int) -> None:
    """As it was when the copy was taken; accounts that were there then but are no longer get new keys."""
    with world.store.writing():
        copy = copies.row_of(world, copy_id)
        _replace(
            world,
            workspace.id,
            lambda: copies.copy_rows(world, copy_id, workspace.id, Part.SETUP, Part.CONTENT),
        )
        _begin_anew(world, workspace, {**copies.state_of(copy), "clock_at": copy["clock_at"]})


def _replace(world: "World", workspace_id: int, fill: Callable[[], None]) -> None:
    """Other rows instead of those it has; an account that is in both keeps its keys."""
    keys = workspaces.keys_of(world, workspace_id)
    workspaces.empty(world, workspace_id, Part.SETUP, Part.CONTENT, Part.RECORD)
    fill()
    workspaces.give_keys(world, workspace_id, keys)


def _as_first(world: "World", workspace: "WorkspaceView") -> dict[str, Any]:
    """The columns of a workspace's row as they were when it was made; a clock without a start of its own reads wall."""
    row = workspaces.row_of(world, workspace.id)
    start_at = world.wall() if row["start_at"] is None else row["start_at"]
    return {**json.loads(row["first"]), "seed": row["first_seed"], "callback_profile": None, "clock_at": start_at}


def _begin_anew(world: "World", workspace: "WorkspaceView", columns: dict[str, Any]) -> None:
    anew = {"epoch": workspaces.view_of(world, workspace.id).epoch + 1, "clock_wall": world.wall()}
    workspaces.change_workspace(world, workspace.id, {**columns, **anew})
    note_next_due(world, workspace.id)
    note_faults(world, workspace.id)
    world.forget(workspace.id)
