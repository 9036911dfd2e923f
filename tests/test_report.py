"""The report: rule by rule and situation by situation, what a client gets wrong, and nothing of one that is right."""

import html
import json
import os
from collections.abc import Callable
from random import Random
from typing import Any
from xml.etree import ElementTree

import pytest
from clients import senders
from clients.bridge import client_of, clock_of
from clients.dialogtech_pollers import DialogTechPoller
from clients.scenario import lived_through
from clients.writeback_pollers import WritebackPoller
from driver import CONSOLE, DEFAULT, DEMO, KEYS, LINE, PHONE, SIMPLEPAY, STRANGER, TRACKING_NUMBER, Driver

from dialog_sandbox.models.report import WorkspaceReport
from dialog_sandbox.reports import cited_ids, merge_reports
from sandbox.server.conformance.renderers import rendered

SEEDS = sorted({*range(int(os.environ.get("CLIENT_SEEDS", "3"))), 38, 56})
STOPPER = "12125550160"
"""Texts STOP when it is sent something."""


def sender_of(sandbox: Driver, kind: type[senders.Sender]) -> senders.Sender:
    return kind(client_of(sandbox, DEMO), CONSOLE, LINE, sandbox.wall.advance)


def reported(sandbox: Driver) -> Any:
    return sandbox.control("GET", "/report")


def broken(report: Any) -> set[str]:
    """What is broken: rules by their id, situations with what was done, pollers by kinds."""
    rules = {each["id"] for each in report["rules"] if each["state"] == "broken"}
    situations = {
        f"{each['situation']}: {example['next']}"
        for each in report["situations"]
        if each["state"] == "broken"
        for example in each["examples"]
    }
    kinds = {each["kind"] for poller in report["pollers"] for each in poller["findings"] if each["level"] == "error"}
    return rules | situations | kinds


def tolerated(report: Any) -> set[str]:
    names = {each["id"] for each in report["rules"] if each["state"] == "tolerated"}
    return names | {each["situation"] for each in report["situations"] if each["state"] == "tolerated"}


def situation(report: Any, word: str) -> Any:
    return next(each for each in report["situations"] if each["situation"] == word)


def rule(report: Any, rule_id: str) -> Any:
    return next(each for each in report["rules"] if each["id"] == rule_id)


def fault(sandbox: Driver, operation: str = "*", times: int = 1, **effect: Any) -> None:
    sandbox.control("POST", "/faults", {"match": {"operation": operation}, "effect": effect, "times": times})


def a_day_of(sandbox: Driver, sender: senders.Sender, *, seed: int = 1, texts: int = 12) -> None:
    """The sender sends, and looks after each text; phones answer, one of them with STOP."""
    chance = Random(seed)
    phones = [PHONE, STRANGER, STOPPER, "12125550161", "14155550145"]
    for n in range(texts):
        sandbox.wall.advance(chance.uniform(100, 1000))
        sid = sender.send(phones[n % len(phones)], f"Reminder number {n}")
        sandbox.wall.advance(20)
        if sid is not None:
            sender.status(sid)


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_broken_by_a_sender_that_is_right(sandbox: Driver, seed: int) -> None:
    chance = Random(seed)
    effects: list[dict[str, Any]] = [{"status": 503}, {"status": 500}, {"reset": True}, {"malformed": True}]
    effects += [{"rate_limit": {"requests": 0, "seconds": 30}}, {"truncate": 20}, {"close": True}]
    for effect in effects:
        one = {"match": {"operation": "simplepay.submit"}, "effect": effect, "probability": 0.12, "seed": seed}
        sandbox.control("POST", "/faults", one)
    a_day_of(sandbox, sender_of(sandbox, senders.Sender), seed=chance.randrange(1000))
    report = reported(sandbox)
    assert (broken(report), tolerated(report)) == (set(), set())
    assert report["state"] == "respected"


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_broken_by_a_program_that_does_everything_right(sandbox: Driver, seed: int) -> None:
    """It sends and polls both APIs."""
    writeback = WritebackPoller(client_of(sandbox, DEMO), CONSOLE, lambda: clock_of(sandbox))
    dialogtech = DialogTechPoller(client_of(sandbox), KEYS, lambda: clock_of(sandbox))
    sender = sender_of(sandbox, senders.Sender)
    for n in range(4):
        lived_through(sandbox, writeback, seed=seed * 10 + n, polls=4)
        lived_through(sandbox, dialogtech, seed=seed * 10 + n, polls=3, tracking_number=TRACKING_NUMBER)
        sender.send(PHONE, f"Reminder number {n}")
        writeback.poll()
    report = reported(sandbox)
    assert (broken(report), tolerated(report)) == (set(), set())


FLAWED: dict[type[senders.Sender], set[str]] = {
    senders.SendsEachTextTwice: {"accepted"},
    senders.WritesNumbersWithAPlus: {"SP-msisdn"},
    senders.WritesNumbersWithoutTheOne: {"SP-msisdn"},
    senders.SendsJson: {"SP-required"},
    senders.SendsFromAnotherNumber: {"SP-from"},
    senders.AsksByDelete: {"SP-details"},
    senders.TextsWhoHasOptedOut: {"opted_out_phone: kept_sending"},
}


@pytest.mark.parametrize("kind", FLAWED, ids=lambda kind: kind.__name__)
def test_the_flaw_of_a_sender_is_named(sandbox: Driver, kind: type[senders.Sender]) -> None:
    a_day_of(sandbox, sender_of(sandbox, kind), texts=20)
    report = reported(sandbox)
    assert broken(report) | tolerated(report) == FLAWED[kind]


ILL: list[tuple[type[senders.Sender], dict[str, Any], int, str]] = [
    (senders.GivesUpAtOnce, {"status": 503}, 1, "http_503: gave_up"),
    (senders.TriesAgainAtOnce, {"status": 503}, 4, "http_503: hammered"),
    (senders.IgnoresRetryAfter, {"rate_limit": {"requests": 0, "seconds": 60}}, 1, "http_429: hammered"),
    (senders.SendsAgainWhatMayHaveBeenSent, {"truncate": 30}, 1, "truncate: double_sent"),
    (senders.SendsAgainWhatMayHaveBeenSent, {"malformed": True}, 1, "malformed: double_sent"),
    (senders.SendsAgainWhatMayHaveBeenSent, {"reset": True}, 1, "reset: double_sent"),
    (senders.RepeatsWhatWasRefused, {"status": 400}, 4, "http_400: repeated"),
]


@pytest.mark.parametrize(("kind", "effect", "times", "flaw"), ILL, ids=[each[3] for each in ILL])
def test_what_a_sender_does_wrong_when_the_api_is_ill(
    sandbox: Driver, kind: type[senders.Sender], effect: dict[str, Any], times: int, flaw: str
) -> None:
    fault(sandbox, "simplepay.submit", times, **effect)
    a_day_of(sandbox, sender_of(sandbox, kind))
    report = reported(sandbox)
    assert (broken(report), tolerated(report)) == ({flaw}, set())


@pytest.mark.parametrize(
    ("word", "effect"),
    [
        ("http_503", {"status": 503}),
        ("http_429", {"rate_limit": {"requests": 0, "seconds": 60}}),
        ("reset", {"reset": True}),
        ("close", {"close": True}),
        ("truncate", {"truncate": 30}),
        ("malformed", {"malformed": True}),
        ("http_401", {"status": 401}),
        ("http_400", {"status": 400}),
    ],
)
def test_what_befell_a_client_that_took_it_well_is_respected(
    sandbox: Driver, word: str, effect: dict[str, Any]
) -> None:
    assert situation(reported(sandbox), word)["state"] == "untried"
    fault(sandbox, "simplepay.submit", **effect)
    a_day_of(sandbox, sender_of(sandbox, senders.Sender))
    assert situation(reported(sandbox), word)["state"] == "respected"


def test_a_client_that_asks_for_a_status_without_a_pause_is_noted(sandbox: Driver) -> None:
    sid = sandbox.sid()
    for _ in range(10):
        sandbox.details(sid)
        sandbox.wall.advance(0.2)
    assert tolerated(reported(sandbox)) == {"same_again"}
    sandbox.control("DELETE", "/journal")
    for _ in range(10):
        sandbox.details(sid)
        sandbox.wall.advance(1)
    assert tolerated(reported(sandbox)) == set()


def test_a_poller_that_calls_no_more_while_messages_come_has_stopped(sandbox: Driver) -> None:
    poller = WritebackPoller(client_of(sandbox, DEMO), CONSOLE, lambda: clock_of(sandbox))
    for n in range(4):
        sandbox.wall.advance(60.5)
        sandbox.send(f"Reminder number {n}")
        if n == 3:
            fault(sandbox, "writeback.*", status=503)
        poller.poll()
    for n in range(4):
        sandbox.wall.advance(60.5)
        sandbox.send(f"Another one, number {n}")
    assert broken(reported(sandbox)) == {"http_503: stopped"}


def test_a_rule_is_untried_then_respected_then_broken(sandbox: Driver) -> None:
    assert rule(reported(sandbox), "SP-msisdn") == {
        "id": "SP-msisdn",
        "vendor": "simplepay",
        "summary": rule(reported(sandbox), "SP-msisdn")["summary"],
        "provenance": "documented, observed, assumed",
        "parts": rule(reported(sandbox), "SP-msisdn")["parts"],
        "state": "untried",
        "count": 0,
        "findings": [],
        "how": "Submit to a number that the API refuses: 14155550170.",
    }
    sandbox.submit()
    assert {name: rule(reported(sandbox), "SP-msisdn")[name] for name in ("state", "count", "how")} == {
        "state": "respected",
        "count": 1,
        "how": "",
    }
    refused = sandbox.submit("+14155550123").headers["x-sandbox-exchange"]
    found = rule(reported(sandbox), "SP-msisdn")
    assert found["state"] == "broken"
    assert found["findings"] == [
        {
            "level": "error",
            "seen": "To '+14155550123'",
            "mend": "Send 14155550123 instead of +14155550123.",
            "count": 1,
            "exchanges": [refused],
        }
    ]


def test_calls_of_a_path_that_leads_nowhere_count_and_are_one_mistake(sandbox: Driver) -> None:
    for n in range(3):
        path = f"/dialoghealth-writeback-api/responses/{CONSOLE}/2026-05-06%2009:00:0{n}/2026-05-06%2009:00:0{n}"
        assert sandbox.call("GET", path, auth=DEMO).status_code == 404
    report = reported(sandbox)
    (mistake,) = rule(report, "WB-error")["findings"]
    assert (report["calls"], mistake["count"], len(mistake["exchanges"])) == (3, 3, 3)
    assert mistake["seen"].endswith("09:00:00")
    assert mistake["mend"].startswith("Call /dialoghealth-writeback-api/api/responses/")


def test_callbacks_that_misbehave_are_told_apart(sandbox: Driver) -> None:
    url = sandbox.control("PUT", "/sinks/mine", {})["url"]
    sandbox.delivery("timed", sent_after=1, settled_after=3)
    profile = {"duplicate": 1, "contradict": 1, "delay": 60, "seed": 1}
    sandbox.control("PUT", "/callbacks/profile", profile)
    sandbox.submit(callback=url)
    sandbox.wall.advance(90)
    sandbox.control("POST", "/clock", {"action": "advance", "seconds": 0, "settle": 5})
    report = reported(sandbox)
    for word in ("callback", "callback_duplicate", "callback_late", "callback_contradictory"):
        assert (word, situation(report, word)["state"]) == (word, "respected")
    assert situation(report, "callback_first")["state"] == "untried"


def test_a_receiver_that_refuses_callbacks_is_broken(sandbox: Driver) -> None:
    url = sandbox.control("PUT", "/sinks/mine", {"status": 500})["url"]
    sandbox.delivery("timed", sent_after=1, settled_after=3)
    sandbox.submit(callback=url)
    for _ in range(6):
        sandbox.wall.advance(70)
        sandbox.control("POST", "/clock", {"action": "advance", "seconds": 0, "settle": 5})
    assert broken(reported(sandbox)) == {"callback: callbacks_refused"}


def test_what_answers_hold_that_trips_parsers(sandbox: Driver) -> None:
    sandbox.send("Tom & Ada: <3", tracking_number=TRACKING_NUMBER)
    sandbox.get_messages()
    sandbox.records()
    sandbox.send("Plain.", to=STRANGER)
    sandbox.records()
    sandbox.details("2721Z-0622U-14171-480RH")
    sandbox.get_messages(number="615 555")
    sandbox.get_messages()
    report = reported(sandbox)
    states = {each["situation"]: each["state"] for each in report["situations"] if each["count"]}
    assert states == {
        "empty_list": "respected",
        "nulls": "undecided",
        "unknown_status": "respected",
        "failed_with_200": "undecided",
        "doctype": "respected",
        "cdata_markup": "respected",
    }
    assert "caregiverName" not in report["missing_nulls"]
    assert "incomingMessage" not in report["missing_nulls"]
    assert "outgoingMessage" in report["missing_nulls"]


# Formats --------------------------------------------------------------------------------------------------------------


def in_format(sandbox: Driver, name: str) -> Any:
    return sandbox.call("GET", f"{DEFAULT}/report", params={"format": name})


def test_the_formats_agree(sandbox: Driver) -> None:
    a_day_of(sandbox, sender_of(sandbox, senders.WritesNumbersWithAPlus))
    report = reported(sandbox)
    junit = in_format(sandbox, "junit")
    assert junit.headers["content-type"] == "application/xml"
    root = ElementTree.fromstring(junit.content)
    failures = [
        case.get("name", "").partition(":")[0] for case in root.iter("testcase") if case.find("failure") is not None
    ]
    assert failures == ["SP-msisdn"]
    assert int(root.get("failures", "")) == report["summary"]["broken"] == 1
    assert int(root.get("tests", "")) == sum(report["summary"].values())
    ctrf = in_format(sandbox, "ctrf").json()
    assert (ctrf["reportFormat"], ctrf["results"]["tool"]) == ("CTRF", {"name": "dialog-sandbox"})
    assert ctrf["results"]["summary"]["failed"] == 1
    assert len(ctrf["results"]["tests"]) == ctrf["results"]["summary"]["tests"]
    badge = in_format(sandbox, "badge")
    assert badge.headers["content-type"] == "image/svg+xml"
    assert (
        ElementTree.fromstring(badge.content).findtext("{http://www.w3.org/2000/svg}title")
        == "dialog-sandbox: 1 broken"
    )
    page = in_format(sandbox, "html").text
    assert "Send 12125550160 instead of +12125550160." in page


def test_accept_chooses_between_page_badge_and_json(sandbox: Driver) -> None:
    kinds = {
        accept: sandbox.call("GET", f"{DEFAULT}/report", headers={"accept": accept}).headers["content-type"]
        for accept in ("text/html,application/xhtml+xml", "image/svg+xml", "*/*", "application/json")
    }
    assert kinds == {
        "text/html,application/xhtml+xml": "text/html; charset=utf-8",
        "image/svg+xml": "image/svg+xml",
        "*/*": "application/json",
        "application/json": "application/json",
    }


def test_a_format_that_is_not_known_is_refused(sandbox: Driver) -> None:
    refused = sandbox.control("GET", "/report?format=pdf", status=422)
    assert "json" in json.dumps(refused)


def test_a_page_explains_the_words_that_it_uses(sandbox: Driver) -> None:
    refused = sandbox.submit(to="+14155550123").headers["x-sandbox-exchange"]
    page = in_format(sandbox, "html").text
    used = {"ex_": refused, "POST faults": "POST faults {", "assumed": "(simplepay; documented, observed, assumed)"}
    shown, words = page.split('<h2 id="words">')
    assert 'href="#words"' in shown
    for word, use in used.items():
        assert html.escape(use, quote=False) in shown
        assert word in words


def test_what_happened_once_is_told_as_once(sandbox: Driver) -> None:
    for to in ("+14155550123", "123", "123"):
        sandbox.submit(to=to)
    text = in_format(sandbox, "junit").text
    assert ("(once; ex_" in text, "(2 times; ex_" in text, "1 times" in text) == (True, True, False)


@pytest.mark.parametrize("name", ["html", "junit", "badge"])
def test_what_a_client_sent_is_only_text_in_a_report(sandbox: Driver, name: str) -> None:
    sandbox.submit("<script>alert(1)</script>\x1b]]>")
    text = in_format(sandbox, name).text
    assert "<script>alert" not in text
    if name != "html":
        ElementTree.fromstring(text)


# The calls that it names ----------------------------------------------------------------------------------------------


def test_the_calls_that_show_what_is_wrong_are_in_the_report(sandbox: Driver) -> None:
    refused = sandbox.submit(to="+14155550123").headers["X-Sandbox-Exchange"]
    sandbox.submit()
    (call,) = reported(sandbox)["exchanges"]
    request, response = call.pop("request"), call.pop("response")
    assert call == {
        "id": refused,
        "at": "2026-05-06T09:00:00.000Z",
        "operation": "simplepay.submit",
        "method": "POST",
        "target": f"/dialoghealth-simplepay-api/submit/{CONSOLE}",
        "status": 400,
        "outcome": "refused",
        "fault": None,
    }
    assert "authorization: basic [redacted]\n" in request.lower()
    assert request.endswith("\n\nTo=%2B14155550123&From=16155550110&Body=Your+results+are+in.")
    assert "Msisdn is invalid: +14155550123" in response


def test_the_page_shows_each_call_once_in_a_line_that_unfolds(sandbox: Driver) -> None:
    fault(sandbox, "simplepay.submit", times=3, status=503)
    ids = [sandbox.submit(text="<b>Hello</b>").headers["X-Sandbox-Exchange"] for _ in range(4)]
    page = sandbox.call("GET", f"{DEFAULT}/report?format=html").text
    for id_ in ids[:3]:
        assert page.count(f'id="{id_}"') == 1
    summary = (
        '<summary><time datetime="2026-05-06T09:00:00+00:00">2026-05-06 09:00:00 UTC</time>'
        f" <code>POST /dialoghealth-simplepay-api/submit/{CONSOLE}</code> 503 faulted</summary>"
    )
    assert page.count(summary) == len(set(ids) & {each["id"] for each in reported(sandbox)["exchanges"]} - {ids[3]})
    assert 'A fault did this: <code>{"status": 503}</code>' in page
    assert "<b>Hello" not in page


def test_a_call_that_is_named_again_leads_to_where_it_was_shown(sandbox: Driver) -> None:
    ids = [sandbox.submit(to="+14155550123").headers["X-Sandbox-Exchange"] for _ in range(3)]
    page = sandbox.call("GET", f"{DEFAULT}/report?format=html").text
    for id_ in ids:
        assert page.count(f'<details class="call" id="{id_}">') == 1
        assert page.count(f'<a href="#{id_}">shown above</a>') == 1


def test_a_long_request_is_shown_in_part(sandbox: Driver) -> None:
    sandbox.call("GET", f"{SIMPLEPAY}/messages/{CONSOLE}/1?x={'a' * 3_000}", auth=DEMO)
    sandbox.submit(to="x" * 5_000, text="y" * 5_000)
    for call in reported(sandbox)["exchanges"]:
        assert len(call["target"]) <= 500
        assert len(call["request"]) <= 2_000
    assert max(len(call["request"]) for call in reported(sandbox)["exchanges"]) == 2_000


def test_a_call_that_left_the_journal_meanwhile_stays_an_id(sandbox: Driver) -> None:
    sandbox.submit(to="+14155550123")
    report = WorkspaceReport.model_validate(reported(sandbox)).model_copy(update={"exchanges": []})
    (id_,) = rule(reported(sandbox), "SP-msisdn")["findings"][0]["exchanges"]
    assert f"<p><code>{id_}</code></p>" in rendered(report, "html")


def test_a_report_kept_by_an_older_version_is_still_read(sandbox: Driver) -> None:
    sandbox.submit(to="+14155550123")
    kept = reported(sandbox)
    del kept["exchanges"]
    assert WorkspaceReport.model_validate(kept).exchanges == []


def test_one_report_of_many_keeps_the_calls_that_it_still_names(open_driver: Callable[..., Driver]) -> None:
    reports = []
    for _ in range(2):
        sandbox = open_driver()
        for _ in range(4):
            sandbox.submit(to="+14155550123")
        reports.append(WorkspaceReport.model_validate(reported(sandbox)))
    merged = merge_reports(reports)
    assert [each.id for each in merged.exchanges] == cited_ids(merged)
    assert set(rule(merged.model_dump(), "SP-msisdn")["findings"][0]["exchanges"]) <= {*cited_ids(merged)}


def test_a_phone_that_is_opted_out_is_judged_over_all_messages_however_many_are_read_together(
    sandbox: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.server.conformance.collect.SLICE", 2)
    monkeypatch.setattr("sandbox.server.conformance.message_facts.SLICE", 2)
    sandbox.sid()
    sandbox.inbound("STOP")
    for _ in range(4):
        sandbox.wall.advance(40)
        sandbox.submit()
        sandbox.submit(to=STRANGER)
    opted_out = situation(reported(sandbox), "opted_out_phone")
    assert (opted_out["state"], opted_out["count"], opted_out["next"]) == ("broken", 1, {"kept_sending": 1})
