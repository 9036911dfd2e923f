"""The journal's own file, beside the store's.

Exchanges are many, large and only ever added. The store's write-ahead log would have each of them written twice, and
small pages would be full with one. A file of its own has large pages and a rollback journal, which new pages do not go
through; and nobody waits for the disk here. A process that is killed loses nothing by that. A machine that is can leave
a broken file: it is looked through when it was not closed, and given up then.
"""

import logging
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from sqlalchemy import bindparam, false, insert, select, true, update

from sandbox.world import models
from sandbox.world.errors import StoreRefused
from sandbox.world.store.database import BUSY_TIMEOUT_S, OPENING_TIMEOUT_S, Database, connected, make_tables
from sandbox.world.store.statements import Statement, table

SUFFIX = "-exchanges"
"""After the name of the store's file."""
PRAGMAS = (
    "page_size=16384",
    "journal_mode=PERSIST",
    "synchronous=OFF",
    "cache_size=-2000",
    "temp_store=MEMORY",
    # Some builds of SQLite overwrite what is deleted, also whole pages, which then have to be written.
    "secure_delete=FAST",
)
ASIDE = ".old"
BROKEN = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
FILE = table(models.JournalFile)
IS_OF = Statement(select(FILE.c.version, FILE.c.store, FILE.c.is_open))
BEGIN = Statement(insert(FILE).values(version=models.SCHEMA, store=bindparam("store"), is_open=true()))
OPEN = Statement(update(FILE).values(is_open=true()))
CLOSE = Statement(update(FILE).values(is_open=false()))


class Exchanges(Database):
    """The journal's file of a store. One that is another store's, of another schema or broken is put aside."""

    def __init__(self, beside: Path, store: str) -> None:
        """`beside`: where the store's file is; `store`: its name for itself."""
        path = beside.with_name(beside.name + SUFFIX)
        if path.exists() and not is_usable(path, store):
            put_aside(path)
        driver = connected(path, PRAGMAS)
        super().__init__(driver)
        try:
            with self.writing():
                if make_tables(driver, models.JournalRow.metadata):
                    self.run(BEGIN, store=store)
                else:
                    self.run(OPEN)
        except sqlite3.Error as error:
            driver.close()
            raise StoreRefused(f"Cannot write to the journal {path}: {error}.") from error
        self.wait_at_most(BUSY_TIMEOUT_S)

    def close(self) -> None:
        with suppress(sqlite3.Error):
            self.run(CLOSE)
            self.execute("PRAGMA journal_mode=DELETE")  # takes its file away
        super().close()


def is_usable(path: Path, store: str) -> bool:
    """Whether a file is the store's journal and whole, or has nothing in it yet."""
    try:
        with closing(sqlite3.connect(path, timeout=OPENING_TIMEOUT_S)) as driver:
            if not driver.execute("SELECT name FROM sqlite_master WHERE name = ?", (FILE.name,)).fetchone():
                return not driver.execute("SELECT name FROM sqlite_master").fetchone()
            *of, is_open = driver.execute(IS_OF.sql).fetchone() or (None,)
            if of != [models.SCHEMA, store]:
                return False
            return not is_open or driver.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode in BROKEN:
            return False
        raise StoreRefused(f"Cannot open the journal {path}: {error}.") from error


def put_aside(path: Path) -> None:
    """Keeps it under another name, and what SQLite would do to make it whole away from the next one."""
    aside = path.with_name(path.name + ASIDE)
    path.replace(aside)
    path.with_name(path.name + "-journal").unlink(missing_ok=True)
    logging.getLogger(__name__).warning("The journal %s was not this store's, or broken: it is now %s.", path, aside)
