"""Reads collections as Postman and editors do: each request with its variables filled in."""

import base64
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

REFERENCE = re.compile(r"\{\{(\w+)\}\}")


class ReadRequest(NamedTuple):
    """A request that is ready to be sent."""

    name: str
    method: str
    url: str
    headers: dict[str, str]
    body: str


def requests_of_postman(collection: Mapping[str, Any]) -> list[ReadRequest]:
    """The requests of a collection 2.1, folders in their order."""
    values = {each["key"]: each["value"] for each in collection["variable"]}
    return [_of_postman(collection, item, values) for item in _items(collection["item"])]


def _items(items: list[Any]) -> Iterator[Any]:
    for each in items:
        if "item" in each:
            yield from _items(each["item"])
        else:
            yield each


def _of_postman(collection: Mapping[str, Any], item: Any, values: Mapping[str, str]) -> ReadRequest:
    def filled(text: str) -> str:
        return REFERENCE.sub(lambda found: values[found[1]], text)

    def sent(fields: list[Any]) -> dict[str, str]:
        return {each["key"]: filled(each["value"]) for each in fields if not each["disabled"]}

    request = item["request"]
    url = request["url"]
    path = "/".join(quote(filled(part)) for part in url["path"])
    query = urlencode(sent(url.get("query", [])))
    headers = {each["key"]: filled(each["value"]) for each in request["header"]}
    kind = collection["auth"]["type"]
    members = {each["key"]: filled(each["value"]) for each in collection["auth"].get(kind, [])}
    if kind == "basic":
        headers["Authorization"] = _basic(members["username"], members["password"])
    elif kind == "bearer":
        headers["Authorization"] = f"Bearer {members['token']}"
    body = request.get("body")
    content = ""
    if body is not None:
        content = urlencode(sent(body["urlencoded"])) if body["mode"] == "urlencoded" else filled(body["raw"])
    return ReadRequest(
        item["name"],
        request["method"],
        f"{filled(url['host'][0])}/{path}{'?' if query else ''}{query}",
        headers,
        content,
    )


def requests_of_http_file(text: str) -> list[ReadRequest]:
    """The requests of a `.http` file."""
    head, *blocks = re.split(r"^### ", text, flags=re.MULTILINE)
    values = dict(re.findall(r"^@(\w+) = ?(.*)$", head, re.MULTILINE))
    return [_of_http_file(REFERENCE.sub(lambda found: values[found[1]], block)) for block in blocks]


def _of_http_file(block: str) -> ReadRequest:
    top, _, body = block.partition("\n\n")
    name, *lines = [line for line in top.splitlines() if not line.startswith("#")]
    request_line, *header_lines = lines
    method, _, url = request_line.partition(" ")
    headers = dict(line.split(": ", 1) for line in header_lines)
    scheme, *given = headers.get("Authorization", "").split(" ")
    if scheme == "Basic":
        headers["Authorization"] = _basic(*given)
    return ReadRequest(name, method, url, headers, body.rstrip("\n"))


def _basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
