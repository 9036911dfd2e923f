"""Which file a store is kept in, and whether it may be."""

import sqlite3
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from sandbox.world import models
from sandbox.world.errors import StoreRefused


def path_of(database: str) -> Path:
    """The file that a path or an SQLAlchemy URL names."""
    if "://" not in database:
        return Path(database)
    try:
        url: URL = make_url(database)
    except ArgumentError:
        raise StoreRefused(f"Not a database URL: {database!r}. Give a path, or sqlite:///PATH.") from None
    if url.get_backend_name() != "sqlite":
        raise StoreRefused(f"This version keeps its data in SQLite only, not in {url.get_backend_name()}.")
    if not url.database or url.database == ":memory:":
        raise StoreRefused("An SQLite database in memory is not supported: leave --database out for a temporary file.")
    return Path(url.database)


def check_schema(path: Path) -> None:
    """Refuses a file that is something else, or of another schema, before anything in it is touched."""
    try:
        if not path.exists() or path.stat().st_size == 0:
            return
        driver = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    except (OSError, sqlite3.Error) as error:
        raise StoreRefused(f"Cannot open the database {path}: {error}.") from error
    try:
        row = driver.execute("SELECT version FROM sandbox_schema").fetchone()
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise StoreRefused(f"Cannot read the database {path}: {error}.") from error
        if not driver.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
            return  # a process was ended before it had made the tables
        raise StoreRefused(
            f"The database {path} was not made by dialog-sandbox: give --database another path."
        ) from error
    except sqlite3.DatabaseError as error:
        raise StoreRefused(f"The file {path} is not an SQLite database: give --database another path.") from error
    finally:
        driver.close()
    if row is None or row[0] != models.SCHEMA:
        raise StoreRefused(
            f"The database {path} has schema {row[0] if row else 'unknown'}, and this version needs {models.SCHEMA}:"
            " start with another --database, or move the file away to have a new one seeded."
        )
