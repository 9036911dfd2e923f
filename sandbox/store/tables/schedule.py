"""What will happen by itself: commands and callbacks with due times; sinks; faults; the story that runs."""

from sqlmodel import Field, UniqueConstraint

from sandbox.store.tables.base import Part, Row, define, index, moment, owned_by, owner


class ScheduledRow(Row):
    """A command that will be executed by itself, by the first to come past after `due_at`, in order."""

    __part__ = Part.CONTENT

    workspace_id: int = owner()
    id: int = Field(primary_key=True)
    due_at: int = moment()
    command: str
    arguments: str
    """JSON."""
    message_id: int | None = None
    """The message that it is about, if it names one: it goes with that."""
    is_of_story: bool = False
    """It goes when the story ends that it is a step of."""


class ScheduledTable(ScheduledRow, table=True):
    __tablename__ = "scheduled"


SCHEDULED = define(ScheduledTable)
index(SCHEDULED, "ix_scheduled_due", "workspace_id", "due_at", "id")
index(SCHEDULED, "ix_scheduled_message", "workspace_id", "message_id", where=lambda c: c.message_id.is_not(None))


class StoryRunRow(Row):
    """The story that a workspace is in; what of it is to come is in `scheduled`."""

    __part__ = Part.CONTENT

    workspace_id: int = owner()
    story: str
    began_at: int = moment()
    ends_at: int = moment()
    was_frozen: bool
    """Whether the clock stood before."""


class StoryRunTable(StoryRunRow, table=True):
    __tablename__ = "story_run"


STORY_RUNS = define(StoryRunTable)


class CallbackRow(Row):
    """One change of status that a client wants to be told (rule SP-statuscallback), and how far that has got.

    Those of a message that has yet to change are here already; they go when its plan is overruled.
    """

    __part__ = Part.CONTENT

    workspace_id: int = owner()
    id: int = Field(primary_key=True)
    message_id: int
    position: int
    """In which order those of one message are sent."""
    status: str
    reason: str | None = None
    status_at: int = moment()
    """When the message takes that status."""
    due_at: int = moment()
    """When it is due first."""
    state: str
    """waiting (for the one before it), pending, sending, delivered or given_up."""
    next_at: int | None = moment(default=None)
    """When the next attempt is due, or the one that is being made."""
    tries: int = 0
    """Attempts that failed since it was last pending from the start."""
    copies: int = 1
    """How often it is still to be delivered."""
    why: str | None = None
    """Why it was given up."""
    claimed_by: str | None = None
    """Which process is sending it."""
    leased_until: int | None = moment(default=None)
    """Wall time after which another process may take it over."""


class CallbackTable(CallbackRow, table=True):
    __tablename__ = "callback"
    __table_args__ = (owned_by("message", "message_id"), UniqueConstraint("workspace_id", "message_id", "position"))


CALLBACKS = define(CallbackTable)
index(CALLBACKS, "ix_callback_due", "workspace_id", "next_at", "id", where=lambda c: c.state == "pending")
index(CALLBACKS, "ix_callback_lease", "leased_until", where=lambda c: c.leased_until.is_not(None))
index(CALLBACKS, "ix_callback_overdue", "workspace_id", "leased_until", where=lambda c: c.leased_until.is_not(None))
index(CALLBACKS, "ix_callback_first", "workspace_id", "due_at")


class AttemptRow(Row):
    """One time that a callback was sent."""

    __part__ = Part.CONTENT

    workspace_id: int = Field(primary_key=True)
    callback_id: int = Field(primary_key=True)
    n: int = Field(primary_key=True)
    at: int = moment()
    status: int | None = None
    error: str | None = None
    ms: int
    next_at: int | None = moment(default=None)


class AttemptTable(AttemptRow, table=True):
    __tablename__ = "attempt"
    __table_args__ = (owned_by("callback", "callback_id"),)


ATTEMPTS = define(AttemptTable)


class TraceRow(Row):
    """In which trace of its client's a message was submitted: its callbacks take it along (W3C Trace Context)."""

    __part__ = Part.RECORD

    workspace_id: int = owner()
    message_id: int = Field(primary_key=True)
    traceparent: str
    tracestate: str | None = None


class TraceTable(TraceRow, table=True):
    __tablename__ = "trace"
    __table_args__ = (owned_by("message", "message_id"),)


TRACES = define(TraceTable)


class SinkRow(Row):
    """A receiver of our own to point a callback at."""

    __part__ = Part.KEPT

    workspace_id: int = owner()
    name: str = Field(primary_key=True)
    token: str = Field(unique=True)
    status: int = 200
    delay: int = moment(default=0)
    """Wall time in ms."""


class SinkTable(SinkRow, table=True):
    __tablename__ = "sink"


SINKS = define(SinkTable)


class SinkRequestRow(Row):
    """One request that a sink got."""

    __part__ = Part.RECORD

    workspace_id: int = Field(primary_key=True)
    id: int = Field(primary_key=True)
    sink: str
    at: int = moment()
    method: str
    query: str
    headers: str
    """JSON: a list of pairs."""
    body: str
    size: int
    """Bytes that the row counts for."""


class SinkRequestTable(SinkRequestRow, table=True):
    __tablename__ = "sink_request"
    __table_args__ = (owned_by("sink", "sink", remote="name"),)


SINK_REQUESTS = define(SinkRequestTable)
index(SINK_REQUESTS, "ix_sink_request", "workspace_id", "sink", "id")


class FaultRow(Row):
    """How single calls of a vendor's API are to go wrong, and how far that has got. Matched in the order of ids."""

    __part__ = Part.CONTENT

    workspace_id: int = owner()
    id: int = Field(primary_key=True)
    match: str
    """JSON: what a call must be about, by the names of `faults.CallDetails`; what is left out may be anything."""
    effect: str
    """JSON: as the control API has it, durations of wall time in ms."""
    probability: float = 1.0
    seed: int = moment()
    skip: int = 0
    times: int | None = None
    expires_at: int | None = moment(default=None)

    matched: int = 0
    applied: int = 0
    window_at: int | None = moment(default=None)
    """Of a rate limit: when its present window began, and how many calls that has seen."""
    window_calls: int = 0


class FaultTable(FaultRow, table=True):
    __tablename__ = "fault"


FAULTS = define(FaultTable)
