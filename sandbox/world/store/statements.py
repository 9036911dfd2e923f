"""Statements: built from the tables with SQLAlchemy, compiled once, and run on the driver's cursor."""

from collections.abc import Sequence
from functools import cached_property
from operator import itemgetter
from typing import Any

from sqlalchemy import ClauseElement, Table, insert
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.compiler import SQLCompiler
from sqlmodel import SQLModel

DIALECT = sqlite.dialect(paramstyle="named")
BY_PLACE = sqlite.dialect(paramstyle="qmark")

Row = tuple[Any, ...]


class Statement:
    """A statement, compiled once when it is first used. Bound parameters are named; those with a value keep it."""

    __slots__ = ("_clause", "constants", "sql")

    sql: str
    constants: dict[str, Any]

    def __init__(self, clause: ClauseElement) -> None:
        self._clause = clause

    def __getattr__(self, name: str) -> Any:
        """Reached only while `sql` and `constants` are not there yet."""
        if name not in self.__slots__:
            raise AttributeError(name)
        compiled = self._clause.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
        assert isinstance(compiled, SQLCompiler)
        self.sql = str(compiled)
        params = compiled.params
        self.constants = {name: params[name] for bind, name in compiled.bind_names.items() if not bind.required}
        return getattr(self, name)


def table(model: type[SQLModel]) -> Table:
    """The SQLAlchemy table of a model, to build statements from."""
    return model.metadata.tables[str(model.__tablename__)]


class Insert:
    """The insert of a whole row, for `Database.add`. Bound by place: by name the driver would take twice as long."""

    def __init__(self, columns: Sequence[str], clause: ClauseElement) -> None:
        self.values = itemgetter(*columns)
        """Puts a row's values, by column, in the order of the parameters."""
        self._clause = clause

    @cached_property
    def sql(self) -> str:
        return str(self._clause.compile(dialect=BY_PLACE))


def inserting(model: type[SQLModel]) -> Insert:
    """The insert of a whole row, which has all the columns."""
    into = table(model)
    return Insert(into.c.keys(), insert(into))
