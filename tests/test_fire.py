"""Callbacks under fire: a receiver that mostly fails, and a server that is killed, on real sockets.

The clock stands, so that the retries of a minute and a half come about as fast as they can be made.
"""

import asyncio
import json
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode
from zlib import crc32

import pytest
from driver import CONSOLE, LINE, PHONE, SIMPLEPAY
from receiver import Got, Receiver
from server_process import BASIC, PATIENT_S, Serve, Served

pytestmark = pytest.mark.rule("SP-statuscallback")

MESSAGES = 2_000
RATE = 1_500
"""Attempts a second that this server may make; the receiver's own speed is what counts."""
SLOW_S = 0.005
WAY = ("drops", "500", "slow")


class Call(NamedTuple):
    """An attempt as the receiver saw it: of which message, which status it told, and what it was answered."""

    sid: str
    status: str
    way: str


class Bad:
    """A receiver in a thread of its own that drops a third, answers 500 to a third, and is slow for the rest.

    Which is decided by the callback and how often it was tried.
    """

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.answered: set[tuple[str, str]] = set()
        self.port = 0
        self._tries: dict[tuple[str, str], int] = defaultdict(int)
        self._is_listening = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))

    async def _serve(self) -> None:
        self._end = asyncio.Event()
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0, backlog=256)
        self.port = server.sockets[0].getsockname()[1]
        self._is_listening.set()
        await self._end.wait()
        server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._talk(reader, writer)
        except (OSError, EOFError):
            return  # the server was killed meanwhile
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        form = dict(parse_qsl((await reader.readexactly(length)).decode()))
        told = form["MessageSid"], form["MessageStatus"]
        self._tries[told] += 1
        way = WAY[crc32(f"{told} {self._tries[told]}".encode()) % 3]
        self.calls.append(Call(*told, way))
        if way == "slow":
            await asyncio.sleep(SLOW_S)
        if way != "drops":
            status = b"200 OK" if way == "slow" else b"500 No"
            writer.write(b"HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n" % status)
            await writer.drain()
        if way == "slow":
            self.answered.add(told)

    def wait_for(self, calls: int) -> None:
        """Until so many have come."""
        end = time.monotonic() + PATIENT_S
        while len(self.calls) < calls:
            assert time.monotonic() < end, f"only {len(self.calls)} of {calls} calls came"
            time.sleep(0.01)

    @contextmanager
    def listening(self) -> Iterator["Bad"]:
        self._thread.start()
        self._is_listening.wait()
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._end.set)
            self._thread.join()
            self._loop.close()


def request(path: str, body: bytes, kind: str, more: bytes = b"") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + more + b"\r\n" + body


def submit(served: Served, count: int, **fields: str) -> None:
    """So many one after the other, on one connection."""
    form = urlencode({"To": PHONE, "From": LINE, "Body": "Your results are in.", **fields}).encode()
    raw = request(f"{SIMPLEPAY}/submit/{CONSOLE}", form, "application/x-www-form-urlencoded", BASIC)
    with served.connect() as connection, connection.makefile("rb") as answers:
        for _ in range(count):
            connection.sendall(raw)
            assert answers.readline() == b"HTTP/1.1 200 OK\r\n"
            length = 0
            while (line := answers.readline()) != b"\r\n":
                if line.lower().startswith(b"content-length: "):
                    length = int(line[16:])
            answers.read(length)


def test_every_callback_arrives_or_is_given_up(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_CALLBACK_RATE", str(RATE))
    with Bad().listening() as bad:
        served = serve()
        served.control("PUT", "/delivery", {"mode": "timed"})
        served.turn("freeze")
        submit(served, MESSAGES, StatusCallback=f"http://127.0.0.1:{bad.port}/status")
        served.turn("advance", seconds=3)
        submit(served, 500)  # answered while callbacks are under way
        bad.wait_for(2000)
        served.kill()
        served = serve()
        served.turn("advance", seconds=20)
        bad.wait_for(5000)
        served.kill()
        served = serve()
        assert served.turn("advance", seconds=1000, settle=PATIENT_S)["settled"] is True
        callbacks = served.every("/callbacks")
    none_is_lost(callbacks, bad)
    order_is_kept(bad)


def none_is_lost(callbacks: list[Any], bad: Bad) -> None:
    assert len(callbacks) == 2 * MESSAGES
    assert {callback["state"] for callback in callbacks} == {"delivered", "given_up"}
    for callback in callbacks:
        told = callback["payload"]["MessageSid"], callback["payload"]["MessageStatus"]
        attempts = [attempt["status"] for attempt in callback["attempts"]]
        if callback["state"] == "delivered":
            assert told in bad.answered
            assert attempts[-1] == 200
        else:
            assert len(attempts) == 5, json.dumps(callback)
            assert set(attempts) <= {None, 500}


def order_is_kept(bad: Bad) -> None:
    of_message: dict[str, list[str]] = defaultdict(list)
    for call in bad.calls:
        of_message[call.sid].append(call.status)
    assert len(of_message) == MESSAGES
    for statuses in of_message.values():
        assert statuses == sorted(statuses, key=["sent", "delivered"].index)


# A server that is stopped, and one that is left alone -------------------------------------------------------------


def test_on_a_running_clock_callbacks_come_by_themselves(serve: Serve) -> None:
    served = serve()
    with Receiver() as receiver:
        served.control("PUT", "/delivery", {"mode": "timed", "sent_after": 0.05, "settled_after": 0.1})
        submit(served, 1, StatusCallback=receiver.url)
        receiver.wait_for(2)
    assert [got.form["MessageStatus"] for got in receiver.got] == ["sent", "delivered"]


def test_a_stop_waits_for_no_receiver_and_loses_nothing(serve: Serve) -> None:
    gate = threading.Event()

    def answer(got: Got) -> int:
        gate.wait(PATIENT_S)
        return 200

    with Receiver(answer) as receiver:
        served = serve()
        served.turn("freeze")
        submit(served, 20, StatusCallback=receiver.url)
        receiver.wait_for(8)
        served.process.terminate()
        served.process.communicate(timeout=PATIENT_S)
        assert served.process.returncode == 0
        gate.set()
        served = serve()
        assert served.turn("advance", seconds=0, settle=PATIENT_S)["settled"] is True
        assert {callback["state"] for callback in served.every("/callbacks")} == {"delivered"}
    assert len({got.form["MessageSid"] for got in receiver.got}) == 20
