"""One workspace that is watched: what happens there is recorded for readers, and matched for those who wait."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from sandbox.server.control import shown
from sandbox.server.events.recorder import Reader, Recorder
from sandbox.server.problems import Problem, of_world
from sandbox.world import WorkspaceView, World, messages, workspaces
from sandbox.world.clock import SECOND
from sandbox.world.errors import UnknownWorkspace
from sandbox.world.happenings import EXCHANGE, RESET
from sandbox.world.journal import EntryRow
from sandbox.world.matching import Matcher
from sandbox.world.watching import Happening, Watch

LATEST_TIMER_S = 24 * 60 * 60
"""Timers further ahead are set anew then."""

Outcome = shown.Json | Problem
"""The message that was waited for, or why none can come any more."""


class Waiter(NamedTuple):
    matcher: Matcher
    future: "asyncio.Future[Outcome]"

    def settle(self, outcome: Outcome) -> None:
        if not self.future.done():
            self.future.set_result(outcome)


class Channel:
    """`forget` is called when nobody is interested any longer, for `resumable_s` of wall time if there were readers."""

    def __init__(
        self, world: World, workspace: WorkspaceView, forget: Callable[["Channel"], None], *, resumable_s: float
    ) -> None:
        self.workspace_id = workspace.id
        self.key = workspace.key
        self._world = world
        self._forget = forget
        self._resumable_s = resumable_s
        self._loop = asyncio.get_running_loop()
        self._watch = Watch(world, workspace, self._look_soon)
        self._looking: asyncio.Handle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._ending: asyncio.TimerHandle | None = None
        self._waiters: set[Waiter] = set()
        self._recorder: Recorder | None = None
        """None as long as nobody has read."""
        self._is_open = True
        world.watchers[workspace.id] = self._watch
        self._set_timer()

    # Who is interested ------------------------------------------------------------------------------------------------

    @contextmanager
    def waiting(self, matcher: Matcher) -> Iterator["asyncio.Future[Outcome]"]:
        """In it the future gets the next message that passes."""
        waiter = Waiter(matcher, self._loop.create_future())
        self._waiters.add(waiter)
        if not self._is_open:
            waiter.settle(_stopping())
        try:
            yield waiter.future
        finally:
            self._waiters.discard(waiter)
            self._end_when_idle()

    @contextmanager
    def reading(self, matcher: Matcher, last_event_id: str | None) -> Iterator[Reader]:
        """In it the reader gets what happened since that event, or from now on."""
        self._look()
        self._recorder = self._recorder or Recorder(self._world, self.workspace_id)
        reader = self._recorder.join(matcher, last_event_id)
        if not self._is_open:
            reader.leave()
        try:
            yield reader
        finally:
            self._recorder.readers.discard(reader)
            self._end_when_idle()

    @property
    def _is_idle(self) -> bool:
        return not self._waiters and not (self._recorder and self._recorder.readers)

    def _end_when_idle(self) -> None:
        if self._recorder is None:
            self._end_if_idle()
        elif self._is_idle and self._is_open:
            if self._ending is not None:
                self._ending.cancel()
            self._ending = self._loop.call_later(self._resumable_s, self._end_if_idle)

    def _end_if_idle(self) -> None:
        if self._is_idle:
            self.end()

    def end(self, why: Problem | None = None) -> None:
        """Nobody is told anything any more: those who wait learn why, readers see the end of the stream."""
        self._is_open = False
        if self._world.watchers.get(self.workspace_id) is self._watch:
            del self._world.watchers[self.workspace_id]
        for handle in (self._looking, self._timer, self._ending):
            if handle is not None:
                handle.cancel()
        self._forget(self)
        if not self._loop.is_closed():
            self._settle_all(why or _stopping())
            if self._recorder is not None:
                self._recorder.end()

    # What happens -----------------------------------------------------------------------------------------------------

    def exchanged(self, row: EntryRow) -> None:
        """A vendor exchange was written into the journal."""
        if self._recorder is not None:
            self._look()
            self._recorder.record([Happening(EXCHANGE, row["at"], facts=row)])

    def _look_soon(self) -> None:
        if self._looking is None and self._is_open:
            self._looking = self._loop.call_soon(self._look)

    def _look(self) -> None:
        """Tells what is new, and sets the timer for what comes by itself."""
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        if not self._is_open:
            return
        try:
            self._tell(self._watch.news())
            self._set_timer()
        except UnknownWorkspace as gone:
            self.end(of_world(gone))
        except sqlite3.Error:
            logging.getLogger(__name__).exception("The store did not answer: what happened meanwhile is not told.")
            if self._recorder is not None:
                self._recorder.forget()

    def _tell(self, news: list[Happening]) -> None:
        if self._waiters and news:
            self._match(news)
        if self._recorder is not None:
            self._recorder.record(news)

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        workspace = workspaces.view_of(self._world, self.workspace_id)
        next_at = self._watch.next_at
        if next_at is not None and not workspace.clock_frozen:
            wait = max(1, workspace.wall_at(next_at) - self._world.wall()) / SECOND
            self._timer = self._loop.call_later(min(wait, LATEST_TIMER_S), self._look)

    def _match(self, news: list[Happening]) -> None:
        if any(each.kind == RESET for each in news):
            self._settle_all(Problem(409, "Workspace reset", "The workspace was reset meanwhile: wait again."))
            return
        write = shown.MessageWriter(self._world, workspaces.view_of(self._world, self.workspace_id))
        rows = {each.message["id"]: each.message for each in news if each.message is not None}
        newest_first = [(rows[n], messages.status_of(rows[n], write.now)) for n in sorted(rows, reverse=True)]
        written: dict[int, shown.Json] = {}
        for waiter in self._waiters:
            row = next((row for row, status in newest_first if waiter.matcher(row, status)), None)
            if row is not None:
                if row["id"] not in written:
                    written[row["id"]] = write(row)
                waiter.settle(written[row["id"]])

    def _settle_all(self, why: Problem) -> None:
        for waiter in self._waiters:
            waiter.settle(why)


def _stopping() -> Problem:
    return Problem(503, "Stopping", "The server stops: call it again when it is back.")
