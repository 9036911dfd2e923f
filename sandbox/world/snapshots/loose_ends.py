"""Whether the rows of a snapshot that comes from outside hold together, where no reference of the tables says so."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Table,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
    tuple_,
    union_all,
)

from sandbox.store import Query
from sandbox.store.id_format import IdFormat
from sandbox.store.tables import (
    ACCOUNTS,
    CALLBACKS,
    CONSOLES,
    COUNTERS,
    LINES,
    MESSAGES,
    STEPS,
    VENDOR_IDS,
    WORKSPACES,
    table_of,
)
from sandbox.world.callbacks.states import PENDING, SENDING
from sandbox.world.clones import CLONED
from sandbox.world.commands import SUBMIT
from sandbox.world.limits import MESSAGE, REMOVED
from sandbox.world.lines import STAFF_TOOLS
from sandbox.world.messages.accept import INBOUND, OUTBOUND

NOW = bindparam("now", type_=BigInteger)
OTHERS = MESSAGES.alias("other")
NUMBERED = [table_of(entity) for entity in CLONED if "id" in table_of(entity).c]
NAMED = ((MESSAGES.c.console_id, CONSOLES), (MESSAGES.c.account_id, ACCOUNTS))
NAMED_MESSAGES = (MESSAGES.c.lead_id, MESSAGES.c.caused_by_id)


def _of_clone(table: Any) -> ColumnElement[bool]:
    return (table.c.id if table is WORKSPACES else table.c.workspace_id) == bindparam("ws")


def _rows(table: Table, *conditions: ColumnElement[bool]) -> Select[Any]:
    """Select rows of the clone of which that is so."""
    return select(_of_clone(table)).where(_of_clone(table), *conditions)


def _none_in(table: Any, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return ~exists().where(_of_clone(table), *conditions)


ITS_CONSOLE = and_(CONSOLES.c.workspace_id == LINES.c.workspace_id, CONSOLES.c.line == LINES.c.number)
ITS_LINE = and_(LINES.c.workspace_id == MESSAGES.c.workspace_id, LINES.c.number == MESSAGES.c.line)
ITS_MESSAGE = and_(MESSAGES.c.workspace_id == CALLBACKS.c.workspace_id, MESSAGES.c.id == CALLBACKS.c.message_id)
_owners = MESSAGES.join(LINES, ITS_LINE).outerjoin(CONSOLES, ITS_CONSOLE)

_messages_there = select(func.count()).select_from(MESSAGES).where(_of_clone(MESSAGES)).scalar_subquery()
_counted = COUNTERS.alias("counted")
_messages_numbered = (
    select(func.coalesce(func.max(_counted.c.n), 0)).where(_of_clone(_counted), _counted.c.kind == MESSAGE)
).scalar_subquery()

LOOSE_ENDS: dict[str, Any] = {
    "a line is nobody's": _rows(
        LINES, LINES.c.account_id.is_(None), _none_in(CONSOLES, CONSOLES.c.line == LINES.c.number)
    ),
    "a line is a console's and an account's": _rows(
        LINES, LINES.c.account_id.is_not(None), ~_none_in(CONSOLES, CONSOLES.c.line == LINES.c.number)
    ),
    "a message is of another owner than its line": _rows(
        MESSAGES,
        or_(
            MESSAGES.c.account_id.is_distinct_from(LINES.c.account_id),
            MESSAGES.c.console_id.is_distinct_from(CONSOLES.c.id),
        ),
    ).select_from(_owners),
    "a message is from a time to come": _rows(MESSAGES, MESSAGES.c.accepted_at > NOW),
    "a timeline has no beginning": union_all(
        _rows(STEPS, STEPS.c.position == 0, STEPS.c.at > NOW),
        _rows(STEPS).group_by(STEPS.c.workspace_id, STEPS.c.message_id).having(func.min(STEPS.c.position) > 0),
    ),
    "a callback is of a message that names no receiver": _rows(
        CALLBACKS, MESSAGES.c.status_callback.is_(None)
    ).select_from(CALLBACKS.join(MESSAGES, ITS_MESSAGE)),
    "a message names a receiver, though its API tells nobody": _rows(
        MESSAGES,
        MESSAGES.c.status_callback.is_not(None),
        or_(MESSAGES.c.vendor != SUBMIT[0], MESSAGES.c.direction != OUTBOUND, MESSAGES.c.console_id.is_(None)),
    ),
    "more messages were removed than are missing": _rows(
        COUNTERS, COUNTERS.c.kind == REMOVED, COUNTERS.c.n + _messages_there > _messages_numbered
    ),
    "a callback that is to be sent has no time": _rows(
        CALLBACKS, CALLBACKS.c.state.in_((PENDING, SENDING)), CALLBACKS.c.next_at.is_(None)
    ),
    "a message is of no vendor's": _rows(MESSAGES, MESSAGES.c.vendor.not_in((SUBMIT[0], *STAFF_TOOLS.values()))),
    **{
        f"the {column.name} of a message is not there": _rows(
            MESSAGES, column.is_not(None), _none_in(table, table.c.id == column)
        )
        for column, table in (*NAMED, *((column, OTHERS) for column in NAMED_MESSAGES))
    },
    **{
        f"the counter of the table {table.name} is behind": _rows(
            table, _none_in(COUNTERS, COUNTERS.c.kind == table.name, COUNTERS.c.n >= table.c.id)
        )
        for table in NUMBERED
    },
}
"""Each finds rows of the workspace `:ws` of which that is so, when its clock reads `:now`."""


def loose_ends(id_formats: Sequence[IdFormat]) -> dict[str, Query[int]]:
    """Return what may not hold together in a clone, each with what finds it: a query with `ws` and `now`, its clock."""
    ids = [(each.vendor, each.name) for each in id_formats]
    of_nobody = _rows(VENDOR_IDS, tuple_(VENDOR_IDS.c.vendor, VENDOR_IDS.c.name).not_in(ids))
    statements = {**LOOSE_ENDS, **dict(map(_lack_of, id_formats)), "an id is of no vendor's": of_nobody}
    return {sentence: Query(int, statement.limit(1)) for sentence, statement in statements.items()}


def _lack_of(ids: IdFormat) -> tuple[str, Select[Any]]:
    """Return what says that a message has no id of a vendor that would have given it one."""
    kinds = [
        and_(MESSAGES.c.direction == direction, MESSAGES.c.console_id.is_not(None) == is_console)
        for direction in (OUTBOUND, INBOUND)
        for is_console in (True, False)
        if ids.applies(direction, is_console)
    ]
    has_none = _none_in(VENDOR_IDS, VENDOR_IDS.c.message_id == MESSAGES.c.id, VENDOR_IDS.c.vendor == ids.vendor)
    return f"a message has no {ids.name}", _rows(MESSAGES, or_(*kinds), has_none)
