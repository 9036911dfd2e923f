"""Two servers on one database: what one does, the other knows; and what one was doing when it was killed, it does."""

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from commands import FAILSAFE_S
from driver import CONSOLE, DEFAULT, DEMO, LINE, PHONE, SIMPLEPAY, Driver, Wall
from live import Live
from sqlalchemy import text

from sandbox.clock import HOUR
from sandbox.server.events.hub import FOLLOW_ON_S
from sandbox.server.nightly_reset import BEGUN, TAKEN_OVER_AFTER, next_night
from sandbox.store import Slices, Tx
from sandbox.world import resets
from sandbox.world.workspaces import find

ALTERNATIONS = int(os.environ.get("ALTERNATIONS", "100"))
"""Calls and verifies by turns."""
STORY = """
stories:
  day:
    title: A day
    summary: What happens on a day
    speed: 2
    steps:
      - { after: 60s, do: tell, caption: The end }
"""


@pytest.fixture
def two(open_driver: Callable[..., Driver], tmp_path: Path) -> tuple[Driver, Driver]:
    wall, database = Wall(), str(tmp_path / "shared.db")
    return open_driver(wall, database=database), open_driver(wall, database=database)


class TwoLive(NamedTuple):
    one: Live
    other: Live


@pytest.fixture
def live(database_for: Callable[[str | None], str | None], tmp_path: Path) -> Iterator[TwoLive]:
    """The same on real sockets; the wall clock stands still, and messages are delivered at once."""
    wall, database = Wall(), database_for(str(tmp_path / "shared.db"))
    both = TwoLive(Live(wall, database=database), Live(wall, database=database))
    both.one.control("PUT", "/delivery", {"mode": "immediate"})
    yield both
    for each in both:
        each.stop()


def until(is_so: Callable[[], bool]) -> None:
    """Return as soon as it is so."""
    end = time.monotonic() + FAILSAFE_S
    while not is_so():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.005)


# Those who wait ----------------------------------------------------------------------------------------------------


def test_a_wait_is_answered_by_what_another_server_did(live: TwoLive) -> None:
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(live.other.http.get, "/messages/wait", params={"text": "Friday", "timeout": 300})
        until(lambda: live.other.waiters == 1)
        sent = live.one.send("Come on Friday.")
        answer = waiting.result(FAILSAFE_S)
    assert (answer.status_code, answer.json()["id"]) == (200, sent["id"])


def test_a_stream_tells_what_other_servers_do_in_order(live: TwoLive) -> None:
    with live.other.follow() as stream:
        first = live.one.send("The first.")
        second = live.other.send("The second.")
        live.one.control("POST", "/clock", {"action": "freeze"})
        submitted = httpx.post(
            f"{live.one.url}{SIMPLEPAY}/submit/{CONSOLE}", auth=DEMO, data={"To": PHONE, "From": LINE, "Body": "Third."}
        )
        events = stream.until("exchange")
        live.one.control("POST", "/reset")
        assert stream.take(1)[0].kind == "reset"
    assert submitted.status_code == 200
    told = [(event.kind, event.data.get("status"), event.data.get("text")) for event in events]
    steps = [("message", "queued"), ("status", "sent"), ("status", "delivered")]
    assert told == [
        *[(*step, first["text"]) for step in steps],
        *[(*step, second["text"]) for step in steps],
        ("clock", None, None),
        *[(*step, "Third.") for step in steps],
        ("exchange", 200, None),
    ]


@pytest.mark.postgresql
def test_streams_and_waits_outlive_a_restart_of_the_database(live: TwoLive) -> None:
    others = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        " AND datname = current_database() AND state = 'idle'"
    )
    with live.other.follow() as stream, ThreadPoolExecutor() as threads:
        waiting = threads.submit(live.other.http.get, "/messages/wait", params={"text": "after", "timeout": 300})
        until(lambda: live.other.waiters == 1)
        live.one.send("The one before.")
        stream.take(3)
        live.one.app.store.read_now(lambda tx: tx.connection.execute(others).all())
        sent = live.one.send("The one after.")
        assert [(event.kind, event.data["text"]) for event in stream.take(3)] == [
            (kind, "The one after.") for kind in ("message", "status", "status")
        ]
        answer = waiting.result(FAILSAFE_S)
    # One that looked in just that moment is told to try again.
    assert answer.status_code == 503 or answer.json()["id"] == sent["id"]


def test_a_stream_ends_with_its_workspace_whoever_deletes_it(live: TwoLive) -> None:
    httpx.post(f"{live.one.url}/_sandbox/workspaces", json={"name": "brief", "fixture": "empty"}).raise_for_status()
    path = "/_sandbox/workspaces/brief/events"
    with httpx.Client(base_url=live.other.url, timeout=FAILSAFE_S) as client, client.stream("GET", path) as stream:
        lines = stream.iter_lines()
        next(lines)
        httpx.delete(f"{live.one.url}/_sandbox/workspaces/brief").raise_for_status()
        assert [line for line in lines if line] == []


def test_other_servers_are_followed_only_while_somebody_is_interested(live: TwoLive) -> None:
    hub = live.other.app.hub
    assert vars(hub)["_follower"] is None
    with live.other.follow() as stream:
        live.one.send()
        stream.take(1)
        follower: Any = hub._follower
    until(lambda: not hub.watched)
    assert not follower.done()
    live.other.skip(FOLLOW_ON_S)
    until(follower.done)
    with live.other.follow() as stream:
        live.one.send()
        stream.take(1)


def test_who_waits_is_not_asked_for_what_happens_elsewhere(live: TwoLive) -> None:
    httpx.post(f"{live.one.url}/_sandbox/workspaces", json={"name": "elsewhere"}).raise_for_status()
    with live.other.follow() as stream:
        live.one.send()
        stream.take(3)
        before = live.other.app.hub.queries
        for action in ("freeze", "run") * 5:
            path = f"{live.one.url}/_sandbox/workspaces/elsewhere/clock"
            httpx.post(path, json={"action": action}).raise_for_status()
        live.one.send("And here.")
        stream.take(3)
    assert live.other.app.hub.queries - before <= 3


# The journal -------------------------------------------------------------------------------------------------------


def test_a_call_is_verified_right_after_its_answer_wherever_that_came_from(two: tuple[Driver, Driver]) -> None:
    for n, (called, asked) in zip(range(ALTERNATIONS), cycle([two, two[::-1]]), strict=False):
        assert called.submit(text=f"Call {n}.").status_code == 200
        expect = [{"operation": "simplepay.submit", "where": {"text": f"Call {n}."}, "count": 1}]
        assert len(asked.control("POST", "/verify", {"expect": expect})["found"]) == 1


def test_long_refused_and_spoiled_answers_are_in_the_journal_before_their_end_too(two: tuple[Driver, Driver]) -> None:
    one, other = two
    one.records()
    one.get_messages()
    assert one.writeback(auth=None).status_code == 401
    assert one.call("GET", f"{SIMPLEPAY}/nowhere").status_code == 404
    with pytest.raises(httpx.HTTPError):
        one.writeback(headers={"X-Sandbox-Fault": "truncate=10"})
    operations = [each["operation"] for each in other.control("GET", "/journal")["items"]]
    assert operations == ["writeback.responses", "dialogtech.sms.get_messages", "writeback.responses"]
    nobodys = other.call("GET", "/_sandbox/journal").json()["items"]
    assert [each["status"] for each in nobodys] == [401, 404]


def test_with_one_private_process_the_journal_stays_behind_the_answer(sandbox: Driver) -> None:
    if sandbox.app.store.is_private:
        sandbox.submit()
        assert len(sandbox.app.journal._waiting) == 1


# The world ---------------------------------------------------------------------------------------------------------


def test_a_fault_is_used_up_by_the_calls_to_all_servers(two: tuple[Driver, Driver]) -> None:
    fault = {"match": {"operation": "simplepay.submit"}, "effect": {"status": 503}, "skip": 1, "times": 2}
    two[0].control("POST", "/faults", fault)
    answers = [each.submit().status_code for each in two * 3]
    assert answers == [200, 503, 503, 200, 200, 200]
    (shown,) = two[1].control("GET", "/faults")["items"]
    assert (shown["matched"], shown["applied"]) == (3, 2)


def test_a_rate_limit_counts_the_calls_to_all_servers(two: tuple[Driver, Driver]) -> None:
    limit = {"match": {}, "effect": {"rate_limit": {"requests": 3, "seconds": 10}}}
    two[1].control("POST", "/faults", limit)
    assert [each.submit().status_code for each in two * 3] == [200, 200, 200, 429, 429, 429]
    two[0].wall.advance(10)
    assert [each.submit().status_code for each in two * 2] == [200, 200, 200, 429]


def test_a_clock_is_the_same_everywhere(two: tuple[Driver, Driver]) -> None:
    one, other = two
    one.control("POST", "/clock", {"action": "freeze"})
    one.wall.advance(60)
    other.control("POST", "/clock", {"action": "advance", "seconds": 5})
    assert one.control("GET", "/clock") == other.control("GET", "/clock")
    assert one.control("GET", "/clock")["now"] == "2026-05-06T09:00:05.000Z"


def test_what_is_scheduled_at_one_is_done_by_whoever_comes(two: tuple[Driver, Driver]) -> None:
    one, other = two
    one.inbound("Later", at="2026-05-06T09:01:00Z")
    one.wall.advance(60)
    texts = [each["text"] for each in other.control("GET", "/messages?text=Later")["items"]]
    assert texts == ["Later"] == [each["text"] for each in one.control("GET", "/messages?text=Later")["items"]]


def test_a_snapshot_and_a_reset_are_everywhere(two: tuple[Driver, Driver]) -> None:
    one, other = two
    sid = one.sid(text="Kept.")
    one.control("PUT", "/snapshots/mine")
    other.control("POST", "/reset")
    assert one.control("GET", "/messages?text=Kept")["items"] == []
    other.control("POST", "/reset", {"to": "snapshot", "name": "mine"})
    assert one.details(sid)["body"] == "Kept."
    assert len({one.sid(), other.sid(), sid}) == 3


def test_a_story_is_played_and_paused_at_any_server(open_driver: Callable[..., Driver], tmp_path: Path) -> None:
    fixture = tmp_path / "staged.yaml"
    fixture.write_text((Path(__file__).parent / "worlds" / "plain.yaml").read_text() + STORY)
    wall, settings = Wall(), {"database": str(tmp_path / "shared.db"), "fixture": str(fixture)}
    one, other = open_driver(wall, **settings), open_driver(wall, **settings)
    one.control("POST", "/stories/day", {"action": "play"})
    wall.advance(3)
    paused = other.control("POST", "/stories/day", {"action": "pause"})
    assert (paused["state"], paused["position"]) == ("paused", 6)
    assert one.control("GET", "/stories")["items"][0] == paused


def test_the_nightly_reset_is_one(open_driver: Callable[..., Driver], tmp_path: Path) -> None:
    wall, settings = Wall(), {"database": str(tmp_path / "shared.db"), "demo": True, "control_open": True}
    both = [open_driver(wall, **settings) for _ in range(2)]

    def epoch(tx: Tx) -> int:
        return find.find_workspace(tx, find.DEFAULT).epoch

    for night in (1, 2):
        wall.at = next_night(wall.at) + HOUR
        for each in both:
            each.call("GET", f"{DEFAULT}/clock")
            each.run(turned(each))
        assert both[0].app.store.read_now(epoch) == night


def test_a_night_of_a_server_that_was_killed_in_its_midst_is_taken_over(
    open_driver: Callable[..., Driver], tmp_path: Path
) -> None:
    wall, settings = Wall(), {"database": str(tmp_path / "shared.db"), "demo": True, "control_open": True}
    other = open_driver(wall, **settings)
    wall.at = next_night(wall.at)
    # What a server leaves that has claimed the night, and no more.
    other.app.store.write_now(lambda tx: tx.is_first_to_reach(BEGUN, wall.at // TAKEN_OVER_AFTER))
    epochs = []
    for pause in (0, TAKEN_OVER_AFTER - 1, 1, TAKEN_OVER_AFTER):
        wall.at += pause
        other.call("GET", f"{DEFAULT}/clock")
        other.run(turned(other))
        epochs.append(other.app.store.read_now(lambda tx: find.find_workspace(tx, find.DEFAULT).epoch))
    assert epochs == [0, 0, 1, 1]


def test_a_night_of_the_only_server_that_was_killed_is_made_up_for_at_its_next_start(
    open_driver: Callable[..., Driver], tmp_path: Path
) -> None:
    demo = open_driver(database=str(tmp_path / "kept.db"), demo=True, control_open=True)
    demo.wall.at = next_night(demo.wall.at)
    demo.app.store.write_now(lambda tx: tx.is_first_to_reach(BEGUN, demo.wall.at // TAKEN_OVER_AFTER))
    epochs = []
    for pause in (1, 2 * HOUR, HOUR, HOUR):
        demo.wall.at += pause
        demo.restart()
        demo.call("GET", f"{DEFAULT}/clock")
        demo.run(turned(demo))
        epochs.append(demo.app.store.read_now(lambda tx: find.find_workspace(tx, find.DEFAULT).epoch))
    assert epochs == [0, 1, 1, 1]


def test_of_two_that_reset_at_once_since_one_took_long_one_is_through(
    open_driver: Callable[..., Driver], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = open_driver(database=str(tmp_path / "shared.db"), demo=True, control_open=True)
    other = open_driver(beside=one)
    begun: list[Tx] = []
    to_seed = resets.to_seed

    def slowly(tx: Tx) -> Slices[Tx]:
        begun.append(tx)
        if len(begun) == 1:
            one.wall.at += TAKEN_OVER_AFTER
        while len(begun) < 2:
            tx = yield
            tx.enter(find.find_workspace(tx, find.DEFAULT))
        return (yield from to_seed(tx))

    async def both() -> None:
        first = asyncio.ensure_future(turned(one))
        while not begun:
            await asyncio.sleep(0)
        await asyncio.wait_for(asyncio.gather(first, turned(other)), FAILSAFE_S)

    monkeypatch.setattr(resets, "to_seed", slowly)
    one.wall.at = next_night(one.wall.at)
    one.run(both())
    assert other.app.store.read_now(lambda tx: find.find_workspace(tx, find.DEFAULT).epoch) == 1
    assert len(begun) == 2


async def turned(sandbox: Driver) -> None:
    """Wait until the ticker has done what is due."""
    ticker: Any = sandbox.app.ticker
    ticker.start()
    turn = ticker._turned
    ticker._run_soon()
    await turn.wait()
