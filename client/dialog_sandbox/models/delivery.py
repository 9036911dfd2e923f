"""How messages fare."""

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from dialog_sandbox.models.base import AnswerModel, BodyModel, SparseAnswer, absent
from dialog_sandbox.models.values import Delay, HandsetDigits, Mode, Number, Outcome, PhoneNumber

MOST_NUMBERS = 5_000
"""Each message looks its number up among them."""


class NumberDelivery(SparseAnswer):
    """What one phone has instead: a policy, or a handset's behaviour by its last two digits."""

    mode: Mode | None = absent()
    sent_after: Number | None = absent()
    settled_after: Number | None = absent()
    outcome: Outcome | None = absent()
    handset: str | None = absent()


class Delivery(AnswerModel):
    """How messages fare that are accepted from now on."""

    mode: Mode
    sent_after: Number = Field(description="Seconds from acceptance; in mode `reads` how often it is shown before.")
    settled_after: Number = Field(description="The same until it settles.")
    outcome: Outcome
    numbers: dict[str, NumberDelivery] = Field(description="By phone, what single ones have instead.")


class PolicyRequest(BodyModel):
    """What is left out takes its default."""

    mode: Mode = "timed"
    sent_after: Delay = 1
    settled_after: Delay = 3
    outcome: Outcome = "delivered"

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.settled_after < self.sent_after:
            raise ValueError("must not have a settled_after before sent_after")
        if self.mode == "reads" and (self.sent_after % 1 or self.settled_after % 1):
            raise ValueError("must have whole numbers of reads in sent_after and settled_after")
        return self


class NumberDeliveryRequest(PolicyRequest):
    """A policy for one phone, or `handset` alone: it then behaves as the fictional numbers with these last digits."""

    handset: HandsetDigits = absent()

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if "handset" in self.model_fields_set and len(self.model_fields_set) > 1:
            raise ValueError("must have either handset or a policy")
        return self


def _has_few_numbers(value: Any) -> Any:
    """Look before each of them is looked at."""
    if isinstance(value, dict) and len(value) > MOST_NUMBERS:
        raise ValueError(f"must have at most {MOST_NUMBERS} numbers")
    return value


class DeliveryRequest(PolicyRequest):
    """The whole policy."""

    mode: Mode
    numbers: Annotated[dict[PhoneNumber, NumberDeliveryRequest], BeforeValidator(_has_few_numbers)] = Field(
        {}, description="By phone, what single ones have instead.", json_schema_extra={"maxProperties": MOST_NUMBERS}
    )
