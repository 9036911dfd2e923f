"""Verifying: whether the journal holds what a test expects, answered on the server's side."""

import asyncio
from functools import partial

from fastapi import Request

from dialog_sandbox.models.verify import VerifyRequest, VerifyResponse
from sandbox.server.control.dependencies import HubDep, JournalDep, WorkspaceAccess, WorkspaceDep
from sandbox.server.control.http import WORKSPACE, control_router
from sandbox.server.control.waits import answered
from sandbox.server.events import Hub
from sandbox.server.journal.verify import JournalReplaced, Verification
from sandbox.server.problems import Problem, refusals
from sandbox.store import serve_others

router = control_router(WORKSPACE, "Journal")


@router.post("/verify", responses=refusals(417, 429, 503))
async def verify(
    request: Request, ws: WorkspaceDep, hub: HubDep, journal: JournalDep, body: VerifyRequest
) -> VerifyResponse:
    """Checks that the workspace's exchanges are as expected; if not, tells what came nearest and in what it differs.

    With `timeout` as soon as they are, at the latest when the time is over; at once when nothing that comes can mend
    it. With `in_order` each expectation counts what began after the exchanges that the one before it needs.
    """
    time = asyncio.get_running_loop().time
    deadline = time() + body.timeout
    while True:
        await journal.flush()
        done = await _verified(ws, body)
        if not done.failures:
            return VerifyResponse(found=done.found, matched=done.matched)
        left = deadline - time()
        if done.is_final or left <= 0 or not await _grows(request, hub, done, left):
            raise Problem(417, "Not as expected", " ".join(done.sentences), failures=done.failures)


async def _grows(request: Request, hub: Hub, done: Verification, left_s: float) -> bool:
    """Wait until the journal is another one than was looked at; return False if it is not in that time."""
    key = ("verify", done.looked_at)
    return await answered(request, hub, done.workspace_id, key, done.has_grown, left_s) or False


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
    verification = await ws.read(partial(Verification, in_order=body.in_order))
    for request in body.expect:
        await serve_others()
        await ws.read(partial(verification.look_for, request=request))
    after: int | None = 0 if body.no_findings else None
    while after is not None:
        await serve_others()
        after = await ws.read(partial(verification.look_for_mistakes, after=after))
    return verification
