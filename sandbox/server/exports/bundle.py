"""A run as one file: how its workspace began, how it is now, and each call in its order. Lines of JSON.

The head says what the run began with: a fixture, seed and start, or a snapshot, whose file comes next. Then the
workspace's file as it is now; then each vendor call, and each call of the control API that changed the workspace, with
what its clock read; and a last line, so that a file that was cut off is known. Nobody's credentials are in it, and
callbacks that were still to come are given up: wherever it is opened, it calls nobody.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from heapq import merge
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, bindparam, select

from sandbox.server.journal.secrets import match_without_key, url_without_secrets
from sandbox.store import Query, ReadSnapshot
from sandbox.store.tables import CONTROL_CALLS, JOURNAL, SCHEMA, ControlCallRow, JournalEntryRow, WorkspaceRow
from sandbox.world.callbacks.profile import profile_of
from sandbox.world.callbacks.states import GIVEN_UP, PENDING, SENDING, WAITING
from sandbox.world.snapshots.write import file_of, file_of_now, state_in_file

FORMAT = "dialog-sandbox bundle"
MEDIA_TYPE = "application/x-ndjson"
BATCH_SIZE = 20
"""Rows that are read together: each may have 128 KiB of bodies."""
START, NOW = "start", "now"
"""The two snapshots that there can be."""
EXCHANGE, CONTROL, SNAPSHOT = "exchange", "control", "snapshot"
"""What a line is, by its only member."""
BYTES = ("path", "query", "request_body", "response_body")
"""Columns of the journal that are no texts."""


def _call_nobody(state: str) -> str:
    return GIVEN_UP if state in (PENDING, SENDING, WAITING) else state


CLEANERS = {
    ("message", "status_callback"): url_without_secrets,
    ("fault", "match"): match_without_key,
    ("callback", "state"): _call_nobody,
}
IN_WORLD: BindParameter[int] = bindparam("ws")
EXCHANGES = Query(
    JournalEntryRow,
    select(JOURNAL).where(JOURNAL.c.workspace_id == IN_WORLD).order_by(JOURNAL.c.at, JOURNAL.c.position),
)
CONTROLS = Query(
    ControlCallRow,
    select(CONTROL_CALLS)
    .where(CONTROL_CALLS.c.workspace_id == IN_WORLD, CONTROL_CALLS.c.position > bindparam("after"))
    .order_by(CONTROL_CALLS.c.at, CONTROL_CALLS.c.position),
)
Call = JournalEntryRow | ControlCallRow


class RunStart(NamedTuple):
    """What a run began with. `after`: the position that its calls come behind; `snapshot`: the name of that it began
    with, if it did. `description`: what the head says of it.
    """

    after: int
    snapshot: str | None
    description: Mapping[str, Any]


def bundle_of(
    picture: ReadSnapshot, row: WorkspaceRow, wall: int, now: int, start: RunStart, head: Mapping[str, Any]
) -> Iterator[bytes]:
    """Yield the file in pieces. `now`: what the clock reads; `head`: what the first line says besides."""
    yield _line({"format": FORMAT, "schema": SCHEMA, **head, "start": start.description})
    if start.snapshot is not None:
        yield _line({SNAPSHOT: START})
        yield from file_of(picture, row.world, start.snapshot, CLEANERS)
    yield _line({SNAPSHOT: NOW})
    yield from file_of_now(picture, row, wall, _quiet_state(row, now), CLEANERS)
    count = 0
    for call in calls_of(picture, row.world, start.after):
        count += 1
        yield _line({EXCHANGE: _exchange(call)} if isinstance(call, JournalEntryRow) else {CONTROL: _fields(call)})
    yield _line({"calls": count})


def calls_of(picture: ReadSnapshot, world: int, after: int) -> Iterator[Call]:
    """Yield the calls of a workspace in the order in which its clock saw them."""
    exchanges = (row for rows in picture.chunks(EXCHANGES, BATCH_SIZE, ws=world) for row in rows)
    controls = (row for rows in picture.chunks(CONTROLS, BATCH_SIZE, ws=world, after=after) for row in rows)
    return merge(exchanges, controls, key=lambda call: (call.at, call.position))


def _quiet_state(row: WorkspaceRow, now: int) -> dict[str, Any]:
    """Return the workspace's own row with a clock that stands, and callbacks that are lost."""
    profile = profile_of(row.callback_profile)._replace(lose=1)
    quiet = {"clock_at": now, "clock_frozen": True, "callback_profile": json.dumps(profile._asdict())}
    return {**state_in_file(row), **quiet}


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _fields(row: Call) -> dict[str, Any]:
    return row.model_dump(exclude={"workspace_id"})


def _exchange(row: JournalEntryRow) -> dict[str, Any]:
    return {name: _written(value) if name in BYTES else value for name, value in _fields(row).items()}


def _written(value: bytes) -> Any:
    """Return bytes as text, or as base64 where they are none."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": b64encode(value).decode()}


# Reading ---------------------------------------------------------------------------------------------------------


class DamagedBundle(Exception):
    """The text says what is wrong with the file."""


class BundleHead(NamedTuple):
    """What a bundle's first line says."""

    version: str
    workspace: str
    start: Mapping[str, Any]
    missing: Sequence[str]


def read_head(line: bytes) -> BundleHead:
    """Read the first line. Raises `DamagedBundle`."""
    head = _object(line, 1)
    if head.get("format") != FORMAT:
        raise DamagedBundle("It is no bundle: GET bundle makes one.")
    if head.get("schema") != SCHEMA:
        raise DamagedBundle(f"It is of another schema than this version's, which is {SCHEMA}.")
    start, missing = head.get("start"), head.get("missing")
    if not (isinstance(start, dict) and isinstance(missing, list)):
        raise DamagedBundle("Line 1 does not say how the run began.")
    return BundleHead(str(head.get("version")), str(head.get("workspace")), start, [*map(str, missing)])


class BundleLines:
    """The lines behind the head, told apart.

    `snapshot`: the lines that are of that one, else None. `calls`: how many there were so far.
    """

    def __init__(self) -> None:
        self.number = 1
        self.calls = 0
        self.snapshot: str | None = None
        self.is_whole = False

    def read(self, line: bytes) -> Call | bytes | None:
        """Return the call that a line is, the line itself if it is a snapshot's, or None. Raises `DamagedBundle`."""
        self.number += 1
        if self.is_whole:
            raise DamagedBundle(f"Line {self.number} comes after the end.")
        if self.snapshot is not None:
            if line.startswith(b'{"rows":'):
                self.snapshot = None
            return line
        found = _object(line, self.number)
        if found.get(SNAPSHOT) in (START, NOW):
            self.snapshot = found[SNAPSHOT]
        elif found == {"calls": self.calls}:
            self.is_whole = True
        elif EXCHANGE in found or CONTROL in found:
            self.calls += 1
            return self._call(found)
        else:
            raise DamagedBundle(f"Line {self.number} is none of a bundle.")
        return None

    def check_end(self) -> None:
        """Raise `DamagedBundle` unless the last line was read."""
        if not self.is_whole:
            raise DamagedBundle("It is not whole: its last line must say how many calls there are.")

    def _call(self, found: dict[str, Any]) -> Call:
        try:
            if CONTROL in found:
                return ControlCallRow.model_validate({"workspace_id": 0, **found[CONTROL]}, strict=True)
            fields = {name: _bytes(value) if name in BYTES else value for name, value in found[EXCHANGE].items()}
            return JournalEntryRow.model_validate({"workspace_id": 0, **fields}, strict=True)
        except (TypeError, ValueError, AttributeError, LookupError):
            raise DamagedBundle(f"Line {self.number} is no call.") from None


def _bytes(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else b64decode(value["base64"], validate=True)


def _object(line: bytes, number: int) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise DamagedBundle(f"Line {number} is no object of JSON.")
    return found
