"""What every part of the client is made from: a session, a path, and the ways to ask under it."""

from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote

from sandbox.client.reading import Moment, read, rfc3339
from sandbox.client.steps import Call, Session, Steps, ask

__tracebackhide__ = True
T = TypeVar("T")
PAGE = 1000
"""The most that the server gives at once."""


class Bound:
    """Something on a server; its verbs ask under its path."""

    def __init__(self, session: Session, path: str) -> None:
        self._session = session
        self._path = path

    def _ask(
        self,
        kind: type[T],
        method: str,
        path: str = "",
        body: Any = None,
        *,
        query: dict[str, Any] | None = None,
        wait: float = 0,
    ) -> Steps[T]:
        """One call, whose answer is read as `kind`."""
        return read(kind, (yield from ask(Call(method, self._path + path, query, body, wait))))

    def _deleted(self, path: str = "", query: dict[str, Any] | None = None) -> Steps[int]:
        """Deletes what stands there, and says how many."""
        answer = yield from self._ask(dict, "DELETE", path, query=query)
        return int(answer["deleted"])

    def _list(
        self, kind: type[T], path: str, query: dict[str, Any] | None = None, limit: int | None = None
    ) -> Steps[list[T]]:
        """All pages of a list, or its first `limit` items."""
        items: list[T] = []
        asked = dict(query or {})
        while limit is None or len(items) < limit:
            asked["limit"] = PAGE if limit is None else min(PAGE, limit - len(items))
            page = yield from ask(Call("GET", self._path + path, asked))
            items += read(list[kind], page["items"])  # type: ignore[valid-type]
            if page["next"] is None:
                break
            asked["after"] = page["next"]
        return items

    def _whole_list(self, kind: type[T], path: str) -> Steps[list[T]]:
        """A list that has no pages."""
        answer = yield from ask(Call("GET", self._path + path))
        items: list[T] = read(list[kind], answer["items"])  # type: ignore[valid-type]
        return items


def segment(name: str) -> str:
    """A name as part of a path."""
    return quote(name, safe="")


def moment(bound: Bound, at: Moment | None) -> Steps[str | None]:
    """A time as the server takes it; a distance counts from what the workspace's clock reads."""
    if at is None or isinstance(at, str):
        return at
    if not isinstance(at, datetime):
        distance = at if isinstance(at, timedelta) else timedelta(seconds=at)
        reading = yield from ask(Call("GET", f"{bound._path}/clock"))
        at = datetime.fromisoformat(reading["now"]) + distance
    return rfc3339(at)
