"""Who has a phone, and what may be sent to it."""

from sqlmodel import Field, UniqueConstraint

from sandbox.store.tables.base import Part, Row, define, index, moment, owned_by, owner


class PersonRow(Row):
    """Who has a phone. Made on first contact when nobody entered them: then without a name."""

    __part__ = Part.CONTENT

    workspace_id: int = owner()
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


class PersonTable(PersonRow, table=True):
    __tablename__ = "person"
    __table_args__ = (UniqueConstraint("workspace_id", "key"), UniqueConstraint("workspace_id", "phone"))


PEOPLE = define(PersonTable)


class ConsentRow(Row):
    """A ledger, only ever added to: the latest row of a line and phone says whether it may be texted."""

    __part__ = Part.CONTENT

    workspace_id: int = owner()
    id: int = Field(primary_key=True)
    line: str
    phone: str
    opted_in: bool
    cause: str
    """first_contact, enrolled, handset, api or staff."""
    word: str | None = None
    at: int = moment()


class ConsentTable(ConsentRow, table=True):
    __tablename__ = "consent"
    __table_args__ = (owned_by("line", "line", remote="number"),)


CONSENTS = define(ConsentTable)
index(CONSENTS, "ix_consent_phone", "workspace_id", "line", "phone", "at", "id")
