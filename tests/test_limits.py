"""How much a server takes, and what a caller is told who meets a bound: nothing was done, and nothing is lost."""

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from commands import run
from conftest import WORLDS
from counter import counted
from driver import CONSOLE, DEFAULT, DEMO, LINE, PHONE, SIMPLEPAY, STRANGER, TRACKING_NUMBER, Driver
from hypothesis import given, settings
from hypothesis import strategies as st
from live import Live
from spaces import PATH, basic, control, create, rows
from sqlalchemy import func, select

from sandbox.settings import Settings
from sandbox.store import Query
from sandbox.store.tables import MESSAGES
from sandbox.world import limits
from sandbox.world.workspaces import find

pytestmark = pytest.mark.usefixtures("untimed")

OpenDriver = Callable[..., Driver]
REPLIES = "16155550161"
"""A handset that replies to what was delivered to it, which the line does not answer when it is a tracking number's."""
FULL = (
    "There is no room for so many messages: the workspace would hold {}, and takes {} (SANDBOX_MAX_WORKSPACE_MESSAGES)."
    " Delete those that are not needed, or reset it."
)


def problem(status: int, title: str, detail: str) -> dict[str, Any]:
    kind = "urn:dialog-sandbox:" + title.lower().replace(" ", "-")
    return {"type": kind, "title": title, "status": status, "detail": detail}


def full(count: int, most: int) -> dict[str, Any]:
    return problem(409, "Too many messages", FULL.format(count, most))


def without_journal(sandbox: Driver) -> dict[str, int]:
    return {name: count for name, count in rows(sandbox).items() if name != "journal"}


def limits_of(sandbox: Driver, path: str = DEFAULT) -> Any:
    answer = sandbox.call("GET", f"{path}/limits")
    assert answer.status_code == 200, answer.text
    return answer.json()


def texts(sandbox: Driver) -> list[str]:
    return [each["text"] for each in sandbox.control("GET", "/messages")["items"]]


# Workspaces ----------------------------------------------------------------------------------------------------------


def test_a_server_takes_so_many_workspaces(open_driver: OpenDriver) -> None:
    sandbox = open_driver(max_workspaces=2)
    made = create(sandbox, name="first")
    before = rows(sandbox)
    for body in ({"name": "second"}, {}, {"fixture": "clinic"}):
        assert create(sandbox, 409, **body) == problem(
            409,
            "Too many workspaces",
            "There is no room for another workspace: the server takes 2 (SANDBOX_MAX_WORKSPACES). Delete those that are"
            " not needed, or make them with a ttl.",
        )
    assert rows(sandbox) == before
    sandbox.call("DELETE", f"{PATH}/{made['id']}")
    create(sandbox, name="second")


def test_a_workspace_whose_time_is_over_does_not_count(open_driver: OpenDriver) -> None:
    sandbox = open_driver(max_workspaces=2)
    create(sandbox, name="first", ttl=60)
    create(sandbox, 409, name="second")
    sandbox.wall.advance(61)
    create(sandbox, name="second")
    create(sandbox, 409, name="third")


def test_snapshots_and_seeds_are_no_workspaces_of_anybody(open_driver: OpenDriver) -> None:
    sandbox = open_driver(max_workspaces=2)
    for name in ("one", "two", "three"):
        sandbox.control("PUT", f"/snapshots/{name}")
    create(sandbox, fixture="clinic")
    assert limits_of(sandbox, "/_sandbox")["workspaces"] == {"used": 2, "most": 2}
    sandbox.control("POST", "/snapshots/two/restore")
    sandbox.control("POST", "/reset")


# Snapshots -----------------------------------------------------------------------------------------------------------

NO_MORE_SNAPSHOTS = problem(
    409,
    "Too many snapshots",
    "There is no room for another snapshot: the workspace takes 1 (SANDBOX_MAX_WORKSPACE_SNAPSHOTS). Delete one, or"
    " give this one the name of another, whose place it takes.",
)


def test_a_workspace_has_so_many_snapshots(open_driver: OpenDriver) -> None:
    sandbox = open_driver(max_workspace_snapshots=1)
    sandbox.control("PUT", "/snapshots/one")
    before = rows(sandbox)
    assert sandbox.control("PUT", "/snapshots/two", status=409) == NO_MORE_SNAPSHOTS
    assert rows(sandbox) == before
    sandbox.control("PUT", "/snapshots/one")
    other = create(sandbox)
    control(sandbox, other, "PUT", "/snapshots/two")
    sandbox.control("DELETE", "/snapshots/one")
    sandbox.control("PUT", "/snapshots/two")


def test_a_snapshot_that_is_brought_counts_too(open_driver: OpenDriver) -> None:
    sandbox = open_driver(max_workspace_snapshots=1)
    sandbox.control("PUT", "/snapshots/one")
    file = sandbox.call("GET", f"{DEFAULT}/snapshots/one").content
    before = rows(sandbox)
    refused = sandbox.call("PUT", f"{DEFAULT}/snapshots/two", content=file)
    assert (refused.status_code, refused.json()) == (409, NO_MORE_SNAPSHOTS)
    assert rows(sandbox) == before
    assert sandbox.call("PUT", f"{DEFAULT}/snapshots/one", content=file).status_code == 200
    assert rows(sandbox) == before


def test_a_snapshot_is_brought_and_restored_on_a_server_that_takes_no_more_workspaces(open_driver: OpenDriver) -> None:
    source, target = open_driver(), open_driver(max_workspaces=1, max_workspace_messages=1)
    source.send("Brought")
    source.control("PUT", "/snapshots/one")
    file = source.call("GET", f"{DEFAULT}/snapshots/one").content
    target.send("There")
    assert target.call("PUT", f"{DEFAULT}/snapshots/one", content=file).status_code == 200
    target.control("POST", "/snapshots/one/restore")
    assert texts(target) == ["Brought"]


def test_a_snapshot_with_too_many_messages_is_not_brought(open_driver: OpenDriver) -> None:
    source, target = open_driver(), open_driver(max_workspace_messages=2)
    for n in range(3):
        source.send(str(n))
    source.control("PUT", "/snapshots/one")
    file = source.call("GET", f"{DEFAULT}/snapshots/one").content
    before = rows(target)
    refused = target.call("PUT", f"{DEFAULT}/snapshots/one", content=file)
    assert (refused.status_code, refused.json()) == (409, full(3, 2))
    assert rows(target) == before


@pytest.mark.parametrize(
    ("path", "body"), [("/snapshots/one/restore", None), ("/reset", {"to": "snapshot", "name": "one"})], ids=str
)
def test_a_snapshot_with_too_many_messages_is_not_restored(
    open_driver: OpenDriver, tmp_path: Path, path: str, body: Any
) -> None:
    sandbox = open_driver(database=str(tmp_path / "kept.db"))
    for n in range(3):
        sandbox.send(str(n))
    sandbox.control("PUT", "/snapshots/one")
    sandbox.settings = sandbox.settings.model_copy(update={"max_workspace_messages": 2})
    sandbox.restart()
    assert sandbox.control("POST", path, body, status=409) == full(3, 2)
    assert texts(sandbox) == ["0", "1", "2"]
    sandbox.control("POST", "/reset")
    assert texts(sandbox) == []


@pytest.mark.parametrize("removed", [1, 2**40], ids=["one too many", "far too many"])
def test_a_snapshot_that_says_more_was_removed_than_was_there_is_refused(open_driver: OpenDriver, removed: int) -> None:
    sandbox = open_driver()
    sandbox.send()
    sandbox.control("PUT", "/snapshots/one")
    lines = sandbox.call("GET", f"{DEFAULT}/snapshots/one").content.split(b"\n")
    lines.insert(lines.index(b'["message",1]') + 1, json.dumps(["removed_message", removed]).encode())
    lines[-2] = json.dumps({"rows": json.loads(lines[-2])["rows"] + 1}).encode()
    refused = sandbox.call("PUT", f"{DEFAULT}/snapshots/two", content=b"\n".join(lines))
    assert refused.status_code == 422
    assert "more messages were removed than are missing" in refused.json()["detail"]


# Sinks ---------------------------------------------------------------------------------------------------------------


def test_a_workspace_has_so_many_sinks(open_driver: OpenDriver) -> None:
    sandbox = open_driver(max_workspace_sinks=1)
    url = sandbox.control("PUT", "/sinks/one", {})["url"]
    assert sandbox.control("PUT", "/sinks/two", {}, status=409) == problem(
        409,
        "Too many sinks",
        "There is no room for another sink: the workspace takes 1 (SANDBOX_MAX_WORKSPACE_SINKS). Use one of those that"
        " are there, or another workspace.",
    )
    assert sandbox.control("PUT", "/sinks/one", {"status": 503})["url"] == url
    control(sandbox, create(sandbox), "PUT", "/sinks/two")


# Messages ------------------------------------------------------------------------------------------------------------


@pytest.mark.rule("NET-limits")
def test_a_submit_to_a_full_workspace_is_refused_in_the_vendors_shape_and_journalled(open_driver: OpenDriver) -> None:
    sandbox = open_driver(max_workspace_messages=1)
    assert sandbox.submit().status_code == 200
    before = without_journal(sandbox)
    refused = sandbox.submit(STRANGER, "One more")
    assert refused.status_code == 507
    assert refused.json() == {
        **sandbox.submit(STRANGER, "One more", sender="").json(),
        "from": LINE,
        "error_message": FULL.format(2, 1),
    }
    entry = sandbox.control("GET", f"/journal/{refused.headers['x-sandbox-exchange']}")
    assert (entry["outcome"], entry["status"], entry["rules"]) == ("refused", 507, ["NET-limits"])
    (found,) = entry["findings"]
    told = {"rule": "NET-limits", "level": "error", "seen": "a full workspace", "mend": FULL.format(2, 1)}
    assert {name: found[name] for name in told} == told
    assert without_journal(sandbox) == before


def test_another_workspace_has_room_of_its_own(open_driver: OpenDriver) -> None:
    sandbox = open_driver(max_workspace_messages=1)
    sandbox.send()
    other = create(sandbox, fixture=sandbox.settings.fixture)
    form = {"To": STRANGER, "From": LINE, "Body": "Hello"}
    path = f"{SIMPLEPAY}/submit/{CONSOLE}"
    answers = [
        sandbox.call("POST", path, auth=auth, data=form).status_code for auth in (DEMO, basic(other), basic(other))
    ]
    assert answers == [507, 200, 507]


@pytest.mark.parametrize("how", ["delete", "reset", "to empty"])
def test_a_workspace_has_room_again_when_messages_are_gone(open_driver: OpenDriver, how: str) -> None:
    sandbox = open_driver(max_workspace_messages=2)
    for _ in range(3):
        sids = [sandbox.sid(), sandbox.sid()]
        assert sandbox.submit().status_code == 507
        if how == "delete":
            assert sandbox.call("DELETE", f"{DEFAULT}/messages", params={"limit": "1"}).json() == {"deleted": 1}
            assert sandbox.details(sandbox.sid())["status"] == "delivered"
            assert sandbox.submit().status_code == 507
            assert sandbox.call("DELETE", f"{DEFAULT}/messages").json() == {"deleted": 2}
        else:
            sandbox.control("POST", "/reset", {"to": "seed" if how == "reset" else "empty"})
        assert sandbox.details(sids[0])["status"] == "UNKNOWN"


@pytest.mark.parametrize(
    ("path", "body", "count"),
    [
        ("/messages", {"console": CONSOLE, "to": PHONE, "text": "More"}, 3),
        ("/messages", {"tracking_number": TRACKING_NUMBER, "to": PHONE, "text": "More"}, 3),
        ("/inbound", {"from": PHONE, "to": LINE, "text": "More"}, 4),
        ("/inbound", {"from": PHONE, "to": TRACKING_NUMBER, "text": "More"}, 3),
        ("/inbound", {"from": PHONE, "to": TRACKING_NUMBER, "text": "HELP"}, 4),
        ("/messages/msg_00000001/reply", {"text": "More"}, 4),
        ("/broadcasts", {"name": "Flu", "text": "More", "to": [PHONE, STRANGER, "12125550199"]}, 5),
        ("/broadcasts", {"name": "Flu", "text": "More", "to": "everyone"}, 4),
        (f"/consents/{PHONE}", {"console": CONSOLE, "state": "opted_out"}, 3),
    ],
    ids=str,
)
def test_whatever_makes_messages_is_refused_as_a_whole(
    open_driver: OpenDriver, path: str, body: dict[str, Any], count: int
) -> None:
    sandbox = open_driver(max_workspace_messages=2)
    sandbox.send("First")
    sandbox.send("Second")
    before = rows(sandbox)
    if "broadcasts" in path:
        body = {**body, "console": CONSOLE}
    method = "PUT" if "consents" in path else "POST"
    assert sandbox.control(method, path, body, status=409) == full(count, 2)
    assert rows(sandbox) == before


def test_a_reply_that_the_line_answers_needs_room_for_both(open_driver: OpenDriver) -> None:
    sandbox = open_driver(max_workspace_messages=2)
    first = sandbox.send("First")
    assert sandbox.control("POST", f"/messages/{first['id']}/reply", {"text": "Thanks"}, status=409) == full(3, 2)
    sandbox.console(auto_reply=None)
    assert sandbox.reply(first["id"], "Thanks")["answer"] is None


def test_a_broadcast_with_room_for_all_goes_out(open_driver: OpenDriver) -> None:
    sandbox = open_driver(max_workspace_messages=3)
    sandbox.send()
    assert len(sandbox.broadcast(to=[PHONE, STRANGER])["messages"]) == 2
    assert limits_of(sandbox)["messages"] == {"used": 3, "most": 3}


@pytest.mark.rule("NET-limits")
def test_what_falls_due_and_has_no_room_is_counted_and_told(
    open_driver: OpenDriver, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox = open_driver(max_workspace_messages=1)
    sandbox.send("Later", at="2026-05-06T09:10:00Z")
    sandbox.broadcast("Later, to all", at="2026-05-06T09:10:00Z")
    sandbox.send("Reply to this", to=REPLIES)
    before = rows(sandbox)
    sandbox.control("POST", "/clock", {"action": "advance", "seconds": 3600})
    assert texts(sandbox) == ["Reply to this"]
    assert limits_of(sandbox)["missed"] == 3
    gone = {"scheduled": 0, "counter": before["counter"] + 1, "change": before["change"] + 1}
    assert rows(sandbox) == {**before, **gone}
    assert [each.getMessage().partition(":")[0] for each in caplog.records] == [
        "What fell due in workspace 1 was left out"
    ]
    sandbox.control("POST", "/reset")
    assert limits_of(sandbox)["missed"] == 0


def test_a_fixture_that_is_sent_may_not_bring_more(open_driver: OpenDriver) -> None:
    sandbox = open_driver(max_workspace_messages=5)
    before = rows(sandbox)
    answer = create(sandbox, 409, fixture="clinic")
    assert (answer["title"], "and takes 5 (" in answer["detail"]) == ("Too many messages", True)
    assert rows(sandbox) == before


def test_a_server_starts_and_is_reset_with_more_messages_than_it_takes_from_callers(open_driver: OpenDriver) -> None:
    sandbox = open_driver(fixture="clinic", max_workspace_messages=5)
    used = limits_of(sandbox)["messages"]["used"]
    assert used > 5
    assert sandbox.submit().status_code == 507
    sandbox.control("POST", "/reset")
    assert limits_of(sandbox)["messages"] == {"used": used, "most": 5}


@pytest.mark.sqlite
@pytest.mark.inline
def test_a_submit_takes_no_longer_in_a_workspace_with_many_messages(open_driver: OpenDriver) -> None:
    """Nor in one that was full before, where it has to be looked up how many were removed."""

    def work_of_a_submit(messages: int) -> int:
        sandbox = open_driver(max_workspace_messages=messages)
        sandbox.broadcast(to=[f"1415555{n:04d}" for n in range(messages)])
        sandbox.call("DELETE", f"{DEFAULT}/messages", params={"limit": "10"})
        sandbox.control("GET", "")
        with counted(sandbox.app.store) as counts:
            assert sandbox.submit().status_code == 200
        return counts.steps

    few, many = work_of_a_submit(30), work_of_a_submit(900)
    assert many - few <= 200


STEP = st.one_of(
    st.tuples(st.just("send"), st.sampled_from([PHONE, STRANGER])),
    st.tuples(st.just("inbound"), st.sampled_from(["Hi", "STOP", "HELP"])),
    st.tuples(st.just("delete"), st.sampled_from(["1", "3", "1000"])),
    st.tuples(st.just("reset"), st.sampled_from(["seed", "empty"])),
    st.tuples(st.just("snapshot"), st.sampled_from(["PUT", "restore", "carry"])),
)


@settings(max_examples=12)
@given(steps=st.lists(STEP, max_size=12))
def test_messages_are_counted_as_they_come_and_go(steps: list[tuple[str, str]]) -> None:
    sandbox = Driver(Settings(fixture=str(WORLDS / "plain.yaml"), max_workspace_messages=1))
    sandbox.app.store.limits = sandbox.app.store.limits._replace(messages=10**6)
    try:
        sandbox.control("PUT", "/snapshots/one")
        for verb, how in steps:
            if verb == "send":
                sandbox.send(to=how)
            elif verb == "inbound":
                sandbox.inbound(how)
            elif verb == "delete":
                sandbox.call("DELETE", f"{DEFAULT}/messages", params={"limit": how})
            elif verb == "reset":
                sandbox.control("POST", "/reset", {"to": how})
            elif how == "PUT":
                sandbox.control("PUT", "/snapshots/one")
            elif how == "carry":
                file = sandbox.call("GET", f"{DEFAULT}/snapshots/one").content
                assert sandbox.call("PUT", f"{DEFAULT}/snapshots/one", content=file).status_code == 200
            else:
                sandbox.control("POST", "/snapshots/one/restore")
            assert limits_of(sandbox)["messages"]["used"] == len(texts(sandbox))
    finally:
        sandbox.close()


# Waits and streams ---------------------------------------------------------------------------------------------------


def busy(whose: str, what: str, setting: str) -> dict[str, Any]:
    detail = (
        f"There is no room for another {what}: {whose} takes 1 at a time ({setting}). End some, or try again later."
    )
    return problem(429, f"Too many {what}s", detail)


async def waiting(sandbox: Driver, path: str = DEFAULT) -> "asyncio.Task[httpx.Response]":
    """A wait that has its place."""
    task = asyncio.create_task(sandbox.client.get(f"{path}/messages/wait", params={"text": "come", "timeout": 60}))
    for _ in range(1000):
        if sandbox.app.hub.waits.used:
            return task
        await asyncio.sleep(0.001)
    raise AssertionError("nobody waits")


@pytest.mark.parametrize(("setting", "whose"), [("max_workspace_waits", "the workspace"), ("max_waits", "the server")])
def test_so_many_wait_at_a_time(open_driver: OpenDriver, setting: str, whose: str) -> None:
    sandbox = open_driver(**{setting: 1})
    other = f"{PATH}/{create(sandbox)['id']}"

    async def play() -> None:
        first = await waiting(sandbox)
        refused = await sandbox.client.get(f"{DEFAULT}/messages/wait", params={"text": "come", "timeout": 60})
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        assert refused.json() == busy(whose, "wait", f"SANDBOX_{setting.upper()}")
        elsewhere = await sandbox.client.get(f"{other}/messages/wait", params={"text": "come", "timeout": 0.01})
        assert elsewhere.status_code == (408 if whose == "the workspace" else 429)
        body = {"console": CONSOLE, "to": PHONE, "text": "It has come"}
        assert (await sandbox.client.post(f"{DEFAULT}/messages", json=body)).status_code == 201
        assert (await first).json()["text"] == "It has come"
        # Who finds it there at once waits for nothing.
        there = await sandbox.client.get(f"{DEFAULT}/messages/wait", params={"text": "come", "timeout": 60})
        assert there.status_code == 200
        assert sandbox.app.hub.waits.used == 0

    sandbox.run(play())


def test_a_clock_that_would_wait_for_callbacks_is_not_moved_where_there_is_no_place(open_driver: OpenDriver) -> None:
    sandbox = open_driver(max_workspace_waits=1)

    async def play() -> None:
        first = await waiting(sandbox)
        before = (await sandbox.client.get(f"{DEFAULT}/clock")).json()
        move = {"action": "advance", "seconds": 60}
        refused = await sandbox.client.post(f"{DEFAULT}/clock", json={**move, "settle": 5})
        assert (refused.status_code, refused.json()["title"]) == (429, "Too many waits")
        assert (await sandbox.client.get(f"{DEFAULT}/clock")).json() == before
        assert (await sandbox.client.post(f"{DEFAULT}/clock", json=move)).status_code == 200
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        assert (await sandbox.client.post(f"{DEFAULT}/clock", json={**move, "settle": 5})).json()["settled"]

    sandbox.run(play())


@pytest.mark.parametrize(
    ("setting", "whose"), [("max_workspace_streams", "the workspace"), ("max_streams", "the server")]
)
def test_so_many_follow_events_at_a_time(
    setting: str, whose: str, database_for: Callable[[str | None], str | None]
) -> None:
    bound: dict[str, Any] = {setting: 1}
    live = Live(database=database_for(None), **bound)
    try:
        other = live.http.post(f"{live.url}{PATH}", json={}).json()["id"]
        with live.follow() as stream:
            refused = live.http.get("/events")
            assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
            assert refused.json() == busy(whose, "stream", f"SANDBOX_{setting.upper()}")
            elsewhere = live.http.head(f"{live.url}{PATH}/{other}/events").status_code
            assert elsewhere == (200 if whose == "the workspace" else 429)
            assert live.http.get("/limits").json()["streams"] == {
                "used": 1,
                "most": 1 if whose == "the workspace" else 1000,
            }
            live.send("Still told")
            stream.until("message", text="Still told")
        for _ in range(1000):  # the server notices in one or two turns
            if not live.app.hub.streams.used:
                break
            live.http.get("/clock")
        with live.follow() as stream:
            live.send("Told again")
            stream.until("message", text="Told again")
    finally:
        live.stop()


# Who is told ---------------------------------------------------------------------------------------------------------


def test_a_server_tells_what_it_takes_and_keeps(open_driver: OpenDriver) -> None:
    sandbox = open_driver(max_connections=7, keep_messages=100, keep_callbacks_days=3)
    create(sandbox)
    assert limits_of(sandbox, "/_sandbox") == {
        "workspaces": {"used": 2, "most": 10_000},
        "connections": {"used": None, "most": 7},
        "waits": {"used": 0, "most": 10_000},
        "streams": {"used": 0, "most": 10_000},
        "keeps": {
            "messages": {"last": 100, "days": None},
            "callbacks": {"last": None, "days": 3},
            "exchanges": {"last": 20_000, "days": 30},
        },
    }


def test_a_workspace_tells_what_it_may_hold(sandbox: Driver) -> None:
    sandbox.send()
    sandbox.control("PUT", "/sinks/one", {})
    for name in ("one", "two"):
        sandbox.control("PUT", f"/snapshots/{name}")
    assert limits_of(sandbox) == {
        "messages": {"used": 1, "most": 5_000_000},
        "snapshots": {"used": 2, "most": 1000},
        "sinks": {"used": 1, "most": 1000},
        "waits": {"used": 0, "most": 1000},
        "streams": {"used": 0, "most": 1000},
        "missed": 0,
    }


def test_visitors_of_a_demo_meet_the_same_bounds(open_driver: OpenDriver) -> None:
    demo = open_driver(
        demo=True, demo_submit=True, control_token="a-token", max_workspace_messages=1, max_workspace_waits=1
    )
    assert [demo.submit().status_code for _ in range(2)] == [200, 507]
    assert limits_of(demo)["messages"] == {"used": 1, "most": 1}

    async def play() -> None:
        first = await waiting(demo)
        refused = await demo.client.get(f"{DEFAULT}/messages/wait", params={"text": "come", "timeout": 60})
        assert (refused.status_code, refused.json()["title"]) == (429, "Too many waits")
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)

    demo.run(play())


READ_LIMITS = """
import os, urllib.request
print(urllib.request.urlopen(os.environ["SANDBOX_CONTROL_URL"] + "/limits").read().decode())
"""


def test_a_server_beside_a_command_goes_by_the_environment() -> None:
    done = run(
        "exec",
        "--",
        sys.executable,
        "-c",
        READ_LIMITS,
        SANDBOX_MAX_WORKSPACE_MESSAGES="7",
        SANDBOX_MAX_WORKSPACE_SINKS="3",
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["messages"]["most"], told["sinks"]["most"]) == (7, 3)


def test_no_count_of_messages_is_behind_the_table(open_driver: OpenDriver) -> None:
    sandbox = open_driver(fixture="clinic")
    count = Query(int, select(func.count()).select_from(MESSAGES).where(MESSAGES.c.workspace_id == 1))

    def read(tx: Any) -> tuple[int, int]:
        tx.enter(find.find_workspace(tx, find.DEFAULT))
        return limits.messages(tx), tx.one(count) or 0

    counted_up, there = sandbox.app.store.read_now(read)
    assert counted_up == there > 0
