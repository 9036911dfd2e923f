"""Who has a phone, and what may be sent to it."""

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from sandbox.world.models.base import Part, Row, owned_by


class Person(Row, table=True):
    """Somebody with a phone. Made on first contact when nobody entered them: then without a name."""

    __part__ = Part.CONTENT
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


class Consent(Row, table=True):
    """A ledger, only ever added to: the latest row of a line and phone says whether it may be texted."""

    __part__ = Part.CONTENT
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
