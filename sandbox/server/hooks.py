"""What does the server do around each vendor exchange? Faults, callbacks that come first, and the journal."""

from starlette.responses import Response

from sandbox.server import faults
from sandbox.server.journal import OWN_HEADER, Journal
from sandbox.server.ticker import Ticker
from sandbox.vendors.base.exchange import VendorExchange
from sandbox.world.faults import MatchedFault


class Hooks:
    """The server's `ExchangeHooks`."""

    def __init__(self, journal: Journal, ticker: Ticker) -> None:
        self._journal = journal
        self._ticker = ticker

    def requested_fault(self, exchange: VendorExchange) -> MatchedFault | None:
        """Return the fault that a request header asks for. Raises `Refusal` for one that cannot be read."""
        return faults.requested_fault(exchange)

    async def apply_fault(self, exchange: VendorExchange, fault: MatchedFault) -> None:
        """Do what the fault does before the work: wait, or raise `FaultAnswers`."""
        await faults.apply_fault(exchange, fault)

    async def callback_tried(self, workspace_id: int, callback_id: int) -> None:
        """Wait until a callback that comes before the answer was tried."""
        await self._ticker.tried(workspace_id, callback_id)

    def finish(self, exchange: VendorExchange, response: Response) -> Response:
        """Note the exchange; return its answer with the exchange's id, spoiled if a fault says so."""
        answer = self._journal.note(exchange, response)
        answer.raw_headers.append((OWN_HEADER, exchange.id.encode()))
        return answer if exchange.fault is None else faults.SpoiledAnswer(exchange.fault, answer)
