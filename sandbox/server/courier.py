"""Does what falls due by itself: acts that were written down, and callbacks, which it gives out to be sent.

Nothing here looks at the clock again and again: one timer is set to the earliest due time of all running clocks.
"""

import asyncio
import logging
import sqlite3

from sandbox.server.dispatch import Dispatch, Parcel
from sandbox.server.sending import STORE_RETRY_S, Sender
from sandbox.world import World, acts, callbacks, workspaces
from sandbox.world.clock import NEVER, SECOND
from sandbox.world.errors import UnknownWorkspace

AT_ONCE = 500
"""Callbacks of a workspace that are taken up together; for the next ones others need not wait."""
SHORTEST_TIMER_S = 0.001
LATEST_TIMER_S = 24 * 60 * 60
"""Timers further ahead are set anew then."""


class Courier:
    """`rate`: attempts a second. `wake` is called after whatever may have made something due."""

    def __init__(self, world: World, sender: Sender, *, rate: int) -> None:
        self._world = world
        self._sender = sender
        self._dispatch = Dispatch(sender.attempt, self._done, rate=rate)
        self._known: dict[int, int] = {}
        """By workspace, what its clock reads when the next thing is due."""
        self._due: dict[int, int] = {}
        """By workspace, what the wall clock reads then, if it will by itself."""
        self._earliest = NEVER
        self._timer: asyncio.TimerHandle | None = None
        self._is_resting = False
        self._changed: asyncio.Event | None = None
        self._is_closed = False
        callbacks.take_up_again(world)
        for row in workspaces.rows(world):
            world.stir(row["id"])
        world.courier = self

    @property
    def is_wanted(self) -> bool:
        """Whether `wake` has something to do."""
        return bool(self._world.stirred) or (self._earliest != NEVER and self._earliest <= self._world.wall())

    def wake(self) -> None:
        """Does what is due, and sets the timer for what comes next."""
        if self._is_closed or self._is_resting:
            return
        wanted = self._wanted()
        self._world.stirred.clear()
        try:
            for workspace_id in wanted:
                self._try_to_visit(workspace_id)
        except sqlite3.Error:
            logging.getLogger(__name__).exception("The store did not answer; it is asked again.")
            self._rest(wanted)
        else:
            if wanted:
                self._set_timer()
        self._dispatch.go()

    def _wanted(self) -> set[int]:
        """The workspaces where something fell due, or will before what is known to come next."""
        wall = self._world.wall()
        due = {workspace_id for workspace_id, at in self._due.items() if at <= wall}
        return due | {ws for ws, at in self._world.stirred.items() if ws not in self._known or at < self._known[ws]}

    def _try_to_visit(self, workspace_id: int) -> None:
        """What goes wrong in one workspace stays there: it is visited again when something else stirs it."""
        try:
            self._visit(workspace_id)
        except sqlite3.Error:
            raise
        except Exception:
            logging.getLogger(__name__).exception("What is due in the workspace %d could not be done.", workspace_id)

    def _visit(self, workspace_id: int) -> None:
        """Catches up with a workspace, takes up its callbacks, and notes when it is to be visited again."""
        world = self._world
        self._due.pop(workspace_id, None)
        self._known.pop(workspace_id, None)
        try:
            workspace = workspaces.view_of(world, workspace_id)
        except UnknownWorkspace:
            return
        now = world.now(workspace)
        if workspace.next_due_at is not None and workspace.next_due_at <= now:
            acts.catch_up(world, workspace)
            workspace = workspaces.view_of(world, workspace_id)
        next_callback = callbacks.next_due(world, workspace_id)
        if next_callback is not None and next_callback <= now:
            for n, url in callbacks.claim(world, workspace_id, now, AT_ONCE):
                self._dispatch.put(Parcel(workspace_id, n, url))
            next_callback = callbacks.next_due(world, workspace_id)
        at = min(due for due in (workspace.next_due_at, next_callback, NEVER) if due is not None)
        self._known[workspace_id] = at
        if at <= now:
            self._due[workspace_id] = world.wall()
        elif at != NEVER and not workspace.clock_frozen:
            self._due[workspace_id] = workspace.wall_at(at)

    def _set_timer(self) -> None:
        """None is set when nothing will fall due by itself."""
        self._earliest = min(self._due.values(), default=NEVER)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._earliest != NEVER:
            wait = max(SHORTEST_TIMER_S, (self._earliest - self._world.wall()) / SECOND)
            self._timer = asyncio.get_running_loop().call_later(min(wait, LATEST_TIMER_S), self._ring)

    def _ring(self) -> None:
        self._timer = None
        self.wake()
        if self._timer is None:  # it rang a little early, or was cut short
            self._set_timer()

    def _rest(self, wanted: set[int]) -> None:
        """Whoever called has been answered; what is due stays so, and is done when the store answers again."""
        for workspace_id in wanted:
            self._world.stir(workspace_id)
        self._is_resting = True
        if self._timer is not None:
            self._timer.cancel()
        asyncio.get_running_loop().call_later(STORE_RETRY_S, self._rise)

    def _rise(self) -> None:
        self._is_resting = False
        self.wake()

    def _done(self) -> None:
        """An attempt has ended."""
        if self._is_closed:
            return
        self.wake()
        if self._changed is not None:
            self._changed.set()

    # What others wait for --------------------------------------------------------------------------------------------

    async def settled(self, workspace_id: int, within: float) -> bool:
        """Waits, at most so many seconds of wall time, until nothing that is due there is still to be sent."""
        try:
            async with asyncio.timeout(within):
                while not self._is_settled(workspace_id):
                    await self._change()
        except TimeoutError:
            return False
        return True

    async def tried(self, workspace_id: int, callback: int) -> None:
        """Sends a callback that is due, and waits until it was tried once, but no longer than an attempt may take."""
        self.wake()
        try:
            async with asyncio.timeout(self._sender.timeout_s):
                while callbacks.is_untried(self._world, workspace_id, callback):
                    await self._change()
        except TimeoutError:
            return

    def drop(self, workspace_id: int) -> None:
        """The workspace is another one now, or gone: what is under way there is broken off, and not written down."""
        self._dispatch.drop(workspace_id)
        self._known.pop(workspace_id, None)

    def _is_settled(self, workspace_id: int) -> bool:
        self.wake()
        if self._dispatch.in_hand(workspace_id):
            return False
        due = callbacks.next_due(self._world, workspace_id)
        return due is None or due > self._world.now(workspaces.view_of(self._world, workspace_id))

    async def _change(self) -> None:
        self._changed = self._changed or asyncio.Event()
        self._changed.clear()
        await self._changed.wait()

    def close(self) -> None:
        """Ends what is under way: it is pending again when the store is next opened."""
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._dispatch.close()
