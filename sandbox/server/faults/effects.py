"""What becomes of an answer that a fault spoils, byte by byte?"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Any, cast

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from sandbox.clock import SECOND
from sandbox.server.wire import Link, link_of
from sandbox.world.faults import MatchedFault

LONGEST_HOLD_S = 300


class Answer:
    """An answer on its way out, in the hands of a fault."""

    def __init__(self, fault: MatchedFault, response: Response, scope: Scope, send: Send) -> None:
        self.effect = fault.effect
        self.link = link_of(scope)
        self.has_body = scope["method"] != "HEAD"
        self._response = response
        self._send = send

    @property
    def length(self) -> int | None:
        """Of the body, in bytes; None of one that is streamed."""
        return None if isinstance(self._response, StreamingResponse) else len(self._response.body)

    async def begin(self) -> None:
        """Send the head."""
        response = self._response
        start = {"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers}
        await self._send(start)

    async def more(self, body: bytes) -> None:
        """Send a piece of the body."""
        await self._send({"type": "http.response.body", "body": body, "more_body": True})

    async def end(self) -> None:
        await self._send({"type": "http.response.body", "body": b""})

    def pieces(self) -> AbstractAsyncContextManager[AsyncGenerator[bytes]]:
        """Yield the body as it was made, none of it empty."""
        return aclosing(self._pieces())

    async def _pieces(self) -> AsyncGenerator[bytes]:
        if not isinstance(self._response, StreamingResponse):
            if self._response.body:
                yield bytes(self._response.body)
            return
        async with aclosing(cast("AsyncGenerator[Any]", self._response.body_iterator)) as chunks:
            async for chunk in chunks:
                if chunk:
                    yield chunk.encode() if isinstance(chunk, str) else bytes(chunk)


class SpoiledAnswer(Response):
    """What a fault makes of an answer, sent until the caller hangs up."""

    def __init__(self, fault: MatchedFault, response: Response) -> None:
        super().__init__(status_code=response.status_code)
        self.raw_headers = response.raw_headers
        self._fault = fault
        self._response = response

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = Answer(self._fault, self._response, scope, send)
        await while_connected(answer.link, receive, _after_latency(self._fault, answer))


async def while_connected(link: Link, receive: Receive, doing: Coroutine[Any, Any, None]) -> bool:
    """Do it until it is done or the caller hangs up; return whether it was done."""
    work = asyncio.ensure_future(doing)
    watch = asyncio.ensure_future(_hang_up(receive))
    link.is_held = True
    try:
        await asyncio.wait((work, watch), return_when=asyncio.FIRST_COMPLETED)
    finally:
        link.is_held = False
        work.cancel()
        watch.cancel()
        await asyncio.gather(work, watch, return_exceptions=True)
    if work.cancelled():
        return False
    work.result()
    return True


async def _hang_up(receive: Receive) -> None:
    """Read past the rest of the request, since only then the server tells that the caller is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _after_latency(fault: MatchedFault, answer: Answer) -> None:
    if fault.delay_ms:
        await asyncio.sleep(fault.delay_ms / SECOND)
    effect = EFFECTS.get(fault.kind or "", whole)
    await (effect if answer.has_body or effect in WITHOUT_BODY else whole)(answer)


# The effects -----------------------------------------------------------------------------------------------------


async def whole(answer: Answer) -> None:
    """Send it as if there were no fault."""
    await answer.begin()
    async with answer.pieces() as pieces:
        async for piece in pieces:
            await answer.more(piece)
    await answer.end()


async def reset(answer: Answer) -> None:
    answer.link.reset()


async def close(answer: Answer) -> None:
    answer.link.close()


async def hold(answer: Answer) -> None:
    """Send no answer until the caller hangs up."""
    seconds = answer.effect["timeout"]
    await asyncio.sleep(LONGEST_HOLD_S if seconds is True else seconds)
    answer.link.give_up()


async def truncate(answer: Answer) -> None:
    """Promise all, and stop inside the body: of one that is shorter, only the last byte is missing."""
    most = answer.effect["truncate"]
    if answer.length is not None:
        most = max(0, min(most, answer.length - 1))
    await answer.begin()
    sent = 0
    async with answer.pieces() as pieces:
        async for piece in pieces:
            part = piece[: most - sent]
            await answer.more(part)
            sent += len(part)
            if sent == most:
                break
    answer.link.cut(sent, answer.length)


async def malform(answer: Answer) -> None:
    """Send it as long as it should be, its last bracket wrong."""
    await answer.begin()
    last = b""
    async with answer.pieces() as pieces:
        async for piece in pieces:
            if last:
                await answer.more(last)
            last = piece
    await answer.more(broken(last))
    await answer.end()


def broken(body: bytes) -> bytes:
    """Return JSON or XML with its last closing bracket turned around, which is neither."""
    at = max(body.rfind(bracket) for bracket in b"}]>")
    return body if at < 0 else body[:at] + b"<" + body[at + 1 :]


async def drip(answer: Answer) -> None:
    size, pause_s = answer.effect["drip"]["bytes"], answer.effect["drip"]["ms"] / SECOND
    await answer.begin()
    is_first = True
    async with answer.pieces() as pieces:
        async for piece in pieces:
            for at in range(0, len(piece), size):
                if not is_first:
                    await asyncio.sleep(pause_s)
                await answer.more(piece[at : at + size])
                is_first = False
    await answer.end()


EFFECTS: dict[str, Callable[[Answer], Awaitable[None]]] = {
    "reset": reset,
    "close": close,
    "timeout": hold,
    "truncate": truncate,
    "malformed": malform,
    "drip": drip,
}
WITHOUT_BODY = (reset, close, hold)
"""Effects that need no body; the others leave an answer to HEAD as it is."""
