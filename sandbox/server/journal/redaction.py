"""Takes secrets out of what the journal keeps: by the names that they go by, and wherever else their values occur."""

import json
import re
from html import escape
from typing import NamedTuple
from urllib.parse import quote, quote_plus, unquote_to_bytes

from python_multipart.multipart import parse_options_header

from sandbox.dependencies import basic_credentials
from sandbox.remembering import remembered

MARK = b"[redacted]"
SHORTEST = 6
"""Bytes of a secret that is looked for outside its own place: shorter ones are words that texts are full of."""
SHORTEST_NAME = 10
"""The same of what is rather a name."""
PLACEHOLDERS = frozenset((b"password", b"passwd", b"secret", b"username", b"changeme", b"default", b"message"))
"""What people write for a secret, and texts say of other things."""
SECRET_PARTS = ("pass", "pwd", "secret", "token", "apikey", "accesskey", "privatekey", "credential", "cookie", "auth")
SECRET_NAMES = frozenset(("key", "pin", "otp", "jwt", "session", "sessionid", "signature"))
USER_NAMES = frozenset(("user", "username", "userid", "login"))
CHALLENGES = (b"www-authenticate", b"proxy-authenticate")
"""Headers of answers that ask for a secret and hold none."""
SCHEME = re.compile(rb"(?i)\b(basic|bearer|digest)(\s+)([^\s,;\"'&]+)")
SEPARATORS = re.compile(rb"([/?&=\s])")
DEPTH = 4
"""How often escapes may have been escaped."""
NEEDLESS = rb"2[5dDeE]|3[0-9]|[46][1-9a-fA-F]|[57][0-9aA]|5[fF]|7[eE]"
NEEDLESS_ESCAPE = re.compile(rb"%(?:" + NEEDLESS + rb")")
"""Of a character that needs none, or of another escape's percent sign."""
HIDDEN_URL = re.compile(rb"%(?:2[fF]%2[fF]|" + NEEDLESS + rb")")
"""Where one may begin behind escapes. Both patterns begin with one character, which is looked for first."""
URL = re.compile(rb"(?i)[a-z][a-z0-9+.-]*://[^\s\"'<>]*")
JSON_PAIR = re.compile(rb'("((?:[^"\\]|\\.)*)"\s*:\s*)("(?:[^"\\]|\\.)*"?|[\[{].*|[^\s,}\]"]+)', re.DOTALL)
XML_ELEMENT = re.compile(rb"(<([\w:.-]+)[^>]*>)([^<]+)")

RawHeaders = tuple[tuple[bytes, bytes], ...]
Found = tuple[bytes, tuple[bytes, ...]]
"""What is left of something, and the values that were taken out of it."""


class Heads(NamedTuple):
    """The headers of a request and of its answer as JSON, lists of pairs, and the secrets that were in them.

    The secrets are with the workspace's own, and `known` looks for them. `are_clean`: none is left in the headers.
    """

    asked: str
    told: str
    secrets: tuple[bytes, ...]
    known: "Known"
    are_clean: bool


@remembered
def heads(asked: RawHeaders, told: RawHeaders, own: tuple[bytes, ...]) -> Heads:
    """Remembered, since those of a client and of its answers are the same again and again. `own`: the workspace's."""
    asked_shown, of_asked = _headers(asked)
    told_shown, of_told = _headers(told)
    secrets = (*own, *of_asked, *of_told)
    looked_for = known(secrets)
    are_clean = not looked_for.are_in(asked_shown.encode()) and not looked_for.are_in(told_shown.encode())
    return Heads(asked_shown, told_shown, secrets, looked_for, are_clean)


@remembered
def plain(name: bytes) -> str:
    """A name's letters and digits, however it was written and escaped."""
    *_, bare = name, *_layers(name)
    return re.sub(r"[^a-z0-9]", "", bare.decode("latin-1").lower())


@remembered
def is_secret(name: bytes) -> bool:
    """Whether what goes by this name, as it was sent, is a secret."""
    bare = plain(name)
    is_one = bare in SECRET_NAMES or bare in USER_NAMES or any(part in bare for part in SECRET_PARTS)
    return is_one and name.lower() not in CHALLENGES


def _headers(raw: RawHeaders) -> tuple[str, tuple[bytes, ...]]:
    pairs: list[list[str]] = []
    secrets: list[bytes] = []
    for name, value in raw:
        kept, taken = _header(name, value)
        pairs.append([name.decode("latin-1"), kept.decode("latin-1")])
        secrets += taken
    return json.dumps(pairs, ensure_ascii=False), tuple(secrets)


def _header(name: bytes, value: bytes) -> Found:
    if is_secret(name):
        scheme, blank, token = value.partition(b" ")
        pair = basic_credentials(value)
        taken = [token.strip() if blank else value, *(_of_user(*(text.encode() for text in pair)) if pair else ())]
        return (scheme + b" " + MARK if blank and scheme.isalpha() else MARK), (*taken, *_cookies(name, value))
    if name.lower() in CHALLENGES:
        return value, ()
    tokens = [found[2] for found in SCHEME.findall(value)]
    kept, more = _in_urls(SCHEME.sub(rb"\1\2" + MARK, value))
    return kept, (*tokens, *more)


def _of_user(name: bytes, password: bytes = b"") -> list[bytes]:
    """A username is a secret when it is none that texts may mean."""
    return [password, name] if len(name) >= SHORTEST_NAME else [password]


def _cookies(name: bytes, value: bytes) -> list[bytes]:
    if b"cookie" not in name.lower():
        return []
    return [pair.partition(b"=")[2].strip() for pair in value.split(b";")]


def query(raw: bytes) -> Found:
    """`a=1&b=2`, as it was sent; what is no pair stays as it is."""
    if not raw:
        return raw, ()
    pairs = raw.split(b"&")
    may_hold_urls = _may_hold_urls(raw)
    if not may_hold_urls and _are_innocent(tuple([pair.partition(b"=")[0] for pair in pairs])):
        return raw, ()
    secrets: list[bytes] = []
    for position, pair in enumerate(pairs):
        name, _, value = pair.partition(b"=")
        if value and is_secret(name):
            secrets += _of_user(_decoded(value)) if plain(name) in USER_NAMES else (_decoded(value), value)
            pairs[position] = name + b"=" + MARK
        elif may_hold_urls:
            kept, taken = _value(value)
            if taken:
                secrets += taken
                pairs[position] = name + b"=" + kept
    return (b"&".join(pairs) if secrets else raw), tuple(secrets)


@remembered
def _are_innocent(names: tuple[bytes, ...]) -> bool:
    """Remembered, since a client's forms have the same names again and again."""
    return not any(map(is_secret, names))


def _may_hold_urls(raw: bytes) -> bool:
    return raw.find(b"//") >= 0 or HIDDEN_URL.search(raw) is not None


def _value(raw: bytes) -> Found:
    """One that may be, or hold, a URL with secrets of its own."""
    kept, secrets = _in_urls(_decoded(raw))
    return quote(kept, safe="[]").encode(), secrets


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
            secrets.extend(_of_user(*(unquote_to_bytes(part) for part in user.split(b":", 1))))
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


class Known:
    """Secrets to look for, in each way in which they may be written, the longest first.

    `are_plain`: they have only characters that no escape needs.
    """

    __slots__ = ("are_plain", "ways")

    def __init__(self, ways: tuple[bytes, ...], *, are_plain: bool) -> None:
        self.ways = ways
        self.are_plain = are_plain

    def are_in(self, blob: bytes) -> bool:
        """Whether one of them occurs, be it behind percent-escapes."""
        ways = self.ways
        for way in ways:
            if blob.find(way) >= 0:  # twice as fast as `in`, which tries first whether it is given a number
                return True
        if blob.find(b"%") < 0 or (self.are_plain and NEEDLESS_ESCAPE.search(blob) is None):
            return False
        return any(way in layer for layer in _layers(blob) for way in ways)

    def out_of(self, blob: bytes) -> bytes:
        """The same with the mark in their places; what hides them behind escapes is written without those."""
        if not blob or not self.are_in(blob):
            return blob
        for way in self.ways:
            blob = blob.replace(way, MARK)
        if not self.are_in(blob):
            return blob
        pieces = SEPARATORS.split(blob)
        together = b"".join(self.out_of(unquote_to_bytes(each)) if self.are_in(each) else each for each in pieces)
        return self.out_of(unquote_to_bytes(blob)) if self.are_in(together) else together


@remembered
def known(secrets: tuple[bytes, ...]) -> Known:
    """Those that can be told from other words."""
    told = [secret for secret in secrets if len(secret) >= SHORTEST and secret.lower() not in PLACEHOLDERS]
    bare = {each for secret in told for each in (secret, *_layers(secret))}
    ways = {way for secret in bare for way in _ways(secret)}
    are_plain = all(quote(secret, safe="").encode() == secret for secret in bare)
    return Known(tuple(sorted(ways, key=lambda way: (-len(way), way))), are_plain=are_plain)


def _ways(secret: bytes) -> set[bytes]:
    """As it is, and as forms, URLs, JSON and XML have it."""
    text = secret.decode("utf-8", "surrogateescape")
    written = {text, text.replace(" ", "+"), escape(text, quote=False), json.dumps(text)[1:-1]}
    written.add(json.dumps(text, ensure_ascii=False)[1:-1])
    encoded = {quote(secret, safe=""), quote(secret), quote_plus(secret)}
    found = {way.encode("utf-8", "surrogateescape") for way in written | encoded}
    return found | {re.sub(rb"%[0-9A-F]{2}", lambda escaped: escaped[0].lower(), way) for way in found}


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
