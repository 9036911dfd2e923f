"""Named states that a workspace can be put back into."""

from sqlmodel import Field

from sandbox.world.models.base import Part, Row


class Snapshot(Row, table=True):
    """The name of a copy; its rows, clock and delivery are those of the hidden workspace that holds it."""

    __part__ = Part.KEPT

    workspace_id: int = Field(primary_key=True, foreign_key="workspace.id", ondelete="CASCADE")
    name: str = Field(primary_key=True)
    copy_id: int
    """The hidden workspace's."""
    taken_wall: int
    """Wall time."""
