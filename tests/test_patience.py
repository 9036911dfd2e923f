"""How long does a connection wait, for how many is there room, and what are clients told of it? Time is skipped."""

import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from xml.etree import ElementTree

import pytest
from driver import CONSOLE, DEFAULT, LINE, PHONE, SIMPLEPAY
from live import Live
from server_process import BASIC, GOOD_READ, Answer, Serve, parsed, received, request

from sandbox.server.patience import FURTHER, most_connections

SUBMIT = f"{SIMPLEPAY}/submit/{CONSOLE}".encode()
FORM = f"To={PHONE}&From={LINE}&Body=Hello".encode()
POST = request(b"POST", SUBMIT, BASIC + b"Content-Type: application/x-www-form-urlencoded\r\n", FORM)
KEPT_POST = POST.replace(b"Connection: close\r\n", b"")
KEPT_READ = request(b"GET", GOOD_READ, BASIC).replace(b"Connection: close\r\n", b"")
HEALTH = request(b"GET", b"/_sandbox/health/live")
HEAD_LATE = "The request's head did not come to its end in 30 s: end it by an empty line."
BODY_LATE = (
    "No byte of the request's body came for 30 s: send as many as Content-Length says, or end a chunked body by a chunk"
    " of size 0."
)
FULL = "There are too many connections: close some, or try again later."


@pytest.fixture
def open_live() -> Iterator[Callable[..., Live]]:
    with ExitStack() as opened:

        def open_one(**settings: Any) -> Live:
            live = Live(**settings)
            opened.callback(live.stop)
            return live

        yield open_one


@pytest.fixture
def live(open_live: Callable[..., Live]) -> Live:
    return open_live()


def answer_of(connection: socket.socket) -> Answer:
    """The next answer on a connection that is kept open; its body is of a known length."""
    raw = b""
    while b"\r\n\r\n" not in raw:
        raw += connection.recv(1)
    head = raw.lower()
    left = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    while left:
        piece = connection.recv(left)
        raw += piece
        left -= len(piece)
    (answer,) = parsed(raw)
    return answer


def is_closed(connection: socket.socket) -> bool:
    """Whether the other side has closed, without a word. Blocks until it says something, as long as a socket waits."""
    return connection.recv(1) == b""


def exchange_of(live: Live, answer: Answer) -> Any:
    """The journal's entry of an answer, which says whose it is: the default workspace's, or nobody's."""
    exchange_id = answer.headers["x-sandbox-exchange"]
    for path in (f"{DEFAULT}/journal", "/_sandbox/journal"):
        found = live.http.get(f"{live.url}{path}/{exchange_id}")
        if found.is_success:
            return path, found.json()
    raise AssertionError("no journal has it")


# Kept open --------------------------------------------------------------------------------------------------------


def test_a_kept_connection_is_announced_to_be_closed_earlier_than_it_is(live: Live) -> None:
    with live.connect(KEPT_READ) as connection:
        first = answer_of(connection)
        assert (first.headers["connection"], first.headers["keep-alive"]) == ("keep-alive", "timeout=70")
        live.skip(74)
        connection.sendall(KEPT_POST)
        assert answer_of(connection).status == 200
        live.skip(74)
        connection.sendall(KEPT_READ)
        assert answer_of(connection).status == 200
        live.skip(76)
        assert is_closed(connection)


@pytest.mark.parametrize("every", [5, 10, 15, 30, 60])
def test_who_polls_in_any_usual_interval_meets_no_closed_connection(live: Live, every: int) -> None:
    with live.connect() as connection:
        for _ in range(8):
            connection.sendall(KEPT_POST)
            assert answer_of(connection).status == 200
            live.skip(every)


@pytest.mark.parametrize("path", [GOOD_READ, b"/ibp_api.php", b"/_sandbox/version", b"/nowhere"])
def test_every_answer_on_a_kept_connection_says_how_long_it_is_kept(live: Live, path: bytes) -> None:
    with live.connect(request(b"GET", path).replace(b"Connection: close\r\n", b"")) as connection:
        assert answer_of(connection).headers["keep-alive"] == "timeout=70"


@pytest.mark.parametrize(
    "raw",
    [
        request(b"GET", GOOD_READ, BASIC),
        request(b"GET", GOOD_READ, BASIC, version=b"1.0"),
        request(b"GET", GOOD_READ, BASIC, version=b"1.0").replace(b"Connection: close", b"Connection: keep-alive"),
        b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
    ids=["close", "HTTP/1.0", "HTTP/1.0 and keep-alive", "refused"],
)
def test_an_answer_after_which_is_closed_says_so_and_nothing_else(live: Live, raw: bytes) -> None:
    with live.connect(raw) as connection:
        (answer,) = parsed(received(connection))
    assert answer.headers["connection"] == "close"
    assert "keep-alive" not in answer.headers


def test_what_an_answer_says_holds_when_the_server_is_being_stopped(open_live: Callable[..., Live]) -> None:
    live = open_live()
    with live.connect() as connection:
        wait = f"{DEFAULT}/messages/wait?timeout=60&text=nothing".encode()
        connection.sendall(request(b"GET", wait).replace(b"Connection: close\r\n", b""))
        until_waiting(live, 1)
        stopping = threading.Thread(target=live.stop)
        stopping.start()
        told = received(connection)
        stopping.join()
    assert b"keep-alive" not in told


def until_waiting(live: Live, count: int) -> None:
    while live.waiters < count:
        live.skip(0)


# Waiting for a request --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", [b"", b"\r\n", b"POST", b"POST /dialoghealth-simplepay-api/submit/HARBOR1001"])
def test_a_connection_that_sends_no_request_line_is_closed_after_30_s(live: Live, sent: bytes) -> None:
    with live.connect(sent) as connection:
        live.let_arrive()
        live.skip(31)
        assert is_closed(connection)


def test_the_time_for_a_first_head_begins_with_the_connection(live: Live) -> None:
    with live.connect() as connection:
        live.let_arrive()
        for piece in (b"GET /ibp_api.php HTTP/1.1\r\n", b"Host: x\r\n"):
            live.skip(14)
            connection.sendall(piece)
        live.skip(3)
        (answer,) = parsed(received(connection))
    assert (answer.status, answer.headers["connection"]) == (408, "close")


HALF_HEADS = {
    "writeback": (b"GET", GOOD_READ),
    "simplepay": (b"POST", SUBMIT),
    "dialogtech": (b"GET", b"/ibp_api.php?action=x"),
    "problem": (b"GET", b"/_sandbox/version"),
}


@pytest.mark.rule("NET-http")
@pytest.mark.parametrize("owner", HALF_HEADS)
def test_half_a_head_is_answered_in_the_shape_of_its_path(live: Live, owner: str) -> None:
    method, target = HALF_HEADS[owner]
    with live.connect(
        request(method, target, BASIC + b"Accept: */*\r\nX-N: 1\r\n").removesuffix(b"\r\n")
    ) as connection:
        live.let_arrive()
        live.skip(31)
        (answer,) = parsed(received(connection))
    assert answer.status == 408
    assert sentence(owner, answer) == HEAD_LATE
    if owner != "problem":
        path, entry = exchange_of(live, answer)
        assert (entry["status"], entry["outcome"], entry["rules"]) == (408, "refused", ["NET-http"])
        assert path == ("/_sandbox/journal" if owner == "dialogtech" else f"{DEFAULT}/journal")


def sentence(owner: str, answer: Answer) -> Any:
    if owner == "dialogtech":
        return ElementTree.fromstring(answer.body).findtext("result_description")
    return json.loads(answer.body)[{"writeback": "message", "simplepay": "error_message", "problem": "detail"}[owner]]


def test_a_further_head_has_its_time_from_its_first_byte(live: Live) -> None:
    with live.connect(KEPT_READ) as connection:
        assert answer_of(connection).status == 200
        live.skip(60)
        connection.sendall(POST[:200])
        live.let_arrive()
        live.skip(29)
        connection.sendall(POST[200:])
        assert answer_of(connection).status == 200
    with live.connect(KEPT_READ) as connection:
        assert answer_of(connection).status == 200
        connection.sendall(POST[:200])
        live.let_arrive()
        live.skip(31)
        assert answer_of(connection).status == 408


def test_blank_lines_behind_an_answer_keep_no_connection_open(live: Live) -> None:
    with live.connect(KEPT_READ) as connection:
        assert answer_of(connection).status == 200
        connection.sendall(b"\r\n")
        live.let_arrive()
        live.skip(31)
        assert is_closed(connection)


# Waiting for a body -----------------------------------------------------------------------------------------------


@pytest.mark.rule("NET-http")
def test_a_body_that_stops_coming_is_answered_and_journalled_and_nothing_is_done(live: Live) -> None:
    with live.connect(POST[:-3]) as connection:
        live.let_arrive()
        live.skip(31)
        (answer,) = parsed(received(connection))
    assert (answer.status, sentence("simplepay", answer)) == (408, BODY_LATE)
    path, entry = exchange_of(live, answer)
    assert (path, entry["status"], entry["rules"]) == (f"{DEFAULT}/journal", 408, ["NET-http"])
    assert entry["request"]["body"].encode() == FORM[:-3]
    assert [(each["rule"], each["level"], each["mend"]) for each in entry["findings"]] == [
        ("NET-http", "error", BODY_LATE)
    ]
    assert live.control("GET", "/messages")["items"] == []
    assert len(live.control("GET", "/journal")["items"]) == 1


def test_a_control_call_whose_body_stops_coming_is_a_problem(live: Live) -> None:
    raw = request(b"POST", f"{DEFAULT}/inbound".encode(), b"Content-Type: application/json\r\n", b'{"from": "x"}')
    with live.connect(raw[:-1]) as connection:
        live.let_arrive()
        live.skip(31)
        (answer,) = parsed(received(connection))
    assert (answer.status, answer.headers["content-type"]) == (408, "application/problem+json")
    assert json.loads(answer.body) == {
        "type": "urn:dialog-sandbox:incomplete-request",
        "title": "Incomplete request",
        "status": 408,
        "detail": BODY_LATE,
    }


def test_a_slow_body_is_waited_for_as_long_as_it_comes(live: Live) -> None:
    with live.connect(POST[:-20]) as connection:
        for place in range(len(POST) - 20, len(POST)):
            live.let_arrive()
            live.skip(29)
            connection.sendall(POST[place : place + 1])
        (answer,) = parsed(received(connection))
    assert answer.status == 200


def test_a_body_that_nobody_wants_yet_is_waited_for(live: Live) -> None:
    """The client sends none before it is told to, which it is when the request before it was answered."""
    wait = f"{DEFAULT}/messages/wait?timeout=60&text=late".encode()
    expect = POST.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n").removesuffix(FORM)
    with live.connect(request(b"GET", wait).replace(b"Connection: close\r\n", b"") + expect) as connection:
        until_waiting(live, 1)
        live.skip(31)
        live.skip(28)
        live.send("late")
        assert answer_of(connection).status == 200
        assert connection.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(FORM)
        assert answer_of(connection).status == 200


def test_an_early_refusal_of_a_body_that_stops_coming_does_not_keep_the_connection(live: Live) -> None:
    with live.connect(KEPT_POST.replace(BASIC, b"")[:-3]) as connection:
        assert answer_of(connection).status == 401
        live.skip(31)
        assert is_closed(connection)


# What is not cut --------------------------------------------------------------------------------------------------


def test_waits_and_streams_and_what_comes_behind_them_are_not_cut(live: Live) -> None:
    wait = f"{DEFAULT}/messages/wait?timeout=60&text=late".encode()
    with (
        live.follow() as stream,
        live.connect(request(b"GET", wait).replace(b"Connection: close\r\n", b"")) as connection,
    ):
        until_waiting(live, 2)
        connection.sendall(POST[:50])  # and half a head behind it
        live.let_arrive()
        live.skip(31)
        live.skip(28)
        live.send("late")
        assert answer_of(connection).status == 200
        connection.sendall(POST[50:])
        assert answer_of(connection).status == 200
        for _ in range(10):
            live.skip(40)
        live.send("later")
        stream.until("message", text="later")


# Room -------------------------------------------------------------------------------------------------------------


def test_at_the_bound_health_is_answered_and_others_are_refused_in_their_shape(open_live: Callable[..., Live]) -> None:
    live = open_live(max_connections=3)
    with ExitStack() as held:
        kept = [held.enter_context(live.connect(KEPT_READ)) for _ in range(3)]
        assert [answer_of(connection).status for connection in kept] == [200] * 3
        for _ in range(2 * FURTHER):
            held.enter_context(live.connect())
        for path in (b"/_sandbox/health/live", b"/_sandbox/health/ready"):
            with live.connect(request(b"GET", path)) as connection:
                (answer,) = parsed(received(connection))
                assert answer.status == 200
        for owner, (method, target) in HALF_HEADS.items():
            with live.connect(request(method, target, BASIC)) as connection:
                (answer,) = parsed(received(connection))
            assert (answer.status, answer.headers["retry-after"], sentence(owner, answer)) == (503, "1", FULL)
        for connection in kept:  # who came first goes on
            connection.sendall(KEPT_POST)
            assert answer_of(connection).status == 200
    assert len(live.control("GET", "/messages")["items"]) == 3


def test_connections_over_the_bound_have_an_end_too(open_live: Callable[..., Live]) -> None:
    live = open_live(max_connections=2)
    with ExitStack() as held:
        kept = [held.enter_context(live.connect()) for _ in range(2 + FURTHER + 5)]
        with live.connect(HEALTH) as connection:
            (answer,) = parsed(received(connection))
        assert answer.status == 200
        assert all(is_reset(connection) for connection in kept[2:8])


def is_reset(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_who_waits_over_the_bound_is_served_when_there_is_room(open_live: Callable[..., Live]) -> None:
    live = open_live(max_connections=1)
    with live.connect(KEPT_READ) as first, live.connect(KEPT_READ[:20]) as second:
        answer_of(first)
        first.close()
        while len(live.connections) > 1:
            live.skip(0)
        second.sendall(KEPT_READ[20:] + KEPT_READ)
        assert [answer_of(second).status, answer_of(second).status] == [200, 200]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
@pytest.mark.parametrize(("files", "bound"), [(100_000, 1000), (1024, 864), (256, 128), (20, 10), (-1, 1000)])
def test_the_bound_leaves_files_to_the_rest_of_the_process(
    monkeypatch: pytest.MonkeyPatch, files: int, bound: int
) -> None:
    import resource

    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))
    assert most_connections(1000) == bound


def test_the_bound_is_a_setting_of_the_server(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_MAX_CONNECTIONS", "1")
    served = serve()
    with served.connect() as first:
        first.sendall(KEPT_READ)
        assert answer_of(first).status == 200
        (refused,), (health,) = served.send(POST), served.send(HEALTH)
    assert (refused.status, health.status) == (503, 200)
