"""Whatever arrives on the socket: HTTP is answered in shape, other bytes get a problem, and nobody is harmed.

A process of its own serves these tests, so that what they do to it shows: it must live, and have logged no traceback.
"""

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import httpx
import pytest
from commands import FAILSAFE_S
from driver import CONSOLE, DEFAULT, DEMO, DIALOGTECH, KEYS, LINE, PHONE, SIMPLEPAY, TRACKING_NUMBER, WRITEBACK
from hypothesis import given, settings
from hypothesis import strategies as st
from server_process import BASIC, GOOD_READ, Answer, Served, parsed, received, request

from torture.corpus import (
    BROKEN_BODIES,
    CHUNKED,
    FORM_TYPE,
    GARBAGE,
    GOOD_FORM,
    METHODS,
    ODD_FORMS,
    ODD_HEADERS,
    OTHERS,
    OWNED,
    PART,
    SUBMIT,
    TAILS,
)
from torture.shapes import NOT_SPOKEN, REFUSED, check

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


# Targets ----------------------------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(("kind", "body"), ODD_FORMS)
@pytest.mark.parametrize("target", [SUBMIT, b"/ibp_api.php"])
def test_odd_forms_are_answered_in_shape(served: Served, target: bytes, kind: bytes, body: bytes) -> None:
    for basic in (BASIC, b""):
        raw = request(b"POST", target, b"%sContent-Type: %s\r\n" % (basic, kind), body)
        for answer in served.send(raw):
            check(answer, target)
            assert target != SUBMIT or (answer.status == 401) == (not basic)
    assert served.is_well()


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
