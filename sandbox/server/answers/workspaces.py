"""Workspaces, their consoles, accounts and clocks as the wire models show them."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import BindParameter, bindparam, select

from dialog_sandbox.models.clock import ClockReading
from dialog_sandbox.models.workspaces import (
    Account,
    AccountSettings,
    Basic,
    Console,
    ConsoleSettings,
    WorkspaceInfo,
)
from sandbox.server.answers.values import optional_timestamp, timestamp
from sandbox.store import Query, Tx
from sandbox.store.tables import ACCOUNTS, CONSOLES, LINES, AccountRow, ConsoleRow, WorkspaceRow
from sandbox.world.lines import LineView
from sandbox.world.phones import national
from sandbox.world.workspaces.find import row_of


class TrackingNumber(NamedTuple):
    """A number and whose it is."""

    workspace_id: int
    account_id: int
    number: str


_wanted: BindParameter[int] = bindparam("workspaces", expanding=True)
CONSOLES_OF = Query(
    ConsoleRow,
    select(CONSOLES).where(CONSOLES.c.workspace_id.in_(_wanted)).order_by(CONSOLES.c.workspace_id, CONSOLES.c.id),
)
ACCOUNTS_OF = Query(
    AccountRow,
    select(ACCOUNTS).where(ACCOUNTS.c.workspace_id.in_(_wanted)).order_by(ACCOUNTS.c.workspace_id, ACCOUNTS.c.id),
)
TRACKING_NUMBERS_OF = Query(
    TrackingNumber,
    select(LINES.c.workspace_id, LINES.c.account_id, LINES.c.number)
    .where(LINES.c.workspace_id.in_(_wanted), LINES.c.account_id.is_not(None))
    .order_by(LINES.c.workspace_id, LINES.c.account_id, LINES.c.number),
)


def workspaces_of(tx: Tx, rows: Sequence[WorkspaceRow]) -> list[WorkspaceInfo]:
    """Return these workspaces, their credentials too, in three statements."""
    worlds = [row.world for row in rows]
    consoles: dict[int, list[Console]] = {world: [] for world in worlds}
    for console in tx.all(CONSOLES_OF, workspaces=worlds):
        consoles[console.workspace_id].append(_console(console))
    numbers = _tracking_numbers(tx, worlds)
    accounts: dict[int, list[Account]] = {world: [] for world in worlds}
    for account in tx.all(ACCOUNTS_OF, workspaces=worlds):
        accounts[account.workspace_id].append(_account(account, numbers[account.workspace_id, account.id]))
    return [_workspace(row, consoles[row.world], accounts[row.world]) for row in rows]


def workspace_now(tx: Tx) -> WorkspaceInfo:
    """Return the entered workspace."""
    return workspaces_of(tx, [row_of(tx)])[0]


def console_settings(line: LineView) -> ConsoleSettings:
    """Return a console, with how it behaves."""
    return ConsoleSettings.model_validate(line._asdict() | {"line": line.number})


def account_settings(tx: Tx, row: AccountRow) -> AccountSettings:
    """Return an account of the entered workspace, with how it behaves."""
    own = _account(row, _tracking_numbers(tx, [tx.ws])[tx.ws, row.id])
    doctype = "documented" if row.documented_doctype else "none"
    return AccountSettings.model_validate({**dict(own), "doctype": doctype, "zone": row.zone})


def clock_reading(tx: Tx) -> ClockReading:
    """Return what the workspace's clock reads, beside the time outside."""
    speed = tx.workspace.clock_speed
    return ClockReading.model_validate(
        {
            "now": timestamp(tx.now),
            "wall": timestamp(tx.wall),
            "state": "frozen" if tx.workspace.clock_frozen else "running",
            "speed": int(speed) if speed.is_integer() else speed,
        }
    )


def _tracking_numbers(tx: Tx, workspaces: list[int]) -> dict[tuple[int, int], list[str]]:
    """Return those of these workspaces, by workspace and account."""
    found: defaultdict[tuple[int, int], list[str]] = defaultdict(list)
    for workspace_id, account_id, number in tx.all(TRACKING_NUMBERS_OF, workspaces=workspaces):
        found[workspace_id, account_id].append(number)
    return found


def _workspace(row: WorkspaceRow, consoles: list[Console], accounts: list[Account]) -> WorkspaceInfo:
    assert row.key is not None, "a hidden workspace is shown to nobody"
    assert row.name is not None
    return WorkspaceInfo(
        id=row.key,
        name=row.name,
        fixture=row.fixture,
        seed=row.first_seed,
        start_at=optional_timestamp(row.start_at),
        created_at=timestamp(row.created_wall),
        date_header=row.date_header,
        expires_at=optional_timestamp(row.expires_wall),
        basic=Basic(username=row.username or "", password=row.password or ""),
        consoles=consoles,
        accounts=accounts,
    )


def _console(row: ConsoleRow) -> Console:
    return Console(code=row.code, name=row.name, line=row.line, keyword=row.keyword)


def _account(row: AccountRow, numbers: list[str]) -> Account:
    return Account(
        access_key=row.access_key or "",
        secret_access_key=row.secret_access_key or "",
        tracking_numbers=[*map(national, numbers)],
    )
