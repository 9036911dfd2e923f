"""Which exchanges began behind another one?"""

from typing import NamedTuple

from sqlalchemy import ColumnElement, select

from sandbox.server.journal.expectations import COLUMNS, PHONES, Expected, digits_of
from sandbox.store import Query, Tx
from sandbox.store.tables import JOURNAL

READ_TOGETHER = 200


class EntryWithNumbers(NamedTuple):
    """An exchange's id, and what it has of `PHONES`."""

    id: str
    to: str | None
    from_: str | None
    number: str | None

    def is_to(self, expected: Expected) -> bool:
        """Return whether its numbers are the expected ones."""
        got = dict(zip(PHONES, self[1:], strict=True))
        wanted = {member: expected.where[member] for member in PHONES if member in expected.where}
        return all(digits_of(got[member] or "") == digits_of(number) for member, number in wanted.items())


def first_after(
    tx: Tx, expected: Expected, conditions: list[ColumnElement[bool]], last: int, after: str | None
) -> list[str]:
    """Return the ids of the first exchanges behind that one that are as expected, as many as at least must be.

    An exchange's id says when it began.
    """
    found: list[str] = []
    start = after or ""
    columns = (JOURNAL.c.id, *(COLUMNS[member] for member in PHONES))
    while True:
        statement = select(*columns).where(*conditions, JOURNAL.c.id > start).order_by(JOURNAL.c.id)
        rows = tx.all(Query(EntryWithNumbers, statement.limit(READ_TOGETHER)), last=last)
        found += [row.id for row in rows if row.is_to(expected)]
        if len(found) >= expected.least or len(rows) < READ_TOGETHER:
            return found[: expected.least]
        start = rows[-1].id
