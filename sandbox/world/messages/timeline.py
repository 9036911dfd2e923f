"""Which statuses did and will a message take, and what happens when staff or a test say so?"""

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, select

from sandbox.store import Query, Tx
from sandbox.store.tables import MESSAGES, STEPS, MessageRow, StepRow
from sandbox.world.callbacks.queue import replan
from sandbox.world.errors import ImpossibleMove, TooEarly
from sandbox.world.messages.accept import INBOUND, let_handset_reply
from sandbox.world.messages.search import outbound
from sandbox.world.statuses import (
    MOVES,
    RECEIVED,
    Entry,
    Plan,
    entries_by,
    plan_of,
    planned_entries,
    reachable,
    status_at,
    steps_between,
)

INJECTED = "injected"
"""The cause of a status that staff or a test reported."""
STEPS_OF = Query(
    StepRow,
    select(STEPS)
    .where(STEPS.c.workspace_id == bindparam("ws"), STEPS.c.message_id.in_(bindparam("messages", expanding=True)))
    .order_by(STEPS.c.message_id, STEPS.c.position),
)
DROP_STEPS = delete(STEPS).where(STEPS.c.workspace_id == bindparam("ws"), STEPS.c.message_id == bindparam("message"))
ANSWERED_BY_HANDSET = Query(
    int,
    select(MESSAGES.c.id)
    .where(
        MESSAGES.c.workspace_id == bindparam("ws"),
        MESSAGES.c.line == bindparam("line"),
        MESSAGES.c.phone == bindparam("phone"),
        MESSAGES.c.accepted_at >= bindparam("since"),
        MESSAGES.c.lead_id == bindparam("lead"),
        MESSAGES.c.direction == INBOUND,
        MESSAGES.c.cause == "handset",
    )
    .limit(1),
)


def status_of(message: MessageRow, now: int) -> str:
    """Return the status that a message has at a time."""
    if message.direction == INBOUND:
        return RECEIVED
    return status_at(now, message.sent_at, message.settled_at, message.outcome)


def entries_of(tx: Tx, messages: Sequence[MessageRow]) -> dict[int, list[Entry]]:
    """Return the whole timelines, those of the plans' future too, by the messages' numbers; in one statement."""
    steps: dict[int, list[Entry]] = {}
    for step in tx.all(STEPS_OF, messages=[message.id for message in messages]):
        entry = Entry(step.status, step.at, step.cause, step.reason, step.forced)
        steps.setdefault(step.message_id, []).append(entry)
    return {message.id: steps.get(message.id) or _planned(message) for message in messages}


def _planned(message: MessageRow) -> list[Entry]:
    if message.direction == INBOUND:
        return [Entry(RECEIVED, message.accepted_at, message.cause)]
    plan = Plan(message.sent_at, message.settled_at, message.outcome, message.plan_cause, message.reason)
    return planned_entries(message.accepted_at, message.cause, plan)


def is_answered_by_handset(tx: Tx, message: MessageRow) -> bool:
    """Return whether a handset's own reply to it has come already."""
    return tx.exists(
        ANSWERED_BY_HANDSET,
        line=message.line,
        phone=message.phone,
        since=message.accepted_at,
        lead=message.id,
    )


def report_status(
    tx: Tx,
    message: MessageRow,
    status: str,
    *,
    at: int,
    now: int | None = None,
    reason: str | None = None,
    vendor_status: str | None = None,
    force: bool = False,
    cause: str = INJECTED,
) -> None:
    """Give a message the status that staff or a test report; it replaces what is left of the plan.

    A later status takes the moves between at the same instant. A move that the world does not know is refused unless
    forced. `now`: what counts as now, if not what the clock reads. `vendor_status`: the word that its vendor shows.
    """
    now = tx.now if now is None else now
    planned = entries_of(tx, [outbound(message)])[message.id]
    entries = planned[: entries_by(planned, now)]
    steps = _steps(entries[-1], Entry(status, at, cause, reason), force=force)
    _rewrite(tx, message, [*entries, *steps], vendor_status)
    tx.notify("status", message_id=message.id, step=len(entries))
    if message.status_callback is not None:
        # A fact of the past is not called back (control-api.md), nor what it overrules.
        replan(tx, message.id, steps if at >= now else [], now=now)
    let_handset_reply(tx, message)


def _steps(last: Entry, new: Entry, *, force: bool) -> list[Entry]:
    """Return the entries that lead from the last one to the new one."""
    status = new.status
    possible = reachable(last.status)
    if new.at < last.at:
        raise TooEarly("The status is dated before the message's last step: give a later 'at', or none.")
    if status not in possible:
        if not force:
            raise ImpossibleMove(_why_impossible(last.status, status), possible)
        return [new._replace(forced=True)]
    *between, _ = steps_between(last.status, status)
    return [*(Entry(step, new.at, new.cause) for step in between), new]


def _why_impossible(status: str, target: str) -> str:
    if not MOVES[status]:
        return f"The message is {status}, which is final: give 'force' to make it {target} all the same."
    return f"A message that is {status} cannot become {target}: give 'force' to do it all the same."


def _rewrite(tx: Tx, message: MessageRow, entries: list[Entry], vendor_status: str | None) -> None:
    """Make these entries the message's timeline, and the last of them its plan."""
    tx.execute(DROP_STEPS, message=message.id)
    tx.add_all(
        [
            StepRow(workspace_id=tx.ws, message_id=message.id, position=position, **entry._asdict())
            for position, entry in enumerate(entries)
        ]
    )
    plan = plan_of(entries)
    tx.update(
        message,
        sent_at=plan.sent_at,
        settled_at=plan.settled_at,
        outcome=plan.outcome,
        plan_cause=plan.cause,
        reason=plan.reason,
        vendor_status=vendor_status,
        reads_to_sent=None,
        reads_to_settled=None,
    )
