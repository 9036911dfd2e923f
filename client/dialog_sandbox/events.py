"""Events, and how they are read from a `text/event-stream`."""

from dataclasses import dataclass
from json import loads
from typing import Any

from dialog_sandbox.models.messages import Message

OF_MESSAGES = ("message", "status", "inbound")


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
        is_of_message = self.data is not None and self.type in OF_MESSAGES
        return Message.model_validate(self.data) if is_of_message else None


class Frames:
    """Reads a stream piece by piece."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> list[Event]:
        """Return the events that end in this piece."""
        *whole, self._rest = (self._rest + piece).split(b"\n\n")
        return [event for event in map(_event, whole) if event is not None]


def _event(frame: bytes) -> Event | None:
    """None when it is a comment, which only keeps the connection warm."""
    fields = dict(line.split(b": ", 1) for line in frame.split(b"\n") if not line.startswith(b":"))
    if b"data" not in fields:
        return None
    return Event(fields.get(b"id", b"").decode(), fields[b"event"].decode(), loads(fields[b"data"]))
