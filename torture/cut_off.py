"""What does a server do while its file is locked by another program, or moved away, and does it go on afterwards?"""

import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path

from bench.servers import Server
from torture.crashes import check_file, serve
from torture.figures import Budget, Figures
from torture.ledger import Ledger
from torture.load import Load
from torture.recovery import expect_not_ready, wait_until_ready

BEFORE, AFTER = 30, 20
"""Calls that are acknowledged before an outage and after it."""
LONGEST_S = 2.0
"""Of an outage. A lock is waited for some while longer than that, so nobody is refused."""
LOOKS = 3
"""Times that readiness is asked for while the file is away."""

Outage = Callable[[Server, Path, float, Figures], None]


def run(budget: Budget, seed: int, folder: Path) -> Figures:
    """Lock the file and move it away by turns, for up to two seconds."""
    figures, ledger, chance = Figures("store cut off"), Ledger(), random.Random(f"{seed}/cut off")
    database, numbers = folder / "cut_off.db", count()
    server = serve(database)
    try:
        for n in budget:
            with Load(server, ledger, figures, seed + n, numbers) as load:
                load.wait_for("acknowledged", BEFORE)
                OUTAGES[n % len(OUTAGES)](server, database, chance.uniform(0, LONGEST_S), figures)
                figures.count("outages")
                wait_until_ready(server, figures)
                load.wait_for("acknowledged", AFTER)
            ledger.check_fresh(server, figures)
        ledger.check_all(server, figures)
        server.stop()
        server = serve(database)  # a file that was moved is whole for the next one, too
        ledger.check_all(server, figures)
    finally:
        server.stop()
    check_file(database, figures)
    return figures


def lock(_: Server, database: Path, seconds: float, __: Figures) -> None:
    """Hold the write lock, as a backup tool may."""
    with closing(sqlite3.connect(database, isolation_level=None, timeout=LONGEST_S)) as other:
        other.execute("BEGIN IMMEDIATE")
        time.sleep(seconds)
        other.execute("ROLLBACK")


def move(server: Server, database: Path, seconds: float, figures: Figures) -> None:
    """Take the file's name away: the open file goes on, but nobody may take the server for well."""
    away = database.with_suffix(".away")
    database.rename(away)
    for _ in range(LOOKS):
        time.sleep(seconds / LOOKS)
        expect_not_ready(server, figures)
    if database.exists():
        figures.is_wrong("the server made another file where its own had been")
    away.replace(database)


OUTAGES: tuple[Outage, ...] = (lock, move)
