"""Which database does a text name, a path or a URL?"""

from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from sandbox.store.errors import StoreRefused

NOT_IN_MEMORY = "An SQLite database in memory is not supported: leave --database out for a temporary file."


def sqlite_url(path: Path) -> URL:
    return URL.create("sqlite", database=str(path))


def url_of(database: str) -> URL:
    """Return the URL that is meant by a path or an SQLAlchemy URL of SQLite or PostgreSQL."""
    if "://" not in database or database.startswith("file:"):
        return _file_url(database)
    try:
        url = make_url(database)
    except ArgumentError:
        raise StoreRefused(
            f"Not a database URL: {database!r}. Give a path, sqlite:///PATH or postgresql://HOST/NAME."
        ) from None
    backend = url.get_backend_name()
    if backend == "postgresql" or backend == "postgres":
        return url
    if backend != "sqlite":
        raise StoreRefused(f"Data is kept in SQLite or PostgreSQL, not in {backend}.")
    if not url.database or url.query.get("mode") == "memory":
        raise StoreRefused(NOT_IN_MEMORY)
    return _file_url(url.database)


def _file_url(path: str) -> URL:
    if ":memory:" in path:
        raise StoreRefused(NOT_IN_MEMORY)
    if path.startswith("file:"):
        raise StoreRefused(f"SQLite's own URIs are not understood: give a path, or sqlite:///PATH, not {path!r}.")
    return sqlite_url(Path(path))
