"""What is new in a workspace since a cursor?

Nothing is kept for anybody: facts are rows of `change` behind the cursor's position, what was planned is found by its
time, and exchanges are rows of the journal. Who asks again with the cursor of what was told is told the rest, be it
another process by then.

The entries of a message's timeline are told by two things. Those up to its acceptance, and those that staff or a test
stated, by the fact that says so; those that a plan brings about, by the clock that reaches them. `_Span` says which are
told between two cursors, so that each is told exactly once whatever the pages are.
"""

from collections.abc import Collection, Iterator, Sequence
from operator import itemgetter
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    exists,
    func,
    literal,
    or_,
    select,
    union,
    union_all,
)

from sandbox.clock import NEVER
from sandbox.store import Query, Tx
from sandbox.store.tables import (
    ATTEMPTS,
    CALLBACKS,
    CHANGES,
    JOURNAL,
    MESSAGES,
    STEPS,
    WORKSPACES,
    AttemptRow,
    CallbackRow,
    ChangeRow,
    JournalEntryRow,
    MessageRow,
)
from sandbox.world.callbacks.queue import ATTEMPTS_OF, URLS, ListedCallback
from sandbox.world.callbacks.states import GIVEN_UP
from sandbox.world.messages.accept import OUTBOUND
from sandbox.world.messages.search import MessageFilters, conditions
from sandbox.world.messages.timeline import entries_of
from sandbox.world.statuses import Entry, entries_by

MESSAGE = "message"
"""An outbound message was accepted."""
INBOUND = "inbound"
STATUS = "status"
"""A message took a status."""
CALLBACK = "callback"
CLOCK = "clock"
RESET = "reset"
EXCHANGE = "exchange"
GAP = "gap"
"""What happened here is not known any more."""

PRUNED = "More has happened since than is kept; the oldest that is kept comes next. List what you need to know."
NOT_KNOWN = "What came after that id is not known here any more; what happens from now on follows."
MOST_DIGITS = 17

Key = tuple[int, int, int, int, int]
"""Events of a page are told by how many turns of the clock came before, then by time, message, entry of its timeline,
and callback."""
FIRST_KEY: Key = (0, 0, 0, 0, 0)


class WorkspaceProgress(NamedTuple):
    """How far a workspace has come: they are others whenever something has happened in it."""

    id: int
    epoch: int
    change_position: int
    journal_position: int


PROGRESS = Query(
    WorkspaceProgress,
    select(*(WORKSPACES.c[name] for name in WorkspaceProgress._fields)).where(
        WORKSPACES.c.id.in_(bindparam("workspaces", expanding=True)), WORKSPACES.c.hidden.is_(None)
    ),
)


def progress_of(tx: Tx, workspaces: Collection[int]) -> dict[int, WorkspaceProgress]:
    """Return how far these workspaces have come, those that are gone left out."""
    return {each.id: each for each in tx.all(PROGRESS, workspaces=[*workspaces])}


class Bound(NamedTuple):
    """Up to where something was told: facts by their position, what was planned by its time.

    `tie`: of what was planned for exactly `clock`, the number of the last message whose was told; 0: all of it was.
    """

    position: int
    clock: int
    tie: int

    def has_come(self, at: int, message_id: int) -> bool:
        """Return whether it includes what a plan of that message has for that time."""
        return at < self.clock or (at == self.clock and (not self.tie or message_id <= self.tie))


class Cursor(NamedTuple):
    """What a reader was told: all up to `start` and up to the journal's position, in an epoch of the workspace.

    `end` and `last_key`: in the midst of a page, where that ends and the key of the last event of it that was told.
    """

    epoch: int
    start: Bound
    journal: int
    end: Bound | None = None
    last_key: Key = FIRST_KEY

    def written(self, workspace_key: str) -> str:
        """Return an event's id: nothing for a client to understand, and nothing that another workspace takes."""
        numbers = [self.epoch, *self.start, self.journal]
        if self.end is not None:
            numbers += [*self.end, *self.last_key]
        return "-".join((workspace_key, *map(str, numbers)))


class WorkspaceEvent(NamedTuple):
    """Something that happened; `cursor` is that of one who was told it.

    `message`, `entries` and `so_far`: the message that it is about, its timeline, and how many entries of that had come
    about with it. `missed`: of a gap, how many changes are not known any more; null when that is not known either.
    """

    kind: str
    cursor: Cursor
    message: MessageRow | None = None
    entries: Sequence[Entry] = ()
    so_far: int = 0
    callback: ListedCallback | None = None
    exchange: JournalEntryRow | None = None
    missed: int | None = None
    detail: str = ""


class News(NamedTuple):
    """What happened, and the cursor of one who was told it; `is_all`: there is no more at this moment."""

    events: list[WorkspaceEvent]
    cursor: Cursor
    is_all: bool


class _Positions(NamedTuple):
    change: int
    journal: int


class _Step(NamedTuple):
    """That a plan has something for a message at a time."""

    at: int
    message_id: int


class _Later(NamedTuple):
    """The first entry of a message's timeline that a later fact states."""

    message_id: int
    step: int


POSITIONS = Query(
    _Positions,
    select(WORKSPACES.c.change_position, WORKSPACES.c.journal_position).where(WORKSPACES.c.id == bindparam("own")),
)
_of_workspace = CHANGES.c.workspace_id == bindparam("ws")
FACTS = Query(
    ChangeRow,
    select(CHANGES)
    .where(_of_workspace, CHANGES.c.position > bindparam("after"), CHANGES.c.position <= bindparam("last"))
    .order_by(CHANGES.c.position)
    .limit(bindparam("limit")),
)
LAST_RESET = Query(
    ChangeRow,
    select(CHANGES).where(_of_workspace, CHANGES.c.kind == RESET).order_by(CHANGES.c.position.desc()).limit(1),
)
LATER = Query(
    _Later,
    select(CHANGES.c.message_id, func.min(func.coalesce(CHANGES.c.step, 0)))
    .where(
        _of_workspace,
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
LAST_MESSAGE = Query(int, select(func.max(MESSAGES.c.id)).where(MESSAGES.c.workspace_id == bindparam("ws")))
# Of those whose plan lay ahead when they were accepted, and in the words of their index.
_is_planned = (MESSAGES.c.workspace_id == bindparam("ws"), MESSAGES.c.settled_at > MESSAGES.c.accepted_at)
_is_stated = (STEPS.c.workspace_id == bindparam("ws"), STEPS.c.position > 0)
_was_tried = exists().where(
    ATTEMPTS.c.workspace_id == CALLBACKS.c.workspace_id, ATTEMPTS.c.callback_id == CALLBACKS.c.id
)
# Given up without an attempt: nobody tells of it when it falls due.
_is_lost = (CALLBACKS.c.workspace_id == bindparam("ws"), CALLBACKS.c.state == GIVEN_UP, ~_was_tried)


def _steps(
    at: ColumnElement[int], message_id: ColumnElement[int], *where: ColumnElement[bool]
) -> Select[tuple[int, int]]:
    """Return the first ones of one kind; each kind has an index of its own."""
    found = (
        select(at.label("at"), message_id.label("message_id"))
        .distinct()
        .where(
            *where,
            at >= bindparam("since"),
            at <= bindparam("until"),
            or_(at > bindparam("since"), message_id > bindparam("tie")),
        )
        .order_by(at, message_id)
        .limit(bindparam("limit"))
        .subquery()
    )
    return select(found.c["at"], found.c.message_id)


_every_step = union(
    _steps(MESSAGES.c.sent_at, MESSAGES.c.id, *_is_planned),
    _steps(MESSAGES.c.settled_at, MESSAGES.c.id, *_is_planned),
    _steps(STEPS.c["at"], STEPS.c.message_id, *_is_stated),
    _steps(CALLBACKS.c.due_at, CALLBACKS.c.message_id, *_is_lost),
).subquery()
STEPS_DUE = Query(
    _Step,
    select(_every_step.c["at"], _every_step.c.message_id)
    .order_by(_every_step.c["at"], _every_step.c.message_id)
    .limit(bindparam("limit")),
)
_next_times = union_all(
    *(
        select(func.min(at).label("at")).where(*where, at > bindparam("now"))
        for at, where in (
            (MESSAGES.c.sent_at, _is_planned),
            (MESSAGES.c.settled_at, _is_planned),
            (CALLBACKS.c.due_at, _is_lost),
        )
    )
).subquery()
NEXT_STEP = Query(int, select(func.min(_next_times.c["at"])))
CALLBACKS_NAMED = Query(
    CallbackRow,
    select(CALLBACKS).where(
        CALLBACKS.c.workspace_id == bindparam("ws"), CALLBACKS.c.id.in_(bindparam("callbacks", expanding=True))
    ),
)
LOST = Query(
    CallbackRow,
    select(CALLBACKS).where(
        *_is_lost, CALLBACKS.c.due_at >= bindparam("since"), CALLBACKS.c.due_at <= bindparam("until")
    ),
)
# Without what can be long, which the journal has.
_LEFT_OUT = {"request_headers": "[]", "response_headers": "[]", "request_body": b"", "response_body": b""}
EXCHANGES = Query(
    JournalEntryRow,
    select(*(literal(_LEFT_OUT[c.name]).label(c.name) if c.name in _LEFT_OUT else c for c in JOURNAL.c))
    .where(JOURNAL.c.workspace_id == bindparam("ws"), JOURNAL.c.position > bindparam("after"))
    .order_by(JOURNAL.c.position)
    .limit(bindparam("limit")),
)


# Cursors -------------------------------------------------------------------------------------------------------------


def cursor_now(tx: Tx) -> Cursor:
    """Return the cursor of one who wants to be told what happens from now on."""
    last = _positions(tx)
    return Cursor(tx.workspace.epoch, Bound(last.change, tx.now, 0), last.journal)


def parse_cursor(tx: Tx, written: str) -> Cursor | None:
    """Return the cursor that an event's id is; None for what is none of this workspace."""
    key, *parts = written.split("-")
    if key != tx.workspace.key or not all(map(_is_number, parts)):
        return None
    match [int(part) for part in parts]:
        case [epoch, position, clock, tie, journal]:
            return Cursor(epoch, Bound(position, clock, tie), journal)
        case [epoch, position, clock, tie, journal, last, end, end_tie, turns, at, message, entry, callback]:
            start, last_key = Bound(position, clock, tie), (turns, at, message, entry, callback)
            return Cursor(epoch, start, journal, Bound(last, end, end_tie), last_key)
    return None


def begin(tx: Tx, last_event_id: str | None) -> News:
    """Return the cursor of one who has seen that event; that of this moment if there is none or it is not known."""
    if not last_event_id:
        return News([], cursor_now(tx), is_all=True)
    cursor = parse_cursor(tx, last_event_id)
    if cursor is None or not _is_known(tx, cursor, _positions(tx)):
        return unknown(tx)
    return News([], cursor, is_all=False)


def _is_number(part: str) -> bool:
    return part.isascii() and part.isdigit() and len(part) <= MOST_DIGITS


def _positions(tx: Tx) -> _Positions:
    return tx.one(POSITIONS, own=tx.workspace.id) or _Positions(0, 0)


def last_message(tx: Tx) -> int:
    """Return the number of the newest message, 0 if there is none."""
    return tx.one(LAST_MESSAGE) or 0


def next_step(tx: Tx) -> int | None:
    """Return when a plan has something next, on the workspace's clock."""
    return tx.one(NEXT_STEP, now=tx.now)


def passing(tx: Tx, filters: MessageFilters, after: int, message_ids: Collection[int]) -> set[int]:
    """Return which of these messages pass the filters and are numbered over `after`."""
    if not message_ids:
        return set()
    mine = MESSAGES.c.workspace_id == bindparam("ws")
    chosen = MESSAGES.c.id.in_(sorted(message_ids))
    statement = select(MESSAGES.c.id).where(mine, chosen, MESSAGES.c.id > after, *conditions(filters, tx.now))
    return set(tx.all(Query(int, statement)))


# News ----------------------------------------------------------------------------------------------------------------


def news(tx: Tx, cursor: Cursor, limit: int) -> News:
    """Return a page of what happened since: at most so many facts, planned steps and exchanges."""
    last = _positions(tx)
    if not _is_known(tx, cursor, last):
        return unknown(tx)
    if cursor.epoch < tx.workspace.epoch:
        return _after_reset(tx, last)
    if cursor.end is not None:
        return _rest_of_page(tx, cursor, cursor.end, last)
    facts = tx.all(FACTS, after=cursor.start.position, last=last.change, limit=limit + 1)
    gap = _gap(cursor, facts, last)
    if gap:
        cursor = gap[0].cursor
    if len(facts) > limit:
        # While there are more facts than fit, the clock stands still for the reader.
        end = cursor.start._replace(position=facts[limit - 1].position)
        return News(gap + _events_of_page(tx, cursor, end, facts[:limit], [], last), _at(cursor, end), is_all=False)
    now = max(tx.now, cursor.start.clock)
    steps = _steps_due(tx, cursor.start, now, limit + 1)
    if len(steps) > limit:
        end = Bound(last.change, *steps[limit - 1])
        return News(gap + _events_of_page(tx, cursor, end, facts, steps[:limit], last), _at(cursor, end), is_all=False)
    end = Bound(last.change, now, 0)
    found = gap + _events_of_page(tx, cursor, end, facts, steps, last)
    exchanges = _exchanges(tx, _at(cursor, end), limit)
    cursor = exchanges[-1].cursor if exchanges else _at(cursor, end)
    return News(found + exchanges, cursor, is_all=len(exchanges) < limit)


def unknown(tx: Tx) -> News:
    """Return the gap of one whose cursor is none; what happens from now on is told."""
    cursor = cursor_now(tx)
    return News([WorkspaceEvent(GAP, cursor, detail=NOT_KNOWN)], cursor, is_all=True)


def _is_known(tx: Tx, cursor: Cursor, last: _Positions) -> bool:
    """Return whether a cursor is not ahead of what there is, as one is of a database that is gone."""
    end = cursor.end or cursor.start
    is_behind = cursor.start.position <= end.position <= last.change and cursor.journal <= last.journal
    return cursor.epoch <= tx.workspace.epoch and is_behind


def _after_reset(tx: Tx, last: _Positions) -> News:
    """Return the reset, and the cursor of one who knows the workspace as it was right after it."""
    epoch, reset = tx.workspace.epoch, tx.one(LAST_RESET)
    if reset is not None:
        cursor = Cursor(epoch, Bound(reset.position, reset.at, 0), 0)
        return News([WorkspaceEvent(RESET, cursor)], cursor, is_all=False)
    cursor = Cursor(epoch, Bound(last.change, tx.now, 0), 0)
    return News([WorkspaceEvent(RESET, cursor), WorkspaceEvent(GAP, cursor, detail=NOT_KNOWN)], cursor, is_all=False)


def _rest_of_page(tx: Tx, cursor: Cursor, end: Bound, last: _Positions) -> News:
    """Return what comes after an event in the midst of a page, which ends where it did."""
    facts = tx.all(FACTS, after=cursor.start.position, last=end.position, limit=NEVER)
    gap = _gap(cursor, facts, last._replace(change=end.position))
    if gap:
        cursor = cursor._replace(start=gap[0].cursor.start)
    steps = [step for step in _steps_due(tx, cursor.start, end.clock, NEVER) if end.has_come(*step)]
    return News(gap + _events_of_page(tx, cursor, end, facts, steps, last), _at(cursor, end), is_all=False)


def _gap(cursor: Cursor, facts: Sequence[ChangeRow], last: _Positions) -> list[WorkspaceEvent]:
    """Return what says that changes were pruned which the cursor's owner was not told: their positions are missing."""
    oldest = facts[0].position if facts else last.change + 1
    missed = oldest - 1 - cursor.start.position
    if not missed:
        return []
    after = Cursor(cursor.epoch, cursor.start._replace(position=oldest - 1), cursor.journal)
    return [WorkspaceEvent(GAP, after, missed=missed, detail=PRUNED)]


def _steps_due(tx: Tx, start: Bound, until: int, limit: int) -> list[_Step]:
    return tx.all(STEPS_DUE, since=start.clock, tie=start.tie or NEVER, until=until, limit=limit)


def _at(cursor: Cursor, end: Bound) -> Cursor:
    return Cursor(cursor.epoch, end, cursor.journal)


def _events_of_page(
    tx: Tx, cursor: Cursor, end: Bound, facts: Sequence[ChangeRow], steps: Sequence[_Step], last: _Positions
) -> list[WorkspaceEvent]:
    """Return the events of a page from the cursor to that end, but for those that the cursor's owner was told."""
    if not facts and not steps:
        return []
    span = _Span(tx, cursor.start, end, facts, steps, is_last=end.position == last.change)
    keyed = sorted(((key, event) for key, event in span.events(cursor) if key > cursor.last_key), key=itemgetter(0))
    midst = [event._replace(cursor=cursor._replace(end=end, last_key=key)) for key, event in keyed[:-1]]
    return midst + [event._replace(cursor=_at(cursor, end)) for _, event in keyed[-1:]]


def _exchanges(tx: Tx, cursor: Cursor, limit: int) -> list[WorkspaceEvent]:
    entries = tx.all(EXCHANGES, after=cursor.journal, limit=limit)
    return [WorkspaceEvent(EXCHANGE, cursor._replace(journal=entry.position), exchange=entry) for entry in entries]


Keyed = tuple[Key, WorkspaceEvent]


class _Span:
    """What lies between two bounds of what was told, loaded in a fixed number of statements.

    `is_last`: there is no fact behind its end.
    """

    def __init__(
        self, tx: Tx, start: Bound, end: Bound, facts: Sequence[ChangeRow], steps: Sequence[_Step], *, is_last: bool
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
        self._listed = _listed(tx, callbacks)

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
        for listed in self._listed:
            place = self._callback_place(listed)
            if place is not None:
                yield self._callback_event(listed, *place, cursor)

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

    def _callback_place(self, listed: ListedCallback) -> tuple[int, int] | None:
        """Return the time and the fact that an event about a callback is sorted by; None if it is not told.

        One that is lost is told when it falls due, whenever that was decided.
        """
        callback = listed.callback
        called = self._called.get(callback.id)
        if callback.state != GIVEN_UP or listed.attempts:
            return (called.at, called.position) if called is not None and callback.due_at <= called.at else None
        was_due, is_due = (each.has_come(callback.due_at, callback.message_id) for each in (self._start, self._end))
        return (callback.due_at, 0) if is_due and (called is not None or not was_due) else None

    def _callback_event(self, listed: ListedCallback, at: int, position: int, cursor: Cursor) -> Keyed:
        n = listed.callback.message_id
        entries = self._entries[n]
        so_far = entries_by(entries, at)
        event = WorkspaceEvent(CALLBACK, cursor, self._messages[n], entries, so_far, listed)
        return (self._turns_before(at, position), at, n, so_far, listed.callback.id), event


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


def _listed(tx: Tx, callbacks: Sequence[CallbackRow]) -> list[ListedCallback]:
    """Return callbacks with their receivers and attempts, in two statements."""
    if not callbacks:
        return []
    urls = {each.message_id: each.url for each in tx.all(URLS, messages=[each.message_id for each in callbacks])}
    attempts: dict[int, list[AttemptRow]] = {callback.id: [] for callback in callbacks}
    for attempt in tx.all(ATTEMPTS_OF, callbacks=[*attempts]):
        attempts[attempt.callback_id].append(attempt)
    return [ListedCallback(each, urls[each.message_id], attempts[each.id]) for each in callbacks]
