"""What does a client do about phones that are opted out?"""

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import bindparam, func, select

from sandbox.clock import MINUTE
from sandbox.server.conformance.reactions import KEPT_SENDING, WENT_ON, Reaction
from sandbox.server.conformance.situations import OPTED_OUT
from sandbox.store import Query, Tx
from sandbox.store.tables import MESSAGES
from sandbox.world.ids import message_id

CROSSING = MINUTE
"""How long a submit may be on its way while the phone opts out."""
BARRED = "consent"
"""The cause of the plan of a message to a phone that is opted out."""


class BarredRow(NamedTuple):
    """Submits to one phone that is opted out of one line."""

    phone: str
    line: str
    first: int
    last: int
    first_at: int
    last_at: int


TO_OPTED_OUT = Query(
    BarredRow,
    select(
        MESSAGES.c.phone,
        MESSAGES.c.line,
        func.min(MESSAGES.c.id),
        func.max(MESSAGES.c.id),
        func.min(MESSAGES.c.accepted_at),
        func.max(MESSAGES.c.accepted_at),
    )
    .where(
        MESSAGES.c.workspace_id == bindparam("ws"),
        MESSAGES.c.plan_cause == BARRED,
        MESSAGES.c.cause == bindparam("cause"),
        MESSAGES.c.accepted_at >= bindparam("since"),
    )
    .group_by(MESSAGES.c.phone, MESSAGES.c.line),
)
PURPOSES = Query(
    str,
    select(MESSAGES.c.purpose)
    .where(MESSAGES.c.workspace_id == bindparam("ws"), MESSAGES.c.accepted_at >= bindparam("since"))
    .distinct(),
)
NEWEST = Query(int, select(func.max(MESSAGES.c.accepted_at)).where(MESSAGES.c.workspace_id == bindparam("ws")))


def reactions_to_opt_outs(tx: Tx, cause: str, since: int) -> Iterator[Reaction]:
    """Yield, for each phone that is opted out and was sent to, whether that went on. `cause`: of a submit.

    `since`: when the history ended that the workspace was made with.
    """
    for row in tx.all(TO_OPTED_OUT, cause=cause, since=since):
        word = KEPT_SENDING if row.last_at - row.first_at > CROSSING else WENT_ON
        yield Reaction(OPTED_OUT, word, (message_id(row.first), message_id(row.last)))
