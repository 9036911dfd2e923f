"""Events as they happen, one at a time."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack
from typing import Any, Self

from sandbox.client.errors import refused
from sandbox.client.shapes import Event
from sandbox.client.steps import Session, answering

__tracebackhide__ = True


class Frames:
    """Reads a `text/event-stream` piece by piece."""

    def __init__(self) -> None:
        self._rest = b""

    def take(self, piece: bytes) -> list[Event]:
        """The events that end in this piece."""
        *whole, self._rest = (self._rest + piece).split(b"\n\n")
        return [event for event in map(_event, whole) if event is not None]


def _event(frame: bytes) -> Event | None:
    """None when it is a comment, which only keeps the connection warm."""
    fields = dict(line.split(b": ", 1) for line in frame.split(b"\n") if not line.startswith(b":"))
    if b"data" not in fields:
        return None
    return Event(fields.get(b"id", b"").decode(), fields[b"event"].decode(), json.loads(fields[b"data"]))


class Events:
    """`with ws.events() as events: for event in events: ...`; what happens from entering on is not missed."""

    def __init__(self, session: Session, path: str, query: dict[str, Any]) -> None:
        self._session = session
        self._asked = path, query
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with answering(self._session.url):
            self._answer = self._open.enter_context(self._session.stream(*self._asked))
            if self._answer.status_code >= 400:
                raise refused(self._answer.status_code, self._answer.read(), self._session.url)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def __iter__(self) -> Iterator[Event]:
        frames = Frames()
        with answering(self._session.url):
            for piece in self._answer.iter_bytes():
                yield from frames.take(piece)


class AsyncEvents:
    """`async with ws.events() as events: async for event in events: ...`."""

    def __init__(self, session: Session, path: str, query: dict[str, Any]) -> None:
        self._session = session
        self._asked = path, query
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        with answering(self._session.url):
            self._answer = await self._open.enter_async_context(self._session.stream(*self._asked))
            if self._answer.status_code >= 400:
                raise refused(self._answer.status_code, await self._answer.aread(), self._session.url)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def __aiter__(self) -> AsyncIterator[Event]:
        frames = Frames()
        with answering(self._session.url):
            async for piece in self._answer.aiter_bytes():
                for event in frames.take(piece):
                    yield event
