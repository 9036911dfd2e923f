"""What every table is made from, the references between them, and the version of them all."""

from enum import Enum
from typing import ClassVar

from sqlalchemy import ForeignKeyConstraint
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

SCHEMA = 4
"""Counts up whenever a table changes; a store of another number is refused."""


class Part(Enum):
    """What a table is to its workspace, and so what becomes of its rows when that is copied or begins anew."""

    SERVER = "server"
    """Of no workspace, or about one as a whole."""
    SETUP = "setup"
    """Consoles, accounts and their lines: copied, and left alone by a reset to empty."""
    CONTENT = "content"
    """What a world holds and what is still to happen in it: copied."""
    RECORD = "record"
    """What callers did: never copied, and gone when the workspace begins anew."""
    KEPT = "kept"
    """Never copied, and stays when the workspace begins anew."""


class Row(SQLModel, registry=registry()):
    """What our tables are made from. Their registry is their own: a program that imports us may use SQLModel too.

    Each table says which `Part` it is, and which of its columns are credentials, which no copy holds.
    """

    __part__: ClassVar[Part]
    __credentials__: ClassVar[tuple[str, ...]] = ()

    # Rows are written and read as they are: the validators that pydantic would build for each table have no use.
    model_config = {"defer_build": True}


class JournalRow(SQLModel, registry=registry()):
    """What the tables of the journal's file are made from."""

    model_config = {"defer_build": True}


def owned_by(table: str, *columns: str, remote: str = "id") -> ForeignKeyConstraint:
    """A reference to another row of the same workspace; it goes when the row it names goes."""
    return ForeignKeyConstraint(
        ["workspace_id", *columns],
        [f"{table}.workspace_id", f"{table}.{remote}"],
        ondelete="CASCADE",
        deferrable=True,
        initially="DEFERRED",
    )


def refers_to(table: str, column: str) -> ForeignKeyConstraint:
    """A reference to another row of the same workspace that may not go while it is named."""
    return ForeignKeyConstraint(
        ["workspace_id", column],
        [f"{table}.workspace_id", f"{table}.id"],
        deferrable=True,
        initially="DEFERRED",
    )


class SchemaVersion(Row, table=True):
    """One row: which `SCHEMA` made this store, and a name of its own, by which its journal knows it."""

    __tablename__ = "sandbox_schema"
    __part__ = Part.SERVER

    version: int = Field(primary_key=True)
    name: str


class Counter(Row, table=True):
    """How many of a kind a workspace has numbered so far; workspace 0 stands for the server itself."""

    __part__ = Part.CONTENT
    __table_args__ = ({"sqlite_with_rowid": False},)

    workspace_id: int = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    n: int
