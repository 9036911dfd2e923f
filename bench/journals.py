"""Fills the journal of a large store, as a client would have: one that submits, asks for statuses and polls.

The rows are put in by the store's own transactions. They are as the sandbox writes them, but for bodies, which repeat.
"""

import json
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from bench import fill
from sandbox.clock import DAY, SECOND
from sandbox.store import Store, Tx
from sandbox.store.tables import JournalEntryRow
from sandbox.vendors import VENDORS
from sandbox.vendors.simplepay.shapes import PREFIX as SIMPLEPAY
from sandbox.vendors.writeback.api import PREFIX as WRITEBACK
from sandbox.world.workspaces import find

BATCH = 5_000
POLL_EVERY = 4
"""Calls from one poll to the next: those between are two submits and a look at the first one's status."""
FAILS_EVERY, MISTAKEN_EVERY = 50, 20
"""Of the submits: one meets a 503, and is made again; one writes the number otherwise."""
LINE = "16155550110"
HEADERS = json.dumps(
    [
        ["host", "127.0.0.1:8080"],
        ["accept", "*/*"],
        ["user-agent", "python-httpx/0.28.1"],
        ["authorization", "Basic [redacted]"],
        ["content-type", "application/x-www-form-urlencoded"],
    ]
)
ANSWERED = json.dumps([["content-type", "application/json"], ["content-length", "700"]])
RECORD = {"firstName": "Ada", "lastName": None, "message": "Yes, I'll be there.", "deliveryStatus": "DELIVERED"}
RECORDS = json.dumps({"response": [{**RECORD, "note": "x" * 100}] * 3}).encode()
FINDING = json.dumps([["SP-msisdn", "error", "To '+14155550123'", "Send 14155550123 instead of +14155550123."]])
FAULT = json.dumps({"id": "fault_00000001", "effect": {"status": 503}, "latency_ms": 0})
SUBMIT, STATUS, POLL = "simplepay.submit", "simplepay.messages", "writeback.responses"


def fill_journal(path: Path, exchanges: int, end: int, *, messages: int, days: int) -> None:
    """Put so many exchanges into the journal of `default`, over the days up to `end`, about its messages."""
    store = Store(str(path), id_formats=[each for vendor in VENDORS for each in vendor.id_formats])
    try:
        own = store.write_now(lambda tx: tx.enter(find.find_workspace(tx, find.DEFAULT)).id)
        rows = iter(_rows(own, exchanges, end, messages, days))
        while some := list(islice(rows, BATCH)):
            store.write_now(lambda tx, some=some: _insert(tx, some))  # type: ignore[misc]  # mypy infers no lambda with a default
    finally:
        store.close()
    with sqlite3.connect(path) as driver:
        driver.execute("UPDATE workspace SET journal_position = ? WHERE name = 'default'", (exchanges,))


def _insert(tx: Tx, rows: list[JournalEntryRow]) -> None:
    tx.enter(find.find_workspace(tx, find.DEFAULT))
    tx.add_all(rows)


def _rows(own: int, count: int, end: int, messages: int, days: int) -> Iterator[JournalEntryRow]:
    began, wall = end - days * DAY, int(time.time() * 1000)
    apart = days * DAY // count
    of_call = messages // count
    for n in range(count):
        at = began + n * apart
        common = {
            "workspace_id": own,
            "position": n + 1,
            "id": f"ex_{n:032x}",
            "at": at,
            "wall": wall - (count - n),
            "ms": 3,
            "request_headers": HEADERS,
            "response_headers": ANSWERED,
        }
        kind = n % POLL_EVERY
        if kind == POLL_EVERY - 1:
            numbers = [number for number in range((n - 3) * of_call, (n + 1) * of_call) if number > 0]
            yield _poll(common, at - POLL_EVERY * apart, at - SECOND, numbers)
        elif kind == POLL_EVERY - 2:
            yield _row(common, STATUS, b"", f"{SIMPLEPAY}/messages/{fill.CONSOLES[0]}/{n}", messages=[n * of_call + 1])
        else:
            yield _submit(common, n, n * of_call + 1)


def _submit(common: dict[str, Any], n: int, message: int) -> JournalEntryRow:
    to = fill.phone_of(n % fill.PEOPLE)
    text = f"Reminder {n - n % POLL_EVERY} for you"
    body = f"To={to}&From={LINE}&Body={text.replace(' ', '+')}".encode()
    fails, slips = n % FAILS_EVERY == 0, n % MISTAKEN_EVERY == 1
    more: dict[str, Any] = {"call_to": to, "call_from": LINE, "call_text": text, "call_console": fill.CONSOLES[0]}
    if fails:
        more |= {"outcome": "faulted", "status": 503, "fault": FAULT, "rules": "NET-fault"}
    elif slips:
        more |= {"outcome": "refused", "status": 400, "findings": FINDING, "levels": "error", "rules": "SP-msisdn"}
    path = f"{SIMPLEPAY}/submit/{fill.CONSOLES[0]}"
    return _row(common, SUBMIT, body, path, messages=[] if fails or slips else [message], **more)


def _poll(common: dict[str, Any], start: int, end: int, numbers: list[int]) -> JournalEntryRow:
    first, last = (f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d%%20%H:%M:%S}" for at in (start, end))
    path = f"{WRITEBACK}/api/responses/{fill.CONSOLES[0]}/{first}/{last}"
    return _row(common, POLL, b"", path, messages=numbers, call_console=fill.CONSOLES[0], response_body=RECORDS)


def _row(
    common: dict[str, Any], operation: str, body: bytes, path: str, *, messages: list[int], **more: Any
) -> JournalEntryRow:
    plain: dict[str, Any] = dict.fromkeys(
        ("levels", "call_to", "call_from", "call_text", "call_console", "call_account", "call_number")
    )
    plain |= {"findings": None, "fault": None, "outcome": "accepted", "status": 200, "rules": "SP-submit SP-auth"}
    response = more.pop("response_body", RECORDS[:700])
    return JournalEntryRow(
        **{
            **common,
            **plain,
            "operation": operation,
            "messages": f",{','.join(map(str, messages))}," if messages else None,
            "method": "POST" if body else "GET",
            "path": path.encode(),
            "query": b"",
            "request_body": body,
            "request_size": len(body),
            "response_body": response,
            "response_size": len(response),
            **more,
        }
    )
