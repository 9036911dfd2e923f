"""What keeps a server from growing: what is old goes, and its file gets shorter, one small step after the other.

The ticker takes the steps, and others have their turn between them. Each is a transaction of a few milliseconds.
"""

import logging
from collections import deque

from sandbox.clock import MINUTE, NEVER, SECOND
from sandbox.store import Store, Tx
from sandbox.world.access import write_in
from sandbox.world.errors import UnknownWorkspace
from sandbox.world.retention import Retention, places_to_trim, trim
from sandbox.world.workspaces.find import by_id

LOOK_EVERY = MINUTE
"""Wall time from one look for what is to go to the next."""
MANY = 100
"""Rows that one transaction deletes, after which the file is looked at."""
PAUSE = 10 * SECOND
"""Wall time from that on: what is deleted makes room for what often comes next, as at a reset."""

KEEP_ALL = Retention()


class Upkeep:
    """`next_wall`: what the wall clock reads when there is something to do next."""

    def __init__(self, store: Store, retention: Retention = KEEP_ALL) -> None:
        self._store = store
        self._retention = retention
        self._next_look = 0 if retention.is_on else NEVER
        self._next_space = NEVER if store.is_private else 0  # an ended process may have left some
        self._places: deque[int] = deque()
        """Workspaces where something goes."""

    @property
    def next_wall(self) -> int:
        return 0 if self._places else min(self._next_look, self._next_space)

    def is_wanted_after(self, tx: Tx) -> bool:
        """Return whether there is something to do sooner than was known, since a transaction deleted much."""
        known = self.next_wall
        if tx.deleted >= MANY:
            self._next_space = min(self._next_space, tx.wall + PAUSE)
        return self.next_wall < known

    async def take_step(self, wall: int) -> None:
        """Do a little of what is to be done by now. What cannot be done is tried again in the next minute."""
        try:
            if self._places:
                await self._trim(self._places.popleft())
            elif self._next_look <= wall:
                self._next_look = wall + LOOK_EVERY
                self._places.extend(await self._store.read(lambda tx: places_to_trim(tx, self._retention)))
            elif self._next_space <= wall:
                self._next_space = wall + LOOK_EVERY
                has_more = await self._store.give_space_back()
                self._next_space = wall if has_more else NEVER
        except Exception:
            logging.getLogger(__name__).exception("What is old could not be removed; it is tried again.")

    async def _trim(self, workspace_id: int) -> None:
        try:
            has_more = await write_in(
                self._store, lambda tx: by_id(tx, workspace_id), lambda tx: trim(tx, self._retention)
            )
        except UnknownWorkspace:
            return
        if has_more:
            self._places.append(workspace_id)
