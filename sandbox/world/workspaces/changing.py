"""Changes of what a workspace is and owns."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Update, bindparam, update

from sandbox.world import consent, people
from sandbox.world.store import Statement
from sandbox.world.views import WorkspaceView
from sandbox.world.workspaces.finding import ACCOUNTS, CONSOLES, WORKSPACES, account, console_line, lines

if TYPE_CHECKING:
    from sandbox.world import World


def enrol(world: "World", workspace: WorkspaceView, phone: str, at: int) -> None:
    """Makes a phone known to every console of the workspace, as somebody whom staff entered is."""
    for line in lines(world, workspace.id):
        if line.console_id is not None and consent.state_of(world, workspace.id, line.number, phone, at) is None:
            consent.record(world, workspace.id, line.number, phone, opted_in=True, cause=consent.ENROLLED, at=at)


def add_person(world: "World", workspace: WorkspaceView, given: dict[str, Any], at: int) -> people.PersonRow:
    """Enters somebody by hand: known to every console. Belongs in a transaction."""
    person = people.add(world, workspace, given)
    enrol(world, workspace, person["phone"], at)
    return person


def change_person(
    world: "World", workspace: WorkspaceView, person: people.PersonRow, given: Mapping[str, Any], at: int
) -> None:
    """Writes the given columns; a new phone is known to every console. Belongs in a transaction."""
    people.change(world, workspace, person, given)
    if "phone" in given:
        enrol(world, workspace, given["phone"], at)


def change_workspace(world: "World", workspace_id: int, values: Mapping[str, Any]) -> None:
    """Writes the given columns of a workspace's row."""
    _update(world, update(WORKSPACES).where(WORKSPACES.c.id == workspace_id), values)
    if "clock_at" in values:
        world.stir(workspace_id)  # what is to come will come at another time


def change_console(world: "World", workspace_id: int, code: str, values: Mapping[str, Any]) -> None:
    """Writes the given columns of a console's row."""
    line = console_line(world, workspace_id, code)
    _update(
        world,
        update(CONSOLES).where(CONSOLES.c.workspace_id == workspace_id, CONSOLES.c.id == line.console_id),
        values,
    )


def change_account(world: "World", workspace_id: int, access_key: str, values: Mapping[str, Any]) -> None:
    """Writes the given columns of an account's row."""
    key = account(world, workspace_id, access_key)["access_key"]
    _update(world, update(ACCOUNTS).where(ACCOUNTS.c.access_key == key), values)


def _update(world: "World", statement: Update, values: Mapping[str, Any]) -> None:
    """A null among the values is written as one."""
    world.credentials += 1
    world.store.forget()
    if values:
        named = {f"new_{column}": value for column, value in values.items()}
        bound: dict[str, Any] = {column: bindparam(f"new_{column}") for column in values}
        world.store.run(Statement(statement.values(bound)), **named)
