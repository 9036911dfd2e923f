"""Reset: a workspace begins again, and goes on as it did the first time."""

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from counter import Counts, calls_in, counted
from driver import CONSOLE, DEFAULT, KEYS, LINE, PHONE, SIMPLEPAY, START, STRANGER, TRACKING_NUMBER, Driver
from spaces import PATH as WORKSPACES
from spaces import basic, contents, control, copied, create, fill, filled, keys, number_of, swept
from sqlalchemy import Connection, event, func, select
from sqlalchemy.exc import SQLAlchemyError

from sandbox.store import Query, Slices, Store, StoreUnavailable, Tx
from sandbox.store.tables import ACCOUNTS, MESSAGES, Part, entities, table_of
from sandbox.store.tables import WORKSPACES as WORKSPACE_TABLE
from sandbox.world.lines import line_of
from sandbox.world.messages.accept import Draft, accept
from sandbox.world.workspaces import find

pytestmark = pytest.mark.usefixtures("untimed")

FROZEN = {"start_at": "2026-05-06T09:00:00Z", "clock": "frozen"}
LONG_AGO = "2020-01-01T00:00:00Z"


def reset(sandbox: Driver, to: str = "seed", **fields: str) -> Any:
    return sandbox.control("POST", "/reset", {"to": to, **fields})


def plain(sandbox: Driver) -> str:
    """The path of the plain world's fixture."""
    return sandbox.settings.fixture


def a_day(sandbox: Driver, workspace: Any) -> list[Any]:
    """What a client gets that does a little of everything, to the byte."""
    auth, account = basic(workspace), keys(workspace["accounts"][0])

    def control_it(method: str, path: str, body: Any = None) -> Any:
        return control(sandbox, workspace, method, path, body)

    answers = [
        sandbox.submit("14155550160", auth=auth),
        sandbox.submit(STRANGER, "Hello", auth=auth),
        sandbox.submit("nobody", "Hello", auth=auth),
        sandbox.get_messages(**account),
        sandbox.writeback(auth=auth),
    ]
    control_it("POST", "/clock", {"action": "advance", "seconds": 60})
    seen = [
        control_it("POST", "/broadcasts", {"name": "Flu", "text": "Come.", "to": "everyone", "console": CONSOLE}),
        control_it("POST", "/inbound", {"from": STRANGER, "to": LINE, "text": "HELP"}),
        control_it("POST", "/messages", {"tracking_number": TRACKING_NUMBER, "to": STRANGER, "text": "Come."}),
        control_it("POST", "/people", {"phone": "2125550123"}),
        control_it("POST", "/consoles"),
    ]
    answers += [sandbox.writeback(auth=auth), sandbox.get_messages(**account)]
    return [(each.status_code, without_ids(each.headers), without_request_id(each.content)) for each in answers] + seen


def without_ids(headers: httpx.Headers) -> list[tuple[str, str]]:
    """All but the exchange's id, which is unique."""
    return [(name, value) for name, value in headers.multi_items() if name != "x-sandbox-exchange"]


def without_request_id(content: bytes) -> bytes:
    """All but the id of a Writeback answer, which is unique."""
    return re.sub(rb'(?<="requestId":")[0-9a-f-]{36}', b"", content)


# To seed -------------------------------------------------------------------------------------------------------------


def test_what_comes_after_a_reset_is_what_came_the_first_time(sandbox: Driver) -> None:
    """Answers to the byte, and every row."""
    workspace = create(sandbox, fixture=plain(sandbox), **FROZEN)
    first = a_day(sandbox, workspace)
    after_first = copied(sandbox, workspace)
    for _ in range(2):
        control(sandbox, workspace, "POST", "/reset")
        assert a_day(sandbox, workspace) == first
        assert copied(sandbox, workspace) == after_first


def test_a_reset_to_seed_brings_back_every_row(sandbox: Driver) -> None:
    workspace = create(sandbox, fixture=plain(sandbox), **FROZEN)
    first = contents(sandbox, workspace)
    fill(sandbox, workspace)
    now = contents(sandbox, workspace)
    but_setup = [table_of(entity).name for entity in entities() if entity.__part__ is not Part.SETUP]
    assert [name for name in but_setup if now[name] == first[name]] == []
    control(sandbox, workspace, "POST", "/reset")
    after = contents_but_for_the_reset(sandbox, workspace)
    kept = {table_of(entity).name for entity in entities() if entity.__part__ is Part.KEPT}
    assert {name: rows for name, rows in after.items() if name not in kept} == {
        name: rows for name, rows in first.items() if name not in kept
    }
    assert {name: after[name] for name in kept} == {name: now[name] for name in kept}


def contents_but_for_the_reset(sandbox: Driver, workspace: Any) -> dict[str, list[tuple[Any, ...]]]:
    """What a workspace owns after a reset, without that one fact, which those who follow it are told."""
    found = contents(sandbox, workspace)
    assert [(kind, *of) for _, kind, _, *of in found["change"]] == [("reset", None, None, None)]
    assert {path for *_, path, _, _ in found["control_call"]} <= {"/reset"}
    return {**found, "change": [], "control_call": []}


def test_credentials_stay(sandbox: Driver) -> None:
    before = sandbox.control("GET", "")
    assert sandbox.control("POST", "/reset") == before
    assert sandbox.control("GET", "") == before
    assert sandbox.submit().status_code == 200
    assert "<result>success" in sandbox.get_messages(**KEYS).text


def test_settings_are_as_at_first(sandbox: Driver) -> None:
    console, delivery = sandbox.console(), sandbox.control("GET", "/delivery")
    profile, account = (
        sandbox.control("GET", "/callbacks/profile"),
        sandbox.control("PATCH", "/accounts/demo-access-key"),
    )
    for to in ("seed", "empty"):
        sandbox.console(auto_reply=None, help_text="Other.", keyword="OTHER", submit_overrides_stop=True)
        sandbox.delivery("manual", numbers={PHONE: {"handset": "50"}})
        sandbox.control("PUT", "/callbacks/profile", {"lose": 1})
        sandbox.control("PATCH", "/accounts/demo-access-key", {"doctype": "none"})
        reset(sandbox, to)
        assert sandbox.console() == console
        assert sandbox.control("GET", "/delivery") == delivery
        assert sandbox.control("GET", "/callbacks/profile") == profile
        assert sandbox.control("PATCH", "/accounts/demo-access-key") == account


def test_what_was_asked_for_at_first_comes_back_instead_of_what_the_fixture_has(sandbox: Driver) -> None:
    delivery = {"mode": "timed", "sent_after": 2, "settled_after": 5, "outcome": "undelivered", "numbers": {}}
    workspace = create(sandbox, fixture=plain(sandbox), delivery=delivery, **FROZEN)
    control(sandbox, workspace, "PUT", "/delivery", {"mode": "manual"})
    control(sandbox, workspace, "POST", "/clock", {"action": "run"})
    control(sandbox, workspace, "POST", "/reset")
    assert control(sandbox, workspace, "GET", "/delivery") == delivery
    clock = control(sandbox, workspace, "GET", "/clock")
    assert (clock["now"], clock["state"]) == ("2026-05-06T09:00:00.000Z", "frozen")


def test_consoles_and_accounts_that_were_added_are_gone_and_those_of_the_seed_keep_their_keys(sandbox: Driver) -> None:
    before = sandbox.control("GET", "")
    sandbox.control("POST", "/consoles", {"code": "QWERTY1234"})
    added = sandbox.control("POST", "/accounts")
    reset(sandbox)
    assert sandbox.control("GET", "") == before
    assert sandbox.submit(console="QWERTY1234").status_code == 400
    assert "<result>failed" in sandbox.get_messages(**keys(added)).text


def test_a_clock_with_a_start_reads_it_again_and_one_without_reads_wall_time(sandbox: Driver) -> None:
    started = create(sandbox, start_at=LONG_AGO)
    sandbox.wall.advance(10)
    for workspace, now in ((started, "2020-01-01T00:00:00.000Z"), ({"id": "default"}, "2026-05-06T09:00:10.000Z")):
        control(sandbox, workspace, "POST", "/clock", {"action": "advance", "seconds": 1000})
        control(sandbox, workspace, "POST", "/clock", {"action": "freeze"})
        control(sandbox, workspace, "POST", "/reset")
        assert control(sandbox, workspace, "GET", "/clock") == {
            "now": now,
            "wall": "2026-05-06T09:00:10.000Z",
            "state": "running",
        }


def test_what_was_to_come_does_not(sandbox: Driver) -> None:
    sandbox.send("Later.", at="2026-05-06T10:00:00Z")
    sandbox.delivery("timed", sent_after=5, settled_after=10)
    sandbox.submit()
    reset(sandbox)
    assert sandbox.control("POST", "/clock", {"action": "advance", "seconds": 10_000})["fired"] == []
    assert sandbox.control("GET", "/messages")["items"] == []


def test_a_sink_keeps_its_url_and_forgets_what_it_got(sandbox: Driver) -> None:
    url = sandbox.control("PUT", "/sinks/mine")["url"]
    sandbox.call("POST", url, content=b"a=1")
    assert len(sandbox.control("GET", "/sinks/mine")["received"]) == 1
    reset(sandbox)
    assert sandbox.control("GET", "/sinks/mine")["received"] == []
    assert sandbox.call("POST", url, content=b"a=2").status_code == 200
    assert [each["body"] for each in sandbox.control("GET", "/sinks/mine")["received"]] == ["a=2"]


def test_nothing_of_another_workspace_changes(sandbox: Driver) -> None:
    other, twin = filled(sandbox, **FROZEN), filled(sandbox, **FROZEN)
    before = contents(sandbox, other)
    control(sandbox, twin, "POST", "/reset")
    control(sandbox, twin, "POST", "/reset", {"to": "empty"})
    sandbox.call("DELETE", f"{WORKSPACES}/{twin['id']}")
    assert contents(sandbox, other) == before


def keep_nothing(tx: Tx) -> Slices[Tx]:
    """In place of `keep_seed`: the seed is too large."""
    yield from ()
    return tx


def test_a_seed_too_large_to_keep_is_played_again(sandbox: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.world.seed.keep_seed", keep_nothing)
    workspace = create(sandbox, fixture="clinic", seed=5, start_at=LONG_AGO)
    first = contents(sandbox, workspace)
    sandbox.submit(PHONE, auth=basic(workspace), console=workspace["consoles"][0]["code"])
    control(sandbox, workspace, "POST", "/consoles")
    control(sandbox, workspace, "POST", "/reset")
    assert contents_but_for_the_reset(sandbox, workspace) == first


def test_a_fixture_that_is_gone_by_then_is_named_and_nothing_changes(
    open_driver: Callable[..., Driver], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sandbox: Driver
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(Path(plain(sandbox)).read_text())
    monkeypatch.setattr("sandbox.world.seed.keep_seed", keep_nothing)
    mine = open_driver(fixture=str(file))
    file.unlink()
    mine.submit()
    mine.run(mine.app.journal.flush())  # which else happens a little later by itself
    before = contents(mine, {"id": "default"})
    assert mine.control("POST", "/reset", status=409)["title"] == "Fixture refused"
    assert contents(mine, {"id": "default"}) == before
    assert mine.submit().status_code == 200
    assert len(mine.control("GET", "/journal")["items"]) == 2


# A seed that another workspace began with ----------------------------------------------------------------------------


def test_a_copy_of_a_seed_is_what_playing_it_gives(sandbox: Driver) -> None:
    """Row for row, and so does all that comes after."""
    played = create(sandbox, fixture="clinic", seed=9, **FROZEN)
    copied = create(sandbox, fixture="clinic", seed=9, **FROZEN)
    assert contents(sandbox, copied) == contents(sandbox, played)
    assert (copied["consoles"], copied["seed"]) == (played["consoles"], played["seed"])
    assert keys(copied["accounts"][0]) != keys(played["accounts"][0])
    other = create(sandbox, fixture="clinic", seed=10, **FROZEN)
    assert contents(sandbox, other) != contents(sandbox, played)


def test_copies_are_seen_by_nobody_and_only_a_few_are_kept(sandbox: Driver) -> None:
    made = [create(sandbox, fixture="clinic", seed=n, **FROZEN) for n in range(8)]
    assert [each["name"] for each in sandbox.call("GET", WORKSPACES).json()["items"]] == [
        "default",
        *(each["name"] for each in made),
    ]
    assert hidden_seeds(sandbox) == 8
    for each in made:
        sandbox.call("DELETE", f"{WORKSPACES}/{each['id']}")
    assert hidden_seeds(sandbox) == 4


def hidden_seeds(sandbox: Driver) -> int:
    """How many are kept that have a start of their own; what is hidden has no name and no credentials."""
    is_hidden = WORKSPACE_TABLE.c.hidden.is_not(None)
    named = [func.count(WORKSPACE_TABLE.c[name]) for name in ("key", "name", "username", "password")]
    keyed = [func.count(ACCOUNTS.c[name]) for name in ("access_key", "secret_access_key")]
    of_hidden = ACCOUNTS.c.workspace_id.in_(select(WORKSPACE_TABLE.c.id).where(is_hidden))
    of_start = is_hidden & WORKSPACE_TABLE.c.start_at.is_not(None)

    swept(sandbox)

    def work(tx: Tx) -> int:
        assert tuple(tx.connection.execute(select(*named).where(is_hidden)).one()) == (0, 0, 0, 0)
        assert tuple(tx.connection.execute(select(*keyed).where(of_hidden)).one()) == (0, 0)
        return tx.one(Query(int, select(func.count()).select_from(WORKSPACE_TABLE).where(of_start))) or 0

    return sandbox.app.store.read_now(work)


# To empty ------------------------------------------------------------------------------------------------------------


def test_nobody_and_nothing_is_in_an_empty_one_but_its_consoles_and_accounts(sandbox: Driver) -> None:
    workspace = filled(sandbox)
    control(sandbox, workspace, "POST", "/consoles", {"code": "QWERTY1234", "auto_reply": "Thanks."})
    control(sandbox, workspace, "POST", "/accounts", {"access_key": "another", "tracking_numbers": ["2125550180"]})
    before = control(sandbox, workspace, "GET", "")
    assert control(sandbox, workspace, "POST", "/reset", {"to": "empty"}) == before
    left = {name: rows for name, rows in contents_but_for_the_reset(sandbox, workspace).items() if rows}
    assert set(left) == {"account", "console", "counter", "line", "sink", "snapshot"}
    assert [kind for kind, _ in left["counter"]] == ["account", "console"]
    added = control(sandbox, workspace, "PATCH", "/consoles/QWERTY1234")
    assert added["auto_reply"] == "Thanks."
    assert sandbox.submit(console="QWERTY1234", auth=basic(workspace)).status_code == 200
    assert control(sandbox, workspace, "POST", "/consoles", {"code": "QWERTY1235"})["code"] == "QWERTY1235"


# What else is asked for ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"to": "start"}, 422),
        ({"to": "snapshot"}, 422),
        ({"name": "before"}, 422),
        ({"to": "snapshot", "name": "a b"}, 422),
        ({"to": "snapshot", "name": "before"}, 404),
    ],
)
def test_what_one_cannot_begin_from_is_refused(sandbox: Driver, body: dict[str, str], status: int) -> None:
    sandbox.submit()
    sandbox.control("POST", "/reset", body, status=status)
    assert len(sandbox.records()) == 1


# Around it -----------------------------------------------------------------------------------------------------------


def test_an_exchange_that_waits_for_its_body_sees_the_world_after(sandbox: Driver) -> None:
    """And is an exchange of that world."""
    sandbox.submit(STRANGER)
    sandbox.submit(STRANGER)

    async def body() -> Any:
        yield b"To=16295550101&From=16155550110&"
        answer = await sandbox.client.post(f"{DEFAULT}/reset")
        assert answer.status_code == 200
        yield b"Body=Hello"

    sent = sandbox.call(
        "POST",
        f"{SIMPLEPAY}/submit/{CONSOLE}",
        auth=("demo", "demo"),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        content=body(),
    )
    assert sent.status_code == 200
    (kept,) = sandbox.control("GET", "/journal")["items"]
    assert kept["id"] == sent.headers["x-sandbox-exchange"]
    assert [each["outgoingMessage"] for each in sandbox.records()] == ["Hello"]


@pytest.mark.parametrize("vendor", ["writeback", "dialogtech"])
def test_a_long_answer_under_way_is_of_the_world_before(sandbox: Driver, vendor: str) -> None:
    """From its first byte to its last, though the workspace is reset while it is sent."""

    def fill_it(tx: Tx) -> None:
        tx.enter(find.find_workspace(tx, "default"))
        line = line_of(tx, LINE if vendor == "writeback" else f"1{TRACKING_NUMBER}")
        for n in range(1_200):
            accept(tx, line, Draft(PHONE, f"{n}", START, "writeback", "staff"))

    sandbox.app.store.write_now(fill_it)
    read = sandbox.writeback if vendor == "writeback" else sandbox.get_messages
    whole = read().content
    sent: list[bytes] = []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            assert (await sandbox.client.post(f"{DEFAULT}/reset")).status_code == 200
        sent.append(message.get("body", b""))

    async def receive() -> Any:
        await asyncio.Event().wait()

    request = read().request
    sandbox.run(sandbox.app(scope_of(request), receive, send))
    assert len(sent) > 3
    answer = b"".join(sent)
    if vendor == "writeback":
        assert json.loads(answer)["response"] == json.loads(whole)["response"]
    else:
        assert answer == whole
    assert sandbox.records() == []


def scope_of(request: httpx.Request) -> dict[str, Any]:
    path, _, query = request.url.raw_path.partition(b"?")
    return {
        "type": "http",
        "http_version": "1.1",
        "method": request.method,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "scheme": "http",
        "path": request.url.path,
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "server": ("127.0.0.1", 8080),
        "client": ("127.0.0.1", 1234),
    }


def test_what_came_of_a_callback_under_way_is_not_written_onto_the_new_world(sandbox: Driver) -> None:
    """Its receiver resets the workspace before it answers."""
    url = sandbox.control("PUT", "/sinks/slow", {"delay": 0.2})["url"]
    sandbox.submit(callback=url)

    async def reset_meanwhile() -> None:
        while not (await sandbox.client.get(f"{DEFAULT}/sinks/slow")).json()["received"]:
            await asyncio.sleep(0)
        await sandbox.client.post(f"{DEFAULT}/reset")
        form = {"To": PHONE, "From": LINE, "Body": "Again", "StatusCallback": "http://127.0.0.1:9/nobody"}
        await sandbox.client.put(f"{DEFAULT}/callbacks/profile", json={"delay": 3600})
        await sandbox.client.post(f"{SIMPLEPAY}/submit/{CONSOLE}", auth=("demo", "demo"), data=form)
        assert await sandbox.app.ticker.settled(1, 60)

    sandbox.run(reset_meanwhile())
    listed = sandbox.control("GET", "/callbacks")["items"]
    assert listed
    assert {(each["url"], each["state"], len(each["attempts"])) for each in listed} == {
        ("http://127.0.0.1:9/nobody", "pending", 0)
    }


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/reset", {"to": "seed"}),
        ("POST", "/reset", {"to": "empty"}),
        ("POST", "/reset", {"to": "snapshot", "name": "before"}),
        ("POST", "/snapshots/before/restore", None),
        ("DELETE", "", None),
    ],
)
@pytest.mark.parametrize("is_refused_at", ["work", "commit"])
def test_what_cannot_be_committed_has_dropped_nothing(
    sandbox: Driver, is_refused_at: str, method: str, path: str, body: Any
) -> None:
    """What is under way goes on, what waits is still waited for, and the journal keeps what it had to write."""
    made = create(sandbox, fixture=plain(sandbox))
    control(sandbox, made, "PUT", "/snapshots/before")
    url = control(sandbox, made, "PUT", "/sinks/slow", {"delay": 0.2})["url"]
    here = f"{WORKSPACES}/{made['id']}"

    async def refused_meanwhile() -> Any:
        form = {"To": PHONE, "From": LINE, "Body": "Hello", "StatusCallback": url}
        await sandbox.client.post(f"{SIMPLEPAY}/submit/{CONSOLE}", auth=basic(made), data=form)
        while not (await sandbox.client.get(f"{here}/sinks/slow")).json()["received"]:
            await asyncio.sleep(0)
        with full_store(sandbox.app.store, is_refused_at):
            answer = await sandbox.client.request(method, here + path, json=body)
        number = sandbox.app.store.read_now(lambda tx: number_of(tx, made))
        assert await sandbox.app.ticker.settled(number, 60)
        return answer

    answer = sandbox.run(refused_meanwhile())
    assert (answer.status_code, answer.json()["title"]) == (503, "Store does not answer")
    (listed,) = control(sandbox, made, "GET", "/messages?direction=outbound&text=Hello")["items"]
    callbacks = control(sandbox, made, "GET", f"/messages/{listed['id']}")["callbacks"]
    assert [(each["state"], len(each["attempts"])) for each in callbacks] == [("delivered", 1)] * 2
    assert len(control(sandbox, made, "GET", "/sinks/slow")["received"]) == 2
    assert [each["outcome"] for each in control(sandbox, made, "GET", "/journal")["items"]] == ["accepted"]


@contextmanager
def full_store(store: Store, is_refused_at: str) -> Iterator[None]:
    """A store whose disk is full: a transaction that resets or deletes a workspace is refused, in its end or by its
    commit.
    """
    resetting: list[Connection] = []
    finish = Tx.flush

    def flush_refused(tx: Tx) -> None:
        finish(tx)
        if tx.reset:
            resetting.append(tx.connection)
            if is_refused_at == "work":
                raise StoreUnavailable("database or disk is full")

    def commit(connection: Connection) -> None:
        if connection in resetting:
            raise SQLAlchemyError("database or disk is full")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Tx, "flush", flush_refused)
        event.listen(store.engine, "commit", commit)
        try:
            yield
        finally:
            event.remove(store.engine, "commit", commit)
    assert resetting


# What it costs -------------------------------------------------------------------------------------------------------


def cost(sandbox: Driver, act: Callable[[], Any]) -> Counts:
    """What it asks of the store."""
    with counted(sandbox.app.store) as asked:
        act()
    return asked


HISTORY = """
summary: A hundred messages for each time
consoles:
  - {{code: HARBOR1001, name: Harbor, line: "16155550110", keyword: HARBOR}}
crowd: {{count: 100, area_codes: ["629", "731"], recipient_types: {{patient: 1}}}}
history:
  - {{do: broadcast, at: -100d 09:00, name: Daily, text: "Come on Friday.", to: everyone,
     repeat: {{times: {times}, every: 12h}}}}
"""


def cost_of_a_reset(sandbox: Driver, messages: int) -> Counts:
    """Of a world of so many messages, which are there before and after it."""
    count = Query(int, select(func.count()).select_from(MESSAGES).where(MESSAGES.c.workspace_id == 1))
    assert sandbox.app.store.read_now(lambda tx: tx.one(count)) == messages
    asked = cost(sandbox, lambda: sandbox.control("POST", "/reset"))
    assert sandbox.app.store.read_now(lambda tx: tx.one(count)) == messages
    return asked


@pytest.mark.sqlite
def test_a_reset_costs_as_much_as_there_is_to_bring_back(open_driver: Callable[..., Driver], tmp_path: Path) -> None:
    asked = []
    for times in (10, 100):
        file = tmp_path / f"{times}.yaml"
        file.write_text(HISTORY.format(times=times))
        asked.append(cost_of_a_reset(open_driver(fixture=str(file)), 100 * times))
    few, many = asked
    assert many.statements < 11 * few.statements  # a row that is copied counts as one
    assert many.steps < 11 * few.steps


@pytest.mark.inline
def test_a_workspace_that_begins_alike_is_copied(open_driver: Callable[..., Driver]) -> None:
    sandbox = open_driver(fixture="clinic")
    played, copied = (cost(sandbox, lambda: create(sandbox, fixture="clinic", seed=2, **FROZEN)) for _ in range(2))
    assert copied.statements < played.statements / 10
    assert copied.steps < played.steps
    played_calls, copied_calls = (
        calls_in(lambda: create(sandbox, fixture="clinic", seed=3, **FROZEN)) for _ in range(2)
    )
    assert copied_calls < played_calls / 10
