"""Who calls, by HTTP Basic?"""

from base64 import b64decode
from collections.abc import Callable

from sandbox.store import Tx, WorkspaceView
from sandbox.vendors.base.exchange import VendorExchange
from sandbox.vendors.base.refusal import Refusal
from sandbox.world.workspaces.find import by_credentials

BASIC = {"type": "http", "scheme": "basic"}
"""How OpenAPI calls it."""
CHALLENGE = {"WWW-Authenticate": 'Basic realm="Dialog Health", charset="UTF-8"'}


def basic_credentials(header: bytes | None) -> tuple[str, str] | None:
    """Return username and password of an `Authorization: Basic` header in UTF-8 (RFC 7617), or None."""
    scheme, _, token = (header or b"").partition(b" ")
    if scheme.lower() != b"basic":
        return None
    try:
        username, colon, password = b64decode(token.strip(), validate=True).decode().partition(":")
    except ValueError:
        return None
    return (username, password) if colon else None


def by_basic(rule: str) -> Callable[[Tx, VendorExchange], WorkspaceView]:
    """Return what authenticates by HTTP Basic, and refuses by `rule`."""

    def authenticate(tx: Tx, exchange: VendorExchange) -> WorkspaceView:
        credentials = basic_credentials(exchange.header(b"authorization"))
        workspace = by_credentials(tx, *credentials) if credentials else None
        if workspace is None:
            reason = "Username or password is wrong." if credentials else "HTTP Basic credentials are missing."
            raise Refusal(rule, reason, 401, CHALLENGE)
        return workspace

    return authenticate
