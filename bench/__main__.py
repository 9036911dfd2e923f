"""`python -m bench`: measures, compares with the targets or with another commit, and exits 1 when a limit is missed."""

import argparse
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

from bench import against, load, other
from bench.servers import Broken


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="How fast the sandbox is.")
    parser.add_argument("--quick", action="store_true", help="two minutes, and less exact")
    parser.add_argument(
        "--write",
        action="store_true",
        help="write docs/benchmarks.md, with --stalls docs/reliability.md, with --processes docs/scaling.md,"
        " with --shares docs/architecture.md",
    )
    parser.add_argument("--against", metavar="COMMIT", help="compare with another commit, side by side")
    parser.add_argument("--stalls", action="store_true", help="only how long one caller's large call delays another")
    parser.add_argument("--processes", action="store_true", help="only what more processes bring, on both databases")
    parser.add_argument("--shares", action="store_true", help="only where the CPU time of a call goes")
    options = parser.parse_args()
    if options.write and options.against:
        parser.error("--write is for the benchmark itself, not for a comparison")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers are ended too
    try:
        is_met = chosen(options)(options)
    except Broken as error:
        fail(str(error))
    raise SystemExit(not is_met)


def chosen(options: argparse.Namespace) -> Callable[[argparse.Namespace], bool]:
    if options.stalls:
        return stalls
    if options.shares:
        return shares
    return processes if options.processes else compare_or_measure


def shares(options: argparse.Namespace) -> bool:
    """Measure where the CPU time of a call goes."""
    from bench import shares as measured  # noqa: PLC0415  (as below)

    return measured.run(say, write=options.write)


def processes(options: argparse.Namespace) -> bool:
    """Measure one and two processes, on a file and on PostgreSQL."""
    from bench import processes as measured  # noqa: PLC0415  (as below)

    return measured.run(say, write=options.write)


def stalls(options: argparse.Namespace) -> bool:
    """Measure what large calls are to others; whether all keep within the limit."""
    from bench import stalls as measured  # noqa: PLC0415  (as below)

    return measured.run(say, write=options.write)


def compare_or_measure(options: argparse.Namespace) -> bool:
    load.check_installed()
    return compare(options) if options.against else measure(options)


def compare(options: argparse.Namespace) -> bool:
    """Measure this commit next to another; whether it keeps within all limits."""
    there = other.command_of(options.against, say)
    effort = against.QUICK if options.quick else against.Effort()
    found = against.compare(other.HERE, there, effort, say)
    print(against.table(found, effort.noise))
    return not any(comparison.is_over(effort.noise) for comparison in found)


def measure(options: argparse.Namespace) -> bool:
    """Measure this commit alone; whether it meets all targets."""
    from bench import full  # noqa: PLC0415  (reaches inside the sandbox, which a comparison does not need)

    return full.run(quick=options.quick, write=options.write, say=say)


def say(what: str) -> None:
    print(f"... {what}", file=sys.stderr, flush=True)


def fail(message: str) -> NoReturn:
    print(f"bench: {message}", file=sys.stderr)
    raise SystemExit(1)


if __name__ == "__main__":
    main()
