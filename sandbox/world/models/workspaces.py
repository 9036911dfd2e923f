"""Workspaces and the lines they text from."""

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from sandbox.world.models.base import Part, Row, owned_by


class Workspace(Row, table=True):
    """One test's, team's or customer's world, found by its credentials.

    A hidden one has neither key, name nor credentials, so that nobody can call it.
    """

    __part__ = Part.SERVER

    id: int | None = Field(default=None, primary_key=True)
    hidden: str | None = None
    """Null, or what it is kept for: seed or snapshot, to be copied; gone, until the last of its rows is deleted."""
    key: str | None = Field(default=None, unique=True)
    name: str | None = Field(default=None, unique=True)
    username: str | None = Field(default=None, unique=True)
    password: str | None = None
    fixture: str
    """The name of a packaged one, or a path."""
    seed: int
    """Decides its ids; a restored snapshot brings its own."""
    created_wall: int
    """Wall time, unlike every other time here."""
    expires_wall: int | None = None
    """Wall time."""
    epoch: int = 0
    """How often it began anew: what was under way for an earlier one is void."""
    first: str
    """JSON: seed, clock and delivery as they were when it was made, by column."""

    start_at: int | None = None
    """The clock's first reading when one was asked for."""
    clock_frozen: bool = False
    clock_at: int
    """What the clock read at `clock_wall`; a running clock goes on from there."""
    clock_wall: int
    clock_speed: float = 1.0
    """Of a running clock, in a second of wall time; another than 1 while a story is played."""

    delivery_mode: str = "timed"
    sent_after: int = 1000
    settled_after: int = 3000
    outcome: str = "delivered"
    numbers: str | None = None
    """JSON: single phones' own delivery, as `delivery.Numbers` has it."""
    callback_profile: str | None = None
    """JSON: how callbacks misbehave, as `callbacks.Profile` has it."""
    next_due_at: int | None = None
    """The earliest due time in `scheduled`, so that a caller need not look there."""
    faults: int = 0
    """How many it has, so that a call need not look for them."""


class Account(Row, table=True):
    """A DialogTech account: two keys, and the tracking numbers whose lines name it."""

    __part__ = Part.SETUP
    __credentials__ = ("access_key", "secret_access_key")

    workspace_id: int = Field(primary_key=True, foreign_key="workspace.id", ondelete="CASCADE")
    id: int = Field(primary_key=True)
    name: str
    access_key: str | None = Field(default=None, unique=True)
    """Null in a hidden workspace, as the other one."""
    secret_access_key: str | None = None
    documented_doctype: bool = True
    help_text: str


class Line(Row, table=True):
    """A number that an organisation texts from: a console's, or (with an account) a tracking number."""

    __part__ = Part.SETUP
    __table_args__ = (owned_by("account", "account_id"),)

    workspace_id: int = Field(primary_key=True, foreign_key="workspace.id", ondelete="CASCADE")
    number: str = Field(primary_key=True)
    account_id: int | None = None


class Console(Row, table=True):
    """A Dialog Health console, with what it says by itself."""

    __part__ = Part.SETUP
    __table_args__ = (
        UniqueConstraint("workspace_id", "code"),
        UniqueConstraint("workspace_id", "line"),
        owned_by("line", "line", remote="number"),
    )

    workspace_id: int = Field(primary_key=True, foreign_key="workspace.id", ondelete="CASCADE")
    id: int = Field(primary_key=True)
    code: str
    name: str
    line: str
    keyword: str
    help_text: str
    auto_reply: str | None = None
    submit_overrides_stop: bool = False
