"""Waiting for a message rather than asking again and again."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from commands import FAILSAFE_S
from conftest import WORLDS, DatabaseFor
from counter import counted
from driver import CONSOLE, DEFAULT, LINE, PHONE, STRANGER, TRACKING_NUMBER, Driver
from hypothesis import given
from hypothesis import strategies as st
from live import Live

from sandbox.clock import wall_clock
from sandbox.server.events.wait import Wait
from sandbox.settings import Settings
from sandbox.store import Tx
from sandbox.world.ids import message_id
from sandbox.world.messages.search import MessageFilters, list_messages, passing
from sandbox.world.workspaces.find import find_workspace

pytestmark = pytest.mark.usefixtures("untimed")

WAIT = f"{DEFAULT}/messages/wait"


@pytest.fixture
def quiet(sandbox: Driver) -> Driver:
    """Where no message is answered by itself, and none is delivered."""
    sandbox.console(auto_reply=None)
    sandbox.delivery("manual")
    return sandbox


def wait(sandbox: Driver, **query: Any) -> httpx.Response:
    return sandbox.call("GET", WAIT, params=query)


def meanwhile(
    sandbox: Driver, then: Callable[[httpx.AsyncClient], Awaitable[Any]], *, path: str = WAIT, **query: Any
) -> httpx.Response:
    """The answer to a wait during which something is done."""

    async def both() -> httpx.Response:
        transport = httpx.ASGITransport(sandbox.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
            waiting = asyncio.ensure_future(client.get(path, params={"timeout": 300, **query}))
            while not sandbox.app.hub.watched:
                await asyncio.sleep(0)
            await then(client)
            async with asyncio.timeout(FAILSAFE_S):
                return await waiting

    answer: httpx.Response = sandbox.run(both())
    return answer


def posting(path: str, body: Any) -> Callable[[httpx.AsyncClient], Awaitable[Any]]:
    async def post(client: httpx.AsyncClient) -> None:
        answer = await client.post(DEFAULT + path, json=body)
        assert answer.is_success, answer.text

    return post


def sending(text: str, to: str = PHONE) -> Callable[[httpx.AsyncClient], Awaitable[Any]]:
    return posting("/messages", {"console": CONSOLE, "to": to, "text": text})


# At once ----------------------------------------------------------------------------------------------------------


def test_the_newest_match_is_answered_at_once_with_its_links_and_codes(quiet: Driver) -> None:
    quiet.send("The first one.")
    sent = quiet.send("Your code is 482913, or open https://clinic.example/in?c=K7Q-42P.")
    quiet.send("To somebody else", to=STRANGER)
    found = wait(quiet, to=PHONE, timeout=0)
    assert found.status_code == 200
    assert found.headers["cache-control"] == "no-store"
    assert found.json() == {**sent, "links": ["https://clinic.example/in?c=K7Q-42P"], "codes": ["482913"]}


@pytest.mark.parametrize("text", ["your CODE", "Your code is", "YOUR CODE IS 482913"])
def test_text_ignores_case(quiet: Driver, text: str) -> None:
    quiet.send("Your code is 482913")
    assert wait(quiet, text=text, timeout=0).status_code == 200


def test_text_ignores_case_of_all_alphabets(quiet: Driver) -> None:
    quiet.send("Su código es 4829. ¡Ábralo!")
    assert wait(quiet, text="CÓDIGO ES 4829. ¡ábr", timeout=0).status_code == 200
    assert wait(quiet, text="codigo", timeout=0).status_code == 408


def test_only_messages_after_the_cursor_count(quiet: Driver) -> None:
    first = quiet.send("One")["id"]
    assert wait(quiet, after=first, timeout=0).status_code == 408
    second = quiet.send("Two")["id"]
    assert wait(quiet, after=first, timeout=0).json()["id"] == second


def test_an_old_match_is_found_under_many_newer_messages(quiet: Driver) -> None:
    sent = quiet.send("The one")
    for _ in range(10):
        quiet.send("Another")
    assert wait(quiet, text="the one", timeout=0).json()["id"] == sent["id"]
    assert wait(quiet, text="the one", after=sent["id"], timeout=0).status_code == 408


# In vain ----------------------------------------------------------------------------------------------------------


def test_a_wait_in_vain_tells_the_newest_message(quiet: Driver) -> None:
    sent = quiet.send()
    answer = wait(quiet, to=STRANGER, timeout=0.01)
    assert (answer.status_code, answer.headers["content-type"]) == (408, "application/problem+json")
    assert answer.json() == {
        "type": "urn:dialog-sandbox:not-arrived",
        "title": "Not arrived",
        "status": 408,
        "detail": "No message that passes the filters came within 0.01 s; 'latest' is the newest that there is.",
        "latest": sent,
    }


def test_where_there_is_no_message_there_is_no_latest(quiet: Driver) -> None:
    assert wait(quiet, timeout=0).json()["latest"] is None


@pytest.mark.parametrize("timeout", ["-1", "300.5", "nan", "inf", "soon", ""])
def test_a_time_that_is_none_is_refused(quiet: Driver, timeout: str) -> None:
    answer = wait(quiet, timeout=timeout)
    assert (answer.status_code, answer.json()["errors"][0]["member"]) == (422, "timeout")


def test_an_unknown_console_is_404_rather_than_waited_for(quiet: Driver) -> None:
    assert wait(quiet, console="QWERTY9999").json()["title"] == "Unknown console"


# Woken ------------------------------------------------------------------------------------------------------------


def test_a_message_that_comes_wakes(quiet: Driver) -> None:
    quiet.send("Not this one")
    answer = meanwhile(quiet, sending("Your CODE is 482913"), text="code")
    assert (answer.json()["text"], answer.json()["codes"]) == ("Your CODE is 482913", ["482913"])


def test_a_phone_that_texts_wakes(quiet: Driver) -> None:
    inbound = posting("/inbound", {"from": PHONE, "to": LINE, "text": "Hi"})
    assert meanwhile(quiet, inbound, direction="inbound").json()["text"] == "Hi"


def test_a_status_wakes(quiet: Driver) -> None:
    sent = quiet.send()["id"]
    answer = meanwhile(quiet, posting(f"/messages/{sent}/status", {"status": "delivered"}), status="delivered")
    assert (answer.json()["id"], answer.json()["status"]) == (sent, "delivered")


def test_a_clock_that_is_turned_wakes(quiet: Driver) -> None:
    quiet.control("POST", "/clock", {"action": "freeze"})
    quiet.delivery("timed", sent_after=60, settled_after=600)
    sent = quiet.send()["id"]
    advance = posting("/clock", {"action": "advance", "seconds": 600})
    assert meanwhile(quiet, advance, status="delivered").json()["id"] == sent


def test_what_was_scheduled_wakes_when_it_is_due(quiet: Driver) -> None:
    quiet.send("Later", at="2026-05-06T10:00:00Z")
    advance = posting("/clock", {"action": "set", "at": "2026-05-06T10:00:00Z"})
    assert meanwhile(quiet, advance, text="later").json()["timeline"][0]["at"] == "2026-05-06T10:00:00.000Z"


def test_a_broadcast_that_was_not_there_yet_wakes(quiet: Driver, open_driver: Callable[..., Driver]) -> None:
    body = {"name": "Flu shots", "text": "Come", "to": [PHONE, STRANGER], "console": CONSOLE}
    twin = open_driver()  # which gives the same ids
    key = twin.control("POST", "/broadcasts", body)["broadcast_id"]
    answer = meanwhile(quiet, posting("/broadcasts", body), broadcast=key)
    assert (answer.status_code, answer.json()["text"], answer.json()["to"]) == (200, "Come", STRANGER)


def test_other_messages_do_not_wake(quiet: Driver) -> None:
    async def others(client: httpx.AsyncClient) -> None:
        await sending("Not to you", STRANGER)(client)
        await sending("Nor this")(client)
        await sending("To you: the code")(client)

    assert meanwhile(quiet, others, to=PHONE, text="CODE").json()["text"] == "To you: the code"


# Ended ------------------------------------------------------------------------------------------------------------


def test_a_reset_ends_the_wait(quiet: Driver) -> None:
    answer = meanwhile(quiet, posting("/reset", {"to": "empty"}))
    assert (answer.status_code, answer.json()["title"]) == (409, "Workspace reset")


def test_a_workspace_that_is_deleted_ends_the_wait(quiet: Driver) -> None:
    made = quiet.call("POST", "/_sandbox/workspaces", json={"name": "short-lived"}).json()
    path = f"/_sandbox/workspaces/{made['id']}"

    async def delete(client: httpx.AsyncClient) -> None:
        assert (await client.delete(path)).status_code == 204

    answer = meanwhile(quiet, delete, path=f"{path}/messages/wait")
    assert (answer.status_code, answer.json()["title"]) == (404, "Unknown workspace")


def test_a_server_that_stops_ends_the_wait(quiet: Driver) -> None:
    async def stop(_: httpx.AsyncClient) -> None:
        quiet.app.hub.close()

    answer = meanwhile(quiet, stop)
    assert (answer.status_code, answer.json()["title"]) == (503, "Stopping")
    assert wait(quiet).status_code == 503


# The filters are the list's ---------------------------------------------------------------------------------------

FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "vendor": st.sampled_from(["simplepay", "writeback", "dialogtech"]),
        "direction": st.sampled_from(["inbound", "outbound"]),
        "status": st.sampled_from(["queued", "sent", "delivered", "received", "rejected"]),
        "to": st.sampled_from([PHONE, STRANGER, LINE]),
        "from_": st.sampled_from([PHONE, LINE, "16155550100"]),
        "console": st.sampled_from([1, 2]),
        "account": st.sampled_from([1, 2]),
        "text": st.sampled_from(["a", "STOP", "ábr", "ÁBR", "%", "_"]),
        "broadcast": st.sampled_from(["0" * 32, "known"]),
        "since": st.integers(1_778_058_000_000, 1_778_058_060_000),
        "until": st.integers(1_778_058_000_000, 1_778_058_060_000),
        "any_case": st.booleans(),
    },
)


@pytest.fixture(scope="module")
def varied(module_database_for: DatabaseFor) -> Iterator[tuple[Driver, str]]:
    """Messages of every kind, and the id of a broadcast."""
    sandbox = Driver(Settings(fixture=str(WORLDS / "plain.yaml"), database=module_database_for(None)))
    sandbox.delivery("timed")
    sandbox.submit(text="A submit")
    key = sandbox.broadcast("¡Ábralo! 100%", to=[PHONE, STRANGER])["broadcast_id"]
    sandbox.wall.advance(2)
    sandbox.send("a_b", tracking_number=TRACKING_NUMBER, to=STRANGER)
    sandbox.inbound("Stop")
    sandbox.wall.advance(2)
    sandbox.send("To one who stopped")
    yield sandbox, key
    sandbox.close()


@given(filters_by=FILTERS)
def test_what_wakes_is_what_the_list_shows(varied: tuple[Driver, str], filters_by: dict[str, Any]) -> None:
    sandbox, key = varied
    if filters_by.get("broadcast") == "known":
        filters_by = {**filters_by, "broadcast": key}
    filters = MessageFilters(**filters_by)

    def compare(tx: Tx) -> None:
        tx.enter(find_workspace(tx, "default"))
        listed = [row.id for row in list_messages(tx, filters, after=0, limit=100)]
        assert passing(tx, filters, 0, range(1, 100)) == {*listed}
        in_any_case = replace(filters, any_case=True)
        newest = [message_id(row.id) for row in list_messages(tx, in_any_case, after=0, limit=100)][-1:]
        outcome = Wait(tx, filters, 0).outcome(tx)
        assert newest == ([outcome.arrived.id] if outcome and outcome.arrived else [])

    sandbox.app.store.read_now(compare)


# On real sockets --------------------------------------------------------------------------------------------------


@pytest.fixture
def live(database_for: DatabaseFor) -> Iterator[Live]:
    served = Live(wall_clock, database=database_for(None))
    yield served
    served.stop()


def test_who_hangs_up_waits_no_longer(live: Live) -> None:
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(live.url + WAIT, params={"timeout": 300, "text": "never"}, timeout=0.2)
    for _ in range(1000):  # each call gives the server a turn to notice; it needs one or two
        live.http.get("/clock")
        if not live.app.hub.watched:
            return
    pytest.fail("who hung up is waited for still")


def test_a_planned_status_wakes_at_its_time_by_itself(live: Live) -> None:
    live.control("PUT", "/delivery", {"mode": "timed", "sent_after": 0.05, "settled_after": 0.2})
    live.send("There before the wait")
    found = live.http.get("/messages/wait?status=delivered&timeout=60").json()
    assert [entry["status"] for entry in found["timeline"]] == ["queued", "sent", "delivered"]


WAITERS = 200


class RawRequest:
    """A request on a connection of its own, without a client that takes longer than the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def status(self) -> int:
        """Of the answer, which is then read to its end."""
        line = await self._reader.readline()
        await self._reader.read()
        self._writer.close()
        return int(line.split()[1])


async def ask(live: Live, method: str, path: str, body: Any = None) -> RawRequest:
    reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
    content = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {DEFAULT}{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    writer.write(head.encode() + content)
    return RawRequest(reader, writer)


async def cost_of_a_wait(live: Live, waiters: int) -> int:
    """Statements from before a message is sent until the one who waits for it has it, while others wait for others."""
    sent = {"console": CONSOLE, "to": PHONE}
    others = [await ask(live, "GET", f"/messages/wait?timeout=300&text=end+of+{waiters}.") for _ in range(waiters - 1)]
    waiter = await ask(live, "GET", f"/messages/wait?timeout=300&text=one+of+{waiters}.")
    while live.waiters < waiters:
        await asyncio.sleep(0.002)
    with counted(live.app.store) as asked:
        sending = await ask(live, "POST", "/messages", {**sent, "text": f"One of {waiters}."})
        assert (await waiter.status(), await sending.status()) == (200, 201)
    end = await ask(live, "POST", "/messages", {**sent, "text": f"End of {waiters}."})
    assert await end.status() == 201
    assert [await each.status() for each in others] == [200] * (waiters - 1)
    return asked.statements


def test_a_wait_costs_no_more_however_many_wait(live: Live) -> None:
    live.control("PUT", "/delivery", {"mode": "immediate"})
    alone, among_many = (
        asyncio.run(asyncio.wait_for(cost_of_a_wait(live, waiters), FAILSAFE_S)) for waiters in (1, WAITERS)
    )
    assert among_many < alone + 10
