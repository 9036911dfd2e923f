"""The journal: what vendors were asked, what they answered, and why."""

from typing import Annotated

from fastapi import Path, Query

from dialog_sandbox.models.base import DeletedResponse, ListOf
from dialog_sandbox.models.journal import Exchange, ListJournalRequest, ListServerJournalRequest, ShowExchangeRequest
from sandbox.server.control.dependencies import JournalDep, StoreDep, WorkspaceDep
from sandbox.server.control.http import WORKSPACE, control_router
from sandbox.server.control.journal_filters import filters_of
from sandbox.server.control.lists import cut_page
from sandbox.server.journal import Journal
from sandbox.server.journal.queries import (
    drop_all,
    find_entry,
    find_entry_anywhere,
    list_entries,
    size_of,
)
from sandbox.store import Tx
from sandbox.world.errors import UnknownMessage
from sandbox.world.messages.search import find_message

router = control_router("", "Journal")

SERVER_JOURNAL = "/_sandbox/journal"
EXAMPLE = "ex_01927b8c0d1e7f2a8b3c4d5e6f708192"
ExchangeId = Annotated[str, Path(alias="id", description="What X-Sandbox-Exchange said.", examples=[EXAMPLE])]


@router.get(WORKSPACE + "/journal")
async def list_journal(
    ws: WorkspaceDep, journal: JournalDep, page: Annotated[ListJournalRequest, Query()]
) -> ListOf[Exchange]:
    """Every vendor exchange of the workspace, refused and faulted ones too. Secrets never appear."""
    await journal.flush()
    return await ws.read(lambda tx: _page(tx, journal, page, page.message, _searched(tx, page)))


@router.get(WORKSPACE + "/journal/{id}")
async def show_exchange(
    ws: WorkspaceDep, journal: JournalDep, exchange_id: ExchangeId, options: Annotated[ShowExchangeRequest, Query()]
) -> Exchange:
    """One exchange, by the id that its answer named."""
    await journal.flush()
    return await ws.read(lambda tx: journal.show(find_entry(tx, exchange_id), is_masked=options.mask))


@router.delete(WORKSPACE + "/journal")
async def empty_journal(ws: WorkspaceDep, journal: JournalDep) -> DeletedResponse:
    """Empties the workspace's journal."""
    await journal.flush()
    return DeletedResponse(deleted=await ws.write(drop_all))


@router.get(SERVER_JOURNAL)
async def list_server_journal(
    store: StoreDep, journal: JournalDep, page: Annotated[ListServerJournalRequest, Query()]
) -> ListOf[Exchange]:
    """Exchanges that belong to no workspace: of callers without right credentials, and on paths that are no API's."""
    await journal.flush()
    return await store.read(lambda tx: _page(tx, journal, page))


@router.get(SERVER_JOURNAL + "/{id}")
async def show_server_exchange(
    store: StoreDep, journal: JournalDep, exchange_id: ExchangeId, options: Annotated[ShowExchangeRequest, Query()]
) -> Exchange:
    """One exchange, of any workspace or of none, by the id that its answer named."""
    await journal.flush()
    return await store.read(lambda tx: journal.show(find_entry_anywhere(tx, exchange_id), is_masked=options.mask))


@router.delete(SERVER_JOURNAL)
async def empty_server_journal(store: StoreDep, journal: JournalDep) -> DeletedResponse:
    """Forgets the exchanges that belong to no workspace."""
    await journal.flush()
    return DeletedResponse(deleted=await store.write(drop_all))


def _searched(tx: Tx, page: ListJournalRequest) -> int | None:
    """Return the message whose id is searched for, if it is one's."""
    try:
        return None if page.search is None else find_message(tx, page.search.strip()).id
    except UnknownMessage:
        return None


def _page(
    tx: Tx,
    journal: Journal,
    page: ListServerJournalRequest,
    message: str | None = None,
    searched: int | None = None,
) -> ListOf[Exchange]:
    filters = filters_of(tx, page, message)._replace(search=page.search, search_message=searched)
    found = list_entries(tx, filters, after=page.after, limit=page.limit + 1, newest_first=page.order == "newest")
    rows, cursor = cut_page(found, page.limit, lambda row: row.id, size_of)
    return ListOf(items=[journal.show(row, is_masked=page.mask) for row in rows], next=cursor)
