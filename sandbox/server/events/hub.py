"""Who is told that a workspace changed: those who follow its events, and those who wait for a message there.

A question is a function of a transaction that has no answer yet. Each is asked again when the workspace may have
changed: by a commit, of this server or of another one, or when something planned comes due. It is asked once for all
who wait for its answer, and not more often than every 25 ms. A workspace in which nobody is interested costs nothing.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from contextlib import aclosing, contextmanager, suppress
from typing import Any, NamedTuple, TypeVar

from sandbox.clock import SECOND
from sandbox.server.events.places import Places
from sandbox.store import Store, StoreUnavailable, Tx, WorkspaceView
from sandbox.world.access import read_in
from sandbox.world.events.progress import WorkspaceProgress, progress_of
from sandbox.world.events.steps import next_step
from sandbox.world.workspaces.find import by_id

T = TypeVar("T")
logger = logging.getLogger(__name__)

ASK_AGAIN_S = 0.025
HEARTBEAT_S = 15.0
LATEST_TIMER_S = 24 * 60 * 60
"""Timers further ahead are set again then."""
FOLLOW_ON_S = 10.0
"""How long other servers are followed when nobody is interested any more: the next one may come soon."""
STORE_RETRY_S = 1.0


class Stopping(Exception):
    """The server stops: nobody is told anything any more."""


class Question:
    """`work` returns None while there is no answer; `waiting`: how many wait for it."""

    def __init__(self, work: Callable[[Tx], Any], answer: "asyncio.Future[Any]", *, is_urgent: bool) -> None:
        self.work = work
        self.answer = answer
        self.is_urgent = is_urgent
        self.is_new = True
        self.waiting = 0

    def settle(self, answer: Any) -> None:
        """Give the answer, or the exception, to all who wait."""
        if self.answer.done():
            return
        if isinstance(answer, BaseException):
            self.answer.set_exception(answer)
            self.answer.exception()  # nobody may be left who retrieves it
        else:
            self.answer.set_result(answer)


class Look(NamedTuple):
    """What a transaction answered, up to where it saw, and when the wall clock reads that something planned is due."""

    answers: list[Any]
    progress: WorkspaceProgress | None
    next_wall: int | None


class WatchedWorkspace:
    """A workspace that somebody is interested in, on one event loop."""

    def __init__(self, hub: "Hub", store: Store, workspace_id: int) -> None:
        self.loop = asyncio.get_running_loop()
        self.interested = 0
        """How many are."""
        self.questions: dict[Hashable, Question] = {}
        self.progress: WorkspaceProgress | None = None
        """Up to where all questions were asked."""
        self._hub = hub
        self._store = store
        self._workspace_id = workspace_id
        self._has_changed = False
        self._last_look_at = -ASK_AGAIN_S
        self._next_look: asyncio.Handle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._looks: set[asyncio.Task[None]] = set()

    def _find(self, tx: Tx) -> WorkspaceView:
        return by_id(tx, self._workspace_id)

    # Asking ----------------------------------------------------------------------------------------------------------

    async def answer(
        self,
        key: Hashable,
        work: Callable[[Tx], T | None],
        *,
        timeout_s: float,
        unless: "asyncio.Future[Any]",
        is_urgent: bool = False,
    ) -> T | None:
        """Return what `work` answers as soon as it does; None when the time is over, or `unless` is done, before.

        It may run in a thread, and is asked once for all who give the same key. `is_urgent`: it has an answer already,
        and is asked without a pause. Raises what `work` raises, `UnknownWorkspace` when the workspace is gone, and
        `Stopping`.
        """
        question = self.questions.get(key)
        if question is None:
            if self._hub.is_closed:
                raise Stopping
            question = self.questions[key] = Question(work, self.loop.create_future(), is_urgent=is_urgent)
            if is_urgent:
                self.loop.call_soon(self._ask_urgent)
            else:
                self._ask_soon()
        question.waiting += 1
        try:
            waited_for: set[asyncio.Future[Any]] = {question.answer, unless}
            await asyncio.wait(waited_for, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
            answered: T | None = question.answer.result() if question.answer.done() else None
            return answered
        finally:
            question.waiting -= 1
            if not question.waiting:
                self._drop(key, question)

    def _drop(self, key: Hashable, question: Question) -> None:
        if self.questions.get(key) is question:
            del self.questions[key]

    def signal(self) -> None:
        """Have all questions asked again soon. Commits of other threads say so too."""
        with suppress(RuntimeError):  # a loop that was closed has nobody who waits
            if asyncio._get_running_loop() is self.loop:
                self._changed()
            else:
                self.loop.call_soon_threadsafe(self._changed)

    def _changed(self) -> None:
        self._has_changed = True
        self._ask_soon()

    def _ask_soon(self) -> None:
        if self._next_look is None and self.questions:
            pause = self._last_look_at + ASK_AGAIN_S - self.loop.time()
            ask = self._ask_again
            self._next_look = self.loop.call_later(pause, ask) if pause > 0 else self.loop.call_soon(ask)

    def _ask_again(self) -> None:
        self._next_look = None
        self._last_look_at = self.loop.time()
        everything, self._has_changed = self._has_changed, False
        self._ask({key: each for key, each in self.questions.items() if everything or each.is_new})

    def _ask_urgent(self) -> None:
        self._ask({key: each for key, each in self.questions.items() if each.is_urgent and each.is_new})

    def _ask(self, questions: Mapping[Hashable, Question]) -> None:
        if questions:
            for question in questions.values():
                question.is_new = False
            look = self.loop.create_task(self._look(questions, is_whole=len(questions) == len(self.questions)))
            self._looks.add(look)
            look.add_done_callback(self._looks.discard)

    async def _look(self, questions: Mapping[Hashable, Question], *, is_whole: bool) -> None:
        """Ask these questions in one transaction, after what is due. `is_whole`: there are no others."""
        self._hub.queries += len(questions)
        works = [question.work for question in questions.values()]

        def ask(tx: Tx) -> Look:
            progress = progress_of(tx, [tx.workspace.id]).get(tx.workspace.id) if self._hub.is_following else None
            return Look([work(tx) for work in works], progress, next_wall(tx))

        try:
            look = await read_in(self._store, self._find, ask)
        except Exception as error:
            look = Look([error] * len(works), None, None)
        if is_whole:
            self.progress = look.progress
        for (key, question), answer in zip(questions.items(), look.answers, strict=True):
            if answer is not None:
                self._drop(key, question)
                question.settle(answer)
        self._set_timer(look.next_wall)
        await self._store.keep_wall()

    # What comes by itself --------------------------------------------------------------------------------------------

    def _set_timer(self, wall: int | None) -> None:
        self._stop_timer()
        if wall is not None and self.interested:
            wait = max(0, wall - self._store.wall()) + 1  # the loop's clock is finer than ours
            self._timer = self.loop.call_later(min(wait / SECOND, LATEST_TIMER_S), self._changed)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def end_watch(self) -> None:
        """Look no more: nobody is interested."""
        self._stop_timer()
        if self._next_look is not None:
            self._next_look.cancel()
            self._next_look = None

    def stop(self) -> None:
        """Tell all who wait that the server stops."""
        with suppress(RuntimeError):  # as above
            self.loop.call_soon_threadsafe(self._stop)

    def _stop(self) -> None:
        for key, question in list(self.questions.items()):
            self._drop(key, question)
            question.settle(Stopping())


class Hub:
    """The watched workspaces of a server. `heartbeat_s`: how long a stream of events may be silent, in wall time.

    `waits`, `streams`: the places for those who wait and follow; there are no bounds where none are given.
    """

    def __init__(
        self,
        store: Store,
        *,
        heartbeat_s: float = HEARTBEAT_S,
        waits: Places | None = None,
        streams: Places | None = None,
    ) -> None:
        self.waits, self.streams = waits or Places(), streams or Places()
        self.heartbeat_s = heartbeat_s
        self.is_closed = False
        self.queries = 0
        """How many questions were asked so far, each once for all who wait for its answer."""
        self.watched: dict[int, WatchedWorkspace] = {}
        self._store = store
        self.is_following = not store.is_private
        """Whether other servers may change the workspaces too."""
        self._follower: asyncio.Task[None] | None = None
        self._last_leave: asyncio.TimerHandle | None = None
        store.after_commit.append(self._committed)

    @property
    def waiting(self) -> int:
        """How many wait for an answer, in all workspaces."""
        return sum(each.waiting for watched in [*self.watched.values()] for each in [*watched.questions.values()])

    @contextmanager
    def watching(self, workspace_id: int) -> Iterator[WatchedWorkspace]:
        """Give the workspace, which is watched inside."""
        watched = self.watched.get(workspace_id)
        if watched is None or watched.loop is not asyncio.get_running_loop():
            watched = self.watched[workspace_id] = WatchedWorkspace(self, self._store, workspace_id)
        watched.interested += 1
        if self.is_following:
            self._follow_others()
        try:
            yield watched
        finally:
            watched.interested -= 1
            if not watched.interested:
                watched.end_watch()
                if self.watched.get(workspace_id) is watched:
                    del self.watched[workspace_id]
            if self._follower is not None and not self.watched:
                self._last_leave = watched.loop.call_later(FOLLOW_ON_S, self._follower.cancel)

    def _committed(self, tx: Tx) -> None:
        if self.watched:
            for workspace_id in tx.changed | tx.reset | tx.due.keys():
                self._signal(workspace_id)

    def _signal(self, workspace_id: int) -> None:
        watched = self.watched.get(workspace_id)
        if watched is not None:
            watched.signal()

    # Other servers ---------------------------------------------------------------------------------------------------

    def _follow_others(self) -> None:
        """Have what other servers do looked at, as long as somebody is interested and a while longer."""
        if self._last_leave is not None:
            self._last_leave.cancel()
            self._last_leave = None
        loop = asyncio.get_running_loop()
        if self._follower is None or self._follower.done() or self._follower.get_loop() is not loop:
            self._follower = loop.create_task(self._follow())

    async def _follow(self) -> None:
        while not self.is_closed:
            try:
                async with aclosing(self._store.changes()) as changes:
                    async for workspaces in changes:
                        await self._others_changed(workspaces)
            except StoreUnavailable as error:
                logger.warning("The store did not answer (%s): what other servers do is seen later.", error)
                await asyncio.sleep(STORE_RETRY_S)

    async def _others_changed(self, workspaces: Collection[int] | None) -> None:
        """Have all questions asked again in those of these workspaces where more has happened than was seen."""
        asked = [*self.watched] if workspaces is None else [each for each in workspaces if each in self.watched]
        if not asked:
            return
        found = await self._store.read(lambda tx: progress_of(tx, asked))
        for workspace_id in asked:
            watched = self.watched.get(workspace_id)
            if watched is not None and (watched.progress is None or watched.progress != found.get(workspace_id)):
                watched.signal()

    def close(self) -> None:
        """End all streams and waits; those that come later are answered, but not kept waiting."""
        self.is_closed = True
        for watched in list(self.watched.values()):
            watched.stop()
        if self._follower is not None:
            with suppress(RuntimeError):  # as in `signal`
                self._follower.get_loop().call_soon_threadsafe(self._follower.cancel)


def next_wall(tx: Tx) -> int | None:
    """Return when the wall clock reads that something comes due in the workspace by itself; None if nothing does."""
    if tx.workspace.clock_frozen:
        return None
    due = [at for at in (next_step(tx), tx.workspace.next_due_at) if at is not None]
    return tx.workspace.wall_at(min(due)) if due else None
