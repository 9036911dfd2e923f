"""Verifying: whether the journal holds what a test expects, answered on the server's side."""

from dialog_sandbox.models.verify import VerifyRequest, VerifyResponse
from sandbox.server.control.dependencies import JournalDep, WorkspaceDep
from sandbox.server.control.http import WORKSPACE, control_router
from sandbox.server.journal.verify import verify as verify_journal
from sandbox.server.problems import Problem, refusals

router = control_router(WORKSPACE, "Journal")


@router.post("/verify", responses=refusals(417))
async def verify(ws: WorkspaceDep, journal: JournalDep, body: VerifyRequest) -> VerifyResponse:
    """Checks that the workspace's exchanges are as expected; if not, tells what came nearest and in what it differs."""
    await journal.flush()
    done = await ws.read(lambda tx: verify_journal(tx, body.expect, no_findings=body.no_findings))
    if done.failures:
        raise Problem(417, "Not as expected", " ".join(done.sentences), failures=done.failures)
    return VerifyResponse(found=done.found)
