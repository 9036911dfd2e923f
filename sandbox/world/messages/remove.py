"""What becomes of a world when messages are taken out of it?"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import BindParameter, bindparam, delete, func, null, select, update

from sandbox.store import Query, Slices, Tx
from sandbox.store.tables import MESSAGES, SCHEDULED
from sandbox.world import limits
from sandbox.world.messages.accept import INBOUND
from sandbox.world.messages.search import MessageFilters, conditions
from sandbox.world.schedule import update_next_due
from sandbox.world.slices import next_slice

BATCH_SIZE = 200
"""Messages that are deleted together, with all that hangs on them: about 15 ms."""
LOOKED_AT = 5_000
"""Of how many numbers the filters are asked together."""


class DeletedMessage(NamedTuple):
    """A message that is to go, and the one that it answered by itself."""

    id: int
    caused_by_id: int | None


_others = MESSAGES.alias("other")
_in_workspace = MESSAGES.c.workspace_id == bindparam("ws")
_gone: BindParameter[list[int]] = bindparam("gone", expanding=True)

LAST = Query(int, select(func.max(MESSAGES.c.id)).where(_in_workspace))
DELETE = delete(MESSAGES).where(_in_workspace, MESSAGES.c.id.in_(_gone))
CLEAR_LEADS, CLEAR_CAUSES = (
    update(MESSAGES).where(_in_workspace, column.in_(_gone)).values({column: null()})
    for column in (MESSAGES.c.lead_id, MESSAGES.c.caused_by_id)
)
# A reply whose answer is gone is one that got none, and so a record of its own (rule WB-outgoing).
MAKE_REPLIES_UNANSWERED = (
    update(MESSAGES)
    .where(
        _in_workspace,
        MESSAGES.c.id.in_(bindparam("replies", expanding=True)),
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
DROP_COMMANDS = delete(SCHEDULED).where(SCHEDULED.c.workspace_id == bindparam("ws"), SCHEDULED.c.message_id.in_(_gone))


def remove_messages(tx: Tx, filters: MessageFilters, *, after: int = 0, limit: int | None = None) -> Slices[int]:
    """Delete the messages that pass, the oldest `limit` of those numbered over `after`; return how many.

    Their timelines, ids, callbacks and what was scheduled about them go too. Consents, people and the journal tell what
    happened, and stay. Those that come meanwhile stay.
    """
    deleted, epoch = 0, tx.workspace.epoch
    now, last = tx.now, tx.one(LAST) or 0
    while after < last and deleted != limit:
        room = BATCH_SIZE if limit is None else min(BATCH_SIZE, limit - deleted)
        upto = min(after + LOOKED_AT, last)
        found = tx.all(_passing(filters, now), after=after, upto=upto, room=room)
        after = found[-1].id if len(found) == room else upto
        if found:
            _remove(tx, found)
            deleted += len(found)
        if after < last and deleted != limit:
            tx = yield from next_slice(tx)
            if tx.workspace.epoch != epoch:
                break  # it was reset meanwhile: what is there now is not meant
    return deleted


def _passing(filters: MessageFilters, now: int) -> Query[DeletedMessage]:
    """Return a query for the oldest messages that pass, of a range of numbers."""
    return Query(
        DeletedMessage,
        select(MESSAGES.c.id, MESSAGES.c.caused_by_id)
        .where(
            _in_workspace,
            MESSAGES.c.id > bindparam("after"),
            MESSAGES.c.id <= bindparam("upto"),
            *conditions(filters, now),
        )
        .order_by(MESSAGES.c.id)
        .limit(bindparam("room")),
    )


def _remove(tx: Tx, messages: Sequence[DeletedMessage]) -> None:
    """Delete messages, and see to those that had to do with them."""
    gone = [message.id for message in messages]
    limits.note_removed(tx, tx.execute(DELETE, gone=gone))
    for consequence in (CLEAR_LEADS, CLEAR_CAUSES, DROP_COMMANDS):
        tx.execute(consequence, gone=gone)
    replies = [message.caused_by_id for message in messages if message.caused_by_id is not None]
    if replies:
        tx.execute(MAKE_REPLIES_UNANSWERED, replies=replies)
    update_next_due(tx)
