"""Which line is meant, who owns it, and what does its owner say by itself?"""

import re
from typing import NamedTuple

from sqlalchemy import bindparam, false, func, select

from sandbox.store import Query, Tx
from sandbox.store.tables import ACCOUNTS, CONSOLES, LINES
from sandbox.world.errors import UnknownConsole, UnknownLine

CONSOLE_CODE = re.compile(r"[A-Z]{6}[0-9]{4}", re.ASCII)
STAFF_TOOLS = {"console": "writeback", "account": "dialogtech"}
"""By the owner of a line: the vendor by whose tools its staff send, and in whose lists what it receives stands."""


class LineView(NamedTuple):
    """A line and what its owner says by itself. Exactly one of `console_id` and `account_id` is set.

    `code`: the console's code or the account's access key. `name`: how its automatic texts call the owner.
    """

    number: str
    console_id: int | None
    account_id: int | None
    code: str
    name: str
    keyword: str | None
    help_text: str
    auto_reply: str | None
    submit_overrides_stop: bool

    @property
    def is_console(self) -> bool:
        """Whether a console owns it; else an account does."""
        return self.console_id is not None

    @property
    def staff_tool(self) -> str:
        """The vendor of what staff send from it, and of what it receives."""
        return STAFF_TOOLS["console" if self.is_console else "account"]


_lines = select(
    LINES.c.number,
    CONSOLES.c.id,
    LINES.c.account_id,
    func.coalesce(CONSOLES.c.code, ACCOUNTS.c.access_key),
    func.coalesce(CONSOLES.c.name, ACCOUNTS.c.name),
    CONSOLES.c.keyword,
    func.coalesce(CONSOLES.c.help_text, ACCOUNTS.c.help_text),
    CONSOLES.c.auto_reply,
    func.coalesce(CONSOLES.c.submit_overrides_stop, false()),
).select_from(
    LINES.outerjoin(
        CONSOLES, (CONSOLES.c.workspace_id == LINES.c.workspace_id) & (CONSOLES.c.line == LINES.c.number)
    ).outerjoin(ACCOUNTS, (ACCOUNTS.c.workspace_id == LINES.c.workspace_id) & (ACCOUNTS.c.id == LINES.c.account_id))
)
_in_workspace = LINES.c.workspace_id == bindparam("ws")
CONSOLE_LINE = Query(
    LineView,
    _lines.where(CONSOLES.c.workspace_id == bindparam("ws"), CONSOLES.c.code == bindparam("code")),
    hot=True,
)
LINE = Query(LineView, _lines.where(_in_workspace, LINES.c.number == bindparam("number")))
LISTED = (CONSOLES.c.id.nulls_first(), LINES.c.account_id.nulls_first(), LINES.c.number)
"""In which order lines are listed: tracking numbers, then consoles' lines."""
ALL_LINES = Query(LineView, _lines.where(_in_workspace).order_by(*LISTED))


def console_line(tx: Tx, code: str) -> LineView:
    """Return the line of a console of this workspace."""
    line = tx.one(CONSOLE_LINE, code=code)
    if line is None:
        raise UnknownConsole("There is no console of that code in this workspace.")
    return line


def line_of(tx: Tx, number: str) -> LineView:
    """Return a console's line or a tracking number, by its 11 digits."""
    line = tx.one(LINE, number=number)
    if line is None:
        raise UnknownLine("No console and no account of this workspace texts from that number.")
    return line


def tracking_line(tx: Tx, number: str) -> LineView:
    """Return a tracking number's line, by its 11 digits."""
    line = line_of(tx, number)
    if line.is_console:
        raise UnknownLine("That number is a console's line: name the console instead.")
    return line


def all_lines(tx: Tx) -> list[LineView]:
    """Return consoles' lines and tracking numbers alike."""
    return tx.all(ALL_LINES)
