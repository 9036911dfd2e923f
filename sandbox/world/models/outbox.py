"""What will happen by itself: acts and callbacks with due times; and the sinks that callbacks can be pointed at."""

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from sandbox.world.models.base import Part, Row, owned_by


class Scheduled(Row, table=True):
    """Something that will happen by itself: done by whoever comes past after `due_at`, in order."""

    __part__ = Part.CONTENT
    __table_args__ = (Index("ix_scheduled_due", "workspace_id", "due_at", "id"),)

    workspace_id: int = Field(primary_key=True, foreign_key="workspace.id", ondelete="CASCADE")
    id: int = Field(primary_key=True)
    due_at: int
    action: str
    payload: str
    """JSON: the arguments of the action."""
    is_of_story: bool = False
    """It goes when the story ends that it is a step of."""


class Callback(Row, table=True):
    """One change of status that a client wants to be told (rule SP-statuscallback), and how far that has got.

    Those of a message that has yet to change are here already; they go when its plan is overruled.
    """

    __part__ = Part.CONTENT
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

    __part__ = Part.CONTENT
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

    __part__ = Part.KEPT

    workspace_id: int = Field(primary_key=True, foreign_key="workspace.id", ondelete="CASCADE")
    name: str = Field(primary_key=True)
    token: str = Field(unique=True)
    status: int = 200
    delay: int = 0
    """Wall time in ms."""


class SinkRequest(Row, table=True):
    """One request that a sink got."""

    __part__ = Part.RECORD
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
