"""Whether a journal holds what a test expects; if not, what came nearest, and in what it differs.

A call is many looks, each in a transaction of its own, so that other callers are served between them. All are at the
journal as it was when the call began, but for what was dropped since.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, func, null, or_, select, true

from dialog_sandbox.models.verify import ExpectationRequest, Failure, Mistake
from sandbox.server.journal.expectations import COLUMNS, PHONES, Expected, digits_of, expected_of
from sandbox.server.journal.nearest import Keys, NewestEntries, nearest, nearest_bodies
from sandbox.server.journal.order import first_after
from sandbox.server.journal.queries import IN_WORKSPACE, newest_position
from sandbox.server.journal.wire import findings_of
from sandbox.store import Query, Tx
from sandbox.store.sql import contains
from sandbox.store.tables import JOURNAL
from sandbox.vendors.base.refusal import ERROR
from sandbox.world import phones
from sandbox.world.errors import ImpossiblePhone
from sandbox.world.workspaces.find import accounts

MOST_LISTED = 20
"""Exchanges and findings that a failure lists."""
BATCH_SIZE = 1_000
"""Exchanges with findings that are read together."""
NO_ACCOUNT = -1
"""The number of an account that the workspace does not have."""

Condition = ColumnElement[bool]


class WrittenNumbers(NamedTuple):
    """Exchanges that wrote those of `PHONES` alike that are expected; `first`: the oldest one's position."""

    to: str | None
    from_: str | None
    number: str | None
    exchanges: int
    first: int | None


class EntryWithFindings(NamedTuple):
    position: int
    id: str
    findings: str


UP_TO_LAST = (IN_WORKSPACE, JOURNAL.c.position <= bindparam("last"))
WITH_ERRORS = Query(
    EntryWithFindings,
    select(JOURNAL.c.position, JOURNAL.c.id, JOURNAL.c.findings)
    .where(*UP_TO_LAST, JOURNAL.c.position > bindparam("after"), contains(JOURNAL.c.levels, ERROR))
    .order_by(JOURNAL.c.position)
    .limit(BATCH_SIZE),
)


class JournalReplaced(Exception):
    """The workspace was reset since the verification began: its journal is another one."""


class Verification:
    """What comes of expectations, look by look.

    `found`: how many exchanges each found, `matched`: the first of them; `failures`: what is not as expected, and each
    of that in words. `is_final`: whether something is so that no further exchange can mend. `in_order`: each expects
    what began after what the one before it expects.
    """

    def __init__(self, tx: Tx, *, in_order: bool = False) -> None:
        self.found: list[int] = []
        self.matched: list[list[str]] = []
        self.is_final = False
        self.failures: list[Failure] = []
        self.sentences: list[str] = []
        self.workspace_id = tx.workspace.id
        self.looked_at = self._epoch, self._last = tx.workspace.epoch, newest_position(tx)
        self._keys: Keys = {row.id: row.access_key or "" for row in accounts(tx)}
        self._newest = NewestEntries(self._last)
        self._mistakes: list[Mistake] = []
        self._in_order = in_order
        self._after: str | None = None

    def has_grown(self, tx: Tx) -> bool | None:
        """Return True if the journal is another one than it was; else None, as one who waits for it asks."""
        return tx.workspace.epoch != self._epoch or newest_position(tx) != self._last or None

    def _check(self, tx: Tx) -> None:
        if tx.workspace.epoch != self._epoch:
            raise JournalReplaced

    def look_for(self, tx: Tx, request: ExpectationRequest) -> None:
        """Note what the journal has of what is expected. Raises `JournalReplaced`."""
        self._check(tx)
        expected = expected_of(request)
        conditions = _conditions(expected, self._keys)
        groups = _groups(tx, expected, conditions, self._last)
        found = sum(each.exchanges for each in groups)
        ids = _oldest(tx, expected, conditions, groups, self._last) if groups else []
        self.found.append(found)
        self.matched.append(ids)
        if not expected.is_met(found):
            self._fail(expected, self._failure(tx, request, expected, found, ids))
            self.is_final |= found > expected.least
        elif self._in_order and expected.least:
            self._look_for_order(tx, request, expected, conditions)

    def _fail(self, expected: Expected, failure: Failure) -> None:
        self.failures.append(failure)
        behind = f" after {failure.after}" if failure.after else ""
        self.sentences.append(f"{expected.sentence}{behind}, found {failure.found}; {_around(failure)}.")

    def _look_for_order(
        self, tx: Tx, request: ExpectationRequest, expected: Expected, conditions: list[Condition]
    ) -> None:
        """Note whether enough of them began behind those of the expectation before."""
        ids = first_after(tx, expected, conditions, self._last, self._after)
        if len(ids) == expected.least:
            self._after, self.matched[-1] = ids[-1], ids[:MOST_LISTED]
        else:
            self._fail(expected, self._failure_of(request, len(ids), ids, after=self._after))

    def look_for_mistakes(self, tx: Tx, after: int) -> int | None:
        """Note the errors among the findings, behind a position; return the next one, None at the end."""
        self._check(tx)
        rows = tx.all(WITH_ERRORS, last=self._last, after=after)
        self._mistakes += mistakes_of(rows)
        if len(rows) == BATCH_SIZE:
            return rows[-1].position
        if self._mistakes:
            self.is_final = True
            self.failures.append(_failure_of(self._mistakes))
            self.sentences.append(_mistakes_in_words(self._mistakes))
        return None

    def _failure(self, tx: Tx, request: ExpectationRequest, expected: Expected, found: int, ids: list[str]) -> Failure:
        is_short = found < expected.least
        near = nearest(tx, self._newest, expected, self._keys, is_any_matching=found > 0) if is_short else None
        return self._failure_of(request, found, ids, nearest=None if near is None else nearest_bodies(near))

    def _failure_of(self, request: ExpectationRequest, found: int, ids: list[str], **more: Any) -> Failure:
        expect = request.model_dump(by_alias=True, exclude_none=True)
        return Failure.model_validate(
            {"nearest": None, "findings": []} | {"expect": expect, "found": found, "matched": ids} | more
        )


# What is as expected -------------------------------------------------------------------------------------------------


def _conditions(expected: Expected, keys: Keys) -> list[Condition]:
    """Return what the database compares: all but numbers, of which it lets pass what has their digits, whatever stands
    between them.
    """
    is_of_operation = JOURNAL.c.operation == expected.operation
    return [*UP_TO_LAST, is_of_operation, *(_condition(*each, keys) for each in expected.where.items())]


def _members(expected: Expected) -> list[str]:
    """Return the numbers that are expected, by their members."""
    return [member for member in PHONES if member in expected.where]


def _groups(tx: Tx, expected: Expected, conditions: list[Condition], last: int) -> list[WrittenNumbers]:
    """Return the exchanges that are as expected, those together that wrote the numbers alike, the oldest first."""
    members = _members(expected)
    shown = [COLUMNS[member] if member in members else null() for member in PHONES]
    statement = select(*shown, func.count(), func.min(JOURNAL.c.position)).where(*conditions)
    groups = tx.all(Query(WrittenNumbers, statement.group_by(*(COLUMNS[member] for member in members))), last=last)
    wanted = [(PHONES.index(member), digits_of(expected.where[member])) for member in members]
    matching = [each for each in groups if all(_is_written(each[n], digits) for n, digits in wanted)]
    return sorted(matching, key=lambda group: group.first or 0)


def _is_written(got: str | int | None, digits: str) -> bool:
    return isinstance(got, str) and digits_of(got) == digits


def _oldest(
    tx: Tx, expected: Expected, conditions: list[Condition], groups: list[WrittenNumbers], last: int
) -> list[str]:
    """Return the ids of the oldest exchanges of these groups, which are in no more groups than they are many."""
    members = _members(expected)
    alike = [
        and_(true(), *(COLUMNS[member] == each[PHONES.index(member)] for member in members))
        for each in groups[:MOST_LISTED]
    ]
    statement = select(JOURNAL.c.id).where(*conditions, *([or_(*alike)] if members else []))
    return tx.all(Query(str, statement.order_by(JOURNAL.c.position).limit(MOST_LISTED)), last=last)


def _condition(member: str, wanted: str | int, keys: Keys) -> Condition:
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


# Failures ------------------------------------------------------------------------------------------------------------


def _around(failure: Failure) -> str:
    near = failure.nearest
    if near is not None:
        differs = ", ".join(f"{each.member} is {each.got!r}" for each in near.differs)
        return f"nearest is {near.exchange}, whose {differs}"
    if failure.after and not failure.matched:
        return "those that there are began before"
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
