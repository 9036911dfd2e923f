"""A workspace's clock."""

from typing import Literal, Self

from pydantic import Field, model_validator

from dialog_sandbox.models.base import BodyModel, SparseAnswer, absent, body_example
from dialog_sandbox.models.values import (
    LONGEST_DELAY_S,
    MESSAGE_ID,
    AnyStatus,
    ClockState,
    Moment,
    Number,
    Timestamp,
)

LONGEST_ADVANCE_S = 100 * LONGEST_DELAY_S
SLOWEST, FASTEST = 0.001, 86_400
SPEED_HELP = "Seconds that a running clock goes in a second of wall time"


class ClockReading(SparseAnswer):
    now: Timestamp
    wall: Timestamp = Field(description="The time outside, which timeouts go by.")
    state: ClockState
    speed: Number = Field(1, description=f"{SPEED_HELP}; missing where that is 1.")


class DueEventInfo(SparseAnswer):
    """Something that came due."""

    at: Timestamp
    event: Literal["message", "inbound", "status", "callback"]
    message: str = Field(pattern=MESSAGE_ID)
    status: AnyStatus | None = absent()
    callback: str | None = absent()


class ClockTurned(ClockReading):
    fired: list[DueEventInfo] = Field(description="What came due, in order.")
    settled: bool | None = absent()


class ClockRequest(BodyModel):
    """`at` goes with `freeze` (or not) and `set`, `seconds` with `advance`, `speed` with `run` (or not)."""

    model_config = body_example({"action": "advance", "seconds": 5})

    action: Literal["freeze", "set", "advance", "run"]
    at: Moment | None = None
    seconds: float | None = Field(None, ge=0, le=LONGEST_ADVANCE_S, allow_inf_nan=False)
    speed: float | None = Field(
        None, ge=SLOWEST, le=FASTEST, allow_inf_nan=False, description=f"{SPEED_HELP}; as it was, if left out."
    )
    settle: float | None = Field(
        None,
        ge=0,
        le=300,
        allow_inf_nan=False,
        description="Wait so long for callbacks, in seconds of wall time.",
    )

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        takes_at, takes_seconds = self.action in ("freeze", "set"), self.action == "advance"
        if (self.action == "set" and self.at is None) or (self.at is not None and not takes_at):
            raise ValueError("must have an at with the action set, may have one with freeze, and with no other")
        if takes_seconds is (self.seconds is None):
            raise ValueError("must have seconds with the action advance, and with no other")
        if self.speed is not None and self.action != "run":
            raise ValueError("may have a speed with the action run, and with no other")
        return self
