"""Is this commit as good as another? Both run side by side and take turns: what else the machine does meets both.

A ratio is this commit's value next to the other's, measured right after each other; shown is the median of the turns.
Calls, seeding and resetting are compared by the CPU time that the server's process used, the first answer by wall time.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench import load
from bench.servers import Server
from bench.starts import Start, first_answer
from bench.workloads import Workload, Workspace, check, workloads

CALL, FIRST_ANSWER, MEMORY, SEEDING = 1.25, 1.15, 1.1, 1.0
"""The most that a ratio may be."""
WARM_UP_S = 1


@dataclass(frozen=True)
class Effort:
    """How long to measure. `fixture`: what both are filled from. `turns`: how often the two take turns at a call.
    `records`: how many the reads hold. `noise`: by so much may the same code differ from itself, measured so shortly.
    """

    fixture: str = "hospital"
    starts: int = 7
    seedings: int = 3
    turns: int = 6
    seconds: int = 2
    records: tuple[int, ...] = (3, 1_000)
    noise: float = 0.03


QUICK = Effort(starts=3, seedings=1, turns=2, seconds=1, noise=0.1)


@dataclass
class Comparison:
    """One line of the results: what was measured in turn, in its unit."""

    title: str
    unit: str
    limit: float
    here: list[float] = field(default_factory=list)
    there: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        return median(here / there for here, there in zip(self.here, self.there, strict=True))

    def is_over(self, noise: float) -> bool:
        """Whether the ratio is over its limit, and further from 1 than the same code may be from itself."""
        return self.ratio > max(self.limit, 1 + noise)

    def row(self, noise: float) -> tuple[str, ...]:
        """The cells under `HEADER`."""
        here, there = (f"{median(values):,.{0 if median(values) >= 100 else 2}f}" for values in (self.here, self.there))
        return (
            self.title,
            self.unit,
            here,
            there,
            f"{self.ratio:.2f}",
            f"{self.limit:g}",
            "OVER" if self.is_over(noise) else "",
        )


HEADER = ("what", "unit", "here", "there", "ratio", "limit", "")


@dataclass(frozen=True)
class Side:
    """One of the two commits. `here` is this one."""

    is_here: bool
    command: Path

    def start(self, *flags: str) -> Server:
        """Serve with default settings on a free port of loopback."""
        return Server([str(self.command), "serve", "--port", "0", *flags])

    def note(self, comparison: Comparison, value: float) -> None:
        (comparison.here if self.is_here else comparison.there).append(value)


Sides = tuple[Side, Side]


def in_turn(sides: Sides, turns: int) -> Iterator[Side]:
    """Each side so often, the two changing who goes first."""
    for turn in range(turns):
        yield from sides if turn % 2 == 0 else reversed(sides)


def compare(here: Path, there: Path, effort: Effort, say: Callable[[str], None]) -> list[Comparison]:
    """Measure two commands. `say` is told what is going on."""
    sides = Side(True, here), Side(False, there)
    say(f"the time to the first answer, {effort.starts} times each")
    found = starts(sides, effort.starts)
    with ExitStack() as stack:
        servers = {side: stack.enter_context(side.start()) for side in sides}
        say(f"seeding and resetting {effort.fixture}, {effort.seedings} times each")
        seeding, workspaces = seedings(sides, servers, effort)
        found += seeding
        found += calls(sides, workspaces, effort, say)
        found.append(memory_now("memory after all calls", servers))
    return found


def starts(sides: Sides, n: int) -> list[Comparison]:
    """The first answer of a new process, and its memory then."""
    seconds = Comparison("first answer", "s", FIRST_ANSWER)
    memory = Comparison("memory after the start", "MB", MEMORY)
    for side in sides:
        side_start(side)  # reads the files from the disk and compiles what is not yet
    for side in in_turn(sides, n):
        start = side_start(side)
        side.note(seconds, start.seconds)
        side.note(memory, start.memory_mb)
    return [seconds, memory]


def side_start(side: Side) -> Start:
    return first_answer(side.start)


def seedings(
    sides: Sides, servers: dict[Side, Server], effort: Effort
) -> tuple[list[Comparison], dict[Side, Workspace]]:
    """Seeding a workspace and resetting it; the last of each side stays, filled."""
    seeding = Comparison(f"seeding {effort.fixture}", "s of CPU", SEEDING)
    resetting = Comparison(f"resetting {effort.fixture}", "s of CPU", SEEDING)
    workspaces: dict[Side, Workspace] = {}
    for side in in_turn(sides, effort.seedings):
        if side in workspaces:
            workspaces[side].control("DELETE", "")
        server = servers[side]
        begun = server.cpu_s()
        workspaces[side] = Workspace.seeded(server, effort.fixture)
        seeded = server.cpu_s()
        workspaces[side].control("POST", "/reset")
        side.note(seeding, seeded - begun)
        side.note(resetting, server.cpu_s() - seeded)
    return [seeding, resetting, memory_now(f"memory after filling with {effort.fixture}", servers)], workspaces


def memory_now(title: str, servers: dict[Side, Server]) -> Comparison:
    comparison = Comparison(title, "MB", MEMORY)
    for side, server in servers.items():
        side.note(comparison, server.memory_mb())
    return comparison


def calls(
    sides: Sides, workspaces: dict[Side, Workspace], effort: Effort, say: Callable[[str], None]
) -> list[Comparison]:
    """CPU per request of each workload."""
    found = []
    of_side = {side: workloads(workspace, effort.records) for side, workspace in workspaces.items()}
    for n, workload in enumerate(of_side[sides[0]]):
        say(f"{workload.title}, {effort.turns} times each")
        comparison = Comparison(workload.title, "µs of CPU", CALL)
        for side in sides:
            cpu_us(workspaces[side], of_side[side][n], WARM_UP_S)
        for side in in_turn(sides, effort.turns):
            side.note(comparison, cpu_us(workspaces[side], of_side[side][n], effort.seconds))
        found.append(comparison)
    return found


def cpu_us(workspace: Workspace, workload: Workload, seconds: int) -> float:
    """CPU time per request in one run of the load, whose answers are checked before and after it."""
    check(workspace, workload)
    sample = load.run(workspace.server, workload.requests, workload.headers, seconds)
    check(workspace, workload)
    return sample.cpu_us


def table(found: list[Comparison], noise: float) -> str:
    """For a terminal."""
    rows = [HEADER, *(comparison.row(noise) for comparison in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if 2 <= column <= 5 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
