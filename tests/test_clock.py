"""A workspace's clock: frozen, set, advanced and run, and what came due thereby."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from counter import Counts, counted
from driver import DEFAULT, STRANGER, Driver, Wall

from dialog_sandbox.models.values import LONGEST_DELAY_S
from sandbox.clock import NEVER
from sandbox.store import Tx
from sandbox.world.commands import execute, send, text_in
from sandbox.world.workspaces import find

pytestmark = pytest.mark.usefixtures("untimed")

NINE = "2026-05-06T09:00:00.000Z"


def at(time: str) -> str:
    return f"2026-05-06T{time}.000Z"


def turn(sandbox: Driver, action: str, **fields: object) -> dict[str, object]:
    turned: dict[str, object] = sandbox.control("POST", "/clock", {"action": action, **fields})
    return turned


def test_a_clock_runs_with_the_wall(sandbox: Driver) -> None:
    assert sandbox.control("GET", "/clock") == {"now": NINE, "wall": NINE, "state": "running"}
    sandbox.wall.advance(5)
    assert sandbox.control("GET", "/clock") == {"now": at("09:00:05"), "wall": at("09:00:05"), "state": "running"}


def test_a_frozen_clock_stands_still_until_it_runs_again(sandbox: Driver) -> None:
    sandbox.wall.advance(1)
    assert turn(sandbox, "freeze") == {"now": at("09:00:01"), "wall": at("09:00:01"), "state": "frozen", "fired": []}
    sandbox.wall.advance(60)
    assert sandbox.control("GET", "/clock") == {"now": at("09:00:01"), "wall": at("09:01:01"), "state": "frozen"}
    assert turn(sandbox, "run")["state"] == "running"
    sandbox.wall.advance(2)
    assert sandbox.control("GET", "/clock") == {"now": at("09:00:03"), "wall": at("09:01:03"), "state": "running"}


def test_a_clock_runs_as_fast_as_it_is_told_until_it_is_told_otherwise(sandbox: Driver) -> None:
    assert turn(sandbox, "run", speed=60)["speed"] == 60
    sandbox.wall.advance(2)
    fast = {"now": at("09:02:00"), "wall": at("09:00:02"), "speed": 60}
    assert sandbox.control("GET", "/clock") == {**fast, "state": "running"}
    assert turn(sandbox, "freeze") == {**fast, "state": "frozen", "fired": []}
    sandbox.wall.advance(1)
    assert turn(sandbox, "run")["speed"] == 60
    sandbox.wall.advance(1)
    assert turn(sandbox, "run", speed=0.5)["now"] == at("09:03:00")
    sandbox.wall.advance(2)
    assert turn(sandbox, "run", speed=1)["now"] == at("09:03:01")
    turn(sandbox, "run", speed=60)
    sandbox.control("POST", "/reset")
    assert "speed" not in sandbox.control("GET", "/clock")


@pytest.mark.parametrize(
    "body",
    [
        *({"action": "run", "speed": speed} for speed in (0, -1, 86_401, "fast", True)),
        {"action": "freeze", "speed": 60},
        {"action": "advance", "seconds": 1, "speed": 60},
    ],
)
def test_a_speed_that_is_none_is_refused(sandbox: Driver, body: object) -> None:
    refused = sandbox.control("POST", "/clock", body, status=422)
    assert "speed" in refused["detail"]
    assert sandbox.control("GET", "/clock")["now"] == NINE


def test_a_clock_is_set_and_advanced_whether_it_runs_or_not(sandbox: Driver) -> None:
    assert turn(sandbox, "set", at=at("10:00:00"))["now"] == at("10:00:00")
    sandbox.wall.advance(1)
    assert turn(sandbox, "advance", seconds=1.5)["now"] == "2026-05-06T10:00:02.500Z"
    assert turn(sandbox, "freeze", at=at("11:00:00"))["now"] == at("11:00:00")
    assert turn(sandbox, "advance", seconds=3600)["now"] == at("12:00:00")


@pytest.mark.parametrize("state", ["frozen", "running"])
def test_no_advance_is_lost_where_two_servers_keep_one_database(
    open_driver: Callable[..., Driver], tmp_path: Path, state: str
) -> None:
    database, wall = str(tmp_path / "sandbox.db"), Wall()
    first, second = (open_driver(wall, database=database, store_in_threads=True) for _ in range(2))
    turn(first, "freeze" if state == "frozen" else "run")
    step = {"action": "advance", "seconds": 1}

    async def advance() -> list[str]:
        servers = (first, second) * 20
        answers = await asyncio.gather(*(each.client.post(f"{DEFAULT}/clock", json=step) for each in servers))
        return [answer.json()["now"] for answer in answers]

    told = first.run(advance())
    assert sorted(told) == [at(f"09:00:{n:02}") for n in range(1, 41)]
    assert first.control("GET", "/clock") == second.control("GET", "/clock")
    assert second.control("GET", "/clock")["now"] == at("09:00:40")


@pytest.mark.parametrize(
    "fields", [{"action": "set", "at": at("08:59:59")}, {"action": "freeze", "at": at("08:59:59")}]
)
def test_a_clock_does_not_go_back(sandbox: Driver, fields: dict[str, object]) -> None:
    assert sandbox.control("POST", "/clock", fields, status=409) == {
        "type": "urn:dialog-sandbox:clock-goes-back",
        "title": "Clock goes back",
        "status": 409,
        "detail": "The clock goes forward only: give a time that is not before its own.",
    }


@pytest.mark.parametrize(
    ("fields", "member"),
    [
        ({}, "action"),
        ({"action": "stop"}, "action"),
        ({"action": "set"}, "body"),
        ({"action": "run", "at": NINE}, "body"),
        ({"action": "advance"}, "body"),
        ({"action": "freeze", "seconds": 1}, "body"),
        ({"action": "advance", "seconds": -1}, "seconds"),
        ({"action": "advance", "seconds": 1e300}, "seconds"),
        ({"action": "set", "at": "9998-12-31T23:59:59Z"}, None),
        ({"action": "set", "at": "9999-12-31T23:59:59Z"}, "at"),
    ],
)
def test_what_cannot_be_done_to_a_clock_is_refused(
    sandbox: Driver, fields: dict[str, object], member: str | None
) -> None:
    if member is None:
        sandbox.control("POST", "/clock", fields, status=200)
        return
    problem = sandbox.control("POST", "/clock", fields, status=422)
    assert [error["member"] for error in problem["errors"]] == [member]


LAST = "9998-12-31T23:59:59.999Z"


def at_the_end(sandbox: Driver) -> None:
    """A clock that ran until there was no time left."""
    turn(sandbox, "set", at="9998-12-31T23:59:58Z")
    turn(sandbox, "run")
    sandbox.wall.advance(10)


def test_a_clock_stops_when_there_is_no_time_left(sandbox: Driver) -> None:
    at_the_end(sandbox)
    assert sandbox.control("GET", "/clock")["now"] == LAST
    for action, fields in (("run", {}), ("freeze", {}), ("advance", {"seconds": 0}), ("set", {"at": LAST})):
        assert turn(sandbox, action, **fields)["now"] == LAST
    problem = sandbox.control("POST", "/clock", {"action": "advance", "seconds": 1}, status=422)
    assert problem["errors"] == [
        {"in": "body", "member": "seconds", "detail": "must not lead beyond the year 9998"},
    ]


def test_a_world_at_the_end_of_time_can_still_be_read_and_kept(sandbox: Driver) -> None:
    url = sandbox.control("PUT", "/sinks/mine")["url"]
    sandbox.delivery("timed", sent_after=LONGEST_DELAY_S, settled_after=LONGEST_DELAY_S)
    sandbox.control("PUT", "/callbacks/profile", {"delay": LONGEST_DELAY_S})
    at_the_end(sandbox)
    sid = sandbox.sid(callback=url)
    sandbox.inbound("Late", phone=STRANGER, at="9999-12-31T23:59:59.999Z")
    sandbox.control("PUT", "/faults", [{"effect": {"reset": True}, "expires_in": LONGEST_DELAY_S}])
    assert sandbox.control("GET", "/faults")["items"][0]["expires_at"].startswith("9999-12-31T23:59:59.")
    for path in ("/messages", f"/messages/{sid}", "/callbacks", "/journal", ""):
        sandbox.control("GET", path)
    sandbox.control("PUT", "/snapshots/before")
    file = sandbox.call("GET", f"{DEFAULT}/snapshots/before").content
    assert sandbox.call("PUT", f"{DEFAULT}/snapshots/brought", content=file).status_code == 200


def test_no_timer_waits_for_what_comes_after_the_end_of_time(sandbox: Driver) -> None:
    at_the_end(sandbox)
    sandbox.delivery("timed", sent_after=30, settled_after=30)
    sandbox.sid(callback=sandbox.control("PUT", "/sinks/mine")["url"])
    sandbox.wall.advance(60)
    assert sandbox.control("GET", "/callbacks")["items"] == []
    assert sandbox.app.ticker.wakes_at == NEVER


def test_what_came_due_is_told_in_order(sandbox: Driver) -> None:
    sandbox.delivery("timed")
    turn(sandbox, "freeze")
    first = sandbox.send()["id"]
    sandbox.control("POST", "/inbound", {"from": STRANGER, "to": "16155550110", "text": "Hello", "at": at("09:00:02")})
    assert turn(sandbox, "advance", seconds=10)["fired"] == [
        {"at": at("09:00:01"), "event": "status", "message": first, "status": "sent"},
        {"at": at("09:00:02"), "event": "inbound", "message": "msg_00000002"},
        {"at": at("09:00:02"), "event": "message", "message": "msg_00000003"},
        {"at": at("09:00:03"), "event": "status", "message": first, "status": "delivered"},
        {"at": at("09:00:03"), "event": "status", "message": "msg_00000003", "status": "sent"},
        {"at": at("09:00:05"), "event": "status", "message": "msg_00000003", "status": "delivered"},
    ]
    assert turn(sandbox, "advance", seconds=10)["fired"] == []


def test_each_status_is_told_once_however_the_clock_is_cut(sandbox: Driver) -> None:
    sandbox.delivery("timed")
    turn(sandbox, "freeze")
    first = sandbox.send()["id"]
    told = [turn(sandbox, "advance", seconds=0.5)["fired"] for _ in range(8)]
    assert [len(fired) for fired in told] == [0, 1, 0, 0, 0, 1, 0, 0]  # type: ignore[arg-type]  # each is a list or None
    assert [fired[0]["message"] for fired in told if fired] == [first, first]  # type: ignore[index]  # as above


def test_the_vendors_go_by_the_clock(sandbox: Driver) -> None:
    sandbox.delivery("timed")
    turn(sandbox, "freeze")
    sid = sandbox.sid()
    words = []
    for _ in range(4):
        words.append(sandbox.details(sid)["status"])
        turn(sandbox, "advance", seconds=1)
    assert words == ["queued", "sent", "sent", "delivered"]
    turn(sandbox, "set", at="2026-05-08T00:00:00Z")
    assert sandbox.submit().json()["date_created"] == "2026-05-08@00:00:00.000+0000"


def test_a_running_clock_goes_on_over_a_restart_and_a_frozen_one_stays(
    open_driver: Callable[..., Driver], tmp_path: Path
) -> None:
    sandbox = open_driver(database=str(tmp_path / "kept.db"))
    turn(sandbox, "advance", seconds=3600)
    sandbox.wall.advance(5)
    sandbox.restart()
    assert sandbox.control("GET", "/clock")["now"] == at("10:00:05")
    turn(sandbox, "freeze")
    sandbox.wall.advance(5)
    sandbox.restart()
    assert sandbox.control("GET", "/clock") == {"now": at("10:00:05"), "wall": at("09:00:10"), "state": "frozen"}


def test_a_year_does_what_lies_in_it(sandbox: Driver) -> None:
    turn(sandbox, "freeze")
    for month in (6, 7, 8):
        sandbox.send(f"Month {month}", at=f"2026-{month:02d}-01T00:00:00Z")
    assert sandbox.control("GET", "/messages")["items"] == []
    fired = turn(sandbox, "advance", seconds=365 * 24 * 3600)["fired"]
    assert isinstance(fired, list)
    assert [(each["at"][:10], each["event"]) for each in fired if each["event"] == "message"] == [
        ("2026-06-01", "message"),
        ("2026-07-01", "message"),
        ("2026-08-01", "message"),
    ]


@pytest.mark.rule("NET-flow")
def test_messages_take_their_time_unless_a_policy_says_otherwise(open_driver: Callable[..., Driver]) -> None:
    sandbox = open_driver(fixture="documented")
    assert sandbox.control("GET", "/delivery") == {
        "mode": "timed",
        "sent_after": 1,
        "settled_after": 3,
        "outcome": "delivered",
        "numbers": {},
    }


@pytest.mark.parametrize("fixture", ["clinic", "documented", "empty"])
def test_every_world_that_comes_with_it_takes_its_time(open_driver: Callable[..., Driver], fixture: str) -> None:
    delivery = open_driver(fixture=fixture).control("GET", "/delivery")
    assert delivery == {"mode": "timed", "sent_after": 1, "settled_after": 3, "outcome": "delivered", "numbers": {}}


def test_a_scheduled_report_tells_every_status_that_it_brought(sandbox: Driver) -> None:
    sandbox.delivery("manual")
    turn(sandbox, "freeze")
    message = sandbox.send()["id"]
    sandbox.status(message, "sent", at=at("09:00:10"))
    sandbox.status(message, "undelivered", at=at("09:00:20"))
    sandbox.status(message, "queued", at=at("09:00:30"), force=True)
    sandbox.status(message, "delivered", at=at("09:00:40"))
    assert turn(sandbox, "advance", seconds=15)["fired"] == [
        {"at": at("09:00:10"), "event": "status", "message": message, "status": "sent"}
    ]
    assert turn(sandbox, "advance", seconds=60)["fired"] == [
        {"at": at("09:00:20"), "event": "status", "message": message, "status": "undelivered"},
        {"at": at("09:00:30"), "event": "status", "message": message, "status": "queued"},
        {"at": at("09:00:40"), "event": "status", "message": message, "status": "sent"},
        {"at": at("09:00:40"), "event": "status", "message": message, "status": "delivered"},
    ]
    assert turn(sandbox, "advance", seconds=60)["fired"] == []


def test_callbacks_are_told_as_they_fall_due_whoever_receives_them(sandbox: Driver) -> None:
    sandbox.delivery("timed")
    turn(sandbox, "freeze")
    sid = sandbox.sid(callback=sandbox.control("PUT", "/sinks/mine", {"status": 500})["url"])
    message = sandbox.message(sid)["id"]
    turned = turn(sandbox, "advance", seconds=10)
    assert "settled" not in turned
    assert turned["fired"] == [
        {"at": at("09:00:01"), "event": "status", "message": message, "status": "sent"},
        {"at": at("09:00:01"), "event": "callback", "message": message, "callback": "cb_00000001"},
        {"at": at("09:00:03"), "event": "status", "message": message, "status": "delivered"},
        {"at": at("09:00:03"), "event": "callback", "message": message, "callback": "cb_00000002"},
    ]


def test_to_settle_waits_no_longer_than_it_is_told(sandbox: Driver) -> None:
    sandbox.delivery("timed")
    turn(sandbox, "freeze")
    sandbox.sid(callback=sandbox.control("PUT", "/sinks/mine", {"delay": 60})["url"])
    assert turn(sandbox, "advance", seconds=10, settle=0.05)["settled"] is False


def test_with_nothing_due_all_is_settled_at_once(sandbox: Driver) -> None:
    assert turn(sandbox, "advance", seconds=10, settle=300)["settled"] is True


def test_a_running_clock_can_be_advanced_by_nothing_while_it_runs(sandbox: Driver) -> None:
    class Running(Wall):
        """Goes on with each look at it."""

        def __call__(self) -> int:
            self.at += 1
            return self.at

    sandbox.app.store.wall = Running(sandbox.wall.at)
    for _ in range(5):
        assert turn(sandbox, "advance", seconds=0)["state"] == "running"
        assert turn(sandbox, "freeze")["state"] == "frozen"
        assert turn(sandbox, "run")["state"] == "running"


# What it costs ---------------------------------------------------------------------------------------------------

YEAR_S = 365 * 24 * 3600


def cost(sandbox: Driver, seconds: float) -> tuple[Counts, int]:
    """What advancing asks of the store, and how much came due."""
    with counted(sandbox.app.store) as asked:
        fired = turn(sandbox, "advance", seconds=seconds)["fired"]
    assert isinstance(fired, list)
    return asked, len(fired)


def cost_of_a_year(sandbox: Driver, events: int) -> Counts:
    """Every second event a text from a phone, the others messages of staff, sent and delivered before the next."""
    sandbox.delivery("timed")
    turn(sandbox, "freeze")

    def plan(tx: Tx) -> None:
        tx.enter(find.find_workspace(tx, "default"))
        for n in range(events // 2):
            at_ms = tx.now + (n + 1) * (YEAR_S * 1000 // events)
            phone = f"1415{2_000_000 + n}"
            execute(tx, text_in, at_ms, phone=phone, line="16155550100", text="Yes")
            execute(tx, send, at_ms, line="16155550110", to=phone, text="Coming?")

    sandbox.app.store.write_now(plan)
    asked, fired = cost(sandbox, YEAR_S)
    assert fired == 2 * events
    return asked


@pytest.mark.sqlite
def test_a_year_costs_as_much_as_there_are_events_in_it(open_driver: Callable[..., Driver]) -> None:
    few, many = (cost_of_a_year(open_driver(), events) for events in (500, 2_000))
    assert many.statements < 4.1 * few.statements
    assert many.steps < 5 * few.steps  # an index's depth grows too


@pytest.mark.inline
def test_a_year_without_events_costs_as_much_as_a_second(sandbox: Driver) -> None:
    turn(sandbox, "freeze")
    sandbox.broadcast(to=[f"1415{2_000_000 + n}" for n in range(300)])
    turn(sandbox, "advance", seconds=1)
    (second, _), (year, fired) = cost(sandbox, 1), cost(sandbox, YEAR_S)
    assert fired == 0
    assert year.statements == second.statements
    assert year.steps < 2_000  # 300 messages gone through one by one would take more
