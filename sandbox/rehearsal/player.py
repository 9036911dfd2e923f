"""How is a rehearsal played, day by day?"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from dialog_sandbox import Workspace
from sandbox.rehearsal.days import CHANGING_ZONES, DAY, remarks_on
from sandbox.rehearsal.fortnight import fortnight
from sandbox.rehearsal.pace import Pace, Wait
from sandbox.rehearsal.place import RehearsalPlace
from sandbox.rehearsal.steps import TEXT, PlannedStep, RehearsalStep, Scene

EARLY = timedelta(hours=1)
"""How long before midnight, at least, what comes at midnight is written down."""
Tell = Callable[[str], None]


class Player:
    """Plays the days of a rehearsal in a workspace, whose clock begins it at `begin`, or has just passed that."""

    def __init__(
        self, workspace: Workspace, begin: datetime, *, days: int, minutes: float, seed: int, wait: Wait, tell: Tell
    ) -> None:
        self.days = days
        self.zones = zones_of(workspace)
        self.steps = fortnight(begin, days=days, seed=seed, zones=self.zones)
        self.pace = Pace(
            workspace.clock,
            begin,
            days=days,
            minutes=minutes,
            scenes=sum(isinstance(step, Scene) for step in self.steps),
            wait=wait,
        )
        self.place = RehearsalPlace(workspace, begin, self.pace)
        self._tell = tell

    def play(self) -> None:
        """Play all of it; returns when the last day is over. What `wait` raises ends it."""
        for n in range(self.days):
            begin, end = n * DAY, (n + 1) * DAY
            self.pace.until(begin)
            self._tell(self._line_about(n))
            self._write_down(begin, end)
            for step in self._of_day(begin, end):
                if not isinstance(step, PlannedStep):
                    self.pace.until(step.at)
                    step.execute(self.place)
        self.pace.until(self.days * DAY)

    def _write_down(self, begin: timedelta, end: timedelta) -> None:
        """Have what is planned of a day happen in its time. Later nights have been written down the day before."""
        self.pace.run_as_outside()
        first = begin + EARLY if begin else begin
        for step in self.steps:
            if isinstance(step, PlannedStep) and first <= step.at < end + EARLY:
                step.execute(self.place)
        self.pace.run()

    def _of_day(self, begin: timedelta, end: timedelta) -> Sequence[RehearsalStep]:
        return [step for step in self.steps if begin <= step.at < end]

    def _line_about(self, n: int) -> str:
        """Return what a day is, and what is tried on it."""
        begin = self.place.at(n * DAY)
        tried = [step.tries for step in self._of_day(n * DAY, (n + 1) * DAY) if step.tries]
        texts = tried.count(TEXT)
        others = [each for each in dict.fromkeys(tried) if each != TEXT]
        remarks = remarks_on(begin, (*CHANGING_ZONES, *self.zones))
        note = f" ({', '.join(remarks)})" if remarks else ""
        what = "; ".join([*others, *([f"{texts} texts"] if texts else [])])
        return f"day {n + 1} of {self.days}, {begin:%a} {begin.day} {begin:%b %Y}{note}: {what}"


def zones_of(workspace: Workspace) -> list[str]:
    """Return the zones of its accounts in which days are others than those of UTC."""
    zones = (workspace.change_account(account.access_key).zone for account in workspace.accounts)
    return [zone for zone in dict.fromkeys(zones) if zone != "UTC"]
