"""Which mistakes of the protocol does a tolerated call make?"""

from functools import lru_cache

from sandbox.addresses import address_of, is_loopback
from sandbox.vendors.base.exchange import VendorExchange
from sandbox.vendors.base.hints.texts import BODILESS, finding, instead
from sandbox.vendors.base.refusal import NOTE, CallFinding


def of_http(exchange: VendorExchange) -> list[CallFinding]:
    """Return tolerated mistakes of the protocol (rule NET-http)."""
    scope = exchange.request.scope
    found = []
    if scope["http_version"] == "1.0":
        found.append(finding("NET-http", NOTE, "HTTP/1.0", instead("HTTP/1.1", "HTTP/1.0")))
    if scope["method"] in BODILESS and exchange.has_body:
        found.append(finding("NET-http", NOTE, f"a body on {scope['method']}", "Send it without a body: none is read."))
    return found


def of_keys_in_query(exchange: VendorExchange) -> list[CallFinding]:
    """Return keys that anybody on the way can read (rule NET-keys).

    A note, since the sandbox's own transport says nothing of the one that the client uses in production.
    """
    scope = exchange.request.scope
    client = scope.get("client")
    is_plain = scope["scheme"] == "http" and exchange.header(b"x-forwarded-proto") != b"https"
    if client is None or not is_plain or is_from_here(client[0]):
        return []
    fix = "Send them over https, or in the form of a POST."
    return [finding("NET-keys", NOTE, "keys in the query string of a plain http connection", fix)]


@lru_cache(maxsize=1024)
def is_from_here(host: str) -> bool:
    """Return whether a client's address is this machine's own; a socket without addresses is."""
    return address_of(host) is None or is_loopback(host)
