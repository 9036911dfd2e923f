"""Time: what a workspace's clock reads, and how it is moved."""

from heapq import merge

from fastapi import Response

from dialog_sandbox.models.clock import ClockReading, ClockRequest, ClockTurned, DueEventInfo
from sandbox.clock import LATEST, SECOND
from sandbox.server.answers.pieces import in_pieces, written
from sandbox.server.answers.values import optional_milliseconds, timestamp
from sandbox.server.answers.workspaces import clock_reading
from sandbox.server.control.dependencies import HubDep, TickerDep, WorkspaceAccess, WorkspaceDep
from sandbox.server.control.http import WORKSPACE, control_router
from sandbox.server.problems import invalid, refusals
from sandbox.store import Tx, WorkspaceView
from sandbox.world.clock_moves import ClockMove, DueEvent, EventParts, due_events, move_clock
from sandbox.world.ids import callback_id, message_id

router = control_router(WORKSPACE, "Time")


@router.get("/clock")
async def show_clock(ws: WorkspaceDep) -> ClockReading:
    """What the workspace's clock reads, beside the time outside."""
    return await ws.read(clock_reading)


@router.post("/clock", response_model=ClockTurned, responses=refusals(409, 429))
async def turn_clock(ws: WorkspaceDep, ticker: TickerDep, hub: HubDep, body: ClockRequest) -> Response:
    """Stops the clock, sets or advances it, or lets it run; and tells what came due thereby, in order.

    It goes forward only, up to the end of 9998. It does not wait for the receivers of callbacks, unless `settle` says
    how long.
    """

    if body.settle is None:
        _, reading, chunks = await _move_and_list(ws, body)
        turned = ClockTurned(**dict(reading), fired=[])
    else:
        with hub.waits.taken(await ws.read(lambda tx: tx.workspace.id)):  # refused before the clock is moved
            workspace, _, chunks = await _move_and_list(ws, body)
            settled = await ticker.settled(workspace.id, body.settle)
        turned = ClockTurned(**dict(await ws.read(clock_reading)), fired=[], settled=settled)
    return in_pieces(turned, "fired", written(_fired(event) for _, event in merge(*chunks)))


async def _move_and_list(ws: WorkspaceAccess, body: ClockRequest) -> tuple[WorkspaceView, ClockReading, EventParts]:
    """Move the clock; return the workspace once all that is due was done, what its clock reads, and what came due."""
    moved, reading = await ws.write(lambda tx: (_move(tx, body), clock_reading(tx)))
    workspace, after = await ws.read(lambda tx: (tx.workspace, clock_reading(tx)))
    # What came due may have ended a story, which stops the clock; others may have moved it on meanwhile.
    reading = reading.model_copy(update={"state": after.state})
    return workspace, reading, await due_events(ws.store, workspace.world, moved)


def _move(tx: Tx, body: ClockRequest) -> ClockMove:
    to, by = optional_milliseconds(body.at), round((body.seconds or 0) * SECOND)
    if (to or tx.now + by) > LATEST:
        raise invalid(("body", "seconds" if body.action == "advance" else "at", "must not lead beyond the year 9998"))
    frozen = {"freeze": True, "run": False}.get(body.action)
    return move_clock(tx, to=to, by=by, frozen=frozen, speed=body.speed)


def _fired(event: DueEvent) -> DueEventInfo:
    return DueEventInfo.model_validate(
        {
            "at": timestamp(event.at),
            "event": event.event,
            "message": message_id(event.message_id),
            "status": event.status,
            "callback": None if event.callback_id is None else callback_id(event.callback_id),
        }
    )
