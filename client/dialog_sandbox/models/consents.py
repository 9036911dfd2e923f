"""Who may be texted."""

from pydantic import Field

from dialog_sandbox.models.base import AnswerModel, BodyModel, PageRequest, body_example
from dialog_sandbox.models.messages import Message
from dialog_sandbox.models.values import CONSENT_CURSOR, ConsentState, PhoneNumber, Timestamp


class Consent(AnswerModel):
    phone: str
    console: str | None
    account: str | None = Field(description="The access key of the account whose tracking number it is about.")
    line: str
    state: ConsentState
    since: Timestamp
    why: str = Field(description="first_contact, enrolled, handset, api or staff.")
    word: str | None = Field(description="What the handset texted.")


class ConsentChange(Consent):
    message: Message | None = Field(description="What told the phone.")


class ConsentRequest(BodyModel):
    model_config = body_example({"state": "opted_out", "console": "HARBOR1001"})

    state: ConsentState
    console: str | None = Field(None, description="Needed when there are several.", examples=["HARBOR1001"])
    silent: bool = Field(False, description="Nothing is sent to the phone, which some call inactive.")


class ListConsentsRequest(PageRequest):
    phone: PhoneNumber | None = None
    console: str | None = Field(None, description="A console's code.")
    after: str | None = Field(None, description="The `next` of the page before.", pattern=CONSENT_CURSOR)
