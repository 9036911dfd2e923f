"""Who may be texted."""

from typing import Literal

from pydantic import Field

from sandbox.server.control.shapes.base import Given, Page, Shown
from sandbox.server.control.shapes.messages import Message
from sandbox.server.control.values import CONSENT_CURSOR, Moment, Phone


class Consent(Shown):
    phone: str
    console: str | None
    account: str | None = Field(description="The access key of the account whose tracking number it is about.")
    line: str
    state: Literal["opted_in", "opted_out"]
    since: Moment
    why: str = Field(description="first_contact, enrolled, handset, api or staff.")
    word: str | None = Field(description="What the handset texted.")


class ConsentChange(Consent):
    message: Message | None = Field(description="What told the phone.")


class NewConsent(Given):
    state: Literal["opted_in", "opted_out"]
    console: str | None = Field(None, description="Needed when there are several.", examples=["HARBOR1001"])


class ConsentsPage(Page):
    phone: Phone | None = None
    console: str | None = Field(None, description="A console's code.")
    after: str | None = Field(None, description="The `next` of the page before.", pattern=CONSENT_CURSOR)
