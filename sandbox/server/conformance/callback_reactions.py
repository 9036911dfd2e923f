"""How does a client take its callbacks, those too that come twice, late, first, or say the contrary?"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from sandbox.clock import MINUTE
from sandbox.server.conformance.reactions import CALLBACKS_REFUSED, UNDECIDED, WENT_ON, Reaction
from sandbox.server.conformance.situations import (
    CALLBACK,
    CALLBACK_CONTRADICTORY,
    CALLBACK_DUPLICATE,
    CALLBACK_FIRST,
    CALLBACK_LATE,
)
from sandbox.store import Tx
from sandbox.store.tables import AttemptRow
from sandbox.world.callbacks.profile import profile_of
from sandbox.world.callbacks.search import ListedCallback, list_callbacks
from sandbox.world.callbacks.states import DELIVERED, GIVEN_UP
from sandbox.world.ids import callback_id
from sandbox.world.statuses import FINAL

PAGE = 500


def page_of_callbacks(tx: Tx, after: int) -> list[ListedCallback]:
    """Return the callbacks numbered over `after`, with their attempts."""
    return list_callbacks(tx, after=after, limit=PAGE)


def comes_first(tx: Tx) -> bool:
    """Return whether callbacks may come before the submit's answer."""
    return profile_of(tx.workspace.callback_profile).before_response > 0


def reactions_to_callbacks(callbacks: Sequence[ListedCallback], *, may_come_first: bool) -> Iterator[Reaction]:
    """Yield how each that was sent was taken."""
    final: dict[int, set[str]] = defaultdict(set)
    for each in callbacks:
        callback, attempts = each.callback, each.attempts
        if not attempts:
            continue
        word, name = _word(each), (callback_id(callback.id),)
        yield Reaction(CALLBACK, word, name)
        if sum(map(_is_taken, attempts)) > 1 or callback.copies > 1:
            yield Reaction(CALLBACK_DUPLICATE, word, name)
        if callback.due_at - callback.status_at >= MINUTE:
            yield Reaction(CALLBACK_LATE, word, name)
        if may_come_first and attempts[0].at == callback.status_at == callback.due_at:
            yield Reaction(CALLBACK_FIRST, word, name)
        if callback.status in FINAL:
            final[callback.message_id].add(callback.status)
            if len(final[callback.message_id]) > 1:
                yield Reaction(CALLBACK_CONTRADICTORY, word, name)


def _is_taken(attempt: AttemptRow) -> bool:
    return attempt.status is not None and 200 <= attempt.status < 300


def _word(each: ListedCallback) -> str:
    """Return how it was taken: refused only by one who answered, since an address may be forbidden here."""
    if each.callback.state == DELIVERED:
        return WENT_ON
    is_answered = any(attempt.status is not None for attempt in each.attempts)
    return CALLBACKS_REFUSED if each.callback.state == GIVEN_UP and is_answered else UNDECIDED
