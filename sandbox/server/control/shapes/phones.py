"""Phones and their conversations, as whoever holds the phone sees them."""

from pydantic import Field

from sandbox.server.control.shapes.base import Page, Shown
from sandbox.server.control.shapes.messages import Message
from sandbox.server.control.values import CURSOR, PHONE_CURSOR, RecipientType


class PhoneShown(Shown):
    phone: str = Field(examples=["16295550101"])
    person_id: str | None = Field(description="Null for a phone that is nobody's yet, as are the next four.")
    first_name: str | None
    last_name: str | None
    carrier: str | None
    recipient_type: RecipientType | None
    opted_out: list[str] = Field(description="The lines that it is opted out of.", examples=[["16155550110"]])
    latest: Message | None = Field(description="Its latest message on whichever line, in either direction.")


class PhonesPage(Page):
    search: str | None = Field(None, description="Part of a name or of a number, or a person_id.")
    after: str | None = Field(None, description="The `next` of the page before.", pattern=PHONE_CURSOR)


class ConversationPage(Page):
    after: str | None = Field(None, description="The `next` of the page before.", pattern=CURSOR)
