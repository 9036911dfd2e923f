"""Who may be texted: the ledger, and what staff do to it."""

from typing import Any

import pytest
from driver import CONSOLE, LINE, PHONE, STRANGER, TRACKING_NUMBER, Driver

NINE = "2026-05-06T09:00:00.000Z"


def entry(phone: str, state: str, why: str, word: str | None = None, at: str = NINE) -> dict[str, object]:
    return {
        "phone": phone,
        "console": CONSOLE,
        "account": None,
        "line": LINE,
        "state": state,
        "since": at,
        "why": why,
        "word": word,
    }


def test_who_is_in_or_out_is_listed_with_since_and_why(sandbox: Driver) -> None:
    sandbox.control("POST", "/clock", {"action": "freeze"})
    sandbox.sid(STRANGER)
    sandbox.control("POST", "/clock", {"action": "advance", "seconds": 60})
    sandbox.inbound("stop.", phone=STRANGER)
    stopped = entry(STRANGER, "opted_out", "handset", "stop.", "2026-05-06T09:01:00.000Z")
    assert sandbox.control("GET", f"/consents?phone={STRANGER}") == {"items": [stopped], "next": None}
    assert sandbox.control("GET", f"/consents/{STRANGER}")["items"] == [
        entry(STRANGER, "opted_in", "first_contact"),
        stopped,
    ]


def test_the_list_goes_by_pages_and_by_console(sandbox: Driver) -> None:
    sandbox.inbound("Hello", phone=STRANGER, line=TRACKING_NUMBER)
    everyone = sandbox.control("GET", "/consents")["items"]
    assert {(each["line"], each["phone"]) for each in everyone} >= {(LINE, PHONE), ("16155550100", STRANGER)}
    assert next(each for each in everyone if each["phone"] == STRANGER)["account"] == "demo-access-key"
    seen: list[object] = []
    cursor: str | None = ""
    while cursor is not None:
        page = sandbox.control("GET", f"/consents?limit=2{cursor and '&after=' + cursor}")
        seen += page["items"]
        cursor = page["next"]
    assert seen == everyone
    of_console = sandbox.control("GET", f"/consents?console={CONSOLE}")["items"]
    assert of_console == [each for each in everyone if each["console"] == CONSOLE]


def opt_out(sandbox: Driver, phone: str = PHONE, **more: object) -> Any:
    return sandbox.control("PUT", f"/consents/{phone}", {"state": "opted_out", "console": CONSOLE, **more})


@pytest.mark.rule("NET-staff-optout")
@pytest.mark.parametrize("phone", [PHONE, STRANGER])
def test_staff_opt_a_phone_out_and_the_opt_out_text_tells_it(sandbox: Driver, phone: str) -> None:
    changed = opt_out(sandbox, phone)
    message = changed.pop("message")
    assert changed == entry(phone, "opted_out", "staff")
    assert (message["status"], message["text"], message["lead"], message["caused_by"]) == (
        "delivered",
        "Harbor: you will get no more texts from us. Text HARBOR to subscribe again.",
        None,
        None,
    )
    (record,) = sandbox.records()
    shown = ("messageType", "leadMessageSent", "incomingMessage", "outgoingMessage", "delivered", "messageSentBy")
    assert [record[name] for name in shown] == ["Opt-Out", None, None, message["text"], "true", "System"]
    assert opt_out(sandbox, phone) == {**changed, "message": None}
    assert sandbox.message(sandbox.send(to=phone)["id"])["status"] == "rejected"


@pytest.mark.rule("NET-staff-optout")
def test_a_silent_opt_out_by_staff_sends_nothing(sandbox: Driver) -> None:
    changed = opt_out(sandbox, silent=True)
    assert changed == {**entry(PHONE, "opted_out", "staff"), "message": None}
    assert sandbox.control("GET", "/messages")["items"] == []
    assert sandbox.message(sandbox.send()["id"])["status"] == "rejected"


@pytest.mark.rule("NET-staff-optout", "SP-optin")
@pytest.mark.parametrize("silent", [False, True])
@pytest.mark.parametrize("overrides", [False, True])
def test_no_submit_undoes_what_staff_opted_out(sandbox: Driver, silent: bool, overrides: bool) -> None:
    sandbox.console(submit_overrides_stop=overrides)
    opt_out(sandbox, silent=silent)
    assert sandbox.details(sandbox.sid())["status"] == "failed"
    sandbox.optout(PHONE)  # nor does a program's own opt-out make it one that a submit undoes
    assert sandbox.details(sandbox.sid())["status"] == "failed"


@pytest.mark.rule("NET-staff-optout", "NET-start")
@pytest.mark.parametrize("way", ["staff", "HARBOR", "START"])
@pytest.mark.parametrize("silent", [False, True])
def test_staff_and_the_keyword_undo_what_staff_opted_out(sandbox: Driver, way: str, silent: bool) -> None:
    opt_out(sandbox, silent=silent)
    if way == "staff":
        sandbox.control("PUT", f"/consents/{PHONE}", {"state": "opted_in", "console": CONSOLE})
    else:
        sandbox.inbound(way)
    assert sandbox.details(sandbox.sid())["status"] == "delivered"


@pytest.mark.rule("NET-staff-optout")
def test_staff_opt_out_for_good_whom_a_program_had_opted_out(sandbox: Driver) -> None:
    sandbox.optout(PHONE)
    assert opt_out(sandbox)["message"]["status"] == "delivered"
    assert sandbox.details(sandbox.sid())["status"] == "failed"


@pytest.mark.rule("NET-staff-optout", "NET-stop")
def test_a_stop_after_staff_have_opted_out_is_confirmed_once(sandbox: Driver) -> None:
    opt_out(sandbox)
    assert [sandbox.inbound("Stop")["answer"] is None for _ in range(2)] == [False, True]


def test_staff_opt_a_phone_in_silently(sandbox: Driver) -> None:
    asked = {"state": "opted_in", "console": CONSOLE, "silent": True}
    sandbox.inbound("STOP")
    assert sandbox.control("PUT", f"/consents/{PHONE}", asked)["message"] is None
    assert sandbox.message(sandbox.send()["id"])["status"] == "delivered"


def test_staff_opt_a_phone_in_and_one_message_says_so(sandbox: Driver) -> None:
    sandbox.inbound("STOP")
    changed = sandbox.control("PUT", f"/consents/{PHONE}", {"state": "opted_in", "console": CONSOLE})
    message = changed.pop("message")
    assert changed == entry(PHONE, "opted_in", "staff")
    assert message["status"] == "delivered"
    assert sandbox.records()[-1]["messageType"] == "Opt-In (UI)"
    again = sandbox.control("PUT", f"/consents/{PHONE}", {"state": "opted_in", "console": CONSOLE})
    assert again == {**changed, "message": None}
    assert sandbox.message(sandbox.send()["id"])["status"] == "delivered"


def test_the_console_must_be_named_when_there_are_several(sandbox: Driver) -> None:
    problem = sandbox.control("PUT", f"/consents/{PHONE}", {"state": "opted_in"}, status=422)
    assert problem["detail"] == "console is required: the workspace's consoles are HARBOR1001, HARBOR1002."


def test_what_is_no_phone_is_refused(sandbox: Driver) -> None:
    assert sandbox.control("GET", "/consents/nobody", status=422)["title"] == "Invalid request"


def test_staff_opting_out_who_is_out_already_changes_nothing(sandbox: Driver) -> None:
    sandbox.inbound("STOP")
    stopped = sandbox.control("GET", f"/consents/{PHONE}")["items"]
    changed = sandbox.control("PUT", f"/consents/{PHONE}", {"state": "opted_out", "console": CONSOLE})
    assert changed == {**entry(PHONE, "opted_out", "handset", "STOP"), "message": None}
    assert sandbox.control("GET", f"/consents/{PHONE}")["items"] == stopped
    assert sandbox.details(sandbox.sid())["status"] == "failed"  # a submit does not undo the handset's own STOP


@pytest.mark.rule("SP-optin", "SP-optout")
def test_what_is_opted_out_silently_is_opted_in_by_the_next_submit(sandbox: Driver) -> None:
    sandbox.optout(PHONE)
    assert sandbox.details(sandbox.sid())["status"] == "delivered"
    history = sandbox.control("GET", f"/consents/{PHONE}")["items"]
    assert [(each["state"], each["why"]) for each in history if each["console"] == CONSOLE] == [
        ("opted_in", "enrolled"),
        ("opted_out", "api"),
        ("opted_in", "api"),
    ]


def test_consent_is_each_lines_own(sandbox: Driver) -> None:
    sandbox.send(to=STRANGER, tracking_number=TRACKING_NUMBER)
    sandbox.sid(STRANGER)
    sandbox.inbound("STOP", phone=STRANGER, line=TRACKING_NUMBER)
    listed = sandbox.control("GET", f"/consents?phone={STRANGER}")["items"]
    assert [(each["line"], each["console"], each["account"], each["state"]) for each in listed] == [
        ("16155550100", None, "demo-access-key", "opted_out"),
        (LINE, CONSOLE, None, "opted_in"),
    ]
    assert sandbox.message(sandbox.send(to=STRANGER, tracking_number=TRACKING_NUMBER)["id"])["status"] == "rejected"
    assert sandbox.details(sandbox.sid(STRANGER))["status"] == "delivered"


def test_a_phone_that_nobody_knows_has_no_consents_and_can_be_opted_out(sandbox: Driver) -> None:
    assert sandbox.control("GET", f"/consents/{STRANGER}") == {"items": [], "next": None}
    sandbox.control("PUT", f"/consents/{STRANGER}", {"state": "opted_out", "console": CONSOLE})
    assert sandbox.message(sandbox.send(to=STRANGER)["id"])["status"] == "rejected"


def test_a_stop_of_the_past_stands_at_its_time(sandbox: Driver) -> None:
    sandbox.inbound("STOP", at="2026-05-06T08:00:00Z")
    assert sandbox.control("GET", f"/consents/{PHONE}")["items"][-1]["state"] == "opted_in"  # they were enrolled later


@pytest.mark.parametrize(
    ("body", "member"),
    [({}, "state"), ({"state": "out"}, "state"), ({"state": "opted_in", "line": LINE}, "line")],
)
def test_a_consent_that_cannot_be_is_refused(sandbox: Driver, body: dict[str, str], member: str) -> None:
    problem = sandbox.control("PUT", f"/consents/{PHONE}", body, status=422)
    assert [error["member"] for error in problem["errors"]] == [member]


def test_a_console_that_is_not_there_is_404(sandbox: Driver) -> None:
    sandbox.control("GET", "/consents?console=NOBODY1234", status=404)
    sandbox.control("PUT", f"/consents/{PHONE}", {"state": "opted_in", "console": "NOBODY1234"}, status=404)
