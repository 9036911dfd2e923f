"""Long answers, slow readers, and many callers at once, on a real server."""

import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from commands import FAILSAFE_S
from conftest import WORLDS, DatabaseFor
from driver import CONSOLE, DEMO, DIALOGTECH, KEYS, LINE, PHONE, SIMPLEPAY, TRACKING_NUMBER, WRITEBACK, Driver, Wall
from server_process import BASIC, Answer, Served, parsed, received, request

from sandbox.settings import Settings
from sandbox.store import Tx
from sandbox.world.lines import line_of
from sandbox.world.messages.accept import Draft, accept
from sandbox.world.messages.receive import receive
from sandbox.world.workspaces import find

MANY = 1_500
"""More than is answered in one piece, and with these texts more than a connection holds that nobody reads."""
TEXT = "€" * 1_000
MINUTE_MS = 60_000


def fill(driver: Driver, start: int) -> None:
    """A message a minute on a console, and two on a tracking number, one in each direction."""

    def work(tx: Tx) -> None:
        tx.enter(find.find_workspace(tx, "default"))
        console, number = (line_of(tx, line) for line in (LINE, f"1{TRACKING_NUMBER}"))
        for n in range(MANY):
            text, at = f"{n} {TEXT}", start + n * MINUTE_MS
            for line in (console, number):
                accept(tx, line, Draft(PHONE, text, at, "writeback", "staff"))
            receive(tx, number, phone=PHONE, text=text, at=at, cause="inbound")

    driver.app.store.write_now(work)


# In this process --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def full(module_database_for: DatabaseFor) -> Iterator[Driver]:
    driver = Driver(Settings(fixture=str(WORLDS / "plain.yaml"), database=module_database_for(None)))
    fill(driver, driver.wall.at)
    yield driver
    driver.close()


def minute(n: int) -> str:
    """When the n-th message was accepted."""
    return f"{datetime(2026, 5, 6, 9, tzinfo=UTC) + timedelta(minutes=n):%Y-%m-%d %H:%M:%S}"


@pytest.mark.rule("WB-envelope", "WB-window")
def test_a_long_answer_is_the_short_ones_joined(full: Driver) -> None:
    whole = full.writeback(minute(0), minute(MANY))
    assert list(whole.json()) == ["requestId", "response"]
    pieces = [full.records(minute(n), minute(n + 499)) for n in range(0, MANY, 500)]
    assert whole.json()["response"] == [record for piece in pieces for record in piece]
    assert len(whole.json()["response"]) == MANY


@pytest.mark.rule("WB-window")
@pytest.mark.parametrize("count", [1, 249, 250, 251, 999, 1000, 1001, 1249, 1250, 1251])
def test_no_record_is_lost_where_answers_are_cut(full: Driver, count: int) -> None:
    records = full.records(minute(100), minute(100 + count - 1))
    assert [int(record["outgoingMessage"].split()[0]) for record in records] == list(range(100, 100 + count))


@pytest.mark.rule("DT-envelope", "DT-message")
@pytest.mark.parametrize("number", [{}, {"number": TRACKING_NUMBER}])
def test_a_long_xml_answer_is_the_short_ones_joined(full: Driver, number: dict[str, str]) -> None:
    whole = ElementTree.fromstring(full.get_messages("20260506", "20260507", **number).content)
    assert whole.findtext("result_description") == f"[{2 * MANY}] Message(s) Returned"
    for direction in ("inbound", "outbound"):
        texts = [element.text for element in whole.findall(f"messages/{direction}/message/message")]
        assert texts == [f"{n} {TEXT}" for n in range(MANY)]
    days = (full.get_messages(day, day, **number).content for day in ("20260506", "20260507"))
    assert ids(whole) == {msg_id for day in days for msg_id in ids(ElementTree.fromstring(day))}
    assert len(ids(whole)) == 2 * MANY


def ids(answer: ElementTree.Element) -> set[str | None]:
    return {element.text for element in answer.iter("msg_id")}


# In a process of its own ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served(module_database_for: DatabaseFor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server on a full world whose latest messages are of this minute."""
    folder = tmp_path_factory.mktemp("soak")
    database = str(module_database_for(str(folder / "full.db")))
    now = int(time.time() * 1000)
    driver = Driver(Settings(fixture=str(WORLDS / "plain.yaml"), database=database), Wall(now))
    fill(driver, now - MANY * MINUTE_MS)
    driver.close()
    process = Served(folder / "errors.txt", "--database", database)
    yield process
    process.stop()
    assert process.errors.read_text() == ""


def today(days: int = 0) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def long_read() -> bytes:
    path = f"{WRITEBACK}/{CONSOLE}/{today(-5):%Y-%m-%d%%20%H:%M:%S}/{today(1):%Y-%m-%d%%20%H:%M:%S}"
    return request(b"GET", path.encode(), BASIC)


def long_xml_read() -> bytes:
    keys = "&".join(f"{name}={value}" for name, value in KEYS.items())
    query = f"action=sms.get_messages&{keys}&start_date={today(-5):%Y%m%d}&end_date={today(1):%Y%m%d}"
    return request(b"GET", f"{DIALOGTECH}?{query}".encode())


def texts_of_records(body: bytes) -> list[str]:
    return [record["outgoingMessage"] for record in json.loads(body)["response"]]


def texts_of_messages(body: bytes) -> list[str]:
    root = ElementTree.fromstring(body)
    texts = [str(element.text) for element in root.findall("messages/*/message/message")]
    assert root.findtext("result_description") == f"[{len(texts)}] Message(s) Returned"
    return texts


def write(served: Served, text: str) -> None:
    """One more record, and one more message of the tracking number."""
    messages = f"{served.url}/_sandbox/workspaces/default/messages"
    for line in ({"console": CONSOLE}, {"tracking_number": TRACKING_NUMBER}):
        assert httpx.post(messages, json={**line, "to": PHONE, "text": text}).status_code == 201


def begin(served: Served, raw: bytes) -> socket.socket:
    """Asks, and reads no more than the beginning of the answer."""
    connection = socket.socket()
    connection.settimeout(FAILSAFE_S)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", served.port))
    connection.sendall(raw)
    assert connection.recv(15, socket.MSG_PEEK) == b"HTTP/1.1 200 OK"
    return connection


def finish(connection: socket.socket) -> Answer:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    (answer,) = parsed(received(connection))
    return answer


@pytest.mark.parametrize(
    ("raw", "texts_of"), [(long_read, texts_of_records), (long_xml_read, texts_of_messages)], ids=["json", "xml"]
)
def test_a_slow_reader_holds_nobody_up_and_sees_one_moment(
    served: Served, raw: Callable[[], bytes], texts_of: Callable[[bytes], list[str]]
) -> None:
    before = texts_of(served.send(raw())[0].body)
    with begin(served, raw()) as slow:
        write(served, "written meanwhile")
        after = texts_of(served.send(raw())[0].body)
        answer = finish(slow)
    assert texts_of(answer.body) == before
    assert len(before) >= MANY
    assert sorted(after) == sorted([*before, "written meanwhile"])


def test_many_slow_readers_are_all_served(served: Served) -> None:
    expected = texts_of_records(served.send(long_read())[0].body)
    readers = [begin(served, long_read()) for _ in range(6)]
    for reader in readers:
        with reader:
            answer = finish(reader)
        assert texts_of_records(answer.body) == expected


def open_files(process: int) -> int:
    """Of a process; the database itself is left out, since SQLite keeps what it opened of that to use it again."""
    count = 0
    for file in Path(f"/proc/{process}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since it was listed
            count += not os.readlink(file).endswith(".db")
    return count


@pytest.mark.skipif(sys.platform != "linux", reason="counts a process's open files in /proc")
def test_readers_who_leave_halfway_leave_nothing_open(served: Served) -> None:
    readers = [begin(served, long_read()) for _ in range(12)]
    for reader in readers:  # so that every connection to the database is open that is kept to be used again
        with reader:
            finish(reader)
    write(served, "so that everything is open that stays so")
    usual = open_files(served.process.pid)
    for raw in [long_read(), long_xml_read()] * 10:
        begin(served, raw).close()
    # Each call gives the server a turn to notice; it needs one or two.
    for _ in range(200):
        write(served, "somebody else")
        if open_files(served.process.pid) <= usual:
            return
    pytest.fail("connections of readers who left are still open")


def test_a_head_of_a_long_answer_has_no_body(served: Served) -> None:
    head = long_read().replace(b"GET", b"HEAD", 1)
    (answer,) = served.send(head)
    assert (answer.status, answer.body) == (200, b"")


def test_a_client_of_http_1_0_gets_a_long_answer_that_it_can_read(served: Served) -> None:
    for raw, texts_of in ((long_read(), texts_of_records), (long_xml_read(), texts_of_messages)):
        (answer,) = served.send(raw.replace(b"HTTP/1.1", b"HTTP/1.0"))
        assert "transfer-encoding" not in answer.headers
        assert len(texts_of(answer.body)) >= MANY


# Many at once -----------------------------------------------------------------------------------------------------

CALLERS = 6
CALLS = 60


def test_callers_at_once_each_get_their_own(served: Served) -> None:
    def one(caller: int) -> list[tuple[str, str]]:
        """Submits, and reads each message back: texts and sids."""
        seen = []
        with httpx.Client(base_url=served.url, auth=DEMO, timeout=FAILSAFE_S) as client:
            for n in range(CALLS):
                form = {"To": PHONE, "From": LINE, "Body": f"{caller} of {n}"}
                sent = client.post(f"{SIMPLEPAY}/submit/HARBOR1002", data=form).json()
                details = client.get(f"{SIMPLEPAY}/messages/HARBOR1002/{sent['sid']}").json()
                assert (details["body"], details["status"]) == (form["Body"], "delivered")
                seen.append((sent["body"], sent["sid"]))
        return seen

    with ThreadPoolExecutor(CALLERS) as pool:
        seen = [pair for pairs in pool.map(one, range(CALLERS)) for pair in pairs]
    window = f"{today(-1):%Y-%m-%d %H:%M:%S}/{today(1):%Y-%m-%d %H:%M:%S}"
    answer: Any = httpx.get(f"{served.url}{WRITEBACK}/HARBOR1002/{window}", auth=DEMO).json()
    assert sorted(record["outgoingMessage"] for record in answer["response"]) == sorted(text for text, _ in seen)
    assert len({sid for _, sid in seen}) == CALLERS * CALLS
