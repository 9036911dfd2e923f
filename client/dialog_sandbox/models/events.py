"""What is waited for, and what is followed."""

from typing import Annotated

from pydantic import Field

from dialog_sandbox.models.messages import ListMessagesRequest, Message

Timeout = Annotated[float, Field(ge=0, le=300, allow_inf_nan=False)]


class WaitRequest(ListMessagesRequest):
    """`text` ignores case. `limit` changes nothing: one message is answered."""

    timeout: Timeout = Field(10, description="How long to wait, in seconds of wall time.", examples=[10])


class Arrived(Message):
    links: list[str] = Field(description="The http and https URLs in the text, in their order.")
    codes: list[str] = Field(description="What may be one-time codes in the text, in their order.", examples=["482913"])


class FollowEventsRequest(ListMessagesRequest):
    limit: int | None = Field(  # type: ignore[assignment]  # unlike a page's, it may be none
        None, ge=1, lt=2**31, description="The stream ends after so many events; else it goes on."
    )
    last_event_id: str | None = Field(None, description="For who cannot set the header, which counts before this.")
