"""What every table is made from, the references between them, and the tag of them all.

An entity is a plain class, which checks its values when it is made, and a table class that inherits its columns from it
(SQLModel does not validate where `table=True`). Rows are of the plain class everywhere.
"""

from collections.abc import Callable
from enum import Enum
from typing import Any, ClassVar

from sqlalchemy import BigInteger, ColumnElement, ForeignKeyConstraint, Index, Integer, String, Table, Text
from sqlalchemy.orm import registry
from sqlmodel import AutoString, Field, SQLModel

SCHEMA = 3
"""Counts up whenever a table changes; a store of another number is refused."""


class Part(Enum):
    """What a table is to its workspace, and so what becomes of its rows when that is cloned or reset."""

    SERVER = "server"
    """Of no workspace, or about one as a whole."""
    SETUP = "setup"
    """Consoles, accounts and their lines: cloned, and left alone by a reset to empty."""
    CONTENT = "content"
    """What a world holds and what is still to happen in it: cloned."""
    RECORD = "record"
    """What callers did: never cloned, and deleted by a reset."""
    KEPT = "kept"
    """Never cloned, and kept by a reset."""


class Row(SQLModel, registry=registry()):
    """Base of all rows. Its registry is its own: a program that imports us may use SQLModel too.

    Each entity says which `Part` it is, and which of its columns are credentials, which no clone holds.
    """

    __part__: ClassVar[Part]
    __credentials__: ClassVar[tuple[str, ...]] = ()

    model_config = {"defer_build": True}


INTEGER = Integer().with_variant(BigInteger(), "postgresql")
TEXT = String().with_variant(Text(collation="C"), "postgresql")
"""Order and equality of texts are those of their code points, whatever the database's own language is."""

_tables: dict[type[Row], Table] = {}


def define(table_class: type[Row]) -> Table:
    """Return the SQLAlchemy table of a class with `table=True`, and remember it as that of the entity it inherits."""
    table: Table = Row.metadata.tables[str(table_class.__tablename__)]
    for column in table.columns:
        if type(column.type) is Integer:
            column.type = INTEGER
        elif isinstance(column.type, String | AutoString):
            column.type = TEXT
    _tables[table_class.__mro__[1]] = table
    return table


def table_of(entity: type[Row]) -> Table:
    """Return the table that keeps rows of this class."""
    return _tables[entity]


def entities() -> list[type[Row]]:
    """Return the classes whose rows are a workspace's, each after those that it refers to."""
    by_table = {table.name: entity for entity, table in _tables.items()}
    return [by_table[table.name] for table in Row.metadata.sorted_tables if "workspace_id" in table.c]


def owner() -> Any:
    """Declare the first part of a key: the workspace's number."""
    return Field(primary_key=True, foreign_key="workspace.id", ondelete="CASCADE")


def moment(**options: Any) -> Any:
    """Declare a time in whole milliseconds since 1970 in UTC, on the workspace's clock unless the column says wall."""
    return Field(sa_type=BigInteger, **options)


def owned_by(table: str, *columns: str, remote: str = "id") -> ForeignKeyConstraint:
    """Declare a reference to another row of the same workspace; it goes when the row it names goes."""
    return ForeignKeyConstraint(
        ["workspace_id", *columns],
        [f"{table}.workspace_id", f"{table}.{remote}"],
        ondelete="CASCADE",
        deferrable=True,
        initially="DEFERRED",
    )


def refers_to(table: str, column: str) -> ForeignKeyConstraint:
    """Declare a reference to another row of the same workspace that may not go while it is named."""
    return ForeignKeyConstraint(
        ["workspace_id", column],
        [f"{table}.workspace_id", f"{table}.id"],
        deferrable=True,
        initially="DEFERRED",
    )


def index(table: Table, name: str, *columns: str, where: "Callable[[Any], ColumnElement[bool]] | None" = None) -> None:
    """Add an index; `where`: only of the rows for which that is so, which both databases know."""
    condition = None if where is None else where(table.c)
    Index(name, *(table.c[column] for column in columns), sqlite_where=condition, postgresql_where=condition)
