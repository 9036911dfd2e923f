"""Reset and snapshots: a workspace begins again, as it was first or as it was kept."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Path, Query, Request, Response
from pydantic import ValidationError
from starlette.responses import StreamingResponse

from dialog_sandbox.models.base import BodyModel, ListOf
from dialog_sandbox.models.faults import Effect, Match
from dialog_sandbox.models.snapshots import ResetRequest, Snapshot, WholeFileRequest
from dialog_sandbox.models.values import SnapshotName
from dialog_sandbox.models.workspaces import WorkspaceInfo
from sandbox.server.answers.values import timestamp
from sandbox.server.answers.workspaces import workspace_now
from sandbox.server.control.dependencies import PictureDep, WorkspaceDep
from sandbox.server.control.http import WORKSPACE, body_pieces, by_turns, control_router
from sandbox.server.journal.secrets import match_without_key, url_without_secrets
from sandbox.server.problems import refusals
from sandbox.store import Slices, Tx, WorkspaceView
from sandbox.world import limits, resets
from sandbox.world.snapshots import catalog
from sandbox.world.snapshots.read import SnapshotReader
from sandbox.world.snapshots.take import take_snapshot
from sandbox.world.snapshots.write import file_of

router = control_router(WORKSPACE, "Reset and snapshots")

Name = Annotated[SnapshotName, Path(description="Letters, digits, - . and _.", examples=["before"])]
MEDIA_TYPE = "application/x-ndjson"
LARGEST_FILE = 64 * 1024 * 1024
FILE = {"type": "string", "format": "binary", "description": "Lines of JSON."}
FILE_SENT = {"requestBody": {"content": {"application/octet-stream": {"schema": FILE}}}}
FILE_ANSWERED: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", "content": {MEDIA_TYPE: {"schema": FILE}}}
}
REFUSED = refusals(409, 413)


def fits(model: type[BodyModel]) -> Callable[[Any], bool]:
    """Return what tells whether a JSON text is such a body."""

    def check(stored: Any) -> bool:
        try:
            model.model_validate_json(stored)
        except ValidationError:
            return False
        return True

    return check


FURTHER_CHECKS = {("fault", "match"): fits(Match), ("fault", "effect"): fits(Effect)}
"""What a snapshot may bring is what can be given here."""
LEFT_OUT = {("message", "status_callback"): url_without_secrets, ("fault", "match"): match_without_key}
"""What of a snapshot does not leave the server with its file."""


@router.post("/reset", responses=refusals(409))
async def reset(ws: WorkspaceDep, body: ResetRequest | None = None) -> WorkspaceInfo:
    """Begins anew: as first made, as first made but with nobody and nothing in it, or as a snapshot has it.

    Data, counters, faults, journal, delivery and clock; credentials, sinks and snapshots stay.
    """
    wanted = body or ResetRequest()
    if wanted.to == "snapshot":
        return await restore_snapshot(ws, wanted.name)
    return await (ws.write_in_slices(_seed_again) if wanted.to == "seed" else ws.write(_empty))


def _seed_again(tx: Tx) -> Slices[WorkspaceInfo]:
    return workspace_now((yield from resets.to_seed(tx)))


def _empty(tx: Tx) -> WorkspaceInfo:
    resets.to_empty(tx)
    return workspace_now(tx)


@router.get("/snapshots")
async def list_snapshots(ws: WorkspaceDep) -> ListOf[Snapshot]:
    """Those of this workspace, the oldest first."""
    return ListOf(items=[*map(_snapshot, await ws.read(catalog.list_snapshots))], next=None)


@router.put("/snapshots/{name}", responses=REFUSED, openapi_extra=FILE_SENT)
async def put_snapshot(request: Request, ws: WorkspaceDep, name: Name) -> Snapshot:
    """Takes a snapshot, or brings one from another server, instead of what had that name before.

    Without a body the workspace is kept as it is now; a body is the file that GET of a snapshot answers, of a server
    of the same schema, whatever its media type.
    """
    workspace = await ws.read(lambda tx: _with_room(tx, name))
    reader = SnapshotReader(ws.store, FURTHER_CHECKS)
    is_empty = True
    try:
        async for piece in body_pieces(request, LARGEST_FILE):
            is_empty = is_empty and not piece
            await reader.feed(piece)
        if is_empty:
            return _snapshot(await take_snapshot(ws.store, workspace.id, name))
        return _snapshot(await reader.finish(workspace, name))
    except BaseException:
        await reader.drop()
        raise


def _with_room(tx: Tx, name: str) -> WorkspaceView:
    """Return the workspace; raises `TooManySnapshots` before a file is read in vain."""
    catalog.check_room(tx, name)
    return tx.workspace


@router.get("/snapshots/{name}", response_class=StreamingResponse, responses=FILE_ANSWERED)
async def download_snapshot(
    ws: WorkspaceDep, picture: PictureDep, name: Name, _: Annotated[WholeFileRequest, Query()]
) -> Response:
    """The snapshot as a file: lines of JSON, without credentials. PUT brings it to another server.

    It holds texts, names and numbers as they were: `mask=true` is refused.
    The URLs of callbacks are without secrets too; what is sent there, once the file was brought back, goes without.
    """
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{name}.snapshot"'}
    world = await ws.read(lambda tx: tx.ws)
    file = file_of(picture, world, name, LEFT_OUT)
    return StreamingResponse(by_turns(file), headers=headers, media_type=MEDIA_TYPE)


@router.post("/snapshots/{name}/restore", responses=refusals(409))
async def restore_snapshot(ws: WorkspaceDep, name: Name) -> WorkspaceInfo:
    """Begins anew as the snapshot has it; its clock goes on from there, or stands there."""

    def work(tx: Tx) -> Slices[WorkspaceInfo]:
        snapshot = catalog.find_snapshot(tx, name)
        limits.check_all_messages(tx, snapshot.messages)
        tx = yield from resets.to_clone(tx, snapshot.clone_id)
        return workspace_now(tx)  # with the keys of accounts that came back without any

    return await ws.write_in_slices(work)


@router.delete("/snapshots/{name}", status_code=204, response_class=Response)
async def delete_snapshot(ws: WorkspaceDep, name: Name) -> None:
    """Forgets a snapshot; the workspace stays as it is."""
    await ws.write(lambda tx: catalog.remove(tx, name))


def _snapshot(info: catalog.SnapshotInfo) -> Snapshot:
    return Snapshot(
        name=info.name,
        now=timestamp(info.at),
        state="frozen" if info.is_frozen else "running",
        taken_at=timestamp(info.taken_wall),
        messages=info.messages,
    )
