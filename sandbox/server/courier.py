"""Sends callbacks that are due, and wakes when something falls due by itself.

Nothing here looks at the clock again and again: one timer is set to the earliest due time of all running clocks. A slow
receiver holds up nobody else: each has only so many attempts under way.
"""

import asyncio
import logging
import sqlite3
from collections import Counter, deque
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

from sandbox.server.posting import Poster, Unreached
from sandbox.server.targets import Forbidden
from sandbox.vendors import VENDORS
from sandbox.world import World, acts, callbacks, messages, sinks, workspaces
from sandbox.world.clock import SECOND
from sandbox.world.errors import UnknownMessage, UnknownWorkspace

SINKS = "/_sandbox/sinks/"
AT_ONCE = 500
"""Callbacks that are taken up together."""
MOST_IN_HAND = 5_000
PER_RECEIVER = 8
"""Attempts under way at one receiver."""
HEADERS = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "dialog-sandbox"}
STORE_RETRY_S = 1.0
LATEST_TIMER_S = 24 * 60 * 60
"""Timers further ahead are set anew then."""


class Parcel(NamedTuple):
    """A callback that was taken up."""

    workspace_id: int
    n: int
    url: str

    @property
    def receiver(self) -> str:
        return urlsplit(self.url).netloc


class Courier:
    """`rate`: attempts a second. `wake` is called after whatever may have made something due."""

    def __init__(self, world: World, poster: Poster, *, rate: int) -> None:
        self._world = world
        self._poster = poster
        self._rate = rate
        self._started: deque[float] = deque(maxlen=rate)
        self._queues: dict[str, deque[Parcel]] = {}
        self._under_way: Counter[str] = Counter()
        self._in_hand: Counter[int] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._due: dict[int, int] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._pause: asyncio.TimerHandle | None = None
        self._changed: asyncio.Event | None = None
        self._is_closed = False
        callbacks.take_up_again(world)
        world.stirred.update(row["id"] for row in workspaces.rows(world))
        world.courier = self

    @property
    def is_wanted(self) -> bool:
        """Whether `wake` has something to do."""
        return bool(self._world.stirred) or (bool(self._due) and min(self._due.values()) <= self._world.wall())

    def wake(self) -> None:
        """Does what is due, and sets the timer for what comes next."""
        if self._is_closed:
            return
        try:
            self._do_what_is_due()
        except sqlite3.Error:
            # Whoever called has been answered; what is due stays so, and is done when the store answers again.
            logging.getLogger(__name__).exception("The store did not answer; it is tried again.")
            self._world.stirred.clear()
            self._set_timer(STORE_RETRY_S)

    def _do_what_is_due(self) -> None:
        world = self._world
        wall = world.wall()
        for workspace_id in {*world.stirred, *(ws for ws, due in self._due.items() if due <= wall)}:
            self._visit(workspace_id)
        world.stirred.clear()
        self._dispatch()
        self._set_timer()

    def _visit(self, workspace_id: int) -> None:
        """Catches up with a workspace, takes up its callbacks, and notes when it is to be visited again."""
        world = self._world
        self._due.pop(workspace_id, None)
        try:
            workspace = workspaces.view_of(world, workspace_id)
        except UnknownWorkspace:
            return
        now = world.now(workspace)
        if workspace.next_due_at is not None and workspace.next_due_at <= now:
            acts.catch_up(world, workspace)
            workspace = workspaces.view_of(world, workspace_id)
        next_callback = callbacks.next_due(world, workspace_id)
        while next_callback is not None and next_callback <= now and sum(self._in_hand.values()) < MOST_IN_HAND:
            self._take_up(workspace_id, now)
            next_callback = callbacks.next_due(world, workspace_id)
        dues = [due for due in (workspace.next_due_at, next_callback) if due is not None and due > now]
        if dues and not workspace.clock_frozen:
            self._due[workspace_id] = workspace.wall_at(min(dues))

    def _take_up(self, workspace_id: int, now: int) -> None:
        for n, url in callbacks.claim(self._world, workspace_id, now, AT_ONCE):
            parcel = Parcel(workspace_id, n, url)
            self._queues.setdefault(parcel.receiver, deque()).append(parcel)
            self._in_hand[workspace_id] += 1

    def _set_timer(self, wait: float | None = None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if wait is None and self._due:
            wait = max(0.001, (min(self._due.values()) - self._world.wall()) / SECOND)
        if wait is not None:
            self._timer = asyncio.get_running_loop().call_later(min(wait, LATEST_TIMER_S), self.wake)

    def _dispatch(self) -> None:
        """Starts as many attempts as the receivers and the rate allow, the receivers by turns."""
        loop = asyncio.get_running_loop()
        is_more = True
        while is_more:
            is_more = False
            for receiver, queue in list(self._queues.items()):
                if not queue:
                    del self._queues[receiver]
                elif self._under_way[receiver] < PER_RECEIVER:
                    if not self._may_start(loop.time()):
                        return
                    self._start(receiver, queue.popleft())
                    is_more = True

    def _may_start(self, now: float) -> bool:
        """Whether the rate allows another attempt; if not, it is tried again when it does."""
        if len(self._started) < self._rate or now - self._started[0] >= 1:
            self._started.append(now)
            return True
        if self._pause is None:
            wait = 1 - (now - self._started[0])
            self._pause = asyncio.get_running_loop().call_later(wait, self._go_on)
        return False

    def _go_on(self) -> None:
        self._pause = None
        self._dispatch()

    def _start(self, receiver: str, parcel: Parcel) -> None:
        self._under_way[receiver] += 1
        task = asyncio.get_running_loop().create_task(self._attempt(receiver, parcel))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _attempt(self, receiver: str, parcel: Parcel) -> None:
        try:
            workspace = workspaces.view_of(self._world, parcel.workspace_id)
            at = self._world.now(workspace)
            body = self._body(parcel)
            if body is not None:
                outcome = await self._outcome(parcel.url, body)
                if not self._is_closed:
                    callbacks.note_attempt(self._world, parcel.workspace_id, parcel.n, at, outcome)
        except UnknownWorkspace:
            pass
        finally:
            self._under_way[receiver] -= 1
            if not self._under_way[receiver]:
                del self._under_way[receiver]
            self._in_hand[parcel.workspace_id] -= 1
            if not self._is_closed:
                self._world.stir(parcel.workspace_id)
                self.wake()
                if self._changed is not None:
                    self._changed.set()

    def _body(self, parcel: Parcel) -> bytes | None:
        form = payload(self._world, parcel.workspace_id, parcel.n)
        return None if form is None else urlencode(form).encode()

    async def _outcome(self, url: str, body: bytes) -> callbacks.Outcome:
        clock = asyncio.get_running_loop().time
        began = clock()
        status, error, is_final = None, None, False
        try:
            status = await self._into_sink(url, body)
            if status is None:
                status = await self._poster.post(url, body, HEADERS)
        except Forbidden as forbidden:
            error, is_final = str(forbidden), True
        except Unreached as unreached:
            error = str(unreached)
        return callbacks.Outcome(status, error, round((clock() - began) * 1000), is_final)

    async def _into_sink(self, url: str, body: bytes) -> int | None:
        """A sink of this server's is handed it without a socket, which not every server has; None for other URLs."""
        parts = urlsplit(url)
        if not parts.path.startswith(SINKS):
            return None
        sink = sinks.by_token(self._world, parts.path.removeprefix(SINKS))
        if sink is None:
            return None
        try:
            async with asyncio.timeout(self._poster.timeout_s):
                return await received(self._world, sink, "POST", parts.query, list(HEADERS.items()), body.decode())
        except TimeoutError:
            raise Unreached(f"no answer within {self._poster.timeout_s:g} s") from None

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

    async def sent(self, workspace_id: int) -> None:
        """Sends what is due there, and waits until it was tried once."""
        self.wake()
        while self._in_hand[workspace_id]:
            await self._change()

    def _is_settled(self, workspace_id: int) -> bool:
        self.wake()
        if self._in_hand[workspace_id]:
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
        for handle in (self._timer, self._pause):
            if handle is not None:
                handle.cancel()
        for task in self._tasks:
            if not task.get_loop().is_closed():
                task.cancel()


def payload(world: World, workspace_id: int, n: int) -> dict[str, str] | None:
    """The form of a callback, as its vendor has it; none when it is gone."""
    row = callbacks.find(world, workspace_id, n)
    if row is None:
        return None
    try:
        message = messages.find(world, workspaces.view_of(world, workspace_id), messages.our_id(row["message_id"]))
    except UnknownMessage:
        return None
    return form_of(message["vendor"])(world, message, row)


def form_of(vendor: str) -> Callable[..., dict[str, str]]:
    """What a vendor's callbacks say."""
    return next(each.status_callback for each in VENDORS if each.name == vendor and each.status_callback)


async def received(
    world: World, sink: sinks.SinkRow, method: str, query: str, headers: list[tuple[str, str]], body: str
) -> int:
    """A sink gets a request: the status it answers, after its delay."""
    workspace = workspaces.view_of(world, sink["workspace_id"])
    with world.store.writing():
        sinks.receive(world, workspace, sink, method=method, query=query, headers=headers, body=body)
    if sink["delay"]:
        await asyncio.sleep(sink["delay"] / SECOND)
    return int(sink["status"])
