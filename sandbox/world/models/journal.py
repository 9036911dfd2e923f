"""The journal's file: what vendors were asked and what they answered."""

from sqlalchemy import Index
from sqlmodel import Field

from sandbox.world.models.base import JournalRow


class JournalFile(JournalRow, table=True):
    """One row: which `SCHEMA` made the file, whose journal it is, and whether somebody has it open, or had and died."""

    __tablename__ = "sandbox_journal"

    version: int = Field(primary_key=True)
    store: str
    """As `SchemaVersion.name`."""
    is_open: bool


class JournalEntry(JournalRow, table=True):
    """One exchange, its secrets taken out before it came here. Workspace 0 has those that belong to none.

    What callers did is never copied, and gone when the workspace begins anew.
    """

    __table_args__ = (Index("ix_journal_operation", "workspace_id", "operation", "number", "outcome"),)

    workspace_id: int = Field(primary_key=True)
    number: int = Field(primary_key=True)
    at: int
    wall: int
    """Wall time, unlike `at`."""
    operation: str | None
    outcome: str
    """accepted, refused or faulted."""
    status: int
    levels: str | None
    """Those of its findings: `error`, `note` or `error note`."""
    messages: str | None
    """The numbers of the messages that it made or showed, each between commas."""
    subject: str | None
    """JSON: a list as `dependencies.Subject` has it, but for the account, whose number it holds."""
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
    rules: str
    """Their ids, with blanks between them."""
    findings: str | None
    """JSON: a list of lists as `dependencies.Finding` has it."""
    fault: str | None
    """JSON."""
