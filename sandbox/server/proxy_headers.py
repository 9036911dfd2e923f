"""What do the headers of proxies say of a call: who made it, by which scheme, host and path?

Both ways of saying it are read: `X-Forwarded-*`, and `Forwarded` (RFC 7239) where there is none of those. Each proxy of
a chain adds what it saw, so what counts is what the first of those said that are trusted: all before it is hearsay.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from starlette.datastructures import Headers

from sandbox.addresses import address_of, host_of

PAIR = re.compile(r"""\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=("(?:[^"\\]|\\.)*"|[^\s",;]*)\s*([;,]|$)""")
HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
PATH = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~%-]+)*")
DEFAULT_PORTS = {"http": "80", "https": "443"}
HIGHEST_PORT = 65_535


class Forwarded(NamedTuple):
    """What is not said, or cannot be read, is empty."""

    client: str = ""
    scheme: str = ""
    host: str = ""
    """With its port, unless that is the scheme's own."""
    prefix: str = ""
    """What the proxies took from the beginning of the path."""


def read_forwarded(headers: Headers, scheme: str, is_proxy: Callable[[str], bool]) -> Forwarded:
    """Return what the proxies say. `scheme` is the connection's; `is_proxy`: whether an address is trusted."""
    callers, schemes, hosts = (_list_of(headers, f"x-forwarded-{name}") for name in ("for", "proto", "host"))
    ports, prefixes = (_list_of(headers, f"x-forwarded-{name}") for name in ("port", "prefix"))
    if not (callers or schemes or hosts or ports or prefixes):
        elements = _elements(", ".join(headers.getlist("forwarded")))
        callers, schemes, hosts = ([each.get(name, "") for each in elements] for name in ("for", "proto", "host"))
    at = _first_trusted(callers, is_proxy)
    said = _from_end(schemes, at).lower()
    scheme = said if said in DEFAULT_PORTS else scheme
    host = _from_end(hosts, at) or headers.get("host", "")
    path = "".join(prefix.rstrip("/") for prefix in prefixes)
    return Forwarded(
        client=host_of(_from_end(callers, at)).strip("[]"),
        scheme=scheme,
        host=_with_port(host, _from_end(ports, at), scheme),
        # An own path there would be taken for a prefix.
        prefix=path if PATH.fullmatch(path) and not f"{path}/".startswith("/_sandbox/") else "",
    )


def _list_of(headers: Headers, name: str) -> list[str]:
    return [item.strip() for value in headers.getlist(name) for item in value.split(",") if item.strip()]


def _elements(value: str) -> list[dict[str, str]]:
    """Return what each proxy added to `Forwarded`; nothing when it cannot be read."""
    elements: list[dict[str, str]] = [{}]
    at = 0
    while at < len(value):
        found = PAIR.match(value, at)
        if found is None:
            return []
        written = found[2]
        elements[-1][found[1].lower()] = re.sub(r"\\(.)", r"\1", written[1:-1]) if written[:1] == '"' else written
        if found[3] == ",":
            elements.append({})
        at = found.end()
    return elements


def _first_trusted(callers: list[str], is_proxy: Callable[[str], bool]) -> int:
    """Return how many proxies before the one that is connected are trusted, each known by the next one's word."""
    at = 0
    while at < len(callers) - 1 and is_proxy(host_of(callers[-1 - at])):
        at += 1
    return at


def _from_end(items: list[str], at: int) -> str:
    """Return the item at a place counted from the end; the first where there are fewer."""
    return items[-1 - at] if at < len(items) else items[0] if items else ""


def _is_port(written: str) -> bool:
    return re.fullmatch(r"[0-9]{1,5}", written) is not None and int(written) <= HIGHEST_PORT


def _with_port(host: str, port: str, scheme: str) -> str:
    found = HOST.fullmatch(host)
    own_port = found[1].removeprefix(":") if found is not None and found[1] else ""
    if found is None or (own_port and not _is_port(own_port)):
        return ""
    written = own_port or (port if _is_port(port) else "")
    name = host.removesuffix(found[1] or "")
    if written in ("", DEFAULT_PORTS[scheme]) or (address_of(name) is None and name.startswith("[")):
        return name
    return f"{name}:{written}"
