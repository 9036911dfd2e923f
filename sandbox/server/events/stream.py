"""Events on the wire: `text/event-stream`, as long as the reader stays."""

import asyncio

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sandbox.server.events import Hub
from sandbox.server.events.recorder import AT_ONCE, Reader
from sandbox.server.guard import ASKED_FOR_HEAD
from sandbox.world import WorkspaceView
from sandbox.world.matching import Matcher

GREETING = b": here is what happens in this workspace\n\n"
HEARTBEAT = b": nothing new\n\n"
EVENT_ID = "Last-Event-ID"


async def hung_up(receive: Receive) -> None:
    """Returns when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


class EventStream(Response):
    """`limit`: it ends after so many events."""

    media_type = "text/event-stream"

    def __init__(
        self,
        hub: Hub,
        workspace: WorkspaceView,
        matcher: Matcher,
        last_event_id: str | None = None,
        *,
        limit: int | None = None,
    ) -> None:
        headers = {"Content-Type": self.media_type, "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(headers=headers)
        del self.headers["content-length"]
        self._hub = hub
        self._workspace = workspace
        self._asked = matcher, last_event_id
        self._left = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._hub.channel(self._workspace).reading(*self._asked) as reader:
            self.headers[EVENT_ID] = reader.event_id
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            if not scope.get(ASKED_FOR_HEAD):
                watch = asyncio.ensure_future(self._leave_with_client(reader, receive))
                try:
                    await self._send_events(reader, send)
                finally:
                    watch.cancel()
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _leave_with_client(self, reader: Reader, receive: Receive) -> None:
        await hung_up(receive)
        reader.leave()

    async def _send_events(self, reader: Reader, send: Send) -> None:
        """Waits whenever the connection takes no more: what happens meanwhile is kept, or leaves a gap."""
        await _send(send, GREETING)
        while not reader.is_gone and self._left != 0:
            frames = reader.take(AT_ONCE if self._left is None else min(AT_ONCE, self._left))
            if frames:
                await _send(send, b"".join(frames))
                self._left = None if self._left is None else self._left - len(frames)
            if reader.is_behind:
                await asyncio.sleep(0)
            elif not await self._has_news(reader):
                await _send(send, HEARTBEAT)

    async def _has_news(self, reader: Reader) -> bool:
        if self._left == 0:
            return True
        reader.news.clear()
        try:
            async with asyncio.timeout(self._hub.heartbeat_s):
                await reader.news.wait()
        except TimeoutError:
            return False
        return True


async def _send(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})
