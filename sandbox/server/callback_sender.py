"""Sends callbacks: so many a second, so many at a time for each receiver, the receivers in turn.

A slow receiver holds up nobody else, and many callbacks that fall due together do not take the server's whole time.
What came of each attempt is written before the next one of its message.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import NamedTuple, TypeVar
from urllib.parse import urlencode, urlsplit

from sandbox.clock import SECOND
from sandbox.server.http_client import HttpClient, Unreached
from sandbox.server.targets import Forbidden
from sandbox.store import Store, StoreUnavailable, Tx
from sandbox.store.tables import Callback, Message, Sink
from sandbox.vendors.base.vendor import Vendor
from sandbox.world import sinks
from sandbox.world.callbacks.queue import AttemptOutcome, note_attempt
from sandbox.world.callbacks.states import SENDING
from sandbox.world.errors import UnknownWorkspace
from sandbox.world.workspaces import find

SINKS = "/_sandbox/sinks/"
HEADERS = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "dialog-sandbox"}
STORE_RETRY_S = 1.0
"""After which a store that did not answer is asked again."""
PER_RECEIVER = 8
"""Attempts under way at one receiver."""

T = TypeVar("T")
logger = logging.getLogger(__name__)


class QueuedCallback(NamedTuple):
    """A callback that this process has claimed, in an epoch of its workspace: a reset brings others of its number."""

    workspace_id: int
    epoch: int
    id: int
    url: str

    @property
    def receiver(self) -> str:
        """Host and port, without the user before them; of what is no URL, all of it."""
        try:
            return urlsplit(self.url).netloc.rpartition("@")[2].lower()
        except ValueError:
            return self.url


class MadeCallback(NamedTuple):
    """What is sent, and when on its workspace's clock; or why it could not be made."""

    at: int
    body: bytes
    mistake: str | None = None


class CallbackSender:
    """Makes attempts. `owner` names this process's claims; `rate` is attempts a second."""

    def __init__(
        self, store: Store, client: HttpClient, vendors: Mapping[str, Vendor], *, owner: str, rate: int
    ) -> None:
        self.owner = owner
        self._store = store
        self._client = client
        self._vendors = vendors
        self._rate = rate
        self._started: deque[float] = deque(maxlen=rate)
        self._queues: dict[str, deque[QueuedCallback]] = {}
        self._tasks: dict[asyncio.Task[None], QueuedCallback] = {}
        self._under_way: Counter[str] = Counter()
        self._in_hand: dict[int, set[QueuedCallback]] = {}
        """By workspace, those that wait here or are being sent."""
        self._pause: asyncio.TimerHandle | None = None
        self.on_end: Callable[[], None] = lambda: None
        """Called when an attempt has ended."""

    @property
    def timeout_s(self) -> float:
        """What an attempt takes at most."""
        return self._client.timeout_s

    @property
    def is_busy(self) -> bool:
        return bool(self._in_hand)

    def in_hand(self, workspace_id: int) -> int:
        """Return how many of the workspace's callbacks wait here or are being sent."""
        return len(self._in_hand.get(workspace_id, ()))

    # Which is sent when ----------------------------------------------------------------------------------------------

    def put(self, callback: QueuedCallback) -> None:
        """Queue a callback, unless it is here already."""
        in_hand = self._in_hand.setdefault(callback.workspace_id, set())
        if callback not in in_hand:
            in_hand.add(callback)
            self._queues.setdefault(callback.receiver, deque()).append(callback)

    def start(self) -> None:
        """Start as many attempts as the receivers and the rate allow."""
        is_more = True
        while is_more:
            is_more = False
            for receiver, queue in list(self._queues.items()):
                if not queue:
                    del self._queues[receiver]
                elif self._under_way[receiver] < PER_RECEIVER:
                    if not self._may_start():
                        return
                    self._start_one(queue.popleft())
                    self._queues[receiver] = self._queues.pop(receiver)  # the others first next time
                    is_more = True

    def _may_start(self) -> bool:
        """Return whether the rate allows another attempt; if not, it is tried again when it does."""
        loop = asyncio.get_running_loop()
        wait = 1 - (loop.time() - self._started[0]) if len(self._started) == self._rate else 0
        if wait <= 0:
            self._started.append(loop.time())
            return True
        if self._pause is None:
            self._pause = loop.call_later(wait, self._resume)
        return False

    def _resume(self) -> None:
        self._pause = None
        self.start()

    def _start_one(self, callback: QueuedCallback) -> None:
        task = asyncio.get_running_loop().create_task(self._attempt(callback))
        self._tasks[task] = callback
        self._under_way[callback.receiver] += 1
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        callback = self._tasks.pop(task)
        self._under_way[callback.receiver] -= 1
        if not self._under_way[callback.receiver]:
            del self._under_way[callback.receiver]
        self._let_go(callback)
        if not task.cancelled() and (error := task.exception()):
            logger.error("A callback could not be sent.", exc_info=error)
        if self._queues:
            self.start()
        self.on_end()

    def _let_go(self, callback: QueuedCallback) -> None:
        in_hand = self._in_hand.get(callback.workspace_id, set())
        in_hand.discard(callback)
        if not in_hand:
            self._in_hand.pop(callback.workspace_id, None)

    def drop(self, workspace_id: int) -> None:
        """Let go of all that is the workspace's; what is under way is broken off and leaves no trace."""
        if self._in_hand.pop(workspace_id, None) is None:
            return
        for receiver, queue in self._queues.items():
            self._queues[receiver] = deque(each for each in queue if each.workspace_id != workspace_id)
        for task, callback in self._tasks.items():
            if callback.workspace_id == workspace_id:
                task.cancel()

    def close(self) -> None:
        """Break everything off."""
        self._queues.clear()
        self._in_hand.clear()
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None
        for task in self._tasks:
            if not task.get_loop().is_closed():
                task.cancel()

    # One attempt -----------------------------------------------------------------------------------------------------

    async def _attempt(self, callback: QueuedCallback) -> None:
        """Send a callback and write what came of it; nothing if it or its workspace is gone."""
        with suppress(UnknownWorkspace):
            made = await patiently(lambda: self._store.read(lambda tx: self._made(tx, callback)))
            if made is not None:
                outcome = await self._outcome(callback.url, made)
                await patiently(lambda: self._store.write(lambda tx: self._note(tx, callback, made.at, outcome)))

    def _made(self, tx: Tx, callback: QueuedCallback) -> MadeCallback | None:
        """Return what is to be sent; None when that is not this process's, or gone."""
        workspace = tx.enter(find.by_id(tx, callback.workspace_id))
        row = tx.get(Callback, callback.id) if workspace.epoch == callback.epoch else None
        if row is None or (row.state, row.claimed_by) != (SENDING, self.owner):
            return None
        message = tx.get(Message, row.message_id)
        assert message is not None, "a callback goes when its message goes"
        make = self._vendors[message.vendor].status_callback
        assert make is not None, "only such a vendor takes a callback's URL"
        try:
            form = make(tx, message, row)
        except Exception as error:  # a vendor may be anybody's
            logger.exception("A callback could not be made.")
            return MadeCallback(tx.now, b"", f"it could not be made: {type(error).__name__}: {error}")
        return MadeCallback(tx.now, urlencode(form).encode())

    def _note(self, tx: Tx, callback: QueuedCallback, at: int, outcome: AttemptOutcome) -> None:
        if tx.enter(find.by_id(tx, callback.workspace_id)).epoch == callback.epoch:
            note_attempt(tx, self.owner, callback.id, at, outcome)

    async def _outcome(self, url: str, made: MadeCallback) -> AttemptOutcome:
        """Send it, and return what came of that."""
        if made.mistake is not None:
            return AttemptOutcome(None, made.mistake, 0, is_final=True)
        clock = asyncio.get_running_loop().time
        began = clock()
        status, error, is_final = None, None, False
        try:
            status = await self._into_sink(url, made.body)
            if status is None:
                status = await self._client.post(url, made.body, HEADERS)
        except Forbidden as forbidden:
            error, is_final = str(forbidden), True
        except Unreached as unreached:
            error = str(unreached)
        return AttemptOutcome(status, error, round((clock() - began) * SECOND), is_final)

    async def _into_sink(self, url: str, body: bytes) -> int | None:
        """Hand it to a sink of this server's without a socket, which not every server has; None for other URLs."""
        parts = urlsplit(url)
        if not parts.path.startswith(SINKS):
            return None
        token = parts.path.removeprefix(SINKS)
        keep = keeping(token, "POST", parts.query, list(HEADERS.items()), body.decode())
        sink = await patiently(lambda: self._store.write(keep))
        if sink is None:
            return None
        try:
            async with asyncio.timeout(self.timeout_s):
                return await answer_of(sink)
        except TimeoutError:
            raise Unreached(f"no answer within {self.timeout_s:g} s") from None


def keeping(
    token: str, method: str, query: str, headers: list[tuple[str, str]], body: str
) -> Callable[[Tx], Sink | None]:
    """Return the work that writes what a sink got, and returns the sink; None when there is none of that token."""

    def work(tx: Tx) -> Sink | None:
        sink = sinks.by_token(tx, token)
        if sink is not None:
            try:
                sinks.receive(tx, sink, method=method, query=query, headers=headers, body=body)
            except UnknownWorkspace:  # its time is over, though its rows are still there
                return None
        return sink

    return work


async def answer_of(sink: Sink) -> int:
    """Return the status that a sink answers, after its delay."""
    if sink.delay:
        await asyncio.sleep(sink.delay / SECOND)
    return sink.status


async def patiently(do: Callable[[], Awaitable[T]]) -> T:
    """Return what it returns, once the store answers."""
    while True:
        try:
            return await do()
        except StoreUnavailable:
            logger.exception("The store did not answer; it is asked again.")
            await asyncio.sleep(STORE_RETRY_S)
