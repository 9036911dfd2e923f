"""Which journal entries does a query string ask for?"""

from dialog_sandbox.models.journal import ExchangesRequest
from sandbox.server.answers.values import optional_milliseconds
from sandbox.server.journal.queries import JournalFilters
from sandbox.store import Tx
from sandbox.world.messages.search import find_message


def filters_of(tx: Tx, query: ExchangesRequest, message: str | None = None) -> JournalFilters:
    """Return the filters of a query. `message`: an id of the one that the entries are about, if they are of one."""
    return JournalFilters(
        operation=query.operation,
        outcome=query.outcome,
        status=query.status,
        message=None if message is None else find_message(tx, message).id,
        findings=query.findings,
        since=optional_milliseconds(query.since),
        until=optional_milliseconds(query.until),
    )
