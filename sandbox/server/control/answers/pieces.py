"""How is an answer sent whose list is long? In pieces, so that writing it does not keep the others waiting."""

from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import islice

from pydantic import BaseModel
from starlette.responses import StreamingResponse

from sandbox.store import serve_others

PIECE = 200
"""Items that are written together."""


def in_pieces(answer: BaseModel, member: str, items: Iterable[BaseModel], status: int = 200) -> StreamingResponse:
    """Return the JSON of an answer with these items in its list, which is empty in `answer`."""
    head, empty, tail = answer.model_dump_json(by_alias=True).partition(f'"{member}":[]')
    assert empty, "the list is empty, and a member of the answer itself"
    pieces = _pieces(f'{head}"{member}":[', iter(items), f"]{tail}")
    return StreamingResponse(pieces, status, {"Cache-Control": "no-store"}, "application/json")


async def _pieces(head: str, items: Iterator[BaseModel], tail: str) -> AsyncIterator[str]:
    yield head
    comma = ""
    while some := [item.model_dump_json(by_alias=True) for item in islice(items, PIECE)]:
        yield comma + ",".join(some)
        comma = ","
        await serve_others()
    yield tail
