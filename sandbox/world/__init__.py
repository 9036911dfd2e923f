"""What exists, whoever is asking: people, lines, messages, time. Knows nothing of HTTP and nothing of vendors."""

import logging
import sqlite3
from collections.abc import Callable
from typing import Protocol

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.sqlite import insert

from sandbox.world import journal, models
from sandbox.world.clock import wall_clock
from sandbox.world.happenings import RESET
from sandbox.world.store import Statement, Store, table
from sandbox.world.views import LineView, WorkspaceView

__all__ = ["LineView", "WorkspaceView", "World"]

COUNTERS = table(models.Counter)
_first = insert(COUNTERS).values(workspace_id=bindparam("workspace_id"), kind=bindparam("kind"), n=1)
TAKE = Statement(
    _first.on_conflict_do_update(
        index_elements=[COUNTERS.c.workspace_id, COUNTERS.c.kind], set_={"n": COUNTERS.c.n + 1}
    ).returning(COUNTERS.c.n)
)
_set = insert(COUNTERS).values(workspace_id=bindparam("workspace_id"), kind=bindparam("kind"), n=bindparam("n"))
SET = Statement(
    _set.on_conflict_do_update(index_elements=[COUNTERS.c.workspace_id, COUNTERS.c.kind], set_={"n": _set.excluded.n})
)
READ = Statement(
    select(COUNTERS.c.n).where(
        COUNTERS.c.workspace_id == bindparam("workspace_id"), COUNTERS.c.kind == bindparam("kind")
    )
)
EXCHANGE = "exchange"
_of_exchanges = (COUNTERS.c.workspace_id == bindparam("of"), COUNTERS.c.kind == EXCHANGE)
_block = insert(COUNTERS).values(workspace_id=bindparam("of"), kind=EXCHANGE, n=bindparam("used") + bindparam("ahead"))
RESERVE = Statement(
    _block.on_conflict_do_update(
        index_elements=[COUNTERS.c.workspace_id, COUNTERS.c.kind],
        set_={"n": func.max(COUNTERS.c.n, bindparam("used")) + bindparam("ahead")},
    ).returning(COUNTERS.c.n)
)
WORKSPACES = table(models.Workspace)
_epoch = select(WORKSPACES.c.epoch).where(WORKSPACES.c.id == bindparam("of")).scalar_subquery()
GIVE_BACK = Statement(
    update(COUNTERS)
    .values(n=bindparam("used"))
    .where(*_of_exchanges, COUNTERS.c.n == bindparam("end"), func.coalesce(_epoch, 0) == bindparam("epoch"))
)
AHEAD = 256
"""Exchanges that are written down as counted before they come, so that no number is given twice: not after a kill, and
not by another server on the same store."""


class Courier(Protocol):
    """Who sends callbacks."""

    async def settled(self, workspace_id: int, within: float) -> bool:
        """Waits, at most so many seconds of wall time, until all that is due was sent: whether that is so."""

    async def tried(self, workspace_id: int, callback: int) -> None:
        """Sends a callback that is due, and waits until it was tried once, but no longer than an attempt may take."""

    def drop(self, workspace_id: int) -> None:
        """The workspace is another one now, or gone: what is on its way there is dropped, and not written down."""


class Journal(Protocol):
    """Who writes down what vendors were asked."""

    def write(self) -> None:
        """Puts everything that was answered into the journal's file."""

    def forget(self, workspace_id: int) -> None:
        """What was asked there before this moment shall not be written down any more."""


class NoJournal:
    """Of a world that nobody serves: nobody is asked."""

    def write(self) -> None:
        return None

    def forget(self, workspace_id: int) -> None:  # noqa: ARG002
        return None


class NoCourier:
    """Of a world that nobody serves: nothing is sent."""

    async def settled(self, workspace_id: int, within: float) -> bool:  # noqa: ARG002
        return True

    async def tried(self, workspace_id: int, callback: int) -> None:  # noqa: ARG002
        return None

    def drop(self, workspace_id: int) -> None:  # noqa: ARG002
        return None


class Sweeper(Protocol):
    """Who deletes what has had its time."""

    def wake(self) -> None:
        """Deletes what is over, and sets a timer for what comes next."""


class NoSweeper:
    """Of a world that nobody serves."""

    def wake(self) -> None:
        return None


class Watcher(Protocol):
    """Who wants to see what happens in a workspace."""

    def touched(self, what: str, n: int, step: int) -> None:
        """Something happened, in a transaction that may yet be undone: it looks for itself, afterwards."""


class World:
    """A store and the time. `wall` gives the wall time in ms; tests bring their own."""

    def __init__(self, store: Store, wall: Callable[[], int] = wall_clock) -> None:
        self.store = store
        self.wall = wall
        self.courier: Courier = NoCourier()
        self.journal: Journal = NoJournal()
        self.sweeper: Sweeper = NoSweeper()
        self.stirred: dict[int, int] = {}
        """Workspaces in which something was written down, and what their clocks read when the first of it is due;
        whoever waits for it clears this."""
        self.watchers: dict[int, Watcher] = {}
        """By workspace; one that nobody watches has none."""
        self.credentials = 0
        """Counts up whenever somebody's may have changed, for whoever remembers them."""
        self._exchanges: dict[int, int] = {}
        """By workspace, the last number that was given to an exchange."""
        self._reserved: dict[int, int] = {}
        """By workspace, the last number that the store knows to be ours."""
        self._epochs: dict[int, int] = {}
        """By workspace, in which of its lives those numbers were reserved."""

    def now(self, workspace: WorkspaceView) -> int:
        """What the workspace's clock reads, in ms."""
        return workspace.now(self.wall())

    def stir(self, workspace_id: int, due_at: int = 0) -> None:
        """Something was written down there that will be due then, or at any time if that is left out."""
        self.stirred[workspace_id] = min(due_at, self.stirred.get(workspace_id, due_at))

    def touch(self, workspace_id: int, what: str, n: int = 0, step: int = 0) -> None:
        """Something happened there, for whoever watches: to which message or callback, from which step on."""
        watcher = self.watchers.get(workspace_id)
        if watcher is not None:
            watcher.touched(what, n, step)

    def take(self, workspace_id: int, kind: str) -> int:
        """The next number of this kind in the workspace, from 1. Belongs in the transaction that uses it."""
        row = self.store.run(TAKE, workspace_id=workspace_id, kind=kind).fetchone()
        return int(row[0])

    def next_exchange(self, workspace_id: int, epoch: int = 0) -> int:
        """The number of an exchange, from 1. After a kill some may be left out, but none comes again.

        `epoch`: the workspace's, which another server may have begun anew, and so the numbers.

        A store that cannot be written does not stop the count: it is told how far it went when it answers again. One
        that cannot even say where the count stood makes it 0, and of exchanges of that number the last one counts.
        """
        if self._epochs.get(workspace_id) != epoch:
            self._exchanges.pop(workspace_id, None)
            self._epochs[workspace_id] = epoch
        n = self._exchanges.get(workspace_id)
        if n is None or n >= self._reserved[workspace_id]:
            try:
                n = self._reserve(workspace_id, n or 0, AHEAD)
            except sqlite3.Error as error:
                n = self._uncounted(workspace_id, n, error)
                if n is None:
                    return 0
        self._exchanges[workspace_id] = n + 1
        return n + 1

    def _reserve(self, workspace_id: int, used: int, ahead: int) -> int:
        """So many numbers are ours alone: the last one before them. `used`: the last one that was given."""
        with self.store.writing():
            row = self.store.run(RESERVE, of=workspace_id, used=used, ahead=ahead).fetchone()
        end = self._reserved[workspace_id] = int(row[0])
        return end - ahead

    def _uncounted(self, workspace_id: int, n: int | None, error: sqlite3.Error) -> int | None:
        """Of a store that cannot be written: the last number that was given, if that can be known."""
        if n is None:
            try:
                row = self.store.one(READ, workspace_id=workspace_id, kind=EXCHANGE)
            except sqlite3.Error:
                return None
            n = self._reserved[workspace_id] = int(row[0]) if row else 0
        if n == self._reserved[workspace_id]:
            log = logging.getLogger(__name__)
            log.warning("The store did not answer (%s); exchanges are counted without it until it does.", error)
        return n

    def forget(self, workspace_id: int) -> None:
        """A workspace begins anew or goes: what is known of it outside the store is void, and its journal is empty.

        Belongs in a transaction. The journal is emptied before that is over: if the process is ended between the two, a
        journal that is too short is better than one that tells of a world that is no more.
        """
        self._exchanges.pop(workspace_id, None)
        self._reserved.pop(workspace_id, None)
        self._epochs.pop(workspace_id, None)
        self.store.forget()
        self.credentials += 1
        self.journal.forget(workspace_id)
        journal.drop_all(self, workspace_id)
        self.courier.drop(workspace_id)
        self.stir(workspace_id)
        self.touch(workspace_id, RESET)

    def save(self) -> None:
        """Writes down how many exchanges there were, so that whoever goes on from there leaves none out.

        Where another server reserved numbers after ours, those that we did not use are left out all the same.
        """
        unsaved = [(ws, n, end) for ws, n in self._exchanges.items() if n != (end := self._reserved[ws])]
        if unsaved:
            with self.store.writing():
                for workspace_id, n, end in unsaved:
                    self._save(workspace_id, n, end)

    def _save(self, workspace_id: int, n: int, end: int) -> None:
        if n > end:
            self._exchanges[workspace_id] = self._reserve(workspace_id, n, 0)
        elif self.store.run(GIVE_BACK, of=workspace_id, used=n, end=end, epoch=self._epochs[workspace_id]).rowcount:
            self._reserved[workspace_id] = n

    def close(self) -> None:
        try:
            self.save()
        finally:
            self.store.close()
