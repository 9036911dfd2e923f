"""The journal: every vendor exchange, what decided it, and never a secret."""

import asyncio
import gc
import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

import pytest
import yaml
from conftest import WORLDS
from driver import ACTION_NAMES, CONSOLE, DEMO, DIALOGTECH, KEYS, PHONE, SIMPLEPAY, STRANGER, WRITEBACK, Driver
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from masks import exchange_id
from query_plans import plan
from spaces import create
from sqlalchemy import func, select

from sandbox.clock import DAY
from sandbox.server.journal.batch import write_batch
from sandbox.server.journal.control_calls import ControlCall
from sandbox.server.journal.entry import KEPT, LONGEST_BODY, LONGEST_HEADER
from sandbox.server.journal.journal import BATCH_SIZE
from sandbox.server.journal.queries import IN_WORKSPACE, JournalFilters
from sandbox.store import Query, StoreUnavailable, Tx
from sandbox.store.tables import JOURNAL, JournalEntryRow, WorkspaceRow
from sandbox.vendors import VENDORS
from sandbox.vendors.base.exchange import VendorExchange
from sandbox.vendors.writeback import api as writeback
from sandbox.world.workspaces import find
from sandbox.world.workspaces.remove import mark_gone

pytestmark = pytest.mark.usefixtures("untimed")

SERVER_JOURNAL = "/_sandbox/journal"
OpenDriver = Callable[..., Driver]
READ = [
    *("WB-auth", "WB-method", "WB-utc", "WB-range", "WB-window", "WB-envelope", "WB-record", "WB-outgoing", "WB-date"),
    *("WB-ids", "WB-phone", "WB-name", "WB-person", "WB-carrier"),
    *("WB-delivered", "WB-type", "WB-recipient", "WB-sender", "WB-context"),
]


def entries(sandbox: Driver, **filters: Any) -> list[Any]:
    """The default workspace's journal."""
    answer = sandbox.call("GET", "/_sandbox/workspaces/default/journal", params=filters)
    assert answer.status_code == 200, answer.text
    items: list[Any] = answer.json()["items"]
    return items


def ids(sandbox: Driver, **filters: Any) -> list[str]:
    return [entry["id"] for entry in entries(sandbox, **filters)]


def reads(sandbox: Driver, count: int) -> list[str]:
    """The ids of so many exchanges."""
    return [exchange_id(sandbox.writeback()) for _ in range(count)]


def flush(sandbox: Driver) -> None:
    """As before anything of the journal is read."""
    sandbox.run(sandbox.app.journal.flush())


def of_server(sandbox: Driver) -> list[Any]:
    """The entries that belong to no workspace."""
    items: list[Any] = sandbox.call("GET", SERVER_JOURNAL).json()["items"]
    return items


def plain(entry: dict[str, Any]) -> dict[str, Any]:
    """The same without how long it took, and without headers."""
    assert isinstance(entry.pop("ms"), int)
    for side in ("request", "response"):
        del entry[side]["headers"]
    return entry


def post(sandbox: Driver, body: bytes, kind: str = "application/x-www-form-urlencoded") -> None:
    """A submit of these bytes."""
    sandbox.call("POST", f"{SIMPLEPAY}/submit/{CONSOLE}", auth=DEMO, content=body, headers={"Content-Type": kind})


# What an entry tells ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("+1 415-555-0123", ["second"]),
        ("4155550123", ["second"]),
        ("16155550110", ["first", "second"]),
        ("LAB results", ["first"]),
        ("\u00c9t\u00e9", ["second"]),
        ("0", ["first", "second"]),
        ("hook", []),
        ("demo", []),
    ],
    ids=[
        "a number",
        "part of a number",
        "the sender",
        "any case",
        "beyond ASCII",
        "a digit",
        "a callback",
        "credentials",
    ],
)
def test_exchanges_are_searched_by_numbers_and_text_and_not_by_what_else_was_sent(
    sandbox: Driver, search: str, found: list[str]
) -> None:
    names = {
        exchange_id(sandbox.submit(text="Lab results", callback="http://127.0.0.1:9/hook")): "first",
        exchange_id(sandbox.submit(STRANGER, "\u00c9t\u00e9 at noon")): "second",
    }
    answer = sandbox.call("GET", "/_sandbox/workspaces/default/journal", params={"search": search})
    assert [names[each["id"]] for each in answer.json()["items"]] == found


def test_exchanges_are_searched_by_their_ids_and_their_messages(sandbox: Driver) -> None:
    answer = sandbox.submit()
    sandbox.submit(STRANGER)
    (message,) = sandbox.control("GET", "/messages?to=" + PHONE)["items"]
    for searched in (exchange_id(answer), answer.json()["sid"], message["id"]):
        found = sandbox.control("GET", f"/journal?search={searched}")["items"]
        assert [each["id"] for each in found] == [exchange_id(answer)]
    refused = sandbox.submit(auth=("demo", "wrong"))
    found = sandbox.call("GET", f"{SERVER_JOURNAL}?search={exchange_id(refused)}").json()["items"]
    assert [each["id"] for each in found] == [exchange_id(refused)]


def test_an_accepted_exchange_is_told_whole(sandbox: Driver) -> None:
    answer = sandbox.submit()
    sandbox.wall.advance(1)
    (entry,) = entries(sandbox)
    form = "To=16295550101&From=16155550110&Body=Your+results+are+in."
    assert entry["request"]["headers"][-3:] == [
        ["content-length", str(len(form))],
        ["content-type", "application/x-www-form-urlencoded"],
        ["authorization", "Basic [redacted]"],
    ]
    assert entry["response"]["headers"] == [
        ["content-length", str(len(answer.content))],
        ["content-type", "application/json"],
        ["x-content-type-options", "nosniff"],
        ["x-sandbox-exchange", exchange_id(answer)],
    ]
    assert plain(entry) == {
        "id": exchange_id(answer),
        "at": "2026-05-06T09:00:00.000Z",
        "wall": "2026-05-06T09:00:00.000Z",
        "operation": "simplepay.submit",
        "method": "POST",
        "path": "/dialoghealth-simplepay-api/submit/HARBOR1001",
        "query": "",
        "to": "16295550101",
        "request": {"body": form, "encoding": "utf-8", "size": len(form), "truncated": False},
        "response": {"body": answer.text, "encoding": "utf-8", "size": len(answer.content), "truncated": False},
        "status": 200,
        "outcome": "accepted",
        "rules": ["SP-auth", "SP-params", "SP-from", "SP-submit", "SP-sid", "SP-dates", "SP-uri", "SP-optin"],
        "findings": [],
        "fault": None,
        "messages": ["msg_00000001"],
    }


def test_a_path_and_a_query_are_told_as_they_were_sent(sandbox: Driver) -> None:
    path = f"{WRITEBACK}/{CONSOLE}/2026-05-06%2000:00:00/2026-05-06%2009%3A00:00"
    sandbox.call("GET", f"{path}?x=%41+b".encode(), auth=DEMO)
    (entry,) = entries(sandbox)
    assert entry["path"] == path
    assert entry["query"] == "x=%41+b"


def test_a_refused_exchange_names_the_rule_that_refused_it(sandbox: Driver) -> None:
    answer = sandbox.submit(to="4155550123")
    (entry,) = entries(sandbox)
    assert (entry["status"], entry["outcome"], entry["rules"]) == (400, "refused", ["SP-msisdn"])
    assert entry["response"]["body"] == answer.text
    assert entry["messages"] == []


def test_what_dialogtech_refuses_with_200_is_refused(sandbox: Driver) -> None:
    sandbox.get_messages(start_date="2026-05-06")
    (entry,) = entries(sandbox)
    assert (entry["status"], entry["outcome"], entry["rules"]) == (200, "refused", ["DT-dates"])


def test_the_rules_of_each_answer_are_those_that_decided_it(sandbox: Driver) -> None:
    sid = sandbox.sid(callback="http://127.0.0.1:1/status")
    sandbox.send(tracking_number="6155550100")
    sandbox.details(sid)
    sandbox.details("nothing")
    sandbox.details(sid, console="ABCDEF0000")
    sandbox.optout(PHONE)
    sandbox.optout(PHONE, console="ABCDEF0000")
    sandbox.writeback()
    sandbox.writeback(start="2020-01-01 00:00:00", end="2020-01-02 00:00:00")
    sandbox.get_messages()
    sandbox.get_messages("20200101", "20200101", number="6155550100")
    submitted = ["SP-auth", "SP-params", "SP-from", "SP-submit", "SP-sid", "SP-dates", "SP-uri", "SP-optin"]
    read = ["DT-endpoint", "DT-auth", "DT-action", "DT-dates", "DT-envelope", "DT-type"]
    assert [entry["rules"] for entry in entries(sandbox)] == [
        [*submitted, "SP-callback", "SP-statuscallback"],
        ["SP-auth", "SP-details", "SP-status"],
        ["SP-auth", "SP-details-unknown"],
        ["SP-auth", "SP-console", "SP-details-unknown"],
        ["SP-auth", "SP-optout"],
        ["SP-auth", "SP-console", "SP-optout"],
        READ,
        READ[:6],
        [*read, "DT-message", "DT-wellformed"],
        [*read, "DT-number"],
    ]


def test_every_rule_that_an_entry_names_is_listed(sandbox: Driver) -> None:
    test_the_rules_of_each_answer_are_those_that_decided_it(sandbox)
    listed = {rule["id"] for rule in sandbox.call("GET", "/_sandbox/rules").json()["items"]}
    assert {rule for entry in entries(sandbox) for rule in entry["rules"]} <= listed


def test_an_entry_names_the_messages_that_it_showed(sandbox: Driver) -> None:
    sid = sandbox.sid()
    sandbox.send("Hello", tracking_number="6155550100")
    sandbox.send("Once more")
    sandbox.writeback()
    sandbox.get_messages()
    sandbox.details(sid)
    assert [entry["messages"] for entry in entries(sandbox)] == [
        ["msg_00000001"],
        ["msg_00000001", "msg_00000003"],
        ["msg_00000002"],
        ["msg_00000001"],
    ]


def test_times_are_the_workspaces_and_walls(sandbox: Driver) -> None:
    sandbox.control("POST", "/clock", {"action": "freeze", "at": "2027-01-01T00:00:00Z"})
    sandbox.wall.advance(60)
    sandbox.writeback()
    (entry,) = entries(sandbox)
    assert (entry["at"], entry["wall"]) == ("2027-01-01T00:00:00.000Z", "2026-05-06T09:01:00.000Z")


def test_a_body_that_is_not_utf_8_is_told_with_its_odd_bytes_escaped(sandbox: Driver) -> None:
    post(sandbox, b"To=\xff\\")
    (entry,) = entries(sandbox)
    assert plain(entry)["request"] == {"body": "To=\\xff\\\\", "encoding": "escaped", "size": 5, "truncated": False}


def test_a_long_body_is_cut_between_two_characters(sandbox: Driver) -> None:
    body = ("Body=" + "é" * LONGEST_BODY).encode()
    post(sandbox, body)
    (entry,) = entries(sandbox)
    shown = plain(entry)["request"]
    assert shown.pop("body") == body[: LONGEST_BODY - 1].decode()
    assert shown == {"encoding": "utf-8", "size": len(body), "truncated": True}


def test_the_answer_to_a_head_has_no_body(sandbox: Driver) -> None:
    sandbox.writeback(method="HEAD")
    (entry,) = entries(sandbox)
    assert plain(entry)["response"] == {"body": "", "encoding": "utf-8", "size": 0, "truncated": False}


def test_a_streamed_answer_is_told_like_any_other(sandbox: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writeback, "MOST_IN_ONE_PIECE", 0)
    sandbox.sid()
    answer = sandbox.writeback()
    entry = entries(sandbox)[-1]
    assert (entry["response"]["body"], entry["response"]["size"]) == (answer.text, len(answer.content))
    assert (entry["rules"], entry["messages"]) == (READ, ["msg_00000001"])


def test_of_a_long_stream_only_the_beginning_is_kept(sandbox: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writeback, "MOST_IN_ONE_PIECE", 0)
    monkeypatch.setattr(writeback, "CHUNK", 1)
    for _ in range(50):
        sandbox.submit(text="x" * 3_000)
    answer = sandbox.writeback()
    response = entries(sandbox)[-1]["response"]
    assert response["body"] == answer.text[:LONGEST_BODY]
    assert (response["size"], response["truncated"]) == (len(answer.content), True)


def test_a_caller_that_hangs_up_in_a_stream_leaves_an_entry(sandbox: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writeback, "MOST_IN_ONE_PIECE", 0)
    sandbox.sid()
    path = f"{WRITEBACK}/{CONSOLE}/2026-05-06%2000:00:00/2026-05-06%2023:59:59"
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path.replace("%20", " "),
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"authorization", b"Basic " + b64encode(b"demo:demo"))],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            raise OSError

    async def ask() -> None:
        with suppress(Exception):
            await sandbox.app(scope, receive, send)

    asyncio.run(ask())
    entry = entries(sandbox)[-1]
    assert (entry["operation"], entry["status"]) == ("writeback.responses", 200)
    assert (entry["response"]["size"], entry["response"]["truncated"]) == (None, True)


# Whose journal it is ----------------------------------------------------------------------------------------------


def test_exchanges_of_nobody_are_in_the_servers_journal(sandbox: Driver) -> None:
    answers = [
        sandbox.writeback(auth=("demo", "wrong")),
        sandbox.call("GET", f"{SIMPLEPAY}/nowhere"),
        sandbox.call("PATCH", f"{SIMPLEPAY}/submit/{CONSOLE}"),
    ]
    first, second, third = map(exchange_id, answers)
    names = ("id", "operation", "status", "outcome", "rules")
    assert [tuple(entry[name] for name in names) for entry in of_server(sandbox)] == [
        (first, "writeback.responses", 401, "refused", ["WB-auth"]),
        (second, None, 404, "refused", ["SP-other"]),
        (third, "simplepay.submit", 405, "refused", ["SP-other"]),
    ]
    assert entries(sandbox) == []
    assert sandbox.call("GET", f"{SERVER_JOURNAL}/{second}").json() == of_server(sandbox)[1]
    assert sandbox.call("DELETE", SERVER_JOURNAL).json() == {"deleted": 3}
    assert of_server(sandbox) == []


def test_a_workspace_does_not_see_the_exchanges_of_another(sandbox: Driver, neighbour_world: str) -> None:
    auth, keys = sandbox.neighbour(neighbour_world)
    sandbox.writeback(auth=auth)
    sandbox.get_messages(**keys)
    assert reads(sandbox, 1) == ids(sandbox)
    answer = sandbox.call("GET", "/_sandbox/workspaces/neighbour/journal").json()
    assert [entry["operation"] for entry in answer["items"]] == ["writeback.responses", "dialogtech.sms.get_messages"]
    assert sandbox.control("DELETE", "/journal") == {"deleted": 1}
    assert len(sandbox.call("GET", "/_sandbox/workspaces/neighbour/journal").json()["items"]) == 2


def test_an_entry_is_found_by_the_id_that_its_answer_named(sandbox: Driver) -> None:
    for answer in (sandbox.submit(), sandbox.writeback(), sandbox.submit(to="x")):
        found = sandbox.control("GET", f"/journal/{answer.headers['x-sandbox-exchange']}")
        assert found["response"]["body"] == answer.text


@pytest.mark.parametrize("exchange", ["nobody's", "ex_1", "1", "ex_", "ex_01x", f"ex_{'0' * 32}", "ex_" + "9" * 99])
def test_an_unknown_entry_is_404(sandbox: Driver, exchange: str) -> None:
    sandbox.submit()
    of_nobody = exchange_id(sandbox.writeback(auth=None))
    exchange = of_nobody if exchange == "nobody's" else exchange
    answer = sandbox.call("GET", f"/_sandbox/workspaces/default/journal/{exchange}")
    assert answer.status_code == 404
    assert answer.json() == {
        "type": "urn:dialog-sandbox:unknown-exchange",
        "title": "Unknown exchange",
        "status": 404,
        "detail": "No exchange of this journal has that id: list them with GET journal.",
    }


# Looking through it -----------------------------------------------------------------------------------------------


def test_filters_keep_what_is_asked_for(sandbox: Driver) -> None:
    accepted = sandbox.submit()
    sid = accepted.json()["sid"]
    sandbox.wall.advance(60)
    refused = sandbox.submit(to="x")
    sandbox.wall.advance(60)
    details = sandbox.call("GET", f"{SIMPLEPAY}/messages/{CONSOLE}/{sid}", auth=DEMO)
    read = sandbox.writeback(end="2026-05-06")
    first, second, third, fourth = map(exchange_id, (accepted, refused, details, read))
    assert ids(sandbox, operation="simplepay.submit") == [first, second]
    assert ids(sandbox, outcome="refused") == [second, fourth]
    assert ids(sandbox, outcome="accepted", operation="simplepay.messages") == [third]
    assert ids(sandbox, status=400) == [second, fourth]
    assert ids(sandbox, message="msg_00000001") == ids(sandbox, message=sid) == [first, third]
    assert ids(sandbox, since="2026-05-06T09:01:00Z") == [second, third, fourth]
    assert ids(sandbox, until="2026-05-06T09:01:00Z") == [first, second]
    assert ids(sandbox, order="newest") == [fourth, third, second, first]


def test_a_message_number_is_not_taken_for_a_longer_one(sandbox: Driver) -> None:
    first, *_ = (exchange_id(sandbox.submit()) for _ in range(11))
    assert ids(sandbox, message="msg_00000001") == [first]


@pytest.mark.parametrize("order", ["oldest", "newest"])
def test_pages_follow_each_other(sandbox: Driver, order: str) -> None:
    given = reads(sandbox, 5)
    found, after = [], None
    while True:
        page = sandbox.call(
            "GET",
            "/_sandbox/workspaces/default/journal",
            params={"limit": 2, "order": order, **({"after": after} if after else {})},
        ).json()
        found += [entry["id"] for entry in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert found == (given if order == "oldest" else given[::-1])


def test_a_page_after_one_that_is_gone_begins_with_the_oldest(sandbox: Driver) -> None:
    gone = exchange_id(sandbox.writeback())
    sandbox.control("DELETE", "/journal")
    given = reads(sandbox, 2)
    assert ids(sandbox, after=gone) == given
    assert ids(sandbox, after=gone, order="newest") == []
    assert ids(sandbox, after=given[0]) == given[1:]


@pytest.mark.parametrize("filter_query", ["operation=x", "outcome=x", "status=99", "after=msg_1", "findings=x", "x=1"])
def test_a_filter_that_is_not_one_is_refused(sandbox: Driver, filter_query: str) -> None:
    answer = sandbox.call("GET", f"/_sandbox/workspaces/default/journal?{filter_query}")
    assert (answer.status_code, answer.json()["title"]) == (422, "Invalid request")


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        (JournalFilters(), "sqlite_autoindex_journal_1"),
        (JournalFilters(operation="x"), "ix_journal_operation"),
        (JournalFilters(operation="x", status=200, since=1), "ix_journal_operation"),
    ],
)
@pytest.mark.sqlite
def test_a_query_is_served_by_an_index(sandbox: Driver, filters: JournalFilters, index: str) -> None:
    for order in (JOURNAL.c.position, JOURNAL.c.position.desc()):
        statement = select(JOURNAL).where(IN_WORKSPACE, *filters.conditions()).order_by(order).limit(10)
        (step,) = plan(sandbox.app.store, Query(JournalEntryRow, statement))
        assert step.startswith(f"SEARCH journal USING INDEX {index} (")


# How long it is kept ----------------------------------------------------------------------------------------------


def test_a_journal_is_emptied(sandbox: Driver) -> None:
    sandbox.submit()
    assert sandbox.control("DELETE", "/journal") == {"deleted": 1}
    assert entries(sandbox) == []
    assert reads(sandbox, 1) == ids(sandbox)


def test_the_oldest_go_when_there_are_too_many(open_driver: OpenDriver) -> None:
    sandbox = open_driver(journal_limit=3)
    assert reads(sandbox, 5)[2:] == ids(sandbox)


def test_a_few_more_are_kept_until_there_are_enough_to_drop(open_driver: OpenDriver) -> None:
    sandbox = open_driver(journal_limit=32)
    given = reads(sandbox, 34)
    assert ids(sandbox) == given
    given += reads(sandbox, 1)
    assert ids(sandbox) == given[-32:]


def test_those_that_are_too_old_go(open_driver: OpenDriver) -> None:
    sandbox = open_driver(journal_days=2)
    first = exchange_id(sandbox.writeback())
    sandbox.writeback(auth=None)
    sandbox.wall.advance(1.5 * DAY / 1000)
    second = exchange_id(sandbox.writeback())
    assert ids(sandbox) == [first, second]
    sandbox.wall.advance(1 * DAY / 1000)
    third = exchange_id(sandbox.writeback())
    assert ids(sandbox) == [second, third]
    assert of_server(sandbox) == []


def test_entries_outlive_the_process(open_driver: OpenDriver, tmp_path: Path) -> None:
    sandbox = open_driver(database=str(tmp_path / "sandbox.db"))
    first = exchange_id(sandbox.submit())
    sandbox.restart()
    second = exchange_id(sandbox.writeback())
    assert ids(sandbox) == [first, second]


@pytest.mark.parametrize(("count", "seconds"), [(BATCH_SIZE, 3600), (1, 0)])
@pytest.mark.inline
def test_entries_are_written_without_anybody_reading_them(
    sandbox: Driver, monkeypatch: pytest.MonkeyPatch, count: int, seconds: int
) -> None:
    monkeypatch.setattr("sandbox.server.journal.journal.WRITE_AFTER_S", seconds)
    reads(sandbox, count)
    sandbox.call("GET", "/_sandbox/health/live")
    rows = Query(int, select(func.count()).select_from(JOURNAL))
    assert sandbox.app.store.read_now(lambda tx: tx.one(rows)) == count


def test_what_was_asked_before_a_reset_does_not_come_back(sandbox: Driver) -> None:
    flush(sandbox)
    sandbox.writeback()
    sandbox.control("POST", "/reset")
    assert reads(sandbox, 1) == ids(sandbox)


def test_what_was_asked_of_a_workspace_that_is_gone_is_dropped(sandbox: Driver) -> None:
    workspace = create(sandbox, fixture=sandbox.control("GET", "")["fixture"])
    auth = (workspace["basic"]["username"], workspace["basic"]["password"])
    first = exchange_id(sandbox.writeback())
    sandbox.writeback(auth=auth)
    last = exchange_id(sandbox.writeback())
    assert sandbox.call("DELETE", f"/_sandbox/workspaces/{workspace['id']}").is_success
    assert ids(sandbox) == [first, last]
    assert of_server(sandbox) == []


def test_of_a_workspace_that_is_gone_but_not_swept_nothing_is_written(sandbox: Driver) -> None:
    """It would be tried for half a minute on PostgreSQL, where nobody can enter it any more."""
    call = ControlCall(
        sandbox.app.store.read_now(lambda tx: find.find_workspace(tx, find.DEFAULT)).id,
        0,
        0,
        0,
        "PUT",
        "/clock",
        "",
        b"",
    )

    def work(tx: Tx) -> tuple[list[JournalEntryRow], int]:
        mark_gone(tx, call.workspace_id)
        written = write_batch(tx, [call], 10)
        row = tx.get(WorkspaceRow, call.workspace_id)
        assert row is not None
        return written, row.journal_position

    assert sandbox.app.store.write_now(work, patience_s=0) == ([], 0)


def test_a_journal_that_is_switched_off_stays_empty(open_driver: OpenDriver) -> None:
    sandbox = open_driver(journal=False)
    exchange = exchange_id(sandbox.submit())
    assert entries(sandbox) == []
    assert sandbox.call("GET", f"/_sandbox/workspaces/default/journal/{exchange}").status_code == 404


async def broken(*_: object) -> None:
    raise StoreUnavailable("locked")


@pytest.mark.sqlite
def test_a_store_that_fails_for_a_while_loses_no_entry(sandbox: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    given = reads(sandbox, 1)
    with monkeypatch.context() as outage:
        outage.setattr(sandbox.app.store, "write", broken)
        flush(sandbox)
        assert ids(sandbox) == []
    given += reads(sandbox, 1)
    assert ids(sandbox) == given


@pytest.mark.sqlite
def test_a_store_that_fails_is_not_asked_again_with_each_exchange(
    sandbox: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[object] = []

    async def failing(*arguments: object) -> None:
        tries.append(arguments)
        raise StoreUnavailable("locked")

    with monkeypatch.context() as outage:
        outage.setattr(sandbox.app.store, "write", failing)
        outage.setattr("sandbox.server.journal.journal.RETRY_S", 3600)
        given = reads(sandbox, BATCH_SIZE + 20)
    assert len(tries) == 1
    assert ids(sandbox, limit=1000) == given


@pytest.mark.sqlite
@pytest.mark.parametrize("limit", ["MOST_WAITING", "MOST_WAITING_BYTES"])
def test_of_what_waits_for_a_store_the_newest_are_kept(
    sandbox: Driver, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    answers = [sandbox.submit(text=f"{n}") for n in range(6)]
    size = sum(len(answer.request.content) + len(answer.content) for answer in answers[-3:])
    with monkeypatch.context() as outage:
        outage.setattr(sandbox.app.store, "write", broken)
        outage.setattr(f"sandbox.server.journal.journal.{limit}", 3 if limit == "MOST_WAITING" else size)
        flush(sandbox)
    assert ids(sandbox) == [exchange_id(answer) for answer in answers[-3:]]


def test_an_entry_whose_commit_was_not_told_is_there_once(sandbox: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    given, write = reads(sandbox, 2), sandbox.app.store.write

    async def silent(work: Any) -> None:
        await write(work)
        raise StoreUnavailable("the connection is gone")

    with monkeypatch.context() as outage:
        outage.setattr(sandbox.app.store, "write", silent)
        flush(sandbox)
    given += reads(sandbox, 1)
    assert ids(sandbox) == given


@pytest.mark.sqlite
def test_an_entry_that_cannot_be_made_yet_is_made_later(sandbox: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    def unavailable(*_: object) -> None:
        raise StoreUnavailable("locked")

    given = [exchange_id(sandbox.writeback()), exchange_id(sandbox.submit())]
    with monkeypatch.context() as outage:
        outage.setattr("sandbox.server.journal.batch._owner_of", unavailable)
        assert ids(sandbox) == []
    given += reads(sandbox, 1)
    assert ids(sandbox) == given


def test_an_entry_that_cannot_be_made_takes_no_other_with_it(
    sandbox: Driver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def defect(*_: object) -> None:
        raise ValueError("a defect of ours")

    given = reads(sandbox, 1)
    flush(sandbox)
    with monkeypatch.context() as defective:
        defective.setattr("sandbox.server.journal.batch.make_entry", defect)
        assert sandbox.submit().status_code == 200
        flush(sandbox)
    given += reads(sandbox, 1)
    assert ids(sandbox) == given
    assert caplog.messages == ["An exchange could not be written down."]


@pytest.fixture
def held(sandbox: Driver) -> Iterator[Callable[[], list[VendorExchange]]]:
    """The exchanges begun in the test that are in memory yet, while the collector of cycles comes by for nobody."""
    gc.collect()
    gc.disable()
    # Others are this process's, and are held: where one of them stood, no new one may stand.
    others = _in_memory()
    known = {id(each) for each in others}
    yield lambda: [each for each in _in_memory() if id(each) not in known]
    gc.enable()


def _in_memory() -> list[VendorExchange]:
    return [each for each in gc.get_objects() if isinstance(each, VendorExchange)]


@pytest.mark.inline
def test_an_exchange_is_gone_when_it_is_written_down(sandbox: Driver, held: Callable[[], list[VendorExchange]]) -> None:
    """Without the collector."""
    sandbox.writeback()
    sandbox.submit()
    sandbox.get_messages()
    flush(sandbox)
    assert held() == []


@pytest.mark.inline
@pytest.mark.parametrize("fault", ["nonsense", "timeout=400", "reset,close", "status=99", "status=503"])
def test_a_refused_exchange_can_be_collected(
    sandbox: Driver, held: Callable[[], list[VendorExchange]], fault: str
) -> None:
    """As it cannot be while an error of pydantic's, whose references the collector does not see, leads to it."""
    sandbox.writeback(headers={"X-Sandbox-Fault": fault})
    sandbox.submit(to="x")
    sandbox.writeback(auth=None)
    flush(sandbox)
    gc.collect()
    assert held() == []


def test_whoever_listens_gets_each_row_once(sandbox: Driver) -> None:
    heard: list[tuple[int, str]] = []
    sandbox.app.journal.listeners.append(lambda entry, workspace: heard.append((workspace, entry.outcome)))
    sandbox.writeback()
    sandbox.submit(to="x")
    sandbox.writeback(auth=None)
    entries(sandbox)
    assert heard == [(1, "accepted"), (1, "refused"), (0, "refused")]


def test_a_listener_that_fails_keeps_nothing_from_those_who_read(
    sandbox: Driver, caplog: pytest.LogCaptureFixture
) -> None:
    def defect(*_: object) -> None:
        raise ValueError("a defect of ours")

    sandbox.app.journal.listeners.append(defect)
    assert reads(sandbox, 1) == ids(sandbox)
    assert caplog.messages == ["A listener to the journal failed."]


# Secrets ----------------------------------------------------------------------------------------------------------

ANY_TEXT = st.characters(codec="utf-8", exclude_characters=":", exclude_categories=["Cc", "Cs"])
SECRETS = st.text(ANY_TEXT, min_size=8, max_size=30)
FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=b"


def whole_journal(sandbox: Driver) -> str:
    """The journals' answers, their own escapes taken away."""
    told = [entries(sandbox, limit=1000), sandbox.call("GET", SERVER_JOURNAL, params={"limit": 1000}).json()["items"]]
    return json.dumps(told, ensure_ascii=False)


def stored(sandbox: Driver) -> bytes:
    """The bytes of the database file and its log."""
    path = sandbox.app.store.path
    return b"".join(each.read_bytes() for each in path.parent.glob(path.name + "*"))


@settings(max_examples=25)
@given(secret=SECRETS, other=SECRETS)
def test_what_goes_by_a_secret_name_is_never_told_nor_stored(sandbox: Driver, secret: str, other: str) -> None:
    sandbox.call("DELETE", SERVER_JOURNAL)
    before = stored(sandbox)
    assume(secret.encode() not in before and other.encode() not in before)  # such as the name of a table
    token = b64encode(f"demo:{secret}".encode()).decode()
    headers = {
        "Authorization": f"Basic {token}",
        "Proxy-Authorization": token,
        "X-Api-Key": token,
        "Cookie": f"a=1; sid={quote(secret, safe='')}",
    }
    read = f"{WRITEBACK}/{CONSOLE}/2026-05-06%2000:00:00/x"
    sandbox.call(
        "GET", f"{read}?a=1&PassWord={quote(secret)}&api-key={quote(other, safe='')}".encode(), headers=headers
    )
    sandbox.call("GET", DIALOGTECH, params={"access_key": secret, "secret_access_key": other})
    sandbox.call("POST", DIALOGTECH, data={"access_key": secret, "secret_access_key": other})
    sandbox.call("POST", DIALOGTECH, files={"access_key": (None, secret), "secret_access_key": (None, other)})
    post(sandbox, json.dumps({"token": secret, "a": {"Password": other}}, ensure_ascii=False).encode(), "text/plain")
    post(sandbox, f"<a><password>{escape(secret)}</password><token>{escape(other)}</token></a>".encode(), "text/xml")
    told, raw = whole_journal(sandbox), stored(sandbox)
    for value in (secret, other, token):
        for way in {value, quote(value, safe=""), quote(value), escape(value), json.dumps(value)[1:-1]}:
            assert way not in told
            assert json.dumps(way, ensure_ascii=False)[1:-1] not in told
            assert way.encode() not in raw


def test_a_workspaces_own_secrets_are_never_told_wherever_they_are_sent(sandbox: Driver) -> None:
    token = b64encode(b"demo:demo").decode()
    for secret in (*KEYS.values(), token):
        sandbox.submit(text=f"the key is {secret}")
        sandbox.details(secret)
        sandbox.call("GET", f"{SIMPLEPAY}/messages/{CONSOLE}/x?{secret}", auth=DEMO, headers={"X-Other": f"a{secret}b"})
    sandbox.get_messages()
    flush(sandbox)
    rows = sandbox.app.store.read_now(lambda tx: tx.connection.execute(select(JOURNAL)).all())
    assert len(rows) == 10
    for secret in (*KEYS.values(), token):
        assert secret not in whole_journal(sandbox)
        assert not any(secret in str(row) for row in rows)
    assert [entry["path"] for entry in entries(sandbox, operation="simplepay.messages")[::2]] == [
        f"{SIMPLEPAY}/messages/{CONSOLE}/[redacted]"
    ] * 3


def test_a_short_password_is_not_taken_out_of_texts(sandbox: Driver) -> None:
    sandbox.submit(text="a demo of demo")
    (entry,) = entries(sandbox)
    assert entry["request"]["body"].endswith("Body=a+demo+of+demo")


@pytest.mark.parametrize("password", ["correct horse/bättery+x", '"], "a": ["', "a&b=c%20d;e", "<pw>&amp;</pw>"])
def test_a_password_of_any_characters_is_taken_out(open_driver: OpenDriver, tmp_path: Path, password: str) -> None:
    world = yaml.safe_load((WORLDS / "neighbour.yaml").read_text())
    world["credentials"] = {"username": "demo", "password": password}
    (tmp_path / "odd.yaml").write_text(yaml.safe_dump(world))
    sandbox, auth = open_driver(fixture=str(tmp_path / "odd.yaml")), ("demo", password)
    ways = [quote(password, safe=""), quote_plus(password), quote(password, safe="").lower()]
    for way in ways:
        headers = {"X-Other": f"it is {way}"}
        sandbox.call("GET", f"{SIMPLEPAY}/nowhere/{way}?x={way}".encode(), auth=auth, headers=headers)
    raw = {"data": {"To": PHONE, "Body": password}, "headers": {"X-Other": password.encode()}}
    sandbox.call("POST", f"{SIMPLEPAY}/submit/{CONSOLE}", auth=auth, **raw)
    *encoded, submit = entries(sandbox)
    assert len(encoded) == len(ways)
    for entry in encoded:
        assert (entry["path"], entry["query"]) == (f"{SIMPLEPAY}/nowhere/[redacted]", "x=[redacted]")
        assert ["x-other", "it is [redacted]"] in entry["request"]["headers"]
    assert submit["request"]["body"].endswith("Body=[redacted]")
    assert ["x-other", "[redacted]"] in submit["request"]["headers"]


def test_names_of_secrets_stay_and_other_values_are_left_alone(sandbox: Driver) -> None:
    sandbox.get_messages(number="6155550100")
    (entry,) = entries(sandbox)
    assert entry["query"] == (
        "action=sms.get_messages&access_key=[redacted]&secret_access_key=[redacted]"
        "&start_date=20260506&end_date=20260506&number=6155550100"
    )


def test_a_challenge_is_no_secret(sandbox: Driver) -> None:
    sandbox.writeback(auth=None)
    (entry,) = of_server(sandbox)
    assert ["www-authenticate", 'Basic realm="Dialog Health", charset="UTF-8"'] in entry["response"]["headers"]


def test_a_text_about_secrets_is_told(sandbox: Driver) -> None:
    text = "/token=5;pin=6, your password: x"
    sandbox.submit(text=text)
    (entry,) = entries(sandbox)
    assert json.loads(entry["response"]["body"])["body"] == text
    assert sandbox.control("POST", "/verify", {"expect": [{"operation": "simplepay.submit", "where": {"text": text}}]})


@pytest.mark.parametrize(
    ("kind", "body", "kept"),
    [
        ("application/json", '{"password": "hunter22", "a": 1}', '{"password": "[redacted]", "a": 1}'),
        ("application/json", '{"pin": 1234, "a": 1}', '{"pin": "[redacted]", "a": 1}'),
        ("application/json", '{"compass": "north", "tokens": 2}', '{"compass": "north", "tokens": 2}'),
        ("text/xml", "<a><api_key>hunter22</api_key><b>1</b></a>", "<a><api_key>[redacted]</api_key><b>1</b></a>"),
        ("text/plain", "password=hunter22&a=hunter22", "password=[redacted]&a=hunter22"),
        (FORM, "author=x&bypass=y&monkey=z", "author=x&bypass=y&monkey=z"),
        (FORM, "password=&pin=1", "password=&pin=[redacted]"),
    ],
)
def test_bodies_of_other_kinds_are_gone_through_too(sandbox: Driver, kind: str, body: str, kept: str) -> None:
    post(sandbox, body.encode(), kind)
    assert entries(sandbox)[0]["request"]["body"] == kept


def test_a_secret_that_lies_where_a_body_is_cut_is_taken_out_too(sandbox: Driver) -> None:
    secret = KEYS["secret_access_key"]
    text = "x" * (LONGEST_BODY - len("Body=") - 4) + secret
    sandbox.call("POST", f"{SIMPLEPAY}/submit/{CONSOLE}", auth=DEMO, data={"Body": text})
    body = entries(sandbox)[0]["request"]["body"]
    assert body.endswith("x[red")


@pytest.mark.parametrize("of_it", [1, 7, 14])
def test_a_secret_that_lies_where_what_is_looked_through_ends_is_taken_out_too(sandbox: Driver, of_it: int) -> None:
    """However much shorter the text became before it."""
    secret = KEYS["secret_access_key"]
    text = f"token={'x' * 10_000}&Body="
    text += "y" * (KEPT - len(text) - of_it) + secret + "z" * 9_000
    sandbox.call("POST", f"{SIMPLEPAY}/submit/{CONSOLE}", auth=DEMO, content=text, headers={"content-type": FORM})
    request = entries(sandbox)[0]["request"]
    assert request["truncated"] is True
    kept = LONGEST_BODY - len("token=&Body=") - 10_000
    assert request["body"] == f"token=[redacted]&Body={'y' * kept}"


@pytest.mark.parametrize("of_it", [0, 3, 7])
def test_a_secret_that_lies_where_a_finding_is_cut_is_taken_out_too(sandbox: Driver, of_it: int) -> None:
    secret = KEYS["secret_access_key"]
    before = "y" * (200 - len("To '") - of_it)
    sandbox.submit(to=f"{before}{secret}!")
    (finding,) = entries(sandbox)[0]["findings"]
    clean = f"To '{before}[redacted]"[:200]
    assert finding["seen"] == f"{clean}..."
    sandbox.submit(to="token=" + "x" * 5000 + "&" + "y" * 9_000)
    assert entries(sandbox)[1]["findings"][0]["seen"] == "To 'token=[redacted]..."


def test_every_operation_has_its_name_in_the_journal(sandbox: Driver) -> None:
    sid = sandbox.sid()
    sandbox.writeback(method="PUT")
    sandbox.optout(STRANGER)
    sandbox.details(sid)
    for action in ACTION_NAMES.split(" or "):
        sandbox.get_messages(action=action)
    assert {entry["operation"] for entry in entries(sandbox)} == {
        operation for vendor in VENDORS for operation in vendor.operations
    }


FOREIGN = "hunter22secretX"
"""A secret that is nobody's here."""


def part(head: str) -> str:
    return f"--b\r\nContent-Disposition: form-data; {head}\r\n\r\n{FOREIGN}\r\n--b--\r\n"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (PARTS, part("name=secret_access_key")),
        (PARTS, part('name="token"; filename="x"\r\nContent-Type: text/plain')),
        (PARTS, part('name="password"').replace("\r\n", "\n")),
        ("multipart/form-data; boundary=c", f"a=1&password={FOREIGN}"),
        ("application/json", f'\ufeff{{"password": "{FOREIGN}"}}'),
        ("application/json", f'{{"a": {{"password": "{FOREIGN}"}}}}'),
        ("application/json", f'{{"a": [1, {{"password": "{FOREIGN}'),
        ("text/xml", f'<a><password kind="x">{FOREIGN}'),
        (FORM, f"a=1;secret_access_key={FOREIGN}"),
        (FORM, f"a=1;secret_access_key=x;y{FOREIGN}&b=2"),
        (FORM, f"a=http://x/;pw={FOREIGN}"),
        (FORM, f"a=http://x/?pw={FOREIGN}"),
        (FORM, f"a=1\nsecret_access_key={FOREIGN}"),
        ("text/plain", f"username=U&pw={FOREIGN}"),
        ("text/plain", f"Hello\nX-Key: {FOREIGN}\n"),
        ("text/plain", f"see https://ann:{FOREIGN}@host/"),
        ("application/json", f'{{"aws:SecretKey": ["a", ["{FOREIGN}"]]}}'),
        ("application/json", f'{{"text": "{{\\"apiKey\\": \\"{FOREIGN}\\"}}"}}'),
        ("text/xml", f"<a><ns:token><![CDATA[{FOREIGN}]]></ns:token></a>"),
        ("text/xml", f"<a userPin='{FOREIGN}'/>"),
        (FORM, f"user%5Bpin%5D={FOREIGN}"),
        (FORM, f"StatusCallback=https%3A%2F%2Fann%3A{FOREIGN}%40host%2F&To=1"),
        (FORM, f"StatusCallback=https%3A%2F%2Fhost%2F%3Fmy_jwt%3D{FOREIGN}%26b%3D1&To=1"),
        (FORM, f"StatusCallback=https%3A%2F%2Fhost%2F%23sig%3D{FOREIGN}&To=1"),
        (FORM, f"x-amz-security-token={FOREIGN}"),
    ],
)
def test_a_secret_in_a_body_is_found_by_its_name(sandbox: Driver, kind: str, body: str) -> None:
    post(sandbox, body.encode(), kind)
    told = whole_journal(sandbox)
    assert FOREIGN not in told
    assert "[redacted]" in entries(sandbox)[0]["request"]["body"]


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        (f"?a=1;secret_access_key={FOREIGN}", {}),
        (f"?access_key=a;secret_access_key={FOREIGN}", {}),
        (f"?username=U&pw={FOREIGN}", {}),
        (f"/access_key=a/secret_access_key={FOREIGN}", {}),
        (f"/;secret_access_key={FOREIGN}", {}),
        ("", {"X-Original-URL": f"/ibp_api.php?access_key=a&secret_access_key={FOREIGN}"}),
        ("", {"X-Original-URL": f"/ibp_api.php?pin={FOREIGN}"}),
        ("", {"X-Custom": f"password={FOREIGN}"}),
        ("", {"Authorization": f"{FOREIGN} x"}),
        ("", {"X-Secret-Access-Key": FOREIGN}),
        ("", {"Access-Token": FOREIGN}),
        ("", {"X-Amz-Security-Token": FOREIGN}),
        ("", {"X-User-Session": FOREIGN}),
        ("", {"X-Hub-Signature-256": FOREIGN}),
        ("", {"Referer": f"https://ann:{FOREIGN}@host/"}),
        ("", {"Referer": f"https://host/a#otp={FOREIGN}"}),
        (f"?aws:SecretKey={FOREIGN}", {}),
        (f"?my-sig={FOREIGN}&a=1", {}),
        (f"?p%61ssword={FOREIGN}", {}),
        (f"/;JSESSIONID={FOREIGN}?a=1", {}),
        (f"?next=http%3A%2F%2Fhost%2F%3Bpin%3D{FOREIGN}", {}),
    ],
)
def test_a_secret_in_a_target_or_a_header_is_found(sandbox: Driver, target: str, headers: dict[str, str]) -> None:
    sandbox.call("GET", f"{DIALOGTECH}{target}".encode(), headers=headers)
    assert len(of_server(sandbox)) == 1
    assert FOREIGN not in whole_journal(sandbox)


def test_other_pairs_stay_as_they_are(sandbox: Driver) -> None:
    post(sandbox, b"a=1;b=2&Body=x;y", FORM)
    headers = {"X-Custom": "a=1, b=2"}
    sandbox.call("GET", f"{WRITEBACK}/{CONSOLE};a=1;token=x".encode(), auth=DEMO, headers=headers)
    form, got = entries(sandbox)
    assert form["request"]["body"] == "a=1;b=2&Body=x;y"
    assert got["path"] == f"{WRITEBACK}/{CONSOLE};a=1;token=[redacted]"
    assert ["x-custom", "a=1, b=2"] in got["request"]["headers"]


@pytest.fixture
def neighbours_secrets(sandbox: Driver, neighbour_world: str) -> list[str]:
    """The password and the keys of another workspace on the same server, and a call of somebody unknown before it."""
    sandbox.writeback(auth=None)
    assert len(of_server(sandbox)) == 1
    (_, password), keys = sandbox.neighbour(neighbour_world)
    return [password, *keys.values()]


@pytest.mark.parametrize(
    ("method", "target", "body", "headers"),
    [
        ("GET", "?action=sms.get_messages;a=1;{0};b={1}", "", {}),
        ("GET", "?action={0}.&number=x,{1}", "", {}),
        ("GET", "/{0}/x-{1}", "", {"X-Key-Id": "a {0}, a {1}"}),
        ("GET", "", "", {"X-Mine": "{0} {1}"}),
        ("POST", "", "these are {0} and\t{1}", {"Content-Type": "text/plain"}),
        ("POST", "", '["{0}", "{1}"]', {"Content-Type": "application/json"}),
        ("GET", "/nowhere/{0}?{1}", "", {}),
        ("GET", "?x=a%20{0}%20b+{1}+c", "", {}),
    ],
)
def test_a_secret_of_whichever_workspace_is_found_where_nobody_is_known_to_ask(
    sandbox: Driver, neighbours_secrets: list[str], method: str, target: str, body: str, headers: dict[str, str]
) -> None:
    for first in neighbours_secrets:
        for second in neighbours_secrets:
            formatted = {name: value.format(first, second) for name, value in headers.items()}
            raw = f"{DIALOGTECH}{target.format(first, second)}".replace("x-", "").encode()
            sandbox.call(method, raw, content=body.format(first, second), headers=formatted)
    told = whole_journal(sandbox)
    for secret in neighbours_secrets:
        assert secret not in told


@pytest.mark.parametrize(
    "secret", ["[redacted]", "redacted", "redact", "edacted]", "%72edacted", "x[redacted]", "[redacted]&"]
)
def test_what_was_copied_out_of_the_journal_is_told(sandbox: Driver, secret: str) -> None:
    first = sandbox.writeback(auth=("demo", secret))
    second = sandbox.get_messages(secret_access_key=secret, number=f"a {secret} {quote(secret)} b")
    assert [entry["id"] for entry in of_server(sandbox)] == [exchange_id(first), exchange_id(second)]


@pytest.mark.parametrize("piece", [b"<pw>", b'"', b"%", b"&", b"=", b'"pw":', b"&pw=", b';name="pw";'])
def test_a_body_of_one_piece_again_and_again_is_told(sandbox: Driver, piece: bytes) -> None:
    """Also what test_secrets.py shows to be gone through once only."""
    post(sandbox, (piece * (68 * 1024 // len(piece))), "text/plain")
    assert [entry["request"]["truncated"] for entry in entries(sandbox)] == [True]


@pytest.mark.sqlite
def test_long_bodies_are_written_few_at_a_time(sandbox: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes, work = [], sandbox.app.journal._work

    def counting(batch: Any) -> Any:
        sizes.append(len(batch))
        return work(batch)

    monkeypatch.setattr(sandbox.app.journal, "_work", counting)
    for _ in range(7):
        post(sandbox, b"&pw=" * 40_000, "text/plain")
    flush(sandbox)
    assert (sum(sizes), max(sizes)) == (7, 3)
    assert len(entries(sandbox)) == 7


def test_a_long_header_is_cut(sandbox: Driver) -> None:
    at = LONGEST_HEADER - 4
    secret = KEYS["secret_access_key"]
    sandbox.writeback(headers={"X-Long": "x" * at + secret + "y" * at, "X-Short": "x" * LONGEST_HEADER})
    headers = dict(entries(sandbox)[0]["request"]["headers"])
    assert headers["x-long"] == "x" * at + "[red..."
    assert headers["x-short"] == "x" * LONGEST_HEADER
