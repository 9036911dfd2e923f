"""How does a database of an older schema become one of this version's? Alembic, which nothing else needs, alters it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import NamedTuple

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    ForeignKeyConstraint,
    false,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.engine import URL

from sandbox.store import postgresql, sqlite
from sandbox.store.backup import new_file, refusing
from sandbox.store.errors import StoreRefused
from sandbox.store.tables import SCHEMA, SCHEMA_TAGS, WORKSPACES
from sandbox.store.tables.base import INTEGER, TEXT
from sandbox.store.urls import name_of, url_of


class Migration(NamedTuple):
    """What was done. `copy`: the file as it was; None on PostgreSQL, and where nothing was to be done."""

    before: int
    after: int
    copy: Path | None


def _to_2(operations: Operations) -> None:
    operations.add_column("workspace", Column("fixture_text", TEXT))
    operations.add_column("workspace", Column("world", BigInteger, nullable=False, server_default="0"))
    operations.execute(update(WORKSPACES).values(world=WORKSPACES.c.id))
    operations.create_index("ix_workspace_world", "workspace", ["world"])
    for name, table, column in (
        ("ix_message_lead", "message", "lead_id"),
        ("ix_message_cause", "message", "caused_by_id"),
        ("ix_scheduled_message", "scheduled", "message_id"),
    ):
        given = text(f"{column} IS NOT NULL")
        columns = ["workspace_id", column]
        operations.create_index(name, table, columns, sqlite_where=given, postgresql_where=given)
    operations.add_column("account", Column("zone", TEXT, nullable=False, server_default="UTC"))
    for flag in ("date_header", "counts_reads"):
        operations.add_column("workspace", Column(flag, Boolean, nullable=False, server_default=false()))
    operations.add_column("message", Column("reads_to_sent", INTEGER))
    operations.add_column("message", Column("reads_to_settled", INTEGER))
    operations.create_table(
        "age_mark",
        Column("workspace_id", INTEGER, ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True),
        Column("kind", TEXT, primary_key=True),
        Column("wall", BigInteger, primary_key=True),
        Column("n", BigInteger, nullable=False),
    )


def _to_3(operations: Operations) -> None:
    if not inspect(operations.get_bind()).has_table("control_call"):  # the last of schema 2 have it
        operations.create_table(
            "control_call",
            Column("workspace_id", INTEGER, ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True),
            Column("position", BigInteger, primary_key=True),
            Column("at", BigInteger, nullable=False),
            Column("wall", BigInteger, nullable=False),
            *(Column(name, TEXT, nullable=False) for name in ("method", "path", "query")),
            Column("body", TEXT),
        )
    operations.create_table(
        "trace",
        Column("workspace_id", INTEGER, ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True),
        Column("message_id", INTEGER, primary_key=True),
        Column("traceparent", TEXT, nullable=False),
        Column("tracestate", TEXT),
        ForeignKeyConstraint(
            ["workspace_id", "message_id"],
            ["message.workspace_id", "message.id"],
            ondelete="CASCADE",
            deferrable=True,
            initially="DEFERRED",
        ),
    )


STEPS: dict[int, Callable[[Operations], None]] = {1: _to_2, 2: _to_3}
"""By the schema that a step begins with; it ends with the next."""


def migrate(database: str) -> Migration:
    """Alter the tables of a database that no server has open. Raises `StoreRefused`; then it is as it was.

    A file is copied first, to its own name with `.schema-N` behind it.
    """
    url = url_of(database)
    with refusing(f"Cannot migrate the database {name_of(url)}", url):
        return _migrate(url)


def _migrate(url: URL) -> Migration:
    is_sqlite = url.get_backend_name() == "sqlite"
    path = Path(str(url.database))
    if is_sqlite and not path.is_file():
        raise StoreRefused(f"There is no database {path}.")
    engine = sqlite.sqlite_engine(path, is_temporary=False) if is_sqlite else postgresql.postgresql_engine(url)
    prepare = sqlite.prepare if is_sqlite else postgresql.prepare
    try:
        with engine.connect() as connection:
            before = _schema_of(connection)
            connection.rollback()
            prepare(connection, is_write=True)
            with _copied(path, before) if is_sqlite and before < SCHEMA else nullcontext() as copy, connection.begin():
                _take_steps(connection)
    finally:
        engine.dispose()
    if copy is not None:
        with suppress(sqlite3.OperationalError):  # it is used just now, or the disk is full: it goes on as it is
            sqlite.make_shrinkable(path)
    return Migration(before, SCHEMA, copy)


def _take_steps(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        postgresql.lock_schema(connection)
    operations = Operations(MigrationContext.configure(connection))
    for version in range(_schema_of(connection), SCHEMA):
        STEPS[version](operations)
    connection.execute(update(SCHEMA_TAGS).values(version=SCHEMA))


def _schema_of(connection: Connection) -> int:
    if not inspect(connection).has_table(SCHEMA_TAGS.name):
        raise StoreRefused("The database was not made by dialog-sandbox.")
    version = connection.execute(select(SCHEMA_TAGS.c.version)).scalar_one()
    if not min(STEPS) <= version <= SCHEMA:
        raise StoreRefused(f"The database has schema {version}; this version knows {min(STEPS)} to {SCHEMA}.")
    return int(version)


@contextmanager
def _copied(path: Path, schema: int) -> Iterator[Path]:
    """Copy the file with what stands in its log, for as long as what is done inside succeeds.

    Raises `StoreRefused` when there is a copy already.
    """
    copy = path.with_name(f"{path.name}.schema-{schema}")
    if copy.exists():
        raise StoreRefused(f"There is a copy {copy} already: move it away first.")
    with new_file(copy) as file:
        sqlite.copy_file(path, file)
    try:
        yield copy
    except BaseException:
        copy.unlink()
        raise
