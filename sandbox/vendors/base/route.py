"""How an endpoint of a vendor is called: FastAPI's own route, with the endpoint's work in a transaction.

An endpoint is a plain function `name(tx, exchange, path_parameter, ...) -> Response`. FastAPI sees it without `tx`, with
the exchange as a dependency; whatever else it declares it gets from FastAPI.
"""

import inspect
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import aclosing
from typing import Annotated, Any, TypeVar, cast
from urllib.parse import unquote_to_bytes

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.responses import Response, StreamingResponse

from sandbox.store import StoreUnavailable
from sandbox.vendors.base.exchange import Exchange, exchange_of
from sandbox.vendors.base.refusal import FaultAnswers, Refusal
from sandbox.vendors.base.vendor import Operation

Endpoint = TypeVar("Endpoint", bound=Callable[..., Response])

OPERATION = "__operation__"
NO_STORE = "The sandbox's store does not answer: try again, or look at the server's output."
ExchangeDep = Annotated[Exchange, Depends(exchange_of)]


def operation(name: str, **about: Any) -> Callable[[Endpoint], Endpoint]:
    """Declare which operation an endpoint is; `about` as `Operation` has it. Stands below the router's decorators."""

    def declare(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, OPERATION, Operation(name, **about))
        return endpoint

    return declare


def operations_of(router: APIRouter) -> tuple[Operation, ...]:
    """Return the operations of a router's endpoints, each once."""
    found = (each for route in router.routes if isinstance(route, VendorRoute) for each in route.operations)
    return tuple({each.name: each for each in found}.values())


class VendorRoute(APIRoute):
    """One endpoint by one method."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self.operation: Operation = getattr(endpoint, OPERATION)
        self.operations: tuple[Operation, ...] = getattr(endpoint, "__operations__", (self.operation,))
        super().__init__(path, _in_transaction(endpoint), **options)

    @property
    def is_plain(self) -> bool:
        """Whether the endpoint asks for nothing but path parameters as text and the exchange.

        Then FastAPI's dependency solver, which takes several times as long as such an endpoint, has nothing to solve.
        """
        needs = self.dependant
        others = (
            *(needs.query_params, needs.header_params, needs.cookie_params, needs.body_params),
            *(needs.request_param_name, needs.response_param_name, needs.background_tasks_param_name),
            *(needs.http_connection_param_name, needs.security_scopes_param_name),
        )
        return not any(others) and all(each.call is exchange_of for each in needs.dependencies)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return FastAPI's handler or the short one, with refusals put into the vendor's shape."""
        handler = self._short_handler if self.is_plain else super().get_route_handler()

        async def handle(request: Request) -> Response:
            exchange = exchange_of(request)
            reach(exchange, self, request.path_params)
            try:
                check_origin(exchange)
                if self.operation.reads_form and exchange.has_body:
                    if exchange.vendor.credentials_in_headers:
                        await exchange.check_caller()
                    await exchange.read_body(exchange.vendor.form_rule)
                response = await handler(request)
            except Refusal as refusal:
                response = await refused(exchange, refusal)
            except RequestValidationError as error:
                response = await refused(exchange, _refusal_of(exchange, error))
            except FaultAnswers as fault:
                response = fault.response
            except StoreUnavailable:
                logging.getLogger(__name__).exception("The store did not answer a vendor's call.")
                response = await refused(exchange, Refusal("", NO_STORE, 503))
            if isinstance(response, StreamingResponse) and request.scope["http_version"] == "1.0":
                response = await in_one_piece(response)
            return exchange.hooks.finish(exchange, response)

        return handle

    async def _short_handler(self, request: Request) -> Response:
        assert self.dependant.call is not None
        names = [field.alias for field in self.dependant.path_params]
        values = {name: request.path_params[name] for name in names}
        response: Response = await self.dependant.call(exchange=exchange_of(request), **values)
        return response


def _in_transaction(endpoint: Callable[..., Any]) -> Callable[..., Coroutine[Any, Any, Response]]:
    """Return what FastAPI calls for an endpoint: it awaits the endpoint's work."""

    async def call(exchange: Exchange, **values: Any) -> Response:
        return await exchange.perform(endpoint, values)

    signature = inspect.signature(endpoint, eval_str=True)
    _, exchange, *further = signature.parameters.values()
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [each.replace(kind=keyword) for each in (exchange.replace(annotation=ExchangeDep), *further)]
    call.__signature__ = signature.replace(parameters=parameters, return_annotation=Response)  # type: ignore[attr-defined]  # inspect's own door
    call.__name__, call.__doc__, call.__module__ = endpoint.__name__, endpoint.__doc__, endpoint.__module__
    return call


def reach(exchange: Exchange, route: VendorRoute, raw: Mapping[str, str]) -> None:
    """Note which operation an exchange reached, and unquote its path's parameters."""
    exchange.operation = route.operation
    exchange.request.scope["path_params"] = {name: path_parameter(value.encode()) for name, value in raw.items()}


def path_parameter(raw: bytes) -> str:
    """Return its text; where the bytes are not UTF-8, the escapes as they were sent, which no parameter takes."""
    if b"%" in raw:
        try:
            return unquote_to_bytes(raw).decode()
        except UnicodeDecodeError:
            pass
    return raw.decode("ascii", "backslashreplace")


async def refused(exchange: Exchange, refusal: Refusal) -> Response:
    """Return a refusal in the vendor's shape, and find out whose call it was."""
    exchange.refusal = refusal
    if refusal.rule:  # after a failure of ours nothing more is tried
        await exchange.find_owner()
    return exchange.vendor.refuse(exchange, refusal)


def _refusal_of(exchange: Exchange, error: RequestValidationError) -> Refusal:
    """Return the refusal of what FastAPI found wrong, without what was sent."""
    first = error.errors()[0]
    field = str(first["loc"][-1])
    return Refusal(exchange.vendor.form_rule, f"{field}: {first['msg']}.", field=field)


def check_origin(exchange: Exchange) -> None:
    """Refuse what a web page of another site sends (rule NET-origin)."""
    origin = exchange.header(b"origin")
    if origin is not None and origin.partition(b"://")[2] != (exchange.header(b"host") or b""):
        raise Refusal("NET-origin", "Requests from web pages of another origin are refused.")


async def in_one_piece(response: StreamingResponse) -> Response:
    """Return the same answer for HTTP/1.0, which knows no chunks, though uvicorn would send them."""
    async with aclosing(cast(AsyncGenerator[Any], response.body_iterator)) as body:
        pieces = [piece.encode() if isinstance(piece, str) else piece async for piece in body]
    return Response(b"".join(pieces), response.status_code, media_type=response.media_type)
