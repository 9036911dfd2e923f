"""A sandbox in a process of its own, spoken to in bytes."""

import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from commands import FAILSAFE_S, PLAIN, command
from conftest import DatabaseFor
from driver import DEFAULT

from torture.wire import Answer, parsed, received, request

__all__ = ["Answer", "Serve", "Served", "parsed", "received", "request", "serve"]
BASIC = b"Authorization: Basic ZGVtbzpkZW1v\r\n"
PATIENT_S = 120
"""Nothing waits for it to pass; a wait that hangs ends with it."""
GOOD_READ = b"/dialoghealth-writeback-api/api/responses/HARBOR1001/2026-05-06%2000:00:00/2026-05-06%2000:00:00"


class Served:
    """A sandbox in a process of its own."""

    def __init__(self, errors: Path, *flags: str) -> None:
        self.errors = errors
        with errors.open("w") as log:
            self.process = subprocess.Popen(
                command("serve", "--port", "0", "--fixture", PLAIN, *flags),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline().rpartition(":")[2])
        self.url = f"http://127.0.0.1:{self.port}"

    def connect(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), FAILSAFE_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def send(self, raw: bytes, *, ends: bool = False) -> list[Answer]:
        """The answers to some bytes. `ends`: the sender closes its side, else the bytes must make the server do so."""
        with self.connect() as connection:
            try:
                connection.sendall(raw)
                if ends:
                    connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it was refused before it was all sent
            return parsed(received(connection), is_head=raw.startswith(b"HEAD "))

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """A call under the default workspace that succeeds."""
        answer = httpx.request(method, self.url + DEFAULT + path, json=body, timeout=PATIENT_S)
        assert answer.is_success, answer.text
        return answer.json()

    def turn(self, action: str, **fields: Any) -> Any:
        return self.control("POST", "/clock", {"action": action, **fields})

    def every(self, path: str) -> list[Any]:
        """What is on all pages of a list."""
        items: list[Any] = []
        cursor: str | None = ""
        while cursor is not None:
            page = self.control("GET", f"{path}?limit=1000{cursor and '&after=' + cursor}")
            items += page["items"]
            cursor = page["next"]
        return items

    def is_well(self) -> bool:
        """Whether a well-formed request on another connection is answered."""
        (answer,) = self.send(request(b"GET", GOOD_READ, BASIC))
        return answer.status == 200 and self.process.poll() is None

    def stop(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=FAILSAFE_S)

    def kill(self) -> None:
        """Without a chance to end. One that has ended stays as it is."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


Serve = Callable[..., Served]


@pytest.fixture
def serve(tmp_path: Path, database_for: DatabaseFor) -> Iterator[Serve]:
    """Starts servers on one kept database, with further flags. None outlives the test, and none logs an error."""
    started: list[Served] = []

    def start(*flags: str) -> Served:
        database = str(database_for(str(tmp_path / "kept.db")))
        started.append(Served(tmp_path / f"errors{len(started)}.txt", "--database", database, *flags))
        return started[-1]

    yield start
    for served in started:
        served.kill()
    assert [served.errors.read_text() for served in started] == [""] * len(started)
