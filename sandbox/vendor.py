"""What a vendor is, and how it becomes an app.

A vendor is data and a router. Its endpoints are declared as FastAPI endpoints are, so that the OpenAPI description
comes from them; they are found by the raw path, whose `%2F` and `+` a decoded path no longer tells apart, and called
without FastAPI's dependency machinery, which would take longer than the endpoint.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from sandbox import forms
from sandbox.dependencies import Exchange, Refusal
from sandbox.world import World
from sandbox.world.rules import Rule


@dataclass(frozen=True)
class Vendor:
    """One API that we play.

    `prefix`: where its paths begin. `refuse`: puts a refusal into the vendor's own shape. `unknown_path`,
    `wrong_method`: the rules by which those are refused.
    """

    name: str
    title: str
    description: str
    prefix: str
    router: APIRouter
    rules: tuple[Rule, ...]
    refuse: Callable[[Exchange, Refusal], Response]
    unknown_path: str
    wrong_method: str

    def claims(self, path: str) -> bool:
        """Whether the path is this vendor's to answer, be it known or not."""
        return path == self.prefix or path.startswith(self.prefix + "/")

    def app(self, world: World) -> FastAPI:
        """This vendor as an app of its own, which answers in its shapes only."""
        app = FastAPI(
            title=self.title,
            description=self.description,
            version="1",
            openapi_url=None,
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
        )
        app.state.world = world
        app.state.vendor = self
        app.router.routes[:] = self.router.routes
        app.add_exception_handler(HTTPException, _unknown_path)
        app.add_exception_handler(Exception, _our_fault)
        return app


def vendor_router() -> APIRouter:
    """A router for a vendor's endpoints."""
    return APIRouter(route_class=VendorRoute)


class VendorRoute(APIRoute):
    """An endpoint `async def name(exchange: ExchangeDep, pathParameter: str, ...) -> Response`."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self.taken: frozenset[str] = frozenset(self.methods or ())
        self._segments = [Segment(name.strip("{}"), name.startswith("{")) for name in path.split("/")]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        given = raw_path(scope).split(b"/")
        if len(given) != len(self._segments):
            return Match.NONE, {}
        params = {}
        for raw, (name, is_parameter) in zip(given, self._segments, strict=True):
            text = forms.text_of(unquote_to_bytes(raw) if b"%" in raw else raw)
            if text is None or (text != name and not is_parameter):
                return Match.NONE, {}
            if is_parameter:
                params[name] = text
        match = Match.FULL if scope["method"] in self.taken else Match.PARTIAL
        return match, {"route": self, "endpoint": self.endpoint, "path_params": params}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        exchange = Exchange(request, self.name)
        try:
            check_origin(exchange)
            if scope["method"] not in self.taken:
                raise self._wrong_method(request)
            response = await self.endpoint(exchange, **scope["path_params"])
        except Refusal as refusal:
            response = request.app.state.vendor.refuse(exchange, refusal)
        await finished(exchange, response)(scope, receive, send)

    def _wrong_method(self, request: Request) -> Refusal:
        """Lists what this path takes, by way of whichever endpoint."""
        routes: list[VendorRoute] = request.app.routes
        allowed = ", ".join(sorted({method for route in routes if route.path == self.path for method in route.taken}))
        return Refusal(
            request.app.state.vendor.wrong_method,
            f"Method {request.method} is not allowed here: use {allowed}.",
            405,
            {"Allow": allowed},
        )


class Segment(NamedTuple):
    """A part of a path: what it must be, or the name of the parameter that it is."""

    name: str
    is_parameter: bool


def raw_path(scope: Scope) -> bytes:
    """The path as it was sent, percent-escapes and all."""
    return bytes(scope.get("raw_path") or scope["path"].encode())


def check_origin(exchange: Exchange) -> None:
    """Refuses what a web page of another site sends (rule NET-origin)."""
    origin = exchange.header(b"origin")
    if origin is None:
        return
    if origin.partition(b"://")[2] != (exchange.header(b"host") or b""):
        raise Refusal("NET-origin", "Requests from web pages of another origin are refused.")


def finished(exchange: Exchange, response: Response) -> Response:
    """Names the journal entry, as every vendor answer does."""
    response.raw_headers.append((b"x-sandbox-exchange", exchange.id.encode()))
    return response


async def _unknown_path(request: Request, _: Exception) -> Response:
    vendor: Vendor = request.app.state.vendor
    exchange = Exchange(request, None)
    return finished(exchange, vendor.refuse(exchange, Refusal(vendor.unknown_path, "There is no such path.", 404)))


async def _our_fault(request: Request, _: Exception) -> Response:
    """A defect of ours: still the vendor's shape, and nothing of the inside. The server logs the error."""
    vendor: Vendor = request.app.state.vendor
    exchange = Exchange(request, None)
    refusal = Refusal("", "The sandbox failed to answer; this is a defect of the sandbox.", 500)
    return finished(exchange, vendor.refuse(exchange, refusal))
