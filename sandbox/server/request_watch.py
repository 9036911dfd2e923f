"""What is known of each request when it has been answered, whatever it was: counted, and told to the log."""

from time import perf_counter

from starlette.types import Message, Scope, Send

from sandbox.server.guard import HEALTH
from sandbox.server.journal.entry import outcome_of
from sandbox.server.journal.queries import ACCEPTED, REFUSED
from sandbox.server.request_counts import RequestCounts
from sandbox.server.request_log import LoggedRequest, RequestLog
from sandbox.vendors.base.exchange import VendorExchange
from sandbox.vendors.base.front import raw_path

SCOPE_KEY = "sandbox.watched"
CONTROL, OF_HEALTH, UNKNOWN = "control", "health", "unknown"
"""What counts as the operation of a request that is no vendor's: the control API, health, and a path of nobody's."""
UNANSWERED = "unanswered"


class WatchedRequest:
    """A request while it is answered. `send` takes the answer; `outcome`, `exchange` and `workspace` are a vendor's."""

    __slots__ = ("_send", "began", "ended", "exchange", "operation", "outcome", "status", "workspace")

    def __init__(self, scope: Scope, send: Send) -> None:
        self._send = send
        self.began = perf_counter()
        self.ended: float | None = None
        self.status: int | None = None
        self.operation = OF_HEALTH if scope["path"].startswith(HEALTH) else CONTROL
        self.outcome: str | None = None
        self.exchange: str | None = None
        self.workspace: tuple[int, str] | None = None

    async def send(self, message: Message) -> None:
        """Send a part of the answer, and note when it was the last."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self._send(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self.ended = perf_counter()

    def is_of(self, exchange: VendorExchange) -> None:
        """Note which exchange it turned out to be."""
        self.operation = exchange.operation_id or UNKNOWN
        self.outcome = outcome_of(exchange)
        self.exchange = exchange.id
        if exchange.workspace is not None:
            self.workspace = (exchange.workspace.id, exchange.workspace.key)


class Watch:
    """Counts requests, and logs them if there is a log."""

    def __init__(self, counts: RequestCounts, log: RequestLog | None) -> None:
        self.counts = counts
        self._log = log

    def begin(self, scope: Scope, send: Send) -> WatchedRequest:
        """Return what the answer is to be sent by. `end` comes last."""
        scope[SCOPE_KEY] = watched = WatchedRequest(scope, send)
        return watched

    async def end(self, scope: Scope, watched: WatchedRequest) -> None:
        """Count a request, and log it."""
        del scope[SCOPE_KEY]  # each holds the other, and only the collector of cycles would free them
        took_s = (watched.ended or perf_counter()) - watched.began
        outcome = watched.outcome or _outcome_of(watched.status)
        self.counts.add(watched.operation, outcome, watched.status, took_s)
        if self._log is not None:
            workspace_id, workspace = watched.workspace or (None, None)
            client = scope.get("client")
            request = LoggedRequest(
                client=client[0] if client else None,
                method=scope["method"],
                path="",
                status=watched.status,
                ms=round(took_s * 1000),
                operation=watched.operation,
                outcome=outcome,
                exchange=watched.exchange,
                workspace=workspace,
            )
            await self._log.write(request, raw_path(scope), workspace_id)


def _outcome_of(status: int | None) -> str:
    """Return what became of a request that was no vendor's."""
    if status is None:
        return UNANSWERED
    return ACCEPTED if status < 400 else REFUSED


def note_exchange(exchange: VendorExchange) -> None:
    """Tell the request's watch which exchange it turned out to be; it has one if the whole server was called."""
    watched: WatchedRequest | None = exchange.request.scope.get(SCOPE_KEY)
    if watched is not None:
        watched.is_of(exchange)
