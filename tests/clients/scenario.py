"""What happens while a poller polls: messages at any moment, some of which take long to settle."""

from random import Random
from typing import Protocol

from driver import CONSOLE, LINE, Driver

EVERY_S = 15 * 60
LATE_S = 40 * 60
"""How long some messages take to settle: longer than from one poll to the next."""


class Poller(Protocol):
    def poll(self) -> None: ...


def lived_through(
    sandbox: Driver,
    poller: Poller,
    *,
    seed: int,
    polls: int = 16,
    every: float = EVERY_S,
    is_late: bool = True,
    tracking_number: str | None = None,
) -> None:
    """Poll at nearly regular times, with traffic between."""
    chance = Random(seed)
    for _ in range(polls):
        left = every + chance.uniform(-5, 5)
        for _ in range(chance.randrange(3)):
            passed = chance.uniform(0, left / 2)
            sandbox.wall.advance(passed)
            left -= passed
            _something(sandbox, chance, is_late=is_late, tracking_number=tracking_number)
        sandbox.wall.advance(left)
        _in_the_second_before(sandbox, chance, tracking_number)
        poller.poll()


def _something(sandbox: Driver, chance: Random, *, is_late: bool, tracking_number: str | None) -> None:
    phone = f"1629555{chance.randrange(100, 150):04d}"
    origin = {"tracking_number": tracking_number} if tracking_number else {"console": CONSOLE}
    kind = chance.random()
    if kind < 0.2:
        line = f"1{tracking_number}" if tracking_number else LINE
        sandbox.control("POST", "/inbound", {"from": phone, "to": line, "text": "Is it open today?"})
        return
    settled_after = LATE_S if is_late and kind < 0.5 else 3
    sandbox.delivery("timed", sent_after=1, settled_after=settled_after)
    sandbox.control("POST", "/messages", {**origin, "to": phone, "text": "Your results are in."})


def _in_the_second_before(sandbox: Driver, chance: Random, tracking_number: str | None) -> None:
    """Now and then something comes in the last whole second before the poll, and settles at once."""
    if chance.random() < 0.4:
        until_next_second = 1000 - sandbox.wall.at % 1000
        sandbox.delivery("immediate")
        origin = {"tracking_number": tracking_number} if tracking_number else {"console": CONSOLE}
        sandbox.control("POST", "/messages", {**origin, "to": "16295550103", "text": "We are closed."})
        sandbox.wall.advance((until_next_second + chance.randrange(1, 900)) / 1000)
