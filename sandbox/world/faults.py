"""Faults: which calls go wrong, and how. What an effect does to an answer is the server's to know.

The first fault that matches a call and whose turn it is wins; one that lets the call pass (it is still skipping, the
draw came out otherwise, its rate is not reached) leaves it to the next. Counts are in the store and draws are decided
by seed and count, so that the same calls meet the same faults, also over a restart.
"""

import json
import math
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, func, select, update

from sandbox.clock import SECOND
from sandbox.store import Query, Tx
from sandbox.store.tables import FAULTS, WORKSPACES, FaultRow
from sandbox.world import phones
from sandbox.world.errors import ImpossiblePhone, TooManyFaults, UnknownFault
from sandbox.world.ids import chance, decided, fault_id, parse_fault_id

RULE = "NET-fault"
ANSWERING = ("status", "rate_limit")
"""Effects that answer instead of doing."""
SPOILING = ("reset", "close", "truncate", "malformed", "drip", "timeout")
"""Effects that spoil the answer to what was done."""
MAIN = ANSWERING + SPOILING
"""Effects of which a fault has one at most."""
MOST_FAULTS = 1_000
"""Of a workspace: each call is compared with all."""
COUNTS = ("matched", "applied", "window_at", "window_calls")

IN_WORKSPACE = FAULTS.c.workspace_id == bindparam("ws")
LIST = Query(FaultRow, select(FAULTS).where(IN_WORKSPACE).order_by(FAULTS.c.id))
DELETE_ALL = delete(FAULTS).where(IN_WORKSPACE)
NUMBER = select(func.count()).select_from(FAULTS).where(IN_WORKSPACE).scalar_subquery()
NOTE_NUMBER = update(WORKSPACES).where(WORKSPACES.c.id == bindparam("own")).values(faults=NUMBER)


class CallDetails(NamedTuple):
    """What a vendor request is about, as it gave it; what it did not give is null."""

    operation: str
    to: str | None = None
    from_: str | None = None
    text: str | None = None
    console: str | None = None
    account: str | None = None
    number: str | None = None


class MatchedFault(NamedTuple):
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


# The list ------------------------------------------------------------------------------------------------------------


def add(tx: Tx, **columns: Any) -> FaultRow:
    """Add a fault after those there are. Raises `TooManyFaults`."""
    if tx.workspace.faults >= MOST_FAULTS:
        raise TooManyFaults(f"A workspace has at most {MOST_FAULTS} faults: DELETE those that are not needed.")
    fault = _insert(tx, **columns)
    note_number(tx)
    return fault


def replace_all(tx: Tx, faults: Sequence[Mapping[str, Any]]) -> None:
    """Put these instead of those there are."""
    tx.execute(DELETE_ALL)
    for columns in faults:
        _insert(tx, **columns)
    note_number(tx)


def _insert(
    tx: Tx,
    *,
    match: Mapping[str, Any],
    effect: Mapping[str, Any],
    probability: float = 1.0,
    seed: int | None = None,
    skip: int = 0,
    times: int | None = None,
    expires_at: int | None = None,
) -> FaultRow:
    """Without a seed it gets one of its own."""
    n = tx.next_id("fault")
    fault = FaultRow(
        workspace_id=tx.ws,
        id=n,
        match=json.dumps(match),
        effect=json.dumps(effect),
        probability=probability,
        seed=int.from_bytes(decided(tx.workspace.seed, "fault", n)[:4]) if seed is None else seed,
        skip=skip,
        times=times,
        expires_at=expires_at,
    )
    tx.add(fault)
    return fault


def list_faults(tx: Tx) -> list[FaultRow]:
    """Return all, in the order in which they are matched."""
    return tx.all(LIST)


def find_fault(tx: Tx, text: str) -> FaultRow:
    """Return the fault of that id; raises `UnknownFault`."""
    n = parse_fault_id(text)
    fault = None if n is None else tx.get(FaultRow, n)
    if fault is None:
        raise UnknownFault("No fault of this workspace has that id: list them with GET faults.")
    return fault


def remove(tx: Tx, fault: FaultRow) -> None:
    """Drop one fault."""
    tx.delete(fault)
    note_number(tx)


def clear(tx: Tx) -> int:
    """Drop all; return how many."""
    n = tx.execute(DELETE_ALL)
    note_number(tx)
    return n


def note_number(tx: Tx) -> None:
    """Write into the workspace's row how many there are, so that a call need not look."""
    tx.execute(NOTE_NUMBER, own=tx.workspace.id)
    tx.refresh()


# Matching ------------------------------------------------------------------------------------------------------------


def match_fault(tx: Tx, call: CallDetails) -> MatchedFault | None:
    """Return what this call meets, and count it."""
    for fault in list_faults(tx):
        if not is_over(fault, tx.now) and matches(json.loads(fault.match), call):
            matched = _count(fault, tx.now)
            tx.update(fault, **{name: getattr(fault, name) for name in COUNTS})
            if matched is not None:
                return matched
    return None


def is_over(fault: FaultRow, now: int) -> bool:
    """Return whether it was applied as often as it may be, or has expired."""
    is_used_up = fault.times is not None and fault.applied >= fault.times
    return is_used_up or (fault.expires_at is not None and fault.expires_at <= now)


def matches(match: dict[str, str], call: CallDetails) -> bool:
    """Return whether the call is about all that is named; numbers in `match` are normalised."""
    return all(_is_like(name, value, call) for name, value in match.items())


def _is_like(name: str, value: str, call: CallDetails) -> bool:
    param: str | None = getattr(call, "from_" if name == "from" else name)
    if param is None:
        return False
    if name == "operation":
        return fnmatchcase(param, value)
    if name == "text":
        return value in param
    if name in ("console", "account"):
        return param == value
    try:
        return phones.normalised_line(param) == value
    except ImpossiblePhone:
        return False


def _count(fault: FaultRow, now: int) -> MatchedFault | None:
    """Count a call that it matches; return what becomes of the call, if it is the fault's turn."""
    fault.matched += 1
    n = fault.matched
    if n <= fault.skip or chance(fault.seed, "fault", n) >= fault.probability:
        return None
    effect = json.loads(fault.effect)
    retry_after = None
    if limit := effect.get("rate_limit"):
        retry_after = _over_limit(fault, limit, now)
        if retry_after is None:
            return None
    fault.applied += 1
    return MatchedFault(fault_id(fault.id), effect, latency(effect, fault.seed, n), retry_after)


def _over_limit(fault: FaultRow, limit: dict[str, Any], now: int) -> int | None:
    """Count a call of a rate limit; return the seconds till the next window if this one, begun by a call, is full."""
    length = round(limit["seconds"] * SECOND)
    if fault.window_at is None or not fault.window_at <= now < fault.window_at + length:
        fault.window_at, fault.window_calls = now, 0
    fault.window_calls += 1
    if fault.window_calls <= limit["requests"]:
        return None
    return whole_seconds((fault.window_at + length - now) / SECOND)


def whole_seconds(seconds: float) -> int:
    """Return them as a Retry-After has them."""
    return math.ceil(seconds)


def latency(effect: dict[str, Any], seed: int, n: int) -> int:
    """Return how long the n-th call is held up, in ms of wall time."""
    if "latency_ms" not in effect:
        return 0
    low, high = bounds(effect["latency_ms"])
    return round(low + (high - low) * chance(seed, "latency", n))


def bounds(latency_ms: Any) -> tuple[float, float]:
    """Return those of a number, or of `min` and `max`."""
    return (latency_ms["min"], latency_ms["max"]) if isinstance(latency_ms, dict) else (latency_ms, latency_ms)
