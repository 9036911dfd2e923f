"""A snapshot as a file, which brings it to another server: lines of JSON, without credentials.

The first line says what it is, of which schema, and what the workspace's own row has. Then each table: a line with its
name and columns, and a line for each row. The last line says how many rows there were, so that a file which was cut off
is known. Tables come in the order in which they refer to each other.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlalchemy import bindparam, select

from sandbox.store import Query, ReadSnapshot
from sandbox.store.tables import SCHEMA, WORKSPACES, Row, WorkspaceRow, table_of
from sandbox.world.clones import CLONED, STATE, cloned_columns
from sandbox.world.snapshots.catalog import BY_NAME, known
from sandbox.world.snapshots.rows import FORMAT

BATCH_SIZE = 500
Clean = Callable[[str], str]
Cleaners = Mapping[tuple[str, str], Clean]
"""What a text becomes in the file, by table and column."""
HEAD = (*STATE, "clock_at")
"""Columns of the workspace's own row."""
CLONE = Query(WorkspaceRow, select(WORKSPACES).where(WORKSPACES.c.id == bindparam("clone")))


def _rows_of(entity: type[Row]) -> Query[Row]:
    table = table_of(entity)
    return Query(entity, select(table).where(table.c.workspace_id == bindparam("ws")).order_by(*table.primary_key))


ROWS = [(table_of(entity).name, cloned_columns(entity), _rows_of(entity)) for entity in CLONED]


def file_of(picture: ReadSnapshot, workspace_id: int, name: str, cleaners: Cleaners) -> Iterator[bytes]:
    """Return the file in pieces, all of one moment; raises `UnknownSnapshot` at once. `picture` must stay open."""
    info = known(picture.one(BY_NAME, ws=workspace_id, name=name))
    row = picture.one(CLONE, clone=info.clone_id)
    assert row is not None
    return _pieces(picture, info.clone_id, info.taken_wall, state_in_file(row), cleaners)


def file_of_now(
    picture: ReadSnapshot, row: WorkspaceRow, wall: int, state: dict[str, Any], cleaners: Cleaners
) -> Iterator[bytes]:
    """Return the file of a workspace as it is, in pieces. `state`: what it says of the workspace's own row."""
    return _pieces(picture, row.world, wall, state, cleaners)


def state_in_file(row: WorkspaceRow) -> dict[str, Any]:
    """Return what a file says of a workspace's own row."""
    return {column: getattr(row, column) for column in HEAD}


def _pieces(
    picture: ReadSnapshot, world: int, taken_wall: int, state: dict[str, Any], cleaners: Cleaners
) -> Iterator[bytes]:
    yield _line({"format": FORMAT, "schema": SCHEMA, "taken_wall": taken_wall, "workspace": state})
    count = 0
    for table, columns, query in ROWS:
        yield _line({"table": table, "columns": columns})
        by_place = {n: cleaners[table, column] for n, column in enumerate(columns) if (table, column) in cleaners}
        for rows in picture.chunks(query, BATCH_SIZE, ws=world):
            count += len(rows)
            yield b"".join(_line(_values(row, columns, by_place)) for row in rows)
    yield _line({"rows": count})


def _values(row: Row, columns: list[str], cleaners: Mapping[int, Clean]) -> list[Any]:
    values = [getattr(row, column) for column in columns]
    for n, clean in cleaners.items():
        if values[n] is not None:
            values[n] = clean(values[n])
    return values


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
