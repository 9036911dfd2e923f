"""The command line, and a server that it starts, as processes of their own."""

import os
import re
import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from typing import Any

import pytest
from conftest import WORLDS

PLAIN = str(WORLDS / "plain.yaml")
FAILSAFE_S = 60.0
"""No test waits for it to pass; one that hangs ends with it."""
DEMO = {"Authorization": "Basic " + b64encode(b"demo:demo").decode()}
READBACK = "/dialoghealth-writeback-api/api/responses/HARBOR1001/2026-05-06%2000:00:00/2026-05-06%2023:59:59"
OTHERS = ("schemathesis", "hypothesispytest", "randomly", "cacheprovider", "respx", "pytest_httpx", "time_machine")
"""Plugins of ours that a partner has not, and that take long to start."""


def environment(**variables: str) -> dict[str, str]:
    """Ours without its `SANDBOX_*`, and what is given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SANDBOX_")}
    return {**kept, **variables}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "sandbox", *arguments]


def run(*arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(*arguments), env=environment(**env), capture_output=True, text=True, timeout=FAILSAFE_S, check=False
    )


def partners_pytest(*arguments: str) -> list[str]:
    """Pytest with no plugin but ours, each warning an error."""
    without = [flag for name in OTHERS for flag in ("-p", f"no:{name}")]
    return [sys.executable, "-m", "pytest", "-q", "-W", "error", *without, *arguments]


def is_refused(code: int, reason: str, *arguments: str, **env: str) -> None:
    """The command ends with this exit code and this line, of which `...` may be anything."""
    done = run(*arguments, **env)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    pattern = re.escape(f"dialog-sandbox: {reason}\n").replace(r"\.\.\.", ".*")
    assert re.fullmatch(pattern, done.stderr), done.stderr


@contextmanager
def hangups(treatment: signal.Handlers) -> Iterator[None]:
    """Processes that are started in it treat SIGHUP so, however we do: under nohup we ignore it, and they would too."""
    before = signal.signal(signal.SIGHUP, treatment)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


class Server:
    """A server in a process of its own; `port` as its first line tells it."""

    def __init__(self, *arguments: str, under_nohup: bool = False, **env: str) -> None:
        with hangups(signal.SIG_IGN if under_nohup else signal.SIG_DFL):
            self.process = subprocess.Popen(
                command("serve", *arguments),
                env=environment(**env),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        assert self.process.stdout is not None
        self.first_line = self.process.stdout.readline()
        match = re.fullmatch(r"dialog-sandbox ready on https?://(\[?[0-9a-z.:]+?\]?):(\d+)\n", self.first_line)
        if match is None:
            self.process.kill()
            raise AssertionError(self.process.communicate()[1])
        self.host, self.port = match[1].strip("[]").replace("0.0.0.0", "127.0.0.1"), int(match[2])

    def connect(self) -> HTTPConnection:
        return HTTPConnection(self.host, self.port, timeout=FAILSAFE_S)

    def ask(self, method: str, path: str, **options: Any) -> tuple[int, bytes]:
        """One request on a connection of its own."""
        with closing(self.connect()) as connection:
            connection.request(method, path, **options)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        """Exit code, further output and errors of a process that was asked to end."""
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self.process.send_signal(number)
        code = self.process.wait(FAILSAFE_S)
        return code, self.process.stdout.read(), self.process.stderr.read()


Start = Callable[..., Server]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts servers on free ports, and ends those that still run after the test."""
    started: list[Server] = []

    def start_one(*arguments: str, under_nohup: bool = False, **env: str) -> Server:
        ports = () if "--port" in arguments or "SANDBOX_PORT" in env else ("--port", "0")
        fixtures = () if "--fixture" in arguments or "SANDBOX_FIXTURE" in env else ("--fixture", PLAIN)
        started.append(Server(*ports, *fixtures, *arguments, under_nohup=under_nohup, **env))
        return started[-1]

    yield start_one
    for server in started:
        server.process.kill()
        server.process.communicate()
