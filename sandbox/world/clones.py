"""Clones of a workspace inside the store: what seeds, resets and snapshots are made of.

A clone is a hidden workspace: the same rows under a number of its own, without name and credentials. What is cloned is
what each table says of itself (`store.tables.Part`).
"""

from typing import Any

from sqlalchemy import Insert, Integer, bindparam, insert, select, update

from sandbox.store import Query, Tx
from sandbox.store.tables import MESSAGES, PEOPLE, WORKSPACES, Part, Row, WorkspaceRow, entities, table_of
from sandbox.store.tx import SERVER
from sandbox.world.callbacks import queue
from sandbox.world.workspaces.find import row_of
from sandbox.world.workspaces.remove import SEED

STATE = (
    "seed",
    "clock_frozen",
    "clock_speed",
    "delivery_mode",
    "sent_after",
    "settled_after",
    "outcome",
    "numbers",
    "counts_reads",
    "callback_profile",
)
"""Columns of a workspace that are a part of its state; what its clock reads is one too."""
FIRST_READING = ("fingerprint", "first_seed", "first_at")
"""Columns that decide the rows which a workspace begins with."""
MOST_MESSAGES = 20_000
"""Of a seed that is kept as a clone; a larger one is played again."""
CLONED = [entity for entity in entities() if entity.__part__ in (Part.SETUP, Part.CONTENT)]
"""Each after those that it refers to."""


def cloned_columns(entity: type[Row]) -> list[str]:
    """Return the columns that a clone's row has of the original's: not the workspace, credentials or a claim."""
    left_out = {"workspace_id", *entity.__credentials__, *queue.CLAIM_COLUMNS}
    return [column.name for column in table_of(entity).c if column.name not in left_out]


def _cloning(entity: type[Row]) -> Insert:
    """Return a statement that inserts the rows of one workspace as another's."""
    table, columns = table_of(entity), cloned_columns(entity)
    target = bindparam("target", type_=Integer).label("workspace_id")
    rows = select(target, *(table.c[name] for name in columns)).where(table.c.workspace_id == bindparam("source"))
    return insert(table).from_select(["workspace_id", *columns], rows, include_defaults=False)


CLONING = [(entity.__part__, _cloning(entity)) for entity in CLONED]
SEED_CLONE = Query(
    int,
    select(WORKSPACES.c.id).where(
        WORKSPACES.c.hidden == SEED, *(WORKSPACES.c[name] == bindparam(name) for name in FIRST_READING)
    ),
)
CHANGE_PURPOSE = update(WORKSPACES).where(WORKSPACES.c.id == bindparam("clone"))
ANY_PERSON = Query(int, select(PEOPLE.c.id).where(PEOPLE.c.workspace_id == bindparam("ws")).limit(1))
MESSAGE_AFTER = Query(
    int, select(MESSAGES.c.id).where(MESSAGES.c.workspace_id == bindparam("ws")).limit(1).offset(bindparam("skipped"))
)


def clone_rows(tx: Tx, source: int, target: int, *parts: Part) -> None:
    """Give one workspace what another one has of those parts."""
    for part, statement in CLONING:
        if part in parts:
            tx.execute(statement, source=source, target=target)
    queue.release_cloned(tx, target)


def any_row(tx: Tx, workspace_id: int) -> WorkspaceRow:
    """Return the row of a workspace that is there, be it hidden or not."""
    row = tx.get(WorkspaceRow, workspace_id)
    assert row is not None
    return row


def create_hidden(tx: Tx, row: WorkspaceRow, purpose: str) -> int:
    """Make a hidden workspace that is otherwise as the row says, still without rows; return its number."""
    clone_id = tx.next_id("workspace", SERVER)
    own = {"id": clone_id, "hidden": purpose, "change_position": 0, "journal_position": 0}
    nobodys = dict.fromkeys(("key", "name", "username", "password", "expires_wall"))
    tx.add(row.model_copy(update=own | nobodys))
    return clone_id


def clone_workspace(tx: Tx, purpose: str) -> int:
    """Clone the entered workspace as it is now; return the clone's number."""
    tx.save_counts()
    row = row_of(tx).model_copy(update={"clock_at": tx.now, "clock_wall": tx.wall})
    clone_id = create_hidden(tx, row, purpose)
    clone_rows(tx, tx.ws, clone_id, Part.SETUP, Part.CONTENT)
    return clone_id


def change_purpose(tx: Tx, workspace_id: int, purpose: str) -> None:
    """Keep a hidden workspace for something else, and without an end."""
    tx.execute(CHANGE_PURPOSE.values(hidden=purpose, expires_wall=None), clone=workspace_id)


def state_of(row: WorkspaceRow) -> dict[str, Any]:
    """Return what is state of a workspace's row, by column."""
    return {name: getattr(row, name) for name in STATE}


# Seeds ---------------------------------------------------------------------------------------------------------------


def seed_of(tx: Tx) -> int | None:
    """Return the clone of the rows that the workspace began with, its own or that of one that began alike."""
    row = row_of(tx)
    return tx.one(SEED_CLONE, **{name: getattr(row, name) for name in FIRST_READING})


def keep_seed(tx: Tx) -> None:
    """Keep what the workspace has now as its seed, if that is worth it."""
    has_content = tx.exists(ANY_PERSON) or tx.exists(MESSAGE_AFTER, skipped=0)
    if has_content and not tx.exists(MESSAGE_AFTER, skipped=MOST_MESSAGES):
        clone_workspace(tx, SEED)
