"""Whatever arrives on the socket: HTTP is answered in shape, other bytes get a problem, and nobody is harmed.

A process of its own serves these tests, so that what they do to it shows: it must live, and have logged no traceback.
"""

import json
import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import unquote
from xml.etree import ElementTree

import httpx
import pytest
from commands import FAILSAFE_S
from driver import CONSOLE, DEFAULT, DEMO, DIALOGTECH, KEYS, LINE, PHONE, SIMPLEPAY, TRACKING_NUMBER, WRITEBACK
from hypothesis import given, settings
from hypothesis import strategies as st
from server_process import BASIC, GOOD_READ, Answer, Served, parsed, received, request

VENDOR_PREFIXES = ("/dialoghealth-writeback-api", SIMPLEPAY, DIALOGTECH)
SUBMIT = f"{SIMPLEPAY}/submit/{CONSOLE}".encode()
GOOD_FORM = f"To={PHONE}&From={LINE}&Body=Hello".encode()
SUBMIT_FIELDS = 19
PROBLEM = "application/problem+json"


# What every answer is ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    process = Served(tmp_path_factory.mktemp("served") / "errors.txt")
    yield process
    was_alive = process.process.poll() is None
    process.stop()
    logged = process.errors.read_text()
    assert was_alive, logged
    assert process.process.returncode == 0
    assert "Traceback" not in logged, logged
    assert "Error" not in logged, logged
    assert "WARNING" not in logged, logged


def is_vendors(target: bytes) -> bool:
    """Whether a request target lies with one of the vendors; one that only nearly does may be answered as theirs."""
    path = unquote(re.sub(rb"^http://[^/]*|[?#].*", b"", target, flags=re.DOTALL).decode("latin-1"))
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in VENDOR_PREFIXES)


NOT_SPOKEN = (501, 505)
"""A method, a transfer coding, a version of HTTP."""
REFUSED = (400, 408, 414, 431, *NOT_SPOKEN)
"""By the connection, whatever status the vendor's own refusals have."""


def check(answer: Answer, target: bytes, *, is_head: bool = False) -> None:
    """It is nobody's defect, and in the shape of whoever owns the path."""
    assert 200 <= answer.status < 500 or answer.status in NOT_SPOKEN, answer
    assert not re.search(rb'^{"detail"|<html|Traceback|File "', answer.body), answer
    is_near = "x-sandbox-exchange" in answer.headers and answer.headers["content-type"] != PROBLEM
    if is_vendors(target) or is_near:
        assert answer.headers["x-sandbox-exchange"].startswith("ex_"), answer
        if not is_head:
            check_vendor(answer, target)
    elif answer.status >= 400:
        assert answer.headers["content-type"] == PROBLEM, answer
        assert is_head or {"type", "title", "status", "detail"} <= json.loads(answer.body).keys()


def check_vendor(answer: Answer, target: bytes) -> None:
    if "ibp" in unquote(target.decode("latin-1")).lower().partition("?")[0]:
        assert answer.status == 200 or answer.status in REFUSED, answer
        assert answer.headers["content-type"] == "text/xml; charset=UTF-8", answer
        assert ElementTree.fromstring(answer.body).findtext("result") in ("success", "failed")
        return
    assert answer.headers["content-type"] == "application/json", answer
    fields = list(json.loads(answer.body))
    if b"writeback" in target:
        assert fields == (["requestId", "response"] if answer.status == 200 else ["message"])
    else:
        shapes = (["msisdn"], ["extMessageReference", "body", "to", "status"])
        assert fields in shapes or (len(fields), fields[4]) == (SUBMIT_FIELDS, "accunt_sid"), answer


# Targets ----------------------------------------------------------------------------------------------------------

METHODS = tuple(b"GET HEAD POST PUT DELETE PATCH OPTIONS TRACE PROPFIND PURGE".split())
TAILS = (
    b"",
    *b"/ // /x /.. /../_sandbox/version /%2e%2e/ /. %2F %2fx".split(),
    *b"/%00 /%ff /%zz /% /%u0041 /%E2%82%AC /%ED%A0%80 ;x=1".split(),
    *b"? ?% ?%ff=%00 ?&&=& ?a=b?c #x /'\"<>|{}^`\\".split(),
    b"/" + b"x" * 60_000,
    b"?" + b"&" * 60_000,
    b"/" + b"x/" * 2_000,
)
OWNED = (
    b"/dialoghealth-writeback-api",
    b"/dialoghealth-writeback-api/api/responses/HARBOR1001",
    GOOD_READ,
    SIMPLEPAY.encode(),
    SUBMIT,
    f"{SIMPLEPAY}/messages/{CONSOLE}/x".encode(),
    f"{SIMPLEPAY}/optout/{CONSOLE}/{PHONE}".encode(),
    b"/ibp_api.php",
    b"/ibp%5fapi.php",
)
OTHERS = (
    b"",
    *b"/_sandbox /_sandbox/version /_sandbox/workspaces/default /favicon.ico /IBP_API.PHP".split(),
    *b"/dialoghealth-writeback-apis //ibp_api.php /./ibp_api.php /x/../ibp_api.php".split(),
)


@pytest.mark.parametrize("stem", [*OWNED, *OTHERS], ids=lambda stem: stem.decode() or "root")
def test_every_target_is_answered_by_its_owner_in_shape(served: Served, stem: bytes) -> None:
    for tail in TAILS:
        target = stem + tail if (stem + tail).startswith(b"/") else b"/" + stem + tail
        for method in METHODS if len(target) < 1000 else METHODS[:3]:
            (answer,) = served.send(request(method, target, BASIC))
            check(answer, target, is_head=method == b"HEAD")


@pytest.mark.parametrize(
    "target",
    [b"http://elsewhere.example/ibp_api.php", b"http://elsewhere.example" + SUBMIT, b"http://[::1]:1/ibp_api.php?x=1",
     b"http://127.0.0.1", b"http://127.0.0.1?x", b"https://127.0.0.1/", b"*", b"http://127.0.0.1/_sandbox/version"],
)  # fmt: skip
def test_targets_in_other_forms_are_answered(served: Served, target: bytes) -> None:
    for method in (b"GET", b"POST", b"OPTIONS"):
        for answer in served.send(request(method, target)):
            check(answer, target)
    assert served.is_well()


# Headers and bodies -----------------------------------------------------------------------------------------------

ODD_HEADERS = {
    "Host twice": b"Host: a\r\nHost: b\r\n",
    "an empty Host": b"Host:\r\n",
    "a Host of odd bytes": b"Host: \xff\xfe:99999999\r\n",
    "a huge header": b"X-Huge: " + b"x" * 60_000 + b"\r\n",
    "many headers": b"".join(b"X-%d: %d\r\n" % (n, n) for n in range(2_000)),
    "Latin-1 and UTF-8 values": "X-Latin: é\r\n".encode("latin-1") + "X-Utf: é👋\r\n".encode(),
    "no value": b"X-Empty:\r\n",
    "cookies": b"Cookie: a=b; c=\x80\r\nCookie: d\r\n",
    "a null origin": b"Origin: null\r\n",
    "two origins": b"Origin: http://a\r\nOrigin: http://127.0.0.1\r\n",
    "an origin of odd bytes": b"Origin: \xff://\xff\r\n",
    "a websocket": b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: eA==\r\n",
    "HTTP/2 in clear": b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAR\r\n",
    "a proxy": b"X-Forwarded-For: ,,\xff,a b\r\nX-Forwarded-Proto: \xff\r\nX-Forwarded-Host: x\r\nForwarded: for=x\r\n",
    "a range": b"Range: bytes=0-1\r\nIf-None-Match: *\r\nIf-Modified-Since: x\r\n",
    "what is accepted": b"Accept: image/png;q=0\r\nAccept-Encoding: br, gzip;q=x\r\nTE: trailers\r\n",
    "another Authorization": b"Authorization: Basic \xff\xfe\r\nAuthorization: Digest x=\r\n",
    "an expectation nobody knows": b"Expect: 200-ok\r\n",
    "an encoded body": b"Content-Encoding: gzip\r\n",
}
PROBES = ((b"GET", GOOD_READ, b""), (b"POST", SUBMIT, GOOD_FORM), (b"POST", b"/ibp_api.php", b"action=x"),
          (b"GET", b"/_sandbox/version", b""), (b"POST", b"/_sandbox/workspaces/default/inbound", b"{}"))  # fmt: skip


@pytest.mark.parametrize("odd", ODD_HEADERS)
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_odd_headers_are_answered_in_shape(served: Served, odd: str, version: bytes) -> None:
    for method, target, body in PROBES:
        for basic in (BASIC, b""):
            raw = request(method, target, basic + ODD_HEADERS[odd], body, version)
            (answer,) = served.send(raw)
            check(answer, target)
            without_host = raw.replace(b"Host: 127.0.0.1\r\n", b"", 1)
            (answer,) = served.send(without_host)
            check(answer, target)
    assert served.is_well()


TOO_LARGE = {
    "one huge header": b"X-Huge: " + b"x" * 66_000 + b"\r\n",
    "many headers": b"".join(b"X-%d: %d\r\n" % (n, n) for n in range(10_000)),
    "a longer one than is read at once": b"X-Huge: " + b"x" * 3_000_000 + b"\r\n",
    "one that never ends": b"X-Huge: " + b"x" * 3_000_000,
}


@pytest.mark.parametrize("headers", TOO_LARGE)
def test_headers_that_are_too_large_are_refused(served: Served, headers: str) -> None:
    for method, target, body in PROBES:
        with served.connect() as connection:
            # The server closes before it has read all, and its answer may be lost to who goes on sending.
            raw = request(method, target, BASIC + TOO_LARGE[headers], body)
            if headers == "one that never ends":
                raw = raw.removesuffix(b"\r\n\r\n")
            with suppress(OSError):
                connection.sendall(raw)
            told = received(connection)
        for answer in parsed(told):
            check(answer, target)
            assert (answer.status, answer.headers["connection"]) == (431, "close")
            assert b"headers are over 64 KiB together: send fewer or shorter ones." in answer.body
        assert told or len(raw) > 1_000_000
    assert served.is_well()


def test_a_request_has_500_headers_at_most(served: Served) -> None:
    few, many = (b"".join(b"X-%d: 1\r\n" % n for n in range(count)) for count in (490, 501))
    for method, target, body in PROBES:
        (answer,) = served.send(request(method, target, BASIC + few, body))
        assert answer.status != 431
        (answer,) = served.send(request(method, target, BASIC + many, body))
        check(answer, target)
        assert (answer.status, answer.headers["connection"]) == (431, "close")
        assert b"The request has more than 500 headers: send fewer." in answer.body


def test_headers_are_counted_for_each_request_of_a_connection(served: Served) -> None:
    large = b"X-Large: " + b"x" * 40_000 + b"\r\n"
    kept = request(b"POST", SUBMIT, large, b"a" * 200_000).replace(b"Connection: close\r\n", b"")
    answers = served.send(kept * 3 + request(b"GET", b"/ibp_api.php", large + large))
    assert [answer.status for answer in answers] == [401, 401, 401, 431]  # before their bodies are read


URLENCODED = b"application/x-www-form-urlencoded"
PART = b'--b\r\nContent-Disposition: form-data; name="To"\r\n\r\n1\r\n'
ODD_FORMS = [
    (URLENCODED, b"&&&=&=&%&%4&%zz=%&\xff=\xfe&To=\x00"),
    (URLENCODED, b"a" * 2_000_000),
    (URLENCODED, b"&" * 900_000),
    (URLENCODED, b"To=1&" * 200_000),
    (URLENCODED + b"; charset=utf-16", GOOD_FORM.decode().encode("utf-16")),
    (URLENCODED + b";;;=;\xff", GOOD_FORM),
    (b"application/json", b'{"To": 1}'),
    (b"", GOOD_FORM),
    (b";", GOOD_FORM),
    (b"x" * 10_000, GOOD_FORM),
    (b"multipart/form-data", PART),
    (b"multipart/form-data; boundary=", PART),
    (b'multipart/form-data; boundary=""', PART),
    (b"multipart/form-data; boundary=" + b"b" * 5_000, PART),
    (b"multipart/form-data; boundary=\xff", b"--\xff\r\n\r\n\r\n--\xff--"),
    (b"multipart/form-data; boundary=b; boundary=c", PART),
    (b"multipart/form-data; boundary*=utf-8''b", PART),
    (b"multipart/form-data; boundary=b", b""),
    (b"multipart/form-data; boundary=b", b"--b--"),
    (b"multipart/form-data; boundary=b", PART),
    (b"multipart/form-data; boundary=b", PART + b"--b--\r\ntrailing\r\n--b\r\n"),
    (b"multipart/form-data; boundary=b", PART * 5_000 + b"--b--"),
    (b"multipart/form-data; boundary=b", b"--b\r\n" + b"X: y\r\n" * 5_000 + b"\r\n1\r\n--b--"),
    (b"multipart/form-data; boundary=b", b"--b\r\nContent-Disposition\r\n\r\n1\r\n--b--"),
    (b"multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="\xff"\r\n\r\n1\r\n--b--'),
    (b"multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: ;;;name\r\n\r\n1\r\n--b--"),
    (b"multipart/form-data; boundary=b", b"--b\r\nContent-Transfer-Encoding: base64\r\n\r\n!\r\n--b--"),
    (b"multipart/mixed; boundary=b", PART + b"--b--"),
]


@pytest.mark.parametrize(("kind", "body"), ODD_FORMS)
@pytest.mark.parametrize("target", [SUBMIT, b"/ibp_api.php"])
def test_odd_forms_are_answered_in_shape(served: Served, target: bytes, kind: bytes, body: bytes) -> None:
    for basic in (BASIC, b""):
        raw = request(b"POST", target, b"%sContent-Type: %s\r\n" % (basic, kind), body)
        for answer in served.send(raw):
            check(answer, target)
            assert target != SUBMIT or (answer.status == 401) == (not basic)
    assert served.is_well()


CHUNKED = b"Transfer-Encoding: chunked\r\n"
FORM_TYPE = b"Content-Type: application/x-www-form-urlencoded\r\n"
GOOD_CHUNKS = b"".join(b"%x;x=y\r\n%s\r\n" % (1, GOOD_FORM[i : i + 1]) for i in range(len(GOOD_FORM)))


def test_a_chunked_form_is_read(served: Served) -> None:
    for ending in (b"0\r\n\r\n", b"0\r\nX-Trailer: \xff\r\n\r\n"):
        raw = request(b"POST", SUBMIT, BASIC + FORM_TYPE + CHUNKED) + GOOD_CHUNKS + ending
        (answer,) = served.send(raw)
        assert (answer.status, json.loads(answer.body)["body"]) == (200, "Hello")


def test_headers_behind_a_chunked_body_have_an_end_too(served: Served) -> None:
    raw = request(b"POST", SUBMIT, BASIC + FORM_TYPE + CHUNKED) + GOOD_CHUNKS
    with served.connect() as connection:
        with suppress(OSError):
            connection.sendall(raw + b"0\r\nX-Trailer: " + b"x" * 3_000_000)
        told = received(connection)  # nothing, if the answer was lost to who went on sending; but it ends
    assert all(answer.status == 431 for answer in parsed(told))
    (answer,) = served.send(
        request(b"POST", SUBMIT, BASIC + FORM_TYPE + CHUNKED)
        + b"%x\r\n%s\r\n0\r\n\r\n" % (len(GOOD_FORM) + 500_003, GOOD_FORM + b"&x=" + b"x" * 500_000)
    )
    assert answer.status == 200


def test_an_expected_100_continue_comes_before_the_answer(served: Served) -> None:
    head = b"Expect: 100-continue\r\nContent-Length: %d\r\n" % len(GOOD_FORM)
    with served.connect() as connection:
        connection.sendall(request(b"POST", SUBMIT, BASIC + FORM_TYPE + head))
        assert connection.recv(100).startswith(b"HTTP/1.1 100 Continue\r\n")
        connection.sendall(GOOD_FORM)
        (answer,) = parsed(received(connection))
    assert answer.status == 200


BROKEN_BODIES = {
    "no chunk size": (CHUNKED, b"zz\r\nxx\r\n0\r\n\r\n"),
    "a huge chunk size": (CHUNKED, b"f" * 40 + b"\r\nxx\r\n"),
    "a chunk longer than it says": (CHUNKED, b"1\r\nToooo\r\n0\r\n\r\n"),
    "chunks without end": (CHUNKED, b"5\r\nTo=14"),
    "no chunks at all": (CHUNKED, b""),
    "chunked and a length": (CHUNKED + b"Content-Length: 3\r\n", b"0\r\n\r\n"),
    "chunked twice": (CHUNKED + CHUNKED, b"0\r\n\r\n"),
    "an unknown transfer encoding": (b"Transfer-Encoding: gzip\r\n", b"xx"),
    "chunked, then gzip": (b"Transfer-Encoding: chunked, gzip\r\n", b"0\r\n\r\n"),
    "less than its length": (b"Content-Length: 100\r\n", b"To=1"),
    "nothing of its length": (b"Content-Length: 100\r\n", b""),
    "more than its length": (b"Content-Length: 2\r\n", b"To=14155550123&From=x"),
    "a negative length": (b"Content-Length: -1\r\n", b"x"),
    "a signed length": (b"Content-Length: +1\r\n", b"x"),
    "a length that is no number": (b"Content-Length: 0x1\r\n", b"x"),
    "a length beyond all": (b"Content-Length: " + b"9" * 40 + b"\r\n", b"x"),
    "two lengths": (b"Content-Length: 1\r\nContent-Length: 2\r\n", b"xx"),
    "two lengths in one": (b"Content-Length: 1, 1\r\n", b"x"),
}


@pytest.mark.parametrize("broken", BROKEN_BODIES)
def test_a_body_that_breaks_off_or_lies_harms_nobody(served: Served, broken: str) -> None:
    headers, body = BROKEN_BODIES[broken]
    for target in (SUBMIT, b"/ibp_api.php", b"/_sandbox/workspaces/default/inbound"):
        for answer in served.send(request(b"POST", target, BASIC + FORM_TYPE + headers) + body, ends=True):
            check(answer, target)
    assert served.is_well()


# Connections ------------------------------------------------------------------------------------------------------


def test_pipelined_requests_are_answered_in_order(served: Served) -> None:
    first = request(b"POST", SUBMIT, BASIC + FORM_TYPE, GOOD_FORM).replace(b"Connection: close\r\n", b"")
    second = request(b"GET", GOOD_READ, BASIC).replace(b"Connection: close\r\n", b"")
    answers = served.send(first + second * 3 + request(b"GET", b"/ibp_api.php"))
    assert [answer.status for answer in answers] == [200] * 5
    assert "sid" in json.loads(answers[0].body)
    assert len({answer.headers["x-sandbox-exchange"] for answer in answers}) == 5
    assert answers[4].headers["content-type"] == "text/xml; charset=UTF-8"


def test_garbage_after_a_request_harms_only_its_own_connection(served: Served) -> None:
    good = request(b"GET", GOOD_READ, BASIC).replace(b"Connection: close\r\n", b"")
    answered, refused = served.send(good + b"\x00\xffgarbage\r\n\r\n" + good)
    assert (answered.status, refused.status) == (200, 400)
    check(refused, b"")
    assert served.is_well()


def test_a_slow_body_delays_nobody_else(served: Served) -> None:
    raw = request(b"POST", SUBMIT, BASIC + FORM_TYPE, GOOD_FORM)
    with served.connect() as connection:
        for i in range(0, len(raw), 20):
            connection.sendall(raw[i : i + 20])
            assert served.is_well()
        (answer,) = parsed(received(connection))
    assert answer.status == 200


@pytest.mark.parametrize("cut", [1, 10, 40, 90, -1])
@pytest.mark.parametrize("ends", [True, False])
def test_a_request_that_is_never_finished_harms_nobody(served: Served, cut: int, ends: bool) -> None:
    raw = request(b"POST", SUBMIT, BASIC + FORM_TYPE, GOOD_FORM)[:cut]
    with served.connect() as connection:
        connection.sendall(raw)
        if ends:
            connection.shutdown(socket.SHUT_WR)
            assert all(answer.status < 500 for answer in parsed(received(connection)))
        assert served.is_well()
    assert served.is_well()


def test_who_leaves_before_the_answer_harms_nobody(served: Served) -> None:
    for raw in (request(b"GET", GOOD_READ, BASIC), request(b"POST", SUBMIT, BASIC + FORM_TYPE, GOOD_FORM)):
        for _ in range(20):
            connection = served.connect()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.sendall(raw)
            connection.close()
    assert served.is_well()


# What is not HTTP -------------------------------------------------------------------------------------------------

GARBAGE = [
    b"\r\n\r\n\x00\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"SSH-2.0-OpenSSH_9.2\r\n", b"EHLO x\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET / HTTP/3.0\r\n\r\n", b"GET / HTTP/1\r\n\r\n", b"get / HTTP/1.1\r\n\r\n",
    b"BREW /ibp_api.php HTTP/1.1\r\n\r\n", b"GET\r\n\r\n", b"GET /a b HTTP/1.1\r\n\r\n", b"GET x HTTP/1.1\r\n\r\n",
    "GET /é HTTP/1.1\r\n\r\n".encode(), b"GET /\x00 HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nNo colon\r\n\r\n",
    b"GET / HTTP/1.1\r\nX : y\r\n\r\n", b"GET / HTTP/1.1\r\n\xe9: x\r\n\r\n", b"GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n",
    b"GET / HTTP/1.1\r\nX: \x00\r\n\r\n", b"GET /%s HTTP/1.1\r\n\r\n" % (b"x" * 70_000), b"HTTP/1.1 200 OK\r\n\r\n",
    b"CONNECT 127.0.0.1:80 HTTP/1.1\r\n\r\n", b'{"jsonrpc": "2.0"}\r\n\r\n', b"\xff" * 70_000,
]  # fmt: skip


@pytest.mark.parametrize("raw", GARBAGE, ids=range(len(GARBAGE)))
def test_what_is_not_http_gets_a_problem_or_a_close(served: Served, raw: bytes) -> None:
    for answer in served.send(raw, ends=True):
        assert answer.status in REFUSED
        check(answer, b"/ibp_api.php" if b"ibp_api" in raw else b"")
    assert served.is_well()


# What hypothesis makes up -----------------------------------------------------------------------------------------

ESCAPES = st.sampled_from(b"%20 %2F %2e %00 %ff %zz % + / // ? & = # To Body= HARBOR1001 2026-05-06 x ; : @".split())
TARGETS = st.builds(
    lambda stem, tail: stem + b"".join(tail),
    st.sampled_from((*OWNED, b"/", b"/_sandbox/")),
    st.lists(ESCAPES, max_size=8),
)
TOKEN = st.text("abcXYZ-0_!~", min_size=1, max_size=8).map(str.encode)
VALUE = st.binary(max_size=20).map(lambda raw: bytes(b for b in raw if b >= 0x20 and b != 0x7F).strip())
HEADERS = st.one_of(
    st.builds(b"X-%s: %s\r\n".__mod__, st.tuples(TOKEN, VALUE)),
    st.builds(
        b"%s: %s\r\n".__mod__,
        st.tuples(
            st.sampled_from((b"Authorization", b"Content-Type", b"Origin", b"Accept", b"Cookie", b"Referer")), VALUE
        ),
    ),
    st.sampled_from(
        (BASIC, FORM_TYPE, b"Content-Type: multipart/form-data; boundary=b\r\n", b"Content-Type: application/json\r\n")
    ),
)
BODIES = st.one_of(
    st.binary(max_size=100),
    st.lists(st.one_of(ESCAPES, st.sampled_from((GOOD_FORM, PART, b"--b--", b"{}", b"\r\n"))), max_size=10).map(
        b"".join
    ),
)


class Sent(NamedTuple):
    """A request, and which target it is for."""

    target: bytes
    raw: bytes


REQUESTS = st.builds(
    lambda method, target, headers, body: Sent(target, request(method, target, b"".join(headers), body)),
    st.sampled_from(METHODS), TARGETS, st.lists(HEADERS, max_size=5), BODIES,
)  # fmt: skip


@settings(max_examples=200)
@given(sent=REQUESTS)
def test_any_http_request_is_answered_in_shape(served: Served, sent: Sent) -> None:
    (answer,) = served.send(sent.raw)
    check(answer, sent.target, is_head=sent.raw.startswith(b"HEAD"))


@settings(max_examples=200)
@given(
    raw=REQUESTS.map(lambda sent: sent.raw).filter(lambda raw: not raw.startswith(b"HEAD")),
    place=st.floats(0, 1),
    length=st.integers(0, 20),
    put=st.one_of(st.binary(max_size=20), st.sampled_from((b"\r\n", b"\n", b"\r\n\r\n", b" ", b"\0", b":"))),
)
def test_a_request_with_some_bytes_replaced_harms_nobody(
    served: Served, raw: bytes, place: float, length: int, put: bytes
) -> None:
    at = int(place * len(raw))
    for answer in served.send(raw[:at] + put + raw[at + length :], ends=True):
        assert answer.status < 500 or answer.status in NOT_SPOKEN, answer
    assert served.is_well()


@settings(max_examples=100)
@given(raw=st.binary(min_size=1, max_size=200))
def test_any_bytes_harm_nobody(served: Served, raw: bytes) -> None:
    for answer in served.send(raw, ends=True):
        assert answer.status in REFUSED
        check(answer, b"")
    assert served.is_well()


# Well-formed HTTP with values that hypothesis makes up --------------------------------------------------------------


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, timeout=FAILSAFE_S) as client:
        yield client


def check_response(response: httpx.Response) -> None:
    check(
        Answer(response.status_code, dict(response.headers), response.content),
        response.request.url.raw_path,
        is_head=response.request.method == "HEAD",
    )


SEGMENT = st.one_of(
    st.text(min_size=1, max_size=20),
    st.binary(max_size=20).map(lambda raw: raw.decode("latin-1")),
    st.sampled_from(
        (CONSOLE, "HARBOR1002", "OTHERS1001", PHONE, "2026-05-06 00:00:00", "2026-05-07 00:00:00", "..", "%")
    ),
)
PATHS = st.builds(
    lambda stem, segments: stem + "".join(f"/{quoted(segment)}" for segment in segments),
    st.sampled_from((WRITEBACK, f"{SIMPLEPAY}/submit", f"{SIMPLEPAY}/messages", f"{SIMPLEPAY}/optout", DIALOGTECH)),
    st.lists(SEGMENT, max_size=4),
)
NAMES = st.sampled_from((
    "To", "From", "Body", "StatusCallback", "action", "access_key", "secret_access_key", "start_date", "end_date",
    "number", "x",
))  # fmt: skip
VALUES = st.one_of(
    st.text(max_size=50),
    st.integers().map(str),
    st.sampled_from((PHONE, LINE, "http://127.0.0.1:1/x", "http://[", "sms.get_messages", "20260506", TRACKING_NUMBER)),
    st.sampled_from((*KEYS.values(),)),
)
PARAMS = st.dictionaries(NAMES, VALUES, max_size=6)


def quoted(text: str) -> str:
    """Lone surrogates become the bytes that a careless client would send."""
    return "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass"))


def encoded(params: dict[str, str]) -> bytes:
    return "&".join(f"{quoted(name)}={quoted(value)}" for name, value in params.items()).encode()


@settings(max_examples=250)
@given(
    method=st.sampled_from(("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")),
    path=PATHS,
    query=PARAMS,
    form=PARAMS,
    auth=st.sampled_from((DEMO, DEMO, None, ("demo", "wrong"), ("é\x01", "👋"))),
)
def test_any_vendor_call_is_answered_in_shape(
    client: httpx.Client, method: str, path: str, query: dict[str, str], form: dict[str, str], auth: Any
) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    url = f"{path}?{encoded(query).decode()}"
    check_response(client.request(method, url, content=encoded(form), headers=headers, auth=auth))


@settings(max_examples=100)
@given(form=PARAMS)
def test_any_good_credentials_with_any_form_are_answered_in_shape(client: httpx.Client, form: dict[str, str]) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for path, fixed in (
        (SUBMIT.decode(), {"To": PHONE, "From": LINE}),
        (DIALOGTECH, {"action": "sms.get_messages", **KEYS}),
    ):
        response = client.post(path, content=encoded(form | fixed), headers=headers, auth=DEMO)
        check_response(response)


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), VALUES)
MEMBERS = st.sampled_from((
    "console", "tracking_number", "to", "from", "text", "at", "name", "status", "force", "reason", "vendor_status",
    "mode", "sent_after", "settled_after", "outcome", "phone", "person_id", "misc", "first_name", "auto_reply",
    "keyword", "doctype", "message_type", "campaign", "sent_by",
))  # fmt: skip
JSON = st.recursive(
    st.one_of(SCALARS, st.dictionaries(MEMBERS, SCALARS, max_size=4)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(MEMBERS, inner, max_size=5)),
    max_leaves=8,
)
CONTROL = st.sampled_from((
    ("POST", "/messages"), ("POST", "/inbound"), ("POST", "/broadcasts"), ("PUT", "/delivery"), ("POST", "/people"),
    ("PATCH", "/people/HF0001"), ("PATCH", f"/consoles/{CONSOLE}"), ("PATCH", "/accounts/demo-access-key"),
    ("POST", "/messages/msg_00000001/status"), ("POST", "/messages/msg_00000001/reply"), ("GET", "/messages"),
    ("GET", "/people"), ("GET", "/messages/x"), ("DELETE", "/people/x"), ("DELETE", "/messages"), ("GET", "/delivery"),
))  # fmt: skip
GOOD: dict[str, Any] = {
    "/messages": {"console": CONSOLE, "to": PHONE, "text": "Hello"},
    "/inbound": {"from": PHONE, "to": LINE, "text": "Hello"},
    "/broadcasts": {"console": CONSOLE, "name": "Flu", "to": [PHONE], "text": "Hello"},
    "/delivery": {"mode": "immediate"},
    "/people": {"phone": "14155550199"},
}
BODIES_OF_CONTROL = st.one_of(JSON, st.dictionaries(MEMBERS, SCALARS, max_size=1), st.just({}))


@settings(max_examples=300)
@given(call=CONTROL, body=BODIES_OF_CONTROL, query=st.dictionaries(MEMBERS, VALUES, max_size=1))
def test_any_control_call_is_answered_in_shape(
    client: httpx.Client, call: tuple[str, str], body: Any, query: dict[str, str]
) -> None:
    method, path = call
    if isinstance(body, dict) and len(body) <= 1:
        body = GOOD.get(path, {}) | body
    url = f"{DEFAULT}{path}?{encoded(query).decode()}" if query else DEFAULT + path
    content = None if method in ("GET", "DELETE") else json.dumps(body).encode()
    check_response(client.request(method, url, content=content, headers={"Content-Type": "application/json"}))


@settings(max_examples=100)
@given(
    call=CONTROL,
    raw=st.one_of(st.binary(max_size=50), st.sampled_from((b"[" * 100_000, b"1" * 10_000, b'{"a":1e999}'))),
)
def test_any_bytes_as_json_are_refused_in_shape(client: httpx.Client, call: tuple[str, str], raw: bytes) -> None:
    method, path = call
    headers = {"Content-Type": "application/json"}
    check_response(client.request(method, DEFAULT + path, content=raw, headers=headers))
