"""Has anything happened in a workspace?"""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import bindparam, select

from sandbox.store import Query, Tx
from sandbox.store.tables import WORKSPACES


class WorkspaceProgress(NamedTuple):
    """How far a workspace has come: they are others whenever something has happened in it."""

    id: int
    epoch: int
    change_position: int
    journal_position: int


PROGRESS = Query(
    WorkspaceProgress,
    select(*(WORKSPACES.c[name] for name in WorkspaceProgress._fields)).where(
        WORKSPACES.c.id.in_(bindparam("workspaces", expanding=True)), WORKSPACES.c.hidden.is_(None)
    ),
)


def progress_of(tx: Tx, workspaces: Collection[int]) -> dict[int, WorkspaceProgress]:
    """Return how far these workspaces have come, those that are gone left out."""
    return {each.id: each for each in tx.all(PROGRESS, workspaces=[*workspaces])}
