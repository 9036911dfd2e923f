"""The store: how it is opened, checked, read and written.

One connection serves everything that a process does, one thing at a time on one thread. A long read gets a connection,
and so a frozen picture of the world, of its own. The journal has a file of its own.
"""

import secrets
import sqlite3
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Self

from sandbox.world import models
from sandbox.world.errors import StoreRefused
from sandbox.world.store.database import (
    BUSY_TIMEOUT_S,
    IMPATIENT_S,
    OPENING_TIMEOUT_S,
    Database,
    connected,
    make_tables,
)
from sandbox.world.store.exchanges import Exchanges
from sandbox.world.store.files import check_schema, path_of
from sandbox.world.store.statements import DIALECT, Insert, Row, Statement, inserting, table

__all__ = ["DIALECT", "OPENING_TIMEOUT_S", "Insert", "Row", "Snapshot", "Statement", "Store", "inserting", "table"]

LONGEST_LOG = 64 * 1024 * 1024
"""Bytes of the log that are kept for what is written next."""
CHECKPOINT_AFTER = 4000
"""Rows changed since the last checkpoint that make another one worth its while."""


class Store(Database):
    """An open database."""

    def __init__(self, database: str | None = None) -> None:
        """`database`: a path or an SQLAlchemy URL; none: a temporary file that goes when the store is closed."""
        self._folder = None if database else tempfile.TemporaryDirectory(prefix="dialog-sandbox-")
        self.path = Path(self._folder.name, "sandbox.db") if self._folder else path_of(str(database))
        self.is_temporary = self._folder is not None
        # What a killed process had committed is kept by NORMAL; what a killed machine had, a temporary file need not.
        self._synchronous = "OFF" if self.is_temporary else "NORMAL"
        self._remembered: dict[tuple[str, ...], Row] = {}
        self.others_wrote = 0
        """Another number whenever another process has written, as of the last look."""
        check_schema(self.path)
        driver = self._connect()
        super().__init__(driver)
        try:
            self.exchanges = Exchanges(self.path, self._prepare())
        except BaseException:
            driver.close()
            raise
        self.wait_at_most(BUSY_TIMEOUT_S)
        self._checkpointed = driver.total_changes
        self._checkpointing: Future[None] | None = None
        self._helper = ThreadPoolExecutor(1, "checkpoint")

    def _connect(self) -> sqlite3.Connection:
        driver = connected(
            self.path,
            (
                "journal_mode=WAL",
                f"synchronous={self._synchronous}",
                "foreign_keys=ON",
                "cache_size=-16000",
                # A checkpoint waits for the disk and holds everybody up, so `checkpoint` does it beside the work; by
                # itself the connection makes one only where nobody called that for 64 MB.
                "wal_autocheckpoint=16000",
                # A log that a long reader made longer than that is cut when it begins anew.
                f"journal_size_limit={LONGEST_LOG}",
                "temp_store=MEMORY",
                # Some builds of SQLite overwrite what is deleted, also whole pages, which then have to be written.
                "secure_delete=FAST",
            ),
        )
        driver.create_function("casefold", 1, str.casefold, deterministic=True)
        return driver

    def _prepare(self) -> str:
        """Makes the tables of a new store; of one that is there, only tries whether it can be written: its name."""
        try:
            with self.writing():
                if make_tables(self._driver, models.Row.metadata):
                    self.execute("INSERT INTO sandbox_schema VALUES (?, ?)", (models.SCHEMA, secrets.token_hex(8)))
                ((name,),) = self.execute("SELECT name FROM sandbox_schema").fetchall()
        except sqlite3.Error as error:
            raise StoreRefused(f"Cannot write to the database {self.path}: {error}.") from error
        return str(name)

    def close(self) -> None:
        self._helper.shutdown()
        self.exchanges.close()
        super().close()
        if self._folder:
            self._folder.cleanup()

    def remembered(self, statement: Statement, *key: str, **params: Any) -> Row | None:
        """As `one`, for what seldom changes: who has which credentials, consoles and accounts.

        Asked once for each `key`, until `forget` is called or another process has written to the database.
        """
        others_wrote: int = self.execute("PRAGMA data_version").fetchone()[0]
        if others_wrote != self.others_wrote:
            self.forget()
            self.others_wrote = others_wrote
        row = self._remembered.get(key)
        if row is None:
            row = self.one(statement, **params)
            if row is not None:
                self._remembered[key] = row
        return row

    def forget(self) -> None:
        """What `remembered` gave may have changed."""
        self._remembered.clear()

    def roll_back(self) -> None:
        """And forgets what was remembered of it."""
        self.forget()
        super().roll_back()

    def try_to_write(self) -> None:
        """Raises what keeps the store from being written, be it a lock, which is not waited for, or a full disk."""
        with self.patience(IMPATIENT_S):
            self.execute("BEGIN IMMEDIATE")
        try:
            self.execute("PRAGMA user_version=0")  # which it is: one page is written, and nothing changes
            self.execute("COMMIT")
        except sqlite3.Error:
            self.roll_back()
            raise

    def checkpoint(self) -> None:
        """Moves what was written from the log into the database, on another thread, if it is worth while by now."""
        try:
            is_due = self._driver.total_changes - self._checkpointed >= CHECKPOINT_AFTER
        except sqlite3.ProgrammingError:  # it is closed
            return
        if is_due and (self._checkpointing is None or self._checkpointing.done()):
            self._checkpointed = self._driver.total_changes
            self._checkpointing = self._helper.submit(_checkpoint, self.path, self._synchronous)

    def snapshot(self) -> "Snapshot":
        """The world as it is now, to be read at leisure while others write."""
        return Snapshot(self._connect())


def _checkpoint(path: Path, synchronous: str) -> None:
    """Moves what no reader still needs, and leaves the rest for the next time; waits for nobody."""
    with closing(sqlite3.connect(path, timeout=0)) as driver, suppress(sqlite3.Error):
        driver.execute(f"PRAGMA synchronous={synchronous}")
        driver.execute("PRAGMA wal_checkpoint(PASSIVE)")


class Snapshot:
    """A reader of one moment, on a connection of its own that goes when it is left, or when nobody has it any more."""

    def __init__(self, driver: sqlite3.Connection) -> None:
        self._driver = driver
        driver.execute("BEGIN")
        driver.execute("SELECT version FROM sandbox_schema").fetchone()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._driver.close()

    def __del__(self) -> None:
        # An answer that was never begun leaves nothing; and what is closed already may be closed again.
        self._driver.close()

    def one(self, statement: Statement, **params: Any) -> Row:
        """The row of a statement that always has one."""
        row: Row = self._driver.execute(statement.sql, statement.constants | params).fetchone()
        return row

    def chunks(self, statement: Statement, size: int, **params: Any) -> Iterator[list[Row]]:
        """The rows, `size` at a time."""
        cursor = self._driver.execute(statement.sql, statement.constants | params)
        while rows := cursor.fetchmany(size):
            yield rows
