"""Stories: the timed scripts of a fixture."""

from typing import Literal

from pydantic import Field

from dialog_sandbox.models.base import AnswerModel, BodyModel
from dialog_sandbox.models.values import Number


class StoryStep(AnswerModel):
    at: Number = Field(description="Seconds of the workspace's clock since the beginning.")
    do: Literal["broadcast", "message", "submit", "inbound", "status", "tell"]
    caption: str | None = Field(description="What the presenter tells meanwhile.")


class Story(AnswerModel):
    name: str = Field(examples=["er_follow_up"])
    title: str
    summary: str
    seconds: Number = Field(description="How long it takes on the workspace's clock.")
    state: Literal["ready", "playing", "paused"]
    position: Number | None = Field(description="Seconds since the beginning, of the story under way.")
    speed: Number = Field(description="Seconds of the workspace's clock in a second of wall time.")
    steps: list[StoryStep]


class StoryRequest(BodyModel):
    """`play` begins, or goes on after a pause; `restart` begins anew, after a reset to the seed."""

    action: Literal["play", "pause", "restart", "stop"]
    speed: float | None = Field(
        None,
        ge=0.001,
        le=86_400,
        allow_inf_nan=False,
        description="With play and restart; the story's own if left out.",
    )
