"""The journal's rows: kept, found, and dropped when there are too many or they are too old."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json
from sqlalchemy import ColumnElement, bindparam, delete, func, insert, null, select, true

from sandbox.world import models, phones
from sandbox.world.errors import ImpossiblePhone, UnknownExchange
from sandbox.world.store import Insert, Row, Statement, table

if TYPE_CHECKING:
    from sandbox.world import World

SERVER = 0
"""Stands for the workspace of an exchange that belongs to none."""
ACCEPTED, REFUSED, FAULTED = "accepted", "refused", "faulted"
ERROR, NOTE = "error", "note"
SLACK = 16
"""Of how many parts of a journal's limit one may be there beyond it."""
AT_ONCE = 1000
"""Old rows that are looked at together."""

ENTRIES = table(models.JournalEntry)
COLUMNS = tuple(models.JournalEntry.model_fields)
IN_WORKSPACE = ENTRIES.c.workspace_id == bindparam("workspace_id")
BRIEF = ("workspace_id", "number", "at", "operation", "outcome", "status", "subject", "findings")
_brief = select(*(ENTRIES.c[name] for name in BRIEF)).where(IN_WORKSPACE)
_newest_first = _brief.order_by(ENTRIES.c.number.desc())
BRIEFLY = Statement(_newest_first)
BRIEFLY_OF = Statement(_newest_first.where(ENTRIES.c.operation == bindparam("operation")))
WITH_ERRORS = Statement(_brief.where(ENTRIES.c.levels.contains(ERROR)).order_by(ENTRIES.c.number))
# A number that was given out twice, because the process was killed before it was written down, is the later one's.
PUT = Insert(COLUMNS, insert(ENTRIES).prefix_with("OR REPLACE"))
OWNERS = table(models.Workspace)
WORKSPACE = Statement(select(OWNERS.c.id).where(OWNERS.c.id == bindparam("id")))
BY_NUMBER = Statement(select(ENTRIES).where(IN_WORKSPACE, ENTRIES.c.number == bindparam("number")))
ANY_UP_TO = Statement(select(ENTRIES.c.number).where(IN_WORKSPACE, ENTRIES.c.number <= bindparam("number")).limit(1))
DROP = Statement(delete(ENTRIES).where(IN_WORKSPACE, ENTRIES.c.number <= bindparam("number")))
DROP_ALL = Statement(delete(ENTRIES).where(IN_WORKSPACE))
_oldest = select(ENTRIES.c.number, ENTRIES.c.wall).where(IN_WORKSPACE).order_by(ENTRIES.c.number).limit(AT_ONCE)
_old = _oldest.subquery()
LAST_OLD = Statement(select(func.max(_old.c.number)).where(_old.c.wall < bindparam("wall")))
JOURNALS = Statement(select(ENTRIES.c.workspace_id).distinct())

EntryRow = dict[str, Any]
"""A row of `models.JournalEntry` by column name."""
EntryValues = tuple[Any, ...]
"""The same in the order of `COLUMNS`, as it is written: this is done for every exchange, and names cost time."""


def row_of(values: EntryValues) -> EntryRow:
    return dict(zip(COLUMNS, values, strict=True))


@dataclass(frozen=True, slots=True)
class Filters:
    """Which entries; a field that is null lets all pass. `message` is a message's number, times are in ms."""

    operation: str | None = None
    outcome: str | None = None
    status: int | None = None
    message: int | None = None
    findings: str | None = None
    since: int | None = None
    until: int | None = None


def put(world: "World", entries: Sequence[EntryValues]) -> list[EntryValues]:
    """Keeps those whose workspaces are still there, which it gives back. Belongs in a transaction of the journal's."""
    there = {workspace_id for workspace_id in {entry[0] for entry in entries} if _is_there(world, workspace_id)}
    kept = [entry for entry in entries if entry[0] in there]
    world.store.exchanges.add_many(PUT, kept)
    return kept


def _is_there(world: "World", workspace_id: int) -> bool:
    return workspace_id == SERVER or world.store.one(WORKSPACE, id=workspace_id) is not None


def drop_over(world: "World", workspace_id: int, newest: int, limit: int) -> None:
    """Keeps so many, up to the newest, and a few more until there are enough to drop.

    Rows that lie side by side go together: to drop as many as come would rewrite each page of them again and again.
    """
    oldest = newest - limit - limit // SLACK
    if oldest > 0 and world.store.exchanges.one(ANY_UP_TO, workspace_id=workspace_id, number=oldest):
        world.store.exchanges.run(DROP, workspace_id=workspace_id, number=newest - limit)


def drop_old(world: "World", before: int) -> None:
    """Drops what is older than this wall time."""
    for (workspace_id,) in world.store.exchanges.all(JOURNALS):
        while (number := _last_old(world, workspace_id, before)) is not None:
            world.store.exchanges.run(DROP, workspace_id=workspace_id, number=number)


def _last_old(world: "World", workspace_id: int, before: int) -> int | None:
    row = world.store.exchanges.one(LAST_OLD, workspace_id=workspace_id, wall=before)
    return row[0] if row else None


def drop_all(world: "World", workspace_id: int) -> int:
    """Empties a journal: how many there were."""
    return world.store.exchanges.run(DROP_ALL, workspace_id=workspace_id).rowcount


def find(world: "World", workspace_id: int, number: int | None) -> EntryRow:
    """By its number."""
    row = None if number is None else world.store.exchanges.one(BY_NUMBER, workspace_id=workspace_id, number=number)
    if row is None:
        raise UnknownExchange("No exchange of this journal has that id: list them with GET journal.")
    return row_of(row)


def listed(
    world: "World",
    workspace_id: int,
    filters: Filters,
    *,
    after: int | None = None,
    limit: int | None = None,
    newest_first: bool = False,
) -> list[EntryRow]:
    """In the order of their numbers, or against it; those that come after number `after` in that order."""
    number = ENTRIES.c.number
    conditions = _conditions(filters)
    if after is not None:
        conditions.append(number < after if newest_first else number > after)
    statement = Statement(
        select(ENTRIES)
        .where(ENTRIES.c.workspace_id == workspace_id, *conditions)
        .order_by(number.desc() if newest_first else number)
        .limit(limit)
    )
    return [row_of(row) for row in world.store.exchanges.all(statement)]


def likely(world: "World", workspace_id: int, operation: str, where: Mapping[str, Any]) -> list[Row]:
    """Number and subject of an operation's entries that may be as `where` says, the oldest first.

    `outcome` and `status` are what it says; of the subject, as `dependencies.Subject` has it, more may be let pass.
    """
    columns = ENTRIES.c
    conditions: dict[str, Callable[[Any], ColumnElement[bool]]] = {
        "outcome": lambda outcome: columns.outcome == outcome,
        "status": lambda status: columns.status == status,
        "text": lambda text: func.instr(columns.subject, to_json(text).decode()[1:-1]) > 0,
        "console": lambda code: func.instr(columns.subject, to_json(code).decode()) > 0,
        "to": lambda phone: _may_be(phone, "$[0]"),
        "from": lambda phone: _may_be(phone, "$[1]"),
        "number": lambda phone: _may_be(phone, "$[5]"),
    }
    given = [conditions[name](value) for name, value in where.items() if name in conditions]
    is_of_subject = any(name not in ("outcome", "status") for name in where)
    statement = (
        select(columns.number, columns.subject if is_of_subject else null())
        .where(columns.workspace_id == workspace_id, columns.operation == operation, *given)
        .order_by(columns.number)
    )
    return world.store.exchanges.all(Statement(statement))


def _may_be(phone: str, place: str) -> ColumnElement[bool]:
    """Whether what stands in this place of a subject has the digits of a number, whatever is between them."""
    try:
        digits = phones.normalised(phone)
    except ImpossiblePhone:
        return true()
    return func.json_extract(ENTRIES.c.subject, place).like(f"%{'%'.join(digits.removeprefix('1'))}%")


def briefly(world: "World", workspace_id: int, operation: str | None = None) -> Iterator[EntryRow]:
    """All entries, or an operation's, the newest first, with the columns of `BRIEF` only, read as they are taken."""
    if operation is None:
        return _brief_rows(world, BRIEFLY, workspace_id=workspace_id)
    return _brief_rows(world, BRIEFLY_OF, workspace_id=workspace_id, operation=operation)


def with_errors(world: "World", workspace_id: int) -> Iterator[EntryRow]:
    """The same, but the oldest first, of those that have an error among their findings."""
    return _brief_rows(world, WITH_ERRORS, workspace_id=workspace_id)


def _brief_rows(world: "World", statement: Statement, **params: Any) -> Iterator[EntryRow]:
    return (dict(zip(BRIEF, row, strict=True)) for row in world.store.exchanges.run(statement, **params))


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    columns = ENTRIES.c
    conditions: dict[str, Callable[[Any], ColumnElement[bool]]] = {
        "operation": lambda operation: columns.operation == operation,
        "outcome": lambda outcome: columns.outcome == outcome,
        "status": lambda status: columns.status == status,
        "message": lambda message: func.instr(columns.messages, f",{message},") > 0,
        "findings": lambda level: func.instr(columns.levels, level) > 0,
        "since": lambda since: columns.at >= since,
        "until": lambda until: columns.at <= until,
    }
    given = {name: getattr(filters, name) for name in conditions}
    return [conditions[name](value) for name, value in given.items() if value is not None]
