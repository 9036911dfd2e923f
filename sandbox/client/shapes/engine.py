"""What a server knows, and the stories that it plays."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Version:
    """`access` is what this client may do: in demo mode one without the control token only reads."""

    version: str
    schema: int
    vendors: list[str]
    access: Literal["drive", "read"]


@dataclass(frozen=True, slots=True)
class Rule:
    id: str
    vendor: str
    summary: str
    provenance: str
    source: str


@dataclass(frozen=True, slots=True)
class Fixture:
    name: str
    summary: str


@dataclass(frozen=True, slots=True)
class HandsetNumber:
    number: str
    does: str


@dataclass(frozen=True, slots=True)
class Template:
    """Texts by language, each in one or more wordings."""

    name: str
    title: str
    texts: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class StoryStep:
    """`at` is seconds of the workspace's clock since the beginning."""

    at: float
    do: Literal["broadcast", "message", "submit", "inbound", "status", "tell"]
    caption: str | None


@dataclass(frozen=True, slots=True)
class Story:
    """`seconds` and `position` are of the workspace's clock; `speed` is how many of them go by in one outside."""

    name: str
    title: str
    summary: str
    seconds: float
    state: Literal["ready", "playing", "paused"]
    position: float | None
    speed: float
    steps: list[StoryStep]
