"""Demo mode: visitors read, who has the token drives, and every night the world is reset."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from driver import DEFAULT, START, Driver, Wall

from sandbox.clock import DAY, HOUR, NEVER
from sandbox.server.ticker import next_night
from sandbox.store import StoreUnavailable
from sandbox.world import resets

TOKEN = "a-token"
DRIVES = {"authorization": f"Bearer {TOKEN}"}
MIDNIGHT = START - START % DAY


@pytest.mark.parametrize(
    ("hour", "expected"), [(0, 3), (2.99, 3), (3, 27), (9, 27), (23.99, 27)], ids=lambda value: str(value)
)
def test_the_night_is_at_three(hour: float, expected: int) -> None:
    assert next_night(MIDNIGHT + round(hour * HOUR)) == MIDNIGHT + expected * HOUR


def test_visitors_read_and_who_has_the_token_drives(open_driver: Callable[..., Driver]) -> None:
    demo = open_driver(demo=True, control_token=TOKEN)
    assert demo.call("GET", f"{DEFAULT}/messages").status_code == 200
    refused = demo.call("POST", f"{DEFAULT}/clock", json={"action": "freeze"})
    assert (refused.status_code, refused.json()["title"]) == (401, "Token needed")
    assert demo.call("POST", f"{DEFAULT}/clock", json={"action": "freeze"}, headers=DRIVES).status_code == 200
    assert demo.submit().status_code == 200


@pytest.mark.parametrize(
    ("headers", "access"),
    [({}, "read"), ({"authorization": "Bearer another"}, "read"), (DRIVES, "drive")],
    ids=["nothing", "a wrong token", "the token"],
)
def test_a_caller_is_told_what_they_may_do(
    open_driver: Callable[..., Driver], headers: dict[str, str], access: str
) -> None:
    demo = open_driver(demo=True, control_token=TOKEN)
    assert demo.call("GET", "/_sandbox/version", headers=headers).json()["access"] == access


async def until_it_is_empty(demo: Driver) -> None:
    """Returns when the ticker, which a request lets look at the clock, has reset the workspace."""
    while (await demo.client.get(f"{DEFAULT}/messages")).json()["items"]:
        await asyncio.sleep(0)


def test_every_night_the_world_begins_again(open_driver: Callable[..., Driver]) -> None:
    wall = Wall()
    demo = open_driver(wall, demo=True, control_token=TOKEN)
    wall.at = next_night(wall.at) - 1
    for _ in range(2):
        demo.submit()
        assert len(demo.control("GET", "/messages")["items"]) == 1
        wall.at += 1
        demo.run(asyncio.wait_for(until_it_is_empty(demo), 60))
        assert demo.app.ticker.wakes_at == next_night(wall.at)
        wall.at = next_night(wall.at) - 1


def test_a_night_on_which_the_store_does_not_answer_is_made_up_for(
    open_driver: Callable[..., Driver], monkeypatch: pytest.MonkeyPatch
) -> None:
    wall = Wall()
    demo = open_driver(wall, demo=True, control_token=TOKEN)
    failures = iter([StoreUnavailable("disk I/O error")])
    to_seed = resets.to_seed

    def failing(*args: Any) -> Any:
        for failure in failures:
            raise failure
        return to_seed(*args)

    monkeypatch.setattr(resets, "to_seed", failing)
    monkeypatch.setattr("sandbox.server.ticker.STORE_RETRY_S", 0.01)
    demo.submit()
    wall.at = next_night(wall.at)
    demo.run(asyncio.wait_for(until_it_is_empty(demo), 60))
    assert next(failures, None) is None


def test_without_demo_mode_no_night_comes(sandbox: Driver) -> None:
    sandbox.submit()
    sandbox.wall.at = next_night(sandbox.wall.at)
    for _ in range(3):
        assert len(sandbox.control("GET", "/messages")["items"]) == 1
    assert sandbox.app.ticker.wakes_at == NEVER
