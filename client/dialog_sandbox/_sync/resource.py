# Made from ../_async/resource.py by tools/generate_sync_client.py: change that one, and make this one again.
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
from dialog_sandbox.session import Session

__tracebackhide__ = True
ModelT = TypeVar("ModelT", bound=BaseModel)
PAGE = 1000
"""The most that the server gives at once."""


class Resource:
    """Something on a server; its verbs call under its path."""

    def __init__(self, session: Session, path: str) -> None:
        self._session = session
        self._path = path

    def _call(self, method: str, path: str = "", **call: Any) -> httpx.Response:
        """Return an answer that is no refusal; raises `Refused`."""
        return self._accepted(self._session.send(method, self._path + path, **call))

    def _accepted(self, answer: httpx.Response) -> httpx.Response:
        if answer.status_code >= 400:
            raise refused(answer.status_code, answer.content, self._session.url)
        return answer

    def _read(self, kind: type[ModelT], method: str, path: str = "", **call: Any) -> ModelT:
        """Make one call, and read its answer as `kind`."""
        return self._as(kind, self._call(method, path, **call))

    def _as(self, kind: type[ModelT], answer: httpx.Response) -> ModelT:
        """Raise `Refused` when it is not of a sandbox."""
        try:
            return kind.model_validate_json(answer.content)
        except ValidationError:
            raise not_a_sandbox(answer.status_code, answer.content, self._session.url) from None

    def _delete_counted(self, path: str = "", query: dict[str, Any] | None = None) -> int:
        """Delete what stands there, and return how many."""
        return (self._read(DeletedResponse, "DELETE", path, query=query)).deleted

    def _list(
        self, kind: type[ModelT], path: str, query: dict[str, Any] | None = None, limit: int | None = None
    ) -> list[ModelT]:
        """Return all pages of a list, or its first `limit` items."""
        items: list[ModelT] = []
        params = dict(query or {})
        while limit is None or len(items) < limit:
            params["limit"] = PAGE if limit is None else min(PAGE, limit - len(items))
            page = self._page(kind, "GET", path, query=params)
            items += page.items
            if page.next is None:
                break
            params["after"] = page.next
        return items

    def _whole_list(self, kind: type[ModelT], path: str) -> list[ModelT]:
        """Return a list that has no pages."""
        return (self._page(kind, "GET", path)).items

    def _page(self, kind: type[ModelT], method: str, path: str, **call: Any) -> ListOf[ModelT]:
        return self._read(ListOf[kind], method, path, **call)  # type: ignore[valid-type]  # known at run time

    def _moment(self, at: When | None) -> str | None:
        """Return a time as the server takes it; a distance counts from what the workspace's clock reads."""
        if at is None or isinstance(at, str):
            return at
        if isinstance(at, datetime):
            return rfc3339(at)
        distance = at if isinstance(at, timedelta) else timedelta(seconds=at)
        return rfc3339((self._read(ClockReading, "GET", "/clock")).now + distance)


def segment(name: str) -> str:
    """Return a name as part of a path."""
    return quote(name, safe="")
