"""What every part of the client is made from: a session, a path, and the ways to call under it."""

from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from dialog_sandbox.arguments import When, rfc3339
from dialog_sandbox.errors import not_a_sandbox, refused
from dialog_sandbox.models.base import DeletedResponse, ListOf
from dialog_sandbox.models.clock import ClockReading
from dialog_sandbox.session import AsyncSession

__tracebackhide__ = True
ModelT = TypeVar("ModelT", bound=BaseModel)
PAGE = 1000
"""The most that the server gives at once."""


class AsyncResource:
    """Something on a server; its verbs call under its path."""

    def __init__(self, session: AsyncSession, path: str) -> None:
        self._session = session
        self._path = path

    async def _call(self, method: str, path: str = "", **call: Any) -> httpx.Response:
        """Return an answer that is no refusal; raises `Refused`."""
        return self._accepted(await self._session.send(method, self._path + path, **call))

    def _accepted(self, answer: httpx.Response) -> httpx.Response:
        if answer.status_code >= 400:
            raise refused(answer.status_code, answer.content, self._session.url)
        return answer

    async def _read(self, kind: type[ModelT], method: str, path: str = "", **call: Any) -> ModelT:
        """Make one call, and read its answer as `kind`."""
        return self._as(kind, await self._call(method, path, **call))

    def _as(self, kind: type[ModelT], answer: httpx.Response) -> ModelT:
        """Raise `Refused` when it is not of a sandbox."""
        try:
            return kind.model_validate_json(answer.content)
        except ValidationError:
            raise not_a_sandbox(answer.status_code, answer.content, self._session.url) from None

    async def _delete_counted(self, path: str = "", query: dict[str, Any] | None = None) -> int:
        """Delete what stands there, and return how many."""
        return (await self._read(DeletedResponse, "DELETE", path, query=query)).deleted

    async def _list(
        self, kind: type[ModelT], path: str, query: dict[str, Any] | None = None, limit: int | None = None
    ) -> list[ModelT]:
        """Return all pages of a list, or its first `limit` items."""
        items: list[ModelT] = []
        params = dict(query or {})
        while limit is None or len(items) < limit:
            params["limit"] = PAGE if limit is None else min(PAGE, limit - len(items))
            page = await self._page(kind, "GET", path, query=params)
            items += page.items
            if page.next is None:
                break
            params["after"] = page.next
        return items

    async def _whole_list(self, kind: type[ModelT], path: str) -> list[ModelT]:
        """Return a list that has no pages."""
        return (await self._page(kind, "GET", path)).items

    async def _page(self, kind: type[ModelT], method: str, path: str, **call: Any) -> ListOf[ModelT]:
        return await self._read(ListOf[kind], method, path, **call)  # type: ignore[valid-type]  # known at run time

    async def _moment(self, at: When | None) -> str | None:
        """Return a time as the server takes it; a distance counts from what the workspace's clock reads."""
        if at is None or isinstance(at, str):
            return at
        if isinstance(at, datetime):
            return rfc3339(at)
        distance = at if isinstance(at, timedelta) else timedelta(seconds=at)
        return rfc3339((await self._read(ClockReading, "GET", "/clock")).now + distance)


def segment(name: str) -> str:
    """Return a name as part of a path."""
    return quote(name, safe="")
