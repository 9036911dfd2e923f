"""How long does one caller's large call keep another waiting? `python -m bench --stalls` prints a table.

Another process makes the large call. Meanwhile, and for a little while afterwards, a read of three records of another
workspace is due every 50 ms; what it takes counts from when it was due, so that a stall counts for all that it delays.
"""

import json
import sqlite3
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from bench import fill, journals
from bench.chores import COMMAND, DEFAULT, JSON, TIMEOUT_S, WORKSPACES
from bench.load import Request
from bench.pages import markdown, write_between_marks
from bench.report import machine
from bench.servers import Broken, Server
from bench.workloads import FORM, SIMPLEPAY, Workspace, reads
from sandbox.clock import SECOND
from sandbox.store import Store, Tx
from sandbox.store.tables import CounterRow, ScheduledRow
from sandbox.vendors import VENDORS
from sandbox.world.schedule import update_next_due
from sandbox.world.workspaces import find

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reliability.md"
EVERY_S = 0.05
AFTERWARDS_S = 2.0
"""What goes on behind the answer is measured too."""
MOST_MS = 100
RECIPIENTS, DUE, EXCHANGES, EXPECTATIONS, JOURNALLED = 5_000, 40_000, 2_000, 100, 100_000
WHOLE_JOURNAL = {"SANDBOX_JOURNAL_LIMIT": str(2 * JOURNALLED)}
MOST_S = 5
"""What a report may take over `JOURNALLED` exchanges."""
LARGE = fill.Size(messages=100_000, days=30, consoles=4, people=20_000)
END = int(datetime(2026, 5, 6, 9, tzinfo=UTC).timestamp()) * SECOND
"""When the clock of a large store stands."""
HOSPITAL = f"{WORKSPACES}/hospital"


@dataclass(frozen=True)
class Call:
    """A large call, by its path and JSON."""

    title: str
    method: str
    path: str
    body: Any = None


@dataclass(frozen=True)
class Stall:
    """What others waited while a call was answered in so many seconds, in ms."""

    call: Call
    seconds: float
    pings: int
    p50: float
    p99: float
    longest: float

    @property
    def row(self) -> tuple[str, ...]:
        """The cells of the table."""
        waited = (f"{ms:.0f} ms" for ms in (self.p50, self.p99, self.longest))
        return (self.call.title, f"{self.seconds:.1f} s", *waited)

    def __str__(self) -> str:
        return f"{self.call.title}: {self.seconds:.1f} s; others {self.p50:.0f}, {self.p99:.0f}, {self.longest:.0f} ms"


ON_CLINIC = (
    Call("seeding hospital", "POST", WORKSPACES, {"fixture": "hospital", "name": "hospital"}),
    Call("reset of hospital", "POST", f"{HOSPITAL}/reset"),
    Call("taking a snapshot of hospital", "PUT", f"{HOSPITAL}/snapshots/full"),
    Call("restoring it", "POST", f"{HOSPITAL}/snapshots/full/restore"),
    Call("downloading it", "GET", f"{HOSPITAL}/snapshots/full"),
    Call("deletion of hospital", "DELETE", HOSPITAL),
)
VERIFY = Call(
    f"verify, {EXPECTATIONS} expectations over {EXCHANGES:,} exchanges",
    "POST",
    f"{DEFAULT}/verify",
    {"expect": [{"operation": "simplepay.submit", "count": {"min": 0}}] * EXPECTATIONS},
)
REPORTED = (
    Call(f"report over {JOURNALLED:,} exchanges", "GET", f"{DEFAULT}/report"),
    Call("the same as a page", "GET", f"{DEFAULT}/report?format=html"),
)
ON_LARGE = (
    Call(
        f"broadcast to {RECIPIENTS:,}",
        "POST",
        f"{DEFAULT}/broadcasts",
        {
            "name": "All",
            "text": "Come.",
            "console": fill.CONSOLES[0],
            "to": [fill.phone_of(n) for n in range(RECIPIENTS)],
        },
    ),
    Call(f"a leap over {DUE:,} due", "POST", f"{DEFAULT}/clock", {"action": "advance", "seconds": 24 * 3600}),
    Call(f"deletion of {LARGE.messages:,} messages and more", "DELETE", f"{DEFAULT}/messages"),
)


def everything(say: Callable[[str], None]) -> list[Stall]:
    """Measure each call once."""
    found = []
    with ProcessPoolExecutor(1, get_context("spawn")) as elsewhere:
        with Server(COMMAND) as server:
            others = Workspace.seeded(server, "clinic")
            exchange(server)
            for call in (*ON_CLINIC, VERIFY):
                found.append(stall(server, others, call, elsewhere))
                say(str(found[-1]))
        with large_store() as path, Server([*COMMAND, "--database", str(path)], WHOLE_JOURNAL) as server:
            others = Workspace.seeded(server, "clinic")
            for call in (*REPORTED, *ON_LARGE):
                found.append(stall(server, others, call, elsewhere))
                say(str(found[-1]))
    return found


def stall(server: Server, others: Workspace, call: Call, elsewhere: ProcessPoolExecutor) -> Stall:
    """Make one call from another process, and read in `others` meanwhile."""
    work = reads(others, 3)
    elsewhere.submit(time.time).result()  # so that the process is there
    with pinging(server, work.requests[0], others.basic) as ping:
        ping()
        began = time.perf_counter()
        answered = elsewhere.submit(ask, server.address, call)
        taken, ends, due = [], None, began
        while ends is None or due < ends:
            due = due + EVERY_S
            time.sleep(max(0, due - time.perf_counter()))
            ping()
            taken.append((time.perf_counter() - due) * 1000)
            if ends is None and answered.done():
                seconds, ends = answered.result(), time.perf_counter() + AFTERWARDS_S
    taken.sort()
    return Stall(call, seconds, len(taken), taken[len(taken) // 2], taken[int(len(taken) * 0.99)], taken[-1])


@contextmanager
def pinging(server: Server, request: Request, headers: Mapping[str, str]) -> Iterator[Callable[[], None]]:
    """Give what asks once, on one connection, for an answer that has to be right."""
    connection = HTTPConnection(*server.address, timeout=TIMEOUT_S)

    def ping() -> None:
        connection.request(request.method, request.target, headers=dict(headers))
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200 or len(json.loads(body)["response"]) != 3:
            raise Broken(f"a read of 3 records: {answer.status} {body[:300]!r}")

    yield ping
    connection.close()


def ask(address: tuple[str, int], call: Call) -> float:
    """Make the call; return how many seconds it took."""
    connection = HTTPConnection(*address, timeout=TIMEOUT_S)
    content, headers = (None, {}) if call.body is None else (json.dumps(call.body), JSON)
    began = time.perf_counter()
    connection.request(call.method, call.path, content, headers)
    answer = connection.getresponse()
    body = answer.read()
    seconds = time.perf_counter() - began
    connection.close()
    if answer.status >= 300:
        raise Broken(f"{call.title}: {answer.status} {body[:300]!r}")
    return seconds


def exchange(server: Server) -> None:
    """Fill a journal."""
    connection = HTTPConnection(*server.address, timeout=TIMEOUT_S)
    basic = {"Authorization": "Basic " + b64encode(b"demo:demo").decode()}
    for _ in range(EXCHANGES):
        form = "To=14155550123&From=16155550110&Body=Hello"
        connection.request("POST", f"{SIMPLEPAY}/submit/HARBOR1001", form, {**FORM, **basic})
        connection.getresponse().read()
    connection.close()


@contextmanager
def large_store() -> Iterator[Path]:
    """Give a database whose `default` has many messages, a long journal, and many sends that are due within a day."""
    with tempfile.TemporaryDirectory(prefix="dialog-sandbox-bench-") as folder:
        path = Path(folder, "large.db")
        fill.fill(path, LARGE, END)
        store = Store(str(path), id_formats=[each for vendor in VENDORS for each in vendor.id_formats])
        try:
            store.write_now(schedule_many)
        finally:
            store.close()
        journals.fill_journal(path, JOURNALLED, END, messages=LARGE.messages, days=LARGE.days)
        with sqlite3.connect(path) as driver:
            driver.execute("UPDATE workspace SET clock_frozen = 1, clock_at = ? WHERE name = 'default'", (END,))
        yield path


def schedule_many(tx: Tx) -> None:
    workspace = tx.enter(find.find_workspace(tx, find.DEFAULT))
    line = "16155550110"
    tx.add_all(
        [
            ScheduledRow(
                workspace_id=workspace.id,
                id=n,
                due_at=END + n * SECOND,
                command="send",
                arguments=json.dumps({"line": line, "to": fill.phone_of(n % LARGE.people), "text": "Come."}),
            )
            for n in range(1, DUE + 1)
        ]
    )
    tx.add(CounterRow(workspace_id=workspace.id, kind="scheduled", n=DUE))
    update_next_due(tx)


def table(found: list[Stall]) -> str:
    """The results in Markdown."""
    return markdown(("call", "answered in", "p50", "p99", "longest"), [each.row for each in found])


def run(say: Callable[[str], None], *, write: bool) -> bool:
    """Measure and print; return whether all keep within the limit. `write`: into the documentation, too."""
    found = everything(say)
    print(table(found))
    print(f"\nthe most that a p99 may be: {MOST_MS} ms, and a report over {JOURNALLED:,} exchanges take: {MOST_S} s")
    if write:
        write_between_marks(PAGE, "stalls", f"{datetime.now(UTC):%Y-%m-%d}. {machine()}\n\n{table(found)}")
    return all(each.p99 <= MOST_MS and not (each.call in REPORTED and each.seconds > MOST_S) for each in found)
