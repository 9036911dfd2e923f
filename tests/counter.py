"""What is done in the meantime, counted: no test goes by time, which a busy or a slow machine takes more of.

The one place that knows how the store can be watched.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from sqlalchemy import event

from sandbox.store import Store

STRIDE = 100
"""Steps of SQLite's virtual machine from one look at them to the next."""

ANNOUNCEMENT = "SELECT pg_notify"
"""To other servers, some time after a transaction: not to be counted to what is asked then."""


@dataclass
class Counts:
    """What the store was asked.

    `steps`: how much work SQLite had with it, in steps of its virtual machine; each row that it goes through takes
    some, whether it is found by an index or not.
    """

    texts: list[str] = field(default_factory=list)
    steps: int = 0

    @property
    def statements(self) -> int:
        return len(self.texts)

    def _step(self) -> None:
        self.steps += STRIDE


@contextmanager
def counted(store: Store) -> Iterator[Counts]:
    """In it the statements of all transactions are counted, those of long readers too; steps are SQLite's."""
    counts = Counts()
    watch, leave = _on_sqlite(counts) if store.is_sqlite else _on_postgresql(counts)
    event.listen(store.engine, "checkout", watch)
    event.listen(store.engine, "checkin", leave)
    try:
        yield counts
    finally:
        event.remove(store.engine, "checkout", watch)
        event.remove(store.engine, "checkin", leave)


Listener = Callable[..., None]


def _on_sqlite(counts: Counts) -> tuple[Listener, Listener]:
    """What is done with a connection when it is taken and given back."""

    def watch(driver: Any, *_: object) -> None:
        driver.set_trace_callback(counts.texts.append)
        driver.set_progress_handler(counts._step, STRIDE)

    def leave(driver: Any, *_: object) -> None:
        if driver is not None:  # it was broken, and is gone
            driver.set_trace_callback(None)
            driver.set_progress_handler(None, 0)

    return watch, leave


def _on_postgresql(counts: Counts) -> tuple[Listener, Listener]:
    from psycopg import Cursor

    class NotingCursor(Cursor[Any]):
        def execute(self, query: Any, *args: Any, **options: Any) -> Any:
            if not str(query).startswith(ANNOUNCEMENT):
                counts.texts.append(str(query))
            return super().execute(query, *args, **options)

        def executemany(self, query: Any, *args: Any, **options: Any) -> Any:
            counts.texts.append(str(query))
            return super().executemany(query, *args, **options)

    def watch(driver: Any, *_: object) -> None:
        driver.cursor_factory = NotingCursor

    def leave(driver: Any, *_: object) -> None:
        if driver is not None:
            driver.cursor_factory = Cursor

    return watch, leave


def calls_in(work: Callable[[], object]) -> int:
    """How many functions are called by it, Python's own included."""
    count = 0

    def note(_: FrameType, event: str, __: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count
