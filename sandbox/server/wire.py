"""The connection beneath an exchange, for whoever must break it: uvicorn's own, told to a request's scope.

An app is not shown its connection, and has no way to end it but by an answer. So the protocol puts itself into the
scope's extensions, where `link_of` finds it. An app that is called without a socket gets the HTTP client's own errors.

It also sees to it that headers have an end, for which neither uvicorn nor its parser cares: they keep what is sent.
"""

from typing import Any, Protocol
from weakref import ref

from starlette.types import Scope

from sandbox.server.bad_requests import LONG_TARGET, BadRequest
from sandbox.server.strictness import MOST_HEADER_FIELDS, MOST_HEADERS
from sandbox.server.unread import Unread

EXTENSION = "sandbox.wire"
MOST_HEAD = 2 * MOST_HEADERS
"""Bytes of a head that is not complete yet, its request line too, which may be as long."""
TOO_LARGE = "The request's headers are over 64 KiB together: send fewer or shorter ones."


TOO_MANY = f"The request has more than {MOST_HEADER_FIELDS} headers: send fewer."


class Link(Protocol):
    """What an exchange came by. Each method ends it, and nothing can be sent after that."""

    is_held: bool
    """Whether a fault holds the exchange: a stop of the server does not wait for it."""

    def reset(self) -> None:
        """By TCP RST."""

    def close(self) -> None:
        """Before the answer began."""

    def cut(self, sent: int, promised: int | None) -> None:
        """Inside the body; bytes of it, `promised` if the head told."""

    def give_up(self) -> None:
        """After waiting in vain."""

    def keep_no_date(self) -> None:
        """Leave the answer's `Date` to the app; this alone ends nothing."""


class Wire(Unread):
    """A connection to a client. A subclass, since uvicorn offers no other way to reach it; give it as `http`."""

    is_held = False
    _is_in_head = False
    _received = 0
    """Bytes of what came last."""
    _at_most = 0
    """Bytes that the head may have: of all that came since it began, and with its beginning."""
    _at_least = 0
    """The same without what came with its beginning."""

    def data_received(self, data: bytes) -> None:
        self._received = len(data)
        if self._is_in_head:
            self._at_least += self._received
            self._at_most += self._received
        super().data_received(data)
        if self._is_in_head and self._at_least > MOST_HEAD and not self.is_refused:
            self.refuse(self._too_large())

    def _too_large(self) -> BadRequest:
        is_target = len(self.url) > MOST_HEADERS and not self.headers
        return BadRequest(414, LONG_TARGET) if is_target else BadRequest(431, TOO_LARGE)

    def _begin_head(self) -> None:
        self._is_in_head = True
        self._at_most = self._received
        self._at_least = 0

    def on_chunk_header(self) -> None:
        """Behind the last chunk come further headers; any other has a body, which says so."""
        self._begin_head()

    def on_body(self, body: bytes) -> None:
        self._is_in_head = False
        super().on_body(body)

    def on_chunk_complete(self) -> None:
        self._is_in_head = False

    def check_head(self) -> None:
        if self._at_most > MOST_HEADERS and _size_of(self.headers) > MOST_HEADERS:
            raise BadRequest(431, TOO_LARGE)
        if len(self.headers) > MOST_HEADER_FIELDS:
            raise BadRequest(431, TOO_MANY)
        super().check_head()

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        super().on_headers_complete()

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._extensions = {EXTENSION: ref(self)}  # weak, or each connection were a cycle for the garbage collector

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._begin_head()
        self.scope["extensions"] = self._extensions  # type: ignore[typeddict-item]  # asgiref knows its own alone

    def shutdown(self) -> None:
        if self.is_held:
            self.close()
        else:
            super().shutdown()

    def close(self) -> None:
        self._end()
        self.transport.close()

    def cut(self, sent: int, promised: int | None) -> None:  # noqa: ARG002  (`Link` has them)
        self.close()

    def give_up(self) -> None:
        self.close()

    def keep_no_date(self) -> None:
        if self.answering is not None:
            own = self.answering.default_headers
            self.answering.default_headers = [each for each in own if each[0] != b"date"]


def _size_of(headers: list[tuple[bytes, bytes]]) -> int:
    return sum(len(name) + len(value) for name, value in headers)


def link_of(scope: Scope) -> Link:
    """What an exchange came by."""
    found = scope.get("extensions", {}).get(EXTENSION)
    if found is None:
        from sandbox.server.inprocess import InProcess  # noqa: PLC0415  (needs the HTTP client, as its caller does)

        return InProcess()
    wire: Wire | None = found()
    assert wire is not None  # an exchange under way keeps its connection
    return wire
