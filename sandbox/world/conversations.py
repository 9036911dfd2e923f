"""Conversations: whose phone spoke or was spoken to last, and all that was said with one phone on every line.

The cost goes by people and lines, not by messages: what is latest is looked up at the end of an index.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import ColumnElement, Select, bindparam, func, or_, select, tuple_

from sandbox.world import consent, models, people, workspaces
from sandbox.world.carrier import COLUMNS, MessageRow
from sandbox.world.store import Statement, table

if TYPE_CHECKING:
    from sandbox.world import WorkspaceView, World

MESSAGES = table(models.Message)
PEOPLE = table(models.Person)
LINES = table(models.Line)

_last_of_line = (
    select(MESSAGES.c.accepted_at)
    .where(
        MESSAGES.c.workspace_id == PEOPLE.c.workspace_id,
        MESSAGES.c.line == LINES.c.number,
        MESSAGES.c.phone == PEOPLE.c.phone,
    )
    .order_by(MESSAGES.c.accepted_at.desc())
    .limit(1)
    .scalar_subquery()
)
_everybody = (
    select(PEOPLE.c.id, func.coalesce(func.max(_last_of_line), 0).label("last"))
    .join_from(PEOPLE, LINES, LINES.c.workspace_id == PEOPLE.c.workspace_id)
    .where(PEOPLE.c.workspace_id == bindparam("workspace_id"))
    .group_by(PEOPLE.c.id)
)


def _contains(column: ColumnElement[str], part: str) -> ColumnElement[bool]:
    return func.instr(column, bindparam(part)) > 0


def _newest_phones(everybody: Select[Any]) -> Statement:
    """A page of them; `last` is when somebody's phone last had a message, 0 if never."""
    # Materialised, since SQLite would look up each phone's latest message once to compare it and once to show it.
    whose = everybody.cte("whose").prefix_with("MATERIALIZED")
    place = tuple_(whose.c.last, whose.c.id)
    return Statement(
        select(PEOPLE, whose.c.last)
        .join_from(whose, PEOPLE, PEOPLE.c.id == whose.c.id)
        .where(PEOPLE.c.workspace_id == bindparam("workspace_id"))
        .where(place < tuple_(bindparam("before"), bindparam("person")))
        .order_by(whose.c.last.desc(), whose.c.id.desc())
        .limit(bindparam("limit"))
    )


_name = func.lower(func.coalesce(PEOPLE.c.first_name, "") + " " + func.coalesce(PEOPLE.c.last_name, ""))
_is_like_it = or_(_contains(_name, "words"), _contains(PEOPLE.c.phone, "digits"), PEOPLE.c.key == bindparam("key"))
WALL = _newest_phones(_everybody)
FOUND = _newest_phones(_everybody.where(_is_like_it))
IN_CONVERSATION = (
    MESSAGES.c.workspace_id == bindparam("workspace_id"),
    MESSAGES.c.line == bindparam("line"),
    MESSAGES.c.phone == bindparam("phone"),
)
_newest_first = (
    select(MESSAGES)
    .where(*IN_CONVERSATION)
    .order_by(MESSAGES.c.accepted_at.desc(), MESSAGES.c.id.desc())
    .limit(bindparam("limit"))
)
NEWEST = Statement(_newest_first)
OLDER = Statement(
    _newest_first.where(
        tuple_(MESSAGES.c.accepted_at, MESSAGES.c.id) < tuple_(bindparam("accepted_at"), bindparam("id"))
    )
)
BEYOND = (2**62, 0)
"""A place before the wall's first."""
SHOWN = (*people.COLUMNS, "last")
NOTHING_LIKE_IT = "-"
"""What no phone contains."""


class Place(NamedTuple):
    """Where somebody's phone stands on the wall."""

    last: int
    person: int


class Handset(NamedTuple):
    """A phone, who has it, its latest message if it ever had one, and the lines that it is opted out of."""

    phone: str
    person: people.PersonRow | None
    place: Place
    latest: MessageRow | None
    opted_out: list[str]


def wall(
    world: "World",
    workspace: "WorkspaceView",
    *,
    search: str | None = None,
    after: tuple[int, int] = BEYOND,
    limit: int,
) -> list[Handset]:
    """Everybody's phone, the one with the latest message first, those that never had one at the end.

    `search`: part of a name or of a number, or a person's id. `after`: where the page before ended.
    """
    before, person = after
    asked: dict[str, Any] = {"workspace_id": workspace.id, "before": before, "person": person, "limit": limit}
    if search:
        is_number = not any(map(str.isalpha, search))
        digits = "".join(filter(str.isdecimal, search)) if is_number else ""
        asked |= {"words": search.lower(), "digits": digits or NOTHING_LIKE_IT, "key": search}
    lines = _numbers(world, workspace)
    rows = world.store.all(FOUND if search else WALL, **asked)
    return [_handset(world, workspace, lines, dict(zip(SHOWN, row, strict=True))) for row in rows]


def _handset(world: "World", workspace: "WorkspaceView", lines: list[str], row: dict[str, Any]) -> Handset:
    phone, last = row["phone"], row.pop("last")
    latest = _said(world, workspace, lines, phone, limit=1) if last else []
    opted_out = _opted_out_of(world, workspace, lines, phone)
    return Handset(phone, row, Place(last, row["id"]), latest[0] if latest else None, opted_out)


def handset(world: "World", workspace: "WorkspaceView", phone: str) -> Handset:
    """One phone, be it somebody's or nobody's yet."""
    lines = _numbers(world, workspace)
    latest = _said(world, workspace, lines, phone, limit=1)
    person = people.with_phone(world, workspace, phone)
    place = Place(latest[0]["accepted_at"] if latest else 0, person["id"] if person else 0)
    return Handset(phone, person, place, latest[0] if latest else None, _opted_out_of(world, workspace, lines, phone))


def said(
    world: "World", workspace: "WorkspaceView", phone: str, *, before: MessageRow | None = None, limit: int
) -> list[MessageRow]:
    """The messages of a phone on every line, newest first; `before`: older ones than this."""
    return _said(world, workspace, _numbers(world, workspace), phone, before=before, limit=limit)


def _numbers(world: "World", workspace: "WorkspaceView") -> list[str]:
    return [line.number for line in workspaces.lines(world, workspace.id)]


def _opted_out_of(world: "World", workspace: "WorkspaceView", lines: list[str], phone: str) -> list[str]:
    now = world.now(workspace)
    states = ((line, consent.state_of(world, workspace.id, line, phone, now)) for line in lines)
    return [line for line, state in states if state is not None and not state.opted_in]


def _said(
    world: "World",
    workspace: "WorkspaceView",
    lines: list[str],
    phone: str,
    *,
    before: MessageRow | None = None,
    limit: int,
) -> list[MessageRow]:
    asked: dict[str, Any] = {"workspace_id": workspace.id, "phone": phone, "limit": limit}
    if before is not None:
        asked |= {"accepted_at": before["accepted_at"], "id": before["id"]}
    statement = NEWEST if before is None else OLDER
    rows = [
        dict(zip(COLUMNS, row, strict=True)) for line in lines for row in world.store.all(statement, line=line, **asked)
    ]
    rows.sort(key=lambda row: (row["accepted_at"], row["id"]), reverse=True)
    return rows[:limit]
