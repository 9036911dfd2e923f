"""What is a vendor? Data, and a FastAPI router."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from sandbox.store import Tx, WorkspaceView
from sandbox.store.id_format import IdFormat
from sandbox.store.tables import MessageRow
from sandbox.vendors.base.callbacks import StatusChange
from sandbox.vendors.base.exchange import VendorExchange
from sandbox.vendors.base.near_misses import NearMiss, near_miss
from sandbox.vendors.base.range_reads import RangeRead
from sandbox.vendors.base.refusal import CallFinding, Refusal
from sandbox.vendors.base.route import VendorRoute, operations_of
from sandbox.world.rules import SandboxRule
from sandbox.world.tries import DEFAULT_TRY, RuleTry


class View(NamedTuple):
    """How an API shows a message right now: its part of the answer to a GET of `path`, which has a query string or not.

    `is_basic`: the call needs the workspace's Basic credentials; else what it needs stands in the path.
    """

    path: str
    is_basic: bool
    media_type: str
    body: str


def no_view(tx: Tx, message: MessageRow) -> None:
    """Show no message."""


@dataclass(frozen=True)
class Vendor:
    """One API that we play.

    `prefix`: where its paths begin. `authenticate`: the workspace whose credentials a request shows, read from what is
    there of it, or a `Refusal`. `credentials_in_headers`: whether they stand there, and so are known before a body is
    read. `security`: how OpenAPI calls their scheme, for the operations that are answered 401. `refuse`: puts a refusal
    into the vendor's own shape. `findings`: what is wrong with a call, found behind its answer in its workspace, if it
    has one. `unknown_path`, `wrong_method`: the rules by which those are refused. `form_rule`: the same for a form or
    query string that cannot be read. `view`: how it shows a message; None when it does not. `status_callback`: the form
    that tells a change of status. `id_formats`: what it calls messages. `message_types`: its words for what staff may
    send, by purpose. `status_words`: its words for statuses, each with those that it may stand for. `range_reads`: its
    operations that clients read by date range. `tries`: how its rules are tried; the others as `other_try` says.
    `status_reads`: its operations that tell the status of one message, as the journal names them.
    """

    name: str
    title: str
    description: str
    prefix: str
    router: APIRouter
    rules: tuple[SandboxRule, ...]
    authenticate: Callable[[Tx, VendorExchange], WorkspaceView]
    refuse: Callable[[VendorExchange, Refusal], Response]
    findings: Callable[[Tx, VendorExchange], list[CallFinding]]
    unknown_path: str
    wrong_method: str
    form_rule: str
    view: Callable[[Tx, MessageRow], View | None] = no_view
    status_callback: Callable[[StatusChange], dict[str, str]] | None = None
    id_formats: tuple[IdFormat, ...] = ()
    message_types: Mapping[str, str] = field(default_factory=dict)
    status_words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    range_reads: tuple[RangeRead, ...] = ()
    status_reads: tuple[str, ...] = ()
    tries: Mapping[str, RuleTry] = field(default_factory=dict)
    other_try: RuleTry = DEFAULT_TRY
    credentials_in_headers: bool = True
    security: Mapping[str, Any] | None = None

    @property
    def operations(self) -> tuple[str, ...]:
        """What the control API calls its operations: `simplepay.submit`."""
        return tuple(f"{self.name}.{operation.name}" for operation in operations_of(self.router))

    def claims(self, path: str) -> bool:
        """Return whether the path is this vendor's to answer, be it known or not."""
        return path == self.prefix or path.startswith(self.prefix + "/")

    def near_miss(self, path: str) -> NearMiss | None:
        """Return which path of this vendor was meant by one that leads nowhere; None when none was."""
        templates = [route.path for route in self.router.routes if isinstance(route, VendorRoute)]
        return near_miss(self.name, self.prefix, templates, path)
