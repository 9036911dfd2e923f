"""What does a client get wrong, as the whole of its calls shows it?"""

from dialog_sandbox.models.base import ListOf
from dialog_sandbox.models.report import Poller
from sandbox.server.conformance.collect import audits_of
from sandbox.server.conformance.pollers import poller_body
from sandbox.server.control.dependencies import JournalDep, VendorsDep, WorkspaceDep
from sandbox.server.control.http import WORKSPACE, control_router

router = control_router(WORKSPACE, "Report")


@router.get("/pollers")
async def list_pollers(ws: WorkspaceDep, journal: JournalDep, vendors: VendorsDep) -> ListOf[Poller]:
    """Each client that reads by date range: what it missed, read twice, read too early, and what mends that."""
    await journal.flush()
    audits = await audits_of(ws, vendors)
    return ListOf(items=[Poller.model_validate(poller_body(each)) for each in audits], next=None)
