"""Demo mode: visitors read, whoever has the token drives, and every night the world begins anew."""

import asyncio
from collections.abc import Callable

import pytest
from driver import DEFAULT, START, Driver, Wall

from sandbox.server.nightly import next_night
from sandbox.clock import DAY, HOUR

TOKEN = "a-token"
DRIVES = {"authorization": f"Bearer {TOKEN}"}
MIDNIGHT = START - START % DAY


@pytest.mark.parametrize(
    ("hour", "expected"), [(0, 3), (2.99, 3), (3, 27), (9, 27), (23.99, 27)], ids=lambda value: str(value)
)
def test_the_night_is_at_three(hour: float, expected: int) -> None:
    assert next_night(MIDNIGHT + round(hour * HOUR)) == MIDNIGHT + expected * HOUR


def test_visitors_read_and_whoever_has_the_token_drives(open_driver: Callable[..., Driver]) -> None:
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


def test_every_night_the_world_begins_anew(open_driver: Callable[..., Driver]) -> None:
    wall = Wall()
    demo = open_driver(wall, demo=True, control_token=TOKEN)
    demo.submit()

    async def one_night() -> None:
        assert demo.app.nightly is not None
        demo.app.nightly.wake()

    asyncio.run(one_night())
    assert len(demo.control("GET", "/messages")["items"]) == 1
    wall.at = next_night(wall.at)
    asyncio.run(one_night())
    assert demo.control("GET", "/messages")["items"] == []


def test_without_demo_mode_no_night_comes(sandbox: Driver) -> None:
    assert sandbox.app.nightly is None
