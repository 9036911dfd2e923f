"""Whose phone spoke or was spoken to last, and what was said with one phone on every line?

The cost of a list goes by people and lines, not by messages: what is latest is looked up at the end of an index.
"""

from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, func, or_, select, tuple_

from sandbox.store import Query, Tx
from sandbox.store.sql import contains
from sandbox.store.tables import LINES, MESSAGES, PEOPLE, MessageRow, PersonRow
from sandbox.world import consent, people
from sandbox.world.messages.search import MOST_TEXT


class ThreadCursor(NamedTuple):
    """Where a thread stands in the list: when its phone last had a message (0: never), and its person's number."""

    last: int
    person_id: int


class PhoneThread(NamedTuple):
    """A phone, who has it, its latest message if it ever had one, and the lines that it is opted out of."""

    phone: str
    person: PersonRow | None
    cursor: ThreadCursor
    latest: MessageRow | None
    opted_out: list[str]


BEFORE_ALL = ThreadCursor(2**62, 0)
"""A place before the first thread's."""
NOWHERE = "-"
"""What no phone contains."""

_lines_of_workspace = select(LINES.c.number).where(LINES.c.workspace_id == bindparam("ws"))
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
    .where(PEOPLE.c.workspace_id == bindparam("ws"))
    .group_by(PEOPLE.c.id)
)
_name = func.lower(func.coalesce(PEOPLE.c.first_name, "") + " " + func.coalesce(PEOPLE.c.last_name, ""))
_is_like_it = or_(
    contains(_name, bindparam("words")), contains(PEOPLE.c.phone, bindparam("digits")), PEOPLE.c.key == bindparam("key")
)


def _newest_first(whose: Select[Any]) -> Query[ThreadCursor]:
    """Return the query for a page of the list."""
    # Materialised, since SQLite would look up each phone's latest message once to compare it and once to show it.
    each = whose.cte("each").prefix_with("MATERIALIZED")
    return Query(
        ThreadCursor,
        select(each.c.last, each.c.id)
        .where(tuple_(each.c.last, each.c.id) < tuple_(bindparam("last"), bindparam("person")))
        .order_by(each.c.last.desc(), each.c.id.desc())
        .limit(bindparam("limit")),
    )


PAGE = _newest_first(_everybody)
PAGE_OF_FOUND = _newest_first(_everybody.where(_is_like_it))
PERSONS = Query(
    PersonRow,
    select(PEOPLE).where(
        PEOPLE.c.workspace_id == bindparam("ws"), PEOPLE.c.id.in_(bindparam("people", expanding=True))
    ),
)
_of_line = MESSAGES.alias("of_line")
_last_id_of_line = (
    select(_of_line.c.id)
    .where(
        _of_line.c.workspace_id == PEOPLE.c.workspace_id,
        _of_line.c.line == LINES.c.number,
        _of_line.c.phone == PEOPLE.c.phone,
    )
    .order_by(_of_line.c.accepted_at.desc(), _of_line.c.id.desc())
    .limit(1)
    .scalar_subquery()
)
LAST_OF_LINES = Query(
    MessageRow,
    select(MESSAGES)
    .where(
        MESSAGES.c.workspace_id == bindparam("ws"),
        MESSAGES.c.id.in_(
            select(_last_id_of_line)
            .join_from(PEOPLE, LINES, LINES.c.workspace_id == PEOPLE.c.workspace_id)
            .where(PEOPLE.c.workspace_id == bindparam("ws"), PEOPLE.c.id.in_(bindparam("people", expanding=True)))
        ),
    )
    .order_by(MESSAGES.c.accepted_at, MESSAGES.c.id),
)
_newest_ids = (
    select(MESSAGES.c.id)
    .where(
        MESSAGES.c.workspace_id == bindparam("ws"),
        MESSAGES.c.line.in_(_lines_of_workspace),
        MESSAGES.c.phone == bindparam("phone"),
    )
    .order_by(MESSAGES.c.accepted_at.desc(), MESSAGES.c.id.desc())
    .limit(bindparam("limit"))
)


def _whole(ids: Select[Any]) -> Query[MessageRow]:
    """Return the query for the messages of these numbers; the numbers are found in the index alone."""
    return Query(
        MessageRow,
        select(MESSAGES)
        .where(MESSAGES.c.workspace_id == bindparam("ws"), MESSAGES.c.id.in_(ids.correlate(None)))
        .order_by(MESSAGES.c.accepted_at.desc(), MESSAGES.c.id.desc()),
    )


NEWEST = _whole(_newest_ids)
OLDER = _whole(
    _newest_ids.where(tuple_(MESSAGES.c.accepted_at, MESSAGES.c.id) < tuple_(bindparam("at"), bindparam("id")))
)


def list_threads(
    tx: Tx, *, search: str | None = None, after: ThreadCursor = BEFORE_ALL, limit: int
) -> list[PhoneThread]:
    """Return the phones of people, the one with the latest message first, those that never had one at the end.

    `search`: part of a name or of a number, or a person's id. `after`: where the page before ended.
    """
    bound: dict[str, Any] = {"last": after.last, "person": after.person_id, "limit": limit}
    if search:
        return _threads(tx, tx.all(PAGE_OF_FOUND, **bound, **_search_words(search)))
    return _threads(tx, tx.all(PAGE, **bound))


def _search_words(search: str) -> dict[str, str]:
    is_number = not any(map(str.isalpha, search))
    digits = "".join(filter(str.isdecimal, search)) if is_number else ""
    return {"words": search.lower(), "digits": digits or NOWHERE, "key": search}


def _threads(tx: Tx, page: list[ThreadCursor]) -> list[PhoneThread]:
    """Return what stands at these places of the list; in three statements."""
    ids = [cursor.person_id for cursor in page]
    persons = {person.id: person for person in tx.all(PERSONS, people=ids)}
    phones = [persons[n].phone for n in ids]
    latest = {message.phone: message for message in tx.all(LAST_OF_LINES, people=ids)}  # the last one of each wins
    opted_out = consent.opted_out_lines(tx, phones)
    return [
        PhoneThread(phone, persons[cursor.person_id], cursor, latest.get(phone), opted_out.get(phone, []))
        for phone, cursor in zip(phones, page, strict=True)
    ]


def thread_of(tx: Tx, phone: str) -> PhoneThread:
    """Return the thread of one phone, also of one that is nobody's yet."""
    latest = next(iter(messages_of_phone(tx, phone, limit=1)), None)
    person = people.person_with_phone(tx, phone)
    cursor = ThreadCursor(latest.accepted_at if latest else 0, person.id if person else 0)
    return PhoneThread(phone, person, cursor, latest, consent.opted_out_lines(tx, [phone]).get(phone, []))


def messages_of_phone(tx: Tx, phone: str, *, before: MessageRow | None = None, limit: int) -> list[MessageRow]:
    """Return the messages of a phone on every line, newest first, fewer of long ones; `before`: older than this."""
    query, place = (NEWEST, {}) if before is None else (OLDER, {"at": before.accepted_at, "id": before.id})
    return tx.all_up_to(query, lambda row: len(row.text), MOST_TEXT, phone=phone, limit=limit, **place)
