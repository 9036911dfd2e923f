"""Which calls does a report name, and what were they? So that it explains itself without the server."""

import json

from dialog_sandbox.models.report import CitedExchange, WorkspaceReport
from dialog_sandbox.reports import cited_ids
from sandbox.server.conformance.collect import Readable
from sandbox.server.journal.masks import masked_entry
from sandbox.server.journal.queries import BY_ID
from sandbox.server.journal.wire import exchange_body
from sandbox.store import serve_others
from sandbox.store.tables import JournalEntryRow

MOST_CITED = 300
"""Calls that a report shows, the first that it names: the others stay ids."""
LONGEST_TARGET = 500
LONGEST_SIDE = 2_000
"""Characters of a request or an answer."""
BATCH_SIZE = 20
"""Entries that are read together: each may have 128 KiB of bodies."""


async def with_cited(ws: Readable, report: WorkspaceReport, *, is_masked: bool) -> WorkspaceReport:
    """Return a report with the calls that it names; those that have gone meanwhile stay ids."""
    ids = cited_ids(report)[:MOST_CITED]
    shown: list[CitedExchange] = []
    for first in range(0, len(ids), BATCH_SIZE):
        batch = ids[first : first + BATCH_SIZE]
        rows = await ws.read(lambda tx: [tx.one(BY_ID, id=each) for each in batch])  # noqa: B023  (it is run at once)
        shown += [_cited(masked_entry(row) if is_masked else row) for row in rows if row is not None]
        await serve_others()
    return report.model_copy(update={"exchanges": shown})


def _cited(row: JournalEntryRow) -> CitedExchange:
    exchange = exchange_body(row, {})
    target = exchange.path + (f"?{exchange.query}" if exchange.query else "")
    return CitedExchange(
        id=exchange.id,
        at=exchange.at,
        operation=exchange.operation,
        method=exchange.method,
        target=_beginning(target, LONGEST_TARGET),
        status=exchange.status,
        outcome=exchange.outcome,
        fault=exchange.fault,
        request=_side(json.loads(row.request_headers), exchange.request.body),
        response=_side(json.loads(row.response_headers), exchange.response.body),
    )


def _side(headers: list[list[str]], body: str) -> str:
    lines = "".join(f"{name}: {value}\n" for name, value in headers)
    return _beginning(f"{lines}\n{body}".rstrip("\n"), LONGEST_SIDE)


def _beginning(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
