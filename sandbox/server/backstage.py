"""What happens around each vendor exchange: faults before and after it, and its entry in the journal."""

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sandbox.dependencies import Exchange
from sandbox.world import World


class Stage:
    """The server's `Backstage`."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def meet(self, exchange: Exchange) -> None:
        """Where faults come in."""

    async def answer(self, exchange: Exchange, response: Response, scope: Scope, receive: Receive, send: Send) -> None:
        """Every vendor answer names its journal entry."""
        response.raw_headers.append((b"x-sandbox-exchange", exchange.id.encode()))
        await response(scope, receive, send)
