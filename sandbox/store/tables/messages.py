"""Messages with their plans, their vendors' ids, and what they belong to."""

from sqlalchemy import CheckConstraint
from sqlmodel import Field, UniqueConstraint

from sandbox.store.tables.base import Part, Row, define, index, moment, owned_by, owner, refers_to


class BroadcastRow(Row):
    """One text that staff sent to many."""

    __part__ = Part.CONTENT

    workspace_id: int = owner()
    id: int = Field(primary_key=True)
    key: str
    name: str


class BroadcastTable(BroadcastRow, table=True):
    __tablename__ = "broadcast"
    __table_args__ = (UniqueConstraint("workspace_id", "key"),)


BROADCASTS = define(BroadcastTable)


class CampaignRow(Row):
    """A standing effort that broadcasts may belong to."""

    __part__ = Part.CONTENT

    workspace_id: int = owner()
    id: int = Field(primary_key=True)
    key: str
    name: str


class CampaignTable(CampaignRow, table=True):
    __tablename__ = "campaign"
    __table_args__ = (UniqueConstraint("workspace_id", "key"), UniqueConstraint("workspace_id", "name"))


CAMPAIGNS = define(CampaignTable)


class MessageRow(Row):
    """A text, in either direction, and the plan that was fixed when it was accepted.

    `sent_at`, `settled_at` and `outcome` say what its status is at any time; see `statuses`.
    """

    __part__ = Part.CONTENT

    workspace_id: int = owner()
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
    folded: str
    """`text.casefold()`, for waits, which ignore case."""
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
    status_callback: str | None = None

    accepted_at: int = moment()
    record_at: int | None = moment(default=None)
    """When it stands as a record of its console: an outbound's `accepted_at`, an unanswered inbound's; else null."""
    sent_at: int | None = moment(default=None)
    settled_at: int | None = moment(default=None)
    outcome: str | None = None
    plan_cause: str
    reason: str | None = None
    vendor_status: str | None = None
    reads_to_sent: int | None = None
    """How often a vendor API has to show it yet till it is sent; of a message that was accepted in mode `reads`."""
    reads_to_settled: int | None = None
    """The same till it is settled; null of all others, and once it is."""


class MessageTable(MessageRow, table=True):
    __tablename__ = "message"
    __table_args__ = (
        owned_by("line", "line", remote="number"),
        refers_to("person", "person_id"),
        refers_to("broadcast", "broadcast_id"),
        refers_to("campaign", "campaign_id"),
        CheckConstraint("direction IN ('outbound', 'inbound')", name="direction_known"),
        CheckConstraint("(console_id IS NULL) <> (account_id IS NULL)", name="one_owner"),
    )


MESSAGES = define(MessageTable)
# One index for each hot question; a partial one costs nothing to the rows that it leaves out.
index(
    MESSAGES,
    "ix_message_record",
    *("workspace_id", "console_id", "record_at", "id"),
    where=lambda c: c.record_at.is_not(None),
)
index(
    MESSAGES,
    "ix_message_account",
    *("workspace_id", "account_id", "direction", "accepted_at", "id"),
    where=lambda c: c.account_id.is_not(None),
)
index(MESSAGES, "ix_message_conversation", "workspace_id", "line", "phone", "accepted_at", "id")
# What a message that is deleted leaves behind.
index(MESSAGES, "ix_message_lead", "workspace_id", "lead_id", where=lambda c: c.lead_id.is_not(None))
index(MESSAGES, "ix_message_cause", "workspace_id", "caused_by_id", where=lambda c: c.caused_by_id.is_not(None))
# Of those whose plan lies ahead when they are accepted: what a clock that moves on brings about.
index(MESSAGES, "ix_message_ahead", "workspace_id", "settled_at", where=lambda c: c.settled_at > c.accepted_at)
index(MESSAGES, "ix_message_sent_ahead", "workspace_id", "sent_at", where=lambda c: c.settled_at > c.accepted_at)


class VendorIdRow(Row):
    """What a vendor calls a message: `sid`, `outgoing_message_id`, `msg_id`."""

    __part__ = Part.CONTENT

    workspace_id: int = Field(primary_key=True)
    message_id: int = Field(primary_key=True)
    vendor: str = Field(primary_key=True)
    name: str
    """How the control API calls that id; a vendor has one."""
    value: str


class VendorIdTable(VendorIdRow, table=True):
    __tablename__ = "vendor_id"
    __table_args__ = (owned_by("message", "message_id"), UniqueConstraint("workspace_id", "vendor", "value"))


VENDOR_IDS = define(VendorIdTable)


class StepRow(Row):
    """One entry of the timeline of a message whose plan was overruled by hand; it then has them all."""

    __part__ = Part.CONTENT

    workspace_id: int = Field(primary_key=True)
    message_id: int = Field(primary_key=True)
    position: int = Field(primary_key=True)
    status: str
    at: int = moment()
    cause: str
    reason: str | None = None
    forced: bool = False


class StepTable(StepRow, table=True):
    __tablename__ = "step"
    __table_args__ = (owned_by("message", "message_id"),)


STEPS = define(StepTable)
index(STEPS, "ix_step_at", "workspace_id", "at")
