"""`python -m bench`: measures, compares with the targets, and exits 1 when one is missed."""

import argparse
import signal
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from bench import load, measure, plans, report
from bench.fill import MILLION
from bench.servers import Broken
from sandbox.world.store import Store

FULL = measure.Effort(seconds=2, rounds=9, starts=7, million=MILLION)
QUICK = measure.Effort(seconds=1, rounds=4, starts=3, million=replace(MILLION, messages=100_000))
PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="How fast the sandbox is.")
    parser.add_argument("--quick", action="store_true", help="two minutes, not seven; a tenth of the messages")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    options = parser.parse_args()
    effort = QUICK if options.quick else FULL
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers are ended too
    try:
        load.check_installed()
        faults = plan_faults()
        with tempfile.TemporaryDirectory(prefix="dialog-sandbox-bench-") as folder:
            found = measure.everything(effort, Path(folder), say)
    except Broken as error:
        fail(str(error))
    print(report.machine(), report.table(found), sep="\n\n", end="\n\n")
    print(f"a store of {found.million:,} messages was filled in {found.fill_s:.0f} s\n")
    listed = report.targets(found)
    print(*listed, *faults, sep="\n")
    if options.write:
        PAGE.write_text(report.page(found, effort))
    raise SystemExit(bool(faults) or not all(target.is_met for target in listed))


def plan_faults() -> list[str]:
    """Hot statements that their index does not serve, on a new store: its planner knows as little as any other's."""
    store = Store()
    try:
        return [f"FAIL: {fault}" for fault in plans.faults(store)]
    finally:
        store.close()


def say(what: str) -> None:
    print(f"... {what}", file=sys.stderr, flush=True)


def fail(message: str) -> NoReturn:
    print(f"bench: {message}", file=sys.stderr)
    raise SystemExit(1)


if __name__ == "__main__":
    main()
