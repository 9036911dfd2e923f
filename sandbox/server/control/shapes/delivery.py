"""How messages fare."""

from typing import Self

from pydantic import Field, model_validator

from sandbox.server.control.shapes.base import Given, Shown
from sandbox.server.control.values import Delay, HandsetDigits, Mode, Outcome, Phone, absent


class Policy(Shown):
    mode: Mode
    sent_after: float = Field(description="Seconds from acceptance; in mode `timed`.")
    settled_after: float = Field(description="Seconds from acceptance; in mode `timed`.")
    outcome: Outcome


class LikeHandset(Shown):
    handset: HandsetDigits


class Delivery(Policy):
    """How messages fare that are accepted from now on."""

    numbers: dict[str, Policy | LikeHandset] = Field(description="By phone, what single ones have instead.")


class NewPolicy(Given):
    """What is left out takes its default."""

    mode: Mode = "timed"
    sent_after: Delay = 1
    settled_after: Delay = 3
    outcome: Outcome = "delivered"

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.settled_after < self.sent_after:
            raise ValueError("must not have a settled_after before sent_after")
        return self


class NewNumber(NewPolicy):
    """A policy for one phone, or `handset` alone: it then behaves as the fictional numbers with these last digits."""

    handset: HandsetDigits = absent()

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if self.handset is not None and len(self.model_fields_set) > 1:
            raise ValueError("must have either handset or a policy")
        return self


class NewDelivery(NewPolicy):
    """The whole policy."""

    mode: Mode
    numbers: dict[Phone, NewNumber] = Field({}, description="By phone, what single ones have instead.")
