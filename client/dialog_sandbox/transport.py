"""The client's own connections, which no test's mock of HTTP reaches.

respx, pytest-httpx and vcrpy replace methods of httpx's clients and transports and of httpcore's pools; what is mocked
is the program under test, and not what its test asks the sandbox. So these hold httpcore's plain HTTP/1.1 connections,
one for each call under way, and keep those that have nothing to do for the next call.
"""

import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import cache
from os import PathLike, fspath

import httpcore
import httpx

KEEP_ALIVE_S = 2.0
"""Shorter than the server's, so that no connection is used again that it is about to close."""
__tracebackhide__ = True
PORTS = {"http": 80, "https": 443}
BY_ENVIRONMENT = ("SSL_CERT_FILE", "SSL_CERT_DIR")
Verify = ssl.SSLContext | str | PathLike[str]
"""By what a server of https is known: a context, or a file of CAs in PEM."""


class Transport(httpx.BaseTransport):
    """Sends requests straight to where they go: through no proxy, whatever the environment names."""

    def __init__(self, verify: Verify | None = None) -> None:
        self._verify = verify
        self._idle: list[httpcore.HTTP11Connection] = []
        self._process = os.getpid()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        connection = self._kept(request) or self._opened(request)
        try:
            answer = connection.handle_request(_for_httpcore(request))
        except BaseException:
            connection.close()
            raise
        body = Body(answer, lambda: self._put_back(connection))
        return httpx.Response(answer.status, headers=answer.headers, stream=body)

    def _kept(self, request: httpx.Request) -> httpcore.HTTP11Connection | None:
        if self._process != os.getpid():  # a fork: its parent goes on with these
            self._process = os.getpid()
            self.close()
        while self._idle:
            connection = self._idle.pop()
            if connection.can_handle_request(_origin(request)) and not connection.has_expired():
                return connection
            connection.close()
        return None

    def _opened(self, request: httpx.Request) -> httpcore.HTTP11Connection:
        origin = _origin(request)
        timeout = request.extensions["timeout"]["connect"]
        tls = context_of(self._verify) if request.url.scheme == "https" else None
        stream = httpcore.SyncBackend().connect_tcp(request.url.host, origin.port, timeout)
        if tls is not None:
            stream = stream.start_tls(tls, request.url.host, timeout)
        return httpcore.HTTP11Connection(origin, stream, KEEP_ALIVE_S)

    def _put_back(self, connection: httpcore.HTTP11Connection) -> None:
        if connection.is_idle():
            self._idle.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()


class AsyncTransport(httpx.AsyncBaseTransport):
    """The same, awaited, in asyncio as in trio. Without `keep_alive` no connection outlives its call."""

    def __init__(self, verify: Verify | None = None, *, keep_alive: bool) -> None:
        self._verify = verify
        self._keeps = keep_alive
        self._idle: list[httpcore.AsyncHTTP11Connection] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        connection = await self._kept(request) or await self._opened(request)
        try:
            answer = await connection.handle_async_request(_for_httpcore(request))
        except BaseException:
            await connection.aclose()
            raise
        body = AsyncBody(answer, lambda: self._put_back(connection))
        return httpx.Response(answer.status, headers=answer.headers, stream=body)

    async def _kept(self, request: httpx.Request) -> httpcore.AsyncHTTP11Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.can_handle_request(_origin(request)) and not connection.has_expired():
                return connection
            await connection.aclose()
        return None

    async def _opened(self, request: httpx.Request) -> httpcore.AsyncHTTP11Connection:
        origin = _origin(request)
        timeout = request.extensions["timeout"]["connect"]
        tls = context_of(self._verify) if request.url.scheme == "https" else None
        stream = await httpcore.AnyIOBackend().connect_tcp(request.url.host, origin.port, timeout)
        if tls is not None:
            stream = await stream.start_tls(tls, request.url.host, timeout)
        return httpcore.AsyncHTTP11Connection(origin, stream, KEEP_ALIVE_S)

    async def _put_back(self, connection: httpcore.AsyncHTTP11Connection) -> None:
        if self._keeps and connection.is_idle():
            self._idle.append(connection)
        else:
            await connection.aclose()

    async def aclose(self) -> None:
        while self._idle:
            await self._idle.pop().aclose()


class Body(httpx.SyncByteStream):
    """The body of an answer, after which its connection is free."""

    def __init__(self, answer: httpcore.Response, free: Callable[[], None]) -> None:
        self._answer = answer
        self._free = free

    def __iter__(self) -> Iterator[bytes]:
        return self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()
        self._free()


class AsyncBody(httpx.AsyncByteStream):
    """The same, awaited."""

    def __init__(self, answer: httpcore.Response, free: Callable[[], Awaitable[None]]) -> None:
        self._answer = answer
        self._free = free

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._answer.aiter_stream()

    async def aclose(self) -> None:
        await self._answer.aclose()
        await self._free()


def _for_httpcore(request: httpx.Request) -> httpcore.Request:
    return httpcore.Request(
        request.method,
        str(request.url),
        headers=request.headers.raw,
        content=request.stream,
        extensions=request.extensions,
    )


def _origin(request: httpx.Request) -> httpcore.Origin:
    url = request.url
    return httpcore.Origin(url.raw_scheme, url.raw_host, url.port or PORTS[url.scheme])


def context_of(verify: Verify | None) -> ssl.SSLContext:
    """Return what TLS is spoken by; without `verify` as the environment says, else with the usual CAs.

    Raises ValueError for a file that cannot be read.
    """
    if isinstance(verify, ssl.SSLContext):
        return verify
    file, folder = (os.environ.get(name) or None for name in BY_ENVIRONMENT)
    if verify is not None:
        file, folder = fspath(verify), None
    return _context_of(file, None if file else folder)


@cache
def _context_of(file: str | None, folder: str | None) -> ssl.SSLContext:
    """Made when it is needed: reading the certificates takes longer than most tests."""
    if file is None and folder is None:
        return httpx.create_ssl_context(trust_env=False)
    try:
        return ssl.create_default_context(cafile=file, capath=folder)
    except OSError as error:
        raise ValueError(f"Cannot read the certificates of CAs in {file or folder}: {error.strerror}.") from None
