"""A workspace's clock."""

from datetime import datetime, timedelta
from typing import Any

from sandbox.client.bound import Bound, moment
from sandbox.client.reading import Moment, Seconds, given, seconds
from sandbox.client.shapes import ClockReading, ClockTurned
from sandbox.client.steps import Awaiting, Blocking, Steps, reading, verb

__tracebackhide__ = True


class ClockVerbs(Bound):
    """It goes forward only. `settle` waits so long, in wall time, until no callback is due or under way."""

    @reading
    def now(self) -> Steps[datetime]:
        """What it reads."""
        return (yield from self._reading()).now

    @reading
    def state(self) -> Steps[str]:
        """`running` or `frozen`."""
        return (yield from self._reading()).state

    @verb
    def read(self) -> Steps[ClockReading]:
        """What it reads, the time outside, and whether it runs."""
        return self._reading()

    @verb
    def freeze(self, at: Moment | None = None, *, settle: Seconds | None = None) -> Steps[ClockTurned]:
        """Stops it, now or at a later time."""
        return self._turn("freeze", at, settle=settle)

    @verb
    def set(self, at: Moment, *, settle: Seconds | None = None) -> Steps[ClockTurned]:
        """Puts it forward to a time."""
        return self._turn("set", at, settle=settle)

    @verb
    def advance(
        self,
        by: Seconds = 0,
        *,
        days: float = 0,
        hours: float = 0,
        minutes: float = 0,
        seconds: float = 0,
        settle: Seconds | None = None,
    ) -> Steps[ClockTurned]:
        """Puts it forward; what falls due on the way happens, in order."""
        more = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        distance = by if isinstance(by, timedelta) else timedelta(seconds=by)
        return self._turn("advance", settle=settle, seconds=(distance + more).total_seconds())

    @verb
    def run(self, *, settle: Seconds | None = None) -> Steps[ClockTurned]:
        """Lets it go on with wall time."""
        return self._turn("run", settle=settle)

    def _reading(self) -> Steps[ClockReading]:
        return self._ask(ClockReading, "GET", "/clock")

    def _turn(self, action: str, at: Moment | None = None, *, settle: Seconds | None, **how: Any) -> Steps[ClockTurned]:
        when = yield from moment(self, at)
        waiting = None if settle is None else seconds(settle)
        body = given(action=action, at=when, settle=waiting, **how)
        return (yield from self._ask(ClockTurned, "POST", "/clock", body, wait=waiting or 0))


class Clock(ClockVerbs, Blocking):
    """`ws.clock`."""


class AsyncClock(ClockVerbs, Awaiting):
    """`ws.clock`, to be awaited."""
