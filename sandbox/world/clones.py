"""Clones of a workspace inside the store: what seeds, resets and snapshots are made of.

A clone is a hidden workspace: the same rows under a number of its own, without name and credentials. What is cloned is
what each table says of itself (`store.tables.Part`).
"""

from typing import Any

from sandbox.store import Tx
from sandbox.store.tables import Part, Row, Workspace

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


def cloned_columns(entity: type[Row]) -> list[str]:
    """Return the columns that a clone's row has of the original's: not the workspace, nor credentials."""
    raise NotImplementedError


def clone_rows(tx: Tx, source: int, target: int, *parts: Part) -> None:
    """Give one workspace what another one has of those parts."""
    raise NotImplementedError


def any_row(tx: Tx, workspace_id: int) -> Workspace:
    """Return the row of a workspace that is there, be it hidden or not."""
    raise NotImplementedError


def create_hidden(tx: Tx, row: Workspace, purpose: str) -> int:
    """Make a hidden workspace that is otherwise as the row says, still without rows; return its number."""
    raise NotImplementedError


def clone_workspace(tx: Tx, workspace_id: int, purpose: str) -> int:
    """Clone the workspace as it is now; return the clone's number."""
    raise NotImplementedError


def change_purpose(tx: Tx, workspace_id: int, purpose: str) -> None:
    """Keep a hidden workspace for something else."""
    raise NotImplementedError


def state_of(row: Workspace) -> dict[str, Any]:
    """Return what is state of a workspace's row, by column."""
    raise NotImplementedError


def seed_of(tx: Tx) -> int | None:
    """Return the clone of the rows that the workspace began with, its own or that of one that began alike."""
    raise NotImplementedError


def keep_seed(tx: Tx) -> None:
    """Keep what the workspace has now as its seed, if that is worth it."""
    raise NotImplementedError
