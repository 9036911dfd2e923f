"""The journal: what vendors were asked and what they answered."""

from sqlalchemy import Index
from sqlmodel import Field

from sandbox.world.models.base import Part, Row


class JournalEntry(Row, table=True):
    """One exchange, its secrets taken out before it came here. Workspace 0 has those that belong to none.

    No reference to the workspace, since 0 is no row of its table: whoever deletes a workspace deletes these too.
    """

    __part__ = Part.RECORD
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
