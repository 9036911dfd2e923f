"""Time: what a workspace's clock reads, and how it is turned."""

from typing import Any

from fastapi import Response

from sandbox.dependencies import WorkspaceDep, WorldDep
from sandbox.server.control import shapes, shown
from sandbox.server.control.http import WORKSPACE, answer, control_router
from sandbox.server.problems import invalid, refusals
from sandbox.world import callbacks, clockwork, messages, workspaces
from sandbox.world.clock import LATEST, SECOND, rfc3339

router = control_router(WORKSPACE, "Time")


@router.get("/clock", response_model=shapes.Clock)
async def show_clock(world: WorldDep, workspace: WorkspaceDep) -> Response:
    """What the workspace's clock reads, beside the time outside."""
    return answer(shown.clock(world, workspace))


@router.post("/clock", response_model=shapes.TurnedClock, responses=refusals(409))
async def turn_clock(world: WorldDep, workspace: WorkspaceDep, body: shapes.ClockTurn) -> Response:
    """Stops the clock, sets or advances it, or lets it run; and tells what came due thereby, in order.

    It goes forward only, up to the end of 9998. It does not wait for the receivers of callbacks, unless `settle` says
    how long.
    """
    by = round((body.seconds or 0) * SECOND)
    if (body.at or world.now(workspace) + by) > LATEST:
        raise invalid(("body", "seconds" if body.action == "advance" else "at", "must not lead beyond the year 9998"))
    frozen = {"freeze": True, "run": False}.get(body.action)
    fired = clockwork.turn(world, workspace, to=body.at, by=by, frozen=frozen)
    settled = {} if body.settle is None else {"settled": await world.courier.settled(workspace.id, body.settle)}
    turned = workspaces.view_of(world, workspace.id)
    return answer({**shown.clock(world, turned), "fired": [_fired(each) for each in fired], **settled})


def _fired(fired: clockwork.Fired) -> dict[str, Any]:
    told = {"at": rfc3339(fired.at), "event": fired.event, "message": messages.our_id(fired.message)}
    if fired.status is not None:
        told["status"] = fired.status
    if fired.callback is not None:
        told["callback"] = callbacks.our_id(fired.callback)
    return told
