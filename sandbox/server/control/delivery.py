"""Delivery: what becomes of messages that are accepted from now on."""

from fastapi import Response

from sandbox.dependencies import WorkspaceDep, WorldDep
from sandbox.server.control import shapes, shown
from sandbox.server.control.http import WORKSPACE, answer, control_router
from sandbox.world import WorkspaceView, World, workspaces
from sandbox.world.clock import SECOND

router = control_router(WORKSPACE, "Delivery")


@router.get("/delivery", response_model=shapes.Delivery)
async def show_delivery(world: WorldDep, workspace: WorkspaceDep) -> Response:
    """The policy in force."""
    return _policy(world, workspace)


@router.put("/delivery", response_model=shapes.Delivery)
async def set_delivery(world: WorldDep, workspace: WorkspaceDep, body: shapes.NewDelivery) -> Response:
    """Says what becomes of messages that are accepted from now on.

    `immediate` settles at once, `timed` after the two delays, `manual` only by an injected status. Messages
    that are there already keep the plan they were accepted with.
    """
    values = {
        "delivery_mode": body.mode,
        "sent_after": round(body.sent_after * SECOND),
        "settled_after": round(body.settled_after * SECOND),
        "outcome": body.outcome,
    }
    with world.store.writing():
        workspaces.change_workspace(world, workspace.id, values)
    return _policy(world, workspace)


def _policy(world: World, workspace: WorkspaceView) -> Response:
    row = workspaces.row_of(world, workspace.id)
    return answer(
        {
            "mode": row["delivery_mode"],
            "sent_after": shown.seconds(row["sent_after"]),
            "settled_after": shown.seconds(row["settled_after"]),
            "outcome": row["outcome"],
        }
    )
