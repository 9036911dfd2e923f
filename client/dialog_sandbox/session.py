"""Connections to one server, blocking and awaiting: the only place that calls httpx."""

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager
from typing import Any
from weakref import finalize

import httpx

from dialog_sandbox.errors import Unreachable

__tracebackhide__ = True
"""A test that fails shows its own line, and not how we came to know: so in each of our modules."""
TIMEOUT_S = 30.0
ENDLESS = httpx.Timeout(TIMEOUT_S, read=None)
"""For an answer that goes on; the server sends something from time to time."""
KEEP_ALIVE_S = 2.0
"""Shorter than the server's, so that no connection is used again that it is about to close."""


class Session:
    """Requests that are answered at once."""

    def __init__(self, url: str, token: str | None, transport: httpx.BaseTransport | None) -> None:
        self.url = base_of(url)
        limits = httpx.Limits(keepalive_expiry=KEEP_ALIVE_S)
        self.http = httpx.Client(**_options(self.url, token), transport=transport, limits=limits)
        finalize(self, self.http.close)

    def send(self, method: str, path: str, **call: Any) -> httpx.Response:
        with answering(self.url):
            return self.http.request(method, path, **_request(**call))

    def stream(self, path: str, query: Mapping[str, Any]) -> AbstractContextManager[httpx.Response]:
        return self.http.stream("GET", path, params=query, timeout=ENDLESS)

    def close(self) -> None:
        self.http.close()


class AsyncSession:
    """Requests whose answers are awaited."""

    def __init__(
        self, url: str, token: str | None, transport: httpx.AsyncBaseTransport | None, *, keep_alive: bool
    ) -> None:
        self.url = base_of(url)
        limits = httpx.Limits(max_keepalive_connections=None if keep_alive else 0, keepalive_expiry=KEEP_ALIVE_S)
        self.http = httpx.AsyncClient(**_options(self.url, token), transport=transport, limits=limits)

    async def send(self, method: str, path: str, **call: Any) -> httpx.Response:
        with answering(self.url):
            return await self.http.request(method, path, **_request(**call))

    def stream(self, path: str, query: Mapping[str, Any]) -> AbstractAsyncContextManager[httpx.Response]:
        return self.http.stream("GET", path, params=query, timeout=ENDLESS)

    async def close(self) -> None:
        await self.http.aclose()


def base_of(url: str) -> str:
    """Return the URL without a slash at its end; raises ValueError when it is none."""
    if not str(url).startswith(("http://", "https://")):
        raise ValueError(f"The URL of a sandbox is written like http://127.0.0.1:8080, not {url!r}.")
    return url.rstrip("/")


@contextmanager
def answering(url: str) -> Iterator[None]:
    """Raise `Unreachable` when the connection fails."""
    try:
        yield
    except httpx.TransportError as error:
        raise Unreachable(url, error) from None


def _options(url: str, token: str | None) -> dict[str, Any]:
    """A sandbox is called directly, whatever proxies the environment names for the world outside."""
    return {
        "base_url": url,
        "headers": {"Authorization": f"Bearer {token}"} if token else {},
        "trust_env": False,
        "verify": url.startswith("https:"),  # reading the certificates takes longer than most tests
    }


def _request(query: Mapping[str, Any] | None = None, body: Any = None, wait: float = 0) -> dict[str, Any]:
    """`body` goes out as JSON, or as it stands when it is bytes.

    `wait` is how long the answer may take beyond the usual, in seconds.
    """
    options: dict[str, Any] = {"params": query, "timeout": TIMEOUT_S + wait}
    if isinstance(body, bytes):
        return {**options, "content": body, "headers": {"Content-Type": "application/octet-stream"}}
    if body is not None:
        content = json.dumps(body).encode()
        return {**options, "content": content, "headers": {"Content-Type": "application/json"}}
    return options
