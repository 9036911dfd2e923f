"""One transaction, as an object: what the world's functions take first.

A `Tx` is one unit of work in one workspace: the connection, the workspace, the moment, reads, writes, and what changed.
It is not shared: the thread that runs the work has it, and nothing may be awaited while it is open.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from sandbox.clock import SteadyClock
from sandbox.store.errors import StoreBusy
from sandbox.store.id_format import IdFormat
from sandbox.store.limits import NO_LIMITS, Limits
from sandbox.store.query import WORKSPACE, Command, Query
from sandbox.store.statements import Statements
from sandbox.store.tables import CHANGES, COUNTERS, WORKSPACES, ChangeRow
from sandbox.store.workspace_view import LOCKED_VIEW, SERVER, VIEW_BY_ID, WorkspaceView

CHANGES_KEPT = 5_000
"""How many of a workspace's changes those who follow it can still be told."""
DROP_CHANGES_EVERY = 500
"""Changes that are dropped together, since to drop each as another comes would cost every write."""


class _Count(NamedTuple):
    """How many of a kind were numbered; `in_table`: what the table says, None where it has no row of it."""

    n: int
    in_table: int | None


COUNT = Query(
    int,
    select(COUNTERS.c.n).where(COUNTERS.c.workspace_id == bindparam(WORKSPACE), COUNTERS.c.kind == bindparam("kind")),
    hot=True,
)
SET_COUNT = Command(
    update(COUNTERS)
    .where(COUNTERS.c.workspace_id == bindparam(WORKSPACE), COUNTERS.c.kind == bindparam("of"))
    .values(n=bindparam("count"))
)
DROP_COUNT = delete(COUNTERS).where(COUNTERS.c.workspace_id == bindparam(WORKSPACE), COUNTERS.c.kind == bindparam("of"))
POSITION = Query(int, select(WORKSPACES.c.change_position).where(WORKSPACES.c.id == bindparam("own")), hot=True)
SET_POSITION = Command(
    update(WORKSPACES).where(WORKSPACES.c.id == bindparam("own")).values(change_position=bindparam("last"))
)
DROP_CHANGES = delete(CHANGES).where(
    CHANGES.c.workspace_id == bindparam(WORKSPACE), CHANGES.c.position <= bindparam("oldest")
)


class Tx(Statements):
    """A transaction. `wall` is its one moment in wall time, `now` the same on its workspace's clock, both in ms.

    `machine_wall`: what the machine's clock reads, which may have stepped back: a clock that begins reads that.

    `ws`: the number under which the workspace's rows are; that of the server when none was entered, and then there is
    no `workspace`.
    """

    workspace: WorkspaceView

    def __init__(
        self,
        connection: Connection,
        clock: SteadyClock,
        id_formats: Sequence[IdFormat] = (),
        *,
        is_write: bool = True,
        limits: Limits = NO_LIMITS,
    ) -> None:
        super().__init__(connection)
        self.limits = limits
        self._clock = clock
        self.wall = clock()
        self.machine_wall = self.wall - clock.lead
        self.id_formats = id_formats
        self.is_write = is_write
        self.now = self.wall
        self._locks_rows = is_write and connection.dialect.name != "sqlite"
        """SQLite's lock is the whole file's, and the transaction has had it since its start."""
        self._locked: set[int] = set()
        """Workspaces whose row this transaction has locked."""
        self._counts: dict[tuple[int, str], _Count] = {}
        """By workspace and kind."""
        self._changes: list[tuple[int, ChangeRow]] = []
        """By the number of their workspace."""
        self.changed: set[int] = set()
        """Workspaces in which something happened: those who wait there look again after the commit."""
        self.due: dict[int, int] = {}
        """Workspaces in which something will be due, and what their clocks read when the first of it is."""
        self.has_expiry = False
        """Whether a workspace was made that expires."""
        self.has_gone = False
        """Whether there are rows to be deleted, of a workspace that is gone."""
        self.reset: set[int] = set()
        """Workspaces that were reset, restored or deleted: what is under way for them is dropped after the commit."""
        self.deferred: list[Callable[[], Awaitable[None]]] = []

    # The workspace ---------------------------------------------------------------------------------------------------

    def enter(self, workspace: WorkspaceView) -> WorkspaceView:
        """Make this the workspace of all that follows. A write has it to itself until it ends."""
        if self._locks_rows and workspace.id not in self._locked:
            workspace = self._lock(workspace.id)
        self.workspace = workspace
        self.ws = workspace.world
        self.now = workspace.now(self.wall)
        return workspace

    def _lock(self, workspace_id: int) -> WorkspaceView:
        """Wait until other writes of the workspace have ended; return it as they left it, with the time of now."""
        workspace = self.one(LOCKED_VIEW, id=workspace_id)
        if workspace is None:
            raise StoreBusy("the workspace was deleted meanwhile")  # the work is done again, and finds it gone
        self._locked |= {workspace_id, workspace.world}
        self.wall = max(self.wall, self._clock())
        return workspace

    def refresh(self) -> WorkspaceView:
        """Enter the workspace as it is after what this transaction changed of it."""
        workspace = self.one(LOCKED_VIEW if self.is_write else VIEW_BY_ID, id=self.workspace.id)
        assert workspace is not None
        return self.enter(workspace)

    # Numbers ---------------------------------------------------------------------------------------------------------

    def next_id(self, kind: str, workspace_id: int | None = None) -> int:
        """Return the next number of this kind in the workspace (or another one), from 1."""
        return self.count_up(kind, workspace_id=workspace_id)

    def count_up(self, kind: str, by: int = 1, *, workspace_id: int | None = None) -> int:
        """Count so many more of this kind in the workspace (or another one); return how many that makes."""
        key = (self.ws if workspace_id is None else workspace_id, kind)
        known = self._counted(key)
        self._counts[key] = known._replace(n=known.n + by)
        return known.n + by

    def count_of(self, kind: str, workspace_id: int | None = None) -> int:
        """Return how many of this kind the workspace (or another one) has numbered so far."""
        return self._counted((self.ws if workspace_id is None else workspace_id, kind)).n

    def _counted(self, key: tuple[int, str]) -> _Count:
        known = self._counts.get(key)
        if known is None:
            if self._locks_rows and key[0] not in self._locked:
                self._lock(key[0])
            found = self.one(COUNT, ws=key[0], kind=key[1])
            known = self._counts[key] = _Count(found or 0, found)
        return known

    def drop_count(self, kind: str) -> int:
        """Count this kind in the workspace no longer; return how many it was."""
        n, in_table = self._counted((self.ws, kind))
        if in_table is not None:
            self.execute(DROP_COUNT, of=kind)
        del self._counts[self.ws, kind]
        return n

    def is_first_to_reach(self, kind: str, n: int) -> bool:
        """Return whether the server's count of this kind is below n, and set it to n: one of several processes is."""
        known = self._counted((SERVER, kind))
        if known.n >= n:
            return False
        self._counts[SERVER, kind] = known._replace(n=n)
        return True

    def save_counts(self) -> None:
        """Write what was counted; needed before rows of the workspace are cloned, and done at the commit."""
        for (workspace_id, kind), (n, in_table) in self._counts.items():
            if n == (in_table or 0):
                continue
            if in_table is None or not self.execute(SET_COUNT, ws=workspace_id, of=kind, count=n):
                self.execute(insert(COUNTERS).values(workspace_id=workspace_id, kind=kind, n=n))
        self._counts.clear()

    def drop_counts(self, workspace_id: int) -> None:
        """Drop what was counted there: its rows were replaced."""
        for key in [key for key in self._counts if key[0] == workspace_id]:
            del self._counts[key]

    # What changed ----------------------------------------------------------------------------------------------------

    def notify(
        self,
        kind: str,
        *,
        message_id: int | None = None,
        callback_id: int | None = None,
        step: int | None = None,
        at: int | None = None,
    ) -> None:
        """Leave a fact for those who wait or follow events (`store.tables.Change`); `at` is now if left out."""
        if self.workspace.is_hidden:
            return  # the history that a workspace is made with is news to nobody
        change = ChangeRow(
            workspace_id=self.ws,
            position=0,
            kind=kind,
            at=self.now if at is None else at,
            message_id=message_id,
            callback_id=callback_id,
            step=step,
        )
        self._changes.append((self.workspace.id, change))
        self.changed.add(self.workspace.id)

    def mark_due(self, at: int = 0) -> None:
        """Say that something in the workspace will be due then, or at any time if that is left out."""
        own = self.workspace.id
        if not self.workspace.is_hidden:
            self.due[own] = min(at, self.due.get(own, at))

    def before_answer(self, do: Callable[[], Awaitable[None]]) -> None:
        """Have this awaited after the commit, before the caller is answered."""
        self.deferred.append(do)

    def flush(self) -> None:
        """Write what was kept for the end of the transaction, so that its queries see it; the commit does so too."""
        if self._counts:
            self.save_counts()
        if self._changes:
            self._save_changes()

    def _save_changes(self) -> None:
        """Number the changes of each workspace on from its row's position, which the transaction's lock guards."""
        for workspace_id in sorted({own for own, _ in self._changes}):
            if self._locks_rows and workspace_id not in self._locked:
                self.execute(LOCKED_VIEW.statement, id=workspace_id)
            position = self.one(POSITION, own=workspace_id)
            if position is None:
                continue  # the workspace was deleted
            changes = [change for own, change in self._changes if own == workspace_id]
            last = position + len(changes)
            for change in changes:
                position += 1
                change.position = position
            self.add_all(changes)
            self.execute(SET_POSITION, own=workspace_id, last=last)
            if last // DROP_CHANGES_EVERY > (last - len(changes)) // DROP_CHANGES_EVERY:
                self.execute(DROP_CHANGES, ws=changes[-1].workspace_id, oldest=last - CHANGES_KEPT)
        self._changes.clear()
