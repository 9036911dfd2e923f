"""Which snapshots a workspace has: taken, listed, found by name, and removed."""

from typing import NamedTuple

from sqlalchemy import bindparam, func, select

from sandbox.store import Query, Tx
from sandbox.store.tables import MESSAGES, SNAPSHOTS, WORKSPACES, SnapshotRow
from sandbox.world import limits
from sandbox.world.errors import UnknownSnapshot
from sandbox.world.workspaces.remove import mark_gone


class SnapshotInfo(NamedTuple):
    """`clone_id`: of the hidden workspace. `at`: what the clock read, in ms; `taken_wall` is wall time."""

    name: str
    clone_id: int
    taken_wall: int
    at: int
    is_frozen: bool
    messages: int


_messages = (
    select(func.count()).select_from(MESSAGES).where(MESSAGES.c.workspace_id == SNAPSHOTS.c.clone_id).scalar_subquery()
)
_infos = (
    select(
        SNAPSHOTS.c.name,
        SNAPSHOTS.c.clone_id,
        SNAPSHOTS.c.taken_wall,
        WORKSPACES.c.clock_at,
        WORKSPACES.c.clock_frozen,
        _messages,
    )
    .join(WORKSPACES, WORKSPACES.c.id == SNAPSHOTS.c.clone_id)
    .where(SNAPSHOTS.c.workspace_id == bindparam("ws"))
)
LIST = Query(SnapshotInfo, _infos.order_by(SNAPSHOTS.c.clone_id))
BY_NAME = Query(SnapshotInfo, _infos.where(SNAPSHOTS.c.name == bindparam("name")))


def list_snapshots(tx: Tx) -> list[SnapshotInfo]:
    """Return all of the workspace, the oldest first."""
    return tx.all(LIST)


def find_snapshot(tx: Tx, name: str) -> SnapshotInfo:
    """Return the workspace's snapshot of that name; raises `UnknownSnapshot`."""
    return known(tx.one(BY_NAME, name=name))


def known(snapshot: SnapshotInfo | None) -> SnapshotInfo:
    """Return what was found; raises `UnknownSnapshot` when nothing was."""
    if snapshot is None:
        raise UnknownSnapshot("There is no snapshot of that name in this workspace: take it with PUT.")
    return snapshot


def check_room(tx: Tx, name: str) -> None:
    """Raise `TooManySnapshots` unless one of that name has room, perhaps in the place of another."""
    if tx.get(SnapshotRow, name) is None:
        limits.check_snapshots(tx)


def put(tx: Tx, name: str, clone_id: int, taken_wall: int) -> None:
    """Give a clone this name, instead of the one that had it before."""
    row = tx.get(SnapshotRow, name)
    if row is None:
        tx.add(SnapshotRow(workspace_id=tx.ws, name=name, clone_id=clone_id, taken_wall=taken_wall))
    else:
        mark_gone(tx, row.clone_id)
        tx.update(row, clone_id=clone_id, taken_wall=taken_wall)


def remove(tx: Tx, name: str) -> None:
    """Delete a snapshot; raises `UnknownSnapshot`."""
    snapshot = find_snapshot(tx, name)
    mark_gone(tx, snapshot.clone_id)
    tx.delete(SnapshotRow(workspace_id=tx.ws, name=name, clone_id=snapshot.clone_id, taken_wall=snapshot.taken_wall))
