"""Who is answered when the server stops: all that had connected until then, whether it had taken them in or not."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, closing

import pytest
from commands import FAILSAFE_S
from conftest import WORLDS
from server_process import BASIC, GOOD_READ, parsed, received, request

from sandbox import create_app
from sandbox.server import patience
from sandbox.settings import Settings
from sandbox.web_server import Server, config_of

pytestmark = pytest.mark.sqlite
CALL = request(b"GET", GOOD_READ, BASIC)

AtStop = Callable[["Stopping"], Awaitable[None]]


class Stopping(Server):
    """Stops at once when it serves and this was done, with no turn of the loop between."""

    def __init__(self, at_stop: AtStop, listener: socket.socket) -> None:
        app = create_app(Settings(fixture=str(WORLDS / "plain.yaml")))
        super().__init__(config_of(app, app.settings), ready=lambda: None, app=app)
        self.sandbox = app
        self._at_stop = at_stop
        self._address = listener.getsockname()

    async def on_tick(self, counter: int) -> bool:
        await self._at_stop(self)
        return True

    def connect(self) -> socket.socket:
        """Return a connection that waits to be accepted: the loop, which would do it, stands still."""
        return socket.create_connection(self._address, FAILSAFE_S)


Stop = Callable[[AtStop], None]


@pytest.fixture
def stop() -> Iterator[Stop]:
    """Serves, does what it is given, and stops."""
    with ExitStack() as cleanup:

        def run(at_stop: AtStop) -> None:
            listener = cleanup.enter_context(closing(socket.create_server(("127.0.0.1", 0))))
            server = Stopping(at_stop, listener)
            cleanup.callback(server.sandbox.close)
            server.run([listener])

        yield run


def status_of(client: socket.socket) -> int:
    (answer,) = parsed(received(client))
    assert answer.headers["connection"] == "close"
    return answer.status


def test_a_call_that_was_not_accepted_yet_is_answered(stop: Stop) -> None:
    clients: list[socket.socket] = []

    async def call(server: Stopping) -> None:
        for _ in range(20):
            clients.append(server.connect())
            clients[-1].sendall(CALL)

    stop(call)
    assert [status_of(client) for client in clients] == [200] * 20
    for client in clients:
        client.close()


@pytest.mark.parametrize("begun", [b"", CALL[:30]], ids=["nothing yet", "half a head"])
def test_a_call_that_is_on_its_way_is_waited_for(stop: Stop, monkeypatch: pytest.MonkeyPatch, begun: bytes) -> None:
    monkeypatch.setattr(patience, "COMING_S", FAILSAFE_S)
    clients: list[socket.socket] = []

    async def connect(server: Stopping) -> None:
        client = server.connect()
        client.sendall(begun)
        while not server.server_state.connections:
            await asyncio.sleep(0)
        clients.append(client)
        asyncio.get_running_loop().call_later(0, client.sendall, CALL[len(begun) :])

    stop(connect)
    with closing(clients[0]) as client:
        assert status_of(client) == 200


def test_who_sends_nothing_keeps_no_stop_waiting(stop: Stop) -> None:
    clients: list[socket.socket] = []

    async def connect(server: Stopping) -> None:
        clients.append(server.connect())

    stop(connect)
    with closing(clients[0]) as client:
        assert received(client) == b""
