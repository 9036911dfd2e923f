"""The end of a workspace: nothing of it is left in any table."""

from sandbox.store import Tx
from sandbox.store.tables import Part

SEED, SNAPSHOT, ARRIVING = "seed", "snapshot", "arriving"
"""What a hidden workspace is kept for; one whose rows are still coming is of no use once its process has ended."""


def delete_workspace(tx: Tx) -> None:
    """Delete the workspace and all that it owns; raises `ProtectedWorkspace` for the default one."""
    raise NotImplementedError


def delete_expired(tx: Tx) -> None:
    """Delete the workspaces that are over."""
    raise NotImplementedError


def delete_leftovers(tx: Tx) -> None:
    """Delete what a process that has ended left of snapshots that were arriving."""
    raise NotImplementedError


def next_expiry(tx: Tx) -> int | None:
    """Return when the next workspace is over, in ms of wall time."""
    raise NotImplementedError


def drop_unused_seeds(tx: Tx) -> None:
    """Delete the seeds that no workspace began with, but for the newest of those with a start of their own."""
    raise NotImplementedError


def erase(tx: Tx, workspace_id: int) -> None:
    """Delete every row of a workspace, be it hidden or not."""
    raise NotImplementedError


def empty(tx: Tx, workspace_id: int, *parts: Part) -> None:
    """Delete the rows of those parts."""
    raise NotImplementedError
