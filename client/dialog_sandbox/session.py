"""Calls of one server, blocking and awaiting.

They go to the transport, past httpx's clients: a test may replace whatever those do.
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, contextmanager
from json import dumps
from typing import Any
from weakref import finalize

import httpcore
import httpx

from dialog_sandbox.errors import Unreachable
from dialog_sandbox.transport import PORTS, AsyncTransport, Transport, Verify

__tracebackhide__ = True
"""A test that fails shows its own line, and not how we came to know: so in each of our modules."""
TIMEOUT_S = 30.0
ENDLESS = httpx.Timeout(TIMEOUT_S, read=None)
"""For an answer that goes on; the server sends something from time to time."""
LAST_PORT = 65_535
BROKEN = (
    httpx.TransportError,
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
)


class Session:
    """Requests that are answered at once."""

    def __init__(
        self, url: str, token: str | None, transport: httpx.BaseTransport | None, verify: Verify | None
    ) -> None:
        self.url = base_of(url)
        self._headers = headers_of(token)
        self.transport = transport or Transport(verify)
        finalize(self, self.transport.close)

    def send(self, method: str, path: str, **call: Any) -> httpx.Response:
        try:
            with self._answer(self._request(method, path, **call)) as answer:
                answer.read()
                return answer
        except BROKEN as error:
            raise Unreachable(self.url, error) from None

    def stream(self, path: str, query: Mapping[str, Any]) -> AbstractContextManager[httpx.Response]:
        return self._answer(self._request("GET", path, query=query, timeout=ENDLESS))

    def _request(self, method: str, path: str, **call: Any) -> httpx.Request:
        return request_of(method, self.url + path, self._headers, **call)

    @contextmanager
    def _answer(self, request: httpx.Request) -> Iterator[httpx.Response]:
        answer = self.transport.handle_request(request)
        try:
            answer.request = request
            yield answer
        finally:
            answer.close()

    def close(self) -> None:
        self.transport.close()


class AsyncSession:
    """Requests whose answers are awaited."""

    def __init__(
        self,
        url: str,
        token: str | None,
        transport: httpx.AsyncBaseTransport | None,
        verify: Verify | None,
        *,
        keep_alive: bool,
    ) -> None:
        self.url = base_of(url)
        self._headers = headers_of(token)
        self.transport = transport or AsyncTransport(verify, keep_alive=keep_alive)

    async def send(self, method: str, path: str, **call: Any) -> httpx.Response:
        try:
            async with self._answer(self._request(method, path, **call)) as answer:
                await answer.aread()
                return answer
        except BROKEN as error:
            raise Unreachable(self.url, error) from None

    def stream(self, path: str, query: Mapping[str, Any]) -> AbstractAsyncContextManager[httpx.Response]:
        return self._answer(self._request("GET", path, query=query, timeout=ENDLESS))

    def _request(self, method: str, path: str, **call: Any) -> httpx.Request:
        return request_of(method, self.url + path, self._headers, **call)

    @asynccontextmanager
    async def _answer(self, request: httpx.Request) -> AsyncIterator[httpx.Response]:
        answer = await self.transport.handle_async_request(request)
        try:
            answer.request = request
            yield answer
        finally:
            await answer.aclose()

    async def close(self) -> None:
        await self.transport.aclose()


def base_of(url: str) -> str:
    """Return the URL without a slash at its end; raises ValueError when it is none."""
    if not _is_url(str(url)):
        raise ValueError(f"The URL of a sandbox is written like http://127.0.0.1:8080, not {url!r}.")
    if "/_sandbox" in str(url):
        raise ValueError(f"The URL of a sandbox has no /_sandbox: write {str(url).partition('/_sandbox')[0]}.")
    return str(url).rstrip("/")


def _is_url(text: str) -> bool:
    """Return whether it is a URL of HTTP, of a host that can be asked for and a port that can be connected to."""
    try:
        url = httpx.URL(text)
        url.host.encode("idna")
    except (httpx.InvalidURL, UnicodeError):
        return False
    return url.scheme in PORTS and url.host != "" and (url.port or 0) <= LAST_PORT


def headers_of(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


@contextmanager
def answering(url: str) -> Iterator[None]:
    """Raise `Unreachable` when the connection fails."""
    try:
        yield
    except BROKEN as error:
        raise Unreachable(url, error) from None


def request_of(
    method: str,
    url: str,
    headers: Mapping[str, str],
    *,
    query: Mapping[str, Any] | None = None,
    body: Any = None,
    wait: float = 0,
    timeout: httpx.Timeout | None = None,
) -> httpx.Request:
    """Return a request; `body` goes out as JSON, or as it stands when it is bytes.

    `wait` is how long the answer may take beyond the usual, in seconds.
    """
    content: bytes | None = body
    kind: dict[str, str] = {}
    if isinstance(body, bytes):
        kind = {"Content-Type": "application/octet-stream"}
    elif body is not None:
        content, kind = dumps(body).encode(), {"Content-Type": "application/json"}
    limits = timeout or httpx.Timeout(TIMEOUT_S + wait)
    return httpx.Request(
        method,
        url,
        params=query,
        headers={**headers, **kind},
        content=content,
        extensions={"timeout": limits.as_dict()},
    )
