"""Which messages are meant: by any of their ids, or by filters?"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, case, func, or_, select

from sandbox.store import Query, Tx
from sandbox.store.sql import contains
from sandbox.store.tables import BROADCASTS, MESSAGES, VENDOR_IDS, MessageRow
from sandbox.world.errors import NotOutbound, UnknownMessage
from sandbox.world.ids import parse_message_id
from sandbox.world.messages.accept import INBOUND, OUTBOUND
from sandbox.world.statuses import QUEUED, RECEIVED, SENT


@dataclass(frozen=True, slots=True)
class MessageFilters:
    """Which messages; a field that is null lets all pass. Phones have 11 digits, times are in ms."""

    vendor: str | None = None
    direction: str | None = None
    status: str | None = None
    to: str | None = None
    from_: str | None = None
    console: int | None = None
    account: int | None = None
    text: str | None = None
    broadcast: str | None = None
    since: int | None = None
    until: int | None = None
    any_case: bool = False
    """Whether `text` may be written in other letters, small or capital."""


class _NamedId(NamedTuple):
    message_id: int
    name: str
    value: str


MOST_TEXT = 1024 * 1024
"""Characters of the texts in a list: one of longer texts ends earlier, so that it holds up nobody else's call."""
IS_ID_OF_MESSAGE = and_(VENDOR_IDS.c.workspace_id == MESSAGES.c.workspace_id, VENDOR_IDS.c.message_id == MESSAGES.c.id)
"""The condition to join what vendors call a message."""

_in_workspace = MESSAGES.c.workspace_id == bindparam("ws")
# With the vendors, since the index begins with them.
BY_VENDOR_ID = Query(
    MessageRow,
    select(MESSAGES)
    .join(VENDOR_IDS, IS_ID_OF_MESSAGE)
    .where(
        VENDOR_IDS.c.workspace_id == bindparam("ws"),
        VENDOR_IDS.c.vendor.in_(bindparam("vendors", expanding=True)),
        VENDOR_IDS.c.value == bindparam("value"),
    )
    .order_by(MESSAGES.c.id)
    .limit(1),
)
IDS_OF = Query(
    _NamedId,
    select(VENDOR_IDS.c.message_id, VENDOR_IDS.c.name, VENDOR_IDS.c.value).where(
        VENDOR_IDS.c.workspace_id == bindparam("ws"),
        VENDOR_IDS.c.message_id.in_(bindparam("messages", expanding=True)),
    ),
)
LAST_MESSAGE = Query(int, select(func.max(MESSAGES.c.id)).where(_in_workspace))


def find_message(tx: Tx, any_id: str) -> MessageRow:
    """Return the message of our id or any vendor's."""
    n = parse_message_id(any_id)
    if n is not None:
        message = tx.get(MessageRow, n)
    else:
        message = tx.one(BY_VENDOR_ID, vendors=[each.vendor for each in tx.id_formats], value=any_id)
    if message is None:
        raise UnknownMessage("No message of this workspace has that id: list them with GET messages.")
    return message


def message_of(tx: Tx, n: int) -> MessageRow:
    """Return the workspace's n-th message."""
    message = tx.get(MessageRow, n)
    if message is None:
        raise UnknownMessage("No message of this workspace has that id: list them with GET messages.")
    return message


def outbound(message: MessageRow) -> MessageRow:
    """Return the same message; raises `NotOutbound` when a phone sent it."""
    if message.direction == INBOUND:
        raise NotOutbound("A phone sent that message: only what was sent to a phone has a status, or gets a reply.")
    return message


def list_messages(tx: Tx, filters: MessageFilters, *, after: int, limit: int) -> list[MessageRow]:
    """Return the oldest of those numbered over `after`, in the order of their numbers; fewer of long ones."""
    statement = (
        select(MESSAGES)
        .where(_in_workspace, MESSAGES.c.id > after, *conditions(filters, tx.now))
        .order_by(MESSAGES.c.id)
        .limit(limit)
    )
    return tx.all_up_to(Query(MessageRow, statement), lambda row: len(row.text), MOST_TEXT)


def newest_message(tx: Tx, filters: MessageFilters, after: int = 0) -> MessageRow | None:
    """Return the newest of those numbered over `after`."""
    statement = (
        select(MESSAGES)
        .where(_in_workspace, MESSAGES.c.id > after, *conditions(filters, tx.now))
        .order_by(MESSAGES.c.id.desc())
        .limit(1)
    )
    return tx.one(Query(MessageRow, statement))


def vendor_ids_of(tx: Tx, message_ids: Collection[int]) -> dict[int, dict[str, str]]:
    """Return what the vendors call these messages, by name of the id; a message without any is left out."""
    found: dict[int, dict[str, str]] = {}
    for row in tx.all(IDS_OF, messages=list(message_ids)):
        found.setdefault(row.message_id, {})[row.name] = row.value
    return found


def conditions(filters: MessageFilters, now: int) -> list[ColumnElement[bool]]:
    """Return the filters in SQL, for a select from `MESSAGES`."""
    columns = MESSAGES.c
    is_outbound = columns.direction == OUTBOUND
    by_field: dict[str, Callable[[Any], ColumnElement[bool]]] = {
        "vendor": lambda vendor: columns.vendor == vendor,
        "direction": lambda direction: columns.direction == direction,
        "status": lambda status: _status(now) == status,
        "to": lambda to: or_(and_(is_outbound, columns.phone == to), and_(~is_outbound, columns.line == to)),
        "from_": lambda sender: columns.sender == sender,
        "console": lambda console: columns.console_id == console,
        "account": lambda account: columns.account_id == account,
        "text": lambda text: _holds(text, any_case=filters.any_case),
        "broadcast": lambda key: columns.broadcast_id.in_(
            select(BROADCASTS.c.id).where(BROADCASTS.c.workspace_id == columns.workspace_id, BROADCASTS.c.key == key)
        ),
        "since": lambda since: columns.accepted_at >= since,
        "until": lambda until: columns.accepted_at <= until,
    }
    given = {name: getattr(filters, name) for name in by_field}
    return [by_field[name](value) for name, value in given.items() if value is not None]


def _holds(text: str, *, any_case: bool) -> ColumnElement[bool]:
    return contains(MESSAGES.c.folded, text.casefold()) if any_case else contains(MESSAGES.c.text, text)


def _status(now: int) -> ColumnElement[str]:
    """Return `timeline.status_of` in SQL."""
    columns = MESSAGES.c
    return case(
        (columns.direction == INBOUND, RECEIVED),
        (columns.settled_at <= now, columns.outcome),
        (columns.sent_at <= now, SENT),
        else_=QUEUED,
    )


def last_message(tx: Tx) -> int:
    """Return the number of the newest message, 0 if there is none."""
    return tx.one(LAST_MESSAGE) or 0


def passing(tx: Tx, filters: MessageFilters, after: int, message_ids: Collection[int]) -> set[int]:
    """Return which of these messages pass the filters and are numbered over `after`."""
    if not message_ids:
        return set()
    chosen = MESSAGES.c.id.in_(sorted(message_ids))
    statement = select(MESSAGES.c.id).where(_in_workspace, chosen, MESSAGES.c.id > after, *conditions(filters, tx.now))
    return set(tx.all(Query(int, statement)))
