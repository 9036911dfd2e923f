"""All that is to be said of a workspace's clients, joined: rules, situations and pollers."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sandbox.server.conformance.pollers import PollerAudit
from sandbox.server.conformance.reactions import BAD, UNDECIDED, Reaction
from sandbox.server.conformance.rule_states import BROKEN, RESPECTED, TOLERATED, UNTRIED, RuleState
from sandbox.server.conformance.situations import SITUATIONS, Situation
from sandbox.vendors.base.refusal import ERROR

MOST_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Example:
    """One time that a client did something next."""

    word: str
    exchanges: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SituationState:
    """How a client fared in a situation. `next`: how often it did what. `examples`: of what was wrong, else of all."""

    situation: Situation
    state: str
    count: int
    next: dict[str, int]
    examples: list[Example]


@dataclass(frozen=True, slots=True)
class ConformanceReport:
    """What there is to be said of a workspace. `now`: what its clock reads. `missing_nulls`: fields never null yet."""

    workspace: str
    now: int
    calls: int
    rules: Sequence[RuleState]
    situations: Sequence[SituationState]
    pollers: Sequence[PollerAudit]
    missing_nulls: Sequence[str] = ()

    @property
    def states(self) -> Counter[str]:
        """How many rules and situations are in each state; pollers count as broken, tolerated or respected."""
        found = Counter(each.state for each in self.rules)
        found.update(each.state for each in self.situations)
        found.update(state_of_poller(each) for each in self.pollers)
        return found

    @property
    def is_broken(self) -> bool:
        return self.states[BROKEN] > 0


def state_of_poller(poller: PollerAudit) -> str:
    """Return the worst of what is said of it."""
    if any(each.level == ERROR for each in poller.findings):
        return BROKEN
    return TOLERATED if poller.findings else RESPECTED


def situation_states(reactions: Iterable[Reaction]) -> list[SituationState]:
    """Return the state of every situation, those that nobody came upon too."""
    by_situation: dict[str, list[Reaction]] = {each.word: [] for each in SITUATIONS}
    for reaction in reactions:
        by_situation[reaction.situation.word].append(reaction)
    return [_state(situation, by_situation[situation.word]) for situation in SITUATIONS]


def _state(situation: Situation, reactions: Sequence[Reaction]) -> SituationState:
    bad = [each for each in reactions if each.word in BAD]
    examples = [Example(each.word, each.exchanges) for each in (bad or reactions)[:MOST_EXAMPLES]]
    return SituationState(
        situation, _word(reactions, bad), len(reactions), dict(Counter(each.word for each in reactions)), examples
    )


def _word(reactions: Sequence[Reaction], bad: Sequence[Reaction]) -> str:
    if any(not each.is_note for each in bad):
        return BROKEN
    if bad:
        return TOLERATED
    if not reactions:
        return UNTRIED
    return UNDECIDED if all(each.word == UNDECIDED for each in reactions) else RESPECTED
