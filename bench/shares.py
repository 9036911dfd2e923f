"""Where does the CPU time of a call go? `python -m bench --shares` prints a table of a read and a submit, by layer."""

import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bench import load
from bench.pages import markdown, write_between_marks
from bench.report import machine
from bench.sampler import LAYERS
from bench.servers import Broken, Server
from bench.workloads import Workload, Workspace, reads, submits

PAGE = Path(__file__).resolve().parent.parent / "docs" / "architecture.md"
WARM_UP_S, SECONDS = 2, 12
WRITTEN_WITHIN_S = 10


def run(say: Callable[[str], None], *, write: bool) -> bool:
    """Measure and print. `write`: into the documentation, too."""
    load.check_installed()
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory(prefix="dialog-sandbox-bench-") as folder:
        into = Path(folder, "samples.json")
        with Server([sys.executable, "-m", "bench.sampler", str(into), "serve", "--port", "0"]) as server:
            workspace = Workspace.seeded(server, "clinic")
            for work in (reads(workspace, 3), submits(workspace)):
                found[work.title] = shares(server, workspace, work, into)
                say(f"{work.title}: {sum(found[work.title].values()):.0f} us")
    text = table(found)
    print(text)
    if write:
        write_between_marks(PAGE, "shares", f"{text}\n\n{datetime.now(UTC):%Y-%m-%d}. {machine()}")
    return True


def shares(server: Server, workspace: Workspace, work: Workload, into: Path) -> dict[str, float]:
    """Return the CPU time of a call in µs, by layer."""
    load.run(server, work.requests, work.headers, WARM_UP_S)
    sampled(server, into)
    sample = load.run(server, work.requests, work.headers, SECONDS)
    counts = sampled(server, into)
    return {layer: sample.cpu_us * counts.get(layer, 0) / sum(counts.values()) for layer in LAYERS}


def sampled(server: Server, into: Path) -> dict[str, int]:
    """Return how many samples were taken of each layer since the last time."""
    into.unlink(missing_ok=True)
    os.kill(server.pid, signal.SIGUSR2)
    deadline = time.monotonic() + WRITTEN_WITHIN_S
    while not into.exists():
        if time.monotonic() > deadline:
            raise Broken("the server wrote no samples")
        time.sleep(0.01)
    counts: dict[str, int] = json.loads(into.read_text())
    return counts


def table(found: dict[str, dict[str, float]]) -> str:
    """The results in Markdown: µs and their share."""
    totals = [sum(by_layer.values()) for by_layer in found.values()]
    rows = [(layer, *map(cell, (each[layer] for each in found.values()), totals)) for layer in LAYERS]
    return markdown(("CPU µs", *found), [*rows, ("together", *(f"{whole:.0f}" for whole in totals))])


def cell(part: float, whole: float) -> str:
    return f"{part:.0f} ({part / whole:.0%})"
