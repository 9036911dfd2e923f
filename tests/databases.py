"""A PostgreSQL server for the length of a test run, and databases on it: `--postgresql`."""

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import mkdtemp
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL

from sandbox.store import Store

USER = "sandbox"
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "300",
    # What a machine that fails would lose does not matter here.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    # A test's database is gone before that could be of use.
    "autovacuum": "off",
}


def programs() -> Path:
    """Return the folder of PostgreSQL's programs; Debian has one for each version, none of them on the path."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    assert folders, "PostgreSQL is not installed (Debian: postgresql)"
    return folders[-1]


ENGLISH = ("--encoding=UTF8", "--locale-provider=icu", "--icu-locale=en-US")
"""A language in whose order capitals do not come first."""


MEMORY = Path("/dev/shm")
ROOM = 2**30


def folder_for_files() -> Path:
    """Make a folder in memory if there is room: a database is 300 files, which take a disk ten times as long."""
    is_roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
    return Path(mkdtemp(prefix="sandbox-pg-", dir=MEMORY if is_roomy else None))


class DatabaseServer:
    """A server behind a socket in a folder of its own. Its databases are copies of one that has all tables."""

    def __init__(self) -> None:
        self._folder = folder_for_files()
        # The server refuses to be root's.
        self._as_user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        if self._as_user:
            shutil.chown(self._folder, "postgres")
        self._run("initdb", "-D", self._data, "-A", "trust", "-U", USER, "--locale=C.UTF-8", *ENGLISH)
        options = " ".join(f"-c {name}='{value}'" for name, value in SETTINGS.items())
        options += f" -c unix_socket_directories='{self._folder}'"
        self._run("pg_ctl", "-D", self._data, "-w", "-l", str(self._folder / "log"), "-o", options, "start")
        self._template = self.create(template="template1")
        Store(self.url(self._template), wall=int).close()  # at 0: a store keeps how late it has become

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as_user, str(programs() / program), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self._folder)

    def url(self, database: str) -> str:
        url = URL.create("postgresql", USER, database=database, query={"host": str(self._folder)})
        return url.render_as_string()

    def create(self, template: str | None = None) -> str:
        """Return the name of another database."""
        name = f"sandbox_{uuid4().hex}"
        # By default its pages would be written into the log, and from there.
        copy = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        self._execute(copy.format(sql.Identifier(name), sql.Identifier(template or self._template)))
        return name

    def drop(self, name: str) -> None:
        self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def close(self) -> None:
        self._run("pg_ctl", "-D", self._data, "-m", "immediate", "stop")
        shutil.rmtree(self._folder)


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
