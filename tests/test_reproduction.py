"""A run as one file, made again elsewhere: the same bytes, or a line for each that is otherwise."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from conftest import WORLDS
from driver import CONSOLE, DEMO, DIALOGTECH, KEYS, LINE, PHONE, SIMPLEPAY, STRANGER, Driver
from masks import exchange_id
from spaces import basic, control, create, keys, rows
from sqlalchemy import func, select

from sandbox.replay import Replay, ReplayRefused, ReplayResult
from sandbox.server.exports.bundle import DamagedBundle
from sandbox.server.exports.recorded_requests import RecordedRequest
from sandbox.server.inprocess import Disconnected, NoAnswer, WasReset
from sandbox.settings import Settings
from sandbox.store import Query
from sandbox.store.tables import CONTROL_CALLS

OpenDriver = Callable[..., Driver]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class DriverServer:
    """A server on which a run is made again, in this process."""

    def __init__(self, sandbox: Driver) -> None:
        self._sandbox = sandbox

    def control(
        self, method: str, path: str, body: bytes | None = None, media_type: str = "application/json"
    ) -> tuple[int, bytes]:
        headers = {} if body is None else {"Content-Type": media_type}
        answer = self._sandbox.call(method, path, content=body, headers=headers)
        return answer.status_code, answer.content

    def send(self, request: RecordedRequest, *, hangs: bool) -> str | None:
        try:
            answer = self._sandbox.call(request.method, request.target, headers=request.headers, content=request.body)
        except (Disconnected, NoAnswer, WasReset):
            return None
        found: str | None = answer.headers.get("x-sandbox-exchange")
        return found


def bundle(sandbox: Driver, workspace: str = "default") -> bytes:
    answer = sandbox.call("GET", f"/_sandbox/workspaces/{workspace}/bundle")
    assert answer.status_code == 200, answer.text
    return answer.content


def replayed(sandbox: Driver, file: bytes) -> tuple[ReplayResult, list[str]]:
    """What comes of a bundle on a server, and the lines that a person reads."""
    said: list[str] = []
    return Replay(DriverServer(sandbox), said.append).run(io.BytesIO(file)), said


def same(exchanges: int, controls: int) -> tuple[ReplayResult, list[str]]:
    return ReplayResult(exchanges=exchanges, controls=controls), []


def lines_of(file: bytes) -> list[Any]:
    return [json.loads(line) for line in file.splitlines()]


def a_run(sandbox: Driver) -> tuple[int, int]:
    """Calls of all kinds on a running clock, and how many: vendor calls, and those that are made again of others."""
    sandbox.delivery("timed", sent_after=1, settled_after=3)
    sid = sandbox.sid(callback="http://127.0.0.1:9/status?token=hunter22", text="Your code is 482913. \u00c9t\u00e9")
    sandbox.wall.advance(0.5)
    sandbox.details(sid)
    sandbox.wall.advance(0.7)
    sandbox.details(sid)
    sandbox.reply(sid, "STOP")
    sandbox.submit()
    sandbox.submit(to="4155550124")
    sandbox.wall.advance(3600)
    sandbox.inbound("START")
    sandbox.control("POST", "/clock", {"action": "freeze"})
    sandbox.control("POST", "/faults", {"match": {"to": STRANGER}, "effect": {"status": 503}, "times": 1})
    sandbox.submit(to=STRANGER)
    sandbox.submit(to=STRANGER)
    sandbox.control("POST", "/clock", {"action": "advance", "seconds": 90})
    sandbox.broadcast()
    sandbox.optout(PHONE)
    sandbox.writeback()
    sandbox.get_messages()
    sandbox.call("POST", DIALOGTECH, data={"action": "sms.get_messages", **KEYS, "start_date": "20260506"})
    sandbox.call("DELETE", f"{SIMPLEPAY}/submit/{CONSOLE}", auth=DEMO)
    sandbox.call("POST", f"{SIMPLEPAY}/submit/{CONSOLE}", auth=DEMO, headers=FORM, content=b"To=1&Body=\xff")
    return 13, 5


# The same bytes ---------------------------------------------------------------------------------------------------


def test_a_run_is_the_same_on_another_server(open_driver: OpenDriver) -> None:
    first = open_driver()
    made = a_run(first)
    file = bundle(first)
    second = open_driver(fixture="empty")
    second.wall.advance(86_400)
    assert replayed(second, file) == same(*made)


def test_a_bundle_of_a_run_made_again_is_the_same_run(sandbox: Driver) -> None:
    made = a_run(sandbox)
    replay = Replay(DriverServer(sandbox), print)
    replay.run(io.BytesIO(bundle(sandbox)))
    assert replayed(sandbox, bundle(sandbox, replay.workspace_id))[0].is_same
    assert made


@pytest.mark.postgresql
def test_a_run_is_the_same_on_the_other_engine(open_driver: OpenDriver) -> None:
    on_file, on_server = Driver(Settings(fixture=str(WORLDS / "plain.yaml"))), open_driver()
    try:
        assert (on_file.app.store.is_sqlite, on_server.app.store.is_sqlite) == (True, False)
        for one, other in ((on_file, on_server), (on_server, on_file)):
            made = a_run(one)
            assert replayed(other, bundle(one)) == same(*made)
    finally:
        on_file.close()


@pytest.mark.parametrize("fixture", ["clinic", "documented", "empty"])
def test_runs_of_packaged_fixtures_are_the_same(open_driver: OpenDriver, fixture: str) -> None:
    first = open_driver(fixture=fixture, seed=7, start_at="2026-01-02T03:04:05Z")
    workspace = first.control("GET", "")
    console, account = workspace["consoles"][0], workspace["accounts"][0]
    auth = basic(workspace)
    for _ in range(2):
        first.wall.advance(1.234)
        first.submit(STRANGER, console=console["code"], sender=console["line"], auth=auth)
        first.writeback("2026-01-01 00:00:00", "2026-01-02 23:59:59", console=console["code"], auth=auth)
        days = {"action": "sms.get_messages", "start_date": "20260101", "end_date": "20260102"}
        first.call("GET", DIALOGTECH, params={**days, **keys(account)})
    assert replayed(open_driver(), bundle(first)) == same(6, 0)


def test_a_run_that_was_reset_begins_there(open_driver: OpenDriver) -> None:
    first = open_driver(start_at="2026-05-06T09:00:00Z")
    first.submit(text="Before")
    first.control("POST", "/clock", {"action": "advance", "seconds": 1_000_000})
    first.control("POST", "/reset")
    first.submit(text="After")
    first.writeback()
    assert replayed(open_driver(), bundle(first)) == same(2, 0)
    first.control("POST", "/reset", {"to": "empty"})
    first.submit(STRANGER, text="In an empty world")
    first.writeback()
    assert replayed(open_driver(), bundle(first)) == same(2, 0)


def test_a_run_that_began_with_a_snapshot_brings_it(open_driver: OpenDriver) -> None:
    first = open_driver()
    first.delivery("timed")
    sid = first.sid(STRANGER, text="Long ago", callback="http://127.0.0.1:9/status")
    first.control("PUT", "/snapshots/before")
    first.submit(text="Not in the run")
    first.wall.advance(5)
    first.control("POST", "/snapshots/before/restore")
    first.wall.advance(2)
    first.details(sid)
    first.get_messages()
    first.control("POST", "/reset", {"to": "snapshot", "name": "before"})
    first.wall.advance(4)
    first.details(sid)
    file = bundle(first)
    assert replayed(open_driver(), file) == same(1, 0)
    first.control("DELETE", "/snapshots/before")
    gone = bundle(first)
    assert lines_of(gone)[0]["missing"] == ["The snapshot before, with which it began, is not there any more."]


def test_consoles_and_accounts_that_were_added_are_added_again(open_driver: OpenDriver) -> None:
    first = open_driver()
    added = first.control(
        "POST", "/accounts", {"name": "Night", "access_key": "night-key-1", "secret_access_key": "s3cret-key"}
    )
    first.control("POST", "/consoles", {"name": "Night desk", "code": "NIGHTS1234"})
    first.control("PATCH", "/accounts/night-key-1", {"zone": "America/Chicago"})
    first.control("POST", "/faults", {"match": {"account": "night-key-1"}, "effect": {"status": 503}, "times": 1})
    days = {"action": "sms.get_messages", "start_date": "20260506", "end_date": "20260506"}
    for _ in range(2):
        first.call("GET", DIALOGTECH, params={**days, **keys(added)})
    first.submit(console="NIGHTS1234")
    file = bundle(first)
    assert b"night-key-1" not in file
    assert b"s3cret-key" not in file
    assert replayed(open_driver(), file) == same(3, 4)


@pytest.mark.parametrize(
    "effect",
    [
        {"reset": True},
        {"close": True},
        {"truncate": 10},
        {"malformed": True},
        {"drip": {"bytes": 1000, "ms": 1}},
        {"timeout": 1},
        {"rate_limit": {"requests": 0, "seconds": 60}},
        {"latency_ms": {"min": 1, "max": 5}},
        {"reset": True, "before": True},
        {"timeout": 1, "before": True},
    ],
    ids=str,
)
def test_faulted_calls_meet_the_same_faults(open_driver: OpenDriver, effect: dict[str, Any]) -> None:
    first = open_driver()
    first.control("POST", "/faults", {"match": {"operation": "simplepay.submit"}, "effect": effect, "probability": 0.5})
    for _ in range(4):
        DriverServer(first).send(submit_request(first), hangs=False)
    assert replayed(open_driver(), bundle(first)) == same(4, 1)


def submit_request(sandbox: Driver) -> RecordedRequest:
    body = f"To={STRANGER}&From={LINE}&Body=Hello".encode()
    headers = [
        (b"host", b"127.0.0.1"),
        (b"authorization", b"Basic ZGVtbzpkZW1v"),
        (b"content-type", FORM["Content-Type"].encode()),
    ]
    return RecordedRequest("POST", f"{SIMPLEPAY}/submit/{CONSOLE}".encode(), headers, body, None)


def test_a_fault_that_the_call_asked_for_is_met_again(open_driver: OpenDriver) -> None:
    first = open_driver()
    header = {"X-Sandbox-Fault": "status=503, latency_ms=1-3"}
    first.call("POST", f"{SIMPLEPAY}/submit/{CONSOLE}", auth=DEMO, headers=header)
    assert replayed(open_driver(), bundle(first)) == same(1, 0)


# What is otherwise -------------------------------------------------------------------------------------------------


def test_what_is_answered_otherwise_is_said_in_a_line(open_driver: OpenDriver) -> None:
    first = open_driver()
    first.submit(STRANGER, text="Hello")
    file = bundle(first).replace(b'\\"body\\":\\"Hello\\"', b'\\"body\\":\\"Hullo\\"')
    result, said = replayed(open_driver(), file)
    assert result == ReplayResult(exchanges=1, controls=0, different=1)
    (line,) = said
    assert line.startswith("1: simplepay.submit at 2026-05-06T09:00:00.000Z: body, from character ")
    assert 'ello","status"' in line
    assert 'ullo","status"' in line


def test_a_body_that_was_cut_cannot_be_sent_again(open_driver: OpenDriver) -> None:
    first = open_driver()
    first.call("POST", f"{SIMPLEPAY}/submit/{CONSOLE}", auth=DEMO, headers=FORM, content=b"Body=" + b"a" * 70_000)
    result, said = replayed(open_driver(), bundle(first))
    assert result == ReplayResult(left_out=1)
    assert said == [
        "1: simplepay.submit at 2026-05-06T09:00:00.000Z cannot be sent again:"
        " of its 70005 bytes only the first 65536 are kept."
    ]


def test_a_journal_that_was_emptied_is_no_whole_run(open_driver: OpenDriver) -> None:
    first = open_driver()
    first.submit()
    first.control("DELETE", "/journal")
    first.submit()
    result, said = replayed(open_driver(), bundle(first))
    assert said[0] == "Its journal was emptied meanwhile: the calls before are not known."
    assert not result.is_same


def test_a_journal_that_made_room_is_no_whole_run(open_driver: OpenDriver) -> None:
    first = open_driver(journal_limit=2)
    for _ in range(5):
        first.submit()
    (head, *_) = lines_of(bundle(first))
    assert head["missing"] == [
        "Its first calls are not in the journal any more (SANDBOX_JOURNAL_LIMIT, SANDBOX_JOURNAL_DAYS)."
    ]


def test_without_a_journal_there_is_no_run(open_driver: OpenDriver) -> None:
    first = open_driver(journal=False)
    first.submit()
    (head, *_) = lines_of(bundle(first))
    assert head["missing"] == ["The journal is switched off (SANDBOX_JOURNAL): its calls are not known."]


def test_nobody_is_called_by_a_run_that_is_made_again(open_driver: OpenDriver) -> None:
    first = open_driver()
    url = first.control("PUT", "/sinks/mine")["url"]
    first.control("PUT", "/callbacks/profile", {"duplicate": 1})
    first.submit(callback=url)
    first.wall.advance(60)
    first.writeback()
    second = open_driver()
    replay = Replay(DriverServer(second), print)
    assert replay.run(io.BytesIO(bundle(first))) == ReplayResult(exchanges=2, controls=1)
    made = {"id": replay.workspace_id}
    states = [(each["state"], each["reason"]) for each in control(second, made, "GET", "/callbacks")["items"]]
    assert states == [("given_up", "lost, by callbacks/profile")] * len(states)
    assert states


# The file ------------------------------------------------------------------------------------------------------------


def test_a_bundle_says_what_it_is(sandbox: Driver) -> None:
    sandbox.submit()
    first, *_, last = lines_of(bundle(sandbox))
    version = sandbox.call("GET", "/_sandbox/version").json()
    start = first.pop("start")
    assert "credentials" not in start.pop("fixture_text")
    assert start == {
        "from": "seed",
        "seed": 1,
        "start_at": "2026-05-06T09:00:00.000Z",
        "delivery": {
            "mode": "immediate",
            "sent_after": 1.0,
            "settled_after": 3.0,
            "outcome": "delivered",
            "numbers": {},
        },
    }
    assert first == {
        "format": "dialog-sandbox bundle",
        "schema": version["schema"],
        "version": version["version"],
        "workspace": "default",
        "made_at": "2026-05-06T09:00:00.000Z",
        "clock": {"now": "2026-05-06T09:00:00.000Z", "state": "running"},
        "missing": [],
    }
    assert last == {"calls": 1}


def test_a_bundle_has_no_credentials(sandbox: Driver) -> None:
    a_run(sandbox)
    file = bundle(sandbox)
    assert [each for each in (*KEYS.values(), "ZGVtbzpkZW1v", "hunter22") if each.encode() in file] == []


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda _: b"{}\n", "It is no bundle: GET bundle makes one."),
        (lambda _: b"", "Line 1 is no object of JSON."),
        (lambda file: file[: len(file) // 2].rpartition(b"\n")[0], "It is not whole"),
        (lambda file: file + b"{}\n", "comes after the end."),
        (lambda file: file.replace(b'"schema":', b'"schema":9', 1), "It is of another schema"),
        (
            lambda file: file.replace(b'{"exchange":{', b'{"exchange":{"no":1,', 1).replace(b'"at":', b'"to":', 1),
            "is no call.",
        ),
        (lambda file: file.replace(b'{"exchange":', b'{"exchanged":', 1), "is none of a bundle."),
    ],
    ids=["another file", "nothing", "cut off", "too much", "another schema", "a column", "a line"],
)
def test_a_damaged_file_is_refused_before_anything_is_done(
    open_driver: OpenDriver, damage: Callable[[bytes], bytes], why: str
) -> None:
    first = open_driver()
    first.submit()
    second = open_driver()
    before = second.call("GET", "/_sandbox/workspaces").json()
    with pytest.raises(DamagedBundle, match=why):
        replayed(second, damage(bundle(first)))
    assert second.call("GET", "/_sandbox/workspaces").json() == before


def test_a_run_whose_fixture_is_refused_is_refused(open_driver: OpenDriver) -> None:
    file = bundle(open_driver(fixture="clinic")).replace(b'"fixture":"clinic"', b'"fixture":"nowhere"', 1)
    with pytest.raises(ReplayRefused, match="fixture is not known"):
        replayed(open_driver(), file)


def test_control_calls_are_kept_apart_from_the_journal(sandbox: Driver) -> None:
    made = create(sandbox, name="turned")
    control(sandbox, made, "PUT", "/delivery", {"mode": "manual"})
    assert control(sandbox, made, "GET", "/journal") == {"items": [], "next": None}
    calls = [each["control"] for each in lines_of(bundle(sandbox, "turned")) if "control" in each]
    assert calls == [
        {
            "position": 1,
            "at": calls[0]["at"],
            "wall": 1_778_058_000_000,
            "method": "PUT",
            "path": "/delivery",
            "query": "",
            "body": '{"mode":"manual"}',
        }
    ]


# Opened ---------------------------------------------------------------------------------------------------------------


def opened(sandbox: Driver, file: bytes) -> Any:
    answer = sandbox.call("POST", "/_sandbox/bundles", content=file)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_run_is_opened_as_it_was_in_the_end(open_driver: OpenDriver) -> None:
    first = open_driver()
    a_run(first)
    first.submit(callback="http://127.0.0.1:9/status")
    journal, messages = (first.control("GET", path) for path in ("/journal", "/messages"))
    second = open_driver(fixture="empty")
    made = opened(second, bundle(first))
    assert control(second, made, "GET", "/journal") == journal
    assert control(second, made, "GET", "/messages") == messages
    clock = control(second, made, "GET", "/clock")
    assert (clock["now"], clock["state"]) == (first.control("GET", "/clock")["now"], "frozen")
    assert control(second, made, "GET", "/callbacks/profile")["lose"] == 1
    states = {each["state"] for each in control(second, made, "GET", "/callbacks")["items"]}
    assert states == {"given_up"}


def test_a_run_is_opened_beside_itself_and_goes_on(sandbox: Driver) -> None:
    first = exchange_id(sandbox.submit())
    made = opened(sandbox, bundle(sandbox))
    data = {"To": PHONE, "From": LINE, "Body": "Once more"}
    answer = sandbox.call("POST", f"{SIMPLEPAY}/submit/{CONSOLE}", auth=basic(made), data=data)
    copy, more = (each["id"] for each in control(sandbox, made, "GET", "/journal")["items"])
    assert more == exchange_id(answer)
    assert copy != first
    assert [each["id"] for each in sandbox.control("GET", "/journal")["items"]] == [first]


def damaged_header(file: bytes) -> bytes:
    return file.replace(b'"request_headers":"[[', b'"request_headers":"{{[', 1)


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda _: b"", "It is not whole: its last line must say how many calls there are."),
        (lambda _: b"{}\n", "It is no bundle: GET bundle makes one."),
        (lambda file: file[:-12], "It is not whole: its last line must say how many calls there are."),
        (damaged_header, "is no exchange of this run."),
        (lambda file: file.replace(b'"status":200', b'"status":-1', 1), "is no exchange of this run."),
        (lambda file: file.replace(b'"ms":', b'"mss":', 1), "is no call."),
        (lambda file: file.replace(b'{"table":', b'{"tables":', 1), "The file is not right"),
    ],
    ids=["nothing", "another file", "cut off", "a header", "a status", "a column", "a snapshot"],
)
def test_what_is_no_bundle_is_not_opened(open_driver: OpenDriver, damage: Callable[[bytes], bytes], why: str) -> None:
    first = open_driver()
    first.submit()
    second = open_driver()
    before = rows(second)
    answer = second.call("POST", "/_sandbox/bundles", content=damage(bundle(first)))
    assert answer.status_code == 422
    assert why in answer.json()["detail"]
    assert rows(second) == before


# What is kept ------------------------------------------------------------------------------------------------------


def count_of_calls(sandbox: Driver) -> int:
    sandbox.run(sandbox.app.journal.flush())
    count = Query(int, select(func.count()).select_from(CONTROL_CALLS))
    return sandbox.app.store.read_now(lambda tx: tx.one(count) or 0)


def test_calls_of_the_control_api_are_kept_as_long_as_the_journal(open_driver: OpenDriver) -> None:
    sandbox = open_driver(journal_limit=4)
    for _ in range(10):
        sandbox.delivery("manual")
    assert count_of_calls(sandbox) <= 5
    for _ in range(10):
        sandbox.submit()
    assert count_of_calls(sandbox) == 0


def test_a_refused_call_of_the_control_api_is_no_part_of_a_run(sandbox: Driver) -> None:
    sandbox.control("PUT", "/delivery", {"mode": "never"}, status=422)
    sandbox.control("POST", "/clock", {"action": "set", "at": "2020-01-01T00:00:00Z"}, status=409)
    sandbox.control("GET", "/messages")
    assert count_of_calls(sandbox) == 0


def test_a_long_body_is_not_kept_and_said(open_driver: OpenDriver) -> None:
    first = open_driver()
    first.broadcast(text="a" * 1000, to=[f"1415555{n:04d}" for n in range(100, 200)] * 60)
    first.writeback()
    result, said = replayed(open_driver(), bundle(first))
    assert (result.left_out, said[0]) == (
        1,
        "1: POST /broadcasts cannot be made again: its body was longer than what is kept.",
    )
