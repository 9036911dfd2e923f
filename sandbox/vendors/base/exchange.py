"""One vendor request while it is answered: what is known of it, and how is its work run in a transaction?"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import ContextVar
from http import HTTPStatus
from time import perf_counter
from typing import Any, Protocol, TypeVar

from fastapi import APIRouter, Request
from fastapi.telemetry import TelemetryConfig
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope

from sandbox.store import Store, StoreUnavailable, Tx, WorkspaceView, serve_others
from sandbox.vendors.base import forms, parameters
from sandbox.vendors.base.callbacks import SENDER
from sandbox.vendors.base.near_misses import NearMiss
from sandbox.vendors.base.operation import Choice, Operation
from sandbox.vendors.base.parameters import Parameters
from sandbox.vendors.base.real_data import refuse_real_data
from sandbox.vendors.base.refusal import CallFinding, Refusal
from sandbox.world.commands import run_due
from sandbox.world.faults import CallDetails, MatchedFault, match_fault
from sandbox.world.ids import new_exchange_id
from sandbox.world.messages.reads import count_reads

P = TypeVar("P", bound=Parameters)

MAX_BODY = 1024 * 1024
"""Bytes of a vendor request's body that are read; no documented call comes near."""
BODY_TIMEOUT_S = 2.0
"""How long a refusal waits for a body that only the journal wants."""
SCOPE_KEY = "sandbox.exchange"
exchange_in_hand: ContextVar[str | None] = ContextVar("exchange_in_hand", default=None)
"""The id of the exchange that this task answers, for what is logged meanwhile."""
NOWHERE = Choice(())


class ExchangeHooks(Protocol):
    """What the server does around each vendor exchange: faults, callbacks that come first, and the journal.

    `takes_real_data`: whether what looks like a real person's is only noted (rule NET-real-data).
    """

    takes_real_data: bool

    telemetry: TelemetryConfig
    """What FastAPI tells OpenTelemetry."""

    def requested_fault(self, exchange: "VendorExchange") -> MatchedFault | None:
        """Return the fault that a request header asks for. Raises `Refusal` for one that cannot be read."""

    async def apply_fault(self, exchange: "VendorExchange", fault: MatchedFault) -> None:
        """Do what the fault does before the work: wait, or raise `FaultAnswers`."""

    async def callback_tried(self, workspace_id: int, callback_id: int) -> None:
        """Wait until a callback that comes before the answer was tried."""

    def is_own_page(self, exchange: "VendorExchange") -> bool:
        """Return whether the web page that calls, by its `Origin`, is one that this server itself has sent."""

    async def finish(self, exchange: "VendorExchange", response: Response) -> Response:
        """Return what is sent: with the exchange's id, spoiled if a fault says so, and noted for the journal."""


class ExchangeVendor(Protocol):
    """What an exchange needs of its vendor: a `Vendor`, which is itself made of functions of exchanges."""

    @property
    def name(self) -> str: ...
    @property
    def router(self) -> APIRouter: ...
    @property
    def form_rule(self) -> str: ...
    @property
    def unknown_path(self) -> str: ...
    @property
    def wrong_method(self) -> str: ...
    @property
    def credentials_in_headers(self) -> bool: ...
    @property
    def authenticate(self) -> "Callable[[Tx, VendorExchange], WorkspaceView]": ...
    @property
    def refuse(self) -> "Callable[[VendorExchange, Refusal], Response]": ...
    @property
    def findings(self) -> "Callable[[Tx, VendorExchange], list[CallFinding]]": ...

    def claims(self, path: str) -> bool: ...
    def near_miss(self, path: str) -> NearMiss | None: ...


class VendorExchange:
    """A vendor request and what came of it.

    `id`: of its journal entry. `operation`: the one that it reached, or None. `path`: as the server decoded it.
    `path_params`: unquoted. `params`: what query string and form gave, as far as they were read; None is what is no
    text. `began`: when it came, in seconds of a clock that only goes on. Once the caller has shown its credentials:
    `workspace`, `now` (ms, on that workspace's clock), and as `caller` what the vendor's `authenticate` left there. For
    the journal: `raw_body`, `call`, the `rules` that decided the answer, the `refusal` if it was refused, `findings`,
    and the numbers of the `messages` that it made or showed. `fault`: what the call met, if anything.
    """

    def __init__(
        self, vendor: ExchangeVendor, store: Store, hooks: ExchangeHooks, scope: Scope, receive: Receive
    ) -> None:
        self.id = new_exchange_id()
        exchange_in_hand.set(self.id)
        self.began = perf_counter()
        self.vendor = vendor
        self.store = store
        self.hooks = hooks
        self.path: str = scope["path"]
        self.request = Request(scope, receive)
        self.operation: Operation | None = None
        self.path_params: Mapping[str, str] = {}
        self.params: Mapping[str, str | None] = {}
        self.workspace: WorkspaceView | None = None
        self.now = 0
        self.caller: object = None
        self.raw_body = b""
        self.call = CallDetails("")
        self.rules: tuple[str, ...] = ()
        self.refusal: Refusal | None = None
        self.findings: list[CallFinding] = []
        self.messages: tuple[int, ...] = ()
        self.fault: MatchedFault | None = None
        self.is_finished = False
        self._choice = NOWHERE
        self._is_form_read = False
        self._is_body_taken = False
        self._are_params_read = False
        self._is_fault_applied = False

    @property
    def operation_id(self) -> str | None:
        """`simplepay.submit`; None for a path that leads nowhere."""
        return None if self.operation is None else f"{self.vendor.name}.{self.operation.name}"

    @property
    def possible_operations(self) -> tuple[Operation, ...]:
        """Those of the path and method."""
        return self._choice.operations

    def set_route(self, choice: Choice, path_params: Mapping[str, str]) -> None:
        """Note which operations the request's path leads to; the first one stands for them all till more is known."""
        self._choice = choice
        self.operation = choice.operations[0]
        self.path_params = path_params

    async def finish(self, response: Response) -> Response:
        """Return what is sent for this answer, which is the exchange's only one."""
        finished = await self.hooks.finish(self, response)
        self.is_finished = True
        return finished

    # What was sent ---------------------------------------------------------------------------------------------------

    def header(self, name: bytes) -> bytes | None:
        """Return a request header by its lower-case name."""
        for key, value in self.request.scope["headers"]:
            if key == name:
                return bytes(value)
        return None

    def headers(self, name: bytes) -> list[bytes]:
        """Return all request headers of that lower-case name."""
        return [bytes(value) for key, value in self.request.scope["headers"] if key == name]

    @property
    def is_callback(self) -> bool:
        """Whether it is a callback of the sandbox's own: one that went to a vendor's path."""
        return self.header(b"user-agent") == SENDER.encode()

    @property
    def has_body(self) -> bool:
        length = self.header(b"content-length")
        return self.header(b"transfer-encoding") is not None or length not in (None, b"0")

    @property
    def content_coding(self) -> str | None:
        """How the body is compressed, or None."""
        codings = b",".join(self.headers(b"content-encoding")).decode("latin-1").lower().split(",")
        return ", ".join(each for each in map(str.strip, codings) if each not in ("", "identity")) or None

    async def read_form(self) -> None:
        """Read the body of a form, if it says to be one; by whom it is sent is known before, where headers tell."""
        kinds = self.headers(b"content-type")
        if self.has_body:
            if self.vendor.credentials_in_headers:
                await self.store.read(self.authenticate)
            is_whole = await self._take_body()
            if kinds:
                self._check_body(kinds, is_whole=is_whole)
        self._is_form_read = bool(kinds)

    def _check_body(self, kinds: list[bytes], *, is_whole: bool) -> None:
        """Refuse a body that cannot be read, whatever is in it."""
        rule = self.vendor.form_rule
        if not is_whole:
            raise Refusal(rule, f"The request body is over {MAX_BODY} bytes.")
        if len(set(kinds)) > 1:
            raise Refusal(rule, "Content-Type was sent more than once.", fix="Send one Content-Type, the body's.")
        if self.content_coding is not None:
            reason = f"Content-Encoding {self.content_coding[:60]} is not read here: send the form uncompressed."
            raise Refusal(rule, reason, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, {"Accept-Encoding": "identity"})

    async def _take_body(self) -> bool:
        """Read the body, as far as one may be long; return whether that was all of it."""
        self._is_body_taken = True
        chunks: list[bytes] = []
        size = 0
        try:
            async for chunk in self.request.stream():
                size += len(chunk)
                chunks.append(chunk)
                if size > MAX_BODY:
                    return False
            return True
        finally:
            self.raw_body = b"".join(chunks)

    async def keep_body(self) -> None:
        """Read for the journal what nothing else reads of a refused call; soon, or not at all, as it may never come."""
        if self.has_body and not self._is_body_taken:
            with suppress(TimeoutError, ClientDisconnect):
                async with asyncio.timeout(BODY_TIMEOUT_S):
                    await self._take_body()

    def read_query(self) -> forms.Fields:
        """Return the query string's fields. Raises `Refusal` for one that cannot be read."""
        return self._readable(forms.urlencoded, self.request.scope["query_string"])

    def _readable(self, read: Callable[..., forms.Fields], *raw: bytes) -> forms.Fields:
        try:
            return read(*raw)
        except forms.UnreadableForm as error:
            raise Refusal(self.vendor.form_rule, f"The request cannot be read: {error}.", fix=error.fix) from error

    def _read_params(self) -> None:
        """Read query string and form once; a form's value wins. Then it is known what is asked for."""
        assert self.operation is not None
        if self.operation.parameters is None or self._are_params_read:
            return
        fields = self.read_query()
        if self._is_form_read:
            fields |= self._readable(forms.form, self.header(b"content-type") or b"", self.raw_body)
        self.params = fields
        self.operation = self._choice.of(fields)
        self._are_params_read = True

    def _note_call(self) -> None:
        """Note what the call is about, as it was given."""
        assert self.operation is not None
        given = {**self.params, **self.path_params}
        about = {detail: given.get(name) for detail, name in self.operation.about.items()}
        self.call = CallDetails(self.operation_id or "", **about)

    def parameters(self, model: type[P]) -> P:
        """Return the operation's parameters. Raises `Refusal` for the first that is wrong."""
        assert self.operation is not None
        assert self.operation.parameters is model, "an endpoint reads the parameters that it declares"
        given = parameters.read(model, self.params)
        if isinstance(given, Refusal):
            raise given
        return given

    # The work --------------------------------------------------------------------------------------------------------

    def authenticate(self, tx: Tx) -> WorkspaceView:
        """Enter the workspace whose credentials the request shows. Raises `Refusal` without right ones."""
        self.workspace = tx.enter(self.vendor.authenticate(tx, self))
        self.now = tx.now
        return self.workspace

    async def find_owner(self) -> None:
        """Find whose a call is that was refused before its credentials were looked at; nobody's without right ones."""
        if self.workspace is None:
            with suppress(Refusal, StoreUnavailable):
                await self.store.read(self.authenticate)

    async def execute(self, function: Callable[..., Response], values: Mapping[str, Any]) -> Response:
        """Answer by `function(tx, exchange, **values)`.

        Credentials, the fault and the function share one transaction, when nothing is due and the fault does nothing
        before the work; else that is done first, and all is looked at again.
        """
        if not self.vendor.credentials_in_headers:
            self._read_params()
        assert self.operation is not None
        is_write = self.operation.writes

        def work(tx: Tx) -> Response | Refusal | MatchedFault | None:
            return self._work(tx, function, values)

        while True:
            done = await (self.store.write(work) if is_write else self.store.read(work))
            if isinstance(done, Response):
                return done
            if isinstance(done, Refusal):
                raise done
            if done is None:
                if is_write:
                    await serve_others()  # a slice of what is due was done
                is_write = True
            else:
                self._is_fault_applied = True
                await self.hooks.apply_fault(self, done)

    def _work(
        self, tx: Tx, function: Callable[..., Response], values: Mapping[str, Any]
    ) -> Response | Refusal | MatchedFault | None:
        """Return the answer; a fault to apply first; or None when a write must do this, or did what was due."""
        self.findings.clear()  # of an attempt that did not come to its end
        workspace = self.authenticate(tx)
        if workspace.next_due_at is not None and workspace.next_due_at <= tx.now:
            if tx.is_write:
                run_due(tx)
            return None
        try:
            self._read_params()
        finally:
            self._note_call()
        if not self.hooks.takes_real_data:
            refuse_real_data(tx, self.call.to, self.params)
        assert self.operation is not None
        if (self.operation.writes or workspace.faults or workspace.counts_reads) and not tx.is_write:
            return None
        if not self._is_fault_applied:
            self.fault = self.hooks.requested_fault(self) or (match_fault(tx, self.call) if workspace.faults else None)
            if self.fault is not None and (self.fault.is_before or self.fault.waits_first):
                return self.fault
        try:
            response = function(tx, self, **values)
        except Refusal as refusal:
            if not workspace.faults:
                raise
            return refusal  # so that what was counted of faults is kept; an endpoint refuses before it writes
        if workspace.counts_reads and not self.operation.writes and self.request.method != "HEAD":
            count_reads(tx, self.messages)
        return response


def exchange_of(request: Request) -> VendorExchange:
    """Return the exchange that a request is: a dependency of vendor endpoints."""
    exchange: VendorExchange = request.scope[SCOPE_KEY]
    return exchange
