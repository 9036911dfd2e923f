"""Messages: found by any of their ids or by filters, with their timeline; and what staff report of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, and_, bindparam, case, delete, func, or_, select, union_all, update

from sandbox.world import callbacks, models
from sandbox.world.carrier import COLUMNS, INBOUND, OUTBOUND, MessageRow, let_handset_reply
from sandbox.world.errors import ImpossibleMove, NotOutbound, TooEarly, UnknownMessage
from sandbox.world.happenings import STATUS
from sandbox.world.ids import MessageIds
from sandbox.world.statuses import (
    MOVES,
    QUEUED,
    RECEIVED,
    SENT,
    Entry,
    Plan,
    plan_of,
    planned_entries,
    reachable,
    status_at,
    steps_between,
)
from sandbox.world.store import Statement, inserting, table

if TYPE_CHECKING:
    from sandbox.world import WorkspaceView, World

MESSAGES = table(models.Message)
STEPS = table(models.Step)
BROADCASTS = table(models.Broadcast)

IN_WORKSPACE = MESSAGES.c.workspace_id == bindparam("workspace_id")
BY_ID = Statement(select(MESSAGES).where(IN_WORKSPACE, MESSAGES.c.id == bindparam("id")))
# Not an OR of the three: SQLite would take that for one search through the whole workspace.
BY_VENDOR_ID = Statement(
    union_all(
        *(select(MESSAGES).where(IN_WORKSPACE, MESSAGES.c[name] == bindparam("id")) for name in MessageIds._fields)
    ).limit(1)
)
STEPS_OF = Statement(
    select(STEPS.c.status, STEPS.c.at, STEPS.c.cause, STEPS.c.reason, STEPS.c.forced)
    .where(STEPS.c.workspace_id == bindparam("workspace_id"), STEPS.c.message_id == bindparam("message_id"))
    .order_by(STEPS.c.position)
)
DROP_STEPS = Statement(
    delete(STEPS).where(
        STEPS.c.workspace_id == bindparam("workspace_id"), STEPS.c.message_id == bindparam("message_id")
    )
)
INSERT_STEP = inserting(models.Step)
REPLAN = Statement(
    update(MESSAGES)
    .where(MESSAGES.c.workspace_id == bindparam("ws"), MESSAGES.c.id == bindparam("message"))
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in ("sent_at", "settled_at", "outcome", "plan_cause", "reason", "vendor_status")
        }
    )
)

HANDSET_REPLY = Statement(
    select(MESSAGES.c.id)
    .where(
        IN_WORKSPACE,
        MESSAGES.c.line == bindparam("line"),
        MESSAGES.c.phone == bindparam("phone"),
        MESSAGES.c.accepted_at >= bindparam("since"),
        MESSAGES.c.lead_id == bindparam("lead"),
        MESSAGES.c.direction == INBOUND,
        MESSAGES.c.cause == "handset",
    )
    .limit(1)
)

OUR_PREFIX = "msg_"


@dataclass(frozen=True, slots=True)
class Filters:
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


def our_id(n: int) -> str:
    """What the control API calls the workspace's n-th message."""
    return f"{OUR_PREFIX}{n:08d}"


def number_of(our: str) -> int | None:
    """The other way round; None when it is no such id."""
    digits = our.removeprefix(OUR_PREFIX)
    is_ours = digits != our and digits.isascii() and digits.isdigit() and len(digits) < 18
    return int(digits) if is_ours else None


def find(world: "World", workspace: "WorkspaceView", any_id: str) -> MessageRow:
    """By our id, a sid, an outgoingMessageId or a msg_id."""
    n = number_of(any_id)
    if n is not None:
        row = world.store.one(BY_ID, workspace_id=workspace.id, id=n)
    else:
        row = world.store.one(BY_VENDOR_ID, workspace_id=workspace.id, id=any_id)
    if row is None:
        raise UnknownMessage("No message of this workspace has that id: list them with GET messages.")
    return dict(zip(COLUMNS, row, strict=True))


def outbound(message: MessageRow) -> MessageRow:
    """The same, or a refusal when a phone sent it."""
    if message["direction"] == INBOUND:
        raise NotOutbound("A phone sent that message: only what was sent to a phone has a status, or gets a reply.")
    return message


def listed(world: "World", workspace: "WorkspaceView", filters: Filters, *, after: int, limit: int) -> list[MessageRow]:
    """Oldest first, in the order of their numbers; those numbered over `after`."""
    now = world.now(workspace)
    statement = Statement(
        select(MESSAGES)
        .where(MESSAGES.c.workspace_id == workspace.id, MESSAGES.c.id > after, *conditions(filters, now))
        .order_by(MESSAGES.c.id)
        .limit(limit)
    )
    return [dict(zip(COLUMNS, row, strict=True)) for row in world.store.all(statement)]


def conditions(filters: Filters, now: int) -> list[ColumnElement[bool]]:
    """The filters in SQL; `matching.Matcher` is the same in Python."""
    columns = MESSAGES.c
    is_outbound = columns.direction == OUTBOUND
    conditions: dict[str, Callable[[Any], ColumnElement[bool]]] = {
        "vendor": lambda vendor: columns.vendor == vendor,
        "direction": lambda direction: columns.direction == direction,
        "status": lambda status: _status(now) == status,
        "to": lambda to: or_(and_(is_outbound, columns.phone == to), and_(~is_outbound, columns.line == to)),
        "from_": lambda sender: columns.sender == sender,
        "console": lambda console: columns.console_id == console,
        "account": lambda account: columns.account_id == account,
        "text": lambda text: func.instr(*_cased(columns.text, text, any_case=filters.any_case)) > 0,
        "broadcast": lambda key: columns.broadcast_id.in_(
            select(BROADCASTS.c.id).where(BROADCASTS.c.workspace_id == columns.workspace_id, BROADCASTS.c.key == key)
        ),
        "since": lambda since: columns.accepted_at >= since,
        "until": lambda until: columns.accepted_at <= until,
    }
    given = {name: getattr(filters, name) for name in conditions}
    return [conditions[name](value) for name, value in given.items() if value is not None]


def _cased(column: ColumnElement[str], text: str, *, any_case: bool) -> tuple[ColumnElement[str], str]:
    return (func.casefold(column), text.casefold()) if any_case else (column, text)


def _status(now: int) -> ColumnElement[str]:
    """`statuses.status_at` in SQL."""
    columns = MESSAGES.c
    return case(
        (columns.direction == INBOUND, RECEIVED),
        (columns.settled_at <= now, columns.outcome),
        (columns.sent_at <= now, SENT),
        else_=QUEUED,
    )


def status_of(message: Mapping[str, Any], now: int) -> str:
    if message["direction"] == INBOUND:
        return RECEIVED
    return status_at(now, message["sent_at"], message["settled_at"], message["outcome"])


def entries_of(world: "World", message: MessageRow) -> list[Entry]:
    """The whole timeline, that of the plan's future too."""
    if message["direction"] == INBOUND:
        return [Entry(RECEIVED, message["accepted_at"], message["cause"])]
    rows = world.store.all(STEPS_OF, workspace_id=message["workspace_id"], message_id=message["id"])
    if rows:
        return [Entry(*row)._replace(forced=bool(row[4])) for row in rows]
    plan = Plan(message["sent_at"], message["settled_at"], message["outcome"], message["plan_cause"], message["reason"])
    return planned_entries(message["accepted_at"], message["cause"], plan)


def is_answered_by_handset(world: "World", message: MessageRow) -> bool:
    """Whether a handset's own reply to it has come already."""
    row = world.store.one(
        HANDSET_REPLY,
        workspace_id=message["workspace_id"],
        line=message["line"],
        phone=message["phone"],
        since=message["accepted_at"],
        lead=message["id"],
    )
    return row is not None


def report_status(
    world: "World",
    workspace: "WorkspaceView",
    message: MessageRow,
    status: str,
    *,
    at: int,
    now: int,
    reason: str | None = None,
    vendor_status: str | None = None,
    force: bool = False,
) -> None:
    """What staff or a test say became of a message; it replaces what is left of the plan. Belongs in a transaction.

    A later status takes the moves between at the same instant. A move that the world does not know is refused unless
    forced. `vendor_status`: the word that Writeback shows for it.
    """
    entries = [entry for entry in entries_of(world, outbound(message)) if entry.at <= now]
    last = entries[-1]
    possible = reachable(last.status)
    if at < last.at:
        raise TooEarly("The status is dated before the message's last step: give a later 'at', or none.")
    if status in possible:
        steps, forced = steps_between(last.status, status), False
    elif force:
        steps, forced = (status,), True
    else:
        raise ImpossibleMove(_why_impossible(last.status, status), possible)
    *between, _ = steps
    entries += [Entry(step, at, "injected") for step in between]
    entries.append(Entry(status, at, "injected", reason, forced))
    plan = _rewrite(world, message, entries, vendor_status)
    world.touch(workspace.id, STATUS, message["id"], len(entries) - len(steps))
    if message["status_callback"] is not None:
        # A fact of the past is not called back (control-api.md), nor what it overrules.
        told = entries[-len(steps) :] if at >= now else []
        callbacks.replan(world, workspace, message["id"], told, now=now)
    let_handset_reply(world, workspace, message | {"outcome": plan.outcome, "settled_at": plan.settled_at})


def _why_impossible(status: str, target: str) -> str:
    if not MOVES[status]:
        return f"The message is {status}, which is final: give 'force' to make it {target} all the same."
    return f"A message that is {status} cannot become {target}: give 'force' to do it all the same."


def _rewrite(world: "World", message: MessageRow, entries: list[Entry], vendor_status: str | None) -> Plan:
    """Makes these entries the message's timeline, and the last of them its plan, which it returns."""
    key = {"workspace_id": message["workspace_id"], "message_id": message["id"]}
    world.store.run(DROP_STEPS, **key)
    for position, entry in enumerate(entries):
        world.store.add(INSERT_STEP, {**key, "position": position, **entry._asdict()})
    plan = plan_of(entries)
    world.store.run(
        REPLAN,
        ws=message["workspace_id"],
        message=message["id"],
        new_sent_at=plan.sent_at,
        new_settled_at=plan.settled_at,
        new_outcome=plan.outcome,
        new_plan_cause=plan.cause,
        new_reason=plan.reason,
        new_vendor_status=vendor_status,
    )
    return plan
