"""Which fault does a call ask for by its header: `X-Sandbox-Fault: status=503, latency_ms=50-200`?

Parts are separated by commas or semicolons. Each is an effect of the control API: `reset`, `close`, `malformed`,
`timeout` and `before` by name alone (`timeout=2` for seconds), `status=503`, `truncate=10`, `latency_ms=50` or
`latency_ms=50-200`, `drip=10/100` (bytes, then ms between them), `rate_limit` or `rate_limit=30` (seconds to wait).
"""

import re
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from dialog_sandbox.models.faults import Effect
from sandbox.vendors.base.exchange import VendorExchange
from sandbox.vendors.base.refusal import Refusal
from sandbox.world.faults import RULE, MatchedFault, latency, whole_seconds
from sandbox.world.ids import EXCHANGE

HEADER = b"x-sandbox-fault"
NUMBER = re.compile(r"\d{1,9}(\.\d{1,6})?", re.ASCII)
GRAMMAR = "write parts as status=503, truncate=10, drip=10/100 or latency_ms=50-200, separated by commas"
BY_NAME_ALONE = ("reset", "close", "malformed", "before")
PLAIN = ("status", "truncate")


class Unreadable(Exception):
    """The text says why, without repeating what was sent."""


def requested_fault(exchange: VendorExchange) -> MatchedFault | None:
    """Return the fault that an exchange's header asks for. Raises `Refusal` for one that cannot be read."""
    values = [value for name, value in exchange.request.scope["headers"] if name == HEADER]
    if not values:
        return None
    try:
        effect = read(b",".join(values))
    except Unreadable as error:
        raise Refusal(RULE, f"X-Sandbox-Fault cannot be read: {error}.") from None
    limit = effect.get("rate_limit")
    retry_after = None if limit is None else whole_seconds(limit["seconds"])
    return MatchedFault(None, effect, latency(effect, 0, _latency_seed(exchange)), retry_after)


def _latency_seed(exchange: VendorExchange) -> int:
    """Return what decides the latency: no other call has it."""
    return UUID(exchange.id.removeprefix(EXCHANGE)).int


def read(header: bytes) -> dict[str, Any]:
    """Return the effect that it asks for, in the control API's shape."""
    effect: dict[str, Any] = {}
    for part in re.split("[,;]", header.decode("latin-1")):
        name, equals, value = (each.strip() for each in part.partition("="))
        if name in effect:
            raise Unreadable(f"{name} stands there twice")
        if name not in Effect.model_fields or name == "body":
            raise Unreadable(GRAMMAR)
        effect[name] = _value(name, value if equals else None)
    if (wrong := _wrong_with(effect)) is not None:
        raise Unreadable(wrong)
    return effect


def _wrong_with(effect: dict[str, Any]) -> str | None:
    # Raised from in here, the refusal would have pydantic's error as its context, whose references the collector of
    # cycles cannot follow: the exchange would stay in memory for good.
    try:
        Effect.model_validate(effect)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        what = str(first["ctx"]["error"]) if first["type"] == "value_error" else first["msg"]
        member = ".".join(map(str, first["loc"]))
        return f"{member} {re.sub(r'^Input should', 'must', what)}".strip()
    return None


def _value(name: str, value: str | None) -> Any:
    if value is None:
        if name in (*BY_NAME_ALONE, "timeout"):
            return True
        return {"requests": 0, "seconds": 1} if name == "rate_limit" else _refused()
    if name in PLAIN:
        return _whole(value)
    if name == "timeout":
        return _number(value)
    if name == "rate_limit":
        return {"requests": 0, "seconds": _number(value)}
    if name == "latency_ms":
        return _range(value)
    return _drip(value) if name == "drip" else _refused()


def _range(value: str) -> Any:
    low, dash, high = value.partition("-")
    return {"min": _number(low), "max": _number(high)} if dash else _number(low)


def _drip(value: str) -> Any:
    size, _, ms = value.partition("/")
    return {"bytes": _whole(size.strip()), "ms": _number(ms)}


def _whole(written: str) -> int:
    return int(written) if written.isascii() and written.isdigit() and len(written) < 10 else _refused()


def _number(written: str) -> float:
    if NUMBER.fullmatch(written.strip()) is None:
        _refused()
    return float(written)


def _refused() -> Any:
    raise Unreadable(GRAMMAR)
