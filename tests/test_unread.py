"""How much is kept for clients that take nothing of their answers?"""

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from driver import CONSOLE, DEFAULT, PHONE, WRITEBACK, Wall
from live import Live
from server_process import BASIC, parsed, request

from sandbox.server import unread

LAST_READ = request(b"GET", f"{WRITEBACK}/{CONSOLE}/2026-05-06%2000:00:00/2026-05-06%2023:59:59".encode(), BASIC)
KEPT_READ = LAST_READ.replace(b"Connection: close\r\n", b"")
REQUESTS = 40
"""Answers that no connection holds: of 1 MB each."""


@pytest.fixture
def live() -> Iterator[Live]:
    """A read of it is answered with a megabyte."""
    served = Live(Wall())
    text = {"name": "Long", "text": "a" * 1_000_000, "to": [PHONE], "console": CONSOLE}
    served.control("POST", "/broadcasts", text)
    yield served
    served.stop()


@pytest.fixture
def connections() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def asking(live: Live, connections: ExitStack) -> socket.socket:
    """Asks for more than it takes, and returns when the server waits for it."""
    before = live.connections
    client = connections.enter_context(socket.socket())
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", live.port))
    client.sendall(KEPT_READ * (REQUESTS - 1) + LAST_READ)
    live.let_arrive()
    (wire,) = (each for each in live.connections - before if each.client == client.getsockname())
    while not wire._is_held_back:
        live.skip(0)
    return client


def whole(client: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    return b"".join(iter(lambda: client.recv(1 << 20), b""))


def answered(live: Live) -> int:
    expected = {"expect": [{"operation": "writeback.responses", "count": {"min": 0}}]}
    return int(live.control("POST", "/verify", expected)["found"][0])


def test_who_takes_no_answer_is_answered_no_further_until_it_does(live: Live, connections: ExitStack) -> None:
    client = asking(live, connections)
    count = answered(live)
    assert 0 < count < REQUESTS
    live.skip(30)
    assert answered(live) == count
    assert [answer.status for answer in parsed(whole(client))] == [200] * REQUESTS
    assert answered(live) == REQUESTS


def test_beyond_the_bound_those_are_given_up_that_wait_longest(
    live: Live, connections: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = asking(live, connections), asking(live, connections)
    assert first.recv(1) == second.recv(1) == b"H", "both have room"
    monkeypatch.setattr(unread, "MOST_UNREAD", 1)
    third = asking(live, connections)
    for client in (first, second):
        with pytest.raises(ConnectionResetError):
            whole(client)
    assert [answer.status for answer in parsed(whole(third))] == [200] * REQUESTS
    assert live.http.get(live.url + DEFAULT).status_code == 200
