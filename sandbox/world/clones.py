"""Clones of a workspace inside the store: what seeds, resets and snapshots are made of.

A clone is a hidden workspace: the same rows under a number of its own, without name and credentials. What is cloned is
what each table says of itself (`store.tables.Part`).
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Insert, Integer, bindparam, func, insert, select, update

from sandbox.store import Query, Slices, Tx
from sandbox.store.tables import MESSAGES, PEOPLE, WORKSPACES, Part, Row, WorkspaceRow, entities, table_of
from sandbox.store.workspace_view import SERVER
from sandbox.world.callbacks import claims
from sandbox.world.slices import ROWS, next_slice, workspace_in_making
from sandbox.world.workspaces.create import FIRST
from sandbox.world.workspaces.find import row_of
from sandbox.world.workspaces.remove import ARRIVING, LONGEST_PAUSE, SEED

STATE = ("seed", *FIRST, "callback_profile")
"""Columns of a workspace that are a part of its state; what its clock reads is one too."""
FIRST_READING = ("fingerprint", "first_seed", "first_at")
"""Columns that decide the rows which a workspace begins with."""
MOST_MESSAGES = 20_000
"""Of a seed that is kept as a clone; a larger one is played again."""
CLONED = [entity for entity in entities() if entity.__part__ in (Part.SETUP, Part.CONTENT)]
"""Each after those that it refers to."""


def cloned_columns(entity: type[Row]) -> list[str]:
    """Return the columns that a clone's row has of the original's: not the workspace, credentials or a claim."""
    left_out = {"workspace_id", *entity.__credentials__, *claims.CLAIM_COLUMNS}
    return [column.name for column in table_of(entity).c if column.name not in left_out]


class Copying(NamedTuple):
    """How the rows of one table are copied: by ranges of the number that its key has behind the workspace's."""

    part: Part
    statement: Insert
    bounds: "Query[Bounds] | None"
    """None where the key has no number there: such a table has few rows."""


class Bounds(NamedTuple):
    """The first and the last number of a workspace's rows; null where it has none."""

    first: int | None
    last: int | None


def _copying(entity: type[Row]) -> Copying:
    """Return what inserts rows of one workspace as another's."""
    table, columns = table_of(entity), cloned_columns(entity)
    target = bindparam("target", type_=Integer).label("workspace_id")
    rows = select(target, *(table.c[name] for name in columns)).where(table.c.workspace_id == bindparam("source"))
    bounds = None
    numbers = [column for column in list(table.primary_key.columns)[1:2] if isinstance(column.type, Integer)]
    for number in numbers:
        rows = rows.where(number >= bindparam("first"), number < bindparam("end"))
        of_source = table.c.workspace_id == bindparam("source")
        bounds = Query(Bounds, select(func.min(number), func.max(number)).where(of_source))
    statement = insert(table).from_select(["workspace_id", *columns], rows, include_defaults=False)
    return Copying(entity.__part__, statement, bounds)


COPYINGS = [_copying(entity) for entity in CLONED]
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


def clone_rows(tx: Tx, source: int, *parts: Part) -> Slices[Tx]:
    """Give the entered workspace what the world of that number has of those parts, and which does not change."""
    copied = 0
    for part, statement, bounds in COPYINGS:
        if part not in parts:
            continue
        for first in _firsts(tx, bounds, source):
            copied += tx.execute(statement, source=source, target=tx.ws, first=first, end=first + ROWS)
            if copied >= ROWS:
                copied = 0
                tx = yield from next_slice(tx)
    claims.release_cloned(tx, tx.ws)
    return tx


def _firsts(tx: Tx, bounds: Query[Bounds] | None, source: int) -> Iterable[int]:
    """Return the first number of each range."""
    if bounds is None:
        return (0,)
    found = tx.one(bounds, source=source)
    if found is None or found.first is None or found.last is None:
        return ()
    return range(found.first, found.last + 1, ROWS)


def any_row(tx: Tx, workspace_id: int) -> WorkspaceRow:
    """Return the row of a workspace that is there, be it hidden or not."""
    row = tx.get(WorkspaceRow, workspace_id)
    assert row is not None
    return row


def create_hidden(tx: Tx, row: WorkspaceRow, purpose: str) -> int:
    """Make a hidden workspace that is otherwise as the row says, still without rows; return its number."""
    clone_id = tx.next_id("workspace", SERVER)
    own = {"id": clone_id, "world": clone_id, "hidden": purpose, "change_position": 0, "journal_position": 0}
    nobodys = dict.fromkeys(("key", "name", "username", "password", "expires_wall"))
    tx.add(row.model_copy(update=own | nobodys))
    if purpose == ARRIVING:
        tx.update(any_row(tx, clone_id), expires_wall=tx.wall + LONGEST_PAUSE)
        tx.has_expiry = True
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


def keep_seed(tx: Tx) -> Slices[Tx]:
    """Keep what the workspace has now, which nobody can call yet, as its seed, if that is worth it."""
    has_content = tx.exists(ANY_PERSON) or tx.exists(MESSAGE_AFTER, skipped=0)
    if not has_content or tx.exists(MESSAGE_AFTER, skipped=MOST_MESSAGES):
        return tx
    own = tx.workspace.id
    tx.save_counts()
    clone_id = create_hidden(tx, row_of(tx), ARRIVING)
    tx.enter(workspace_in_making(tx, clone_id))
    tx = yield from clone_rows(tx, own, Part.SETUP, Part.CONTENT)
    change_purpose(tx, clone_id, SEED)
    tx.enter(workspace_in_making(tx, own))
    return tx
