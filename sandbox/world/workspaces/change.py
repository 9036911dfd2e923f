"""Changes of what a workspace is and owns."""

from typing import Any

from sandbox.store import Tx, WorkspaceView
from sandbox.store.tables import Person


def change_workspace(tx: Tx, **columns: Any) -> WorkspaceView:
    """Write these columns of the workspace's row, and enter it as it is then. A changed clock marks it due."""
    raise NotImplementedError


def change_console(tx: Tx, code: str, **columns: Any) -> None:
    """Write these columns of a console's row."""
    raise NotImplementedError


def change_account(tx: Tx, access_key: str, **columns: Any) -> None:
    """Write these columns of an account's row."""
    raise NotImplementedError


def enrol(tx: Tx, phone: str, at: int) -> None:
    """Make a phone known to every console, as that of a person whom staff entered is."""
    raise NotImplementedError


def add_person(tx: Tx, at: int, **columns: Any) -> Person:
    """Enter a person by hand: known to every console."""
    raise NotImplementedError


def change_person(tx: Tx, person: Person, at: int, **columns: Any) -> None:
    """Write these columns of a person; a new phone is known to every console."""
    raise NotImplementedError
