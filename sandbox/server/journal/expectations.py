"""What can be expected of an exchange, and how is it said?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement

from dialog_sandbox.models.verify import ExpectationRequest
from sandbox.store.tables import JOURNAL
from sandbox.world import phones
from sandbox.world.errors import ImpossiblePhone

COLUMNS: Mapping[str, ColumnElement[Any]] = {
    "to": JOURNAL.c.call_to,
    "from": JOURNAL.c.call_from,
    "text": JOURNAL.c.call_text,
    "console": JOURNAL.c.call_console,
    "account": JOURNAL.c.call_account,
    "number": JOURNAL.c.call_number,
    "status": JOURNAL.c.status,
    "outcome": JOURNAL.c.outcome,
}
"""What can be expected of an exchange, by the names that `where` has."""
PHONES = ("to", "from", "number")


@dataclass(frozen=True, slots=True)
class Expected:
    """So many exchanges of an operation. `most`: null for any number. `where`: by the names of `COLUMNS`."""

    operation: str
    where: Mapping[str, Any]
    least: int
    most: int | None

    def is_met(self, found: int) -> bool:
        return self.least <= found and (self.most is None or found <= self.most)

    @property
    def times(self) -> str:
        """How many, in words."""
        if self.least == self.most:
            return f"exactly {self.least}"
        if self.most is None:
            return f"at least {self.least}"
        return f"at most {self.most}" if self.least == 0 else f"{self.least} to {self.most}"

    @property
    def sentence(self) -> str:
        """What is expected, in words."""
        what = " ".join([self.operation, *(f"{name}={value!r}" for name, value in self.where.items())])
        return f"{what}: expected {self.times}"


def expected_of(request: ExpectationRequest) -> Expected:
    """Return what a request expects: at least one exchange if it does not say how many."""
    where = {} if request.where is None else request.where.model_dump(by_alias=True, exclude_none=True)
    count = request.count
    if isinstance(count, int):
        return Expected(request.operation, where, count, count)
    if count is None:
        return Expected(request.operation, where, 1, None)
    return Expected(request.operation, where, count.min or 0, count.max)


def digits_of(written: str) -> str:
    """Return those of a number, however it was written; what is none stays as it is."""
    try:
        return phones.normalised_line(written)
    except ImpossiblePhone:
        return written
