"""Is there room for more? How much a server takes is its operator's to say (`store.limits.Limits`).

Messages are not counted, which would take longer the more there are: they are numbered from 1, and those that were
removed are counted as they go.
"""

from typing import Any

from sqlalchemy import ColumnElement, Table, bindparam, func, or_, select

from sandbox.store import Query, Tx
from sandbox.store.tables import SINKS, SNAPSHOTS, WORKSPACES
from sandbox.store.workspace_view import IS_VISIBLE
from sandbox.world.errors import TooManyMessages, TooManySinks, TooManySnapshots, TooManyWorkspaces

MESSAGE, REMOVED, MISSED = "message", "removed_message", "missed_command"
"""What a workspace counts: messages that it numbered, those of them that were removed, and what fell due and found no
room."""
IS_NOT_OVER = or_(WORKSPACES.c.expires_wall.is_(None), WORKSPACES.c.expires_wall > bindparam("wall"))
COUNT_WORKSPACES = Query(int, select(func.count()).select_from(WORKSPACES).where(IS_VISIBLE, IS_NOT_OVER))


def _count_of(table: Table, *conditions: ColumnElement[bool]) -> Query[int]:
    return Query(
        int, select(func.count()).select_from(table).where(table.c.workspace_id == bindparam("ws"), *conditions)
    )


COUNT_SNAPSHOTS = _count_of(SNAPSHOTS)
COUNT_SINKS = _count_of(SINKS)


def workspaces(tx: Tx) -> int:
    """Return how many there are on the server."""
    return _counted(tx, COUNT_WORKSPACES, wall=tx.wall)


def messages(tx: Tx) -> int:
    """Return how many the workspace holds."""
    return tx.count_of(MESSAGE) - tx.count_of(REMOVED)


def snapshots(tx: Tx) -> int:
    """Return how many the workspace has."""
    return _counted(tx, COUNT_SNAPSHOTS)


def sinks(tx: Tx) -> int:
    """Return how many the workspace has."""
    return _counted(tx, COUNT_SINKS)


def _counted(tx: Tx, query: Query[int], **params: Any) -> int:
    return tx.one(query, **params) or 0


def check_workspaces(tx: Tx) -> None:
    """Raise `TooManyWorkspaces` unless one more has room."""
    most = tx.limits.workspaces
    if workspaces(tx) >= most:
        raise TooManyWorkspaces(
            f"There is no room for another workspace: the server takes {most} (SANDBOX_MAX_WORKSPACES). Delete those"
            " that are not needed, or make them with a ttl."
        )


def check_messages(tx: Tx, more: int = 1) -> None:
    """Raise `TooManyMessages` unless so many more have room."""
    most = tx.limits.messages
    # Mostly there were never so many, and what was removed need not be looked up.
    if tx.count_of(MESSAGE) + more > most:
        check_all_messages(tx, messages(tx) + more)


def check_all_messages(tx: Tx, count: int) -> None:
    """Raise `TooManyMessages` if a workspace may not hold so many in all."""
    most = tx.limits.messages
    if count > most:
        raise TooManyMessages(
            f"There is no room for so many messages: the workspace would hold {count}, and takes {most}"
            " (SANDBOX_MAX_WORKSPACE_MESSAGES). Delete those that are not needed, or reset it."
        )


def check_snapshots(tx: Tx) -> None:
    """Raise `TooManySnapshots` unless one more has room."""
    most = tx.limits.snapshots
    if snapshots(tx) >= most:
        raise TooManySnapshots(
            f"There is no room for another snapshot: the workspace takes {most} (SANDBOX_MAX_WORKSPACE_SNAPSHOTS)."
            " Delete one, or give this one the name of another, whose place it takes."
        )


def check_sinks(tx: Tx) -> None:
    """Raise `TooManySinks` unless one more has room."""
    most = tx.limits.sinks
    if sinks(tx) >= most:
        raise TooManySinks(
            f"There is no room for another sink: the workspace takes {most} (SANDBOX_MAX_WORKSPACE_SINKS). Use one of"
            " those that are there, or another workspace."
        )


def note_removed(tx: Tx, count: int) -> None:
    """Count messages that were taken out of the workspace."""
    if count:
        tx.count_up(REMOVED, count)


def note_missed(tx: Tx) -> int:
    """Count a command that fell due and found no room; return how many that makes."""
    return tx.count_up(MISSED)


def missed(tx: Tx) -> int:
    """Return how many commands fell due in the workspace, since its last reset, and found no room."""
    return tx.count_of(MISSED)
