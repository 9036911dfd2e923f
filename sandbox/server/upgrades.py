"""Clients that offer to go on in another protocol, as Java's does in the first request of every connection.

A server may pass over the offer and answer as if it were not there. The parser cannot: behind the headers of such a
request it stops, and takes no body. So a new parser goes on there, which is told of no more than how long the body is.
"""

from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

FRAMING = (b"content-length", b"transfer-encoding")
"""The headers that say where a request ends."""


class WithoutUpgrades(HttpToolsProtocol):
    """Speaks HTTP/1.1 to the end of a connection."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        set_leniencies(self.parser)

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        rest: bytes | None = data
        while rest is not None:
            rest = self._feed(rest)

    def _feed(self, data: bytes) -> bytes | None:
        """Reads up to an offer: what is to be read then, if there was one."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError as error:
            self.parser_failed(error)
        except httptools.HttpParserUpgrade as offer:
            return self._pass_over() + data[offer.args[0] :]
        return None

    def parser_failed(self, error: httptools.HttpParserError) -> None:  # noqa: ARG002  (for those who override it)
        """Answer what is no HTTP."""
        self.send_400_response("Invalid HTTP request received.")

    def _pass_over(self) -> bytes:
        """Begins again behind the headers, and tells what the next parser must read before it goes on there.

        Nobody has answered the request yet, or seen that it seemed to have no body: that begins when we return.
        """
        self.cycle.more_body = True
        self.cycle.message_event.clear()
        self.parser = httptools.HttpRequestParser(Continuing(self))
        set_leniencies(self.parser)
        framing = [(name, value) for name, value in self.scope["headers"] if name in FRAMING]
        if not self.cycle.keep_alive:
            framing.append((b"connection", b"close"))
        head = b"POST / HTTP/" + self.scope["http_version"].encode() + b"\r\n"
        return head + b"".join(b"%b: %b\r\n" % header for header in framing) + b"\r\n"

    def on_chunk_header(self) -> None:
        """The size of a chunk was read."""

    def on_chunk_complete(self) -> None:
        """A chunk was read, the last one with the headers behind it."""


class Continuing:
    """Hands on what a parser finds, but for the headers that it reads first: those are known."""

    def __init__(self, to: WithoutUpgrades) -> None:
        self._to = to
        self._is_known = True
        self.on_body = to.on_body
        self.on_chunk_header = to.on_chunk_header
        self.on_chunk_complete = to.on_chunk_complete
        self.on_message_complete = to.on_message_complete

    def on_message_begin(self) -> None:
        if not self._is_known:
            self._to.on_message_begin()

    def on_url(self, url: bytes) -> None:
        if not self._is_known:
            self._to.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._is_known:
            self._to.on_header(name, value)

    def on_headers_complete(self) -> None:
        if not self._is_known:
            self._to.on_headers_complete()
        self._is_known = False


def set_leniencies(parser: httptools.HttpRequestParser) -> None:
    """Let through what is judged behind the parser: whichever version, and what comes behind `Connection: close`."""
    parser.set_dangerous_leniencies(lenient_data_after_close=True, lenient_version=True)
