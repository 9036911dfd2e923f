"""The header by which a call asks for a fault: `X-Sandbox-Fault: status=503, latency_ms=50-200`.

Parts are separated by commas or semicolons. Each is an effect of the control API: `reset`, `close`, `malformed`,
`timeout` and `before` by name alone (`timeout=2` for seconds), `status=503`, `truncate=10`, `latency_ms=50` or
`latency_ms=50-200`, `drip=10/100` (bytes, then ms between them), `rate_limit` or `rate_limit=30` (seconds to wait).
"""

import re
from typing import Any

from pydantic import ValidationError

from sandbox.server.control.http import UNKNOWN, member_of, wrong_with
from sandbox.server.control.shapes.faults import Effect

NUMBER = re.compile(r"\d{1,9}(\.\d{1,6})?", re.ASCII)
GRAMMAR = "write parts as status=503, truncate=10, drip=10/100 or latency_ms=50-200, separated by commas"
BY_NAME_ALONE = ("reset", "close", "malformed", "before")
PLAIN = ("status", "truncate")


class Unreadable(Exception):
    """The text says why, without repeating what was sent."""


def read(header: bytes) -> dict[str, Any]:
    """The effect that it asks for, in the control API's shape."""
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
        first = error.errors()[0]
        member, known = member_of(list(first["loc"]), [Effect], is_unknown=first["type"] == UNKNOWN)
        return f"{member} {wrong_with(first, known)}".strip()
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
