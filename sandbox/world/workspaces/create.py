"""New workspaces and what they own: given values are kept, missing ones made."""

import json
from collections.abc import Iterator, Mapping
from string import ascii_uppercase

from sandbox.store import Conflict, Tx, WorkspaceView
from sandbox.store.tables import AccountRow, ConsoleRow, LineRow, WorkspaceRow
from sandbox.store.workspace_view import SERVER
from sandbox.world import consent, limits, people
from sandbox.world.errors import AlreadyTaken
from sandbox.world.ids import decided, secret, workspace_key
from sandbox.world.lines import LineView, all_lines, line_of
from sandbox.world.phones import national
from sandbox.world.workspaces.change import change_workspace
from sandbox.world.workspaces.find import accounts, exists, row_of
from sandbox.world.workspaces.remove import ARRIVING, LONGEST_PAUSE
from sandbox.world.zones import DEFAULT_ZONE

AREA_CODES = (615, *range(201, 1000))
"""Where the lines are from that are made; those of the packaged fixtures are from the first one."""
LINE_ENDINGS = range(72, 100)
"""Of `NPA-555-01xx`: neither people of fixtures nor handsets with a behaviour have them."""
FIRST = (
    "clock_frozen",
    "clock_speed",
    "delivery_mode",
    "sent_after",
    "settled_after",
    "outcome",
    "numbers",
    "counts_reads",
)
"""Columns that are as at first again after a reset."""

Keys = tuple[str | None, str | None]
"""Access key and secret access key; both null in a clone."""


def create(
    tx: Tx,
    *,
    name: str | None,
    fixture: str,
    seed: int,
    username: str | None = None,
    password: str | None = None,
    start_at: int | None = None,
) -> WorkspaceView:
    """Make a workspace with nothing in it and enter it. Name and credentials that are not given are made.

    Raises `TooManyWorkspaces` and `AlreadyTaken`.
    """
    begin(tx, fixture=fixture, seed=seed, start_at=start_at)
    return publish(tx, name=name, username=username, password=password)


def begin(
    tx: Tx,
    *,
    fixture: str,
    fixture_text: str | None = None,
    fingerprint: str = "",
    seed: int,
    start_at: int | None = None,
) -> WorkspaceView:
    """Make a workspace with nothing in it that nobody can call before it is published, and enter it.

    Raises `TooManyWorkspaces`.
    """
    n = tx.next_id("workspace", SERVER)  # after which no other server makes one before this transaction ends
    limits.check_workspaces(tx)
    clock_at = tx.machine_wall if start_at is None else start_at
    row = WorkspaceRow(
        id=n,
        world=n,
        hidden=ARRIVING,
        fixture=fixture,
        fixture_text=fixture_text,
        fingerprint=fingerprint,
        seed=seed,
        first_seed=seed,
        first_at=clock_at,
        created_wall=tx.wall,
        expires_wall=tx.wall + LONGEST_PAUSE,
        start_at=start_at,
        clock_at=clock_at,
        clock_wall=tx.wall,
    )
    tx.add(row)
    tx.has_expiry = True
    return tx.enter(WorkspaceView._make(getattr(row, field) for field in WorkspaceView._fields))


def publish(
    tx: Tx,
    *,
    name: str | None,
    username: str | None = None,
    password: str | None = None,
    expires_wall: int | None = None,
) -> WorkspaceView:
    """Let the entered workspace be called from now on. Name and credentials that are not given are made."""
    limits.check_workspaces(tx)  # others may have been made meanwhile
    key = _free_key(tx)
    try:
        change_workspace(
            tx,
            hidden=None,
            key=key,
            name=name or key.replace("ws_", "workspace-"),
            username=username or secret(12),
            password=password or secret(),
            expires_wall=expires_wall,
        )
    except Conflict:
        raise name_taken() from None
    if expires_wall is not None:
        tx.has_expiry = True
    tx.mark_due()
    return tx.workspace


def name_taken() -> AlreadyTaken:
    """Return what is raised when another workspace has the name that one is to get."""
    return AlreadyTaken("A workspace of that name is there already: give another one, or delete it.")


def _free_key(tx: Tx) -> str:
    key = workspace_key()
    return _free_key(tx) if exists(tx, key) else key


def note_first(tx: Tx) -> None:
    """Keep clock and delivery as they are now for a reset."""
    row = row_of(tx)
    tx.update(row, first=json.dumps({name: getattr(row, name) for name in FIRST}))


def add_console(
    tx: Tx,
    *,
    code: str | None = None,
    name: str | None = None,
    line: str | None = None,
    keyword: str | None = None,
    help_text: str | None = None,
    auto_reply: str | None = None,
    submit_overrides_stop: bool = False,
) -> LineView:
    """Add a console and its line."""
    line = line or _free_number(tx)
    code = code or _free_code(tx)
    name = name or code[:6].title()
    _add_line(tx, line, None)
    console = ConsoleRow(
        workspace_id=tx.ws,
        id=tx.next_id("console"),
        code=code,
        name=name,
        line=line,
        keyword=keyword or code[:6],
        help_text=help_text or f"{name}: for help call {national(line)}. Text STOP to end our texts.",
        auto_reply=auto_reply,
        submit_overrides_stop=submit_overrides_stop,
    )
    if not tx.add_unless_taken(console):
        raise AlreadyTaken(f"A console {code} is there already in this workspace.")
    return line_of(tx, line)


def introduce(tx: Tx, line: str, at: int) -> None:
    """Make known to a new console everybody whom staff entered."""
    for phone in consent.enrolled(tx):
        consent.record_first(tx, line, phone, cause=consent.ENROLLED, at=at)


def add_account(
    tx: Tx,
    *,
    name: str | None = None,
    tracking_numbers: list[str] | None = None,
    access_key: str | None = None,
    secret_access_key: str | None = None,
    help_text: str | None = None,
    documented_doctype: bool = True,
    zone: str = DEFAULT_ZONE,
) -> AccountRow:
    """Add a DialogTech account and its tracking numbers, 11 digits each."""
    n = tx.next_id("account")
    name = name or f"Account {n}"
    account = AccountRow(
        workspace_id=tx.ws,
        id=n,
        name=name,
        access_key=access_key or secret(),
        secret_access_key=secret_access_key or secret(),
        documented_doctype=documented_doctype,
        zone=zone,
        help_text=help_text or f"{name}: for help call us on this number. Text STOP to end our texts.",
    )
    if not tx.add_unless_taken(account):
        raise AlreadyTaken("An account with that access key is there already on this server.")
    for number in tracking_numbers or [_free_number(tx)]:
        _add_line(tx, number, n)
    return account


def _add_line(tx: Tx, number: str, account_id: int | None) -> None:
    if not tx.add_unless_taken(LineRow(workspace_id=tx.ws, number=number, account_id=account_id)):
        raise AlreadyTaken(f"The number {number} is a line of this workspace already.")


def _free_number(tx: Tx) -> str:
    """Return a fictional number that is neither a line of the workspace nor a person's in it."""
    taken = {line.number for line in all_lines(tx)} | set(people.all_phones(tx))
    numbers = (f"1{area}55501{ending:02d}" for area in AREA_CODES for ending in LINE_ENDINGS)
    return next(number for number in numbers if number not in taken)


def _free_code(tx: Tx) -> str:
    """Return six capitals and four digits, decided by the seed and how many consoles there are."""
    taken = {line.code for line in all_lines(tx) if line.console_id is not None}
    return next(code for code in _codes(tx.workspace.seed, len(taken)) if code not in taken)


def _codes(seed: int, n: int) -> Iterator[str]:
    attempt = 0
    while True:
        raw = decided(seed, "console", n, attempt)
        yield "".join(ascii_uppercase[byte % 26] for byte in raw[:6]) + f"{int.from_bytes(raw[6:10]) % 10_000:04d}"
        attempt += 1


def keys_of(tx: Tx) -> dict[int, Keys]:
    """Return the keys of the workspace's accounts, by account."""
    return {row.id: (row.access_key, row.secret_access_key) for row in accounts(tx)}


def give_keys(tx: Tx, known: Mapping[int, Keys]) -> None:
    """Give each account the keys that it is known by; make some for those of the rest that have none."""
    for account in accounts(tx):
        if account.id in known or account.access_key is None:
            key, secret_key = known.get(account.id) or (secret(), secret())
            tx.update(account, access_key=key, secret_access_key=secret_key)
