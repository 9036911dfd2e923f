"""Who wakes when, and who is sent what first: no timer without need, and nobody waits for somebody else's receiver."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from counting import Asked, counted
from driver import LINE, START, STRANGER, Driver, Wall
from spaces import control, create

from sandbox.server.courier import Courier
from sandbox.server.dispatch import PER_RECEIVER, Dispatch, Parcel
from sandbox.world import acts, callbacks, sinks, workspaces

SLOW, OTHER = "http://slow.example:9000/x", "http://other.example/y"


def parcels(url: str, count: int, workspace_id: int = 1) -> list[Parcel]:
    return [Parcel(workspace_id, n, url) for n in range(count)]


class Hanging:
    """A sender whose attempts end when they are let go."""

    def __init__(self) -> None:
        self.begun: list[Parcel] = []
        self.ended = 0
        self.gate = asyncio.Event()

    async def deliver(self, parcel: Parcel) -> None:
        self.begun.append(parcel)
        if parcel.url == SLOW:
            await self.gate.wait()

    def done(self) -> None:
        self.ended += 1


async def rest() -> None:
    """Lets whatever can go on do so."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_a_slow_receiver_holds_up_nobody_else() -> None:
    async def play() -> None:
        hanging = Hanging()
        dispatch = Dispatch(hanging.deliver, hanging.done, rate=100_000)
        for parcel in [*parcels(SLOW, 20_000), *parcels(OTHER, 100)]:
            dispatch.put(parcel)
        while len(hanging.begun) < PER_RECEIVER + 100:
            dispatch.go()
            await rest()
        assert Counter(parcel.url for parcel in hanging.begun) == {SLOW: PER_RECEIVER, OTHER: 100}
        assert dispatch.in_hand(1) == 20_000
        dispatch.close()
        await rest()

    asyncio.run(play())


def test_one_receiver_is_one_whatever_is_written_before_and_after_it() -> None:
    urls = ("http://slow.example/x", "http://a:b@slow.example/y?z", "http://SLOW.example#f", "https://slow.example")
    assert {Parcel(1, 1, url).receiver for url in urls} == {"slow.example"}
    assert Parcel(1, 1, SLOW).receiver == "slow.example:9000"


def test_receivers_are_served_by_turns() -> None:
    async def play() -> None:
        hanging = Hanging()
        dispatch = Dispatch(hanging.deliver, hanging.done, rate=6)
        for parcel in [*parcels(SLOW, 100), *parcels(OTHER, 100)]:
            dispatch.put(parcel)
        dispatch.go()
        await rest()
        assert [parcel.url for parcel in hanging.begun] == [SLOW, OTHER] * 3
        dispatch.close()
        await rest()

    asyncio.run(play())


def test_no_more_attempts_begin_in_a_second_than_the_rate_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        now = 1000.0
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now)
        hanging = Hanging()
        dispatch = Dispatch(hanging.deliver, hanging.done, rate=5)
        for parcel in parcels(OTHER, 12):
            dispatch.put(parcel)
        dispatch.go()
        begun = []
        for _ in range(5):
            await rest()
            begun.append(len(hanging.begun))
            now += 0.5
        assert begun == [5, 5, 10, 10, 12]

    asyncio.run(play())


def test_what_is_dropped_is_broken_off_and_the_others_go_on() -> None:
    async def play() -> None:
        hanging = Hanging()
        dispatch = Dispatch(hanging.deliver, hanging.done, rate=1000)
        for parcel in [*parcels(SLOW, 20, workspace_id=1), *parcels(SLOW, 3, workspace_id=2)]:
            dispatch.put(parcel)
        dispatch.go()
        await rest()
        dispatch.drop(1)
        await rest()
        assert (dispatch.in_hand(1), dispatch.in_hand(2), hanging.ended) == (0, 3, PER_RECEIVER)
        dispatch.go()
        await rest()
        hanging.gate.set()
        await rest()
        assert [parcel.workspace_id for parcel in hanging.begun] == [1] * PER_RECEIVER + [2] * 3
        assert dispatch.in_hand(2) == 0

    asyncio.run(play())


def test_an_attempt_that_fails_by_a_defect_is_logged_and_lets_the_next_go(caplog: pytest.LogCaptureFixture) -> None:
    async def play() -> None:
        begun = []

        async def deliver(parcel: Parcel) -> None:
            begun.append(parcel.n)
            raise ZeroDivisionError

        dispatch = Dispatch(deliver, lambda: None, rate=1000)
        for parcel in parcels(OTHER, PER_RECEIVER + 1):
            dispatch.put(parcel)
        dispatch.go()
        await rest()
        dispatch.go()
        await rest()
        assert begun == list(range(PER_RECEIVER + 1))

    asyncio.run(play())
    assert "A callback could not be sent." in caplog.text


# When it wakes ---------------------------------------------------------------------------------------------------


def courier(sandbox: Driver) -> Any:
    return sandbox.app._courier


def has_timer(sandbox: Driver) -> bool:
    return courier(sandbox)._timer is not None


def test_no_timer_is_set_while_nothing_is_due(sandbox: Driver) -> None:
    sandbox.sid()
    sandbox.records()
    sandbox.send()
    assert not has_timer(sandbox)
    assert not courier(sandbox).is_wanted


def test_no_timer_is_set_for_a_clock_that_stands(sandbox: Driver) -> None:
    sandbox.control("POST", "/clock", {"action": "freeze"})
    sandbox.inbound("Hello", phone=STRANGER, at="2026-05-07T00:00:00Z")
    assert not has_timer(sandbox)
    sandbox.control("POST", "/clock", {"action": "run"})
    assert has_timer(sandbox)
    sandbox.control("POST", "/clock", {"action": "freeze"})
    assert not has_timer(sandbox)


def test_one_timer_is_set_for_what_comes_first(sandbox: Driver) -> None:
    sandbox.inbound("Late", phone=STRANGER, at="2026-05-06T10:00:00Z")
    assert courier(sandbox)._earliest == START + 3_600_000
    sandbox.inbound("Soon", phone=STRANGER, at="2026-05-06T09:30:00Z")
    assert courier(sandbox)._earliest == START + 1_800_000
    sandbox.wall.advance(1800)
    sandbox.control("GET", "/clock")
    assert courier(sandbox)._earliest == START + 3_600_000
    sandbox.wall.advance(1800)
    sandbox.control("GET", "/clock")
    assert not has_timer(sandbox)


def test_what_comes_later_than_what_is_known_asks_the_store_nothing(
    sandbox: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits = []
    visit = Courier._visit

    def counted(self: Courier, workspace_id: int) -> None:
        visits.append(workspace_id)
        visit(self, workspace_id)

    monkeypatch.setattr(Courier, "_visit", counted)
    sandbox.delivery("timed")
    url = sandbox.control("PUT", "/sinks/mine", {})["url"]
    del visits[:]
    for _ in range(50):
        sandbox.sid(callback=url)
    assert visits == [1]


def test_a_timer_rings_when_something_falls_due(open_driver: Callable[..., Driver]) -> None:
    class Ticking(Wall):
        """Goes on by itself from when it is started."""

        started: float | None = None

        def __call__(self) -> int:
            since = 0.0 if self.started is None else asyncio.get_running_loop().time() - self.started
            return self.at + int(since * 1000)

    wall = Ticking()
    sandbox = open_driver(wall=wall)

    async def play() -> None:
        wall.started = asyncio.get_running_loop().time()
        world = sandbox.app.world
        workspace = workspaces.named(world, "default")
        with world.store.writing():
            acts.perform(
                world,
                workspace,
                "send",
                world.now(workspace) + 30,
                {"line": "16155550110", "to": STRANGER, "text": "Hello"},
            )
        sandbox.app._courier.wake()
        while world.store.execute("SELECT count(*) FROM message").fetchone()[0] == 0:
            assert asyncio.get_running_loop().time() < wall.started + 60
            await asyncio.sleep(0.001)
        assert world.store.execute("SELECT accepted_at FROM message").fetchone()[0] == START + 30

    sandbox._runner.run(play())


def test_what_is_due_all_at_once_is_taken_up_in_portions(sandbox: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []
    claim = callbacks.claim

    def counted(*args: Any) -> Any:
        claimed = claim(*args)
        taken.append(len(claimed))
        return claimed

    monkeypatch.setattr(callbacks, "claim", counted)
    monkeypatch.setattr("sandbox.server.courier.AT_ONCE", 5)
    sandbox.control("POST", "/clock", {"action": "freeze"})
    sandbox.delivery("timed", outcome="rejected", sent_after=1, settled_after=1)
    url = sandbox.control("PUT", "/sinks/mine", {})["url"]
    for _ in range(12):
        sandbox.sid(callback=url)
    turned = sandbox.control("POST", "/clock", {"action": "advance", "seconds": 1, "settle": 60})
    assert turned["settled"] is True
    assert max(taken) == 5
    assert sum(taken) == 24


def cost_of_attempts(sandbox: Driver, messages: int) -> Asked:
    """What the store is asked while so many messages are told of twice."""
    sandbox.control("POST", "/clock", {"action": "freeze"})
    sandbox.delivery("timed")
    url = sandbox.control("PUT", "/sinks/mine", {})["url"]
    for _ in range(messages):
        sandbox.sid(callback=url)
    with counted(sandbox.app.world) as asked:
        turned = sandbox.control("POST", "/clock", {"action": "advance", "seconds": 3, "settle": 60})
    assert turned["settled"] is True
    assert {len(each["attempts"]) for each in sandbox.control("GET", "/callbacks?limit=1000")["items"]} == {1}
    return asked


def test_attempts_cost_as_much_as_there_are(open_driver: Callable[..., Driver]) -> None:
    few, many = (cost_of_attempts(open_driver(callback_rate=10_000), messages) for messages in (50, 200))
    assert many.statements < 4.1 * few.statements
    assert many.steps < 8 * few.steps  # half of what it were if each attempt looked through all of them


def test_the_clock_of_a_workspace_that_is_gone_wakes_nobody(sandbox: Driver) -> None:
    sandbox.inbound("Late", phone=STRANGER, at="2026-05-06T10:00:00Z")
    sandbox.app.world.store.execute("DELETE FROM workspace")
    sandbox.app.world.store.forget()
    sandbox.wall.advance(3600)
    assert sandbox.call("GET", "/_sandbox/health/live").status_code == 200
    assert not has_timer(sandbox)


# What goes wrong -------------------------------------------------------------------------------------------------


def test_what_is_no_url_is_a_receiver_of_its_own() -> None:
    assert Parcel(1, 1, "http://[127.0.0.1:9/cb").receiver == "http://[127.0.0.1:9/cb"


def test_a_workspace_where_nothing_can_be_done_holds_up_no_other_one(
    open_driver: Callable[..., Driver], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox = open_driver(database=f"sqlite:///{tmp_path / 'sandbox.db'}")
    other = create(sandbox)
    late = {"from": STRANGER, "text": "Late", "at": "2026-05-06T10:00:00Z"}
    sandbox.control("POST", "/inbound", {**late, "to": LINE})
    control(sandbox, other, "POST", "/inbound", {**late, "to": other["consoles"][0]["line"]})
    sandbox.app.world.store.execute("UPDATE scheduled SET action = 'explode' WHERE workspace_id = 1")
    sandbox.wall.advance(3600)
    sandbox.restart()

    async def start() -> None:
        courier(sandbox).wake()

    sandbox.run(start())
    assert "What is due in the workspace 1 could not be done." in caplog.text
    found = sandbox.app.world.store.execute("SELECT text FROM message WHERE workspace_id <> 1 AND text = 'Late'")
    assert found.fetchall() == [("Late",)]


# When the store does not answer ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["by_token", "receive"])
def test_a_sink_of_a_store_that_fails_once_is_told_when_it_answers_again(
    sandbox: Driver, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    failures = iter([sqlite3.OperationalError("database is locked")])
    answering = getattr(sinks, name)

    def failing(*args: Any, **given: Any) -> Any:
        for failure in failures:
            raise failure
        return answering(*args, **given)

    sandbox.delivery("timed")
    sandbox.control("POST", "/clock", {"action": "freeze"})
    url = sandbox.control("PUT", "/sinks/mine", {})["url"]
    monkeypatch.setattr(sinks, name, failing)
    monkeypatch.setattr("sandbox.server.sending.STORE_RETRY_S", 0.01)
    sandbox.sid(callback=url)
    assert sandbox.control("POST", "/clock", {"action": "advance", "seconds": 3, "settle": 60})["settled"] is True
    told = sandbox.control("GET", "/callbacks")["items"]
    assert [(each["status"], each["state"], len(each["attempts"])) for each in told] == [
        ("sent", "delivered", 1),
        ("delivered", "delivered", 1),
    ]
    assert len(sandbox.control("GET", "/sinks/mine")["received"]) == 2
