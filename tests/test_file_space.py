"""The database's file gives back what is deleted: SQLite's alone, since PostgreSQL's autovacuum sees to that."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from driver import DEFAULT, Driver
from spaces import PATH, create
from sqlalchemy import text
from test_retention import pass_time

from sandbox.clock import SECOND
from sandbox.server.upkeep import PAUSE
from sandbox.store import Store, Tx, sqlite
from sandbox.store.sqlite import PAGES_AT_ONCE, SPARE_PAGES
from sandbox.world.workspaces.remove import has_gone

pytestmark = pytest.mark.sqlite
OpenDriver = Callable[..., Driver]


@pytest.fixture(autouse=True)
def few_spare_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.store.sqlite.SPARE_PAGES", 20)


def pages(sandbox: Driver) -> tuple[int, int]:
    """How many the file has, and how many of them are free."""

    def read(tx: Tx) -> tuple[int, int]:
        count, free = (tx.connection.execute(text(f"PRAGMA {name}")).scalar_one() for name in PAGE_COUNTS)
        return count, free

    return sandbox.app.store.read_now(read)


PAGE_COUNTS = ("page_count", "freelist_count")


def fill(sandbox: Driver) -> None:
    sandbox.broadcast("Come on Friday. " * 60, to=[f"1415556{n:04d}" for n in range(300)])


@pytest.mark.parametrize("how", ["messages", "reset", "snapshot", "workspace", "expiry"])
def test_the_file_is_shorter_some_seconds_after_much_was_deleted(open_driver: OpenDriver, how: str) -> None:
    sandbox = open_driver()
    made = None
    before, _ = pages(sandbox)
    if how == "workspace":
        made = create(sandbox, fixture="clinic")
    elif how == "expiry":
        create(sandbox, fixture="clinic", ttl=3600)
    else:
        fill(sandbox)
    if how == "snapshot":
        sandbox.control("PUT", "/snapshots/one")
    full, _ = pages(sandbox)
    assert full > before + 100
    if how == "messages":
        sandbox.call("DELETE", f"{DEFAULT}/messages")
    elif how == "reset":
        sandbox.control("POST", "/reset")
    elif how == "snapshot":
        sandbox.control("DELETE", "/snapshots/one")
    elif how == "workspace":
        sandbox.call("DELETE", f"{PATH}/{made['id']}")  # type: ignore[index]  # it was made above
    else:
        pass_time(sandbox, 3601)
    while sandbox.app.store.read_now(has_gone):
        pass_time(sandbox, 0.001)
    assert pages(sandbox)[0] == full
    pass_time(sandbox, PAUSE / SECOND)
    count, free = pages(sandbox)
    assert (count < full - 100, free) == (True, 20)


def test_no_transaction_gives_back_many_pages(open_driver: OpenDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.store.sqlite.PAGES_AT_ONCE", 10)
    sandbox = open_driver()
    fill(sandbox)
    sandbox.call("DELETE", f"{DEFAULT}/messages")
    _, free = pages(sandbox)
    assert free > 100
    for n in range(1, 4):
        assert sandbox.run(sandbox.app.store.give_space_back()) is True
        assert pages(sandbox)[1] == free - 10 * n
    while sandbox.run(sandbox.app.store.give_space_back()):
        pass
    assert pages(sandbox)[1] == 20
    assert sandbox.run(sandbox.app.store.give_space_back()) is False
    assert pages(sandbox)[1] == 20


def test_what_stays_free_is_used_again(open_driver: OpenDriver) -> None:
    sandbox = open_driver()
    for _ in range(2):
        fill(sandbox)
        sandbox.call("DELETE", f"{DEFAULT}/messages")
        pass_time(sandbox, PAUSE / SECOND)
    first, _ = pages(sandbox)
    for _ in range(3):
        fill(sandbox)
        sandbox.call("DELETE", f"{DEFAULT}/messages")
        pass_time(sandbox, PAUSE / SECOND)
    assert abs(pages(sandbox)[0] - first) < 20


def test_the_bounds_of_a_step_are_small() -> None:
    assert (SPARE_PAGES, PAGES_AT_ONCE) == (1_000, 200)


# Files from before ---------------------------------------------------------------------------------------------------


def without_vacuum(path: Path) -> None:
    """Have the file as it was made before it could give anything back."""
    with closing(sqlite3.connect(path, isolation_level=None)) as driver:
        driver.execute("PRAGMA journal_mode=DELETE")
        driver.execute("PRAGMA auto_vacuum=NONE")
        driver.execute("VACUUM")


def vacuum_of(path: Path) -> Any:
    with closing(sqlite3.connect(path)) as driver:
        return driver.execute("PRAGMA auto_vacuum").fetchone()[0]


def test_a_file_that_was_made_without_it_goes_on_as_it_is(open_driver: OpenDriver, tmp_path: Path) -> None:
    path = tmp_path / "kept.db"
    Store(str(path)).close()
    assert vacuum_of(path) == 2
    without_vacuum(path)
    assert vacuum_of(path) == 0
    sandbox = open_driver(database=str(path))
    fill(sandbox)
    full, _ = pages(sandbox)
    sandbox.call("DELETE", f"{DEFAULT}/messages")
    pass_time(sandbox, PAUSE / SECOND)
    assert (pages(sandbox)[0], vacuum_of(path)) == (full, 0)


def test_two_that_open_a_new_file_at_a_time_both_get_it(tmp_path: Path) -> None:
    path = tmp_path / "kept.db"
    path.touch()
    first, second = Store(str(path)), Store(str(path))
    first.close()
    second.close()
    assert vacuum_of(path) == 2


def test_what_was_written_while_a_snapshot_was_taken_is_in_the_file_when_it_has_its_name(
    open_driver: OpenDriver, tmp_path: Path
) -> None:
    """Else the next call's commit would have to take all of it there, and the calls behind it would wait."""
    path = tmp_path / "kept.db"
    sandbox = open_driver(database=str(path))
    for _ in range(5):
        fill(sandbox)
    log = path.with_name("kept.db-wal")
    lengths = []

    def note(tx: Tx) -> None:
        lengths.append(log.stat().st_size)

    sandbox.app.store.after_commit.append(note)
    sandbox.control("PUT", "/snapshots/one")
    assert max(lengths) > 4_000_000  # more than SQLite leaves there by itself
    assert lengths[-1] < 200_000


def test_who_cuts_the_log_waits_for_nobody_who_reads(
    open_driver: OpenDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, waits = tmp_path / "kept.db", []
    log = path.with_name("kept.db-wal")

    class Watched(sqlite3.Connection):
        def execute(self, sql: str, /, *args: Any) -> sqlite3.Cursor:
            if "wal_checkpoint" in sql:
                waits.append(super().execute("PRAGMA busy_timeout").fetchone()[0])
            return super().execute(sql, *args)

    sandbox = open_driver(database=str(path))
    monkeypatch.setattr(
        sqlite, "_connect", lambda path, _: sqlite3.connect(path, isolation_level=None, factory=Watched)
    )
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM message").fetchone()
        sandbox.sid()
        sqlite.fold_log(path)
        assert log.stat().st_size > 0
    assert waits == [0, 0]
    sqlite.fold_log(path)
    assert log.stat().st_size == 0


def test_a_snapshot_is_taken_while_another_cuts_the_log(
    open_driver: OpenDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fold_log(_: Path) -> None:
        busy = sqlite3.OperationalError("database is locked")
        busy.sqlite_errorcode = sqlite3.SQLITE_BUSY
        raise busy

    sandbox = open_driver(database=str(tmp_path / "kept.db"))
    monkeypatch.setattr(sqlite, "fold_log", fold_log)
    assert sandbox.control("PUT", "/snapshots/before")["name"] == "before"
    assert [each["name"] for each in sandbox.control("GET", "/snapshots")["items"]] == ["before"]
