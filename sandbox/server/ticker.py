"""Does what falls due by itself: scheduled commands, callbacks, the end of workspaces, the demo's nightly reset.

One task per process. It looks at nothing again and again: it sleeps until the earliest due time of all running clocks,
or until a transaction says that something was made due. What it sends it claims with a lease, so a killed process's
callbacks are taken over and nobody's are taken away.
"""

import asyncio
import logging
from typing import NamedTuple

from sandbox.clock import DAY, HOUR, NEVER, SECOND
from sandbox.server.callback_sender import STORE_RETRY_S, CallbackSender, QueuedCallback
from sandbox.store import Store, StoreUnavailable, Tx
from sandbox.world import resets
from sandbox.world.callbacks import queue
from sandbox.world.callbacks.queue import ClaimedCallback
from sandbox.world.commands import run_due
from sandbox.world.errors import UnknownWorkspace
from sandbox.world.workspaces import find, remove

BATCH_SIZE = 500
"""Callbacks of a workspace that are claimed together; others get their turn before the next ones."""
LEASE = 4 * SECOND
LONGEST_SLEEP = DAY
RESET_AT = 3 * HOUR
"""Since midnight, in UTC by wall time."""

logger = logging.getLogger(__name__)


class NextDue(NamedTuple):
    """What a workspace's clock reads when the next thing is due, and when the wall clock reads that by itself."""

    at: int
    wall: int


class Visit(NamedTuple):
    """What was claimed in a workspace, and when it is to be visited again."""

    claimed: list[ClaimedCallback]
    next_due: NextDue


def next_night(wall: int) -> int:
    """Return the next time of the nightly reset after this wall time, in ms."""
    today = wall - wall % DAY + RESET_AT
    return today if today > wall else today + DAY


class Ticker:
    """`resets_nightly`: the workspace `default` is reset every night, so that each day's visitors find it fresh."""

    def __init__(self, store: Store, sender: CallbackSender, *, resets_nightly: bool = False) -> None:
        self._store = store
        self._sender = sender
        self._next_due: dict[int, NextDue] = {}
        self._next_expiry = NEVER
        self._next_lease_end = NEVER
        self._next_reset = next_night(store.wall()) if resets_nightly else NEVER
        self._woken = asyncio.Event()
        self._ended = asyncio.Event()
        self._turn = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._is_closed = False
        self._marked = dict.fromkeys((row.id for row in store.read_now(find.all_workspaces)), 0)
        self._is_expiry_known = False
        store.after_commit.append(self._committed)
        sender.on_end = self._attempt_ended

    # When ------------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Have the task run on this loop, if it does not yet."""
        if self._task is None and not self._is_closed:
            self._task = asyncio.get_running_loop().create_task(self._run())

    def wake_if_due(self) -> None:
        """Have the task look now, if the wall clock says that something is due."""
        if self._earliest() <= self._store.wall():
            self._woken.set()

    def _committed(self, tx: Tx) -> None:
        for workspace_id in tx.reset:
            self._sender.drop(workspace_id)
            self._next_due.pop(workspace_id, None)
            self._marked[workspace_id] = 0
        for workspace_id, at in tx.due.items():
            known = self._next_due.get(workspace_id)
            if known is None or at < known.at:
                self._marked[workspace_id] = min(at, self._marked.get(workspace_id, at))
        if tx.has_expiry:
            self._is_expiry_known = False
        if self._marked or tx.has_expiry:
            self._woken.set()

    def _attempt_ended(self) -> None:
        self._woken.set()
        self._ended.set()

    def _earliest(self) -> int:
        """Return the wall time at which something is due next."""
        if self._marked or not self._is_expiry_known:
            return 0
        first = min((due.wall for due in self._next_due.values()), default=NEVER)
        return min(first, self._next_expiry, self._next_lease_end, self._next_reset)

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            try:
                await self.tick()
                wait = min(self._earliest() - self._store.wall(), LONGEST_SLEEP) / SECOND
            except StoreUnavailable:
                logger.exception("The store did not answer; it is asked again.")
                await asyncio.sleep(STORE_RETRY_S)
                continue
            if wait > 0:
                await self._sleep(wait)

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return

    # What ------------------------------------------------------------------------------------------------------------

    async def tick(self) -> None:
        """Do what is due now."""
        async with self._turn:
            wall = self._store.wall()
            await self._renew_leases(wall)
            await self._delete_expired(wall)
            if self._next_reset <= wall:
                await self._reset_default(wall)
            due = [workspace_id for workspace_id, due in self._next_due.items() if due.wall <= wall]
            for workspace_id in dict.fromkeys((*self._marked, *due)):
                await self._visit_unless_broken(workspace_id)
            self._sender.start()

    async def _renew_leases(self, wall: int) -> None:
        """Keep what is being sent, and see to claims of others that are over."""
        if not self._sender.is_busy and self._next_lease_end == NEVER:
            return
        if self._sender.is_busy and self._next_lease_end <= wall + LEASE // 2:
            await self._store.write(lambda tx: queue.renew(tx, self._sender.owner, tx.wall + LEASE))
        ends = await self._store.read(queue.next_lease_end)
        self._next_lease_end = NEVER if ends is None else ends.at - (LEASE // 2 if self._sender.is_busy else 0)
        if ends is not None and ends.at <= wall:
            self._marked[ends.workspace_id] = 0

    async def _delete_expired(self, wall: int) -> None:
        if self._is_expiry_known and self._next_expiry > wall:
            return
        expiry = await self._store.read(remove.next_expiry)
        if expiry is not None and expiry <= wall:
            await self._store.write(remove.delete_expired)
            expiry = await self._store.read(remove.next_expiry)
        self._next_expiry = NEVER if expiry is None else expiry
        self._is_expiry_known = True

    async def _reset_default(self, wall: int) -> None:
        self._next_reset = next_night(wall)

        def reset(tx: Tx) -> None:
            tx.enter(find.find_workspace(tx, find.DEFAULT))
            resets.to_seed(tx)

        await self._store.write(reset)

    async def _visit_unless_broken(self, workspace_id: int) -> None:
        """Visit a workspace; what goes wrong in one stays there, until something else is made due in it."""
        marked = self._marked.pop(workspace_id, None)
        self._next_due.pop(workspace_id, None)
        try:
            await self._visit(workspace_id)
        except StoreUnavailable:
            self._marked[workspace_id] = 0 if marked is None else marked
            raise
        except UnknownWorkspace:
            return
        except Exception:
            logger.exception("What is due in the workspace %d could not be done.", workspace_id)

    async def _visit(self, workspace_id: int) -> None:
        """Run what is due in a workspace, claim its callbacks, and note when it is to be visited again."""

        def look(tx: Tx) -> Visit | None:
            """Return None when something is due, which a write must do."""
            tx.enter(find.by_id(tx, workspace_id))
            next_due = _next_due(tx)
            return None if next_due.at <= tx.now or self._next_lease_end <= tx.wall else Visit([], next_due)

        def work(tx: Tx) -> Visit:
            workspace = tx.enter(find.by_id(tx, workspace_id))
            if workspace.next_due_at is not None and workspace.next_due_at <= tx.now:
                run_due(tx)
                tx.refresh()
            claimed = queue.claim(tx, self._sender.owner, tx.wall + LEASE, tx.now, BATCH_SIZE)
            return Visit(claimed, _next_due(tx))

        visit = await self._store.read(look)
        if visit is None:
            visit = await self._store.write(work)
        self._next_due[workspace_id] = visit.next_due
        for claimed in visit.claimed:
            self._sender.put(QueuedCallback(workspace_id, claimed.id, claimed.url))
        if visit.claimed:
            self._next_lease_end = min(self._next_lease_end, self._store.wall() + LEASE // 2)

    # What others wait for --------------------------------------------------------------------------------------------

    async def settled(self, workspace_id: int, within: float) -> bool:
        """Wait, at most so many seconds of wall time, until nothing that is due there is still to be sent."""
        try:
            async with asyncio.timeout(within):
                while not await self._is_settled(workspace_id):
                    await self._ending()
        except TimeoutError:
            return False
        return True

    async def _is_settled(self, workspace_id: int) -> bool:
        self._ended.clear()
        await self.tick()
        if self._sender.in_hand(workspace_id):
            return False

        def is_settled(tx: Tx) -> bool:
            tx.enter(find.by_id(tx, workspace_id))
            due = queue.next_due(tx)
            return due is None or due > tx.now

        return await self._store.read(is_settled)

    async def tried(self, workspace_id: int, callback_id: int) -> None:
        """Send a callback that is due, and wait until it was tried once, no longer than an attempt may take."""

        def is_untried(tx: Tx) -> bool:
            tx.enter(find.by_id(tx, workspace_id))
            return queue.is_untried(tx, callback_id)

        try:
            async with asyncio.timeout(self._sender.timeout_s):
                while True:
                    self._ended.clear()
                    await self.tick()
                    if not await self._store.read(is_untried):
                        return
                    await self._ending()
        except TimeoutError:
            return

    async def _ending(self) -> None:
        """Wait until an attempt has ended since the event was cleared."""
        await self._ended.wait()

    def close(self) -> None:
        """End what is under way: it is pending again when the store is next opened."""
        if self._is_closed:
            return
        self._is_closed = True
        self._store.after_commit.remove(self._committed)
        if self._task is not None and not self._task.get_loop().is_closed():
            self._task.cancel()
        self._sender.close()
        try:
            self._store.write_now(lambda tx: queue.release(tx, self._sender.owner))
        except StoreUnavailable:
            logger.exception("The store did not answer; what was being sent is taken over when its lease ends.")


def _next_due(tx: Tx) -> NextDue:
    """Return when a workspace has something to do next."""
    workspace, callback = tx.workspace, queue.next_due(tx)
    at = min(due for due in (workspace.next_due_at, callback, NEVER) if due is not None)
    if at <= tx.now:
        return NextDue(at, tx.wall)
    return NextDue(at, NEVER if at == NEVER or workspace.clock_frozen else workspace.wall_at(at))
