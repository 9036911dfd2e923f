"""How much a server takes and keeps."""

from pydantic import Field

from dialog_sandbox.models.base import AnswerModel


class Limit(AnswerModel):
    used: int | None = Field(description="How many there are; null where that is not counted.")
    most: int = Field(description="One more is refused.")


class KeptOf(AnswerModel):
    """Null is all of them, and for ever."""

    last: int | None = Field(description="How many of the last ones each workspace keeps.")
    days: int | None = Field(description="Of wall time, after which they go.")


class RetentionInfo(AnswerModel):
    """What goes by itself."""

    messages: KeptOf
    callbacks: KeptOf = Field(description="Of those that were delivered or given up.")
    exchanges: KeptOf


class ServerLimits(AnswerModel):
    workspaces: Limit
    connections: Limit
    waits: Limit
    streams: Limit
    keeps: RetentionInfo


class WorkspaceLimits(AnswerModel):
    messages: Limit
    snapshots: Limit
    sinks: Limit
    waits: Limit
    streams: Limit
    missed: int = Field(description="Replies and messages that fell due since the last reset, and found no room.")
