"""An open SQLite file: one connection for everything that a process does with it, one thing at a time.

A statement of microseconds needs no other thread.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import MetaData
from sqlalchemy.schema import CreateIndex, CreateTable

from sandbox.world.errors import StoreRefused
from sandbox.world.store.statements import DIALECT, Insert, Row, Statement

OPENING_TIMEOUT_S = 30.0
"""How long another process's write lock is waited for at the start: that one may be filling the file."""
BUSY_TIMEOUT_S = 1.0
"""The same once it is open: as long as that everybody waits, who is served on the same thread."""
IMPATIENT_S = 0.01
"""The same while nobody has got the lock since it was last waited for in vain."""

# For each null that it binds Python's driver looks for somebody who turns it into what SQLite knows, and finds nobody
# after three errors. This one gives it back, in a third of the time.
nulls: dict[None, None] = {}
sqlite3.register_adapter(type(None), nulls.get)


class Database:
    """Reads and writes the tables of an open file."""

    def __init__(self, driver: sqlite3.Connection) -> None:
        self._driver = driver
        self.execute = driver.execute
        self._writing = Writing(self)
        self.is_locked_out = False
        """Whether the write lock was waited for in vain, and nobody has got it since."""

    def close(self) -> None:
        self._driver.close()

    @property
    def changes(self) -> int:
        """How many rows this process has changed so far."""
        return self._driver.total_changes

    def writing(self) -> "Writing":
        """`with store.writing():` all or nothing; within another one it is a part of that."""
        return self._writing

    def one(self, statement: Statement, **params: Any) -> Row | None:
        """The first row, or None."""
        return self.run(statement, **params).fetchone()  # type: ignore[no-any-return]

    def all(self, statement: Statement, **params: Any) -> list[Row]:
        return self.run(statement, **params).fetchall()

    def run(self, statement: Statement, **params: Any) -> sqlite3.Cursor:
        if statement.constants:
            params |= statement.constants
        return self.execute(statement.sql, params)

    def add(self, statement: Insert, row: Mapping[str, Any]) -> None:
        """Runs an insert made by `inserting`."""
        self.execute(statement.sql, statement.values(row))

    def add_many(self, statement: Insert, rows: Iterable[Row]) -> None:
        """Runs an insert for many rows, whose values stand in its order. Belongs in a transaction."""
        self._driver.executemany(statement.sql, rows)

    def wait_at_most(self, seconds: float) -> None:
        """From now on another process's write lock is waited for no longer than that."""
        self.execute(f"PRAGMA busy_timeout={round(seconds * 1000)}")

    @contextmanager
    def patience(self, seconds: float) -> Iterator[None]:
        """`with store.patience(30):` another process's write lock is waited for so long within it."""
        self.wait_at_most(seconds)
        try:
            yield
        finally:
            self.wait_at_most(IMPATIENT_S if self.is_locked_out else BUSY_TIMEOUT_S)

    def begin(self) -> None:
        """Takes the write lock. One who holds it for long is waited for once, not again by each who comes after."""
        try:
            self.execute("BEGIN IMMEDIATE")
        except sqlite3.Error:
            if not self.is_locked_out:
                self.wait_at_most(IMPATIENT_S)
                self.is_locked_out = True
            raise
        if self.is_locked_out:
            self.is_locked_out = False
            self.wait_at_most(BUSY_TIMEOUT_S)

    def roll_back(self) -> None:
        """Undoes the transaction, which SQLite may have done by itself."""
        if self._driver.in_transaction:
            self.execute("ROLLBACK")


class Writing:
    """A transaction that takes the database's write lock at its start."""

    __slots__ = ("_database", "_depth")

    def __init__(self, database: Database) -> None:
        self._database = database
        self._depth = 0

    def __enter__(self) -> Self:
        if self._depth == 0:
            self._database.begin()
        self._depth += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._depth -= 1
        if self._depth:
            return
        if error is None:
            try:
                self._database.execute("COMMIT")
            except sqlite3.Error:
                self._database.roll_back()
                raise
        else:
            self._database.roll_back()


def connected(path: Path, pragmas: Iterable[str]) -> sqlite3.Connection:
    """A connection that may be used on any thread, one at a time. Nothing is in a transaction that does not say so."""
    try:
        driver = sqlite3.connect(path, timeout=OPENING_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise StoreRefused(f"Cannot open the database {path}: {error}.") from error
    for pragma in pragmas:
        try:
            driver.execute(f"PRAGMA {pragma}")
        except sqlite3.Error as error:
            driver.close()
            raise StoreRefused(f"Cannot write to the database {path}: {error}.") from error
    return driver


def make_tables(driver: sqlite3.Connection, metadata: MetaData) -> bool:
    """Makes the tables and indexes of a file that has none: whether it had none. Belongs in a transaction."""
    if driver.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
        return False
    for table in metadata.sorted_tables:
        driver.execute(str(CreateTable(table).compile(dialect=DIALECT)))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            driver.execute(str(CreateIndex(index).compile(dialect=DIALECT)))
    return True
