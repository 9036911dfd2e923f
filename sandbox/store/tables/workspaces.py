"""Workspaces and the lines they text from."""

from sqlalchemy import false
from sqlmodel import Field, UniqueConstraint

from sandbox.store.tables.base import Part, Row, define, index, moment, owned_by, owner


class SchemaTagRow(Row):
    """One row: which `SCHEMA` made this store."""

    __part__ = Part.SERVER

    version: int = Field(primary_key=True)


class SchemaTagTable(SchemaTagRow, table=True):
    __tablename__ = "sandbox_schema"


SCHEMA_TAGS = define(SchemaTagTable)


class WorkspaceRow(Row):
    """One test's, team's or customer's world, found by its credentials.

    A hidden one has neither key, name nor credentials, so that nobody can call it. Number 0 stands for the server: it
    counts the workspaces, and owns what belongs to none of them.
    """

    __part__ = Part.SERVER

    id: int = Field(primary_key=True)
    world: int = moment(sa_column_kwargs={"server_default": "0"})
    """The number under which its rows are: its own, or since a reset that of a hidden workspace."""
    hidden: str | None = None
    """Null, or what it is kept for: `server`, `seed` or `snapshot`; `world` if its rows are another's; `arriving` while
    they are still coming, and `gone` until the last of them was deleted."""
    key: str | None = Field(default=None, unique=True)
    name: str | None = Field(default=None, unique=True)
    username: str | None = Field(default=None, unique=True)
    password: str | None = None
    fixture: str
    """The name of a packaged one, or a path; `text` of one that came as a text."""
    fixture_text: str | None = None
    """That text, to begin with it again."""
    fingerprint: str
    """Of what the fixture was read from."""
    seed: int = moment()
    """Decides its ids; a restored snapshot brings its own."""
    first_seed: int = moment()
    """The seed that it was made with."""
    first_at: int = moment()
    """The clock's first reading: its history ends there. Same fixture, seed and first reading: the same rows."""
    created_wall: int = moment()
    expires_wall: int | None = moment(default=None)
    epoch: int = 0
    """How often it was reset or restored: what was under way for an earlier one is void."""
    first: str = "{}"
    """JSON: whether the clock stood, and the delivery, when it was made, by column."""

    start_at: int | None = moment(default=None)
    """The clock's first reading when one was asked for."""
    clock_frozen: bool = False
    clock_at: int = moment()
    """What the clock read at `clock_wall`; a running clock goes on from there."""
    clock_wall: int = moment()
    clock_speed: float = 1.0
    """Of a running clock, in a second of wall time; a story has one of its own."""

    delivery_mode: str = "timed"
    sent_after: int = moment(default=1000)
    settled_after: int = moment(default=3000)
    outcome: str = "delivered"
    numbers: str | None = None
    """JSON: single phones' own delivery, as `delivery.Numbers` has it."""
    callback_profile: str | None = None
    """JSON: how callbacks misbehave, as `callbacks.Profile` has it."""
    date_header: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """Whether the `Date` of its vendors' answers is what its clock reads."""
    counts_reads: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    """Whether it may have messages that settle when they were read so often."""
    next_due_at: int | None = moment(default=None)
    """The earliest due time in `scheduled`, so that a caller need not look there."""
    faults: int = 0
    """How many it has, so that a call need not look for them."""
    change_position: int = moment(default=0)
    """Of the last row in `change`."""
    journal_position: int = moment(default=0)
    """Of the last row in `journal`."""


class WorkspaceTable(WorkspaceRow, table=True):
    __tablename__ = "workspace"


WORKSPACES = define(WorkspaceTable)
index(WORKSPACES, "ix_workspace_clone", "hidden", "fingerprint", "first_seed", "first_at")
index(WORKSPACES, "ix_workspace_world", "world")
index(WORKSPACES, "ix_workspace_expires", "expires_wall", where=lambda c: c.expires_wall.is_not(None))


class AccountRow(Row):
    """A DialogTech account: two keys, and the tracking numbers whose lines name it."""

    __part__ = Part.SETUP
    __credentials__ = ("access_key", "secret_access_key")

    workspace_id: int = owner()
    id: int = Field(primary_key=True)
    name: str
    access_key: str | None = Field(default=None, unique=True)
    """Null in a hidden workspace, as the other one."""
    secret_access_key: str | None = None
    documented_doctype: bool = True
    zone: str = Field(default="UTC", sa_column_kwargs={"server_default": "UTC"})
    """An IANA name: in which it names days and shows times."""
    help_text: str


class AccountTable(AccountRow, table=True):
    __tablename__ = "account"


ACCOUNTS = define(AccountTable)


class LineRow(Row):
    """A number that an organisation texts from: a console's, or (with an account) a tracking number."""

    __part__ = Part.SETUP

    workspace_id: int = owner()
    number: str = Field(primary_key=True)
    account_id: int | None = None


class LineTable(LineRow, table=True):
    __tablename__ = "line"
    __table_args__ = (owned_by("account", "account_id"),)


LINES = define(LineTable)


class ConsoleRow(Row):
    """A Dialog Health console, with what it says by itself."""

    __part__ = Part.SETUP

    workspace_id: int = owner()
    id: int = Field(primary_key=True)
    code: str
    name: str
    line: str
    keyword: str
    help_text: str
    auto_reply: str | None = None
    submit_overrides_stop: bool = False


class ConsoleTable(ConsoleRow, table=True):
    __tablename__ = "console"
    __table_args__ = (
        UniqueConstraint("workspace_id", "code"),
        UniqueConstraint("workspace_id", "line"),
        owned_by("line", "line", remote="number"),
    )


CONSOLES = define(ConsoleTable)


class CounterRow(Row):
    """How many of a kind a workspace has numbered so far."""

    __part__ = Part.CONTENT

    workspace_id: int = owner()
    kind: str = Field(primary_key=True)
    n: int = moment()


class CounterTable(CounterRow, table=True):
    __tablename__ = "counter"


COUNTERS = define(CounterTable)


class SnapshotRow(Row):
    """The name of a clone; its rows, clock and delivery are those of the hidden workspace that holds it."""

    __part__ = Part.KEPT

    workspace_id: int = owner()
    name: str = Field(primary_key=True)
    clone_id: int
    """The hidden workspace's."""
    taken_wall: int = moment()


class SnapshotTable(SnapshotRow, table=True):
    __tablename__ = "snapshot"


SNAPSHOTS = define(SnapshotTable)
