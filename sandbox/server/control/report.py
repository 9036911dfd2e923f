"""What does a client get wrong, as the whole of its calls shows it?"""

import asyncio
from collections.abc import Sequence
from typing import Annotated

from fastapi import Query, Request, Response

from dialog_sandbox.models.base import ListOf
from dialog_sandbox.models.report import CtrfReport, Poller, ReportQuery, WorkspaceReport
from sandbox.server.conformance.citations import with_cited
from sandbox.server.conformance.collect import Readable, audits_of, report_of
from sandbox.server.conformance.pollers import poller_body
from sandbox.server.conformance.renderers import MEDIA_TYPES, format_accepted, rendered
from sandbox.server.conformance.wire import report_body
from sandbox.server.control.dependencies import JournalDep, VendorsDep, WorkspaceDep
from sandbox.server.control.http import WORKSPACE, control_router
from sandbox.server.garbage import full_collections_put_off
from sandbox.vendors.base.vendor import Vendor

router = control_router(WORKSPACE, "Report")
OTHER_FORMATS = {
    media_type: {"schema": {"type": "string"}} for media_type in sorted({*MEDIA_TYPES.values()} - {MEDIA_TYPES["json"]})
}


@router.get("/pollers")
async def list_pollers(ws: WorkspaceDep, journal: JournalDep, vendors: VendorsDep) -> ListOf[Poller]:
    """Each client that reads by date range: what it missed, read twice, read too early, and what mends that."""
    await journal.flush()
    with full_collections_put_off():
        audits = await audits_of(ws, vendors)
        items = await asyncio.to_thread(lambda: [Poller.model_validate(poller_body(each)) for each in audits])
        return ListOf(items=items, next=None)


@router.get("/report", response_model=WorkspaceReport | CtrfReport, responses={200: {"content": OTHER_FORMATS}})
async def show_report(
    request: Request,
    ws: WorkspaceDep,
    journal: JournalDep,
    vendors: VendorsDep,
    query: Annotated[ReportQuery, Query()],
) -> Response:
    """What the clients of the workspace get wrong, what is tolerated, and what was never tried: by rule, by what befell
    them, and by poller. As JSON, HTML, JUnit XML, CTRF or a badge.
    """
    await journal.flush()
    report = await with_cited(ws, await _report(ws, vendors, is_masked=query.mask), is_masked=query.mask)
    name = query.format or format_accepted(request.headers.get("accept", ""))
    headers = {"Cache-Control": "no-store"}
    content = await asyncio.to_thread(rendered, report, name)
    return Response(content, media_type=MEDIA_TYPES[name], headers=headers)


async def _report(ws: Readable, vendors: Sequence[Vendor], *, is_masked: bool) -> WorkspaceReport:
    """Return it without its calls. All that it was made from goes here, before there is another full collection."""
    with full_collections_put_off():
        found = await report_of(ws, vendors, is_masked=is_masked)
        return await asyncio.to_thread(report_body, found)
