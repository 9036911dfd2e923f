"""Which story is a workspace in, and what happens when that ends?"""

from sqlalchemy import bindparam, delete

from sandbox.store import Tx
from sandbox.store.tables import SCHEDULED, StoryRunRow
from sandbox.world.schedule import update_next_due
from sandbox.world.workspaces.change import change_workspace

DROP_STEPS = delete(SCHEDULED).where(SCHEDULED.c.workspace_id == bindparam("ws"), SCHEDULED.c.is_of_story)


def current_run(tx: Tx) -> StoryRunRow | None:
    """Return the story that is under way."""
    return tx.get(StoryRunRow)


def start(tx: Tx, story: str, ends_at: int) -> None:
    """Begin a run now, as the clock stands; its steps are scheduled by the caller."""
    tx.add(
        StoryRunRow(
            workspace_id=tx.ws, story=story, began_at=tx.now, ends_at=ends_at, was_frozen=tx.workspace.clock_frozen
        )
    )


def end(tx: Tx, *, stays_frozen: bool) -> None:
    """Drop what is still to come of the story, and let the clock go as it did before.

    `stays_frozen`: a clock that was stopped meanwhile goes on standing, though it ran before.
    """
    run = current_run(tx)
    if run is None:
        return
    tx.execute(DROP_STEPS)
    tx.delete(run)
    change_workspace(
        tx,
        clock_frozen=run.was_frozen or (stays_frozen and tx.workspace.clock_frozen),
        clock_at=tx.now,
        clock_wall=tx.wall,
        clock_speed=1.0,
    )
    update_next_due(tx)
    tx.notify("clock")
