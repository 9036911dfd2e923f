"""What does a store's file hold? Asked from beside the server, which answers nobody meanwhile."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import NullPool, Row, Select, create_engine, func, select
from sqlalchemy.engine import URL

from sandbox.store.tables import CONSOLES, MESSAGES, PEOPLE, VENDOR_IDS

WORKSPACE, CONSOLE = 1, 1
"""The numbers of what `fill` makes first."""
OF_CONSOLE = (MESSAGES.c.workspace_id == WORKSPACE, MESSAGES.c.console_id == CONSOLE)


def read(path: Path, statement: Select[Any]) -> Sequence[Row[Any]]:
    """Return the rows of a select, the file being opened for nothing but reading."""
    query = {"mode": "ro", "uri": "true"}
    url = URL.create("sqlite", database=path.absolute().as_uri(), query=query)
    with create_engine(url, poolclass=NullPool).connect() as connection:
        return connection.execute(statement).all()


def column(path: Path, statement: Select[Any]) -> list[Any]:
    """Return the first column of a select."""
    return [row[0] for row in read(path, statement)]


def count_messages(path: Path) -> int:
    """Return how many messages there are: they are numbered from 1."""
    (n,) = column(path, select(func.coalesce(func.max(MESSAGES.c.id), 0)).where(MESSAGES.c.workspace_id == WORKSPACE))
    return int(n)


def record_times(path: Path) -> list[int]:
    """Return when each record of the console was made, in ms and in that order."""
    record_at = MESSAGES.c.record_at
    return column(path, select(record_at).where(*OF_CONSOLE, record_at.is_not(None)).order_by(record_at))


def ids_of(path: Path, vendor: str, most: int) -> list[str]:
    """Return what a vendor calls messages of the console, of about so many messages of any age."""
    statement = (
        select(VENDOR_IDS.c.value)
        .join(
            MESSAGES,
            (MESSAGES.c.workspace_id == VENDOR_IDS.c.workspace_id) & (MESSAGES.c.id == VENDOR_IDS.c.message_id),
        )
        .where(*OF_CONSOLE, VENDOR_IDS.c.vendor == vendor, MESSAGES.c.id % max(1, count_messages(path) // most) == 0)
    )
    return column(path, statement)


def line_of_console(path: Path) -> str:
    """Return the console's number, 11 digits."""
    owned = (CONSOLES.c.workspace_id == WORKSPACE, CONSOLES.c.id == CONSOLE)
    (line,) = column(path, select(CONSOLES.c.line).where(*owned))
    return str(line)


def phones(path: Path) -> list[str]:
    """Return the phones of everybody whom the workspace knows."""
    return column(path, select(PEOPLE.c.phone).where(PEOPLE.c.workspace_id == WORKSPACE).order_by(PEOPLE.c.id))


def times_on_line(path: Path, line: str) -> list[int]:
    """Return when each message from and to a line was accepted, in ms."""
    on_line = (MESSAGES.c.workspace_id == WORKSPACE, MESSAGES.c.line == line)
    return column(path, select(MESSAGES.c.accepted_at).where(*on_line))
