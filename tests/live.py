"""A sandbox on a real socket, in a thread of this process, with its events as a client reads them."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Self

import httpx
import uvicorn
from commands import FAILSAFE_S
from conftest import WORLDS
from driver import CONSOLE, DEFAULT, PHONE

from sandbox import create_app
from sandbox.clock import wall_clock
from sandbox.settings import Settings
from sandbox.web_server import config_of


class SkippingLoop(asyncio.SelectorEventLoop):
    """Its clock goes as it does, and further when it is told."""

    skipped_s = 0.0

    def time(self) -> float:
        return super().time() + self.skipped_s


class Live:
    """Stop it in the end. `http`: a client whose paths begin at the default workspace."""

    def __init__(self, wall: Callable[[], int] = wall_clock, **settings: Any) -> None:
        options = {"fixture": str(WORLDS / "plain.yaml"), **settings}
        self.app = create_app(Settings(**options), wall)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._server = uvicorn.Server(config_of(self.app, self.app.settings, loop="live:SkippingLoop"))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listener]})
        self._thread.start()
        while not self._server.started:
            time.sleep(0.005)
        self.http = httpx.Client(base_url=self.url + DEFAULT, timeout=FAILSAFE_S)

    def stop(self) -> None:
        self.http.close()
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()

    def skip(self, seconds: float) -> None:
        """Have so much time go by for the server's timers; they have run when this returns."""
        has_run = threading.Event()
        loop = self._server.servers[0].get_loop()
        assert isinstance(loop, SkippingLoop)

        def skip() -> None:
            loop.skipped_s += seconds
            loop.call_later(0, has_run.set)

        loop.call_soon_threadsafe(skip)
        assert has_run.wait(FAILSAFE_S)

    def connect(self, sent: bytes = b"") -> socket.socket:
        """A connection on which this was sent."""
        connection = socket.create_connection(("127.0.0.1", self.port), FAILSAFE_S)
        connection.sendall(sent)
        return connection

    def let_arrive(self) -> None:
        """Return when what was sent before on other connections has been received."""
        with self.connect(b"GET / HTTP/1.0\r\n\r\n") as connection:
            while connection.recv(1 << 16):
                pass

    @property
    def connections(self) -> set[Any]:
        """Those that stand open."""
        return set(self._server.server_state.connections)

    @property
    def waiters(self) -> int:
        """How many wait for a message, or for events."""
        return self.app.hub.waiting

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """A call under the default workspace that succeeds."""
        answer = self.http.request(method, path, **({} if body is None else {"json": body}))
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def send(self, text: str = "Come on Friday.", *, to: str = PHONE, **options: Any) -> Any:
        return self.control("POST", "/messages", {"console": CONSOLE, "to": to, "text": text, **options})

    def follow(self, query: str = "", last_event_id: str | None = None) -> "Stream":
        """The default workspace's events, from when this returns on."""
        headers = {} if last_event_id is None else {"Last-Event-ID": last_event_id}
        return Stream(self.url + DEFAULT, f"/events?{query}", headers)


class Event(NamedTuple):
    id: str
    kind: str
    data: Any


class Stream:
    """A connection that reads events. Leave it in the end."""

    def __init__(self, base: str, path: str, headers: dict[str, str]) -> None:
        self._http = httpx.Client(base_url=base, timeout=FAILSAFE_S)
        self._context = self._http.stream("GET", path, headers=headers)
        self.answer = self._context.__enter__()
        assert self.answer.status_code == 200, self.answer.read()
        self._lines = self.answer.iter_lines()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._context.__exit__(None, None, None)
        self._http.close()

    def blocks(self) -> Iterator[list[str]]:
        """What stands between empty lines, comments too, as it comes."""
        block: list[str] = []
        for line in self._lines:
            if line:
                block.append(line)
            else:
                yield block
                block = []

    def __iter__(self) -> Iterator[Event]:
        end = time.monotonic() + FAILSAFE_S
        for block in self.blocks():
            assert time.monotonic() < end, "no event came"
            fields = dict(line.split(": ", 1) for line in block if not line.startswith(":"))
            if fields:
                assert list(fields) == ["id", "event", "data"]
                yield Event(fields["id"], fields["event"], json.loads(fields["data"]))
                end = time.monotonic() + FAILSAFE_S

    def take(self, count: int) -> list[Event]:
        """The next so many."""
        events = []
        for event in self:
            events.append(event)
            if len(events) == count:
                break
        assert len(events) == count, events
        return events

    def until(self, kind: str, **facts: Any) -> list[Event]:
        """The next ones, up to one of this kind with these data."""
        events = []
        for event in self:
            events.append(event)
            if event.kind == kind and facts.items() <= event.data.items():
                return events
        raise AssertionError(events)
