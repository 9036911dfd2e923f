"""The journal: takes each vendor exchange, and writes them down behind the answers, many at once.

What an exchange costs while its caller waits is one item in a list. When all who asked at the same moment are answered
the entries are made: one at a time they would take longer, and later what the exchanges hold would have grown cold.
The entries go into the journal's file a moment after that. Whoever reads the journal calls `write` first, and so sees
every exchange that was answered.
"""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable
from time import perf_counter
from typing import Any

from starlette.responses import Response, StreamingResponse

from sandbox.dependencies import Exchange
from sandbox.server.journal.rows import KEPT, Answer, Owners, RawHeaders, entry_of
from sandbox.settings import Settings
from sandbox.world import World, journal
from sandbox.world.clock import DAY, MINUTE

OWN_HEADER = b"x-sandbox-exchange"
"""Names an exchange's entry in its answer; it is not written down with it."""
WRITE_AFTER_S = 0.15
"""How long an exchange may wait to be written down."""
AT_ONCE = 64
"""Exchanges that are written in one go; a longer one would hold the others up."""
MOST_BYTES = 1024 * 1024
MOST_WAITING = 5_000
"""What may wait, for a store that does not answer."""
RETRY_S = 1.0
LOOK_FOR_OLD_EVERY = MINUTE
REQUEST_BODY, RESPONSE_BODY = map(journal.COLUMNS.index, ("request_body", "response_body"))

Listener = Callable[[int, journal.EntryValues], None]


class Journal:
    """`listeners` are called with the workspace's number (0 for none) and the values of each entry that was written."""

    def __init__(self, world: World, settings: Settings) -> None:
        self.listeners: list[Listener] = []
        self._world = world
        self._is_on = settings.journal
        self._limit = settings.journal_limit
        self._longest = settings.journal_days * DAY
        self._answers: list[Answer] = []
        self._waiting: list[journal.EntryValues] = []
        self._bytes = 0
        self._timer: asyncio.Handle | None = None
        self._forgotten: dict[int, float] = {}
        self._looked_for_old = 0
        self._owners = Owners(world)
        world.journal = self

    def note(self, exchange: Exchange, response: Response) -> "Streaming | None":
        """An answer is about to be sent, or to be spoiled or withheld: it is an exchange all the same.

        Of an answer in pieces what is kept of it is only known in the end: then whoever sends it calls `end` of what
        this gives back, whether it went well or not.
        """
        if not self._is_on:
            return None
        headers = tuple(response.raw_headers)
        if isinstance(response, StreamingResponse):
            return Streaming(self, exchange, headers, response)
        body = bytes(response.body)
        self.add(exchange, response.status_code, headers, body[:KEPT], len(body))
        return None

    def add(self, exchange: Exchange, status: int, headers: RawHeaders, body: bytes, size: int | None) -> None:
        """`size` is that of the whole body, of which `body` may be the beginning."""
        ms = round((perf_counter() - exchange.began) * 1000)
        answer = Answer(exchange, status, headers, body, size, self._world.wall(), ms)
        if exchange.began < self._forgotten.get(answer.workspace_id, 0):
            return
        self._answers.append(answer)
        if len(self._answers) == 1:
            asyncio.get_running_loop().call_soon(self._take_up)

    def _take_up(self) -> None:
        """What was answered since the last time will be written soon, or at once if it is much."""
        was_much = self._is_much
        try:
            self._make_entries()
        except sqlite3.Error:
            self._try_later()
            return
        if self._is_much and not was_much:  # else it is about to be written, or the store does not answer
            self._hasten()
        elif self._timer is None and self._waiting:
            self._timer = asyncio.get_running_loop().call_later(WRITE_AFTER_S, self._write_some)

    @property
    def _is_much(self) -> bool:
        return len(self._waiting) >= AT_ONCE or self._bytes >= MOST_BYTES

    def _make_entries(self) -> None:
        answers, self._answers = self._answers, []
        for made, answer in enumerate(answers):
            try:
                entry = entry_of(answer, self._owners.of(answer))
            except sqlite3.Error:
                self._answers = answers[made:]
                raise
            except Exception:
                # A defect of ours: the others shall not be lost with it.
                logging.getLogger(__name__).exception("An exchange could not be written down.")
                continue
            self._waiting.append(entry)
            self._bytes += _bytes_of(entry)

    def _hasten(self) -> None:
        self._stop()
        self._timer = asyncio.get_running_loop().call_soon(self._write_some)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _write_some(self) -> None:
        """A batch; the next one after whoever else waits for their turn."""
        try:
            self._make_entries()
            self._write_batch()
        except sqlite3.Error:
            self._try_later()
            return
        if self._waiting:
            self._hasten()

    def _try_later(self) -> None:
        logging.getLogger(__name__).exception("The store did not answer; the journal is written later.")
        for waiting in (self._answers, self._waiting):
            del waiting[:-MOST_WAITING]
        self._stop()
        self._timer = asyncio.get_running_loop().call_later(RETRY_S, self._write_some)

    def write(self) -> None:
        """Puts everything that was answered into the journal's file."""
        self._make_entries()
        while self._waiting:
            self._write_batch()

    def _write_batch(self) -> None:
        batch = self._waiting[:AT_ONCE]
        with self._world.store.exchanges.writing():
            written = journal.put(self._world, batch)
            self._drop_what_is_too_much(written)
        self._stop()  # not before: if the store does not answer whoever set a timer tries again
        del self._waiting[: len(batch)]
        self._bytes = sum(map(_bytes_of, self._waiting))
        for entry in written:
            for listener in self.listeners:
                listener(entry[0], entry)

    def _drop_what_is_too_much(self, entries: list[journal.EntryValues]) -> None:
        newest = {workspace_id: number for workspace_id, number, *_ in entries}
        for workspace_id, number in newest.items():
            journal.drop_over(self._world, workspace_id, number, self._limit)
        wall = self._world.wall()
        if abs(wall - self._looked_for_old) >= LOOK_FOR_OLD_EVERY:
            self._looked_for_old = wall
            journal.drop_old(self._world, wall - self._longest)

    def forget(self, workspace_id: int) -> None:
        """What was asked there before this moment shall not be written down: the workspace was reset, or is gone."""
        self._forgotten[workspace_id] = perf_counter()
        self._answers = [answer for answer in self._answers if answer.workspace_id != workspace_id]
        self._waiting = [entry for entry in self._waiting if entry[0] != workspace_id]

    def close(self) -> None:
        """Writes what is waiting."""
        self._stop()
        self.write()


def _bytes_of(entry: journal.EntryValues) -> int:
    return len(entry[REQUEST_BODY]) + len(entry[RESPONSE_BODY])


class Streaming:
    """An answer in pieces, of which the first are kept as they go by."""

    def __init__(self, owner: Journal, exchange: Exchange, headers: RawHeaders, response: StreamingResponse) -> None:
        self._owner = owner
        self._exchange = exchange
        self._status = response.status_code
        self._headers = headers
        self._kept = bytearray()
        self._size = 0
        self._pieces = response.body_iterator
        self._is_whole = False
        self._is_noted = False
        response.body_iterator = self._listen()

    async def _listen(self) -> AsyncIterator[Any]:
        async for piece in self._pieces:
            raw = piece.encode() if isinstance(piece, str) else bytes(piece)
            self._size += len(raw)
            self._kept += raw[: KEPT - len(self._kept)]
            yield raw
        self._is_whole = True
        self.end()

    def end(self) -> None:
        """Nothing more is sent."""
        if self._is_noted:
            return
        self._is_noted = True
        size = self._size if self._is_whole else None
        self._owner.add(self._exchange, self._status, self._headers, bytes(self._kept), size)
