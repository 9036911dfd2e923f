"""Health: what a probe asks, apart from the rest, so that the first probe waits for nothing."""

from dialog_sandbox.models.engine import Health
from sandbox.server.control.dependencies import StoreDep
from sandbox.server.control.http import control_router
from sandbox.server.problems import Problem, refusals
from sandbox.store import StoreUnavailable
from sandbox.world.workspaces.find import DEFAULT, exists

router = control_router("/_sandbox/health", "Engine")


@router.get("/live")
async def live() -> Health:
    """200 as soon as the process serves."""
    return Health(status="live")


@router.get("/ready", responses=refusals(503))
async def ready(store: StoreDep) -> Health:
    """200 when the store can be written and the seed is in, else 503."""
    try:
        await store.try_to_write()
        is_ready = await store.read(lambda tx: exists(tx, DEFAULT))
    except StoreUnavailable:
        is_ready = False
    if not is_ready:
        raise Problem(503, "Not ready", "The store does not answer: try again, or look at the server's output.")
    return Health(status="ready")
