"""One transaction, as an object: what the world's functions take first.

A `Tx` is one unit of work in one workspace: the connection, the workspace, the moment, reads, writes, and what changed.
It is not shared: the thread that runs the work has it, and nothing may be awaited while it is open.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import lru_cache
from math import ceil
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Connection, Delete, Executable, bindparam, delete, insert, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from sandbox.clock import LATEST, NEVER, SteadyClock
from sandbox.store.errors import StoreBusy, translation_of
from sandbox.store.query import WORKSPACE, Command, Query, compiled_insert
from sandbox.store.tables import CHANGES, COUNTERS, WORKSPACES, ChangeRow, Row, table_of

R = TypeVar("R")
E = TypeVar("E", bound=Row)

SERVER = 0
GONE = "gone"
"""What a hidden workspace is kept for whose rows are being deleted."""
"""The number of the workspace that stands for the server itself."""
CHANGES_KEPT = 5_000
"""How many of a workspace's changes those who follow it can still be told."""
DROP_CHANGES_EVERY = 500
"""Changes that are dropped together, since to drop each as another comes would cost every write."""


class WorkspaceView(NamedTuple):
    """A workspace as most work needs it: its row but for name and credentials. `world`: under which its rows are."""

    id: int
    world: int
    key: str
    seed: int
    clock_frozen: bool
    clock_at: int
    clock_wall: int
    clock_speed: float
    delivery_mode: str
    sent_after: int
    settled_after: int
    outcome: str
    numbers: str | None
    callback_profile: str | None
    date_header: bool
    counts_reads: bool
    next_due_at: int | None
    faults: int
    expires_wall: int | None
    epoch: int

    @property
    def is_hidden(self) -> bool:
        """Whether nobody can call it, since it is being made."""
        return self.key is None

    def now(self, wall: int) -> int:
        """Return what this workspace's clock reads when the wall clock reads `wall`; it never goes back."""
        if self.clock_frozen:
            return self.clock_at
        at = self.clock_at + int(max(0, wall - self.clock_wall) * self.clock_speed)
        return min(at, LATEST)

    def wall_at(self, at: int) -> int:
        """Return when the wall clock will read so that this (running) one reads `at`; `NEVER` if it stops before."""
        return NEVER if at > LATEST else self.clock_wall + ceil((at - self.clock_at) / self.clock_speed)


class Limits(NamedTuple):
    """How much a server takes: workspaces, and in each of them messages, snapshots and sinks."""

    workspaces: int = NEVER
    messages: int = NEVER
    snapshots: int = NEVER
    sinks: int = NEVER


NO_LIMITS = Limits()


class IdFormat(NamedTuple):
    """What a vendor calls its messages. `name`: as the control API calls the id.

    `make`: the id of the n-th message of a workspace of that seed, accepted at that time; after a clash, of the next
    attempt.
    `applies`: to which messages, by direction and by whether a console (else an account) owns their line.
    """

    vendor: str
    name: str
    make: Callable[[int, int, int, int], str]
    applies: Callable[[str, bool], bool]


class _Count(NamedTuple):
    """How many of a kind were numbered; `in_table`: what the table says, None where it has no row of it."""

    n: int
    in_table: int | None


IS_VISIBLE = WORKSPACES.c.hidden.is_(None)
VIEW = select(*(WORKSPACES.c[name] for name in WorkspaceView._fields)).where(IS_VISIBLE)
LOCKED_VIEW = Query(
    WorkspaceView,
    select(*(WORKSPACES.c[name] for name in WorkspaceView._fields))
    .where(WORKSPACES.c.id == bindparam("id"), or_(IS_VISIBLE, WORKSPACES.c.hidden != GONE))
    .with_for_update(),
    hot=True,
)
VIEW_BY_ID = Query(WorkspaceView, VIEW.where(WORKSPACES.c.id == bindparam("id")), hot=True)
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
POSITION = Query(int, select(WORKSPACES.c.change_position).where(WORKSPACES.c.id == bindparam("own")), hot=True)
SET_POSITION = Command(
    update(WORKSPACES).where(WORKSPACES.c.id == bindparam("own")).values(change_position=bindparam("last"))
)
ROW_BY_ROW: Mapping[str, Any] = {"stream_results": True, "max_row_buffer": 8}
DROP_CHANGES = delete(CHANGES).where(
    CHANGES.c.workspace_id == bindparam(WORKSPACE), CHANGES.c.position <= bindparam("oldest")
)


class Tx:
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
        self.connection = connection
        self.limits = limits
        self._clock = clock
        self.wall = clock()
        self.machine_wall = self.wall - clock.lead
        self.id_formats = id_formats
        self.is_write = is_write
        self._dialect = connection.dialect
        self._driver: Any = connection.connection.dbapi_connection
        self._errors = (SQLAlchemyError, connection.dialect.loaded_dbapi.Error)
        self.ws = SERVER
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
        self.deleted = 0
        """How many rows were deleted, apart from those that went with others."""
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

    # Reading ---------------------------------------------------------------------------------------------------------

    def one(self, query: Query[R], **params: Any) -> R | None:
        """Return the first row, or None."""
        rows = self._run(query, params, is_one=True)
        return rows[0] if rows else None

    def all(self, query: Query[R], **params: Any) -> list[R]:
        """Return all rows."""
        return self._run(query, params, is_one=False)

    def all_up_to(self, query: Query[R], size_of: Callable[[R], int], most: int, **params: Any) -> list[R]:
        """Return the rows up to the one with which they are larger than `most` together, and one more if there is.

        No more than these are ever in memory.
        """
        rows: list[R] = []
        size = 0
        try:
            bound = {WORKSPACE: self.ws} | params
            with self.connection.execute(query.statement, bound, execution_options=ROW_BY_ROW) as result:
                for row in result:
                    rows.append(query.make(row))
                    if size > most:
                        break
                    size += size_of(rows[-1])
        except self._errors as error:
            raise translation_of(error) from error
        return rows

    def exists(self, query: Query[Any], **params: Any) -> bool:
        """Return whether there is a row."""
        return bool(self._run(query, params, is_one=True))

    def get(self, entity: type[E], *key: Any) -> E | None:
        """Return the workspace's row of that primary key, without the workspace; `Workspace` by its number."""
        names, query = _by_key(entity)
        return self.one(query, **dict(zip(names, key, strict=True)))

    def _run(self, query: Query[R], params: dict[str, Any], *, is_one: bool) -> list[R]:
        params.setdefault(WORKSPACE, self.ws)
        try:
            if query.hot:
                sql, constants, make = query.compiled(self._dialect)
                with closing(self._driver.cursor()) as cursor:
                    cursor.execute(sql, constants | params)
                    rows = [cursor.fetchone()] if is_one else cursor.fetchall()
            else:
                make, result = query.make, self.connection.execute(query.statement, params)
                rows = [result.first()] if is_one else result.all()
        except self._errors as error:
            raise translation_of(error) from error
        return [make(row) for row in rows if row is not None]

    # Writing ---------------------------------------------------------------------------------------------------------

    def add(self, row: Row) -> None:
        """Insert a row. Raises `Conflict` when another one has its key."""
        self._insert((row,), "")

    def add_unless_taken(self, row: Row) -> bool:
        """Insert a row unless another one has one of its keys; return whether it was inserted."""
        return self._insert((row,), " ON CONFLICT DO NOTHING") == 1

    def add_all(self, rows: Sequence[Row]) -> None:
        """Insert rows of one entity."""
        if rows:
            self._insert(rows, "")

    def _insert(self, rows: Sequence[Row], suffix: str) -> int:
        sql, values = compiled_insert(table_of(type(rows[0])), self._dialect.paramstyle, suffix)
        try:
            with closing(self._driver.cursor()) as cursor:
                if len(rows) == 1:  # psycopg would make a pipeline of it
                    cursor.execute(sql, values(rows[0].__dict__))
                else:
                    cursor.executemany(sql, [values(row.__dict__) for row in rows])
                return int(cursor.rowcount)
        except self._errors as error:
            raise translation_of(error) from error

    def update(self, row: Row, **changes: Any) -> None:
        """Write these columns of a row that is there, and set them in `row`."""
        if not changes:
            return
        key = {f"key_{name}": getattr(row, name) for name in _key_names(type(row))}
        self.execute(_updating(type(row), tuple(changes)), **key, **{f"new_{n}": value for n, value in changes.items()})
        for name, value in changes.items():
            setattr(row, name, value)

    def delete(self, row: Row) -> None:
        """Delete a row."""
        self.execute(_deleting(type(row)), **{f"key_{name}": getattr(row, name) for name in _key_names(type(row))})

    def execute(self, statement: "Command | Executable", **params: Any) -> int:
        """Run an update, delete or insert, with `bindparam("ws")` filled in; return how many rows it changed."""
        params.setdefault(WORKSPACE, self.ws)
        try:
            if not isinstance(statement, Command):
                changed = self.connection.execute(statement, params).rowcount
                self.deleted += changed if isinstance(statement, Delete) else 0
                return changed
            sql, constants = statement.compiled(self._dialect)
            with closing(self._driver.cursor()) as cursor:
                return int(cursor.execute(sql, constants | params).rowcount)
        except self._errors as error:
            raise translation_of(error) from error

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

    def count_of(self, kind: str) -> int:
        """Return how many of this kind the workspace has numbered so far."""
        return self._counted((self.ws, kind)).n

    def _counted(self, key: tuple[int, str]) -> _Count:
        known = self._counts.get(key)
        if known is None:
            if self._locks_rows and key[0] not in self._locked:
                self._lock(key[0])
            found = self.one(COUNT, ws=key[0], kind=key[1])
            known = self._counts[key] = _Count(found or 0, found)
        return known

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


class ReadSnapshot:
    """One moment of the database, read at leisure while others write. Closed by its `with`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def one(self, query: Query[R], **params: Any) -> R | None:
        row = self._connection.execute(query.statement, params).first()
        return None if row is None else query.make(row)

    def chunks(self, query: Query[R], size: int, **params: Any) -> Iterator[list[R]]:
        """Yield the rows, `size` at a time, by a cursor of the server's where the database has one."""
        options: Mapping[str, Any] = {"stream_results": True, "max_row_buffer": size}
        with self._connection.execute(query.statement, params, execution_options=options) as result:
            for rows in result.partitions(size):
                yield [query.make(row) for row in rows]


@lru_cache(maxsize=64)
def _key_names(entity: type[Row]) -> tuple[str, ...]:
    return tuple(column.name for column in table_of(entity).primary_key)


@lru_cache(maxsize=64)
def _by_key(entity: type[E]) -> tuple[tuple[str, ...], Query[E]]:
    """Return the names of the key without the workspace, and the query by it."""
    table = table_of(entity)
    names = tuple(name for name in _key_names(entity) if name != "workspace_id")
    conditions = [table.c[name] == bindparam(name) for name in names]
    if "workspace_id" in table.c:
        conditions.append(table.c.workspace_id == bindparam(WORKSPACE))
    return names, Query(entity, select(table).where(*conditions), hot=True)


@lru_cache(maxsize=256)
def _updating(entity: type[Row], names: tuple[str, ...]) -> Command:
    table = table_of(entity)
    return Command(update(table).where(*_by_its_key(entity)).values({name: bindparam(f"new_{name}") for name in names}))


@lru_cache(maxsize=64)
def _deleting(entity: type[Row]) -> Command:
    return Command(delete(table_of(entity)).where(*_by_its_key(entity)))


def _by_its_key(entity: type[Row]) -> "list[ColumnElement[bool]]":
    table = table_of(entity)
    return [table.c[name] == bindparam(f"key_{name}") for name in _key_names(entity)]
