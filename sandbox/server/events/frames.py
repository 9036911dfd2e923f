"""How are events written as server-sent events, and which of them are about messages that pass a reader's filters?"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from pydantic_core import to_json

from sandbox.server.answers.callbacks import callbacks_of
from sandbox.server.answers.messages import MessageBuilder
from sandbox.server.answers.workspaces import clock_reading
from sandbox.server.journal import Journal
from sandbox.server.journal.wire import numbers_of
from sandbox.store import Tx
from sandbox.store.tables import JournalEntryRow
from sandbox.vendors.base.vendor import Vendor
from sandbox.world.events.cursors import Cursor
from sandbox.world.events.kinds import CALLBACK, EXCHANGE, GAP, WorkspaceEvent
from sandbox.world.events.news import begin, news
from sandbox.world.messages.search import MOST_TEXT, MessageFilters, passing

PAGE_SIZE = 100
"""Facts, planned steps, and exchanges that are read together."""
SMALL_PAGE_SIZE = 8
"""The same where their texts are long, since a reader who takes nothing holds a page."""
MOST_MESSAGES = 100
"""Of an exchange that are looked at for filters."""
LEFT_OUT = {"request", "response"}
"""Of an exchange: they are in the journal."""


class EventFilters(NamedTuple):
    """Which messages a reader wants to hear of: those that pass, numbered over `after`. All else concerns everybody."""

    messages: MessageFilters
    after: int = 0


EVERYTHING = EventFilters(MessageFilters())


class Page(NamedTuple):
    """Events as they are sent, and the cursor of one who got them; `is_all`: there were no more at that moment."""

    frames: list[bytes]
    cursor: Cursor
    is_all: bool


class EventWriter:
    """Writes what happened in a workspace; of that moment, what an answer of the control API shows of it."""

    def __init__(self, vendors: Sequence[Vendor], journal: Journal) -> None:
        self._vendors = vendors
        self._journal = journal

    def first_page(self, tx: Tx, last_event_id: str | None) -> Page:
        """Return the gap of one whose last event is not known, or nothing yet; see `events.begin`."""
        begun = begin(tx, last_event_id)
        return Page(self._frames(tx, begun.events), begun.cursor, begun.is_all)

    def page(self, tx: Tx, cursor: Cursor, filters: EventFilters) -> Page | None:
        """Return what happened since; None if nothing did."""
        found = news(tx, cursor, PAGE_SIZE)
        if sum(len(each.message.text) for each in found.events if each.message is not None) > MOST_TEXT:
            found = news(tx, cursor, SMALL_PAGE_SIZE)
        has_moved = (found.cursor.start.position, found.cursor.journal) != (cursor.start.position, cursor.journal)
        if found.is_all and not found.events and not has_moved:
            return None
        wanted = found.events if filters == EVERYTHING else chosen(tx, found.events, filters)
        return Page(self._frames(tx, wanted), found.cursor, found.is_all)

    def _frames(self, tx: Tx, events: Sequence[WorkspaceEvent]) -> list[bytes]:
        about = {each.message.id: each.message for each in events if each.message is not None}
        messages = MessageBuilder(tx, [*about.values()]) if about else None
        listed = [each.callback for each in events if each.callback is not None]
        callbacks = iter(callbacks_of(tx, listed, self._vendors)) if listed else iter(())
        frames = []
        for event in events:
            if event.exchange is not None:
                data = self._journal.show(event.exchange).model_dump_json(by_alias=True, exclude=LEFT_OUT).encode()
            elif event.kind == GAP:
                data = to_json({"missed": event.missed, "detail": event.detail})
            elif event.callback is not None:
                data = next(callbacks).model_dump_json(by_alias=True).encode()
            elif event.message is not None and messages is not None:
                shown = messages.message_at_step(event.message, event.so_far - 1)
                data = shown.model_dump_json(by_alias=True).encode()
            else:
                data = clock_reading(tx).model_dump_json(by_alias=True).encode()
            event_id = event.cursor.written(tx.workspace.key)
            frames.append(b"id: %s\nevent: %s\ndata: %s\n\n" % (event_id.encode(), event.kind.encode(), data))
        return frames


def chosen(tx: Tx, events: Sequence[WorkspaceEvent], filters: EventFilters) -> list[WorkspaceEvent]:
    """Return the events that pass, in two statements.

    A filter for the status takes that which the event tells; of an exchange, that which one of its messages has.
    """
    apart_from_status = replace(filters.messages, status=None)
    passed = passing(tx, apart_from_status, filters.after, {each.message.id for each in events if each.message})
    exchanged = passing(tx, filters.messages, filters.after, {n for each in events for n in _exchanged(each)})

    def is_chosen(event: WorkspaceEvent) -> bool:
        if event.kind == EXCHANGE:
            return not exchanged.isdisjoint(_exchanged(event))
        if event.message is None:
            return True
        return event.message.id in passed and filters.messages.status in (None, _status(event))

    return [event for event in events if is_chosen(event)]


def _status(event: WorkspaceEvent) -> str:
    if event.kind == CALLBACK and event.callback is not None:
        return event.callback.callback.status
    return event.entries[event.so_far - 1].status


def _exchanged(event: WorkspaceEvent) -> Iterator[int]:
    """Yield the numbers of the messages that an exchange made or showed."""
    entry: JournalEntryRow | None = event.exchange
    if entry is not None:
        yield from numbers_of(entry.messages)[:MOST_MESSAGES]
