"""What is shown of the measuring: the targets and whether they are met, a table, and a page for the documentation."""

import platform
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

from bench import pages
from bench.load import CONNECTIONS, Sample
from bench.measure import Effort, Found

PACKAGES = ("fastapi", "starlette", "uvicorn", "uvloop", "httptools", "pydantic")
HEADER = (
    *("call", "stored", "requests/s", "p50 ms", "p99 ms", "CPU µs"),
    *("next to bare", "next to the small store", "next to no journal"),
)
LEFT = 2
"""Columns of words, the others being numbers."""
OF_BARE = 0.5
OF_THOUSAND = 0.9
OF_UNWRITTEN = {"writeback, 3 records": 0.8, "submit": 0.88}
"""What is left of the requests/s with a journal."""
FIRST_ANSWER_S = 0.8
MEMORY_MB = 110


@dataclass(frozen=True)
class Target:
    """A promise of the project, and what was found."""

    title: str
    found: float
    limit: float
    is_least: bool
    """The limit is the least that will do, else the most."""
    unit: str = ""

    @property
    def is_met(self) -> bool:
        return self.found >= self.limit if self.is_least else self.found <= self.limit

    def __str__(self) -> str:
        word = "at least" if self.is_least else "at most"
        verdict = "pass" if self.is_met else "FAIL"
        return f"{verdict}: {self.title}: {self.found:.2f}{self.unit}, {word} {self.limit:g}{self.unit}"


def targets(found: Found) -> list[Target]:
    """In the order of the results."""
    listed = []
    for result in found.results:
        if result.call.title in OF_UNWRITTEN:
            listed += [
                Target(f"{result.call.title}, next to the bare route", result.of_bare, OF_BARE, is_least=True),
                Target(
                    f"{result.call.title}, {found.million:,} messages next to {found.thousand:,}",
                    result.of_thousand,
                    OF_THOUSAND,
                    is_least=True,
                ),
                Target(
                    f"{result.call.title}, with the journal next to without",
                    result.of_unwritten,
                    OF_UNWRITTEN[result.call.title],
                    is_least=True,
                ),
            ]
    listed.append(Target("first answer on clinic", found.first_answer_s, FIRST_ANSWER_S, is_least=False, unit=" s"))
    for title, memory in (
        ("after the start on clinic", found.clinic_mb),
        (f"after the load, {found.thousand:,} messages", found.thousand_mb),
        (f"after the load, {found.million:,} messages", found.million_mb),
    ):
        listed.append(Target(f"memory {title}", memory, MEMORY_MB, is_least=False, unit=" MB"))
    return listed + [Target(each.title, each.found, each.most, is_least=False, unit=each.unit) for each in found.chores]


def rows(found: Found) -> list[tuple[str, ...]]:
    """The results as words, under `HEADER`."""
    listed = []
    for result in found.results:
        title = result.call.title
        listed += [
            (title, "bare route", *numbers(result.bare), "", "", ""),
            (
                *("", f"{found.thousand:,}", *numbers(result.thousand)),
                *(f"{result.of_bare:.2f}", "", f"{result.of_unwritten:.2f}"),
            ),
            ("", f"{found.thousand:,}, no journal", *numbers(result.unwritten), "", "", ""),
            ("", f"{found.million:,}", *numbers(result.million), "", f"{result.of_thousand:.2f}", ""),
        ]
    return listed


def numbers(samples: list[Sample]) -> tuple[str, ...]:
    """Medians of the rounds."""

    def middle(value: Callable[[Sample], float]) -> float:
        return median(map(value, samples))

    return (
        f"{middle(lambda sample: sample.per_s):,.0f}",
        f"{middle(lambda sample: sample.p50_ms):.1f}",
        f"{middle(lambda sample: sample.p99_ms):.1f}",
        f"{middle(lambda sample: sample.cpu_us):,.0f}",
    )


def table(found: Found) -> str:
    """For a terminal."""
    listed = [HEADER, *rows(found)]
    widths = [max(len(row[column]) for row in listed) for column in range(len(HEADER))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column < LEFT else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in listed
    )


def markdown(found: Found) -> str:
    return pages.markdown(HEADER, rows(found), words=LEFT)


def machine() -> str:
    """What it was measured on; nothing that names the machine or a path."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"{len(models)} cores of {models[0] if models else platform.machine()}, {platform.system()};"
        f" Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {packages}"
    )


def page(found: Found, effort: Effort) -> str:
    """`docs/benchmarks.md`."""
    lines = "\n".join(f"- {target}" for target in targets(found))
    return f"""# Benchmarks

Written by `make bench ARGS=--write` on {datetime.now(UTC):%Y-%m-%d}. {machine()}. Load generator and server share
those cores.

{markdown(found)}

{lines}

Filling the large store took {found.fill_s:.0f} s.

## How to read it

- One `dialog-sandbox serve` process with default settings but for `--database`: a store that is kept waits for the
  disk now and then, a temporary one never does. Load by wrk on the loopback: 1 thread, {CONNECTIONS} connections,
  {effort.seconds} s a run after a warm-up, {effort.rounds} rounds.
- The *bare route* is a FastAPI endpoint with the same method, path parameters, Basic credentials (against a
  constant) and form or query parameters, served by uvicorn with the same settings. It stores nothing, and answers
  with the bytes of one of the sandbox's own answers.
- Each round measures the bare route, the small store with the journal and without (`SANDBOX_JOURNAL=0`) and the large
  one right after each other, and a ratio is the median of the rounds' ratios: what else the machine does in the
  meantime slows down all of them. The other numbers are medians of the rounds. *CPU* is what the server's process used
  per request, user and system.
- The windows, ids, days and recipients of the requests vary, over the whole store. Answers are read and counted
  before and after each run, their mean size is checked in it, a single one that is not a success ends the benchmark,
  and what was submitted has to be in the store.
- The large store is spread over 30 days, 4 consoles and 2 accounts, the small one over 6 days, one console and the
  same accounts, so that a thousand records lie within one week. Both know the same 20,000 people. The small store
  is another copy for each run of submits, and grows in it.
- The query plan of each hot statement has to name the index that serves it.

## To repeat it

    make bench
    make bench ARGS=--quick
    make bench ARGS=--write
    make bench ARGS="--against COMMIT"

The last one installs another commit beside this one, by its own lock files, and lets the two take turns: CPU per
request, the first answer, memory, seeding and resetting `hospital`. The other is known by its command
and by HTTP alone.

`wrk` has to be installed (Debian: `apt install wrk`). It takes about seven minutes, two with `--quick`, which fills the
large store with a tenth of the messages. Filling it in full takes 1.3 GB of memory and 0.8 GB of disk for a while. The
exit code is 1 when a target is missed.
"""
