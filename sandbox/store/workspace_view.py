"""What does a transaction know of its workspace?"""

from math import ceil
from typing import NamedTuple

from sqlalchemy import bindparam, or_, select

from sandbox.clock import LATEST, NEVER
from sandbox.store.query import Query
from sandbox.store.tables import WORKSPACES

SERVER = 0
"""The number of the workspace that stands for the server itself."""
GONE = "gone"
"""What a hidden workspace is kept for whose rows are being deleted."""


class WorkspaceView(NamedTuple):
    """A workspace as most work needs it: its row but for name and credentials. `world`: under which its rows are."""

    id: int
    world: int
    key: str
    seed: int
    clock_frozen: bool
    clock_at: int
    clock_wall: int
    clock_speed: float
    delivery_mode: str
    sent_after: int
    settled_after: int
    outcome: str
    numbers: str | None
    callback_profile: str | None
    date_header: bool
    counts_reads: bool
    next_due_at: int | None
    faults: int
    expires_wall: int | None
    epoch: int

    @property
    def is_hidden(self) -> bool:
        """Whether nobody can call it, since it is being made."""
        return self.key is None

    def now(self, wall: int) -> int:
        """Return what this workspace's clock reads when the wall clock reads `wall`; it never goes back."""
        if self.clock_frozen:
            return self.clock_at
        at = self.clock_at + int(max(0, wall - self.clock_wall) * self.clock_speed)
        return min(at, LATEST)

    def wall_at(self, at: int) -> int:
        """Return when the wall clock will read so that this (running) one reads `at`; `NEVER` if it stops before."""
        return NEVER if at > LATEST else self.clock_wall + ceil((at - self.clock_at) / self.clock_speed)


IS_VISIBLE = WORKSPACES.c.hidden.is_(None)
IS_THERE = or_(IS_VISIBLE, WORKSPACES.c.hidden != GONE)
"""It may be hidden, but its rows stay."""
VIEW = select(*(WORKSPACES.c[name] for name in WorkspaceView._fields)).where(IS_VISIBLE)
LOCKED_VIEW = Query(
    WorkspaceView,
    select(*(WORKSPACES.c[name] for name in WorkspaceView._fields))
    .where(WORKSPACES.c.id == bindparam("id"), IS_THERE)
    .with_for_update(),
    hot=True,
)
VIEW_BY_ID = Query(WorkspaceView, VIEW.where(WORKSPACES.c.id == bindparam("id")), hot=True)
