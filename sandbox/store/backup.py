"""How is a whole store copied into a file while servers use it, and how does it come back?

The copy is an SQLite file, whichever database it was made of: `serve` opens it, and `restore` puts it into another one.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, inspect, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from sandbox.store import postgresql, sqlite
from sandbox.store.errors import StoreDamaged, StoreRefused, translation_of
from sandbox.store.files import BESIDE, damaged, obstacle
from sandbox.store.tables import SCHEMA, SCHEMA_TAGS, Row
from sandbox.store.urls import name_of, sqlite_url, url_of

ROWS = 200
"""How many are read and written at a time: a row of the journal may have more than 100 KB."""


def back_up(database: str, copy: Path) -> None:
    """Copy one moment of a database into a new file. Raises `StoreRefused`; then there is no such file."""
    url = url_of(database)
    with refusing(f"Cannot copy the database {name_of(url)}", url):
        if _is_sqlite(url):
            path = _existing(Path(str(url.database)), "There is no database {}.")
            with new_file(copy) as file:
                sqlite.copy_file(path, file)
        else:
            with new_file(copy) as file:
                _copy_out(url, file)


def restore(copy: Path, database: str) -> None:
    """Put what a file holds into a database that is not there yet, or has no tables of ours.

    Raises `StoreRefused`; then that database is as it was.
    """
    url = url_of(database)
    with refusing(f"Cannot restore {copy} into the database {name_of(url)}", sqlite_url(copy)):
        _existing(copy, "There is no file {}.")
        if _is_sqlite(url):
            with new_file(Path(str(url.database))) as file:
                sqlite.copy_file(copy, file)
        else:
            _copy_in(copy, url)


# Files ---------------------------------------------------------------------------------------------------------------


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Give a path beside it. What is there in the end becomes the file, whole or not at all, and never another's place.

    Raises `StoreRefused` where there is a file already, or none can be written.
    """
    if path.is_dir():
        raise StoreRefused(f"Cannot write {path}: {obstacle(path)}.")
    # What lies beside a database that is gone would be taken for a part of the new one.
    for each in (path, *(path.with_name(path.name + end) for end in BESIDE)):
        if os.path.lexists(each):
            raise _taken(each)
    try:
        with TemporaryDirectory(prefix=".dialog-sandbox-", dir=path.parent) as folder:
            made = Path(folder, "new.db")
            yield made
            with made.open("rb+") as file:
                os.fsync(file.fileno())
            _put(made, path)
    except OSError as error:
        raise StoreRefused(f"Cannot write {path}: {obstacle(path) or error.strerror or error}.") from error


def _put(made: Path, path: Path) -> None:
    try:
        os.link(made, path)  # which, unlike a rename, takes nobody's place
    except OSError as error:
        if os.path.lexists(path):
            raise _taken(path) from error
        made.rename(path)  # a filesystem that knows no links


def _taken(path: Path) -> StoreRefused:
    return StoreRefused(f"There is a file {path} already: give another name, or move it away first.")


def _existing(path: Path, otherwise: str) -> Path:
    """Return the path of an SQLite file that has our tables."""
    if not sqlite.check_file(path, otherwise="give another one"):
        sentence = otherwise if not path.exists() else "The file {} has no tables yet."
        raise StoreRefused(sentence.format(path))
    return path


# Tables --------------------------------------------------------------------------------------------------------------


def _copy_out(url: URL, file: Path) -> None:
    source, target = postgresql.postgresql_engine(url), sqlite.plain_engine(file, mode="rwc")
    try:
        with source.connect() as reading, target.connect() as writing:
            postgresql.prepare(reading, is_write=False)
            with reading.begin(), writing.begin():
                _check_schema(reading, url)
                Row.metadata.create_all(writing)
                _copy_rows(reading, writing)
    finally:
        source.dispose()
        target.dispose()


def _copy_in(copy: Path, url: URL) -> None:
    source, target = sqlite.plain_engine(copy, mode="ro"), postgresql.postgresql_engine(url)
    try:
        with source.connect() as reading, target.connect() as writing:
            postgresql.prepare(writing, is_write=True)
            with reading.begin(), writing.begin():
                postgresql.lock_schema(writing)
                postgresql.take_all_the_time(writing)
                if not set(inspect(writing).get_table_names()).isdisjoint(Row.metadata.tables):
                    raise StoreRefused(f"The database {name_of(url)} has such tables already: give an empty one.")
                Row.metadata.create_all(writing)
                _copy_rows(reading, writing)
    finally:
        source.dispose()
        target.dispose()


def _copy_rows(source: Connection, target: Connection) -> None:
    in_pieces = {"stream_results": True, "max_row_buffer": ROWS}
    for table in Row.metadata.sorted_tables:
        with source.execute(select(table), execution_options=in_pieces) as rows:
            for piece in rows.mappings().partitions(ROWS):
                target.execute(table.insert(), [dict(row) for row in piece])


def _check_schema(connection: Connection, url: URL) -> None:
    if not inspect(connection).has_table(SCHEMA_TAGS.name):
        raise StoreRefused(f"The database {name_of(url)} was not made by dialog-sandbox: give another one.")
    version = connection.execute(select(SCHEMA_TAGS.c.version)).scalar_one()
    if version != SCHEMA:
        raise StoreRefused(
            f"The database {name_of(url)} has schema {version}, and this version needs {SCHEMA}: take it there with"
            " `dialog-sandbox migrate`."
        )


def _is_sqlite(url: URL) -> bool:
    return url.get_backend_name() == "sqlite"


@contextmanager
def refusing(what: str, source: URL) -> Iterator[None]:
    """Tell what goes wrong inside in one sentence."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        found = translation_of(error)
        if isinstance(found, StoreDamaged) and _is_sqlite(source):
            raise damaged(Path(str(source.database)), str(found)) from error
        raise StoreRefused(f"{what}: {' '.join(str(found).split()).rstrip('.?')}.") from error
