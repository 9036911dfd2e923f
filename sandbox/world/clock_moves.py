"""How is a workspace's clock set, stopped or let run, and what came due thereby?"""

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import bindparam, func, or_, select, union_all

from sandbox.clock import LATEST
from sandbox.store import Query, Tx
from sandbox.store.tables import CALLBACKS, MESSAGES, STEPS
from sandbox.world.commands import run_due
from sandbox.world.errors import ClockGoesBack
from sandbox.world.messages.accept import OUTBOUND
from sandbox.world.statuses import SENT
from sandbox.world.workspaces.change import change_workspace


class DueEvent(NamedTuple):
    """Something that came due: a message, a status that one took, or a callback of one.

    `event`: message, inbound, status or callback.
    """

    at: int
    event: str
    message_id: int
    status: str | None = None
    callback_id: int | None = None


class _PlannedMessage(NamedTuple):
    id: int
    direction: str
    accepted_at: int
    sent_at: int | None
    settled_at: int | None
    outcome: str | None


class _ReportedStatus(NamedTuple):
    message_id: int
    position: int
    status: str
    at: int


class _DueCallback(NamedTuple):
    id: int
    message_id: int
    due_at: int
    position: int


_planned_columns = tuple(MESSAGES.c[name] for name in _PlannedMessage._fields)
_of_workspace = MESSAGES.c.workspace_id == bindparam("ws")
LAST_ID = Query(int, select(func.coalesce(func.max(MESSAGES.c.id), 0)).where(_of_workspace))
# Those that were there and move on meanwhile, by an index of their own, and those that came meanwhile.
PLANNED = Query(
    _PlannedMessage,
    union_all(
        select(*_planned_columns).where(
            _of_workspace,
            MESSAGES.c.settled_at > MESSAGES.c.accepted_at,
            MESSAGES.c.settled_at > bindparam("since"),
            MESSAGES.c.id <= bindparam("last_id"),
            or_(MESSAGES.c.settled_at <= bindparam("now"), MESSAGES.c.sent_at <= bindparam("now")),
        ),
        select(*_planned_columns).where(_of_workspace, MESSAGES.c.id > bindparam("last_id")),
    ),
)
REPORTED = Query(
    _ReportedStatus,
    select(STEPS.c.message_id, STEPS.c.position, STEPS.c.status, STEPS.c.at).where(
        STEPS.c.workspace_id == bindparam("ws"),
        STEPS.c.at > bindparam("since"),
        STEPS.c.at <= bindparam("now"),
        STEPS.c.position > 0,
    ),
)
CALLBACKS_DUE = Query(
    _DueCallback,
    select(CALLBACKS.c.id, CALLBACKS.c.message_id, CALLBACKS.c.due_at, CALLBACKS.c.position).where(
        CALLBACKS.c.workspace_id == bindparam("ws"),
        CALLBACKS.c.due_at > bindparam("since"),
        CALLBACKS.c.due_at <= bindparam("now"),
    ),
)

Key = tuple[int, int, int, int]
"""Events are listed by time, then by message, then in the order in which they come for each."""


def move_clock(
    tx: Tx, *, to: int | None = None, by: int = 0, frozen: bool | None = None, speed: float | None = None
) -> list[DueEvent]:
    """Set the clock to a time or forward by so many ms, stop it or let it run, and how fast; what is null stays.

    Return what came due, in order.
    """
    since = tx.now
    at = min(since + by, LATEST) if to is None else to
    if at < since:
        raise ClockGoesBack("The clock goes forward only: give a time that is not before its own.")
    before = tx.workspace
    last_id = tx.one(LAST_ID) or 0
    change_workspace(
        tx,
        clock_frozen=before.clock_frozen if frozen is None else frozen,
        clock_at=at,
        clock_wall=tx.wall,
        clock_speed=before.clock_speed if speed is None else speed,
    )
    # Before what comes due thereby, and with what the clock read before: those who follow are told in that order.
    tx.notify("clock", at=since)
    if before.next_due_at is not None and before.next_due_at <= at:
        run_due(tx, at)
    reported = list(_reported_statuses(tx, since, at))
    overruled = {event.message_id for _, event in reported}
    planned = _planned_events(tx, since, at, last_id, overruled)
    return [event for _, event in sorted([*reported, *planned, *_callbacks_due(tx, since, at)])]


def _planned_events(tx: Tx, since: int, now: int, last_id: int, overruled: set[int]) -> Iterator[tuple[Key, DueEvent]]:
    """Yield what came by itself: messages, and the statuses of those whose plans were not overruled."""
    for n, direction, accepted_at, sent_at, settled_at, outcome in tx.all(
        PLANNED, since=since, now=now, last_id=last_id
    ):
        if n > last_id:
            event = "message" if direction == OUTBOUND else "inbound"
            yield (accepted_at, n, 0, 0), DueEvent(accepted_at, event, n)
        if n in overruled:
            continue
        floor = since if n <= last_id else -1
        if sent_at is not None and floor < sent_at <= now:
            yield (sent_at, n, 1, 0), DueEvent(sent_at, "status", n, SENT)
        if outcome not in (None, SENT) and settled_at is not None and floor < settled_at <= now:
            yield (settled_at, n, 2, 0), DueEvent(settled_at, "status", n, outcome)


def _reported_statuses(tx: Tx, since: int, now: int) -> Iterator[tuple[Key, DueEvent]]:
    """Yield the statuses of messages whose plans were overruled: a plan does not tell all that they went through."""
    for n, position, status, at in tx.all(REPORTED, since=since, now=now):
        yield (at, n, 2, position), DueEvent(at, "status", n, status)


def _callbacks_due(tx: Tx, since: int, now: int) -> Iterator[tuple[Key, DueEvent]]:
    """Yield the callbacks that were due for the first time."""
    for n, message_id, due_at, position in tx.all(CALLBACKS_DUE, since=since, now=now):
        yield (due_at, message_id, 3, position), DueEvent(due_at, "callback", message_id, None, n)
