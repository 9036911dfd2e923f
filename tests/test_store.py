"""The database: how it is opened, checked, kept and shared."""

import hashlib
import os
import re
import resource
import shutil
import socket
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import Self

import pytest
from commands import FAILSAFE_S
from driver import CONSOLE, DEFAULT, DIALOGTECH, STRANGER, TRACKING_NUMBER, WRITEBACK, Driver, Wall
from live import Live
from served import BASIC, request

from sandbox.server.wire import Wire
from sandbox.vendors import dialogtech, simplepay, writeback
from sandbox.world import acts, callbacks, carrier, clockwork, consent, journal, messages, models, people
from sandbox.world.errors import StoreRefused
from sandbox.world.store import Snapshot, Statement, Store
from sandbox.world.store.database import BUSY_TIMEOUT_S, IMPATIENT_S
from sandbox.world.workspaces import finding

NOBODY = 65534


@pytest.fixture
def store() -> Iterator[Store]:
    opened = Store()
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
def as_somebody_else() -> Iterator[None]:
    """Root may write everywhere; so it is nobody for a while."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


def kept(path: Path, *, schema: int = models.SCHEMA) -> Path:
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
    (value,) = store.execute(f"PRAGMA {name}").fetchone()
    return value


# What is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("schema", [0, models.SCHEMA - 1, models.SCHEMA + 1, 99])
def test_a_store_of_another_schema_is_refused_and_not_altered(tmp_path: Path, schema: int) -> None:
    path = kept(tmp_path / "old.db", schema=schema)
    before = digest(path)
    with pytest.raises(StoreRefused) as refusal:
        Store(str(path))
    assert str(refusal.value) == (
        f"The database {path} has schema {schema}, and this version needs {models.SCHEMA}:"
        " start with another --database, or move the file away to have a new one seeded."
    )
    assert digest(path) == before
    assert names(tmp_path) == ["old.db", "old.db-exchanges"]


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
    assert store.execute("SELECT version FROM sandbox_schema").fetchall() == [(models.SCHEMA,)]
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


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreRefused, match="unable to open database file"):
        Store(str(tmp_path / "nowhere" / "sandbox.db"))


def test_a_folder_in_the_files_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreRefused, match=r"^Cannot (open|read) the database "):
        Store(str(tmp_path))


def test_a_folder_that_may_not_be_written_is_refused(shared_folder: Path) -> None:
    with as_somebody_else(), pytest.raises(StoreRefused, match="unable to open database file"):
        Store(str(shared_folder / "sandbox.db"))


def test_a_read_only_store_is_refused(shared_folder: Path) -> None:
    path = kept(shared_folder / "sandbox.db")
    path.chmod(0o444)
    with as_somebody_else(), pytest.raises(StoreRefused, match=r"Cannot write to the database .*readonly"):
        Store(str(path))


@pytest.mark.parametrize(
    ("database", "reason"),
    [
        ("postgresql://localhost/sandbox", "This version keeps its data in SQLite only, not in postgresql."),
        ("mysql+pymysql://localhost/sandbox", "This version keeps its data in SQLite only, not in mysql."),
        ("nonsense://localhost/sandbox", "This version keeps its data in SQLite only, not in nonsense."),
        ("://", "Not a database URL: '://'. Give a path, or sqlite:///PATH."),
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
    assert names(tmp_path) == [name, f"{name}-exchanges"]


def test_a_relative_path_counts_from_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Store("one.db").close()
    Store("sqlite:///two.db").close()
    assert names(tmp_path) == ["one.db", "one.db-exchanges", "two.db", "two.db-exchanges"]


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.db"
    path.touch()
    store = Store(str(path))
    assert store.execute("SELECT version FROM sandbox_schema").fetchall() == [(models.SCHEMA,)]
    store.close()


def test_without_a_path_the_file_goes_with_the_store() -> None:
    store = Store()
    folder = store.path.parent
    assert store.path.is_file()
    store.close()
    assert not folder.exists()


def test_readers_do_not_wait_for_writers_and_references_are_kept(store: Store) -> None:
    assert pragma(store, "journal_mode") == "wal"
    assert pragma(store, "foreign_keys") == 1
    assert pragma(store, "busy_timeout") == 1000


def test_a_row_that_names_nobody_is_refused(store: Store) -> None:
    row = {"workspace_id": 7, "id": 1, "line": "1", "phone": "2", "opted_in": True, "cause": "x", "word": None, "at": 0}
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"), store.writing():
        store.add(consent.INSERT, row)
    assert store.execute("SELECT count(*) FROM consent").fetchone() == (0,)


def test_what_is_written_is_all_or_nothing(store: Store) -> None:
    class Interrupted(Exception):
        pass

    def interrupt() -> None:
        with store.writing(), store.writing():
            store.execute("INSERT INTO counter VALUES (1, 'x', 1)")
            raise Interrupted

    with pytest.raises(Interrupted):
        interrupt()
    assert store.execute("SELECT * FROM counter").fetchall() == []
    with store.writing():
        store.execute("INSERT INTO counter VALUES (1, 'y', 1)")
    assert store.execute("SELECT kind FROM counter").fetchall() == [("y",)]


def test_a_snapshot_does_not_see_what_is_written_after_it(store: Store) -> None:
    count = Statement(consent.CONSENTS.select().with_only_columns(consent.CONSENTS.c.id))
    with store.snapshot() as snapshot:
        with store.writing():
            store.execute("PRAGMA defer_foreign_keys=ON")
            store.execute("INSERT INTO sandbox_schema VALUES (77, 'x')")
        assert list(snapshot.chunks(count, 10)) == []
        versions = snapshot._driver.execute("SELECT version FROM sandbox_schema").fetchall()
    assert versions == [(models.SCHEMA,)]


# The journal's file ----------------------------------------------------------------------------------------------


def journal_of(path: Path) -> Path:
    return path.with_name(path.name + "-exchanges")


def workspaces_in(store: Store) -> list[int]:
    """Those whose exchanges the journal has."""
    return [number for (number,) in store.exchanges.execute("SELECT DISTINCT workspace_id FROM journalentry")]


def with_an_exchange(path: Path, workspace: int = 7) -> None:
    """A store whose journal has one entry, of a workspace of that number."""
    store = Store(str(path))
    columns = dict.fromkeys(journal.COLUMNS, 0) | {"workspace_id": workspace}
    store.exchanges.add(journal.PUT, columns)
    store.close()


def test_a_journal_stays_with_its_store(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with_an_exchange(path)
    store = Store(str(path))
    assert workspaces_in(store) == [7]
    store.close()
    assert names(tmp_path) == ["a.db", "a.db-exchanges"]


@pytest.mark.parametrize("is_killed", [False, True])
def test_the_journal_of_a_store_that_was_taken_away_is_put_aside(
    tmp_path: Path, is_killed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "a.db"
    with_an_exchange(path)
    path.unlink()
    aside = journal_of(path).with_name("a.db-exchanges.old")
    if is_killed:
        journal_of(path).with_name("a.db-exchanges-journal").write_bytes(b"what was to be undone there")
    store = Store(str(path))
    assert workspaces_in(store) == []
    assert caplog.messages == [
        f"The journal {journal_of(path)} was not this store's, or broken: it is now {aside}.",
    ]
    store.close()
    assert names(tmp_path) == ["a.db", "a.db-exchanges", "a.db-exchanges.old"]
    journal_of(path).unlink()
    aside.rename(journal_of(path))
    with closing(sqlite3.connect(journal_of(path))) as driver:
        assert driver.execute("SELECT workspace_id FROM journalentry").fetchall() == [(7,)]


@pytest.mark.parametrize("content", [b"Dear June,\n" * 1000, b"", None])
def test_a_file_in_the_journals_place_is_put_aside_unless_it_is_empty(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.db"
    Store(str(path)).close()
    if content is None:
        journal_of(path).unlink()
    else:
        journal_of(path).write_bytes(content)
    store = Store(str(path))
    assert workspaces_in(store) == []
    store.close()
    assert ("a.db-exchanges.old" in names(tmp_path)) == bool(content)


def test_a_journal_that_was_not_closed_is_looked_through(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with_an_exchange(path)
    broken = journal_of(path).read_bytes()
    for is_open, kept in ((0, [7]), (1, [])):
        journal_of(path).write_bytes(broken)
        driver = sqlite3.connect(journal_of(path))
        driver.execute("UPDATE sandbox_journal SET is_open = ?", (is_open,))
        driver.commit()
        (root,) = driver.execute("SELECT rootpage FROM sqlite_master WHERE name = 'ix_journal_operation'").fetchone()
        driver.close()
        with journal_of(path).open("r+b") as file:
            file.seek((root - 1) * 16384 + 8)
            file.write(b"\xff" * 100)
        store = Store(str(path))
        assert workspaces_in(store) == kept
        store.close()


def test_a_journal_that_was_not_closed_but_is_whole_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with_an_exchange(path)
    driver = sqlite3.connect(journal_of(path))
    driver.execute("UPDATE sandbox_journal SET is_open = 1")
    driver.commit()
    driver.close()
    store = Store(str(path))
    assert workspaces_in(store) == [7]
    store.close()


def test_a_journal_that_may_not_be_written_is_refused(shared_folder: Path) -> None:
    path = shared_folder / "sandbox.db"
    Store(str(path)).close()
    for each in shared_folder.iterdir():
        each.chmod(0o666)
    shared_folder.chmod(0o777)
    journal_of(path).chmod(0o444)
    with as_somebody_else(), pytest.raises(StoreRefused, match=r"Cannot write to the .*readonly"):
        Store(str(path))


def test_a_journal_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    Store(str(path)).close()
    journal_of(path).unlink()
    journal_of(path).mkdir()
    with pytest.raises(StoreRefused, match=r"Cannot open the journal .*unable to open"):
        Store(str(path))


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


def seen(sandbox: Driver) -> list[bytes]:
    """Whole answers, request ids and all."""
    return [
        sandbox.writeback().content,
        sandbox.get_messages().content,
        sandbox.submit(to=STRANGER).content,
        sandbox.writeback().content,
    ]


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
    assert seen(first) == seen(second)


def test_the_same_bytes_come_over_a_restart(open_driver: Callable[..., Driver], tmp_path: Path) -> None:
    whole, broken = open_driver(), open_driver(database=str(tmp_path / "sandbox.db"))
    busy(whole)
    busy(broken)
    broken.restart()
    assert seen(whole) == seen(broken)


def test_another_seed_gives_other_ids(open_driver: Callable[..., Driver]) -> None:
    first, second = open_driver(), open_driver(seed=2)
    assert first.sid() != second.sid()
    assert first.writeback().json()["requestId"] != second.writeback().json()["requestId"]


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
def kept_sandbox(open_driver: Callable[..., Driver], tmp_path: Path) -> Driver:
    return open_driver(database=str(tmp_path / "sandbox.db"))


@contextmanager
def locked(sandbox: Driver) -> Iterator[None]:
    """Another program holds the write lock."""
    with closing(sqlite3.connect(sandbox.app.world.store.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def full_disk(sandbox: Driver) -> Iterator[None]:
    """The store's files cannot grow."""
    log = sandbox.app.world.store.path.with_name("sandbox.db-wal")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@contextmanager
def read_only(sandbox: Driver) -> Iterator[None]:
    sandbox.app.world.store.execute("PRAGMA query_only=ON")
    try:
        yield
    finally:
        sandbox.app.world.store.execute("PRAGMA query_only=OFF")


Outage = Callable[[Driver], AbstractContextManager[None]]
every_outage = pytest.mark.parametrize("outage", [locked, full_disk, read_only], ids=lambda outage: outage.__name__)


@every_outage
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
    assert [(entry["id"], entry["status"]) for entry in entries] == [
        ("ex_1", 200),
        ("ex_2", 503),
        ("ex_3", 200),
        ("ex_4", 200),
        ("ex_5", 200),
    ]
    assert submitted.headers["x-sandbox-exchange"] == "ex_2"


@every_outage
def test_a_server_whose_store_cannot_be_written_is_live_but_not_ready(kept_sandbox: Driver, outage: Outage) -> None:
    with outage(kept_sandbox):
        assert kept_sandbox.call("GET", "/_sandbox/health/live").status_code == 200
        assert kept_sandbox.call("GET", "/_sandbox/health/ready").status_code == 503
    assert kept_sandbox.call("GET", "/_sandbox/health/ready").status_code == 200


def test_a_probe_changes_nothing(kept_sandbox: Driver) -> None:
    before = list(kept_sandbox.app.world.store._driver.iterdump())
    assert kept_sandbox.call("GET", "/_sandbox/health/ready").status_code == 200
    assert list(kept_sandbox.app.world.store._driver.iterdump()) == before


@every_outage
def test_exchanges_are_counted_while_the_store_cannot_be_written(kept_sandbox: Driver, outage: Outage) -> None:
    """And it is told later, so that none of their numbers comes again, not even after a kill."""
    with outage(kept_sandbox):
        answers = [kept_sandbox.call("GET", DIALOGTECH) for _ in range(3)]
        assert all("<result>failed</result>" in answer.text for answer in answers)
        assert [answer.headers["x-sandbox-exchange"] for answer in answers] == [f"ex_server_{n}" for n in (1, 2, 3)]
    assert kept_sandbox.call("GET", DIALOGTECH).headers["x-sandbox-exchange"] == "ex_server_4"
    (saved,) = kept_sandbox.app.world.store.execute("SELECT n FROM counter WHERE workspace_id = 0").fetchone()
    assert saved >= 4


def test_a_stop_tells_the_store_what_was_counted_without_it(kept_sandbox: Driver) -> None:
    with locked(kept_sandbox):
        kept_sandbox.call("GET", DIALOGTECH)
    kept_sandbox.restart()
    assert kept_sandbox.call("GET", DIALOGTECH).headers["x-sandbox-exchange"] == "ex_server_2"


def test_a_lock_that_is_held_is_waited_for_once_and_not_by_everybody(kept_sandbox: Driver) -> None:
    with locked(kept_sandbox):
        patience = []
        for _ in range(20):
            patience.append(pragma(kept_sandbox.app.world.store, "busy_timeout"))
            assert kept_sandbox.submit().status_code == 503
    assert patience == [BUSY_TIMEOUT_S * 1000] + [IMPATIENT_S * 1000] * 19
    assert kept_sandbox.submit().status_code == 200
    assert pragma(kept_sandbox.app.world.store, "busy_timeout") == BUSY_TIMEOUT_S * 1000


def test_a_journal_that_cannot_be_written_is_read_as_far_as_it_goes(kept_sandbox: Driver) -> None:
    kept_sandbox.submit()
    kept_sandbox.app.journal.write()
    exchanges = kept_sandbox.app.world.store.exchanges
    exchanges.execute("PRAGMA query_only=ON")
    kept_sandbox.submit()
    assert [entry["id"] for entry in kept_sandbox.control("GET", "/journal")["items"]] == ["ex_1"]
    assert kept_sandbox.control("GET", "/journal/ex_1")["status"] == 200
    kept_sandbox.control("DELETE", "/journal", status=503)
    exchanges.execute("PRAGMA query_only=OFF")
    assert [entry["id"] for entry in kept_sandbox.control("GET", "/journal")["items"]] == ["ex_1", "ex_2"]


# Long readers ----------------------------------------------------------------------------------------------------


class Counted(Snapshot):
    """Knows how many there are."""

    open = 0

    def __enter__(self) -> Self:
        Counted.open += 1
        return super().__enter__()

    def __exit__(self, *given: object) -> None:
        Counted.open -= 1
        super().__exit__(*given)


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

    def __init__(self, client: socket.socket, watched: list[tuple[Wire, int]]) -> None:
        self.client = client
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
def reading(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stalling]:
    """A client that asked for 10 MB or so, and takes of it what the test does; they stand in a snapshot meanwhile."""
    watched: list[tuple[Wire, int]] = []
    monkeypatch.setattr(Wire, "_watch", lambda wire: watched.append((wire, wire._untaken())))
    monkeypatch.setattr(Counted, "open", 0)
    monkeypatch.setattr("sandbox.world.store.Snapshot", Counted)
    monkeypatch.setattr(writeback, "AT_ONCE", 0)
    monkeypatch.setattr(writeback, "CHUNK", 1)
    live = Live(wall=Wall())
    try:
        text = "a" * 30_000
        for _ in range(150):
            live.control("POST", "/broadcasts", {"console": CONSOLE, "name": "x", "text": text, "to": "everyone"})
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", live.port))
            read = f"{WRITEBACK}/{CONSOLE}/2026-05-06%2000:00:00/2026-05-06%2023:59:59"
            client.sendall(request(b"GET", read.encode(), BASIC))
            until(lambda: Counted.open == 1 and watched != [])
            yield Stalling(client, watched)
    finally:
        live.stop()


def test_a_reader_that_takes_nothing_is_given_up_and_its_snapshot_closed(
    reading: Stalling, caplog: pytest.LogCaptureFixture
) -> None:
    def is_given_up() -> bool:
        reading.look()  # the first ones may find that the system took something for it
        return Counted.open == 0

    until(is_given_up)
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
    monkeypatch.setattr("sandbox.world.store.LONGEST_LOG", 100_000)
    store = Store(str(tmp_path / "sandbox.db"))
    log = tmp_path / "sandbox.db-wal"
    store.execute("CREATE TABLE wide (text)")
    with store.snapshot():
        for _ in range(100):
            store.execute("INSERT INTO wide VALUES (zeroblob(10000))")
    assert log.stat().st_size > 1_000_000
    store.execute("PRAGMA wal_checkpoint(PASSIVE)")
    for _ in range(2):
        store.execute("INSERT INTO wide VALUES (1)")
    assert log.stat().st_size <= 100_000
    store.close()


# Hot questions ---------------------------------------------------------------------------------------------------

HOT = {
    "a console's results by time": (writeback.RECORDS, "ix_message_record"),
    "the first of them": (writeback.FIRST_RECORDS, "ix_message_record"),
    "an account's messages by time": (dialogtech.OF_ACCOUNT.every, "ix_message_account"),
    "the first of those": (dialogtech.OF_ACCOUNT.first, "ix_message_account"),
    "how many those are": (dialogtech.OF_ACCOUNT.total, "ix_message_account"),
    "a tracking number's": (dialogtech.OF_NUMBER.first, "ix_message_account"),
    "a message by its sid": (simplepay.BY_SID, "ux_message_sid"),
    "a message by any of its vendor ids": (messages.BY_VENDOR_ID, "ux_message_outgoing_key"),
    "a message by our id": (messages.BY_ID, ""),
    "the lead of an unasked text": (carrier.LAST_UNCAUSED, "ix_message_conversation"),
    "a phone's consent": (consent.LATEST, "ix_consent_phone"),
    "a person by phone": (people.ID_BY_PHONE, ""),
    "what is due": (acts.DUE, "ix_scheduled_due"),
    "which callbacks are due": (callbacks.DUE, "ix_callback_due"),
    "when the next callback is due": (callbacks.NEXT, "ix_callback_due"),
    "a message's callbacks": (callbacks.LIST_OF_MESSAGE, "sqlite_autoindex_callback"),
    "the callback whose turn it is": (callbacks.FIRST_WAITING, "sqlite_autoindex_callback"),
    "callbacks that fell due meanwhile": (clockwork.CALLED, "ix_callback_first"),
    "statuses that came meanwhile": (clockwork.MOVED, "ix_message_ahead"),
    "statuses that were told meanwhile": (clockwork.TOLD, "ix_step_at"),
    "consents, page by page": (consent.latest_entries(of_line=False, of_phone=False), "ix_consent_phone"),
    "a workspace by its username": (finding.BY_USERNAME, ""),
    "an account by its access key": (finding.BY_ACCESS_KEY, ""),
    "a console by its code": (finding.CONSOLE_LINE, ""),
}


@pytest.mark.parametrize("question", HOT)
def test_an_index_serves_each_hot_question(store: Store, question: str) -> None:
    statement, index = HOT[question]
    params = dict.fromkeys(re.findall(r":(\w+)", statement.sql)) | statement.constants
    plan = [row[3] for row in store.execute(f"EXPLAIN QUERY PLAN {statement.sql}", params)]
    assert not [step for step in plan if step.startswith("SCAN") or "TEMP B-TREE FOR ORDER BY" in step], plan
    assert any(index in step for step in plan), plan


@pytest.mark.parametrize(
    "statement",
    [
        consent.ledger(of_line=False),
        consent.ledger(of_line=True),
        consent.latest_entries(of_line=False, of_phone=True),
        consent.latest_entries(of_line=True, of_phone=True),
        consent.latest_entries(of_line=True, of_phone=False),
    ],
)
def test_a_phones_consents_are_found_without_reading_everybodys(store: Store, statement: Statement) -> None:
    params = dict.fromkeys(re.findall(r":(\w+)", statement.sql)) | statement.constants
    plan = [row[3] for row in store.execute(f"EXPLAIN QUERY PLAN {statement.sql}", params)]
    assert any(re.search(r"ix_consent_phone \(workspace_id=\? AND line=\?", step) for step in plan), plan
