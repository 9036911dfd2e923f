"""Demo mode: visitors read, who has the token drives, and every night the world is reset."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from driver import DEFAULT, DEMO, DIALOGTECH, KEYS, PHONE, SIMPLEPAY, START, TRACKING_NUMBER, Driver, Wall

from sandbox.clock import DAY, HOUR, MINUTE, NEVER
from sandbox.server.nightly_reset import next_night
from sandbox.store import Slices, StoreUnavailable, Tx
from sandbox.world import resets

TOKEN = "a-token"
DRIVES = {"authorization": f"Bearer {TOKEN}"}
LISTING = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
NEEDED = {
    "type": "urn:dialog-sandbox:token-needed",
    "title": "Token needed",
    "status": 401,
    "detail": "Visitors of a demo read, by GET, and do not drive; nor is the MCP server for them. The control token is"
    " its keeper's: send it as Authorization: Bearer, or start a sandbox of your own.",
}
MIDNIGHT = START - START % DAY


@pytest.mark.parametrize(
    ("hour", "expected"), [(0, 3), (2.99, 3), (3, 27), (9, 27), (23.99, 27)], ids=lambda value: str(value)
)
def test_the_night_is_at_three(hour: float, expected: int) -> None:
    assert next_night(MIDNIGHT + round(hour * HOUR)) == MIDNIGHT + expected * HOUR


def test_visitors_read_and_who_has_the_token_drives(open_driver: Callable[..., Driver]) -> None:
    demo = open_driver(demo=True, control_token=TOKEN)
    assert demo.call("GET", f"{DEFAULT}/messages").status_code == 200
    for path, body in ((f"{DEFAULT}/clock", {"action": "freeze"}), ("/_sandbox/mcp", LISTING)):
        refused = demo.call("POST", path, json=body)
        assert (refused.status_code, refused.json()) == (401, NEEDED)
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


# What visitors see ---------------------------------------------------------------------------------------------------

HIDDEN = "[redacted]"
EVENTS = f"{DEFAULT}/events?limit=8"
RECEIVER = "http://10.1.2.3:9/hook/s3cret"


def furnished(open_driver: Callable[..., Driver], **settings: Any) -> tuple[Driver, str, str]:
    """A demo where a program was told of its message in a sink; the sink's token, and an event's id from before."""
    demo = open_driver(demo=True, control_token=TOKEN, **settings)
    cursor = demo.call("HEAD", f"{DEFAULT}/events").headers["last-event-id"]
    sink = demo.call("PUT", f"{DEFAULT}/sinks/mine", json={}, headers=DRIVES).json()["url"]
    demo.sid(callback=sink)
    demo.submit(callback=RECEIVER)
    demo.submit(callback=f"{sink} x")  # refused, with a finding that repeats it
    boundary = {"content-type": "multipart/form-data; boundary=x"}
    parts = {"To": PHONE, "From": "16155550110", "Body": "In parts", "StatusCallback": sink}
    form = "".join(f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{parts[name]}\r\n' for name in parts)
    demo.call("POST", f"{SIMPLEPAY}/submit/HARBOR1001", auth=DEMO, headers=boundary, content=f"{form}--x--\r\n")
    text = {"tracking_number": TRACKING_NUMBER, "to": PHONE, "text": "By tracking"}
    demo.call("POST", f"{DEFAULT}/messages", json=text, headers=DRIVES)
    demo.get_messages()
    demo.call("GET", DIALOGTECH, params={**KEYS, "action": "sms.nothing"})
    demo.call("POST", f"{DEFAULT}/faults", headers=DRIVES, json={
        "match": {"account": KEYS["access_key"]}, "effect": {"status": 503}, "times": 1
    })  # fmt: skip
    demo.call("PUT", f"{DEFAULT}/snapshots/before", headers=DRIVES)
    return demo, sink.rpartition("/")[2], cursor


def everything(demo: Driver, cursor: str, headers: dict[str, str]) -> dict[str, str]:
    """What each thing that can be read answers, by path."""
    lists = ("", "/messages", "/phones", "/consents", "/callbacks", "/journal", "/faults", "/people", "/snapshots")
    paths = [f"{DEFAULT}{each}" for each in lists] + ["/_sandbox/workspaces", "/_sandbox/journal", "/_sandbox/version"]
    ids = [each["id"] for each in demo.call("GET", f"{DEFAULT}/messages").json()["items"]]
    paths += [f"{DEFAULT}/messages/{each}{more}" for each in ids for more in ("", "/shown")]
    paths += [
        f"{DEFAULT}/phones/{PHONE}/messages",
        f"{DEFAULT}/messages/wait?timeout=0.01",
        f"{DEFAULT}/messages/wait?to=12125550100&timeout=0.01",
    ]
    paths += [f"{DEFAULT}/journal/{each['id']}" for each in demo.call("GET", f"{DEFAULT}/journal").json()["items"]]
    paths.append(EVENTS)
    answers = {path: demo.call("GET", path, headers=headers | {"last-event-id": cursor}) for path in paths}
    assert {each.status_code for each in answers.values()} == {200, 408}
    return {path: answer.text for path, answer in answers.items()}


def test_visitors_see_no_credentials_and_no_urls_of_callbacks(open_driver: Callable[..., Driver]) -> None:
    demo, token, begun = furnished(open_driver)
    secrets = (token, "demo-access-key", "demo-secret-key", "demo:demo", "s3cret", '"password":"demo"')
    driving = "".join(everything(demo, begun, DRIVES).values())
    assert [secret for secret in secrets if secret not in driving] == []  # they would be there to be seen
    for path, text in everything(demo, begun, {}).items():
        assert [secret for secret in secrets if secret in text] == [], path
    workspace = demo.call("GET", DEFAULT).json()
    assert workspace["basic"] == {"username": HIDDEN, "password": HIDDEN}
    assert workspace["accounts"] == [
        {"access_key": HIDDEN, "secret_access_key": HIDDEN, "tracking_numbers": [TRACKING_NUMBER, "6155550101"]}
    ]
    assert {each["url"] for each in demo.call("GET", f"{DEFAULT}/callbacks").json()["items"]} == {HIDDEN}


def test_visitors_see_everything_else_as_it_is(open_driver: Callable[..., Driver]) -> None:
    demo, *_ = furnished(open_driver)
    seen, driving = (demo.call("GET", f"{DEFAULT}/messages", headers=each) for each in ({}, DRIVES))
    assert [each | {"account": None} for each in seen.json()["items"]] == [
        each | {"account": None} for each in driving.json()["items"]
    ]
    assert int(seen.headers["content-length"]) == len(seen.content)
    head = demo.call("HEAD", f"{DEFAULT}/messages")
    assert (head.headers["content-length"], head.content) == (seen.headers["content-length"], b"")


@pytest.mark.parametrize("path", ["/sinks/mine", "/snapshots/before", "/bundle", "/journal.har", "/journal.http"])
def test_sinks_and_snapshot_files_are_for_who_has_the_token(open_driver: Callable[..., Driver], path: str) -> None:
    demo, *_ = furnished(open_driver)
    refused = demo.call("GET", DEFAULT + path)
    assert (refused.status_code, refused.json()["title"]) == (401, "Token needed")
    assert demo.call("GET", DEFAULT + path, headers=DRIVES).status_code == 200


@pytest.mark.inline
def test_what_happens_is_told_to_visitors_without_urls(open_driver: Callable[..., Driver]) -> None:
    demo, token, _ = furnished(open_driver)
    demo.call("GET", f"{DEFAULT}/journal")  # writes what waits
    begun = demo.call("HEAD", f"{DEFAULT}/events").headers["last-event-id"]
    refused = demo.submit(callback=f"http://10.1.2.3/_sandbox/sinks/{token} x").headers["x-sandbox-exchange"]
    told = [
        demo.call("GET", f"{DEFAULT}/events?limit=1", headers=each | {"last-event-id": begun}).text
        for each in (DRIVES, {})
    ]
    assert [(token in each, refused in each) for each in told] == [(True, True), (False, True)]


def test_where_the_presenter_allows_it_visitors_get_the_credentials_but_no_sinks(
    open_driver: Callable[..., Driver],
) -> None:
    demo, token, begun = furnished(open_driver, demo_submit=True)
    assert demo.call("GET", "/_sandbox/version").json()["access"] == "submit"
    assert demo.call("GET", DEFAULT).json() == demo.call("GET", DEFAULT, headers=DRIVES).json()
    sid = demo.sid()
    views = demo.call("GET", f"{DEFAULT}/messages/{sid}/shown").json()["items"]
    assert "curl -s -u demo:demo" in next(each["curl"] for each in views if each["vendor"] == "simplepay")
    for path, text in everything(demo, begun, {}).items():
        assert token not in text, path


def test_a_demo_of_a_packaged_fixture_does_not_take_its_published_credentials(
    open_driver: Callable[..., Driver],
) -> None:
    demo = open_driver(demo=True, control_token=TOKEN, fixture="clinic")
    assert demo.submit().status_code == 401
    assert "are not those of an account" in demo.get_messages().text
    for _ in range(2):
        own = demo.call("GET", DEFAULT, headers=DRIVES).json()
        basic = (own["basic"]["username"], own["basic"]["password"])
        keys = {name: own["accounts"][0][name] for name in ("access_key", "secret_access_key")}
        assert demo.submit(auth=basic).status_code == 200
        assert demo.get_messages(**keys).status_code == 200
        demo.call("POST", f"{DEFAULT}/reset", json={}, headers=DRIVES)


def test_a_demo_on_a_file_that_was_none_does_not_take_them_either(
    open_driver: Callable[..., Driver], tmp_path: Path
) -> None:
    file = str(tmp_path / "kept.db")
    before = open_driver(fixture="clinic", database=file)
    assert before.submit().status_code == 200
    before.app.close()
    demo = open_driver(demo=True, control_token=TOKEN, database=file)
    assert demo.submit().status_code == 401
    own = demo.call("GET", DEFAULT, headers=DRIVES).json()["basic"]
    demo.restart()
    assert demo.call("GET", DEFAULT, headers=DRIVES).json()["basic"] == own


def test_where_the_presenter_allows_submits_the_published_credentials_work(open_driver: Callable[..., Driver]) -> None:
    demo = open_driver(demo=True, demo_submit=True, control_token=TOKEN, fixture="clinic")
    assert demo.submit().status_code == 200


async def until_over(demo: Driver, path: str) -> Any:
    """The callbacks, when nothing more comes of them."""
    while True:
        told = (await demo.client.get(path, headers=DRIVES)).json()["items"]
        if told and all(each["state"] == "given_up" for each in told):
            return told
        await asyncio.sleep(0)


@pytest.mark.parametrize("allow", [(), ("10.0.0.0/8",)])
def test_a_demos_callbacks_go_to_sinks_only_unless_it_is_told_more(
    open_driver: Callable[..., Driver], allow: tuple[str, ...]
) -> None:
    demo = open_driver(demo=True, control_token=TOKEN, callback_allow=allow)
    sid = demo.sid(callback="http://127.0.0.1:9/private")
    path = f"{DEFAULT}/callbacks?message={sid}"
    demo.wall.advance(60)
    told = demo.run(asyncio.wait_for(until_over(demo, path), 60))
    assert {(each["state"], each["attempts"][0]["status"], each["attempts"][0]["error"]) for each in told} == {
        ("given_up", None, "the target 127.0.0.1 is not allowed: name it in SANDBOX_CALLBACK_ALLOW")
    }


async def until_it_is_empty(demo: Driver) -> None:
    """Returns when the ticker, which a request lets look at the clock, has reset the workspace."""
    while (await demo.client.get(f"{DEFAULT}/messages")).json()["items"]:
        await asyncio.sleep(0)


async def until_it_sleeps(demo: Driver) -> None:
    """Returns when the ticker, which goes on when the world is empty already, has done all that was due."""
    while demo.app.ticker.wakes_at == NEVER:
        await asyncio.sleep(0)


@pytest.mark.sqlite
def test_every_night_the_world_begins_again(open_driver: Callable[..., Driver]) -> None:
    wall = Wall()
    demo = open_driver(wall, demo=True, control_token=TOKEN)
    wall.at = next_night(wall.at) - 1
    for _ in range(2):
        demo.submit()
        assert len(demo.control("GET", "/messages")["items"]) == 1
        wall.at += 1
        demo.run(asyncio.wait_for(until_it_is_empty(demo), 60))
        demo.run(asyncio.wait_for(until_it_sleeps(demo), 60))
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


@pytest.mark.sqlite
@pytest.mark.parametrize("failure", [StoreUnavailable("disk I/O error"), ValueError("a defect")])
def test_a_night_whose_reset_fails_in_its_midst_is_made_up_for(
    open_driver: Callable[..., Driver], monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    wall = Wall()
    demo = open_driver(wall, demo=True, control_token=TOKEN)
    failures = [failure]
    to_seed = resets.to_seed

    def failing(tx: Tx) -> Slices[Tx]:
        if failures:
            yield
            raise failures.pop()
        return (yield from to_seed(tx))

    async def until_it_failed() -> None:
        demo.app.ticker.run_if_due()
        while failures:
            await asyncio.sleep(0)
        await until_it_sleeps(demo)

    monkeypatch.setattr(resets, "to_seed", failing)
    monkeypatch.setattr("sandbox.server.ticker.STORE_RETRY_S", 0.01)
    demo.submit()
    wall.at = next_night(wall.at)
    demo.run(asyncio.wait_for(until_it_failed(), 60))
    wall.at += MINUTE
    demo.run(asyncio.wait_for(until_it_is_empty(demo), 60))
    demo.run(asyncio.wait_for(until_it_sleeps(demo), 60))
    assert demo.app.ticker.wakes_at == next_night(wall.at)


@pytest.mark.sqlite
def test_without_demo_mode_no_night_comes(sandbox: Driver) -> None:
    sandbox.submit()
    sandbox.wall.at = next_night(sandbox.wall.at)
    for _ in range(3):
        assert len(sandbox.control("GET", "/messages")["items"]) == 1
    assert sandbox.app.ticker.wakes_at == NEVER
