"""`python -m torture`: tries each part for its share of the seconds; exits 1 if something was lost, failed or grew."""

import argparse
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.servers import Broken
from torture import crashes, cut_off, full_disk, hostile, report, soak
from torture.figures import Budget, Figures

SECONDS = 240.0
MOST_SECONDS = 300
"""In which all is over, whatever hangs: a part may take a round and its last look longer than it should."""


class TooLong(Exception):
    """It is not over by then."""


class Part(NamedTuple):
    """`share`: of the seconds."""

    name: str
    share: float
    run: Callable[[Budget, int, Path], Figures]


PARTS = (
    Part("crash loop", 0.3, crashes.run),
    Part("disk full", 0.13, full_disk.run),
    Part("store cut off", 0.12, cut_off.run),
    Part("hostile inputs", 0.25, hostile.run),
    Part("soak", 0.2, soak.run),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m torture", description="Treats the sandbox badly.")
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"in all, {SECONDS:g} by default")
    parser.add_argument("--seed", type=int, help="of a run that is to be tried again")
    parser.add_argument("--only", choices=[part.name for part in PARTS], help="one part, with its share of the seconds")
    parser.add_argument("--write", action="store_true", help="write the table into docs/reliability.md")
    options = parser.parse_args(arguments)
    if not 0 < options.seconds <= SECONDS:
        parser.error(f"--seconds is at most {SECONDS:g}")
    if options.write and options.only:
        parser.error("--write is for all parts")
    seed = secrets.randbelow(10**6) if options.seed is None else options.seed
    began = time.monotonic()
    parts = [part for part in PARTS if options.only in (None, part.name)]
    whole = options.seconds * sum(part.share for part in parts)
    found: list[Figures] = []
    try:
        for n, part in enumerate(parts):
            left = whole - (time.monotonic() - began)
            found.append(tried(part, left * part.share / sum(each.share for each in parts[n:]), seed))
    except TooLong:
        found.append(too_long(parts[len(found)]))
    seconds = time.monotonic() - began
    print(f"{report.table(found)}\n\nseed {seed}, {seconds:.0f} s")
    for sentence in report.sentences(found):
        print(sentence)
    if options.write:
        report.write(found, f'make torture ARGS="--seed {seed} --write"', seconds)
    return int(not all(figures.is_good for figures in found))


def tried(part: Part, seconds: float, seed: int) -> Figures:
    """Run a part; one that cannot go on is told as any other fault."""
    print(f"... {part.name}, {seconds:.0f} s, seed {seed}", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="dialog-sandbox-torture-") as folder:
        try:
            return part.run(Budget(seconds), seed, Path(folder))
        except Broken as error:
            figures = Figures(part.name)
            figures.is_wrong(str(error))
            return figures


def too_long(part: Part) -> Figures:
    figures = Figures(part.name)
    figures.is_wrong(f"it was not over when {MOST_SECONDS} s had passed since the first part began")
    return figures


def _stop(*_: object) -> None:
    raise TooLong


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers are ended too
    signal.signal(signal.SIGALRM, _stop)
    signal.alarm(MOST_SECONDS)
    sys.exit(main())
