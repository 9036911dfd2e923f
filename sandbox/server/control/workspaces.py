"""Workspaces: made and removed, what they are and own, and how their consoles and accounts behave."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Path, Response

from dialog_sandbox.models.base import ListOf
from dialog_sandbox.models.workspaces import (
    AccountSettings,
    AddAccountRequest,
    AddConsoleRequest,
    ChangeAccountRequest,
    ChangeConsoleRequest,
    ChangeWorkspaceRequest,
    ConsoleSettings,
    CreateWorkspaceRequest,
    WorkspaceInfo,
)
from sandbox.clock import SECOND
from sandbox.server.answers.values import optional_milliseconds
from sandbox.server.answers.workspaces import (
    account_settings,
    console_settings,
    workspace_now,
    workspaces_of,
)
from sandbox.server.control.delivery import delivery_columns
from sandbox.server.control.dependencies import StoreDep, WorkspaceDep
from sandbox.server.control.http import WORKSPACE, control_router
from sandbox.server.problems import invalid, refusals
from sandbox.store import Slices, Tx
from sandbox.store.tables import WorkspaceRow
from sandbox.world import fixtures, limits
from sandbox.world.access import make_in_slices
from sandbox.world.errors import FixtureRefused
from sandbox.world.lines import console_line
from sandbox.world.seed import seeding
from sandbox.world.workspaces import change, create, find, remove

router = control_router("", "Workspaces")

Code = Annotated[str, Path(description="A console's code.", examples=["HARBOR1001"])]
AccessKey = Annotated[str, Path(description="An account's access key.", examples=["demo-access-key"])]


@router.post("/_sandbox/workspaces", status_code=201, responses=refusals(409))
async def create_workspace(store: StoreDep, body: CreateWorkspaceRequest | None = None) -> WorkspaceInfo:
    """Makes a world of its own for a test, a team or a customer, with credentials of its own.

    It has the codes and lines of its fixture, whoever else has them: what tells workspaces apart is their credentials.
    """
    wanted = body or CreateWorkspaceRequest()
    has = wanted.model_fields_set
    settings = {"clock_frozen": wanted.clock == "frozen"}
    columns = settings | (delivery_columns(wanted.delivery) if "delivery" in has else {})
    # In a thread: a long one takes a second to read.
    own = await asyncio.to_thread(_fixture_in, wanted) if "fixture_text" in has else None

    def work(tx: Tx) -> Slices[WorkspaceInfo]:
        remove.delete_expired(tx)
        tx = yield from seeding(
            tx,
            own or _fixture(tx, wanted.fixture),
            name=wanted.name,
            seed=wanted.seed,
            start_at=optional_milliseconds(wanted.start_at),
            expires_wall=tx.wall + max(1, round(wanted.ttl * SECOND)) if "ttl" in has else None,
            settings=columns,
        )
        limits.check_messages(tx, 0)
        return workspace_now(tx)

    return await make_in_slices(store, work)


def _fixture(tx: Tx, name: str) -> fixtures.LoadedFixture:
    """Return a packaged fixture or the one of the workspace `default`: no other file is read for a caller."""
    # It is not entered: others would have to wait with their writes there until this workspace is made.
    default = tx.get(WorkspaceRow, find.find_workspace(tx, find.DEFAULT).id)
    assert default is not None, "it was just found"
    known = {*fixtures.names(), default.fixture}
    if name not in known:
        raise invalid(("body", "fixture", f"is not known; known are {', '.join(sorted(known))}"))
    return fixtures.load_cached(name)


def _fixture_in(wanted: CreateWorkspaceRequest) -> fixtures.LoadedFixture:
    """Return the fixture that came with the request."""
    if "fixture" in wanted.model_fields_set:
        raise invalid(("body", "fixture_text", "cannot be given beside fixture: leave out one of them"))
    try:
        return fixtures.load_text(wanted.fixture_text)
    except FixtureRefused as error:
        raise invalid(("body", "fixture_text", str(error))) from None


@router.get("/_sandbox/workspaces")
async def list_workspaces(store: StoreDep) -> ListOf[WorkspaceInfo]:
    """Every workspace of this server."""
    found = await store.read(lambda tx: workspaces_of(tx, find.all_workspaces(tx)))
    return ListOf(items=found, next=None)


@router.get(WORKSPACE)
async def show_workspace(ws: WorkspaceDep) -> WorkspaceInfo:
    """One workspace, with the credentials, lines and keys that its callers need."""
    return await ws.read(workspace_now)


@router.patch(WORKSPACE)
async def change_workspace(ws: WorkspaceDep, body: ChangeWorkspaceRequest | None = None) -> WorkspaceInfo:
    """Sets how a workspace answers; without a body it only shows that.

    `date_header`: whether the `Date` of vendor answers is what its clock reads, for a client that takes its time from
    there.
    """

    def work(tx: Tx) -> WorkspaceInfo:
        change.change_workspace(tx, **_members(body))
        return workspace_now(tx)

    return await ws.write(work)


@router.delete(WORKSPACE, status_code=204, response_class=Response, responses=refusals(409))
async def delete_workspace(ws: WorkspaceDep) -> None:
    """Removes a workspace and all that is in it; its credentials stop working at once. `default` stays."""
    await ws.write(remove.delete_workspace)


@router.post(WORKSPACE + "/consoles", status_code=201, responses=refusals(409))
async def add_console(ws: WorkspaceDep, body: AddConsoleRequest | None = None) -> ConsoleSettings:
    """Adds a console and its line; whoever was entered by staff is known to it."""

    def work(tx: Tx) -> ConsoleSettings:
        line = create.add_console(tx, **_members(body))
        create.introduce(tx, line.number, tx.now)
        return console_settings(line)

    return await ws.write(work)


@router.post(WORKSPACE + "/accounts", status_code=201, responses=refusals(409))
async def add_account(ws: WorkspaceDep, body: AddAccountRequest | None = None) -> AccountSettings:
    """Adds a DialogTech account with its keys and tracking numbers. An access key is nobody else's on this server."""
    columns = _account_columns(_members(body))
    return await ws.write(lambda tx: account_settings(tx, create.add_account(tx, **columns)))


@router.patch(WORKSPACE + "/consoles/{code}")
async def change_console(ws: WorkspaceDep, code: Code, body: ChangeConsoleRequest | None = None) -> ConsoleSettings:
    """Changes how a console answers from now on; without a body it only shows that."""

    def work(tx: Tx) -> ConsoleSettings:
        change.change_console(tx, code, **_members(body))
        return console_settings(console_line(tx, code))

    return await ws.write(work)


@router.patch(WORKSPACE + "/accounts/{access_key}")
async def change_account(
    ws: WorkspaceDep, access_key: AccessKey, body: ChangeAccountRequest | None = None
) -> AccountSettings:
    """Sets how an account is answered; without a body it only shows that.

    `doctype`: whether answers, refusals too, have the documented DOCTYPE. `zone`: where days begin, and what
    dates read.
    """

    def work(tx: Tx) -> AccountSettings:
        change.change_account(tx, access_key, **_account_columns(_members(body)))
        return account_settings(tx, find.account(tx, access_key))

    return await ws.write(work)


def _members(
    body: AddConsoleRequest
    | AddAccountRequest
    | ChangeConsoleRequest
    | ChangeAccountRequest
    | ChangeWorkspaceRequest
    | None,
) -> dict[str, Any]:
    return {} if body is None else body.model_dump(exclude_unset=True)


def _account_columns(members: Mapping[str, Any]) -> dict[str, Any]:
    columns = {name: value for name, value in members.items() if name != "doctype"}
    return columns | ({"documented_doctype": members["doctype"] == "documented"} if "doctype" in members else {})
