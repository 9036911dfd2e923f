"""What can go wrong with a database, whichever it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError


class StoreError(Exception):
    """Base of what goes wrong with the database."""


class StoreUnavailable(StoreError):
    """The database cannot be read or written at the moment: locked, full, moved away or gone."""


class StoreBusy(StoreUnavailable):
    """Another process holds the write lock. `Store` tries again for a while before anybody is told."""


class Conflict(StoreError):
    """A row that the tables do not allow: another one has its key, or what it refers to is not there."""


class StoreRefused(StoreError):
    """The database cannot be used as it is; it was left unaltered. The text is a sentence for the one who named it."""


SQLITE_BUSY = 5


@contextmanager
def translated(dbapi: Any) -> Iterator[None]:
    """Raise the database's errors, SQLAlchemy's and the driver's own alike, as those of this module."""
    try:
        yield
    except IntegrityError as error:
        raise Conflict(str(error.orig)) from error
    except DBAPIError as error:
        raise of_driver(error.orig) from error
    except SQLAlchemyError as error:
        raise StoreUnavailable(str(error)) from error
    except dbapi.IntegrityError as error:
        raise Conflict(str(error)) from error
    except dbapi.Error as error:
        raise of_driver(error) from error


def of_driver(error: BaseException | None) -> StoreUnavailable:
    """Return the error of this module for one of the driver's."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the extended codes of SQLite keep the plain one there
    return (StoreBusy if code == SQLITE_BUSY else StoreUnavailable)(str(error))
