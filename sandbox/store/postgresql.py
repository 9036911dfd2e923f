"""What is PostgreSQL's own: how an engine is made by URL, and what its transactions begin with."""

import asyncio
from collections.abc import AsyncGenerator, Collection
from concurrent.futures import Executor
from contextlib import suppress
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, func, select, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError

from sandbox.store.errors import StoreRefused

DRIVER = "postgresql+psycopg"
POOL_SIZE = 8
MAX_OVERFLOW = 24
CONNECT_TIMEOUT_S = 5
OPTIONS = {
    "timezone": "UTC",
    "lock_timeout": "1s",  # as long as SQLite's write lock is waited for; `Store` tries again
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "120s",  # a process that was stopped holds its locks no longer
    # A statement that the driver has prepared is planned once. By itself PostgreSQL plans a read of records for each
    # call, which takes it 2 ms, ten times as long as to answer. Here all plans go by an index of the workspace's.
    "plan_cache_mode": "force_generic_plan",
}
NUL = "\ufdd0"
"""A code point that is for good no character."""
MAKING_TABLES = 0x64_69_61_6C
"""The key of the advisory lock under which one of several servers makes the tables."""
CHANNEL = "sandbox_changes"
ANNOUNCE_EVERY_S = 0.02
MOST_ANNOUNCED = 500
"""Workspaces of which one notification tells: its text may have 8000 bytes."""
LOOK_EVERY_S = 1.0
"""From one look of those who follow to the next, whether they were told of something or not."""


def postgresql_engine(url: URL) -> Engine:
    """Return the engine of a database server; it is not called before the first transaction.

    What the URL says itself holds: `options` go behind ours, and the last one counts.
    """
    options = [f"-c {name}={value}" for name, value in OPTIONS.items()]
    options += url.normalized_query.get("options", ())
    timeout = {} if "connect_timeout" in url.query else {"connect_timeout": CONNECT_TIMEOUT_S}
    try:
        engine = create_engine(
            url.set(drivername=DRIVER),
            connect_args={**timeout, "options": " ".join(options)},
            pool_size=POOL_SIZE,
            max_overflow=MAX_OVERFLOW,
            pool_pre_ping=True,
        )
    except (ImportError, NoSuchModuleError):
        raise StoreRefused("PostgreSQL needs the psycopg package: install dialog-sandbox[postgresql].") from None
    except (SQLAlchemyError, ValueError) as error:
        raise StoreRefused(f"Not a database URL that PostgreSQL's driver takes: {error}.") from None
    event.listen(engine, "connect", _let_texts_hold_nul)
    return engine


def size_of(connection: Connection) -> int:
    """Return how many bytes the database has on its server's disk."""
    size: int = connection.execute(select(func.pg_database_size(func.current_database()))).scalar_one()
    return size


def _let_texts_hold_nul(driver: Any, _: object) -> None:
    """Send U+0000, which PostgreSQL keeps in no text, as a character that no text has: it is found nowhere."""
    from psycopg.types.string import StrDumper  # noqa: PLC0415  (only who uses PostgreSQL has it)

    class NulFreeDumper(StrDumper):
        def dump(self, obj: str) -> Any:
            return super().dump(obj.replace("\0", NUL))

    driver.adapters.register_dumper(str, NulFreeDumper)


def prepare(connection: Connection, *, is_write: bool) -> None:
    """Say what kind of transaction comes: a read sees one moment; a write locks rows, and sees what was committed."""
    if not is_write:
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def lock_schema(connection: Connection) -> None:
    """Let no other server make tables until this transaction ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MAKING_TABLES})


def take_all_the_time(connection: Connection) -> None:
    """Let each statement of this transaction take as long as it needs, its commit too."""
    connection.execute(text("SET LOCAL statement_timeout = 0"))


class Announcer:
    """Tells other servers which workspaces changed.

    Behind the answers, and many together: a transaction that notifies takes a lock of the whole database server.
    """

    def __init__(self, engine: Engine, threads: Executor) -> None:
        self._engine = engine
        self._threads = threads
        self._waiting: set[int] = set()
        self._lock = Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        """The one that will tell what waits."""

    def announce(self, workspaces: Collection[int]) -> None:
        """Have it told soon that these changed."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            loop = None
        with self._lock:
            self._waiting.update(workspaces)
            if loop is None or (self._loop is not None and not self._loop.is_closed()):
                return
            self._loop = loop
        loop.call_later(ANNOUNCE_EVERY_S, self._tell_in_thread)

    def _tell_in_thread(self) -> None:
        with suppress(RuntimeError):  # the store was closed
            self._threads.submit(self._tell)

    def _tell(self) -> None:
        with self._lock:
            workspaces, self._waiting, self._loop = self._waiting, set(), None
        told = ",".join(map(str, workspaces)) if len(workspaces) <= MOST_ANNOUNCED else ""
        # Who was not told looks a second later.
        with suppress(SQLAlchemyError), self._engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text("SELECT pg_notify(:channel, :told)"), {"channel": CHANNEL, "told": told})


async def changes(engine: Engine) -> AsyncGenerator[Collection[int] | None]:
    """Yield the workspaces that are announced, on a connection of its own; None at first, and every second."""
    from psycopg import AsyncConnection  # noqa: PLC0415  (only who uses PostgreSQL has it)

    arguments, options = engine.dialect.create_connect_args(engine.url)
    options["connect_timeout"] = CONNECT_TIMEOUT_S
    connection = await AsyncConnection.connect(*arguments, autocommit=True, **options)
    try:
        await connection.execute(f"LISTEN {CHANNEL}")
        while True:
            yield None
            async for notice in connection.notifies(timeout=LOOK_EVERY_S):
                yield [int(number) for number in notice.payload.split(",")] if notice.payload else None
    finally:
        # As a context the connection would roll back first; a second cancellation meanwhile leaves it open.
        await connection.close()
