"""Two servers on one database, with load on both, that are killed in turn: nothing is lost, and little is sent twice.

Two kills are part of `make test`; `make fire` makes twenty, on each engine.
"""

import json
import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import urlencode

import pytest
from commands import DEMO, FAILSAFE_S
from conftest import DatabaseFor
from driver import CONSOLE, LINE, PHONE, SIMPLEPAY
from receiver import Got, Receiver
from server_process import PATIENT_S, Serve, Served
from sqlalchemy import select

from sandbox.clock import NEVER, wall_clock
from sandbox.server.callback_scheduler import PER_RECEIVER
from sandbox.store import Store
from sandbox.store.tables import CALLBACKS
from sandbox.world.ids import callback_id

pytestmark = pytest.mark.rule("SP-statuscallback")

KILLS = int(os.environ.get("FIRE_KILLS", "2"))
CALLERS = 2
"""Connections to each server."""
SHARE = 100
"""Messages that each server is asked to take from one kill to the next."""
RATE = 300
"""Callbacks a second of each server: what is left of two cores answers the calls."""
CLAIMS = select(CALLBACKS.c.id, CALLBACKS.c.leased_until).where(CALLBACKS.c.leased_until.is_not(None))
SUBMIT = f"{SIMPLEPAY}/submit/{CONSOLE}"
FORM_TYPE = {"Content-Type": "application/x-www-form-urlencoded"}

StatusChange = tuple[str, str]
"""A message's sid and a status of it."""


class Callers:
    """Submit to some servers, without a pause, as many messages as they may. Who loses a server waits for another."""

    def __init__(self, servers: Sequence[Served], callback: str) -> None:
        self.sids: list[str] = []
        """Of what was acknowledged."""
        self.mistakes: list[str] = []
        """What came of calls to servers that were not killed."""
        self._form = urlencode({"To": PHONE, "From": LINE, "Body": "Your results are in.", "StatusCallback": callback})
        self._servers = list(servers)
        self._killed: set[Served] = set()
        self._allowed = [0] * len(servers)
        self._acknowledged = [0] * len(servers)
        self._is_over = False
        self._changed = threading.Condition()
        self._threads = [threading.Thread(target=self._call, args=(n,)) for n in [*range(len(servers))] * CALLERS]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def let(self, count: int) -> None:
        """Let each server be asked to take so many more."""
        with self._changed:
            self._allowed = [allowed + count for allowed in self._allowed]
            self._changed.notify_all()

    def wait_for(self, n: int, count: int) -> None:
        """Until so many more were acknowledged by that server."""
        with self._changed:
            enough = self._acknowledged[n] + count
            assert self._changed.wait_for(lambda: self._acknowledged[n] >= enough, PATIENT_S), self.mistakes

    def kill(self, n: int) -> None:
        """Kill a server in the midst of its calls."""
        with self._changed:
            self._killed.add(self._servers[n])
        self._servers[n].kill()

    def replace(self, n: int, served: Served) -> None:
        with self._changed:
            self._servers[n] = served
            self._changed.notify_all()

    # In their threads -------------------------------------------------------------------------------------------------

    def _call(self, n: int) -> None:
        while (served := self._server(n)) is not None:
            with closing(HTTPConnection("127.0.0.1", served.port, timeout=FAILSAFE_S)) as connection:
                try:
                    self._call_on(connection, n)
                except (OSError, HTTPException) as error:
                    if served not in self._killed:
                        self.mistakes.append(repr(error))

    def _server(self, n: int) -> Served | None:
        """The one in that place, once it is there; none in the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_over or self._servers[n] not in self._killed)
            return None if self._is_over else self._servers[n]

    def _call_on(self, connection: HTTPConnection, n: int) -> None:
        while self._may_call(n):
            connection.request("POST", SUBMIT, self._form, {**FORM_TYPE, **DEMO})
            answer = connection.getresponse()
            body = answer.read()
            with self._changed:
                if answer.status == 200:
                    self.sids.append(json.loads(body)["sid"])
                    self._acknowledged[n] += 1
                else:
                    self.mistakes.append(f"{answer.status} {body!r}")
                self._changed.notify_all()

    def _may_call(self, n: int) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._is_over or self._allowed[n])
            self._allowed[n] -= 1
            return not self._is_over


class Record:
    """When a receiver was told what. It can be told to keep its answers back."""

    def __init__(self) -> None:
        self.arrivals: dict[StatusChange, list[int]] = defaultdict(list)
        self._kept_back = 0
        self._keeps_back = False
        self._changed = threading.Condition()

    def answer(self, got: Got) -> int:
        with self._changed:
            self.arrivals[got.form["MessageSid"], got.form["MessageStatus"]].append(wall_clock())
            self._kept_back += self._keeps_back
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._keeps_back, PATIENT_S)
        return 200

    def keep_back(self, count: int, meanwhile: Callable[[], None]) -> None:
        """Answer nothing from here on; return when so many calls wait for their answers, doing something till then."""
        end = time.monotonic() + PATIENT_S
        with self._changed:
            self._keeps_back = True
        while self._kept_back < count:
            assert time.monotonic() < end, f"only {self._kept_back} of {count} calls came"
            meanwhile()
            with self._changed:
                self._changed.wait_for(lambda: self._kept_back >= count, 0.05)

    def go_on(self) -> None:
        with self._changed:
            self._kept_back, self._keeps_back = 0, False
            self._changed.notify_all()


class Kill(NamedTuple):
    """What was claimed just after a kill: by a callback's id, until when its lease lasts. Times in ms of wall time."""

    at: int
    leases: dict[str, int]


def claims(store: Store) -> dict[str, int]:
    rows = store.read_now(lambda tx: tx.connection.execute(CLAIMS).all())
    return {callback_id(row.id): row.leased_until for row in rows}


def test_two_servers_that_are_killed_in_turn_lose_nothing(
    serve: Serve, database_for: DatabaseFor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_CALLBACK_RATE", str(RATE))
    record = Record()
    servers = [serve(), serve()]
    servers[0].control("PUT", "/delivery", {"mode": "timed", "sent_after": 0.05, "settled_after": 0.1})
    with (
        closing(Store(database_for(str(tmp_path / "kept.db")))) as store,
        Receiver(record.answer) as receiver,
    ):
        with Callers(servers, receiver.url) as callers:
            kills = [one_kill(n, servers, serve, callers, record, store) for n in range(KILLS)]
            callers.let(SHARE)
            for n in range(2):
                callers.wait_for(n, SHARE // 2)
        assert servers[0].turn("advance", seconds=1, settle=PATIENT_S)["settled"] is True
        messages, callbacks = servers[0].every("/messages"), servers[1].every("/callbacks")
    assert callers.mistakes == []
    assert set(callers.sids) - {message["ids"]["sid"] for message in messages} == set()
    assert len(callbacks) == 2 * len(messages)
    assert {callback["state"] for callback in callbacks} == {"delivered"}
    assert {change_in(callback) for callback in callbacks} == set(record.arrivals)
    again = [callback for callback in callbacks if len(record.arrivals[change_in(callback)]) > 1]
    assert [each for each in again if not leases_ran_out(kills, each["id"], record.arrivals[change_in(each)])] == []
    print(
        f"\n{KILLS} kills: {len(callers.sids)} messages were acknowledged and {len(callbacks)} callbacks fell due, none"
        f" is lost; {len(again)} were sent twice, each after its lease. What was claimed at a kill was sent at most"
        f" {longest_delay(kills, callbacks, record) / 1000:.1f} s after it."
    )


def one_kill(n: int, servers: list[Served], serve: Serve, callers: Callers, record: Record, store: Store) -> Kill:
    """Kill one of two servers in the midst of its calls, every other time in the midst of its callbacks too."""
    victim = n % 2
    callers.let(SHARE)
    callers.wait_for(victim, SHARE // 2)
    if n // 2 % 2 == victim:
        record.keep_back(PER_RECEIVER + 1, lambda: callers.let(5))  # more than one server has under way
    callers.kill(victim)
    kill = Kill(wall_clock(), claims(store))
    record.go_on()
    servers[victim] = serve()
    callers.replace(victim, servers[victim])
    return kill


def change_in(callback: Any) -> StatusChange:
    return callback["payload"]["MessageSid"], callback["payload"]["MessageStatus"]


def leases_ran_out(kills: Sequence[Kill], callback: str, arrivals: Sequence[int]) -> bool:
    """Whether between each arrival and the next lies a kill at which it was claimed, and the end of that lease."""
    return all(
        any(first <= kill.at and kill.leases.get(callback, NEVER) <= then for kill in kills)
        for first, then in pairwise(arrivals)
    )


def longest_delay(kills: Sequence[Kill], callbacks: Sequence[Any], record: Record) -> int:
    """How long after a kill, in ms, the last of what was claimed at it, and not sent before it, was sent."""
    arrivals = {callback["id"]: record.arrivals[change_in(callback)] for callback in callbacks}
    delays = [
        min(at for at in arrivals[callback] if at > kill.at) - kill.at
        for kill in kills
        for callback in kill.leases
        if arrivals[callback][-1] > kill.at
    ]
    return max(delays, default=0)
