"""Deletes workspaces whose time is over, at that moment.

Whoever calls finds them gone from then on anyway; here their rows go. One timer is set to the earliest of them.
"""

import asyncio
import logging
import sqlite3

from sandbox.world import World, workspaces
from sandbox.world.clock import SECOND

STORE_RETRY_S = 1.0
LATEST_TIMER_S = 24 * 60 * 60
"""A timer further ahead is set anew then."""


class Sweeper:
    """`wake` is called when a workspace was made that has an end."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._timer: asyncio.TimerHandle | None = None
        workspaces.delete_leftovers(world)
        workspaces.delete_expired(world)
        world.sweeper = self

    def wake(self) -> None:
        """Deletes what is over, and sets the timer for what comes next."""
        self.close()
        try:
            workspaces.delete_expired(self._world)
            expiry = workspaces.next_expiry(self._world)
        except sqlite3.Error:
            logging.getLogger(__name__).exception("The store did not answer; it is tried again.")
            self._set_timer(STORE_RETRY_S)
            return
        if expiry is not None:
            self._set_timer(max(0.001, (expiry - self._world.wall()) / SECOND))

    def _set_timer(self, wait: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(min(wait, LATEST_TIMER_S), self.wake)

    def close(self) -> None:
        """Deletes nothing more by itself."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
