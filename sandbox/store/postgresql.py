"""What is PostgreSQL's own: how an engine is made by URL, and what its transactions begin with."""

from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError

from sandbox.store.errors import StoreRefused

DRIVER = "postgresql+psycopg"
POOL_SIZE = 8
MAX_OVERFLOW = 24
CONNECT_TIMEOUT_S = 5
OPTIONS = {
    "timezone": "UTC",
    "lock_timeout": "1s",  # as long as SQLite's write lock is waited for; `Store` tries again
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "120s",  # a process that was stopped holds its locks no longer
}
NUL = "\ufdd0"
"""A code point that is for good no character."""
MAKING_TABLES = 0x64_69_61_6C
"""The key of the advisory lock under which one of several servers makes the tables."""


def postgresql_engine(url: URL) -> Engine:
    """Return the engine of a database server; it is not called before the first transaction."""
    options = " ".join(f"-c {name}={value}" for name, value in OPTIONS.items())
    try:
        engine = create_engine(
            url.set(drivername=DRIVER),
            connect_args={"connect_timeout": CONNECT_TIMEOUT_S, "options": options},
            pool_size=POOL_SIZE,
            max_overflow=MAX_OVERFLOW,
            pool_pre_ping=True,
        )
    except (ImportError, NoSuchModuleError):
        raise StoreRefused("PostgreSQL needs the psycopg package: install dialog-sandbox[postgresql].") from None
    except (SQLAlchemyError, ValueError) as error:
        raise StoreRefused(f"Not a database URL that PostgreSQL's driver takes: {error}.") from None
    event.listen(engine, "connect", _let_texts_hold_nul)
    return engine


def _let_texts_hold_nul(driver: Any, _: object) -> None:
    """Send U+0000, which PostgreSQL keeps in no text, as a character that no text has: it is found nowhere."""
    from psycopg.types.string import StrDumper  # noqa: PLC0415  (only who uses PostgreSQL has it)

    class NulFreeDumper(StrDumper):
        def dump(self, obj: str) -> Any:
            return super().dump(obj.replace("\0", NUL))

    driver.adapters.register_dumper(str, NulFreeDumper)


def prepare(connection: Connection, *, is_write: bool) -> None:
    """Say what kind of transaction comes: a read sees one moment; a write locks rows, and sees what was committed."""
    if not is_write:
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def lock_schema(connection: Connection) -> None:
    """Let no other server make tables until this transaction ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MAKING_TABLES})


def take_all_the_time(connection: Connection) -> None:
    """Let each statement of this transaction take as long as it needs, its commit too."""
    connection.execute(text("SET LOCAL statement_timeout = 0"))
