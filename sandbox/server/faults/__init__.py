"""Which fault a vendor exchange meets, and what is answered where a fault answers."""

import asyncio
from http import HTTPStatus

from starlette.responses import Response

from sandbox.dependencies import Exchange, Faulted, Refusal
from sandbox.server.faults.effects import send_spoilt, while_connected
from sandbox.server.journal.rows import operation_of
from sandbox.server.wire import link_of
from sandbox.world import faults
from sandbox.world.clock import SECOND
from sandbox.world.faults import RULE, Call, Fault

__all__ = ["HEADER", "meet", "send_spoilt"]

HEADER = b"x-sandbox-fault"
"""Asks for a fault on this call alone."""
BODILESS = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


async def meet(exchange: Exchange) -> None:
    """Finds the fault of an exchange, which its header names or else the list, and lets it answer if it is to."""
    fault = _asked_for(exchange) or _listed(exchange)
    if fault is None:
        return
    exchange.fault = fault
    if fault.waits_first:
        wait = asyncio.sleep(fault.latency_ms / SECOND)
        if await while_connected(link_of(exchange.request.scope), exchange.request.receive, wait):
            return
    if fault.is_before:
        raise Faulted(_answer(exchange, fault))


def _asked_for(exchange: Exchange) -> Fault | None:
    values = [value for name, value in exchange.request.scope["headers"] if name == HEADER]
    if not values:
        return None
    from sandbox.server.faults.header import Unreadable, read  # noqa: PLC0415  (most calls ask for none)

    assert exchange.workspace is not None
    try:
        effect = read(b",".join(values))
    except Unreadable as error:
        raise Refusal(RULE, f"X-Sandbox-Fault cannot be read: {error}.") from None
    limit = effect.get("rate_limit")
    return Fault(
        None,
        effect,
        faults.latency(effect, exchange.workspace.seed, exchange.number),
        None if limit is None else faults.whole_seconds(limit["seconds"]),
    )


def _listed(exchange: Exchange) -> Fault | None:
    assert exchange.workspace is not None
    if not exchange.workspace.faults:
        return None
    call = Call(operation_of(exchange) or "", *exchange.subject)
    return faults.met(exchange.world, exchange.workspace, call, exchange.now)


def _answer(exchange: Exchange, fault: Fault) -> Response:
    """What is answered instead of doing, in the vendor's own shape unless the fault has a body of its own."""
    vendor = exchange.request.app.vendor
    if fault.retry_after is not None:
        reason = f"Too many requests: try again in {fault.retry_after} s."
        headers = {"Retry-After": str(fault.retry_after)}
        response: Response = vendor.refuse(exchange, Refusal(RULE, reason, HTTPStatus.TOO_MANY_REQUESTS, headers))
        return response
    status = fault.effect.get("status", HTTPStatus.SERVICE_UNAVAILABLE)
    response = vendor.refuse(exchange, Refusal(RULE, f"{_phrase(status)}.", status))
    media_type = response.headers["content-type"]
    if "body" in fault.effect:
        return Response(fault.effect["body"], status, media_type=media_type)
    if status in BODILESS:
        return Response(status_code=status)
    if "status" in fault.effect:
        response.status_code = status  # DialogTech's refusals are all 200
    return response


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return f"HTTP status {status}"
