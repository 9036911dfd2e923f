"""The outbox of callbacks: which changes of status a client is told, when, and how far that has got.

Rule SP-statuscallback. A message's callbacks are written down with its plan, each when it is due first; they are sent
one after the other, and what was sent is written down before the next. So a process may be ended at any moment: what
it was sending is sent again.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import ColumnElement, and_, bindparam, delete, func, literal_column, or_, select, update

from sandbox.world import models
from sandbox.world.callbacks.profile import Profile, misbehaving, profile_of
from sandbox.world.callbacks.states import (
    DELIVERED,
    GIVEN_UP,
    PENDING,
    SENDING,
    WAITING,
    CallbackRow,
)
from sandbox.world.clock import SECOND
from sandbox.world.errors import UnknownCallback
from sandbox.world.happenings import CALLBACK
from sandbox.world.statuses import Entry
from sandbox.world.store import Statement, inserting, table

if TYPE_CHECKING:
    from sandbox.world import WorkspaceView, World

BACKOFF = tuple(seconds * SECOND for seconds in (1, 4, 16, 64))
"""From the due time of an attempt that failed to the next."""
OUR_PREFIX = "cb_"

CALLBACKS = table(models.Callback)
ATTEMPTS = table(models.Attempt)
MESSAGES = table(models.Message)
COLUMNS = tuple(CALLBACKS.c.keys())
INSERT = inserting(models.Callback)
INSERT_ATTEMPT = inserting(models.Attempt)


def _is(*states: str) -> ColumnElement[bool]:
    """Written out, since SQLite uses a partial index only where it can read that it fits."""
    return or_(*(CALLBACKS.c.state == literal_column(f"'{state}'") for state in states))


IN_WORKSPACE = CALLBACKS.c.workspace_id == bindparam("workspace_id")
OF_MESSAGE = and_(IN_WORKSPACE, CALLBACKS.c.message_id == bindparam("message_id"))
BY_ID = Statement(select(CALLBACKS).where(IN_WORKSPACE, CALLBACKS.c.id == bindparam("id")))
_listed = (
    select(CALLBACKS, MESSAGES.c.status_callback)
    .join(MESSAGES, and_(MESSAGES.c.workspace_id == CALLBACKS.c.workspace_id, MESSAGES.c.id == CALLBACKS.c.message_id))
    .where(
        CALLBACKS.c.id > bindparam("after"),
        or_(CALLBACKS.c.status_at <= bindparam("now"), CALLBACKS.c.due_at <= bindparam("now")),
    )
    .order_by(CALLBACKS.c.id)
    .limit(bindparam("limit"))
)
LIST = Statement(_listed.where(IN_WORKSPACE))
LIST_OF_MESSAGE = Statement(_listed.where(OF_MESSAGE))
ATTEMPTS_OF = Statement(
    select(ATTEMPTS.c.at, ATTEMPTS.c.status, ATTEMPTS.c.error, ATTEMPTS.c.ms, ATTEMPTS.c.next_at)
    .where(ATTEMPTS.c.workspace_id == bindparam("workspace_id"), ATTEMPTS.c.callback_id == bindparam("callback_id"))
    .order_by(ATTEMPTS.c.n)
)
COUNT_ATTEMPTS = Statement(
    select(func.count()).where(
        ATTEMPTS.c.workspace_id == bindparam("workspace_id"), ATTEMPTS.c.callback_id == bindparam("callback_id")
    )
)
FIRST = Statement(select(CALLBACKS.c.id, CALLBACKS.c.due_at).where(OF_MESSAGE, CALLBACKS.c.position == 0))
LAST_POSITION = Statement(select(func.coalesce(func.max(CALLBACKS.c.position), -1)).where(OF_MESSAGE))
UNDER_WAY = Statement(select(CALLBACKS.c.id).where(OF_MESSAGE, _is(WAITING, PENDING, SENDING)).limit(1))
DROP_AHEAD = Statement(
    delete(CALLBACKS).where(OF_MESSAGE, CALLBACKS.c.status_at > bindparam("now"), _is(WAITING, PENDING, GIVEN_UP))
)
FIRST_WAITING = Statement(
    select(CALLBACKS.c.id, CALLBACKS.c.due_at)
    .where(OF_MESSAGE, CALLBACKS.c.state == WAITING)
    .order_by(CALLBACKS.c.position)
    .limit(1)
)
IN_HAND = Statement(select(CALLBACKS.c.id).where(OF_MESSAGE, _is(PENDING, SENDING)).limit(1))
IS_PENDING = _is(PENDING)
DUE = Statement(
    select(CALLBACKS.c.id, MESSAGES.c.status_callback)
    .join(MESSAGES, and_(MESSAGES.c.workspace_id == CALLBACKS.c.workspace_id, MESSAGES.c.id == CALLBACKS.c.message_id))
    .where(IN_WORKSPACE, IS_PENDING, CALLBACKS.c.next_at <= bindparam("now"))
    .order_by(CALLBACKS.c.next_at, CALLBACKS.c.id)
    .limit(bindparam("limit"))
)
NEXT = Statement(select(func.min(CALLBACKS.c.next_at)).where(IN_WORKSPACE, IS_PENDING))
CHANGE = Statement(
    update(CALLBACKS)
    .where(CALLBACKS.c.workspace_id == bindparam("ws"), CALLBACKS.c.id == bindparam("callback"))
    .values({name: bindparam(f"new_{name}") for name in ("state", "next_at", "tries", "copies", "why")})
)
CLAIM = Statement(
    update(CALLBACKS)
    .where(CALLBACKS.c.workspace_id == bindparam("ws"), CALLBACKS.c.id == bindparam("callback"))
    .values(state=SENDING)
)
LOST = Statement(
    select(CALLBACKS.c.id).where(
        IN_WORKSPACE,
        CALLBACKS.c.due_at > bindparam("since"),
        CALLBACKS.c.due_at <= bindparam("now"),
        CALLBACKS.c.state == GIVEN_UP,
    )
)
TAKE_UP_AGAIN = Statement(update(CALLBACKS).where(_is(SENDING)).values(state=PENDING))
TAKE_UP_COPIED = Statement(update(CALLBACKS).where(IN_WORKSPACE, _is(SENDING)).values(state=PENDING))


class Outcome(NamedTuple):
    """What came of an attempt: an HTTP status or an error; `is_final` when to try again would be in vain."""

    status: int | None
    error: str | None
    ms: int
    is_final: bool = False


def our_id(n: int) -> str:
    """What the control API calls the workspace's n-th callback."""
    return f"{OUR_PREFIX}{n:08d}"


def number_of(our: str) -> int | None:
    """The other way round; None when it is no such id."""
    digits = our.removeprefix(OUR_PREFIX)
    return int(digits) if digits != our and digits.isascii() and digits.isdigit() and len(digits) < 18 else None


def expect(
    world: "World", workspace: "WorkspaceView", message_id: int, entries: Sequence[Entry], *, accepted_at: int | None
) -> None:
    """Writes down a callback for each of these statuses. Belongs in a transaction.

    `accepted_at`: given when the message is being accepted, so that a callback can come before the answer.
    """
    profile = profile_of(workspace.callback_profile)
    key = {"workspace_id": workspace.id, "message_id": message_id}
    position = 0
    is_free = True
    if accepted_at is None:
        last = world.store.one(LAST_POSITION, **key)
        position = last[0] + 1 if last else 0
        is_free = world.store.one(UNDER_WAY, **key) is None
    rows = [_row(world, workspace.id, message_id, entry) for entry in entries]
    if profile != Profile(seed=profile.seed):
        rows = misbehaving(world, workspace.id, profile, rows, accepted_at)
    for row in rows:
        row["position"] = position
        position += 1
        if is_free and row["state"] == WAITING:
            row["state"], row["next_at"] = PENDING, row["due_at"]
            world.stir(workspace.id, row["due_at"])
            is_free = False
        world.store.add(INSERT, row)
        if row["state"] == GIVEN_UP:
            world.touch(workspace.id, CALLBACK, row["id"])


def _row(world: "World", workspace_id: int, message_id: int, entry: Entry) -> CallbackRow:
    return {
        "workspace_id": workspace_id,
        "id": world.take(workspace_id, "callback"),
        "message_id": message_id,
        "status": entry.status,
        "reason": entry.reason,
        "status_at": entry.at,
        "due_at": entry.at,
        "state": WAITING,
        "next_at": None,
        "tries": 0,
        "copies": 1,
        "why": None,
    }


def before_answer(world: "World", workspace: "WorkspaceView", message_id: int, accepted_at: int) -> int | None:
    """The callback of a message that goes out before the call that made it is answered, if one does."""
    if workspace.callback_profile is None or not profile_of(workspace.callback_profile).before_response:
        return None
    first = world.store.one(FIRST, workspace_id=workspace.id, message_id=message_id)
    return int(first[0]) if first and first[1] <= accepted_at else None


def is_untried(world: "World", workspace_id: int, n: int) -> bool:
    """Whether it is still to be sent, and was not yet."""
    row = _row_by_id(world, workspace_id, n)
    if row is None or row["state"] not in (PENDING, SENDING):
        return False
    return _count_attempts(world, workspace_id, n) == 0


def replan(world: "World", workspace: "WorkspaceView", message_id: int, entries: Sequence[Entry], *, now: int) -> None:
    """What was still to come will not, and these statuses came instead. Belongs in a transaction."""
    world.store.run(DROP_AHEAD, workspace_id=workspace.id, message_id=message_id, now=now)
    _let_next(world, workspace.id, message_id, now)
    if entries:
        expect(world, workspace, message_id, entries, accepted_at=None)


def next_due(world: "World", workspace_id: int) -> int | None:
    """When the next attempt is due, in ms on the workspace's clock."""
    row = world.store.one(NEXT, workspace_id=workspace_id)
    return None if row is None else row[0]


def claim(world: "World", workspace_id: int, now: int, limit: int) -> list[tuple[int, str]]:
    """Takes up to so many that are due, the earliest first: each with its URL."""
    with world.store.writing():
        rows = world.store.all(DUE, workspace_id=workspace_id, now=now, limit=limit)
        for n, _ in rows:
            world.store.run(CLAIM, ws=workspace_id, callback=n)
    return [(n, url) for n, url in rows]


def take_up_again(world: "World") -> None:
    """What a process was sending when it ended is pending again."""
    with world.store.writing():
        world.store.run(TAKE_UP_AGAIN)


def take_up_copied(world: "World", workspace_id: int) -> None:
    """What was being sent when a copy of the workspace was made is pending in it. Belongs in a transaction."""
    world.store.run(TAKE_UP_COPIED, workspace_id=workspace_id)


def note_attempt(world: "World", workspace_id: int, n: int, at: int, outcome: Outcome) -> None:
    """Writes down what came of an attempt, and what follows from it."""
    with world.store.writing():
        row = _row_by_id(world, workspace_id, n)
        if row is None or row["state"] != SENDING:
            return  # the message is gone
        due_at = row["next_at"]
        is_delivered = outcome.status is not None and 200 <= outcome.status < 300
        if is_delivered:
            row["copies"] -= 1
            row["tries"] = 0
            row["state"], row["next_at"] = (PENDING, due_at) if row["copies"] else (DELIVERED, None)
        elif outcome.is_final or row["tries"] >= len(BACKOFF):
            row["state"], row["next_at"] = GIVEN_UP, None
            row["why"] = outcome.error or f"{len(BACKOFF) + 1} attempts failed"
        else:
            row["state"], row["next_at"] = PENDING, due_at + BACKOFF[row["tries"]]
            row["tries"] += 1
        _change(world, row)
        _insert_attempt(world, row, at, outcome)
        if row["next_at"] is None:
            _let_next(world, workspace_id, row["message_id"], due_at)
    world.touch(workspace_id, CALLBACK, n)


def _insert_attempt(world: "World", row: CallbackRow, at: int, outcome: Outcome) -> None:
    world.store.add(
        INSERT_ATTEMPT,
        {
            "workspace_id": row["workspace_id"],
            "callback_id": row["id"],
            "n": _count_attempts(world, row["workspace_id"], row["id"]) + 1,
            "at": at,
            "status": outcome.status,
            "error": outcome.error,
            "ms": outcome.ms,
            "next_at": row["next_at"],
        },
    )


def _count_attempts(world: "World", workspace_id: int, n: int) -> int:
    row = world.store.one(COUNT_ATTEMPTS, workspace_id=workspace_id, callback_id=n)
    assert row is not None
    return int(row[0])


def _let_next(world: "World", workspace_id: int, message_id: int, at: int) -> None:
    """The one that waited for its predecessor need wait no longer; it is not sent before that one was."""
    key = {"workspace_id": workspace_id, "message_id": message_id}
    waiting = world.store.one(FIRST_WAITING, **key)
    if waiting is None or _is_sendable(world, workspace_id, message_id):
        return
    row = _row_by_id(world, workspace_id, waiting[0])
    assert row is not None
    row["state"], row["next_at"] = PENDING, max(row["due_at"], at)
    _change(world, row)


def _is_sendable(world: "World", workspace_id: int, message_id: int) -> bool:
    """Whether one of the message's callbacks has its turn already."""
    return world.store.one(IN_HAND, workspace_id=workspace_id, message_id=message_id) is not None


def redeliver(world: "World", workspace: "WorkspaceView", n: int) -> None:
    """Sends it once more, now, with all its retries; one that is on its way is left to that. In a transaction."""
    row = _row_by_id(world, workspace.id, n)
    if row is None or row["status_at"] > world.now(workspace):
        raise UnknownCallback("No callback of this workspace has that id: list them with GET callbacks.")
    if row["state"] in (DELIVERED, GIVEN_UP, PENDING):
        row |= {"state": PENDING, "next_at": world.now(workspace), "tries": 0, "copies": 1, "why": None}
        _change(world, row)
        world.touch(workspace.id, CALLBACK, n)


def rows_of(
    world: "World", workspace_id: int, *, now: int, message_id: int | None = None, after: int = 0, limit: int = 1000
) -> list[tuple[CallbackRow, str]]:
    """Those whose status has come about, each with its URL, in the order of their numbers."""
    which, key = (LIST, {}) if message_id is None else (LIST_OF_MESSAGE, {"message_id": message_id})
    rows = world.store.all(which, workspace_id=workspace_id, after=after, now=now, limit=limit, **key)
    return [(dict(zip(COLUMNS, row[:-1], strict=True)), row[-1]) for row in rows]


def lost(world: "World", workspace_id: int, since: int, now: int) -> list[int]:
    """The numbers of those that fell due meanwhile and are not to be sent."""
    return [row[0] for row in world.store.all(LOST, workspace_id=workspace_id, since=since, now=now)]


def attempts_of(world: "World", workspace_id: int, n: int) -> list[dict[str, Any]]:
    """What was tried so far: `at`, `status`, `error`, `ms`, `next_at`."""
    rows = world.store.all(ATTEMPTS_OF, workspace_id=workspace_id, callback_id=n)
    return [dict(zip(("at", "status", "error", "ms", "next_at"), row, strict=True)) for row in rows]


def find(world: "World", workspace_id: int, n: int) -> CallbackRow | None:
    """By its number; none when it is gone."""
    return _row_by_id(world, workspace_id, n)


def _row_by_id(world: "World", workspace_id: int, n: int) -> CallbackRow | None:
    row = world.store.one(BY_ID, workspace_id=workspace_id, id=n)
    return dict(zip(COLUMNS, row, strict=True)) if row else None


def _change(world: "World", row: CallbackRow) -> None:
    if row["state"] == PENDING:
        world.stir(row["workspace_id"], row["next_at"])
    changed = {f"new_{name}": row[name] for name in ("state", "next_at", "tries", "copies", "why")}
    world.store.run(CHANGE, ws=row["workspace_id"], callback=row["id"], **changed)
