"""Events on the wire: `text/event-stream`, as long as the reader stays."""

import asyncio
import logging
from collections.abc import Iterator
from functools import partial

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sandbox.server.events.frames import EventFilters, EventWriter, Page
from sandbox.server.events.hub import Hub, Stopping, WatchedWorkspace
from sandbox.server.guard import IS_HEAD
from sandbox.store import StoreUnavailable
from sandbox.world.errors import UnknownWorkspace

GREETING = b": here is what happens in this workspace\n\n"
HEARTBEAT = b": nothing new\n\n"
EVENT_ID = "Last-Event-ID"
FULL = 64 * 1024
"""Bytes that are sent in one go."""
STORE_RETRY_S = 1.0

Leaving = asyncio.Future[None]
"""Done when the client has gone."""


async def hung_up(receive: Receive) -> None:
    """Return when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


class EventStream(Response):
    """What happens in a workspace, from a first page on. `event_id`: that of one who has seen what was before it.

    `limit`: it ends after so many events. A reader who takes nothing costs the page that is being sent, and a cursor.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        hub: Hub,
        workspace_id: int,
        writer: EventWriter,
        filters: EventFilters,
        *,
        event_id: str,
        first: Page,
        limit: int | None = None,
    ) -> None:
        headers = {"Content-Type": self.media_type, "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(headers={**headers, EVENT_ID: event_id})
        del self.headers["content-length"]
        self._hub = hub
        self._workspace_id = workspace_id
        self._writer = writer
        self._filters = filters
        self._page = first
        self._left = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._hub.streams.taken(self._workspace_id):
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        if not scope.get(IS_HEAD):
            leaving: Leaving = asyncio.ensure_future(hung_up(receive))
            try:
                with self._hub.watching(self._workspace_id) as watched:
                    await self._send_events(watched, leaving, send)
            except (Stopping, UnknownWorkspace):
                pass  # the stream ends
            finally:
                leaving.cancel()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_events(self, watched: WatchedWorkspace, leaving: Leaving, send: Send) -> None:
        clock = asyncio.get_running_loop().time
        await _send(send, GREETING)
        said_at = clock()
        while not leaving.done():
            if await self._send_page(send):
                said_at = clock()
            if self._left == 0:
                return
            page = await self._next_page(watched, leaving, max(0, said_at + self._hub.heartbeat_s - clock()))
            if page is not None:
                self._page = page
            elif not leaving.done():
                await _send(send, HEARTBEAT)
                said_at = clock()

    async def _send_page(self, send: Send) -> bool:
        """Send the events of the page that were not sent yet; return whether there were any."""
        frames = self._page.frames[: self._left]
        self._page = self._page._replace(frames=[])
        if self._left is not None:
            self._left -= len(frames)
        for piece in _pieces(frames):
            await _send(send, piece)
        return bool(frames)

    async def _next_page(self, watched: WatchedWorkspace, leaving: Leaving, timeout_s: float) -> Page | None:
        """Return what happened since, as soon as something does; None when nothing did in that time."""
        cursor, filters = self._page.cursor, self._filters
        work = partial(self._writer.page, cursor=cursor, filters=filters)
        is_urgent = not self._page.is_all
        try:
            return await watched.answer(
                ("events", cursor, filters), work, timeout_s=timeout_s, unless=leaving, is_urgent=is_urgent
            )
        except StoreUnavailable:
            logging.getLogger(__name__).exception("The store did not answer; it is asked again.")
            await asyncio.wait({leaving}, timeout=STORE_RETRY_S)
            return self._page


def _pieces(frames: list[bytes]) -> Iterator[bytes]:
    """Yield what is sent in one go: whole events, as many as fit."""
    piece = b""
    for frame in frames:
        if piece and len(piece) + len(frame) > FULL:
            yield piece
            piece = b""
        piece += frame
    if piece:
        yield piece


async def _send(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})
