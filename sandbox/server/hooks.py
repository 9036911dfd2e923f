"""What does the server do around each vendor exchange? Faults, callbacks that come first, and the journal."""

from email.utils import formatdate

from starlette.responses import Response

from sandbox.clock import SECOND
from sandbox.server import faults
from sandbox.server.journal import OWN_HEADER, Journal
from sandbox.server.origins import OwnNames
from sandbox.server.request_watch import note_exchange
from sandbox.server.telemetry import OFF, Telemetry, name_exchange
from sandbox.server.ticker import Ticker
from sandbox.server.wire import link_of
from sandbox.vendors.base.answers import NO_SNIFFING
from sandbox.vendors.base.exchange import VendorExchange
from sandbox.world.faults import MatchedFault


class Hooks:
    """The server's `ExchangeHooks`."""

    def __init__(
        self,
        journal: Journal,
        ticker: Ticker,
        names: OwnNames,
        telemetry: Telemetry | None = None,
        *,
        takes_real_data: bool,
    ) -> None:
        self.takes_real_data = takes_real_data
        self._journal = journal
        self._ticker = ticker
        self._names = names
        self.telemetry = OFF if telemetry is None else telemetry.config

    def is_own_page(self, exchange: VendorExchange) -> bool:
        """Return whether the web page that calls, by its `Origin`, is one that this server itself has sent."""
        headers = exchange.request.headers
        scheme = exchange.request.scope["scheme"]
        return self._names.is_own_page(headers.getlist("origin"), headers.getlist("host"), scheme)

    def requested_fault(self, exchange: VendorExchange) -> MatchedFault | None:
        """Return the fault that a request header asks for. Raises `Refusal` for one that cannot be read."""
        return faults.requested_fault(exchange)

    async def apply_fault(self, exchange: VendorExchange, fault: MatchedFault) -> None:
        """Do what the fault does before the work: wait, or raise `FaultAnswers`."""
        await faults.apply_fault(exchange, fault)

    async def callback_tried(self, workspace_id: int, callback_id: int) -> None:
        """Wait until a callback that comes before the answer was tried."""
        await self._ticker.tried(workspace_id, callback_id)

    async def finish(self, exchange: VendorExchange, response: Response) -> Response:
        """Note the exchange; return its answer with the exchange's id, spoiled if a fault says so."""
        note_exchange(exchange)
        if self.telemetry is not OFF:
            name_exchange(exchange)
        response.raw_headers.append(NO_SNIFFING)
        answer = await self._journal.note(exchange, response)
        answer.raw_headers.append((OWN_HEADER, exchange.id.encode()))
        if exchange.workspace is not None and exchange.workspace.date_header:
            answer.raw_headers.append((b"date", formatdate(exchange.now // SECOND, usegmt=True).encode()))
            link_of(exchange.request.scope).keep_no_date()
        return answer if exchange.fault is None else faults.SpoiledAnswer(exchange.fault, answer)
