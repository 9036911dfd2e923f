"""What a client gets wrong, as the whole of its calls shows it."""

from typing import Any, Literal, TypeAlias

from pydantic import Field

from dialog_sandbox.models.base import AnswerModel, QueryModel
from dialog_sandbox.models.engine import RulePart
from dialog_sandbox.models.faults import AppliedFault
from dialog_sandbox.models.journal import Mask
from dialog_sandbox.models.values import EXCHANGE_ID, ExchangeOutcome, Level, Number, Operation, Timestamp

PollerKind: TypeAlias = Literal[
    "local_time",
    "day_month_swapped",
    "future",
    "over_a_week",
    "midnight_cut",
    "gap",
    "never_seen",
    "seen_unsettled",
    "seen_twice",
    "overlap",
]


class WindowInfo(AnswerModel):
    """A range as a call asked for it."""

    start: str = Field(examples=["2026-05-06 09:00:00"])
    end: str
    at: Timestamp = Field(description="On the workspace's clock.")


class PollerEvidence(AnswerModel):
    """One time that it happened."""

    detail: str = Field(description="What happened, in words.")
    exchanges: list[str] = Field(description="Ids of the calls that show it, in order.")
    windows: list[WindowInfo] = Field(description="The ranges that these calls asked for.")
    messages: list[str] = Field(description="Ids of the messages that it is about, the first 20.")


class PollerFinding(AnswerModel):
    """One thing that is wrong with a poller."""

    kind: PollerKind
    level: Level = Field(description="`error`: results are or will be lost; `note`: tolerated.")
    cause: PollerKind | None = Field(description="The finding that explains this one; null if it stands for itself.")
    meaning: str
    advice: str = Field(description="The change that mends it.")
    count: int = Field(description="How often it happened.")
    messages: list[str] = Field(description="Ids of the messages that it is about, the first 20.")
    messages_count: int = Field(description="How many they are.")
    evidence: list[PollerEvidence] = Field(description="The first 5 times that it happened.")


class DelaySeconds(AnswerModel):
    """From an event to the call that told of it, in seconds."""

    p50: Number
    p99: Number


class Poller(AnswerModel):
    """A client that reads by date range: all calls of an operation about one console, or one account and number."""

    operation: Operation = Field(examples=["writeback.responses"])
    console: str | None
    account: str | None = Field(description="The account's name.")
    number: str | None = Field(description="The tracking number that was asked for, if one was.")
    calls: int
    read: int = Field(description="Calls whose answer arrived whole.")
    first_at: Timestamp
    last_at: Timestamp
    results: int = Field(description="Messages that it was shown, each counted once.")
    calls_per_result: Number | None = Field(description="Calls for each of them; null where there was none.")
    delay: DelaySeconds | None = Field(
        description="From a message that came while it polled to the call that showed it; null where none came."
    )
    status_delay: DelaySeconds | None = Field(
        description="From a final status that came while it polled to the call that showed it; null where none came."
    )
    findings: list[PollerFinding] = Field(description="Causes before what they cause.")


ReportFormat: TypeAlias = Literal["json", "html", "junit", "ctrf", "badge"]
ReportState: TypeAlias = Literal["respected", "broken", "tolerated", "undecided", "untried"]
"""`undecided`: it came up, and nothing came after it that would show what the client does."""


class ReportQuery(QueryModel):
    format: ReportFormat | None = Field(
        None, description="`Accept` decides if it is left out: text/html, image/svg+xml, or anything else for JSON."
    )
    mask: Mask = False


class RuleMistake(AnswerModel):
    """One mistake by a rule, which one change mends, and the calls that made it."""

    level: Level
    seen: str = Field(description="What the first of these calls sent.")
    mend: str = Field(description="The smallest change that mends it.")
    count: int
    exchanges: list[str] = Field(description="Ids of the first 5 calls.")


class RuleReport(AnswerModel):
    """How the client fares with a rule."""

    id: str = Field(examples=["SP-msisdn"])
    vendor: str = Field(description="Or `network`, for what all share.")
    summary: str
    provenance: str
    parts: list[RulePart]
    state: ReportState
    count: int = Field(description="Calls that it decided.")
    findings: list[RuleMistake]
    how: str = Field(description="How to try it; empty where it was tried.")


class ReactionExample(AnswerModel):
    """One time that the client did something next."""

    next: str = Field(examples=["retried"])
    ids: list[str] = Field(description="Of the call, and of the later ones that show it; or of callbacks or messages.")


class SituationReport(AnswerModel):
    """What can befall a client, and what it did next."""

    situation: str = Field(examples=["http_503"])
    title: str
    state: ReportState
    count: int = Field(description="How often it came up.")
    next: dict[str, int] = Field(description="How often the client did what.", examples=[{"retried": 3, "gave_up": 1}])
    examples: list[ReactionExample] = Field(description="Of what was wrong; of all, if nothing was.")
    advice: str = Field(description="What is right to do next.")
    how: str = Field(description="How a test brings it about.")


class ReportSummary(AnswerModel):
    """How many rules, situations and pollers are in each state."""

    respected: int
    broken: int
    tolerated: int
    undecided: int
    untried: int


class CitedExchange(AnswerModel):
    """A call that the report names, in short; the journal has it whole."""

    id: str = Field(pattern=EXCHANGE_ID)
    at: Timestamp
    operation: Operation | None
    method: str
    target: str = Field(description="Path and query, the first 500 characters.")
    status: int
    outcome: ExchangeOutcome
    fault: AppliedFault | None
    request: str = Field(
        description="Headers, an empty line and the body, without secrets: the first 2,000 characters."
    )
    response: str = Field(description="The same of the answer, as the vendor made it.")


class WorkspaceReport(AnswerModel):
    """What the clients of a workspace get wrong, tolerate and never tried."""

    workspace: str
    at: Timestamp = Field(description="What the workspace's clock reads.")
    calls: int = Field(description="Calls that the journal holds.")
    state: Literal["respected", "broken"] = Field(description="`broken` if anything is.")
    summary: ReportSummary
    rules: list[RuleReport]
    situations: list[SituationReport]
    pollers: list[Poller]
    missing_nulls: list[str] = Field(description="Fields that may be null, and were in none of the answers looked at.")
    next_meanings: dict[str, str] = Field(description="What the words of `next` mean.")
    exchanges: list[CitedExchange] = Field(
        default=[], description="Calls that findings, evidence and wrong examples name, the first 300."
    )


class CtrfReport(AnswerModel):
    """The same in the Common Test Report Format, which ctrf.io describes."""

    report_format: Literal["CTRF"] = Field(alias="reportFormat")
    spec_version: str = Field(alias="specVersion")
    results: dict[str, Any]
