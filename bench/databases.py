"""A PostgreSQL server of one's own, for as long as it is needed, and databases on it."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import mkdtemp
from types import MappingProxyType
from typing import Self
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL

from sandbox.store import Store

USER = "sandbox"
ENGLISH = ("--encoding=UTF8", "--locale-provider=icu", "--icu-locale=en-US")
"""A language in whose order capitals do not come first."""


def programs() -> Path:
    """Return the folder of PostgreSQL's programs; Debian has one for each version, none of them on the path."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    assert folders, "PostgreSQL is not installed (Debian: postgresql)"
    return folders[-1]


class DatabaseServer:
    """A server behind a socket in a folder of its own. Its databases are copies of one that has all tables.

    `settings`: PostgreSQL's, instead of its defaults. `folder`: in which it makes its own.
    """

    def __init__(self, settings: Mapping[str, str] = MappingProxyType({}), folder: Path | None = None) -> None:
        self._folder = Path(mkdtemp(prefix="sandbox-pg-", dir=folder))
        # The server refuses to be root's.
        self._as_user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        if self._as_user:
            shutil.chown(self._folder, "postgres")
        self._run("initdb", "-D", self._data, "-A", "trust", "-U", USER, "--locale=C.UTF-8", *ENGLISH)
        its_own = {"listen_addresses": "", "unix_socket_directories": str(self._folder)}
        options = " ".join(f"-c {name}='{value}'" for name, value in {**settings, **its_own}.items())
        self._run("pg_ctl", "-D", self._data, "-w", "-l", str(self._folder / "log"), "-o", options, "start")
        self._template = self.create(template="template1")
        Store(self.url(self._template), wall=int).close()  # at 0: a store keeps how late it has become

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    @property
    def pid(self) -> int:
        """Of the process that starts all others."""
        return int(Path(self._data, "postmaster.pid").read_text().split()[0])

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

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
