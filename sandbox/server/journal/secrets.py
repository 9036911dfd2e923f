"""Which parts of an exchange are secret, and what is kept of a text without them.

Two kinds of secrets, and no others. Credentials of the workspace, which are known exactly, go wherever they stand.
Values of the names below go where such a name stands before them, right or wrong as they may be.
"""

import re
from base64 import b64encode
from collections.abc import Iterable
from urllib.parse import quote, quote_plus, unquote_to_bytes

MARK = b"[redacted]"
SHORTEST = 6
"""Bytes of a credential that is looked for wherever it may stand: shorter ones are words that texts are full of."""
PLACEHOLDERS = frozenset((b"password", b"passwd", b"secret", b"username", b"changeme", b"default", b"message"))
"""What people choose for a credential, and texts say of other things."""
NAMES = (
    *("access_key", "secret_access_key", "secret_key", "secret", "client_secret", "api_key", "api_secret"),
    *("private_key", "password", "passwd", "passphrase", "pwd", "pw", "pin", "otp", "token", "access_token"),
    *("auth_token", "id_token", "refresh_token", "jwt", "session_id", "signature", "authorization"),
)
"""In any case of letters, with `-` or nothing for `_` too."""
STEMS = (b"key", b"secret", b"pass", b"pw", b"pin", b"otp", b"token", b"jwt", b"session", b"signature", b"author")
"""Each name holds one of them: a text without any is done quickly."""
SCHEMES = (b"basic", b"bearer", b"digest")

_NAME = f"(?i:{'|'.join(NAMES)})".replace("_", "[-_]?").encode()
HEADER = re.compile(rb"(?i:x-)?" + _NAME + rb"|(?i:proxy-authorization|(?:set-)?cookie)")
PLACES = (
    (rb"[&?;/\r\n]" + _NAME + rb"=", rb'[^&\r\n"<>]++', rb"\1" + MARK),
    (rb'name="?' + _NAME + rb'"?(?:;[^\r\n]{0,100})?(?:\r?\n[^\r\n]{1,100}){0,3}\r?\n\r?\n',
     rb"(?:[^\r\n]|\r?\n(?!--))++", rb"\1" + MARK),
    (rb'"' + _NAME + rb'"\s{0,20}:\s{0,20}', rb'"(?:[^"\\]|\\.)*+"?|[^\s,}\]"\[{]++', rb'\1"' + MARK + rb'"'),
    (rb"<" + _NAME + rb"(?:\s[^<>]{0,100})?>", rb"[^<]++", rb"\1" + MARK),
)  # fmt: skip
"""A parameter, a multipart field, a JSON member, an XML element: what stands before a value, the value, what is kept.

What stands before has a greatest length, and a value's first bytes tell whether there is one. So no text is gone
through again and again, whatever is in it.
"""
PATTERNS = [(re.compile(rb"(?s)(" + before + rb")(?:" + value + rb")"), kept) for before, value, kept in PLACES]
WORD = re.compile(rb"[A-Za-z0-9._~-]{6,}")
"""What may be a credential of the kind that we make."""


def basic_token(username: str, password: str) -> bytes:
    """What follows `Basic`, without the `=` at its end, which some leave out."""
    return b64encode(f"{username}:{password}".encode()).rstrip(b"=")


def forms(credentials: Iterable[bytes]) -> tuple[bytes, ...]:
    """Each as it is and percent-encoded, the longest first; not those that cannot be told from other words."""
    told = [each for each in credentials if len(each) >= SHORTEST and each.lower() not in PLACEHOLDERS]
    found = {form for each in told if each not in MARK for form in _forms(each)}
    return tuple(sorted(found, key=lambda form: (-len(form), form)))


def _forms(credential: bytes) -> set[bytes]:
    encoded = {quote(credential, safe="").encode(), quote(credential).encode(), quote_plus(credential).encode()}
    lower = {re.sub(rb"%..", lambda escape: escape[0].lower(), each) for each in encoded}
    return {credential, credential.replace(b" ", b"+"), *encoded, *lower}


def without(text: bytes, known: tuple[bytes, ...]) -> bytes:
    """Without the credentials whose `forms` are known."""
    for form in known:
        text = text.replace(form, MARK)
    return text


def redacted(text: bytes, known: tuple[bytes, ...]) -> bytes:
    """Without the values of secret names either."""
    text = without(text, known)
    if not _may_have_names(text.lower()):
        return text
    text = b"\n" + text  # a parameter may be the first
    for pattern, kept in PATTERNS:
        text = pattern.sub(kept, text)
    return text[1:]


def _may_have_names(lowered: bytes) -> bool:
    for stem in STEMS:  # noqa: SIM110  (`any` takes three times as long, and each text of an exchange comes here)
        if stem in lowered:
            return True
    return False


def redacted_header(name: bytes, value: bytes, known: tuple[bytes, ...]) -> bytes:
    """Of a header with a secret name only the scheme of `Authorization` stays."""
    if not HEADER.fullmatch(name):
        return redacted(value, known)
    scheme, blank, _ = value.partition(b" ")
    return scheme + b" " + MARK if blank and scheme.lower() in SCHEMES else MARK


def among(text: bytes, credentials: frozenset[bytes]) -> frozenset[bytes]:
    """The credentials that are words of a text, be it percent-encoded: of so many not each can be looked for."""
    plain = unquote_to_bytes(text.replace(b"+", b" "))
    words = {*WORD.findall(text), *WORD.findall(plain)}
    return credentials & {*words, *(word.strip(b"._~-") for word in words)}
