"""Beginning again, and the states that one can begin from."""

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from dialog_sandbox.models.base import AnswerModel, BodyModel, QueryModel, absent
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


class WholeFileRequest(QueryModel):
    """A file that a world is made of again: it has everything as it was."""

    mask: bool = Field(False, description="`true` is refused: what was masked would not be the same world again.")

    @field_validator("mask")
    @classmethod
    def _is_not_true(cls, value: bool) -> bool:
        if value:
            raise ValueError(
                "must not be true: this file makes the same world again, so it holds the data as it was;"
                " the journal, its exports and the report are masked"
            )
        return value


class Snapshot(AnswerModel):
    name: str
    now: Timestamp = Field(description="What the workspace's clock read.")
    state: ClockState
    taken_at: Timestamp = Field(description="Wall time.")
    messages: int
