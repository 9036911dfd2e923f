"""Faults as a client on a raw socket sees them: resets, answers that stop or never come, and nobody else held up."""

import json
import logging
import socket
import threading
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree import ElementTree

import pytest
import uvicorn
from commands import DEMO, FAILSAFE_S, READBACK, Start
from conftest import WORLDS
from driver import CONSOLE, DEFAULT, DIALOGTECH, KEYS, LINE, PHONE, SIMPLEPAY, STRANGER, TRACKING_NUMBER

from sandbox import create_app
from sandbox.settings import Settings
from sandbox.vendors.dialogtech import messages
from sandbox.vendors.writeback import api
from sandbox.web_server import config_of

A_WHILE_S = 0.2
"""In which an answer that nothing holds would long be there."""
SUBMIT = f"{SIMPLEPAY}/submit/{CONSOLE}"
GET_MESSAGES = (
    f"{DIALOGTECH}?action=sms.get_messages&access_key={KEYS['access_key']}"
    f"&secret_access_key={KEYS['secret_access_key']}&start_date=20260506&end_date=20260506"
)
CALLS = {"writeback": ("GET", READBACK), "simplepay": ("POST", SUBMIT), "dialogtech": ("GET", GET_MESSAGES)}


class Served:
    """A sandbox on a socket, in a thread of this process."""

    def __init__(self) -> None:
        start_at = 1_778_058_000_000
        self.app = create_app(Settings(fixture=str(WORLDS / "plain.yaml"), start_at=start_at))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        is_ready = threading.Event()
        self._server = uvicorn.Server(config_of(self.app))
        startup = self._server.startup

        async def ready(sockets: list[socket.socket] | None = None) -> None:
            await startup(sockets)
            is_ready.set()

        self._server.startup = ready  # type: ignore[method-assign]  # a hook for the test
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listener]})
        self._thread.start()
        assert is_ready.wait(FAILSAFE_S)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(FAILSAFE_S)
        assert not self._thread.is_alive()
        self._listener.close()

    def connect(self, *requests: bytes) -> socket.socket:
        """A connection on which these were sent together."""
        connection = socket.create_connection(("127.0.0.1", self.port), FAILSAFE_S)
        connection.sendall(b"".join(requests))
        return connection

    def ask(self, *requests: bytes) -> bytes:
        """All that comes until the server closes; ConnectionResetError when it resets."""
        with self.connect(*requests) as connection:
            return everything(connection)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        raw = b"" if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if raw else {}
        status, _, content = parted(self.ask(request(method, f"{DEFAULT}{path}", headers, body=raw)))
        assert 200 <= status < 300, content
        return json.loads(content) if content else None

    def texts_to(self, phone: str) -> list[str]:
        return [message["text"] for message in self.control("GET", f"/messages?to={phone}")["items"]]


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """It logs nothing: what a fault does is no error."""
    logged: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: logged.append(handler.format(record))  # type: ignore[method-assign]  # a hook for the test
    one = Served()
    for origin in ({"console": CONSOLE}, {"tracking_number": TRACKING_NUMBER}):  # each vendor has something to show
        one.control("POST", "/messages", {**origin, "to": PHONE, "text": "Hello"})
    logging.getLogger("uvicorn.error").addHandler(handler)
    yield one
    one.stop()
    logging.getLogger("uvicorn.error").removeHandler(handler)
    assert logged == []


def request(
    method: str,
    target: str,
    headers: Mapping[str, str],
    *,
    body: bytes = b"",
    version: str = "1.1",
    closes: bool = True,
) -> bytes:
    """A request; of the last one on a connection the server closes."""
    given = {"Host": "127.0.0.1", **({"Connection": "close"} if closes else {}), **headers}
    lines = [f"{method} {target} HTTP/{version}", *(f"{name}: {value}" for name, value in given.items())]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def call(vendor: str, fault: str | None = None, *, to: str = PHONE, text: str = "Hello", **options: Any) -> bytes:
    """A right call of a vendor, which asks for a fault."""
    method, target = CALLS[vendor]
    headers = {} if fault is None else {"X-Sandbox-Fault": fault}
    if vendor == "simplepay":
        options["body"] = f"To={to}&From={LINE}&Body={text}".encode()
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    if vendor != "dialogtech":
        headers |= DEMO
    return request(options.pop("method", method), target, headers, **options)


def everything(connection: socket.socket) -> bytes:
    pieces = []
    while piece := connection.recv(1 << 16):
        pieces.append(piece)
    return b"".join(pieces)


def parted(raw: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and the rest."""
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return int(first.split()[1]), dict(line.lower().split(": ", 1) for line in lines), body


def is_sound(vendor: str, body: bytes) -> bool:
    """Whether it can be read."""
    try:
        ElementTree.fromstring(body) if vendor == "dialogtech" else json.loads(body)
    except (ElementTree.ParseError, ValueError):
        return False
    return True


each_vendor = pytest.mark.parametrize("vendor", CALLS)


# The effects -----------------------------------------------------------------------------------------------------


@each_vendor
def test_reset_is_a_tcp_reset(served: Served, vendor: str) -> None:
    with pytest.raises(ConnectionResetError):
        served.ask(call(vendor, "reset"))


@each_vendor
def test_close_is_an_end_without_a_byte(served: Served, vendor: str) -> None:
    assert served.ask(call(vendor, "close")) == b""


@each_vendor
@pytest.mark.parametrize("n", [0, 10])
def test_truncate_promises_the_whole_length_and_stops(served: Served, vendor: str, n: int) -> None:
    status, headers, body = parted(served.ask(call(vendor, f"truncate={n}")))
    assert (status, len(body)) == (200, n)
    assert int(headers["content-length"]) > 300


@each_vendor
def test_truncate_beyond_the_end_leaves_out_the_last_byte(served: Served, vendor: str) -> None:
    _, headers, body = parted(served.ask(call(vendor, "truncate=9999999")))
    assert len(body) == int(headers["content-length"]) - 1


@each_vendor
def test_malformed_has_its_length_but_cannot_be_read(served: Served, vendor: str) -> None:
    status, headers, body = parted(served.ask(call(vendor, "malformed")))
    assert (status, len(body)) == (200, int(headers["content-length"]))
    assert not is_sound(vendor, body)


@each_vendor
def test_drip_sends_a_few_bytes_and_waits(served: Served, vendor: str) -> None:
    with served.connect(call(vendor, "drip=10/60000")) as connection:
        got = b""
        while len(parted(got)[2] if b"\r\n\r\n" in got else b"") < 10:
            got += connection.recv(1 << 16)
        connection.settimeout(A_WHILE_S)
        with pytest.raises(TimeoutError):
            got += connection.recv(1 << 16)
        status, headers, body = parted(got)
        assert (status, len(body)) == (200, 10)
        assert int(headers["content-length"]) > 300


@each_vendor
def test_drip_sends_the_whole_in_the_end(served: Served, vendor: str) -> None:
    status, headers, body = parted(served.ask(call(vendor, "drip=50/1")))
    assert (status, len(body)) == (200, int(headers["content-length"]))
    assert is_sound(vendor, body)


@each_vendor
def test_status_is_in_the_vendors_shape(served: Served, vendor: str) -> None:
    status, headers, body = parted(served.ask(call(vendor, "status=503")))
    assert status == 503
    assert headers["x-sandbox-exchange"].startswith("ex_")
    if vendor == "dialogtech":
        assert ElementTree.fromstring(body).findtext("result") == "failed"
    elif vendor == "simplepay":
        assert json.loads(body)["error_message"] == "Service Unavailable."
    else:
        assert json.loads(body) == {"message": "Service Unavailable."}


@each_vendor
def test_rate_limit_is_429_but_dialogtech_has_its_own_way(served: Served, vendor: str) -> None:
    status, headers, body = parted(served.ask(call(vendor, "rate_limit=30")))
    if vendor == "dialogtech":
        assert (status, ElementTree.fromstring(body).findtext("result")) == (200, "failed")
    else:
        assert (status, headers["retry-after"]) == (429, "30")


@each_vendor
@pytest.mark.parametrize("fault", ["timeout", "latency_ms=60000", "drip=1/60000", "latency_ms=60000,reset"])
def test_who_is_held_up_holds_up_nobody_else(served: Served, vendor: str, fault: str) -> None:
    with served.connect(call(vendor, fault)) as held:
        assert parted(served.ask(call(vendor)))[0] == 200
        held.settimeout(A_WHILE_S)
        if fault != "drip=1/60000":
            with pytest.raises(TimeoutError):
                held.recv(1)


@each_vendor
def test_a_timeout_of_some_seconds_ends_without_an_answer(served: Served, vendor: str) -> None:
    assert served.ask(call(vendor, "timeout=0.05")) == b""


@each_vendor
def test_latency_alone_changes_nothing_else(served: Served, vendor: str) -> None:
    status, headers, body = parted(served.ask(call(vendor, "latency_ms=1-5")))
    assert (status, len(body)) == (200, int(headers["content-length"]))
    assert is_sound(vendor, body)


# What was done and what was not ----------------------------------------------------------------------------------


def sent(served: Served, fault: str, text: str) -> None:
    try:
        served.ask(call("simplepay", fault, to=STRANGER, text=text))
    except ConnectionResetError:
        assert "reset" in fault


@pytest.mark.parametrize(
    ("fault", "is_done"),
    [
        ("reset", True),
        ("close", True),
        ("truncate=5", True),
        ("malformed", True),
        ("drip=100/1", True),
        ("timeout=0.01", True),
        ("latency_ms=1", True),
        ("latency_ms=1,before", True),
        ("reset,before", False),
        ("close,before", False),
        ("truncate=5,before", False),
        ("malformed,before", False),
        ("drip=100/1,before", False),
        ("timeout=0.01,before", False),
        ("status=500", False),
        ("rate_limit", False),
    ],
)
def test_it_is_done_and_spoilt_or_not_done(served: Served, fault: str, is_done: bool) -> None:
    text = f"Sent-with-{fault.translate(str.maketrans('=,/', '---'))}"
    sent(served, fault, text)
    assert served.texts_to(STRANGER).count(text) == is_done


@each_vendor
@pytest.mark.parametrize("fault", ["truncate=5", "malformed", "drip=50/1"])
def test_what_comes_before_spoils_a_refusal(served: Served, vendor: str, fault: str) -> None:
    status, headers, body = parted(served.ask(call(vendor, f"{fault}; before")))
    assert status == (200 if vendor == "dialogtech" else 503)
    assert (len(body) == int(headers["content-length"])) == (fault != "truncate=5")
    assert is_sound(vendor, body) == (fault == "drip=50/1")


def test_who_hangs_up_before_it_is_done_has_nothing_done(served: Served) -> None:
    later = call("simplepay", "latency_ms=300", to=STRANGER, text="Later")
    with served.connect(call("simplepay", "latency_ms=100, before", to=STRANGER, text="Hung-up")):
        pass
    with served.connect(
        call("simplepay", "latency_ms=100, before", to=STRANGER, text="Hung-up-too", closes=False), later
    ):
        pass
    served.ask(later)
    assert [text for text in served.texts_to(STRANGER) if not text.startswith("Sent-with")] == ["Later"]


# Connections -----------------------------------------------------------------------------------------------------


@each_vendor
def test_a_fault_meets_the_second_call_of_a_connection(served: Served, vendor: str) -> None:
    raw = served.ask(call(vendor, closes=False), call(vendor, "truncate=7"))
    _, headers, rest = parted(raw)
    status, _, body = parted(rest[int(headers["content-length"]) :])
    assert (status, len(body)) == (200, 7)


@each_vendor
@pytest.mark.parametrize("fault", ["close", "timeout=0.05"])
def test_calls_that_were_sent_after_it_are_lost(served: Served, vendor: str, fault: str) -> None:
    assert served.ask(call(vendor, fault, closes=False), call(vendor), call(vendor)) == b""
    with pytest.raises(ConnectionResetError):
        served.ask(call(vendor, "reset", closes=False), call(vendor))


@each_vendor
def test_calls_that_were_sent_after_a_slow_one_wait(served: Served, vendor: str) -> None:
    raw = served.ask(
        call(vendor, "latency_ms=20", closes=False), call(vendor, "drip=100/1", closes=False), call(vendor)
    )
    assert raw.count(b"HTTP/1.1 200 OK") == 3


@each_vendor
@pytest.mark.parametrize("fault", ["truncate=7", "malformed", "drip=50/1", "latency_ms=1"])
def test_an_http_1_0_caller_sees_the_same(served: Served, vendor: str, fault: str) -> None:
    status, headers, body = parted(served.ask(call(vendor, fault, version="1.0", closes=False)))
    length = int(headers["content-length"])
    assert (status, len(body)) == (200, 7 if fault == "truncate=7" else length)
    assert is_sound(vendor, body) == (fault not in ("truncate=7", "malformed"))


def test_an_answer_to_head_has_no_body_to_spoil(served: Served) -> None:
    for fault in ("truncate=7", "malformed", "drip=50/60000", "latency_ms=1"):
        status, headers, body = parted(served.ask(call("writeback", fault, method="HEAD")))
        assert (status, body) == (200, b"")
        assert int(headers["content-length"]) > 300
    assert served.ask(call("writeback", "close", method="HEAD")) == b""
    with pytest.raises(ConnectionResetError):
        served.ask(call("writeback", "reset", method="HEAD"))


# Long answers ----------------------------------------------------------------------------------------------------


@pytest.fixture
def streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every answer that has a record is streamed."""
    for module in (api, messages):
        monkeypatch.setattr(module, "MOST_IN_ONE_PIECE", 0)


def dechunked(raw: bytes) -> tuple[bytes, bool]:
    """The body, and whether it has come to its end."""
    pieces: list[bytes] = []
    while raw:
        size, _, rest = raw.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            return b"".join(pieces), rest == b"\r\n"
        pieces.append(rest[:length])
        raw = rest[length + 2 :]
    return b"".join(pieces), False


@pytest.mark.usefixtures("streamed")
@pytest.mark.parametrize("vendor", ["writeback", "dialogtech"])
@pytest.mark.parametrize(
    ("fault", "ends", "is_read"),
    [
        ("truncate=70", False, False),
        ("truncate=9999999", False, None),
        ("malformed", True, False),
        ("drip=100/0", True, True),
        ("latency_ms=1", True, True),
    ],
)
def test_a_streamed_answer_is_spoilt_alike(
    served: Served, vendor: str, fault: str, ends: bool, is_read: bool | None
) -> None:
    status, headers, raw = parted(served.ask(call(vendor, fault)))
    body, has_ended = dechunked(raw)
    assert (status, headers["transfer-encoding"], has_ended) == (200, "chunked", ends)
    if is_read is not None:
        assert is_sound(vendor, body) == is_read
    if fault == "truncate=70":
        assert len(body) == 70


@pytest.mark.usefixtures("streamed")
@pytest.mark.parametrize("vendor", ["writeback", "dialogtech"])
def test_a_streamed_answer_is_reset_closed_and_held(served: Served, vendor: str) -> None:
    with pytest.raises(ConnectionResetError):
        served.ask(call(vendor, "reset"))
    assert served.ask(call(vendor, "close")) == b""
    assert served.ask(call(vendor, "timeout=0.01")) == b""


# Beyond vendors' calls --------------------------------------------------------------------------------------------


def test_the_control_api_meets_no_fault(served: Served) -> None:
    served.control("PUT", "/faults", [{"effect": {"reset": True}}])
    try:
        with pytest.raises(ConnectionResetError):
            served.ask(call("writeback"))
        plain = request("GET", f"{DEFAULT}/faults", {"X-Sandbox-Fault": "reset"})
        status, _, body = parted(served.ask(plain))
        assert (status, json.loads(body)["items"][0]["applied"]) == (200, 1)
    finally:
        served.control("DELETE", "/faults")


def test_wrong_credentials_and_unknown_paths_meet_no_fault(served: Served) -> None:
    assert parted(served.ask(request("GET", READBACK, {"X-Sandbox-Fault": "reset"})))[0] == 401
    nowhere = request("GET", "/dialoghealth-writeback-api/nowhere", {"X-Sandbox-Fault": "reset", **DEMO})
    assert parted(served.ask(nowhere))[0] == 404


@pytest.mark.parametrize("fault", ["timeout", "latency_ms=300000", "latency_ms=300000,before", "drip=1/300000"])
def test_whoever_is_held_up_does_not_hold_the_stop(start: Start, fault: str) -> None:
    server = start("--start-at", "2026-05-06T09:00:00Z")
    with socket.create_connection(("127.0.0.1", server.port)) as held:
        held.sendall(call("writeback", fault))
        server.ask("GET", READBACK, headers=DEMO)
        code, _, errors = server.stop()
        rest = everything(held)
    assert (code, errors) == (0, "")
    assert rest == b"" or fault == "drip=1/300000"
