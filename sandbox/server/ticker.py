"""Does what falls due by itself: scheduled commands, callbacks, the end of workspaces, the demo's nightly reset.

One task per process. It sleeps until the earliest due time of all running clocks, or until a transaction says that
something was made due. What it has sent it claims with a lease, which it renews while that is under way: a killed
process's callbacks are taken over when theirs is over, and nobody's are taken away. Where other processes may have the
store open too, it looks for what one of them left undone: every other second, and when a lease of theirs ends.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from sandbox.clock import NEVER, SECOND
from sandbox.server.callback_scheduler import CallbackScheduler
from sandbox.server.callback_sender import STORE_RETRY_S, CallbackSender
from sandbox.server.nightly_reset import NightlyReset
from sandbox.server.upkeep import Upkeep
from sandbox.server.visit import LEASE, Visit, look, run_and_claim
from sandbox.store import Store, StoreUnavailable, Tx, serve_others
from sandbox.world.callbacks import claims
from sandbox.world.callbacks.search import is_untried
from sandbox.world.errors import UnknownWorkspace
from sandbox.world.workspaces import find, remove

LOOK_EVERY = 2 * SECOND
"""Wall time from one look for what other processes left undone to the next, if none of their leases ends before."""
LONGEST_SLEEP_S = 60
"""The wall clock may be set forward meanwhile."""
LONGEST_WAIT_S = 1
OTHERS_WAIT_S = 0.05
"""After which those who wait look again: the same where another process may do what they wait for."""
logger = logging.getLogger(__name__)


class Ticker:
    """`resets_nightly`: the workspace `default` is reset every night, so that each day's visitors find it fresh."""

    def __init__(
        self, store: Store, sender: CallbackSender, *, resets_nightly: bool = False, upkeep: Upkeep | None = None
    ) -> None:
        self._store = store
        self._upkeep = upkeep or Upkeep(store)
        self._sender = sender
        self._scheduler = CallbackScheduler(sender.attempt, self._run_soon, rate=sender.rate)
        self._known: dict[int, int] = {}
        """By workspace, what its clock reads when the next thing is due."""
        self._due: dict[int, int] = {}
        """By workspace, what the wall clock reads then, if it will by itself."""
        self._marked = {row.id for row in store.read_now(find.all_workspaces)}
        """Workspaces to be visited, whatever is known of them."""
        self._undone: set[int] = set()
        """Workspaces where another process may have left something undone."""
        self._broken: set[int] = set()
        """Workspaces where something went wrong: they are left alone until something else is made due there."""
        self._is_sweeping = True
        """Whether rows may be left of what is gone."""
        self._next_expiry = 0
        self._nightly_reset = NightlyReset(store, is_on=resets_nightly)
        self._next_look = NEVER if store.is_private else 0
        self._longest_wait_s = LONGEST_WAIT_S if store.is_private else OTHERS_WAIT_S
        self._next_renewal = NEVER
        self.wakes_at = NEVER
        """What the wall clock reads when the task, asleep, wakes by itself."""
        self._woken = asyncio.Event()
        self._turned = asyncio.Event()
        """Set, and replaced by another one, when the task has done all that was due."""
        self._task: asyncio.Task[None] | None = None
        self._visiting: Tx | None = None
        """The last transaction of a visit: what that makes due, it returns."""
        self._has_lost_claims = False
        self._is_closed = False
        store.after_commit.append(self._committed)

    # When ------------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Have the task run on this loop, unless one runs already."""
        if self._is_closed or (self._task is not None and not self._task.done()):
            return
        if self._task is not None:  # its loop has ended, and what was under way with it
            self._scheduler.close()
            self._has_lost_claims = True
            self._woken, self._turned = asyncio.Event(), asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._run())

    def run_if_due(self) -> None:
        """Have the task look now, if the wall clock says that something is due."""
        if self.wakes_at <= self._store.wall():
            self._run_soon()

    def _run_soon(self) -> None:
        self._woken.set()

    def _committed(self, tx: Tx) -> None:
        """Note what a transaction made due, and drop what is under way for workspaces that it reset or deleted."""
        for workspace_id in tx.reset:
            self._scheduler.drop(workspace_id)
            self._invalidate(workspace_id)
            self._marked.add(workspace_id)
        for workspace_id, at in tx.due.items():
            known = self._known.get(workspace_id)
            if tx is not self._visiting and (known is None or at < known):
                self._marked.add(workspace_id)
        if tx.has_expiry:
            self._next_expiry = 0
        self._is_sweeping |= tx.has_gone
        if self._upkeep.is_wanted_after(tx) or self._marked or tx.has_expiry or self._is_sweeping:
            self._run_soon()

    def _invalidate(self, workspace_id: int) -> None:
        for times in (self._known, self._due):
            times.pop(workspace_id, None)
        for places in (self._marked, self._undone, self._broken):
            places.discard(workspace_id)

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            self.wakes_at = NEVER
            try:
                await self._tick()
            except StoreUnavailable as error:
                logger.warning("The store did not answer (%s): what is due waits until it does.", error)
                await asyncio.sleep(STORE_RETRY_S)
            except Exception:
                logger.exception("What is due could not be done; it is tried again.")
                await asyncio.sleep(STORE_RETRY_S)
            else:
                turned, self._turned = self._turned, asyncio.Event()
                turned.set()
                await self._sleep()

    async def _sleep(self) -> None:
        """Wait until the wall clock reads the earliest due time, or somebody wakes the task."""
        self.wakes_at = self._earliest()
        wait = (self.wakes_at - self._store.wall()) / SECOND
        if wait <= 0:
            await asyncio.sleep(0)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(None if self.wakes_at == NEVER else min(wait, LONGEST_SLEEP_S)):
                await self._woken.wait()

    def _earliest(self) -> int:
        """Return the wall time at which there is something to do next."""
        if self._marked or self._is_sweeping:
            return 0
        renewal = self._next_renewal if self._scheduler.is_busy else NEVER
        first = min(self._due.values(), default=NEVER)
        others = (self._next_expiry, self._next_look, self._nightly_reset.next_wall, self._upkeep.next_wall)
        return min(first, renewal, *others)

    # What ------------------------------------------------------------------------------------------------------------

    async def _tick(self) -> None:
        """Do all that is due now."""
        wall = self._store.wall()
        if self._has_lost_claims:
            await self._store.write(lambda tx: claims.release(tx, self._sender.owner))
            self._has_lost_claims = False
        if self._next_renewal <= wall:
            await self._renew(wall)
        if self._next_look <= wall:
            await self._look(wall)
        due = [workspace_id for workspace_id, at in self._due.items() if at <= wall]
        for workspace_id in {*self._marked, *due}:
            await self._visit_unless_broken(workspace_id)
            await serve_others()
        self._scheduler.start()
        if self._next_expiry <= wall:
            await self._delete_expired(wall)
        if self._nightly_reset.next_wall <= wall:
            await self._nightly_reset.reset(wall)
        if self._is_sweeping:  # a slice; then what is due has its turn again
            self._is_sweeping = await self._store.read(remove.has_gone) and await self._store.write(remove.sweep)
            if self._is_sweeping:
                await serve_others()
        await self._upkeep.take_step(wall)

    async def _renew(self, wall: int) -> None:
        """Keep what is being sent."""
        if not self._scheduler.is_busy:
            self._next_renewal = NEVER
            return
        await self._store.write(lambda tx: claims.renew(tx, self._sender.owner, tx.wall + LEASE))
        self._next_renewal = wall + LEASE // 2
        await self._store.keep_wall()

    async def _look(self, wall: int) -> None:
        """See to what other processes left undone, and to workspaces that they made."""
        places, lease_end = await self._store.read(lambda tx: (claims.places_due(tx), claims.next_lease_end(tx)))
        self._undone.update(places)
        self._undone -= self._broken
        self._marked |= self._undone
        self._next_expiry = 0
        self._is_sweeping = True
        self._next_look = min(wall + LOOK_EVERY, NEVER if lease_end is None else max(lease_end, wall + 1))

    async def _visit_unless_broken(self, workspace_id: int) -> None:
        """Visit a workspace; what goes wrong in one stays there."""
        is_undone = workspace_id in self._undone
        self._invalidate(workspace_id)
        try:
            await self._visit(workspace_id, is_undone=is_undone)
        except StoreUnavailable:
            self._marked.add(workspace_id)
            raise
        except UnknownWorkspace:
            return
        except Exception:
            self._broken.add(workspace_id)
            logger.exception("What is due in the workspace %d could not be done.", workspace_id)

    async def _visit(self, workspace_id: int, *, is_undone: bool) -> None:
        """Run what is due in a workspace, claim its callbacks, and note when it is to be visited again."""

        def work(tx: Tx) -> Visit:
            self._visiting = tx
            return run_and_claim(tx, workspace_id, self._sender.owner)

        def look_first(tx: Tx) -> Visit | None:
            """Return None when there is something to do, which takes a write."""
            visit = look(tx, workspace_id)
            return None if is_undone or visit.due_at <= tx.now else visit

        visit = await self._store.read(look_first)
        if visit is None:
            visit = await self._store.write(work)
        self._known[workspace_id] = visit.due_at
        if visit.due_wall != NEVER:
            self._due[workspace_id] = visit.due_wall
        for callback in visit.claimed:
            self._scheduler.put(callback)
        if visit.claimed:
            self._next_renewal = min(self._next_renewal, self._store.wall() + LEASE // 2)
            await self._store.keep_wall()  # or the claim lies in the future of one whose clock is behind

    async def _delete_expired(self, wall: int) -> None:
        expiry = await self._store.read(remove.next_expiry)
        if expiry is not None and expiry <= wall:
            await self._store.write(remove.delete_expired)
            expiry = await self._store.read(remove.next_expiry)
        self._next_expiry = NEVER if expiry is None else expiry

    # What others wait for --------------------------------------------------------------------------------------------

    async def caught_up(self) -> None:
        """Wait until what was made due by now was begun: a callback is not overtaken by its caller's next call."""
        if self._marked and not self._is_closed:
            with suppress(TimeoutError):
                async with asyncio.timeout(LONGEST_WAIT_S):
                    await self._turned.wait()

    async def settled(self, workspace_id: int, within: float) -> bool:
        """Wait, at most so many seconds of wall time, until nothing that is due there is still to be sent."""

        def is_settled(tx: Tx) -> bool:
            return look(tx, workspace_id).due_at > tx.now and not claims.is_sending(tx)

        return await self._until(is_settled, within)

    async def tried(self, workspace_id: int, callback_id: int) -> None:
        """Wait until a callback that is due was tried once, no longer than an attempt may take."""

        def is_tried(tx: Tx) -> bool:
            tx.enter(find.by_id(tx, workspace_id))
            return not is_untried(tx, callback_id)

        with suppress(UnknownWorkspace):
            await self._until(is_tried, self._sender.timeout_s)

    async def _until(self, is_so: Callable[[Tx], bool], within: float) -> bool:
        """Wait until something is so, looking whenever the task has done what was due; return False if time is up."""
        self.start()
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while True:
                    turned = self._turned  # before the look, so that no turn goes unnoticed
                    with suppress(StoreUnavailable):
                        if await self._store.read(is_so):
                            return True
                    with suppress(TimeoutError):
                        async with asyncio.timeout(self._longest_wait_s):
                            await turned.wait()
        return False

    def close(self) -> None:
        """End what is under way, and leave it to the next process."""
        if self._is_closed:
            return
        self._is_closed = True
        self._store.after_commit.remove(self._committed)
        if self._task is not None and not self._task.get_loop().is_closed():
            self._task.cancel()
        was_busy = self._scheduler.is_busy
        self._scheduler.close()
        try:
            self._store.write_now(lambda tx: claims.release(tx, self._sender.owner))
        except StoreUnavailable as error:
            if was_busy:
                logger.warning(
                    "The store did not answer (%s): what was being sent is taken over when its lease is over.", error
                )
