"""What exists, whoever is asking: people, lines, messages, time. Knows nothing of HTTP and nothing of vendors."""

from collections.abc import Callable
from typing import Protocol

from sqlalchemy import bindparam, select
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
AHEAD = 256
"""Exchanges that are written down as counted before they come, so that no number is given twice after a kill."""


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
        self._written: dict[int, int] = {}

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

    def next_exchange(self, workspace_id: int) -> int:
        """The number of an exchange, from 1. After a kill some may be left out, but none comes again."""
        n = self._exchanges.get(workspace_id)
        if n is None:
            row = self.store.one(READ, workspace_id=workspace_id, kind=EXCHANGE)
            n = self._written[workspace_id] = int(row[0]) if row else 0
        if n == self._written[workspace_id]:
            self._write(workspace_id, n + AHEAD)
        self._exchanges[workspace_id] = n + 1
        return n + 1

    def _write(self, workspace_id: int, n: int) -> None:
        self.store.run(SET, workspace_id=workspace_id, kind=EXCHANGE, n=n)
        self._written[workspace_id] = n

    def forget(self, workspace_id: int) -> None:
        """A workspace begins anew or goes: what is known of it outside the store is void, and its journal is empty.

        Belongs in a transaction. The journal is emptied before that is over: if the process is ended between the two, a
        journal that is too short is better than one that tells of a world that is no more.
        """
        self._exchanges.pop(workspace_id, None)
        self._written.pop(workspace_id, None)
        self.store.forget()
        self.credentials += 1
        self.journal.forget(workspace_id)
        journal.drop_all(self, workspace_id)
        self.courier.drop(workspace_id)
        self.stir(workspace_id)
        self.touch(workspace_id, RESET)

    def save(self) -> None:
        """Writes down how many exchanges there were, so that whoever goes on from there leaves none out."""
        ahead = {(workspace_id, n) for workspace_id, n in self._exchanges.items() if n != self._written[workspace_id]}
        if ahead:
            with self.store.writing():
                for workspace_id, n in ahead:
                    self._write(workspace_id, n)

    def close(self) -> None:
        self.save()
        self.store.close()
