"""Faults: which vendor calls go wrong, and how."""

import json
from typing import Annotated, Any

from fastapi import Path, Response

from dialog_sandbox.models.base import DeletedResponse, ListOf
from dialog_sandbox.models.faults import AddFaultRequest, FaultInfo, SetFaultsRequest
from sandbox.clock import SECOND
from sandbox.server.answers.values import optional_timestamp
from sandbox.server.control.dependencies import WorkspaceDep
from sandbox.server.control.http import WORKSPACE, control_router
from sandbox.store import Tx
from sandbox.store.tables import FaultRow
from sandbox.world import faults
from sandbox.world.ids import fault_id

router = control_router(WORKSPACE, "Faults")

FaultId = Annotated[str, Path(alias="id", description="A fault's id.", examples=["fault_00000001"])]


@router.get("/faults")
async def list_faults(ws: WorkspaceDep) -> ListOf[FaultInfo]:
    """All faults, in the order in which they are asked, and how far each has got."""
    return await ws.read(_list)


@router.post("/faults", status_code=201)
async def add_fault(ws: WorkspaceDep, body: AddFaultRequest) -> FaultInfo:
    """One more fault, after those there are.

    Of those that match a call the first wins whose turn it is. `status` and `rate_limit` answer instead of doing; the
    others spoil the answer to what was done, unless they come `before`.
    """
    return await ws.write(lambda tx: _fault(faults.add(tx, **_columns(body, tx.now))))


@router.put("/faults")
async def set_faults(ws: WorkspaceDep, body: SetFaultsRequest) -> ListOf[FaultInfo]:
    """These faults instead of those there are."""

    def work(tx: Tx) -> ListOf[FaultInfo]:
        faults.replace_all(tx, [_columns(each, tx.now) for each in body])
        return _list(tx)

    return await ws.write(work)


@router.delete("/faults")
async def clear_faults(ws: WorkspaceDep) -> DeletedResponse:
    """Drops all faults."""
    return DeletedResponse(deleted=await ws.write(faults.clear))


@router.delete("/faults/{id}", status_code=204, response_class=Response)
async def remove_fault(ws: WorkspaceDep, wanted_id: FaultId) -> None:
    """Drops one fault."""
    await ws.write(lambda tx: faults.remove(tx, faults.find_fault(tx, wanted_id)))


def _columns(body: AddFaultRequest, now: int) -> dict[str, Any]:
    expires_at = None if body.expires_in is None else now + round(body.expires_in * SECOND)
    return {
        "match": body.match.model_dump(by_alias=True, exclude_unset=True),
        "effect": body.effect.model_dump(exclude_unset=True),
        **body.model_dump(include={"probability", "seed", "skip", "times"}),
        "expires_at": expires_at,
    }


def _list(tx: Tx) -> ListOf[FaultInfo]:
    return ListOf(items=[*map(_fault, faults.list_faults(tx))], next=None)


def _fault(row: FaultRow) -> FaultInfo:
    return FaultInfo(
        id=fault_id(row.id),
        match=json.loads(row.match),
        effect=json.loads(row.effect),
        probability=row.probability,
        seed=row.seed,
        skip=row.skip,
        times=row.times,
        expires_at=optional_timestamp(row.expires_at),
        matched=row.matched,
        applied=row.applied,
        left=None if row.times is None else row.times - row.applied,
    )
