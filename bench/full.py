"""The benchmark itself: this commit next to bare routes and with many messages stored."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bench import measure, plans, report
from bench.fill import MILLION
from sandbox.store import Store

FULL = measure.Effort(seconds=2, rounds=9, starts=7, million=MILLION)
QUICK = measure.Effort(seconds=1, rounds=4, starts=3, million=replace(MILLION, messages=100_000))
PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"


def run(*, quick: bool, write: bool, say: Callable[[str], None]) -> bool:
    """Measure, and print the results; whether all targets are met. `quick` fills a tenth of the messages."""
    effort = QUICK if quick else FULL
    faults = plan_faults()
    with tempfile.TemporaryDirectory(prefix="dialog-sandbox-bench-") as folder:
        found = measure.everything(effort, Path(folder), say)
    print(report.machine(), report.table(found), sep="\n\n", end="\n\n")
    print(f"a store of {found.million:,} messages was filled in {found.fill_s:.0f} s\n")
    listed = report.targets(found)
    print(*listed, *faults, sep="\n")
    if write:
        PAGE.write_text(report.page(found, effort))
    return not faults and all(target.is_met for target in listed)


def plan_faults() -> list[str]:
    """Hot statements that their index does not serve, on a new store: its planner knows as little as any other's."""
    store = Store()
    try:
        return [f"FAIL: {fault}" for fault in plans.faults(store.engine)]
    finally:
        store.close()
