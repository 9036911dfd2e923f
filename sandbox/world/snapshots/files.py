"""A snapshot as a file, which brings it to another server: lines of JSON, without credentials.

The first line says what it is, of which schema, and what the workspace's own row has. Then each table: a line with its
name and columns, and a line for each row. The last line says how many rows there were, so that a file which was cut off
is known. Tables come in the order in which they refer to each other.
"""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select

from sandbox.world import copies, models
from sandbox.world.models import Part
from sandbox.world.store import Statement, table

if TYPE_CHECKING:
    from sandbox.world import World
    from sandbox.world.snapshots import Snapshot

FORMAT = "dialog-sandbox snapshot"
HEAD = (*copies.STATE, "clock_at")
"""Columns of the workspace's own row."""
AT_ONCE = 500
COPIED = [model for model in models.of_workspaces() if model.__part__ in (Part.SETUP, Part.CONTENT)]
ROWS = {
    model: Statement(
        select(*(table(model).c[name] for name in copies.copied_columns(model))).where(
            table(model).c.workspace_id == bindparam("workspace_id")
        )
    )
    for model in COPIED
}


def written(world: "World", snapshot: "Snapshot") -> Iterator[bytes]:
    """The file in pieces, all of one moment however long it takes."""
    row = copies.row_of(world, snapshot.copy_id)
    head = {
        "format": FORMAT,
        "schema": models.SCHEMA,
        "taken_wall": snapshot.taken_wall,
        "workspace": {name: row[name] for name in HEAD},
    }
    return _pieces(world.store.snapshot(), _line(head), snapshot.copy_id)


def _pieces(picture: Any, head: bytes, workspace_id: int) -> Iterator[bytes]:
    count = 0
    with picture:
        yield head
        for model, statement in ROWS.items():
            yield _line({"table": model.__tablename__, "columns": copies.copied_columns(model)})
            for rows in picture.chunks(statement, AT_ONCE, workspace_id=workspace_id):
                count += len(rows)
                yield b"".join(map(_line, rows))
    yield _line({"rows": count})


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
