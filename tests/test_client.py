"""The control API from Python: each verb, blocking and awaiting, and how it fails."""

import asyncio
import gc
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, assert_type

import httpx
import pytest
from driver import CONSOLE, LINE, PHONE, STRANGER, TRACKING_NUMBER, Driver
from masks import exchange_id

import dialog_sandbox as clients
import sandbox as package
from dialog_sandbox import (
    AsyncSandboxClient,
    AsyncWorkspace,
    NotArrived,
    NotAsExpected,
    Refused,
    SandboxClient,
    Unreachable,
    Workspace,
)
from dialog_sandbox._sync.faults import Fault
from dialog_sandbox._sync.network import Sink
from dialog_sandbox.arguments import rfc3339
from dialog_sandbox.models.callbacks import CallbackProfile, SinkRequest
from dialog_sandbox.models.clock import ClockReading, ClockTurned
from dialog_sandbox.models.delivery import Delivery, NumberDelivery
from dialog_sandbox.models.faults import AppliedFault, FaultInfo
from dialog_sandbox.models.messages import Message, Next, Scheduled, TimelineEntry
from dialog_sandbox.models.workspaces import Basic

URL = "http://127.0.0.1:8080"
START = datetime(2026, 5, 6, 9, tzinfo=UTC)


class Direct(httpx.BaseTransport):
    """Calls a driver's sandbox without a socket, and remembers what was called."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.called: list[tuple[str, str]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.called.append((request.method, request.url.path))
        answer = self.driver.call(
            request.method, request.url.raw_path, content=request.read(), headers=dict(request.headers)
        )
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


@pytest.fixture
def client(sandbox: Driver) -> Iterator[SandboxClient]:
    with SandboxClient(URL, transport=Direct(sandbox)) as client:
        yield client


@pytest.fixture
def ws(client: SandboxClient) -> Workspace:
    return client.workspace("default")


def awaited(driver: Driver, do: Callable[[AsyncSandboxClient], Any]) -> Any:
    """What a coroutine function returns that is given a client of the driver's sandbox."""

    async def run() -> Any:
        async with AsyncSandboxClient(URL, transport=httpx.ASGITransport(driver.app)) as client:
            return await do(client)

    return driver.run(run())


# What it is called with, and what it answers --------------------------------------------------------------------


def test_a_workspace_tells_what_the_program_under_test_needs(ws: Workspace) -> None:
    assert ws.url == URL
    assert (ws.basic.username, ws.basic.password) == ("demo", "demo")
    assert (ws.consoles[0].code, ws.consoles[0].line) == (CONSOLE, LINE)
    assert (ws.accounts[0].access_key, ws.accounts[0].secret_access_key) == ("demo-access-key", "demo-secret-key")
    assert ws.accounts[0].tracking_numbers[0] == TRACKING_NUMBER
    assert ws.writeback_url == f"{URL}/dialoghealth-writeback-api"
    assert ws.simplepay_url == f"{URL}/dialoghealth-simplepay-api"
    assert ws.dialogtech_url == f"{URL}/ibp_api.php"
    assert ws.control_url == f"{URL}/_sandbox/workspaces/{ws.id}"
    assert repr(ws) == f"<Workspace {ws.id} 'default' on {URL}>"


def test_a_message_is_found_by_each_of_its_ids(sandbox: Driver, ws: Workspace) -> None:
    ws.delivery("timed")
    sid = sandbox.sid(STRANGER, "Your code is 1234.")
    message = ws.message(sid)
    assert (message.id, message.from_, message.to) == ("msg_00000001", LINE, STRANGER)
    assert (message.text, message.vendor, message.status) == ("Your code is 1234.", "simplepay", "queued")
    assert message.timeline == [TimelineEntry(status="queued", at=START, cause="simplepay.submit")]
    assert message.next == Next(status="sent", at=START + timedelta(seconds=1))
    assert message == ws.message(message.id) == ws.message(str(message.ids.outgoing_message_id)) == ws.message(message)


def test_a_phone_answers_and_staff_say_what_became_of_it(ws: Workspace) -> None:
    ws.delivery("manual")
    message = ws.send(STRANGER, "Come on Friday.")
    assert (message.console, message.vendor) == (CONSOLE, "writeback")
    told = ws.status(message, "rejected", reason="no such phone", vendor_status="UNREACHABLE")
    assert [(entry.status, entry.reason) for entry in told.timeline] == [
        ("queued", None),
        ("rejected", "no such phone"),
    ]
    talk = ws.reply(message, "STOP")
    assert (talk.inbound.text, talk.inbound.lead) == ("STOP", message.id)
    assert talk.answer is not None
    assert talk.answer.caused_by == talk.inbound.id
    assert ws.inbound(from_=STRANGER, to=LINE, text="START").inbound.status == "received"


def test_staff_text_many_and_from_a_tracking_number(ws: Workspace) -> None:
    everyone = ws.broadcast("Flu shots", "Come on Friday", to="everyone")
    assert [message.to for message in everyone.messages] == [person.phone for person in ws.people()]
    person = ws.person(PHONE)
    assert [each.to for each in ws.broadcast("One", "Hello", to=[person]).messages] == [PHONE]
    assert ws.send(STRANGER, "Hello", tracking_number=TRACKING_NUMBER).account == "demo-access-key"


def test_messages_are_listed_by_filters_and_over_pages(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dialog_sandbox._sync.resource.PAGE", 2)
    sent = [ws.send(STRANGER, f"Number {n}") for n in range(5)]
    assert ws.messages() == sent
    assert ws.messages(limit=3) == sent[:3]
    assert ws.messages(text="3", from_=LINE, since=START) == [sent[3]]
    assert ws.messages(until=START - timedelta(seconds=1)) == []


def test_a_time_is_a_datetime_or_a_distance_from_the_workspaces_clock(ws: Workspace) -> None:
    ws.clock.freeze()
    past = ws.send(STRANGER, "Then", at=datetime(2026, 5, 1, 8, tzinfo=UTC))
    assert past.timeline[0].at == datetime(2026, 5, 1, 8, tzinfo=UTC)
    assert ws.send(STRANGER, "Before", at=timedelta(hours=-1)).timeline[0].at == START - timedelta(hours=1)
    assert ws.send(STRANGER, "Just", at=-1.5).timeline[0].at == START - timedelta(seconds=1.5)
    with pytest.raises(ValueError, match="has no zone"):
        ws.send(STRANGER, "When?", at=datetime(2026, 5, 1))


def test_a_time_can_be_written_as_the_control_api_has_it(client: SandboxClient, ws: Workspace) -> None:
    assert ws.clock.set("2026-05-07T09:00:00Z").now == START + timedelta(days=1)
    assert ws.send(STRANGER, "Then", at="2026-05-01T08:00:00Z").timeline[0].at == datetime(2026, 5, 1, 8, tzinfo=UTC)
    with client.create_workspace(start_at="2030-01-01T00:00:00Z", clock="frozen") as later:
        assert later.clock.now == datetime(2030, 1, 1, tzinfo=UTC)
    with pytest.raises(Refused, match="at must be a time"):
        ws.clock.set("tomorrow")


def test_what_is_scheduled_shows_when_its_time_comes(ws: Workspace) -> None:
    ws.delivery("manual")
    ws.clock.freeze()
    later: Any = ws.inbound(from_=STRANGER, to=LINE, text="Hello", at=timedelta(minutes=5))
    assert later == Scheduled(scheduled="text_in", at=START + timedelta(minutes=5))
    with pytest.raises(AttributeError, match="There is no 'inbound' yet: text_in is scheduled for 2026-05-06T09:05:00"):
        _ = later.inbound
    assert ws.messages() == []
    turned = ws.clock.advance(minutes=5)
    assert [fired.event for fired in turned.fired] == ["inbound", "message"]
    assert ws.messages()[0].text == "Hello"


def test_the_clock_is_read_and_turned(ws: Workspace) -> None:
    assert (ws.clock.now, ws.clock.state) == (START, "running")
    assert ws.clock.freeze() == ClockTurned(now=START, wall=START, state="frozen", fired=[])
    assert ws.clock.advance(timedelta(hours=1), minutes=1, seconds=1.5).now == START + timedelta(seconds=3661.5)
    assert ws.clock.set(START + timedelta(days=1)).now == START + timedelta(days=1)
    assert ws.clock.run(settle=1).settled is True
    assert ws.clock.read() == ClockReading(now=START + timedelta(days=1), wall=START, state="running")


def test_delivery_is_set_and_shown(ws: Workspace) -> None:
    timed = ws.delivery("timed", sent_after=0.5, settled_after=timedelta(minutes=1), outcome="undelivered")
    expected = Delivery(mode="timed", sent_after=0.5, settled_after=60, outcome="undelivered", numbers={})
    assert timed == ws.delivery() == expected
    numbers = ws.delivery("manual", numbers={STRANGER: {"handset": "60"}, PHONE: {"mode": "immediate"}}).numbers
    assert numbers == {
        STRANGER: NumberDelivery(handset="60"),
        PHONE: NumberDelivery(mode="immediate", sent_after=1, settled_after=3, outcome="delivered"),
    }


def test_a_sink_receives_callbacks_and_keeps_its_answer(sandbox: Driver, ws: Workspace) -> None:
    ws.delivery("timed")
    ws.clock.freeze()
    sink = ws.sink("mine", status=500)
    sid = str(sandbox.submit(STRANGER, "Hello", callback=sink.url).json()["sid"])
    ws.clock.advance(seconds=1, settle=60)
    (request,) = ws.sink("mine").received()
    assert request.form is not None
    assert (request.method, request.form["MessageSid"], request.form["MessageStatus"]) == ("POST", sid, "sent")
    (callback,) = ws.callbacks()
    assert (callback.url, callback.state, callback.attempts[0].status) == (sink.url, "pending", 500)
    assert ws.callbacks(message=ws.message(sid)) == [callback] == ws.message(sid).callbacks
    ws.sink("mine", status=200)
    ws.redeliver(callback)
    ws.clock.advance(minutes=5, settle=60)
    assert ws.callbacks()[0].state == "delivered"
    assert ws.sink("mine").clear() == 3
    assert ws.sink("mine").received() == []


def test_callbacks_misbehave_as_they_are_told(ws: Workspace) -> None:
    nothing = ws.callback_profile()
    told = ws.callback_profile(lose=0.5, delay=timedelta(seconds=2), seed=3)
    never = {"duplicate": 0, "reorder": 0, "contradict": 0, "before_response": 0}
    assert told == ws.callback_profile() == CallbackProfile(lose=0.5, delay=2, seed=3, **never)
    assert ws.callback_profile(lose=0) == nothing


def test_people_come_change_and_go(ws: Workspace) -> None:
    person = ws.add_person(STRANGER, first_name="Grace", misc=["English", None, None, None, None])
    assert ws.person(STRANGER) == person
    changed = ws.change_person(person, last_name="Hopper", first_name=None)
    assert (changed.first_name, changed.last_name, changed.misc[0]) == (None, "Hopper", "English")
    assert person.person_id in [each.person_id for each in ws.people()]
    ws.remove_person(changed)
    with pytest.raises(Refused, match="404 Unknown person"):
        ws.person(person)


def test_consents_are_turned_by_staff(ws: Workspace) -> None:
    out = ws.opt_out(STRANGER, CONSOLE)
    assert out.message is not None
    assert (out.state, out.why, out.message.status) == ("opted_out", "staff", "delivered")
    assert ws.opt_out("16295550102", CONSOLE, silent=True).message is None
    back = ws.opt_in(STRANGER, CONSOLE)
    assert back.message is not None
    (standing,) = ws.consents(phone=STRANGER)
    assert (standing.state, standing.console, standing.since) == ("opted_in", CONSOLE, START)
    assert [consent.state for consent in ws.consent_history(STRANGER)] == ["opted_out", "opted_in"]


def test_consoles_and_accounts_are_added_and_changed(ws: Workspace) -> None:
    console = ws.add_console(code="QWERTY1234", keyword="QW", auto_reply="Thanks.")
    assert ws.consoles[-1] == console
    assert ws.change_console(console.code, auto_reply=None).auto_reply is None
    assert ws.change_console(console.code).keyword == "QW"
    account = ws.add_account(tracking_numbers=["16155559876"])
    assert ws.accounts[-1] == account
    assert ws.change_account(account.access_key, doctype="none").doctype == "none"
    assert ws.change_account(account.access_key).tracking_numbers == ["6155559876"]


def test_workspaces_are_made_listed_and_deleted(client: SandboxClient) -> None:
    with client.create_workspace("one", seed=7, start_at=START, clock="frozen", delivery="immediate", ttl=60) as made:
        assert (made.name, made.info.seed, made.info.start_at, made.clock.state) == ("one", 7, START, "frozen")
        assert made.expires_at is not None
        assert made.delivery().mode == "immediate"
        assert [each.name for each in client.workspaces()] == ["default", "one"]
        assert client.workspace("one").info == made.info
    assert [each.name for each in client.workspaces()] == ["default"]


def test_the_server_tells_what_it_is(client: SandboxClient) -> None:
    assert client.is_live()
    assert client.is_ready()
    assert "appointment" in " ".join(template.name for template in client.templates())
    assert client.version().vendors == ["writeback", "simplepay", "dialogtech"]
    assert "SP-submit" in [rule.id for rule in client.rules()]
    assert "clinic" in [fixture.name for fixture in client.fixtures()]
    assert client.handset_numbers()[0].number == "NPA-555-01xx"


def test_a_message_is_waited_for_with_its_links_and_codes(ws: Workspace) -> None:
    sent = ws.send(STRANGER, "Your code is 402913, or go to https://clinic.example/c?x=1.")
    arrived = ws.wait_for(to=STRANGER, text="CODE", timeout=timedelta(minutes=1))
    assert (arrived.id, arrived.codes, arrived.links) == (sent.id, ["402913"], ["https://clinic.example/c?x=1"])
    with pytest.raises(NotArrived) as error:
        ws.wait_for(text="nothing like it", timeout=0)
    assert error.value.arrived == [sent]
    ws.reset()
    with pytest.raises(NotArrived, match="There is none"):
        ws.wait_for(timeout=0)


def test_messages_are_deleted_by_filters(ws: Workspace) -> None:
    for text in ("One", "Two", "Three"):
        ws.send(STRANGER, text)
    assert ws.delete_messages(text="T", limit=1) == 1
    assert [message.text for message in ws.messages()] == ["One", "Three"]
    assert (ws.delete_messages(), ws.messages()) == (2, [])


def test_the_journal_is_read_by_filters_and_emptied(sandbox: Driver, ws: Workspace) -> None:
    sid = sandbox.sid(STRANGER)
    sandbox.submit("+1 415 555 0123")
    accepted, refused = ws.journal()
    assert (accepted.operation, accepted.status, accepted.outcome) == ("simplepay.submit", 200, "accepted")
    assert ws.journal(message=sid) == [accepted] == ws.journal(message=ws.message(sid), outcome="accepted")
    assert ws.journal(1, order="newest") == [refused] == ws.journal(findings="error", status=400)
    assert (refused.findings[0].rule, refused.findings[0].level) == ("SP-msisdn", "error")
    assert ws.exchange(refused.id) == refused
    assert [each["_sandbox"]["id"] for each in json.loads(ws.journal_as_har())["log"]["entries"]] == [
        accepted.id,
        refused.id,
    ]
    file = ws.journal_as_http(message=ws.message(sid), outcome="accepted")
    assert (accepted.id in file, refused.id in file) == (True, False)
    assert ws.clear_journal() == 2
    assert ws.journal() == []


def test_exchanges_of_nobody_are_the_servers(sandbox: Driver, client: SandboxClient) -> None:
    sandbox.submit(auth=None)
    (exchange,) = client.journal(status=401)
    assert client.exchange(exchange.id) == exchange
    assert (client.clear_journal(), client.journal()) == (1, [])


def test_verify_counts_what_matches(sandbox: Driver, ws: Workspace) -> None:
    sandbox.submit(STRANGER, "Your code is 1234.")
    sandbox.submit(PHONE, "Hello")
    assert ws.verify("simplepay.submit") == ws.verify("simplepay.submit", from_=LINE, console=CONSOLE) == 2
    assert ws.verify("simplepay.submit", to=f"+{STRANGER}", text="code", outcome="accepted", count=1) == 1
    assert ws.verify("simplepay.submit", to=STRANGER, text="Hello", count=0, no_findings=True) == 0
    assert ws.verify("simplepay.submit", at_least=1, at_most=2) == 2
    twice: Any = [
        {"operation": "simplepay.submit", "where": {"from_": LINE}},
        {"operation": "simplepay.optout", "count": 0},
    ]
    assert ws.verify_all(*twice) == ws.verify_all(*twice, in_order=True, timeout=1) == [2, 0]
    ws.verify(no_findings=True)


@pytest.mark.parametrize(
    ("conditions", "error"),
    [
        ({"to": STRANGER, "no_findings": True}, "operation is missing: .* since to must be true"),
        ({"text": "code", "at_least": 2}, "operation is missing: .* since count, text must be true"),
        ({"count": 0}, "operation is missing"),
        ({}, "operation is missing: .* or no_findings=True"),
        ({"operation": "simplepay.submit", "count": 1, "at_most": 2}, "count says exactly how many"),
        ({"operation": "simplepay.submit", "count": 0, "at_least": 0}, "count says exactly how many"),
    ],
)
def test_verify_drops_no_condition(ws: Workspace, conditions: dict[str, Any], error: str) -> None:
    with pytest.raises(TypeError, match=error):
        ws.verify(**conditions)


FILTERED: list[tuple[str, Callable[[Any], Any]]] = [
    ("to", lambda ws: ws.verify("simplepay.submit", to=None, count=1)),
    ("operation", lambda ws: ws.verify(None, no_findings=True)),
    ("to", lambda ws: ws.verify_all({"operation": "simplepay.submit", "where": {"to": None}})),
    ("to", lambda ws: ws.fault("simplepay.submit", to=None, status=503)),
    ("operation", lambda ws: ws.fault(None, status=503)),
    ("to", lambda ws: ws.messages(to=None)),
    ("to", lambda ws: ws.delete_messages(to=None)),
    ("text", lambda ws: ws.wait_for(text=None)),
    ("message", lambda ws: ws.journal(message=None)),
    ("operation", lambda ws: ws.journal(operation=None)),
    ("message", lambda ws: ws.journal_as_har(message=None)),
    ("message", lambda ws: ws.callbacks(None)),
    ("search", lambda ws: ws.phones(None)),
    ("phone", lambda ws: ws.consents(None)),
    ("from_", lambda ws: ws.events(from_=None)),
]


@pytest.mark.parametrize(("name", "ask"), FILTERED)
def test_a_filter_that_is_none_does_not_let_everything_match(
    ws: Workspace, name: str, ask: Callable[[Any], Any]
) -> None:
    message = ws.send(STRANGER, "Hello")
    with pytest.raises(ValueError, match=f"^{name} is None: leave it out, or give a value.$"):
        ask(ws)
    assert (ws.messages(), ws.faults()) == ([message], [])


def test_what_is_waited_for_is_named(ws: Any) -> None:
    with pytest.raises(TypeError, match="positional"):
        ws.wait_for("code")


def test_what_is_not_as_expected_reads_well(sandbox: Driver, ws: Workspace) -> None:
    first = exchange_id(sandbox.submit(PHONE, "Hello"))
    with pytest.raises(NotAsExpected) as missing:
        ws.verify("simplepay.submit", to=STRANGER, text="code", count=1)
    assert str(missing.value).splitlines() == [
        f"expected exactly 1 simplepay.submit to='{STRANGER}' text='code'",
        "got      0",
        f"nearest  {first} at 09:00:00, accepted with 200",
        f"  to: expected '{STRANGER}', got '{PHONE}'",
        "  text: expected 'code', got 'Hello'",
    ]
    assert missing.value.failures[0].nearest is not None
    second = exchange_id(sandbox.submit("+1 415 555 0123", "Hello"))
    with pytest.raises(NotAsExpected) as too_many:
        ws.verify("simplepay.submit", at_most=1, no_findings=True)
    assert str(too_many.value).splitlines()[:4] == [
        "expected at most 1 simplepay.submit",
        f"got      2: {first}, {second}",
        "expected no errors among the findings",
        f"got      1: {second}",
    ]
    assert str(too_many.value).splitlines()[4].startswith(f"  {second} SP-msisdn: To '+1 415 555 0123'. ")


def test_a_fault_lasts_as_long_as_it_is_entered(sandbox: Driver, ws: Workspace) -> None:
    with ws.fault("simplepay.submit", to=STRANGER, status=503, body="down", skip=1) as fault:
        answers = [sandbox.submit(STRANGER), sandbox.submit(STRANGER), sandbox.submit(PHONE)]
        assert [answer.status_code for answer in answers] == [200, 503, 200]
        assert (fault.read().matched, fault.read().applied) == (2, 1)
        assert [each.info for each in ws.faults()] == [fault.read()]
        assert repr(fault) == (
            f"<Fault {fault.id} {{'status': 503, 'body': 'down'}} of"
            f" {{'operation': 'simplepay.submit', 'to': '{STRANGER}'}}>"
        )
    assert ws.faults() == []
    fault.remove()
    assert ws.journal(outcome="faulted")[0].fault == AppliedFault(
        id=fault.id, effect={"status": 503, "body": "down"}, latency_ms=0
    )


@pytest.mark.parametrize(
    "wait",
    [
        lambda ws: ws.clock.advance("5 minutes"),
        lambda ws: ws.clock.run(settle="5"),
        lambda ws: ws.wait_for(timeout="5"),
        lambda ws: ws.verify("simplepay.submit", timeout="5"),
    ],
)
def test_a_duration_that_is_a_text_is_told(ws: Workspace, wait: Callable[[Workspace], Any]) -> None:
    with pytest.raises(TypeError, match=r"^A duration is a number of seconds or a timedelta, not '5( minutes)?'\.$"):
        wait(ws)


def test_a_fault_that_has_lasted_still_says_how_far_it_got(sandbox: Driver, ws: Workspace) -> None:
    with ws.fault("simplepay.submit", status=503, times=2) as fault:
        assert [sandbox.submit(PHONE).status_code for _ in range(3)] == [503, 503, 200]
    assert (fault.read().applied, fault.read().left, fault.info.applied) == (2, 0, 2)
    assert sandbox.submit(PHONE).status_code == 200
    fault.remove()
    assert fault.read().applied == 2


def test_a_fault_that_others_ended_says_that_it_is_gone(ws: Workspace) -> None:
    fault = ws.fault("simplepay.submit", status=503)
    ws.clear_faults()
    for _ in range(2):
        with pytest.raises(Refused, match=r"^404 Unknown fault: It is gone: .* The journal has the calls"):
            fault.read()
        fault.remove()


def test_faults_of_every_effect_are_taken(ws: Workspace) -> None:
    effects: list[dict[str, Any]] = [
        {"reset": True, "before": True},
        {"close": True, "latency_ms": {"min": 1, "max": 2}},
        {"truncate": 0},
        {"malformed": True},
        {"drip": {"bytes": 1, "ms": 1}},
        {"rate_limit": {"requests": 2, "seconds": 60}},
        {"timeout": True},
        {"timeout": 2},
        {"latency_ms": 5},
    ]
    made = [ws.fault(**effect, probability=0.5, seed=3, times=2, expires_in=timedelta(minutes=1)) for effect in effects]
    assert [fault.info.effect for fault in made] == effects
    assert {fault.info.expires_at for fault in made} == {START + timedelta(minutes=1)}
    assert [each.id for each in ws.faults()] == [fault.id for fault in made]
    (only,) = ws.set_faults([{"match": {"operation": "simplepay.submit"}, "effect": {"status": 500}}])
    assert only.info.match == {"operation": "simplepay.submit"}
    assert (ws.clear_faults(), ws.faults()) == (1, [])


def test_a_snapshot_is_taken_restored_and_brought_elsewhere(client: SandboxClient, ws: Workspace) -> None:
    sent = ws.send(STRANGER, "Before")
    kept = ws.snapshot("before")
    assert (kept.name, kept.messages, kept.now) == ("before", 1, START)
    ws.send(STRANGER, "After")
    ws.restore("before")
    assert ws.messages() == [sent]
    exported = ws.export_snapshot("before")
    with client.create_workspace() as other:
        assert other.import_snapshot("theirs", exported).messages == 1
        other.restore("theirs")
        assert [message.text for message in other.messages()] == ["Before"]
        assert [console.code for console in other.consoles] == [console.code for console in ws.consoles]
    assert ws.snapshots() == [kept]
    ws.delete_snapshot("before")
    assert ws.snapshots() == []
    ws.reset("empty")
    assert ws.people() == []
    ws.reset()
    assert len(ws.people()) > 0


def test_phones_show_their_conversations(ws: Workspace) -> None:
    sent = ws.send(PHONE, "Hello")
    (phone,) = ws.phones(search=PHONE)
    assert (phone, phone.latest) == (ws.phone(PHONE), sent)
    assert ws.phones(limit=1) == [phone]
    assert ws.conversation(PHONE) == [sent]
    assert {view.vendor for view in ws.shown(sent)} == {"simplepay", "writeback", "dialogtech"}


def test_stories_are_played(client: SandboxClient) -> None:
    with client.create_workspace(fixture="clinic") as ws:
        first = ws.stories()[0]
        assert ws.story(first.name, speed=2).state == "playing"
        assert ws.story(first.name, "pause").state == "paused"
        assert ws.story(first.name, "stop") == ws.stories()[0]


# How it fails ---------------------------------------------------------------------------------------------------


def test_a_refusal_carries_the_whole_problem(ws: Workspace) -> None:
    ws.delivery("immediate")
    message = ws.send(STRANGER, "Hello")
    with pytest.raises(Refused) as impossible:
        ws.status(message, "queued")
    assert (impossible.value.status, impossible.value.title) == (409, "Impossible move")
    assert impossible.value.possible == []
    assert ws.status(message, "queued", force=True).status == "queued"
    with pytest.raises(Refused) as invalid:
        ws.send("nobody", "Hello")
    assert invalid.value.errors[0]["member"] == "to"
    assert str(invalid.value).startswith("422 Invalid request: to must be a telephone number")


def test_a_refusal_names_the_possible_statuses(ws: Workspace) -> None:
    ws.delivery("manual")
    message = ws.status(ws.send(STRANGER, "Hello"), "sent")
    with pytest.raises(Refused) as refused:
        ws.status(message, "queued")
    assert refused.value.possible == ["delivered", "undelivered", "rejected", "unknown"]
    assert str(refused.value).endswith("(possible: delivered, undelivered, rejected, unknown)")


@pytest.mark.parametrize("status", [200, 502])
def test_an_answer_of_somebody_else_shows_its_beginning(status: int) -> None:
    elsewhere = httpx.MockTransport(lambda _: httpx.Response(status, text="<h1>Gateway</h1>"))
    told = f"^{status} What answers at {URL} is not a sandbox: <h1>Gateway</h1>$"
    with SandboxClient(URL, transport=elsewhere) as client, pytest.raises(Refused, match=told):
        client.version()


@pytest.mark.parametrize("words", ["WRONG_VERSION_NUMBER] wrong version number", "RECORD_LAYER_FAILURE] failure"])
def test_a_server_of_http_that_is_called_by_https_is_told(words: str) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(f"[SSL: {words}", request=request)

    with SandboxClient(URL, transport=httpx.MockTransport(refuse)) as client, pytest.raises(Unreachable) as unreachable:
        client.version()
    assert str(unreachable.value).endswith(f"{words}. It seems to speak http: write http:// instead of https://.")


def test_nobody_answers() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("Connection refused", request=request)

    with SandboxClient(URL, transport=httpx.MockTransport(refuse)) as client, pytest.raises(Unreachable) as unreachable:
        client.version()
    assert str(unreachable.value) == f"The sandbox at {URL} does not answer: Connection refused."
    assert unreachable.value.__suppress_context__


NO_URLS = (
    *(None, "", "127.0.0.1:8080", "localhost:8080", "http://", "http://:80", "ftp://localhost"),
    *("http://localhost:port", "http://localhost:65536", "http://a..b", "http://ü..b", f"http://{'a' * 64}"),
)


@pytest.mark.parametrize("url", NO_URLS)
@pytest.mark.parametrize("kind", [SandboxClient, AsyncSandboxClient])
def test_what_is_no_url_is_told(kind: Any, url: str | None) -> None:
    with pytest.raises(ValueError, match=f"is written like http://127.0.0.1:8080, not {url!r}"):
        kind(url)


def test_the_token_is_sent() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == "Bearer secret"
        return httpx.Response(200, json={"items": [], "next": None})

    with SandboxClient(URL, "secret", transport=httpx.MockTransport(answer)) as client:
        assert client.workspaces() == []


# Blocking and awaiting ------------------------------------------------------------------------------------------

VERBS: dict[str, Callable[[Any], Any]] = {
    "send": lambda ws: ws.send(STRANGER, "Hello"),
    "message": lambda ws: ws.message("msg_00000001"),
    "status": lambda ws: ws.status("msg_00000001", "delivered"),
    "reply": lambda ws: ws.reply("msg_00000001", "Thank you"),
    "inbound": lambda ws: ws.inbound(from_=STRANGER, to=ws.consoles[0].line, text="HELP"),
    "broadcast": lambda ws: ws.broadcast("Flu shots", "Come on Friday"),
    "messages": lambda ws: ws.messages(direction="outbound"),
    "people": lambda ws: ws.people(),
    "consents": lambda ws: ws.consents(),
    "opt_out": lambda ws: ws.opt_out(STRANGER),
    "delivery": lambda ws: ws.delivery("manual"),
    "callback_profile": lambda ws: ws.callback_profile(lose=1),
    "freeze": lambda ws: ws.clock.freeze(),
    "now": lambda ws: ws.clock.now,
    "advance": lambda ws: ws.clock.advance(minutes=1),
    "scheduled": lambda ws: ws.reply("msg_00000001", "Later", at=timedelta(hours=1)),
    "callbacks": lambda ws: ws.callbacks(),
    "snapshot": lambda ws: ws.snapshot("before"),
    "journal": lambda ws: ws.journal(),
    "verify": lambda ws: ws.verify("simplepay.submit", count=0),
    "wait_for": lambda ws: ws.wait_for(text="hello"),
}


def test_awaiting_verbs_are_worth_what_blocking_ones_are(sandbox: Driver, client: SandboxClient) -> None:
    made_with: dict[str, Any] = {"seed": 7, "start_at": START, "clock": "frozen"}
    blocking = client.create_workspace(**made_with)
    results = {name: do(blocking) for name, do in VERBS.items()}

    async def again(client: AsyncSandboxClient) -> dict[str, Any]:
        async with client.create_workspace(**made_with) as awaiting:
            return {name: await do(awaiting) for name, do in VERBS.items()}

    assert awaited(sandbox, again) == results


def verbs_of(kind: type) -> set[str]:
    return {
        name
        for base in kind.__mro__
        for name, value in vars(base).items()
        if not name.startswith("_") and (callable(value) or isinstance(value, property | cached_property))
    }


@pytest.mark.parametrize("pair", [(SandboxClient, AsyncSandboxClient), (Workspace, AsyncWorkspace)], ids=str)
def test_both_have_the_same_verbs(pair: tuple[type, type]) -> None:
    blocking, awaiting = map(verbs_of, pair)
    assert blocking == awaiting - {"to_async"}
    assert len(blocking) > 8


def test_the_types_say_what_a_verb_is_worth(ws: Workspace, client: SandboxClient) -> None:
    assert_type(client.workspaces(), list[Workspace])
    assert_type(ws.messages(), list[Message])
    assert_type(ws.clock.now, datetime)
    assert_type(ws.sink("mine").received(), list[SinkRequest])


def test_awaiting_verbs_can_be_tasks_and_context_managers(sandbox: Driver) -> None:
    async def run(client: AsyncSandboxClient) -> None:
        async with client.create_workspace("one") as ws:
            assert_type(ws, AsyncWorkspace)
            async with asyncio.TaskGroup() as group:
                people = group.create_task(ws.people())
            assert people.result() == []
            both: Any = await asyncio.gather(ws.people(), ws.messages())
            assert both == [[], []]
            sink = await ws.sink("mine")
            assert await sink.received() == []
            assert_type(await ws.clock.now, datetime)
        assert [each.name for each in await client.workspaces()] == ["default"]

    awaited(sandbox, run)


class Listening(httpx.BaseTransport):
    """Notes what is called, and answers nothing."""

    def __init__(self) -> None:
        self.called: set[tuple[str, str]] = set()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.called.add((request.method, request.url.path))
        raise httpx.ConnectError("Nobody answers", request=request)


def call_every_verb(part: Any) -> None:
    """Each with what it needs, and with all that it takes, up to its first call."""
    for name in verbs_of(type(part)) - {"close"}:
        verb = getattr(type(part), name)
        if isinstance(verb, property):
            with suppress(Unreachable):
                getattr(part, name)
        elif inspect.isfunction(verb):
            for everything in (False, True):
                with suppress(Unreachable):
                    verb(part, **arguments(verb, everything=everything))


ARGUMENTS: dict[str, Any] = {
    "at": START,
    "exported": b"",
    "faults": [],
    "settle": 1,
    "timeout": 1,
    "limit": 1,
    "at_least": None,
    "at_most": None,
}


def arguments(describe: Callable[..., Any], *, everything: bool) -> dict[str, Any]:
    parameters = list(inspect.signature(describe).parameters.values())[1:]
    return {
        each.name: ARGUMENTS.get(each.name, "x")
        for each in parameters
        if each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL)
        and (everything or each.default is each.empty or each.name == "operation")
        and each.name not in ("days", "hours", "minutes", "seconds", "by")
    }


def test_the_client_has_every_call_of_the_control_api(sandbox: Driver, client: SandboxClient, ws: Workspace) -> None:
    paths: dict[str, Any] = sandbox.call("GET", "/_sandbox/openapi.json").json()["paths"]
    known = {(method.upper(), path) for path, operations in paths.items() for method in operations}
    fault = FaultInfo(
        id="fault_00000001",
        match={},
        effect={},
        probability=1,
        seed=1,
        skip=0,
        times=None,
        expires_at=None,
        date_header=False,
        matched=0,
        applied=0,
        left=None,
    )
    transport = Listening()
    listened = SandboxClient(URL, transport=transport)
    mine = Workspace(listened._session, ws.info)
    parts = [mine, mine.clock, Sink(listened._session, f"{mine._path}/sinks/mine", "mine", URL)]
    for part in (*parts, Fault(listened._session, f"{mine._path}/faults", fault), listened):
        call_every_verb(part)
    with suppress(Unreachable), mine.events():
        pass
    asked = transport.called
    # The more of a template is literal, the sooner it is tried.
    templates = sorted({path for _, path in known}, key=lambda path: path.count("{"))

    def template(path: str) -> str:
        return next(each for each in templates if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", each), path))

    assert {(method, template(path)) for method, path in asked} == known


def test_leaving_a_workspace_that_is_gone_is_no_error(sandbox: Driver, client: SandboxClient) -> None:
    with client.create_workspace("deleted") as ws:
        ws.delete()

    def fail() -> None:
        with client.create_workspace("deleted") as ws:
            ws.delete()
            raise KeyError

    with pytest.raises(KeyError):
        fail()

    async def leave(client: AsyncSandboxClient) -> None:
        async with client.create_workspace("deleted") as ws:
            await ws.delete()

    awaited(sandbox, leave)
    assert [each.name for each in client.workspaces()] == ["default"]


# What it is made from -------------------------------------------------------------------------------------------


def test_members_that_a_newer_server_adds_are_passed_over() -> None:
    assert Basic.model_validate({"username": "a", "password": "b", "realm": "c"}) == Basic(username="a", password="b")


@pytest.mark.parametrize(
    ("at", "written"),
    [
        (datetime(2026, 5, 6, 9, tzinfo=UTC), "2026-05-06T09:00:00.000Z"),
        (datetime.fromisoformat("2026-05-06T09:00:00.123999+02:00"), "2026-05-06T07:00:00.123Z"),
    ],
)
def test_times_go_out_in_utc_to_the_millisecond(at: datetime, written: str) -> None:
    assert rfc3339(at) == written


def test_importing_the_package_imports_nothing_else() -> None:
    code = (
        "import sys, sandbox; before = set(sys.modules); sandbox.SandboxClient;"
        "light = {'dialog_sandbox', 'pydantic', 'httpx'} & before;"
        "assert not light, light;"
        "heavy = {'sqlalchemy', 'fastapi', 'sandbox.server', 'sandbox.world'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_all_that_the_client_has_comes_from_the_package() -> None:
    assert set(clients.__all__) < set(package.__all__)
    assert [name for name in clients.__all__ if getattr(package, name) is not getattr(clients, name)] == []
    assert {name for name in package.__all__ if getattr(package, name).__name__ == name} == set(package.__all__)


def test_the_package_says_what_it_lacks() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = package.Nothing


class Connections(httpx.MockTransport):
    are_closed = False

    def close(self) -> None:
        self.are_closed = True


def test_a_client_that_nobody_closes_closes_itself() -> None:
    connections = Connections(lambda _: httpx.Response(200))
    client = SandboxClient(URL, transport=connections)
    del client
    gc.collect()
    assert connections.are_closed


def test_nothing_arrives_and_the_error_tells_what_did() -> None:
    message = Message.model_validate(
        {
            "id": "msg_00000001",
            "vendor": "simplepay",
            "direction": "outbound",
            "console": CONSOLE,
            "account": None,
            "ids": {"sid": None, "outgoing_message_id": None, "msg_id": None},
            "from": LINE,
            "to": STRANGER,
            "text": "Hello",
            "encoding": "GSM-7",
            "segments": 1,
            "carrier": None,
            "status": "sent",
            "reason": None,
            "timeline": [{"status": "queued", "at": "2026-05-06T09:00:00.000Z", "cause": "staff"}],
            "next": None,
            "lead": None,
            "caused_by": None,
        },
    )
    assert str(NotArrived({"to": PHONE, "text": "code"}, 0.5, [message])).splitlines() == [
        f"No message came within 0.5 s: to='{PHONE}', text='code'",
        "There is:",
        f"  09:00:00 outbound {LINE} -> {STRANGER} sent: 'Hello'",
    ]
    assert str(NotArrived({}, 2, [])) == "No message came within 2 s: any at all\nThere is none."
