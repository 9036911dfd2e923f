"""Long work in slices: others are served between them, though a transaction holds up all that write.

A slice is what a generator does from one `yield` to the next. Each `yield` takes in the transaction that goes on.
"""

import asyncio
from collections.abc import Callable, Generator
from typing import Generic, TypeVar

from sandbox.store.errors import StoreUnavailable
from sandbox.store.tx import Tx

T = TypeVar("T")

Slices = Generator[None, Tx, T]
"""Work in slices that returns a `T`. What a slice has written stays, whatever becomes of the next."""


TURNS = 4
"""Of the loop: in the first another's call is read, in the next it is worked on."""


async def serve_others() -> None:
    """Let others be served, where transactions run inline and nothing else would let them go on."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


def noting(tx: Tx, slices: Slices[T], note: Callable[[Tx, bool], object]) -> Slices[T]:
    """Do the same, and call `note` at the end of each slice with its transaction, and whether it was the last."""
    try:
        next(slices)
        while True:
            note(tx, False)
            tx = yield
            slices.send(tx)
    except StopIteration as end:
        note(tx, True)
        result: T = end.value
        return result


def in_one(tx: Tx, slices: Slices[T]) -> T:
    """Do all of it in this transaction."""
    try:
        next(slices)
        while True:
            slices.send(tx)
    except StopIteration as end:
        result: T = end.value
        return result


class SlicedJob(Generic[T]):
    """Work in slices that is under way, each in a transaction that may be tried again. `result`: of all of them."""

    result: T

    def __init__(self, work: Callable[[Tx], Slices[T]]) -> None:
        self._work = work
        self._slices: Slices[T] | None = None
        """None until the first slice was committed: that one can be begun again."""
        self._first: Slices[T] | None = None
        self._is_open = False

    def go_on(self, tx: Tx) -> bool:
        """Do the next slice; return whether it was the last."""
        if self._is_open and self._slices is not None:
            raise StoreUnavailable("it was busy in the midst of long work")
        self._is_open = True
        try:
            if self._slices is None:
                self._first = self._work(tx)
                next(self._first)
            else:
                self._slices.send(tx)
        except StopIteration as end:
            self.result = end.value
            return True
        return False

    def has_committed(self) -> None:
        """Note that the slice stays."""
        self._slices = self._slices or self._first
        self._is_open = False
