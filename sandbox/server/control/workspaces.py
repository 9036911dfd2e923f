"""Workspaces: made and removed, what they are and own, and how their consoles and accounts behave."""

from typing import Annotated, Any

from fastapi import Path, Response

from sandbox.dependencies import WorkspaceDep, WorldDep
from sandbox.server.control import shapes, shown
from sandbox.server.control.delivery import columns
from sandbox.server.control.http import WORKSPACE, answer, control_router, listed
from sandbox.server.control.shapes import ListOf
from sandbox.server.problems import invalid, refusals
from sandbox.world import World, fixtures, workspaces
from sandbox.world.clock import SECOND
from sandbox.world.seed import seed_workspace

router = control_router("", "Workspaces")

Code = Annotated[str, Path(description="A console's code.", examples=["HARBOR1001"])]
AccessKey = Annotated[str, Path(description="An account's access key.", examples=["demo-access-key"])]


@router.post("/_sandbox/workspaces", response_model=shapes.Workspace, status_code=201, responses=refusals(409))
async def create_workspace(world: WorldDep, body: shapes.NewWorkspace | None = None) -> Response:
    """Makes a world of its own for a test, a team or a customer, with credentials of its own.

    It has the codes and lines of its fixture, whoever else has them: what tells workspaces apart is their credentials.
    """
    given = body or shapes.NewWorkspace()
    has = given.model_fields_set
    workspaces.delete_expired(world)
    workspace = seed_workspace(
        world,
        _fixture(world, given.fixture),
        name=given.name,
        seed=given.seed,
        start_at=given.start_at,
        expires_wall=world.wall() + max(1, round(given.ttl * SECOND)) if "ttl" in has else None,
        settings={"clock_frozen": given.clock == "frozen", **(columns(given.delivery) if "delivery" in has else {})},
    )
    made = shown.workspace(world, workspaces.row_of(world, workspace.id))
    world.sweeper.wake()
    return answer(made, 201)


def _fixture(world: World, name: str) -> fixtures.Fixture:
    """Files are read only for whoever starts the server."""
    ours = workspaces.row_of(world, workspaces.named(world, workspaces.DEFAULT).id)["fixture"]
    known = {*fixtures.names(), ours}
    if name not in known:
        raise invalid(("body", "fixture", f"is not known; known are {', '.join(sorted(known))}"))
    return fixtures.remembered(name)


@router.get("/_sandbox/workspaces", response_model=ListOf[shapes.Workspace])
async def list_workspaces(world: WorldDep) -> Response:
    """Every workspace of this server."""
    return listed([shown.workspace(world, row) for row in workspaces.rows(world)])


@router.get(WORKSPACE, response_model=shapes.Workspace)
async def show_workspace(world: WorldDep, workspace: WorkspaceDep) -> Response:
    """One workspace, with the credentials, lines and keys that its callers need."""
    return answer(shown.workspace(world, workspaces.row_of(world, workspace.id)))


@router.delete(WORKSPACE, status_code=204, response_class=Response, responses=refusals(409))
async def delete_workspace(world: WorldDep, workspace: WorkspaceDep) -> Response:
    """Removes a workspace and all that is in it; its credentials stop working at once. `default` stays."""
    with world.store.writing():
        workspaces.delete_workspace(world, workspace)
    return Response(status_code=204)


@router.post(WORKSPACE + "/consoles", response_model=shapes.ConsoleSettings, status_code=201, responses=refusals(409))
async def add_console(world: WorldDep, workspace: WorkspaceDep, body: shapes.NewConsole | None = None) -> Response:
    """Adds a console and its line; whoever was entered by staff is known to it."""
    with world.store.writing():
        line = workspaces.add_console(world, workspace, **_given(body))
        workspaces.introduce(world, workspace, line.number, world.now(workspace))
    return answer(shown.console_settings(line), 201)


@router.post(WORKSPACE + "/accounts", response_model=shapes.AccountSettings, status_code=201, responses=refusals(409))
async def add_account(world: WorldDep, workspace: WorkspaceDep, body: shapes.NewAccount | None = None) -> Response:
    """Adds a DialogTech account with its keys and tracking numbers. An access key is nobody else's on this server."""
    given = _given(body)
    given["documented_doctype"] = given.pop("doctype", "documented") == "documented"
    with world.store.writing():
        account_id = workspaces.add_account(world, workspace, **given)
    row = next(each for each in workspaces.accounts(world, workspace.id) if each["id"] == account_id)
    return answer(shown.account_settings(row, workspaces.lines(world, workspace.id)), 201)


def _given(body: shapes.NewConsole | shapes.NewAccount | None) -> dict[str, Any]:
    return body.model_dump(exclude_unset=True) if body else {}


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
