"""Takes each vendor exchange, and has them written down behind the answers, many at once.

What an exchange costs while its caller waits is one item in a list. Where other servers may be asked for it, its caller
waits until it is written: then the end of the answer comes behind the journal, and what waits together is written
together.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate
from time import perf_counter

from starlette.responses import Response, StreamingResponse

from dialog_sandbox.models.journal import Exchange
from sandbox.clock import DAY, MINUTE
from sandbox.server.journal import wire
from sandbox.server.journal.batch import write_batch
from sandbox.server.journal.control_calls import ControlCall
from sandbox.server.journal.entry import KEPT, AnsweredExchange
from sandbox.server.journal.masks import masked_entry
from sandbox.server.journal.queries import drop_old
from sandbox.server.journal.stream import RecordedStream
from sandbox.server.rules import explanations
from sandbox.settings import Settings
from sandbox.store import Conflict, Store, Tx
from sandbox.store.errors import StoreError
from sandbox.store.tables import JournalEntryRow
from sandbox.vendors.base.exchange import VendorExchange
from sandbox.vendors.base.vendor import Vendor

OWN_HEADER = wire.OWN_HEADER.encode()
"""Names an exchange's entry in its answer. It is set after the exchange was noted, and not written down with it."""
WRITE_AFTER_S = 0.15
"""How long an exchange may wait to be written down."""
BATCH_SIZE = 64
MOST_BATCH_BYTES = 256 * 1024
"""Exchanges, and bytes of theirs that are looked through, in one transaction; a longer one would hold the others up."""
MOST_WAITING = 5_000
MOST_WAITING_BYTES = 64 * 1024 * 1024
"""What may wait, for a store that does not answer."""
RETRY_S = 1.0
LOOK_FOR_OLD_EVERY = MINUTE

Listener = Callable[[JournalEntryRow, int], None]


class Journal:
    """The vendor exchanges of all workspaces.

    `listeners` are called with each entry that was written, after the commit, and the number of its workspace (0 for
    none).
    """

    def __init__(self, store: Store, settings: Settings, vendors: Sequence[Vendor]) -> None:
        self.listeners: list[Listener] = []
        self._store = store
        self._is_on = settings.journal
        self._limit = settings.journal_limit
        self._longest = settings.journal_days * DAY
        self._explanations = explanations(vendors)
        self._waiting: list[AnsweredExchange | ControlCall] = []
        self._noted = 0
        """How many exchanges were noted."""
        self._done = 0
        """How many of them, the oldest first, were written or dropped."""
        self._timer: asyncio.Handle | None = None
        self._task: asyncio.Task[bool] | None = None
        self._looked_for_old = 0
        self._is_late = False
        """Whether it was said that the store does not take what waits."""
        self.lost = 0
        """How many exchanges could not be written before the end."""

    # What happened ---------------------------------------------------------------------------------------------------

    async def note(self, exchange: VendorExchange, response: Response) -> Response:
        """Take an answer that is about to be sent, or to be spoiled or withheld; return what is to be sent.

        Of an answer in pieces what is kept of it is only known in its end; see `RecordedStream`.
        """
        if not self._is_on:
            return response
        headers = tuple(response.raw_headers)
        if isinstance(response, StreamingResponse):
            return RecordedStream(response, KEPT, partial(self._add, exchange, response.status_code, headers))
        body = bytes(response.body)
        await self._add(exchange, response.status_code, headers, body[:KEPT], len(body))
        return response

    async def _add(
        self,
        exchange: VendorExchange,
        status: int,
        headers: tuple[tuple[bytes, bytes], ...],
        body: bytes,
        size: int | None,
    ) -> None:
        ms = round((perf_counter() - exchange.began) * 1000)
        await self._wait(AnsweredExchange(exchange, status, headers, body, size, self._store.wall(), ms))

    async def note_control_call(self, call: ControlCall) -> None:
        """Take a call of the control API that changed a workspace and was answered."""
        if self._is_on:
            await self._wait(call)

    async def _wait(self, item: AnsweredExchange | ControlCall) -> None:
        self._waiting.append(item)
        self._noted += 1
        if not self._store.is_private and not self._is_late:
            await self.flush()
        elif len(self._waiting) == BATCH_SIZE:  # beyond it, it is being written, or the store does not answer
            self._write_soon(0)
        elif self._timer is None:
            self._write_soon(WRITE_AFTER_S)

    # Writing ---------------------------------------------------------------------------------------------------------

    def _write_soon(self, seconds: float) -> None:
        self._stop()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._write)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _write(self) -> "asyncio.Task[bool]":
        """Return the task that writes a batch, which is begun if none is under way."""
        self._stop()
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._write_batch())
        return self._task

    async def _write_batch(self) -> bool:
        """Write what has waited longest; return whether the store took it."""
        batch = self._next_batch()
        try:
            written = await self._written(batch)
        except StoreError as error:
            self._try_later(error)
            return False
        except Exception:
            # A defect of ours: those behind shall not wait for ever.
            logging.getLogger(__name__).exception("Exchanges could not be written down.")
            written = []
        self._wrote(len(batch), written)
        if self._waiting:
            self._write_soon(0 if len(self._waiting) >= BATCH_SIZE else WRITE_AFTER_S)
        return True

    def _next_batch(self) -> list[AnsweredExchange | ControlCall]:
        sizes = accumulate(min(each.weight, KEPT) for each in self._waiting[:BATCH_SIZE])
        return self._waiting[: max(1, sum(size <= MOST_BATCH_BYTES for size in sizes))]

    async def _written(self, batch: list[AnsweredExchange | ControlCall]) -> list[JournalEntryRow]:
        try:
            return await self._store.write(self._work(batch))
        except Conflict:
            # One was written already, by a commit of which we were not told: it shall not keep the others back.
            return [] if len(batch) == 1 else [entry for each in batch for entry in await self._written([each])]

    def _work(self, batch: list[AnsweredExchange | ControlCall]) -> Callable[[Tx], list[JournalEntryRow]]:
        """Return what writes a batch, and drops some of what is too old if nobody looked for it in the last minute."""
        wall = self._store.wall()
        is_time = abs(wall - self._looked_for_old) >= LOOK_FOR_OLD_EVERY

        def work(tx: Tx) -> list[JournalEntryRow]:
            written = write_batch(tx, batch, self._limit)
            if is_time and not drop_old(tx, wall - self._longest):
                self._looked_for_old = wall
            return written

        return work

    def _wrote(self, count: int, written: list[JournalEntryRow]) -> None:
        self._is_late = False
        exchanges = (each for each in self._waiting[:count] if isinstance(each, AnsweredExchange))
        workspaces = {each.exchange.id: each.workspace_id for each in exchanges}
        self._drop(count)
        for entry in written:
            for listener in self.listeners:
                self._tell(listener, entry, workspaces[entry.id])

    def _tell(self, listener: Listener, entry: JournalEntryRow, workspace_id: int) -> None:
        """Call a listener; what goes wrong there is not the caller's who reads the journal."""
        try:
            listener(entry, workspace_id)
        except Exception:
            logging.getLogger(__name__).exception("A listener to the journal failed.")

    def _drop(self, count: int) -> None:
        del self._waiting[:count]
        self._done += count

    def _try_later(self, error: StoreError) -> None:
        if not self._is_late:
            logging.getLogger(__name__).warning("The store did not answer (%s): the journal is written later.", error)
        self._is_late = True
        room = MOST_WAITING_BYTES
        kept = 0
        for answered in reversed(self._waiting[-MOST_WAITING:]):
            room -= answered.weight
            if room < 0:
                break
            kept += 1
        self._drop(len(self._waiting) - kept)
        self._write_soon(RETRY_S)

    async def flush(self) -> None:
        """Write everything that was answered up to now, but for what a store that cannot be written keeps waiting."""
        last = self._noted
        while self._done < last:
            # The writing goes on when the one who asks for it is gone.
            if not await asyncio.shield(self._write()):
                return

    def close(self) -> None:
        """Write what is waiting; for a server that stops, `flush` comes before."""
        self._stop()
        while self._waiting:
            batch = self._next_batch()
            try:
                written = self._written_now(batch)
            except StoreError as error:
                self.lost += len(self._waiting)
                logging.getLogger(__name__).warning(
                    "The store did not answer (%s): not in the journal are the last exchanges, %d in number.",
                    error,
                    len(self._waiting),
                )
                self._drop(len(self._waiting))
                return
            self._wrote(len(batch), written)

    def _written_now(self, batch: list[AnsweredExchange | ControlCall]) -> list[JournalEntryRow]:
        try:
            return self._store.write_now(self._work(batch))
        except Conflict:  # as in `_written`: a thread of the store's wrote some of it after its loop had ended
            return [] if len(batch) == 1 else [entry for each in batch for entry in self._written_now([each])]

    # Reading ---------------------------------------------------------------------------------------------------------

    def show(self, entry: JournalEntryRow, *, is_masked: bool = False) -> Exchange:
        """Return an entry as the control API shows it. `is_masked`: without what looks like real data."""
        return wire.exchange_body(masked_entry(entry) if is_masked else entry, self._explanations)
