"""Which workspace is meant, and what it owns: by name, by credentials, by number."""

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import bindparam, func, or_, select, union_all

from sandbox.world import models
from sandbox.world.errors import UnknownAccount, UnknownConsole, UnknownLine, UnknownWorkspace
from sandbox.world.store import Statement, table
from sandbox.world.views import LineView, WorkspaceView

if TYPE_CHECKING:
    from sandbox.world import World

DEFAULT = "default"
CONSOLE_CODE = re.compile(r"[A-Z]{6}[0-9]{4}", re.ASCII)

WORKSPACES = table(models.Workspace)
CONSOLES = table(models.Console)
ACCOUNTS = table(models.Account)
LINES = table(models.Line)

VIEW = tuple(WORKSPACES.c[name] for name in WorkspaceView._fields)
BY_USERNAME = Statement(select(WORKSPACES.c.password, *VIEW).where(WORKSPACES.c.username == bindparam("username")))
BY_NAME = Statement(
    select(*VIEW).where(or_(WORKSPACES.c.name == bindparam("name"), WORKSPACES.c.key == bindparam("name")))
)
BY_ACCESS_KEY = Statement(
    select(ACCOUNTS.c.secret_access_key, ACCOUNTS.c.id, ACCOUNTS.c.documented_doctype, *VIEW)
    .join_from(ACCOUNTS, WORKSPACES, ACCOUNTS.c.workspace_id == WORKSPACES.c.id)
    .where(ACCOUNTS.c.access_key == bindparam("access_key"))
)
IS_VISIBLE = WORKSPACES.c.hidden.is_(None)
BY_ID = Statement(select(*VIEW).where(WORKSPACES.c.id == bindparam("id"), IS_VISIBLE))
ROW = Statement(select(WORKSPACES).where(WORKSPACES.c.id == bindparam("id"), IS_VISIBLE))
ALL_ROWS = Statement(select(WORKSPACES).where(IS_VISIBLE).order_by(WORKSPACES.c.id))

LINE_VIEW = select(
    LINES.c.number,
    CONSOLES.c.id,
    LINES.c.account_id,
    func.coalesce(CONSOLES.c.code, ACCOUNTS.c.access_key),
    func.coalesce(CONSOLES.c.name, ACCOUNTS.c.name),
    CONSOLES.c.keyword,
    func.coalesce(CONSOLES.c.help_text, ACCOUNTS.c.help_text),
    CONSOLES.c.auto_reply,
    func.coalesce(CONSOLES.c.submit_overrides_stop, 0),
).select_from(
    LINES.outerjoin(
        CONSOLES, (CONSOLES.c.workspace_id == LINES.c.workspace_id) & (CONSOLES.c.line == LINES.c.number)
    ).outerjoin(ACCOUNTS, (ACCOUNTS.c.workspace_id == LINES.c.workspace_id) & (ACCOUNTS.c.id == LINES.c.account_id))
)
IN_WORKSPACE = LINES.c.workspace_id == bindparam("workspace_id")
CONSOLE_LINE = Statement(
    LINE_VIEW.where(
        CONSOLES.c.workspace_id == bindparam("workspace_id"),
        CONSOLES.c.code == bindparam("code"),
    )
)
LINE = Statement(LINE_VIEW.where(IN_WORKSPACE, LINES.c.number == bindparam("number")))
ALL_LINES = Statement(LINE_VIEW.where(IN_WORKSPACE).order_by(CONSOLES.c.id, LINES.c.account_id, LINES.c.number))
ALL_ACCOUNTS = Statement(
    select(ACCOUNTS).where(ACCOUNTS.c.workspace_id == bindparam("workspace_id")).order_by(ACCOUNTS.c.id)
)

SECRETS = Statement(
    union_all(select(WORKSPACES.c.password), select(ACCOUNTS.c.access_key), select(ACCOUNTS.c.secret_access_key))
)


class Customer(NamedTuple):
    """A DialogTech account as its keys found it."""

    workspace: WorkspaceView
    account_id: int
    documented_doctype: bool


def named(world: "World", name: str) -> WorkspaceView:
    """By name or key."""
    row = world.store.one(BY_NAME, name=name)
    workspace = _unless_over(world, WorkspaceView._make(row)) if row else None
    if workspace is None:
        raise UnknownWorkspace("There is no workspace of that name: GET /_sandbox/workspaces/default is always there.")
    return workspace


def exists(world: "World", name: str) -> bool:
    return world.store.one(BY_NAME, name=name) is not None


def _unless_over(world: "World", workspace: WorkspaceView) -> WorkspaceView | None:
    """None when its time is over, whether its rows were deleted yet or not."""
    expires = workspace.expires_wall
    return workspace if expires is None or expires > world.wall() else None


def by_credentials(world: "World", username: str, password: str) -> WorkspaceView | None:
    """The workspace of these Basic credentials."""
    row = world.store.remembered(BY_USERNAME, "username", username, username=username)
    return _unless_over(world, WorkspaceView._make(row[1:])) if row and row[0] == password else None


def by_keys(world: "World", access_key: str, secret_access_key: str) -> Customer | None:
    """The account of these two keys, with its workspace."""
    row = world.store.remembered(BY_ACCESS_KEY, "access_key", access_key, access_key=access_key)
    if row is None or row[0] != secret_access_key:
        return None
    workspace = _unless_over(world, WorkspaceView._make(row[3:]))
    return Customer(workspace, row[1], bool(row[2])) if workspace else None


def console_line(world: "World", workspace_id: int, code: str) -> LineView:
    """The line of a console of this workspace."""
    row = world.store.remembered(
        CONSOLE_LINE, "console", f"{workspace_id} {code}", workspace_id=workspace_id, code=code
    )
    if row is None:
        raise UnknownConsole("There is no console of that code in this workspace.")
    return LineView._make(row)


def line_of(world: "World", workspace_id: int, number: str) -> LineView:
    """A console's line or a tracking number, by its 11 digits."""
    row = world.store.one(LINE, workspace_id=workspace_id, number=number)
    if row is None:
        raise UnknownLine("No console and no account of this workspace texts from that number.")
    return LineView._make(row)


def tracking_line(world: "World", workspace_id: int, number: str) -> LineView:
    """A tracking number's line, by its 11 digits."""
    line = line_of(world, workspace_id, number)
    if line.account_id is None:
        raise UnknownLine("That number is a console's line: name the console instead.")
    return line


def lines(world: "World", workspace_id: int) -> list[LineView]:
    """Consoles' lines and tracking numbers alike."""
    return [LineView._make(row) for row in world.store.all(ALL_LINES, workspace_id=workspace_id)]


def view_of(world: "World", workspace_id: int) -> WorkspaceView:
    """A workspace as it is now."""
    row = world.store.one(BY_ID, id=workspace_id)
    if row is None:
        raise UnknownWorkspace("This workspace is gone.")
    return WorkspaceView._make(row)


def row_of(world: "World", workspace_id: int) -> dict[str, Any]:
    """The whole row of a workspace, its credentials too."""
    row = world.store.one(ROW, id=workspace_id)
    if row is None:
        raise UnknownWorkspace("This workspace is gone.")
    return dict(zip(WORKSPACES.c.keys(), row, strict=True))


def rows(world: "World") -> list[dict[str, Any]]:
    """The whole rows of all workspaces whose time is not over, the oldest first."""
    wall = world.wall()
    found = [dict(zip(WORKSPACES.c.keys(), row, strict=True)) for row in world.store.all(ALL_ROWS)]
    return [row for row in found if row["expires_wall"] is None or row["expires_wall"] > wall]


def secrets(world: "World") -> frozenset[bytes]:
    """Passwords and keys of all workspaces, as they are sent."""
    return frozenset(secret.encode() for (secret,) in world.store.all(SECRETS) if secret)


def accounts(world: "World", workspace_id: int) -> list[dict[str, Any]]:
    """The rows of a workspace's accounts, their keys too."""
    rows = world.store.all(ALL_ACCOUNTS, workspace_id=workspace_id)
    return [dict(zip(ACCOUNTS.c.keys(), row, strict=True)) for row in rows]


def account(world: "World", workspace_id: int, access_key: str) -> dict[str, Any]:
    """The row of one of the workspace's accounts."""
    for row in accounts(world, workspace_id):
        if row["access_key"] == access_key:
            return row
    raise UnknownAccount("There is no account with that access key in this workspace.")
