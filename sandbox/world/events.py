"""What is new in a workspace since a cursor?

Nothing is kept for anybody: facts are rows of `change` behind the cursor's position, what was planned is found by its
time, and exchanges are rows of the journal. Who asks again with the cursor of what was told is told the rest, be it
another process by then.

The entries of a message's timeline are told by two things. Those up to its acceptance, and those that staff or a test
stated, by the fact that says so; those that a plan brings about, by the clock that reaches them. `_Span.tells` says
which are told between two cursors, so that each is told exactly once whatever the pages are.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
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
    Attempt,
    Callback,
    Change,
    JournalEntry,
    Message,
)
from sandbox.world.callbacks.queue import ATTEMPTS_OF, URLS, ListedCallback
from sandbox.world.callbacks.states import GIVEN_UP
from sandbox.world.messages.accept import OUTBOUND
from sandbox.world.messages.search import MessageFilters, conditions
from sandbox.world.messages.timeline import entries_of
from sandbox.world.statuses import Entry

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

Key = tuple[int, int, int, int]
"""Events of a page are told by time, then by message, entry of its timeline, and callback; turns of the clock first."""
FIRST_KEY: Key = (0, 0, 0, 0)


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

    `end` and `told`: in the midst of a page, where that ends and the last event of it that was told.
    """

    epoch: int
    start: Bound
    journal: int
    end: Bound | None = None
    told: Key = FIRST_KEY

    def written(self, workspace_key: str) -> str:
        """Return an event's id: nothing for a client to understand, and nothing that another workspace takes."""
        numbers = [self.epoch, *self.start, self.journal]
        if self.end is not None:
            numbers += [*self.end, *self.told]
        return "-".join((workspace_key, *map(str, numbers)))


class WorkspaceEvent(NamedTuple):
    """Something that happened; `cursor` is that of one who was told it.

    `message`, `entries` and `so_far`: the message that it is about, its timeline, and how many entries of that had come
    about with it. `missed`: of a gap, how many changes are not known any more; null when that is not known either.
    """

    kind: str
    cursor: Cursor
    message: Message | None = None
    entries: Sequence[Entry] = ()
    so_far: int = 0
    callback: ListedCallback | None = None
    exchange: JournalEntry | None = None
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
    message_id: int
    step: int


POSITIONS = Query(
    _Positions,
    select(WORKSPACES.c.change_position, WORKSPACES.c.journal_position).where(WORKSPACES.c.id == bindparam("ws")),
)
_of_workspace = CHANGES.c.workspace_id == bindparam("ws")
FACTS = Query(
    Change,
    select(CHANGES)
    .where(_of_workspace, CHANGES.c.position > bindparam("after"), CHANGES.c.position <= bindparam("last"))
    .order_by(CHANGES.c.position)
    .limit(bindparam("limit")),
)
LAST_RESET = Query(
    Change,
    select(CHANGES).where(_of_workspace, CHANGES.c.kind == RESET).order_by(CHANGES.c.position.desc()).limit(1),
)
LATER = Query(
    _Later,
    select(CHANGES.c.message_id, func.min(CHANGES.c.step))
    .where(
        _of_workspace,
        CHANGES.c.position > bindparam("after"),
        CHANGES.c.kind == STATUS,
        CHANGES.c.message_id.in_(bindparam("messages", expanding=True)),
    )
    .group_by(CHANGES.c.message_id),
)
MESSAGES_OF = Query(
    Message,
    select(MESSAGES).where(
        MESSAGES.c.workspace_id == bindparam("ws"), MESSAGES.c.id.in_(bindparam("messages", expanding=True))
    ),
)
# Of those whose plan lay ahead when they were accepted, and in the words of their index.
_is_planned = (MESSAGES.c.workspace_id == bindparam("ws"), MESSAGES.c.settled_at > MESSAGES.c.accepted_at)
_is_stated = (STEPS.c.workspace_id == bindparam("ws"), STEPS.c.position > 0)
_was_tried = exists().where(ATTEMPTS.c.workspace_id == CALLBACKS.c.workspace_id, ATTEMPTS.c.callback_id == CALLBACKS.c.id)
# Given up without an attempt: nobody tells of it when it falls due.
_is_lost = (CALLBACKS.c.workspace_id == bindparam("ws"), CALLBACKS.c.state == GIVEN_UP, ~_was_tried)


def _steps(at: ColumnElement[int], message_id: ColumnElement[int], *where: ColumnElement[bool]) -> Select[tuple[int, int]]:
    """Return the first ones of one kind; each kind has an index of its own."""
    found = (
        select(at.label("at"), message_id.label("message_id"))
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
_ahead = union_all(
    *(
        select(func.min(at).label("at")).where(*where, at > bindparam("now"))
        for at, where in (
            (MESSAGES.c.sent_at, _is_planned),
            (MESSAGES.c.settled_at, _is_planned),
            (CALLBACKS.c.due_at, _is_lost),
        )
    )
).subquery()
NEXT_STEP = Query(int, select(func.min(_ahead.c["at"])))
CALLBACKS_TOLD = Query(
    Callback,
    select(CALLBACKS).where(
        CALLBACKS.c.workspace_id == bindparam("ws"), CALLBACKS.c.id.in_(bindparam("callbacks", expanding=True))
    ),
)
LOST = Query(
    Callback,
    select(CALLBACKS).where(
        *_is_lost, CALLBACKS.c.due_at >= bindparam("since"), CALLBACKS.c.due_at <= bindparam("until")
    ),
)
# Without what can be long, which the journal has.
_LEFT_OUT = {"request_headers": "[]", "response_headers": "[]", "request_body": b"", "response_body": b""}
EXCHANGES = Query(
    JournalEntry,
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
        case [epoch, position, clock, tie, journal, last, end, end_tie, at, message, entry, callback]:
            start, told = Bound(position, clock, tie), (at, message, entry, callback)
            return Cursor(epoch, start, journal, Bound(last, end, end_tie), told)
    return None


def _is_number(part: str) -> bool:
    return part.isascii() and part.isdigit() and len(part) <= MOST_DIGITS


def _positions(tx: Tx) -> _Positions:
    return tx.one(POSITIONS) or _Positions(0, 0)


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
    """Return a page of what happened since: about so many facts, planned steps and exchanges at most."""
    last = _positions(tx)
    if cursor.epoch < tx.workspace.epoch:
        return _after_reset(tx, last)
    if not _is_known(tx, cursor, last):
        return unknown(tx)
    if cursor.end is not None:
        facts = tx.all(FACTS, after=cursor.start.position, last=cursor.end.position, limit=NEVER)
        return News(_page(tx, cursor, cursor.end, facts, last), _at(cursor, cursor.end), is_all=False)
    facts = tx.all(FACTS, after=cursor.start.position, last=last.change, limit=limit + 1)
    gap = _gap(cursor, facts, last)
    cursor = gap[0].cursor if gap else cursor
    end, is_all = _end_of_page(tx, cursor.start, facts, last, limit)
    told = [*gap, *_page(tx, cursor, end, facts[:limit], last)]
    cursor = _at(cursor, end)
    if is_all:
        exchanges = _exchanges(tx, cursor, limit)
        told += exchanges
        cursor = told[-1].cursor if exchanges else cursor
        is_all = len(exchanges) < limit
    return News(told, cursor, is_all)


def unknown(tx: Tx) -> News:
    """Return the gap of one whose cursor is none: what happens from now on is told."""
    cursor = cursor_now(tx)
    return News([WorkspaceEvent(GAP, cursor, detail=NOT_KNOWN)], cursor, is_all=True)


def _is_known(tx: Tx, cursor: Cursor, last: _Positions) -> bool:
    """Return whether a cursor is not ahead of what there is, as one is of a database that is gone."""
    end = cursor.end or cursor.start
    is_behind = cursor.start.position <= end.position <= last.change and cursor.journal <= last.journal
    return cursor.epoch == tx.workspace.epoch and is_behind


def _after_reset(tx: Tx, last: _Positions) -> News:
    """Return the reset, and the cursor of one who knows the workspace as it was then."""
    epoch, reset = tx.workspace.epoch, tx.one(LAST_RESET)
    if reset is not None:
        cursor = Cursor(epoch, Bound(reset.position, reset.at, 0), 0)
        return News([WorkspaceEvent(RESET, cursor)], cursor, is_all=False)
    cursor = Cursor(epoch, Bound(last.change, tx.now, 0), 0)
    return News([WorkspaceEvent(RESET, cursor), WorkspaceEvent(GAP, cursor, detail=NOT_KNOWN)], cursor, is_all=False)


def _gap(cursor: Cursor, facts: Sequence[Change], last: _Positions) -> list[WorkspaceEvent]:
    """Return what says that changes were pruned which the cursor's owner was not told: their positions are missing."""
    oldest = facts[0].position if facts else last.change + 1
    missed = oldest - 1 - cursor.start.position
    if not missed:
        return []
    after = cursor._replace(start=cursor.start._replace(position=oldest - 1))
    return [WorkspaceEvent(GAP, after, missed=missed, detail=PRUNED)]


def _end_of_page(
    tx: Tx, start: Bound, facts: Sequence[Change], last: _Positions, limit: int
) -> tuple[Bound, bool]:
    """Return up to where a page goes, and whether that is all there is.

    While there are more facts than fit, the clock stands still for the reader.
    """
    if len(facts) > limit:
        return start._replace(position=facts[limit - 1].position), False
    now = max(tx.now, start.clock)
    steps = _steps_between(tx, start, now, limit + 1)
    if len(steps) > limit:
        at, message_id = steps[limit - 1]
        return Bound(last.change, at, message_id), False
    return Bound(last.change, now, 0), True


def _steps_between(tx: Tx, start: Bound, until: int, limit: int) -> list[_Step]:
    return tx.all(STEPS_DUE, since=start.clock, tie=start.tie or NEVER, until=until, limit=limit)


def _at(cursor: Cursor, end: Bound) -> Cursor:
    return Cursor(cursor.epoch, end, cursor.journal)


def _page(tx: Tx, cursor: Cursor, end: Bound, facts: Sequence[Change], last: _Positions) -> list[WorkspaceEvent]:
    """Return what is told between the cursor and that end, behind the cursor's own last event."""
    span = _Span(tx, cursor.start, end, facts, is_last=end.position == last.change)
    keyed = sorted(((key, event) for key, event in span.events(cursor) if key > cursor.told), key=lambda each: each[0])
    midst = [event._replace(cursor=cursor._replace(end=end, told=key)) for key, event in keyed[:-1]]
    return midst + [event._replace(cursor=_at(cursor, end)) for _, event in keyed[-1:]]


def _exchanges(tx: Tx, cursor: Cursor, limit: int) -> list[WorkspaceEvent]:
    entries = tx.all(EXCHANGES, after=cursor.journal, limit=limit)
    return [WorkspaceEvent(EXCHANGE, cursor._replace(journal=entry.position), exchange=entry) for entry in entries]


Keyed = Iterator[tuple[Key, WorkspaceEvent]]


class _Span:
    """What lies between two bounds of what was told. All that it needs is loaded at once.

    `is_last`: there is no fact behind its end.
    """

    def __init__(self, tx: Tx, start: Bound, end: Bound, facts: Sequence[Change], *, is_last: bool) -> None:
        self._tx = tx
        self._start = start
        self._end = end
        self._facts = facts
        self._new = {fact.message_id for fact in facts if fact.kind in (MESSAGE, INBOUND)}
        self._stated = _first_steps(facts)
        steps = [] if end[1:] == start[1:] else _steps_between(tx, start, end.clock, NEVER)
        due = {step.message_id for step in steps if end.has_come(*step)}
        callbacks = self._callbacks() if due or any(fact.kind == CALLBACK for fact in facts) else []
        ids = {n for n in (*self._new, *self._stated, *due) if n is not None}
        wanted = sorted(ids | {callback.message_id for callback in callbacks})
        self._messages = {row.id: row for row in tx.all(MESSAGES_OF, messages=wanted)} if wanted else {}
        self._entries = entries_of(tx, [*self._messages.values()]) if self._messages else {}
        self._later: Mapping[int, int] = {} if is_last or not ids else dict(tx.all(LATER, after=end.position, messages=sorted(ids)))
        self._callbacks_told = _listed(tx, [each for each in callbacks if each.message_id in self._messages])
        self._ids = ids & self._messages.keys()

    def events(self, cursor: Cursor) -> Keyed:
        """Yield all that is told, with what it is told by."""
        for fact in self._facts:
            if fact.kind == CLOCK:
                yield (0, fact.position, 0, 0), WorkspaceEvent(CLOCK, cursor)
        for n in self._ids:
            yield from self._entries_told(self._messages[n], cursor)
        for callback in self._callbacks_told:
            yield self._callback_told(callback, cursor)

    def _entries_told(self, message: Message, cursor: Cursor) -> Keyed:
        entries = self._entries[message.id]
        for position, entry in enumerate(entries):
            if self.tells(message, position, entry.at):
                kind = STATUS if position else MESSAGE if message.direction == OUTBOUND else INBOUND
                key = (entry.at, message.id, position + 1, 0)
                yield key, WorkspaceEvent(kind, cursor, message, entries, position + 1)

    def tells(self, message: Message, position: int, at: int) -> bool:
        """Return whether this entry was not told at the start, and is at the end."""
        if position >= self._later.get(message.id, NEVER):
            return False
        is_with_acceptance = at <= message.accepted_at
        if not (is_with_acceptance or self._end.has_come(at, message.id)):
            return False
        if message.id in self._new or position >= self._stated.get(message.id, NEVER):
            return True
        return not (is_with_acceptance or self._start.has_come(at, message.id))

    def _callbacks(self) -> list[Callback]:
        """Return those that facts name, and those that fell due meanwhile and are never sent."""
        named = [fact.callback_id for fact in self._facts if fact.kind == CALLBACK]
        found = self._tx.all(CALLBACKS_TOLD, callbacks=named) if named else []
        lost = self._tx.all(LOST, since=self._start.clock, until=self._end.clock)
        return [*{callback.id: callback for callback in (*found, *lost)}.values()]

    def _callback_told(self, listed: ListedCallback, cursor: Cursor) -> tuple[Key, WorkspaceEvent]:
        raise NotImplementedError


def _first_steps(facts: Sequence[Change]) -> dict[int, int]:
    """Return by message the first entry of its timeline that one of the facts states."""
    first: dict[int, int] = {}
    for fact in facts:
        if fact.kind == STATUS and fact.message_id is not None and fact.step is not None:
            first[fact.message_id] = min(fact.step, first.get(fact.message_id, fact.step))
    return first


def _listed(tx: Tx, callbacks: Sequence[Callback]) -> list[ListedCallback]:
    """Return callbacks with their receivers and attempts, in two statements."""
    if not callbacks:
        return []
    urls = {each.message_id: each.url for each in tx.all(URLS, messages=[each.message_id for each in callbacks])}
    attempts: dict[int, list[Attempt]] = {callback.id: [] for callback in callbacks}
    for attempt in tx.all(ATTEMPTS_OF, callbacks=[*attempts]):
        attempts[attempt.callback_id].append(attempt)
    return [ListedCallback(each, urls[each.message_id], attempts[each.id]) for each in callbacks]
