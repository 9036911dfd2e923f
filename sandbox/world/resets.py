"""Resets: a workspace as it was first made, without anybody in it, or as a clone has it.

All or nothing: the new world is made hidden, in slices, and the workspace gets it at once; what it had is deleted
later. Credentials stay, and so do sinks and snapshots; what callers did is gone, and what is under way for the world
before is dropped after the commit (`tx.reset`).
"""

import json
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from sandbox.store import Query, Slices, Tx
from sandbox.store.tables import (
    COUNTERS,
    SINK_REQUESTS,
    WORKSPACES,
    CounterRow,
    Part,
    Row,
    WorkspaceRow,
    entities,
    table_of,
)
from sandbox.world import faults, seed
from sandbox.world.clones import any_row, clone_rows, create_hidden, state_of
from sandbox.world.errors import UnknownSnapshot
from sandbox.world.schedule import update_next_due
from sandbox.world.slices import workspace_in_making
from sandbox.world.workspaces.change import change_workspace
from sandbox.world.workspaces.create import give_keys, keys_of
from sandbox.world.workspaces.find import by_id, row_of
from sandbox.world.workspaces.remove import ARRIVING, SNAPSHOT, WORLD, mark_world_gone

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
BECOME_WORLD = update(WORKSPACES).where(WORKSPACES.c.id == bindparam("of")).values(hidden=WORLD, expires_wall=None)
DROP_SINK_REQUESTS = delete(SINK_REQUESTS).where(SINK_REQUESTS.c.workspace_id == bindparam("ws"))
# What they refer to has no row yet where they go, or none any more where they come from, until all have gone.
TAKE_ALONG = [
    update(table_of(entity))
    .where(table_of(entity).c.workspace_id == bindparam("ws"))
    .values(workspace_id=bindparam("to"))
    for entity in entities()
    if entity.__part__ is Part.KEPT
]


def to_seed(tx: Tx) -> Slices[Tx]:
    """Reset the workspace to what it was first: consoles and accounts that were added since are gone.

    Return the transaction in which it is.
    """
    own = tx.workspace.id
    _begin(tx)
    tx = yield from seed.seed_again(tx)
    _take_over(tx, own, **_as_first(tx, own))
    return tx


def to_empty(tx: Tx) -> None:
    """Reset the workspace, without people and history; consoles and accounts that were added since stay as they are."""
    own = tx.workspace.id
    tx.save_counts()
    rows = [row for _, query in SETUP for row in tx.all(query)]
    counted = tx.all(COUNTED)
    _begin(tx)
    seed.set_up_again(tx)
    tx.drop_counts(tx.ws)
    for row in rows:
        changes = {"workspace_id": tx.ws, **dict.fromkeys(row.__credentials__)}
        tx.add_unless_taken(row.model_copy(update=changes))
    tx.add_all([row.model_copy(update={"workspace_id": tx.ws}) for row in counted])
    _take_over(tx, own, **_as_first(tx, own))


def to_clone(tx: Tx, clone_id: int) -> Slices[Tx]:
    """Restore what the clone has; accounts that are in it but were removed since get new keys."""
    own = tx.workspace.id
    _begin(tx)
    tx = yield from clone_rows(tx, clone_id, Part.SETUP, Part.CONTENT)
    clone = tx.get(WorkspaceRow, clone_id)
    if clone is None or clone.hidden != SNAPSHOT:
        raise UnknownSnapshot("The snapshot was removed meanwhile.")
    _take_over(tx, own, **state_of(clone), clock_at=clone.clock_at)
    return tx


def _begin(tx: Tx) -> None:
    """Make a hidden workspace that begins as the entered one did, and enter it."""
    row = row_of(tx)
    first = {"seed": row.first_seed, "callback_profile": None, "next_due_at": None, "faults": 0}
    tx.enter(workspace_in_making(tx, create_hidden(tx, row.model_copy(update=first), ARRIVING)))


def _as_first(tx: Tx, workspace_id: int) -> dict[str, Any]:
    """Return the columns of a workspace's row as they were first; a clock without a start of its own reads wall."""
    row = any_row(tx, workspace_id)
    start_at = tx.machine_wall if row.start_at is None else row.start_at
    return {**json.loads(row.first), "seed": row.first_seed, "callback_profile": None, "clock_at": start_at}


def _take_over(tx: Tx, workspace_id: int, **columns: Any) -> None:
    """Give a workspace the rows of the entered, hidden one, and begin another epoch of it.

    An account that is in both keeps its keys. Raises `UnknownWorkspace` if it was deleted meanwhile.
    """
    world = tx.ws
    tx.save_counts()
    tx.enter(by_id(tx, workspace_id))
    keys = keys_of(tx)
    tx.execute(DROP_SINK_REQUESTS)
    for statement in TAKE_ALONG:
        tx.execute(statement, to=world)
    mark_world_gone(tx, row_of(tx))
    tx.execute(BECOME_WORLD, of=world)
    change_workspace(tx, **columns, world=world, clock_wall=tx.wall, epoch=tx.workspace.epoch + 1)
    give_keys(tx, keys)
    update_next_due(tx)
    faults.note_number(tx)
    tx.reset.add(tx.workspace.id)
    tx.notify("reset")
