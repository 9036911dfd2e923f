"""A workspace's events, numbered, written once, and kept for readers who are behind or lost their connection."""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from pydantic_core import to_json

from sandbox.server.events.writing import About, EventWriter
from sandbox.world import World
from sandbox.world.ids import secret
from sandbox.world.matching import Matcher
from sandbox.world.watching import Happening

KEPT = 5_000
KEPT_BYTES = 16 * 1024 * 1024
"""Events that are kept, and how much of them: a reader who does not read costs no more than that."""
AT_ONCE = 100
"""Events that are written, or handed to a reader, in one go; others get their turn in between."""
FULL = 64 * 1024
"""Bytes in one go."""
GAP = "gap"
OVERTAKEN = "More has happened since than is kept; the oldest that is kept comes next. List what you need to know."
NOT_KNOWN = "What came after that id is not known here any more; what happens from now on follows."


class Event(NamedTuple):
    """`about`: null when it concerns every reader. `frame`: as it is sent; empty when what it was about is gone."""

    n: int
    about: About | None
    frame: bytes

    def passes(self, matcher: Matcher) -> bool:
        if self.about is None or matcher.lets_all_pass:
            return bool(self.frame)
        return any(matcher(*each) for each in self.about)


class Reader:
    """Somebody who gets the events after the one numbered `position`."""

    def __init__(self, recorder: "Recorder", matcher: Matcher, position: int) -> None:
        self._recorder = recorder
        self._matcher = matcher
        self._position = position
        self._notice = b""
        self.news = asyncio.Event()
        """Set when there is something to `take`, or nothing ever again."""
        self.is_gone = False

    @property
    def is_behind(self) -> bool:
        return self._position < self._recorder.written or bool(self._notice)

    @property
    def event_id(self) -> str:
        """Of the last event it had, or passed over."""
        return self._recorder.event_id(self._position)

    def take(self, most: int = AT_ONCE) -> list[bytes]:
        """The next events as they are sent, at most so many; perhaps none though it is behind."""
        frames = [self._notice] if self._notice else []
        self._notice = b""
        for event in self._recorder.after(self._position, AT_ONCE):
            if event.n > self._position + 1:
                frames.append(self._recorder.gap(event.n - 1, OVERTAKEN, missed=event.n - self._position - 1))
            if len(frames) >= most or sum(map(len, frames)) > FULL:
                self._position = event.n - 1
                break
            self._position = event.n
            if event.passes(self._matcher):
                frames.append(event.frame)
        return frames

    def lose(self) -> None:
        """It goes on from now, and is told that it does not know what came before."""
        self._position = self._recorder.last
        self._notice = self._recorder.gap(self._position, NOT_KNOWN, missed=None)
        self.news.set()

    def leave(self) -> None:
        """It gets nothing more."""
        self.is_gone = True
        self.news.set()


class Recorder:
    """Keeps what it is given to `record`, whether or not somebody reads."""

    def __init__(self, world: World, workspace_id: int) -> None:
        self._world = world
        self._workspace_id = workspace_id
        self._loop = asyncio.get_running_loop()
        self._epoch = secret(8)
        self._events: deque[Event] = deque()
        self._bytes = 0
        self._unwritten: deque[tuple[int, Happening]] = deque(maxlen=KEPT)
        self._writing: asyncio.Handle | None = None
        self.last = 0
        """The number of the last event."""
        self.readers: set[Reader] = set()

    @property
    def written(self) -> int:
        """The number of the last event that can be read."""
        return self._events[-1].n if self._events else 0

    def event_id(self, n: int) -> str:
        return f"{self._epoch}-{n}"

    def join(self, matcher: Matcher, last_event_id: str | None) -> Reader:
        """A reader of what came after that id; of what comes from now on when there is none, or an unknown one."""
        reader = Reader(self, matcher, self.last)
        if last_event_id:
            n = self._number(last_event_id)
            if n is None:
                reader.lose()
            else:
                reader = Reader(self, matcher, n)
        self.readers.add(reader)
        return reader

    def _number(self, event_id: str) -> int | None:
        epoch, _, digits = event_id.partition("-")
        is_ours = epoch == self._epoch and digits.isascii() and digits.isdigit() and len(digits) < 18
        return int(digits) if is_ours and int(digits) <= self.last else None

    def after(self, position: int, most: int) -> list[Event]:
        """The oldest events that are kept and numbered over `position`."""
        newer: list[Event] = []
        for event in reversed(self._events):
            if event.n <= position:
                break
            newer.append(event)
        return newer[: -most - 1 : -1]

    def gap(self, n: int, detail: str, *, missed: int | None) -> bytes:
        """The event that says that a reader does not get all that happened until the event numbered `n`."""
        return self._frame(n, GAP, {"missed": missed, "detail": detail})

    def record(self, happenings: Iterable[Happening]) -> None:
        for happening in happenings:
            self.last += 1
            self._unwritten.append((self.last, happening))
        if self._unwritten and self._writing is None:
            self._write()

    def _write(self) -> None:
        """Writes the next few, and wakes the readers."""
        self._writing = None
        write = EventWriter(self._world, self._workspace_id)
        for _ in range(min(AT_ONCE, len(self._unwritten))):
            n, happening = self._unwritten.popleft()
            data, about = write(happening)
            self._keep(Event(n, about, b"" if data is None else self._frame(n, happening.kind, data)))
        for reader in self.readers:
            reader.news.set()
        if self._unwritten:
            self._writing = self._loop.call_soon(self._write)

    def _keep(self, event: Event) -> None:
        self._events.append(event)
        self._bytes += len(event.frame)
        while len(self._events) > KEPT or (self._bytes > KEPT_BYTES and len(self._events) > 1):
            self._bytes -= len(self._events.popleft().frame)

    def _frame(self, n: int, kind: str, data: object) -> bytes:
        return b"id: %s\nevent: %s\ndata: %s\n\n" % (self.event_id(n).encode(), kind.encode(), to_json(data))

    def forget(self) -> None:
        """What was kept is no longer all that happened: every reader is told so."""
        self._epoch = secret(8)
        self._unwritten.clear()
        self._events.clear()
        self._bytes = 0
        for reader in self.readers:
            reader.lose()

    def end(self) -> None:
        if self._writing is not None:
            self._writing.cancel()
        for reader in self.readers:
            reader.leave()
