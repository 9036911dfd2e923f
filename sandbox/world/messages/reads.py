"""What happens to messages that settle when a vendor API has shown them so often (rule NET-flow)?"""

from collections.abc import Sequence

from sqlalchemy import bindparam, or_, select, update

from sandbox.store import Query, Tx
from sandbox.store.tables import MESSAGES, MessageRow
from sandbox.world.delivery import READS
from sandbox.world.messages.timeline import report_status
from sandbox.world.statuses import DELIVERED, SENT

_counting = (
    MESSAGES.c.workspace_id == bindparam("ws"),
    MESSAGES.c.id.in_(bindparam("messages", expanding=True)),
    MESSAGES.c.reads_to_settled.is_not(None),
)
COUNT_DOWN = (
    update(MESSAGES)
    .where(*_counting)
    .values(reads_to_sent=MESSAGES.c.reads_to_sent - 1, reads_to_settled=MESSAGES.c.reads_to_settled - 1)
)
READ_OFTEN_ENOUGH = Query(
    MessageRow,
    select(MESSAGES)
    .where(*_counting, or_(MESSAGES.c.reads_to_sent == 0, MESSAGES.c.reads_to_settled == 0))
    .order_by(MESSAGES.c.id),
)


def count_reads(tx: Tx, messages: Sequence[int]) -> None:
    """Count that these messages were shown, after they were: the next read sees what comes of it."""
    if not tx.execute(COUNT_DOWN, messages=messages):
        return
    for message in tx.all(READ_OFTEN_ENOUGH, messages=messages):
        if message.reads_to_settled == 0:
            assert message.outcome is not None
            reason = None if message.outcome == DELIVERED else message.reason
            report_status(tx, message, message.outcome, at=tx.now, reason=reason, cause=READS)
        else:
            _send(tx, message)


def _send(tx: Tx, message: MessageRow) -> None:
    """Report that it is sent, and keep what is to come."""
    ahead = {"outcome": message.outcome, "reason": message.reason, "reads_to_settled": message.reads_to_settled}
    report_status(tx, message, SENT, at=tx.now, cause=READS)
    tx.update(message, **ahead)
