"""Calls that go wrong on purpose."""

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, PlainValidator, WithJsonSchema, model_validator

from dialog_sandbox.models.base import AnswerModel, BodyModel, DescribedAs, absent, body_example
from dialog_sandbox.models.values import (
    LONGEST_DELAY_S,
    LONGEST_SOUGHT,
    LineNumber,
    Number,
    OperationPattern,
    PhoneNumber,
    Probability,
    Text,
    Timestamp,
)

EFFECTS = ("status", "rate_limit", "reset", "close", "truncate", "malformed", "drip", "timeout")
"""An effect has one of them at most."""
LONGEST_LATENCY_MS = 300_000
LONGEST_HOLD_S = 300
MOST_FAULTS = 1_000
NO_BODY = (204, 304)
LATENCY_HELP = f'must be ms from 0 to {LONGEST_LATENCY_MS}, or {{"min", "max"}} of them in order'
HOLD_HELP = f"must be true, or seconds up to {LONGEST_HOLD_S}"


def latency(value: Any) -> Any:
    """Milliseconds, or `min` and `max` of them; raises ValueError."""
    if isinstance(value, dict) and set(value) != {"min", "max"}:
        raise ValueError(LATENCY_HELP)
    low, high = (value["min"], value["max"]) if isinstance(value, dict) else (value, value)
    if not (_is_number(low) and _is_number(high) and 0 <= low <= high <= LONGEST_LATENCY_MS):
        raise ValueError(LATENCY_HELP)
    return value


def hold(value: Any) -> Any:
    """`true`, or seconds; raises ValueError."""
    if value is True or (_is_number(value) and 0 < value <= LONGEST_HOLD_S):
        return value
    raise ValueError(HOLD_HELP)


def flag(value: object) -> bool:
    """`true`; raises ValueError."""
    if value is not True:
        raise ValueError("must be true, or be left out")
    return True


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


MS_SCHEMA = {"type": "number", "minimum": 0, "maximum": LONGEST_LATENCY_MS}
LATENCY_SCHEMA = {
    "anyOf": [
        MS_SCHEMA,
        {
            "type": "object",
            "properties": {"min": MS_SCHEMA, "max": MS_SCHEMA},
            "required": ["min", "max"],
            "additionalProperties": False,
        },
    ],
    "description": "Milliseconds of wall time that the answer waits; between two, the seed decides.",
    "examples": [250],
}
HOLD_SCHEMA = {
    "anyOf": [
        {"type": "boolean", "const": True},
        {"type": "number", "exclusiveMinimum": 0, "maximum": LONGEST_HOLD_S},
    ],
    "description": "No answer until the caller hangs up; after so many seconds (300) the connection is closed.",
}

Latency = Annotated[Any, PlainValidator(latency), WithJsonSchema(LATENCY_SCHEMA)]
Flag = Annotated[bool, PlainValidator(flag), WithJsonSchema({"type": "boolean", "const": True})]
Hold = Annotated[Any, PlainValidator(hold), WithJsonSchema(HOLD_SCHEMA)]


class Match(BodyModel):
    """What a call must be about; what is left out may be anything. Numbers are compared normalised."""

    operation: OperationPattern = absent()
    to: PhoneNumber = absent()
    from_: LineNumber = absent(alias="from")
    text: Annotated[Text, Field(max_length=LONGEST_SOUGHT, description="Contains it, as written.")] = absent()
    console: Annotated[Text, Field(description="A console's code.")] = absent()
    account: Annotated[Text, Field(description="A DialogTech access key.")] = absent()
    number: Annotated[PhoneNumber, Field(description="The tracking number that a call asks for.")] = absent()


class Drip(BodyModel):
    bytes: int = Field(ge=1, le=2**30, description="Of the body, sent together.")
    ms: float = Field(ge=0, le=60_000, allow_inf_nan=False, description="Between one lot and the next, wall time.")


class RateLimit(BodyModel):
    requests: int = Field(ge=0, le=10**9, description="That may pass in a window.")
    seconds: float = Field(ge=0.001, le=LONGEST_DELAY_S, description="How long a window is, on the workspace's clock.")


class Effect(BodyModel):
    """One of `status`, `rate_limit`, `reset`, `close`, `truncate`, `malformed`, `drip` and `timeout`, or `latency_ms`,
    or both.
    """

    latency_ms: Latency = absent()
    status: Annotated[int, Field(ge=200, le=599, description="This HTTP status, and nothing is done.")] = absent()
    body: Annotated[str, Field(description="With `status`: instead of the vendor's own refusal.")] = absent()
    rate_limit: Annotated[RateLimit, Field(description="429 beyond so many calls, and nothing is done.")] = absent()
    reset: Annotated[Flag, Field(description="The connection is reset.")] = absent()
    close: Annotated[Flag, Field(description="The connection is closed without an answer.")] = absent()
    truncate: Annotated[int, Field(ge=0, le=2**30, description="The answer stops inside its body, after so many.")] = (
        absent()
    )
    malformed: Annotated[Flag, Field(description="The body is broken JSON or XML.")] = absent()
    drip: Annotated[Drip, Field(description="The body comes in drops.")] = absent()
    timeout: Hold = absent()
    before: Annotated[Flag, Field(description="It comes before anything is done; else what was done stays so.")] = (
        absent()
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        main = [name for name in EFFECTS if name in self.model_fields_set]
        if len(main) > 1:
            raise ValueError(f"must have only one of {' and '.join(main)}")
        if not main and "latency_ms" not in self.model_fields_set:
            raise ValueError(f"must have one of {', '.join(EFFECTS)}, or latency_ms")
        if "body" in self.model_fields_set and "status" not in main:
            raise ValueError("must have a body only with status")
        if self.body and self.status in NO_BODY:
            raise ValueError(f"must have no body with status {self.status}")
        return self


MatchAsSent = Annotated[dict[str, Any], DescribedAs(Match)]
"""A `Match` as it was sent, which an answer repeats."""
EffectAsSent = Annotated[dict[str, Any], DescribedAs(Effect)]
"""An `Effect` as it was sent, which an answer repeats."""


class AddFaultRequest(BodyModel):
    model_config = body_example({"match": {"operation": "simplepay.submit"}, "effect": {"status": 503}, "times": 1})

    match: Match = Field(default_factory=Match, description="Left out, it is every call.")
    effect: Effect
    probability: Probability = 1.0
    seed: int | None = Field(None, ge=0, lt=2**62, description="Decides the dice; one of its own if left out.")
    skip: int = Field(0, ge=0, lt=2**62, description="So many calls that match pass first.")
    times: int | None = Field(None, ge=1, lt=2**62, description="It happens at most so often.")
    expires_in: Annotated[float, Field(gt=0, le=LONGEST_DELAY_S, allow_inf_nan=False)] | None = Field(
        None, description="Seconds, on the workspace's clock."
    )


class AppliedFault(AnswerModel):
    """A fault, as an exchange met it."""

    id: str | None = Field(description="Null when the call asked for it by X-Sandbox-Fault.")
    effect: EffectAsSent
    latency_ms: int


class FaultInfo(AnswerModel):
    id: str = Field(pattern="^fault_[0-9]{8,17}$")
    match: MatchAsSent
    effect: EffectAsSent
    probability: Number
    seed: int
    skip: int
    times: int | None
    expires_at: Timestamp | None
    matched: int = Field(description="Calls that it matched while it was in force.")
    applied: int = Field(description="Calls that it was applied to.")
    left: int | None = Field(description="How often it can still be applied; null is without end.")


def _items(value: Any) -> Any:
    return value["items"] if isinstance(value, dict) and set(value) == {"items"} else value


class _OrItems:
    """Describes the list itself, or as an answer has it."""

    def __get_pydantic_json_schema__(self, core: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        array = handler(core)
        whole = {"type": "object", "properties": {"items": array}, "required": ["items"], "additionalProperties": False}
        return {"anyOf": [array, whole]}


SetFaultsRequest = Annotated[list[AddFaultRequest], Field(max_length=MOST_FAULTS), BeforeValidator(_items), _OrItems()]
