"""Whether a journal holds what a test expects; if not, what came nearest, and in what it differs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, bindparam, select

from dialog_sandbox.models.verify import Difference, ExpectationRequest, Failure, Mistake
from dialog_sandbox.models.verify import Nearest as NearestShown
from sandbox.server.journal.queries import IN_WORKSPACE
from sandbox.server.journal.wire import findings_of, moment
from sandbox.store import Query, Tx
from sandbox.store.sql import contains
from sandbox.store.tables import JOURNAL
from sandbox.vendors.base.refusal import ERROR
from sandbox.world import phones
from sandbox.world.errors import ImpossiblePhone
from sandbox.world.workspaces.find import accounts

MOST_LISTED = 20
"""Exchanges and findings that a failure lists."""
BATCH_SIZE = 500
"""Entries that are read together in the search for the nearest."""
NO_ACCOUNT = -1
"""The number of an account that the workspace does not have."""
COLUMNS = {
    "to": JOURNAL.c.call_to,
    "from": JOURNAL.c.call_from,
    "text": JOURNAL.c.call_text,
    "console": JOURNAL.c.call_console,
    "account": JOURNAL.c.call_account,
    "number": JOURNAL.c.call_number,
    "status": JOURNAL.c.status,
    "outcome": JOURNAL.c.outcome,
}
"""What can be expected of an exchange, by the names that `where` has."""
PHONES = ("to", "from", "number")

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


class EntryWithNumbers(NamedTuple):
    """An exchange's id, and what it has of `PHONES`."""

    id: str
    to: str | None
    from_: str | None
    number: str | None


class EntryWithFindings(NamedTuple):
    id: str
    findings: str


_brief = (
    select(JOURNAL.c.position, JOURNAL.c.id, JOURNAL.c.at, JOURNAL.c.operation, *COLUMNS.values())
    .where(IN_WORKSPACE, JOURNAL.c.position < bindparam("before"))
    .order_by(JOURNAL.c.position.desc())
    .limit(BATCH_SIZE)
)
BEFORE = Query(BriefEntry, _brief)
BEFORE_OF = Query(BriefEntry, _brief.where(JOURNAL.c.operation == bindparam("operation")))
WITH_ERRORS = Query(
    EntryWithFindings,
    select(JOURNAL.c.id, JOURNAL.c.findings)
    .where(IN_WORKSPACE, contains(JOURNAL.c.levels, ERROR))
    .order_by(JOURNAL.c.position),
)
END = 2**62
"""Behind every position."""


@dataclass(frozen=True, slots=True)
class Expected:
    """So many exchanges of an operation. `most`: null for any number. `where`: by the names of `COLUMNS`."""

    operation: str
    where: Mapping[str, Any]
    least: int
    most: int | None

    def is_met(self, found: int) -> bool:
        return self.least <= found and (self.most is None or found <= self.most)

    @property
    def times(self) -> str:
        """How many, in words."""
        if self.least == self.most:
            return f"exactly {self.least}"
        if self.most is None:
            return f"at least {self.least}"
        return f"at most {self.most}" if self.least == 0 else f"{self.least} to {self.most}"

    @property
    def sentence(self) -> str:
        """What is expected, in words."""
        what = " ".join([self.operation, *(f"{name}={value!r}" for name, value in self.where.items())])
        return f"{what}: expected {self.times}"


class Verification(NamedTuple):
    """What came of expectations: how many exchanges each found; what is not as expected, and each of that in words."""

    found: list[int]
    failures: list[Failure]
    sentences: list[str]


def verify(tx: Tx, expectations: Sequence[ExpectationRequest], *, no_findings: bool = False) -> Verification:
    """Return what the workspace's journal has of what is expected."""
    keys = {row.id: row.access_key or "" for row in accounts(tx)}
    result = Verification([], [], [])
    for request in expectations:
        expected = expected_of(request)
        ids = matching(tx, expected, keys)
        result.found.append(len(ids))
        if not expected.is_met(len(ids)):
            failure = _failure(tx, request, expected, ids, keys)
            result.failures.append(failure)
            result.sentences.append(f"{expected.sentence}, found {len(ids)}; {_around(failure)}.")
    if no_findings and (mistakes := mistakes_of(tx.all(WITH_ERRORS))):
        result.failures.append(_failure_of(mistakes))
        result.sentences.append(_mistakes_in_words(mistakes))
    return result


def expected_of(request: ExpectationRequest) -> Expected:
    """Return what a request expects: at least one exchange if it does not say how many."""
    where = {} if request.where is None else request.where.model_dump(by_alias=True, exclude_none=True)
    count = request.count
    if isinstance(count, int):
        return Expected(request.operation, where, count, count)
    if count is None:
        return Expected(request.operation, where, 1, None)
    return Expected(request.operation, where, count.min or 0, count.max)


# What is as expected -------------------------------------------------------------------------------------------------


def matching(tx: Tx, expected: Expected, keys: Keys) -> list[str]:
    """Return the ids of the exchanges that are as expected, the oldest first.

    The database compares all but numbers, of which it lets pass what has their digits, whatever stands between them.
    """
    statement = (
        select(JOURNAL.c.id, *(COLUMNS[member] for member in PHONES))
        .where(
            IN_WORKSPACE,
            JOURNAL.c.operation == expected.operation,
            *(_condition(member, value, keys) for member, value in expected.where.items()),
        )
        .order_by(JOURNAL.c.position)
    )
    wanted = [(PHONES.index(member), value) for member, value in expected.where.items() if member in PHONES]
    rows = tx.all(Query(EntryWithNumbers, statement))
    return [row.id for row in rows if all(_is_same_phone(value, row[1 + n]) for n, value in wanted)]


def _condition(member: str, wanted: str | int, keys: Keys) -> ColumnElement[bool]:
    column: ColumnElement[Any] = COLUMNS[member]
    if member == "text":
        return contains(column, wanted)
    if member == "account":
        number = next((number for number, key in keys.items() if key == wanted), NO_ACCOUNT)
        return column == number
    if not (member in PHONES and isinstance(wanted, str)):
        return column == wanted
    try:
        digits = phones.normalised_line(wanted)
    except ImpossiblePhone:
        return column == wanted
    return column.like(f"%{'%'.join(digits.removeprefix('1'))}%")


def _is_same_phone(wanted: str, got: str | None) -> bool:
    return got is not None and _digits(wanted) == _digits(got)


def _digits(written: str) -> str:
    """Return those of a number, however it was written; what is none stays as it is."""
    try:
        return phones.normalised_line(written)
    except ImpossiblePhone:
        return written


# What came nearest ---------------------------------------------------------------------------------------------------


class NearestEntry(NamedTuple):
    """An exchange, and in what it differs."""

    entry: BriefEntry
    differs: list[Difference]


def nearest(tx: Tx, expected: Expected, keys: Keys, *, is_any_matching: bool) -> NearestEntry | None:
    """Return the one of the operation's exchanges that differs in the least, the latest of several.

    If the operation has no exchange at all, of all others.
    """
    found = _nearest_of(expected, _newest_first(tx, BEFORE_OF, operation=expected.operation), keys)
    return found if found or is_any_matching else _nearest_of(expected, _newest_first(tx, BEFORE), keys)


def _newest_first(tx: Tx, query: Query[BriefEntry], **params: Any) -> Iterator[BriefEntry]:
    """Yield all entries, read as they are taken."""
    before = END
    while rows := tx.all(query, before=before, **params):
        yield from rows
        before = rows[-1].position


def _nearest_of(expected: Expected, entries: Iterator[BriefEntry], keys: Keys) -> NearestEntry | None:
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
            found.append(Difference(member=member, expected=wanted, got=got))
    return found


def _is_same(member: str, wanted: Any, got: Any) -> bool:
    if got is None:
        return False
    if member in PHONES:
        return _is_same_phone(wanted, got)
    return wanted in got if member == "text" else bool(wanted == got)


# Failures ------------------------------------------------------------------------------------------------------------


def _failure(tx: Tx, request: ExpectationRequest, expected: Expected, ids: list[str], keys: Keys) -> Failure:
    is_short = len(ids) < expected.least
    near = nearest(tx, expected, keys, is_any_matching=bool(ids)) if is_short else None
    return Failure(
        expect=request.model_dump(by_alias=True, exclude_none=True),
        found=len(ids),
        matched=ids[:MOST_LISTED],
        nearest=None if near is None else nearest_bodies(near),
        findings=[],
    )


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


def _around(failure: Failure) -> str:
    near = failure.nearest
    if near is not None:
        differs = ", ".join(f"{each.member} is {each.got!r}" for each in near.differs)
        return f"nearest is {near.exchange}, whose {differs}"
    if failure.matched:
        return f"they are {', '.join(failure.matched)}"
    return "there is no exchange at all (one with wrong credentials belongs to no workspace: see /_sandbox/journal)"


def mistakes_of(rows: Iterable[EntryWithFindings]) -> list[Mistake]:
    """Return the errors among the findings, each with its exchange."""
    return [
        Mistake(exchange=row.id, rule=each.rule, seen=each.observed, mend=each.fix)
        for row in rows
        for each in findings_of(row.findings)
        if each.level == ERROR
    ]


def _failure_of(mistakes: list[Mistake]) -> Failure:
    ids = [*dict.fromkeys(mistake.exchange for mistake in mistakes)]
    return Failure(
        expect={"no_findings": True},
        found=len(mistakes),
        matched=ids[:MOST_LISTED],
        nearest=None,
        findings=mistakes[:MOST_LISTED],
    )


def _mistakes_in_words(mistakes: list[Mistake]) -> str:
    first = mistakes[0]
    count = "1 finding" if len(mistakes) == 1 else f"{len(mistakes)} findings"
    return f"Expected no findings, found {count}; the first is in {first.exchange}: {first.seen}. {first.mend}"
