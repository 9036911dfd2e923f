"""What a vendor is: data, and a FastAPI router."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response
from starlette.types import ASGIApp

from sandbox.store import Store, Tx, WorkspaceView
from sandbox.store.tables import Callback, Message
from sandbox.store.tx import IdFormat
from sandbox.vendors.base.exchange import Exchange, ExchangeHooks
from sandbox.vendors.base.refusal import Finding, Refusal
from sandbox.world.faults import CallDetails
from sandbox.world.rules import Rule


def _nothing(exchange: Exchange) -> None:  # noqa: ARG001  (the default of an operation that has no parameters)
    return None


def _unknown_details(exchange: Exchange) -> CallDetails:
    return CallDetails(exchange.operation_id or "")


@dataclass(frozen=True)
class Operation:
    """One thing that a vendor's API does, by the name that faults, journal and verify key on.

    An operation is not a route: several methods of a path may be one, and a path's parameter may choose between
    several. `parameters`: the model of its query string or form, from which OpenAPI and the reading come.
    `read`: reads `exchange.params` and sets `exchange.call`, once the caller is known; raises `Refusal`.
    `writes`: whether it changes anything.
    """

    name: str
    parameters: type[BaseModel] | None = None
    reads_form: bool = False
    read: Callable[[Exchange], None] = _nothing
    writes: bool = False


class View(NamedTuple):
    """How an API shows a message right now: its part of the answer to a GET of `path`, which has a query string or not.

    `is_basic`: the call needs the workspace's Basic credentials; else what it needs stands in the path.
    """

    path: str
    is_basic: bool
    media_type: str
    body: str


@dataclass(frozen=True)
class Vendor:
    """One API that we play.

    `prefix`: where its paths begin. `authenticate`: the workspace whose credentials a request shows, read from what is
    there of it, or a `Refusal`. `refuse`: puts a refusal into the vendor's own shape. `findings`: what is wrong with a
    call, found behind its answer. `unknown_path`, `wrong_method`: the rules by which those are refused. `view`: how it
    shows a message; None when it does not. `id_formats`: what it calls messages. `message_types`: its words for what
    staff may send, by purpose. `form_rule`: by which rule a form or query string that cannot be read is refused.
    """

    name: str
    title: str
    description: str
    prefix: str
    router: APIRouter
    rules: tuple[Rule, ...]
    authenticate: Callable[[Tx, Exchange], WorkspaceView]
    refuse: Callable[[Exchange, Refusal], Response]
    findings: Callable[[Tx, Exchange], list[Finding]]
    unknown_path: str
    wrong_method: str
    form_rule: str
    view: Callable[[Tx, Message], View | None] = field(default=lambda tx, message: None)  # noqa: ARG005
    status_callback: Callable[[Tx, Message, Callback], dict[str, str]] | None = None
    id_formats: tuple[IdFormat, ...] = ()
    message_types: Mapping[str, str] = field(default_factory=dict)
    credentials_in_headers: bool = True

    @property
    def operations(self) -> tuple[str, ...]:
        """What the control API calls its operations: `simplepay.submit`."""
        from sandbox.vendors.base.route import operations_of  # noqa: PLC0415  (the route needs the vendor's types)

        return tuple(f"{self.name}.{operation.name}" for operation in operations_of(self.router))

    def claims(self, path: str) -> bool:
        """Return whether the path is this vendor's to answer, be it known or not."""
        return path == self.prefix or path.startswith(self.prefix + "/")

    def app(self, store: Store, hooks: ExchangeHooks) -> ASGIApp:
        """Return this vendor as an app of its own, which answers in its shapes only."""
        from sandbox.vendors.base.front import VendorFront  # noqa: PLC0415  (as above)

        return VendorFront(self, store, hooks)


