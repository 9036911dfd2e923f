"""Is what a server has acknowledged still there after it was killed? A file's server, killed again and again."""

import random
import sqlite3
import time
from contextlib import closing
from itertools import count
from pathlib import Path

from bench.chores import COMMAND
from bench.servers import Server
from torture.figures import Budget, Figures
from torture.ledger import Ledger
from torture.load import Load

MOST_BETWEEN = 120
"""Acknowledged calls from a start to its kill."""
MOST_PAUSE_S = 0.01
"""After the last of them: a kill may fall anywhere into the next calls."""


def run(budget: Budget, seed: int, folder: Path) -> Figures:
    """Kill and start again; then look for everything once more, and have SQLite check the file."""
    figures, ledger, chance = Figures("crash loop"), Ledger(), random.Random(f"{seed}/crashes")
    database, numbers = folder / "crashes.db", count()
    server = serve(database)
    try:
        for n in budget:
            with Load(server, ledger, figures, seed + n, numbers) as load:
                load.wait_for("acknowledged", chance.randrange(MOST_BETWEEN))
                time.sleep(chance.uniform(0, MOST_PAUSE_S))
                load.kill()
            figures.count("kills")
            server.stop()
            server = serve(database)
            ledger.check_fresh(server, figures)
        ledger.check_all(server, figures)
    finally:
        server.stop()
    check_file(database, figures)
    return figures


def serve(database: Path) -> Server:
    return Server([*COMMAND, "--database", str(database)])


def check_file(database: Path, figures: Figures) -> None:
    """Have SQLite look through a file that nobody has open."""
    with closing(sqlite3.connect(database)) as driver:
        for pragma, right in (("integrity_check", [("ok",)]), ("foreign_key_check", [])):
            found = driver.execute(f"PRAGMA {pragma}").fetchall()
            if found != right:
                figures.is_wrong(f"{pragma} of the file: {found[:3]}")
