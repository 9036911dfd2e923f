"""What clients are told, and the sinks that are told it."""

from typing import Literal

from pydantic import Field

from dialog_sandbox.models.base import AnswerModel, BodyModel, PageRequest
from dialog_sandbox.models.values import CALLBACK_ID, MESSAGE_ID, AnyStatus, Delay, Number, Probability, Timestamp


class Attempt(AnswerModel):
    at: Timestamp
    status: int | None = Field(description="Of the answer, if there was one.")
    error: str | None
    ms: int
    next_at: Timestamp | None = Field(description="When it was to be tried again.")


class Callback(AnswerModel):
    id: str = Field(pattern=CALLBACK_ID)
    message: str = Field(pattern=MESSAGE_ID)
    url: str
    status: AnyStatus
    payload: dict[str, str] = Field(description="The form, as the vendor has it.")
    state: Literal["pending", "delivered", "given_up"]
    due_at: Timestamp
    reason: str | None = Field(description="Why it was given up.")
    attempts: list[Attempt]


class ListCallbacksRequest(PageRequest):
    message: str | None = Field(None, description="Any id of a message.")
    after: str | None = Field(None, pattern=CALLBACK_ID, description="The `next` of the page before.")


class RedeliveryResponse(AnswerModel):
    id: str
    state: Literal["pending"]


class CallbackProfile(AnswerModel):
    """Probabilities from 0 to 1, but `delay` in seconds."""

    duplicate: Number = Field(description="It is delivered twice.")
    lose: Number = Field(description="It is never sent.")
    reorder: Number = Field(description="It changes places with the next one of its message.")
    delay: Number = Field(description="So much later than its status, on the workspace's clock.")
    contradict: Number = Field(description="After the last one another one says the opposite.")
    before_response: Number = Field(description="The first one comes before the submit is answered.")
    seed: int


class CallbackProfileRequest(BodyModel):
    """What is left out does not happen."""

    duplicate: Probability = 0
    lose: Probability = 0
    reorder: Probability = 0
    delay: Delay = 0
    contradict: Probability = 0
    before_response: Probability = 0
    seed: int | None = Field(None, ge=0, lt=2**62, description="The workspace's own if left out.")


class PutSinkRequest(BodyModel):
    status: int = Field(200, ge=200, le=599)
    delay: float = Field(0, ge=0, le=60, allow_inf_nan=False, description="Seconds of wall time.")


class SinkUrl(AnswerModel):
    url: str


class SinkRequest(AnswerModel):
    at: Timestamp
    method: str
    query: str
    headers: list[list[str]]
    body: str
    truncated: bool = Field(description="Only the beginning of the body was kept.")
    form: dict[str, str] | None = Field(
        description="The body, if it is a urlencoded form of at most 1,000 fields and all there."
    )


class SinkInfo(AnswerModel):
    name: str
    url: str
    status: int
    delay: Number
    received: list[SinkRequest]
