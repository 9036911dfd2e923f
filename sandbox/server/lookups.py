"""What names stand for, asked of the system so that one name that nobody knows keeps no other one waiting."""

import asyncio
import socket
from collections import deque
from concurrent.futures import Future
from ipaddress import ip_address
from threading import Lock, Thread

MOST_THREADS = 64
LOCALHOST = "localhost"
LOOPBACK = ("::1", "127.0.0.1")
"""In the order in which a system names them (RFC 6724)."""


class Lookup(Future[list[str]]):
    """One question to the system. Whoever asks the same meanwhile waits for the same answer."""

    def __init__(self, host: str) -> None:
        super().__init__()
        self.host = host
        self.waiting = 0
        self.set_running_or_notify_cancel()  # so that one who no longer waits does not cancel it for the others


class Lookups:
    """The system takes as long as it likes for a name, seconds for one that nobody knows, and cannot be broken off.

    So it is asked in threads that serve nothing else. They start when there is something to ask, end when there is no
    more, and are daemons, or the process could not stop before the last name was given up.
    """

    def __init__(self, most: int = MOST_THREADS) -> None:
        self._most = most
        self._lock = Lock()
        self._open: dict[str, Lookup] = {}
        self._queue: deque[Lookup] = deque()
        self._threads = 0

    async def resolve(self, host: str, port: int) -> list[str]:  # noqa: ARG002
        """By the system, which also reads every way to write an IPv4 address; one as usual, and localhost, need no
        asking. Raises what the system does when it finds none (`OSError`, `UnicodeError`).
        """
        try:
            return [str(ip_address(host))]
        except ValueError:
            pass
        name = host.lower()
        if name.removesuffix(".") == LOCALHOST:
            return list(LOOPBACK)
        lookup = self._join(name)
        try:
            return await asyncio.wrap_future(lookup)
        finally:
            with self._lock:
                lookup.waiting -= 1

    def _join(self, host: str) -> Lookup:
        with self._lock:
            lookup = self._open.get(host)
            if lookup is None:
                if self._threads < self._most:
                    Thread(target=self._work, name="dialog-sandbox-lookup", daemon=True).start()
                    self._threads += 1
                lookup = self._open[host] = Lookup(host)
                self._queue.append(lookup)
            lookup.waiting += 1
            return lookup

    def _work(self) -> None:
        while (lookup := self._next()) is not None:
            try:
                found = addresses(lookup.host)
            except Exception as error:
                self._close(lookup)
                lookup.set_exception(error)
            else:
                self._close(lookup)
                lookup.set_result(found)

    def _next(self) -> Lookup | None:
        """The next that somebody still waits for; none ends the thread."""
        with self._lock:
            while self._queue:
                lookup = self._queue.popleft()
                if lookup.waiting:
                    return lookup
                del self._open[lookup.host]
            self._threads -= 1
            return None

    def _close(self, lookup: Lookup) -> None:
        """Before it is answered: whoever asks after that asks anew, since a name may be pointed elsewhere."""
        with self._lock:
            del self._open[lookup.host]


def addresses(host: str) -> list[str]:
    """What the system answers, each address once."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
