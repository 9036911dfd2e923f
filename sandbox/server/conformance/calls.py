"""Which calls does the journal hold? In pages, so that others are served between them."""

import json
from typing import NamedTuple

from sqlalchemy import bindparam, select

from sandbox.server.journal.queries import IN_WORKSPACE
from sandbox.server.journal.wire import findings_of, numbers_of
from sandbox.store import Query, Tx
from sandbox.store.tables import JOURNAL
from sandbox.vendors.base.range_reads import JournalledCall
from sandbox.vendors.base.refusal import CallFinding

PAGE = 500
"""Calls that are read in one transaction."""


class CallRow(NamedTuple):
    """An entry of the journal, without what is long and not needed."""

    position: int
    id: str
    at: int
    wall: int
    operation: str | None
    outcome: str
    status: int
    messages: str | None
    call_to: str | None
    call_text: str | None
    call_console: str | None
    call_account: int | None
    call_number: str | None
    rules: str
    findings: str | None
    fault: str | None
    ms: int
    method: str
    path: bytes
    query: bytes
    request_headers: str
    request_body: bytes
    response_headers: str
    response_size: int | None

    @property
    def message_numbers(self) -> list[int]:
        """The first 1,000 messages that it made or showed."""
        return numbers_of(self.messages)

    @property
    def effect(self) -> dict[str, object]:
        """That of the fault which it met."""
        effect: dict[str, object] = json.loads(self.fault)["effect"] if self.fault else {}
        return effect

    @property
    def found(self) -> list[CallFinding]:
        """Its findings."""
        return findings_of(self.findings)

    @property
    def request(self) -> JournalledCall:
        """What was asked."""
        headers = json.loads(self.request_headers) if self.request_body else []
        kinds = [value for name, value in headers if name.lower() == "content-type"]
        return JournalledCall(self.path, self.query, kinds[0].encode() if kinds else b"", self.request_body)


_page = (
    select(*(JOURNAL.c[name] for name in CallRow._fields))
    .where(IN_WORKSPACE, JOURNAL.c.position > bindparam("after"))
    .order_by(JOURNAL.c.position)
    .limit(PAGE)
)
ANY = Query(CallRow, _page, hot=True)
OF_OPERATION = Query(CallRow, _page.where(JOURNAL.c.operation == bindparam("operation")), hot=True)


def page_of_calls(tx: Tx, after: int) -> list[CallRow]:
    """Return the calls behind a position, the oldest first."""
    return tx.all(ANY, after=after)


def page_of_operation(tx: Tx, after: int, *, operation: str) -> list[CallRow]:
    """Return the same of one operation."""
    return tx.all(OF_OPERATION, operation=operation, after=after)
