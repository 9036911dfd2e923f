"""Reset and snapshots: a workspace begins anew."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any

from fastapi import Path, Request, Response
from pydantic import ValidationError
from starlette.responses import StreamingResponse

from sandbox.dependencies import WorkspaceDep, WorldDep
from sandbox.server.control import shapes, shown
from sandbox.server.control.http import WORKSPACE, answer, control_router, listed
from sandbox.server.control.shapes import Given, ListOf
from sandbox.server.control.shapes.faults import Effect, Match
from sandbox.server.control.values import SnapshotName
from sandbox.server.problems import Problem, refusals
from sandbox.vendors import simplepay
from sandbox.world import WorkspaceView, World, resets, snapshots, workspaces
from sandbox.world.clock import rfc3339
from sandbox.world.snapshots import files
from sandbox.world.snapshots.arrival import Arrival


def fits(shape: type[Given]) -> Callable[[Any], bool]:
    """Whether a JSON text is such a body."""

    def check(stored: Any) -> bool:
        try:
            shape.model_validate_json(stored)
        except ValidationError:
            return False
        return True

    return check


router = control_router(WORKSPACE, "Reset and snapshots")

Name = Annotated[SnapshotName, Path(description="Letters, digits, - . and _.", examples=["before"])]
MEDIA_TYPE = "application/x-ndjson"
LARGEST_FILE = 64 * 1024 * 1024
FILE = {"type": "string", "format": "binary", "description": "Lines of JSON."}
FILE_SENT = {"requestBody": {"content": {"application/octet-stream": {"schema": FILE}}}}
FILE_ANSWERED: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", "content": {MEDIA_TYPE: {"schema": FILE}}}
}
GIVEN = {
    ("fault", "match"): fits(Match),
    ("fault", "effect"): fits(Effect),
    ("message", "status_callback"): simplepay.can_be_called,
}
"""What a snapshot may bring is what can be given here, or to a vendor."""
REFUSED = refusals(409, 413)
RESETS: dict[str, Callable[[World, WorkspaceView], None]] = {"seed": resets.to_seed, "empty": resets.to_empty}


@router.post("/reset", response_model=shapes.Workspace, responses=refusals(409))
async def reset(world: WorldDep, workspace: WorkspaceDep, body: shapes.NewReset | None = None) -> Response:
    """Begins anew: as first made, as first made but with nobody and nothing in it, or as a snapshot has it.

    Data, counters, faults, journal, delivery and clock; credentials, sinks and snapshots stay.
    """
    given = body or shapes.NewReset()
    if given.to == "snapshot":
        return _restored(world, workspace, given.name)
    RESETS[given.to](world, workspace)
    return _shown(world, workspace)


@router.get("/snapshots", response_model=ListOf[shapes.Snapshot])
async def list_snapshots(world: WorldDep, workspace: WorkspaceDep) -> Response:
    """Those of this workspace, the oldest first."""
    return listed([_snapshot(each) for each in snapshots.listed(world, workspace)])


@router.put("/snapshots/{name}", response_model=shapes.Snapshot, responses=REFUSED, openapi_extra=FILE_SENT)
async def put_snapshot(request: Request, world: WorldDep, workspace: WorkspaceDep, name: Name) -> Response:
    """Takes a snapshot, or brings one from another server, instead of what had that name before.

    Without a body the workspace is kept as it is now; a body is the file that GET of a snapshot answers, of a server
    of the same schema, whatever its media type.
    """
    arrival = Arrival(world, GIVEN)
    size = 0
    try:
        async for piece in request.stream():
            size += len(piece)
            if size > LARGEST_FILE:
                raise Problem(413, "Body too large", f"Send at most {LARGEST_FILE} bytes.")
            arrival.feed(piece)
        if size:
            arrival.finish(workspace, name)
        else:
            snapshots.take(world, workspaces.view_of(world, workspace.id), name)
    except BaseException:
        arrival.drop()
        raise
    return answer(_snapshot(snapshots.find(world, workspace, name)))


@router.get("/snapshots/{name}", response_class=StreamingResponse, responses=FILE_ANSWERED)
async def download_snapshot(world: WorldDep, workspace: WorkspaceDep, name: Name) -> Response:
    """The snapshot as a file: lines of JSON, without credentials. PUT brings it to another server."""
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{name}.snapshot"'}
    file = files.written(world, snapshots.find(world, workspace, name))
    return StreamingResponse(_by_turns(file), headers=headers, media_type=MEDIA_TYPE)


async def _by_turns(file: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Other calls are served between the pieces."""
    for piece in file:
        yield piece
        await asyncio.sleep(0)


@router.post("/snapshots/{name}/restore", response_model=shapes.Workspace)
async def restore_snapshot(world: WorldDep, workspace: WorkspaceDep, name: Name) -> Response:
    """Begins anew as the snapshot has it; its clock goes on from there, or stands there."""
    return _restored(world, workspace, name)


@router.delete("/snapshots/{name}", status_code=204, response_class=Response)
async def delete_snapshot(world: WorldDep, workspace: WorkspaceDep, name: Name) -> Response:
    """Forgets a snapshot; the workspace stays as it is."""
    with world.store.writing():
        snapshots.remove(world, workspace, name)
    return Response(status_code=204)


def _restored(world: World, workspace: WorkspaceView, name: str) -> Response:
    resets.to_copy(world, workspace, snapshots.find(world, workspace, name).copy_id)
    return _shown(world, workspace)


def _shown(world: World, workspace: WorkspaceView) -> Response:
    """With the keys of accounts that came back without any."""
    return answer(shown.workspace(world, workspaces.row_of(world, workspace.id)))


def _snapshot(snapshot: snapshots.Snapshot) -> dict[str, Any]:
    return {
        "name": snapshot.name,
        "now": rfc3339(snapshot.at),
        "state": "frozen" if snapshot.is_frozen else "running",
        "taken_at": rfc3339(snapshot.taken_wall),
        "messages": snapshot.messages,
    }
