"""What do the messages tell that the journal does not? So many are read at a time, others being served between."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import bindparam, func, select

from sandbox.clock import MINUTE
from sandbox.server.conformance.reactions import KEPT_SENDING, WENT_ON, Reaction
from sandbox.server.conformance.situations import OPTED_OUT
from sandbox.store import Query, Tx
from sandbox.store.tables import MESSAGES
from sandbox.world.ids import message_id

SLICE = 10_000
"""Messages that are looked at together."""
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


class NewestRow(NamedTuple):
    """The last message of a purpose."""

    purpose: str
    accepted_at: int


IN_SLICE = (
    MESSAGES.c.workspace_id == bindparam("ws"),
    MESSAGES.c.id > bindparam("after"),
    MESSAGES.c.id <= bindparam("last"),
)
LAST = Query(int, select(func.max(MESSAGES.c.id)).where(MESSAGES.c.workspace_id == bindparam("ws")))
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
        *IN_SLICE,
        MESSAGES.c.plan_cause == BARRED,
        MESSAGES.c.cause == bindparam("cause"),
        MESSAGES.c.accepted_at >= bindparam("since"),
    )
    .group_by(MESSAGES.c.phone, MESSAGES.c.line),
)
NEWEST = Query(
    NewestRow,
    select(MESSAGES.c.purpose, func.max(MESSAGES.c.accepted_at)).where(*IN_SLICE).group_by(MESSAGES.c.purpose),
)


@dataclass(slots=True)
class MessageFacts:
    """What the messages tell. `since`: when the history ended that the workspace was made with; `cause`: of a submit.

    `newest`: when the last one came. `purposes`: of those since then.
    """

    since: int
    cause: str
    newest: int = 0
    purposes: set[str] = field(default_factory=set)
    _barred: dict[tuple[str, str], BarredRow] = field(default_factory=dict)

    def take_in(self, tx: Tx, after: int) -> None:
        """Look at the messages numbered over `after`, `SLICE` numbers of them."""
        bounds = {"after": after, "last": after + SLICE}
        for each in tx.all(NEWEST, **bounds):
            self.newest = max(self.newest, each.accepted_at)
            if each.accepted_at >= self.since:
                self.purposes.add(each.purpose)
        for row in tx.all(TO_OPTED_OUT, cause=self.cause, since=self.since, **bounds):
            known = self._barred.get((row.phone, row.line))
            self._barred[row.phone, row.line] = row if known is None else _joined(known, row)

    def reactions_to_opt_outs(self) -> Iterator[Reaction]:
        """Yield, for each phone that is opted out and was sent to, whether that went on."""
        for row in self._barred.values():
            word = KEPT_SENDING if row.last_at - row.first_at > CROSSING else WENT_ON
            yield Reaction(OPTED_OUT, word, (message_id(row.first), message_id(row.last)))


def _joined(one: BarredRow, other: BarredRow) -> BarredRow:
    """Return both as one; the messages of the first have the lower numbers."""
    first_at, last_at = min(one.first_at, other.first_at), max(one.last_at, other.last_at)
    return one._replace(last=other.last, first_at=first_at, last_at=last_at)
