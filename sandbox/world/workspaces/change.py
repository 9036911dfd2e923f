"""Changes of what a workspace is and owns."""

from typing import Any

from sqlalchemy import bindparam, update

from sandbox.store import Tx, WorkspaceView
from sandbox.store.tables import WORKSPACES, ConsoleRow, PersonRow
from sandbox.world import consent, people
from sandbox.world.lines import all_lines, console_line
from sandbox.world.workspaces.find import account

CHANGE = update(WORKSPACES).where(WORKSPACES.c.id == bindparam("own"))


def change_workspace(tx: Tx, **columns: Any) -> WorkspaceView:
    """Write these columns of the workspace's row, and enter it as it is then. A changed clock marks it due."""
    if not columns:
        return tx.workspace
    changed: dict[str, Any] = {name: bindparam(f"new_{name}") for name in columns}
    values = {f"new_{name}": value for name, value in columns.items()}
    tx.execute(CHANGE.values(changed), own=tx.workspace.id, **values)
    workspace = tx.refresh()
    if "clock_at" in columns:
        tx.mark_due()  # what is to come will come at another time
    return workspace


def change_console(tx: Tx, code: str, **columns: Any) -> None:
    """Write these columns of a console's row."""
    console = tx.get(ConsoleRow, console_line(tx, code).console_id)
    assert console is not None
    tx.update(console, **columns)


def change_account(tx: Tx, access_key: str, **columns: Any) -> None:
    """Write these columns of an account's row."""
    tx.update(account(tx, access_key), **columns)


def enrol(tx: Tx, phone: str, at: int) -> None:
    """Make a phone known to every console, as that of a person whom staff entered is."""
    for line in all_lines(tx):
        if line.console_id is not None and consent.state_of(tx, line.number, phone, at) is None:
            consent.record_first(tx, line.number, phone, cause=consent.ENROLLED, at=at)


def add_person(tx: Tx, at: int, **columns: Any) -> PersonRow:
    """Enter a person by hand: known to every console."""
    person = people.add(tx, **columns)
    enrol(tx, person.phone, at)
    return person


def change_person(tx: Tx, person: PersonRow, at: int, **columns: Any) -> None:
    """Write these columns of a person; a new phone is known to every console."""
    people.change(tx, person, **columns)
    if "phone" in columns:
        enrol(tx, columns["phone"], at)
