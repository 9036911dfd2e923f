"""Requests and answers as bytes, without a client that would put them right."""

import re
import socket
from typing import NamedTuple, Protocol


class Malformed(AssertionError):
    """What came is no answer in HTTP/1.1; the text says why."""


class Addressed(Protocol):
    """A server, by host and port."""

    @property
    def address(self) -> tuple[str, int]: ...


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


def request(method: bytes, target: bytes, headers: bytes = b"", body: bytes = b"", version: bytes = b"1.1") -> bytes:
    """A whole request, after which the server closes."""
    length = b"Content-Length: %d\r\n" % len(body) if body else b""
    head = b"%s %s HTTP/%s\r\nHost: 127.0.0.1\r\nConnection: close\r\n" % (method, target, version)
    return head + headers + length + b"\r\n" + body


def received(connection: socket.socket) -> bytes:
    """All until the other side closes, or resets what it does not want to read."""
    pieces = []
    try:
        while piece := connection.recv(1 << 16):
            pieces.append(piece)
    except ConnectionResetError:
        pass
    return b"".join(pieces)


def parsed(raw: bytes, *, is_head: bool = False) -> list[Answer]:
    """The answers one after the other; a `100 Continue` is passed over."""
    answers = []
    while raw:
        head, _, raw = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        if not re.match(r"HTTP/1\.1 \d{3} ", first):
            raise Malformed(first)
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        status = int(first.split()[1])
        if status == 100:
            continue
        body, raw = (b"", raw) if is_head or status == 204 else cut_off(raw, headers)
        answers.append(Answer(status, headers, body))
    return answers


def cut_off(raw: bytes, headers: dict[str, str]) -> tuple[bytes, bytes]:
    """An answer's body, and what comes after it."""
    if headers.get("transfer-encoding") != "chunked":
        length = int(headers.get("content-length", 0))
        if len(raw) < length:
            raise Malformed("the answer breaks off")
        return raw[:length], raw[length:]
    pieces, at, size = [], 0, -1
    while size:
        end = raw.find(b"\r\n", at)
        if end < 0:
            raise Malformed("the answer breaks off")
        size = int(raw[at:end], 16)
        pieces.append(raw[end + 2 : end + 2 + size])
        at = end + 2 + size + 2
    return b"".join(pieces), raw[at:]
