"""Which rules has a client tried, and how did it fare with each?"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sandbox.server.conformance.calls import CallRow
from sandbox.server.journal.masks import masked
from sandbox.vendors.base.refusal import ERROR, NOTE
from sandbox.vendors.base.vendor import Vendor
from sandbox.world.rules import NETWORK_RULES, SandboxRule
from sandbox.world.tries import NETWORK_TRIES, RuleTry

RESPECTED, BROKEN, TOLERATED, UNTRIED = "respected", "broken", "tolerated", "untried"
NETWORK = "network"
MOST_EXCHANGES = 5
"""That a mistake names; it counts them all."""
LONGEST_KEPT = 200
"""Mistakes of one rule that are told apart; further ones are counted with the last."""


@dataclass(slots=True)
class RepeatedMistake:
    """One mistake, which one change mends, and the calls that made it. `observed`: what the first of them sent."""

    level: str
    observed: str
    fix: str
    count: int = 0
    exchanges: list[str] = field(default_factory=list)

    def add(self, exchange: str) -> None:
        self.count += 1
        if len(self.exchanges) < MOST_EXCHANGES:
            self.exchanges.append(exchange)


@dataclass(slots=True)
class RuleTally:
    """How often a rule decided an answer, and what was wrong by it."""

    count: int = 0
    mistakes: dict[tuple[str, str], RepeatedMistake] = field(default_factory=dict)

    def note(self, level: str, observed: str, fix: str, exchange: str) -> None:
        key = (level, fix)
        if key not in self.mistakes and len(self.mistakes) >= LONGEST_KEPT:
            key = next(reversed(self.mistakes))
        self.mistakes.setdefault(key, RepeatedMistake(level, observed, fix)).add(exchange)


class RuleTallies:
    """Those of all rules, as the calls are taken one by one. `is_masked`: what was sent is not repeated as it was."""

    def __init__(self, *, is_masked: bool = False) -> None:
        self._is_masked = is_masked
        self.by_rule: dict[str, RuleTally] = {}
        self.calls = 0

    def take_in(self, call: CallRow) -> None:
        self.calls += 1
        for rule in call.rules.split():
            self._of(rule).count += 1
        for each in call.found:
            observed, fix = each.observed, each.fix
            if self._is_masked:
                observed, fix = masked(observed, call.call_to), masked(fix, call.call_to)
            self._of(each.rule).note(each.level, observed, fix, call.id)

    def drop_notes(self, beginning: str) -> None:
        """Leave out the notes that begin so: what they only suppose, all calls together have shown not to be so."""
        for tally in self.by_rule.values():
            for key, mistake in list(tally.mistakes.items()):
                if mistake.level == NOTE and mistake.observed.startswith(beginning):
                    del tally.mistakes[key]

    def _of(self, rule: str) -> RuleTally:
        return self.by_rule.setdefault(rule, RuleTally())


@dataclass(frozen=True, slots=True)
class RuleState:
    """How a client fares with a rule. `how`: how it is tried, empty of one that was."""

    rule: SandboxRule
    owner: str
    state: str
    count: int
    mistakes: Sequence[RepeatedMistake]
    how: str


def rule_states(
    vendors: Sequence[Vendor], tallies: Mapping[str, RuleTally], purposes: Collection[str]
) -> list[RuleState]:
    """Return the state of every rule. `purposes`: of the messages that there are."""
    found = [
        _state(rule, NETWORK, NETWORK_TRIES.get(rule.id, RuleTry("Call any of the APIs.")), tallies, purposes)
        for rule in NETWORK_RULES
    ]
    for vendor in vendors:
        for rule in vendor.rules:
            how = vendor.tries.get(rule.id, vendor.other_try)
            found.append(_state(rule, vendor.name, how, tallies, purposes))
    return found


def _state(
    rule: SandboxRule, owner: str, how: RuleTry, tallies: Mapping[str, RuleTally], purposes: Collection[str]
) -> RuleState:
    tally = tallies.get(rule.id, RuleTally())
    count = tally.count or max((tallies[other].count for other in how.by if other in tallies), default=0)
    mistakes = sorted(tally.mistakes.values(), key=lambda each: (each.level != ERROR, -each.count))
    is_tried = count > 0 or not set(how.purposes).isdisjoint(purposes)
    state = _word(mistakes, is_tried=is_tried)
    return RuleState(rule, owner, state, count, mistakes, how.how if state == UNTRIED else "")


def _word(mistakes: Sequence[RepeatedMistake], *, is_tried: bool) -> str:
    if any(each.level == ERROR for each in mistakes):
        return BROKEN
    if mistakes:
        return TOLERATED
    return RESPECTED if is_tried else UNTRIED
