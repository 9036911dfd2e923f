"""The database: how it is opened, checked, read and written.

One connection serves everything that a process does, one thing at a time on one thread, so that a statement of
microseconds needs no other thread. Statements are built from the tables with SQLAlchemy, compiled once, and run on the
driver's cursor. A long read gets a connection, and so a frozen picture of the world, of its own.
"""

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from functools import cached_property
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import ClauseElement, Table, insert
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.sql.compiler import SQLCompiler

from sandbox.world import models
from sandbox.world.errors import StoreRefused

BUSY_TIMEOUT_S = 5.0
CHECKPOINT_AFTER = 4000
"""Rows changed since the last checkpoint that make another one worth its while."""
DIALECT = sqlite.dialect(paramstyle="named")
BY_PLACE = sqlite.dialect(paramstyle="qmark")

Row = tuple[Any, ...]


class Statement:
    """A statement, compiled once when it is first used. Bound parameters are named; those with a value keep it."""

    __slots__ = ("_clause", "constants", "sql")

    sql: str
    constants: dict[str, Any]

    def __init__(self, clause: ClauseElement) -> None:
        self._clause = clause

    def __getattr__(self, name: str) -> Any:
        """Reached only while `sql` and `constants` are not there yet."""
        if name not in self.__slots__:
            raise AttributeError(name)
        compiled = self._clause.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
        assert isinstance(compiled, SQLCompiler)
        self.sql = str(compiled)
        params = compiled.params
        self.constants = {name: params[name] for bind, name in compiled.bind_names.items() if not bind.required}
        return getattr(self, name)


def table(model: type[models.Row]) -> Table:
    """The SQLAlchemy table of a model, to build statements from."""
    return models.Row.metadata.tables[str(model.__tablename__)]


class Insert:
    """The insert of a whole row, for `Store.add`. Bound by place: by name it would take the driver twice as long."""

    def __init__(self, columns: Sequence[str], clause: ClauseElement) -> None:
        self.values = itemgetter(*columns)
        """Puts a row's values, by column, in the order of the parameters."""
        self._clause = clause

    @cached_property
    def sql(self) -> str:
        return str(self._clause.compile(dialect=BY_PLACE))


def inserting(model: type[models.Row]) -> Insert:
    """The insert of a whole row, which has all the columns."""
    into = table(model)
    return Insert(into.c.keys(), insert(into))


class Store:
    """An open database."""

    def __init__(self, database: str | None = None) -> None:
        """`database`: a path or an SQLAlchemy URL; none: a temporary file that goes when the store is closed."""
        self._folder = None if database else tempfile.TemporaryDirectory(prefix="dialog-sandbox-")
        self.path = Path(self._folder.name, "sandbox.db") if self._folder else path_of(str(database))
        self.is_temporary = self._folder is not None
        # What a killed process had committed is kept by NORMAL; what a killed machine had, a temporary file need not.
        self._synchronous = "OFF" if self.is_temporary else "NORMAL"
        check_schema(self.path)
        self._driver = self._connect()
        try:
            self._prepare()
        except sqlite3.Error as error:
            self._driver.close()
            raise StoreRefused(f"Cannot write to the database {self.path}: {error}.") from error
        self.execute = self._driver.execute
        self._writing = Writing(self)
        self._remembered: dict[tuple[str, ...], Row] = {}
        self._others_wrote = 0
        self._checkpointed = self._driver.total_changes
        self._checkpointing: Future[None] | None = None
        self._helper = ThreadPoolExecutor(1, "checkpoint")

    def _connect(self) -> sqlite3.Connection:
        try:
            driver = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise StoreRefused(f"Cannot open the database {self.path}: {error}.") from error
        driver.create_function("casefold", 1, str.casefold, deterministic=True)
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={self._synchronous}",
            "foreign_keys=ON",
            "cache_size=-16000",
            # A checkpoint waits for the disk and holds everybody up, so `checkpoint` does it beside the work; by itself
            # the connection makes one only where nobody called that for 64 MB.
            "wal_autocheckpoint=16000",
            "temp_store=MEMORY",
            # Some builds of SQLite overwrite what is deleted, also whole pages, which then have to be written.
            "secure_delete=FAST",
        ):
            try:
                driver.execute(f"PRAGMA {pragma}")
            except sqlite3.Error as error:
                driver.close()
                raise StoreRefused(f"Cannot write to the database {self.path}: {error}.") from error
        return driver

    def _prepare(self) -> None:
        """Makes the tables of a new store; of one that is there, only tries whether it can be written."""
        self._driver.execute("BEGIN IMMEDIATE")
        is_new = not self._driver.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        if is_new:
            for table in models.Row.metadata.sorted_tables:
                self._driver.execute(str(CreateTable(table).compile(dialect=DIALECT)))
                for index in sorted(table.indexes, key=lambda index: str(index.name)):
                    self._driver.execute(str(CreateIndex(index).compile(dialect=DIALECT)))
            self._driver.execute("INSERT INTO sandbox_schema (version) VALUES (?)", (models.SCHEMA,))
        self._driver.execute("COMMIT")

    def close(self) -> None:
        self._helper.shutdown()
        self._driver.close()
        if self._folder:
            self._folder.cleanup()

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

    def remembered(self, statement: Statement, *key: str, **params: Any) -> Row | None:
        """As `one`, for what seldom changes: who has which credentials, consoles and accounts.

        Asked once for each `key`, until `forget` is called or another process has written to the database.
        """
        others_wrote: int = self.execute("PRAGMA data_version").fetchone()[0]
        if others_wrote != self._others_wrote:
            self.forget()
            self._others_wrote = others_wrote
        row = self._remembered.get(key)
        if row is None:
            row = self.one(statement, **params)
            if row is not None:
                self._remembered[key] = row
        return row

    def forget(self) -> None:
        """What `remembered` gave may have changed."""
        self._remembered.clear()

    def all(self, statement: Statement, **params: Any) -> list[Row]:
        return self.run(statement, **params).fetchall()

    def run(self, statement: Statement, **params: Any) -> sqlite3.Cursor:
        if statement.constants:
            params |= statement.constants
        return self.execute(statement.sql, params)

    def roll_back(self) -> None:
        """Undoes the transaction, which SQLite may have done by itself, and what was remembered of it."""
        self.forget()
        if self._driver.in_transaction:
            self.execute("ROLLBACK")

    def add(self, statement: Insert, row: Mapping[str, Any]) -> None:
        """Runs an insert made by `inserting`."""
        self.execute(statement.sql, statement.values(row))

    def add_many(self, statement: Insert, rows: Iterable[Row]) -> None:
        """Runs an insert for many rows, whose values stand in its order. Belongs in a transaction."""
        self._driver.executemany(statement.sql, rows)

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
    """A reader of one moment, on a connection of its own that goes when it is left."""

    def __init__(self, driver: sqlite3.Connection) -> None:
        self._driver = driver
        driver.execute("BEGIN")
        driver.execute("SELECT version FROM sandbox_schema").fetchone()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
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


class Writing:
    """A transaction that takes the database's write lock at its start."""

    __slots__ = ("_depth", "_store")

    def __init__(self, store: Store) -> None:
        self._store = store
        self._depth = 0

    def __enter__(self) -> Self:
        if self._depth == 0:
            self._store.execute("BEGIN IMMEDIATE")
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
                self._store.execute("COMMIT")
            except sqlite3.Error:
                self._store.roll_back()
                raise
        else:
            self._store.roll_back()


def path_of(database: str) -> Path:
    """The file that a path or an SQLAlchemy URL names."""
    if "://" not in database:
        return Path(database)
    try:
        url: URL = make_url(database)
    except ArgumentError:
        raise StoreRefused(f"Not a database URL: {database!r}. Give a path, or sqlite:///PATH.") from None
    if url.get_backend_name() != "sqlite":
        raise StoreRefused(f"This version keeps its data in SQLite only, not in {url.get_backend_name()}.")
    if not url.database or url.database == ":memory:":
        raise StoreRefused("An SQLite database in memory is not supported: leave --database out for a temporary file.")
    return Path(url.database)


def check_schema(path: Path) -> None:
    """Refuses a file that is something else, or of another schema, before anything in it is touched."""
    try:
        if not path.exists() or path.stat().st_size == 0:
            return
        driver = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    except (OSError, sqlite3.Error) as error:
        raise StoreRefused(f"Cannot open the database {path}: {error}.") from error
    try:
        row = driver.execute("SELECT version FROM sandbox_schema").fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise StoreRefused(f"Cannot read the database {path}: {error}.") from error
        if not driver.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
            return  # a process was ended before it had made the tables
        raise StoreRefused(
            f"The database {path} was not made by dialog-sandbox: give --database another path."
        ) from error
    except sqlite3.DatabaseError as error:
        raise StoreRefused(f"The file {path} is not an SQLite database: give --database another path.") from error
    finally:
        driver.close()
    if row is None or row[0] != models.SCHEMA:
        raise StoreRefused(
            f"The database {path} has schema {row[0] if row else 'unknown'}, and this version needs {models.SCHEMA}:"
            " start with another --database, or move the file away to have a new one seeded."
        )
