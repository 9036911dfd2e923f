"""Messages that are taken out of the world, and what becomes of those that had to do with them."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, bindparam, delete, func, null, select, update

from sandbox.world import models
from sandbox.world.carrier import INBOUND
from sandbox.world.messages import MESSAGES, Filters, conditions
from sandbox.world.schedule import note_next_due
from sandbox.world.store import Statement, table

if TYPE_CHECKING:
    from sandbox.world import WorkspaceView, World

SCHEDULED = table(models.Scheduled)
OTHERS = MESSAGES.alias("other")
IN_WORKSPACE = MESSAGES.c.workspace_id == bindparam("ws")
MESSAGE_OF_ACT = func.json_extract(SCHEDULED.c.payload, "$.message")


def _is_gone(n: ColumnElement[Any]) -> ColumnElement[bool]:
    return ~select(OTHERS.c.id).where(OTHERS.c.workspace_id == bindparam("ws"), OTHERS.c.id == n).exists()


FORGET_LEADS, FORGET_REPLIES = (
    Statement(update(MESSAGES).where(IN_WORKSPACE, column.is_not(None), _is_gone(column)).values({column: null()}))
    for column in (MESSAGES.c.lead_id, MESSAGES.c.caused_by_id)
)
# A reply whose answer is gone is one that got none, and so a record of its own (rule WB-outgoing).
LET_REPLIES_STAND_ALONE = Statement(
    update(MESSAGES)
    .where(
        IN_WORKSPACE,
        MESSAGES.c.direction == INBOUND,
        MESSAGES.c.console_id.is_not(None),
        MESSAGES.c.record_at.is_(None),
        ~select(OTHERS.c.id)
        .where(
            OTHERS.c.workspace_id == bindparam("ws"),
            OTHERS.c.line == MESSAGES.c.line,
            OTHERS.c.phone == MESSAGES.c.phone,
            OTHERS.c.accepted_at == MESSAGES.c.accepted_at,
            OTHERS.c.caused_by_id == MESSAGES.c.id,
        )
        .exists(),
    )
    .values(record_at=MESSAGES.c.accepted_at)
)
DROP_ACTS = Statement(
    delete(SCHEDULED).where(
        SCHEDULED.c.workspace_id == bindparam("ws"), MESSAGE_OF_ACT.is_not(None), _is_gone(MESSAGE_OF_ACT)
    )
)


def remove(
    world: "World", workspace: "WorkspaceView", filters: Filters, *, after: int = 0, limit: int | None = None
) -> int:
    """Deletes the messages that pass, the oldest `limit` of those numbered over `after`, and says how many.

    Their timelines, callbacks and what was scheduled about them go too. Consents, people and the journal tell what
    happened, and stay. Belongs in a transaction.
    """
    which = (
        select(MESSAGES.c.id)
        .where(
            MESSAGES.c.workspace_id == workspace.id,
            MESSAGES.c.id > after,
            *conditions(filters, world.now(workspace)),
        )
        .order_by(MESSAGES.c.id)
        .limit(limit)
        .correlate(None)
    )
    statement = Statement(delete(MESSAGES).where(MESSAGES.c.workspace_id == workspace.id, MESSAGES.c.id.in_(which)))
    deleted = world.store.run(statement).rowcount
    if deleted:
        for consequence in (FORGET_LEADS, FORGET_REPLIES, LET_REPLIES_STAND_ALONE, DROP_ACTS):
            world.store.run(consequence, ws=workspace.id)
        note_next_due(world, workspace.id)
    return deleted
