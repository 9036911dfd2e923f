"""How is an answer sent that is JSON, or too long for one piece?"""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any, cast

from pydantic_core import to_json
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

JSON_TYPE = "application/json"
NO_SNIFFING = (b"x-content-type-options", b"nosniff")
"""A header of every answer: it may hold what strangers wrote, and no browser shall take that for a page."""


class LongAnswer(StreamingResponse):
    """An answer in pieces, closed when it was sent or the client has gone: it may hold a snapshot of the store."""

    async def begin(self) -> None:
        """Make the first piece, with the moment that all of them are of; what fails by then can be answered yet."""
        pieces = cast(AsyncGenerator[Any], self.body_iterator)
        self.body_iterator = BegunPieces(await anext(pieces), pieces)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(cast(AsyncGenerator[Any], self.body_iterator)):
            await super().__call__(scope, receive, send)


class BegunPieces:
    """The pieces of a body whose first is there already. Closing it closes their source, begun or not."""

    def __init__(self, first: Any, rest: AsyncGenerator[Any]) -> None:
        self._first = [first]
        self._rest = rest

    def __aiter__(self) -> "BegunPieces":
        return self

    async def __anext__(self) -> Any:
        return self._first.pop() if self._first else await anext(self._rest)

    async def aclose(self) -> None:
        await self._rest.aclose()


class NothingSent(Response):
    """In place of an answer to a caller that is gone."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send nothing."""


def json_answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return JSON without blanks, in UTF-8."""
    return Response(to_json(body), status, headers, media_type=JSON_TYPE)


def pretty(body: Any) -> str:
    """Return JSON for people."""
    return json.dumps(body, indent=2, ensure_ascii=False)


async def in_one_piece(response: StreamingResponse) -> Response:
    """Return the same answer for HTTP/1.0, which knows no chunks, though uvicorn would send them."""
    async with aclosing(cast(AsyncGenerator[Any], response.body_iterator)) as body:
        pieces = [piece.encode() if isinstance(piece, str) else piece async for piece in body]
    return Response(b"".join(pieces), response.status_code, media_type=response.media_type)
