"""How does long work of the world go on in the next transaction?"""

from sqlalchemy import bindparam, update

from sandbox.store import Slices, Tx, WorkspaceView
from sandbox.store.tables import WORKSPACES
from sandbox.store.workspace_view import LOCKED_VIEW
from sandbox.world.errors import UnknownWorkspace
from sandbox.world.workspaces.remove import LONGEST_PAUSE

ROWS = 500
"""About as many are copied in one slice: 10 to 20 ms."""
KEEP = update(WORKSPACES).where(WORKSPACES.c.id == bindparam("own")).values(expires_wall=bindparam("until"))


def next_slice(tx: Tx) -> Slices[Tx]:
    """End this transaction, so that others are served; return the next one, in the same workspace.

    Raises `UnknownWorkspace` if it was deleted meanwhile.
    """
    own = tx.workspace.id
    following = yield
    if following is not tx:
        workspace = following.enter(workspace_in_making(following, own))
        if workspace.is_hidden:
            extend_arrival(following, own)
    return following


def extend_arrival(tx: Tx, workspace_id: int) -> None:
    """Say that a workspace is still being made."""
    tx.execute(KEEP, own=workspace_id, until=tx.wall + LONGEST_PAUSE)


def workspace_in_making(tx: Tx, workspace_id: int) -> WorkspaceView:
    """Return a workspace by its number, be it hidden or not."""
    workspace = tx.one(LOCKED_VIEW, id=workspace_id)
    if workspace is None:
        raise UnknownWorkspace("This workspace is gone.")
    return workspace
