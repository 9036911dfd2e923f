"""People, and their phones and conversations as one who holds the phone sees them."""

from pydantic import Field

from dialog_sandbox.models.base import AnswerModel, BodyModel, PageRequest, absent
from dialog_sandbox.models.messages import Message
from dialog_sandbox.models.values import MESSAGE_ID, PHONE_CURSOR, Misc, PhoneNumber, RecipientType, Text


class Person(AnswerModel):
    person_id: str
    first_name: str | None
    last_name: str | None
    phone: str = Field(examples=["16295550101"])
    carrier: str | None
    caregiver_name: str | None
    caregiver_phone: str | None
    recipient_type: RecipientType
    misc: Misc


class ChangePersonRequest(BodyModel):
    """Only what is given is changed."""

    first_name: str | None = None
    last_name: str | None = None
    phone: PhoneNumber = absent()
    carrier: str | None = None
    caregiver_name: str | None = None
    caregiver_phone: PhoneNumber | None = None
    recipient_type: RecipientType = absent()
    misc: Misc = absent()


class AddPersonRequest(ChangePersonRequest):
    """What is left out is made (`person_id`, `carrier`) or null."""

    person_id: Text = absent()
    phone: PhoneNumber


class ListPeopleRequest(PageRequest):
    after: int = Field(0, ge=0, lt=2**62, description="The `next` of the page before.")


class Phone(AnswerModel):
    phone: str = Field(examples=["16295550101"])
    person_id: str | None = Field(description="Null for a phone that is nobody's yet, as are the next four.")
    first_name: str | None
    last_name: str | None
    carrier: str | None
    recipient_type: RecipientType | None
    opted_out: list[str] = Field(description="The lines that it is opted out of.", examples=[["16155550110"]])
    latest: Message | None = Field(description="Its latest message on whichever line, in either direction.")


class ListPhonesRequest(PageRequest):
    search: str | None = Field(None, description="Part of a name or of a number, or a person_id.")
    after: str | None = Field(None, description="The `next` of the page before.", pattern=PHONE_CURSOR)


class ListConversationRequest(PageRequest):
    after: str | None = Field(None, description="The `next` of the page before.", pattern=MESSAGE_ID)
