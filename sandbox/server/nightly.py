"""In demo mode the workspace `default` begins anew every night, so that each day's visitors find it fresh."""

import asyncio
import logging
import sqlite3

from sandbox.world import World, resets, workspaces
from sandbox.world.clock import DAY, HOUR, SECOND

RESET_AT = 3 * HOUR
"""Since midnight, in UTC by wall time."""


def next_night(wall: int) -> int:
    """The next time at which it begins anew, after this wall time; in ms."""
    today = wall - wall % DAY + RESET_AT
    return today if today > wall else today + DAY


class Nightly:
    """One timer, set anew each night."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._timer: asyncio.TimerHandle | None = None
        self._due = next_night(world.wall())

    def wake(self) -> None:
        """Begins anew if it is time, and sets the timer for the next."""
        self.close()
        if self._due <= self._world.wall():
            self._begin_anew()
            self._due = next_night(self._world.wall())
        wait = (self._due - self._world.wall()) / SECOND
        self._timer = asyncio.get_running_loop().call_later(wait, self.wake)

    def _begin_anew(self) -> None:
        try:
            resets.to_seed(self._world, workspaces.named(self._world, workspaces.DEFAULT))
        except sqlite3.Error:
            logging.getLogger(__name__).exception("The store did not answer; the demo begins anew tomorrow.")

    def close(self) -> None:
        """Does nothing more by itself."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
