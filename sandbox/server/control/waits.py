"""How does a call wait until there is something to answer?"""

import asyncio
from collections.abc import Callable, Hashable
from typing import TypeVar

from fastapi import Request
from starlette.requests import ClientDisconnect

from sandbox.server.events import Hub, Stopping
from sandbox.server.events.stream import hung_up
from sandbox.server.problems import Problem
from sandbox.store import Tx

T = TypeVar("T")


async def answered(
    request: Request, hub: Hub, workspace_id: int, key: Hashable, work: Callable[[Tx], T | None], timeout_s: float
) -> T | None:
    """Return what `work` answers of the workspace as soon as it does; None when the time is over.

    Nobody answers a client that hung up. `key`: as `WatchedWorkspace.answer` has it.
    """
    leaving = asyncio.ensure_future(hung_up(request.receive))
    try:
        with hub.waits.taken(workspace_id), hub.watching(workspace_id) as watched:
            answer = await watched.answer(key, work, timeout_s=timeout_s, unless=leaving)
        if answer is None and leaving.done():
            raise ClientDisconnect
        return answer
    except Stopping:
        raise Problem(503, "Stopping", "The server stops: call it again when it is back.") from None
    finally:
        leaving.cancel()
