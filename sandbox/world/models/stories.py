"""Which story is being played."""

from sqlmodel import Field

from sandbox.world.models.base import Part, Row


class Play(Row, table=True):
    """The story that a workspace is in; what of it is to come is written down in `scheduled`."""

    __part__ = Part.CONTENT

    workspace_id: int = Field(primary_key=True, foreign_key="workspace.id", ondelete="CASCADE")
    story: str
    began_at: int
    ends_at: int
    was_frozen: bool
    """Whether the clock stood before."""
