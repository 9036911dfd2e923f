"""Does a server grow that is used for long? Mixed load, with resets, deletions and workspaces that come and go."""

import json
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from bench.chores import COMMAND, DEFAULT, JSON, WORKSPACES
from bench.servers import Server
from torture.figures import Budget, Figures, Growth
from torture.ledger import TIMEOUT_S, Ledger
from torture.load import Load

CALLS = 150
"""Of a round."""
SETTINGS = {"SANDBOX_JOURNAL_LIMIT": "1000"}
"""A journal that is full early, so that what grows afterwards grows for ever."""
MOST_MEMORY_MB, MOST_FILE_MB = 15.0, 20.0
"""From a third of the way to its end. A file has some MB of pages to spare, and a log."""
CHORES: tuple[tuple[str, str, Any], ...] = (
    ("POST", WORKSPACES, {"name": "passing", "fixture": "clinic"}),
    ("PUT", f"{DEFAULT}/snapshots/one", None),
    ("POST", f"{DEFAULT}/verify", {"expect": [{"operation": "simplepay.submit", "count": {"min": 0}}]}),
    ("POST", f"{DEFAULT}/clock", {"action": "advance", "seconds": 60}),
    ("DELETE", f"{WORKSPACES}/passing", None),
    ("DELETE", f"{DEFAULT}/messages?limit=50", None),
    ("DELETE", f"{DEFAULT}/snapshots/one", None),
    ("POST", f"{DEFAULT}/reset", None),
)
"""That end each round."""


class Size(NamedTuple):
    memory_mb: float
    file_mb: float


def run(budget: Budget, seed: int, folder: Path) -> Figures:
    """Measure when a third of the rounds is over, and in the end."""
    figures, database = Figures("soak"), folder / "soak.db"
    with (
        Server([*COMMAND, "--database", str(database)], SETTINGS) as server,
        Load(server, Ledger(), figures, seed, count()) as load,
    ):

        def soak(share: float) -> Size:
            for _ in budget.share(share):
                load.wait_for("answered", CALLS)
                do_chores(server, figures)
            return Size(server.memory_mb(), file_mb(database))

        figures.growth = growth_in(soak)
    judge(figures)
    return figures


def growth_in(soak: Callable[[float], Size]) -> Growth:
    """Compare what a third of it and the rest come to."""
    before = soak(1 / 3)
    after = soak(1)
    return Growth(after.memory_mb - before.memory_mb, after.file_mb - before.file_mb)


def judge(figures: Figures) -> None:
    """Tell of what has grown by more than it may."""
    assert figures.growth is not None
    for name, grown, most in (
        ("its memory", figures.growth.memory_mb, MOST_MEMORY_MB),
        ("its file", figures.growth.file_mb, MOST_FILE_MB),
    ):
        if grown > most:
            figures.is_wrong(f"{name} has grown by {grown:.1f} MB; {most:.0f} MB is the most")


def do_chores(server: Server, figures: Figures) -> None:
    with closing(HTTPConnection(*server.address, timeout=TIMEOUT_S)) as connection:
        for method, path, body in CHORES:
            connection.request(method, path, None if body is None else json.dumps(body), {} if body is None else JSON)
            answer = connection.getresponse()
            content = answer.read()
            figures.count("inputs")
            if answer.status >= 300:
                figures.is_wrong(f"{method} {path}: {answer.status} {content[:200]!r}")


def file_mb(database: Path) -> float:
    """With its log."""
    files = (database, Path(f"{database}-wal"))
    return sum(each.stat().st_size for each in files if each.exists()) / 1e6
