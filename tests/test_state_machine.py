"""The network against a small model of it: whoever submits, stops, starts and reports in whatever order.

The model knows consent, plans and moves, and is written from the rules, not from the code. It is told by one server,
and by two on one database, each of which answers some of the calls. 200 and 100 runs, always the same ones, are part of
`make test`; `make soak` makes 2,000 new ones of each.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from driver import CONSOLE, DEFAULT, LINE, Driver
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

RUNS = os.environ.get("NETWORK_RUNS")
LINES = {CONSOLE: LINE, "HARBOR1002": "16155550111"}
WORDS = ("STOP", "quit.", "Parar", "START", " unstop ", "HELP", "info", "Thanks", "harbor", "DENTAL.")
HAS_AUTO_REPLY = {CONSOLE: True, "HARBOR1002": False}
KEYWORDS = {CONSOLE: "HARBOR", "HARBOR1002": "DENTAL"}
FINAL = ("delivered", "undelivered", "rejected", "unknown")
MOVES = {"queued": ("sent", "rejected", "unknown"), "sent": FINAL, **dict.fromkeys(FINAL, ())}
IN = ("in", "staff")


@dataclass
class Policy:
    mode: str = "timed"
    sent_after: int = 1000
    settled_after: int = 3000
    outcome: str = "delivered"


@dataclass
class Text:
    """A message as the model has it; `steps` are its statuses with their times, those ahead too."""

    direction: str
    console: str
    phone: str
    steps: list[tuple[str, int]]
    is_answer: bool = False
    is_answered: bool = False
    id: str = ""
    sid: str = ""

    def status(self, now: int) -> str:
        return [status for status, at in self.steps if at <= now][-1]


@dataclass
class Model:
    """`consent` of a console and a phone: `in`, `staff` (they opted it in), `out`, `closed` by staff, or `stopped`."""

    now: int
    handset: str
    policy: Policy = field(default_factory=Policy)
    consent: dict[tuple[str, str], str] = field(default_factory=dict)
    texts: list[Text] = field(default_factory=list)
    replies: list[tuple[int, int]] = field(default_factory=list)
    """When, and to which text the handset means to reply."""

    def accept(
        self, console: str, phone: str, *, submitted: bool = False, always: bool = False, is_answer: bool = False
    ) -> None:
        state = self.consent.get((console, phone))
        if state is None or (state == "out" and submitted):
            self.consent[console, phone] = state = "in"
        steps = [("queued", self.now), *self.plan(is_barred=state not in IN and not always)]
        self.texts.append(Text("outbound", console, phone, steps, is_answer))
        self.let_handset_reply(len(self.texts) - 1)

    def plan(self, *, is_barred: bool) -> list[tuple[str, int]]:
        policy = self.policy
        sent, settled = {"immediate": (0, 0), "manual": (1000, 3000)}.get(
            policy.mode, (policy.sent_after, policy.settled_after)
        )
        if is_barred:
            return [("rejected", self.now + settled)]
        return [] if policy.mode == "manual" else [("sent", self.now + sent), (policy.outcome, self.now + settled)]

    def let_handset_reply(self, n: int) -> None:
        text = self.texts[n]
        status, at = text.steps[-1]
        if status == "delivered" and text.phone == self.handset and not text.is_answer:
            self.replies.append((at + 2000, n))

    def receive(self, console: str, phone: str, words: str) -> None:
        self.texts.append(Text("inbound", console, phone, [("received", self.now)]))
        state = self.consent.get((console, phone))
        word = words.strip().rstrip(".").upper()
        if word in ("STOP", "QUIT", "PARAR"):
            self.consent[console, phone] = "stopped"
            is_answered, always = state != "stopped", True
        elif word in ("START", "UNSTOP", KEYWORDS[console]):
            self.consent[console, phone] = state if state in IN else "in"
            is_answered, always = True, True
        else:
            self.consent[console, phone] = state or "in"
            always = word in ("HELP", "INFO")
            is_answered = always or (HAS_AUTO_REPLY[console] and self.consent[console, phone] in IN)
        if is_answered:
            self.accept(console, phone, always=always, is_answer=True)

    def advance(self, ms: int) -> None:
        end = self.now + ms
        while due := [reply for reply in self.replies if reply[0] <= end]:
            self.now, n = min(due, key=lambda reply: reply[0])
            self.replies.remove((self.now, n))
            text = self.texts[n]
            if text.steps[-1] == ("delivered", self.now - 2000) and not text.is_answered:
                text.is_answered = True
                self.receive(text.console, text.phone, "STOP")
        self.now = end

    def possible(self, n: int) -> list[str]:
        """What the text can still become."""
        moves = MOVES[self.texts[n].status(self.now)]
        return list(dict.fromkeys([*moves, *(later for step in moves for later in MOVES[step])]))

    def report(self, n: int, status: str) -> None:
        text = self.texts[n]
        last = text.status(self.now)
        takes_sent = status in self.possible(n) and status not in MOVES[last]
        past = [step for step in text.steps if step[1] <= self.now]
        text.steps = [*past, *([("sent", self.now)] if takes_sent else []), (status, self.now)]
        self.let_handset_reply(n)


class Network(RuleBasedStateMachine):
    """Drives servers of one database that all runs share, each run with phones and an hour of its own."""

    drivers: Sequence[Driver]
    runs = 0

    @initialize(
        mode=st.sampled_from(["timed", "immediate", "manual"]),
        turns=st.lists(st.integers(0, 1), min_size=1, max_size=64),
    )
    def begin(self, mode: str, turns: list[int]) -> None:
        cls = type(self)
        cls.runs += 1
        self.turns = cycle(turns)
        self.phones = [f"1{area}7{cls.runs:06d}" for area in ("629", "907")]
        self.control("POST", "/clock", {"action": "advance", "seconds": 3600})
        self.since = self.control("GET", "/clock")["now"]
        self.model = Model(0, handset=self.phones[1], policy=Policy(mode))
        self.apply_policy()

    @property
    def driver(self) -> Driver:
        """The server whose turn it is, another one for each call."""
        return self.drivers[next(self.turns) % len(self.drivers)]

    def control(self, method: str, path: str, body: Any = None) -> Any:
        return self.driver.control(method, path, body)

    def outbound(self) -> list[int]:
        return [n for n, text in enumerate(self.model.texts) if text.direction == "outbound"]

    def apply_policy(self) -> None:
        policy = self.model.policy
        self.driver.delivery(
            policy.mode,
            sent_after=policy.sent_after / 1000,
            settled_after=policy.settled_after / 1000,
            outcome=policy.outcome,
            numbers={self.phones[1]: {"handset": "60"}},
        )

    # What can happen ------------------------------------------------------------------------------------------------

    consoles = st.sampled_from(sorted(LINES))
    who = st.integers(0, 1)
    words = st.sampled_from(WORDS)

    @rule(console=consoles, who=who)
    def submit(self, console: str, who: int) -> None:
        self.driver.sid(self.phones[who], console=console)
        self.model.accept(console, self.phones[who], submitted=True)

    @rule(console=consoles, who=who)
    def staff_send(self, console: str, who: int) -> None:
        self.driver.send(to=self.phones[who], console=console)
        self.model.accept(console, self.phones[who])

    @rule(console=consoles)
    def broadcast(self, console: str) -> None:
        self.driver.broadcast(to=self.phones, console=console)
        for phone in self.phones:
            self.model.accept(console, phone)

    @rule(console=consoles, who=who, words=words)
    def text_in(self, console: str, who: int, words: str) -> None:
        self.driver.inbound(words, phone=self.phones[who], line=LINES[console])
        self.model.receive(console, self.phones[who], words)

    @precondition(lambda self: self.outbound())
    @rule(data=st.data(), words=words)
    def reply(self, data: st.DataObject, words: str) -> None:
        self.look()
        text = self.model.texts[data.draw(st.sampled_from(self.outbound()))]
        self.driver.reply(text.id, words)
        self.model.receive(text.console, text.phone, words)

    @precondition(lambda self: self.outbound())
    @rule(data=st.data(), status=st.sampled_from(["queued", "sent", *FINAL]), force=st.booleans())
    def report(self, data: st.DataObject, status: str, force: bool) -> None:
        self.look()
        n = data.draw(st.sampled_from(self.outbound()))
        possible = self.model.possible(n)
        given = {"status": status, "force": force}
        answer = self.driver.call("POST", f"{DEFAULT}/messages/{self.model.texts[n].id}/status", json=given)
        if status in possible or force:
            self.model.report(n, status)
            assert answer.status_code == 200, answer.text
            assert answer.json()["timeline"][-1].get("forced", False) is (status not in possible)
        else:
            assert (answer.status_code, answer.json()["possible"]) == (409, possible)

    @rule(console=consoles, who=who)
    def opt_out_by_api(self, console: str, who: int) -> None:
        key = console, self.phones[who]
        is_known = key in self.model.consent
        answer = self.driver.optout(self.phones[who], console=console)
        assert answer == {"msisdn": self.phones[who] if is_known else "Recipient not found"}
        if self.model.consent.get(key) in IN:
            self.model.consent[key] = "out"

    @rule(console=consoles, who=who, opts_in=st.booleans(), silent=st.booleans())
    def staff_decide(self, console: str, who: int, opts_in: bool, silent: bool) -> None:
        key = console, self.phones[who]
        state = "opted_in" if opts_in else "opted_out"
        asked = {"state": state, "console": console, "silent": silent}
        changed = self.control("PUT", f"/consents/{self.phones[who]}", asked)
        is_so = self.model.consent.get(key) in (("staff",) if opts_in else ("closed", "stopped"))
        assert (changed["message"] is None) is (is_so or silent)
        if not is_so:
            self.model.consent[key] = "staff" if opts_in else "closed"
        if not (is_so or silent):
            self.model.accept(console, self.phones[who], always=True)

    @rule(ms=st.sampled_from([1, 500, 999, 1000, 2000, 3000, 10_000]))
    def advance(self, ms: int) -> None:
        self.control("POST", "/clock", {"action": "advance", "seconds": ms / 1000})
        self.model.advance(ms)
        self.look()

    @rule(
        mode=st.sampled_from(["timed", "immediate", "manual"]),
        sent=st.sampled_from([0, 1000]),
        more=st.sampled_from([0, 500, 2000]),
        outcome=st.sampled_from(FINAL),
    )
    def change_policy(self, mode: str, sent: int, more: int, outcome: str) -> None:
        self.model.policy = Policy(mode, sent, sent + more, outcome)
        self.apply_policy()

    @rule()
    def restart(self) -> None:
        self.driver.restart()

    # What must be so ------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """The messages and their statuses are the model's."""
        shown = self.control("GET", f"/messages?since={self.since}&limit=1000")["items"]
        for text, each in zip(self.model.texts, shown, strict=True):
            text.id, text.sid = each["id"], each["ids"]["sid"]
            phone = each["to"] if each["direction"] == "outbound" else each["from"]
            assert (each["direction"], each["console"], phone) == (text.direction, text.console, text.phone)
            assert each["status"] == text.status(self.model.now)

    def teardown(self) -> None:
        """What the vendors and the ledger say in the end."""
        if hasattr(self, "model"):
            self.look()
            self.consent_is_the_models()
            self.simplepay_tells_the_same()
            self.writeback_tells_the_same()

    def consent_is_the_models(self) -> None:
        shown = [each for phone in self.phones for each in self.control("GET", f"/consents?phone={phone}")["items"]]
        assert {(each["console"], each["phone"]): each["state"] for each in shown} == {
            key: "opted_in" if state in IN else "opted_out" for key, state in self.model.consent.items()
        }

    def simplepay_tells_the_same(self) -> None:
        words = {"rejected": "failed", "unknown": "UNKNOWN"}
        for text in (self.model.texts[n] for n in self.outbound()):
            status = text.status(self.model.now)
            assert self.driver.details(text.sid, console=text.console)["status"] == words.get(status, status)

    def writeback_tells_the_same(self) -> None:
        words = {"delivered": "ACCESSIBLE", "undelivered": "MESSAGE_REJECTED", "rejected": "MESSAGE_REJECTED"}
        start, end = self.since[:19], self.control("GET", "/clock")["now"][:19]
        for console in LINES:
            outbound = [text for text in self.model.texts if (text.direction, text.console) == ("outbound", console)]
            records = self.driver.records(start.replace("T", " "), end.replace("T", " "), console=console)
            shown = [each["messageStatus"] for each in records if each["outgoingMessage"] is not None]
            by_time = sorted(outbound, key=lambda text: text.steps[0][1])
            assert shown == [words.get(text.status(self.model.now)) for text in by_time]


@pytest.mark.rule("NET-flow", "NET-stop", "NET-start", "NET-help", "NET-reply", "NET-consent", "NET-handsets")
@pytest.mark.rule("SP-optin", "SP-optout")
@pytest.mark.parametrize(("servers", "runs"), [(1, 200), (2, 100)], ids=["one server", "two servers"])
def test_the_network_is_as_the_model_has_it(
    open_driver: Callable[..., Driver], tmp_path: Path, servers: int, runs: int
) -> None:
    first = open_driver(database=str(tmp_path / "network.db"))
    first.control("POST", "/clock", {"action": "freeze"})
    Network.drivers = [first, *(open_driver(beside=first) for _ in range(servers - 1))]
    run_state_machine_as_test(
        Network,
        settings=settings(
            max_examples=int(RUNS or runs),
            stateful_step_count=25,
            derandomize=RUNS is None,
            suppress_health_check=list(HealthCheck),
        ),
    )
