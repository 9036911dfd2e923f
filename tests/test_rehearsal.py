"""A rehearsal: what is in it, and that it names what is wrong with a client and nothing of one that is right."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from clients import dialogtech_pollers as dialogtech
from clients import senders
from clients import writeback_pollers as writeback
from clients.bridge import IntoDriver, client_of
from driver import CONSOLE, DEMO, KEYS, LINE, PHONE, STRANGER, Driver
from test_report import STOPPER, broken, reported, situation, tolerated

from dialog_sandbox import SandboxClient
from sandbox.rehearsal.days import DAY, STARTS, clock_changes, next_midnight, remarks_on
from sandbox.rehearsal.fortnight import fortnight
from sandbox.rehearsal.player import Player
from sandbox.rehearsal.steps import PhoneText, PlannedStep, RehearsalStep, Scene, StaffText, TroubleOfReads
from sandbox.rehearsal.texts import ODD

CHICAGO = ZoneInfo("America/Chicago")
MINUTES_A_DAY = 10 / 14
POLL_EVERY_S = 1.013
"""No part of a day at any pace, or each poll would come at midnight."""
SEND_EVERY_S = 3.0
TEXTED = (PHONE, STRANGER, STOPPER, "12125550161", "14155550145")
NEVER_TEXTED, OPTS_OUT_EVERY = "14155550146", 5
"""Whom a client opts out again and again, as one does who is not sure; and how seldom."""
ONLY_OUTSIDE = {"latency_ms", "timeout", "drip"}
"""Effects that take their time outside, however a test moves its clocks."""


class Playground:
    """A rehearsal in a sandbox of this process: who waits moves its wall clock, and lets the clients act meanwhile."""

    def __init__(self, sandbox: Driver, *, days: int = 14, start: str = "spring") -> None:
        self.sandbox = sandbox
        self.lines: list[str] = []
        self.client = SandboxClient("http://127.0.0.1:8080", transport=IntoDriver(sandbox))
        self.workspace = self.client.workspace()
        self.workspace.clock.set(STARTS[start])
        self.player = Player(
            self.workspace,
            STARTS[start],
            days=days,
            minutes=MINUTES_A_DAY * days,
            seed=1,
            wait=self.wait,
            tell=self.lines.append,
        )
        self.player.steps = [step for step in self.player.steps if not takes_its_time(step)]
        self._clients: list[tuple[int, float, Callable[[], object]]] = []

    def every(self, seconds: float, act: Callable[[], object]) -> None:
        """Have a client act as often as that, outside."""
        self._clients.append((self.sandbox.wall.at, seconds, act))

    def wait(self, seconds: float) -> None:
        wall = self.sandbox.wall
        until = wall.at + max(1, round(seconds * 1000))
        while self._clients:
            due, pause, act = min(self._clients, key=lambda each: each[0])
            if due > until:
                break
            self._clients.remove((due, pause, act))
            wall.advance(max(0, due - wall.at) / 1000)
            act()
            self._clients.append((wall.at + round(pause * 1000), pause, act))
        wall.advance(max(0, until - wall.at) / 1000)

    def now(self) -> datetime:
        return self.workspace.clock.now

    def poll(self, kind: type[writeback.WritebackPoller]) -> writeback.WritebackPoller:
        poller = kind(client_of(self.sandbox, DEMO), CONSOLE, self.now)
        self.every(POLL_EVERY_S, poller.poll)
        return poller

    def poll_dialogtech(self, kind: type[dialogtech.DialogTechPoller]) -> dialogtech.DialogTechPoller:
        poller = kind(client_of(self.sandbox), KEYS, self.now)
        self.every(POLL_EVERY_S, poller.poll)
        return poller

    def send(self, kind: type[senders.Sender]) -> "SendingProgram":
        program = SendingProgram(self.sandbox, kind)
        self.every(SEND_EVERY_S, program.act)
        return program

    def played(self) -> Any:
        """Play it; the report."""
        self.player.place.set_up()
        self.player.play()
        report = reported(self.sandbox)
        self.player.place.tidy_up()
        return report


class SendingProgram:
    """Sends a text, and looks after the one before."""

    def __init__(self, sandbox: Driver, kind: type[senders.Sender]) -> None:
        self.sender = kind(client_of(sandbox, DEMO), CONSOLE, LINE, sandbox.wall.advance)
        self.count = 0
        self.last: str | None = None

    def act(self) -> None:
        if self.last is not None:
            self.sender.status(self.last)
        if self.count % OPTS_OUT_EVERY == 0:
            self.sender.opt_out(NEVER_TEXTED)
        self.last = self.sender.send(TEXTED[self.count % len(TEXTED)], f"Reminder number {self.count}")
        self.count += 1


def takes_its_time(step: RehearsalStep) -> bool:
    if isinstance(step, TroubleOfReads):
        effects = step.effects
    else:
        effects = (step.arguments.get("effect", {}),) if isinstance(step, Scene) else ()
    return any(ONLY_OUTSIDE & effect.keys() for effect in effects)


# Whole rehearsals -----------------------------------------------------------------------------------------------------


def called_back(sandbox: Driver) -> type[senders.Sender]:
    """A right sender with a receiver of its callbacks."""
    url = sandbox.control("PUT", "/sinks/mine", {})["url"]

    class CalledBack(senders.Sender):
        def submit(self, to: str, text: str) -> httpx.Response | None:
            form = {"To": to, "From": self.line, "Body": text, "StatusCallback": url}
            try:
                answer = self.http.post(f"{senders.PREFIX}/submit/{self.console}", data=form)
                answer.json()
            except (httpx.TransportError, ValueError):
                return None
            return answer

    return CalledBack


@pytest.mark.parametrize("start", ["spring", "autumn"])
def test_nothing_is_broken_by_a_client_that_is_right(sandbox: Driver, start: str) -> None:
    playground = Playground(sandbox, start=start)
    poller = playground.poll(writeback.WritebackPoller)
    playground.poll_dialogtech(dialogtech.DialogTechPoller)
    playground.send(called_back(sandbox))
    report = playground.played()
    assert (broken(report), tolerated(report)) == (set(), set())
    assert len(playground.lines) == 14
    assert poller.results
    words = [each["situation"] for each in report["situations"] if each["state"] == "untried"]
    assert set(words) <= {"timeout", "slow", "same_again"}
    faulted = sandbox.control("GET", "/journal?outcome=faulted&limit=1000")["items"]
    assert {("simplepay.messages", 503), ("simplepay.optout", 503), ("simplepay.submit", 401)} <= {
        (each["operation"], each["status"]) for each in faulted
    }
    # Of a record at the end of a long answer the journal does not keep so much.
    assert set(report["missing_nulls"]) <= {"personId"}


FLAWED: list[tuple[type[senders.Sender], int, str]] = [
    (senders.GivesUpAtOnce, 2, "http_503: gave_up"),
    (senders.TriesAgainAtOnce, 2, "http_503: hammered"),
    (senders.TextsWhoHasOptedOut, 4, "opted_out_phone: kept_sending"),
    (senders.IgnoresRetryAfter, 5, "http_429: hammered"),
    (senders.SendsAgainWhatMayHaveBeenSent, 6, "reset: double_sent"),
]


@pytest.mark.parametrize(("kind", "days", "flaw"), FLAWED, ids=[kind.__name__ for kind, _, _ in FLAWED])
def test_the_flaw_of_a_sender_is_named(sandbox: Driver, kind: type[senders.Sender], days: int, flaw: str) -> None:
    playground = Playground(sandbox, days=days)
    playground.send(kind)
    assert flaw in broken(playground.played())


class GoesOnAfterAFailure(writeback.GoesOnAfterAFailure, writeback.ReadsEachResultOnce):
    """One that reaches back to what has not settled reads what it has missed by luck."""


FLAWED_POLLERS: list[tuple[type[writeback.WritebackPoller], int, str]] = [
    (writeback.LeavesAMinuteOut, 1, "gap"),
    (GoesOnAfterAFailure, 2, "gap"),
    (writeback.ReadsTodayOnly, 2, "midnight_cut"),
    (writeback.ReadsEachResultOnce, 4, "seen_unsettled"),
    (writeback.MovesOnIntoTheFuture, 1, "future"),
    (writeback.SwapsDayAndMonth, 2, "day_month_swapped"),
]


@pytest.mark.parametrize(("kind", "days", "flaw"), FLAWED_POLLERS, ids=[kind.__name__ for kind, _, _ in FLAWED_POLLERS])
def test_the_flaw_of_a_poller_is_named(
    sandbox: Driver, kind: type[writeback.WritebackPoller], days: int, flaw: str
) -> None:
    playground = Playground(sandbox, days=days)
    playground.poll(kind)
    assert flaw in broken(playground.played())


def test_a_client_that_counts_in_local_time_is_named_over_a_change_of_its_clock(sandbox: Driver) -> None:
    class AsksInLocalTime(writeback.WritebackPoller):
        def written(self, at: datetime) -> str:
            return super().written(at.astimezone(CHICAGO))

    playground = Playground(sandbox, days=2)
    playground.poll(AsksInLocalTime)
    assert "local_time" in broken(playground.played())


# What is in it --------------------------------------------------------------------------------------------------------


def spring(**options: Any) -> list[RehearsalStep]:
    return fortnight(STARTS["spring"], **{"days": 14, "seed": 1, **options})


def test_the_same_seed_makes_the_same_rehearsal_and_another_one_another() -> None:
    assert spring() == spring()
    assert spring() != spring(seed=2)


def test_it_is_in_order_and_a_shorter_one_is_its_beginning() -> None:
    steps = spring()
    assert steps == sorted(steps, key=lambda step: step.at)
    first = [step for step in steps if step.at < DAY]
    assert [step for step in spring(days=1) if step.at < DAY] == first


def test_every_odd_text_goes_both_ways_on_both_lines() -> None:
    sent = {(step.text, step.by_number) for step in spring() if isinstance(step, StaffText)}
    answered = {(step.text, step.to_number) for step in spring() if isinstance(step, PhoneText)}
    both = {(text, by_number) for text in ODD.values() for by_number in (False, True)}
    assert both <= sent
    assert both <= answered


def test_what_goes_wrong_with_reads_is_over_before_a_scene_begins() -> None:
    """In a scene a poller asks every second, which would look as if it heeded no Retry-After."""
    troubles = [step for step in spring() if isinstance(step, TroubleOfReads)]
    scenes = [step for step in spring() if isinstance(step, Scene)]
    assert troubles
    assert not [
        scene for scene in scenes for trouble in troubles if trouble.at <= scene.at < trouble.at + trouble.lasts
    ]


@pytest.mark.parametrize("zone", ["America/Chicago", "Asia/Kathmandu", "Pacific/Apia"])
def test_something_comes_around_the_midnights_of_the_accounts_too(zone: str) -> None:
    moments = [STARTS["spring"] + step.at for step in spring(zones=[zone])]
    local = [at.astimezone(ZoneInfo(zone)) for at in moments]
    last = [at for at in local if (at.hour, at.minute, at.second) == (23, 59, 58)]
    assert len({at.date() for at in last}) >= 12


def test_on_a_day_on_which_clocks_change_texts_come_through_the_night() -> None:
    night = [step for step in spring() if step.tries == "texts while clocks change"]
    assert {step.at // DAY for step in night} == {13}
    assert len(night) == 24


@pytest.mark.parametrize(
    ("start", "remarks"),
    [
        (
            "spring",
            {1: ["leap day", "the month ends"], 13: ["clocks go forward in America/Chicago"]},
        ),
        (
            "autumn",
            {
                4: ["clocks go back in Europe/Berlin"],
                6: ["the month ends"],
                11: ["clocks go back in America/Chicago"],
            },
        ),
        ("new-year", {8: ["the year ends"]}),
    ],
)
def test_the_beginnings_that_have_a_name_hold_what_is_special(start: str, remarks: dict[int, list[str]]) -> None:
    found = {n: remarks_on(STARTS[start] + n * DAY) for n in range(14)}
    assert {n: each for n, each in found.items() if each} == remarks


def test_a_rehearsal_begins_at_midnight() -> None:
    assert next_midnight(STARTS["spring"]) == STARTS["spring"]
    late = datetime(2028, 2, 27, 23, 30, tzinfo=timezone(timedelta(hours=-1)))
    assert next_midnight(late) == datetime(2028, 2, 29, tzinfo=UTC)
    assert clock_changes(STARTS["spring"]) == []


def test_each_day_is_told_in_a_line(sandbox: Driver) -> None:
    playground = Playground(sandbox, days=2)
    playground.played()
    assert playground.lines == [
        "day 1 of 2, Mon 28 Feb 2028: odd texts; 27 texts",
        "day 2 of 2, Tue 29 Feb 2028 (leap day, the month ends): 503 to all reads for two hours; 503 to submits;"
        " 503 to message details; 29 texts",
    ]


# What it leaves behind ------------------------------------------------------------------------------------------------


def test_the_server_takes_every_step(sandbox: Driver) -> None:
    playground = Playground(sandbox)
    for step in spring():
        if not isinstance(step, PlannedStep | Scene):
            step.execute(playground.player.place)
    effects = [fault["effect"] for fault in sandbox.control("GET", "/faults")["items"]]
    assert {name for effect in effects for name in effect} == {
        *("status", "rate_limit", "reset", "truncate", "close", "latency_ms", "timeout", "drip", "malformed")
    }


def test_the_workspace_answers_afterwards_as_it_did_before(sandbox: Driver) -> None:
    sandbox.delivery("manual", numbers={"4155550123": {"handset": "60"}, "4155550124": {"mode": "immediate"}})
    sandbox.control("PUT", "/callbacks/profile", {"lose": 0.5, "seed": 3})
    sandbox.control("POST", "/faults", {"match": {"to": "4155550199"}, "effect": {"status": 503}})
    sandbox.control("POST", "/clock", {"action": "freeze"})
    places = ("", "/delivery", "/callbacks/profile", "/faults")
    before = {place: sandbox.control("GET", place) for place in places}
    playground = Playground(sandbox, days=14)
    playground.player.place.set_up()
    assert sandbox.writeback().headers["date"] == "Mon, 28 Feb 2028 00:00:00 GMT"
    playground.player.play()
    playground.player.place.tidy_up()
    assert {place: sandbox.control("GET", place) for place in places} == before
    clock = sandbox.control("GET", "/clock")
    assert (clock["state"], "speed" in clock) == ("frozen", False)


def test_phones_that_the_client_texts_are_opted_out_one_by_itself_and_one_by_staff(sandbox: Driver) -> None:
    playground = Playground(sandbox, days=10)
    playground.send(senders.Sender)
    report = playground.played()
    first, second = playground.player.place.quieted
    assert first != second
    assert situation(report, "opted_out_phone")["state"] == "respected"
    words = {(each["phone"], each["why"]) for each in sandbox.control("GET", "/consents")["items"]}
    assert (second, "staff") in words
    of_first = sandbox.control("GET", f"/consents/{first}")["items"]
    assert [each["word"] for each in of_first if each["why"] == "handset"] == ["STOP", "START"]


def test_a_workspace_whose_client_sends_nothing_has_its_rehearsal_too(sandbox: Driver) -> None:
    playground = Playground(sandbox, days=6)
    playground.poll(writeback.WritebackPoller)
    before = sandbox.wall.at
    assert playground.played()["state"] == "respected"
    assert playground.player.place.quieted == []
    fast = 6 * DAY.total_seconds() / playground.player.pace.speed
    assert (sandbox.wall.at - before) / 1000 < fast + 1
