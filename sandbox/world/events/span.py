"""Which events lie between two bounds of what was told?

The entries of a message's timeline are told by two things. Those up to its acceptance, and those that staff or a test
stated, by the fact that says so; those that a plan brings about, by the clock that reaches them. `Span` says which are
told between two cursors, so that each is told exactly once whatever the pages are.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import bindparam, func, select

from sandbox.clock import NEVER
from sandbox.store import Query, Tx
from sandbox.store.tables import CALLBACKS, CHANGES, MESSAGES, CallbackRow, ChangeRow, MessageRow
from sandbox.world.callbacks.search import ListedCallback, listed
from sandbox.world.callbacks.states import GIVEN_UP
from sandbox.world.events.cursors import Bound, Cursor, Key
from sandbox.world.events.kinds import CALLBACK, CLOCK, INBOUND, MESSAGE, STATUS, WorkspaceEvent
from sandbox.world.events.steps import IS_LOST, DueStep
from sandbox.world.messages.accept import OUTBOUND
from sandbox.world.messages.timeline import entries_of
from sandbox.world.statuses import entries_by

Keyed = tuple[Key, WorkspaceEvent]


class _Later(NamedTuple):
    """The first entry of a message's timeline that a later fact states."""

    message_id: int
    step: int


LATER = Query(
    _Later,
    select(CHANGES.c.message_id, func.min(func.coalesce(CHANGES.c.step, 0)))
    .where(
        CHANGES.c.workspace_id == bindparam("ws"),
        CHANGES.c.position > bindparam("after"),
        CHANGES.c.kind.in_((MESSAGE, INBOUND, STATUS)),
        CHANGES.c.message_id.in_(bindparam("messages", expanding=True)),
    )
    .group_by(CHANGES.c.message_id),
)
MESSAGES_OF = Query(
    MessageRow,
    select(MESSAGES).where(
        MESSAGES.c.workspace_id == bindparam("ws"), MESSAGES.c.id.in_(bindparam("messages", expanding=True))
    ),
)
CALLBACKS_NAMED = Query(
    CallbackRow,
    select(CALLBACKS).where(
        CALLBACKS.c.workspace_id == bindparam("ws"), CALLBACKS.c.id.in_(bindparam("callbacks", expanding=True))
    ),
)
LOST = Query(
    CallbackRow,
    select(CALLBACKS).where(
        *IS_LOST, CALLBACKS.c.due_at >= bindparam("since"), CALLBACKS.c.due_at <= bindparam("until")
    ),
)


class Span:
    """What lies between two bounds of what was told, loaded in a fixed number of statements.

    `is_last`: there is no fact behind its end.
    """

    def __init__(
        self, tx: Tx, start: Bound, end: Bound, facts: Sequence[ChangeRow], steps: Sequence[DueStep], *, is_last: bool
    ) -> None:
        self._start = start
        self._end = end
        self._turns = [fact for fact in facts if fact.kind == CLOCK]
        self._called = {fact.callback_id: fact for fact in facts if fact.callback_id is not None}
        self._stated = _stated(facts)
        ids = {*self._stated, *(step.message_id for step in steps)}
        callbacks = self._callbacks(tx, with_lost=bool(steps))
        self._messages = _by_number(tx, ids | {callback.message_id for callback in callbacks})
        self._entries = entries_of(tx, [*self._messages.values()]) if self._messages else {}
        self._ids = ids & self._messages.keys()
        self._later = _stated_later(tx, end.position, self._ids) if self._ids and not is_last else {}
        self._listed = listed(tx, callbacks)

    def _callbacks(self, tx: Tx, *, with_lost: bool) -> list[CallbackRow]:
        """Return those that facts name, and those that fell due meanwhile and are never sent."""
        named = tx.all(CALLBACKS_NAMED, callbacks=[*self._called]) if self._called else []
        lost = tx.all(LOST, since=self._start.clock, until=self._end.clock) if with_lost else []
        return [*{callback.id: callback for callback in (*named, *lost)}.values()]

    def events(self, cursor: Cursor) -> Iterator[Keyed]:
        """Yield all that is told, in no order."""
        for turn in range(len(self._turns)):
            yield (turn + 1, 0, 0, 0, 0), WorkspaceEvent(CLOCK, cursor)
        for n in self._ids:
            yield from self._entry_events(self._messages[n], cursor)
        for each in self._listed:
            place = self._callback_place(each)
            if place is not None:
                yield self._callback_event(each, *place, cursor)

    def _entry_events(self, message: MessageRow, cursor: Cursor) -> Iterator[Keyed]:
        entries = self._entries[message.id]
        for position, entry in enumerate(entries):
            stated = max((each for each in self._stated.get(message.id, ()) if each.step <= position), default=None)
            if self._is_news(message, position, entry.at, is_stated=stated is not None):
                kind = STATUS if position else MESSAGE if message.direction == OUTBOUND else INBOUND
                turns = self._turns_before(entry.at, 0 if stated is None else stated.position)
                key = (turns, entry.at, message.id, position + 1, 0)
                yield key, WorkspaceEvent(kind, cursor, message, entries, position + 1)

    def _is_news(self, message: MessageRow, position: int, at: int, *, is_stated: bool) -> bool:
        """Return whether an entry of its timeline was not told at the start, and is at the end."""
        if position >= self._later.get(message.id, NEVER):
            return False
        comes_with_it = at <= message.accepted_at
        if not (comes_with_it or self._end.has_come(at, message.id)):
            return False
        return is_stated or not (comes_with_it or self._start.has_come(at, message.id))

    def _turns_before(self, at: int, position: int) -> int:
        """Return how many turns of the clock came before a fact, or before what comes due at a time.

        A turn has what the clock read before it.
        """
        return sum(turn.position < position or turn.at < at for turn in self._turns)

    def _callback_place(self, found: ListedCallback) -> tuple[int, int] | None:
        """Return the time and the fact that an event about a callback is sorted by; None if it is not told.

        One that is lost is told when it falls due, whenever that was decided.
        """
        callback = found.callback
        called = self._called.get(callback.id)
        if callback.state != GIVEN_UP or found.attempts:
            return (called.at, called.position) if called is not None and callback.due_at <= called.at else None
        was_due, is_due = (each.has_come(callback.due_at, callback.message_id) for each in (self._start, self._end))
        return (callback.due_at, 0) if is_due and (called is not None or not was_due) else None

    def _callback_event(self, found: ListedCallback, at: int, position: int, cursor: Cursor) -> Keyed:
        n = found.callback.message_id
        entries = self._entries[n]
        so_far = entries_by(entries, at)
        event = WorkspaceEvent(CALLBACK, cursor, self._messages[n], entries, so_far, found)
        return (self._turns_before(at, position), at, n, so_far, found.callback.id), event


class _Stated(NamedTuple):
    """From which entry on a fact states a message's timeline, and the fact's position."""

    step: int
    position: int


def _stated(facts: Sequence[ChangeRow]) -> dict[int, list[_Stated]]:
    """Return, by message, what the facts state of its timeline."""
    stated: dict[int, list[_Stated]] = {}
    for fact in facts:
        if fact.kind in (MESSAGE, INBOUND, STATUS) and fact.message_id is not None:
            stated.setdefault(fact.message_id, []).append(_Stated(fact.step or 0, fact.position))
    return stated


def _by_number(tx: Tx, numbers: Collection[int]) -> dict[int, MessageRow]:
    """Return those of the messages that are still there."""
    return {message.id: message for message in tx.all(MESSAGES_OF, messages=sorted(numbers))} if numbers else {}


def _stated_later(tx: Tx, position: int, numbers: Collection[int]) -> dict[int, int]:
    """Return, by message, the first entry of its timeline that a fact behind that position states."""
    return {later.message_id: later.step for later in tx.all(LATER, after=position, messages=sorted(numbers))}
