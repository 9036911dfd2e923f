"""How is an answer sent whose list is long? In pieces, so that writing it does not keep the others waiting."""

from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import islice

from pydantic import BaseModel
from starlette.responses import StreamingResponse

from sandbox.store import serve_others

PIECE = 200
"""Items that are sent together."""


def written(items: Iterable[BaseModel]) -> Iterator[str]:
    """Return each as JSON: what is kept of thousands of answers, since models are what the collector has to walk."""
    return (item.model_dump_json(by_alias=True) for item in items)


def in_pieces(answer: BaseModel, member: str, items: Iterable[str], status: int = 200) -> StreamingResponse:
    """Return the JSON of an answer with these items, written already, in its list, which is empty in `answer`."""
    head, empty, tail = answer.model_dump_json(by_alias=True).partition(f'"{member}":[]')
    assert empty, "the list is empty, and a member of the answer itself"
    pieces = _pieces(f'{head}"{member}":[', iter(items), f"]{tail}")
    return StreamingResponse(pieces, status, {"Cache-Control": "no-store"}, "application/json")


async def _pieces(head: str, items: Iterator[str], tail: str) -> AsyncIterator[str]:
    yield head
    comma = ""
    while some := [*islice(items, PIECE)]:
        yield comma + ",".join(some)
        comma = ","
        await serve_others()
    yield tail
