"""What happens seldom but must not take long: seeding, resetting, waiting, callbacks, the clock, stopping.

In CPU time of the server's process, which others that use the machine change little, unless a title says otherwise.
"""

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlencode

from bench.calls import BASIC, CONSOLE, FORM
from bench.servers import Broken, Server
from sandbox.vendors.simplepay.shapes import PREFIX

WORKSPACES = "/_sandbox/workspaces"
DEFAULT = f"{WORKSPACES}/default"
JSON = {"Content-Type": "application/json"}
PHONE, LINE = "14155550123", "16155550110"
TIMEOUT_S = 600
LONGEST_WAIT_S = 300
RESETS = 50
WAITERS, WAITS = 200, 20
MESSAGES = 500
"""Two callbacks for each."""
PLANNED = 1_000
"""Each three events: it is sent, on its way and delivered."""
RATE = 1_500
"""Attempts a second that the server may make while they are measured."""
DEFAULT_RATE = 100
YEAR_S = 365 * 24 * 3600


@dataclass(frozen=True)
class Chore:
    """What was found, and the most that will do."""

    title: str
    found: float
    most: float
    unit: str


def everything() -> list[Chore]:
    """Each on a server of its own, on `clinic`."""
    measures = (resets, workspaces, hospital, waits, callbacks, events, stop)
    found = []
    for measure in measures:
        with Server(COMMAND, SETTINGS) as server:
            found += measure(server)
    return found


COMMAND = [sys.executable, "-m", "sandbox", "serve", "--port", "0", "--start-at", "2026-05-06T09:00:00Z"]
SETTINGS = {"SANDBOX_CALLBACK_RATE": str(RATE)}


def ask(server: Server, method: str, path: str, body: Any = None) -> Any:
    """A control call that succeeds."""
    connection = HTTPConnection(*server.address, timeout=TIMEOUT_S)
    connection.request(method, path, None if body is None else json.dumps(body), JSON if body is not None else {})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    if answer.status >= 300:
        raise Broken(f"{method} {path}: {answer.status} {content[:300]!r}")
    return json.loads(content) if content else None


def cpu_ms(server: Server, act: Callable[[], object], times: int = 1) -> float:
    """What the server needs for it each time."""
    before = server.cpu_s()
    for _ in range(times):
        act()
    return (server.cpu_s() - before) / times * 1000


def resets(server: Server) -> list[Chore]:
    taken = cpu_ms(server, lambda: ask(server, "POST", f"{DEFAULT}/reset"), RESETS)
    return [Chore("a reset of clinic", taken, 20, " ms")]


def workspaces(server: Server) -> list[Chore]:
    ask(server, "POST", WORKSPACES, {})
    taken = cpu_ms(server, lambda: ask(server, "POST", WORKSPACES, {}), RESETS)
    return [Chore("a fresh workspace", taken, 5, " ms")]


def hospital(server: Server) -> list[Chore]:
    made = {"fixture": "hospital", "name": "hospital"}
    seeded = cpu_ms(server, lambda: ask(server, "POST", WORKSPACES, made)) / 1000
    reset = cpu_ms(server, lambda: ask(server, "POST", f"{WORKSPACES}/hospital/reset"), 3) / 1000
    return [Chore("seeding hospital", seeded, 10, " s"), Chore("a reset of hospital", reset, 1.5, " s")]


def waits(server: Server) -> list[Chore]:
    """From before a message is sent until the one who waits for it has it, the best of some, by the clock."""
    others = [waiting(server, "never") for _ in range(WAITERS - 1)]
    taken = []
    for n in range(WAITS):
        waiter = waiting(server, f"number {n}.")
        ask(server, "GET", f"{DEFAULT}/clock")  # so that the wait has begun
        began = time.perf_counter()
        ask(server, "POST", f"{DEFAULT}/messages", {"console": CONSOLE, "to": PHONE, "text": f"Number {n}."})
        status = waiter.getresponse().status
        taken.append(time.perf_counter() - began)
        waiter.close()
        if status != 200:
            raise Broken(f"a wait was answered with {status}")
    for other in others:
        other.close()
    return [Chore(f"the end of a wait among {WAITERS}, by the clock", min(taken) * 1000, 20, " ms")]


def waiting(server: Server, text: str) -> HTTPConnection:
    connection = HTTPConnection(*server.address, timeout=TIMEOUT_S)
    connection.request("GET", f"{DEFAULT}/messages/wait?{urlencode({'timeout': LONGEST_WAIT_S, 'text': text})}")
    return connection


def frozen(server: Server) -> None:
    ask(server, "PUT", f"{DEFAULT}/delivery", {"mode": "timed"})
    ask(server, "POST", f"{DEFAULT}/clock", {"action": "freeze"})


def callbacks(server: Server) -> list[Chore]:
    """Which part of a core they take when as many are sent as by default."""
    frozen(server)
    with receiver() as (url, got):
        submit = HTTPConnection(*server.address, timeout=TIMEOUT_S)
        form = urlencode({"To": PHONE, "From": LINE, "Body": "Hello", "StatusCallback": url})
        for _ in range(MESSAGES):
            submit.request("POST", f"{PREFIX}/submit/{CONSOLE}", form, FORM)
            submit.getresponse().read()
        submit.close()
        move = {"action": "advance", "seconds": 3, "settle": LONGEST_WAIT_S}
        taken = cpu_ms(server, lambda: ask(server, "POST", f"{DEFAULT}/clock", move))
    if len(got) != 2 * MESSAGES:
        raise Broken(f"{len(got)} of {2 * MESSAGES} callbacks came")
    return [Chore(f"callbacks, {DEFAULT_RATE} a second", taken / len(got) * DEFAULT_RATE / 1000, 0.2, " of a core")]


@contextmanager
def receiver() -> Iterator[tuple[str, list[str]]]:
    """Where callbacks go, and those that came."""
    got: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            got.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{serving.server_port}/", got
        finally:
            serving.shutdown()
            thread.join()


def events(server: Server) -> list[Chore]:
    """A year with so many of them, each listed in the answer."""
    frozen(server)
    for n in range(PLANNED):
        at = f"2026-{6 + n % 6:02d}-{1 + n // 6 % 28:02d}T{n // 168 % 24:02d}:00:00Z"
        sent = {"console": CONSOLE, "to": f"1415{2_000_000 + n}", "text": "Come.", "at": at}
        ask(server, "POST", f"{DEFAULT}/messages", sent)
    due: list[Any] = []

    def advance() -> None:
        moved = ask(server, "POST", f"{DEFAULT}/clock", {"action": "advance", "seconds": YEAR_S})
        due.extend(moved["fired"])

    taken = cpu_ms(server, advance)
    if len(due) < 3 * PLANNED:
        raise Broken(f"{len(due)} events came due in the year")
    return [Chore("an event that the clock comes past", taken / len(due), 0.1, " ms")]


def stop(server: Server) -> list[Chore]:
    """While a client is connected that does not hang up, by the clock."""
    connection = HTTPConnection(*server.address, timeout=TIMEOUT_S)
    connection.request("GET", f"{PREFIX}/messages/{CONSOLE}/unknown", headers=BASIC)
    connection.getresponse().read()
    began = time.perf_counter()
    server.stop()
    taken = time.perf_counter() - began
    connection.close()
    return [Chore("a stop, by the clock", taken, 1, " s")]
