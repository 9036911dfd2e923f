"""What a vendor is, and how it becomes an app.

A vendor is data and a router. Its endpoints are declared as FastAPI endpoints are, so that the OpenAPI description
comes from them; they are found by the raw path, whose `%2F` and `+` a decoded path no longer tells apart, and called
without FastAPI's dependency machinery, which would take longer than the endpoint.
"""

import logging
import sqlite3
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, NamedTuple, cast
from urllib.parse import unquote_to_bytes

from fastapi import FastAPI, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict
from starlette.requests import ClientDisconnect
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.dependencies import Backstage, Exchange, Faulted, Finding, Refusal, Severed
from sandbox.world import WorkspaceView, World
from sandbox.world.callbacks.states import CallbackRow
from sandbox.world.carrier import MessageRow
from sandbox.world.rules import Rule

NO_STORE = "The sandbox's store does not answer: try again, or look at the server's output."


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

    `prefix`: where its paths begin. `refuse`: puts a refusal into the vendor's own shape. `owner`: the workspace whose
    credentials a request shows, read from what stands before its body; None without right ones. `unknown_path`,
    `wrong_method`: the rules by which those are refused. `view`: how it shows a message; null when it does not.
    """

    name: str
    title: str
    description: str
    prefix: str
    router: "VendorRouter"
    rules: tuple[Rule, ...]
    refuse: Callable[[Exchange, Refusal], Response]
    findings: Callable[[Exchange], list[Finding]]
    owner: Callable[[Exchange], WorkspaceView | None]
    unknown_path: str
    wrong_method: str
    view: Callable[[World, WorkspaceView, MessageRow], View | None]
    status_callback: Callable[[World, MessageRow, CallbackRow], dict[str, str]] | None = None

    @property
    def operations(self) -> tuple[str, ...]:
        """What the control API calls its endpoints: `simplepay.submit`."""
        return tuple(dict.fromkeys(f"{self.name}.{route.name}" for route in self.router.routes))

    def claims(self, path: str) -> bool:
        """Whether the path is this vendor's to answer, be it known or not."""
        return path == self.prefix or path.startswith(self.prefix + "/")

    def app(self, world: World, backstage: Backstage) -> "VendorApp":
        """This vendor as an app of its own, which answers in its shapes only."""
        return VendorApp(self, world, backstage)


class VendorApp(FastAPI):
    """A FastAPI app without FastAPI's middleware, whose layers cost a hot path a fifth of its time.

    All that they would do here is to turn errors into answers.
    """

    def __init__(self, vendor: Vendor, world: World, backstage: Backstage) -> None:
        super().__init__(
            title=vendor.title,
            description=vendor.description,
            version="1",
            openapi_url=None,
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
            telemetry={"tracing": False, "metrics": False, "logs": False},
        )
        self.state.world = world
        self.state.backstage = backstage
        self.vendor = vendor

    def build_middleware_stack(self) -> ASGIApp:
        return self._answer

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            route = self.vendor.router.find(scope)
            if route is None:
                refusal = Refusal(self.vendor.unknown_path, "There is no such path.", 404)
                await self._refuse(scope, refusal, receive, send)
            else:
                await route.handle(scope, receive, send)
        except ClientDisconnect:
            return
        except Severed:
            raise
        except Exception:
            # A defect of ours: still the vendor's shape, and nothing of the inside. The server logs the error.
            await self._refuse(scope, Refusal("", "The sandbox failed, by a defect of its own.", 500), receive, send)
            raise

    async def _refuse(self, scope: Scope, refusal: Refusal, receive: Receive, send: Send) -> None:
        exchange = Exchange(Request(scope, receive), None)
        exchange.refusal = refusal
        if refusal.rule:  # after a defect of ours nothing more is tried
            enter_owner(exchange)
        await self.state.backstage.answer(exchange, self.vendor.refuse(exchange, refusal), scope, receive, send)


class Shape(BaseModel):
    """An answer of a vendor's, or a part of one. It only describes: the answers are written without it."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


Endpoint = Callable[..., Coroutine[Any, Any, Response]]
"""`async def name(exchange: ExchangeDep, pathParameter: str, ...) -> Response`."""


def _declaring(method: str) -> Callable[..., Callable[[Endpoint], Endpoint]]:
    """The decorator for endpoints by this method; it takes a path, and what FastAPI's `add_api_route` takes."""

    def declare(router: "VendorRouter", path: str, **described: Any) -> Callable[[Endpoint], Endpoint]:
        def add(endpoint: Endpoint) -> Endpoint:
            router.routes.append(VendorRoute(method, path, endpoint, described))
            return endpoint

        return add

    return declare


class VendorRouter:
    """A vendor's endpoints, declared as on FastAPI's router.

    FastAPI's own routes, with a model for every parameter and answer, take longer to build than a first answer may
    take. They answer nothing here: they describe, and are built for whoever asks for that.
    """

    def __init__(self) -> None:
        self.routes: list[VendorRoute] = []

    get = _declaring("GET")
    head = _declaring("HEAD")
    put = _declaring("PUT")
    post = _declaring("POST")
    delete = _declaring("DELETE")

    def find(self, scope: Scope) -> "VendorRoute | None":
        """Whoever answers a request: the endpoint of its path, by its method if there is one."""
        segments = raw_path(scope).split(b"/")
        of_path = None
        for route in self.routes:
            if route.is_at(segments):
                of_path = of_path or route
                if route.method == scope["method"]:
                    of_path = route
                    break
        if of_path is not None:
            scope["path_params"] = of_path.params(segments)
        return of_path

    def described(self) -> list[APIRoute]:
        """The same endpoints as routes that FastAPI can describe."""
        return [
            APIRoute(route.path, route.endpoint, methods=[route.method], **route.described) for route in self.routes
        ]


class VendorRoute:
    """One endpoint by one method. Its path ends with its parameters. `described`: what FastAPI says of it."""

    def __init__(self, method: str, path: str, endpoint: Endpoint, described: dict[str, Any]) -> None:
        self.method = method
        self.path = path
        self.endpoint = endpoint
        self.described = described
        self.name: str = described.get("name") or endpoint.__name__
        segments = path.split("/")
        self._names = [segment[1:-1] for segment in segments if segment.startswith("{")]
        self._fixed = [segment.encode() for segment in segments[: len(segments) - len(self._names)]]
        self._length = len(segments)

    def is_at(self, segments: list[bytes]) -> bool:
        """Whether a path of these segments is its own."""
        if len(segments) != self._length:
            return False
        fixed = segments[: len(self._fixed)]
        return fixed == self._fixed or [unquote_to_bytes(segment) for segment in fixed] == self._fixed

    def params(self, segments: list[bytes]) -> dict[str, str]:
        """What a path gives, by name."""
        given = zip(self._names, segments[len(self._fixed) :], strict=True)
        return {name: path_parameter(raw) for name, raw in given}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        exchange = Exchange(request, self.name)
        try:
            check_origin(exchange)
            if scope["method"] != self.method:
                raise self._wrong_method(request)
            response = await self.endpoint(exchange, **scope["path_params"])
        except Refusal as refusal:
            exchange.refusal = refusal
            enter_owner(exchange)
            response = request.app.vendor.refuse(exchange, refusal)
        except Faulted as faulted:
            response = faulted.response
        except sqlite3.Error:
            logging.getLogger(__name__).exception("The store did not answer a vendor's call.")
            exchange.refusal = Refusal("", NO_STORE, 503)
            response = request.app.vendor.refuse(exchange, exchange.refusal)
        answer = request.app.state.backstage.answer
        if not isinstance(response, StreamingResponse):
            await answer(exchange, response, scope, receive, send)
        elif scope["http_version"] == "1.0":
            await answer(exchange, await in_one_piece(response), scope, receive, send)
        else:
            # Closed here, and not when the collector of cycles comes by: a long answer holds a snapshot of the store.
            async with aclosing(cast(AsyncGenerator[Any], response.body_iterator)):
                await answer(exchange, response, scope, receive, send)

    def _wrong_method(self, request: Request) -> Refusal:
        """Lists what this path takes, by way of whichever endpoint."""
        vendor: Vendor = request.app.vendor
        allowed = ", ".join(sorted({route.method for route in vendor.router.routes if route.path == self.path}))
        return Refusal(
            vendor.wrong_method,
            f"Method {request.method} is not allowed here: use {allowed}.",
            405,
            {"Allow": allowed},
        )


def raw_path(scope: Scope) -> bytes:
    """The path as it was sent, percent-escapes and all."""
    return bytes(scope.get("raw_path") or scope["path"].encode())


def path_parameter(raw: bytes) -> str:
    """Its text; where the bytes are not UTF-8 the escapes as they were sent, which is refused like any wrong value."""
    if b"%" in raw:
        try:
            return unquote_to_bytes(raw).decode()
        except UnicodeDecodeError:
            pass
    return raw.decode("ascii", "backslashreplace")


def check_origin(exchange: Exchange) -> None:
    """Refuses what a web page of another site sends (rule NET-origin)."""
    origin = exchange.header(b"origin")
    if origin is None:
        return
    if origin.partition(b"://")[2] != (exchange.header(b"host") or b""):
        raise Refusal("NET-origin", "Requests from web pages of another origin are refused.")


def enter_owner(exchange: Exchange) -> None:
    """A call that was refused before its credentials were asked for belongs to the workspace that they open.

    It is refused all the same where the store does not answer that.
    """
    if exchange.workspace is not None:
        return
    with suppress(sqlite3.Error):
        workspace = exchange.request.app.vendor.owner(exchange)
        if workspace is not None:
            exchange.enter(workspace, lambda _: workspace)


async def in_one_piece(response: StreamingResponse) -> Response:
    """For HTTP/1.0, which knows no chunks, though uvicorn would send them."""
    pieces = [piece.encode() if isinstance(piece, str) else piece async for piece in response.body_iterator]
    return Response(b"".join(pieces), response.status_code, media_type=response.media_type)
