"""Faults: how single calls of a vendor's API are to go wrong."""

from sqlmodel import Field

from sandbox.world.models.base import Part, Row


class Fault(Row, table=True):
    """One fault, and how far it has got. They are asked in the order of their ids."""

    __part__ = Part.CONTENT

    workspace_id: int = Field(primary_key=True, foreign_key="workspace.id", ondelete="CASCADE")
    id: int = Field(primary_key=True)
    match: str
    """JSON: what a call must be about, as `faults.Call` has it; what is left out may be anything."""
    effect: str
    """JSON: as the control API has it, durations of wall time in ms."""
    probability: float = 1.0
    seed: int
    skip: int = 0
    times: int | None = None
    expires_at: int | None = None

    matched: int = 0
    applied: int = 0
    window_at: int | None = None
    """Of a rate limit: when its present window began, and how many calls that has seen."""
    window_calls: int = 0
