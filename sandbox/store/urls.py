"""Which database does a text name, a path or a URL?"""

import re
from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from sandbox.store.errors import StoreRefused

NOT_IN_MEMORY = "An SQLite database in memory is not supported: leave --database out for a temporary file."

POSTGRESQL = re.compile(r"postgres(ql)?(\+\w+)?:", re.IGNORECASE)
OF_USER = re.compile(r"(?<=:)(/*)[^/].*@", re.DOTALL)
"""User and password, and what of them stands behind an @ of theirs."""
FIRST_PARAMETER = re.compile(r"\?\w+=")
SECRET_PARAMETER = re.compile(r"(?<=[?&])(\w*pass(?:word|wd)=)[^&]*", re.IGNORECASE)


def sqlite_url(path: Path) -> URL:
    return URL.create("sqlite", database=str(path))


def url_of(database: str) -> URL:
    """Return the URL that is meant by a path or an SQLAlchemy URL of SQLite or PostgreSQL."""
    if POSTGRESQL.match(database) and "://" not in database:
        raise _no_url(database)
    if "://" not in database or database.startswith("file:"):
        return _file_url(database)
    try:
        url = make_url(database)
    except (ArgumentError, ValueError):
        raise _no_url(database) from None
    backend = url.get_backend_name()
    if backend == "postgresql" or backend == "postgres":
        if FIRST_PARAMETER.split(database)[0].count("@") > 1:
            raise StoreRefused(
                f"More than one @ in the database's URL {without_secrets(database)!r}:"
                " write one of a name or a password as %40."
            )
        return url
    if backend != "sqlite":
        raise StoreRefused(f"Data is kept in SQLite or PostgreSQL, not in {backend}.")
    if not url.database or url.query.get("mode") == "memory":
        raise StoreRefused(NOT_IN_MEMORY)
    return _file_url(url.database)


def _no_url(database: str) -> StoreRefused:
    return StoreRefused(
        f"Not a database URL: {without_secrets(database)!r}. Give a path, sqlite:///PATH or postgresql://HOST/NAME."
    )


def _file_url(path: str) -> URL:
    if ":memory:" in path:
        raise StoreRefused(NOT_IN_MEMORY)
    if path.startswith("file:"):
        raise StoreRefused(f"SQLite's own URIs are not understood: give a path, or sqlite:///PATH, not {path!r}.")
    return sqlite_url(Path(path))


def name_of(url: URL) -> str:
    """Return how a database is called where others read it: by its path, or its URL without passwords."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return SECRET_PARAMETER.sub(r"\1***", url.render_as_string())


def without_secrets(text: str) -> str:
    """Return what was given as a URL and is none, without user and passwords, wherever they end."""
    return SECRET_PARAMETER.sub(r"\1***", OF_USER.sub(r"\1***@", text, count=1))
