"""How is a request answered that the connection refused? As its path's owner refuses: a vendor in its own shape."""

from collections.abc import Sequence
from http import HTTPStatus

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sandbox.server.bad_requests import BadRequest
from sandbox.server.guard import is_ours
from sandbox.server.problems import Problem
from sandbox.server.strictness import refusal_of
from sandbox.server.unknown_paths import vendor_beside
from sandbox.store import Store
from sandbox.vendors.base.exchange import ExchangeHooks, VendorExchange
from sandbox.vendors.base.front import path_of
from sandbox.vendors.base.refusal import Refusal
from sandbox.vendors.base.route import refused
from sandbox.vendors.base.vendor import Vendor

RULE = "NET-http"
TITLES = {
    408: "Incomplete request",
    414: "Target too long",
    431: "Headers too large",
    501: "Not implemented",
    503: "Too many connections",
    505: "Unknown version",
}
"""Of problems, by their status."""


class RefusedRequests:
    """An ASGI app for the requests of which `refusal_of` knows. All but those to us are exchanges, and journalled.

    `unknown`: whose the paths are that are no vendor's and not ours.
    """

    def __init__(self, vendors: Sequence[Vendor], unknown: Vendor, store: Store, hooks: ExchangeHooks) -> None:
        self._vendors = vendors
        self._unknown = unknown
        self._store = store
        self._hooks = hooks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = refusal_of(scope)
        assert refusal is not None
        vendor = next((each for each in self._vendors if each.claims(scope["path"])), None)
        if vendor is None and is_ours(scope):
            response = _problem(refusal)
        else:
            vendor = vendor or vendor_beside(self._vendors, path_of(scope))
            exchange = VendorExchange(vendor or self._unknown, self._store, self._hooks, scope, receive)
            response = await self._journalled(exchange, refusal)
        await response(scope, receive, send)

    async def _journalled(self, exchange: VendorExchange, refusal: BadRequest) -> Response:
        """Return the vendor's answer, with the status of HTTP whatever the vendor's own (rule NET-http)."""
        rule = "" if refusal.status == HTTPStatus.SERVICE_UNAVAILABLE else RULE
        reason = refusal.reason
        await exchange.keep_body()
        response = await refused(exchange, Refusal(rule, reason, refusal.status, refusal.headers, fix=reason))
        if exchange.vendor is self._unknown:
            response = _problem(refusal)
        response.status_code = refusal.status
        response.headers.update(refusal.headers or {})
        return await exchange.finish(response)


def _problem(refusal: BadRequest) -> Response:
    title = TITLES.get(refusal.status, "Not HTTP")
    return Problem(refusal.status, title, refusal.reason, refusal.headers).response()
