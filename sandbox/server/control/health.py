"""Health: what a probe asks, apart from the rest, so that the first probe waits for nothing."""

from fastapi import Request

from dialog_sandbox.models.engine import Health
from sandbox.server.control.dependencies import DatabaseFileDep, StoreDep
from sandbox.server.control.http import control_router
from sandbox.server.problems import Problem, refusals
from sandbox.store import Store, StoreUnavailable
from sandbox.world.workspaces.find import DEFAULT, exists

router = control_router("/_sandbox/health", "Engine")
STOPPING = "The server stops: call another one, or this one when it is back."


@router.get("/live")
async def live() -> Health:
    """200 as soon as the process serves."""
    return Health(status="live")


@router.get("/ready", responses=refusals(503))
async def ready(request: Request, store: StoreDep, file: DatabaseFileDep) -> Health:
    """200 when the store can be written, its file is in its place and may grow, and the seed is in, else 503.

    503 too as soon as the server is asked to stop.
    """
    if request.app.state.is_stopping():
        raise Problem(503, "Not ready", STOPPING)
    complaint = (file and file.complaint()) or await _complaint_of(store)
    if complaint is not None:
        raise Problem(503, "Not ready", complaint)
    return Health(status="ready")


async def _complaint_of(store: Store) -> str | None:
    try:
        await store.try_to_write()
        is_seeded = await store.read(lambda tx: exists(tx, DEFAULT))
    except StoreUnavailable as error:
        return f"The database cannot be written ({error}): try again, or look at the server's output."
    return None if is_seeded else "The database holds no workspace named default: start the server again."
