"""Time: what a workspace's clock reads, and how it is moved."""

from dialog_sandbox.models.clock import ClockReading, ClockRequest, ClockTurned, DueEventInfo
from sandbox.clock import LATEST, SECOND
from sandbox.server.control.answers.values import optional_milliseconds, timestamp
from sandbox.server.control.answers.workspaces import clock_reading
from sandbox.server.control.dependencies import HubDep, TickerDep, WorkspaceDep
from sandbox.server.control.http import WORKSPACE, control_router
from sandbox.server.problems import invalid, refusals
from sandbox.store import Tx
from sandbox.world.clock_moves import DueEvent, move_clock
from sandbox.world.ids import callback_id, message_id

router = control_router(WORKSPACE, "Time")


@router.get("/clock")
async def show_clock(ws: WorkspaceDep) -> ClockReading:
    """What the workspace's clock reads, beside the time outside."""
    return await ws.read(clock_reading)


@router.post("/clock", responses=refusals(409, 429))
async def turn_clock(ws: WorkspaceDep, ticker: TickerDep, hub: HubDep, body: ClockRequest) -> ClockTurned:
    """Stops the clock, sets or advances it, or lets it run; and tells what came due thereby, in order.

    It goes forward only, up to the end of 9998. It does not wait for the receivers of callbacks, unless `settle` says
    how long.
    """

    def work(tx: Tx) -> tuple[int, list[DueEvent], ClockReading]:
        due = _move(tx, body)
        return tx.ws, due, clock_reading(tx)

    if body.settle is None:
        _, due, reading = await ws.write(work)
        return ClockTurned(**dict(reading), fired=[*map(_fired, due)])
    with hub.waits.taken(await ws.read(lambda tx: tx.workspace.id)):  # refused before the clock is moved
        workspace_id, due, _ = await ws.write(work)
        settled = await ticker.settled(workspace_id, body.settle)
    reading = await ws.read(clock_reading)
    return ClockTurned(**dict(reading), fired=[*map(_fired, due)], settled=settled)


def _move(tx: Tx, body: ClockRequest) -> list[DueEvent]:
    to, by = optional_milliseconds(body.at), round((body.seconds or 0) * SECOND)
    if (to or tx.now + by) > LATEST:
        raise invalid(("body", "seconds" if body.action == "advance" else "at", "must not lead beyond the year 9998"))
    return move_clock(tx, to=to, by=by, frozen={"freeze": True, "run": False}.get(body.action))


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
