"""`backup` copies a whole store while a server runs on it, `restore` brings it back: from each engine, to each."""

import json
import os
import resource
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from commands import DEMO as BASIC
from commands import FAILSAFE_S, Start, command, environment, is_refused, run
from databases import emptied
from driver import CONSOLE, DEMO, LINE, PHONE, SIMPLEPAY, Driver
from server_process import BASIC as BASIC_LINE
from server_process import Serve, Served, parsed, received
from spaces import filled
from sqlalchemy import select, text

from sandbox.store import Store, StoreRefused, Tx
from sandbox.store.backup import back_up, new_file, restore
from sandbox.store.sqlite import INCREMENTAL
from sandbox.store.tables import MESSAGES, SCHEMA, VENDOR_IDS, Row

DatabaseFor = Callable[[str | None], str | None]


@pytest.fixture
def empty_database(database_for: DatabaseFor, tmp_path: Path) -> str:
    """Of the engine of this run: a path where no file is, or a database without tables."""
    return emptied(str(database_for(str(tmp_path / "empty.db"))))


def rows(database: str) -> dict[str, list[tuple[Any, ...]]]:
    """All that a database holds, by table."""
    store = Store(database, wall=lambda: 0)  # which keeps no later time in it

    def read(tx: Tx) -> dict[str, list[tuple[Any, ...]]]:
        return {
            name: sorted((tuple(row) for row in tx.connection.execute(select(table))), key=repr)
            for name, table in Row.metadata.tables.items()
        }

    try:
        return store.read_now(read)
    finally:
        store.close()


def beside(path: Path) -> set[str]:
    """The names of what lies in the folder, but for SQLite's own files."""
    return {each.name for each in path.parent.iterdir() if not each.name.endswith(("-wal", "-shm"))}


# A whole copy ----------------------------------------------------------------------------------------------------


@pytest.fixture
def original(open_driver: Callable[..., Driver], database_for: DatabaseFor, tmp_path: Path) -> str:
    """A database with something in every table, to which a text with U+0000 and one with no ASCII belong."""
    path = str(tmp_path / "kept.db")
    sandbox = open_driver(database=path)
    filled(sandbox, name="full")
    sandbox.send("K\u00f6nnen Sie kommen? \U0001f600")
    sandbox.call("GET", f"{SIMPLEPAY}/messages/{CONSOLE}/%00", auth=DEMO)
    sandbox.app.close()
    return str(database_for(path))


def test_a_copy_has_every_row_of_every_table(original: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    held = rows(original)
    assert [name for name, each in held.items() if not each] == []
    back_up(original, copy)
    assert rows(str(copy)) == held
    with closing(sqlite3.connect(copy)) as driver:
        assert driver.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert driver.execute("PRAGMA auto_vacuum").fetchall() == [(INCREMENTAL,)]  # served, it gives space back
        assert driver.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_copy_is_restored_into_either_engine(original: str, empty_database: str, tmp_path: Path) -> None:
    copy, file = tmp_path / "copy.db", tmp_path / "file.db"
    held = rows(original)
    back_up(original, copy)
    for database in (str(file), empty_database):
        restore(copy, database)
        assert rows(database) == held
    again = tmp_path / "again.db"
    back_up(empty_database, again)
    assert rows(str(again)) == held


def test_a_copy_is_one_file_that_needs_none_beside_it(original: str, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    back_up(original, folder / "copy.db")
    assert os.listdir(folder) == ["copy.db"]


def test_a_restored_world_goes_on(original: str, empty_database: str, start: Start, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    back_up(original, copy)
    restore(copy, empty_database)
    server = start("--database", empty_database)
    form = {**BASIC, "Content-Type": "application/x-www-form-urlencoded"}
    told = [
        server.ask("POST", f"{SIMPLEPAY}/submit/{CONSOLE}", body=f"To={PHONE}&From={LINE}&Body=More", headers=form)
        for _ in range(2)
    ]
    assert [status for status, _ in told] == [200, 200]
    assert len({json.loads(body)["sid"] for _, body in told}) == 2
    assert server.stop()[0] == 0


# While a server runs ---------------------------------------------------------------------------------------------


class Caller:
    """Submits one message after the other in a thread, and keeps the ids of those that were answered."""

    def __init__(self, served: Served) -> None:
        self.sids: list[str] = []
        self.is_over = threading.Event()
        self._served = served
        self._has_begun = threading.Event()
        self._thread = threading.Thread(target=self._call)

    def _call(self) -> None:
        body = f"To={PHONE}&From={LINE}&Body=More".encode()
        head = f"POST {SIMPLEPAY}/submit/{CONSOLE} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n".encode() + BASIC_LINE
        head += b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n" % len(body)
        while not self.is_over.is_set():
            with self._served.connect() as connection:
                connection.sendall(head + body)
                (answer,) = parsed(received(connection))
            assert answer.status == 200, answer
            self.sids.append(json.loads(answer.body)["sid"])
            self._has_begun.set()

    @contextmanager
    def calling(self) -> Iterator["Caller"]:
        self._thread.start()
        try:
            assert self._has_begun.wait(FAILSAFE_S)
            yield self
        finally:
            self.is_over.set()
            self._thread.join()


def test_a_copy_made_under_calls_is_a_consistent_world(
    serve: Serve, start: Start, database_for: DatabaseFor, tmp_path: Path
) -> None:
    served, database = serve(), str(database_for(str(tmp_path / "kept.db")))
    copy = tmp_path / "copy.db"
    with Caller(served).calling() as caller:
        before = list(caller.sids)
        done = run("backup", "--database", database, str(copy))
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"{copy}: {copy.stat().st_size} bytes\n"
    assert len(caller.sids) > len(before)
    with closing(sqlite3.connect(copy)) as driver:
        assert driver.execute("PRAGMA foreign_key_check").fetchall() == []
        messages = driver.execute(f"SELECT workspace_id, id FROM {MESSAGES.name}").fetchall()
        with_ids = driver.execute(f"SELECT DISTINCT workspace_id, message_id FROM {VENDOR_IDS.name}").fetchall()
        counted = driver.execute("SELECT workspace_id, n FROM counter WHERE kind = 'message'").fetchall()
    assert {*with_ids} <= {*messages}
    numbers = {ws: [number for its, number in messages if its == ws] for ws, _ in counted}
    assert {ws: max(each) for ws, each in numbers.items() if each} == dict(counted)
    server = start("--database", str(copy))
    path = f"{SIMPLEPAY}/messages/{CONSOLE}"
    answers = [server.ask("GET", f"{path}/{sid}", headers=BASIC) for sid in (before[0], before[-1])]
    assert [json.loads(body)["body"] for _, body in answers] == ["More", "More"]


# Refusals --------------------------------------------------------------------------------------------------------


def test_a_file_that_is_there_is_never_written_over(original: str, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_bytes(b"mine")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nowhere")
    copy = tmp_path / "copy.db"
    back_up(original, copy)
    for taken in (mine, link):
        told = f"There is a file {taken} already: give another name, or move it away first."
        with pytest.raises(StoreRefused) as refusal:
            back_up(original, taken)
        assert str(refusal.value) == told
        with pytest.raises(StoreRefused) as refusal:
            restore(copy, str(taken))
        assert str(refusal.value) == told
    assert mine.read_bytes() == b"mine"
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("end", ["-wal", "-journal"])
def test_what_another_database_left_is_not_taken_for_a_part_of_the_new_one(
    original: str, tmp_path: Path, end: str
) -> None:
    copy, left = tmp_path / "copy.db", tmp_path / f"copy.db{end}"
    left.write_bytes(b"left")
    with pytest.raises(StoreRefused) as refusal:
        back_up(original, copy)
    assert str(refusal.value) == f"There is a file {left} already: give another name, or move it away first."
    assert not copy.exists()


def test_a_file_that_comes_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "copy.db"

    def write() -> None:
        with new_file(path) as made:
            made.write_bytes(b"new")
            path.write_bytes(b"mine")

    with pytest.raises(StoreRefused, match=r"^There is a file .*/copy.db already"):
        write()
    assert path.read_bytes() == b"mine"
    assert beside(path) == {"copy.db"}


def test_a_filesystem_without_links_gets_its_copy_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with new_file(tmp_path / "copy.db") as made:
        made.write_bytes(b"new")
    assert (tmp_path / "copy.db").read_bytes() == b"new"
    assert beside(tmp_path / "copy.db") == {"copy.db"}


def test_what_ends_in_the_midst_leaves_nothing(tmp_path: Path) -> None:
    def write() -> None:
        with new_file(tmp_path / "copy.db") as made:
            made.write_bytes(b"half")
            raise SystemExit(143)

    with pytest.raises(SystemExit):
        write()
    assert [*tmp_path.iterdir()] == []


def test_a_disk_that_is_full_is_told_and_leaves_nothing(original: str, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()

    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = subprocess.run(
        command("backup", "--database", original, str(folder / "copy.db")),
        env=environment(PYTHONDONTWRITEBYTECODE="1"),
        preexec_fn=fill,
        capture_output=True,
        text=True,
        timeout=FAILSAFE_S,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("dialog-sandbox: Cannot copy the database ")
    assert done.stderr.count("\n") == 1
    assert [*folder.iterdir()] == []


def test_a_database_that_holds_a_world_is_not_restored_into(original: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    back_up(original, copy)
    held = rows(original)
    with pytest.raises(StoreRefused, match=r"already: give (another name, or move it away first|an empty one)\.$"):
        restore(copy, original)
    assert rows(original) == held


def test_a_database_of_another_schema_is_not_copied(original: str, tmp_path: Path) -> None:
    store = Store(original)
    store.write_now(lambda tx: tx.connection.execute(text(f"UPDATE sandbox_schema SET version = {SCHEMA + 1}")))
    store.close()
    told = rf"^The database .* has schema {SCHEMA + 1}, and this version needs {SCHEMA}: take it there with"
    with pytest.raises(StoreRefused, match=told):
        back_up(original, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


def test_a_database_without_tables_of_ours_is_not_copied(empty_database: str, tmp_path: Path) -> None:
    with pytest.raises(
        StoreRefused, match=r"^(There is no database .*|The database .* was not made by dialog-sandbox)"
    ):
        back_up(empty_database, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


@pytest.mark.parametrize("name", ["backup", "restore"])
def test_what_is_not_there_or_is_something_else_is_told(name: str, tmp_path: Path) -> None:
    missing, empty, letter, strange = (tmp_path / each for each in ("missing.db", "empty.db", "letter", "strange.db"))
    empty.touch()
    letter.write_text("Dear Sir")
    with closing(sqlite3.connect(strange)) as driver:
        driver.execute("CREATE TABLE mine (x)")
    reasons = {
        missing: f"There is no {'database' if name == 'backup' else 'file'} {missing}.",
        empty: f"The file {empty} has no tables yet.",
        letter: f"The file {letter} is not an SQLite database: give another one.",
        strange: f"The database {strange} was not made by dialog-sandbox: give another one.",
    }
    target = tmp_path / "target.db"
    for source, reason in reasons.items():
        copy, database = (target, source) if name == "backup" else (source, target)
        with pytest.raises(StoreRefused) as refusal:
            back_up(str(database), copy) if name == "backup" else restore(copy, str(database))
        assert str(refusal.value) == reason
    assert beside(target) == {"empty.db", "letter", "strange.db"}


def test_a_place_that_cannot_be_written_is_told(original: str, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere" / "copy.db"
    reasons = {
        nowhere: f"Cannot write {nowhere}: the folder {nowhere.parent} does not exist.",
        tmp_path: f"Cannot write {tmp_path}: that is a folder; name a file in it, as {tmp_path}/sandbox.db.",
    }
    for place, reason in reasons.items():
        with pytest.raises(StoreRefused) as refusal:
            back_up(original, place)
        assert str(refusal.value) == reason


def test_a_refusal_is_one_line_and_code_1(tmp_path: Path) -> None:
    missing, copy = tmp_path / "missing.db", tmp_path / "copy.db"
    is_refused(1, f"There is no database {missing}.", "backup", str(copy), "--database", str(missing))
    is_refused(1, f"There is no file {copy}.", "restore", str(copy), "--database", str(missing))


def test_a_damaged_copy_is_told_and_not_restored(original: str, tmp_path: Path) -> None:
    copy, target = tmp_path / "copy.db", tmp_path / "target.db"
    back_up(original, copy)
    with copy.open("rb+") as file:
        file.seek(3 * 4096)
        file.write(b"\xff" * (copy.stat().st_size - 4 * 4096))
    with pytest.raises(StoreRefused, match=rf"^The database {copy} is damaged \("):
        restore(copy, str(target))
    assert not target.exists()


def test_without_a_database_they_ask_for_one(tmp_path: Path) -> None:
    for name in ("backup", "restore"):
        is_refused(2, "Which database? Give --database, a path or a URL.", name, str(tmp_path / "copy.db"))
    assert run("backup", "--database", str(tmp_path / "kept.db")).returncode == 2


def test_the_environment_names_the_database_too(tmp_path: Path) -> None:
    database, copy = tmp_path / "kept.db", tmp_path / "copy.db"
    Store(str(database)).close()
    done = run("backup", str(copy), SANDBOX_DATABASE=str(database))
    assert (done.returncode, done.stdout) == (0, f"{copy}: {copy.stat().st_size} bytes\n")
    done = run("restore", str(copy), "--database", str(tmp_path / "again.db"))
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{copy} is restored\n", "")
