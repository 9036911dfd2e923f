"""Which exchange came nearest to what was expected, and in what does it differ?"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import bindparam, select

from dialog_sandbox.models.verify import Difference
from dialog_sandbox.models.verify import Nearest as NearestShown
from sandbox.server.journal.expectations import COLUMNS, PHONES, Expected, digits_of
from sandbox.server.journal.queries import IN_WORKSPACE
from sandbox.server.journal.wire import moment
from sandbox.store import Query, Tx
from sandbox.store.tables import JOURNAL

MOST_COMPARED = 1_000
"""Exchanges that are looked at, the newest: a test that fails asks about what it has just done."""
MOST_TEXT = 4 * 1024 * 1024
"""Characters of their texts together."""
LONGEST_VALUE = 200
"""Characters of what an exchange has instead of what is expected."""

Keys = Mapping[int, str]
"""The access keys of accounts by their numbers."""


class BriefEntry(NamedTuple):
    """An entry, as far as it can be expected."""

    position: int
    id: str
    at: int
    operation: str | None
    to: str | None
    from_: str | None
    text: str | None
    console: str | None
    account: int | None
    number: str | None
    status: int
    outcome: str

    def got(self, member: str, keys: Keys) -> Any:
        """Return what the exchange has of a member of `where`; an account by its access key."""
        if member == "account":
            return None if self.account is None else keys.get(self.account)
        return getattr(self, "from_" if member == "from" else member)


_newest = (
    select(JOURNAL.c.position, JOURNAL.c.id, JOURNAL.c.at, JOURNAL.c.operation, *COLUMNS.values())
    .where(IN_WORKSPACE, JOURNAL.c.position <= bindparam("last"))
    .order_by(JOURNAL.c.position.desc())
    .limit(MOST_COMPARED)
)
NEWEST = Query(BriefEntry, _newest)
NEWEST_OF = Query(BriefEntry, _newest.where(JOURNAL.c.operation == bindparam("operation")))


class NearestEntry(NamedTuple):
    """An exchange, and in what it differs."""

    entry: BriefEntry
    differs: list[Difference]


class NewestEntries:
    """The newest exchanges of an operation, or of all, read once for all expectations of a call."""

    def __init__(self, last: int) -> None:
        self._last = last
        self._read: dict[str | None, list[BriefEntry]] = {}

    def of(self, tx: Tx, operation: str | None) -> list[BriefEntry]:
        """Return the newest `MOST_COMPARED`, the newest first; of all operations for None."""
        if operation not in self._read:
            query, params = (NEWEST, {}) if operation is None else (NEWEST_OF, {"operation": operation})
            self._read[operation] = tx.all_up_to(query, _length_of, MOST_TEXT, last=self._last, **params)
        return self._read[operation]


def nearest(
    tx: Tx, newest: NewestEntries, expected: Expected, keys: Keys, *, is_any_matching: bool
) -> NearestEntry | None:
    """Return the one of the operation's newest exchanges that differs in the least, the latest of several.

    If the operation has no exchange at all, of all others.
    """
    found = _nearest_of(expected, newest.of(tx, expected.operation), keys)
    return found if found or is_any_matching else _nearest_of(expected, newest.of(tx, None), keys)


def _nearest_of(expected: Expected, entries: Iterable[BriefEntry], keys: Keys) -> NearestEntry | None:
    best: NearestEntry | None = None
    for entry in entries:
        differs = differences(expected, entry, keys)
        if differs and (best is None or len(differs) < len(best.differs)):
            best = NearestEntry(entry, differs)
            if len(differs) == 1:
                break
    return best


def differences(expected: Expected, entry: BriefEntry, keys: Keys) -> list[Difference]:
    """Return in what an exchange is not what is expected."""
    found = []
    if entry.operation != expected.operation:
        found.append(Difference(member="operation", expected=expected.operation, got=entry.operation))
    for member, wanted in expected.where.items():
        got = entry.got(member, keys)
        if not _is_same(member, wanted, got):
            found.append(Difference(member=member, expected=wanted, got=_cut(got)))
    return found


def _cut(got: Any) -> Any:
    return got[:LONGEST_VALUE] + "..." if isinstance(got, str) and len(got) > LONGEST_VALUE else got


def _length_of(entry: BriefEntry) -> int:
    return len(entry.text or "")


def _is_same(member: str, wanted: Any, got: Any) -> bool:
    if got is None:
        return False
    if member in PHONES:
        return digits_of(wanted) == digits_of(got)
    return wanted in got if member == "text" else bool(wanted == got)


def nearest_bodies(near: NearestEntry) -> NearestShown:
    """Return it as the control API shows it."""
    entry = near.entry
    return NearestShown.model_validate(
        {
            "exchange": entry.id,
            "at": moment(entry.at),
            "operation": entry.operation,
            "status": entry.status,
            "outcome": entry.outcome,
            "differs": near.differs,
        }
    )
