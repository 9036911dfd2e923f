"""What is done in the meantime, counted: no test goes by time, which a busy or a slow machine takes more of.

The one place that knows how the store can be watched.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from sandbox.world import World

STRIDE = 100
"""Steps of SQLite's virtual machine from one look at them to the next."""


@dataclass
class Asked:
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
def counted(world: World) -> Iterator[Asked]:
    """In it the statements on the store's connection are counted, the journal's and long readers' own not."""
    asked = Asked()
    connection = world.store._driver
    connection.set_trace_callback(asked.texts.append)
    connection.set_progress_handler(asked._step, STRIDE)
    try:
        yield asked
    finally:
        connection.set_trace_callback(None)
        connection.set_progress_handler(None, 0)


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
