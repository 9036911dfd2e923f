"""How does `dialog-sandbox rehearse` play a fortnight to a client, and what does it say in the end?"""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import NamedTuple

from dialog_sandbox import SandboxClient, SandboxError, Workspace
from dialog_sandbox.models.report import WorkspaceReport
from dialog_sandbox.models.values import moment
from sandbox.exec_command import ServerForCommand, environment, own_server, start_command
from sandbox.rehearsal.days import DEFAULT_START, MOST_DAYS, STARTS, next_midnight
from sandbox.rehearsal.player import Player
from sandbox.server.conformance.rule_states import BROKEN
from sandbox.settings import Settings
from sandbox.signals import HANGUP, STOPS, heeded
from sandbox.startup import FAILED

USUAL_MINUTES = 10
SHORTEST_MINUTES, LONGEST_MINUTES = 0.01, MOST_DAYS * 24 * 60
NOBODY_CALLED = (
    "The client never called, or never with the workspace's credentials: give it those of the SANDBOX_* variables."
    " GET /_sandbox/journal lists calls without them."
)
READ_NOTHING = (
    "The client read by date range, and was shown nothing of what was played: its ranges have to follow the workspace's"
    " clock, which the Date of each answer tells, and be about its first console or account. When that clock read"
    " {at:%Y-%m-%d %H:%M}, its last call was {method} {path}."
)
LOOK_EVERY_S = 0.1
"""How often it is looked whether a rehearsal is to end."""
LATEST_START = timedelta(hours=1)
"""After the midnight with which a rehearsal begins: the clock of a server that was just started runs already."""
FIRST_CALL_WITHIN_S = 60.0
LONGEST_GOODBYE_S = 10.0
"""How long a client may take to end once it was asked to."""


class NoRehearsal(Exception):
    """The text says what was asked wrongly, or what is missing."""


class Ended(Exception):
    """The rehearsal is over before its time: `code` is the client's exit status, as a shell has it, or a signal's."""

    def __init__(self, why: str, code: int) -> None:
        super().__init__(why)
        self.code = code


class RehearsalRequest(NamedTuple):
    """What is asked for. `begin`: None is the next midnight of the workspace. `minutes`: how long it takes outside."""

    begin: datetime | None
    days: int
    minutes: float
    seed: int


class Rehearsed(NamedTuple):
    """What came of a rehearsal.

    `code`: the exit status that it ended with before its time; 0 if it did not. `in_vain`: why it says nothing, though
    it names nothing that is broken.
    """

    report: WorkspaceReport
    code: int
    in_vain: str | None


def start_of(text: str | None, *, is_running: bool) -> datetime | None:
    """Return the midnight with which it begins: that of a name, or the first one from a time on. Raises `NoRehearsal`.

    `is_running`: whether the workspace is there already, whose next midnight it is if none is given.
    """
    if text is None:
        return None if is_running else STARTS[DEFAULT_START]
    if text in STARTS:
        return STARTS[text]
    try:
        return next_midnight(moment(text))
    except (ValueError, OverflowError):
        raise NoRehearsal(
            f"--start must be {', '.join(STARTS)}, or a time as 2028-02-28T00:00:00Z, not {text!r}."
        ) from None


def request_of(days: str | None, minutes: str | None, begin: datetime | None, settings: Settings) -> RehearsalRequest:
    """Return what is asked for by flags. Raises `NoRehearsal`."""
    if not settings.journal:
        raise NoRehearsal("A rehearsal needs the journal, and SANDBOX_JOURNAL switches it off: leave that out.")
    day_count = _number(days, int, MOST_DAYS)
    if day_count is None or not 1 <= day_count <= MOST_DAYS:
        raise NoRehearsal(f"--days must be a whole number from 1 to {MOST_DAYS}, not {days!r}.")
    duration = _number(minutes, float, USUAL_MINUTES)
    if duration is None or not SHORTEST_MINUTES <= duration <= LONGEST_MINUTES:
        raise NoRehearsal(f"--minutes must be a number from {SHORTEST_MINUTES} to {LONGEST_MINUTES}, not {minutes!r}.")
    return RehearsalRequest(begin, int(day_count), duration, settings.seed)


def _number(text: str | None, kind: type[int] | type[float], otherwise: float) -> float | None:
    try:
        return otherwise if text is None else kind(text)
    except ValueError:
        return None


def rehearse_beside_server(
    settings: Settings, listener: socket.socket, command: list[str], request: RehearsalRequest
) -> Rehearsed:
    """Play it to a command beside a server that is there for it alone. Raises `CannotRun`, `NoRehearsal`."""
    with own_server(settings, listener) as server:
        return _rehearse(server, "default", command, request)


def rehearse_on(
    url: str, token: str | None, name: str, command: list[str] | None, request: RehearsalRequest
) -> Rehearsed:
    """Play it in a workspace of a running server, and to the command if there is one.

    Raises `CannotRun`, `NoRehearsal`.
    """
    return _rehearse(ServerForCommand(url, token, None, {}), name, command, request)


def _rehearse(server: ServerForCommand, name: str, command: list[str] | None, request: RehearsalRequest) -> Rehearsed:
    try:
        with SandboxClient(server.url, server.token, verify=server.verify) as client:
            workspace = client.workspace(name)
            variables = environment(workspace, server.token) | server.trusted
            return Rehearsal(workspace, request).play_to(command, variables)
    except (SandboxError, ValueError) as error:
        raise NoRehearsal(str(error)) from None


class Rehearsal:
    """A rehearsal in a workspace, and the client that it is played to if we have started that."""

    def __init__(self, workspace: Workspace, request: RehearsalRequest) -> None:
        if not workspace.consoles:
            raise NoRehearsal("The workspace has no console to text from: add one, or choose another workspace.")
        self.workspace = workspace
        now = workspace.clock.now
        begin = request.begin or next_midnight(now)
        if now > begin + LATEST_START:
            raise NoRehearsal(f"The workspace's clock reads {now:%Y-%m-%d %H:%M} already: give a later --start.")
        self.player = Player(
            workspace,
            begin,
            days=request.days,
            minutes=request.minutes,
            seed=request.seed,
            wait=self._wait,
            tell=tell,
        )
        if begin > workspace.clock.now:
            workspace.clock.set(begin)
        self.player.pace.run_as_outside()
        self._call_before = self._last_call()
        self._client: subprocess.Popen[bytes] | None = None
        self._signal: int | None = None

    def play_to(self, command: list[str] | None, variables: dict[str, str]) -> Rehearsed:
        """Play it, and tell what the client got wrong by then, however it ended."""
        code, is_whole = 0, False
        place = self.player.place
        with self._heeding_signals():
            try:
                place.set_up()
                self._client = start_command(command, variables) if command else None
                try:
                    self._await_first_call()
                    self.player.play()
                    is_whole = True
                except Ended as ended:
                    tell(str(ended))
                    code = ended.code
                finally:
                    if self._client is not None:
                        end_client(self._client)
                report = self.workspace.report()
                return Rehearsed(report, code, self._why_in_vain(report, is_whole=is_whole))
            finally:
                place.tidy_up()

    def _why_in_vain(self, report: WorkspaceReport, *, is_whole: bool) -> str | None:
        """Return why nothing was rehearsed, where the report cannot tell: it knows no client that should have read."""
        if not report.calls:
            return NOBODY_CALLED
        if not is_whole or report.state == BROKEN or not report.pollers or any(each.results for each in report.pollers):
            return None
        (call,) = self.workspace.journal(1, operation=report.pollers[0].operation, order="newest")
        path = f"{call.path}?{call.query}" if call.query else call.path
        return READ_NOTHING.format(at=call.at, method=call.method, path=path)

    def _await_first_call(self) -> None:
        """Let no more time pass than outside until the client has started."""
        left = FIRST_CALL_WITHIN_S
        while self._last_call() == self._call_before:
            self._wait(LOOK_EVERY_S)
            left -= LOOK_EVERY_S
            if left <= 0:
                raise Ended(f"no call came within {FIRST_CALL_WITHIN_S:.0f} s", FAILED)

    def _last_call(self) -> str | None:
        calls = self.workspace.journal(1, order="newest")
        return calls[0].id if calls else None

    def _wait(self, seconds: float) -> None:
        """Wait so long in wall time; raises `Ended` when that is in vain."""
        until = time.monotonic() + seconds
        while True:
            self._check_goes_on()
            left = until - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, LOOK_EVERY_S))

    def _check_goes_on(self) -> None:
        if self._signal is not None:
            name = signal.Signals(self._signal).name
            raise Ended(f"{name}: this is what there was until now", 128 + self._signal)
        code = None if self._client is None else self._client.poll()
        if code is not None:
            status = code if code >= 0 else 128 - code
            raise Ended(f"the client has ended with {status}, before the rehearsal did", status)

    @contextmanager
    def _heeding_signals(self) -> Iterator[None]:
        """Have the first signal end the rehearsal, which then reports; the next one ends all."""

        def note(number: int, _: object) -> None:
            signal.signal(number, signal.SIG_DFL)
            self._signal = number

        before = {number: signal.signal(number, note) for number in heeded((*STOPS, *HANGUP))}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def end_client(client: "subprocess.Popen[bytes]") -> None:
    """Ask a client to end, and see to it that it does."""
    client.terminate()
    try:
        client.wait(LONGEST_GOODBYE_S)
    except subprocess.TimeoutExpired:
        tell(f"the client did not end within {LONGEST_GOODBYE_S:g} s, and was killed")
        client.kill()
        client.wait()


def tell(line: str) -> None:
    """A line on standard error: standard output is the report's, and the client's."""
    print(f"rehearsal: {line}", file=sys.stderr, flush=True)
