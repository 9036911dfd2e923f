"""The tables: what is remembered of each workspace.

Every key begins with the workspace, and `id` counts from 1 within it, so that a workspace's rows can be copied to
another one as they are. Times are whole milliseconds since 1970 in UTC; phones and lines are digits with the country
code. Nothing here is shaped like a vendor's answer.
"""

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

SCHEMA = 2
"""Counts up whenever a table changes; a store of another number is refused."""


class Row(SQLModel, registry=registry()):
    """What our tables are made from. Their registry is their own: a program that imports us may use SQLModel too."""


def owned_by(table: str, *columns: str, remote: str = "id") -> ForeignKeyConstraint:
    """A reference to another row of the same workspace; it goes when the row it names goes."""
    return ForeignKeyConstraint(
        ["workspace_id", *columns],
        [f"{table}.workspace_id", f"{table}.{remote}"],
        ondelete="CASCADE",
        deferrable=True,
        initially="DEFERRED",
    )


def refers_to(table: str, column: str) -> ForeignKeyConstraint:
    """A reference to another row of the same workspace that may not go while it is named."""
    return ForeignKeyConstraint(
        ["workspace_id", column],
        [f"{table}.workspace_id", f"{table}.id"],
        deferrable=True,
        initially="DEFERRED",
    )


class SchemaVersion(Row, table=True):
    """One row: which `SCHEMA` made this store."""

    __tablename__ = "sandbox_schema"

    version: int = Field(primary_key=True)


class Workspace(Row, table=True):
    """One test's, team's or customer's world, found by its credentials."""

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    name: str = Field(unique=True)
    username: str = Field(unique=True)
    password: str
    fixture: str
    seed: int
    created_wall: int
    """Wall time, unlike every other time here."""
    expires_wall: int | None = None

    start_at: int | None = None
    """The clock's first reading when one was asked for."""
    clock_frozen: bool = False
    clock_at: int
    """What the clock read at `clock_wall`; a running clock goes on from there."""
    clock_wall: int

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


class Counter(Row, table=True):
    """How many of a kind a workspace has numbered so far; workspace 0 stands for the server itself."""

    __table_args__ = ({"sqlite_with_rowid": False},)

    workspace_id: int = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    n: int


class Account(Row, table=True):
    """A DialogTech account: two keys, and the tracking numbers whose lines name it."""

    workspace_id: int = Field(primary_key=True, foreign_key="workspace.id", ondelete="CASCADE")
    id: int = Field(primary_key=True)
    name: str
    access_key: str = Field(unique=True)
    secret_access_key: str
    documented_doctype: bool = True
    help_text: str


class Line(Row, table=True):
    """A number that an organisation texts from: a console's, or (with an account) a tracking number."""

    __table_args__ = (owned_by("account", "account_id"),)

    workspace_id: int = Field(primary_key=True, foreign_key="workspace.id", ondelete="CASCADE")
    number: str = Field(primary_key=True)
    account_id: int | None = None


class Console(Row, table=True):
    """A Dialog Health console, with what it says by itself."""

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


class Person(Row, table=True):
    """Somebody with a phone. Made on first contact when nobody entered them: then without a name."""

    __table_args__ = (
        UniqueConstraint("workspace_id", "key"),
        UniqueConstraint("workspace_id", "phone"),
    )

    workspace_id: int = Field(primary_key=True, foreign_key="workspace.id", ondelete="CASCADE")
    id: int = Field(primary_key=True)
    key: str
    first_name: str | None = None
    last_name: str | None = None
    phone: str
    carrier: str | None = None
    caregiver_name: str | None = None
    caregiver_phone: str | None = None
    recipient_type: str = "patient"
    misc1: str | None = None
    misc2: str | None = None
    misc3: str | None = None
    misc4: str | None = None
    misc5: str | None = None


class Broadcast(Row, table=True):
    """One text that staff sent to many."""

    __table_args__ = (UniqueConstraint("workspace_id", "key"),)

    workspace_id: int = Field(primary_key=True, foreign_key="workspace.id", ondelete="CASCADE")
    id: int = Field(primary_key=True)
    key: str
    name: str


class Campaign(Row, table=True):
    """A standing effort that broadcasts may belong to."""

    __table_args__ = (UniqueConstraint("workspace_id", "key"), UniqueConstraint("workspace_id", "name"))

    workspace_id: int = Field(primary_key=True, foreign_key="workspace.id", ondelete="CASCADE")
    id: int = Field(primary_key=True)
    key: str
    name: str


class Message(Row, table=True):
    """A text, in either direction, and the plan that was fixed when it was accepted.

    `sent_at`, `settled_at` and `outcome` say what its status is at any time; see `statuses`.
    """

    __table_args__ = (
        owned_by("line", "line", remote="number"),
        refers_to("person", "person_id"),
        refers_to("broadcast", "broadcast_id"),
        refers_to("campaign", "campaign_id"),
        CheckConstraint("direction IN ('outbound', 'inbound')", name="direction_known"),
        CheckConstraint("(console_id IS NULL) <> (account_id IS NULL)", name="one_owner"),
    )

    workspace_id: int = Field(primary_key=True, foreign_key="workspace.id", ondelete="CASCADE")
    id: int = Field(primary_key=True)
    direction: str
    vendor: str
    console_id: int | None = None
    account_id: int | None = None
    line: str
    phone: str
    sender: str
    """Where it says it comes from: a submit may name another number than the console's line."""
    text: str
    purpose: str
    """alert, opt_out, opt_in, staff_opt_in, help or reply; of a reply, what it asked for."""
    sent_by: str | None = None
    """A member of staff; null for anything automatic or by API."""
    cause: str
    """What made it, as its timeline's first entry names it: `simplepay.submit`, `broadcast`, `reply`, ..."""
    person_id: int | None = None
    broadcast_id: int | None = None
    campaign_id: int | None = None
    lead_id: int | None = None
    caused_by_id: int | None = None

    sid: str | None = None
    outgoing_key: str | None = None
    msg_id: str | None = None
    status_callback: str | None = None

    accepted_at: int
    record_at: int | None = None
    """When it stands as a record of its console: an outbound's `accepted_at`, an unanswered inbound's; else null."""
    sent_at: int | None = None
    settled_at: int | None = None
    outcome: str | None = None
    plan_cause: str
    reason: str | None = None
    vendor_status: str | None = None


MESSAGES = Row.metadata.tables["message"]

# One index for each hot question; a partial one costs nothing to the rows that it leaves out.
Index(
    "ix_message_record",
    MESSAGES.c.workspace_id,
    MESSAGES.c.console_id,
    MESSAGES.c.record_at,
    MESSAGES.c.id,
    sqlite_where=MESSAGES.c.record_at.is_not(None),
)
Index(
    "ix_message_account",
    MESSAGES.c.workspace_id,
    MESSAGES.c.account_id,
    MESSAGES.c.direction,
    MESSAGES.c.accepted_at,
    MESSAGES.c.id,
    sqlite_where=MESSAGES.c.account_id.is_not(None),
)
Index(
    "ix_message_conversation",
    MESSAGES.c.workspace_id,
    MESSAGES.c.line,
    MESSAGES.c.phone,
    MESSAGES.c.accepted_at,
    MESSAGES.c.id,
)
# Of those whose plan lies ahead when they are accepted: what a clock that moves on has to tell.
Index(
    "ix_message_ahead",
    MESSAGES.c.workspace_id,
    MESSAGES.c.settled_at,
    sqlite_where=MESSAGES.c.settled_at > MESSAGES.c.accepted_at,
)
for _id in ("sid", "outgoing_key", "msg_id"):
    Index(
        f"ux_message_{_id}",
        MESSAGES.c.workspace_id,
        MESSAGES.c[_id],
        unique=True,
        sqlite_where=MESSAGES.c[_id].is_not(None),
    )


class Step(Row, table=True):
    """One entry of the timeline of a message whose plan was overruled by hand; it then has them all."""

    __table_args__ = (owned_by("message", "message_id"),)

    workspace_id: int = Field(primary_key=True)
    message_id: int = Field(primary_key=True)
    position: int = Field(primary_key=True)
    status: str
    at: int
    cause: str
    reason: str | None = None
    forced: bool = False


class Consent(Row, table=True):
    """A ledger, only ever added to: the latest row of a line and phone says whether it may be texted."""

    __table_args__ = (
        owned_by("line", "line", remote="number"),
        Index("ix_consent_phone", "workspace_id", "line", "phone", "at", "id"),
    )

    workspace_id: int = Field(primary_key=True, foreign_key="workspace.id", ondelete="CASCADE")
    id: int = Field(primary_key=True)
    line: str
    phone: str
    opted_in: bool
    cause: str
    """first_contact, enrolled, handset, api or staff."""
    word: str | None = None
    at: int


class Scheduled(Row, table=True):
    """Something that will happen by itself: done by whoever comes past after `due_at`, in order."""

    __table_args__ = (Index("ix_scheduled_due", "workspace_id", "due_at", "id"),)

    workspace_id: int = Field(primary_key=True, foreign_key="workspace.id", ondelete="CASCADE")
    id: int = Field(primary_key=True)
    due_at: int
    action: str
    payload: str
    """JSON: the arguments of the action."""


class Callback(Row, table=True):
    """One change of status that a client wants to be told (rule SP-statuscallback), and how far that has got.

    Those of a message that has yet to change are here already; they go when its plan is overruled.
    """

    __table_args__ = (
        owned_by("message", "message_id"),
        UniqueConstraint("workspace_id", "message_id", "position"),
    )

    workspace_id: int = Field(primary_key=True, foreign_key="workspace.id", ondelete="CASCADE")
    id: int = Field(primary_key=True)
    message_id: int
    position: int
    """In which order those of one message are sent."""
    status: str
    reason: str | None = None
    status_at: int
    """When the message takes that status."""
    due_at: int
    """When it is due first."""
    state: str
    """waiting (for the one before it), pending, sending, delivered or given_up."""
    next_at: int | None = None
    """When the next attempt is due, or the one that is being made."""
    tries: int = 0
    """Attempts that failed since it last began anew."""
    copies: int = 1
    """How often it is still to be delivered."""
    why: str | None = None
    """Why it was given up."""


CALLBACKS = Row.metadata.tables["callback"]
Index(
    "ix_callback_due",
    CALLBACKS.c.workspace_id,
    CALLBACKS.c.next_at,
    CALLBACKS.c.id,
    sqlite_where=CALLBACKS.c.state == "pending",
)
Index("ix_callback_first", CALLBACKS.c.workspace_id, CALLBACKS.c.due_at)


class Attempt(Row, table=True):
    """One time that a callback was sent."""

    __table_args__ = (owned_by("callback", "callback_id"),)

    workspace_id: int = Field(primary_key=True)
    callback_id: int = Field(primary_key=True)
    n: int = Field(primary_key=True)
    at: int
    status: int | None = None
    error: str | None = None
    ms: int
    next_at: int | None = None


class Sink(Row, table=True):
    """A receiver of our own to point a callback at."""

    workspace_id: int = Field(primary_key=True, foreign_key="workspace.id", ondelete="CASCADE")
    name: str = Field(primary_key=True)
    token: str = Field(unique=True)
    status: int = 200
    delay: int = 0
    """Wall time in ms."""


class SinkRequest(Row, table=True):
    """One request that a sink got."""

    __table_args__ = (owned_by("sink", "sink", remote="name"), Index("ix_sink_request", "workspace_id", "sink", "id"))

    workspace_id: int = Field(primary_key=True)
    id: int = Field(primary_key=True)
    sink: str
    at: int
    method: str
    query: str
    headers: str
    """JSON: a list of pairs."""
    body: str
