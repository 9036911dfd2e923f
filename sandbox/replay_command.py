"""Where does `dialog-sandbox replay` make a run again: on a server of its own, or on one that runs?"""

import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import httpcore

from dialog_sandbox.session import base_of
from sandbox.replay import Replay, ReplayRefused, ReplayResult
from sandbox.server.exports.bundle import DamagedBundle
from sandbox.server.exports.recorded_requests import CannotBeSent, RecordedRequest
from sandbox.server.guard import UI

TIMEOUT_S = 60.0
HANGS_UP_AFTER_S = 1.0
"""From a call that is held until its caller hangs up."""
BROKEN = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError)
PORTS = {"http": 80, "https": 443}


class CannotReplay(Exception):
    """The text says why."""


class HttpServer:
    """A server behind a URL, called past all proxies."""

    def __init__(self, url: str, token: str | None) -> None:
        try:
            self.url = base_of(url)
            parts = urlsplit(self.url)
        except ValueError as error:
            raise CannotReplay(str(error)) from None
        assert parts.hostname is not None
        self._origin = (parts.scheme.encode(), parts.hostname.encode(), parts.port or PORTS[parts.scheme])
        self._host = parts.netloc.rpartition("@")[2].encode()
        self._prefix = parts.path.rstrip("/").encode()
        self._token = [(b"Authorization", f"Bearer {token}".encode())] if token else []
        self._pool = httpcore.ConnectionPool(ssl_context=ssl.create_default_context())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.close()

    def control(
        self, method: str, path: str, body: bytes | None = None, media_type: str = "application/json"
    ) -> tuple[int, bytes]:
        """Make a call of the control API; return the answer's status and body. Raises `CannotReplay`."""
        headers = [(b"Host", self._host), *self._token, (b"Content-Length", str(len(body or b"")).encode())]
        if body is not None:
            headers.append((b"Content-Type", media_type.encode()))
        try:
            answer = self._call(method, path.encode(), headers, body or b"", TIMEOUT_S)
        except BROKEN as error:
            raise CannotReplay(f"No sandbox answers at {self.url}: {str(error) or type(error).__name__}.") from None
        return answer.status, answer.content

    def send(self, request: RecordedRequest, *, hangs: bool) -> str | None:
        """Make a vendor call; return the exchange's id, if it was answered. `hangs`: it waits for who hangs up.

        Raises `CannotBeSent` when it is no request that an HTTP client may send.
        """
        timeout = HANGS_UP_AFTER_S if hangs else TIMEOUT_S
        try:
            answer = self._call(request.method, request.target, request.headers, request.body, timeout)
        except httpcore.LocalProtocolError as error:
            raise CannotBeSent(f"no HTTP client sends such a request ({error})") from None
        except BROKEN:
            return None
        named = dict(answer.headers).get(b"x-sandbox-exchange")
        return None if named is None else named.decode()

    def _call(
        self, method: str, target: bytes, headers: list[tuple[bytes, bytes]], body: bytes, timeout: float
    ) -> httpcore.Response:
        scheme, host, port = self._origin
        url = httpcore.URL(scheme=scheme, host=host, port=port, target=self._prefix + target)
        limits = dict.fromkeys(("connect", "read", "write", "pool"), timeout)
        request = httpcore.Request(method, url, headers=headers, content=body, extensions={"timeout": limits})
        answer = self._pool.handle_request(request)
        try:
            answer.read()
        finally:
            answer.close()
        return answer


def replay(file: str, server: HttpServer, *, stays: bool) -> ReplayResult:
    """Make a bundle's run again, and print what is otherwise. `stays`: the server is there afterwards, to look at it.

    Raises `CannotReplay`.
    """
    with _opened(file) as path, path.open("rb") as lines:
        made = Replay(server, print)
        try:
            return made.run(lines)
        except DamagedBundle as error:
            raise CannotReplay(f"{file} cannot be read: {error}") from None
        except ReplayRefused as error:
            raise CannotReplay(str(error)) from None
        finally:
            if stays and made.workspace_id:
                page = f"{server.url}{UI}/{made.workspace_id}/exchanges"
                print(f"dialog-sandbox: it is made again in {page}", file=sys.stderr)


@contextmanager
def _opened(file: str) -> Iterator[Path]:
    try:
        yield Path(file)
    except OSError as error:
        raise CannotReplay(f"Cannot read {file}: {error.strerror or error}.") from None


def summary(result: ReplayResult) -> str:
    """Return in a line what came of it."""
    made = f"{result.exchanges} vendor calls and {result.controls} others were made again"
    if result.is_same:
        return f"{made}: the same, but for unique ids."
    parts = {"different": result.different, "left out": result.left_out, "not known": result.missing}
    return f"{made}: {', '.join(f'{count} {what}' for what, count in parts.items() if count)}."
