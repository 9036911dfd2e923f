"""Takes secrets out of what the journal keeps: by the names that they go by, and wherever else their values occur."""

import json
import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, quote_plus, unquote_to_bytes
from xml.sax.saxutils import escape

from python_multipart.multipart import parse_options_header

from sandbox.dependencies import basic_credentials

MARK = b"[redacted]"
SHORTEST = 6
"""Bytes of a secret that is looked for outside its own place: shorter ones are words that texts are full of."""
LONG_USERNAME = 10
"""Characters of a username that is no such word."""
SECRET_PARTS = ("pass", "pwd", "secret", "token", "apikey", "accesskey", "privatekey", "credential", "cookie", "auth")
SECRET_NAMES = frozenset(("key", "user", "username", "login", "pin", "otp", "jwt", "session", "sessionid", "signature"))
CHALLENGES = (b"www-authenticate", b"proxy-authenticate")
"""Headers of answers that ask for a secret and hold none."""
SCHEME = re.compile(rb"(?i)\b(basic|bearer|digest)(\s+)([^\s,;\"'&]+)")
SEPARATORS = re.compile(rb"([/?&=\s])")
DEPTH = 4
"""How often escapes may have been escaped."""
URL = re.compile(rb"(?i)[a-z][a-z0-9+.-]*://[^\s\"'<>]*")
JSON_PAIR = re.compile(rb'("((?:[^"\\]|\\.)*)"\s*:\s*)("(?:[^"\\]|\\.)*"?|[\[{].*|[^\s,}\]"]+)', re.DOTALL)
XML_ELEMENT = re.compile(rb"(<([\w:.-]+)[^>]*>)([^<]+)")

Found = tuple[bytes, tuple[bytes, ...]]
"""What is left of something, and the values that were taken out of it."""


class Headers(NamedTuple):
    """Headers as JSON, a list of pairs, and the secrets that were in them."""

    shown: str
    secrets: tuple[bytes, ...]


@lru_cache(maxsize=1024)
def is_secret(name: bytes) -> bool:
    """Whether what goes by this name, as it was sent, is a secret."""
    if name.lower() in CHALLENGES:
        return False
    *_, bare = name, *_layers(name)
    plain = re.sub(r"[^a-z0-9]", "", bare.decode("latin-1").lower())
    return plain in SECRET_NAMES or any(part in plain for part in SECRET_PARTS)


@lru_cache(maxsize=1024)
def headers(raw: tuple[tuple[bytes, bytes], ...]) -> Headers:
    """Remembered, since a client's headers are the same again and again."""
    shown: list[list[str]] = []
    secrets: list[bytes] = []
    for name, value in raw:
        kept, taken = _header(name, value)
        shown.append([name.decode("latin-1"), kept.decode("latin-1")])
        secrets += taken
    return Headers(json.dumps(shown, ensure_ascii=False), tuple(secrets))


def _header(name: bytes, value: bytes) -> Found:
    if is_secret(name):
        scheme, blank, token = value.partition(b" ")
        pair = basic_credentials(value) or ()
        taken = [text.encode() for text in pair[1:] or () if text] + [token.strip() if blank else value]
        taken += [text.encode() for text in pair[:1] if len(text) >= LONG_USERNAME]
        return (scheme + b" " + MARK if blank and scheme.isalpha() else MARK), (*taken, *_cookies(name, value))
    if name.lower() in CHALLENGES:
        return value, ()
    tokens = [found[2] for found in SCHEME.findall(value)]
    kept, more = _in_urls(SCHEME.sub(rb"\1\2" + MARK, value))
    return kept, (*tokens, *more)


def _cookies(name: bytes, value: bytes) -> list[bytes]:
    if b"cookie" not in name.lower():
        return []
    return [pair.partition(b"=")[2].strip() for pair in value.split(b";")]


def query(raw: bytes) -> Found:
    """`a=1&b=2`, as it was sent; what is no pair stays as it is."""
    if not raw:
        return raw, ()
    kept: list[bytes] = []
    secrets: list[bytes] = []
    for pair in raw.split(b"&"):
        name, equals, value = pair.partition(b"=")
        if equals and value and is_secret(name):
            secrets += (_decoded(value), value)
            pair = name + equals + MARK
        elif b"%" in value or b":" in value:
            shown, taken = _value(value)
            secrets += taken
            pair = name + equals + shown
        kept.append(pair)
    return b"&".join(kept), tuple(secrets)


def _value(raw: bytes) -> Found:
    """A value that may be, or hold, a URL with secrets of its own."""
    plain = _decoded(raw)
    if b"://" not in plain:
        return raw, ()
    kept, secrets = _in_urls(plain)
    return (quote(kept, safe="[]").encode() if secrets else raw), secrets


def _in_urls(text: bytes) -> Found:
    """The user part of URLs, and the secrets of their query strings."""
    if b"://" not in text:
        return text, ()
    secrets: list[bytes] = []

    def cleaned(match: re.Match[bytes]) -> bytes:
        scheme, _, rest = match[0].partition(b"://")
        authority = re.split(rb"[/?#]", rest, maxsplit=1)[0]
        user, at, _ = authority.rpartition(b"@")
        if at:
            secrets.extend(_decoded(part) for part in (user, *user.split(b":", 1)))
            rest = MARK + rest[len(user) :]
        place, mark, tail = rest.partition(b"?")
        if mark:
            parameters, hashmark, fragment = tail.partition(b"#")
            kept, taken = query(parameters)
            secrets.extend(taken)
            rest = place + mark + kept + hashmark + fragment
        return scheme + b"://" + rest

    return URL.sub(cleaned, text), tuple(secrets)


def body(raw: bytes, content_type: bytes | None) -> Found:
    """A request's body, whatever it says it is."""
    if not raw:
        return raw, ()
    if content_type is not None and content_type.lower().startswith(b"multipart/"):
        return _multipart(raw, parse_options_header(content_type)[1].get(b"boundary", b""))
    begin = raw.lstrip()[:1]
    if begin in (b"{", b"["):
        return _json(raw)
    return _xml(raw) if begin == b"<" else query(raw)


def _json(raw: bytes) -> Found:
    """As it stands, but for a value that is a list or an object: then the rest of the body goes with it."""
    secrets: list[bytes] = []

    def cleaned(match: re.Match[bytes]) -> bytes:
        if not is_secret(match[2]):
            return match[0]
        secrets.extend((match[3].strip(b'"'), _unescaped(match[3])))
        return match[1] + b'"' + MARK + b'"'

    kept, more = _in_urls(JSON_PAIR.sub(cleaned, raw))
    return kept, (*secrets, *more)


def _unescaped(written: bytes) -> bytes:
    """A JSON string's text, if that is what it is."""
    try:
        return str(json.loads(written)).encode("utf-8", "surrogatepass")
    except ValueError:
        return written


def _xml(raw: bytes) -> Found:
    secrets: list[bytes] = []

    def cleaned(match: re.Match[bytes]) -> bytes:
        if not is_secret(match[2]):
            return match[0]
        secrets.append(match[3])
        return match[1] + MARK

    kept, more = _in_urls(XML_ELEMENT.sub(cleaned, raw))
    return kept, (*secrets, *more)


def _multipart(raw: bytes, boundary: bytes) -> Found:
    """By its own boundary; without one there is nothing that could be told apart."""
    if not boundary:
        return MARK, ()
    kept: list[bytes] = []
    secrets: list[bytes] = []
    for part in raw.split(b"--" + boundary):
        head, blank, value = part.partition(b"\r\n\r\n")
        content = value.removesuffix(b"\r\n")
        if blank and any(is_secret(name) for name in _part_names(head)):
            secrets.append(content)
            part = head + blank + MARK + value[len(content) :]
        elif blank and b"://" in content:
            shown, taken = _in_urls(content)
            secrets += taken
            part = head + blank + shown + value[len(content) :]
        kept.append(part)
    return (b"--" + boundary).join(kept), tuple(secrets)


def _part_names(head: bytes) -> list[bytes]:
    return [quoted or plain for quoted, plain in re.findall(rb'name\s*=\s*(?:"([^"]*)"|([^\s;]+))', head)]


# Values wherever they occur --------------------------------------------------------------------------------------


@lru_cache(maxsize=1024)
def known(secrets: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """The ways to write them that are looked for, the longest first; none of those that are too short to be told."""
    ways = {way for secret in secrets if len(secret) >= SHORTEST for way in _ways(secret)}
    return tuple(sorted(ways, key=lambda way: (-len(way), way)))


def _ways(secret: bytes) -> set[bytes]:
    """As it is, and as forms, URLs, JSON and XML have it."""
    text = secret.decode("utf-8", "surrogateescape")
    written = {text, text.replace(" ", "+"), escape(text), json.dumps(text)[1:-1]}
    written.add(json.dumps(text, ensure_ascii=False)[1:-1])
    encoded = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    found = {way.encode("utf-8", "surrogateescape") for way in written | encoded}
    return found | {re.sub(rb"%[0-9A-F]{2}", lambda escaped: escaped[0].lower(), way) for way in found}


def holds(blob: bytes, ways: tuple[bytes, ...]) -> bool:
    """Whether one of them occurs, be it behind percent-escapes."""
    return any(way in layer for layer in (blob, *_layers(blob)) for way in ways)


def without(blob: bytes, ways: tuple[bytes, ...]) -> bytes:
    """The same with the mark in their places; what hides them behind escapes is written without those."""
    for way in ways:
        blob = blob.replace(way, MARK)
    if not holds(blob, ways):
        return blob
    pieces = [
        without(unquote_to_bytes(piece), ways) if holds(piece, ways) else piece for piece in SEPARATORS.split(blob)
    ]
    together = b"".join(pieces)
    return without(unquote_to_bytes(blob), ways) if holds(together, ways) else together


def _layers(raw: bytes) -> list[bytes]:
    """What is behind its percent-escapes, and behind those of that."""
    layers: list[bytes] = []
    while b"%" in raw and len(layers) < DEPTH:
        plain = unquote_to_bytes(raw)
        if plain == raw:
            break
        layers.append(plain)
        raw = plain
    return layers


def _decoded(raw: bytes) -> bytes:
    """A form's value."""
    return unquote_to_bytes(raw.replace(b"+", b" "))
