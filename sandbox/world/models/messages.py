"""Messages with their plans, and what they belong to."""

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from sandbox.world.models.base import Part, Row, owned_by, refers_to


class Broadcast(Row, table=True):
    """One text that staff sent to many."""

    __part__ = Part.CONTENT
    __table_args__ = (UniqueConstraint("workspace_id", "key"),)

    workspace_id: int = Field(primary_key=True, foreign_key="workspace.id", ondelete="CASCADE")
    id: int = Field(primary_key=True)
    key: str
    name: str


class Campaign(Row, table=True):
    """A standing effort that broadcasts may belong to."""

    __part__ = Part.CONTENT
    __table_args__ = (UniqueConstraint("workspace_id", "key"), UniqueConstraint("workspace_id", "name"))

    workspace_id: int = Field(primary_key=True, foreign_key="workspace.id", ondelete="CASCADE")
    id: int = Field(primary_key=True)
    key: str
    name: str


class Message(Row, table=True):
    """A text, in either direction, and the plan that was fixed when it was accepted.

    `sent_at`, `settled_at` and `outcome` say what its status is at any time; see `statuses`.
    """

    __part__ = Part.CONTENT
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

    __part__ = Part.CONTENT
    __table_args__ = (owned_by("message", "message_id"), Index("ix_step_at", "workspace_id", "at"))

    workspace_id: int = Field(primary_key=True)
    message_id: int = Field(primary_key=True)
    position: int = Field(primary_key=True)
    status: str
    at: int
    cause: str
    reason: str | None = None
    forced: bool = False
