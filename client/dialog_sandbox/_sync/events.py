# Made from ../_async/events.py by tools/generate_sync_client.py: change that one, and make this one again.
"""Events as they happen, one at a time."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Self

from dialog_sandbox.errors import refused
from dialog_sandbox.events import Event, Frames
from dialog_sandbox.session import Session, answering

__tracebackhide__ = True


class Events:
    """`ws.events()`, to be entered and iterated: what happens from entering on is not missed."""

    def __init__(self, session: Session, path: str, query: dict[str, Any]) -> None:
        self._session = session
        self._request = path, query
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with answering(self._session.url):
            self._answer = self._open.enter_context(self._session.stream(*self._request))
            if self._answer.status_code >= 400:
                raise refused(self._answer.status_code, self._answer.read(), self._session.url)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def __iter__(self) -> Iterator[Event]:
        frames = Frames()
        with answering(self._session.url):
            for piece in self._answer.iter_bytes():
                for event in frames.feed(piece):
                    yield event
