"""What has a plan brought about since, and what does it have next?

A step is what comes by the clock alone: an entry of a message's timeline, or a callback that is lost when it falls due.
"""

from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, bindparam, exists, func, or_, select, union, union_all

from sandbox.clock import NEVER
from sandbox.store import Query, Tx
from sandbox.store.tables import ATTEMPTS, CALLBACKS, MESSAGES, STEPS
from sandbox.world.callbacks.states import GIVEN_UP
from sandbox.world.events.cursors import Bound


class DueStep(NamedTuple):
    """That a plan has something for a message at a time."""

    at: int
    message_id: int


# Of those whose plan lay ahead when they were accepted, and in the words of their index.
_is_planned = (MESSAGES.c.workspace_id == bindparam("ws"), MESSAGES.c.settled_at > MESSAGES.c.accepted_at)
_is_stated = (STEPS.c.workspace_id == bindparam("ws"), STEPS.c.position > 0)
_was_tried = exists().where(
    ATTEMPTS.c.workspace_id == CALLBACKS.c.workspace_id, ATTEMPTS.c.callback_id == CALLBACKS.c.id
)
# Given up without an attempt: nobody tells of it when it falls due.
IS_LOST = (CALLBACKS.c.workspace_id == bindparam("ws"), CALLBACKS.c.state == GIVEN_UP, ~_was_tried)


def _steps(
    at: ColumnElement[int], message_id: ColumnElement[int], *where: ColumnElement[bool]
) -> Select[tuple[int, int]]:
    """Return the first ones of one kind; each kind has an index of its own."""
    found = (
        select(at.label("at"), message_id.label("message_id"))
        .distinct()
        .where(
            *where,
            at >= bindparam("since"),
            at <= bindparam("until"),
            or_(at > bindparam("since"), message_id > bindparam("tie")),
        )
        .order_by(at, message_id)
        .limit(bindparam("limit"))
        .subquery()
    )
    return select(found.c["at"], found.c.message_id)


_every_step = union(
    _steps(MESSAGES.c.sent_at, MESSAGES.c.id, *_is_planned),
    _steps(MESSAGES.c.settled_at, MESSAGES.c.id, *_is_planned),
    _steps(STEPS.c["at"], STEPS.c.message_id, *_is_stated),
    _steps(CALLBACKS.c.due_at, CALLBACKS.c.message_id, *IS_LOST),
).subquery()
STEPS_DUE = Query(
    DueStep,
    select(_every_step.c["at"], _every_step.c.message_id)
    .order_by(_every_step.c["at"], _every_step.c.message_id)
    .limit(bindparam("limit")),
)
_next_times = union_all(
    *(
        select(func.min(at).label("at")).where(*where, at > bindparam("now"))
        for at, where in (
            (MESSAGES.c.sent_at, _is_planned),
            (MESSAGES.c.settled_at, _is_planned),
            (CALLBACKS.c.due_at, IS_LOST),
        )
    )
).subquery()
NEXT_STEP = Query(int, select(func.min(_next_times.c["at"])))


def next_step(tx: Tx) -> int | None:
    """Return when a plan has something next, on the workspace's clock."""
    return tx.one(NEXT_STEP, now=tx.now)


def steps_due(tx: Tx, start: Bound, until: int, limit: int) -> list[DueStep]:
    """Return the first ones behind that bound, up to that time."""
    return tx.all(STEPS_DUE, since=start.clock, tie=start.tie or NEVER, until=until, limit=limit)
