"""Which parts of an exchange are secret, and what is kept of a text without them.

Two kinds of secrets, and no others. Credentials of the workspace, which are known exactly, go wherever they stand.
Values of secret names (`secret_names`) go where such a name stands before them (`secret_places`), right or wrong as
they may be, and so do the user and password of a URL.
"""

import json
import re
from base64 import b64encode
from bisect import bisect_left
from collections.abc import Callable, Iterable
from urllib.parse import quote, quote_plus, unquote_to_bytes

from sandbox.server.journal.secret_names import is_secret, may_have_names
from sandbox.server.journal.secret_places import FORM_BEGINS, PLACES, PLACES_IN_FORM, Place, secret_of_header

MARK = b"[redacted]"
SHORTEST = 6
"""Bytes of a credential that is looked for wherever it may stand: shorter ones are words that texts are full of."""
PLACEHOLDERS = frozenset((b"password", b"passwd", b"secret", b"username", b"changeme", b"default", b"message"))
"""What people choose for a credential, and texts say of other things."""
MARGIN = 4 * 1024
"""Bytes of a text that are looked through beyond those that are kept, since a secret may lie across the cut."""
MOST_VALUES = 1_000
"""Of one kind that are taken out one by one: what follows the last is taken out as a whole."""
PIECES = 4
WORD = re.compile(rb"[A-Za-z0-9._~-]{6,}")
"""What may be a credential of the kind that we make."""

Forms = tuple[bytes, ...]
"""Credentials in all their `forms`."""
_PATTERNS = {place: place.pattern() for place in {*PLACES, *PLACES_IN_FORM}}


def _user_of_url(escapes: int) -> re.Pattern[bytes]:
    """Return what finds user and password in a URL that was escaped so many times."""
    percent = b"%" + b"25" * (escapes - 1)
    slash = rb"\\?/" if not escapes else percent + b"2[Ff]"
    others = rb"" if not escapes else b"(?!" + percent + b"(?:2[Ff]|3[Ff]|23))"
    at = b"@" if not escapes else b"(?:@|" + percent + b"40)"
    user = rb"(?:" + others + rb"(?!" + at + rb")(?:[^\s/?#\"<>\\&]|&(?![\w.%-]{1,100}=)))"
    return re.compile(b"((?:" + slash + b"){2})(?:" + user + b"*+" + at + b")+")


USERS_OF_URLS = [_user_of_url(escapes) for escapes in range(3)]
URL_USER = re.compile(r"(?<=://)[^/?#]*@")


def basic_token(username: str, password: str) -> bytes:
    """What follows `Basic`, without the `=` at its end, which some leave out."""
    return b64encode(f"{username}:{password}".encode()).rstrip(b"=")


def forms(credentials: Iterable[bytes]) -> Forms:
    """Each as it is and percent-encoded, the longest first; not those that cannot be told from other words."""
    told = [each for each in credentials if len(each) >= SHORTEST and each.lower() not in PLACEHOLDERS]
    found = {form for each in told if each not in MARK for form in _forms(each)}
    return tuple(sorted(found, key=lambda form: (-len(form), form)))


def _forms(credential: bytes) -> set[bytes]:
    encoded = {quote(credential, safe="").encode(), quote(credential).encode(), quote_plus(credential).encode()}
    lower = {re.sub(rb"%..", lambda escape: escape[0].lower(), each) for each in encoded}
    return {credential, credential.replace(b" ", b"+"), *encoded, *lower}


def without(text: bytes, known: Forms) -> bytes:
    """Without the credentials whose `forms` are known."""
    for form in known:
        text = text.replace(form, MARK)
    return text


def redacted(text: bytes, known: Forms) -> bytes:
    """Without the values of secret names either, nor the user and password of URLs."""
    text = without(text, known)
    if may_have_names(text):
        for place in PLACES_IN_FORM if FORM_BEGINS.match(text) else PLACES:
            if place.sign.search(text):
                text = _without_values(text, place)
    if b"@" in text or b"%40" in text or b"%2540" in text:
        for pattern in USERS_OF_URLS:
            text = pattern.sub(rb"\1" + MARK + b"@", text)
    return text


def _without_values(text: bytes, place: Place) -> bytes:
    pattern = _PATTERNS[place]
    pieces: list[bytes] = []
    done = at = 0
    while found := pattern.search(text, at):
        value = place.value_of(text, found) if is_secret(found["name"]) else None
        if value is None or value[0] == value[1]:
            at = found.end("name")
            continue
        quote_mark = found["quote"] if place.quoted else b""
        pieces += (text[done : value[0]], quote_mark, MARK, quote_mark)  # so many: PIECES
        at = done = value[1]
        if len(pieces) >= PIECES * MOST_VALUES and done < len(text):
            return b"".join((*pieces, MARK))
    return b"".join((*pieces, text[done:])) if pieces else text


def beginning(text: bytes, longest: int, known: Forms, take_out: Callable[[bytes, Forms], bytes] = redacted) -> bytes:
    """Return so many bytes at most, from which secrets were taken out before they were cut.

    A text as long as that and the margin may have been cut there before.
    """
    kept = take_out(text[: longest + MARGIN], known)
    if len(text) < longest + MARGIN or len(kept) >= longest + MARGIN:
        return kept[:longest]
    # It became shorter, so that what was cut in two behind the margin may be near. What is not cut there is the same
    # without the margin.
    cut = take_out(text[:longest], known)
    same = bisect_left(range(len(cut)), True, key=lambda at: cut[: at + 1] != kept[: at + 1])
    return (kept[:same] + (MARK if kept.startswith(MARK, same) else b""))[:longest]


def redacted_header(name: bytes, value: bytes, known: Forms) -> bytes:
    """Of a header with a secret name only the scheme of `Authorization` stays."""
    if not is_secret(name):
        return redacted(value, known)
    begin = secret_of_header(value)
    return value[:begin] + MARK if value[begin:] else value


def url_without_secrets(url: str) -> str:
    """Return a URL as it may be shown: without user and password, and without the values of secret names."""
    without_user = URL_USER.sub("", url, count=1).encode(errors="replace")
    return b"".join(redacted(part, ()) for part in re.split(rb"([?#])", without_user, maxsplit=2)).decode()


def match_without_key(match: str) -> str:
    """Return which calls a fault matches, as JSON, without the access key by which it may name an account."""
    members = json.loads(match)
    return json.dumps({**members, "account": MARK.decode()}) if "account" in members else match


def among(text: bytes, credentials: frozenset[bytes]) -> frozenset[bytes]:
    """The credentials that are words of a text, be it percent-encoded: of so many not each can be looked for."""
    plain = unquote_to_bytes(text.replace(b"+", b" "))
    words = {*WORD.findall(text), *WORD.findall(plain)}
    return credentials & {*words, *(word.strip(b"._~-") for word in words)}
