"""Runs a command beside a sandbox that is there for it alone, and tells it by its environment where that is."""

import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from types import FrameType
from typing import TextIO

from starlette.types import ASGIApp

from sandbox.client import SandboxClient, Workspace
from sandbox.server.app import Sandbox
from sandbox.server.report import Report
from sandbox.server.serving import SEED_IGNORED
from sandbox.server.threaded import ThreadedServer
from sandbox.settings import Settings

PASSED_ON = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
FROM_KEYS = (signal.SIGINT, signal.SIGQUIT)
"""What a terminal sends to everybody in its foreground by itself."""


class CannotRun(Exception):
    """The command cannot be run; `code` is the exit status that a shell would have for it."""

    def __init__(self, command: str, error: OSError) -> None:
        super().__init__(f"Cannot run {command}: {error.strerror or error}.")
        self.code = 127 if isinstance(error, FileNotFoundError) else 126


class Companion:
    """A command to run; what we are sent in the meantime goes to it, and each vendor exchange into the report."""

    def __init__(self, command: list[str], report: TextIO | None) -> None:
        self._command = command
        self._report = report
        self._process: subprocess.Popen[bytes] | None = None
        self._missed: list[int] | None = None
        """Signals that came while it was being started."""
        for number in PASSED_ON:
            # What we catch the command no longer ignores: under nohup a hangup is for neither of us.
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._pass_on)

    def run(self, settings: Settings, listener: socket.socket) -> int:
        """The command's exit status as a shell has it: 128 and the signal's number when one ended it."""
        with ThreadedServer(settings, listener, self._made) as server:
            token = server.settings.control_token
            with SandboxClient(server.url, token) as client:
                told = environment(client.workspace("default"), token)
            code = _ended(self._start(told))
        return code if code >= 0 else 128 - code

    def _made(self, app: Sandbox) -> ASGIApp:
        if app.is_seed_ignored:
            print(SEED_IGNORED, file=sys.stderr, flush=True)
        return app if self._report is None else Report(app, self._report)

    def _start(self, told: dict[str, str]) -> "subprocess.Popen[bytes]":
        self._missed = []
        try:
            self._process = subprocess.Popen(self._command, env=os.environ | told)
        except OSError as error:
            raise CannotRun(self._command[0], error) from None
        for number in self._missed:
            self._send(self._process, number)
        return self._process

    def _pass_on(self, number: int, _: FrameType | None) -> None:
        if self._process is not None:
            self._send(self._process, number)
        elif self._missed is not None:
            self._missed.append(number)
        else:
            raise SystemExit(128 + number)

    def _send(self, process: "subprocess.Popen[bytes]", number: int) -> None:
        if number not in FROM_KEYS or not _is_in_foreground():
            process.send_signal(number)


def _ended(process: "subprocess.Popen[bytes]") -> int:
    """The exit status of the command, once it has one.

    Whoever waits for a process in a system call hears of a signal that comes just before it only after it. So another
    thread waits, and a byte arrives here for that and for each signal.
    """
    news, told = socket.socketpair()
    told.setblocking(False)
    before = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)

    def wait() -> None:
        process.wait()
        with suppress(BlockingIOError):  # it is full of news already
            told.send(b"\0")

    waiter = threading.Thread(target=wait, name="dialog-sandbox-exec")
    waiter.start()
    try:
        while process.returncode is None:
            news.recv(1024)
    finally:
        signal.set_wakeup_fd(before)
        waiter.join()
        news.close()
        told.close()
    return process.returncode


def environment(workspace: Workspace, token: str | None) -> dict[str, str]:
    """Where the vendors and the control API are, and the credentials of a workspace with its first console and account.

    Empty when there is no console or no account.
    """
    console = workspace.consoles[0] if workspace.consoles else None
    account = workspace.accounts[0] if workspace.accounts else None
    return {
        "SANDBOX_URL": workspace.url,
        "SANDBOX_WORKSPACE": workspace.id,
        "SANDBOX_CONTROL_URL": workspace.control_url,
        "SANDBOX_WRITEBACK_URL": workspace.writeback_url,
        "SANDBOX_SIMPLEPAY_URL": workspace.simplepay_url,
        "SANDBOX_DIALOGTECH_URL": workspace.dialogtech_url,
        "SANDBOX_BASIC_USERNAME": workspace.basic.username,
        "SANDBOX_BASIC_PASSWORD": workspace.basic.password,
        "SANDBOX_CONSOLE": console.code if console else "",
        "SANDBOX_LINE": console.line if console else "",
        "SANDBOX_ACCESS_KEY": account.access_key if account else "",
        "SANDBOX_SECRET_ACCESS_KEY": account.secret_access_key if account else "",
        "SANDBOX_TRACKING_NUMBER": account.tracking_numbers[0] if account else "",
        **({"SANDBOX_CONTROL_TOKEN": token} if token else {}),
    }


def _is_in_foreground() -> bool:
    """Whether the keys of our terminal reach us and the command alike."""
    try:
        with open("/dev/tty", "rb", buffering=0) as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False
