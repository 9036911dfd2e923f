"""With what did a run begin, so that it can begin with that elsewhere? And what of it is not known any more?"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from sqlalchemy import bindparam, func, or_, select, union_all

from sandbox.clock import rfc3339
from sandbox.server.exports.bundle import RunStart
from sandbox.store import Query, ReadSnapshot
from sandbox.store.tables import CONTROL_CALLS, JOURNAL, ControlCallRow, WorkspaceRow
from sandbox.world import fixtures
from sandbox.world.errors import FixtureRefused
from sandbox.world.fixtures import lines
from sandbox.world.snapshots.catalog import BY_NAME

SEED, EMPTY, SNAPSHOT = "seed", "empty", "snapshot"
RESET = "/reset"
RESTORE = "/snapshots/{}/restore"
_calls = select(CONTROL_CALLS).where(CONTROL_CALLS.c.workspace_id == bindparam("ws"))
LAST_RESET = Query(
    ControlCallRow,
    _calls.where(or_(CONTROL_CALLS.c.path == RESET, CONTROL_CALLS.c.path.like(RESTORE.format("%"))))
    .order_by(CONTROL_CALLS.c.position.desc())
    .limit(1),
)
JOURNAL_EMPTIED = Query(
    ControlCallRow,
    _calls.where(
        CONTROL_CALLS.c.position > bindparam("after"),
        CONTROL_CALLS.c.path == "/journal",
        CONTROL_CALLS.c.method == "DELETE",
    ).limit(1),
)
_positions = union_all(
    *(
        select(func.min(table.c.position).label("position")).where(table.c.workspace_id == bindparam("ws"))
        for table in (JOURNAL, CONTROL_CALLS)
    )
).subquery()
FIRST_POSITION = Query(int, select(func.coalesce(func.min(_positions.c.position), 0)))
KEYS_IN_FIXTURE = ("access_key", "secret_access_key")


class KnownStart(NamedTuple):
    """A run's start, and in sentences what of the run is not known any more."""

    start: RunStart
    missing: list[str]


def start_of(picture: ReadSnapshot, row: WorkspaceRow, policy: Any, *, is_journal_on: bool) -> KnownStart:
    """Return what a workspace's run began with. `policy`: its first delivery, as JSON has it."""
    reset = picture.one(LAST_RESET, ws=row.world)
    kind, snapshot = _kind_of(reset)
    after = 0 if reset is None else reset.position
    said: dict[str, Any] = {"from": kind}
    missing = [*_unknown_calls(picture, row, reset, is_journal_on=is_journal_on)]
    if snapshot is not None and reset is not None:
        info = picture.one(BY_NAME, ws=row.world, name=snapshot)
        if info is None or info.taken_wall > reset.wall:
            missing.append(f"The snapshot {snapshot}, with which it began, is not there any more.")
            snapshot = None
    else:
        said |= {"seed": row.first_seed, "start_at": rfc3339(row.first_at), "delivery": policy}
        fixture = _fixture_of(row)
        said |= fixture
        if not fixture:
            missing.append(f"The fixture {row.fixture}, with which it began, is another one now.")
    return KnownStart(RunStart(after, snapshot, said), missing)


def _kind_of(reset: ControlCallRow | None) -> tuple[str, str | None]:
    """Return what a reset went back to, and the name of the snapshot if it was one."""
    if reset is None:
        return SEED, None
    if reset.path != RESET:
        return SNAPSHOT, reset.path.split("/")[2]
    wanted = json.loads(reset.body) if reset.body else {}
    return wanted.get("to", SEED), wanted.get("name")


def _unknown_calls(
    picture: ReadSnapshot, row: WorkspaceRow, reset: ControlCallRow | None, *, is_journal_on: bool
) -> Iterator[str]:
    if not is_journal_on:
        yield "The journal is switched off (SANDBOX_JOURNAL): its calls are not known."
    elif picture.one(JOURNAL_EMPTIED, ws=row.world, after=0 if reset is None else reset.position) is not None:
        yield "Its journal was emptied meanwhile: the calls before are not known."
    elif row.journal_position and (
        (row.epoch and reset is None) or (not row.epoch and picture.one(FIRST_POSITION, ws=row.world) != 1)
    ):
        yield "Its first calls are not in the journal any more (SANDBOX_JOURNAL_LIMIT, SANDBOX_JOURNAL_DAYS)."


def _fixture_of(row: WorkspaceRow) -> dict[str, str]:
    """Return the fixture's name, or its text without credentials; nothing of one that has changed."""
    if row.fixture_text is None and row.fixture in fixtures.names():
        return {"fixture": row.fixture}
    text = row.fixture_text
    try:
        if text is None:
            if fixtures.fingerprint(row.fixture) != row.fingerprint:
                return {}
            text = Path(row.fixture).read_text(encoding="utf-8-sig")
        return {"fixture_text": _without_credentials(text)}
    except (FixtureRefused, OSError):
        return {}


def _without_credentials(text: str) -> str:
    contents = lines.parse(text).data
    contents.pop("credentials", None)
    for account in contents.get("accounts") or ():
        for name in KEYS_IN_FIXTURE:
            account.pop(name, None)
    written: str = yaml.safe_dump(contents, allow_unicode=True, sort_keys=False, width=1000)
    return written
