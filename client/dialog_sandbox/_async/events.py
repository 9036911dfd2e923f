"""Events as they happen, one at a time."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, Self

from dialog_sandbox.errors import refused
from dialog_sandbox.events import Event, Frames
from dialog_sandbox.session import AsyncSession, answering

__tracebackhide__ = True


class AsyncEvents:
    """`ws.events()`, to be entered and iterated: what happens from entering on is not missed."""

    def __init__(self, session: AsyncSession, path: str, query: dict[str, Any]) -> None:
        self._session = session
        self._request = path, query
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        with answering(self._session.url):
            self._answer = await self._open.enter_async_context(self._session.stream(*self._request))
            if self._answer.status_code >= 400:
                raise refused(self._answer.status_code, await self._answer.aread(), self._session.url)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def __aiter__(self) -> AsyncIterator[Event]:
        frames = Frames()
        with answering(self._session.url):
            async for piece in self._answer.aiter_bytes():
                for event in frames.feed(piece):
                    yield event
