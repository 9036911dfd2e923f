"""Sends one callback: what it says, where it goes (the network, or a sink of this server's), and what came of it.

What came of an attempt is written before the next one of its message.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import NamedTuple, TypeVar
from urllib.parse import urlencode, urlsplit

from sandbox.clock import SECOND
from sandbox.server.callback_scheduler import QueuedCallback
from sandbox.server.http_client import HttpClient, Unreached
from sandbox.server.journal.secrets import redacted_header
from sandbox.server.origins import OwnNames
from sandbox.server.targets import Forbidden
from sandbox.store import Store, StoreUnavailable, Tx
from sandbox.store.tables import CallbackRow, MessageRow, SinkRow
from sandbox.vendors.base.callbacks import SENDER, status_changes
from sandbox.vendors.base.traces import trace_headers
from sandbox.vendors.base.vendor import Vendor
from sandbox.world import sinks
from sandbox.world.callbacks.attempts import AttemptOutcome, note_attempt
from sandbox.world.callbacks.states import SENDING
from sandbox.world.errors import UnknownWorkspace
from sandbox.world.workspaces import find

SINKS = "/_sandbox/sinks/"
HEADERS = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": SENDER}
STORE_RETRY_S = 1.0
"""After which a store that did not answer is asked again."""

T = TypeVar("T")
logger = logging.getLogger(__name__)


class MadeCallback(NamedTuple):
    """What is sent, and when on its workspace's clock; or why it could not be made."""

    at: int
    body: bytes
    headers: Mapping[str, str]
    mistake: str | None = None


class CallbackSender:
    """Makes attempts. `names`: the server's own; `owner` names this process's claims; `rate` is attempts a second."""

    def __init__(
        self, store: Store, client: HttpClient, vendors: Mapping[str, Vendor], names: OwnNames, *, owner: str, rate: int
    ) -> None:
        self.owner = owner
        self.rate = rate
        self._store = store
        self._client = client
        self._vendors = vendors
        self._names = names

    @property
    def timeout_s(self) -> float:
        """What an attempt takes at most."""
        return self._client.timeout_s

    async def attempt(self, callback: QueuedCallback) -> None:
        """Send a callback and write what came of it; nothing if it or its workspace is gone."""
        with suppress(UnknownWorkspace):
            made = await patiently(lambda: self._store.read(lambda tx: self._made(tx, callback)))
            if made is not None:
                outcome = await self._outcome(callback.url, made)
                await patiently(lambda: self._store.write(lambda tx: self._note(tx, callback, made.at, outcome)))

    def _made(self, tx: Tx, callback: QueuedCallback) -> MadeCallback | None:
        """Return what is to be sent; None when that is not this process's, or gone."""
        workspace = tx.enter(find.by_id(tx, callback.workspace_id))
        row = tx.get(CallbackRow, callback.id) if workspace.epoch == callback.epoch else None
        if row is None or (row.state, row.claimed_by) != (SENDING, self.owner):
            return None
        message = tx.get(MessageRow, row.message_id)
        assert message is not None, "a callback goes when its message goes"
        make = self._vendors[message.vendor].status_callback
        assert make is not None, "only such a vendor takes a callback's URL"
        try:
            (change,) = status_changes(tx, [(message, row)])
            return MadeCallback(tx.now, urlencode(make(change)).encode(), HEADERS | trace_headers(tx, message))
        except StoreUnavailable:
            raise
        except Exception as error:  # a vendor may be anybody's
            logger.exception("A callback could not be made.")
            return MadeCallback(tx.now, b"", {}, f"it could not be made: {type(error).__name__}: {error}")

    def _note(self, tx: Tx, callback: QueuedCallback, at: int, outcome: AttemptOutcome) -> None:
        if tx.enter(find.by_id(tx, callback.workspace_id)).epoch == callback.epoch:
            note_attempt(tx, self.owner, callback.id, at, outcome)

    async def _outcome(self, url: str, made: MadeCallback) -> AttemptOutcome:
        """Send it, and return what came of that."""
        if made.mistake is not None:
            return AttemptOutcome(None, made.mistake, 0, is_final=True)
        clock = asyncio.get_running_loop().time
        began = clock()
        status, error, is_final = None, None, False
        try:
            status = await self._into_sink(url, made)
            if status is None:
                status = await self._client.post(url, made.body, made.headers)
        except Forbidden as forbidden:
            error, is_final = str(forbidden), True
        except Unreached as unreached:
            error = str(unreached)
        return AttemptOutcome(status, error, round((clock() - began) * SECOND), is_final)

    async def _into_sink(self, url: str, made: MadeCallback) -> int | None:
        """Hand it to a sink of this server's without a socket, which not every server has; None for other URLs.

        A sink's token under a name of somebody else's is theirs.
        """
        parts = urlsplit(url)
        _, is_sink, token = parts.path.rpartition(SINKS)  # behind the prefix of a public URL
        if not is_sink or not self._names.are_in(url):
            return None
        keep = keeping(token, "POST", parts.query, list(made.headers.items()), made.body.decode())
        sink = await patiently(lambda: self._store.write(keep))
        if sink is None:
            return None
        try:
            async with asyncio.timeout(self.timeout_s):
                return await answer_of(sink)
        except TimeoutError:
            raise Unreached(f"no answer within {self.timeout_s:g} s") from None


def keeping(
    token: str, method: str, query: str, headers: list[tuple[str, str]], body: str
) -> Callable[[Tx], SinkRow | None]:
    """Return the work that writes what a sink got, and returns the sink; None when there is none of that token.

    What a URL makes of its user and password is no more shown there than the URL is.
    """
    headers = [(name, _without_secrets(name, value)) for name, value in headers]

    def work(tx: Tx) -> SinkRow | None:
        sink = sinks.by_token(tx, token)
        if sink is not None:
            try:
                sinks.receive(tx, sink, method=method, query=query, headers=headers, body=body)
            except UnknownWorkspace:  # its time is over, though its rows are still there
                return None
        return sink

    return work


def _without_secrets(name: str, value: str) -> str:
    return redacted_header(name.encode("latin-1"), value.encode("latin-1"), ()).decode("latin-1")


async def answer_of(sink: SinkRow) -> int:
    """Return the status that a sink answers, after its delay."""
    if sink.delay:
        await asyncio.sleep(sink.delay / SECOND)
    return sink.status


async def patiently(do: Callable[[], Awaitable[T]]) -> T:
    """Return what it returns, once the store answers."""
    while True:
        try:
            return await do()
        except StoreUnavailable:
            logger.exception("The store did not answer; it is asked again.")
            await asyncio.sleep(STORE_RETRY_S)
