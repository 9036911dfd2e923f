"""Which request is not HTTP/1.1 as RFC 9110 and 9112 have it, and what is to be sent instead?

The parser (httptools) finds most of it, and says so in a word or two; here is which sentence that becomes, and what the
parser lets through though the RFCs do not.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import httptools

MOST_TARGET = 65_535
"""Bytes that the library which splits a target takes."""
LONGEST_LINE = 16 * 1024
"""Bytes of a request's beginning that are kept until its target is known."""
COMMON_METHODS = (b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"PATCH", b"OPTIONS", b"TRACE", b"CONNECT")
TOKEN = re.compile(rb"[!#-'*+.^_`|~0-9A-Za-z-]+")
AUTHORITY = re.compile(
    rb"(?:\[[0-9A-Za-z:.%_~-]+\]|(?:[0-9A-Za-z._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::0*(\d{0,5}))?", re.ASCII
)
"""What a Host header may be: a name or an address, and perhaps a port (RFC 9110, 7.2)."""
HIGHEST_PORT = 65_535
WITHOUT_HOST = b"/_sandbox/health/"
"""Probes call it by address, some without a Host."""
LINE_END = re.compile(rb"[\r\n]")
TLS = b"\x16\x03"
"""How a client begins that speaks https."""

NOT_HTTP = "This is no HTTP request: one begins with a line as GET / HTTP/1.1."
NOT_BEHIND = (
    "Behind a request came what begins no other one: begin it with a line as GET / HTTP/1.1, and if it belongs to the"
    " body before it, let Content-Length count all of the body's bytes."
)
NOT_TLS = "This port speaks plain http: call it with http:// instead of https://, or start the server with --tls."
BLANK = "The request target has a blank in it: send %20 in its place."
NO_PROTOCOL = "Behind the request target comes one blank and HTTP/1.1; a blank in the target is sent as %20."
NO_VERSION = "HTTP/0.9, a request line without a version, is not spoken here: send HTTP/1.1 behind the target."
HTTP_2 = "HTTP/2 is not spoken here: send HTTP/1.1."
TARGET_FORM = "The request target must begin with a slash, or be a whole http:// URL."
TARGET_BYTES = "The request target has a character that must be percent-encoded in UTF-8, as %C3%A9 for é."
FRAGMENT = "The request target has a # in it: send %23 in its place; a fragment of a URL is not sent."
TARGET_URL = (
    "The host or the port in the request target's URL is none that is read here: send its path alone, as /path."
)
USERINFO = "The request target has a user name in its URL: leave that out, and send an Authorization header."
LONG_TARGET = f"The request target is over {MOST_TARGET} bytes: send less in it, or a form in the body."
STAR = "The request target * is for OPTIONS alone: name a path."
NO_PROXY = "CONNECT is not known here: this server is no proxy, call it directly."
NO_HOST = "A request in HTTP/1.1 needs a Host header: send the name that you call, and its port."
HOSTS = "There is more than one Host header: send one."
BAD_HOST = (
    "Host must be a name or an address (of IPv6 in brackets), and perhaps a colon and a port from 0 to 65535: no more"
    " of a URL."
)
CODINGS = "Of transfer codings only chunked is known here: send chunked alone, or Content-Length instead."
LAST_CODING = "Transfer-Encoding must be chunked, once and last: send chunked alone, or Content-Length instead."
VERSION = "The protocol at the end of the first line is written HTTP/1.1."
METHOD = "The method is not known here: send one that the path takes, as GET or POST."
CHUNKS = (
    "The chunked body cannot be read: a chunk is its size in hexadecimal digits, CR LF, as many bytes, CR LF; the last"
    " one has the size 0."
)
FOLDED = "A header goes on in a second line (obs-fold): send it in one line."
HEADER = "A header line is not a name without blanks, a colon right behind it, and a value: write it so."
LENGTH = "Content-Length must be a number of bytes, in at most 19 digits and nothing else."
TWO_FRAMINGS = "Content-Length and Transfer-Encoding exclude each other: send Content-Length alone, or chunked alone."

REASONS = {
    "Expected dot": VERSION,
    "Invalid major version": VERSION,
    "Invalid minor version": VERSION,
    "Expected CRLF after version": "Behind HTTP/1.1 comes CR LF, and so it does behind each header line.",
    "Invalid header field char": "Header lines end in CR LF, and a header's name is followed by its colon at once.",
    "Invalid header token": HEADER,
    "Unexpected space after start line": FOLDED,
    "Unexpected whitespace after header value": FOLDED,
    "Invalid header value char": "A header's value has a control character in it, as NUL: leave that out.",
    "Missing expected LF after header value": "A header line has a CR in it: leave it out, and end the line in CR LF.",
    "Missing expected CR after header value": "A header line ends in LF alone: end it in CR LF.",
    "Content-Length can't be present with Transfer-Encoding": TWO_FRAMINGS,
    "Transfer-Encoding can't be present with Content-Length": TWO_FRAMINGS,
    "Duplicate Content-Length": "There is more than one Content-Length: send one.",
    "Invalid character in Content-Length": LENGTH,
    "Empty Content-Length": LENGTH,
    "Content-Length overflow": LENGTH,
    "Invalid `Transfer-Encoding` header value": LAST_CODING,
    "Empty Transfer-Encoding": LAST_CODING,
}
"""By what the parser says."""
OTHER_PROTOCOLS = ("Expected HTTP/", "Expected SOURCE method", "Invalid method for RTSP")
"""How it begins what the parser says of them."""
OTHER_STATUSES = {
    "Invalid method for HTTP/x.x request": (501, METHOD),
    "Pause on PRI/Upgrade": (505, HTTP_2),
    "Expected HTTP/2 Connection Preface": (505, HTTP_2),
}

Headers = list[tuple[bytes, bytes]]


class BadRequest(Exception):
    """A request that the connection refuses before any app sees it; `reason` says what to send instead."""

    def __init__(self, status: int, reason: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.headers = headers


class RequestLine(NamedTuple):
    """As much of a request's first line as has come; `protocol` is empty where it does not end in one of HTTP."""

    method: bytes
    target: bytes
    protocol: bytes
    is_whole: bool


def request_line(beginning: bytes) -> RequestLine:
    """Return how these first bytes of a request would be taken, whether the parser takes them or not."""
    begun = beginning.lstrip(b"\r\n")
    end = LINE_END.search(begun)
    method, _, rest = (begun if end is None else begun[: end.start()]).partition(b" ")
    target, _, protocol = rest.rpartition(b" ")
    if not protocol.startswith(b"HTTP/"):
        target, protocol = rest, b""
    return RequestLine(method, target.strip(b" "), protocol, end is not None)


def of_parser(error: httptools.HttpParserError, beginning: bytes) -> BadRequest:
    """Return what the parser's refusal means. `beginning`: the request's first bytes, empty if they are not known."""
    parser_reason = str(error)
    line = request_line(beginning)
    if isinstance(error, httptools.HttpParserInvalidMethodError):
        return _of_method(beginning, line)
    if isinstance(error, httptools.HttpParserInvalidURLError):
        return BadRequest(400, _of_target(parser_reason, beginning, line))
    if parser_reason in OTHER_STATUSES:
        return BadRequest(*OTHER_STATUSES[parser_reason])
    if parser_reason.startswith(OTHER_PROTOCOLS):
        return BadRequest(400, BLANK if line.protocol else NO_PROTOCOL)
    if "chunk" in parser_reason.lower():
        return BadRequest(400, CHUNKS)
    return BadRequest(400, REASONS.get(parser_reason, NOT_HTTP))


def _of_target(parser_reason: str, beginning: bytes, line: RequestLine) -> str:
    if line.target.startswith(b"/") or not beginning:
        return TARGET_BYTES
    if b"://" not in line.target:
        return TARGET_FORM
    if b"#" in line.target:
        return FRAGMENT
    return TARGET_URL if "server" in parser_reason else TARGET_BYTES


def _of_method(beginning: bytes, line: RequestLine) -> BadRequest:
    if not beginning:
        return BadRequest(400, NOT_BEHIND)
    if beginning.startswith(TLS):
        return BadRequest(400, NOT_TLS)
    right = line.method.upper()
    if right in COMMON_METHODS and right != line.method:
        wrong = line.method.decode()
        return BadRequest(501, f"A method is written in capitals: send {right.decode()} instead of {wrong}.")
    is_request = (line.protocol or not line.is_whole) and line.target and TOKEN.fullmatch(line.method)
    return BadRequest(501, METHOD) if is_request else BadRequest(400, NOT_HTTP)


def check_head(method: bytes, version: str, target: bytes, headers: Headers) -> bytes:
    """Return the target without scheme and host, whose place is then in `headers`. Raises `BadRequest`."""
    if not version.startswith("1."):
        raise BadRequest(505, NO_VERSION if version == "0.9" else f"HTTP/{version} is not spoken here: send HTTP/1.1.")
    if method == b"CONNECT":
        raise BadRequest(501, NO_PROXY)
    if len(target) > MOST_TARGET:
        raise BadRequest(414, LONG_TARGET)
    if target == b"*" and method != b"OPTIONS":
        raise BadRequest(400, STAR)
    if b"#" in target:
        raise BadRequest(400, FRAGMENT)
    hosts = [value for name, value in headers if name == b"host"]
    if not hosts and version != "1.0" and not target.startswith(WITHOUT_HOST):
        raise BadRequest(400, NO_HOST)
    if len(hosts) > 1:
        raise BadRequest(400, HOSTS)
    if hosts and not _is_authority(hosts[0]):
        raise BadRequest(400, BAD_HOST)
    _check_codings(headers)
    return target if target[:1] in (b"/", b"*") else _in_origin_form(method, target, headers)


@lru_cache(maxsize=256)
def _is_authority(written: bytes) -> bool:
    found = AUTHORITY.fullmatch(written)
    return found is not None and int(found[1] or 0) <= HIGHEST_PORT


def _check_codings(headers: Headers) -> None:
    values = [value for name, value in headers if name == b"transfer-encoding"]
    if not values:
        return
    codings = [coding.strip().lower() for coding in b",".join(values).split(b",")]
    codings = [coding for coding in codings if coding]
    if codings[-1:] != [b"chunked"]:
        raise BadRequest(400, LAST_CODING)
    if len(codings) > 1:
        raise BadRequest(501, CODINGS)


def _in_origin_form(method: bytes, target: bytes, headers: Headers) -> bytes:
    """Return a URL's path and query; its host counts, and not the header's (RFC 9112, 3.2.2 and 3.2.4)."""
    try:
        url: Any = httptools.parse_url(target)  # its stubs know of no part that is not there
    except httptools.HttpParserInvalidURLError:
        raise BadRequest(400, TARGET_URL) from None
    if (url.schema or b"").lower() not in (b"http", b"https"):
        raise BadRequest(400, TARGET_FORM)
    if url.userinfo is not None:
        raise BadRequest(400, USERINFO)
    name = b"[%b]" % url.host if b":" in url.host else url.host
    headers[:] = [header for header in headers if header[0] != b"host"]
    headers.append((b"host", name if url.port is None else b"%b:%d" % (name, url.port)))
    if method == b"OPTIONS" and not url.path and url.query is None:
        return b"*"
    return (url.path or b"/") + (b"" if url.query is None else b"?" + url.query)
