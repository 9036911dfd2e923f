"""Resets: a workspace as it was first made, without anybody in it, or as a clone has it.

All or nothing. Credentials stay, and so do sinks and snapshots; what callers did is deleted, and what is under way for
the world before is dropped after the commit (`tx.reset`).
"""

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import bindparam, select

from sandbox.store import Query, Tx, WorkspaceView
from sandbox.store.tables import COUNTERS, CounterRow, Part, Row, entities, table_of
from sandbox.world import faults, seed
from sandbox.world.clones import any_row, clone_rows, state_of
from sandbox.world.schedule import update_next_due
from sandbox.world.workspaces.change import change_workspace
from sandbox.world.workspaces.create import give_keys, keys_of
from sandbox.world.workspaces.find import row_of
from sandbox.world.workspaces.remove import empty

SETUP: list[tuple[str, Query[Row]]] = [
    (
        table_of(entity).name,
        Query(entity, select(table_of(entity)).where(table_of(entity).c.workspace_id == bindparam("ws"))),
    )
    for entity in entities()
    if entity.__part__ is Part.SETUP
]
COUNTED = Query(
    CounterRow,
    select(COUNTERS).where(
        COUNTERS.c.workspace_id == bindparam("ws"), COUNTERS.c.kind.in_([name for name, _ in SETUP])
    ),
)


def to_seed(tx: Tx) -> WorkspaceView:
    """Reset the workspace to what it was first: consoles and accounts that were added since are gone."""
    _replace(tx, lambda: seed.seed_again(tx))
    return _restart(tx, **_as_first(tx))


def to_empty(tx: Tx) -> WorkspaceView:
    """Reset the workspace, without people and history; consoles and accounts that were added since stay as they are."""
    tx.save_counts()
    rows = [row for _, query in SETUP for row in tx.all(query)]
    counted = tx.all(COUNTED)

    def set_up() -> None:
        seed.set_up_again(tx)
        tx.drop_counts(tx.ws)
        for row in rows:
            tx.add_unless_taken(row)
        tx.add_all(counted)

    _replace(tx, set_up)
    return _restart(tx, **_as_first(tx))


def to_clone(tx: Tx, clone_id: int) -> WorkspaceView:
    """Restore what the clone has; accounts that are in it but were removed since get new keys."""
    clone = any_row(tx, clone_id)
    _replace(tx, lambda: clone_rows(tx, clone_id, tx.ws, Part.SETUP, Part.CONTENT))
    return _restart(tx, **state_of(clone), clock_at=clone.clock_at)


def _replace(tx: Tx, fill: Callable[[], None]) -> None:
    """Give the workspace other rows than it has; an account that is in both keeps its keys."""
    keys = keys_of(tx)
    empty(tx, tx.ws, Part.SETUP, Part.CONTENT, Part.RECORD)
    fill()
    give_keys(tx, keys)


def _as_first(tx: Tx) -> dict[str, Any]:
    """Return the columns of the workspace's row as they were first; a clock without a start of its own reads wall."""
    row = row_of(tx)
    start_at = tx.machine_wall if row.start_at is None else row.start_at
    return {**json.loads(row.first), "seed": row.first_seed, "callback_profile": None, "clock_at": start_at}


def _restart(tx: Tx, **columns: Any) -> WorkspaceView:
    """Begin another epoch of the workspace, in which nothing that was under way counts any more."""
    change_workspace(tx, **columns, clock_wall=tx.wall, epoch=tx.workspace.epoch + 1)
    update_next_due(tx)
    faults.note_number(tx)
    tx.reset.add(tx.ws)
    tx.notify("reset")
    return tx.workspace
