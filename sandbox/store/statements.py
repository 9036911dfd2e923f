"""How are statements run in a transaction, and rows read and written?"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Delete, Executable, bindparam, delete, select, update
from sqlalchemy.exc import SQLAlchemyError

from sandbox.store.errors import translation_of
from sandbox.store.query import WORKSPACE, Command, Query, compiled_insert
from sandbox.store.tables import Row, table_of
from sandbox.store.workspace_view import SERVER

R = TypeVar("R")
E = TypeVar("E", bound=Row)

ROW_BY_ROW: Mapping[str, Any] = {"stream_results": True, "max_row_buffer": 8}


class Statements:
    """What a transaction asks and writes. `ws`: the number under which the rows of its workspace are."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.ws = SERVER
        self.deleted = 0
        """How many rows were deleted, apart from those that went with others."""
        self._dialect = connection.dialect
        self._driver: Any = connection.connection.dbapi_connection
        self._errors = (SQLAlchemyError, connection.dialect.loaded_dbapi.Error)

    # Reading ---------------------------------------------------------------------------------------------------------

    def one(self, query: Query[R], **params: Any) -> R | None:
        """Return the first row, or None."""
        make, rows = self._run(query, params, is_one=True)
        return None if rows[0] is None else make(rows[0])

    def all(self, query: Query[R], **params: Any) -> list[R]:
        """Return all rows."""
        make, rows = self._run(query, params, is_one=False)
        return [make(row) for row in rows]

    def all_up_to(self, query: Query[R], size_of: Callable[[R], int], most: int, **params: Any) -> list[R]:
        """Return the rows up to the one with which they are larger than `most` together, and one more if there is.

        No more than these are ever in memory.
        """
        rows: list[R] = []
        size = 0
        try:
            bound = {WORKSPACE: self.ws} | params
            with self.connection.execute(query.statement, bound, execution_options=ROW_BY_ROW) as result:
                for row in result:
                    rows.append(query.make(row))
                    if size > most:
                        break
                    size += size_of(rows[-1])
        except self._errors as error:
            raise translation_of(error) from error
        return rows

    def exists(self, query: Query[Any], **params: Any) -> bool:
        """Return whether there is a row."""
        return self._run(query, params, is_one=True)[1][0] is not None

    def get(self, entity: type[E], *key: Any) -> E | None:
        """Return the workspace's row of that primary key, without the workspace; `Workspace` by its number."""
        names, query = _by_key(entity)
        return self.one(query, **dict(zip(names, key, strict=True)))

    def _run(
        self, query: Query[R], params: dict[str, Any], *, is_one: bool
    ) -> tuple[Callable[[Sequence[Any]], R], Sequence[Any]]:
        """Return what makes an `R` of a row of the driver's, and these rows: of one alone the first, or None."""
        params.setdefault(WORKSPACE, self.ws)
        try:
            if query.hot:
                sql, constants, make = query.compiled(self._dialect)
                with closing(self._driver.cursor()) as cursor:
                    cursor.execute(sql, constants | params)
                    return make, [cursor.fetchone()] if is_one else cursor.fetchall()
            result = self.connection.execute(query.statement, params)
            return query.make, [result.first()] if is_one else result.all()
        except self._errors as error:
            raise translation_of(error) from error

    # Writing ---------------------------------------------------------------------------------------------------------

    def add(self, row: Row) -> None:
        """Insert a row. Raises `Conflict` when another one has its key."""
        self._insert((row,), "")

    def add_unless_taken(self, row: Row) -> bool:
        """Insert a row unless another one has one of its keys; return whether it was inserted."""
        return self._insert((row,), " ON CONFLICT DO NOTHING") == 1

    def add_all(self, rows: Sequence[Row]) -> None:
        """Insert rows of one entity."""
        if rows:
            self._insert(rows, "")

    def _insert(self, rows: Sequence[Row], suffix: str) -> int:
        sql, values = compiled_insert(type(rows[0]), self._dialect.paramstyle, suffix)
        try:
            with closing(self._driver.cursor()) as cursor:
                if len(rows) == 1:  # psycopg would make a pipeline of it
                    cursor.execute(sql, values(rows[0].__dict__))
                else:
                    cursor.executemany(sql, [values(row.__dict__) for row in rows])
                return int(cursor.rowcount)
        except self._errors as error:
            raise translation_of(error) from error

    def update(self, row: Row, **changes: Any) -> None:
        """Write these columns of a row that is there, and set them in `row`."""
        if not changes:
            return
        key = {f"key_{name}": getattr(row, name) for name in _key_names(type(row))}
        self.execute(_updating(type(row), tuple(changes)), **key, **{f"new_{n}": value for n, value in changes.items()})
        for name, value in changes.items():
            setattr(row, name, value)

    def delete(self, row: Row) -> None:
        """Delete a row."""
        self.execute(_deleting(type(row)), **{f"key_{name}": getattr(row, name) for name in _key_names(type(row))})

    def execute(self, statement: "Command | Executable", **params: Any) -> int:
        """Run an update, delete or insert, with `bindparam("ws")` filled in; return how many rows it changed."""
        params.setdefault(WORKSPACE, self.ws)
        try:
            if not isinstance(statement, Command):
                changed = self.connection.execute(statement, params).rowcount
                self.deleted += changed if isinstance(statement, Delete) else 0
                return changed
            sql, constants = statement.compiled(self._dialect)
            with closing(self._driver.cursor()) as cursor:
                return int(cursor.execute(sql, constants | params).rowcount)
        except self._errors as error:
            raise translation_of(error) from error


@lru_cache(maxsize=64)
def _key_names(entity: type[Row]) -> tuple[str, ...]:
    return tuple(column.name for column in table_of(entity).primary_key)


@lru_cache(maxsize=64)
def _by_key(entity: type[E]) -> tuple[tuple[str, ...], Query[E]]:
    """Return the names of the key without the workspace, and the query by it."""
    table = table_of(entity)
    names = tuple(name for name in _key_names(entity) if name != "workspace_id")
    conditions = [table.c[name] == bindparam(name) for name in names]
    if "workspace_id" in table.c:
        conditions.append(table.c.workspace_id == bindparam(WORKSPACE))
    return names, Query(entity, select(table).where(*conditions), hot=True)


@lru_cache(maxsize=256)
def _updating(entity: type[Row], names: tuple[str, ...]) -> Command:
    table = table_of(entity)
    return Command(update(table).where(*_by_its_key(entity)).values({name: bindparam(f"new_{name}") for name in names}))


@lru_cache(maxsize=64)
def _deleting(entity: type[Row]) -> Command:
    return Command(delete(table_of(entity)).where(*_by_its_key(entity)))


def _by_its_key(entity: type[Row]) -> "list[ColumnElement[bool]]":
    table = table_of(entity)
    return [table.c[name] == bindparam(f"key_{name}") for name in _key_names(entity)]
