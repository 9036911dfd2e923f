"""Copies of a workspace inside the store: what seeds, resets and snapshots are made of.

A copy is a hidden workspace: the same rows under a number of its own, without name and credentials. What is copied is
what each table says of itself (`models.Part`).
"""

from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, exists, or_, select, update

from sandbox.world import callbacks, models, workspaces
from sandbox.world.models import Part
from sandbox.world.store import DIALECT, Statement, table
from sandbox.world.workspaces import SEED, SERVER

if TYPE_CHECKING:
    from sandbox.world import WorkspaceView, World

STATE = (
    "seed",
    "clock_frozen",
    "clock_speed",
    "delivery_mode",
    "sent_after",
    "settled_after",
    "outcome",
    "numbers",
    "callback_profile",
)
"""Columns of a workspace that are a part of its state; what its clock reads is one too."""
MOST_MESSAGES = 20_000
"""Of a seed that is kept as a copy; a larger one is played again."""

WORKSPACES = table(models.Workspace)
DEFAULTS = {name: field.default for name, field in models.Workspace.model_fields.items() if not field.is_required()}
PEOPLE = table(models.Person)
MESSAGES = table(models.Message)
ROW = Statement(select(WORKSPACES).where(WORKSPACES.c.id == bindparam("id")))
CHANGE_PURPOSE = Statement(
    update(WORKSPACES).where(WORKSPACES.c.id == bindparam("copy")).values(hidden=bindparam("purpose"))
)
SEED_COPY = Statement(
    select(WORKSPACES.c.id).where(
        WORKSPACES.c.hidden == SEED,
        *(WORKSPACES.c[name] == bindparam(name) for name in ("fingerprint", "first_seed", "first_at")),
    )
)
OF_SETUP_ONLY = Statement(
    select(
        ~or_(*(exists().where(each.c.workspace_id == bindparam("workspace_id")) for each in (PEOPLE, MESSAGES))),
    )
)
MORE_MESSAGES = Statement(
    select(MESSAGES.c.id).where(MESSAGES.c.workspace_id == bindparam("workspace_id")).limit(1).offset(MOST_MESSAGES)
)


def copied_columns(model: type[models.Row]) -> list[str]:
    """Of a table's rows: all but the workspace, which another one takes the place of, and credentials."""
    return [column.name for column in table(model).c if column.name not in ("workspace_id", *model.__credentials__)]


def _copying(model: type[models.Row]) -> str:
    """Inserts the rows of one workspace as another's, without their credentials.

    Written out, since to compile so many statements would take longer than to copy a clinic.
    """
    quoted = DIALECT.identifier_preparer.quote
    given = [quoted(name) for name in copied_columns(model)]
    name, columns = quoted(table(model).name), ", ".join(given)
    return (
        f"INSERT INTO {name} (workspace_id, {columns})"
        f" SELECT :target, {columns} FROM {name} WHERE workspace_id = :source"
    )


COPYING = [
    (model.__part__, _copying(model))
    for model in models.of_workspaces()
    if model.__part__ in (Part.SETUP, Part.CONTENT)
]


def copy_rows(world: "World", source: int, target: int, *parts: Part) -> None:
    """What one workspace has of those parts the other one gets too. Belongs in a transaction."""
    for part, statement in COPYING:
        if part in parts:
            world.store.execute(statement, {"source": source, "target": target})
    callbacks.take_up_copied(world, target)


def row_of(world: "World", workspace_id: int) -> dict[str, Any]:
    """Of a workspace, be it hidden or not, that is there."""
    row = world.store.one(ROW, id=workspace_id)
    assert row is not None
    return dict(zip(WORKSPACES.c.keys(), row, strict=True))


def hide(world: "World", row: dict[str, Any], purpose: str) -> int:
    """A hidden workspace that is otherwise as the row says, still without rows: its number. In a transaction."""
    copy_id = world.take(SERVER, "workspace")
    nobodys = dict.fromkeys(("key", "name", "username", "password", "expires_wall"))
    world.store.add(workspaces.INSERT_WORKSPACE, {**DEFAULTS, **row, **nobodys, "id": copy_id, "hidden": purpose})
    return copy_id


def take(world: "World", workspace_id: int, purpose: str) -> int:
    """A copy of the workspace as it is now: its number. What was counted is saved. Belongs in a transaction."""
    row = workspaces.row_of(world, workspace_id)
    wall = world.wall()
    now = workspaces.view_of(world, workspace_id).now(wall)
    copy_id = hide(world, {**row, "clock_at": now, "clock_wall": wall}, purpose)
    copy_rows(world, workspace_id, copy_id, Part.SETUP, Part.CONTENT)
    return copy_id


def change_purpose(world: "World", workspace_id: int, purpose: str) -> None:
    """Of a hidden workspace. Belongs in a transaction."""
    world.store.run(CHANGE_PURPOSE, copy=workspace_id, purpose=purpose)


def state_of(row: dict[str, Any]) -> dict[str, Any]:
    """What is state of a workspace's row."""
    return {name: row[name] for name in STATE}


# Seeds ---------------------------------------------------------------------------------------------------------------


def seed_of(world: "World", workspace_id: int) -> int | None:
    """The copy of the rows that a workspace began with, be it its own or that of another one that began alike."""
    row = row_of(world, workspace_id)
    found = world.store.one(SEED_COPY, **{name: row[name] for name in ("fingerprint", "first_seed", "first_at")})
    return found[0] if found else None


def keep_seed(world: "World", workspace: "WorkspaceView") -> None:
    """Keeps what the workspace has now as its seed, if it is worth it. Belongs in a transaction."""
    of = {"workspace_id": workspace.id}
    is_setup_only = world.store.one(OF_SETUP_ONLY, **of) == (1,)
    if not is_setup_only and world.store.one(MORE_MESSAGES, **of) is None:
        take(world, workspace.id, SEED)
