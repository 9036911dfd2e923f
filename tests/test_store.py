"""The database: how it is opened, checked, kept and shared."""

import asyncio
import errno
import fcntl
import hashlib
import os
import re
import resource
import shutil
import socket
import sqlite3
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from types import SimpleNamespace
from typing import Any

import pytest
from commands import FAILSAFE_S
from conftest import DatabaseFor
from driver import CONSOLE, DEFAULT, DIALOGTECH, STRANGER, TRACKING_NUMBER, WRITEBACK, Driver, Wall
from live import Live
from masks import masked
from query_plans import plan
from server_process import BASIC, request
from sqlalchemy import event, func, select

from sandbox.server.journal import nearest, verify
from sandbox.server.wire import Wire
from sandbox.store import Conflict, Query, ReadSnapshot, Store, StoreRefused, StoreUnavailable, Tx
from sandbox.store.engine import BUSY_TIMEOUT_S
from sandbox.store.errors import StoreBusy
from sandbox.store.files import obstacle
from sandbox.store.tables import CONSENTS, COUNTERS, SCHEMA, SCHEMA_TAGS, ConsentRow, CounterRow, Row
from sandbox.store.tx import COUNT, POSITION
from sandbox.store.workspace_view import SERVER, VIEW_BY_ID
from sandbox.vendors.dialogtech import messages as dialogtech
from sandbox.vendors.dialogtech import one_message
from sandbox.vendors.simplepay import api as simplepay
from sandbox.vendors.writeback import api as writeback
from sandbox.world import clock_moves, commands, consent, lines, people, threads
from sandbox.world.callbacks import claims, queue
from sandbox.world.callbacks import search as callback_search
from sandbox.world.messages import receive, search, timeline
from sandbox.world.workspaces import find

NOBODY = 65534


@pytest.fixture
def store(database_for: DatabaseFor) -> Iterator[Store]:
    opened = Store(database_for(None))
    yield opened
    opened.close()


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that every user of the machine can read, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="dialog-sandbox-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def as_another_user() -> Iterator[None]:
    """Root may write everywhere; so it is nobody for a while."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


def kept(path: Path, *, schema: int = SCHEMA) -> Path:
    """A database of ours, of any schema version."""
    Store(str(path)).close()
    driver = sqlite3.connect(path)
    driver.execute("UPDATE sandbox_schema SET version = ?", (schema,))
    driver.commit()
    driver.execute("PRAGMA journal_mode=DELETE")
    driver.close()
    return path


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def pragma(store: Store, name: str) -> object:
    """Of a connection, as transactions have it."""
    return store.read_now(lambda tx: tx.connection.exec_driver_sql(f"PRAGMA {name}").scalar_one())


VERSION = Query(int, select(SCHEMA_TAGS.c.version))


def versions(store: Store) -> list[int]:
    return store.read_now(lambda tx: tx.all(VERSION))


async def in_turn(*work: Any) -> list[Any]:
    """What each of these comes to, all of them begun at once."""
    return await asyncio.gather(*work, return_exceptions=True)


def count(n: int, kind: str = "x") -> CounterRow:
    """A row that goes into any store."""
    return CounterRow(workspace_id=SERVER, kind=kind, n=n)


def kinds(store: Store) -> list[str]:
    """Those of the rows that were counted there by hand."""
    return store.read_now(lambda tx: tx.all(Query(str, select(COUNTERS.c.kind).order_by(COUNTERS.c.kind))))


# What is refused -------------------------------------------------------------------------------------------------


def cannot_lock(*_: object) -> None:
    raise OSError(errno.ENOLCK, "No locks available")


@pytest.mark.skipif(sys.platform != "linux", reason="two locks in one process are Linux's")
@pytest.mark.parametrize(
    ("lock", "reason"),
    [
        (cannot_lock, "files cannot be locked there (No locks available)"),
        (lambda *_: None, "two could lock the same file there"),
    ],
)
def test_a_folder_in_which_files_cannot_be_locked_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lock: Callable[..., None], reason: str
) -> None:
    monkeypatch.setattr(fcntl, "fcntl", lock)
    with pytest.raises(StoreRefused) as refused:
        Store(str(tmp_path / "kept.db"))
    advice = "keep the database on a disk of this machine, or in PostgreSQL"
    assert str(refused.value) == f"Cannot open the database {tmp_path / 'kept.db'}: {reason}; {advice}."
    assert [*tmp_path.iterdir()] == []


def test_whether_files_can_be_locked_is_tried_on_another_file_than_the_database(tmp_path: Path) -> None:
    database = str(tmp_path / "kept.db")
    with closing(Store(database)) as first:
        with closing(Store(database)) as second:
            second.write_now(lambda tx: tx.add(count(1)))
        assert kinds(first) == ["x"]
    assert [*tmp_path.iterdir()] == [tmp_path / "kept.db"]


@pytest.mark.parametrize("schema", [0, SCHEMA + 1, 99])
def test_a_store_of_another_schema_is_refused_and_not_altered(tmp_path: Path, schema: int) -> None:
    path = kept(tmp_path / "old.db", schema=schema)
    before = digest(path)
    with pytest.raises(StoreRefused) as refusal:
        Store(str(path))
    assert str(refusal.value) == (
        f"The database {path} has schema {schema}, and this version needs {SCHEMA}:"
        " take it there with `dialog-sandbox migrate`, or give --database another path."
    )
    assert digest(path) == before
    assert names(tmp_path) == ["old.db"]


def test_a_store_without_its_schema_version_is_refused(tmp_path: Path) -> None:
    path = kept(tmp_path / "odd.db")
    driver = sqlite3.connect(path)
    driver.execute("DELETE FROM sandbox_schema")
    driver.commit()
    driver.close()
    with pytest.raises(StoreRefused, match="has schema unknown, and this version needs"):
        Store(str(path))


def test_a_file_that_is_no_database_is_refused_and_not_altered(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear June,\n" * 1000)
    before = digest(path)
    with pytest.raises(StoreRefused, match=r"letter.txt is not an SQLite database: give --database another path\.$"):
        Store(str(path))
    assert digest(path) == before


def test_a_file_whose_maker_was_ended_before_it_had_tables_is_as_good_as_new(tmp_path: Path) -> None:
    path = tmp_path / "begun.db"
    driver = sqlite3.connect(path)
    driver.execute("PRAGMA journal_mode=WAL")
    driver.close()
    assert path.stat().st_size > 0
    store = Store(str(path))
    assert versions(store) == [SCHEMA]
    store.close()


def test_somebody_elses_database_is_refused_and_not_altered(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    driver = sqlite3.connect(path)
    driver.execute("CREATE TABLE letters (text TEXT)")
    driver.commit()
    driver.close()
    before = digest(path)
    with pytest.raises(StoreRefused, match=r"was not made by dialog-sandbox: give --database another path\.$"):
        Store(str(path))
    assert digest(path) == before


def refusal_of(database: Path | str) -> str:
    with pytest.raises(StoreRefused) as refusal:
        Store(str(database))
    return str(refusal.value)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "sandbox.db"
    assert refusal_of(path) == f"Cannot open the database {path}: the folder {path.parent} does not exist."


def test_a_folder_in_the_files_place_is_told(tmp_path: Path) -> None:
    told = f"that is a folder; name a file in it, as {tmp_path / 'sandbox.db'}."
    assert refusal_of(tmp_path) == f"Cannot open the database {tmp_path}: {told}"


def test_a_file_in_the_folders_place_is_told(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt" / "sandbox.db"
    path.parent.touch()
    assert refusal_of(path) == f"Cannot open the database {path}: {path.parent} is not a folder."


def test_what_is_no_file_is_told_and_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    assert refusal_of(path) == f"Cannot open the database {path}: that is no regular file."


WHO, WHOSE = (
    r"user 65534( \([\w.-]+\))? of group [0-9]+",
    r"which belongs to user [0-9]+( \([\w.-]+\))? of group [0-9]+",
)
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")


@as_root
def test_a_folder_that_may_not_be_written_is_told_with_who_may_not_and_whose_it_is(shared_folder: Path) -> None:
    path = shared_folder / "sandbox.db"
    with as_another_user():
        told = refusal_of(path)
    folder = re.escape(str(shared_folder))
    assert re.fullmatch(rf".* {WHO} may not write in the folder {folder}, {WHOSE} \(mode 0755\)\.", told), told


@as_root
def test_a_folder_that_may_not_be_looked_into_is_told(shared_folder: Path) -> None:
    path = shared_folder / "theirs" / "sandbox.db"
    path.parent.mkdir(mode=0o700)
    with as_another_user():
        told = refusal_of(path)
    assert re.search(rf": {WHO} may not look into the folder .*, {WHOSE} \(mode 0700\)\.$", told), told


@as_root
@pytest.mark.parametrize(("mode", "right"), [(0o444, "write"), (0o200, "read")])
def test_a_file_that_may_not_be_read_or_written_is_told(shared_folder: Path, mode: int, right: str) -> None:
    path = kept(shared_folder / "sandbox.db")
    shared_folder.chmod(0o777)
    path.chmod(mode)
    with as_another_user():
        told = refusal_of(path)
    name = re.escape(str(path))
    assert re.search(rf": {WHO} may not {right} {name}, {WHOSE} \(mode {mode:04o}\)\.$", told), told


@as_root
def test_a_log_that_another_user_left_is_told(shared_folder: Path) -> None:
    path = kept(shared_folder / "sandbox.db")
    log = shared_folder / "sandbox.db-wal"
    log.touch(0o600)
    shared_folder.chmod(0o777)
    path.chmod(0o666)
    with as_another_user():
        told = refusal_of(path)
    assert re.search(rf": {WHO} may not read {re.escape(str(log))}, {WHOSE} \(mode 0600\)\.$", told), told


def test_a_filesystem_that_is_read_only_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.statvfs", lambda _: SimpleNamespace(f_flag=os.ST_RDONLY))
    assert obstacle(tmp_path / "sandbox.db") == f"the filesystem of {tmp_path} is read-only"


def test_without_a_folder_for_temporary_files_one_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    with pytest.raises(StoreRefused) as refusal:
        Store()
    assert str(refusal.value) == (
        "No folder for a temporary database (No such file or directory):"
        " set TMPDIR to one that can be written and has room, or give --database a path."
    )


# What is broken --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [20, 99, 100, 4096, 20_000])
def test_a_file_that_was_cut_off_is_damaged_and_not_altered(tmp_path: Path, size: int) -> None:
    path = kept(tmp_path / "sandbox.db")
    whole = path.stat().st_size
    os.truncate(path, size)
    before = digest(path)
    missing = (100 if size < 100 else whole) - size
    assert refusal_of(path) == (
        f"The database {path} is damaged (it ends {missing} bytes too early):"
        " restore a copy of it, or move it away to have a new one seeded."
    )
    assert digest(path) == before


def spoil(path: Path, first: int) -> None:
    """Overwrite the pages of a database from that one on."""
    with path.open("r+b") as file:
        size = int.from_bytes(file.read(18)[16:], "big")
        file.seek(first * size or 100)
        file.write(b"\xaa" * (path.stat().st_size - file.tell()))


@pytest.mark.parametrize("first", [0, 1])
def test_a_broken_page_is_damage_and_not_somebody_elses_file(tmp_path: Path, first: int) -> None:
    path = kept(tmp_path / "sandbox.db")
    spoil(path, first)
    assert refusal_of(path) == (
        f"The database {path} is damaged (database disk image is malformed):"
        " restore a copy of it, or move it away to have a new one seeded."
    )


@pytest.mark.sqlite
def test_a_page_that_breaks_while_it_serves_is_told_as_the_vendors_do(
    open_driver: Callable[..., Driver], tmp_path: Path
) -> None:
    path = tmp_path / "sandbox.db"
    sandbox = open_driver(database=str(path))
    sandbox.sid()
    pragma(sandbox.app.store, "journal_mode")
    with closing(sqlite3.connect(path)) as driver:
        driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    spoil(path, 1)
    sandbox.app.store.engine.dispose()  # with the pages that its connections have in memory
    submitted = sandbox.submit()
    assert (submitted.status_code, submitted.json()["status"]) == (503, "failed")
    assert "store does not answer" in submitted.json()["error_message"]
    assert sandbox.writeback().status_code == 503
    assert "<result>failed</result>" in sandbox.get_messages().text
    told = sandbox.call("GET", f"{DEFAULT}/messages")
    assert (told.status_code, told.headers["content-type"]) == (503, "application/problem+json")


@pytest.mark.parametrize(
    ("database", "reason"),
    [
        (":memory:", "An SQLite database in memory is not supported: leave --database out for a temporary file."),
        (
            "file::memory:?cache=shared",
            "An SQLite database in memory is not supported: leave --database out for a temporary file.",
        ),
        (
            "sqlite:///x?mode=memory",
            "An SQLite database in memory is not supported: leave --database out for a temporary file.",
        ),
        ("file:x.db", "SQLite's own URIs are not understood: give a path, or sqlite:///PATH, not 'file:x.db'."),
        ("mysql+pymysql://localhost/sandbox", "Data is kept in SQLite or PostgreSQL, not in mysql."),
        ("nonsense://localhost/sandbox", "Data is kept in SQLite or PostgreSQL, not in nonsense."),
        ("://", "Not a database URL: '://'. Give a path, sqlite:///PATH or postgresql://HOST/NAME."),
        ("sqlite://", "An SQLite database in memory is not supported: leave --database out for a temporary file."),
        (
            "sqlite:///:memory:",
            "An SQLite database in memory is not supported: leave --database out for a temporary file.",
        ),
    ],
)
def test_a_url_that_names_no_sqlite_file_is_refused(database: str, reason: str) -> None:
    with pytest.raises(StoreRefused) as refusal:
        Store(database)
    assert str(refusal.value) == reason


# How it is opened ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["{}", "sqlite:///{}", "sqlite+pysqlite:///{}", "sqlite+aiosqlite:///{}"])
def test_a_path_and_a_url_name_the_same_file(tmp_path: Path, form: str) -> None:
    path = tmp_path / "sandbox.db"
    Store(form.format(path)).close()
    assert path.is_file()


@pytest.mark.parametrize("name", ["with blanks.db", "50%.db", "a?b#c.db", "größe.db", "a%20b.db"])
def test_a_file_may_bear_any_name(tmp_path: Path, name: str) -> None:
    for _ in range(2):
        Store(str(tmp_path / name)).close()
    assert names(tmp_path) == [name]


def test_a_relative_path_counts_from_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Store("one.db").close()
    Store("sqlite:///two.db").close()
    assert names(tmp_path) == ["one.db", "two.db"]


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.db"
    path.touch()
    store = Store(str(path))
    assert versions(store) == [SCHEMA]
    store.close()


def test_without_a_path_the_file_goes_with_the_store() -> None:
    store = Store()
    folder = store.path.parent
    assert store.path.is_file()
    store.close()
    assert not folder.exists()


def test_a_store_may_be_closed_twice() -> None:
    store = Store()
    store.close()
    store.close()


@pytest.mark.sqlite
def test_readers_do_not_wait_for_writers_and_references_are_kept(store: Store) -> None:
    assert pragma(store, "journal_mode") == "wal"
    assert pragma(store, "foreign_keys") == 1


@pytest.mark.sqlite
def test_no_connection_waits_for_a_lock_by_itself(store: Store) -> None:
    assert pragma(store, "busy_timeout") == 0


def test_a_row_that_names_nobody_is_refused(store: Store) -> None:
    row = ConsentRow(workspace_id=SERVER, id=1, line="1", phone="2", opted_in=True, cause="x", at=0)
    with pytest.raises(Conflict, match=r"(?i)foreign key"):
        store.write_now(lambda tx: tx.add(row))
    assert store.read_now(lambda tx: tx.one(Query(int, select(func.count()).select_from(CONSENTS)))) == 0


def test_what_is_written_is_all_or_nothing(store: Store) -> None:
    class Interrupted(Exception):
        pass

    def interrupt(tx: Tx) -> None:
        tx.add(count(1, "x"))
        tx.next_id("y")
        raise Interrupted

    with pytest.raises(Interrupted):
        store.write_now(interrupt)
    assert kinds(store) == []
    store.write_now(lambda tx: tx.add(count(1, "y")))
    assert kinds(store) == ["y"]


def test_listeners_are_told_of_writes_that_were_committed_and_of_nothing_else(store: Store) -> None:
    told = []
    store.after_commit.append(lambda tx: told.append((tx.is_write, kinds(store))))

    def fail(tx: Tx) -> None:
        tx.add(count(1, "never"))
        raise Conflict

    asyncio.run(store.write(lambda tx: tx.add(count(1, "a"))))
    store.write_now(lambda tx: tx.add(count(1, "b")))
    asyncio.run(store.read(lambda tx: tx.all(COUNT, kind="a")))
    with pytest.raises(Conflict):
        store.write_now(fail)
    assert told == [(True, ["a"]), (True, ["a", "b"])]


def test_what_is_to_be_done_before_the_answer_is_done_after_the_commit_and_awaited(store: Store) -> None:
    done: list[object] = []

    async def do() -> None:
        await asyncio.sleep(0)
        done.append(kinds(store))

    def work(tx: Tx) -> str:
        tx.add(count(1, "a"))
        tx.before_answer(do)
        tx.before_answer(do)
        return "answer"

    async def call() -> None:
        done.append(await store.write(work))

    asyncio.run(call())
    assert done == [["a"], ["a"], "answer"]


# Locked by another process -----------------------------------------------------------------------------------------


@contextmanager
def lock_of(store: Store) -> Iterator[sqlite3.Connection]:
    """Another program holds the write lock, until it commits or leaves."""
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


@pytest.mark.sqlite
def test_who_waits_for_a_lock_keeps_nobody_waiting(store: Store) -> None:
    """The loop goes on while one waits: others read, and one of them ends what was waited for."""
    order: list[str] = []

    async def write() -> None:
        await store.write(lambda tx: tx.add(count(1)))
        order.append("written")

    async def read(other: sqlite3.Connection) -> None:
        for _ in range(5):
            await asyncio.sleep(0)
            order.append(f"read {await store.read(lambda tx: len(tx.all(Query(str, select(COUNTERS.c.kind)))))}")
        other.execute("COMMIT")

    with lock_of(store) as other:
        assert asyncio.run(in_turn(write(), read(other))) == [None, None]
    assert order == ["read 0"] * 5 + ["written"]


class Passing:
    """Time that passes only while somebody sleeps. `then`: what happens at these seconds."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []
        self.then: dict[float, Callable[[], object]] = {}
        self._sleep = asyncio.sleep
        monkeypatch.setattr("sandbox.store.engine.time", SimpleNamespace(monotonic=lambda: self.seconds))
        monkeypatch.setattr("sandbox.store.engine.asyncio.sleep", self.sleep)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds
        for at in [at for at in self.then if at <= self.seconds]:
            self.then.pop(at)()
        await self._sleep(0)


@pytest.mark.sqlite
def test_a_lock_is_waited_for_as_long_as_a_long_write_takes_and_then_told(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    passing = Passing(monkeypatch)
    with lock_of(store), pytest.raises(StoreUnavailable, match="locked"):
        asyncio.run(store.write(lambda tx: tx.add(count(1))))
    assert BUSY_TIMEOUT_S <= passing.seconds < BUSY_TIMEOUT_S + 1
    assert passing.slept[:5] == [0.001, 0.002, 0.004, 0.008, 0.008]


@pytest.mark.sqlite
def test_of_many_who_wait_for_a_lock_one_tries_for_all(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    passing = Passing(monkeypatch)
    attempts = []
    attempt: Any = store._run

    def counting(work: Any, **options: Any) -> Any:
        attempts.append(work)
        return attempt(work, **options)

    monkeypatch.setattr(store, "_run", counting)

    async def writes() -> None:
        await asyncio.gather(*(store.write(partial(add_one, f"x{n}")) for n in range(50)))

    with lock_of(store) as other:
        passing.then[10.0] = lambda: other.execute("COMMIT")
        asyncio.run(writes())
    assert len(attempts) == len(passing.slept) + 1 + 50  # the first one before it waits, and each when it is its turn
    assert len(kinds(store)) == 50
    assert passing.seconds < BUSY_TIMEOUT_S


@pytest.mark.sqlite
def test_who_waits_already_goes_by_a_patience_that_was_lowered_since(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    passing = Passing(monkeypatch)
    passing.then[2.0] = lambda: setattr(store, "patience_s", 1.0)
    with lock_of(store), pytest.raises(StoreUnavailable, match="locked"):
        asyncio.run(store.write(lambda tx: tx.add(count(1))))
    assert passing.seconds < 3


def add_one(kind: str, tx: Tx) -> None:
    tx.add(count(1, kind))


@pytest.mark.sqlite
def test_without_a_loop_a_lock_is_waited_for_too(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with lock_of(store) as other:
        committing = SimpleNamespace(monotonic=monotonic, sleep=lambda _: other.execute("COMMIT"))
        monkeypatch.setattr("sandbox.store.engine.time", committing)
        store.write_now(lambda tx: tx.add(count(1)))
    assert kinds(store) == ["x"]
    with lock_of(store), pytest.raises(StoreBusy):
        store.write_now(lambda tx: tx.add(count(1, "y")), patience_s=0)


@pytest.mark.sqlite
def test_work_that_a_lock_kept_from_beginning_is_done_once(store: Store) -> None:
    runs: list[int] = []

    def work(tx: Tx) -> None:
        runs.append(tx.wall)
        tx.add(count(1))

    async def release(other: sqlite3.Connection) -> None:
        other.execute("COMMIT")

    with lock_of(store) as other:
        assert asyncio.run(in_turn(store.write(work), release(other))) == [None, None]
    assert len(runs) == 1


def test_two_stores_open_on_one_new_file_at_once(tmp_path: Path) -> None:
    opened: list[Store] = []

    def open_it() -> None:
        opened.append(Store(str(tmp_path / "sandbox.db")))

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [versions(store) for store in opened] == [[SCHEMA]] * 4
    for store in opened:
        store.close()


# In threads --------------------------------------------------------------------------------------------------------


@pytest.mark.sqlite
def test_in_threads_work_is_done_elsewhere_and_comes_to_the_same(store: Store) -> None:
    there = Store(in_threads=True)

    def work(tx: Tx) -> tuple[int, list[str], str]:
        tx.add(count(tx.next_id("a")))
        return tx.next_id("a"), tx.all(Query(str, select(COUNTERS.c.kind))), threading.current_thread().name

    inline, elsewhere = asyncio.run(store.write(work)), asyncio.run(there.write(work))
    assert inline[:2] == elsewhere[:2] == (2, ["x"])
    assert inline[2] == threading.current_thread().name
    assert elsewhere[2].startswith("store")
    assert kinds(store) == kinds(there) == ["a", "x"]
    with pytest.raises(Conflict):
        asyncio.run(there.write(lambda tx: tx.add(count(1))))
    there.close()


def test_in_threads_writers_come_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.store.engine.BUSY_TIMEOUT_S", FAILSAFE_S)
    there = Store(in_threads=True)

    async def write() -> list[Any]:
        return await in_turn(*(there.write(lambda tx: tx.next_id("n")) for _ in range(40)))

    assert sorted(asyncio.run(write())) == list(range(1, 41))
    there.close()


# One moment --------------------------------------------------------------------------------------------------------


def test_a_read_sees_one_moment(store: Store) -> None:
    def read(tx: Tx) -> list[list[str]]:
        query = Query(str, select(COUNTERS.c.kind))
        before = tx.all(query)
        store.write_now(lambda other: other.add(count(1)))
        return [before, tx.all(query)]

    assert store.read_now(read) == [[], []]
    assert kinds(store) == ["x"]


def test_a_snapshot_does_not_see_what_is_written_after_it(store: Store) -> None:
    by_kind = Query(str, select(COUNTERS.c.kind))
    with store.snapshot() as snapshot:
        store.write_now(lambda tx: tx.add(count(1)))
        assert list(snapshot.chunks(by_kind, 10)) == []
        assert snapshot.one(by_kind) is None
        assert snapshot.one(VERSION) == SCHEMA
    with store.snapshot() as snapshot:
        assert snapshot.one(by_kind) == "x"


def test_a_snapshot_is_read_in_chunks_while_others_write(store: Store) -> None:
    store.write_now(lambda tx: tx.add_all([count(n, f"{n:03d}") for n in range(250)]))
    by_n = Query(CounterRow, select(COUNTERS).where(COUNTERS.c.n >= 20).order_by(COUNTERS.c.n))
    found = []
    with store.snapshot() as snapshot:
        for chunk in snapshot.chunks(by_n, 100):
            found.append(chunk)
            store.write_now(lambda tx: tx.add(count(1000 + len(found), f"n{len(found)}")))
    assert [len(chunk) for chunk in found] == [100, 100, 30]
    assert [row for chunk in found for row in chunk] == [count(n, f"{n:03d}") for n in range(20, 250)]


def test_a_snapshot_that_is_left_early_lets_its_connection_go(store: Store) -> None:
    store.write_now(lambda tx: tx.add_all([count(n, f"{n:03d}") for n in range(250)]))
    for _ in range(200):
        with store.snapshot() as snapshot:
            assert len(next(snapshot.chunks(Query(str, select(COUNTERS.c.kind)), 10))) == 10


# Kept and shared -------------------------------------------------------------------------------------------------


def busy(sandbox: Driver) -> None:
    """A little of everything."""
    sid = sandbox.sid()
    sandbox.wall.advance(1.5)
    sandbox.reply(sid, "Thanks")
    sandbox.inbound("STOP")
    sandbox.submit(to=STRANGER, text="Grüße 👋")
    sandbox.send(tracking_number=TRACKING_NUMBER)
    sandbox.delivery("manual")
    sandbox.submit(to=STRANGER)
    sandbox.console(auto_reply="Changed.")


def whole_answers(sandbox: Driver) -> list[str]:
    """Whole answers, but for what is another one each time."""
    answers = [
        sandbox.writeback(),
        sandbox.get_messages(),
        sandbox.submit(to=STRANGER),
        sandbox.writeback(),
    ]
    return [masked(answer.text) for answer in answers]


def test_a_kept_world_is_the_same_after_a_restart(open_driver: Callable[..., Driver], tmp_path: Path) -> None:
    sandbox = open_driver(database=str(tmp_path / "sandbox.db"))
    busy(sandbox)
    records, tracked = sandbox.records(), sandbox.get_messages().content
    sandbox.restart()
    assert (sandbox.records(), sandbox.get_messages().content) == (records, tracked)
    assert sandbox.control("GET", "/delivery")["mode"] == "manual"
    assert sandbox.inbound("Hello", phone="14155550124")["answer"]["text"] == "Changed."
    assert sandbox.details(sandbox.sid())["status"] == "queued"


def test_the_same_seed_start_and_calls_give_the_same_bytes(open_driver: Callable[..., Driver]) -> None:
    first, second = open_driver(), open_driver()
    busy(first)
    busy(second)
    assert whole_answers(first) == whole_answers(second)


def test_the_same_bytes_come_over_a_restart(open_driver: Callable[..., Driver], tmp_path: Path) -> None:
    whole, broken = open_driver(), open_driver(database=str(tmp_path / "sandbox.db"))
    busy(whole)
    busy(broken)
    broken.restart()
    assert whole_answers(whole) == whole_answers(broken)


def test_another_seed_gives_other_ids(open_driver: Callable[..., Driver]) -> None:
    first, second = open_driver(), open_driver(seed=2)
    assert first.sid() != second.sid()
    (here,), (there,) = first.records(), second.records()
    assert here["outgoingMessageId"] != there["outgoingMessageId"]


def test_a_running_clock_goes_on_over_a_restart(open_driver: Callable[..., Driver], tmp_path: Path) -> None:
    sandbox = open_driver(database=str(tmp_path / "sandbox.db"), start_at=1_767_225_600_000)  # 2026-01-01T00:00:00Z
    sandbox.wall.advance(60)
    sandbox.restart()
    sandbox.wall.advance(60)
    assert sandbox.submit().json()["date_created"] == "2026-01-01@00:02:00.000+0000"


def test_seed_settings_do_not_touch_a_filled_store(open_driver: Callable[..., Driver], tmp_path: Path) -> None:
    database = str(tmp_path / "sandbox.db")
    first = open_driver(database=database, seed=1)
    first.submit()
    second = open_driver(database=database, fixture="empty", seed=2, start_at=0)
    assert second.app.is_seed_ignored
    assert second.records() == first.records()


def test_two_servers_share_one_file(open_driver: Callable[..., Driver], tmp_path: Path) -> None:
    database = str(tmp_path / "sandbox.db")
    first, second = open_driver(database=database), open_driver(database=database)
    sids = [server.sid(text=f"{n}") for n in range(10) for server in (first, second)]
    assert len(set(sids)) == 20
    assert first.records() == second.records()
    assert len(first.records()) == 20
    second.inbound("STOP")
    assert first.details(first.sid())["status"] == "failed"


# Not to be written for a while -----------------------------------------------------------------------------------


@pytest.fixture
def kept_sandbox(open_driver: Callable[..., Driver], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Driver:
    """One that waits for no lock."""
    monkeypatch.setattr("sandbox.store.engine.BUSY_TIMEOUT_S", 0)
    return open_driver(database=str(tmp_path / "sandbox.db"))


@contextmanager
def locked(sandbox: Driver) -> Iterator[None]:
    """Another program holds the write lock."""
    with lock_of(sandbox.app.store):
        yield


@contextmanager
def full_disk(sandbox: Driver) -> Iterator[None]:
    """The store's files cannot grow."""
    log = sandbox.app.store.path.with_name("sandbox.db-wal")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@contextmanager
def read_only(sandbox: Driver) -> Iterator[None]:
    """No connection of the store may write."""

    def forbid(driver: sqlite3.Connection, *_: object) -> None:
        driver.execute("PRAGMA query_only=ON")

    def allow(driver: sqlite3.Connection, *_: object) -> None:
        driver.execute("PRAGMA query_only=OFF")

    listeners = (("checkout", forbid), ("checkin", allow))
    for name, listener in listeners:
        event.listen(sandbox.app.store.engine, name, listener)
    try:
        yield
    finally:
        for name, listener in listeners:
            event.remove(sandbox.app.store.engine, name, listener)


Outage = Callable[[Driver], AbstractContextManager[None]]
every_outage = pytest.mark.parametrize("outage", [locked, full_disk, read_only], ids=lambda outage: outage.__name__)


@every_outage
@pytest.mark.sqlite
def test_a_store_that_cannot_be_written_is_told_to_whoever_writes(kept_sandbox: Driver, outage: Outage) -> None:
    sid = kept_sandbox.sid()
    with outage(kept_sandbox):
        submitted = kept_sandbox.submit()
        assert (submitted.status_code, submitted.json()["status"]) == (503, "failed")
        assert "store does not answer" in submitted.json()["error_message"]
        assert kept_sandbox.details(sid)["status"] == "delivered"
        assert len(kept_sandbox.records()) == 1
        refused = kept_sandbox.call("PATCH", f"{DEFAULT}/consoles/{CONSOLE}", json={"auto_reply": "No."})
        assert (refused.status_code, refused.headers["content-type"]) == (503, "application/problem+json")
        assert "store does not answer" in refused.json()["detail"]
    assert kept_sandbox.submit().status_code == 200
    entries = kept_sandbox.control("GET", "/journal")["items"]
    assert [entry["status"] for entry in entries] == [200, 503, 200, 200, 200]
    assert submitted.headers["x-sandbox-exchange"] == entries[1]["id"]


@every_outage
@pytest.mark.sqlite
def test_a_server_whose_store_cannot_be_written_is_live_but_not_ready(kept_sandbox: Driver, outage: Outage) -> None:
    with outage(kept_sandbox):
        assert kept_sandbox.call("GET", "/_sandbox/health/live").status_code == 200
        assert kept_sandbox.call("GET", "/_sandbox/health/ready").status_code == 503
    assert kept_sandbox.call("GET", "/_sandbox/health/ready").status_code == 200


def everything(store: Store) -> list[Any]:
    """Every row, but for a word that is there to be changed: a database writes nothing where nothing changes."""

    def read(tx: Tx) -> list[Any]:
        tables = Row.metadata.sorted_tables
        rows = [(table.name, dict(row)) for table in tables for row in tx.connection.execute(select(table)).mappings()]
        return [
            (name, row | {"fingerprint": ""} if (name, row.get("id")) == ("workspace", SERVER) else row)
            for name, row in rows
        ]

    return store.read_now(read)


@pytest.mark.sqlite
def test_a_probe_changes_nothing(kept_sandbox: Driver) -> None:
    before = everything(kept_sandbox.app.store)
    assert kept_sandbox.call("GET", "/_sandbox/health/ready").status_code == 200
    assert everything(kept_sandbox.app.store) == before


@every_outage
@pytest.mark.sqlite
def test_exchanges_have_ids_while_the_store_cannot_be_written_and_are_listed_afterwards(
    kept_sandbox: Driver, outage: Outage
) -> None:
    with outage(kept_sandbox):
        answers = [kept_sandbox.call("GET", DIALOGTECH) for _ in range(3)]
        assert all("<result>failed</result>" in answer.text for answer in answers)
    answers.append(kept_sandbox.call("GET", DIALOGTECH))
    listed = kept_sandbox.call("GET", "/_sandbox/journal").json()["items"]
    assert [entry["id"] for entry in listed] == [answer.headers["x-sandbox-exchange"] for answer in answers]


@pytest.mark.sqlite
def test_a_journal_that_cannot_be_written_is_read_as_far_as_it_goes(kept_sandbox: Driver) -> None:
    first = kept_sandbox.submit().headers["x-sandbox-exchange"]
    kept_sandbox.run(kept_sandbox.app.journal.flush())
    with locked(kept_sandbox):
        second = kept_sandbox.writeback().headers["x-sandbox-exchange"]
        assert [entry["id"] for entry in kept_sandbox.control("GET", "/journal")["items"]] == [first]
        assert kept_sandbox.control("GET", f"/journal/{first}")["status"] == 200
        kept_sandbox.control("DELETE", "/journal", status=503)
    assert [entry["id"] for entry in kept_sandbox.control("GET", "/journal")["items"]] == [first, second]


# Long readers ----------------------------------------------------------------------------------------------------


class Snapshots:
    """Knows how many of a store are open."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open = 0
        self._original = Store.snapshot
        monkeypatch.setattr(Store, "snapshot", lambda store: self._counted(store))

    @contextmanager
    def _counted(self, store: Store) -> Iterator[ReadSnapshot]:
        self.open += 1
        try:
            with self._original(store) as snapshot:
                yield snapshot
        finally:
            self.open -= 1


def whole(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    return b"".join(iter(lambda: connection.recv(1 << 16), b""))


def until(condition: Callable[[], bool]) -> None:
    """Waits for what another thread does."""
    ends_at = monotonic() + FAILSAFE_S
    while not condition():
        assert monotonic() < ends_at
        sleep(0.01)


class Stalling:
    """A client that was sent more than it takes, and the looks at whether it took something, by which it is given up.

    They are had by `look` instead of by time.
    """

    def __init__(self, client: socket.socket, watched: list[tuple[Wire, int]], snapshots: Snapshots) -> None:
        self.client = client
        self.snapshots = snapshots
        self._watched = watched

    def look(self) -> None:
        wire, untaken = self._watched[-1]
        wire.loop.call_soon_threadsafe(wire._look, untaken)

    @property
    def looks(self) -> int:
        """How many found that it may go on."""
        return len(self._watched)

    @property
    def has_taken(self) -> bool:
        """Something since it was last looked at."""
        wire, untaken = self._watched[-1]
        return wire._untaken() < untaken


@pytest.fixture
def reading(database_for: DatabaseFor, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stalling]:
    """A client that asked for 10 MB or so, and takes of it what the test does; they stand in a snapshot meanwhile."""
    watched: list[tuple[Wire, int]] = []
    monkeypatch.setattr(Wire, "_watch", lambda wire: watched.append((wire, wire._untaken())))
    snapshots = Snapshots(monkeypatch)
    monkeypatch.setattr(writeback, "MOST_IN_ONE_PIECE", 0)
    monkeypatch.setattr(writeback, "CHUNK", 1)
    live = Live(wall=Wall(), database=database_for(None))
    try:
        text = "a" * 30_000
        for _ in range(150):
            live.control("POST", "/broadcasts", {"console": CONSOLE, "name": "x", "text": text, "to": "everyone"})
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", live.port))
            read = f"{WRITEBACK}/{CONSOLE}/2026-05-06%2000:00:00/2026-05-06%2023:59:59"
            client.sendall(request(b"GET", read.encode(), BASIC))
            until(lambda: snapshots.open == 1 and watched != [])
            yield Stalling(client, watched, snapshots)
    finally:
        live.stop()


def test_a_reader_that_takes_nothing_is_given_up_and_its_snapshot_closed(
    reading: Stalling, caplog: pytest.LogCaptureFixture
) -> None:
    def is_abandoned() -> bool:
        reading.look()  # the first ones may find that the system took something for it
        return reading.snapshots.open == 0

    until(is_abandoned)
    with pytest.raises(ConnectionResetError):
        whole(reading.client)
    assert caplog.text == ""


def test_a_reader_that_is_slow_gets_it_all(reading: Stalling) -> None:
    def takes() -> bool:
        assert reading.client.recv(4096)
        return reading.has_taken

    def went_on(before: int) -> bool:
        return reading.looks > before

    for _ in range(5):
        before = reading.looks
        until(takes)
        reading.look()
        until(partial(went_on, before))
    assert whole(reading.client).endswith(b"]}\r\n0\r\n\r\n")


def test_a_log_that_a_long_reader_made_long_is_cut_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.store.sqlite.LONGEST_LOG", 100_000)
    store = Store(str(tmp_path / "sandbox.db"))
    log = tmp_path / "sandbox.db-wal"
    with store.snapshot():
        for n in range(100):
            store.write_now(lambda tx: tx.add(count(1, f"{n}" * 10_000)))  # noqa: B023  (it is run at once)
    assert log.stat().st_size > 1_000_000
    pragma(store, "wal_checkpoint(PASSIVE)")
    for n in range(2):
        store.write_now(lambda tx: tx.add(count(1, f"small {n}")))  # noqa: B023  (it is run at once)
    assert log.stat().st_size <= 100_000
    store.close()


# Hot questions ---------------------------------------------------------------------------------------------------

HOT: dict[str, tuple[Query[Any], str]] = {
    "a console's results by time": (writeback.RECORDS, "ix_message_record"),
    "the first of them": (writeback.FIRST_RECORDS, "ix_message_record"),
    "a record that a window in local time misses": (writeback.MISSED, "ix_message_record"),
    "a message that days of another zone miss": (dialogtech.OF_ACCOUNT.missed, "ix_message_account"),
    "a tracking number's that those miss": (dialogtech.OF_NUMBER.missed, "ix_message_account"),
    "an account's messages by time": (dialogtech.OF_ACCOUNT.every, "ix_message_account"),
    "the first of those": (dialogtech.OF_ACCOUNT.first, "ix_message_account"),
    "how many those are": (dialogtech.OF_ACCOUNT.total, "ix_message_account"),
    "a tracking number's": (dialogtech.OF_NUMBER.first, "ix_message_account"),
    "an account's message by its msg_id": (one_message.BY_MSG_ID, "sqlite_autoindex_vendor_id_2"),
    "a message by its sid": (simplepay.BY_SID, "sqlite_autoindex_vendor_id_2"),
    "a message's sid": (simplepay.SID_OF, "sqlite_autoindex_vendor_id_1"),
    "a message by any of its vendor ids": (search.BY_VENDOR_ID, "sqlite_autoindex_vendor_id_2"),
    "the vendor ids of messages": (search.IDS_OF, "sqlite_autoindex_vendor_id_1"),
    "the timelines of messages": (timeline.STEPS_OF, "sqlite_autoindex_step_1"),
    "the lead of an unasked text": (receive.LAST_UNCAUSED, "ix_message_conversation"),
    "a phone's consent": (consent.LATEST, "ix_consent_phone"),
    "a person by phone": (people.ID_BY_PHONE, ""),
    "what is due": (commands.FIRST_DUE, "ix_scheduled_due"),
    "which callbacks are due": (claims.DUE, "ix_callback_due"),
    "what is claimed": (claims.ANY_CLAIMED, ""),
    "when the next callback is due": (claims.NEXT_DUE, "ix_callback_due"),
    "a message's callbacks": (callback_search.LIST_OF_MESSAGE, "sqlite_autoindex_callback"),
    "the callback whose turn it is": (queue.FIRST_WAITING, "sqlite_autoindex_callback"),
    "what was tried of callbacks": (callback_search.ATTEMPTS_OF, "sqlite_autoindex_attempt"),
    "callbacks that fell due meanwhile": (clock_moves.CALLBACKS_DUE, "ix_callback_first"),
    "statuses that came meanwhile": (clock_moves.PLANNED, "ix_message_ahead"),
    "statuses that were told meanwhile": (clock_moves.REPORTED, "ix_step_at"),
    "a workspace by its username": (find.BY_USERNAME, ""),
    "a workspace by its name or key": (find.BY_NAME, ""),
    "a workspace by its number": (VIEW_BY_ID, ""),
    "a workspace by the number of its rows": (find.BY_WORLD, "ix_workspace_world"),
    "where its facts have got to": (POSITION, ""),
    "an account by its access key": (find.BY_KEYS, ""),
    "a console by its code": (lines.CONSOLE_LINE, ""),
    "a count": (COUNT, ""),
    "the newest exchanges of an operation": (nearest.NEWEST_OF, "ix_journal_operation"),
    "the newest exchanges": (nearest.NEWEST, "sqlite_autoindex_journal"),
    "exchanges with errors": (verify.WITH_ERRORS, "sqlite_autoindex_journal"),
}

FEW: dict[str, tuple[Query[Any], str]] = {
    "the latest messages of phones": (threads.LAST_OF_LINES, "ix_message_conversation"),
    "what was said with a phone": (threads.NEWEST, "ix_message_conversation"),
    "which lines phones are opted out of": (consent.OPTED_OUT, "ix_consent_phone"),
    "which callbacks nobody sends any more": (claims.OVERDUE, "ix_callback_overdue"),
}
"""What is sorted after it was found, because it is little."""


@pytest.mark.parametrize("question", HOT)
@pytest.mark.sqlite
def test_an_index_serves_each_hot_question(store: Store, question: str) -> None:
    query, index = HOT[question]
    steps = plan(store, query)
    assert not [step for step in steps if step.startswith("SCAN") or "TEMP B-TREE FOR ORDER BY" in step], steps
    assert any(index in step for step in steps), steps


@pytest.mark.parametrize("question", FEW)
@pytest.mark.sqlite
def test_what_is_sorted_is_found_by_an_index(store: Store, question: str) -> None:
    query, index = FEW[question]
    steps = plan(store, query)
    assert not [step for step in steps if step.startswith("SCAN")], steps
    assert any(index in step for step in steps), steps
