"""What does a demo show its visitors, who have no token? What everybody sees, without credentials and callbacks' URLs.

It is taken out of whatever the control API answers, so that no endpoint can forget it.
"""

import re
from typing import Any

from pydantic_core import from_json, to_json
from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

from sandbox.server.journal.secrets import MARK

HIDDEN = MARK.decode()
FOR_PRESENTERS = re.compile(r"/_sandbox/workspaces/[^/]+/((sinks|snapshots)/[^/]+|bundle|journal\.(har|http))")
"""What is made of nothing but a sink's URL and what it got, and files that hold all that a workspace does."""
CREDENTIALS = frozenset(("username", "password", "access_key", "secret_access_key", "account", "curl"))
"""Members that hold credentials, or begin with them; `account` is an access key."""
CALLED = "url"
"""Of a callback, or of a call that fetches a message, beside a `curl`."""
SINK = re.compile(r"(?i)(sinks(?:\\*/|%(?:25)*2f))[\w-]+")
"""A sink's URL up to its token, however it is encoded."""
CALLBACK_VALUES = (
    re.compile(r"(?i)((?:^|[&?;\r\n])status_?callback=)[^&\s]*"),
    re.compile(r'(?i)(name="?status_?callback"?(?:;[^\r\n]{0,100})?(?:\r?\n[^\r\n]{1,100}){0,3}\r?\n\r?\n)[^\r\n]*'),
    re.compile(r'(?i)("status_?callback"\s*:\s*)"(?:[^"\\]|\\.)*"'),
)
"""A StatusCallback in a query or form, in a multipart form, in JSON."""
FINDING = {"rule", "level", "seen", "mend"}
ADDRESS = re.compile(r"(?i)\bhttps?(?::|%3a)(?:/|%2f){2}[^\s\"'<>]+")


def filtered(send: Send, *, shows_credentials: bool) -> Send:
    """Return what sends an answer as a visitor may see it: JSON, and events of JSON."""
    hidden: frozenset[str] = frozenset() if shows_credentials else CREDENTIALS
    start: Message = {}
    pieces: list[bytes] = []

    async def send_to_visitor(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start":
            start = message
            if not _is_json(start):
                await send(start)
        elif message["type"] != "http.response.body":
            await send(message)
        elif not _is_json(start):
            is_stream = _media_type(start) == "text/event-stream"
            body: bytes = message.get("body", b"")
            await send({**message, "body": _events(body, hidden) if is_stream else body})
        else:
            pieces.append(message.get("body", b""))
            if not message.get("more_body"):
                body = to_json(for_visitors(from_json(b"".join(pieces)), hidden)) if any(pieces) else b""
                MutableHeaders(scope=start)["content-length"] = str(len(body))
                await send(start)
                await send({**message, "body": body})

    return send_to_visitor


def _media_type(start: Message) -> str:
    return MutableHeaders(scope=start).get("content-type", "").partition(";")[0].strip().lower()


def _is_json(start: Message) -> bool:
    return _media_type(start).endswith("json")


def _events(piece: bytes, hidden: frozenset[str]) -> bytes:
    """Return a piece of a stream, which holds whole events, their data each on a line."""
    return b"\n".join(
        b"data: " + to_json(for_visitors(from_json(line[6:]), hidden)) if line.startswith(b"data: ") else line
        for line in piece.split(b"\n")
    )


def for_visitors(value: Any, hidden: frozenset[str] = CREDENTIALS) -> Any:
    """Return a JSON value without the members that are `hidden`, and without the URLs of callbacks."""
    if isinstance(value, str):
        return _without_urls(value)
    if isinstance(value, list):
        return [for_visitors(each, hidden) for each in value]
    if not isinstance(value, dict):
        return value
    is_call, is_finding = "curl" in value, value.keys() >= FINDING
    hides = hidden | ({CALLED} if not is_call or "curl" in hidden else frozenset())
    seen = {name: HIDDEN if name in hides and each else for_visitors(each, hidden) for name, each in value.items()}
    return {name: _without_addresses(each) for name, each in seen.items()} if is_finding else seen


def _without_urls(text: str) -> str:
    text = SINK.sub(_marked, text)
    if "callback" in text.lower():
        for pattern in CALLBACK_VALUES:
            text = pattern.sub(_marked, text)
    return text


def _without_addresses(value: Any) -> Any:
    return ADDRESS.sub(HIDDEN, value) if isinstance(value, str) else value


def _marked(found: re.Match[str]) -> str:
    return found[1] + HIDDEN
