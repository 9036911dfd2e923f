"""What more processes bring: one and two workers on a file, one and two servers on PostgreSQL, under the same load.

All are started first and take turns, so that what else the machine does meets all of them.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench import load, servers
from bench.databases import DatabaseServer
from bench.load import Sample
from bench.pages import markdown, write_between_marks
from bench.report import machine
from bench.servers import Server, cpu_s
from bench.workloads import Workload, Workspace, check, reads, submits

PAGE = Path(__file__).resolve().parent.parent / "docs" / "scaling.md"
NAME = "processes"
"""Of the marks between which the page has the table."""
CONNECTIONS = 64
ROUNDS = 5
SECONDS = 3
RECORDS = 3
HEADER = (
    *("database", "processes", "Writeback reads/s, 3 records", "submits/s"),
    *("CPU µs a read", "CPU µs a submit", "of PostgreSQL besides", "MB each"),
)


@dataclass
class Setup:
    """Servers on one database, and what was measured. `postgresql`: the process that keeps it, if it is one."""

    database: str
    processes: str
    servers: Sequence[Server]
    workloads: Sequence[Workload]
    postgresql: int | None = None
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    database_us: dict[str, list[float]] = field(default_factory=dict)
    """CPU time of PostgreSQL's processes per request."""

    def median_of(self, title: str, value: Callable[[Sample], float]) -> float:
        return median(map(value, self.samples[title]))

    def measure(self, workload: Workload, seconds: int, *, keep: bool) -> None:
        """Load all servers at once, each with its part of the connections."""
        share = CONNECTIONS // len(self.servers)
        before = self.database_cpu_s()
        with ThreadPoolExecutor(len(self.servers)) as pool:
            loads = [
                pool.submit(load.run, server, workload.requests, workload.headers, seconds, share)
                for server in self.servers
            ]
            found = together([each.result() for each in loads])
        used = self.database_cpu_s() - before
        if keep:
            self.samples.setdefault(workload.title, []).append(found)
            self.database_us.setdefault(workload.title, []).append(used / found.requests * 1e6)

    def database_cpu_s(self) -> float:
        return cpu_s(self.postgresql) if self.postgresql else 0.0

    def row(self) -> tuple[str, ...]:
        """The cells under `HEADER`."""
        read, submit = (workload.title for workload in self.workloads)
        memory = max(server.memory_mb() for server in self.servers)
        kept = (
            f"{median(self.database_us[read]):,.0f}, {median(self.database_us[submit]):,.0f}" if self.postgresql else ""
        )
        return (
            *(self.database, self.processes),
            *(f"{self.median_of(title, lambda sample: sample.per_s):,.0f}" for title in (read, submit)),
            *(f"{self.median_of(title, lambda sample: sample.cpu_us):,.0f}" for title in (read, submit)),
            *(kept, f"{memory:,.0f}"),
        )


@contextmanager
def setups(folder: Path, say: Callable[[str], None]) -> Iterator[list[Setup]]:
    """Start them all; each has a workspace of its own from the same fixture."""
    say("starting and filling")
    with ExitStack() as stack:
        postgresql = stack.enter_context(DatabaseServer(folder=folder))

        def on_postgresql(processes: str, n: int) -> Setup:
            url = postgresql.url(postgresql.create())
            started = [stack.enter_context(servers.sandbox("--database", url)) for _ in range(n)]
            return Setup("PostgreSQL", processes, started, worked_on(started[0]), postgresql.pid)

        def on_file(processes: str, n: int) -> Setup:
            flags = ("--database", str(folder / f"{n}.db"), "--workers", str(n))
            server = stack.enter_context(servers.sandbox(*flags))
            return Setup("file", processes, [server], worked_on(server))

        yield [
            on_file("1", 1),
            on_file("2 workers", 2),
            on_postgresql("1 server", 1),
            on_postgresql("2 servers", 2),
        ]


def together(samples: Sequence[Sample]) -> Sample:
    """What was found on several servers at the same time, as if on one."""
    n = sum(each.requests for each in samples)
    return Sample(
        requests=n,
        mean_bytes=sum(each.mean_bytes * each.requests for each in samples) / n,
        per_s=sum(each.per_s for each in samples),
        p50_ms=median(each.p50_ms for each in samples),
        p99_ms=max(each.p99_ms for each in samples),
        cpu_us=sum(each.cpu_us * each.requests for each in samples) / n,
    )


def worked_on(server: Server) -> list[Workload]:
    workspace = Workspace.seeded(server, "hospital")
    found = [reads(workspace, RECORDS), submits(workspace)]
    for workload in found:
        check(workspace, workload)
    return found


def measure_in_turn(found: Sequence[Setup], say: Callable[[str], None]) -> None:
    """Measure each workload on all of them, round by round; the first one warms up."""
    for n in range(ROUNDS + 1):
        say(f"round {n} of {ROUNDS}" if n else "warming up")
        for index in range(len(found[0].workloads)):
            for setup in found:
                setup.measure(setup.workloads[index], SECONDS, keep=n > 0)


def table(found: Sequence[Setup]) -> str:
    """The results in Markdown."""
    return markdown(HEADER, [setup.row() for setup in found], words=2)


def run(say: Callable[[str], None], *, write: bool) -> bool:
    """Measure and print; there is no limit to miss. `write`: into the documentation, too."""
    load.check_installed()
    with TemporaryDirectory(prefix="dialog-sandbox-bench-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL's own user looks into it
        with setups(Path(folder), say) as found:
            measure_in_turn(found, say)
            result = table(found)
    print(result)
    if write:
        when = f"{datetime.now(UTC):%Y-%m-%d}, medians of {ROUNDS}, {CONNECTIONS} connections. {machine()}"
        write_between_marks(PAGE, NAME, f"{result}\n\n{when}")
    return True
