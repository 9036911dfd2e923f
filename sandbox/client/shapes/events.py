"""What happens, and what goes wrong on purpose."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.client.reading import read
from sandbox.client.shapes.messages import Message


@dataclass(frozen=True, slots=True)
class FaultInfo:
    """A fault, and how far it has got; `left` None is without end."""

    id: str
    match: dict[str, Any]
    effect: dict[str, Any]
    probability: float
    seed: int
    skip: int
    times: int | None
    expires_at: datetime | None
    matched: int
    applied: int
    left: int | None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: `message`, `status`, `inbound`, `callback`, `exchange`, `clock`, `reset` or `gap`.

    `data` is as the control API has it; `message` is it as a `Message`, of the first three.
    """

    id: str
    type: str
    data: Any

    @property
    def message(self) -> Message | None:
        is_of_message = self.data is not None and self.type in ("message", "status", "inbound")
        return read(Message, self.data) if is_of_message else None
