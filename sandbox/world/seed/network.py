"""What becomes of the messages of a fixture's history?"""

from collections.abc import Mapping
from typing import Any

from sandbox.clock import MINUTE, SECOND
from sandbox.store.tables import PersonRow
from sandbox.world.fixtures import shapes
from sandbox.world.fixtures.values import Outcome
from sandbox.world.seed.seeded_random import SeededRandom, WeightedChoice
from sandbox.world.statuses import DELIVERED, REJECTED, UNDELIVERED, UNKNOWN, Plan

CAUSE = "network"
SENT_AFTER = (300, 1500)
SETTLED_AFTER = {
    DELIVERED: (700, 6 * SECOND),
    REJECTED: (300, 2 * SECOND),
    UNDELIVERED: (20 * SECOND, 3 * MINUTE),
    UNKNOWN: (10 * MINUTE, 20 * MINUTE),
}
"""Since it was accepted, and since it was sent; shortest and longest, in ms."""


class Network:
    """The network as a fixture describes it."""

    def __init__(self, described: shapes.FixtureNetwork) -> None:
        self._usual: WeightedChoice[Outcome] = WeightedChoice(described.outcomes)
        self._carriers: dict[str | None, WeightedChoice[Outcome]] = {
            carrier: WeightedChoice(outcomes) for carrier, outcomes in described.carriers.items()
        }
        self._reasons: Mapping[Any, list[str]] = described.reasons

    def draw_plan(
        self, likely: WeightedChoice[Outcome] | None, person: PersonRow, at: int, random: SeededRandom
    ) -> Plan:
        """Draw the plan of a message to that person; `likely`: instead of what is likely for their carrier."""
        outcome = (likely or self._carriers.get(person.carrier, self._usual)).draw(random)
        sent_at = at + random.between(*SENT_AFTER)
        reasons = self._reasons.get(outcome)
        return Plan(
            sent_at,
            sent_at + random.between(*SETTLED_AFTER[outcome]),
            outcome,
            CAUSE,
            random.one_of(reasons) if reasons else None,
        )
