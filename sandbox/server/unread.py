"""How long, and how much, is kept for clients that take nothing of their answers?

uvicorn keeps it for ever, and goes on answering who has taken none of it.
"""

import asyncio
import socket
import struct
import sys
from contextlib import suppress

from sandbox.server.patience import Bounded

STALLED_S = 60.0
"""A client that takes nothing of its answer for so long is given up: a long one holds a picture of the whole world."""
NO_LINGER = struct.pack("ii", 1, 0)
"""What is unsent is dropped, and closing sends RST."""
MOST_UNREAD = 64 * 1024 * 1024
"""Bytes that wait for all clients together; beyond them those are given up that wait longest."""


class Unread(Bounded):
    """A connection whose client may take less than it is sent. Most answers are too short for that to be seen."""

    _stalling: asyncio.TimerHandle | None = None
    _paused_at: float | None = None
    """On the loop's clock, since when it takes too little."""
    _is_held_back = False
    """Whether the next request waits for the client to take the answer to the last one."""

    def pause_writing(self) -> None:
        super().pause_writing()
        self._paused_at = self.loop.time()
        self._watch()
        self._make_room()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_watching()
        if self._is_held_back:
            self._is_held_back = False
            self.on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tells the exchange under way, where uvicorn tells only the last of those that the client sent together."""
        self._stop_watching()
        super().connection_lost(exc)
        self._end()

    def reset(self) -> None:
        """Drop the connection, and what was not taken: its client is told by TCP RST."""
        self._end()
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        self.transport.abort()

    def _end(self) -> None:
        """To the exchange under way the client is gone, so that uvicorn expects no answer from it."""
        if self.answering is not None and not self.answering.response_complete:
            self.answering.disconnected = True
            self.answering.message_event.set()

    # The next request ------------------------------------------------------------------------------------------------

    def on_response_complete(self) -> None:
        if self.flow.write_paused and not self.transport.is_closing():
            self._is_held_back = True
            self.flow.pause_reading()
        else:
            super().on_response_complete()

    @property
    def is_answering(self) -> bool:
        return self._is_held_back or super().is_answering

    # How long --------------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        self._stalling = self.loop.call_later(STALLED_S, self._look, self._untaken())

    def _untaken(self) -> int:
        """Bytes that wait for the client, here and in the system, which takes MBs off us before it makes us wait."""
        waiting: int = self.transport.get_write_buffer_size()
        with suppress(OSError, ValueError):  # the latter of one that was closed meanwhile
            waiting += queued(self.transport.get_extra_info("socket"))
        return waiting

    def _look(self, untaken: int) -> None:
        """However slow it is, as long as it takes something it may go on."""
        if self._untaken() < untaken:
            self._watch()
        else:
            self.reset()

    def _stop_watching(self) -> None:
        self._paused_at = None
        if self._stalling is not None:
            self._stalling.cancel()
            self._stalling = None

    # How much --------------------------------------------------------------------------------------------------------

    def _make_room(self) -> None:
        paused = [each for each in self.connections if isinstance(each, Unread) and each._paused_at is not None]
        unread = sum(each.transport.get_write_buffer_size() for each in paused)
        for each in sorted(paused, key=lambda each: each._paused_at or 0):
            if unread <= MOST_UNREAD or each is self:
                return
            unread -= each.transport.get_write_buffer_size()
            each.reset()


def queued(connection: socket.socket) -> int:
    """Bytes that the system has not got rid of yet, where it tells that."""
    if sys.platform == "win32":
        return 0
    import fcntl  # noqa: PLC0415  (Windows has none)
    import termios  # noqa: PLC0415  (Windows has none)

    (count,) = struct.unpack("i", fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, struct.pack("i", 0)))
    return int(count)
