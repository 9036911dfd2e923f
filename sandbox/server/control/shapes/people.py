"""People."""

from pydantic import Field

from sandbox.server.control.shapes.base import Given, Page, Shown
from sandbox.server.control.values import Misc, Phone, RecipientType, Text, absent


class Person(Shown):
    person_id: str
    first_name: str | None
    last_name: str | None
    phone: str = Field(examples=["16295550101"])
    carrier: str | None
    caregiver_name: str | None
    caregiver_phone: str | None
    recipient_type: RecipientType
    misc: Misc


class PersonChange(Given):
    """Only what is given is changed."""

    first_name: str | None = None
    last_name: str | None = None
    phone: Phone = absent()
    carrier: str | None = None
    caregiver_name: str | None = None
    caregiver_phone: Phone | None = None
    recipient_type: RecipientType = absent()
    misc: Misc = absent()


class NewPerson(PersonChange):
    """What is left out is made (`person_id`, `carrier`) or null."""

    person_id: Text = absent()
    phone: Phone


class PeoplePage(Page):
    after: int = Field(0, ge=0, lt=2**62, description="The `next` of the page before.")
