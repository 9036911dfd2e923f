"""What a server has acknowledged, and whether it still knows it: the oracle of kills and outages."""

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

from bench.servers import Broken, Server
from torture.corpus import CONSOLE
from torture.figures import Figures

TIMEOUT_S = 60
DEFAULT = "/_sandbox/workspaces/default"


@dataclass(frozen=True)
class Acknowledged:
    """A message by one of its ids, with its text; or, if that is None, the opt-out of a phone.

    `exchange`: of a vendor's call, which stands in the journal.
    """

    key: str
    text: str | None = None
    exchange: str | None = None


class Ledger:
    """Filled by many threads; checked while they rest."""

    def __init__(self) -> None:
        self._fresh: list[Acknowledged] = []
        self._texts: dict[str, str] = {}
        """Of all messages, by key."""
        self._optouts: set[str] = set()
        self._twice: list[str] = []
        self._lock = threading.Lock()

    def add(self, each: Acknowledged) -> None:
        with self._lock:
            self._fresh.append(each)
            if each.text is None:
                self._optouts.add(each.key)
            elif each.key in self._texts:
                self._twice.append(f"the id {each.key} was given twice")
            else:
                self._texts[each.key] = each.text

    def check_fresh(self, server: Server, figures: Figures, *, is_journalled: bool = True) -> None:
        """Look for each thing that was acknowledged since the last time, one by one."""
        fresh, self._fresh = self._fresh, []
        with closing(HTTPConnection(*server.address, timeout=TIMEOUT_S)) as connection:
            for each in fresh:
                if not _is_there(connection, each):
                    figures.count("lost", f"lost: {each}")
                if is_journalled and each.exchange and ask(connection, f"/journal/{each.exchange}") is None:
                    figures.count("lost", f"not in the journal: {each}")

    def check_all(self, server: Server, figures: Figures) -> None:
        """Look for everything in the lists."""
        for sentence in self._twice:
            figures.is_wrong(sentence)
        with closing(HTTPConnection(*server.address, timeout=TIMEOUT_S)) as connection:
            known: dict[str, str] = {}
            for message in every(connection, "/messages"):
                for key in filter(None, {message["id"], *message["ids"].values()}):
                    if key in known:
                        figures.is_wrong(f"two messages have the id {key}")
                    known[key] = message["text"]
            gone = {each["phone"] for each in every(connection, "/consents") if each["state"] == "opted_out"}
        for key, text in self._texts.items():
            if known.get(key) != text:
                figures.count("lost", f"lost in the end: {key} {text!r}")
        for phone in self._optouts - gone:
            figures.count("lost", f"opted out, and lost in the end: {phone}")


def _is_there(connection: HTTPConnection, each: Acknowledged) -> bool:
    if each.text is None:
        found = ask(connection, f"/consents?phone={each.key}")["items"]
        return any(line["console"] == CONSOLE and line["state"] == "opted_out" for line in found)
    message = ask(connection, f"/messages/{each.key}")
    return message is not None and message["text"] == each.text


def ask(connection: HTTPConnection, path: str) -> Any:
    """What the workspace answers; None if there is no such thing."""
    connection.request("GET", DEFAULT + path)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status == 404:
        return None
    if answer.status != 200:
        raise Broken(f"GET {path}: {answer.status} {body[:300]!r}")
    return json.loads(body)


def every(connection: HTTPConnection, path: str) -> Iterator[Any]:
    """What is on all pages of a list."""
    cursor: str | None = ""
    while cursor is not None:
        page = ask(connection, f"{path}?limit=1000{cursor and '&after=' + cursor}")
        yield from page["items"]
        cursor = page["next"]
