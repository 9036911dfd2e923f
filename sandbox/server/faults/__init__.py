"""What does a fault do to an exchange before its work, and what is answered where a fault answers?"""

import asyncio
from http import HTTPStatus

from starlette.responses import Response

from sandbox.clock import SECOND
from sandbox.server.faults.effects import SpoiledAnswer, while_connected
from sandbox.server.faults.header import requested_fault
from sandbox.server.wire import link_of
from sandbox.vendors.base.exchange import VendorExchange
from sandbox.vendors.base.refusal import FaultAnswers, Refusal
from sandbox.world.faults import RULE, MatchedFault

__all__ = ["SpoiledAnswer", "apply_fault", "requested_fault"]

BODILESS = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


async def apply_fault(exchange: VendorExchange, fault: MatchedFault) -> None:
    """Wait, if the fault is mere latency that comes first; else have the fault answer."""
    if fault.waits_first:
        wait = asyncio.sleep(fault.latency_ms / SECOND)
        if await while_connected(link_of(exchange.request.scope), exchange.request.receive, wait):
            return
    raise FaultAnswers(_answer(exchange, fault))


def _answer(exchange: VendorExchange, fault: MatchedFault) -> Response:
    """Return what is answered instead of doing, in the vendor's own shape unless the fault has a body of its own."""
    if fault.retry_after is not None:
        reason = f"Too many requests: try again in {fault.retry_after} s."
        headers = {"Retry-After": str(fault.retry_after)}
        return exchange.vendor.refuse(exchange, Refusal(RULE, reason, HTTPStatus.TOO_MANY_REQUESTS, headers))
    status = fault.effect.get("status", HTTPStatus.SERVICE_UNAVAILABLE)
    response = exchange.vendor.refuse(exchange, Refusal(RULE, f"{_phrase(status)}.", status))
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
