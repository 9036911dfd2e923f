"""The machine's clock steps, back or forward: a workspace's own goes forward, in every process and over a restart."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from driver import CONSOLE, DEFAULT, PHONE, START, Driver, Wall
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update
from test_wait import meanwhile

from sandbox.clock import SECOND, SteadyClock
from sandbox.store.tables import WORKSPACES

HOUR_S = 3600
Open = Callable[..., Driver]


def at(time: str) -> str:
    return f"2026-05-06T{time}.000Z"


def reading(sandbox: Driver) -> str:
    return str(sandbox.control("GET", "/clock")["now"])


def submitted(sandbox: Driver) -> str:
    """The sid of a message that is sent after a second, and delivered after three."""
    sandbox.delivery("timed", sent_after=1, settled_after=3)
    return sandbox.sid()


def status(sandbox: Driver, sid: str) -> object:
    return sandbox.message(sid)["status"]


@pytest.fixture
def database(tmp_path: Path) -> str:
    return str(tmp_path / "kept.db")


# One process -----------------------------------------------------------------------------------------------------


def steady(wall: Wall) -> SteadyClock:
    return SteadyClock(wall, lambda: wall.passed)


def test_a_steady_clock_goes_on_after_a_step_back_and_follows_again_once_the_wall_has_caught_up() -> None:
    wall = Wall()
    clock = steady(wall)
    wall.advance(1)
    assert (clock() - START, clock.lead) == (1_000, 0)
    wall.step(-60)
    assert (clock() - START, clock.lead) == (1_000, 60_000)
    wall.advance(0.5)
    assert clock() - START == 1_500
    wall.step(60)  # as when NTP has set it right
    assert (clock() - START, clock.lead) == (1_500, 0)
    wall.step(5)  # as after a sleep, in which no time passes
    assert (clock() - START, clock.lead) == (6_500, 0)


def test_a_steady_clock_that_was_told_of_a_later_time_counts_no_moment_twice() -> None:
    wall = Wall()
    clock = steady(wall)
    clock()
    wall.advance(10)
    assert clock(no_earlier_than=START + 10_000) - START == 10_000
    assert clock(no_earlier_than=START + 12_000) - START == 12_000
    wall.advance(1)
    assert clock() - START == 13_000


@given(st.lists(st.tuples(st.integers(-100_000, 100_000), st.integers(0, 100_000))))
def test_a_steady_clock_never_goes_back_nor_slower_than_time_passes(turns: list[tuple[int, int]]) -> None:
    wall = Wall()
    clock = steady(wall)
    before = clock()
    for step, passes in turns:
        wall.advance(passes / SECOND)
        wall.step(step / SECOND)
        now = clock()
        assert now >= before + passes
        assert now >= wall.at
        before = now


def test_what_was_delivered_stays_so_when_the_machines_clock_steps_back(sandbox: Driver) -> None:
    sid = submitted(sandbox)
    assert status(sandbox, sid) == "queued"
    sandbox.wall.advance(3)
    assert (status(sandbox, sid), reading(sandbox)) == ("delivered", at("09:00:03"))
    sandbox.wall.step(-HOUR_S)
    assert (status(sandbox, sid), reading(sandbox)) == ("delivered", at("09:00:03"))
    sandbox.wall.advance(5)
    assert reading(sandbox) == at("09:00:08")


def test_what_was_queued_is_delivered_in_its_time_all_the_same(sandbox: Driver) -> None:
    sid = submitted(sandbox)
    sandbox.wall.step(-HOUR_S)
    assert status(sandbox, sid) == "queued"
    sandbox.wall.advance(1)
    assert status(sandbox, sid) == "sent"
    sandbox.wall.advance(2)
    assert status(sandbox, sid) == "delivered"


def test_a_clock_follows_the_machines_forward(sandbox: Driver) -> None:
    sandbox.wall.step(8 * HOUR_S)
    assert reading(sandbox) == at("17:00:00")


def test_a_reset_begins_with_what_the_machines_clock_reads(sandbox: Driver) -> None:
    sandbox.wall.step(-HOUR_S)
    assert reading(sandbox) == at("09:00:00")
    sandbox.control("POST", "/reset", {})
    assert reading(sandbox) == at("08:00:00")
    sandbox.wall.advance(5)
    assert reading(sandbox) == at("08:00:05")


def test_a_restore_goes_back_and_then_on(sandbox: Driver) -> None:
    sandbox.control("PUT", "/snapshots/first")
    sandbox.wall.advance(60)
    sandbox.wall.step(-HOUR_S)
    sandbox.control("POST", "/reset", {"to": "snapshot", "name": "first"})
    assert reading(sandbox) == at("09:00:00")
    sandbox.wall.advance(5)
    assert reading(sandbox) == at("09:00:05")


def test_a_workspace_that_is_over_does_not_come_back(sandbox: Driver) -> None:
    body = {"fixture": "empty", "name": "brief", "ttl": 60}
    assert sandbox.call("POST", "/_sandbox/workspaces", json=body).status_code == 201
    sandbox.wall.advance(60)
    assert sandbox.call("GET", "/_sandbox/workspaces/brief").status_code == 404
    sandbox.wall.step(-HOUR_S)
    assert sandbox.call("GET", "/_sandbox/workspaces/brief").status_code == 404


def test_a_workspace_lives_as_long_as_it_was_to_when_the_machines_clock_steps_back(sandbox: Driver) -> None:
    body = {"fixture": "empty", "name": "brief", "ttl": 60}
    assert sandbox.call("POST", "/_sandbox/workspaces", json=body).status_code == 201
    sandbox.wall.step(-HOUR_S)
    sandbox.wall.advance(59)
    assert sandbox.call("GET", "/_sandbox/workspaces/brief").status_code == 200
    sandbox.wall.advance(1)
    assert sandbox.call("GET", "/_sandbox/workspaces/brief").status_code == 404


def test_who_waits_is_answered_in_time_across_a_step_back(sandbox: Driver) -> None:
    sandbox.delivery("timed", sent_after=1, settled_after=3)
    sandbox.sid(PHONE)

    async def step(client: httpx.AsyncClient) -> None:
        sandbox.wall.step(-HOUR_S)
        sandbox.wall.advance(3)
        assert (
            await client.post(f"{DEFAULT}/messages", json={"console": CONSOLE, "to": PHONE, "text": "Hi"})
        ).is_success

    waited = meanwhile(sandbox, step, status="delivered").json()
    assert [each["at"] for each in waited["timeline"]] == [at("09:00:00"), at("09:00:01"), at("09:00:03")]


def test_a_rate_limits_window_is_over_in_its_time_across_a_step_back(sandbox: Driver) -> None:
    sandbox.control("POST", "/faults", {"match": {}, "effect": {"rate_limit": {"requests": 1, "seconds": 30}}})
    assert sandbox.submit().status_code == 200
    sandbox.wall.step(-HOUR_S)
    assert (sandbox.submit().status_code, sandbox.submit().headers["Retry-After"]) == (429, "30")
    sandbox.wall.advance(30)
    assert sandbox.submit().status_code == 200


# A restart -------------------------------------------------------------------------------------------------------


def test_over_a_restart_a_clock_goes_on_from_the_last_moment_that_was_shown(open_driver: Open, database: str) -> None:
    sandbox = open_driver(database=database)
    sid = submitted(sandbox)
    sandbox.wall.advance(3)
    assert status(sandbox, sid) == "delivered"
    sandbox.wall.advance(0.05)  # too short a time to be kept at once
    assert reading(sandbox) == "2026-05-06T09:00:03.050Z"
    sandbox.wall.step(-HOUR_S)
    sandbox.restart()
    assert (status(sandbox, sid), reading(sandbox)) == ("delivered", "2026-05-06T09:00:03.050Z")
    sandbox.wall.advance(5)
    assert reading(sandbox) == "2026-05-06T09:00:08.050Z"


def test_over_a_restart_without_a_step_a_clock_reads_what_it_did(open_driver: Open, database: str) -> None:
    sandbox = open_driver(database=database)
    sandbox.wall.advance(10)
    sandbox.restart()
    assert reading(sandbox) == at("09:00:10")
    sandbox.wall.advance(10)
    sandbox.restart()
    assert reading(sandbox) == at("09:00:20")


def test_a_killed_servers_successor_goes_on_from_what_a_read_had_shown(open_driver: Open, database: str) -> None:
    wall = Wall()
    killed = open_driver(wall, database=database)
    sid = submitted(killed)
    wall.advance(3)
    assert status(killed, sid) == "delivered"
    wall.step(-HOUR_S)
    successor = open_driver(wall, database=database)
    assert (status(successor, sid), reading(successor)) == ("delivered", at("09:00:03"))


def test_a_workspace_that_is_over_does_not_come_back_over_a_restart(open_driver: Open, database: str) -> None:
    sandbox = open_driver(database=database)
    body = {"fixture": "empty", "name": "brief", "ttl": 60}
    assert sandbox.call("POST", "/_sandbox/workspaces", json=body).status_code == 201
    sandbox.wall.advance(60)
    assert sandbox.call("GET", "/_sandbox/workspaces/brief").status_code == 404
    sandbox.wall.step(-HOUR_S)
    sandbox.restart()
    assert sandbox.call("GET", "/_sandbox/workspaces/brief").status_code == 404


# Two servers -----------------------------------------------------------------------------------------------------


def test_two_servers_on_one_file_read_the_same_whichever_was_asked_before(open_driver: Open, database: str) -> None:
    wall = Wall()
    one, other = open_driver(wall, database=database), open_driver(wall, database=database)
    sid = submitted(one)
    assert reading(other) == at("09:00:00")
    wall.advance(3)
    assert status(one, sid) == "delivered"
    wall.step(-HOUR_S)  # the other one never saw it so late
    assert (status(other, sid), reading(other)) == ("delivered", at("09:00:03"))
    wall.advance(4)
    assert [reading(each) for each in (other, one, other)] == [at("09:00:07")] * 3
    wall.step(HOUR_S)
    assert [reading(each) for each in (one, other)] == [at("09:00:07")] * 2
    wall.advance(1)
    assert [reading(each) for each in (one, other)] == [at("09:00:08")] * 2


@pytest.mark.sqlite
def test_a_read_with_nothing_new_to_keep_leaves_the_file_as_it_is(open_driver: Open, database: str) -> None:
    sandbox = open_driver(database=database)
    reading(sandbox)
    log = Path(f"{database}-wal")
    before = log.stat().st_size
    for _ in range(5):
        sandbox.wall.advance(0.01)
        reading(sandbox)
    assert log.stat().st_size == before


@pytest.mark.sqlite
def test_a_read_is_answered_while_its_moment_cannot_be_kept(open_driver: Open, database: str) -> None:
    sandbox, other = open_driver(database=database), open_driver(database=database)
    sandbox.wall.advance(10)
    with other.app.store.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        assert reading(sandbox) == at("09:00:10")


# Whatever the database has ---------------------------------------------------------------------------------------


def test_nothing_fails_on_what_lies_ahead_of_the_clock(sandbox: Driver) -> None:
    """As a server before this one left it, whose clock went back with the machine's."""
    sandbox.delivery("timed")
    message = sandbox.send()["id"]
    sandbox.inbound("Hello?")
    sandbox.sid(callback=sandbox.control("PUT", "/sinks/mine", {})["url"])
    sandbox.wall.advance(10)
    sandbox.control("GET", "/messages")
    sandbox.app.store.write_now(
        lambda tx: tx.execute(
            update(WORKSPACES).where(WORKSPACES.c.name == "default").values(clock_at=START - HOUR_S * SECOND)
        )
    )
    for path in (
        "",
        "/clock",
        "/messages",
        f"/messages/{message}",
        "/messages?status=queued",
        "/messages/wait?timeout=0",
        "/events?timeout=0",
        "/callbacks",
        "/phones",
        "/people",
        "/consents",
        "/journal",
        "/faults",
        "/campaigns",
        "/snapshots",
    ):
        answer = sandbox.call("GET", DEFAULT + path, headers={"Accept": "application/json"})
        assert answer.status_code < 500, (path, answer.text)
    assert [each["timeline"][0]["status"] for each in sandbox.control("GET", "/messages")["items"]]
    for call in (sandbox.records, sandbox.get_messages):
        call()
    told = sandbox.control("POST", f"/messages/{message}/status", {"status": "sent"}, status=409)
    assert told["title"] == "Too early"
