"""What people and phones do to the world, now, in the past or in the future.

An act is a name and arguments that JSON can hold. Done now or dated in the past it happens at once; dated in the future
it is written down, and done by whoever comes past after its time, stamped with that time.
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import bindparam, delete, func, select

from sandbox.world import carrier, messages, models, people, workspaces
from sandbox.world.errors import WorldError
from sandbox.world.store import Statement, inserting, table

if TYPE_CHECKING:
    from sandbox.world import WorkspaceView, World

SCHEDULED = table(models.Scheduled)
INSERT = inserting(models.Scheduled)
IN_WORKSPACE = SCHEDULED.c.workspace_id == bindparam("workspace_id")
DUE = Statement(
    select(SCHEDULED.c.id, SCHEDULED.c.due_at, SCHEDULED.c.action, SCHEDULED.c.payload)
    .where(IN_WORKSPACE, SCHEDULED.c.due_at <= bindparam("now"))
    .order_by(SCHEDULED.c.due_at, SCHEDULED.c.id)
    .limit(1)
)
DONE = Statement(delete(SCHEDULED).where(IN_WORKSPACE, SCHEDULED.c.id == bindparam("id")))
NEXT_DUE = Statement(select(func.min(SCHEDULED.c.due_at)).where(IN_WORKSPACE))


def send(
    world: "World", workspace: "WorkspaceView", at: int, *, line: str, to: str, text: str, **columns: Any
) -> carrier.MessageRow:
    """Staff send one message from a line. `columns`: `purpose`, `sent_by`."""
    owner = workspaces.line_of(world, workspace.id, line)
    vendor = carrier.WRITEBACK if owner.console_id is not None else carrier.DIALOGTECH
    return carrier.accept(world, workspace, owner, to=to, text=text, at=at, vendor=vendor, cause="staff", **columns)


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
    messages.report_status(world, row, at=at, now=at if now is None else now, **given)


ACTS: dict[str, Callable[..., Any]] = {act.__name__: act for act in (send, broadcast, reply, text_in, report)}


class Ahead(NamedTuple):
    """An act that was written down for a time to come."""

    at: int


def perform(world: "World", workspace: "WorkspaceView", act: str, at: int | None, arguments: dict[str, Any]) -> Any:
    """Does it, now if `at` is null: what the act returns; or writes it down: `Ahead`. Belongs in a transaction."""
    now = world.now(workspace)
    if at is not None and at > now:
        schedule(world, workspace, at, act, arguments)
        return Ahead(at)
    since = {"now": now} if ACTS[act] is report else {}
    return ACTS[act](world, workspace, now if at is None else at, **arguments, **since)


def schedule(world: "World", workspace: "WorkspaceView", at: int, act: str, arguments: dict[str, Any]) -> None:
    """Writes an act of the future down. Belongs in a transaction."""
    world.store.add(
        INSERT,
        {
            "workspace_id": workspace.id,
            "id": world.take(workspace.id, "scheduled"),
            "due_at": at,
            "action": act,
            "payload": json.dumps(arguments),
        },
    )
    _note_next_due(world, workspace)


def catch_up(world: "World", workspace: "WorkspaceView") -> None:
    """Does what is due by now, in order."""
    now = world.now(workspace)
    with world.store.writing():
        while row := world.store.one(DUE, workspace_id=workspace.id, now=now):
            n, due_at, act, payload = row
            world.store.run(DONE, workspace_id=workspace.id, id=n)
            _do(world, workspace, act, due_at, json.loads(payload))
        _note_next_due(world, workspace)


def _do(world: "World", workspace: "WorkspaceView", act: str, at: int, arguments: dict[str, Any]) -> None:
    """An act that the world no longer allows (its message moved on, its line is gone) does not happen."""
    try:
        ACTS[act](world, workspace, at, **arguments)
    except WorldError:
        return


def _note_next_due(world: "World", workspace: "WorkspaceView") -> None:
    row = world.store.one(NEXT_DUE, workspace_id=workspace.id)
    workspaces.change_workspace(world, workspace.id, {"next_due_at": row[0] if row else None})
