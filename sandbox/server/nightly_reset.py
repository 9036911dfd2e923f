"""When is the demo reset by itself, and by which of several processes?"""

import logging

from sandbox.clock import DAY, HOUR, MINUTE, NEVER
from sandbox.store import Slices, Store, StoreUnavailable, Tx
from sandbox.world import resets
from sandbox.world.access import make_in_slices
from sandbox.world.workspaces import find

RESET_AT = 3 * HOUR
"""Since midnight, in UTC by wall time."""
RESET_AGAIN = MINUTE
"""After one that failed."""
NIGHT = "nightly reset"
"""What counts, for all processes, the last day that began with a reset."""

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
        self.next_wall = next_night(store.wall()) if is_on else NEVER
        """The wall time of the next one."""
        self._night = -1
        """The night whose reset is this process's, also when it has to be tried again."""

    async def reset(self, wall: int) -> None:
        """Reset it, unless another process has this night."""
        night = night_of(wall)
        if self._night != night and await self._store.write(lambda tx: tx.is_first_to_reach(NIGHT, night)):
            self._night = night
        try:
            if self._night == night:
                await make_in_slices(self._store, _reset_default)
        except StoreUnavailable:
            raise
        except Exception:
            logger.exception("The demo could not be reset; it is tried again.")
            self.next_wall = wall + RESET_AGAIN
        else:
            self.next_wall = next_night(wall)


def _reset_default(tx: Tx) -> Slices[Tx]:
    tx.enter(find.find_workspace(tx, find.DEFAULT))
    return (yield from resets.to_seed(tx))
