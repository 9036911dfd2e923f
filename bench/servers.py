"""The processes under load: the sandbox's own command, and the bare routes beside it."""

import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

READY = "ready on "
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 10.0
TICKS = os.sysconf("SC_CLK_TCK")
NOT_PASSED_ON = ("SANDBOX_", "PYTHON")
"""What begins so could make a server another one than a user has: one that compiles its code at each start, say."""


class Broken(Exception):
    """The benchmark cannot be run, or what it got cannot be right; the text says why."""


def sandbox(*flags: str, journal: bool = True) -> "Server":
    """`dialog-sandbox serve` on a free port of loopback, with or without a journal; else with default settings."""
    settings = {} if journal else {"SANDBOX_JOURNAL": "0"}
    return Server([sys.executable, "-m", "sandbox", "serve", "--port", "0", *flags], settings)


def bare(call: str, answer: Path) -> "Server":
    """The bare route of a call, which answers with the bytes of a file."""
    return Server([sys.executable, "-m", "bench.bare", call, str(answer)])


def cpu_s(pid: int) -> float:
    """Seconds of CPU that a process and those that it has started have used so far, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    ended = int(fields[13]) + int(fields[14])  # of children that were waited for
    return (int(fields[11]) + int(fields[12]) + ended) / TICKS + sum(map(cpu_s, children(pid)))


def children(pid: int) -> list[int]:
    """The processes that a process has started and that go on."""
    return [
        int(each) for task in Path(f"/proc/{pid}/task").iterdir() for each in (task / "children").read_text().split()
    ]


def resident_mb(pid: int) -> float:
    """Resident memory of a process in MB (10^6 bytes)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise Broken("the server has ended")


class Server:
    """A process of ours that serves HTTP, from the first answer on; `with` stops it."""

    def __init__(self, command: Sequence[str], settings: Mapping[str, str] | None = None) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  (closed by stop)
        environment = {name: value for name, value in os.environ.items() if not name.startswith(NOT_PASSED_ON)}
        environment |= settings or {}
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self._log, env=environment)
        try:
            self.url = self._ready_url()
        except BaseException:
            self.stop()
            raise

    def _ready_url(self) -> str:
        assert self._process.stdout is not None
        deadline = time.monotonic() + START_TIMEOUT_S
        said = b""
        while b"\n" not in said:
            readable, _, _ = select.select([self._process.stdout], [], [], max(0, deadline - time.monotonic()))
            more = os.read(self._process.stdout.fileno(), 4096) if readable else b""
            if not more:
                self._log.seek(0)
                raise Broken(f"the server did not start: {self._log.read().decode().strip() or 'it says nothing'}")
            said += more
        line = said.decode().splitlines()[0]
        return line[line.index(READY) + len(READY) :]

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        parts = urlsplit(self.url)
        assert parts.hostname
        assert parts.port
        return parts.hostname, parts.port

    @property
    def pid(self) -> int:
        """Of its (first) process."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def errors(self) -> str:
        """What it has told on its standard error so far; until it is stopped."""
        log = self._log.fileno()  # the server has the same place in it, and goes on writing there
        return os.pread(log, os.fstat(log).st_size, 0).decode(errors="replace")

    def kill(self) -> None:
        """End it without a chance to tidy up."""
        self._process.kill()
        self._process.wait()

    def cpu_s(self) -> float:
        """Seconds of CPU that it has used so far, user and system, with its workers'."""
        return cpu_s(self._process.pid)

    def memory_mb(self) -> float:
        """Resident memory in MB (10^6 bytes), of the largest of its workers if it has some."""
        pids = [self._process.pid, *children(self._process.pid)]
        return max(map(resident_mb, pids))

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
