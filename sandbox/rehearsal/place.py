"""What does a rehearsal find in a workspace, bring there, and take away in the end?"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from dialog_sandbox import Refused, Workspace
from dialog_sandbox._sync.faults import Fault
from dialog_sandbox.models.delivery import Delivery
from dialog_sandbox.models.values import Outcome
from sandbox.rehearsal.pace import Pace, SceneProgress
from sandbox.rehearsal.people import CHARACTERS

SUBMIT = "simplepay.submit"
LINGER_S = 5.0
"""How long it is watched whether a client sends again what has been sent."""


class RehearsalPlace:
    """A workspace while a rehearsal is played in it. Texts go out from its first console and tracking number."""

    def __init__(self, workspace: Workspace, begin: datetime, pace: Pace) -> None:
        self.workspace = workspace
        self.begin = begin
        self.pace = pace
        self.console = workspace.consoles[0]
        numbers = [number for account in workspace.accounts for number in account.tracking_numbers]
        self.tracking_number = numbers[0] if numbers else None
        self.quieted: list[str] = []
        """Phones that were opted out, the latest last."""
        self._delivery = workspace.delivery()
        self._profile = workspace.callback_profile()
        self._clock = workspace.clock.read()
        self._had_date_header = workspace.info.date_header
        self._faults: list[Fault] = []

    def at(self, after: timedelta) -> datetime:
        """Return a time that is given since the beginning."""
        return self.begin + after

    def set_up(self) -> None:
        """Have answers bear the workspace's time, and enter the people."""
        self.workspace.change(date_header=True)
        for character in CHARACTERS:
            with suppress(Refused):  # it is somebody's already
                self.workspace.add_person(character.phone, **character.details)

    def tidy_up(self) -> None:
        """Have the workspace answer as it did before; what happened in it stays."""
        for fault in self._faults:
            fault.remove()
        self._set_delivery(self._delivery)
        self.workspace.callback_profile(**self._profile.model_dump())
        self.workspace.change(date_header=self._had_date_header)
        self.workspace.clock.run(speed=float(self._clock.speed))
        if self._clock.state == "frozen":
            self.workspace.clock.freeze()

    def remove_unknown(self, phone: str) -> None:
        """Remove the person of a phone whom nobody has entered."""
        with suppress(Refused):  # nobody is there who was texted
            person = self.workspace.person(phone)
            if person.first_name is None and person.last_name is None:
                self.workspace.remove_person(person.person_id)

    # How messages and calls fare

    def settle_after(self, seconds: float, outcome: Outcome) -> None:
        """Have messages settle so much later from now on, and so."""
        self._set_delivery(
            self._delivery.model_copy(
                update={"mode": "timed", "sent_after": 1, "settled_after": seconds, "outcome": outcome}
            )
        )

    def change_callbacks(self, **profile: Any) -> None:
        """Have callbacks misbehave so from now on; as the control API has it."""
        self.workspace.callback_profile(**profile)

    def _set_delivery(self, delivery: Delivery) -> None:
        members = delivery.model_dump(exclude={"numbers"})
        numbers = {phone: each.model_dump(exclude_none=True) for phone, each in delivery.numbers.items()}
        self.workspace.delivery(**members, numbers=numbers)

    def add_fault(self, operation: str, **effect: Any) -> Fault:
        """Have calls go wrong, until the end of the rehearsal at the latest."""
        fault = self.workspace.fault(operation, **effect)
        self._faults.append(fault)
        return fault

    # Scenes

    def is_called(self, operation: str) -> bool:
        """Return whether the client has made such a call yet."""
        return bool(self.workspace.journal(1, operation=operation))

    def spoil(self, operation: str, effect: Mapping[str, Any]) -> None:
        """Let calls go wrong, and wait for what the client does about it."""
        is_to_be_sent_again = effect.get("status", 0) >= 500 or "rate_limit" in effect
        with self.pace.scene():
            since = self._now
            fault = self.add_fault(operation, **effect)
            self.pace.watch(lambda: self._progress(operation, since, is_to_be_sent_again=is_to_be_sent_again))
            fault.remove()

    def _progress(self, operation: str, since: datetime, *, is_to_be_sent_again: bool) -> SceneProgress:
        """It is over when each call that went wrong was made again and accepted, or may well stay as it is."""
        calls = self.workspace.journal(operation=operation, since=since)
        last = {(each.path, each.request.body): each for each in calls}
        hit = [each for each in calls if each.fault is not None]
        if not hit:
            return SceneProgress.WAITING
        is_sent = all(last[each.path, each.request.body].outcome == "accepted" for each in hit)
        is_over = is_sent or (not is_to_be_sent_again and self._is_past(hit[-1].at))
        return SceneProgress.OVER if is_over else SceneProgress.REACHED

    def lose_a_message(self) -> None:
        """Remove the next message that the client submits, and wait until it may have asked for its status."""
        with self.pace.scene():
            since = self._now
            self.pace.watch(lambda: self._progress_of_loss(since))

    def _progress_of_loss(self, since: datetime) -> SceneProgress:
        calls = self.workspace.journal(1, operation=SUBMIT, outcome="accepted", since=since)
        if not calls:
            return SceneProgress.WAITING
        with suppress(Refused):  # it is gone already
            message = self.workspace.message(calls[0].messages[0])
            self.workspace.delete_messages(to=message.to, text=message.text, since=since)
        return SceneProgress.OVER if self._is_past(calls[0].at) else SceneProgress.REACHED

    def opt_out(self, *, by_staff: bool = False) -> None:
        """Have a phone that the client texts opted out, and wait until the client may know."""
        phone = self._phone_of_client()
        if phone is None:
            return
        self.quieted.append(phone)
        with self.pace.scene():
            since = self._now
            if by_staff:
                self.workspace.opt_out(phone, self.console.code)
            else:
                self.workspace.inbound(phone, self.console.line, "STOP")
            self.pace.watch(lambda: self._progress_of_opt_out(phone, since))

    def opt_in_again(self) -> None:
        """Have the phone that was opted out first text START."""
        if self.quieted:
            self.workspace.inbound(self.quieted[0], self.console.line, "START")

    def _phone_of_client(self) -> str | None:
        """Return the phone that the client has texted last, of those that are not opted out."""
        sent = self.workspace.journal(50, operation=SUBMIT, outcome="accepted", order="newest")
        for phone in dict.fromkeys(each.to for each in sent if each.to):
            consents = self.workspace.consents(phone=phone, console=self.console.code)
            if all(each.state == "opted_in" for each in consents):
                return phone
        return None

    def _progress_of_opt_out(self, phone: str, since: datetime) -> SceneProgress:
        """It is over when the client has texted the phone once more, and had time to learn what became of that."""
        texts = self.workspace.messages(vendor="simplepay", direction="outbound", to=phone, since=since)
        if not texts:
            return SceneProgress.WAITING
        return SceneProgress.OVER if self._is_past(texts[0].timeline[0].at) else SceneProgress.REACHED

    def _is_past(self, at: datetime) -> bool:
        lingering = min(LINGER_S, self.pace.scene_s / 2)
        return (self._now - at).total_seconds() >= lingering

    @property
    def _now(self) -> datetime:
        return self.workspace.clock.now
