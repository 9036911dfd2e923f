"""What does a server do whose files may not grow, and does it go on when they may again?

The limit is that of the process (RLIMIT_FSIZE), so that no disk has to be filled: a write beyond it fails as one on a
full disk does, in the midst of the database or of its log.
"""

import random
import resource
from itertools import count
from pathlib import Path

from bench.servers import Server
from torture.crashes import check_file, serve
from torture.figures import Budget, Figures
from torture.ledger import Ledger
from torture.load import Load
from torture.recovery import wait_until_ready

BEFORE, REFUSED, AFTER = 60, 20, 20
"""Calls that are acknowledged, refused while there is no room, and acknowledged when there is again."""
MOST_ROOM = 200_000
"""Bytes that the log may still grow."""


def run(budget: Budget, seed: int, folder: Path) -> Figures:
    """Take the room away and give it back; every other time kill the server while it has none."""
    figures, ledger, chance = Figures("disk full"), Ledger(), random.Random(f"{seed}/full")
    database, numbers = folder / "full.db", count()
    server = serve(database)
    try:
        for n in budget:
            with Load(server, ledger, figures, seed + n, numbers) as load:
                load.wait_for("acknowledged", BEFORE)
                load.may_be_out = True
                limit(server, Path(f"{database}-wal").stat().st_size + chance.randrange(MOST_ROOM))
                load.wait_for("refused", REFUSED)
                figures.count("outages")
                is_killed = n % 2 == 1
                if is_killed:
                    load.kill()
                else:
                    limit(server, None)
                    wait_until_ready(server, figures)
                    load.may_be_out = False
                    load.wait_for("acknowledged", AFTER)
            if is_killed:
                figures.count("kills")
                server.stop()
                server = serve(database)
            # Who is killed while nothing can be written takes with it what stood in no journal yet.
            ledger.check_fresh(server, figures, is_journalled=not is_killed)
        ledger.check_all(server, figures)
    finally:
        server.stop()
    check_file(database, figures)
    return figures


def limit(server: Server, size: int | None) -> None:
    """Let no file of the server grow beyond so many bytes; None takes the limit away."""
    _, most = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (most if size is None else size, most))
