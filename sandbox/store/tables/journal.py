"""What vendors were asked and answered, what was turned meanwhile, and what happened: logs, read by position."""

from sqlmodel import Field

from sandbox.store.tables.base import Part, Row, define, index, moment, owner


class JournalEntryRow(Row):
    """One exchange, its secrets taken out before it came here. Workspace 0 has those that belong to none."""

    __part__ = Part.RECORD

    workspace_id: int = owner()
    position: int = moment(primary_key=True)
    """In which order they are listed: taken from the workspace's row under its lock."""
    id: str = Field(unique=True)
    """`ex_` and a UUIDv7, as the answer's X-Sandbox-Exchange said."""
    at: int = moment()
    wall: int = moment()
    """Wall time, unlike `at`."""
    operation: str | None
    outcome: str
    """accepted, refused or faulted."""
    status: int
    levels: str | None
    """Those of its findings: `error`, `note` or `error note`."""
    messages: str | None
    """The numbers of the messages that it made or showed, each between commas."""
    call_to: str | None
    """What the call is about, as it gave it: these six are `CallDetails`; the account by its number."""
    call_from: str | None
    call_text: str | None
    call_console: str | None
    call_account: int | None
    call_number: str | None
    rules: str
    """Their ids, with blanks between them."""
    findings: str | None
    """JSON: a list of lists as `CallFinding` has it."""
    fault: str | None
    """JSON."""
    ms: int
    method: str
    path: bytes
    query: bytes
    request_headers: str
    """JSON: a list of pairs. The bodies are what was kept of them, and the sizes those of the whole."""
    request_body: bytes
    request_size: int
    response_headers: str
    response_body: bytes
    response_size: int | None


class JournalEntryTable(JournalEntryRow, table=True):
    __tablename__ = "journal"


JOURNAL = define(JournalEntryTable)
index(JOURNAL, "ix_journal_operation", "workspace_id", "operation", "position")


class ControlCallRow(Row):
    """A call of the control API that changed a workspace, without credentials: with the journal it tells a run."""

    __part__ = Part.RECORD

    workspace_id: int = owner()
    position: int = moment(primary_key=True)
    """Of the same numbers as the journal's."""
    at: int = moment()
    """What the workspace's clock read before."""
    wall: int = moment()
    method: str
    path: str
    """Behind the workspace's own."""
    query: str
    body: str | None
    """Null where it was longer than what is kept."""


class ControlCallTable(ControlCallRow, table=True):
    __tablename__ = "control_call"


CONTROL_CALLS = define(ControlCallTable)


class ChangeRow(Row):
    """A fact of a workspace, for those who wait or follow events. Planned steps are never here: they have a time."""

    __part__ = Part.RECORD

    workspace_id: int = owner()
    position: int = moment(primary_key=True)
    """Taken from the workspace's row under its lock, so that the order is that of the commits."""
    kind: str
    """message, inbound, status, callback, clock, reset or deleted."""
    at: int = moment()
    """What the workspace's clock read."""
    message_id: int | None = None
    callback_id: int | None = None
    step: int | None = None
    """Of an injected status: the first entry of the message's timeline that it wrote."""


class ChangeTable(ChangeRow, table=True):
    __tablename__ = "change"


CHANGES = define(ChangeTable)
