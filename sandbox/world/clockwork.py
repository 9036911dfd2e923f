"""A workspace's clock, turned, and what came due thereby."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import bindparam, or_, select, union_all

from sandbox.world import acts, models, workspaces
from sandbox.world.carrier import OUTBOUND
from sandbox.world.clock import LATEST
from sandbox.world.errors import ClockGoesBack
from sandbox.world.happenings import CALLBACK, CLOCK, INBOUND, MESSAGE, STATUS
from sandbox.world.statuses import SENT
from sandbox.world.store import Statement, table

if TYPE_CHECKING:
    from sandbox.world import WorkspaceView, World

MESSAGES = table(models.Message)
CALLBACKS = table(models.Callback)
STEPS = table(models.Step)
COLUMNS = (
    MESSAGES.c.id,
    MESSAGES.c.direction,
    MESSAGES.c.accepted_at,
    MESSAGES.c.sent_at,
    MESSAGES.c.settled_at,
    MESSAGES.c.outcome,
)
LAST_ID = Statement(
    select(MESSAGES.c.id)
    .where(MESSAGES.c.workspace_id == bindparam("workspace_id"))
    .order_by(MESSAGES.c.id.desc())
    .limit(1)
)
# Those that were there and move on meanwhile, by an index of their own, and those that came meanwhile.
MOVED = Statement(
    union_all(
        select(*COLUMNS).where(
            MESSAGES.c.workspace_id == bindparam("workspace_id"),
            MESSAGES.c.settled_at > MESSAGES.c.accepted_at,
            MESSAGES.c.settled_at > bindparam("since"),
            MESSAGES.c.id <= bindparam("last_id"),
            or_(MESSAGES.c.settled_at <= bindparam("now"), MESSAGES.c.sent_at <= bindparam("now")),
        ),
        select(*COLUMNS).where(
            MESSAGES.c.workspace_id == bindparam("workspace_id"), MESSAGES.c.id > bindparam("last_id")
        ),
    )
)
TOLD = Statement(
    select(STEPS.c.message_id, STEPS.c.position, STEPS.c.status, STEPS.c.at).where(
        STEPS.c.workspace_id == bindparam("workspace_id"),
        STEPS.c.at > bindparam("since"),
        STEPS.c.at <= bindparam("now"),
    )
)
CALLED = Statement(
    select(CALLBACKS.c.id, CALLBACKS.c.message_id, CALLBACKS.c.due_at, CALLBACKS.c.position).where(
        CALLBACKS.c.workspace_id == bindparam("workspace_id"),
        CALLBACKS.c.due_at > bindparam("since"),
        CALLBACKS.c.due_at <= bindparam("now"),
    )
)


Key = tuple[int, int, int, int]
"""What came due is told by time, then by message, then in the order in which it goes for each."""


class Fired(NamedTuple):
    """Something that came due: of which message, and which status it took or which callback fell due."""

    at: int
    event: str
    message: int
    status: str | None = None
    callback: int | None = None


def turn(
    world: "World",
    workspace: "WorkspaceView",
    *,
    to: int | None = None,
    by: int = 0,
    frozen: bool | None = None,
    speed: float | None = None,
) -> list[Fired]:
    """Sets the clock on `to` a time or `by` so many ms, stops it or lets it run, and how fast; what is null stays.

    What came due, in order. All or nothing: nobody sees the clock at its new time and something due not done.
    """
    wall = world.wall()
    now = workspace.now(wall)
    at = min(now + by, LATEST) if to is None else to
    if at < now:
        raise ClockGoesBack("The clock goes forward only: give a time that is not before its own.")
    is_frozen = workspace.clock_frozen if frozen is None else frozen
    row = world.store.one(LAST_ID, workspace_id=workspace.id)
    with world.store.writing():
        reading: dict[str, float] = {"clock_frozen": is_frozen, "clock_at": at, "clock_wall": wall}
        reading["clock_speed"] = workspace.clock_speed if speed is None else speed
        workspaces.change_workspace(world, workspace.id, reading)
        turned = workspaces.view_of(world, workspace.id)
        if turned.next_due_at is not None and turned.next_due_at <= at:
            acts.catch_up(world, turned, at)
    world.touch(workspace.id, CLOCK)
    told = _told(world, turned.id, now, at)
    planned = _moved(world, turned.id, now, at, int(row[0]) if row else 0, {fired.message for _, fired in told})
    return [fired for _, fired in sorted([*told, *planned, *_called(world, turned.id, now, at)])]


def _moved(
    world: "World", workspace_id: int, since: int, now: int, last_id: int, told: set[int]
) -> Iterator[tuple[Key, Fired]]:
    """What came by itself: messages, and the statuses of those that were not `told` them, by their plans."""
    for n, direction, accepted_at, sent_at, settled_at, outcome in world.store.all(
        MOVED, workspace_id=workspace_id, since=since, now=now, last_id=last_id
    ):
        if n > last_id:
            event = MESSAGE if direction == OUTBOUND else INBOUND
            yield (accepted_at, n, 0, 0), Fired(accepted_at, event, n)
        if n in told:
            continue
        floor = since if n <= last_id else -1
        if sent_at is not None and floor < sent_at <= now:
            yield (sent_at, n, 1, 0), Fired(sent_at, STATUS, n, SENT)
        if outcome not in (None, SENT) and settled_at is not None and floor < settled_at <= now:
            yield (settled_at, n, 2, 0), Fired(settled_at, STATUS, n, outcome)


def _told(world: "World", workspace_id: int, since: int, now: int) -> list[tuple[Key, Fired]]:
    """The statuses of messages whose plans were overruled: a plan does not tell all that such a one went through."""
    rows = world.store.all(TOLD, workspace_id=workspace_id, since=since, now=now)
    return [((at, n, 2, position), Fired(at, STATUS, n, status)) for n, position, status, at in rows if position]


def _called(world: "World", workspace_id: int, since: int, now: int) -> Iterator[tuple[Key, Fired]]:
    """Callbacks that were due for the first time."""
    for n, message, due_at, position in world.store.all(CALLED, workspace_id=workspace_id, since=since, now=now):
        yield (due_at, message, 3, position), Fired(due_at, CALLBACK, message, None, n)
