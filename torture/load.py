"""Callers that use each vendor and the control API without a pause, and keep a ledger of what was acknowledged."""

import json
import random
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from itertools import count
from typing import Any, Self
from urllib.parse import quote, urlencode

from bench.calls import BASIC, FORM
from bench.chores import JSON
from bench.servers import Server
from torture.corpus import CONSOLE, LINE
from torture.figures import Figures
from torture.ledger import DEFAULT, TIMEOUT_S, Acknowledged, Ledger
from torture.shapes import DIALOGTECH, SIMPLEPAY, WRITEBACK
from torture.wire import Answer

CALLERS = 4
PATIENT_S = 60.0
"""Nothing waits for it to pass; what hangs ends with it."""
KEYS = {"access_key": "demo-access-key", "secret_access_key": "demo-secret-key"}
DAYS = {"start_date": "20260506", "end_date": "20260506"}
RANGE = quote("2026-05-06 00:00:00") + "/" + quote("2026-05-06 23:59:59")


@dataclass(frozen=True)
class Call:
    """A request that succeeds. `found`: what its answer acknowledges, of the body and the exchange's id."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: str = ""
    found: Callable[[Any, str], Acknowledged | None] = lambda _body, _exchange: None


def phone_of(n: int) -> str:
    """Nobody's, of which 40,000 behave as most do: their last two digits name no handset."""
    return f"1{200 + n // 50 % 800}55501{n % 50:02d}"


def submit(n: int) -> Call:
    text = f"Number {n}."
    form = urlencode({"To": phone_of(n), "From": LINE, "Body": text})
    target = f"{SIMPLEPAY}/submit/{CONSOLE}"
    return Call("POST", target, FORM, form, lambda body, exchange: Acknowledged(body["sid"], text, exchange))


def opt_out(n: int) -> Call:
    """Of a phone that `submit` has texted: of another one SimplePay knows nothing."""
    phone = phone_of(n)

    def found(body: Any, exchange: str) -> Acknowledged | None:
        return Acknowledged(phone, exchange=exchange) if body["msisdn"] == phone else None

    return Call("DELETE", f"{SIMPLEPAY}/optout/{CONSOLE}/{phone}", BASIC, found=found)


def send(n: int) -> Call:
    text = f"From staff, {n}."
    body = json.dumps({"console": CONSOLE, "to": phone_of(n), "text": text})
    return Call("POST", f"{DEFAULT}/messages", JSON, body, lambda body, _: Acknowledged(body["id"], text))


def text_back(n: int) -> Call:
    text = f"From a phone, {n}."
    body = json.dumps({"from": phone_of(n), "to": LINE, "text": text})
    return Call("POST", f"{DEFAULT}/inbound", JSON, body, lambda body, _: Acknowledged(body["inbound"]["id"], text))


def opt_out_by_staff(n: int) -> Call:
    phone = phone_of(n)
    body = json.dumps({"state": "opted_out", "console": CONSOLE})
    return Call("PUT", f"{DEFAULT}/consents/{phone}", JSON, body, lambda body, _: Acknowledged(body["phone"]))


def read_records(_: int) -> Call:
    return Call("GET", f"{WRITEBACK}/api/responses/{CONSOLE}/{RANGE}", BASIC)


def get_messages(_: int) -> Call:
    return Call("GET", f"{DIALOGTECH}?{urlencode({'action': 'sms.get_messages', **KEYS, **DAYS})}", {})


def list_messages(n: int) -> Call:
    return Call("GET", f"{DEFAULT}/messages?limit=20&to={phone_of(n)}", {})


WRITES = ((submit,), (submit,), (submit, opt_out), (send,), (text_back,), (opt_out_by_staff,))
"""Each is done one after the other by one caller, with one number."""
READS = ((read_records,), (get_messages,), (list_messages,))


class Load:
    """Calls a server from some threads until its end. A server that was killed is called no more.

    `may_be_out`: the store need not answer just now, and what is refused for that is counted in `refused`.
    """

    def __init__(
        self,
        server: Server,
        ledger: Ledger,
        figures: Figures,
        seed: int,
        numbers: "count[int]",
    ) -> None:
        self.may_be_out = False
        self.acknowledged = self.refused = self.answered = 0
        self._server, self._ledger, self._figures, self._numbers = server, ledger, figures, numbers
        self._is_killed = self._is_over = False
        self._changed = threading.Condition()
        randoms = [random.Random(f"{seed}/{n}") for n in range(CALLERS)]
        self._threads = [threading.Thread(target=self._call_all, args=(each,)) for each in randoms]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Let each caller have its last answer."""
        self._is_over = True
        for thread in self._threads:
            thread.join()

    def kill(self) -> None:
        """Kill the server in the midst of its calls, and end."""
        self._is_killed = True
        self._server.kill()
        self.end()

    def wait_for(self, name: str, more: int) -> None:
        """Until `acknowledged`, `refused` or `answered` has grown by so many; what takes too long is told."""
        with self._changed:
            enough = getattr(self, name) + more
            if not self._changed.wait_for(lambda: getattr(self, name) >= enough, PATIENT_S):
                self._figures.is_wrong(f"no {more} more calls were {name} within {PATIENT_S:.0f} s")

    # In their threads -------------------------------------------------------------------------------------------------

    def _call_all(self, chance: random.Random) -> None:
        while not self._is_over:
            with closing(HTTPConnection(*self._server.address, timeout=TIMEOUT_S)) as connection:
                try:
                    while not self._is_over:
                        kinds = WRITES if chance.random() < 0.8 else READS
                        n = next(self._numbers)
                        for call_of in chance.choice(kinds):
                            self._call(connection, call_of(n))
                except (OSError, HTTPException) as error:
                    if self._is_killed:
                        return
                    self._figures.is_wrong(f"a connection broke: {error!r}")
                    time.sleep(0.1)

    def _call(self, connection: HTTPConnection, call: Call) -> None:
        may_be_out = self.may_be_out
        connection.request(call.method, call.target, call.body or None, dict(call.headers))
        got = connection.getresponse()
        headers = {name.lower(): value for name, value in got.getheaders()}
        answer = Answer(got.status, headers, got.read())
        may_be_out = may_be_out or self.may_be_out
        target = call.target.encode()
        self._figures.count("inputs")
        self._figures.judge(answer, target, may_be_out=may_be_out)
        is_taken = answer.status < 300 and b"<result>failed</result>" not in answer.body
        if not is_taken and not may_be_out:
            self._figures.is_wrong(f"refused: {call.method} {call.target}: {answer.status} {answer.body[:200]!r}")
        found = self._found(call, answer) if is_taken else None
        with self._changed:
            if found is not None:
                self._ledger.add(found)
                self._figures.count("acknowledged")
            self.answered += 1
            self.acknowledged += found is not None
            self.refused += not is_taken
            self._changed.notify_all()

    def _found(self, call: Call, answer: Answer) -> Acknowledged | None:
        if answer.headers.get("content-type") != "application/json":
            return None
        try:
            return call.found(json.loads(answer.body), answer.headers.get("x-sandbox-exchange", ""))
        except (LookupError, TypeError, ValueError):
            self._figures.count("misshapen", f"nothing is acknowledged at {call.target}: {answer.body[:200]!r}")
            return None
