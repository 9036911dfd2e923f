"""How long does a connection wait for its client, and for how many clients is there room?

uvicorn waits for ever for a request's bytes, and where there are too many it refuses those who came first as well.
"""

import asyncio
import sys
from itertools import count
from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from sandbox.server.bad_requests import WITHOUT_HOST as HEALTH
from sandbox.server.bad_requests import BadRequest
from sandbox.server.strictness import RequestPart, Strict

HEAD_S = 30
"""For a whole head: from the connection's beginning, or from the first byte of a further request."""
BODY_S = 30
"""Between two pieces of a body."""
KEPT_OPEN_S = 75
"""Without a request; far from the intervals in which clients poll."""
ANNOUNCED_EARLIER_S = 5
"""So that a client closes before we do, and never sends into a connection that is being closed."""
COMING_S = 0.2
"""In which a request may come yet to a server that stops."""
FURTHER = 32
"""Connections over the bound that may stand open, to be refused or to ask for health; then the oldest of them goes."""
FILES = 128
"""What is left to the store and to callbacks of the files that the process may have open."""

HEAD_LATE = f"The request's head did not come to its end in {HEAD_S} s: end it by an empty line."
BODY_LATE = (
    f"No byte of the request's body came for {BODY_S} s: send as many as Content-Length says, or end a chunked body by"
    " a chunk of size 0."
)
FULL = "There are too many connections: close some, or try again later."

LEAVING = "is_leaving"
"""Set in uvicorn's state of a server that stops, or will soon: each connection ends with its next answer."""

_arrivals = count()


class Patient(Strict):
    """Has an end of waiting."""

    _deadline: asyncio.TimerHandle | None = None
    _may_send = True
    """Whether a request that is on its way is waited for when the server stops."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        seconds = max(self.timeout_keep_alive - ANNOUNCED_EARLIER_S, 1)
        self._kept_open = [(b"connection", b"keep-alive"), (b"keep-alive", b"timeout=%d" % seconds)]

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait(HEAD_S)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.is_refused or self.transport.is_closing():
            self._stop_waiting()
        elif self.part is RequestPart.BODY:
            self._wait(BODY_S)
        elif self.part is RequestPart.NONE and self.is_answering:
            self._stop_waiting()
        elif self._deadline is None:
            self._wait(HEAD_S)

    def on_message_begin(self) -> None:
        if self.cycle is not None:  # the first one has the time that the connection has
            self._stop_waiting()
        super().on_message_begin()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self, seconds: float) -> None:
        self._stop_waiting()
        self._deadline = self.loop.call_later(seconds, self._waited)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _waited(self) -> None:
        self._deadline = None
        if self._is_our_turn():
            self._wait(HEAD_S)
        elif self.part is RequestPart.BODY:
            self.refuse(BadRequest(408, BODY_LATE))
        elif self.part is RequestPart.HEAD and self.is_target_known:
            self.refuse(BadRequest(408, HEAD_LATE))
        else:
            self.transport.close()

    def _is_our_turn(self) -> bool:
        """Whether the client waits for us: for its answer, or until we want the body."""
        if self.part is not RequestPart.BODY:
            return self.is_answering
        is_queued = self.is_answering and self.answering is not self.cycle
        return is_queued or self.flow.read_paused or self.cycle.waiting_for_100_continue

    # Kept open -------------------------------------------------------------------------------------------------------

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if cycle.keep_alive:
            cycle.default_headers = cycle.default_headers + self._kept_open
        super()._start_asgi_task(cycle, app)

    def shutdown(self) -> None:
        """What was promised is not kept by a server that stops."""
        if self._may_send and self._is_request_coming():
            self._may_send = False
            self.loop.call_later(COMING_S, self.shutdown)
            return
        super().shutdown()
        cycle = self.answering
        if cycle is not None and not cycle.keep_alive:
            cycle.default_headers = self.server_state.default_headers

    def _is_request_coming(self) -> bool:
        """Whether a client has sent a part of a head, or is new: it has connected because it has a request."""
        return self.part is RequestPart.HEAD or self.cycle is None


class Bounded(Patient):
    """One of a bounded number of connections: uvicorn's `limit_concurrency`, those that came too late alone."""

    _most: int | None
    _arrival = 0
    _is_over = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._most, self.limit_concurrency = self.limit_concurrency, None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._arrival = next(_arrivals)
        self._is_over = self._is_full()
        if self._is_over:
            over = [each for each in self.connections if isinstance(each, Bounded) and each.is_over]
            if len(over) > FURTHER:
                min(over, key=lambda each: each._arrival).transport.abort()

    @property
    def is_over(self) -> bool:
        """Whether it came when there was no room, and is there yet."""
        return self._is_over and not self.transport.is_closing()

    def check_head(self) -> None:
        super().check_head()
        self._is_over = self._is_over and self._is_full()
        if self._is_over and not self.url.startswith(HEALTH):
            raise BadRequest(503, FULL, {"Retry-After": "1"})

    def _is_full(self) -> bool:
        return self._most is not None and len(self.connections) > self._most

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if self._is_over or getattr(self.server_state, LEAVING, False):
            cycle.keep_alive = False
        super()._start_asgi_task(cycle, app)


def most_connections(wanted: int) -> int:
    """Return how many are kept open: each takes one of the files that the process may have, and so do others."""
    if sys.platform == "win32":
        return wanted
    import resource  # noqa: PLC0415  (not on Windows)

    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return wanted
    return min(wanted, files - min(FILES + FURTHER, files // 2))
