"""Clients that offer another protocol, as Java's does in the first request of every connection, on a real socket."""

import socket
from base64 import b64encode
from collections.abc import Iterator
from http.client import HTTPResponse

import pytest

from sandbox import SandboxClient
from sandbox.server.lazily import serving

SETTINGS = "AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA"
OFFER = f"Connection: Upgrade, HTTP2-Settings\r\n{{name}}: h2c\r\nHTTP2-Settings: {SETTINGS}\r\n"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving() as url:
        yield url


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
        with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=30) as connection:
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
