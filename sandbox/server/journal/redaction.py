"""Takes secrets out of what the journal keeps: by the names that they go by, and wherever else their values occur."""

import json
import re
from html import escape
from typing import NamedTuple
from urllib.parse import quote, quote_plus, unquote_to_bytes

from sandbox.dependencies import basic_credentials
from sandbox.remembering import remembered

MARK = b"[redacted]"
SHORTEST = 6
"""Bytes of a secret that is looked for outside its own place: shorter ones are words that texts are full of."""
SHORTEST_NAME = 10
"""The same of what is rather a name."""
MOST_SECRETS = 100
"""Secrets of one exchange that are looked for outside their own places: each takes time in each text."""
LONGEST_VALUE = 8 * 1024
"""Bytes that are kept of a header's value."""
PLACEHOLDERS = frozenset((b"password", b"passwd", b"secret", b"username", b"changeme", b"default", b"message"))
"""What people write for a secret, and texts say of other things."""
SECRET_PARTS = ("pass", "pwd", "secret", "token", "apikey", "accesskey", "privatekey", "credential", "cookie", "auth")
SECRET_NAMES = frozenset(("key", "pin", "otp", "jwt", "pw", "psw", "session", "sessionid", "signature"))
USER_NAMES = frozenset(("user", "username", "userid", "login"))
CHALLENGES = (b"www-authenticate", b"proxy-authenticate")
"""Headers of answers that ask for a secret and hold none."""
SCHEME = re.compile(rb"(?i)\b(basic|bearer|digest)(\s+)([^\s,;\"'&]+)")
SEPARATORS = re.compile(rb"([/?&=\s])")
DEPTH = 4
"""How often escapes may have been escaped, and how deep URLs may lie in URLs."""
MOST_LOOKS = 100_000
"""Pieces of a text times ways of secrets: where there are more, the pieces are not gone through one by one."""
NEEDLESS = rb"2[5dDeE]|3[0-9]|[46][1-9a-fA-F]|[57][0-9aA]|5[fF]|7[eE]"
NEEDLESS_ESCAPE = re.compile(rb"%(?:" + NEEDLESS + rb")")
"""Of a character that needs none, or of another escape's percent sign."""
HIDDEN_URL = re.compile(rb"%(?:2[fF]%2[fF]|" + NEEDLESS + rb")")
"""Where one may begin behind escapes. Both patterns begin with one character, which is looked for first."""
# Each of the patterns takes time in proportion to the text, whatever stands in it: none is tried anew at each place
# within what it could not match.
URL = re.compile(rb"://[^\s\"'<>]*")
HEADER_PAIR = re.compile(rb"(?<![\w.%\[\]-])([\w.%\[\]-]{1,100}+)(\s?=\s?)(\"[^\"]*\"?|[^\s\",;&?]+)")

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
    asked_kept, of_asked = _headers(asked)
    told_kept, of_told = _headers(told)
    secrets = (*own, *some((*of_asked, *of_told)))
    looked_for = known(secrets)
    asked_shown, told_shown = _shown(asked_kept, looked_for), _shown(told_kept, looked_for)
    are_clean = not looked_for.are_in((asked_shown + told_shown).encode("latin-1"))
    return Heads(asked_shown, told_shown, secrets, looked_for, are_clean)


def some(secrets: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Each once, and no more than may be looked for."""
    return secrets if len(secrets) < 2 else tuple(dict.fromkeys(secrets))[:MOST_SECRETS]


@remembered
def plain(name: bytes) -> str:
    """A name's letters and digits, however it was written and escaped."""
    *_, bare = name, *layers(name)
    return re.sub(r"[^a-z0-9]", "", bare.decode("latin-1").lower())


@remembered
def is_secret(name: bytes) -> bool:
    """Whether what goes by this name, as it was sent, is a secret."""
    bare = plain(name)
    is_one = bare in SECRET_NAMES or bare in USER_NAMES or any(part in bare for part in SECRET_PARTS)
    return is_one and name.lower() not in CHALLENGES


def _headers(raw: RawHeaders) -> tuple[RawHeaders, tuple[bytes, ...]]:
    pairs: list[tuple[bytes, bytes]] = []
    secrets: list[bytes] = []
    for name, value in raw:
        kept, taken = _header(name, value)
        pairs.append((name, kept))
        secrets += taken
    return tuple(pairs), tuple(secrets)


def _shown(pairs: RawHeaders, secrets: "Known") -> str:
    """As JSON. What is long is cut, when the secrets that are known by now are out of it."""
    shown = []
    for name, value in pairs:
        if len(value) > LONGEST_VALUE:
            value = secrets.out_of(value)[:LONGEST_VALUE] + b"..."
        shown.append([name.decode("latin-1"), value.decode("latin-1")])
    return json.dumps(shown, ensure_ascii=False)


def _header(name: bytes, value: bytes) -> Found:
    if is_secret(name):
        scheme, blank, token = value.partition(b" ")
        pair = basic_credentials(value)
        taken = [token.strip() if blank else value, *(_of_user(*(text.encode() for text in pair)) if pair else ())]
        return (scheme + b" " + MARK if blank and scheme.isalpha() else MARK), (*taken, *_cookies(name, value))
    if name.lower() in CHALLENGES:
        return value, ()
    tokens = [found[2] for found in SCHEME.findall(value)]
    in_urls_cleaned, of_urls = in_urls(SCHEME.sub(rb"\1\2" + MARK, value))
    kept, of_pairs = _in_pairs(in_urls_cleaned)
    return kept, (*tokens, *of_urls, *of_pairs)


def _in_pairs(value: bytes) -> Found:
    """The secrets of `a=1, b="2"`, and of a query string behind a path."""
    if b"=" not in value:
        return value, ()
    secrets: list[bytes] = []

    def cleaned(match: re.Match[bytes]) -> bytes:
        if not is_secret(match[1]):
            return match[0]
        bare = match[3].strip(b'"')
        secrets.extend((bare, _decoded(bare)))
        return match[1] + match[2] + MARK

    return HEADER_PAIR.sub(cleaned, value), tuple(secrets)


def _of_user(name: bytes, password: bytes = b"") -> list[bytes]:
    """A username is a secret when it is none that texts may mean."""
    return [password, name] if len(name) >= SHORTEST_NAME else [password]


def _cookies(name: bytes, value: bytes) -> list[bytes]:
    if b"cookie" not in name.lower():
        return []
    return [pair.partition(b"=")[2].strip() for pair in value.split(b";")]


def query(raw: bytes, depth: int = 0) -> Found:
    """`a=1&b=2`, as it was sent; what is no pair stays as it is. `depth`: in how many URLs it lies."""
    if not raw:
        return raw, ()
    pairs = raw.split(b"&")
    may_hold_more = raw.find(b";") >= 0 or _may_hold_urls(raw)
    if not may_hold_more and _are_innocent(tuple([pair.partition(b"=")[0] for pair in pairs])):
        return raw, ()
    secrets: list[bytes] = []
    for position, pair in enumerate(pairs):
        name, _, value = pair.partition(b"=")
        if value and is_secret(name):
            secrets += _of_user(_decoded(value)) if plain(name) in USER_NAMES else _written(value)
            pairs[position] = name + b"=" + MARK
        elif may_hold_more:
            kept, taken = _inside(pair, depth)
            if taken:
                secrets += taken
                pairs[position] = kept
    return (b"&".join(pairs) if secrets else raw), tuple(secrets)


@remembered
def _are_innocent(names: tuple[bytes, ...]) -> bool:
    """Remembered, since a client's forms have the same names again and again."""
    return not any(map(is_secret, names))


def _may_hold_urls(raw: bytes) -> bool:
    return raw.find(b"//") >= 0 or HIDDEN_URL.search(raw) is not None


def _written(value: bytes) -> tuple[bytes, ...]:
    """What a value may be elsewhere. To whom semicolons part pairs, it ends with the first, and more pairs follow."""
    first, semicolon, rest = value.partition(b";")
    if not semicolon:
        return _decoded(value), value
    further = [part.partition(b"=")[2] for part in rest.split(b";")]
    return tuple(each for part in (value, first, *further) for each in (_decoded(part), part))


def _inside(pair: bytes, depth: int) -> Found:
    """A pair whose name is innocent: secrets behind a semicolon, all to the pair's end, or in a URL."""
    parts = pair.split(b";")
    for position, part in enumerate(parts):
        name, _, value = part.partition(b"=")
        if position and value and is_secret(name):
            before, of_before = _value(b";".join(parts[:position]), depth)
            rest = b";".join((value, *parts[position + 1 :]))
            return before + b";" + name + b"=" + MARK, (*of_before, *_written(rest))
    return _value(pair, depth)


def _value(pair: bytes, depth: int) -> Found:
    """One that may be, or hold, a URL with secrets of its own."""
    name, _, value = pair.partition(b"=")
    kept, secrets = in_urls(_decoded(value), depth + 1)
    return (name + b"=" + quote(kept, safe="[]").encode() if secrets else pair), secrets


def in_urls(text: bytes, depth: int = 0) -> Found:
    """The user part of URLs, and the secrets of their query strings. `depth`: in how many URLs the text lies."""
    if b"://" not in text:
        return text, ()
    if depth > DEPTH:
        return MARK, (text,)
    secrets: list[bytes] = []

    def cleaned(match: re.Match[bytes]) -> bytes:
        rest = match[0].removeprefix(b"://")
        authority = re.split(rb"[/?#]", rest, maxsplit=1)[0]
        user, at, _ = authority.rpartition(b"@")
        if at:
            secrets.extend(_of_user(*(unquote_to_bytes(part) for part in user.split(b":", 1))))
            rest = MARK + rest[len(user) :]
        place, mark, tail = rest.partition(b"?")
        if mark:
            parameters, hashmark, fragment = tail.partition(b"#")
            kept, taken = query(parameters, depth)
            secrets.extend(taken)
            rest = place + mark + kept + hashmark + fragment
        return b"://" + rest

    return URL.sub(cleaned, text), tuple(secrets)


def path(raw: bytes) -> Found:
    """Segments that are, or end with, pairs: `/a=1/b;c=2`."""
    if raw.find(b"=") < 0:
        return raw, ()
    secrets: list[bytes] = []
    segments = raw.split(b"/")
    for position, segment in enumerate(segments):
        segments[position], taken = query(segment)
        secrets += taken
    return b"/".join(segments), tuple(secrets)


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
        return any(way in layer for layer in layers(blob) for way in ways)

    def out_of(self, blob: bytes) -> bytes:
        """The same with the mark in their places; what hides them behind escapes is written without those."""
        for _ in range(2 * DEPTH):
            if not blob or not self.are_in(blob):
                return blob
            for way in self.ways:
                blob = blob.replace(way, MARK)
            if self.are_in(blob):
                blob = self._bared(blob)
        return blob if not self.are_in(blob) else MARK

    def _bared(self, blob: bytes) -> bytes:
        """One layer of escapes less, if possible only where one of them is behind it."""
        if blob.count(b"%") * len(self.ways) > MOST_LOOKS:
            return unquote_to_bytes(blob)
        pieces = SEPARATORS.split(blob)
        bared = [unquote_to_bytes(each) if b"%" in each and self.are_in(each) else each for each in pieces]
        return unquote_to_bytes(blob) if bared == pieces else b"".join(bared)


@remembered
def known(secrets: tuple[bytes, ...]) -> Known:
    """Those that can be told from other words, and from the mark, which stands for one in what was copied from here."""
    told = [secret for secret in secrets if len(secret) >= SHORTEST and secret.lower() not in PLACEHOLDERS]
    bare = {each for secret in told for each in (secret, *layers(secret)) if each not in MARK}
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


def layers(raw: bytes) -> list[bytes]:
    """What is behind its percent-escapes, and behind those of that."""
    found: list[bytes] = []
    while b"%" in raw and len(found) < DEPTH:
        plain = unquote_to_bytes(raw)
        if plain == raw:
            break
        found.append(plain)
        raw = plain
    return found


def _decoded(raw: bytes) -> bytes:
    """A form's value."""
    return unquote_to_bytes(raw.replace(b"+", b" "))
