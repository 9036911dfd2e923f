"""A sandbox in a process of its own, spoken to in bytes."""

import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from commands import FAILSAFE_S, PLAIN, command
from conftest import DatabaseFor
from driver import DEFAULT

BASIC = b"Authorization: Basic ZGVtbzpkZW1v\r\n"
PATIENT_S = 120
"""Nothing waits for it to pass; a wait that hangs ends with it."""
GOOD_READ = b"/dialoghealth-writeback-api/api/responses/HARBOR1001/2026-05-06%2000:00:00/2026-05-06%2000:00:00"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


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


def request(method: bytes, target: bytes, headers: bytes = b"", body: bytes = b"", version: bytes = b"1.1") -> bytes:
    """A whole request, after which the server closes."""
    length = b"Content-Length: %d\r\n" % len(body) if body else b""
    head = b"%s %s HTTP/%s\r\nHost: 127.0.0.1\r\nConnection: close\r\n" % (method, target, version)
    return head + headers + length + b"\r\n" + body


def received(connection: socket.socket) -> bytes:
    """All until the other side closes, or resets what it does not want to read."""
    pieces = []
    try:
        while piece := connection.recv(1 << 16):
            pieces.append(piece)
    except ConnectionResetError:
        pass
    return b"".join(pieces)


def parsed(raw: bytes, *, is_head: bool = False) -> list[Answer]:
    """The answers one after the other; a `100 Continue` is passed over."""
    answers = []
    while raw:
        head, _, raw = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        assert first.startswith("HTTP/1.1 "), first
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        status = int(first.split()[1])
        if status == 100:
            continue
        body, raw = (b"", raw) if is_head or status == 204 else cut_off(raw, headers)
        answers.append(Answer(status, headers, body))
    return answers


def cut_off(raw: bytes, headers: dict[str, str]) -> tuple[bytes, bytes]:
    """An answer's body, and what comes after it."""
    if headers.get("transfer-encoding") != "chunked":
        length = int(headers["content-length"])
        assert len(raw) >= length, "the answer breaks off"
        return raw[:length], raw[length:]
    pieces, at, size = [], 0, -1
    while size:
        end = raw.index(b"\r\n", at)
        size = int(raw[at:end], 16)
        pieces.append(raw[end + 2 : end + 2 + size])
        at = end + 2 + size + 2
    return b"".join(pieces), raw[at:]
