"""What becomes of a world when messages are taken out of it?"""

from typing import NamedTuple

from sqlalchemy import BindParameter, bindparam, delete, null, select, update

from sandbox.store import Query, Tx
from sandbox.store.tables import MESSAGES, SCHEDULED
from sandbox.world import limits
from sandbox.world.messages.accept import INBOUND
from sandbox.world.messages.search import MessageFilters, conditions
from sandbox.world.schedule import update_next_due

BATCH_SIZE = 100
"""Messages that are deleted together, with all that hangs on them: about 8 ms; the ticker and the caller take turns."""
LOOKED_AT = 5_000
"""Of how many numbers the filters are asked together."""


class Removed(NamedTuple):
    """How many messages were deleted; all numbered up to `upto` were looked at."""

    deleted: int
    upto: int


class _Cause(NamedTuple):
    caused_by_id: int | None


_others = MESSAGES.alias("other")
_in_workspace = MESSAGES.c.workspace_id == bindparam("ws")
_gone: BindParameter[list[int]] = bindparam("gone", expanding=True)

CAUSES = Query(_Cause, select(MESSAGES.c.caused_by_id).where(_in_workspace, MESSAGES.c.id.in_(_gone)))
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


def remove_messages(
    tx: Tx, filters: MessageFilters, *, now: int, after: int = 0, last: int, limit: int | None = None
) -> Removed:
    """Delete some of the messages that pass at that time, at most `limit`: the oldest numbered over `after`, to `last`.

    Their timelines, ids, callbacks and what was scheduled about them go too. Consents, people and the journal tell what
    happened, and stay.
    """
    upto = min(after + LOOKED_AT, last)
    room = BATCH_SIZE if limit is None else min(BATCH_SIZE, limit)
    found = tx.all(_passing(filters, now), after=after, upto=upto, room=room)
    if found:
        remove_these(tx, found)
    return Removed(len(found), found[-1] if len(found) == room else upto)


def _passing(filters: MessageFilters, now: int) -> Query[int]:
    """Return a query for the oldest messages that pass, of a range of numbers."""
    return Query(
        int,
        select(MESSAGES.c.id)
        .where(
            _in_workspace,
            MESSAGES.c.id > bindparam("after"),
            MESSAGES.c.id <= bindparam("upto"),
            *conditions(filters, now),
        )
        .order_by(MESSAGES.c.id)
        .limit(bindparam("room")),
    )


def remove_these(tx: Tx, numbers: list[int]) -> None:
    """Delete the messages of these numbers, and see to those that had to do with them."""
    # Those without one are left out here: asked for by SQL, SQLite would look through the index of all others.
    replies = [each.caused_by_id for each in tx.all(CAUSES, gone=numbers) if each.caused_by_id is not None]
    limits.note_removed(tx, tx.execute(DELETE, gone=numbers))
    for consequence in (CLEAR_LEADS, CLEAR_CAUSES, DROP_COMMANDS):
        tx.execute(consequence, gone=numbers)
    if replies:
        tx.execute(MAKE_REPLIES_UNANSWERED, replies=replies)
    update_next_due(tx)
