"""How is a workspace's clock set, stopped or let run, and what came due thereby?"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sqlalchemy import bindparam, or_, select, union_all

from sandbox.clock import LATEST
from sandbox.store import Query, ReadSnapshot, Store, Tx, serve_others
from sandbox.store.tables import CALLBACKS, MESSAGES, STEPS
from sandbox.world.errors import ClockGoesBack
from sandbox.world.messages.accept import OUTBOUND
from sandbox.world.messages.search import last_message
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


class ClockMove(NamedTuple):
    """From when to when a clock was moved, and the number of the last message that there was before."""

    since: int
    at: int
    last_id: int


BATCH_SIZE = 500
"""Rows that are read together."""

Key = tuple[int, int, int, int]
"""Events are listed by time, then by message, then in the order in which they come for each."""
EventParts = list[list[tuple[Key, DueEvent]]]
"""Events in parts, of which each is in order."""


def move_clock(
    tx: Tx, *, to: int | None = None, by: int = 0, frozen: bool | None = None, speed: float | None = None
) -> ClockMove:
    """Set the clock to a time or forward by so many ms, stop it or let it run, and how fast; what is null stays.

    What came due thereby is done by the next to open the workspace, as ever.
    """
    since = tx.now
    at = min(since + by, LATEST) if to is None else to
    if at < since:
        raise ClockGoesBack("The clock goes forward only: give a time that is not before its own.")
    before = tx.workspace
    last_id = last_message(tx)
    change_workspace(
        tx,
        clock_frozen=before.clock_frozen if frozen is None else frozen,
        clock_at=at,
        clock_wall=tx.wall,
        clock_speed=before.clock_speed if speed is None else speed,
    )
    # Before what comes due thereby, and with what the clock read before: those who follow are told in that order.
    tx.notify("clock", at=since)
    return ClockMove(since, at, last_id)


async def due_events(store: Store, world: int, move: ClockMove) -> EventParts:
    """Return what came due by a move in the world of that number.

    Read after all that is due was done; others are served meanwhile.
    """
    parts = []
    with store.snapshot() as picture:
        for part in _parts(picture, world, move):
            parts.append(sorted(part))
            await serve_others()
    return parts


def _parts(picture: ReadSnapshot, world: int, move: ClockMove) -> Iterator[Iterable[tuple[Key, DueEvent]]]:
    span = {"ws": world, "since": move.since, "now": move.at}
    overruled: set[int] = set()
    for reported in picture.chunks(REPORTED, BATCH_SIZE, **span):
        overruled |= {each.message_id for each in reported}
        yield map(_reported_status, reported)
    for messages in picture.chunks(PLANNED, BATCH_SIZE, **span, last_id=move.last_id):
        yield _planned_events(messages, move, overruled)
    for callbacks in picture.chunks(CALLBACKS_DUE, BATCH_SIZE, **span):
        yield map(_due_callback, callbacks)


def _planned_events(
    messages: list[_PlannedMessage], move: ClockMove, overruled: set[int]
) -> Iterator[tuple[Key, DueEvent]]:
    """Yield what came by itself: messages, and the statuses of those whose plans were not overruled."""
    since, now, last_id = move
    for n, direction, accepted_at, sent_at, settled_at, outcome in messages:
        if n > last_id and accepted_at <= now:
            event = "message" if direction == OUTBOUND else "inbound"
            yield (accepted_at, n, 0, 0), DueEvent(accepted_at, event, n)
        if n in overruled:
            continue
        floor = since if n <= last_id else -1
        if sent_at is not None and floor < sent_at <= now:
            yield (sent_at, n, 1, 0), DueEvent(sent_at, "status", n, SENT)
        if outcome not in (None, SENT) and settled_at is not None and floor < settled_at <= now:
            yield (settled_at, n, 2, 0), DueEvent(settled_at, "status", n, outcome)


def _reported_status(step: _ReportedStatus) -> tuple[Key, DueEvent]:
    """Return a status of a message whose plan was overruled: a plan does not tell all that it went through."""
    n, position, status, at = step
    return (at, n, 2, position), DueEvent(at, "status", n, status)


def _due_callback(callback: _DueCallback) -> tuple[Key, DueEvent]:
    """Return a callback that was due for the first time."""
    n, message_id, due_at, position = callback
    return (due_at, message_id, 3, position), DueEvent(due_at, "callback", message_id, None, n)
