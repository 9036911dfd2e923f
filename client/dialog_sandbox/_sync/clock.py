# Made from ../_async/clock.py by tools/generate_sync_client.py: change that one, and make this one again.
"""A workspace's clock."""

from datetime import datetime, timedelta
from typing import Any

from dialog_sandbox._sync.resource import Resource
from dialog_sandbox.arguments import Seconds, When, present
from dialog_sandbox.arguments import seconds as in_seconds
from dialog_sandbox.models.clock import ClockReading, ClockTurned
from dialog_sandbox.models.values import ClockState

__tracebackhide__ = True


class Clock(Resource):
    """`ws.clock`: it goes forward only. `settle` waits so long, in wall time, until no callback is due or under way."""

    @property
    def now(self) -> datetime:
        """What it reads."""
        return (self.read()).now

    @property
    def state(self) -> ClockState:
        """`running` or `frozen`."""
        return (self.read()).state

    def read(self) -> ClockReading:
        """Return what it reads, the time outside, and whether it runs."""
        return self._read(ClockReading, "GET", "/clock")

    def freeze(self, at: When | None = None, *, settle: Seconds | None = None) -> ClockTurned:
        """Stop it, now or at a later time."""
        return self._move_clock("freeze", at, settle=settle)

    def set(self, at: When, *, settle: Seconds | None = None) -> ClockTurned:
        """Put it forward to a time."""
        return self._move_clock("set", at, settle=settle)

    def advance(
        self,
        by: Seconds = 0,
        *,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
        settle: Seconds | None = None,
    ) -> ClockTurned:
        """Put it forward; what falls due on the way happens, in order."""
        more = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        distance = timedelta(seconds=in_seconds(by))
        return self._move_clock("advance", settle=settle, seconds=(distance + more).total_seconds())

    def run(self, *, speed: float | None = None, settle: Seconds | None = None) -> ClockTurned:
        """Let it go on with wall time, or `speed` times as fast from now on; at first that is 1."""
        return self._move_clock("run", settle=settle, speed=speed)

    def _move_clock(
        self, action: str, at: When | None = None, *, settle: Seconds | None, **how: Any
    ) -> ClockTurned:
        waiting = None if settle is None else in_seconds(settle)
        body = present(action=action, at=self._moment(at), settle=waiting, **how)
        return self._read(ClockTurned, "POST", "/clock", body=body, wait=waiting or 0)
