"""What does a client get wrong, as the whole of its calls shows it?"""

import asyncio
from typing import Annotated

from fastapi import Query, Request, Response

from dialog_sandbox.models.base import ListOf
from dialog_sandbox.models.report import CtrfReport, Poller, ReportQuery, WorkspaceReport
from sandbox.server.conformance.citations import with_cited
from sandbox.server.conformance.collect import audits_of, report_of
from sandbox.server.conformance.pollers import poller_body
from sandbox.server.conformance.renderers import MEDIA_TYPES, format_accepted, rendered
from sandbox.server.conformance.wire import report_body
from sandbox.server.control.dependencies import JournalDep, VendorsDep, WorkspaceDep
from sandbox.server.control.http import WORKSPACE, control_router
from sandbox.server.garbage import full_collections_put_off

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
        bodies = await asyncio.to_thread(lambda: [poller_body(each) for each in audits])
    return ListOf(items=[Poller.model_validate(each) for each in bodies], next=None)


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
    with full_collections_put_off():
        found = await report_of(ws, vendors, is_masked=query.mask)
        report = await asyncio.to_thread(report_body, found)
    report = await with_cited(ws, report, is_masked=query.mask)
    name = query.format or format_accepted(request.headers.get("accept", ""))
    headers = {"Cache-Control": "no-store"}
    return Response(rendered(report, name), media_type=MEDIA_TYPES[name], headers=headers)
