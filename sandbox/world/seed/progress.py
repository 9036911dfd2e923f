"""How far is a seed? Told in the log, once it takes long enough to be waited for."""

import logging
from collections.abc import Callable
from time import monotonic

FIRST_S = 2.0
"""What takes no longer is not worth a line."""
EVERY_S = 1.0

logger = logging.getLogger(__name__)


class Progress:
    """The seed of a fixture from one moment of its history to another, in ms. `clock`: seconds that pass meanwhile."""

    def __init__(self, fixture: str, begins: int, ends: int, clock: Callable[[], float] | None = None) -> None:
        self._fixture = fixture
        self._begins = begins
        self._length = max(1, ends - begins)
        self._clock = clock or monotonic
        self._next = self._clock() + FIRST_S
        self._is_logged = False

    def reach(self, moment: int) -> None:
        """Say how far it is, if nothing was said for a while."""
        now = self._clock()
        if now >= self._next:
            self._next = now + EVERY_S
            self._is_logged = True
            share = min(max(0, moment - self._begins), self._length) / self._length
            logger.info("Seeding %s: %d %%", self._fixture, int(100 * share))

    def end(self) -> None:
        """Say that it is done, if that it was begun was said."""
        if self._is_logged:
            logger.info("Seeding %s: done", self._fixture)
