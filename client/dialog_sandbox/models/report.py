"""What a client gets wrong, as the whole of its calls shows it."""

from typing import Literal, TypeAlias

from pydantic import Field

from dialog_sandbox.models.base import AnswerModel
from dialog_sandbox.models.values import Level, Number, Operation, Timestamp

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
