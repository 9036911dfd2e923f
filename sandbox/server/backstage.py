"""What happens around each vendor exchange: faults before and after it, and its entry in the journal."""

from functools import partial

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.dependencies import Exchange
from sandbox.server import faults
from sandbox.server.journal import OWN_HEADER, Journal


class Stage:
    """The server's `Backstage`."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def meet(self, exchange: Exchange) -> None:
        """Where faults come in."""
        assert exchange.workspace is not None
        if exchange.workspace.faults or exchange.header(faults.HEADER) is not None:
            await faults.meet(exchange)

    async def answer(self, exchange: Exchange, response: Response, scope: Scope, receive: Receive, send: Send) -> None:
        """Every vendor answer names its journal entry."""
        own_header = (OWN_HEADER, exchange.id.encode())
        streaming = self._journal.note(exchange, response)
        response.raw_headers.append(own_header)
        answer: ASGIApp = response
        if exchange.fault is not None:
            answer = partial(faults.send_spoilt, exchange.fault, response)
        if streaming is None:
            await answer(scope, receive, send)
            return
        try:
            await answer(scope, receive, send)
        finally:
            streaming.end()
