"""Decides which claimed callback is sent when: so many a second, so many at a time for each receiver, in turn.

A slow receiver holds up nobody else, and many callbacks that fall due together do not take the server's whole time.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple
from urllib.parse import urlsplit

PER_RECEIVER = 8
"""Attempts under way at one receiver."""

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


class CallbackScheduler:
    """`attempt` sends a callback once; `on_end` is called when that has ended. `rate`: attempts a second."""

    def __init__(
        self, attempt: Callable[[QueuedCallback], Coroutine[Any, Any, None]], on_end: Callable[[], None], *, rate: int
    ) -> None:
        self._attempt = attempt
        self._on_end = on_end
        self._rate = rate
        self._started: deque[float] = deque(maxlen=rate)
        self._queues: dict[str, deque[QueuedCallback]] = {}
        self._tasks: dict[asyncio.Task[None], QueuedCallback] = {}
        self._under_way: Counter[str] = Counter()
        self._in_hand: Counter[int] = Counter()
        """By workspace, how many wait here or are being sent."""
        self._pause: asyncio.TimerHandle | None = None

    @property
    def is_busy(self) -> bool:
        return bool(self._in_hand)

    def in_hand(self, workspace_id: int) -> int:
        """Return how many of the workspace's callbacks wait here or are being sent."""
        return self._in_hand[workspace_id]

    def put(self, callback: QueuedCallback) -> None:
        """Queue a callback. One whose last attempt is just ending may be claimed again already."""
        self._queues.setdefault(callback.receiver, deque()).append(callback)
        self._in_hand[callback.workspace_id] += 1

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
        _count_down(self._under_way, callback.receiver)
        _count_down(self._in_hand, callback.workspace_id)
        if not task.cancelled() and (error := task.exception()):
            logger.error("A callback could not be sent.", exc_info=error)
        if self._queues:
            self.start()
        self._on_end()

    def drop(self, workspace_id: int) -> None:
        """Let go of all that is the workspace's; what is under way is broken off and leaves no trace."""
        if not self._in_hand[workspace_id]:
            return
        for receiver, queue in self._queues.items():
            self._queues[receiver] = deque(each for each in queue if each.workspace_id != workspace_id)
        under_way = [task for task, callback in self._tasks.items() if callback.workspace_id == workspace_id]
        self._in_hand[workspace_id] = len(under_way)
        for task in under_way:
            task.cancel()

    def close(self) -> None:
        """Break everything off."""
        self._queues.clear()
        self._in_hand = Counter(callback.workspace_id for callback in self._tasks.values())
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None
        for task in self._tasks:
            if not task.get_loop().is_closed():
                task.cancel()


def _count_down(counter: Counter[Any], key: Any) -> None:
    counter[key] -= 1
    if counter[key] <= 0:
        del counter[key]
