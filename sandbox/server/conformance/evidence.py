"""What is said of one reader, and by what is it shown?"""

from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.server.conformance.history import Result
from sandbox.server.conformance.poller_kinds import PollerKind
from sandbox.server.conformance.polls import Poll


@dataclass(frozen=True, slots=True)
class Evidence:
    """One time that it happened: a sentence, the polls that show it, and the results that it is about."""

    detail: str
    polls: tuple[Poll, ...]
    results: Sequence[Result] = ()


@dataclass(slots=True)
class PollerMistake:
    """`evidence`: each time that it happened. `cause`: the finding that explains this one, if one does."""

    kind: PollerKind
    level: str
    evidence: list[Evidence]
    cause: PollerKind | None = None

    @property
    def results(self) -> list[Result]:
        """All that it is about, each once."""
        return [*{each.id: each for shown in self.evidence for each in shown.results}.values()]


def found(kind: PollerKind, evidence: list[Evidence], level: str | None = None) -> list[PollerMistake]:
    """Return the finding, if there is any evidence of it."""
    return [PollerMistake(kind, level or kind.level, evidence)] if evidence else []
