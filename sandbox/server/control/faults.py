"""Faults: which vendor calls go wrong, and how."""

import json
from typing import Annotated, Any

from fastapi import Path, Response

from sandbox.dependencies import WorkspaceDep, WorldDep
from sandbox.server.control import shapes
from sandbox.server.control.http import WORKSPACE, answer, control_router, listed
from sandbox.server.control.shapes import ListOf
from sandbox.world import WorkspaceView, World, faults
from sandbox.world.clock import SECOND, rfc3339

router = control_router(WORKSPACE, "Faults")

FaultId = Annotated[str, Path(alias="id", description="A fault's id.", examples=["fault_00000001"])]


@router.get("/faults", response_model=ListOf[shapes.Fault])
async def list_faults(world: WorldDep, workspace: WorkspaceDep) -> Response:
    """All faults, in the order in which they are asked, and how far each has got."""
    return _list(world, workspace)


@router.post("/faults", response_model=shapes.Fault, status_code=201)
async def add_fault(world: WorldDep, workspace: WorkspaceDep, body: shapes.NewFault) -> Response:
    """One more fault, after those there are.

    Of those that match a call the first wins whose turn it is. `status` and `rate_limit` answer instead of doing; the
    others spoil the answer to what was done, unless they come `before`.
    """
    with world.store.writing():
        row = faults.add(world, workspace, _columns(body, world.now(workspace)))
    return answer(_shown(row), 201)


@router.put("/faults", response_model=ListOf[shapes.Fault])
async def set_faults(world: WorldDep, workspace: WorkspaceDep, body: shapes.FaultList) -> Response:
    """These faults instead of those there are."""
    now = world.now(workspace)
    with world.store.writing():
        faults.clear(world, workspace.id)
        for each in body:
            faults.add(world, workspace, _columns(each, now))
    return _list(world, workspace)


@router.delete("/faults", response_model=shapes.Deleted)
async def clear_faults(world: WorldDep, workspace: WorkspaceDep) -> Response:
    """Drops all faults."""
    with world.store.writing():
        n = faults.clear(world, workspace.id)
    return answer({"deleted": n})


@router.delete("/faults/{id}", status_code=204, response_class=Response)
async def remove_fault(world: WorldDep, workspace: WorkspaceDep, fault_id: FaultId) -> Response:
    """Drops one fault."""
    with world.store.writing():
        faults.remove(world, faults.find(world, workspace.id, fault_id))
    return Response(status_code=204)


def _columns(given: shapes.NewFault, now: int) -> dict[str, Any]:
    expires_at = None if given.expires_in is None else now + round(given.expires_in * SECOND)
    return {
        "match": json.dumps(given.match.model_dump(by_alias=True, exclude_unset=True)),
        "effect": json.dumps(given.effect.model_dump(exclude_unset=True)),
        "probability": given.probability,
        "seed": given.seed,
        "skip": given.skip,
        "times": given.times,
        "expires_at": expires_at,
    }


def _list(world: World, workspace: WorkspaceView) -> Response:
    return listed([_shown(row) for row in faults.rows_of(world, workspace.id)])


def _shown(row: faults.FaultRow) -> dict[str, Any]:
    return {
        "id": faults.our_id(row["id"]),
        "match": json.loads(row["match"]),
        "effect": json.loads(row["effect"]),
        "probability": row["probability"],
        "seed": row["seed"],
        "skip": row["skip"],
        "times": row["times"],
        "expires_at": row["expires_at"] and rfc3339(row["expires_at"]),
        "matched": row["matched"],
        "applied": row["applied"],
        "left": None if row["times"] is None else row["times"] - row["applied"],
    }
