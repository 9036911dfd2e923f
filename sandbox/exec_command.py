"""How does a command run beside a sandbox that is there for it alone? Its environment tells it where that is."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from shlex import quote
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple, TextIO
from urllib.parse import urlsplit

from starlette.types import ASGIApp

from dialog_sandbox import SandboxClient, SandboxError, Workspace
from sandbox.app import Sandbox
from sandbox.https import context_from_here
from sandbox.report_command import format_of, report_of_all, written
from sandbox.server.report import Report
from sandbox.server_certificate import certified
from sandbox.server_thread import ThreadedServer
from sandbox.settings import Settings
from sandbox.signals import PASSED_ON, existing, heeded
from sandbox.web_server import SEED_IGNORED

if TYPE_CHECKING:
    import ssl

PAST_PROXIES = ("NO_PROXY", "no_proxy")
FROM_KEYS = existing("SIGINT", "SIGQUIT")
"""What a terminal sends by itself to everybody in its foreground."""


class CannotRun(Exception):
    """The command cannot be run; `code` is the exit status that a shell would have for it."""

    def __init__(self, command: str, error: OSError) -> None:
        super().__init__(f"Cannot run {command}: {error.strerror or error}.")
        self.code = 127 if isinstance(error, FileNotFoundError) else 126


async def run_beside_server(
    command: list[str],
    settings: Settings,
    listener: socket.socket,
    lines: TextIO | None,
    report: "TextIO | None" = None,
    saved: Path | None = None,
) -> int:
    """The command's exit status as a shell has it: 128 and the signal's number when one ended it.

    Each vendor exchange goes into `lines`; what the command gets wrong, into `report`, as the file's ending says; the
    run of its workspace into `saved` when it has failed.
    """

    def behind(app: Sandbox) -> ASGIApp:
        if app.is_seed_ignored:
            print(SEED_IGNORED, file=sys.stderr, flush=True)
        return app if lines is None else Report(app, app.journal, app.store, lines)

    with own_server(settings, listener, behind) as server:
        with SandboxClient(server.url, server.token, verify=server.verify) as client:
            variables = environment(client.workspace("default"), server.token)
        code = await _run(command, variables | server.trusted)
        if report is not None:
            await asyncio.to_thread(_write_report, server, report)
        if saved is not None and code != 0:
            await asyncio.to_thread(_save_run, server, saved)
    return code if code >= 0 else 128 - code


class ServerForCommand(NamedTuple):
    """A server that a command calls. `trusted`: the variables by which that knows it as whom it says it is."""

    url: str
    token: str | None
    verify: "ssl.SSLContext | None"
    trusted: dict[str, str]


@contextmanager
def own_server(
    settings: Settings, listener: socket.socket, behind: Callable[[Sandbox], ASGIApp] | None = None
) -> Iterator[ServerForCommand]:
    """Serve on a bound socket, over https where the settings say so. `behind`: as `ThreadedServer` has it."""
    with ExitStack() as stack:
        settings, made = stack.enter_context(certified(settings))
        trusted = _trusting(made.ca, stack) if made else {}
        verify = context_from_here(made.ca if made else None) if settings.is_https else None
        server = stack.enter_context(ThreadedServer(settings, listener, behind))
        yield ServerForCommand(server.url, server.settings.control_token, verify, trusted)


def _trusting(ca: Path, stack: ExitStack) -> dict[str, str]:
    """Return the variables by which the command trusts a CA; their files are there as long as the stack."""
    from sandbox.trust import trusting  # noqa: PLC0415  (only https needs it)

    return trusting(os.environ, ca, Path(stack.enter_context(TemporaryDirectory(prefix="dialog-sandbox-trust-"))))


def _write_report(server: ServerForCommand, file: TextIO) -> None:
    with SandboxClient(server.url, server.token, verify=server.verify) as client:
        file.write(written(report_of_all(client), format_of(None, file.name)))


def _save_run(server: ServerForCommand, file: Path) -> None:
    """Save the bundle of the command's workspace, and say how the run is made again, or why it could not be saved."""
    try:
        with SandboxClient(server.url, server.token, verify=server.verify) as client:
            file.write_bytes(client.workspace("default").export_bundle())
    except (SandboxError, OSError) as error:
        print(f"Cannot save the run: {error}", file=sys.stderr)
    else:
        print(f"The run is saved: dialog-sandbox replay {quote(str(file))}", file=sys.stderr)


async def _run(command: list[str], variables: dict[str, str]) -> int:
    """Runs the command and hands it the signals that come; those that come while it starts wait in the loop."""

    def pass_on(number: signal.Signals) -> None:
        if number not in FROM_KEYS or not _is_in_foreground():
            process.send_signal(number)

    for number in heeded(PASSED_ON):
        with suppress(NotImplementedError):  # a loop on Windows hands on none: the keys reach the command by themselves
            asyncio.get_running_loop().add_signal_handler(number, pass_on, number)
    process = start_command(command, variables)
    return await asyncio.to_thread(process.wait)


def start_command(command: list[str], variables: dict[str, str]) -> "subprocess.Popen[bytes]":
    """Start a command with our environment and these variables. Raises `CannotRun`."""
    try:
        past = past_proxies(os.environ, variables["SANDBOX_URL"])
        return subprocess.Popen(command, env=os.environ | variables | past)
    except OSError as error:
        raise CannotRun(command[0], error) from None


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


def past_proxies(environment: Mapping[str, str], url: str) -> dict[str, str]:
    """Return what keeps a command from calling the server at `url` through a proxy, added to what it has of it.

    In both spellings, since some programs know only one.
    """
    host = str(urlsplit(url).hostname)
    named = [
        name.strip() for variable in PAST_PROXIES for name in environment.get(variable, "").split(",") if name.strip()
    ]
    # Most programs know `*` only where it stands alone.
    names = ["*"] if "*" in named else dict.fromkeys([*named, host, "localhost"])
    return dict.fromkeys(PAST_PROXIES, ",".join(names))


def _is_in_foreground() -> bool:
    """Whether the keys of our terminal reach us and the command alike."""
    try:
        with open("/dev/tty", "rb", buffering=0) as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False
