"""The journal as HAR 1.2, which browsers' network panels, proxies and viewers read."""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from pydantic_core import to_json

from dialog_sandbox.models.journal import Side
from sandbox.server.journal.wire import OWN_HEADER, exchange_body, moment
from sandbox.store.tables import JournalEntryRow

MEDIA_TYPE = "application/json"
VERSION = "1.2"
HTTP = "HTTP/1.1"
UNKNOWN = -1
"""What HAR says of a size that nobody knows."""
CUT = "The first {} bytes are kept."
OWN_MEMBERS = {"id", "at", "operation", "outcome", "rules", "findings", "fault", "messages"}
"""What an exchange has that HAR has no place for: it stands in `_sandbox`, as the format lets programs add."""


def har_of(
    entries: Iterable[JournalEntryRow], url: str, version: str, explanations: Mapping[str, str]
) -> Iterator[bytes]:
    """Yield a HAR file in pieces. `url`: what the paths stand behind; `version`: of this product."""
    creator = to_json({"name": "dialog-sandbox", "version": version})
    yield b'{"log":{"version":"' + VERSION.encode() + b'","creator":' + creator + b',"entries":['
    for n, entry in enumerate(entries):
        yield (b",\n" if n else b"\n") + to_json(har_entry(entry, url, explanations))
    yield b"\n]}}\n"


def har_entry(entry: JournalEntryRow, url: str, explanations: Mapping[str, str]) -> dict[str, Any]:
    """Return an exchange as HAR has it; `time` and `timings` are in ms of wall time."""
    exchange = exchange_body(entry, explanations)
    query = f"?{exchange.query}" if exchange.query else ""
    request: dict[str, Any] = {
        "method": exchange.method,
        "url": f"{url}{exchange.path}{query}",
        "httpVersion": HTTP,
        "cookies": [],  # their values are secrets
        "headers": _headers(exchange.request.headers),
        "queryString": _pairs(exchange.query),
        "headersSize": UNKNOWN,
        "bodySize": entry.request_size,
    }
    if entry.request_body:
        request["postData"] = _post_data(_type_of(exchange.request.headers), exchange.request)
    return {
        "startedDateTime": moment(entry.wall - entry.ms),
        "time": entry.ms,
        "request": request,
        "response": {
            "status": exchange.status,
            "statusText": _phrase(exchange.status),
            "httpVersion": HTTP,
            "cookies": [],
            "headers": _headers(exchange.response.headers),
            "content": _content(_type_of(exchange.response.headers), entry.response_body, entry.response_size),
            "redirectURL": "",
            "headersSize": UNKNOWN,
            "bodySize": UNKNOWN if entry.response_size is None else entry.response_size,
        },
        "cache": {},
        "timings": {"send": 0, "wait": entry.ms, "receive": 0},
        "_sandbox": exchange.model_dump(mode="json", include=OWN_MEMBERS),
    }


def _headers(headers: list[list[str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers if name != OWN_HEADER]


def _pairs(text: str) -> list[dict[str, str]]:
    pairs = parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=None)
    return [{"name": name, "value": value} for name, value in pairs]


def _type_of(headers: list[list[str]]) -> str:
    return next((value for name, value in headers if name.lower() == "content-type"), "")


def _post_data(media_type: str, sent: Side) -> dict[str, Any]:
    """Return a request's body; HAR has no place for the bytes of one that is no text."""
    found: dict[str, Any] = {"mimeType": media_type, "text": sent.body}
    if sent.encoding == "escaped":
        found["comment"] = r"The body is not UTF-8: its odd bytes are written \xff, and backslashes are doubled."
    elif sent.truncated:
        found["comment"] = CUT.format(len(sent.body.encode()))
    elif media_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
        found["params"] = _pairs(sent.body)
    return found


def _content(media_type: str, body: bytes, size: int | None) -> dict[str, Any]:
    found: dict[str, Any] = {"size": len(body) if size is None else size, "mimeType": media_type}
    if size is None or size > len(body):
        found["comment"] = CUT.format(len(body))
    try:
        return found | {"text": body.decode()}
    except UnicodeDecodeError:
        return found | {"text": b64encode(body).decode(), "encoding": "base64"}


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
