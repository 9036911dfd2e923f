"""`dialog-sandbox readyz --wait SECONDS`: until when it asks, and what it says in the end."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from threading import Thread

import pytest
from commands import FAILSAFE_S, Start, is_refused, run

from sandbox import readyz_command
from sandbox.readyz_command import NotReady, wait_until_ready
from sandbox.settings import Settings

SEEDING = b'HTTP/1.1 503 Busy\r\nContent-Length: 22\r\n\r\n{"detail": "Seeding."}'
READY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Clock:
    """What the command takes for `time`; `sleep` does what `meanwhile` says."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept = 0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += 1
        self.meanwhile()

    def meanwhile(self) -> None:
        pass


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    ours = Clock()
    monkeypatch.setattr(readyz_command, "time", ours)
    return ours


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A port at which nobody listens yet."""
    with closing(socket.socket()) as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound


@contextmanager
def answering(listener: socket.socket, answers: Sequence[bytes]) -> Iterator[None]:
    """One answer for each connection; who connects more often is refused."""

    listener.settimeout(FAILSAFE_S)

    def serve() -> None:
        for answer in answers:
            client, _ = listener.accept()
            with closing(client):
                client.recv(4096)
                client.sendall(answer)
        listener.close()

    thread = Thread(target=serve)
    thread.start()
    yield
    thread.join()


def settings_at(bound: socket.socket) -> Settings:
    return Settings(port=bound.getsockname()[1])


def test_a_server_that_is_ready_is_not_waited_for(start: Start) -> None:
    done = run("readyz", "--wait", "60", "--port", str(start().port))
    assert (done.returncode, done.stdout, done.stderr) == (0, "ready\n", "")


def test_it_asks_until_the_server_says_that_it_is_ready() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = str(listener.getsockname()[1])
    with answering(listener, [b"", SEEDING, b"220 mail.example\r\n", SEEDING, READY]):
        done = run("readyz", "--wait", "60", "--port", port)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ready\n", "")


def test_a_server_may_begin_to_listen_meanwhile(clock: Clock, silent: socket.socket) -> None:
    def begin() -> None:
        if clock.slept == 3:
            silent.listen()
            Thread(target=serve_once, args=(silent,)).start()

    clock.meanwhile = begin  # type: ignore[method-assign]  # a hook for the test
    wait_until_ready(settings_at(silent), 60)
    assert clock.slept == 3


def serve_once(listener: socket.socket) -> None:
    client, _ = listener.accept()
    with closing(client):
        client.recv(4096)
        client.sendall(READY)


def test_when_the_time_is_over_one_line_says_what_came_last(clock: Clock, silent: socket.socket) -> None:
    port = silent.getsockname()[1]
    with pytest.raises(NotReady, match=rf"^not ready on 127\.0\.0\.1 port {port} within 2\.5 s: .*refused$"):
        wait_until_ready(settings_at(silent), 2.5)
    assert 23 <= clock.slept <= 25
    is_refused(
        1, f"not ready on 127.0.0.1 port {port} within 0.2 s: ...refused", "readyz", "--wait=0.2", f"--port={port}"
    )


def test_what_a_server_says_keeps_it_is_told(clock: Clock) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    with (
        answering(listener, [SEEDING] * 3),
        pytest.raises(NotReady, match=r" within 0\.25 s: it answers 503: Seeding\.$"),
    ):
        wait_until_ready(settings_at(listener), 0.25)
    assert clock.slept == 2


def test_without_a_wait_it_is_asked_once(clock: Clock, silent: socket.socket) -> None:
    with pytest.raises(NotReady, match=r"^not ready on 127\.0\.0\.1 port \d+: .*refused$"):
        wait_until_ready(settings_at(silent), 0)
    assert clock.slept == 0


def test_a_name_that_is_not_there_yet_is_waited_for(clock: Clock) -> None:
    with pytest.raises(NotReady, match=r"^not ready on no\.such\.host\.invalid port 8080 within 1 s: "):
        wait_until_ready(Settings(host="no.such.host.invalid"), 1)
    assert clock.slept > 0


@pytest.mark.parametrize("wait", ["x", "-1", "1s", "1e3", "nan", "inf", "3601", "٦٠", "1_0", " ", "9" * 5000])
def test_what_is_no_number_of_seconds_is_refused(wait: str) -> None:
    is_refused(2, f"--wait must be a number of seconds from 0 to 3600, not '{wait}'.", "readyz", f"--wait={wait}")
