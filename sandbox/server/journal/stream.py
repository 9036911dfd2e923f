"""An answer that is sent in pieces: what the journal keeps of it while it goes by."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

Ended = Callable[[bytes, int | None], Awaitable[None]]
"""Called once, with the first bytes of the body and the size of the whole; None if it never came to its end.

The end of the answer is sent when it has returned.
"""


class RecordedPieces:
    """The pieces of a body, the first of which are kept. Ends when they do, or when it is closed."""

    def __init__(self, pieces: AsyncIterator[Any], keep: int, ended: Ended) -> None:
        self._pieces = pieces
        self._keep = keep
        self._ended: Ended | None = ended
        self._kept = bytearray()
        self._size = 0

    def __aiter__(self) -> "RecordedPieces":
        return self

    async def __anext__(self) -> bytes:
        try:
            piece = await anext(self._pieces)
        except StopAsyncIteration:
            await self._end(self._size)
            raise
        raw = piece.encode() if isinstance(piece, str) else bytes(piece)
        self._size += len(raw)
        self._kept += raw[: self._keep - len(self._kept)]
        return raw

    async def aclose(self) -> None:
        """Say that nothing more will be asked for: a long answer holds a snapshot of the store until then."""
        close = getattr(self._pieces, "aclose", None)
        if close is not None:
            await close()
        await self._end(None)

    async def _end(self, size: int | None) -> None:
        ended, self._ended = self._ended, None
        if ended is not None:
            await ended(bytes(self._kept), size)


class RecordedStream(StreamingResponse):
    """The same answer, its pieces recorded. Who sends it without calling it closes its `body_iterator` in the end."""

    def __init__(self, response: StreamingResponse, keep: int, ended: Ended) -> None:
        self.pieces = RecordedPieces(aiter(response.body_iterator), keep, ended)
        super().__init__(self.pieces, response.status_code, background=response.background)
        self.raw_headers = response.raw_headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self.pieces):
            await super().__call__(scope, receive, send)
