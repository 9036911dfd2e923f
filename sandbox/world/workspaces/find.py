"""Which workspace is meant: by name, by credentials, by number; and its accounts."""

from typing import NamedTuple

from sqlalchemy import bindparam, or_, select, union_all

from sandbox.store import Query, Tx, WorkspaceView
from sandbox.store.tables import ACCOUNTS, WORKSPACES, AccountRow, WorkspaceRow
from sandbox.store.workspace_view import IS_VISIBLE, VIEW, VIEW_BY_ID
from sandbox.world.errors import UnknownAccount, UnknownWorkspace

DEFAULT = "default"

BY_USERNAME = Query(
    WorkspaceView,
    VIEW.where(WORKSPACES.c.username == bindparam("username"), WORKSPACES.c.password == bindparam("password")),
    hot=True,
)
BY_NAME = Query(
    WorkspaceView,
    VIEW.where(or_(WORKSPACES.c.name == bindparam("name"), WORKSPACES.c.key == bindparam("name"))),
    hot=True,
)
ALL = Query(WorkspaceRow, select(WORKSPACES).where(IS_VISIBLE).order_by(WORKSPACES.c.id))
ALL_ACCOUNTS = Query(
    AccountRow, select(ACCOUNTS).where(ACCOUNTS.c.workspace_id == bindparam("ws")).order_by(ACCOUNTS.c.id)
)
# The world of one that was reset is a hidden workspace of its own: neither that one nor what is gone is meant.
BY_WORLD = Query(WorkspaceView, VIEW.where(WORKSPACES.c.world == bindparam("world")), hot=True)
SECRETS = Query(
    str, union_all(select(WORKSPACES.c.password), select(ACCOUNTS.c.access_key), select(ACCOUNTS.c.secret_access_key))
)


class KeyOwner(NamedTuple):
    """Whose two keys are, by number; a workspace by that of its world."""

    world: int
    account_id: int
    documented_doctype: bool
    zone: str


BY_KEYS = Query(
    KeyOwner,
    select(ACCOUNTS.c.workspace_id, ACCOUNTS.c.id, ACCOUNTS.c.documented_doctype, ACCOUNTS.c.zone).where(
        ACCOUNTS.c.access_key == bindparam("key"), ACCOUNTS.c.secret_access_key == bindparam("secret")
    ),
    hot=True,
)


class Customer(NamedTuple):
    """A DialogTech account as its keys found it."""

    workspace: WorkspaceView
    account_id: int
    documented_doctype: bool
    zone: str


def find_workspace(tx: Tx, name: str) -> WorkspaceView:
    """Return the workspace of that name or key; raises `UnknownWorkspace`. Nothing is entered."""
    workspace = _unless_expired(tx, tx.one(BY_NAME, name=name))
    if workspace is None:
        raise UnknownWorkspace("There is no workspace of that name: GET /_sandbox/workspaces/default is always there.")
    return workspace


def exists(tx: Tx, name: str) -> bool:
    """Return whether a workspace has that name or key, expired or not."""
    return tx.exists(BY_NAME, name=name)


def by_credentials(tx: Tx, username: str, password: str) -> WorkspaceView | None:
    """Return the workspace of these Basic credentials."""
    return _unless_expired(tx, tx.one(BY_USERNAME, username=username, password=password))


def by_keys(tx: Tx, access_key: str, secret_access_key: str) -> Customer | None:
    """Return the account of these two keys, with its workspace."""
    owner = tx.one(BY_KEYS, key=access_key, secret=secret_access_key)
    workspace = owner and _unless_expired(tx, tx.one(BY_WORLD, world=owner.world))
    return Customer(workspace, *owner[1:]) if owner and workspace else None


def by_id(tx: Tx, workspace_id: int) -> WorkspaceView:
    """Return the workspace of that number; raises `UnknownWorkspace`."""
    workspace = _unless_expired(tx, tx.one(VIEW_BY_ID, id=workspace_id))
    if workspace is None:
        raise UnknownWorkspace("This workspace is gone.")
    return workspace


def by_world(tx: Tx, world: int) -> WorkspaceView:
    """Return the workspace that has the rows of that number; raises `UnknownWorkspace`."""
    workspace = _unless_expired(tx, tx.one(BY_WORLD, world=world))
    if workspace is None:
        raise UnknownWorkspace("This workspace is gone.")
    return workspace


def _unless_expired(tx: Tx, workspace: WorkspaceView | None) -> WorkspaceView | None:
    """Return None when its time is over, whether its rows were deleted yet or not."""
    if workspace is None or workspace.expires_wall is None or workspace.expires_wall > tx.wall:
        return workspace
    return None


def row_of(tx: Tx) -> WorkspaceRow:
    """Return the whole row of the entered workspace, its credentials too."""
    row = tx.get(WorkspaceRow, tx.workspace.id)
    if row is None:
        raise UnknownWorkspace("This workspace is gone.")
    return row


def all_workspaces(tx: Tx) -> list[WorkspaceRow]:
    """Return the whole rows of all workspaces that are not over, the oldest first."""
    return [row for row in tx.all(ALL) if row.expires_wall is None or row.expires_wall > tx.wall]


def secrets(tx: Tx) -> frozenset[bytes]:
    """Return passwords and keys of all workspaces, as they are sent."""
    return frozenset(secret.encode() for secret in tx.all(SECRETS) if secret)


def accounts(tx: Tx) -> list[AccountRow]:
    """Return the rows of the workspace's accounts, their keys too."""
    return tx.all(ALL_ACCOUNTS)


def account(tx: Tx, access_key: str) -> AccountRow:
    """Return one of the workspace's accounts; raises `UnknownAccount`."""
    for row in accounts(tx):
        if row.access_key == access_key:
            return row
    raise UnknownAccount("There is no account with that access key in this workspace.")
