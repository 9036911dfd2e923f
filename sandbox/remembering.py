"""How is remembered what was made of something that a caller chose, such as its headers?"""

from collections.abc import Callable
from functools import lru_cache
from typing import ParamSpec, TypeVar, cast

MOST = 128
"""Results of one function. Their arguments are bounded: heads at 64 KiB, bodies at `dependencies.MAX_BODY`."""

Given = ParamSpec("Given")
Made = TypeVar("Made")


def remembered(make: Callable[Given, Made]) -> Callable[Given, Made]:
    """Return it with an `lru_cache`, whose own types let any argument pass: hence the cast."""
    return cast(Callable[Given, Made], lru_cache(maxsize=MOST)(make))
