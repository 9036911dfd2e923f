"""A snapshot that comes as a file: read line by line into a hidden workspace, refused as a whole if it is not right.

Whatever goes wrong, nothing that anybody can see was changed.
"""

import json
from collections.abc import Callable
from functools import partial
from itertools import groupby
from typing import Any

from sandbox.store import Conflict, Query, Store, Tx, WorkspaceView, serve_others
from sandbox.store.tables import SCHEMA, MessageRow, Row, WorkspaceRow, table_of
from sandbox.world.clones import CLONED, any_row, change_purpose, cloned_columns, create_hidden
from sandbox.world.errors import DamagedSnapshot, ForeignSnapshot
from sandbox.world.limits import check_all_messages
from sandbox.world.snapshots.catalog import SnapshotInfo, check_room, find_snapshot, put
from sandbox.world.snapshots.loose_ends import loose_ends
from sandbox.world.snapshots.rows import FORMAT, Checks, HeadInFile, is_of_this_schema, read_head, row_reader
from sandbox.world.workspaces.find import by_id
from sandbox.world.workspaces.remove import ARRIVING, LONGEST_ARRIVAL, SNAPSHOT, mark_gone

LONGEST_LINE = 4 * 1024 * 1024
BY_NAME = {table_of(entity).name: entity for entity in CLONED}


class SnapshotReader:
    """`feed` it the file in pieces, then `finish` it; or `drop` it.

    `further`: what values must be, by table and column, where only others than the world know that.
    """

    def __init__(self, store: Store, further: Checks) -> None:
        self._store = store
        self._further = further
        self._rest = b""
        self._lines = 0
        self._count = self._messages = 0
        self._head: HeadInFile | None = None
        self._clone_id = 0
        self._tables = list(BY_NAME)
        """Those that are still to come."""
        self._table = ""
        self._read: Callable[[list[Any], int], Row | None] | None = None
        self._rows: list[Row] = []
        """Those that were read but not yet written."""
        self._is_whole = False

    async def feed(self, piece: bytes) -> None:
        """Take in the rows that end in it. Raises `DamagedSnapshot`, `ForeignSnapshot` or `TooManyMessages`."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            raise self._damaged("is too long", offset=1)
        for line in lines:
            await self._read_line(line)
        rows, self._rows = self._rows, []
        if rows:
            try:
                await self._store.write(lambda tx: self._write(tx, rows))
            except Conflict:
                raise self._damaged(
                    "or one shortly before it names what is not there, or what is there already"
                ) from None

    def _write(self, tx: Tx, rows: list[Row]) -> None:
        for of_one, those in groupby(rows, type):
            of_one_table = list(those)
            tx.add_all(of_one_table)
            self._messages += len(of_one_table) if of_one is MessageRow else 0
        check_all_messages(tx, self._messages)
        tx.update(any_row(tx, self._clone_id), expires_wall=tx.wall + LONGEST_ARRIVAL)

    async def finish(self, workspace: WorkspaceView, name: str) -> SnapshotInfo:
        """Give the snapshot its name in a workspace. Raises as `feed` does, and `TooManySnapshots`."""
        head = self._head
        if self._rest or not self._is_whole or head is None:
            raise DamagedSnapshot("The file is not whole: its last line must say how many rows there are.")

        for sentence, query in loose_ends(self._store.id_formats).items():
            if await self._store.read(partial(self._has, query, head.workspace.clock_at)):
                raise DamagedSnapshot(f"The file does not hold together: {sentence}.")
            await serve_others()

        def work(tx: Tx) -> SnapshotInfo:
            tx.enter(by_id(tx, workspace.id))
            check_room(tx, name)
            change_purpose(tx, self._clone_id, SNAPSHOT)
            put(tx, name, self._clone_id, head.taken_wall)
            return find_snapshot(tx, name)

        return await self._store.write(work)

    def _has(self, query: Query[int], now: int, tx: Tx) -> bool:
        """Return whether what has come holds what the query finds."""
        return tx.exists(query, ws=self._clone_id, now=now)

    async def drop(self) -> None:
        """Delete what has come."""
        if self._clone_id:
            await self._store.write(lambda tx: mark_gone(tx, self._clone_id))

    async def _read_line(self, raw: bytes) -> None:
        self._lines += 1
        try:
            line = json.loads(raw)
        except (ValueError, RecursionError):
            raise self._damaged("is not JSON in UTF-8") from None
        if self._is_whole:
            raise self._damaged("comes after the end")
        if self._head is None:
            await self._begin(line)
        elif isinstance(line, list):
            self._take_row(line)
        elif isinstance(line, dict) and "table" in line:
            self._begin_table(line)
        elif line == {"rows": self._count} and not self._tables:
            self._is_whole = True
        else:
            raise self._damaged("is neither a row, nor a table, nor the right number of rows after all tables")

    async def _begin(self, line: Any) -> None:
        if not isinstance(line, dict) or line.get("format") != FORMAT:
            raise self._damaged("does not say that this is a snapshot: send what GET of a snapshot answers")
        if not is_of_this_schema(line):
            raise ForeignSnapshot(
                f"The snapshot is of another schema than this server's, which is {SCHEMA}:"
                " bring it to a server of the version that it was taken with."
            )
        head = read_head(line)
        if head is None:
            raise self._damaged("does not say how the workspace was")
        self._head = head
        self._clone_id = await self._store.write(lambda tx: _create_arriving(tx, head))

    def _begin_table(self, line: dict[str, Any]) -> None:
        name = line["table"]
        if not self._tables or name != self._tables.pop(0):
            raise self._damaged("does not name the table that comes next")
        columns = cloned_columns(BY_NAME[name])
        if line != {"table": name, "columns": columns}:
            raise self._damaged(f"does not name the columns of its table, which are {', '.join(columns)}")
        self._table = name
        self._read = row_reader(BY_NAME[name], columns, self._further)

    def _take_row(self, line: list[Any]) -> None:
        if self._read is None:
            raise self._damaged("is of no table")
        row = self._read(line, self._clone_id)
        if row is None:
            raise self._damaged(f"is no row of the table {self._table}")
        self._count += 1
        self._rows.append(row)

    def _damaged(self, what: str, offset: int = 0) -> DamagedSnapshot:
        return DamagedSnapshot(f"The file is not right: line {self._lines + offset} {what}.")


def _create_arriving(tx: Tx, head: HeadInFile) -> int:
    row = WorkspaceRow(
        id=0,
        world=0,
        fixture="",
        fingerprint="",
        first_seed=0,
        first_at=0,
        created_wall=head.taken_wall,
        clock_wall=head.taken_wall,
        **head.workspace.model_dump(),
    )
    clone_id = create_hidden(tx, row, ARRIVING)
    tx.update(any_row(tx, clone_id), expires_wall=tx.wall + LONGEST_ARRIVAL)
    tx.has_expiry = True
    return clone_id
