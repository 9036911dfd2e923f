"""What is taken along: the journal as files that other programs read, and a run as one to be replayed."""

import json
from collections.abc import Iterator, Mapping
from itertools import chain
from types import SimpleNamespace
from typing import Annotated, Any, NamedTuple

from fastapi import Depends, Request, Response
from fastapi import Query as QueryParameters
from sqlalchemy import bindparam, select
from starlette.responses import StreamingResponse

from dialog_sandbox.models.journal import ExportJournalRequest
from dialog_sandbox.models.snapshots import WholeFileRequest
from dialog_sandbox.models.workspaces import WorkspaceInfo
from sandbox.clock import rfc3339
from sandbox.server.answers.workspaces import workspace_now
from sandbox.server.control.delivery import delivery_of
from sandbox.server.control.dependencies import PictureWithJournalDep, SettingsDep, StoreDep, VendorsDep, WorkspaceDep
from sandbox.server.control.http import WORKSPACE, body_pieces, by_turns, control_router
from sandbox.server.control.journal_filters import filters_of
from sandbox.server.control.snapshots import FURTHER_CHECKS, LARGEST_FILE
from sandbox.server.exports import bundle, har, http_file, http_format
from sandbox.server.exports.opened_bundle import OpenedBundle
from sandbox.server.exports.run_start import start_of
from sandbox.server.journal.masks import masked_entry
from sandbox.server.journal.queries import IN_WORKSPACE, JournalFilters, position
from sandbox.server.problems import Problem, refusals
from sandbox.server.public_address import public_url_of
from sandbox.server.rules import explanations
from sandbox.server.version import our_version
from sandbox.store import Query, ReadSnapshot, Tx, WorkspaceView
from sandbox.store.tables import JOURNAL, WORKSPACES, JournalEntryRow, WorkspaceRow
from sandbox.world.access import read_in
from sandbox.world.delivery import Policy
from sandbox.world.errors import UnknownWorkspace
from sandbox.world.workspaces import find

router = control_router("", "Exports")
BUNDLE_SENT = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
WORKSPACE_ROW = Query(WorkspaceRow, select(WORKSPACES).where(WORKSPACES.c.id == bindparam("own")))
BATCH_SIZE = 20
"""Entries that are read together: each may have 128 KiB of bodies."""


def _answers(media_type: str) -> dict[int | str, dict[str, Any]]:
    schema = {"type": "object"} if media_type == har.MEDIA_TYPE else {"type": "string", "format": "binary"}
    return {200: {"description": "The file.", "content": {media_type.partition(";")[0]: {"schema": schema}}}}


class ExportedJournal(NamedTuple):
    """What goes into a file of requests, and what it says besides. `explanations`: of the rules that answers name."""

    entries: Iterator[JournalEntryRow]
    workspace: str
    accounts: int
    url: str
    explanations: Mapping[str, str]


async def exported_journal(
    request: Request,
    ws: WorkspaceDep,
    picture: PictureWithJournalDep,
    vendors: VendorsDep,
    query: Annotated[ExportJournalRequest, QueryParameters()],
) -> ExportedJournal:
    """Return the entries that are asked for, the oldest first; they are read while the file is written."""

    def work(tx: Tx) -> tuple[str, int, Iterator[JournalEntryRow]]:
        row = find.row_of(tx)
        entries = _entries(picture, tx.ws, filters_of(tx, query, query.message))
        return row.name or row.key or "workspace", len(find.accounts(tx)), entries

    name, accounts, entries = await ws.read(work)
    entries = map(masked_entry, entries) if query.mask else entries
    return ExportedJournal(entries, name, accounts, public_url_of(request), explanations(vendors))


ExportedJournalDep = Annotated[ExportedJournal, Depends(exported_journal)]


@router.get(WORKSPACE + "/journal.har", response_class=StreamingResponse, responses=_answers(har.MEDIA_TYPE))
async def export_har(journal: ExportedJournalDep) -> Response:
    """The journal as HAR 1.2, the oldest first, without secrets: for browsers' network panels and other viewers."""
    file = har.har_of(journal.entries, journal.url, our_version(), journal.explanations)
    return _download(file, f"{journal.workspace}.har", har.MEDIA_TYPE)


@router.get(WORKSPACE + "/journal.http", response_class=StreamingResponse, responses=_answers(http_format.MEDIA_TYPE))
async def export_http_file(journal: ExportedJournalDep) -> Response:
    """The journal as a file of requests that editors send, the oldest first; credentials are variables."""
    file = http_file.http_file_of(
        journal.entries, journal.url, journal.workspace, journal.accounts, journal.explanations
    )
    return _download(file, f"{journal.workspace}.http", http_format.MEDIA_TYPE)


@router.get(WORKSPACE + "/bundle", response_class=StreamingResponse, responses=_answers(bundle.MEDIA_TYPE))
async def export_bundle(
    ws: WorkspaceDep,
    picture: PictureWithJournalDep,
    settings: SettingsDep,
    _: Annotated[WholeFileRequest, QueryParameters()],
) -> Response:
    """The run of the workspace as a file, lines of JSON, without credentials: what it began with, each call since, and
    how it is now. `dialog-sandbox replay` makes the same calls again, and says what is answered otherwise.

    It holds texts, names and numbers as they were: `mask=true` is refused.
    """
    own = await ws.read(lambda tx: tx.workspace.id)
    row = picture.one(WORKSPACE_ROW, own=own)
    if row is None:
        raise UnknownWorkspace("This workspace is gone.")
    wall = ws.store.wall()
    now = WorkspaceView(*(getattr(row, field) for field in WorkspaceView._fields)).now(wall)
    first = SimpleNamespace(**json.loads(row.first))
    policy = Policy(first.delivery_mode, first.sent_after, first.settled_after, first.outcome)
    delivery = delivery_of(policy, first.numbers).model_dump(mode="json", exclude_none=True)
    known = start_of(picture, row, delivery, is_journal_on=settings.journal)
    clock = {"now": rfc3339(now), "state": "frozen" if row.clock_frozen else "running"}
    made = {"version": our_version(), "workspace": row.name, "made_at": rfc3339(wall), "clock": clock}
    file = bundle.bundle_of(picture, row, wall, now, known.start, {**made, "missing": known.missing})
    return _download(file, f"{row.name}.bundle", bundle.MEDIA_TYPE)


@router.post("/_sandbox/bundles", status_code=201, responses=refusals(409, 413), openapi_extra=BUNDLE_SENT)
async def open_bundle(request: Request, store: StoreDep) -> WorkspaceInfo:
    """Makes a workspace as that of a bundle was in the end, to look at, with the journal of its run.

    Its clock stands, and its callbacks go nowhere. The body is the file that GET of a bundle answers, of a server of
    the same schema, whatever its media type.
    """
    opened = OpenedBundle(store, FURTHER_CHECKS)
    try:
        async for piece in body_pieces(request, LARGEST_FILE):
            await opened.feed(piece)
        own = await opened.finish()
    except BaseException as error:
        await opened.drop()
        if isinstance(error, bundle.DamagedBundle):
            raise Problem(422, "Damaged bundle", str(error)) from None
        raise
    return await read_in(store, lambda tx: find.by_id(tx, own), workspace_now)


def _entries(picture: ReadSnapshot, world: int, filters: JournalFilters) -> Iterator[JournalEntryRow]:
    statement = select(JOURNAL).where(IN_WORKSPACE, *filters.conditions()).order_by(position)
    return chain.from_iterable(picture.chunks(Query(JournalEntryRow, statement), BATCH_SIZE, ws=world))


def _download(file: Iterator[bytes], name: str, media_type: str) -> Response:
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(by_turns(file), headers=headers, media_type=media_type)
