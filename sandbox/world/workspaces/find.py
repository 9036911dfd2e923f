"""Which workspace is meant: by name, by credentials, by number; and its accounts."""

from typing import NamedTuple

from sandbox.store import Tx, WorkspaceView
from sandbox.store.tables import Account, Workspace

DEFAULT = "default"


class Customer(NamedTuple):
    """A DialogTech account as its keys found it."""

    workspace: WorkspaceView
    account_id: int
    documented_doctype: bool


def find_workspace(tx: Tx, name: str) -> WorkspaceView:
    """Return the workspace of that name or key; raises `UnknownWorkspace`. Nothing is entered."""
    raise NotImplementedError


def exists(tx: Tx, name: str) -> bool:
    """Return whether a workspace has that name or key, expired or not."""
    raise NotImplementedError


def by_credentials(tx: Tx, username: str, password: str) -> WorkspaceView | None:
    """Return the workspace of these Basic credentials."""
    raise NotImplementedError


def by_keys(tx: Tx, access_key: str, secret_access_key: str) -> Customer | None:
    """Return the account of these two keys, with its workspace."""
    raise NotImplementedError


def by_id(tx: Tx, workspace_id: int) -> WorkspaceView:
    """Return the workspace of that number; raises `UnknownWorkspace`."""
    raise NotImplementedError


def row_of(tx: Tx) -> Workspace:
    """Return the whole row of the entered workspace, its credentials too."""
    raise NotImplementedError


def all_workspaces(tx: Tx) -> list[Workspace]:
    """Return the whole rows of all workspaces that are not over, the oldest first."""
    raise NotImplementedError


def secrets(tx: Tx) -> frozenset[bytes]:
    """Return passwords and keys of all workspaces, as they are sent."""
    raise NotImplementedError


def accounts(tx: Tx) -> list[Account]:
    """Return the rows of the workspace's accounts, their keys too."""
    raise NotImplementedError


def account(tx: Tx, access_key: str) -> Account:
    """Return one of the workspace's accounts; raises `UnknownAccount`."""
    raise NotImplementedError
