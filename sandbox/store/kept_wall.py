"""How late has it become? Kept in the database, so that no other process that has it open, nor the next, goes back."""

from contextlib import closing
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from sandbox.clock import SteadyClock
from sandbox.store.query import Command, Query
from sandbox.store.tables import WORKSPACES
from sandbox.store.tx import Tx
from sandbox.store.workspace_view import SERVER

KEEP_EVERY = 100
"""How much wall time, in ms, may have passed since the latest that the database knows."""
# In the server's own row, since all clocks of a database run with one wall clock.
LATEST = Query(int, select(WORKSPACES.c.clock_wall).where(WORKSPACES.c.id == SERVER), hot=True)
KEEP = Command(
    update(WORKSPACES)
    .where(WORKSPACES.c.id == SERVER, WORKSPACES.c.clock_wall < bindparam("wall"))
    .values(clock_wall=bindparam("wall"))
)


class KeptWall:
    """The latest wall time of a store's transactions, and the latest that its database has of them.

    `is_on`: whether another process may have the database open, now or later.
    """

    def __init__(self, clock: SteadyClock) -> None:
        self._clock = clock
        self._latest = self._kept = 0
        self.is_on = False

    def catch_up(self, connection: Connection) -> None:
        """Be as late as another process was, or the one before us."""
        sql, params, _ = LATEST.compiled(connection.dialect)
        driver: Any = connection.connection.dbapi_connection
        with closing(driver.cursor()) as cursor:
            found = cursor.execute(sql, params).fetchone()
        if found is not None:
            self._clock(no_earlier_than=found[0])

    def note(self, tx: Tx) -> None:
        """Note how late a transaction is."""
        self._latest = tx.wall

    @property
    def is_behind(self) -> bool:
        """Whether what was seen last was kept long ago."""
        return self._is_time(self._latest)

    def _is_time(self, wall: int) -> bool:
        return self.is_on and wall - self._kept >= KEEP_EVERY

    def keep(self, tx: Tx) -> bool:
        """Write how late a transaction is, if that was not done lately; return whether it was written."""
        if not self._is_time(tx.wall):
            return False
        tx.execute(KEEP, wall=tx.wall)
        return True

    def has_committed(self, tx: Tx) -> None:
        """Note that what `keep` wrote stays."""
        self._kept = tx.wall

    def keep_last(self, tx: Tx) -> None:
        """Write how late it is now."""
        tx.execute(KEEP, wall=self._clock())
