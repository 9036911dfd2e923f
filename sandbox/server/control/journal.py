"""The journal: what vendors were asked, what they answered, and why."""

import sqlite3
from contextlib import suppress
from typing import Annotated

from fastapi import Path, Query, Response

from sandbox.dependencies import WorkspaceDep, WorldDep
from sandbox.server.control import shapes
from sandbox.server.control.http import WORKSPACE, answer, control_router, listed
from sandbox.server.control.shapes import ListOf
from sandbox.server.journal.entries import entry, number_of, our_id
from sandbox.world import World, journal, messages
from sandbox.world.journal import SERVER, Filters

router = control_router("", "Journal")

SERVER_JOURNAL = "/_sandbox/journal"
ExchangeId = Annotated[str, Path(alias="id", description="What X-Sandbox-Exchange said.", examples=["ex_1"])]
ServerExchangeId = Annotated[
    str, Path(alias="id", description="What X-Sandbox-Exchange said.", examples=["ex_server_1"])
]


@router.get(WORKSPACE + "/journal", response_model=ListOf[shapes.JournalEntry])
async def list_journal(
    world: WorldDep, workspace: WorkspaceDep, asked: Annotated[shapes.JournalFilters, Query()]
) -> Response:
    """Every vendor exchange of the workspace, refused and faulted ones too. Secrets never appear."""
    message = None if asked.message is None else messages.find(world, workspace, asked.message)["id"]
    return _page(world, workspace.id, asked, message)


@router.get(WORKSPACE + "/journal/{id}", response_model=shapes.JournalEntry)
async def show_exchange(world: WorldDep, workspace: WorkspaceDep, exchange_id: ExchangeId) -> Response:
    """One exchange, by the id that its answer named."""
    return _one(world, workspace.id, exchange_id)


@router.delete(WORKSPACE + "/journal", response_model=shapes.Deleted)
async def empty_journal(world: WorldDep, workspace: WorkspaceDep) -> Response:
    """Empties the workspace's journal."""
    return _emptied(world, workspace.id)


@router.get(SERVER_JOURNAL, response_model=ListOf[shapes.JournalEntry])
async def list_server_journal(world: WorldDep, asked: Annotated[shapes.ServerJournalFilters, Query()]) -> Response:
    """Exchanges that belong to no workspace: of callers without right credentials."""
    return _page(world, SERVER, asked)


@router.get(SERVER_JOURNAL + "/{id}", response_model=shapes.JournalEntry)
async def show_server_exchange(world: WorldDep, exchange_id: ServerExchangeId) -> Response:
    """One exchange that belongs to no workspace."""
    return _one(world, SERVER, exchange_id)


@router.delete(SERVER_JOURNAL, response_model=shapes.Deleted)
async def empty_server_journal(world: WorldDep) -> Response:
    """Forgets the exchanges that belong to no workspace."""
    return _emptied(world, SERVER)


def _page(world: World, workspace_id: int, asked: shapes.ServerJournalFilters, message: int | None = None) -> Response:
    _write_down(world)
    given = asked.model_dump(include={"operation", "outcome", "status", "findings", "since", "until"})
    rows = journal.listed(
        world,
        workspace_id,
        Filters(**given, message=message),
        after=None if asked.after is None else number_of(workspace_id, asked.after),
        limit=asked.limit + 1,
        newest_first=asked.order == "newest",
    )
    page = rows[: asked.limit]
    cursor = our_id(workspace_id, page[-1]["number"]) if len(rows) > asked.limit else None
    return listed([*map(entry, page)], cursor)


def _one(world: World, workspace_id: int, exchange_id: str) -> Response:
    _write_down(world)
    return answer(entry(journal.find(world, workspace_id, number_of(workspace_id, exchange_id))))


def _write_down(world: World) -> None:
    """What was answered up to now can be read, but for what a store that cannot be written keeps waiting."""
    with suppress(sqlite3.Error):
        world.journal.write()


def _emptied(world: World, workspace_id: int) -> Response:
    world.journal.write()
    return answer({"deleted": journal.drop_all(world, workspace_id)})
