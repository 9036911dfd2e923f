"""How is a workspace kept as it is now? One moment of it is read, and written down in slices."""

from collections.abc import Iterator
from functools import partial
from itertools import groupby
from typing import Any

from sqlalchemy import BindParameter, Integer, bindparam, null, select

from sandbox.store import Query, ReadSnapshot, Store, Tx, WorkspaceView, serve_others
from sandbox.store.tables import WORKSPACES, Row, WorkspaceRow, table_of
from sandbox.store.workspace_view import IS_VISIBLE
from sandbox.world.callbacks import claims
from sandbox.world.clones import CLONED, change_purpose, cloned_columns, create_hidden
from sandbox.world.errors import UnknownWorkspace
from sandbox.world.slices import ROWS, extend_arrival
from sandbox.world.snapshots.catalog import SnapshotInfo, check_room, find_snapshot, put
from sandbox.world.workspaces.find import by_id
from sandbox.world.workspaces.remove import ARRIVING, SNAPSHOT

WORKSPACE = Query(WorkspaceRow, select(WORKSPACES).where(WORKSPACES.c.id == bindparam("own"), IS_VISIBLE))
TARGET: BindParameter[int] = bindparam("target", type_=Integer)


def _rows_of(entity: type[Row]) -> Query[Row]:
    """Return a query for a workspace's rows as they are in its clone."""
    table, kept = table_of(entity), cloned_columns(entity)
    columns: list[Any] = [
        TARGET.label(column.name) if column.name == "workspace_id" else column if column.name in kept else null()
        for column in table.c
    ]
    of_source = table.c.workspace_id == bindparam("source")
    return Query(entity, select(*columns).where(of_source).order_by(*table.primary_key))


COPIES = [_rows_of(entity) for entity in CLONED]


async def take_snapshot(store: Store, workspace_id: int, name: str) -> SnapshotInfo:
    """Keep the workspace as it is now, instead of what had that name before; others are served meanwhile.

    Raises `TooManySnapshots`.
    """

    def check(tx: Tx) -> None:
        tx.enter(by_id(tx, workspace_id))
        check_room(tx, name)

    await store.read(check)
    with store.snapshot() as picture:
        row = picture.one(WORKSPACE, own=workspace_id)
        if row is None:
            raise UnknownWorkspace("This workspace is gone.")
        wall = store.wall()
        now = WorkspaceView(*(getattr(row, field) for field in WorkspaceView._fields)).now(wall)
        kept = row.model_copy(update={"clock_at": now, "clock_wall": wall})
        clone_id = await store.write(lambda tx: create_hidden(tx, kept, ARRIVING))
        for rows in _in_slices(picture, row.world, clone_id):
            await store.write(partial(_write, clone_id=clone_id, rows=rows))
            await serve_others()
    await store.fold_log()

    def name_it(tx: Tx) -> SnapshotInfo:
        check(tx)
        claims.release_cloned(tx, clone_id)
        change_purpose(tx, clone_id, SNAPSHOT)
        put(tx, name, clone_id, wall)
        return find_snapshot(tx, name)

    return await store.write(name_it)


def _in_slices(picture: ReadSnapshot, world: int, clone_id: int) -> Iterator[list[Row]]:
    """Yield the rows of the clone, each after those that it refers to."""
    waiting: list[Row] = []
    for query in COPIES:
        for rows in picture.chunks(query, ROWS, source=world, target=clone_id):
            waiting += rows
            if len(waiting) >= ROWS:
                yield waiting
                waiting = []
    if waiting:
        yield waiting


def _write(tx: Tx, clone_id: int, rows: list[Row]) -> None:
    for _, of_one_table in groupby(rows, type):
        tx.add_all(list(of_one_table))
    extend_arrival(tx, clone_id)
