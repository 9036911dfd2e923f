"""How fast does the workspace's clock run, and when does it run as the time outside?

A fortnight in ten minutes is some thousand seconds in one. Whether a client hammers, gives up or sends twice is not to
be seen then: a pause of a second is most of an hour. So what befalls a sender happens in scenes, in which the clock
runs as outside until the client has done with it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import Enum

from dialog_sandbox._sync.clock import Clock
from sandbox.clock import FASTEST

FAST_SHARE = 0.7
"""Of the time outside; the rest is for scenes."""
LOOK_EVERY_S = 0.25
SHORTEST_WAIT_S = 0.001
PATIENCE_S = 60.0
"""How long a client may pause before it sends again what was refused."""
Wait = Callable[[float], None]
"""Returns after so many seconds of wall time, or raises what ends the rehearsal."""


class SceneProgress(Enum):
    """How far a scene is: whether the client has met what is to be met, and has done with it."""

    WAITING = "waiting"
    REACHED = "reached"
    OVER = "over"


class Pace:
    """`minutes`: how long the days take outside. `scenes`: how many there are, which share what is left for them."""

    def __init__(self, clock: Clock, begin: datetime, *, days: int, minutes: float, scenes: int, wait: Wait) -> None:
        self.clock = clock
        self.begin = begin
        length = timedelta(days=days).total_seconds()
        self.speed = max(1.0, min(FASTEST, length / (minutes * 60 * FAST_SHARE)))
        self.scene_s = minutes * 60 * (1 - FAST_SHARE) / max(scenes, 1)
        self._wait = wait

    def until(self, at: timedelta) -> None:
        """Return when the clock reads so long after the beginning."""
        while (left := (self.begin + at - self.clock.now).total_seconds()) > 0:
            self._wait(max(left / self.speed, SHORTEST_WAIT_S))

    def run_as_outside(self) -> None:
        """Let the clock run no faster than outside. It never stands: a client that goes on from the last `Date` by its
        own clock would be ahead of it then, and read what is still to come.
        """
        self.clock.run(speed=1)

    def run(self) -> None:
        """Let the clock run fast."""
        self.clock.run(speed=self.speed)

    @contextmanager
    def scene(self) -> Iterator[None]:
        """Let the clock run as outside, inside."""
        self.run_as_outside()
        yield
        self.run()

    def watch(self, look: Callable[[], "SceneProgress"]) -> None:
        """Wait until a scene is over, or its share of the time is; once the client has met it, a minute at least."""
        left, reached = self.scene_s, False
        while left > 0 and (progress := look()) is not SceneProgress.OVER:
            if progress is SceneProgress.REACHED and not reached:
                left, reached = max(left, PATIENCE_S), True
            wait = min(LOOK_EVERY_S, self.scene_s / 4)
            self._wait(wait)
            left -= wait
