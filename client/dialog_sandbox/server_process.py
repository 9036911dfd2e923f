"""The server of a test run, in a process of its own: it shares nothing of what tests patch, and ends with us."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock, Thread, Timer
from typing import Any

from dialog_sandbox.server_command import NoServer, ServerCommand, server_command

LOOPBACK = "127.0.0.1"
# We hold the other end of its standard input: so it ends with us, also when we are killed and can tear down nothing.
FLAGS = ["serve", "--until-eof", "--host", LOOPBACK, "--port", "0", "--seed", "1"]
FIXTURE = "empty"
NOT_OURS = re.compile(
    r"SANDBOX_(DATABASE|DEMO|PUBLIC_URL|START_AT|TLS|TLS_[A-Z]+|TRUSTED_PROXIES|WORKERS)"
    r"|PYTHON(WARNINGS|INSPECT|OPTIMIZE|DEVMODE|TRACEMALLOC|PROFILEIMPORTTIME)"
    r"|(COV_CORE|COVERAGE_PROCESS)_.*"
)
"""Variables for other servers, and for the Python and the coverage of the tests; `SANDBOX_CALLBACK_*` hold for ours."""
READY = "dialog-sandbox ready on "
LONGEST_END_S = 10


class CannotStart(Exception):
    """The server did not start; the text says why, or that it stands on standard error."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason or "The sandbox's server did not start: see what it says on standard error.")


class ServerProcess:
    """A server that starts when its URL is first asked for, in this folder, wherever the tests have gone since."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._process: subprocess.Popen[str] | None = None
        self._url = ""
        self._starting = Lock()

    @property
    def url(self) -> str:
        """Raises `CannotStart`."""
        with self._starting:
            self._url = self._url or self._start()
            return self._url

    def _start(self) -> str:
        self.close()
        try:
            self._process = started(server_command(), self._folder)
        except NoServer as error:
            raise CannotStart(str(error)) from None
        first_line = self._process.stdout.readline() if self._process.stdout else ""
        if not first_line.startswith(READY):
            raise CannotStart
        return first_line.removeprefix(READY).strip()

    def close(self) -> None:
        if self._process is not None:
            with self._process as process:
                stop(process)
            self._process = None


def started(command: ServerCommand, folder: Path | None = None) -> "subprocess.Popen[str]":
    """Return a server that this command starts. Raises `CannotStart`."""
    environment = {name: value for name, value in command.environment().items() if not NOT_OURS.fullmatch(name)}
    try:
        return subprocess.Popen(
            [*command.words, *FLAGS, "--fixture", os.environ.get("SANDBOX_FIXTURE") or FIXTURE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=folder,
            **apart(),
        )
    except OSError as error:
        raise CannotStart(f"Cannot run {command.words[0]}: {error.strerror or error}.") from None


def apart() -> dict[str, Any]:
    """Return what keeps Ctrl-C from a process: it is for pytest, whose tests still call it while they are torn down."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def stop(process: "subprocess.Popen[str]") -> None:
    """End a server, which takes its temporary files with it."""
    if process.stdin is not None:
        process.stdin.close()
    if sys.platform != "win32":  # where this would end it at once
        process.terminate()  # a process that a test has forked may still hold its standard input
    killer = Timer(LONGEST_END_S, process.kill)  # `wait` would go by a clock, which the tests may have replaced
    killer.daemon = True
    killer.start()
    process.wait()
    killer.cancel()


class SharedServer:
    """One server for all workers of pytest-xdist, which ask here where it is; it starts when the first of them asks."""

    def __init__(self, folder: Path | None = None) -> None:
        self._server = ServerProcess(folder)
        self._listener = socket.create_server((LOOPBACK, 0))
        self._is_open = True
        self.port: int = self._listener.getsockname()[1]
        self._thread = Thread(target=self._answer, name="dialog-sandbox", daemon=True)
        self._thread.start()

    def _answer(self) -> None:
        while True:
            asking, _ = self._listener.accept()
            with asking:
                if not self._is_open:
                    return
                try:
                    asking.sendall(self._url_or_reason().encode())
                except OSError:
                    continue  # hung up on, the worker says so

    def _url_or_reason(self) -> str:
        try:
            return self._server.url
        except CannotStart as error:
            return str(error)

    def close(self) -> None:
        self._is_open = False
        socket.create_connection((LOOPBACK, self.port)).close()
        self._thread.join()
        self._listener.close()
        self._server.close()


@contextmanager
def serving(shared_port: int | None = None, folder: Path | None = None) -> Iterator[str]:
    """Give the URL of a server of our own, in that folder, or of the one that `SharedServer` has at this port.

    Raises `CannotStart`.
    """
    if shared_port is None:
        server = ServerProcess(folder)
        try:
            yield server.url
        finally:
            server.close()
        return
    try:
        with socket.create_connection((LOOPBACK, shared_port)) as asking, asking.makefile() as answer:
            url = answer.read()
    except OSError:
        url = ""
    if not url.startswith("http"):
        raise CannotStart(url)
    yield url


def nobody_listens(url: str) -> bool:
    """Return whether the server at this URL has ended, and is not only slow."""
    host, _, port = url.rpartition("//")[2].rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), LONGEST_END_S).close()
    except ConnectionRefusedError:
        return True
    except (OSError, ValueError):
        return False
    return False
