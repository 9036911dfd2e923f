"""How SQLite goes about a query."""

from typing import Any

from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.compiler import SQLCompiler

from sandbox.store import Query, Store, Tx

NAMED = sqlite.dialect(paramstyle="named")
MANY = {"vendors": ["simplepay"], "messages": [1, 2], "people": [1, 2], "phones": ["1", "2"], "callbacks": [1, 2]}
"""Values of the parameters that stand for several."""


def plan(store: Store, query: Query[Any]) -> list[str]:
    """Return the steps, as `EXPLAIN QUERY PLAN` says them."""
    compiled = query.statement.compile(dialect=NAMED)
    assert isinstance(compiled, SQLCompiler)
    needed = {name: MANY.get(name, 1) for bind, name in compiled.bind_names.items() if bind.required}
    ready = compiled.construct_expanded_state(needed)

    def explain(tx: Tx) -> list[str]:
        cursor = tx.connection.connection.cursor()
        cursor.execute(f"EXPLAIN QUERY PLAN {ready.statement}", ready.parameters)
        return [row[3] for row in cursor.fetchall()]

    return store.read_now(explain)
