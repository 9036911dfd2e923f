"""A database of schema 1 is taken to the present one, on both engines, and its world goes on."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from commands import is_refused, run
from driver import CONSOLE, DEMO, SIMPLEPAY, Driver
from sqlalchemy import Inspector, inspect, text
from test_file_space import vacuum_of, without_vacuum

from sandbox.store import Store, StoreRefused, Tx
from sandbox.store.migration import Migration, migrate
from sandbox.store.tables import SCHEMA, Row

SCHEMAS = Path(__file__).parent / "schemas"
ADDED_SINCE_1 = (
    ("workspace", "fixture_text"),
    ("workspace", "world"),
    ("workspace", "date_header"),
    ("workspace", "counts_reads"),
    ("account", "zone"),
    ("message", "reads_to_sent"),
    ("message", "reads_to_settled"),
)
INDEXES_SINCE_1 = ("ix_workspace_world", "ix_message_lead", "ix_message_cause", "ix_scheduled_message")
DatabaseFor = Callable[[str | None], str | None]


def path_in(tmp_path: Path) -> str:
    return str(tmp_path / "kept.db")


@pytest.fixture
def old_tables(database_for: DatabaseFor, tmp_path: Path) -> str:
    """A database with the tables of schema 1 and nothing in them."""
    database = str(database_for(path_in(tmp_path)))
    store = Store(database)

    def remake(tx: Tx) -> None:
        Row.metadata.drop_all(tx.connection)
        for statement in (SCHEMAS / f"1-{tx.connection.dialect.name}.sql").read_text().split(";\n"):
            if statement.strip():
                tx.connection.execute(text(statement))
        tx.connection.execute(text("INSERT INTO sandbox_schema VALUES (1)"))

    store.write_now(remake)
    store.close()
    return database


def described(database: str) -> dict[str, Any]:
    """Columns, keys, references and indexes of all tables."""
    store = Store(database)

    def read(tx: Tx) -> dict[str, Any]:
        inspector: Inspector = inspect(tx.connection)
        return {
            name: {
                "columns": sorted(
                    (each["name"], str(each["type"]), each["nullable"], str(each["default"]))
                    for each in inspector.get_columns(name)
                ),
                "key": inspector.get_pk_constraint(name)["constrained_columns"],
                "references": sorted(
                    (each["constrained_columns"], each["referred_table"], each["referred_columns"], each["options"])
                    for each in inspector.get_foreign_keys(name)
                ),
                "indexes": sorted((str(each["name"]), each["column_names"]) for each in inspector.get_indexes(name)),
                "unique": sorted(each["column_names"] for each in inspector.get_unique_constraints(name)),
            }
            for name in inspector.get_table_names()
        }

    try:
        return store.read_now(read)
    finally:
        store.close()


def test_a_migrated_database_has_the_tables_of_a_fresh_one(
    old_tables: str, database_for: DatabaseFor, tmp_path: Path
) -> None:
    done = migrate(old_tables)
    assert (done.before, done.after) == (1, SCHEMA)
    assert described(old_tables) == described(str(database_for(str(tmp_path / "fresh.db"))))


@pytest.mark.sqlite
def test_a_file_gives_back_what_is_free_in_it_after_a_migration(old_tables: str) -> None:
    path = Path(old_tables)
    without_vacuum(path)
    assert vacuum_of(path) == 0
    migrate(old_tables)
    assert vacuum_of(path) == 2
    Store(old_tables).close()


def test_a_world_of_schema_1_goes_on_after_it(
    open_driver: Callable[..., Driver], database_for: DatabaseFor, tmp_path: Path
) -> None:
    path = path_in(tmp_path)
    sandbox = open_driver(database=path)
    sid = sandbox.sid()
    before = sandbox.call("GET", f"{SIMPLEPAY}/messages/{CONSOLE}/{sid}", auth=DEMO).json()
    sandbox.app.close()

    def age(tx: Tx) -> None:
        for table in ("age_mark", "control_call", "trace"):
            tx.connection.execute(text(f"DROP TABLE {table}"))
        for index in INDEXES_SINCE_1:
            tx.connection.execute(text(f"DROP INDEX {index}"))
        for table, column in ADDED_SINCE_1:
            tx.connection.execute(text(f"ALTER TABLE {table} DROP COLUMN {column}"))
        tx.connection.execute(text("UPDATE sandbox_schema SET version = 1"))

    database = str(database_for(path))
    store = Store(database)
    store.write_now(age)
    store.close()
    with pytest.raises(StoreRefused, match=f"has schema 1, and this version needs {SCHEMA}: take it there with"):
        Store(database)
    done = migrate(database)
    copy = Path(f"{path}.schema-1") if database == path else None
    assert done == Migration(1, SCHEMA, copy)
    assert copy is None or copy.is_file()
    assert migrate(database) == Migration(SCHEMA, SCHEMA, None)
    again = open_driver(database=path)
    assert again.call("GET", f"{SIMPLEPAY}/messages/{CONSOLE}/{sid}", auth=DEMO).json() == before
    assert again.submit().status_code == 200


def test_a_database_of_schema_2_has_the_tables_of_a_fresh_one_too(database_for: DatabaseFor, tmp_path: Path) -> None:
    database = str(database_for(path_in(tmp_path)))
    store = Store(database)

    def age(tx: Tx) -> None:
        for table in ("control_call", "trace"):
            tx.connection.execute(text(f"DROP TABLE {table}"))
        tx.connection.execute(text("UPDATE sandbox_schema SET version = 2"))

    store.write_now(age)
    store.close()
    done = migrate(database)
    assert (done.before, done.after) == (2, SCHEMA)
    assert described(database) == described(str(database_for(str(tmp_path / "fresh.db"))))


@pytest.mark.parametrize("version", [0, SCHEMA + 1])
def test_a_schema_that_is_not_known_is_left_alone(old_tables: str, version: int) -> None:
    with pytest.raises(StoreRefused):
        Store(old_tables)
    migrate(old_tables)
    store = Store(old_tables)
    store.write_now(lambda tx: tx.connection.execute(text(f"UPDATE sandbox_schema SET version = {version}")))
    store.close()
    with pytest.raises(StoreRefused) as refusal:
        migrate(old_tables)
    assert str(refusal.value) == f"The database has schema {version}; this version knows 1 to {SCHEMA}."


def test_a_copy_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    database = tmp_path / "kept.db"
    store = Store(str(database))
    store.write_now(lambda tx: tx.connection.execute(text("UPDATE sandbox_schema SET version = 1")))
    store.close()
    copy = tmp_path / "kept.db.schema-1"
    copy.write_bytes(b"mine")
    with pytest.raises(StoreRefused) as refusal:
        migrate(str(database))
    assert str(refusal.value) == f"There is a copy {copy} already: move it away first."
    assert copy.read_bytes() == b"mine"


def test_the_command_says_what_it_did(tmp_path: Path) -> None:
    database = str(tmp_path / "kept.db")
    missing = run("migrate", "--database", database)
    assert (missing.returncode, missing.stderr) == (1, f"dialog-sandbox: There is no database {database}.\n")
    assert run("migrate").returncode == 2
    Store(database).close()
    done = run("migrate", "--database", database)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"schema {SCHEMA} already\n", "")


def test_a_file_that_is_in_use_is_left_as_it_is_and_can_be_migrated_later(tmp_path: Path) -> None:
    database = tmp_path / "kept.db"
    Store(str(database)).close()
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("DROP TABLE trace")
        other.execute("UPDATE sandbox_schema SET version = 2")
        other.execute("BEGIN IMMEDIATE")
        refused = run("migrate", "--database", str(database))
        assert (refused.returncode, refused.stderr) == (
            1,
            f"dialog-sandbox: Cannot migrate the database {database}: database is locked.\n",
        )
        other.execute("ROLLBACK")
    assert not database.with_name("kept.db.schema-2").exists()
    assert migrate(str(database)) == Migration(2, SCHEMA, database.with_name("kept.db.schema-2"))


def test_a_database_that_cannot_be_reached_is_told_in_one_line() -> None:
    is_refused(
        1,
        "Cannot migrate the database postgresql://me:***@127.0.0.1:1/there: ...",
        "migrate",
        "--database",
        "postgresql://me:secret@127.0.0.1:1/there",
    )
