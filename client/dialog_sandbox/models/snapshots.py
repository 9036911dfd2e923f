"""Beginning again, and the states that one can begin from."""

from typing import Literal, Self

from pydantic import Field, model_validator

from dialog_sandbox.models.base import AnswerModel, BodyModel, absent
from dialog_sandbox.models.values import ClockState, SnapshotName, Timestamp


class ResetRequest(BodyModel):
    """`name` goes with `snapshot`."""

    to: Literal["seed", "empty", "snapshot"] = "seed"
    name: SnapshotName = absent()

    @model_validator(mode="after")
    def _has_a_name_if_it_needs_one(self) -> Self:
        if (self.to == "snapshot") != (self.name is not None):
            raise ValueError("must have a name with to: snapshot, and with nothing else")
        return self


class Snapshot(AnswerModel):
    name: str
    now: Timestamp = Field(description="What the workspace's clock read.")
    state: ClockState
    taken_at: Timestamp = Field(description="Wall time.")
    messages: int
