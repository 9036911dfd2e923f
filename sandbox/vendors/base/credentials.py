"""Who calls, by HTTP Basic?"""

import re
from base64 import b64decode
from collections.abc import Callable, Sequence

from sandbox.store import Tx, WorkspaceView
from sandbox.vendors.base.exchange import VendorExchange
from sandbox.vendors.base.refusal import Refusal
from sandbox.world.workspaces.find import by_credentials

BASIC = {"type": "http", "scheme": "basic"}
"""How OpenAPI calls it."""
CHALLENGE = {"WWW-Authenticate": 'Basic realm="Dialog Health", charset="UTF-8"'}
BASE64 = re.compile(rb"[A-Za-z0-9+/]+=*")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
"""What RFC 7617 lets be in no username or password."""
MOST_PADDING = 2
MARK = "\ufeff"


class MalformedCredentials(ValueError):
    """Basic credentials that nobody can read; the text says why, and `fix` what is to be sent instead."""

    def __init__(self, reason: str, fix: str) -> None:
        super().__init__(reason)
        self.fix = fix


def basic_credentials(headers: Sequence[bytes]) -> tuple[str, str] | None:
    """Return username and password of the `Authorization` headers, as RFC 7617 has them in UTF-8.

    None where none of them is Basic. Raises `MalformedCredentials`.
    """
    if len(headers) > 1:
        raise MalformedCredentials("Authorization was sent more than once.", "Send one Authorization header.")
    scheme, _, rest = (headers[0] if headers else b"").partition(b" ")
    token = rest.strip(b" ")
    if scheme.lower() != b"basic" or not token:
        return None
    text = _text_of(token)
    if text.startswith(MARK):
        raise MalformedCredentials(
            "The Basic credentials begin with a byte order mark.", "Leave the byte order mark out, before base64."
        )
    if CONTROL.search(text):
        fix = "Leave it out, before base64: echo adds a line break, echo -n and printf do not."
        raise MalformedCredentials("The Basic credentials have a control character in them, as a line break.", fix)
    username, colon, password = text.partition(":")
    if not colon:
        fix = "Send base64 of the username, a colon and the password."
        raise MalformedCredentials("The Basic credentials have no colon after the username.", fix)
    return username, password


def _text_of(token: bytes) -> str:
    fix = "Send base64 of username:password in one piece, with the characters A-Z a-z 0-9 + / and = at its end."
    if BASE64.fullmatch(token) is None:
        raise MalformedCredentials("The Basic credentials are not base64.", fix)
    padding = len(token) - len(token.rstrip(b"="))
    if len(token) % 4 or padding > MOST_PADDING:  # Python's own decoder takes more of it, or less, by its version
        fix = "Fill the base64 up with one or two = at its end, to a multiple of four characters."
        raise MalformedCredentials("The Basic credentials are base64 without its right padding.", fix)
    try:
        return b64decode(token).decode()
    except UnicodeDecodeError:
        fix = "Encode username:password in UTF-8, which the challenge names, before base64."
        raise MalformedCredentials("The Basic credentials are not UTF-8.", fix) from None


def by_basic(rule: str) -> Callable[[Tx, VendorExchange], WorkspaceView]:
    """Return what authenticates by HTTP Basic, and refuses by `rule`."""

    def authenticate(tx: Tx, exchange: VendorExchange) -> WorkspaceView:
        try:
            credentials = basic_credentials(exchange.headers(b"authorization"))
        except MalformedCredentials as malformed:
            raise Refusal(rule, str(malformed), 401, CHALLENGE, fix=malformed.fix) from None
        workspace = by_credentials(tx, *credentials) if credentials else None
        if workspace is None:
            reason = "Username or password is wrong." if credentials else "HTTP Basic credentials are missing."
            raise Refusal(rule, reason, 401, CHALLENGE)
        return workspace

    return authenticate
