"""How does nobody wait for a look for garbage among the very many objects that large work keeps for a moment?"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

NEVER = 2**31 - 1
"""Collections of the middle generation before one of all objects."""
_lock = Lock()
_waiting: list[tuple[int, int, int]] = []
"""The thresholds from before, once for each work that goes on: they are the process's own."""


@contextmanager
def full_collections_put_off() -> Iterator[None]:
    """Have no collection look through all objects meanwhile, which stops every thread; young ones are still collected.

    What the work itself keeps is no garbage, and goes with its last reference.
    """
    with _lock:
        _waiting.append(gc.get_threshold())
        gc.set_threshold(*_waiting[0][:2], NEVER)
    try:
        yield
    finally:
        with _lock:
            before = _waiting[0]
            _waiting.pop()
            if not _waiting:
                gc.set_threshold(*before)
