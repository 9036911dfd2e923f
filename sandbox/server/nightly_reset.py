"""When is the demo reset by itself, and by which of several processes?"""

import logging
from contextlib import suppress

from sandbox.clock import DAY, HOUR, MINUTE, NEVER
from sandbox.store import Slices, Store, StoreUnavailable, Tx
from sandbox.store.workspace_view import SERVER
from sandbox.world import resets
from sandbox.world.access import make_in_slices
from sandbox.world.workspaces import find

RESET_AT = 3 * HOUR
"""Since midnight, in UTC by wall time."""
RESET_AGAIN = MINUTE
"""After one that failed."""
TAKEN_OVER_AFTER = 10 * MINUTE
"""Longer than a reset takes: who has begun one by then and has not done it was killed."""
DONE = "nightly reset"
"""What counts, for all processes, the last night whose reset was done."""
BEGUN = "nightly reset begun"
"""The same of the last attempt that one of them has begun: there is one in each `TAKEN_OVER_AFTER`."""

logger = logging.getLogger(__name__)


def next_night(wall: int) -> int:
    """Return the next time of the nightly reset after this wall time, in ms."""
    today = wall - wall % DAY + RESET_AT
    return today if today > wall else today + DAY


def night_of(wall: int) -> int:
    """Return the number of the last night that had its time for a reset before this wall time."""
    return (wall - RESET_AT) // DAY


class NightlyReset:
    """Resets the workspace `default` every night, so that each day's visitors find it fresh; not if it is not on."""

    def __init__(self, store: Store, *, is_on: bool) -> None:
        self._store = store
        self.next_wall = NEVER
        """The wall time of the next one, or of the next look whether another process has done it."""
        if is_on:
            self.next_wall = 0 if store.read_now(_is_one_undone) else next_night(store.wall())
        self._attempt = -1
        """The attempt that is this process's, also when it has to be tried again."""

    async def reset(self, wall: int) -> None:
        """Reset it, unless another process has done so or is about to."""
        night, attempt = night_of(wall), wall // TAKEN_OVER_AFTER

        def claim(tx: Tx) -> bool | None:
            if tx.count_of(DONE, SERVER) >= night:
                return None
            return self._attempt == attempt or tx.is_first_to_reach(BEGUN, attempt)

        is_ours = await self._store.write(claim)
        if is_ours is None:
            self.next_wall = next_night(wall)
        elif is_ours:
            self._attempt = attempt
            await self._reset(wall, night)
        else:
            self.next_wall = (attempt + 1) * TAKEN_OVER_AFTER

    async def _reset(self, wall: int, night: int) -> None:
        def reset_default(tx: Tx) -> Slices[None]:
            tx.enter(find.find_workspace(tx, find.DEFAULT))
            last = yield from resets.to_seed(tx)
            if not last.is_first_to_reach(DONE, night):
                raise NightIsOver

        try:
            with suppress(NightIsOver):
                await make_in_slices(self._store, reset_default)
        except StoreUnavailable:
            raise
        except Exception:
            logger.exception("The demo could not be reset; it is tried again.")
            self.next_wall = wall + RESET_AGAIN
        else:
            self.next_wall = next_night(wall)


class NightIsOver(Exception):
    """Another process has taken a reset over that took long, and was through first."""


def _is_one_undone(tx: Tx) -> bool:
    """Return whether the last reset that a process has begun was not done, as when that was killed."""
    return night_of(tx.count_of(BEGUN, SERVER) * TAKEN_OVER_AFTER) > tx.count_of(DONE, SERVER)
