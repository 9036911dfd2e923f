"""The store: opens a database by its URL, and runs work in transactions."""

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from sandbox.clock import SteadyClock, wall_clock
from sandbox.store import postgresql, sqlite
from sandbox.store.errors import (
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreNotFound,
    StoreRefused,
    StoreUnavailable,
    translation_of,
)
from sandbox.store.files import damaged, obstacle, temporary_folder
from sandbox.store.id_format import IdFormat
from sandbox.store.kept_wall import KeptWall
from sandbox.store.limits import NO_LIMITS, Limits
from sandbox.store.read_snapshot import ReadSnapshot
from sandbox.store.schema import make_tables, server_row
from sandbox.store.slices import SlicedJob, Slices, serve_others
from sandbox.store.tables import SCHEMA_TAGS
from sandbox.store.tx import Tx
from sandbox.store.urls import name_of, sqlite_url, url_of

T = TypeVar("T")

BUSY_TIMEOUT_S = 30.0
"""How long another process's lock is waited for, without blocking others, before a caller is told.

Some times what the longest write takes, the reset of the largest packaged world.
"""
OPENING_TIMEOUT_S = 30.0
"""The same at the start: the other one may be filling the file."""
BUSY_RETRY_S = 0.001
LONGEST_BUSY_RETRY_S = 0.008
"""Each pause is twice the one before it, up to this: most locks are held for less than a millisecond."""
THREADS = 8
MOST_SNAPSHOTS = 32
"""Each holds a connection until its answer is read; a reader who stalls for a minute is given up."""


class Store:
    """An open database. `wall` gives the machine's wall time in ms; `id_formats` are the vendors'.

    Its own `wall` never goes back: not when the machine's clock does, not over a restart, and not from one process that
    has the file open to another. The latest that a process had is kept in the file for that.

    `in_threads`: work runs in a pool of threads, as it always does on PostgreSQL, which is across a network; else
    inline, since a statement on SQLite takes microseconds. World code may not assume either. `is_temporary`: of a file
    that somebody else makes and deletes, and that need not outlive the machine.
    """

    def __init__(
        self,
        database: str | None = None,
        wall: Callable[[], int] = wall_clock,
        id_formats: Sequence[IdFormat] = (),
        *,
        in_threads: bool = False,
        limits: Limits = NO_LIMITS,
        is_temporary: bool = False,
    ) -> None:
        """`database`: a path or an SQLAlchemy URL; none: a temporary file that goes when the store is closed."""
        self.limits = limits
        self._folder = None if database else temporary_folder()
        self.url = sqlite_url(Path(self._folder.name, "sandbox.db")) if self._folder else url_of(str(database))
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._clock = wall if isinstance(wall, SteadyClock) else SteadyClock(wall)
        self.wall: Callable[[], int] = self._clock
        self._kept_wall = KeptWall(self._clock)
        self._is_keeping_wall = False
        self.id_formats = tuple(id_formats)
        self.after_commit: list[Callable[[Tx], None]] = []
        """Called on the loop (or by who calls `write_now`) with each transaction that wrote, once it is committed."""
        self._threads = ThreadPoolExecutor(THREADS, "store") if in_threads or not self.is_sqlite else None
        if self.is_sqlite:
            sqlite.check_file(self.path)
            self.engine = sqlite.sqlite_engine(self.path, is_temporary=is_temporary or self._folder is not None)
        else:
            self.engine = postgresql.postgresql_engine(self.url)
        self._prepare = sqlite.prepare if self.is_sqlite else postgresql.prepare
        self.patience_s = BUSY_TIMEOUT_S
        """How long a lock is waited for; what already waits goes by it too."""
        self._announcer = None
        if self._threads is not None and not self.is_sqlite:
            self._announcer = postgresql.Announcer(self.engine, self._threads)
        self._lines: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()
        self._open_snapshots = 0
        self._errors = (SQLAlchemyError, self.engine.dialect.loaded_dbapi.Error)
        try:
            self.write_now(make_tables, patience_s=OPENING_TIMEOUT_S)
        except StoreError as error:
            refusal = self.refusal(error)  # before a temporary file is gone
            self.close()
            raise refusal from error
        self._kept_wall.is_on = not self.is_private

    def refusal(self, error: StoreError) -> StoreRefused:
        """Return what is told of a database that cannot be opened or written."""
        if isinstance(error, StoreDamaged):
            return damaged(self.path, str(error))
        what = "open" if isinstance(error, StoreNotFound) or not self.is_sqlite else "write to"
        why = (obstacle(self.path) if self.is_sqlite else None) or " ".join(str(error).split()).rstrip(".?")
        return StoreRefused(f"Cannot {what} the database {self.name}: {why}.")

    @property
    def path(self) -> Path:
        """The file that SQLite keeps the database in."""
        return Path(str(self.url.database))

    @property
    def name(self) -> str:
        """The database as people are told of it, without a password."""
        return name_of(self.url)

    @property
    def is_private(self) -> bool:
        """Whether no other process can have the database open."""
        return self._folder is not None

    def close(self) -> None:
        """Let go of the database; closing twice does nothing."""
        if self._kept_wall.is_on:
            self._kept_wall.is_on = False
            with suppress(StoreUnavailable):
                self._run(self._kept_wall.keep_last, is_write=True)
        if self._threads is not None:
            self._threads.shutdown()
        self.engine.dispose()
        if self._folder is not None:
            self._folder.cleanup()

    # Work ------------------------------------------------------------------------------------------------------------

    async def read(self, work: Callable[[Tx], T]) -> T:
        """Return what `work` makes of one moment of the database."""
        return await self._patiently(work, is_write=False)

    async def write(self, work: Callable[[Tx], T]) -> T:
        """Run `work` all or nothing, then what it left to be done before the answer. Others write before or after."""
        return await self._patiently(work, is_write=True)

    async def write_in_slices(self, work: Callable[[Tx], Slices[T]]) -> T:
        """Run each slice of `work` as `write` would, and serve others between them; return what it returns.

        One that fails ends it, and what the slices before it wrote stays.
        """
        job = SlicedJob(work)
        while not await self.write(job.go_on):
            job.has_committed()
            await serve_others()
        return job.result

    async def _patiently(self, work: Callable[[Tx], T], *, is_write: bool) -> T:
        began = time.monotonic()
        try:
            if is_write and self._lines and self._line().locked():
                raise StoreBusy("others wait for the lock")
            tx, result = await self._attempt(work, is_write=is_write)
        except StoreBusy:
            async with self._line() if self.is_sqlite else nullcontext():
                tx, result = await self._attempt_again(work, began, is_write=is_write)
        for do in tx.deferred:
            await do()
        return result

    def _line(self) -> asyncio.Lock:
        """Return what those have in turn who wait for SQLite's lock: if all tried, the machine would do little else."""
        return self._lines.setdefault(asyncio.get_running_loop(), asyncio.Lock())

    async def _attempt_again(self, work: Callable[[Tx], T], began: float, *, is_write: bool) -> tuple[Tx, T]:
        """Try until the lock is to be had, or that has taken too long."""
        for pause in _pauses():
            try:
                return await self._attempt(work, is_write=is_write)
            except StoreBusy:
                if time.monotonic() - began >= self.patience_s:
                    raise
            await asyncio.sleep(pause)
        raise AssertionError("pauses have no end")

    async def _attempt(self, work: Callable[[Tx], T], *, is_write: bool) -> tuple[Tx, T]:
        if self._threads is None:
            tx, result = self._run(work, is_write=is_write)
            self._committed(tx)
            return tx, result
        try:
            running = asyncio.get_running_loop().run_in_executor(
                self._threads, lambda: self._run(work, is_write=is_write)
            )
        except RuntimeError as error:  # the pool's own word for being shut down
            raise StoreUnavailable("it is closed") from error
        running.add_done_callback(self._has_run)
        # A caller that is cancelled meanwhile does not keep the others from learning of what was committed.
        return await asyncio.shield(running)

    def _has_run(self, running: "asyncio.Future[tuple[Tx, Any]]") -> None:
        if not running.cancelled() and running.exception() is None:
            self._committed(running.result()[0])

    def read_now(self, work: Callable[[Tx], T]) -> T:
        """Do as `read` does, where there is no loop."""
        return self._run(work, is_write=False)[1]

    def write_now(self, work: Callable[[Tx], T], *, patience_s: float | None = None) -> T:
        """Do as `write` does, where there is no loop, but for what is to be awaited."""
        deadline = time.monotonic() + (self.patience_s if patience_s is None else patience_s)
        for pause in _pauses():
            try:
                tx, result = self._run(work, is_write=True)
            except StoreBusy:
                if time.monotonic() >= deadline:
                    raise
            else:
                self._committed(tx)
                return result
            time.sleep(pause)
        raise AssertionError("pauses have no end")

    def _run(self, work: Callable[[Tx], T], *, is_write: bool) -> tuple[Tx, T]:
        with self._transaction(is_write=is_write) as connection:
            tx = Tx(connection, self._clock, self.id_formats, is_write=is_write, limits=self.limits)
            self._kept_wall.note(tx)
            result = work(tx)
            is_kept = False
            if is_write:
                tx.flush()
                # On PostgreSQL in a transaction of its own, since all others would wait for the lock of that one row.
                is_kept = (self.is_sqlite or work is _nothing) and self._kept_wall.keep(tx)
        if is_kept:
            self._kept_wall.has_committed(tx)
        return tx, result

    async def keep_wall(self) -> None:
        """Keep how late it has become, for other processes and the next start: whoever was answered has seen it.

        Called behind the answers, so that no read waits for a write.
        """
        if not self._kept_wall.is_behind or self._is_keeping_wall:
            return
        self._is_keeping_wall = True  # by one: all that are answered meanwhile would wait for the lock of that row
        try:
            with suppress(StoreUnavailable):
                await self._attempt(_nothing, is_write=True)
        finally:
            self._is_keeping_wall = False

    @contextmanager
    def _transaction(self, *, is_write: bool) -> Iterator[Connection]:
        try:
            with self.engine.connect() as connection:
                self._prepare(connection, is_write=is_write)
                if self._kept_wall.is_on and self.is_sqlite:
                    self._kept_wall.catch_up(connection)  # in no transaction, which work begins by itself
                with connection.begin():
                    if self._kept_wall.is_on and not self.is_sqlite:
                        self._kept_wall.catch_up(connection)
                    yield connection
        except self._errors as error:
            raise translation_of(error) from error

    def _committed(self, tx: Tx) -> None:
        if not tx.is_write:
            return
        for listener in self.after_commit:
            listener(tx)
        if self._announcer is not None and tx.changed:
            self._announcer.announce(tx.changed)

    # What other servers do -------------------------------------------------------------------------------------------

    async def changes(self) -> AsyncGenerator[Collection[int] | None]:
        """Yield whenever another server may have changed workspaces: their numbers, or None when those are unknown.

        It may have been this one. Raises `StoreUnavailable`.
        """
        follow = sqlite.changes if self.is_sqlite else postgresql.changes
        try:
            async with aclosing(follow(self.engine)) as found:
                async for workspaces in found:
                    yield workspaces
        except self._errors as error:
            raise translation_of(error) from error

    # Long reads ------------------------------------------------------------------------------------------------------

    @contextmanager
    def snapshot(self) -> Iterator[ReadSnapshot]:
        """Give one moment of the database, to be read over several turns of the loop."""
        if self._open_snapshots >= MOST_SNAPSHOTS:
            raise StoreUnavailable(f"{MOST_SNAPSHOTS} long answers are being read already")
        self._open_snapshots += 1
        try:
            with self._reading_one_moment() as snapshot:
                yield snapshot
        finally:
            self._open_snapshots -= 1

    @contextmanager
    def _reading_one_moment(self) -> Iterator[ReadSnapshot]:
        with self._transaction(is_write=False) as connection:
            connection.execute(select(SCHEMA_TAGS.c.version)).all()  # the moment is that of the first read
            yield ReadSnapshot(connection)

    # Space -----------------------------------------------------------------------------------------------------------

    async def give_space_back(self) -> bool:
        """Make the file shorter by a few of the pages that are free in it; return whether more are to go.

        PostgreSQL's own autovacuum does what is to be done there.
        """
        if not self.is_sqlite or not await self.read(lambda tx: sqlite.surplus_pages(tx.connection)):
            return False
        return await self.write(lambda tx: sqlite.give_pages_back(tx.connection))

    async def fold_log(self) -> None:
        """Have SQLite take into the file, in a thread, what has become long beside it while one moment was read.

        It does so at the next commit otherwise, and all who call then wait. Raises `StoreUnavailable`.
        """
        if self.is_sqlite:
            try:
                await asyncio.to_thread(sqlite.fold_log, self.path)
            except self._errors as error:
                found = translation_of(error)
                if not isinstance(found, StoreBusy):  # or another one does it just now
                    raise found from error

    async def size(self) -> int:
        """Return how many bytes the database has on its disk."""
        if self.is_sqlite:
            return sqlite.size_of(self.path)
        return await self.read(lambda tx: postgresql.size_of(tx.connection))

    async def try_to_write(self) -> None:
        """Raise what keeps the database from being written, be it a lock or a full disk."""
        await self.write(lambda tx: tx.update(server_row(tx), fingerprint=secrets.token_hex(4)))


def _pauses() -> Iterator[float]:
    pause = BUSY_RETRY_S
    while True:
        yield pause
        pause = min(2 * pause, LONGEST_BUSY_RETRY_S)


def _nothing(_: Tx) -> None:
    """Only the transaction itself."""
