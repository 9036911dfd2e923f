"""Health: what a probe asks, apart from the rest, so that the first probe waits for nothing."""

import sqlite3
from typing import Literal

from fastapi import Response
from pydantic import BaseModel

from sandbox.dependencies import WorldDep
from sandbox.server.control.http import answer, control_router
from sandbox.server.problems import Problem, refusals
from sandbox.world import workspaces

router = control_router("/_sandbox/health", "Engine")


class Health(BaseModel):
    status: Literal["live", "ready"]


@router.get("/live", response_model=Health)
async def live() -> Response:
    """200 as soon as the process serves."""
    return answer({"status": "live"})


@router.get("/ready", response_model=Health, responses=refusals(503))
async def ready(world: WorldDep) -> Response:
    """200 when the store can be written and the seed is in, else 503."""
    try:
        world.store.try_to_write()
        is_ready = workspaces.exists(world, workspaces.DEFAULT)
    except sqlite3.Error:
        is_ready = False
    if not is_ready:
        raise Problem(503, "Not ready", "The store does not answer: try again, or look at the server's output.")
    return answer({"status": "ready"})
