"""What can go wrong with a database, whichever it is."""

from sqlalchemy.exc import DBAPIError


class StoreError(Exception):
    """Base of what goes wrong with the database."""


class StoreUnavailable(StoreError):
    """The database cannot be read or written at the moment: locked, full, moved away or gone."""


class StoreBusy(StoreUnavailable):
    """Another process holds the write lock. `Store` tries again for a while before anybody is told."""


class StoreNotFound(StoreUnavailable):
    """There is no such database, and none can be made there."""


class StoreDamaged(StoreUnavailable):
    """What is in the file is not what SQLite wrote there: a page is broken, or the end is missing."""


class Conflict(StoreError):
    """A row that the tables do not allow: another one has its key, or what it refers to is not there."""


class StoreRefused(StoreError):
    """The database cannot be used as it is; it was left unaltered. The text is a sentence for the one who named it."""


SQLITE_BUSY, SQLITE_CORRUPT, SQLITE_CANTOPEN, SQLITE_NOTADB = 5, 11, 14, 26
TRY_AGAIN = ("40001", "40P01", "55P03")
"""SQLSTATE of what another transaction caused: not serializable, deadlock, a lock that was not to be had in time."""


def translation_of(error: Exception) -> StoreError:
    """Return the error of this module for one of SQLAlchemy's or of the driver's own."""
    original = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    if "IntegrityError" in (each.__name__ for each in type(original).__mro__):  # as every driver calls it (PEP 249)
        return Conflict(_message_of(original))
    if getattr(original, "sqlstate", None) in TRY_AGAIN:
        return StoreBusy(_message_of(original))
    code = getattr(original, "sqlite_errorcode", 0) & 0xFF  # the extended codes of SQLite keep the plain one there
    kinds = {
        SQLITE_BUSY: StoreBusy,
        SQLITE_CANTOPEN: StoreNotFound,
        SQLITE_CORRUPT: StoreDamaged,
        SQLITE_NOTADB: StoreDamaged,
    }
    return kinds.get(code, StoreUnavailable)(_message_of(original))


def _message_of(error: Exception) -> str:
    """Return what went wrong; PostgreSQL sends it apart from the statement, and from where it went wrong there."""
    diagnosis = getattr(error, "diag", None)
    parts = [getattr(diagnosis, name, None) for name in ("message_primary", "message_detail")]
    return " ".join(part for part in parts if part) or str(error)
