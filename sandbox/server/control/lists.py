"""How is a list cut into pages?"""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def cut_page(rows: Sequence[T], limit: int, cursor_of: Callable[[T], str]) -> tuple[Sequence[T], str | None]:
    """Return the first `limit` rows, and the cursor behind them if there are more: one more was asked for."""
    page = rows[:limit]
    return page, cursor_of(page[-1]) if len(rows) > limit else None
