"""How is one moment of the database read while others write?"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from sqlalchemy import Connection

from sandbox.store.query import Query

R = TypeVar("R")


class ReadSnapshot:
    """One moment of the database, read at leisure while others write. Closed by its `with`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def one(self, query: Query[R], **params: Any) -> R | None:
        row = self._connection.execute(query.statement, params).first()
        return None if row is None else query.make(row)

    def chunks(self, query: Query[R], size: int, **params: Any) -> Iterator[list[R]]:
        """Yield the rows, `size` at a time, by a cursor of the server's where the database has one."""
        options: Mapping[str, Any] = {"stream_results": True, "max_row_buffer": size}
        with self._connection.execute(query.statement, params, execution_options=options) as result:
            for rows in result.partitions(size):
                yield [query.make(row) for row in rows]
