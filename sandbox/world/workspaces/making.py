"""New workspaces, and what they own: given values are kept, missing ones made."""

import json
from collections.abc import Iterator, Mapping
from sqlite3 import IntegrityError
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select, update

from sandbox.world import consent, models, people
from sandbox.world.errors import AlreadyTaken
from sandbox.world.ids import decided, secret, workspace_key
from sandbox.world.phones import national
from sandbox.world.store import Statement, inserting
from sandbox.world.views import LineView, WorkspaceView
from sandbox.world.workspaces.finding import ACCOUNTS, WORKSPACES, accounts, exists, line_of, lines

if TYPE_CHECKING:
    from sandbox.world import World

SERVER = 0
"""Stands for the server itself where things are counted by workspace."""
AREA_CODES = (615, *range(201, 1000))
"""Where the lines are from that are made; those of the packaged fixtures are from the first one."""
LINE_ENDINGS = range(72, 100)
"""Of `NPA-555-01xx`: neither people of fixtures nor handsets with a behaviour have them."""
FIRST = ("clock_frozen", "clock_speed", "delivery_mode", "sent_after", "settled_after", "outcome", "numbers")
"""Columns that are as at first again after a reset."""

INSERT_WORKSPACE = inserting(models.Workspace)
INSERT_CONSOLE = inserting(models.Console)
INSERT_ACCOUNT = inserting(models.Account)
INSERT_LINE = inserting(models.Line)
FIRST_ONES = Statement(select(*(WORKSPACES.c[name] for name in FIRST)).where(WORKSPACES.c.id == bindparam("id")))
NOTE_FIRST = Statement(
    update(WORKSPACES).where(WORKSPACES.c.id == bindparam("workspace")).values(first=bindparam("columns"))
)
GIVE_KEYS = Statement(
    update(ACCOUNTS)
    .where(ACCOUNTS.c.workspace_id == bindparam("workspace"), ACCOUNTS.c.id == bindparam("account"))
    .values(access_key=bindparam("key"), secret_access_key=bindparam("secret"))
)

Keys = tuple[str | None, str | None]
"""Access key and secret access key; both null in a copy."""


def create(
    world: "World",
    *,
    name: str | None,
    fixture: str,
    fingerprint: str = "",
    seed: int,
    username: str | None = None,
    password: str | None = None,
    start_at: int | None = None,
    expires_wall: int | None = None,
) -> WorkspaceView:
    """A workspace with nothing in it. Name and credentials that are not given are made. Belongs in a transaction."""
    wall = world.wall()
    key = _free_key(world)
    values: dict[str, Any] = {
        "id": world.take(SERVER, "workspace"),
        "hidden": None,
        "key": key,
        "name": name or key.replace("ws_", "workspace-"),
        "username": username or secret(12),
        "password": password or secret(),
        "fixture": fixture,
        "fingerprint": fingerprint,
        "seed": seed,
        "first_seed": seed,
        "first_at": wall if start_at is None else start_at,
        "created_wall": wall,
        "expires_wall": expires_wall,
        "epoch": 0,
        "first": "{}",
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
        "faults": 0,
    }
    try:
        world.store.add(INSERT_WORKSPACE, values)
    except IntegrityError as error:
        raise AlreadyTaken("A workspace of that name is there already: give another one, or delete it.") from error
    return WorkspaceView(*(values[field] for field in WorkspaceView._fields))


def _free_key(world: "World") -> str:
    key = workspace_key()
    return _free_key(world) if exists(world, key) else key


def note_first(world: "World", workspace_id: int) -> None:
    """Clock and delivery are as a reset shall have them. Belongs in a transaction."""
    row = world.store.one(FIRST_ONES, id=workspace_id)
    assert row is not None
    world.store.run(NOTE_FIRST, workspace=workspace_id, columns=json.dumps(dict(zip(FIRST, row, strict=True))))


def add_console(
    world: "World",
    workspace: WorkspaceView,
    *,
    code: str | None = None,
    name: str | None = None,
    line: str | None = None,
    keyword: str | None = None,
    help_text: str | None = None,
    auto_reply: str | None = None,
    submit_overrides_stop: bool = False,
) -> LineView:
    """One more console and its line. Belongs in a transaction."""
    line = line or _free_number(world, workspace)
    code = code or _free_code(world, workspace)
    name = name or code[:6].title()
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
                "keyword": keyword or code[:6],
                "help_text": help_text or f"{name}: for help call {national(line)}. Text STOP to end our texts.",
                "auto_reply": auto_reply,
                "submit_overrides_stop": submit_overrides_stop,
            },
        )
    except IntegrityError as error:
        raise AlreadyTaken(f"A console {code} is there already in this workspace.") from error
    return line_of(world, workspace.id, line)


def introduce(world: "World", workspace: WorkspaceView, line: str, at: int) -> None:
    """Makes known to a new console whoever staff entered. Belongs in a transaction."""
    for phone in consent.enrolled(world, workspace.id):
        consent.record(world, workspace.id, line, phone, opted_in=True, cause=consent.ENROLLED, at=at)


def add_account(
    world: "World",
    workspace: WorkspaceView,
    *,
    name: str | None = None,
    tracking_numbers: list[str] | None = None,
    access_key: str | None = None,
    secret_access_key: str | None = None,
    help_text: str | None = None,
    documented_doctype: bool = True,
) -> int:
    """One more DialogTech account and its tracking numbers, 11 digits each. Belongs in a transaction."""
    world.credentials += 1
    account_id = world.take(workspace.id, "account")
    name = name or f"Account {account_id}"
    try:
        world.store.add(
            INSERT_ACCOUNT,
            {
                "workspace_id": workspace.id,
                "id": account_id,
                "name": name,
                "access_key": access_key or secret(),
                "secret_access_key": secret_access_key or secret(),
                "documented_doctype": documented_doctype,
                "help_text": help_text or f"{name}: for help call us on this number. Text STOP to end our texts.",
            },
        )
    except IntegrityError as error:
        raise AlreadyTaken("An account with that access key is there already on this server.") from error
    for number in tracking_numbers or [_free_number(world, workspace)]:
        _add_line(world, workspace, number, account_id)
    return account_id


def _add_line(world: "World", workspace: WorkspaceView, number: str, account_id: int | None) -> None:
    try:
        world.store.add(INSERT_LINE, {"workspace_id": workspace.id, "number": number, "account_id": account_id})
    except IntegrityError as error:
        raise AlreadyTaken(f"The number {number} is a line of this workspace already.") from error


def _free_number(world: "World", workspace: WorkspaceView) -> str:
    """A fictional number that is neither a line of the workspace nor somebody's in it."""
    taken = {line.number for line in lines(world, workspace.id)} | set(people.all_phones(world, workspace))
    numbers = (f"1{area}55501{ending:02d}" for area in AREA_CODES for ending in LINE_ENDINGS)
    return next(number for number in numbers if number not in taken)


def _free_code(world: "World", workspace: WorkspaceView) -> str:
    """Six capitals and four digits, decided by the seed and how many consoles there are."""
    taken = {line.code for line in lines(world, workspace.id) if line.console_id is not None}
    return next(code for code in _codes(workspace.seed, len(taken)) if code not in taken)


def _codes(seed: int, n: int) -> Iterator[str]:
    attempt = 0
    while True:
        raw = decided(seed, "console", n, attempt)
        yield "".join(ascii_uppercase[byte % 26] for byte in raw[:6]) + f"{int.from_bytes(raw[6:10]) % 10_000:04d}"
        attempt += 1


def keys_of(world: "World", workspace_id: int) -> dict[int, Keys]:
    """By account."""
    return {row["id"]: (row["access_key"], row["secret_access_key"]) for row in accounts(world, workspace_id)}


def give_keys(world: "World", workspace_id: int, known: Mapping[int, Keys]) -> None:
    """To each account those that it is known by, made ones to the rest of those that have none. In a transaction."""
    for account_id, (access_key, _) in keys_of(world, workspace_id).items():
        if account_id in known or access_key is None:
            key, secret_key = known.get(account_id) or (secret(), secret())
            world.store.run(GIVE_KEYS, workspace=workspace_id, account=account_id, key=key, secret=secret_key)
    world.credentials += 1
    world.store.forget()
