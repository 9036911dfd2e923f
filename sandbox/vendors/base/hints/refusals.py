"""What is a refused request about?"""

import re
from collections.abc import Mapping

from sandbox.store import Tx
from sandbox.vendors.base.exchange import VendorExchange
from sandbox.vendors.base.hints.texts import (
    FindingTexts,
    Hint,
    by_its_reason,
    finding,
    instead,
    method_and_path,
)
from sandbox.vendors.base.refusal import ERROR, CallFinding, Refusal
from sandbox.vendors.base.route import VendorRoute
from sandbox.world.lines import all_lines

SCHEME = re.compile(rb"([A-Za-z][A-Za-z0-9-]{0,30}) ")
"""Of an `Authorization` header, which may be a token without one, and then is shown to nobody."""


def of_refusal(tx: Tx, exchange: VendorExchange, hints: Mapping[str, Hint]) -> list[CallFinding]:
    """Return what the refusal is about. A rule without a hint says it by its reason; a failure of ours is none."""
    refusal = exchange.refusal
    if refusal is None or not refusal.rule:
        return []
    hint = hints.get(refusal.rule) or COMMON_HINTS.get(refusal.rule, by_its_reason)
    return [finding(refusal.rule, ERROR, *hint(tx, exchange, refusal))]


def of_origin(_: Tx, exchange: VendorExchange, __: Refusal) -> FindingTexts:
    origin = (exchange.header(b"origin") or b"").decode("latin-1")
    return f"Origin: {origin}", "Call from a server: a web page of another origin is refused."


def of_fault(_: Tx, exchange: VendorExchange, refusal: Refusal) -> FindingTexts:
    """A header that asks for a fault and cannot be read."""
    values = [value for name, value in exchange.request.scope["headers"] if name == b"x-sandbox-fault"]
    return f"X-Sandbox-Fault: {b','.join(values).decode('latin-1')}", refusal.reason


def of_limits(_: Tx, __: VendorExchange, refusal: Refusal) -> FindingTexts:
    """A workspace that is full, whatever was sent."""
    return "a full workspace", refusal.reason


def of_real_data(_: Tx, __: VendorExchange, refusal: Refusal) -> FindingTexts:
    """What looked like a real person's data, which is not repeated."""
    return f"{refusal.field} looks like real data", refusal.fix or refusal.reason


COMMON_HINTS: dict[str, Hint] = {
    "NET-origin": of_origin,
    "NET-fault": of_fault,
    "NET-limits": of_limits,
    "NET-real-data": of_real_data,
}


def of_credentials(_: Tx, exchange: VendorExchange, refusal: Refusal) -> FindingTexts:
    """A refused Basic scheme; what was sent in it is shown to nobody."""
    header = exchange.header(b"authorization")
    take = "username and password of the workspace, as GET /_sandbox/workspaces/default shows them"
    if header is None:
        return "no Authorization header", f"Send Authorization: Basic with {take}."
    if refusal.fix is not None:
        return refusal.reason.removesuffix("."), refusal.fix
    scheme = SCHEME.match(header)
    if scheme is None:
        return (
            "an Authorization header that is no scheme, blank and token",
            f"Send Authorization: Basic, a blank, and base64 of {take}.",
        )
    if scheme[1].lower() != b"basic":
        return f"Authorization: {scheme[1].decode()}", f"Send Authorization: Basic instead, with {take}."
    return "Basic credentials that no workspace has", f"Send {take}."


def of_method(_: Tx, exchange: VendorExchange, __: Refusal) -> FindingTexts:
    """The methods that are taken without a finding: not those that only a reference's sample has."""
    routes = (route for route in exchange.vendor.router.routes if isinstance(route, VendorRoute))
    right = {
        method
        for route in routes
        if exchange.operation in route.operations and not route.deprecated
        for method in route.accepted_methods - {"HEAD"}
    }
    return method_and_path(exchange), instead(" or ".join(sorted(right)), exchange.request.method)


def of_unknown_path(exchange: VendorExchange, refusal: Refusal, right: str) -> FindingTexts:
    """Return what is said of a path that leads nowhere; `right`: what may be called, where none was meant by it."""
    return method_and_path(exchange), refusal.fix or f"Call {right}, without a slash at its end."


def of_console(tx: Tx, exchange: VendorExchange, _: Refusal | None = None) -> FindingTexts:
    """A console that the workspace does not have: the one that was meant, or all of them."""
    code = exchange.path_params["consoleCode"]
    codes = [line.code for line in all_lines(tx) if line.is_console]
    if code.strip().upper() in codes:
        return f"console {code!r}", instead(code.strip().upper(), code)
    return f"console {code!r}", f"Send one of this workspace's consoles: {', '.join(codes) or 'it has none'}."
