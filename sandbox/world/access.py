"""How is a workspace opened for a caller, so that what is due there happens first?"""

from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from typing import TypeVar

from sandbox.store import Slices, Store, StoreUnavailable, Tx, WorkspaceView, noting, serve_others
from sandbox.world.commands import run_due
from sandbox.world.workspaces import remove

T = TypeVar("T")

Find = Callable[[Tx], WorkspaceView]
"""Finds the workspace that the caller means, or raises why there is none."""


class _Found(Enum):
    WORK_DUE = "work due"


async def read_in(store: Store, find: Find, work: Callable[[Tx], T]) -> T:
    """Return what `work` makes of the workspace that `find` gives, as it is when all that is due has happened."""

    def look(tx: Tx) -> T | _Found:
        return _Found.WORK_DUE if is_work_due(tx, find) else work(tx)

    found = await store.read(look)
    return await write_in(store, find, work) if isinstance(found, _Found) else found


async def write_in(store: Store, find: Find, work: Callable[[Tx], T]) -> T:
    """Run `work` in the workspace that `find` gives, after what is due there, all or nothing."""

    def do(tx: Tx) -> T | _Found:
        is_rest_due = is_work_due(tx, find) and run_due(tx)
        return _Found.WORK_DUE if is_rest_due else work(tx)

    while isinstance(done := await store.write(do), _Found):
        await serve_others()
    return done


async def write_in_slices(store: Store, find: Find, work: Callable[[Tx], Slices[T]]) -> T:
    """Run long work in the workspace that `find` gives, after what is due there, and serve others meanwhile."""
    await read_in(store, find, lambda _: None)

    def enter(tx: Tx) -> Slices[T]:
        tx.enter(find(tx))
        return (yield from work(tx))

    return await make_in_slices(store, enter)


async def make_in_slices(store: Store, work: Callable[[Tx], Slices[T]]) -> T:
    """Run long work, and serve others meanwhile; of one that fails no hidden workspace is left that it was making."""
    made: set[int] = set()

    def note_hidden(tx: Tx, is_last: bool) -> None:
        if not is_last and tx.workspace.is_hidden:
            made.add(tx.workspace.id)

    try:
        return await store.write_in_slices(lambda tx: noting(tx, work(tx), note_hidden))
    except Exception:
        if made:
            with suppress(StoreUnavailable):
                await store.write(lambda tx: remove.drop_unfinished(tx, made))
        raise


def is_work_due(tx: Tx, find: Find) -> bool:
    """Enter the workspace that `find` gives; return whether something is due there."""
    next_due_at = tx.enter(find(tx)).next_due_at
    return next_due_at is not None and next_due_at <= tx.now
