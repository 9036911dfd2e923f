"""Sends one callback: what it says, where it goes (the network, or a sink of our own), and what came of it."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

from sandbox.server.dispatch import Parcel
from sandbox.server.posting import Poster, Unreached
from sandbox.server.targets import Forbidden
from sandbox.vendors import VENDORS
from sandbox.world import World, callbacks, messages, sinks, workspaces
from sandbox.world.clock import SECOND
from sandbox.world.errors import UnknownMessage, UnknownWorkspace

SINKS = "/_sandbox/sinks/"
HEADERS = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "dialog-sandbox"}
STORE_RETRY_S = 1.0
"""After which a store that did not answer is asked again."""

T = TypeVar("T")


class Sender:
    """Makes attempts, and writes down what came of each."""

    def __init__(self, world: World, poster: Poster) -> None:
        self._world = world
        self._poster = poster

    @property
    def timeout_s(self) -> float:
        """What an attempt takes at most."""
        return self._poster.timeout_s

    async def attempt(self, parcel: Parcel) -> None:
        """Nothing, if the callback or its workspace is gone."""
        try:
            at, body = await patiently(lambda: self._written(parcel))
        except UnknownWorkspace:
            return
        if body is None:
            return
        outcome = await self._outcome(parcel.url, body)
        await patiently(lambda: callbacks.note_attempt(self._world, parcel.workspace_id, parcel.n, at, outcome))

    def _written(self, parcel: Parcel) -> tuple[int, bytes | None]:
        """What the workspace's clock reads, and the body to send."""
        at = self._world.now(workspaces.view_of(self._world, parcel.workspace_id))
        form = payload(self._world, parcel.workspace_id, parcel.n)
        return at, None if form is None else urlencode(form).encode()

    async def _outcome(self, url: str, body: bytes) -> callbacks.Outcome:
        clock = asyncio.get_running_loop().time
        began = clock()
        status, error, is_final = None, None, False
        try:
            status = await self._into_sink(url, body)
            if status is None:
                status = await self._poster.post(url, body, HEADERS)
        except Forbidden as forbidden:
            error, is_final = str(forbidden), True
        except Unreached as unreached:
            error = str(unreached)
        return callbacks.Outcome(status, error, round((clock() - began) * SECOND), is_final)

    async def _into_sink(self, url: str, body: bytes) -> int | None:
        """A sink of this server's is handed it without a socket, which not every server has; None for other URLs."""
        parts = urlsplit(url)
        if not parts.path.startswith(SINKS):
            return None
        sink = await patiently(lambda: sinks.by_token(self._world, parts.path.removeprefix(SINKS)))
        if sink is None:
            return None
        given = "POST", parts.query, list(HEADERS.items()), body.decode()
        await patiently(lambda: keep(self._world, sink, *given))
        try:
            async with asyncio.timeout(self.timeout_s):
                return await answered(sink)
        except TimeoutError:
            raise Unreached(f"no answer within {self.timeout_s:g} s") from None


async def patiently(do: Callable[[], T]) -> T:
    """What it returns, once the store answers."""
    while True:
        try:
            return do()
        except sqlite3.Error:
            logging.getLogger(__name__).exception("The store did not answer; it is asked again.")
            await asyncio.sleep(STORE_RETRY_S)


def payload(world: World, workspace_id: int, n: int) -> dict[str, str] | None:
    """The form of a callback, as its vendor has it; none when it is gone."""
    row = callbacks.find(world, workspace_id, n)
    if row is None:
        return None
    try:
        message = messages.find(world, workspaces.view_of(world, workspace_id), messages.our_id(row["message_id"]))
    except UnknownMessage:
        return None
    return form_of(message["vendor"])(world, message, row)


def form_of(vendor: str) -> Callable[..., dict[str, str]]:
    """What a vendor's callbacks say."""
    return next(each.status_callback for each in VENDORS if each.name == vendor and each.status_callback)


async def received(
    world: World, sink: sinks.SinkRow, method: str, query: str, headers: list[tuple[str, str]], body: str
) -> int:
    """A sink gets a request: the status it answers, after its delay."""
    keep(world, sink, method, query, headers, body)
    return await answered(sink)


def keep(world: World, sink: sinks.SinkRow, method: str, query: str, headers: list[tuple[str, str]], body: str) -> None:
    """Writes down what a sink got, all or nothing."""
    workspace = workspaces.view_of(world, sink["workspace_id"])
    with world.store.writing():
        sinks.receive(world, workspace, sink, method=method, query=query, headers=headers, body=body)


async def answered(sink: sinks.SinkRow) -> int:
    """The status that it answers, after its delay."""
    if sink["delay"]:
        await asyncio.sleep(sink["delay"] / SECOND)
    return int(sink["status"])
