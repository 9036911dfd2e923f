"""One vendor request while it is answered: what is known of it, and how its work is run in a transaction."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

from fastapi import Request
from starlette.responses import Response
from starlette.types import Receive, Scope

from sandbox.store import Store, StoreUnavailable, Tx, WorkspaceView
from sandbox.vendors.base.refusal import Finding, Refusal
from sandbox.world.commands import run_due
from sandbox.world.faults import CallDetails, MatchedFault, match_fault
from sandbox.world.ids import new_exchange_id

if TYPE_CHECKING:
    from sandbox.vendors.base.vendor import Operation, Vendor

MAX_BODY = 1024 * 1024
"""Bytes of a vendor request's body that are read; no documented call comes near."""
SCOPE_KEY = "sandbox.exchange"


class ExchangeHooks(Protocol):
    """What the server does around each vendor exchange: faults, and the journal."""

    def fault_asked_for(self, exchange: "Exchange") -> MatchedFault | None:
        """Return the fault that a request header asks for. Raises `Refusal` for one that cannot be read."""

    async def apply_fault(self, exchange: "Exchange", fault: MatchedFault) -> None:
        """Do what the fault does before the work: wait, or raise `FaultAnswers`."""

    def finish(self, exchange: "Exchange", response: Response) -> Response:
        """Return what is sent: with the exchange's id, spoiled if a fault says so, and noted for the journal."""


class Exchange:
    """A vendor request and what came of it.

    `id`: of its journal entry. `operation`: the one that it reached, or None. `params`: what the request gave, as far
    as it was read. `began`: when it came, in seconds of a clock that only goes on. Once the caller has shown its
    credentials: `workspace` and `now` (ms, on that workspace's clock). For the journal: `raw_body`, `call`, the `rules`
    that decided the answer, the `refusal` if it was refused, `findings`, and the numbers of the `messages` that it made
    or showed. `fault`: what the call met, if anything.
    """

    def __init__(self, vendor: "Vendor", store: Store, hooks: ExchangeHooks, scope: Scope, receive: Receive) -> None:
        self.id = new_exchange_id()
        self.began = perf_counter()
        self.vendor = vendor
        self.store = store
        self.hooks = hooks
        self.request = Request(scope, receive)
        self.operation: Operation | None = None
        self.params: Mapping[str, str | None] = {}
        self.workspace: WorkspaceView | None = None
        self.now = 0
        self.raw_body = b""
        self.call = CallDetails("")
        self.rules: tuple[str, ...] = ()
        self.refusal: Refusal | None = None
        self.findings: list[Finding] = []
        self.messages: tuple[int, ...] = ()
        self.fault: MatchedFault | None = None
        self._is_fault_matched = False

    @property
    def operation_id(self) -> str | None:
        """`simplepay.submit`; None for a path that leads nowhere."""
        return None if self.operation is None else f"{self.vendor.name}.{self.operation.name}"

    @property
    def path_params(self) -> Mapping[str, str]:
        return self.request.path_params

    def header(self, name: bytes) -> bytes | None:
        """Return a request header by its lower-case name."""
        for key, value in self.request.scope["headers"]:
            if key == name:
                return bytes(value)
        return None

    @property
    def has_body(self) -> bool:
        length = self.header(b"content-length")
        return self.header(b"transfer-encoding") is not None or length not in (None, b"0")

    async def read_body(self, rule: str) -> None:
        """Read the whole body into `raw_body`; one over `MAX_BODY` is refused by `rule`."""
        chunks: list[bytes] = []
        size = 0
        async for chunk in self.request.stream():
            size += len(chunk)
            if size > MAX_BODY:
                raise Refusal(rule, f"The request body is over {MAX_BODY} bytes.")
            chunks.append(chunk)
        self.raw_body = b"".join(chunks)

    # The work --------------------------------------------------------------------------------------------------------

    def authenticate(self, tx: Tx) -> WorkspaceView:
        """Enter the workspace whose credentials the request shows. Raises `Refusal` without right ones."""
        self.workspace = tx.enter(self.vendor.authenticate(tx, self))
        self.now = tx.now
        return self.workspace

    async def check_caller(self) -> None:
        """Authenticate in a transaction of its own, before the body is read."""
        await self.store.read(self.authenticate)

    async def find_owner(self) -> None:
        """Find whose a call is that was refused before its credentials were looked at; nobody's without right ones."""
        if self.workspace is None:
            with suppress(Refusal, StoreUnavailable):
                await self.store.read(self.authenticate)

    async def perform(self, function: Callable[..., Response], values: Mapping[str, Any]) -> Response:
        """Answer by `function(tx, exchange, **values)`.

        Credentials, the fault and the function share one transaction, when nothing is due and the fault does nothing
        before the work; else that is done first, and all is looked at again.
        """
        assert self.operation is not None
        is_write = self.operation.writes
        while True:
            work = self._work(function, values)
            done = await (self.store.write(work) if is_write else self.store.read(work))
            if isinstance(done, Response):
                return done
            if isinstance(done, Refusal):
                raise done
            if isinstance(done, MatchedFault):
                await self.hooks.apply_fault(self, done)
            else:
                is_write = True

    def _work(
        self, function: Callable[..., Response], values: Mapping[str, Any]
    ) -> Callable[[Tx], Response | Refusal | MatchedFault | None]:
        def work(tx: Tx) -> Response | Refusal | MatchedFault | None:
            """Return the answer; a fault to apply first; or None when a write must do this, or did what was due."""
            workspace = self.authenticate(tx)
            if workspace.next_due_at is not None and workspace.next_due_at <= tx.now:
                if tx.is_write:
                    run_due(tx)
                return None
            assert self.operation is not None
            self.operation.read(self)
            if not self._is_fault_matched:
                if workspace.faults and not tx.is_write:
                    return None
                self.fault = self.hooks.fault_asked_for(self) or (match_fault(tx, self.call) if workspace.faults else None)
                self._is_fault_matched = True
                if self.fault is not None and (self.fault.is_before or self.fault.waits_first):
                    return self.fault
            try:
                return function(tx, self, **values)
            except Refusal as refusal:
                return refusal  # what the fault counted is kept; nothing else was written yet

        return work


def exchange_of(request: Request) -> Exchange:
    """Return the exchange that a request is: a dependency of vendor endpoints."""
    exchange: Exchange = request.scope[SCOPE_KEY]
    return exchange
