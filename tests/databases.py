"""The databases of a test run on PostgreSQL: `--postgresql`."""

import shutil
from pathlib import Path

import psycopg

from bench.databases import DatabaseServer

SETTINGS = {
    "max_connections": "300",
    # What a machine that fails would lose does not matter here.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    # A test's database is gone before that could be of use.
    "autovacuum": "off",
}
MEMORY = Path("/dev/shm")
ROOM = 2**30


def started() -> DatabaseServer:
    """Start a server, in memory if there is room: a database is 300 files, which take a disk ten times as long."""
    is_roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
    return DatabaseServer(SETTINGS, MEMORY if is_roomy else None)


def emptied(database: str) -> str:
    """Return a database that has no tables: a path where no file is yet as it is."""
    if "://" in database:
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
    return database


class Databases:
    """Those of one test or of a module's, each instead of a file of SQLite."""

    def __init__(self, server: DatabaseServer) -> None:
        self._server = server
        self._by_path: dict[str, str] = {}

    def url_for(self, path: str | None = None) -> str:
        """Return the URL of the database that stands for that path, or of another one."""
        name = self._by_path.get(path or "")
        if name is None:
            name = self._server.create()
            self._by_path[path or name] = name
        return self._server.url(name)

    def drop_all(self) -> None:
        for name in self._by_path.values():
            self._server.drop(name)
        self._by_path.clear()
