"""How is a list cut into pages?"""

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import TypeVar

from sandbox.world.messages.search import MOST_TEXT

T = TypeVar("T")


def cut_page(
    rows: Sequence[T], limit: int, cursor_of: Callable[[T], str], size_of: Callable[[T], int] | None = None
) -> tuple[Sequence[T], str | None]:
    """Return the first `limit` rows, and the cursor behind them if there are more: one more was asked for.

    `size_of`: the length of a row's texts; then a page of more than one ends before they are too many.
    """
    count = min(limit, len(rows))
    if size_of is not None:
        sizes = accumulate(map(size_of, rows[:count]))
        count = min(count, max(1, sum(size <= MOST_TEXT for size in sizes)))
    page = rows[:count]
    return page, cursor_of(page[-1]) if len(rows) > count else None
