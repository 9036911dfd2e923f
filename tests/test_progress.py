"""A seed that takes long says how far it is, at the start and when a reset plays it again."""

import logging
from collections.abc import Callable, Iterator
from itertools import count

import pytest
from driver import Driver

from sandbox.world.seed import progress
from sandbox.world.seed.progress import Progress

Open = Callable[..., Driver]


class Clock:
    """Seconds that pass when they are new_lines to."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def new_lines(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], list[str]]]:
    """What was said since it was asked last."""
    with caplog.at_level(logging.INFO, logger=progress.logger.name):

        def since() -> list[str]:
            said = [record.getMessage() for record in caplog.records if record.name == progress.logger.name]
            caplog.clear()
            return said

        yield since


def test_what_is_done_at_once_is_not_worth_a_line(new_lines: Callable[[], list[str]]) -> None:
    clock = Clock()
    one = Progress("hospital", 0, 100, clock)
    clock.at = 1.9
    one.reach(99)
    one.end()
    assert new_lines() == []


def test_after_two_seconds_it_says_each_second_how_far_it_is(new_lines: Callable[[], list[str]]) -> None:
    clock = Clock()
    one = Progress("hospital", 1_000, 2_000, clock)
    for clock.at, moment in ((2.0, 1_100), (2.5, 1_200), (3.0, 1_299), (9.0, 2_000), (11.0, 3_000)):
        one.reach(moment)
    one.end()
    assert new_lines() == [f"Seeding hospital: {share}" for share in ("10 %", "29 %", "100 %", "100 %", "done")]


def test_a_history_without_length_is_no_division_by_nothing(new_lines: Callable[[], list[str]]) -> None:
    clock = Clock()
    one = Progress("empty", 5, 5, clock)
    clock.at = 3
    one.reach(5)
    assert new_lines() == ["Seeding empty: 0 %"]


def test_a_seed_at_the_start_and_a_reset_that_plays_it_say_how_far_they_are(
    open_driver: Open, new_lines: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.world.seed.progress.monotonic", count(step=1 / 64).__next__)
    monkeypatch.setattr("sandbox.world.clones.MOST_MESSAGES", 0)  # so that the seed is not kept, as a hospital's is not
    sandbox = open_driver(fixture="clinic")
    at_start = new_lines()
    sandbox.control("POST", "/reset", {})
    assert new_lines() == at_start
    shares = [int(line.removeprefix("Seeding clinic: ").removesuffix(" %")) for line in at_start[:-1]]
    assert shares == sorted(shares)
    assert len(shares) > 1
    assert at_start[-1] == "Seeding clinic: done"
