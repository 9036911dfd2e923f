"""What people and phones do to the world, now, in the past or in the future.

An act is a name and arguments that JSON can hold. Done now or dated in the past it happens at once; dated in the future
it is written down, and done by whoever comes past after its time, stamped with that time.
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import bindparam, delete, select

from sandbox.world import carrier, consent, delivery, messages, models, people, plays, workspaces
from sandbox.world.errors import UnknownMessage, WorldError
from sandbox.world.schedule import note_next_due, schedule
from sandbox.world.statuses import DELIVERED
from sandbox.world.store import Statement, table

if TYPE_CHECKING:
    from sandbox.world import LineView, WorkspaceView, World

SCHEDULED = table(models.Scheduled)
IN_WORKSPACE = SCHEDULED.c.workspace_id == bindparam("workspace_id")
DUE = Statement(
    select(SCHEDULED.c.id, SCHEDULED.c.due_at, SCHEDULED.c.action, SCHEDULED.c.payload)
    .where(IN_WORKSPACE, SCHEDULED.c.due_at <= bindparam("now"))
    .order_by(SCHEDULED.c.due_at, SCHEDULED.c.id)
    .limit(1)
)
DONE = Statement(delete(SCHEDULED).where(IN_WORKSPACE, SCHEDULED.c.id == bindparam("id")))


def send(
    world: "World", workspace: "WorkspaceView", at: int, *, line: str, to: str, text: str, **columns: Any
) -> carrier.MessageRow:
    """Staff send one message from a line. `columns`: `purpose`, `sent_by`."""
    owner = workspaces.line_of(world, workspace.id, line)
    vendor = carrier.WRITEBACK if owner.console_id is not None else carrier.DIALOGTECH
    return carrier.accept(world, workspace, owner, to=to, text=text, at=at, vendor=vendor, cause="staff", **columns)


def submit(world: "World", workspace: "WorkspaceView", at: int, *, line: str, to: str, text: str) -> carrier.MessageRow:
    """A program sends one message by SimplePay."""
    owner = workspaces.line_of(world, workspace.id, line)
    return carrier.accept(
        world,
        workspace,
        owner,
        to=to,
        text=text,
        at=at,
        vendor=carrier.SIMPLEPAY,
        cause=carrier.SUBMITTED,
        opts_in=True,
    )


def broadcast(
    world: "World",
    workspace: "WorkspaceView",
    at: int,
    *,
    line: str,
    phones: list[str] | None = None,
    **given: Any,
) -> tuple[str, list[carrier.MessageRow]]:
    """Staff send one text to many, to everyone if no `phones` are given; the rest as `carrier.broadcast` takes it."""
    owner = workspaces.line_of(world, workspace.id, line)
    if phones is None:
        phones = people.all_phones(world, workspace)
    return carrier.broadcast(world, workspace, owner, at=at, phones=phones, **given)


def reply(
    world: "World", workspace: "WorkspaceView", at: int, *, message: int, text: str
) -> tuple[carrier.MessageRow, carrier.MessageRow | None]:
    """A phone answers the workspace's message of that number."""
    answered = messages.outbound(messages.find(world, workspace, messages.our_id(message)))
    line = workspaces.line_of(world, workspace.id, answered["line"])
    return carrier.receive(
        world, workspace, line, phone=answered["phone"], text=text, at=at, cause="reply", answering=answered
    )


def text_in(
    world: "World", workspace: "WorkspaceView", at: int, *, phone: str, line: str, text: str
) -> tuple[carrier.MessageRow, carrier.MessageRow | None]:
    """A phone texts a line out of the blue."""
    owner = workspaces.line_of(world, workspace.id, line)
    return carrier.receive(world, workspace, owner, phone=phone, text=text, at=at, cause="inbound")


def report(
    world: "World", workspace: "WorkspaceView", at: int, *, message: int, now: int | None = None, **given: Any
) -> None:
    """Staff or a test say what became of a message; arguments as `messages.report_status` takes them.

    `now`: given when `at` lies before it; an act that was scheduled is done as if on time.
    """
    row = messages.find(world, workspace, messages.our_id(message))
    messages.report_status(world, workspace, row, at=at, now=at if now is None else now, **given)


def report_latest(world: "World", workspace: "WorkspaceView", at: int, *, line: str, phone: str, **given: Any) -> None:
    """What became of the last message that a line sent to a phone by itself."""
    message = carrier.last_uncaused(world, workspace, line, phone, at)
    if message is None:
        raise UnknownMessage("That line has sent nothing to that phone yet.")
    report(world, workspace, at, message=message, **given)


def opt_by_staff(
    world: "World", workspace: "WorkspaceView", at: int, *, line: "LineView", phone: str, opted_in: bool
) -> carrier.MessageRow | None:
    """Staff opt a phone in, and a message tells it, or out (rule WB-type); nothing if they have done so already.

    Nor is who is out opted out again: a handset's own STOP would then weigh no more than what staff did.
    """
    state = consent.state_of(world, workspace.id, line.number, phone, at)
    if state is not None and (state == (True, consent.STAFF) if opted_in else not state.opted_in):
        return None
    consent.record(world, workspace.id, line.number, phone, opted_in=opted_in, cause=consent.STAFF, at=at)
    if not opted_in:
        return None
    text = carrier.STAFF_OPT_IN_TEXT.format(organisation=line.name)
    return send(world, workspace, at, line=line.number, to=phone, text=text, purpose=carrier.STAFF_OPT_IN)


def handset(world: "World", workspace: "WorkspaceView", at: int, *, message: int, text: str) -> None:
    """A handset with a reply of its own answers what was delivered to it, once (rule NET-handsets)."""
    answered = messages.find(world, workspace, messages.our_id(message))
    is_still_so = answered["outcome"] == DELIVERED and answered["settled_at"] == at - delivery.REPLY_AFTER
    if is_still_so and not messages.is_answered_by_handset(world, answered):
        line = workspaces.line_of(world, workspace.id, answered["line"])
        carrier.receive(
            world, workspace, line, phone=answered["phone"], text=text, at=at, cause="handset", answering=answered
        )


def end_story(world: "World", workspace: "WorkspaceView", at: int) -> None:  # noqa: ARG001
    """The story that the workspace is in is over."""
    plays.end(world, workspace, stays_frozen=True)


ACTS: dict[str, Callable[..., Any]] = {
    act.__name__: act for act in (send, submit, broadcast, reply, text_in, report, report_latest, handset, end_story)
}


class Ahead(NamedTuple):
    """An act that was written down for a time to come."""

    at: int


def perform(world: "World", workspace: "WorkspaceView", act: str, at: int | None, arguments: dict[str, Any]) -> Any:
    """Does it, now if `at` is null: what the act returns; or writes it down: `Ahead`. Belongs in a transaction."""
    now = world.now(workspace)
    if at is not None and at > now:
        schedule(world, workspace.id, at, act, arguments)
        return Ahead(at)
    since = {"now": now} if ACTS[act] is report else {}
    return ACTS[act](world, workspace, now if at is None else at, **arguments, **since)


def catch_up(world: "World", workspace: "WorkspaceView", now: int | None = None) -> None:
    """Does what is due by now, or what the caller takes for it, in order."""
    if now is None:
        now = world.now(workspace)
    with world.store.writing():
        # One by one: each may have something scheduled that comes before the rest.
        while row := world.store.one(DUE, workspace_id=workspace.id, now=now):
            n, due_at, act, payload = row
            world.store.run(DONE, workspace_id=workspace.id, id=n)
            _do(world, workspace, act, due_at, json.loads(payload))
        note_next_due(world, workspace.id)


def _do(world: "World", workspace: "WorkspaceView", act: str, at: int, arguments: dict[str, Any]) -> None:
    """An act that the world no longer allows (its message moved on, its line is gone) does not happen."""
    try:
        ACTS[act](world, workspace, at, **arguments)
    except WorldError:
        return
