"""What happens around each vendor exchange: faults before and after it, and its entry in the journal."""

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sandbox.dependencies import Exchange
from sandbox.server.journal import Journal


class Stage:
    """The server's `Backstage`."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def meet(self, exchange: Exchange) -> None:
        """Where faults come in."""

    async def answer(self, exchange: Exchange, response: Response, scope: Scope, receive: Receive, send: Send) -> None:
        """Every vendor answer names its journal entry."""
        response.raw_headers.append((b"x-sandbox-exchange", exchange.id.encode()))
        streaming = self._journal.note(exchange, response)
        if streaming is None:
            await response(scope, receive, send)
            return
        try:
            await response(scope, receive, send)
        finally:
            streaming.end()
