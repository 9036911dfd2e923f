"""How is a command kept until it is due?"""

import json
from typing import Any

from sqlalchemy import bindparam, func, select, update

from sandbox.store import Query, Tx
from sandbox.store.tables import SCHEDULED, WORKSPACES, ScheduledRow

HANDSET_REPLY = "handset_reply"
"""The command by which a handset answers a message by itself."""
EARLIEST = Query(int, select(func.min(SCHEDULED.c.due_at)).where(SCHEDULED.c.workspace_id == bindparam("ws")))
SET_NEXT_DUE = update(WORKSPACES).where(WORKSPACES.c.id == bindparam("own")).values(next_due_at=bindparam("new_due"))


def schedule(
    tx: Tx,
    at: int,
    command: str,
    arguments: dict[str, Any],
    *,
    message_id: int | None = None,
    is_of_story: bool = False,
) -> None:
    """Keep a command of `commands.COMMANDS` until then. `message_id`: the message that it is about, and goes with."""
    tx.add(
        ScheduledRow(
            workspace_id=tx.ws,
            id=tx.next_id("scheduled"),
            due_at=at,
            command=command,
            arguments=json.dumps(arguments),
            message_id=message_id,
            is_of_story=is_of_story,
        )
    )
    known = tx.workspace.next_due_at
    if known is None or at < known:
        _set_next_due(tx, at)


def update_next_due(tx: Tx) -> None:
    """Write when the first command is due, after some were executed or deleted."""
    _set_next_due(tx, tx.one(EARLIEST))


def _set_next_due(tx: Tx, at: int | None) -> None:
    if at != tx.workspace.next_due_at:
        tx.execute(SET_NEXT_DUE, own=tx.workspace.id, new_due=at)
        tx.enter(tx.workspace._replace(next_due_at=at))
    if at is not None:
        tx.mark_due(at)
