"""Clients that offer another protocol, as Java's does in the first request of every connection, on a real socket."""

import socket
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPResponse
from typing import IO

import pytest

from dialog_sandbox import SandboxClient, Workspace
from dialog_sandbox.server_process import serving

SETTINGS = "AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA"
OFFER = f"Connection: Upgrade, HTTP2-Settings\r\n{{name}}: h2c\r\nHTTP2-Settings: {SETTINGS}\r\n"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving() as url:
        yield url


def request(ws: Workspace, text: str, *more: str, chunked: bool = False) -> bytes:
    """A submit of this text, with more headers."""
    body = f"To=14155550123&From={ws.consoles[0].line}&Body={text}".encode()
    credentials = b64encode(f"{ws.basic.username}:{ws.basic.password}".encode()).decode()
    lines = [
        f"POST /dialoghealth-simplepay-api/submit/{ws.consoles[0].code} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Basic {credentials}",
        *more,
        "Content-Type: application/x-www-form-urlencoded",
        "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}",
    ]
    sent = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if chunked else body
    return "\r\n".join([*lines, "", ""]).encode() + sent


@contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connection


def statuses(connection: socket.socket, count: int) -> list[int]:
    """Of the next so many answers."""
    with connection.makefile("rb") as file:
        return [status_of(file) for _ in range(count)]


def status_of(file: IO[bytes]) -> int:
    status = int(file.readline().split()[1])
    length = 0
    while (line := file.readline().strip().lower()) != b"":
        name, _, value = line.partition(b":")
        length = int(value) if name == b"content-length" else length
    file.read(length)
    return status


@pytest.fixture
def ws(url: str) -> Iterator[Workspace]:
    with SandboxClient(url) as client, client.create_workspace() as ws:
        yield ws


def offer(name: str = "Upgrade", protocol: str = "h2c") -> list[str]:
    return ["Connection: Upgrade, HTTP2-Settings", f"{name}: {protocol}", f"HTTP2-Settings: {SETTINGS}"]


@pytest.mark.parametrize("name", ["Upgrade", "upgrade", "UPGRADE"])
@pytest.mark.parametrize("is_split", [False, True], ids=["at once", "head and body apart"])
def test_the_body_is_read_and_the_connection_goes_on(url: str, name: str, *, is_split: bool) -> None:
    with SandboxClient(url) as client, client.create_workspace() as ws:
        body = f"To=14155550123&From={ws.consoles[0].line}&Body=Upgrade:%0D%0AUpgrade: your plan".encode()
        credentials = (ws.basic.username, ws.basic.password)
        head = (
            f"POST /dialoghealth-simplepay-api/submit/{ws.consoles[0].code} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Basic {b64encode(':'.join(credentials).encode()).decode()}\r\n{OFFER.format(name=name)}"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode()
        pieces = [head, body] if is_split else [head + body]
        with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=60) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for _ in range(2):
                for piece in pieces:
                    connection.sendall(piece)
                answer = HTTPResponse(connection)
                answer.begin()
                assert (answer.status, answer.read()[:8]) == (200, b'{"sid":"')
        (first, second) = ws.journal()
        assert [message.text for message in ws.messages()] == ["Upgrade:\r\nUpgrade: your plan"] * 2
        assert ["upgrade", "h2c"] in first.request.headers
        assert second.request.headers == first.request.headers


@pytest.mark.parametrize("name", ["UpGrade", "uPGRADE", "Upgrade"])
@pytest.mark.parametrize("chunked", [False, True])
def test_wherever_the_packets_part_the_body_is_read(url: str, ws: Workspace, name: str, *, chunked: bool) -> None:
    sent = request(ws, "Hello", *offer(name), chunked=chunked)
    begin = sent.index(name.encode())
    end = sent.index(b"\r\n\r\n")
    cuts = [begin - 1, begin, begin + 4, begin + len(name), begin + len(name) + 3, end, end + 2, end + 4, end + 9]
    with connected(url) as connection:
        for cut in cuts:
            connection.sendall(sent[:cut])
            time.sleep(0.02)
            connection.sendall(sent[cut:])
            assert statuses(connection, 1) == [200]
        for at in range(len(sent)):
            connection.sendall(sent[at : at + 1])
        assert statuses(connection, 1) == [200]
    assert [message.text for message in ws.messages()] == ["Hello"] * (len(cuts) + 1)


def test_each_request_that_comes_together_with_others_is_read(url: str, ws: Workspace) -> None:
    plain, hello = request(ws, "plain"), [request(ws, f"hello {n}", *offer(), chunked=n == 1) for n in range(3)]
    websocket = request(ws, "websocket", *offer(protocol="websocket"))
    empty = b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"
    sent = [plain, hello[0], hello[1], empty, plain, websocket, hello[2], plain]
    with connected(url) as connection:
        connection.sendall(b"".join(sent))
        assert statuses(connection, len(sent)) == [200, 200, 200, 404, 200, 200, 200, 200]
    assert sorted(message.text or "" for message in ws.messages()) == sorted(
        ["plain", "hello 0", "hello 1", "plain", "websocket", "hello 2", "plain"]
    )


def test_what_is_no_offer_stays_what_it_is(url: str, ws: Workspace) -> None:
    """An `Upgrade` that `Connection` does not name; a connection that is to be closed; a body that is no HTTP."""
    with connected(url) as connection:
        connection.sendall(request(ws, "Hello", "Upgrade: h2c"))
        connection.sendall(request(ws, "Hello", "Connection: Upgrade, close", "Upgrade: h2c"))
        assert statuses(connection, 2) == [200, 200]
        assert connection.recv(1) == b""
    with connected(url) as connection:
        head, _, _ = request(ws, "Hello", *offer(), chunked=True).partition(b"\r\n\r\n")
        connection.sendall(head + b"\r\n\r\nno chunk\r\n")
        assert statuses(connection, 1) == [400]
        assert connection.recv(1) == b""
    with connected(url) as connection:
        connection.sendall(b"CONNECT localhost:80 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert statuses(connection, 1) == [501]
