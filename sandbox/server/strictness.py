"""How is a request refused that is not HTTP as the RFCs have it? In its turn, by the app, in the shape of its path.

The app that answers gets what is known of the request as its scope, and the refusal in the scope's extensions. uvicorn
itself would answer every such request by the same plain text, and before those that it still owes an answer.
"""

import asyncio
import logging
from collections.abc import Iterable
from enum import IntEnum
from itertools import islice
from typing import Any, cast
from urllib.parse import unquote

import httptools
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from sandbox.server.bad_requests import (
    LONGEST_LINE,
    NO_VERSION,
    NOT_HTTP,
    NOT_TLS,
    BadRequest,
    check_head,
    of_parser,
    request_line,
)
from sandbox.server.upgrades import WithoutUpgrades

REFUSAL = "sandbox.refusal"
"""In the extensions of a refused request's scope: its `BadRequest`."""
LINGER_S = 2.0
"""How long a refused client may go on sending: a connection that is closed before all was read loses its answer."""
MOST_HEADERS = 64 * 1024
"""Bytes of a request's header names and values together."""
MOST_KEPT = 64 * 1024
"""Bytes of a body that are kept until it is complete, and so, in case of a refusal, for the journal; rather more."""
MOST_HEADER_FIELDS = 500
"""Headers of a request: each is read and written down by itself."""
READ_NO_FURTHER = (414, 431, 503)
"""Refusals of a whole head behind which no body is read: what is too much already, or comes where there is no room."""
SHARED = ("type", "asgi", "http_version", "server", "client", "scheme", "root_path", "state")
"""What the scopes of a connection's requests have alike."""


logger = logging.getLogger(__name__)


class NoFurtherRequest(Exception):
    """The last request of a connection was read to its end; the parser is told so."""


class RequestPart(IntEnum):
    """What of a request comes next on a connection; `NONE`: the last one is complete."""

    NONE = 0
    HEAD = 1
    BODY = 2


class Strict(WithoutUpgrades):
    """Takes no request that the RFCs do not."""

    part = RequestPart.NONE
    answering: RequestResponseCycle | None = None
    is_refused = False
    """Nothing that comes now is read."""
    _beginning = b""
    """Of a request whose head is not complete; empty where it came behind another one."""
    _withdrawn: RequestResponseCycle | None = None
    """One whose app is not to go on, nor to begin."""
    _is_head_refused = False
    """Whether what comes now is the body of a request that is refused; it is read for the journal."""

    def data_received(self, data: bytes) -> None:
        if self.is_refused:
            return
        if self.part is RequestPart.NONE:
            self._beginning = data
        elif self.part is RequestPart.HEAD and 0 < len(self._beginning) < LONGEST_LINE:
            self._beginning += data
        super().data_received(data)
        if self.part is RequestPart.HEAD and not self.is_refused:
            line = request_line(self._beginning)
            if line.is_whole and not line.protocol:
                self.refuse(BadRequest(505, NO_VERSION))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.part = RequestPart.HEAD
        self._came = bytearray()  # of the body

    def on_header(self, name: bytes, value: bytes) -> None:
        """Blanks and tabs around a value are none of it (RFC 9110, 5.5)."""
        super().on_header(name, value.strip(b" \t"))

    def on_headers_complete(self) -> None:
        if self.parser.get_http_version() == "1.0":
            self.expect_100_continue = False  # RFC 9110, 10.1.1
        try:
            self.check_head()
        except BadRequest as refusal:
            if refusal.status in READ_NO_FURTHER or self.expect_100_continue:
                raise
            self._is_head_refused = True
            self._begin_refusal(refusal)
        else:
            super().on_headers_complete()
            if self.scope["http_version"] != "1.0":
                self.scope["http_version"] = "1.1"
        self.part = RequestPart.BODY
        self.headers = []  # the scope has them, and what comes behind a chunked body is not to be among them
        self._beginning = b""

    def check_head(self) -> None:
        """Raise `BadRequest` for a complete head that is not to be answered."""
        self.url = check_head(self.parser.get_method(), self.parser.get_http_version(), self.url, self.headers)

    def on_body(self, body: bytes) -> None:
        if len(self._came) < MOST_KEPT:
            self._came += body
        super().on_body(body)

    def on_message_complete(self) -> None:
        self.part = RequestPart.NONE
        super().on_message_complete()
        if self._is_head_refused:
            raise NoFurtherRequest

    def _pass_over(self) -> bytes:
        self.part = RequestPart.BODY
        return super()._pass_over()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self.answering = cycle

        async def unless_withdrawn(scope: Scope, receive: Receive, send: Send) -> None:
            if self._withdrawn is not cycle:
                await app(scope, receive, send)

        super()._start_asgi_task(cycle, cast(Any, unless_withdrawn))

    @property
    def is_answering(self) -> bool:
        """Whether a request is not answered to its end."""
        return self.answering is not None and not self.answering.response_complete

    @property
    def is_target_known(self) -> bool:
        """Whether so much of a head has come that it can be told for whom it is."""
        return bool(self.headers) or request_line(self._beginning).is_whole

    # Refusing --------------------------------------------------------------------------------------------------------

    def parser_failed(self, error: httptools.HttpParserError) -> None:
        cause = error.__context__
        if isinstance(cause, NoFurtherRequest):
            self._read_no_further()
        elif isinstance(cause, BadRequest):
            self.refuse(cause)
        elif isinstance(cause, httptools.HttpParserError):
            self.refuse(of_parser(cause, self._beginning))
        elif isinstance(error, httptools.HttpParserCallbackError):
            self.logger.error("A request's head could not be read.", exc_info=cause)
            self.refuse(BadRequest(400, NOT_HTTP))
        else:
            self.refuse(of_parser(error, self._beginning))

    def refuse(self, refusal: BadRequest) -> None:
        """Have the app answer the request that is being read, when it is its turn; the connection ends with that."""
        if refusal.reason is NOT_TLS:
            logger.warning("A call by https came to the port of plain http: %s", NOT_TLS)
        if self.part is RequestPart.BODY and not self._is_head_refused:
            if self.cycle.response_started:
                self.is_refused = True
                self.transport.close()
                return
            self._withdraw(self.cycle)
        if not self._is_head_refused:  # of two refusals the first one is told
            self._begin_refusal(refusal)
            self.cycle.body += self._came
        self.cycle.more_body = False
        self.cycle.message_event.set()
        self._read_no_further()

    def _begin_refusal(self, refusal: BadRequest) -> None:
        """Have the app answer, as far as it can without the request's body."""
        self.cycle = RequestResponseCycle(
            scope=self._refused_scope(refusal),
            transport=cast(asyncio.Transport, Lingering(self.transport, self.loop)),
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=False,
            on_response=self._read_no_further,
        )
        if not self.is_answering or self.answering is self._withdrawn:
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.pipeline.appendleft((self.cycle, self.app))

    def _read_no_further(self) -> None:
        self.is_refused = True
        self.flow.resume_reading()

    def _withdraw(self, cycle: RequestResponseCycle) -> None:
        """To its app the client is gone."""
        self._withdrawn = cycle
        cycle.disconnected = True
        cycle.message_event.set()
        for waiting in [each for each in self.pipeline if each[0] is cycle]:
            self.pipeline.remove(waiting)

    def _refused_scope(self, refusal: BadRequest) -> Any:
        """Return what is known of the request that is being read."""
        line = request_line(self._beginning)
        target = line.target or self.url
        method = line.method or self.scope.get("method", "").encode() or (self.url and self.parser.get_method())
        path, _, query = _without_host(target).partition(b"?")
        path = path.partition(b"#")[0]
        return {
            **{name: self.scope[name] for name in SHARED},  # type: ignore[literal-required]  # SHARED has its keys
            "method": method.decode("latin-1"),
            "path": unquote(path.decode("latin-1")),
            "raw_path": path,
            "query_string": query,
            "headers": within(self.scope["headers"], MOST_HEADERS),
            "extensions": {**self.scope.get("extensions", {}), REFUSAL: refusal},
        }


class Lingering:
    """A connection that is closed when its client has done so, or soon.

    One of TLS is so by itself: closing it says that nothing more comes, and reads on until its client says so too.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self.write = transport.write
        self.is_closing = transport.is_closing

    def close(self) -> None:
        """Say that nothing more comes."""
        if self._transport.is_closing():
            return
        if self._transport.can_write_eof():
            self._transport.write_eof()
            self._loop.call_later(LINGER_S, self._transport.close)
        else:
            self._transport.close()
            self._loop.call_later(LINGER_S, self._transport.abort)


def within(headers: Iterable[tuple[bytes, bytes]], most: int) -> list[tuple[bytes, bytes]]:
    """Return the first of them, as many as have so many bytes together, and are not too many."""
    kept: list[tuple[bytes, bytes]] = []
    for name, value in islice(headers, MOST_HEADER_FIELDS):
        most -= len(name) + len(value)
        if most < 0:
            break
        kept.append((name, value))
    return kept


def _without_host(target: bytes) -> bytes:
    """Return a target as it is, or of a whole URL what comes behind its host."""
    before, found, behind = target.partition(b"://")
    if not found or b"/" in before:
        return target
    for place, byte in enumerate(behind):
        if byte in b"/?#":
            return behind[place:] if byte == b"/"[0] else b"/" + behind[place:]
    return b"/"


def refusal_of(scope: Scope) -> BadRequest | None:
    """Return why the connection refused this request; None of one that it did not."""
    found: BadRequest | None = scope.get("extensions", {}).get(REFUSAL)
    return found
