"""How are draws made that come out the same for the same seed on every Python and machine?"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


class SeededRandom:
    """Draws by `random()` alone: of the methods of `random.Random` only that one is promised never to change."""

    def __init__(self, seed: int, purpose: str) -> None:
        self.random = Random(f"{seed}:{purpose}").random

    def below(self, n: int) -> int:
        """Draw from 0 to n - 1."""
        return int(self.random() * n)

    def between(self, low: int, high: int) -> int:
        """Draw from the range, both ends included."""
        return low + int(self.random() * (high - low + 1))

    def one_of(self, choices: Sequence[T]) -> T:
        return choices[int(self.random() * len(choices))]

    def some_of(self, choices: Sequence[T], n: int) -> list[T]:
        """Draw `n` different ones, in the order in which they stand (Floyd's way: one draw for each)."""
        chosen: set[int] = set()
        for last in range(len(choices) - n, len(choices)):
            drawn = self.below(last + 1)
            chosen.add(last if drawn in chosen else drawn)
        return [choices[position] for position in sorted(chosen)]


class WeightedChoice(Generic[T]):
    """Choices to draw from, the likelier the greater their weight. At least one weight is above 0."""

    def __init__(self, weights: Mapping[T, float]) -> None:
        self._choices = [choice for choice, weight in weights.items() if weight]
        self._reached = list(accumulate(weight for weight in weights.values() if weight))

    def draw(self, random: SeededRandom) -> T:
        return self._choices[
            bisect_right(self._reached, random.random() * self._reached[-1], hi=len(self._reached) - 1)
        ]
