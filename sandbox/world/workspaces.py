"""Workspaces and what they own: found by name or credentials, made, and changed."""

import re
from collections.abc import Mapping
from sqlite3 import IntegrityError
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Update, bindparam, func, or_, select, update

from sandbox.world import consent, models, people
from sandbox.world.errors import AlreadyTaken, UnknownAccount, UnknownConsole, UnknownLine, UnknownWorkspace
from sandbox.world.ids import secret, workspace_key
from sandbox.world.phones import national
from sandbox.world.store import Statement, inserting, table
from sandbox.world.views import LineView, WorkspaceView

if TYPE_CHECKING:
    from sandbox.world import World

DEFAULT = "default"
CONSOLE_CODE = re.compile(r"[A-Z]{6}[0-9]{4}", re.ASCII)

WORKSPACES = table(models.Workspace)
CONSOLES = table(models.Console)
ACCOUNTS = table(models.Account)
LINES = table(models.Line)

INSERT_WORKSPACE = inserting(models.Workspace)
INSERT_CONSOLE = inserting(models.Console)
INSERT_ACCOUNT = inserting(models.Account)
INSERT_LINE = inserting(models.Line)

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
BY_ID = Statement(select(*VIEW).where(WORKSPACES.c.id == bindparam("id")))
ROW = Statement(select(WORKSPACES).where(WORKSPACES.c.id == bindparam("id")))
ALL_ROWS = Statement(select(WORKSPACES).order_by(WORKSPACES.c.id))
NEXT_ID = Statement(select(func.coalesce(func.max(WORKSPACES.c.id), 0) + 1))

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


class Customer(NamedTuple):
    """A DialogTech account as its keys found it."""

    workspace: WorkspaceView
    account_id: int
    documented_doctype: bool


def named(world: "World", name: str) -> WorkspaceView:
    """By name or key."""
    row = world.store.one(BY_NAME, name=name)
    if row is None:
        raise UnknownWorkspace("There is no workspace of that name: GET /_sandbox/workspaces/default is always there.")
    return WorkspaceView._make(row)


def exists(world: "World", name: str) -> bool:
    return world.store.one(BY_NAME, name=name) is not None


def by_credentials(world: "World", username: str, password: str) -> WorkspaceView | None:
    """The workspace of these Basic credentials."""
    row = world.store.remembered(BY_USERNAME, "username", username, username=username)
    return WorkspaceView._make(row[1:]) if row and row[0] == password else None


def by_keys(world: "World", access_key: str, secret_access_key: str) -> Customer | None:
    """The account of these two keys, with its workspace."""
    row = world.store.remembered(BY_ACCESS_KEY, "access_key", access_key, access_key=access_key)
    if row is None or row[0] != secret_access_key:
        return None
    return Customer(WorkspaceView._make(row[3:]), row[1], bool(row[2]))


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
    """The whole rows of all workspaces, the oldest first."""
    return [dict(zip(WORKSPACES.c.keys(), row, strict=True)) for row in world.store.all(ALL_ROWS)]


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


def create(
    world: "World",
    *,
    name: str,
    fixture: str,
    seed: int,
    username: str | None = None,
    password: str | None = None,
    start_at: int | None = None,
) -> WorkspaceView:
    """A workspace with nothing in it. Credentials that are not given are made. Belongs in a transaction."""
    wall = world.wall()
    row = world.store.one(NEXT_ID)
    assert row is not None
    values = {
        "id": row[0],
        "key": workspace_key(),
        "name": name,
        "username": username or secret(12),
        "password": password or secret(),
        "fixture": fixture,
        "seed": seed,
        "created_wall": wall,
        "expires_wall": None,
        "start_at": start_at,
        "clock_frozen": False,
        "clock_at": wall if start_at is None else start_at,
        "clock_wall": wall,
        "clock_speed": 1.0,
        "delivery_mode": "timed",
        "sent_after": 1000,
        "settled_after": 3000,
        "outcome": "delivered",
        "numbers": None,
        "callback_profile": None,
        "next_due_at": None,
    }
    try:
        world.store.add(INSERT_WORKSPACE, values)
    except IntegrityError as error:
        raise AlreadyTaken("A workspace of that name, or with that username, is there already.") from error
    return WorkspaceView(*(values[field] for field in WorkspaceView._fields))


def add_console(
    world: "World",
    workspace: WorkspaceView,
    *,
    code: str,
    name: str,
    line: str,
    keyword: str,
    help_text: str | None = None,
    auto_reply: str | None = None,
) -> LineView:
    """One more console and its line. Belongs in a transaction."""
    _add_line(world, workspace, line, None)
    try:
        world.store.add(
            INSERT_CONSOLE,
            {
                "workspace_id": workspace.id,
                "id": world.take(workspace.id, "console"),
                "code": code,
                "name": name,
                "line": line,
                "keyword": keyword,
                "help_text": help_text or f"{name}: for help call {national(line)}. Text STOP to end our texts.",
                "auto_reply": auto_reply,
                "submit_overrides_stop": False,
            },
        )
    except IntegrityError as error:
        raise AlreadyTaken(f"A console {code} is there already in this workspace.") from error
    return line_of(world, workspace.id, line)


def add_account(
    world: "World",
    workspace: WorkspaceView,
    *,
    name: str,
    tracking_numbers: list[str],
    access_key: str | None = None,
    secret_access_key: str | None = None,
    help_text: str | None = None,
) -> int:
    """One more DialogTech account and its tracking numbers, 11 digits each. Belongs in a transaction."""
    account_id = world.take(workspace.id, "account")
    try:
        world.store.add(
            INSERT_ACCOUNT,
            {
                "workspace_id": workspace.id,
                "id": account_id,
                "name": name,
                "access_key": access_key or secret(),
                "secret_access_key": secret_access_key or secret(),
                "documented_doctype": True,
                "help_text": help_text or f"{name}: for help call us on this number. Text STOP to end our texts.",
            },
        )
    except IntegrityError as error:
        raise AlreadyTaken("An account with that access key is there already on this server.") from error
    for number in tracking_numbers:
        _add_line(world, workspace, number, account_id)
    return account_id


def _add_line(world: "World", workspace: WorkspaceView, number: str, account_id: int | None) -> None:
    try:
        world.store.add(INSERT_LINE, {"workspace_id": workspace.id, "number": number, "account_id": account_id})
    except IntegrityError as error:
        raise AlreadyTaken(f"The number {number} is a line of this workspace already.") from error


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
    world.store.forget()
    if values:
        named = {f"new_{column}": value for column, value in values.items()}
        bound: dict[str, Any] = {column: bindparam(f"new_{column}") for column in values}
        world.store.run(Statement(statement.values(bound)), **named)
