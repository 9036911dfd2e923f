"""What happens in a workspace, followed as it happens, on real sockets."""

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from commands import FAILSAFE_S
from conftest import DatabaseFor
from driver import CONSOLE, DEFAULT, DEMO, LINE, PHONE, SIMPLEPAY, STRANGER, Driver, Wall
from live import Event, Live, Stream

from sandbox.clock import SECOND, wall_clock
from sandbox.server.events.frames import EventWriter
from sandbox.store import Tx
from sandbox.store import tx as transactions
from sandbox.world.clock_moves import move_clock
from sandbox.world.commands import run_due
from sandbox.world.events.cursors import cursor_now
from sandbox.world.events.kinds import WorkspaceEvent
from sandbox.world.events.news import NOT_KNOWN, PRUNED, news
from sandbox.world.workspaces.find import find_workspace


@pytest.fixture
def serve(database_for: DatabaseFor) -> Iterator[Callable[..., Live]]:
    """Serves sandboxes of any settings, by default on the plain world, and stops them after the test."""
    started: list[Live] = []

    def serve_one(wall: Callable[[], int] | None = None, **settings: Any) -> Live:
        settings["database"] = database_for(settings.get("database"))
        started.append(Live(wall or Wall(), **settings))
        return started[-1]

    yield serve_one
    for live in started:
        live.stop()


@pytest.fixture
def live(serve: Callable[..., Live]) -> Live:
    """A sandbox whose wall clock stands still, and where messages are delivered at once."""
    served = serve()
    served.control("PUT", "/delivery", {"mode": "immediate"})
    return served


def kinds(events: list[Event]) -> list[tuple[str, str | None]]:
    """Each event's kind, and the status of what it is about."""
    return [(event.kind, event.data.get("status")) for event in events]


def contents(events: list[Event]) -> list[tuple[str, Any]]:
    """Each event's kind and data: readers who came at other times get other ids."""
    return [(event.kind, event.data) for event in events]


def until_waiting(live: Live, count: int) -> None:
    while live.waiters < count:
        live.skip(0)


def texts(events: list[Event]) -> list[str]:
    """Of the messages that were accepted."""
    return [event.data["text"] for event in events if event.kind == "message"]


SENT_AT_ONCE = [("message", "queued"), ("status", "sent"), ("status", "delivered")]

# What is told -----------------------------------------------------------------------------------------------------


def test_a_message_is_told_as_it_was_at_each_step(live: Live) -> None:
    with live.follow() as stream:
        sent = live.send()
        accepted, on_its_way, delivered = stream.take(3)
    assert kinds([accepted, on_its_way, delivered]) == SENT_AT_ONCE
    queued_at, sent_at, _ = sent["timeline"]
    ahead = {"status": "sent", "at": sent_at["at"]}
    assert accepted.data == {**sent, "status": "queued", "timeline": [queued_at], "next": ahead}
    assert on_its_way.data["timeline"] == [queued_at, sent_at]
    assert delivered.data == sent


def test_what_is_planned_is_told_by_itself_at_its_time(serve: Callable[..., Live]) -> None:
    live = serve(wall_clock)
    live.control("PUT", "/delivery", {"mode": "timed", "sent_after": 0.05, "settled_after": 0.1})
    live.control("POST", "/clock", {"action": "freeze"})
    sent_before = live.send("There before anybody looked.")
    with live.follow("text=looked") as stream, live.follow("text=then") as other:
        live.control("POST", "/clock", {"action": "run"})
        assert stream.until("status", status="delivered")[-1].data["id"] == sent_before["id"]
        live.send("Sent then.")
        turned, *events = other.take(4)
    assert (turned.kind, kinds(events)) == ("clock", SENT_AT_ONCE)
    assert [event.data["timeline"][-1]["cause"] for event in events] == ["staff", "timed", "timed"]


def test_a_status_by_hand_is_told_with_the_moves_between_and_replaces_the_plan(live: Live) -> None:
    live.control("POST", "/clock", {"action": "freeze"})
    live.control("PUT", "/delivery", {"mode": "timed", "sent_after": 1, "settled_after": 3})
    with live.follow() as stream:
        message = live.send()["id"]
        live.control("POST", f"/messages/{message}/status", {"status": "undelivered", "reason": "switched off"})
        forced = live.control("POST", f"/messages/{message}/status", {"status": "queued", "force": True})
        live.control("POST", "/clock", {"action": "advance", "seconds": 60})
        events = stream.take(5)
    assert kinds(events) == [
        ("message", "queued"),
        ("status", "sent"),
        ("status", "undelivered"),
        ("status", "queued"),
        ("clock", None),
    ]
    assert events[2].data["reason"] == "switched off"
    assert events[3].data == forced


def test_a_fact_of_the_past_is_told_when_it_is_stated(live: Live) -> None:
    live.control("PUT", "/delivery", {"mode": "manual"})
    with live.follow() as stream:
        message = live.send(at="2026-05-06T08:00:00Z")["id"]
        past = {"status": "delivered", "at": "2026-05-06T08:30:00Z"}
        live.control("POST", f"/messages/{message}/status", past)
        events = stream.take(3)
    assert kinds(events) == SENT_AT_ONCE
    assert {event.data["timeline"][-1]["at"] for event in events[1:]} == {"2026-05-06T08:30:00.000Z"}


def test_a_phone_that_texts_is_inbound_and_its_answer_a_message(live: Live) -> None:
    with live.follow() as stream:
        both = live.control("POST", "/inbound", {"from": PHONE, "to": LINE, "text": "STOP"})
        inbound, answer, *_ = stream.take(4)
    assert inbound.kind == "inbound"
    assert inbound.data == both["inbound"]
    assert (answer.kind, answer.data["id"]) == ("message", both["answer"]["id"])


def test_a_turned_clock_is_told_before_what_comes_due_thereby(live: Live) -> None:
    live.control("PUT", "/delivery", {"mode": "timed", "sent_after": 1, "settled_after": 3})
    with live.follow() as stream:
        live.send(to="14155550160")  # which replies STOP two seconds after delivery
        live.send("Later.", at="2026-05-06T09:00:02Z")
        turned = live.control("POST", "/clock", {"action": "advance", "seconds": 30})
        stream.until("message")
        clock, *due = stream.take(1 + len(turned["fired"]))
    assert (clock.kind, clock.data) == ("clock", {name: turned[name] for name in ("now", "wall", "state")})
    fired = [(each["event"], each["message"], each.get("status")) for each in turned["fired"]]
    followed = [(each.kind, each.data["id"], each.data["status"] if each.kind == "status" else None) for each in due]
    assert followed == fired
    assert [each.kind for each in due].count("inbound") == 1


def test_what_falls_due_is_news_to_the_transaction_that_does_it(sandbox: Driver) -> None:
    """Or it would be told behind what comes later, when the clock alone has brought that about."""
    sandbox.control("POST", "/clock", {"action": "freeze"})
    sandbox.delivery("timed", sent_after=1, settled_after=3)
    sandbox.send("Now.")
    at = sandbox.control("GET", "/clock")["now"].replace("00.000Z", "02.000Z")
    sandbox.send("Later.", at=at)

    def leap(tx: Tx) -> list[tuple[str, str, int]]:
        tx.enter(find_workspace(tx, "default"))
        cursor = cursor_now(tx)
        move_clock(tx, by=3 * SECOND)
        assert not run_due(tx)
        told = news(tx, cursor, 100).events
        return [(each.kind, each.message.text, each.so_far) for each in told if each.message is not None]

    assert sandbox.app.store.write_now(leap) == [
        ("status", "Now.", 2),
        ("message", "Later.", 1),
        ("status", "Now.", 3),
        ("status", "Later.", 2),
    ]


def submit(live: Live, callback: str) -> str:
    form = {"To": STRANGER, "From": LINE, "Body": "Hello", "StatusCallback": callback}
    answer = httpx.post(f"{live.url}{SIMPLEPAY}/submit/{CONSOLE}", data=form, auth=DEMO)
    return str(answer.json()["sid"])


def test_each_attempt_of_a_callback_is_told(live: Live) -> None:
    sink = live.control("PUT", "/sinks/mine", {"status": 500})["url"]
    with live.follow() as stream:
        sid = submit(live, sink)
        failed = stream.until("callback")[-1]
        assert failed.data["state"] == "pending"
        assert [attempt["status"] for attempt in failed.data["attempts"]] == [500]
        live.control("PUT", "/sinks/mine", {"status": 200})
        live.control("POST", "/clock", {"action": "advance", "seconds": 1, "settle": FAILSAFE_S})
        first = stream.until("callback", status="sent", state="delivered")[-1]
        last = stream.until("callback", status="delivered", state="delivered")[-1]
    assert [first.data, last.data] == live.control("GET", f"/callbacks?message={sid}")["items"]


def test_a_callback_that_is_given_up_or_lost_is_told(live: Live) -> None:
    with live.follow("limit=20") as stream:
        submit(live, "http://192.0.2.1/")  # which a server bound to loopback may not call
        given_up = stream.until("callback", state="given_up")[-1]
        live.control("PUT", "/callbacks/profile", {"lose": 1})
        live.control("PUT", "/delivery", {"mode": "timed"})
        live.control("POST", "/clock", {"action": "freeze"})
        submit(live, "http://127.0.0.1:9/")
        live.control("POST", "/clock", {"action": "advance", "seconds": 2})
        lost = stream.until("callback", reason="lost, by callbacks/profile")[-1]
    assert len(given_up.data["attempts"]) == 1
    assert (lost.data["state"], lost.data["attempts"]) == ("given_up", [])


def test_a_vendor_exchange_is_told_after_what_it_did(live: Live) -> None:
    with live.follow() as stream, live.follow(f"to={STRANGER}") as filtered:
        refused = httpx.post(f"{live.url}{SIMPLEPAY}/submit/{CONSOLE}", data={"To": "1"}, auth=DEMO)
        assert [event.kind for event in stream.take(1)] == ["exchange"]
        sid = submit(live, "")
        events = stream.take(4)
        assert contents(filtered.take(4)) == contents(events)
    assert [event.kind for event in events] == ["message", "status", "status", "exchange"]
    first, second = live.control("GET", "/journal")["items"]
    assert refused.headers["x-sandbox-exchange"] == first["id"]
    without = {name: value for name, value in second.items() if name not in ("request", "response")}
    assert events[-1].data == without
    assert events[-1].data["messages"] == [live.control("GET", f"/messages/{sid}")["id"]]


@pytest.mark.parametrize("to", ["seed", "empty"])
def test_a_reset_is_told_and_what_comes_after_it(live: Live, to: str) -> None:
    with live.follow() as stream:
        live.send()
        live.control("POST", "/reset", {"to": to})
        live.control("PUT", "/delivery", {"mode": "immediate"})
        sent = live.send("In the new world")
        *_, reset = stream.until("reset")
        events = stream.take(3)
    assert reset.data == {**live.control("GET", "/clock")}
    assert kinds(events) == SENT_AT_ONCE
    assert events[-1].data == sent


def test_a_restored_snapshot_is_a_reset_though_its_clock_reads_less(live: Live) -> None:
    live.control("POST", "/clock", {"action": "freeze"})
    live.control("PUT", "/snapshots/before")
    with live.follow() as stream:
        live.control("POST", "/clock", {"action": "advance", "seconds": 3600})
        stream.until("clock")
        live.control("POST", "/snapshots/before/restore")
        live.send()
        assert [event.kind for event in stream.take(4)] == ["reset", "message", "status", "status"]


def test_what_was_undone_is_not_told(live: Live) -> None:
    live.control("PUT", "/delivery", {"mode": "manual"})
    with live.follow() as stream:
        too_early = {"status": "delivered", "at": "2000-01-01T00:00:00Z"}
        message = live.send()["id"]
        assert live.http.post(f"/messages/{message}/status", json=too_early).status_code == 409
        live.send("The next one.")
        assert texts(stream.take(2)) == ["Come on Friday.", "The next one."]


def test_many_at_once_are_all_told_in_order(live: Live) -> None:
    phones = [f"1415555{n:04d}" for n in range(2000, 2400)]
    with live.follow() as stream:
        live.control("POST", "/broadcasts", {"name": "All", "text": "Hello", "to": phones, "console": CONSOLE})
        events = stream.take(3 * len(phones))
    assert kinds(events) == SENT_AT_ONCE * len(phones)
    assert [event.data["to"] for event in events[::3]] == phones
    assert len({event.id for event in events}) == len(events)


# Filters ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (f"to={PHONE}", [("message", "queued"), ("status", "sent"), ("status", "delivered")]),
        ("text=one+else", [("message", "queued"), ("status", "sent"), ("status", "delivered")]),
        ("status=delivered", [("status", "delivered")] * 2),
        ("direction=inbound", [("inbound", "received")]),
        ("vendor=dialogtech", []),
        ("console=HARBOR1002", []),
        ("after=msg_00000001&direction=outbound", [("message", "queued"), ("status", "sent"), ("status", "delivered")]),
        ("since=2030-01-01T00:00:00Z", []),
    ],
)
def test_filters_keep_out_what_is_about_other_messages(live: Live, query: str, expected: list[tuple[str, str]]) -> None:
    live.control("PATCH", f"/consoles/{CONSOLE}", {"auto_reply": None})
    with live.follow(query) as stream:
        live.send()
        live.send("Somebody one else.", to=STRANGER)
        live.control("POST", "/inbound", {"from": PHONE, "to": LINE, "text": "Hi"})
        live.control("POST", "/clock", {"action": "freeze"})  # which concerns everybody
        events = stream.until("clock")
    assert kinds(events) == [*expected, ("clock", None)]


def test_a_stream_ends_after_as_many_events_as_were_asked_for(live: Live) -> None:
    with live.follow("limit=2") as stream:
        live.send()
        assert kinds(list(stream)) == SENT_AT_ONCE[:2]


@pytest.mark.parametrize("query", ["status=lost", "limit=0", "colour=red", "after=1", "to=nobody"])
def test_a_filter_that_is_wrong_is_refused(live: Live, query: str) -> None:
    answer = live.http.get(f"/events?{query}")
    assert (answer.status_code, answer.json()["title"]) == (422, "Invalid request")


# Resuming ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def stayed(live: Live) -> list[Event]:
    """What a reader who stayed saw of four messages."""
    with live.follow() as stream:
        for n in range(4):
            live.send(f"Number {n}")
        return stream.take(12)


def test_who_comes_back_gets_exactly_what_was_missed(live: Live, stayed: list[Event]) -> None:
    for position, event in enumerate(stayed):
        with live.follow(last_event_id=event.id) as stream:
            assert contents(stream.take(11 - position)) == contents(stayed[position + 1 :]) if position < 11 else True
    with live.follow(f"last_event_id={stayed[3].id}") as stream:
        live.send("Meanwhile")
        assert contents(stream.take(8)) == contents(stayed[4:])
        assert texts(stream.take(3)) == ["Meanwhile"]


def test_an_id_from_before_the_first_event_is_in_the_answers_header(live: Live) -> None:
    with live.follow() as stream:
        first = stream.answer.headers["last-event-id"]
    live.send()
    with live.follow(last_event_id=first) as stream:
        assert kinds(stream.take(3)) == SENT_AT_ONCE


def test_what_happens_while_nobody_reads_is_kept_too(live: Live, stayed: list[Event]) -> None:
    live.send("While away")
    with live.follow("text=away", last_event_id=stayed[5].id) as stream:
        assert kinds(stream.take(3)) == SENT_AT_ONCE


def test_the_header_counts_before_the_query(live: Live, stayed: list[Event]) -> None:
    with live.follow(f"last_event_id={stayed[0].id}", last_event_id=stayed[9].id) as stream:
        assert contents(stream.take(2)) == contents(stayed[10:])


@pytest.mark.parametrize(
    "foreign",
    [
        "1",
        "-",
        "{ws}",
        "{ws}-",
        "{ws}-1",
        "ws_ab12cd-{rest}",
        "{ws}-{rest}-1",
        "{ws}-0-99-0-0-0",
        "{ws}-9-0-0-0-0",
        "{ws}-x-0-0-0-0",
    ],
)
def test_an_id_that_is_not_known_here_begins_with_a_gap(live: Live, stayed: list[Event], foreign: str) -> None:
    ws, _, rest = stayed[-1].id.partition("-")
    asked = foreign.format(ws=ws, rest=rest)
    with live.follow(last_event_id=asked) as stream:
        live.send("From now on")
        gap, *events = stream.take(4)
    assert (gap.kind, gap.data) == ("gap", {"missed": None, "detail": NOT_KNOWN})
    assert texts(events) == ["From now on"]


def test_who_comes_back_after_a_restart_gets_what_was_missed_too(serve: Callable[..., Live], tmp_path: Path) -> None:
    database = str(tmp_path / "world.db")
    before = serve(database=database)
    before.control("PUT", "/delivery", {"mode": "immediate"})
    with before.follow() as stream:
        before.send()
        stayed = stream.take(3)
    before.send("The last before it")
    before.stop()
    after = serve(database=database)
    after.send("The first after it")
    with after.follow(last_event_id=stayed[0].id) as stream:
        events = stream.take(8)
    assert contents(events[:2]) == contents(stayed[1:])
    assert texts(events) == ["The last before it", "The first after it"]


def test_who_missed_more_than_is_kept_is_told_how_much(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "CHANGES_KEPT", 2)
    monkeypatch.setattr(transactions, "DROP_CHANGES_EVERY", 1)
    with live.follow() as stream:
        live.send("The first")
        seen = stream.take(3)
    for n in range(5):
        live.send(f"Number {n}")
    with live.follow(last_event_id=seen[-1].id) as stream:
        gap, *events = stream.take(7)
    assert (gap.kind, gap.data) == ("gap", {"missed": 3, "detail": PRUNED})
    assert texts(events) == ["Number 3", "Number 4"]
    with live.follow(last_event_id=gap.id) as stream:
        assert contents(stream.take(6)) == contents(events)


# Readers ----------------------------------------------------------------------------------------------------------


def test_silence_is_broken_by_comments(live: Live) -> None:
    live.app.hub.heartbeat_s = 0.01
    with live.follow() as stream:
        blocks = stream.blocks()
        assert [next(blocks) for _ in range(3)] == [
            [": here is what happens in this workspace"],
            [": nothing new"],
            [": nothing new"],
        ]


def test_nobody_may_keep_or_hold_back_the_stream(live: Live) -> None:
    with live.follow() as stream:
        names = ("content-type", "cache-control", "x-accel-buffering")
        assert [stream.answer.headers[name] for name in names] == ["text/event-stream", "no-store", "no"]
    head = live.http.head("/events")
    assert (head.status_code, head.headers["content-type"], head.content) == (200, "text/event-stream", b"")


def test_a_page_of_another_site_may_not_follow(live: Live) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}):
        for path in ("/events", "/messages/wait"):
            assert live.http.get(path, headers=headers).status_code == 403


def connect(live: Live, path: str) -> socket.socket:
    """Asks, and reads no more than the beginning of the answer."""
    connection = socket.socket()
    connection.settimeout(FAILSAFE_S)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", live.port))
    connection.sendall(f"GET {DEFAULT}{path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    assert connection.recv(15, socket.MSG_PEEK) == b"HTTP/1.1 200 OK"
    return connection


@pytest.mark.sqlite
def test_readers_that_stop_reading_harm_nobody(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "CHANGES_KEPT", 20)
    monkeypatch.setattr(transactions, "DROP_CHANGES_EVERY", 1)
    stalled = [connect(live, "/events") for _ in range(5)]
    text = "€" * 10_000
    with live.follow() as stream:
        for n in range(100):  # 9 MB, which no connection holds
            live.send(f"{n} {text}")
            assert texts(stream.take(3)) == [f"{n} {text}"]
    received = b""
    while b"event: gap" not in received:
        piece = stalled[0].recv(1 << 16)
        assert piece
        received = received[-20:] + piece
    for connection in stalled:
        connection.close()


def test_a_page_of_long_texts_has_few_of_them(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """And whoever reads on is told the same as who stayed, from a place where no page of theirs had begun."""
    with live.follow() as stream:
        first = stream.answer.headers["last-event-id"]
        for n in range(4):
            live.send(f"Number {n}")
        stayed = stream.take(12)
    pages: list[int] = []
    frames = EventWriter._frames

    def noted(writer: EventWriter, tx: Tx, events: Sequence[WorkspaceEvent]) -> list[bytes]:
        pages.append(len(events))
        return frames(writer, tx, events)

    monkeypatch.setattr(EventWriter, "_frames", noted)
    monkeypatch.setattr("sandbox.server.events.frames.MOST_TEXT", 10)
    monkeypatch.setattr("sandbox.server.events.frames.SMALL_PAGE_SIZE", 1)
    with live.follow(last_event_id=first) as stream:
        assert contents(stream.take(len(stayed))) == contents(stayed)
    assert max(pages) == len(SENT_AT_ONCE), "those of one message"


def test_readers_of_one_workspace_see_nothing_of_another(
    serve: Callable[..., Live], open_driver: Callable[..., Driver], neighbour_world: str, tmp_path: Path
) -> None:
    database = str(tmp_path / "two.db")
    open_driver(database=database).neighbour(neighbour_world)
    live = serve(database=database)
    theirs = f"{live.url}/_sandbox/workspaces/neighbour"
    with live.follow() as stream:
        body = {"console": httpx.get(theirs).json()["consoles"][0]["code"], "to": PHONE, "text": "Theirs"}
        assert httpx.post(f"{theirs}/messages", json=body).status_code == 201
        live.send("Ours")
        assert texts(stream.take(1)) == ["Ours"]


def test_a_stream_ends_with_its_workspace(live: Live) -> None:
    made = httpx.post(f"{live.url}/_sandbox/workspaces", json={"name": "short-lived"}).json()
    path = f"{live.url}/_sandbox/workspaces/short-lived"
    sent = {"console": made["consoles"][0]["code"], "to": PHONE, "text": "The last"}
    with Stream(path, "/events", {}) as stream:
        assert httpx.post(f"{path}/messages", json=sent).status_code == 201
        last = stream.take(1)[-1]
        assert httpx.delete(path).status_code == 204
        assert {event.kind for event in stream} <= {"status"}
    assert httpx.post(f"{live.url}/_sandbox/workspaces", json={"name": "short-lived"}).status_code == 201
    with Stream(path, "/events", {"Last-Event-ID": last.id}) as stream:
        assert kinds(stream.take(1)) == [("gap", None)]


def test_a_workspace_that_nobody_is_interested_in_is_not_watched(live: Live) -> None:
    live.http.get("/messages/wait?timeout=0")
    assert live.app.hub.watched == {}
    with live.follow("limit=1") as stream:
        while not live.waiters:
            live.http.get("/clock")
        assert list(live.app.hub.watched) == [1]
        live.send()
        assert len(list(stream)) == 1
    live.send()
    live.http.get("/messages/wait?timeout=0.01&text=never")
    assert live.app.hub.watched == {}


def test_a_busy_workspace_is_looked_at_once_for_all_who_follow_the_same(live: Live) -> None:
    with ExitStack() as stack:
        streams = [stack.enter_context(live.follow("text=end")) for _ in range(20)]
        while live.waiters < len(streams):
            live.http.get("/clock")
        before = live.app.hub.queries
        live.send("The end")
        assert [kinds(stream.take(3)) for stream in streams] == [SENT_AT_ONCE] * len(streams)
        assert live.app.hub.queries - before <= 5
