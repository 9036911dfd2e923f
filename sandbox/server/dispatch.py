"""Hands callbacks out to be sent: so many a second, so many at a time for each receiver, the receivers by turns.

So a slow receiver holds up nobody else, and many callbacks that fall due together do not take the server's whole time.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple
from urllib.parse import urlsplit

PER_RECEIVER = 8
"""Attempts under way at one receiver."""


class Parcel(NamedTuple):
    """A callback that was taken up."""

    workspace_id: int
    n: int
    url: str

    @property
    def receiver(self) -> str:
        """Host and port, whoever is named before them; of what is no URL, all of it."""
        try:
            return urlsplit(self.url).netloc.rpartition("@")[2].lower()
        except ValueError:
            return self.url


class Dispatch:
    """`deliver` makes one attempt; `done` is called when one has ended. `rate`: attempts a second."""

    def __init__(
        self,
        deliver: Callable[[Parcel], Coroutine[Any, Any, None]],
        done: Callable[[], None],
        *,
        rate: int,
    ) -> None:
        self._deliver = deliver
        self._done = done
        self._rate = rate
        self._started: deque[float] = deque(maxlen=rate)
        self._queues: dict[str, deque[Parcel]] = {}
        self._tasks: dict[asyncio.Task[None], Parcel] = {}
        self._under_way: Counter[str] = Counter()
        self._in_hand: Counter[int] = Counter()
        self._pause: asyncio.TimerHandle | None = None

    def in_hand(self, workspace_id: int) -> int:
        """How many of the workspace's are waiting here or under way."""
        return self._in_hand[workspace_id]

    def put(self, parcel: Parcel) -> None:
        self._queues.setdefault(parcel.receiver, deque()).append(parcel)
        self._in_hand[parcel.workspace_id] += 1

    def go(self) -> None:
        """Starts as many attempts as the receivers and the rate allow."""
        is_more = True
        while is_more:
            is_more = False
            for receiver, queue in list(self._queues.items()):
                if not queue:
                    del self._queues[receiver]
                elif self._under_way[receiver] < PER_RECEIVER:
                    if not self._may_start():
                        return
                    self._start(queue.popleft())
                    self._queues[receiver] = self._queues.pop(receiver)  # the others first next time
                    is_more = True

    def _may_start(self) -> bool:
        """Whether the rate allows another attempt; if not, it is tried again when it does."""
        loop = asyncio.get_running_loop()
        wait = 1 - (loop.time() - self._started[0]) if len(self._started) == self._rate else 0
        if wait <= 0:
            self._started.append(loop.time())
            return True
        if self._pause is None:
            self._pause = loop.call_later(wait, self._go_on)
        return False

    def _go_on(self) -> None:
        self._pause = None
        self.go()

    def _start(self, parcel: Parcel) -> None:
        task = asyncio.get_running_loop().create_task(self._deliver(parcel))
        self._tasks[task] = parcel
        self._under_way[parcel.receiver] += 1
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        parcel = self._tasks.pop(task)
        _take_off(self._under_way, parcel.receiver)
        _take_off(self._in_hand, parcel.workspace_id)
        if not task.cancelled() and (error := task.exception()):
            logging.getLogger(__name__).error("A callback could not be sent.", exc_info=error)
        self._done()

    def drop(self, workspace_id: int) -> None:
        """Lets go of all that is the workspace's; what is under way is broken off and leaves no trace."""
        for receiver, queue in self._queues.items():
            self._queues[receiver] = deque(parcel for parcel in queue if parcel.workspace_id != workspace_id)
        del self._in_hand[workspace_id]
        for task, parcel in self._tasks.items():
            if parcel.workspace_id == workspace_id:
                self._in_hand[workspace_id] += 1
                task.cancel()

    def close(self) -> None:
        """Breaks everything off."""
        self._queues.clear()
        if self._pause is not None:
            self._pause.cancel()
        for task in self._tasks:
            if not task.get_loop().is_closed():
                task.cancel()


def _take_off(counter: Counter[Any], key: Any) -> None:
    counter[key] -= 1
    if not counter[key]:
        del counter[key]
