"""What is SQLite's own: the file that it keeps a store in, and how its connections are set up."""

import asyncio
import sqlite3
import struct
import sys
from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from sandbox.store.errors import StoreDamaged, StoreRefused, translation_of
from sandbox.store.files import damaged, is_sqlite, missing_bytes, obstacle, refusal
from sandbox.store.tables import SCHEMA

WRITES = "sandbox_writes"
"""The execution option of a connection whose transaction takes the write lock at its start."""
LONGEST_LOG = 64 * 1024 * 1024
"""Bytes of the log that are kept for what is written next: one that a long reader made longer is cut."""
SPARE_PAGES = 1_000
"""Of 4 KB, that stay free in the file for what is written next."""
PAGES_AT_ONCE = 200
"""That the file is made shorter by in one transaction, which takes a few ms."""

INCREMENTAL = 2
"""Of `auto_vacuum`: the file can be made shorter in steps."""
LOOK_EVERY_S = 0.025
"""From one look at whether another connection has committed to the next."""
NONE = "none"
"""The schema of a database without tables."""
IS_LOCK_OF_ONE = sys.platform == "linux"
"""Whether the system has locks that belong to who opened the file: two of them can be tried in one process."""
WHOLE_FILE = struct.Struct("hhqqi4x")
"""`struct flock` of a 64-bit Linux: type, whence, start, length (0: to the end), process."""
ON_A_DISK = "keep the database on a disk of this machine, or in PostgreSQL"


def plain_engine(path: Path, *, mode: str) -> Engine:
    """Return an engine for copying to or from a file, by a connection of its own: `ro` reads it, `rwc` makes it.

    Its journal is SQLite's default, so that a copy is one file, whole on the disk when the transaction has ended.
    """
    engine = create_engine("sqlite://", creator=lambda: _connect(path, mode), poolclass=NullPool)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if mode != "ro":
            connection.exec_driver_sql("PRAGMA auto_vacuum=INCREMENTAL")  # which only a file without tables takes
        connection.exec_driver_sql("BEGIN")

    return engine


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None)


def copy_file(path: Path, copy: Path) -> None:
    """Write one moment of a database into a new file; who writes to it meanwhile is not kept waiting."""
    with closing(_connect(path, "ro")) as driver:
        driver.execute("VACUUM INTO ?", (str(copy),))


def sqlite_engine(path: Path, *, is_temporary: bool) -> Engine:
    """Return the engine of a file. Its connections never wait for a lock: `Store` tries again without blocking."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"check_same_thread": False, "timeout": 0},
        pool_size=8,
        max_overflow=56,
    )
    pragmas = (
        "journal_mode=WAL",
        # What a killed process had committed is kept by NORMAL; what a killed machine had, a temporary file need not.
        f"synchronous={'OFF' if is_temporary else 'NORMAL'}",
        "foreign_keys=ON",
        "cache_size=-16000",
        f"journal_size_limit={LONGEST_LOG}",
        "temp_store=MEMORY",
        # Some builds of SQLite overwrite what is deleted, also whole pages, which then have to be written.
        "secure_delete=FAST",
    )

    # SQLAlchemy's own recipe for transactions that are SQLite's: the driver begins none by itself.
    @event.listens_for(engine, "connect")
    def set_up(driver: Any, _: object) -> None:
        driver.isolation_level = None
        if driver.execute("PRAGMA page_count").fetchone()[0] == 0:
            # Only a file without tables takes that, and where it is taken already it would want the write lock.
            driver.execute("PRAGMA auto_vacuum=INCREMENTAL")
        for pragma in pragmas:
            driver.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        is_write = connection.get_execution_options().get(WRITES, False)
        driver: Any = connection.connection.dbapi_connection
        driver.execute("BEGIN IMMEDIATE" if is_write else "BEGIN")

    return engine


def prepare(connection: Connection, *, is_write: bool) -> None:
    """Say what kind of transaction comes: a write takes the lock of the whole file at its start."""
    if is_write:
        connection.execution_options(**{WRITES: True})


def surplus_pages(connection: Connection) -> int:
    """Return how many free pages the file can be made shorter by: none where it was made without that."""
    driver: Any = connection.connection.dbapi_connection
    surplus: int = driver.execute("PRAGMA freelist_count").fetchone()[0] - SPARE_PAGES
    is_shrinkable = driver.execute("PRAGMA auto_vacuum").fetchone()[0] == INCREMENTAL
    return max(0, surplus) if is_shrinkable else 0


def give_pages_back(connection: Connection) -> bool:
    """Make the file shorter by some of its free pages; return whether more are to go."""
    surplus = surplus_pages(connection)
    driver: Any = connection.connection.dbapi_connection
    for _ in range(min(surplus, PAGES_AT_ONCE)):
        driver.execute("PRAGMA incremental_vacuum(1)")  # Python's module takes one step of it, whatever the number
    return surplus > PAGES_AT_ONCE


def fold_log(path: Path) -> None:
    """Write the log into the file, and cut it if nobody reads or writes it just then."""
    with closing(_connect(path, "rw")) as driver:
        driver.execute("PRAGMA busy_timeout=0")  # who waits to cut it keeps all others from writing
        for how in ("PASSIVE", "TRUNCATE"):
            driver.execute(f"PRAGMA wal_checkpoint({how})")


def size_of(path: Path) -> int:
    """Return how many bytes a database has, with its log."""
    files = (path, path.with_name(f"{path.name}-wal"))
    return sum(file.stat().st_size for file in files if file.exists())


def make_shrinkable(path: Path) -> None:
    """Let a file that was made without it give its free pages back: it is written once more, without them."""
    with closing(sqlite3.connect(path, isolation_level=None)) as driver:
        if driver.execute("PRAGMA auto_vacuum").fetchone()[0] != INCREMENTAL:
            driver.execute("PRAGMA auto_vacuum=INCREMENTAL")
            driver.execute("VACUUM")


def check_file(path: Path, *, otherwise: str = "give --database another path") -> bool:
    """Return whether a file has our tables; it may be new or empty.

    Raises `StoreRefused` for one that is something else, or of another schema, before anything is touched. `otherwise`
    is what to do then.
    """
    try:
        if path.exists() and not path.is_file():
            raise refusal(path, obstacle(path) or "that is no regular file")
        check_locks(path)
        if not path.exists() or path.stat().st_size == 0:
            return False
        if not is_sqlite(path):
            raise StoreRefused(f"The file {path} is not an SQLite database: {otherwise}.")
        if missing := missing_bytes(path):
            raise damaged(path, f"it ends {missing} bytes too early")
        with closing(_connect(path, "ro")) as driver:
            version = _version(driver, path, otherwise)
    except (OSError, sqlite3.Error) as error:
        found = translation_of(error)
        if isinstance(found, StoreDamaged):
            raise damaged(path, str(error)) from error
        reason = error.strerror if isinstance(error, OSError) else None
        raise refusal(path, obstacle(path) or reason or str(error)) from error
    if version not in (NONE, SCHEMA):
        raise StoreRefused(
            f"The database {path} has schema {'unknown' if version is None else version}, and this version needs"
            f" {SCHEMA}: take it there with `dialog-sandbox migrate`, or {otherwise}."
        )
    return version != NONE


def check_locks(path: Path) -> None:
    """Raise `StoreRefused` where files cannot be locked, or where two who open one can both lock it.

    It is tried on a file of its own: to close the database's would end the locks that this process has there.
    """
    try:
        probe = NamedTemporaryFile(prefix=f".{path.name}-", dir=path.parent)  # noqa: SIM115  (it is entered below)
    except OSError:
        return  # what keeps files from being made there is told by who opens the database
    with probe, open(probe.name, "rb+") as other:
        try:
            _lock(probe)
        except OSError as error:
            raise refusal(path, f"files cannot be locked there ({error.strerror}); {ON_A_DISK}") from error
        try:
            _lock(other)
        except OSError:
            return
        if IS_LOCK_OF_ONE:
            raise refusal(path, f"two could lock the same file there; {ON_A_DISK}")


def _lock(file: IO[bytes]) -> None:
    """Lock a file for the one who opened it, if the system knows such locks; else for the process."""
    if sys.platform == "win32":
        return
    import fcntl  # noqa: PLC0415  (Windows has none)

    if IS_LOCK_OF_ONE:
        fcntl.fcntl(file, fcntl.F_OFD_SETLK, WHOLE_FILE.pack(fcntl.F_WRLCK, 0, 0, 0, 0))
    else:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _version(driver: sqlite3.Connection, path: Path, otherwise: str) -> object:
    """Return which schema a database has: none if that is unknown, `NONE` where there are no tables yet."""
    try:
        row = driver.execute("SELECT version FROM sandbox_schema").fetchone()
    except sqlite3.OperationalError as error:
        if "no such" not in str(error):
            raise
        if not driver.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
            return NONE  # a process was ended before it had made the tables
        raise StoreRefused(f"The database {path} was not made by dialog-sandbox: {otherwise}.") from error
    return row[0] if row else None


async def changes(engine: Engine) -> AsyncGenerator[None]:
    """Yield at first, and then when another connection has committed, be it one of this process."""
    with engine.connect() as connection:
        connection.detach()  # it goes when nobody follows any more, be the store closed by then or not
        driver: Any = connection.connection.dbapi_connection
        known = None
        while True:
            (version,) = driver.execute("PRAGMA data_version").fetchone()
            if version != known:
                known = version
                yield
            await asyncio.sleep(LOOK_EVERY_S)
