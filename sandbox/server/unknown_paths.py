"""What is answered on a path that is neither a vendor's nor near one, nor ours? A problem; and the call is journalled.

It is a vendor without an endpoint, so that such an exchange is one like others. It belongs to no workspace.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from operator import itemgetter

from fastapi import APIRouter
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sandbox.server.guard import PREFIX
from sandbox.server.problems import Problem
from sandbox.store import Store, Tx, WorkspaceView
from sandbox.vendors.base import hints
from sandbox.vendors.base.exchange import ExchangeHooks, VendorExchange
from sandbox.vendors.base.near_misses import RULE, NearMiss, near_miss
from sandbox.vendors.base.refusal import ERROR, CallFinding, Refusal
from sandbox.vendors.base.vendor import Vendor

ROOT = "/"
FOR_ROOT = ("GET", "HEAD")
"""The methods by which a browser is led to the console."""
SERVER = "*"
"""The target of `OPTIONS *`, which asks about the server as a whole (RFC 9110, 9.3.7)."""
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""Those that some path takes."""


@dataclass(frozen=True, kw_only=True)
class UnknownPaths(Vendor):
    """`apis`: where the vendors' paths begin, by their names."""

    apis: Mapping[str, str] = field(default_factory=dict)

    def claims(self, path: str) -> bool:  # noqa: ARG002  (as of every vendor)
        return False

    def near_miss(self, path: str) -> NearMiss | None:
        """Return that the control API was meant, if it was."""
        return near_miss("sandbox", PREFIX, [], path)


def unknown_paths(vendors: Sequence[Vendor]) -> UnknownPaths:
    """Return what refuses all other paths than those of these vendors."""
    apis = {vendor.name: vendor.prefix for vendor in vendors}
    fix = f"Call one of the APIs: {', '.join(apis.values())}."

    def findings(_: Tx, exchange: VendorExchange) -> list[CallFinding]:
        refusal = exchange.refusal
        is_right = exchange.path == SERVER if refusal is None else not refusal.rule  # else a failure of ours
        rule = RULE if refusal is None else refusal.rule
        meant = refusal.fix if refusal is not None else None
        return [] if is_right else [hints.finding(rule, ERROR, hints.method_and_path(exchange), meant or fix)]

    def refuse(exchange: VendorExchange, refusal: Refusal) -> Response:
        return _problem(exchange, refusal, apis).response()

    return UnknownPaths(
        name="",
        title="",
        description="",
        prefix="",
        router=APIRouter(),
        rules=(),
        authenticate=_nobody,
        refuse=refuse,
        findings=findings,
        unknown_path=RULE,
        wrong_method=RULE,
        form_rule=RULE,
        apis=apis,
    )


def vendor_beside(vendors: Iterable[Vendor], path: str) -> Vendor | None:
    """Return the vendor whose path was meant by one that is no vendor's, as it was sent; None if none was."""
    near = [(miss.distance, vendor) for vendor in vendors if (miss := vendor.near_miss(path)) is not None]
    return min(near, key=itemgetter(0))[1] if near else None


class ServerOptions:
    """An ASGI app for `OPTIONS *`, which is an exchange of nobody's."""

    def __init__(self, unknown: Vendor, store: Store, hooks: ExchangeHooks) -> None:
        self._unknown = unknown
        self._store = store
        self._hooks = hooks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = VendorExchange(self._unknown, self._store, self._hooks, scope, receive)
        await exchange.keep_body()
        response = await exchange.finish(Response(status_code=204, headers={"Allow": ", ".join(METHODS)}))
        await response(scope, receive, send)


def _problem(exchange: VendorExchange, refusal: Refusal, apis: Mapping[str, str]) -> Problem:
    method = exchange.request.method
    if refusal.status != HTTPStatus.NOT_FOUND:
        return Problem(refusal.status, "Defect", refusal.reason)
    if exchange.path == ROOT and method not in FOR_ROOT:
        detail = f"Method {method} is not allowed here: use {' or '.join(FOR_ROOT)}."
        return Problem(405, "Wrong method", detail, {"Allow": ", ".join(FOR_ROOT)})
    if exchange.path == ROOT:
        detail = "The APIs are below their paths, the control API below /_sandbox; /_sandbox/docs describes them all."
        return Problem(404, "Nothing here", detail, apis=apis)
    if refusal.fix is not None:
        return Problem(404, "Unknown path", refusal.reason)
    named = ", ".join(f"{name} at {prefix}" for name, prefix in apis.items())
    detail = f"There is no such path. The APIs are {named}; the control API is at {PREFIX}."
    return Problem(404, "Unknown path", detail)


def _nobody(_: Tx, __: VendorExchange) -> WorkspaceView:
    raise Refusal(RULE, "Nobody's credentials are looked at here.", HTTPStatus.UNAUTHORIZED)
