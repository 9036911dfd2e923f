"""Workspaces: what they are and own, and how their consoles and accounts behave."""

from typing import Annotated

from fastapi import Path, Response

from sandbox.dependencies import WorkspaceDep, WorldDep
from sandbox.server.control import shapes, shown
from sandbox.server.control.http import WORKSPACE, answer, control_router, listed
from sandbox.server.control.shapes import ListOf
from sandbox.world import workspaces

router = control_router("", "Workspaces")

Code = Annotated[str, Path(description="A console's code.", examples=["HARBOR1001"])]
AccessKey = Annotated[str, Path(description="An account's access key.", examples=["demo-access-key"])]


@router.get("/_sandbox/workspaces", response_model=ListOf[shapes.Workspace])
async def list_workspaces(world: WorldDep) -> Response:
    """Every workspace of this server."""
    return listed([shown.workspace(world, row) for row in workspaces.rows(world)])


@router.get(WORKSPACE, response_model=shapes.Workspace)
async def show_workspace(world: WorldDep, workspace: WorkspaceDep) -> Response:
    """One workspace, with the credentials, lines and keys that its callers need."""
    return answer(shown.workspace(world, workspaces.row_of(world, workspace.id)))


@router.patch(WORKSPACE + "/consoles/{code}", response_model=shapes.ConsoleSettings)
async def change_console(
    world: WorldDep, workspace: WorkspaceDep, code: Code, body: shapes.ConsoleChange | None = None
) -> Response:
    """Changes how a console answers from now on; without a body it only shows that."""
    with world.store.writing():
        workspaces.change_console(world, workspace.id, code, body.model_dump(exclude_unset=True) if body else {})
    return answer(shown.console_settings(workspaces.console_line(world, workspace.id, code)))


@router.patch(WORKSPACE + "/accounts/{access_key}", response_model=shapes.AccountSettings)
async def change_account(
    world: WorldDep, workspace: WorkspaceDep, access_key: AccessKey, body: shapes.AccountChange | None = None
) -> Response:
    """Sets whether an account's answers have the documented DOCTYPE; without a body it only shows that."""
    given = body.model_dump(exclude_unset=True) if body else {}
    change = {"documented_doctype": given["doctype"] == "documented"} if given else {}
    with world.store.writing():
        workspaces.change_account(world, workspace.id, access_key, change)
    row = workspaces.account(world, workspace.id, access_key)
    return answer(shown.account_settings(row, workspaces.lines(world, workspace.id)))
