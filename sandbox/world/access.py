"""How is a workspace opened for a caller, so that what is due there happens first?"""

from collections.abc import Callable
from enum import Enum
from typing import TypeVar

from sandbox.store import Store, Tx, WorkspaceView
from sandbox.world.commands import run_due

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

    def do(tx: Tx) -> T:
        if is_work_due(tx, find):
            run_due(tx)
        return work(tx)

    return await store.write(do)


def is_work_due(tx: Tx, find: Find) -> bool:
    """Enter the workspace that `find` gives; return whether something is due there."""
    next_due_at = tx.enter(find(tx)).next_due_at
    return next_due_at is not None and next_due_at <= tx.now
