"""How callbacks misbehave: lost, doubled, late, early, in another order, contradicted. Decided by seed and callback."""

import json
from typing import TYPE_CHECKING, NamedTuple

from sandbox.remembering import remembered
from sandbox.world.callbacks.states import GIVEN_UP, CallbackRow
from sandbox.world.ids import chance
from sandbox.world.statuses import DELIVERED, FINAL, UNDELIVERED

if TYPE_CHECKING:
    from sandbox.world import World


class Profile(NamedTuple):
    """How callbacks misbehave: probabilities, but `delay` in ms. Each is decided by the seed and the callback."""

    duplicate: float = 0
    lose: float = 0
    reorder: float = 0
    delay: int = 0
    contradict: float = 0
    before_response: float = 0
    seed: int = 0


@remembered
def profile_of(stored: str | None) -> Profile:
    """Out of the JSON in a workspace's row."""
    return Profile(**json.loads(stored)) if stored else Profile()


def misbehaving(
    world: "World", workspace_id: int, profile: Profile, rows: list[CallbackRow], accepted_at: int | None
) -> list[CallbackRow]:
    """The same callbacks as the profile has them: lost, doubled, late, early, in another order, contradicted."""
    for row in rows:
        row["due_at"] += profile.delay
    if accepted_at is not None and rows and _happens(profile, "before_response", rows[0]["id"]):
        rows[0]["due_at"] = rows[0]["status_at"] = accepted_at
    last = rows[-1] if rows else None
    if last is not None and last["status"] in FINAL and _happens(profile, "contradict", last["id"]):
        opposite = UNDELIVERED if last["status"] == DELIVERED else DELIVERED
        n = world.take(workspace_id, "callback")
        rows.append({**last, "id": n, "status": opposite, "reason": None})
    for first in range(len(rows) - 1):
        if _happens(profile, "reorder", rows[first]["id"]):
            rows[first]["due_at"] = max(rows[first]["due_at"], rows[first + 1]["due_at"])
            rows[first], rows[first + 1] = rows[first + 1], rows[first]
    for row in rows:
        if _happens(profile, "lose", row["id"]):
            row["state"], row["why"] = GIVEN_UP, "lost, by callbacks/profile"
        elif _happens(profile, "duplicate", row["id"]):
            row["copies"] = 2
    return rows


def _happens(profile: Profile, what: str, n: int) -> bool:
    probability: float = getattr(profile, what)
    return probability > 0 and chance(profile.seed, what, n) < probability
