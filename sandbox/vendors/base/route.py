"""How is an endpoint of a vendor called? By FastAPI's own route, with the endpoint's work in a transaction.

An endpoint is a plain function `name(tx, exchange, path_parameter, ...) -> Response`. FastAPI sees it without `tx`,
with the exchange as a dependency; whatever else it declares it gets from FastAPI.
"""

import inspect
import logging
import re
from collections.abc import Callable, Coroutine, Mapping
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import unquote_to_bytes

from fastapi import APIRouter, Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.responses import Response, StreamingResponse
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from sandbox.store import StoreUnavailable
from sandbox.vendors.base.answers import LongAnswer, in_one_piece
from sandbox.vendors.base.exchange import VendorExchange, exchange_of
from sandbox.vendors.base.operation import WITH_FORM, Operation, choice_of
from sandbox.vendors.base.refusal import FaultAnswers, Refusal

NO_STORE = "The sandbox's store does not answer: try again, or look at the server's output."
ExchangeDep = Annotated[VendorExchange, Depends(exchange_of)]
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class VendorRoute(APIRoute):
    """An endpoint by some methods. `is_short`: whether the short handler answers, which a test may change."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self.vendor_endpoint = endpoint
        self.choice = choice_of(endpoint)
        described = self.choice.described(options.get("methods") or ())
        options["openapi_extra"] = described | (options.get("openapi_extra") or {}) or None
        options["name"] = options.get("name") or self.choice.operations[0].name
        super().__init__(path, _in_transaction(endpoint), **options)
        # A parameter may be empty, which FastAPI's own pattern does not let through: an answer in the vendor's words.
        self.path_regex = re.compile(self.path_regex.pattern.replace("[^/]+", "[^/]*"))
        self.is_short = self.is_plain
        declared = frozenset(self.methods or ())
        self.accepted_methods = declared | {"HEAD"} if "GET" in declared else declared
        """Those that are declared, and HEAD wherever GET is (RFC 9110, 9.1)."""
        has_parameters = self.choice.operations[0].parameters is not None
        self.reads_form = has_parameters and not WITH_FORM.isdisjoint(self.accepted_methods)
        """Whether the body is read, strictly, before anything else of the request is."""

    @property
    def operations(self) -> tuple[Operation, ...]:
        return self.choice.operations

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child_scope = super().matches(scope)
        is_taken = match is not Match.NONE and scope["method"] in self.accepted_methods
        return (Match.FULL if is_taken else match), child_scope

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] in self.accepted_methods:
            await self.app(scope, receive, send)
        else:
            await super().handle(scope, receive, send)

    @property
    def is_plain(self) -> bool:
        """Whether the endpoint asks for nothing but path parameters as any text and the exchange.

        Then FastAPI's dependency solver, which takes several times as long as such an endpoint, has nothing to solve.
        """
        needs = self.dependant
        others = (
            *(needs.query_params, needs.header_params, needs.cookie_params, needs.body_params),
            *(needs.request_param_name, needs.response_param_name, needs.background_tasks_param_name),
            *(needs.http_connection_param_name, needs.security_scopes_param_name),
        )
        fields = [each.field_info for each in needs.path_params]
        are_texts = all(each.annotation is str and not each.metadata for each in fields)
        return are_texts and not any(others) and all(each.call is exchange_of for each in needs.dependencies)

    def get_route_handler(self) -> Handler:
        """Return FastAPI's handler or the short one, with refusals put into the vendor's shape."""
        long_handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            exchange = exchange_of(request)
            response = await self._answer(exchange, request, self._short_handler if self.is_short else long_handler)
            if isinstance(response, StreamingResponse) and request.scope["http_version"] == "1.0":
                response = await in_one_piece(response)
            return await exchange.finish(response)

        return handle

    async def _answer(self, exchange: VendorExchange, request: Request, handler: Handler) -> Response:
        request.scope["path_params"] = unquoted(request.path_params)
        exchange.set_route(self.choice, request.path_params)
        try:
            check_origin(exchange)
            if self.reads_form:
                await exchange.read_form()
            response = await handler(request)
            if isinstance(response, LongAnswer):
                await response.begin()
            return response
        except Refusal as refusal:
            if refusal.status != HTTPStatus.UNAUTHORIZED:
                await exchange.keep_body()
            return await refused(exchange, refusal)
        except RequestValidationError as error:
            return await refused(exchange, _refusal_of(exchange, error))
        except FaultAnswers as fault:
            return fault.response
        except StoreUnavailable:
            logging.getLogger(__name__).exception("The store did not answer a vendor's call.")
            return await refused(exchange, Refusal("", NO_STORE, 503))

    async def _short_handler(self, request: Request) -> Response:
        assert self.dependant.call is not None
        response: Response = await self.dependant.call(exchange=exchange_of(request), **request.path_params)
        return response


def operations_of(router: APIRouter) -> tuple[Operation, ...]:
    """Return the operations of a router's endpoints, each once."""
    found = (each for route in router.routes if isinstance(route, VendorRoute) for each in route.operations)
    return tuple({each.name: each for each in found}.values())


def _in_transaction(endpoint: Callable[..., Any]) -> Callable[..., Coroutine[Any, Any, Response]]:
    """Return what FastAPI calls for an endpoint: it awaits the endpoint's work."""

    async def call(exchange: VendorExchange, **values: Any) -> Response:
        return await exchange.execute(endpoint, values)

    signature = inspect.signature(endpoint, eval_str=True)
    _, exchange, *further = signature.parameters.values()
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [each.replace(kind=keyword) for each in (exchange.replace(annotation=ExchangeDep), *further)]
    call.__signature__ = signature.replace(parameters=parameters, return_annotation=Response)  # type: ignore[attr-defined]  # inspect's own door
    call.__name__, call.__doc__, call.__module__ = endpoint.__name__, endpoint.__doc__, endpoint.__module__
    return call


def unquoted(path_params: Mapping[str, Any]) -> dict[str, str]:
    """Return a path's parameters as text; they were found in the path as it was sent."""
    return {name: path_parameter(str(value).encode()) for name, value in path_params.items()}


def path_parameter(raw: bytes) -> str:
    """Return its text; where the bytes are not UTF-8, the escapes as they were sent, which no parameter takes."""
    if b"%" in raw:
        try:
            return unquote_to_bytes(raw).decode()
        except UnicodeDecodeError:
            pass
    return raw.decode("ascii", "backslashreplace")


async def refused(exchange: VendorExchange, refusal: Refusal) -> Response:
    """Return a refusal in the vendor's shape, and find out whose call it was."""
    exchange.refusal = refusal.with_traceback(None)  # its frames hold the exchange
    if refusal.rule:  # after a failure of ours nothing more is tried
        await exchange.find_owner()
    return exchange.vendor.refuse(exchange, refusal)


def _refusal_of(exchange: VendorExchange, error: RequestValidationError) -> Refusal:
    """Return the refusal of what FastAPI found wrong, without what was sent."""
    first = error.errors()[0]
    field = str(first["loc"][-1])
    return Refusal(exchange.vendor.form_rule, f"{field}: {first['msg']}.", field=field)


def check_origin(exchange: VendorExchange) -> None:
    """Refuse what a web page of another site sends (rule NET-origin)."""
    if exchange.header(b"origin") is not None and not exchange.hooks.is_own_page(exchange):
        raise Refusal("NET-origin", "Requests from web pages of another origin are refused.")
