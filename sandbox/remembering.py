"""Remembering what was made of something that a caller chose, such as its headers."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, TypeVarTuple

MOST = 1_000_000
"""What the arguments of one function may weigh together, in bytes or characters. What is made of them may be some ten
times as much."""
LARGEST = MOST // 100
"""What weighs more is made anew each time, and makes nothing else forgotten."""
EACH = 100
"""What each argument weighs beside its length."""

Given = TypeVarTuple("Given")
Made = TypeVar("Made")


def remembered(make: Callable[[*Given], Made]) -> Callable[[*Given], Made]:
    """As `functools.lru_cache`, but bounded by weight: a thousand long headers are too much, as short ones are not.

    For functions of texts, bytes and tuples of them. All is forgotten when it is too much.
    """
    kept: dict[tuple[*Given], Made] = {}
    weighs = 0

    @wraps(make)
    def recall(*given: *Given) -> Made:
        nonlocal weighs
        try:
            return kept[given]
        except KeyError:
            pass
        made = make(*given)
        weight = _weight(given)
        if weight > LARGEST:
            return made
        weighs += weight
        if weighs > MOST:
            kept.clear()
            weighs = weight
        kept[given] = made
        return made

    return recall


def _weight(given: Any) -> int:
    if isinstance(given, tuple):
        return EACH + sum(map(_weight, given))
    return EACH + (len(given) if isinstance(given, bytes | str) else 0)
