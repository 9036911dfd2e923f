"""How callbacks misbehave: lost, doubled, late, early, in another order, contradicted. Decided by seed and callback."""

import json
from typing import NamedTuple

from sandbox.store import Tx
from sandbox.store.tables import CallbackRow
from sandbox.world.callbacks.states import GIVEN_UP
from sandbox.world.ids import chance
from sandbox.world.statuses import DELIVERED, FINAL, UNDELIVERED


class Profile(NamedTuple):
    """How callbacks misbehave: probabilities, but `delay` in ms. Each is decided by the seed and the callback."""

    duplicate: float = 0
    lose: float = 0
    reorder: float = 0
    delay: int = 0
    contradict: float = 0
    before_response: float = 0
    seed: int = 0

    @property
    def is_harmless(self) -> bool:
        """Whether callbacks behave."""
        return self == Profile(seed=self.seed)


def profile_of(stored: str | None) -> Profile:
    """Return the profile of the JSON in a workspace's row."""
    return Profile(**json.loads(stored)) if stored else Profile()


def apply_profile(tx: Tx, profile: Profile, callbacks: list[CallbackRow], accepted_at: int | None) -> list[CallbackRow]:
    """Return the callbacks of a message as the profile has them."""
    for callback in callbacks:
        callback.due_at += profile.delay
    if accepted_at is not None and callbacks and _happens(profile, "before_response", callbacks[0]):
        callbacks[0].due_at = callbacks[0].status_at = accepted_at
    _contradict(tx, profile, callbacks)
    _reorder(profile, callbacks)
    for callback in callbacks:
        if _happens(profile, "lose", callback):
            callback.state, callback.why = GIVEN_UP, "lost, by callbacks/profile"
        elif _happens(profile, "duplicate", callback):
            callback.copies = 2
    return callbacks


def _contradict(tx: Tx, profile: Profile, callbacks: list[CallbackRow]) -> None:
    last = callbacks[-1] if callbacks else None
    if last is not None and last.status in FINAL and _happens(profile, "contradict", last):
        opposite = UNDELIVERED if last.status == DELIVERED else DELIVERED
        n = tx.next_id("callback")
        callbacks.append(last.model_copy(update={"id": n, "status": opposite, "reason": None}))


def _reorder(profile: Profile, callbacks: list[CallbackRow]) -> None:
    for at in range(len(callbacks) - 1):
        first, second = callbacks[at : at + 2]
        if _happens(profile, "reorder", first):
            first.due_at = max(first.due_at, second.due_at)
            callbacks[at : at + 2] = second, first


def _happens(profile: Profile, what: str, callback: CallbackRow) -> bool:
    probability: float = getattr(profile, what)
    return probability > 0 and chance(profile.seed, what, callback.id) < probability
