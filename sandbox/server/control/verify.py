"""Verifying: whether the journal holds what a test expects, answered on the server's side."""

import asyncio
from functools import partial

from dialog_sandbox.models.verify import VerifyRequest, VerifyResponse
from sandbox.server.control.dependencies import JournalDep, WorkspaceAccess, WorkspaceDep
from sandbox.server.control.http import WORKSPACE, control_router
from sandbox.server.journal.verify import JournalReplaced, Verification
from sandbox.server.problems import Problem, refusals

router = control_router(WORKSPACE, "Journal")


@router.post("/verify", responses=refusals(417))
async def verify(ws: WorkspaceDep, journal: JournalDep, body: VerifyRequest) -> VerifyResponse:
    """Checks that the workspace's exchanges are as expected; if not, tells what came nearest and in what it differs."""
    await journal.flush()
    done = await _verified(ws, body)
    if done.failures:
        raise Problem(417, "Not as expected", " ".join(done.sentences), failures=done.failures)
    return VerifyResponse(found=done.found)


async def _verified(ws: WorkspaceAccess, body: VerifyRequest) -> Verification:
    """Return what came of it in the journal as it is now, or as a reset meanwhile left it."""
    while True:
        try:
            return await _look_by_look(ws, body)
        except JournalReplaced:
            continue


async def _look_by_look(ws: WorkspaceAccess, body: VerifyRequest) -> Verification:
    """Look for one expectation after the other, and let other calls be served between them.

    Raises `JournalReplaced`.
    """
    verification = await ws.read(Verification)
    for request in body.expect:
        await asyncio.sleep(0)
        await ws.read(partial(verification.look_for, request=request))
    after: int | None = 0 if body.no_findings else None
    while after is not None:
        await asyncio.sleep(0)
        after = await ws.read(partial(verification.look_for_mistakes, after=after))
    return verification
