"""Faults: which calls go wrong, and how. What an effect does to an answer is the server's to know.

The first fault that matches a call and whose turn it is wins; one that lets the call pass (it is still skipping, the
dice fell otherwise, its rate is not reached) leaves it to the next. Counts are in the store and dice are decided by
seed and count, so that the same calls meet the same faults, also over a restart.
"""

import json
import math
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import bindparam, delete, func, select, update

from sandbox.remembering import remembered
from sandbox.world import models, phones
from sandbox.world.clock import SECOND
from sandbox.world.errors import ImpossiblePhone, UnknownFault
from sandbox.world.ids import chance, decided
from sandbox.world.store import Statement, inserting, table

if TYPE_CHECKING:
    from sandbox.world import WorkspaceView, World

OUR_PREFIX = "fault_"
RULE = "NET-fault"
ANSWERING = ("status", "rate_limit")
"""Effects that answer instead of doing."""
SPOILING = ("reset", "close", "truncate", "malformed", "drip", "timeout")
"""Effects that spoil the answer to what was done."""
MAIN = ANSWERING + SPOILING
"""Of which an effect has one at most."""

FAULTS = table(models.Fault)
WORKSPACES = table(models.Workspace)
INSERT = inserting(models.Fault)
IN_WORKSPACE = FAULTS.c.workspace_id == bindparam("workspace_id")
LIST = Statement(select(FAULTS).where(IN_WORKSPACE).order_by(FAULTS.c.id))
BY_ID = Statement(select(FAULTS).where(IN_WORKSPACE, FAULTS.c.id == bindparam("id")))
DELETE_ALL = Statement(delete(FAULTS).where(IN_WORKSPACE))
DELETE_ONE = Statement(delete(FAULTS).where(IN_WORKSPACE, FAULTS.c.id == bindparam("id")))
COUNTS = ("matched", "applied", "window_at", "window_calls")
COUNT = Statement(
    update(FAULTS)
    .where(FAULTS.c.workspace_id == bindparam("ws"), FAULTS.c.id == bindparam("fault"))
    .values({name: bindparam(f"new_{name}") for name in COUNTS})
)
HOW_MANY = select(func.count()).select_from(FAULTS).where(FAULTS.c.workspace_id == bindparam("workspace"))
NOTE = Statement(
    update(WORKSPACES).where(WORKSPACES.c.id == bindparam("workspace")).values(faults=HOW_MANY.scalar_subquery())
)

FaultRow = dict[str, Any]
"""A row of `models.Fault` by column name."""


class Call(NamedTuple):
    """What a vendor request is about, as it gave it; what it did not give is null."""

    operation: str
    to: str | None = None
    from_: str | None = None
    text: str | None = None
    console: str | None = None
    account: str | None = None
    number: str | None = None


class Fault(NamedTuple):
    """What a call meets. `id`: null when the call asked for it itself.

    `effect`: as it was given. `latency_ms`: decided. `retry_after`: seconds, of a rate limit.
    """

    id: str | None
    effect: dict[str, Any]
    latency_ms: int = 0
    retry_after: int | None = None

    @property
    def kind(self) -> str | None:
        """The main effect; none of mere latency."""
        return next((name for name in MAIN if name in self.effect), None)

    @property
    def is_before(self) -> bool:
        """Whether it comes before anything is done."""
        return self.kind in ANSWERING or bool(self.effect.get("before"))

    @property
    def delay_ms(self) -> int:
        """Of the latency, what comes after it was done."""
        return 0 if self.waits_first else self.latency_ms

    @property
    def waits_first(self) -> bool:
        """Whether it is mere latency that comes before anything is done."""
        return self.kind is None and self.is_before

    @property
    def described(self) -> dict[str, Any]:
        """For the journal, as JSON has it."""
        return {"id": self.id, "effect": self.effect, "latency_ms": self.latency_ms}


def our_id(n: int) -> str:
    """What the control API calls the workspace's n-th fault."""
    return f"{OUR_PREFIX}{n:08d}"


def number_of(our: str) -> int | None:
    """The other way round; None when it is no such id."""
    digits = our.removeprefix(OUR_PREFIX)
    return int(digits) if digits != our and digits.isascii() and digits.isdigit() and len(digits) < 18 else None


def add(world: "World", workspace: "WorkspaceView", given: dict[str, Any]) -> FaultRow:
    """One more, after those there are. `given`: columns; without a `seed` it gets one of its own.

    Belongs in a transaction.
    """
    n = world.take(workspace.id, "fault")
    seed = int.from_bytes(decided(workspace.seed, "fault", n)[:4]) if given["seed"] is None else given["seed"]
    counts = {"matched": 0, "applied": 0, "window_at": None, "window_calls": 0}
    row = {"workspace_id": workspace.id, "id": n, **given, "seed": seed, **counts}
    world.store.add(INSERT, row)
    note_faults(world, workspace.id)
    return row


def rows_of(world: "World", workspace_id: int) -> list[FaultRow]:
    """In the order in which they are asked."""
    return [_row(row) for row in world.store.all(LIST, workspace_id=workspace_id)]


def find(world: "World", workspace_id: int, our: str) -> FaultRow:
    n = number_of(our)
    row = None if n is None else world.store.one(BY_ID, workspace_id=workspace_id, id=n)
    if row is None:
        raise UnknownFault("No fault of this workspace has that id: list them with GET faults.")
    return _row(row)


def remove(world: "World", fault: FaultRow) -> None:
    """Belongs in a transaction."""
    world.store.run(DELETE_ONE, workspace_id=fault["workspace_id"], id=fault["id"])
    note_faults(world, fault["workspace_id"])


def clear(world: "World", workspace_id: int) -> int:
    """Drops all: how many. Belongs in a transaction."""
    n = world.store.run(DELETE_ALL, workspace_id=workspace_id).rowcount
    note_faults(world, workspace_id)
    return n


def note_faults(world: "World", workspace_id: int) -> None:
    """Writes into the workspace's row how many there are, so that a call need not look. Belongs in a transaction."""
    world.store.run(NOTE, workspace=workspace_id)
    world.store.forget()


def met(world: "World", workspace: "WorkspaceView", call: Call, now: int) -> Fault | None:
    """What this call meets, and counts it."""
    with world.store.writing():
        for row in rows_of(world, workspace.id):
            if not is_over(row, now) and matches(_read(row["match"]), call):
                fault = _turn(row, now)
                counts = {f"new_{name}": row[name] for name in COUNTS}
                world.store.run(COUNT, ws=workspace.id, fault=row["id"], **counts)
                if fault is not None:
                    return fault
    return None


def is_over(row: FaultRow, now: int) -> bool:
    """Whether it was applied as often as it may be, or has expired."""
    is_used_up = row["times"] is not None and row["applied"] >= row["times"]
    return is_used_up or (row["expires_at"] is not None and row["expires_at"] <= now)


def matches(match: dict[str, str], call: Call) -> bool:
    """Whether the call is about all that is named; numbers in `match` are normalised."""
    return all(_is_like(name, value, call) for name, value in match.items())


def _is_like(name: str, value: str, call: Call) -> bool:
    given: str | None = getattr(call, "from_" if name == "from" else name)
    if given is None:
        return False
    if name == "operation":
        return fnmatchcase(given, value)
    if name == "text":
        return value in given
    if name in ("console", "account"):
        return given == value
    try:
        return phones.normalised(given) == value
    except ImpossiblePhone:
        return False


def _turn(row: FaultRow, now: int) -> Fault | None:
    """Counts a call that it matches: what becomes of the call, if it is its turn."""
    row["matched"] += 1
    n = row["matched"]
    if n <= row["skip"] or chance(row["seed"], "fault", n) >= row["probability"]:
        return None
    effect = _read(row["effect"])
    retry_after = None
    if limit := effect.get("rate_limit"):
        retry_after = _over_limit(row, limit, now)
        if retry_after is None:
            return None
    row["applied"] += 1
    return Fault(our_id(row["id"]), effect, latency(effect, row["seed"], n), retry_after)


def _over_limit(row: FaultRow, limit: dict[str, Any], now: int) -> int | None:
    """Counts a call of a rate limit: seconds till the next window if this one is full. It begins with a call."""
    length = round(limit["seconds"] * SECOND)
    if row["window_at"] is None or not row["window_at"] <= now < row["window_at"] + length:
        row["window_at"], row["window_calls"] = now, 0
    row["window_calls"] += 1
    if row["window_calls"] <= limit["requests"]:
        return None
    return whole_seconds((row["window_at"] + length - now) / SECOND)


def whole_seconds(seconds: float) -> int:
    """As a Retry-After has them."""
    return math.ceil(seconds)


def latency(effect: dict[str, Any], seed: int, n: int) -> int:
    """How long the n-th call is held up, in ms of wall time."""
    if "latency_ms" not in effect:
        return 0
    low, high = bounds(effect["latency_ms"])
    return round(low + (high - low) * chance(seed, "latency", n))


def bounds(latency_ms: Any) -> tuple[float, float]:
    """Of a number, or of `min` and `max`."""
    return (latency_ms["min"], latency_ms["max"]) if isinstance(latency_ms, dict) else (latency_ms, latency_ms)


@remembered
def _read(stored: str) -> dict[str, Any]:
    """Out of the JSON in a fault's row; not to be changed."""
    read: dict[str, Any] = json.loads(stored)
    return read


def _row(row: tuple[Any, ...]) -> FaultRow:
    return dict(zip(FAULTS.c.keys(), row, strict=True))
