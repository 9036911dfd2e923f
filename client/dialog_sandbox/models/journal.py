"""What vendors were asked and what they answered."""

from typing import Annotated, Literal

from pydantic import Field

from dialog_sandbox.models.base import AnswerModel, PageRequest, QueryModel
from dialog_sandbox.models.faults import AppliedFault
from dialog_sandbox.models.values import (
    EXCHANGE_ID,
    ExchangeOutcome,
    KnownOperation,
    Level,
    Moment,
    Operation,
    Order,
    Timestamp,
)


class Finding(AnswerModel):
    """A slip of the caller."""

    rule: str = Field(examples=["SP-msisdn"])
    level: Level = Field(description="`error`: refused, or would be in production; `note`: tolerated.")
    seen: str = Field(description="What was sent.")
    mend: str = Field(description="The smallest change that mends it.")
    explanation: str | None = Field(description="What the rule says.")


class Side(AnswerModel):
    """A request's or an answer's headers and body, without secrets."""

    headers: list[list[str]] = Field(description="Pairs of name and value, as they were sent.")
    body: str
    encoding: Literal["utf-8", "escaped"] = Field(
        description=r"`escaped`: the body is not UTF-8; its odd bytes are written `\xff`, and backslashes are doubled."
    )
    size: int | None = Field(description="Bytes of the whole body; null if it never came to its end.")
    truncated: bool = Field(description="Only the beginning of the body is shown.")


class Exchange(AnswerModel):
    """One exchange of a client and a vendor."""

    id: str = Field(pattern=EXCHANGE_ID, description="What the answer's X-Sandbox-Exchange says.")
    at: Timestamp = Field(description="On the workspace's clock; wall time if it belongs to none.")
    wall: Timestamp
    operation: Operation | None = Field(description="Null for a path that leads nowhere.")
    method: str
    path: str = Field(description="As it was sent.")
    query: str
    to: str | None = Field(description="The number that it is about, as it was given.")
    request: Side
    response: Side = Field(description="As the vendor made it, before a fault spoilt it.")
    status: int
    outcome: ExchangeOutcome
    ms: int = Field(description="How long the answer took.")
    rules: list[str] = Field(description="Those that decided the answer.")
    findings: list[Finding]
    fault: AppliedFault | None = Field(description="What it met.")
    messages: list[str] = Field(description="Ids of the messages that it made or showed, the first 1,000.")


Mask = Annotated[bool, Field(description="Asterisks for what looks like real data (NET-real-data).")]
AboutMessage = Annotated[
    str | None, Field(description="Any id of a message that it made or showed.", examples=["msg_00000001"])
]


class ShowExchangeRequest(QueryModel):
    """How an exchange is shown."""

    mask: Mask = False


class ExchangesRequest(QueryModel):
    """Which exchanges are meant, and how they are shown. A filter that is left out lets all pass."""

    operation: KnownOperation | None = None
    outcome: ExchangeOutcome | None = None
    status: int | None = Field(None, ge=100, le=999, description="Of HTTP.")
    findings: Level | None = Field(None, description="It has a finding of this level.")
    since: Moment | None = Field(None, description="Then or later, by `at`.")
    until: Moment | None = Field(None, description="Then or earlier, by `at`.")
    mask: Mask = False


class ListServerJournalRequest(ExchangesRequest, PageRequest):
    """A filter that is left out lets all pass."""

    search: str | None = Field(
        None, min_length=1, description="Part of its id, or of the numbers or the text that it is about, in any case."
    )
    order: Order = Field("oldest", description="Which come first.")
    after: str | None = Field(
        None, pattern=EXCHANGE_ID, description="The `next` of the page before, or any entry's id."
    )


class ListJournalRequest(ListServerJournalRequest):
    """A filter that is left out lets all pass."""

    message: AboutMessage = None


class ExportJournalRequest(ExchangesRequest):
    """A filter that is left out lets all pass."""

    message: AboutMessage = None
