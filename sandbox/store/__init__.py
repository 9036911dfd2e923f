"""How state is kept: an SQLAlchemy engine, transactions as objects, and the SQLModel tables.

`await store.read(work)` and `await store.write(work)` call the plain function `work(tx)` in a transaction. Everything
above this package speaks to the database through `Tx` alone.
"""

from sandbox.store.engine import Store
from sandbox.store.errors import Conflict, StoreRefused, StoreUnavailable
from sandbox.store.query import Command, Query
from sandbox.store.read_snapshot import ReadSnapshot
from sandbox.store.slices import Slices, in_one, noting, serve_others
from sandbox.store.tx import Tx
from sandbox.store.workspace_view import WorkspaceView

__all__ = [
    "Command",
    "Conflict",
    "Query",
    "ReadSnapshot",
    "Slices",
    "Store",
    "StoreRefused",
    "StoreUnavailable",
    "Tx",
    "WorkspaceView",
    "in_one",
    "noting",
    "serve_others",
]
