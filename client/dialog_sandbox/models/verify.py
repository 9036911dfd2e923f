"""What is expected of a journal, and in what it differs."""

from typing import Annotated, Any, Self

from pydantic import Field, GetCoreSchemaHandler, model_validator
from pydantic_core import CoreSchema, core_schema

from dialog_sandbox.models.base import AnswerModel, BodyModel, SparseAnswer, absent, body_example
from dialog_sandbox.models.events import Timeout
from dialog_sandbox.models.values import (
    EXCHANGE_ID,
    LONGEST_SOUGHT,
    ExchangeOutcome,
    KnownOperation,
    Operation,
    Timestamp,
)


class WhereRequest(BodyModel):
    """What the request gave, and what came of it. What is left out may be anything."""

    to: str | None = Field(None, description="In any writing of the number.", examples=["16155550123"])
    from_: str | None = Field(None, alias="from")
    text: str | None = Field(None, max_length=LONGEST_SOUGHT, description="Part of it.")
    console: str | None = Field(None, description="A console's code.")
    account: str | None = Field(None, description="An account's access key.")
    number: str | None = None
    status: int | None = Field(None, ge=100, le=999, description="Of HTTP.")
    outcome: ExchangeOutcome | None = None


class BoundsRequest(BodyModel):
    """How often: at least `min`, at most `max`."""

    min: int | None = Field(None, ge=0, lt=2**31)
    max: int | None = Field(None, ge=0, lt=2**31)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("must have min, max or both")
        if self.min is not None and self.max is not None and self.max < self.min:
            raise ValueError("must have a max that is not under its min")
        return self


def _kind_of_count(value: object) -> str | None:
    """Which of the two it is to be, so that what is wrong with it is said of that one."""
    if isinstance(value, dict | BoundsRequest):
        return "bounds"
    return "times" if isinstance(value, int) and not isinstance(value, bool) else None


class _ByKind:
    """A number or bounds, as `pydantic.Discriminator` would have it, which came with 2.5."""

    def __get_pydantic_core_schema__(self, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        kinds = {"times": handler.generate_schema(Times), "bounds": handler.generate_schema(BoundsRequest)}
        message = "Input should be a whole number, or an object with min, max or both"
        return core_schema.tagged_union_schema(
            kinds, _kind_of_count, custom_error_type="count", custom_error_message=message
        )


Times = Annotated[int, Field(ge=0, lt=2**31)]
Count = Annotated[int | BoundsRequest, _ByKind()]


class ExpectationRequest(BodyModel):
    operation: KnownOperation
    where: WhereRequest | None = None
    count: Count | None = Field(None, description="Exactly so many, or bounds; at least one if left out.")


class VerifyRequest(BodyModel):
    """Something must be expected."""

    model_config = body_example({"expect": [{"operation": "simplepay.submit", "count": 1}]})

    expect: list[ExpectationRequest] = Field([], max_length=100)
    in_order: bool = Field(
        False, description="What each one expects began after what the one before it expects had begun."
    )
    no_findings: bool = Field(False, description="No exchange has an error among its findings; notes do not count.")
    timeout: Timeout = Field(0, description="So long, in wall time, what is missing may still come.")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.expect and not self.no_findings:
            raise ValueError("must have expect, no_findings or both")
        return self


class VerifyResponse(AnswerModel):
    """All is as expected."""

    found: list[int] = Field(description="How many exchanges each expectation found, in the order asked.")
    matched: list[list[str]] = Field(
        description="Ids of those exchanges, the first of each expectation; with `in_order`, of those that count."
    )


class Difference(AnswerModel):
    member: str
    expected: str | int | None
    got: str | int | None


class Nearest(AnswerModel):
    """The exchange that differs from what is expected in the least."""

    exchange: str = Field(pattern=EXCHANGE_ID)
    at: Timestamp
    operation: Operation | None
    status: int
    outcome: ExchangeOutcome
    differs: list[Difference]


class Mistake(AnswerModel):
    exchange: str = Field(pattern=EXCHANGE_ID)
    rule: str
    seen: str
    mend: str


class Failure(SparseAnswer):
    """An expectation that is not met."""

    expect: dict[str, Any] = Field(description="As it was asked.")
    found: int = Field(description="How many exchanges, or errors among the findings, there are.")
    matched: list[str] = Field(description="Ids of those exchanges, the first of them.")
    after: str | None = absent()
    nearest: Nearest | None = Field(description="Where too few were found.")
    findings: list[Mistake] = Field(description="Where none was expected: the first of them.")
