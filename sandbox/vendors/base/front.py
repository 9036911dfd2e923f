"""The ASGI app of a vendor: FastAPI's own, behind what each of its exchanges begins with."""

from http import HTTPStatus
from urllib.parse import unquote_to_bytes

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from sandbox.store import Store
from sandbox.vendors.base import near_misses
from sandbox.vendors.base.answers import NothingSent
from sandbox.vendors.base.exchange import SCOPE_KEY, ExchangeHooks, VendorExchange, exchange_of
from sandbox.vendors.base.refusal import Refusal, Severed
from sandbox.vendors.base.route import VendorRoute, check_origin, refused, unquoted
from sandbox.vendors.base.vendor import Vendor

UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
"""Characters whose escapes mean nothing else than themselves (RFC 3986, 6.2.2.2)."""


class VendorFront:
    """Makes the exchange, and lets FastAPI find the route by the path as it was sent.

    A decoded path no longer tells `%2F` and `+` from what they stand for, so a route's parameters are unquoted after it
    was found.
    """

    def __init__(self, vendor: Vendor, store: Store, hooks: ExchangeHooks) -> None:
        self._vendor = vendor
        self._store = store
        self._hooks = hooks
        self.app = FastAPI(
            title=vendor.title,
            description=vendor.description,
            version="1",
            openapi_url=None,
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
            telemetry=hooks.telemetry,
        )
        self.app.router.routes[:] = vendor.router.routes
        self.app.add_exception_handler(HTTPException, _no_such_call)
        self.app.add_exception_handler(Exception, _own_failure)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = VendorExchange(self._vendor, self._store, self._hooks, scope, receive)
        scope[SCOPE_KEY] = exchange
        scope["path"] = path_of(scope)
        try:
            await self.app(scope, receive, send)
        except ClientDisconnect:
            return
        finally:
            del scope[SCOPE_KEY]  # each holds the other, and only the collector of cycles would free them


def raw_path(scope: Scope) -> bytes:
    """Return the path as it was sent, percent-escapes and all."""
    return bytes(scope.get("raw_path") or scope["path"].encode())


def path_of(scope: Scope) -> str:
    """Return the path as it was sent, but for needless escapes."""
    return normalized(raw_path(scope)).decode("ascii", "backslashreplace")


def normalized(path: bytes) -> bytes:
    """Return the path without needless escapes."""
    if b"%" not in path:
        return path
    segments = path.split(b"/")
    plain = [unquote_to_bytes(segment) for segment in segments]
    return b"/".join(new if UNRESERVED.issuperset(new) else old for old, new in zip(segments, plain, strict=True))


async def _no_such_call(request: Request, error: Exception) -> Response:
    """Answer where FastAPI finds no such path, or not this method of it."""
    assert isinstance(error, HTTPException)
    exchange = exchange_of(request)
    routes = [route for route in request.app.routes if _is_at(route, request)]
    await exchange.keep_body()
    try:
        refuse_call(exchange, routes)
    except Refusal as refusal:
        response = await refused(exchange, refusal)
    return await exchange.finish(response)


def _is_at(route: object, request: Request) -> bool:
    return isinstance(route, VendorRoute) and route.matches(request.scope)[0] is not Match.NONE


def refuse_call(exchange: VendorExchange, routes: list[VendorRoute]) -> None:
    """Raise the refusal of a call whose path is that of these routes, none of them by its method."""
    vendor, request = exchange.vendor, exchange.request
    if not routes:
        raise unknown_path(exchange)
    _, found = routes[0].matches(request.scope)
    exchange.set_route(routes[0].choice, unquoted(found.get("path_params", {})))
    check_origin(exchange)
    allowed = ", ".join(sorted({method for route in routes for method in route.accepted_methods}))
    reason = f"Method {request.method} is not allowed here: use {allowed}."
    raise Refusal(vendor.wrong_method, reason, HTTPStatus.METHOD_NOT_ALLOWED, {"Allow": allowed})


def unknown_path(exchange: VendorExchange) -> Refusal:
    """Return the refusal of a path that leads nowhere: one of the vendor's, or one that is only near them."""
    vendor = exchange.vendor
    near = vendor.near_miss(path_of(exchange.request.scope))
    is_below = vendor.claims(exchange.path)
    if near is None or (is_below and not near.is_route):
        return Refusal(vendor.unknown_path, "There is no such path.", HTTPStatus.NOT_FOUND)
    if is_below:  # of all such calls the report makes one mistake, so its mend names none of them
        return Refusal(vendor.unknown_path, near.question, HTTPStatus.NOT_FOUND)
    return Refusal(near_misses.RULE, near.question, HTTPStatus.NOT_FOUND, fix=near.fix)


async def _own_failure(request: Request, error: Exception) -> Response:
    """Answer after a failure of ours: the vendor's shape, and nothing of the inside. The server logs the error."""
    exchange = exchange_of(request)
    if exchange.is_finished or isinstance(error, Severed | ClientDisconnect):
        return NothingSent()
    refusal = Refusal("", "The sandbox failed, by a defect of its own.", HTTPStatus.INTERNAL_SERVER_ERROR)
    return await exchange.finish(await refused(exchange, refusal))
