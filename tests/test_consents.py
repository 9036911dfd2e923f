"""Who may be texted: the ledger, and what staff do to it."""

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


def test_staff_opt_a_phone_out_and_nothing_is_sent(sandbox: Driver) -> None:
    changed = sandbox.control("PUT", f"/consents/{PHONE}", {"state": "opted_out", "console": CONSOLE})
    assert changed == {**entry(PHONE, "opted_out", "staff"), "message": None}
    assert sandbox.control("GET", "/messages")["items"] == []
    assert sandbox.message(sandbox.send()["id"])["status"] == "rejected"


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
