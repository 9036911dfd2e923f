"""From which bytes is what a vendor calls a message made? They are decided by the workspace's seed and its number."""

from functools import lru_cache

from sandbox.clock import MINUTE
from sandbox.world.ids import decided

STRANDS = 16
"""How many beginnings the ids of one minute's messages have."""


def message_bytes(seed: int, n: int, attempt: int) -> bytes:
    """Return 32 bytes of the n-th message's own."""
    return decided(seed, "message", n, attempt)


def minute_bytes(seed: int, n: int, at: int, attempt: int) -> bytes:
    """Return 32 bytes that the messages of a minute share, for the beginnings of their ids.

    So their ids lie side by side in an index, and an insert into a large store has no page of its own to read and
    write for each. Several strands, since ids that differ only in their ends may clash.
    """
    return _minute_bytes(seed, at // MINUTE, attempt * STRANDS + n % STRANDS)


@lru_cache(maxsize=256)
def _minute_bytes(seed: int, minute: int, strand: int) -> bytes:
    return decided(seed, "minute", minute, strand)
