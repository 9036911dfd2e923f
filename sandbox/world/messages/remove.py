"""What becomes of a world when messages are taken out of it?"""

from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, null, select, update

from sandbox.store import Tx
from sandbox.store.tables import MESSAGES, SCHEDULED
from sandbox.world import limits
from sandbox.world.messages.accept import INBOUND
from sandbox.world.messages.search import MessageFilters, conditions
from sandbox.world.schedule import update_next_due

_others = MESSAGES.alias("other")
_in_workspace = MESSAGES.c.workspace_id == bindparam("ws")


def _is_gone(n: ColumnElement[Any]) -> ColumnElement[bool]:
    return ~select(_others.c.id).where(_others.c.workspace_id == bindparam("ws"), _others.c.id == n).exists()


CLEAR_LEADS, CLEAR_CAUSES = (
    update(MESSAGES).where(_in_workspace, column.is_not(None), _is_gone(column)).values({column: null()})
    for column in (MESSAGES.c.lead_id, MESSAGES.c.caused_by_id)
)
# A reply whose answer is gone is one that got none, and so a record of its own (rule WB-outgoing).
MAKE_REPLIES_UNANSWERED = (
    update(MESSAGES)
    .where(
        _in_workspace,
        MESSAGES.c.direction == INBOUND,
        MESSAGES.c.console_id.is_not(None),
        MESSAGES.c.record_at.is_(None),
        ~select(_others.c.id)
        .where(
            _others.c.workspace_id == bindparam("ws"),
            _others.c.line == MESSAGES.c.line,
            _others.c.phone == MESSAGES.c.phone,
            _others.c.accepted_at == MESSAGES.c.accepted_at,
            _others.c.caused_by_id == MESSAGES.c.id,
        )
        .exists(),
    )
    .values(record_at=MESSAGES.c.accepted_at)
)
DROP_COMMANDS = delete(SCHEDULED).where(
    SCHEDULED.c.workspace_id == bindparam("ws"), SCHEDULED.c.message_id.is_not(None), _is_gone(SCHEDULED.c.message_id)
)


def remove_messages(tx: Tx, filters: MessageFilters, *, after: int = 0, limit: int | None = None) -> int:
    """Delete the messages that pass, the oldest `limit` of those numbered over `after`; return how many.

    Their timelines, ids, callbacks and what was scheduled about them go too. Consents, people and the journal tell what
    happened, and stay.
    """
    which = (
        select(MESSAGES.c.id)
        .where(_in_workspace, MESSAGES.c.id > after, *conditions(filters, tx.now))
        .order_by(MESSAGES.c.id)
        .limit(limit)
        .correlate(None)
    )
    deleted = tx.execute(delete(MESSAGES).where(_in_workspace, MESSAGES.c.id.in_(which)))
    limits.note_removed(tx, deleted)
    if deleted:
        for consequence in (CLEAR_LEADS, CLEAR_CAUSES, MAKE_REPLIES_UNANSWERED, DROP_COMMANDS):
            tx.execute(consequence)
        update_next_due(tx)
    return deleted
