"""One scripted day on a frozen clock: what the vendors answer at seven moments of it, compared with golden files.

The golden files are in `goldens/day/`, one for each moment. After a change that is meant to change what a vendor
answers, `UPDATE_GOLDENS=1 make test ARGS=tests/test_day.py` writes them anew; read the difference before you commit it.
"""

import os
from collections.abc import Callable, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from driver import CONSOLE, DEMO, LINE, STRANGER, TRACKING_NUMBER, Driver
from masks import masked

GOLDENS = Path(__file__).parent / "goldens" / "day"
IS_UPDATING = os.environ.get("UPDATE_GOLDENS") == "1"
PATIENT_S = 60
"""Nothing waits for it to pass; a wait that hangs ends with it."""
FATES = ("50", "51", "52", "53", "54", "60", "61", "62", "63", "71")
"""Last two digits of those who do not just get it."""
PHONES = [f"1629555{n:04d}" for n in range(104, 134)] + [f"190755501{xx}" for xx in FATES]
STOPPER, KEEPER, QUIET = PHONES[0], PHONES[1], PHONES[2]
HIDDEN = ("x-sandbox-exchange",)
"""The sandbox's own, not the vendor's."""


class Day:
    """The day, step by step. `moments` are filled as it goes: by name, every vendor answer of that moment."""

    def __init__(self, servers: Sequence[Driver]) -> None:
        self.sandbox = servers[0]
        self.servers = cycle(servers)
        self.sids: list[str] = []
        self.moments: dict[str, str] = {}
        self._since_last: list[str] = []

    def play(self, *, restarts: bool) -> None:
        """Each step on another server, if there are several; they are started again behind it, if they are to be."""
        for step in self.steps():
            self.sandbox = next(self.servers)
            step()
            if restarts:
                self.sandbox.restart()

    def steps(self) -> list[Callable[[], None]]:
        return [
            self.people_come,
            self.a_broadcast_goes_out,
            self.it_is_under_way,
            self.it_has_arrived,
            self.people_answer,
            self.one_of_them_stops,
            self.a_program_submits,
            self.its_receiver_is_down,
            self.its_receiver_is_up_again,
            self.the_one_starts_again,
            self.the_next_day,
        ]

    # The script -----------------------------------------------------------------------------------------------------

    def people_come(self) -> None:
        self.turn("freeze")
        for n, phone in enumerate(PHONES):
            person = {"first_name": f"Person{n}", "last_name": "Ångström" if n % 7 == 0 else "Miller", "phone": phone}
            self.sandbox.control("POST", "/people", {**person, "misc": [str(n), None, None, None, "Active"]})
        self.sandbox.control("PUT", "/sinks/program", {"status": 503})

    def a_broadcast_goes_out(self) -> None:
        sent = self.sandbox.broadcast(
            "Flu shots on Friday.", to=PHONES, sent_by="frontdesk@clinic.example", campaign="Autumn"
        )
        assert len(sent["messages"]) == 40
        self.sids = [message["ids"]["sid"] for message in sent["messages"]]
        self.moment("1 accepted")

    def it_is_under_way(self) -> None:
        self.turn("advance", seconds=2)
        self.moment("2 sent")

    def it_has_arrived(self) -> None:
        self.turn("advance", seconds=8)
        self.moment("3 delivered, rejected, and answered by handsets")

    def people_answer(self) -> None:
        self.turn("set", at="2026-05-06T09:30:00Z")
        self.sandbox.reply(self.sids[1], "Yes, we will come \N{SMILING FACE WITH OPEN MOUTH}")
        self.sandbox.reply(self.sids[3], "INFO")
        self.sandbox.inbound("Are you open?", phone=STRANGER, line=TRACKING_NUMBER)
        self.turn("advance", seconds=60)
        self.sandbox.send("Until 6 <pm> & later ]]> today.", to=STRANGER, tracking_number=TRACKING_NUMBER)

    def one_of_them_stops(self) -> None:
        self.turn("advance", seconds=60)
        self.sandbox.reply(self.sids[0], "Stop")
        self.keep(self.sandbox.call("DELETE", f"/dialoghealth-simplepay-api/optout/{CONSOLE}/{QUIET}", auth=DEMO))
        self.keep(self.sandbox.call("DELETE", f"/dialoghealth-simplepay-api/optout/{CONSOLE}/19075550199", auth=DEMO))
        self.moment("4 replies, and a STOP")

    def a_program_submits(self) -> None:
        self.turn("set", at="2026-05-06T10:00:00Z")
        for phone in (STOPPER, KEEPER, QUIET, "14155550170"):
            self.submit(phone, "Your results are in.")
        self.turn("advance", seconds=3, settle=PATIENT_S)

    def its_receiver_is_down(self) -> None:
        for seconds in (1, 4):
            self.turn("advance", seconds=seconds, settle=PATIENT_S)
        self.moment("5 a submit to the opted-out, and nobody to call back")

    def its_receiver_is_up_again(self) -> None:
        self.sandbox.control("PUT", "/sinks/program", {"status": 200})
        self.turn("advance", seconds=16, settle=PATIENT_S)
        self.moment("6 called back")

    def the_one_starts_again(self) -> None:
        self.turn("set", at="2026-05-06T11:00:00Z")
        self.sandbox.inbound("START", phone=STOPPER)
        self.submit(STOPPER, "Welcome back: \N{EURO SIGN}5 off.")
        self.submit(KEEPER, "Please call us.")
        self.sandbox.status(self.sids[-1], "undelivered", reason="switched off", vendor_status="UNREACHABLE")
        self.turn("advance", seconds=0, settle=PATIENT_S)
        self.sandbox.send("Good morning.", to=KEEPER, at="2026-05-07T08:00:00Z")
        self.turn("advance", seconds=3, settle=PATIENT_S)

    def the_next_day(self) -> None:
        self.turn("set", at="2026-05-07T09:00:00Z", settle=PATIENT_S)
        self.moment("7 the next morning")

    # What it is made of ---------------------------------------------------------------------------------------------

    def turn(self, action: str, **fields: Any) -> None:
        turned = self.sandbox.control("POST", "/clock", {"action": action, **fields})
        assert turned.get("settled", True)

    def submit(self, phone: str, text: str) -> None:
        """One that is refused is a vendor answer like any other."""
        url = self.sandbox.control("GET", "/sinks/program")["url"]
        answer = self.sandbox.submit(phone, text, sender=LINE, callback=url)
        self.keep(answer)
        if answer.is_success:
            self.sids.append(answer.json()["sid"])

    def keep(self, answer: httpx.Response) -> None:
        self._since_last.append(written(answer))

    def moment(self, name: str) -> None:
        """Whatever a client can ask, and what its receiver got meanwhile."""
        for console in (CONSOLE, "HARBOR1002"):
            self.keep(self.sandbox.writeback(end="2026-05-07 23:59:59", console=console))
        for sid in [*self.sids, "2721Z-0622U-14171-480RH"]:
            path = f"/dialoghealth-simplepay-api/messages/{CONSOLE}/{sid}"
            self.keep(self.sandbox.call("GET", path, auth=DEMO))
        self.keep(self.sandbox.get_messages(end_date="20260507"))
        self.keep(self.sandbox.get_messages(end_date="20260507", number="6155550101"))
        got = self.sandbox.control("GET", "/sinks/program")["received"]
        # Those of different messages come side by side, in an order that nothing promises.
        got.sort(key=lambda each: (each["at"], dict(parse_qsl(each["body"]))["MessageSid"]))
        called = [f"called back at {each['at']}\n{each['body']}\n" for each in got]
        self.sandbox.control("DELETE", "/sinks/program")
        self.moments[name] = "\n".join([*self._since_last, *called])
        self._since_last = []


def written(answer: httpx.Response) -> str:
    """A vendor's answer, whole but for its requestId, after what was asked."""
    asked = f"{answer.request.method} {answer.request.url.raw_path.decode()}"
    headers = [f"{name}: {value}" for name, value in answer.headers.items() if name not in HIDDEN]
    return masked("\n".join([asked, str(answer.status_code), *headers, "", answer.text, ""]))


def played(*servers: Driver, restarts: bool = False) -> dict[str, str]:
    """The moments of a day on these servers, which have one database."""
    servers[0].delivery("timed")
    day = Day(servers)
    day.play(restarts=restarts)
    assert len(day.moments) == 7
    return day.moments


def golden(name: str) -> Path:
    return GOLDENS / f"{name.replace(',', '').replace(' ', '-')}.txt"


@pytest.mark.rule("NET-flow", "NET-stop", "NET-start", "NET-consent", "NET-handsets", "SP-statuscallback")
@pytest.mark.parametrize(
    ("count", "restarts"),
    [(1, False), (1, True), (2, False), (2, True)],
    ids=["in one go", "restarted after each step", "two servers in turn", "two servers in turn, both restarted"],
)
def test_a_day_is_the_golden_one(
    open_driver: Callable[..., Driver], tmp_path: Path, count: int, restarts: bool
) -> None:
    """The same bytes on SQLite and on PostgreSQL, where `make test-postgresql` runs it."""
    first = open_driver(database=str(tmp_path / "day.db"))
    moments = played(first, *(open_driver(beside=first) for _ in range(count - 1)), restarts=restarts)
    if IS_UPDATING and (count, restarts) == (1, False):
        GOLDENS.mkdir(parents=True, exist_ok=True)
        for name, text in moments.items():
            golden(name).write_bytes(text.encode())
    assert {golden(name).name: text for name, text in moments.items()} == {
        path.name: path.read_bytes().decode() for path in GOLDENS.iterdir()
    }


def test_a_day_played_twice_is_the_same(open_driver: Callable[..., Driver]) -> None:
    assert played(open_driver()) == played(open_driver())
