"""Are our tables there? They are made in a new database; one of another schema is refused."""

from typing import Any

from sqlalchemy import insert, inspect, select

from sandbox.store import postgresql
from sandbox.store.errors import StoreRefused, StoreUnavailable
from sandbox.store.query import Query
from sandbox.store.tables import SCHEMA, SCHEMA_TAGS, Row, WorkspaceRow
from sandbox.store.tx import Tx
from sandbox.store.workspace_view import SERVER

SCHEMA_OF = Query(int, select(SCHEMA_TAGS.c.version))


def make_tables(tx: Tx) -> None:
    """Make the tables of a new database; of one that is there, only try whether it can be written."""
    if tx.connection.dialect.name == "postgresql":
        postgresql.lock_schema(tx.connection)
    if inspect(tx.connection).has_table(SCHEMA_TAGS.name):
        version = tx.one(SCHEMA_OF)
        if version != SCHEMA:
            raise StoreRefused(
                f"The database has schema {version}, and this version needs {SCHEMA}: take it there with"
                " `dialog-sandbox migrate`, or give another --database."
            )
        return
    Row.metadata.create_all(tx.connection)
    tx.execute(insert(SCHEMA_TAGS).values(version=SCHEMA))
    nothing: dict[str, Any] = dict.fromkeys(("seed", "first_seed", "first_at", "clock_at", "clock_wall"), 0)
    tx.add(
        WorkspaceRow(
            id=SERVER, world=SERVER, hidden="server", fixture="", fingerprint="", created_wall=tx.wall, **nothing
        )
    )


def server_row(tx: Tx) -> WorkspaceRow:
    """Return the row of the server as a whole."""
    server = tx.get(WorkspaceRow, SERVER)
    if server is None:
        raise StoreUnavailable("the tables are gone")
    return server
