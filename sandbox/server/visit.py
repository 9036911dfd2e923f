"""What does the ticker do in a workspace when it is its turn, and when is it to come again?"""

from typing import NamedTuple

from sandbox.clock import NEVER, SECOND
from sandbox.server.callback_scheduler import QueuedCallback
from sandbox.store import Tx
from sandbox.world.callbacks import claims
from sandbox.world.commands import run_due
from sandbox.world.workspaces import find

BATCH_SIZE = 500
"""Callbacks of a workspace that are claimed together; others get their turn before the next ones."""
LEASE = 4 * SECOND


class Visit(NamedTuple):
    """What was claimed in a workspace, and when the next thing is due by its clock and by the wall clock."""

    claimed: list[QueuedCallback]
    due_at: int
    due_wall: int


def look(tx: Tx, workspace_id: int) -> Visit:
    """Return a visit that does nothing, as there may be nothing to do."""
    tx.enter(find.by_id(tx, workspace_id))
    return _visit_of(tx, [])


def run_and_claim(tx: Tx, workspace_id: int, owner: str) -> Visit:
    """Run a slice of what is due; when no more is, claim callbacks for this owner."""
    workspace = tx.enter(find.by_id(tx, workspace_id))
    if workspace.next_due_at is not None and workspace.next_due_at <= tx.now and run_due(tx):
        return _visit_of(tx, [])  # the rest in the next turn, others before it
    claimed = claims.claim(tx, owner, tx.wall + LEASE, tx.now, BATCH_SIZE)
    return _visit_of(tx, [QueuedCallback(workspace_id, workspace.epoch, each.id, each.url) for each in claimed])


def _visit_of(tx: Tx, claimed: list[QueuedCallback]) -> Visit:
    workspace, callback = tx.workspace, claims.next_due(tx)
    at = min(due for due in (workspace.next_due_at, callback, NEVER) if due is not None)
    if at <= tx.now:
        return Visit(claimed, at, tx.wall)
    return Visit(claimed, at, NEVER if at == NEVER or workspace.clock_frozen else workspace.wall_at(at))
