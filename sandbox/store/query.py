"""Statements with what their rows are, and how a row of the driver's becomes one of those."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, Generic, TypeVar

from sqlalchemy import Boolean, ClauseElement, Delete, Select, Update
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.selectable import CompoundSelect

from sandbox.store.tables.base import Row, table_of

R = TypeVar("R")

WORKSPACE = "ws"
"""The bound parameter that stands for the workspace's number: `bindparam("ws")`. `Tx` fills it in."""


class Query(Generic[R]):
    """A select whose rows are of type `R`: a table's row class, a NamedTuple, or a plain type for one column.

    `hot`: compiled once and run on the driver's cursor, which takes a fifth of the time of a Core connection. Only for
    what the benchmark names; docs/architecture.md lists those. Such a statement is fixed: each value is a `bindparam`.
    """

    __slots__ = ("_compiled", "hot", "make", "statement")

    def __init__(self, row: type[R], statement: "Select[Any] | CompoundSelect[Any]", *, hot: bool = False) -> None:
        self.statement = statement
        self.hot = hot
        self.make: Callable[[Sequence[Any]], R] = maker(row)
        self._compiled: tuple[str, tuple[str, dict[str, Any], Callable[[Sequence[Any]], R]]] | None = None

    def compiled(self, dialect: Dialect) -> tuple[str, dict[str, Any], Callable[[Sequence[Any]], R]]:
        """Return SQL for the driver, the values that are constant in it, and what makes a row of a driver's row."""
        if self._compiled is None or self._compiled[0] != dialect.name:
            flags = [
                at for at, column in enumerate(self.statement.selected_columns) if isinstance(column.type, Boolean)
            ]
            make = _with_booleans(self.make, flags) if flags else self.make
            self._compiled = (dialect.name, (*compiled(self.statement, dialect), make))
        return self._compiled[1]


class Command:
    """An update or delete that is compiled once and run on the driver's cursor, as a hot `Query` is."""

    __slots__ = ("_compiled", "statement")

    def __init__(self, statement: "Update | Delete") -> None:
        self.statement = statement
        self._compiled: tuple[str, tuple[str, dict[str, Any]]] | None = None

    def compiled(self, dialect: Dialect) -> tuple[str, dict[str, Any]]:
        """Return SQL for the driver, and the values that are constant in it."""
        if self._compiled is None or self._compiled[0] != dialect.name:
            self._compiled = (dialect.name, compiled(self.statement, dialect))
        return self._compiled[1]


def compiled(statement: ClauseElement, dialect: Dialect) -> tuple[str, dict[str, Any]]:
    """Return SQL whose parameters the driver takes by name, and the values of those that have one."""
    dialect_class: Any = type(dialect)
    by_name = dialect_class(paramstyle="named" if dialect.name == "sqlite" else "pyformat")
    compiler = statement.compile(dialect=by_name, compile_kwargs={"render_postcompile": True})
    assert isinstance(compiler, SQLCompiler)
    needed = {name for bind, name in compiler.bind_names.items() if bind.required}
    return str(compiler), {name: value for name, value in compiler.params.items() if name not in needed}


def maker(row: type[R]) -> Callable[[Sequence[Any]], R]:
    """Return what makes one of `row` of the values of a select's columns."""
    if issubclass(row, Row):
        names = tuple(row.model_fields)
        return lambda values: row(**dict(zip(names, values, strict=True)))
    make: Callable[[Sequence[Any]], R] | None = getattr(row, "_make", None)  # of a NamedTuple
    if make is not None:
        return make
    return itemgetter(0)


def _with_booleans(make: Callable[[Sequence[Any]], R], flags: list[int]) -> Callable[[Sequence[Any]], R]:
    """SQLite's driver gives 0 and 1 for what is a Boolean."""

    def made(values: Sequence[Any]) -> R:
        changed = list(values)
        for at in flags:
            if changed[at] is not None:
                changed[at] = bool(changed[at])
        return make(changed)

    return made


@lru_cache(maxsize=128)
def compiled_insert(entity: type[Row], paramstyle: str, suffix: str) -> tuple[str, Callable[[Any], Any]]:
    """Return SQL that inserts a whole row by position, and what takes its values out of a dict."""
    table = table_of(entity)
    columns = table.c.keys()
    mark = {"qmark": "?", "format": "%s", "pyformat": "%s"}[paramstyle]
    names = ", ".join(f'"{name}"' for name in columns)
    values = itemgetter(*columns) if len(columns) > 1 else (lambda row: (row[columns[0]],))
    return f'INSERT INTO "{table.name}" ({names}) VALUES ({", ".join([mark] * len(columns))}){suffix}', values
