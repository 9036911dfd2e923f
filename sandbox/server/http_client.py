"""Sends one callback: an HTTP POST to a URL that a client gave, no further than the target policy allows."""

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from sandbox.server import lookups
from sandbox.server.journal.secrets import basic_token, forms, redacted
from sandbox.server.targets import Forbidden, TargetPolicy, check_spelling

if TYPE_CHECKING:
    import ssl

    import httpcore

MOST_BYTES = 64 * 1024
"""Of an answer that are read."""
LONGEST_REASON = 200
DEFAULT_PORTS = {"http": 80, "https": 443}

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""The numeric addresses of a host."""


class Unreached(Exception):
    """No answer came; the text says why."""


class HttpClient:
    """Posts, by connections of its own that nobody's proxy settings divert. Redirects are answers like others.

    `resolve` stands in for the system's own knowledge of names.
    """

    def __init__(self, policy: TargetPolicy, *, timeout_s: float, resolve: Resolve = lookups.resolve) -> None:
        self._policy = policy
        self.timeout_s = timeout_s
        self._resolve = resolve
        self._backend: httpcore.AsyncNetworkBackend | None = None
        self._tls: ssl.SSLContext | None = None

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Return the status of the answer. Raises `Forbidden`, or `Unreached` when there is none."""
        try:
            async with asyncio.timeout(self.timeout_s):
                return await self._post(url, body, headers)
        except TimeoutError:
            raise Unreached(f"no answer within {self.timeout_s:g} s") from None
        except (Forbidden, Unreached):
            raise
        except Exception as error:
            raise Unreached(_reason(error, url)) from None

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        target, credentials = parsed(url)
        sent = {"Host": _host(target), **headers, **credentials, "Content-Length": str(len(body))}
        async with (
            self._connection(target) as connection,
            connection.stream("POST", target, headers=list(sent.items()), content=body) as answer,
        ):
            size = 0
            async for chunk in answer.aiter_stream():
                size += len(chunk)
                if size > MOST_BYTES:
                    break
            return int(answer.status)

    def _connection(self, target: "httpcore.URL") -> "httpcore.AsyncHTTPConnection":
        """For one request: one that is kept may be closed by the receiver just when it is used again, and that attempt
        would be lost."""
        import httpcore  # noqa: PLC0415  (30 ms that a server without callbacks need not spend)

        if self._backend is None:
            self._backend = _backend(self._policy, self._resolve)
        if target.scheme == b"https" and self._tls is None:
            # Left to itself, httpcore would read every certificate authority again for each connection.
            self._tls = httpcore.default_ssl_context()
        return httpcore.AsyncHTTPConnection(target.origin, ssl_context=self._tls, network_backend=self._backend)


def parsed(url: str) -> tuple["httpcore.URL", dict[str, str]]:
    """Return what is asked for, and the header that the user and password in it make."""
    import httpcore  # noqa: PLC0415  (as above)

    parts = urlsplit(url)
    assert parts.hostname is not None  # rule SP-callback
    host = parts.hostname.encode("idna").decode() if not parts.hostname.isascii() else parts.hostname
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = "?" + quote(parts.query, safe="/?%:@!$&'()*+,;=~-._[]") if parts.query else ""
    target = httpcore.URL(
        scheme=parts.scheme, host=host, port=parts.port or DEFAULT_PORTS[parts.scheme], target=path + query
    )
    if parts.username is None:
        return target, {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return target, {"Authorization": "Basic " + b64encode(pair.encode()).decode()}


def _reason(error: Exception, url: str) -> str:
    """Return what went wrong on one line, without what is secret in the URL."""
    parts = urlsplit(url)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    known = forms([basic_token(user, password), user.encode(), password.encode()])
    line = " ".join(f"{type(error).__name__}: {error}".removesuffix(": ").split())
    return redacted(line.encode(errors="replace"), known).decode(errors="replace")[:LONGEST_REASON]


def _host(target: "httpcore.URL") -> str:
    host = target.host.decode()
    written = f"[{host}]" if ":" in host else host
    return written if target.port == DEFAULT_PORTS[target.scheme.decode()] else f"{written}:{target.port}"


def _backend(policy: TargetPolicy, resolve: Resolve) -> "httpcore.AsyncNetworkBackend":
    import httpcore  # noqa: PLC0415  (as above)

    class CheckedBackend(httpcore.AnyIOBackend):
        """Connects to the very address that was checked, so that no name can mean another one meanwhile."""

        async def connect_tcp(
            self,
            host: str,
            port: int,
            timeout: float | None = None,
            local_address: str | None = None,
            socket_options: Iterable[Any] | None = None,
        ) -> httpcore.AsyncNetworkStream:
            check_spelling(host)
            failed: Exception | None = None
            for address in await resolve(host, port):
                try:
                    policy.check(host, address)
                    return await super().connect_tcp(address, port, timeout, local_address, socket_options)
                except Forbidden as error:
                    failed = failed or error
                except httpcore.ConnectError as error:
                    failed = error  # one that may be reached another time is worth another attempt
            raise failed or Unreached(f"{host} has no address")

        async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore.AsyncNetworkStream:
            raise Unreached("only TCP is spoken")

    return CheckedBackend()
