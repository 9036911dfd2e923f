"""A snapshot that comes as a file: read line by line into a hidden workspace, refused as a whole if it is not right.

Whatever goes wrong, nothing that anybody can see was changed.
"""

import json
from collections.abc import Callable, Mapping
from sqlite3 import IntegrityError
from typing import TYPE_CHECKING, Any

from sandbox.world import copies, models, snapshots, workspaces
from sandbox.world.errors import DamagedSnapshot, ForeignSnapshot
from sandbox.world.snapshots import checks
from sandbox.world.snapshots.files import COPIED, FORMAT, HEAD
from sandbox.world.snapshots.whole import LOOSE_ENDS
from sandbox.world.store import inserting

if TYPE_CHECKING:
    from sandbox.world import WorkspaceView, World

LONGEST_LINE = 4 * 1024 * 1024
BY_NAME = {str(model.__tablename__): model for model in COPIED}
INSERTS = {name: inserting(model) for name, model in BY_NAME.items()}


class Arrival:
    """`feed` it the file in pieces, then `finish` it; or `drop` it.

    `further`: what values must be, by table and column, where only others than the world know that.
    """

    def __init__(self, world: "World", further: Mapping[tuple[str, str], checks.Check]) -> None:
        self._world = world
        self._further = further
        self._rest = b""
        self._lines = 0
        self._rows = 0
        self._head: dict[str, Any] = {}
        self._copy_id = 0
        self._waiting = list(BY_NAME)
        self._insert = ""
        self._read: Callable[[list[Any]], dict[str, Any] | None] | None = None
        self._is_whole = False

    def feed(self, piece: bytes) -> None:
        """Takes in the rows that end in it. Raises `DamagedSnapshot` or `ForeignSnapshot`."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            raise self._damaged("is too long", ahead=1)
        try:
            with self._world.store.writing():
                for line in lines:
                    self._take(line)
        except IntegrityError:
            raise self._damaged("or one shortly before it names what is not there, or what is there already") from None

    def finish(self, workspace: "WorkspaceView", name: str) -> None:
        """Gives the snapshot its name in a workspace. Raises as `feed` does."""
        world = self._world
        if self._rest or not self._is_whole:
            raise DamagedSnapshot("The file is not whole: its last line must say how many rows there are.")
        for what, statement in LOOSE_ENDS.items():
            if world.store.execute(statement, {"id": self._copy_id, "now": self._head["clock_at"]}).fetchone():
                raise DamagedSnapshot(f"The file does not hold together: {what}.")
        with world.store.writing():
            workspace = workspaces.view_of(world, workspace.id)
            copies.change_purpose(world, self._copy_id, workspaces.SNAPSHOT)
            snapshots.put(world, workspace, name, self._copy_id, self._head["taken_wall"])

    def drop(self) -> None:
        """Forgets what has come."""
        if self._copy_id:
            with self._world.store.writing():
                workspaces.erase(self._world, self._copy_id)

    def _take(self, raw: bytes) -> None:
        self._lines += 1
        try:
            line = json.loads(raw)
        except (ValueError, RecursionError):
            raise self._damaged("is not JSON in UTF-8") from None
        if self._is_whole:
            raise self._damaged("comes after the end")
        if not self._head:
            self._begin(line)
        elif isinstance(line, list):
            self._add(line)
        elif isinstance(line, dict) and "table" in line:
            self._turn_to(line)
        elif line == {"rows": self._rows} and not self._waiting:
            self._is_whole = True
        else:
            raise self._damaged("is neither a row, nor a table, nor the right number of rows after all tables")

    def _begin(self, line: Any) -> None:
        if not isinstance(line, dict) or line.get("format") != FORMAT:
            raise self._damaged("does not say that this is a snapshot: send what GET of a snapshot answers")
        if line.get("schema") != models.SCHEMA:
            raise ForeignSnapshot(
                f"The snapshot is of another schema than this server's, which is {models.SCHEMA}:"
                " bring it to a server of the version that it was taken with."
            )
        row: Any = line.get("workspace")
        wall = line.get("taken_wall")
        is_complete = set(line) == {"format", "schema", "taken_wall", "workspace"}
        if not (is_complete and _is_state(row) and checks.is_time(wall)):
            raise self._damaged("does not say how the workspace was")
        self._head = {**row, "taken_wall": wall}
        nobodys = {"fixture": "", "fingerprint": "", "first_seed": 0, "first_at": 0, "first": "{}"}
        hidden = {**row, **nobodys, "created_wall": wall, "clock_wall": wall}
        self._copy_id = copies.hide(self._world, hidden, workspaces.ARRIVING)

    def _turn_to(self, line: dict[str, Any]) -> None:
        name, columns = line["table"], line.get("columns")
        if not self._waiting or name != self._waiting.pop(0):
            raise self._damaged("does not name the table that comes next")
        expected = copies.copied_columns(BY_NAME[name])
        if set(line) != {"table", "columns"} or columns != expected:
            raise self._damaged(f"does not name the columns of its table, which are {', '.join(expected)}")
        self._insert = name
        self._read = checks.reader(BY_NAME[name], expected, self._further)

    def _add(self, line: list[Any]) -> None:
        row = self._read(line) if self._read else None
        if row is None:
            raise self._damaged(f"is no row of the table {self._insert}" if self._read else "is of no table")
        nobodys = dict.fromkeys(BY_NAME[self._insert].__credentials__)
        self._rows += 1
        self._world.store.add(INSERTS[self._insert], {**row, **nobodys, "workspace_id": self._copy_id})

    def _damaged(self, what: str, ahead: int = 0) -> DamagedSnapshot:
        return DamagedSnapshot(f"The file is not right: line {self._lines + ahead} {what}.")


def _is_state(row: Any) -> bool:
    """Whether these are the columns of a workspace's row that a snapshot has."""
    try:
        return (
            isinstance(row, dict)
            and set(row) == set(HEAD)
            and checks.is_seed(row["seed"])
            and checks.is_flag(row["clock_frozen"])
            and type(row["clock_speed"]) in (int, float)
            and 0 < row["clock_speed"] <= checks.FASTEST
            and checks.is_time(row["clock_at"])
            and checks.is_delivery(*(row[name] for name in ("delivery_mode", "sent_after", "settled_after", "outcome")))
            and checks.are_numbers(row["numbers"])
            and checks.is_profile(row["callback_profile"])
        )
    except (ValueError, RecursionError):
        return False
