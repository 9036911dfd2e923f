"""What can happen in a rehearsal? Each step says when, what the client is tried with, and does it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sandbox.rehearsal.place import SUBMIT, RehearsalPlace

TEXT = "text"
"""What is tried with a plain text: many are counted together."""


@dataclass(frozen=True, kw_only=True)
class RehearsalStep:
    """`at`: since the beginning. `tries`: what the client is tried with, in a few words."""

    at: timedelta
    tries: str

    def execute(self, place: RehearsalPlace) -> None:
        """Do it; by the time that it returns, it is done."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class PlannedStep(RehearsalStep):
    """One that can be written down before, to happen at its very time."""


@dataclass(frozen=True, kw_only=True)
class StaffText(PlannedStep):
    """Staff text a phone, from the console or from a tracking number."""

    tries: str = TEXT
    to: str
    text: str
    by_number: bool = False

    def execute(self, place: RehearsalPlace) -> None:
        at = place.at(self.at)
        if self.by_number and place.tracking_number is not None:
            place.workspace.send(self.to, self.text, tracking_number=place.tracking_number, at=at)
        else:
            place.workspace.send(self.to, self.text, console=place.console.code, at=at)


@dataclass(frozen=True, kw_only=True)
class PhoneText(PlannedStep):
    """A phone texts the console's line, or a tracking number."""

    tries: str = TEXT
    phone: str
    text: str
    to_number: bool = False

    def execute(self, place: RehearsalPlace) -> None:
        is_to_number = self.to_number and place.tracking_number is not None
        line = place.tracking_number if is_to_number else place.console.line
        place.workspace.inbound(self.phone, line or "", self.text, at=place.at(self.at))


@dataclass(frozen=True, kw_only=True)
class BroadcastStep(PlannedStep):
    """Staff text many at once."""

    tries: str = "a broadcast"
    name: str
    text: str
    to: tuple[str, ...]
    campaign: str | None = None

    def execute(self, place: RehearsalPlace) -> None:
        place.workspace.broadcast(
            self.name,
            self.text,
            list(self.to),
            console=place.console.code,
            campaign=self.campaign,
            sent_by="frontdesk@clinic.example",
            at=place.at(self.at),
        )


@dataclass(frozen=True, kw_only=True)
class TroubleOfReads(RehearsalStep):
    """Reads by date range go wrong for so long: one effect after the other, each as often as it says."""

    lasts: timedelta
    effects: tuple[Mapping[str, Any], ...]

    def execute(self, place: RehearsalPlace) -> None:
        for operation in ("writeback.*", "dialogtech.*"):
            for effect in self.effects:
                place.add_fault(operation, expires_in=self.lasts, **effect)


@dataclass(frozen=True, kw_only=True)
class LiveStep(RehearsalStep):
    """One that is done when it is time: a method of the place, with these arguments."""

    method: Callable[..., object]
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def execute(self, place: RehearsalPlace) -> None:
        self.method(place, **self.arguments)


@dataclass(frozen=True, kw_only=True)
class Scene(LiveStep):
    """Something about what the client calls, for which the clock runs as outside; none for one that never calls it."""

    operation: str = SUBMIT

    def execute(self, place: RehearsalPlace) -> None:
        if place.is_called(self.operation):
            super().execute(place)
