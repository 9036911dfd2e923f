"""Health, version, rules, fixtures, the workspace, and how its consoles and accounts are changed."""

from importlib.metadata import PackageNotFoundError
from typing import Any

import pytest
from driver import CONSOLE, DEFAULT, LINE, PHONE, Driver
from sqlalchemy import update

from sandbox.server import version
from sandbox.server.rules import every_rule
from sandbox.store.tables import SCHEMA, WORKSPACES
from sandbox.vendors import VENDORS
from sandbox.world import fixtures

WORKSPACE: dict[str, Any] = {
    "name": "default",
    "seed": 1,
    "start_at": None,
    "created_at": "2026-05-06T09:00:00.000Z",
    "expires_at": None,
    "date_header": False,
    "basic": {"username": "demo", "password": "demo"},
    "consoles": [
        {"code": "HARBOR1001", "name": "Harbor", "line": "16155550110", "keyword": "HARBOR"},
        {"code": "HARBOR1002", "name": "Harbor Dental", "line": "16155550111", "keyword": "DENTAL"},
    ],
    "accounts": [
        {
            "access_key": "demo-access-key",
            "secret_access_key": "demo-secret-key",
            "tracking_numbers": ["6155550100", "6155550101"],
        }
    ],
}


def test_it_is_live_and_ready(sandbox: Driver) -> None:
    assert sandbox.call("GET", "/_sandbox/health/live").json() == {"status": "live"}
    assert sandbox.call("GET", "/_sandbox/health/ready").json() == {"status": "ready"}


@pytest.mark.sqlite
def test_it_is_not_ready_when_the_store_is_closed(sandbox: Driver) -> None:
    sandbox.app.store.close()
    answer = sandbox.call("GET", "/_sandbox/health/ready")
    assert answer.status_code == 503
    assert answer.json() == {
        "type": "urn:dialog-sandbox:not-ready",
        "title": "Not ready",
        "status": 503,
        "detail": "The database's file was moved or deleted (No such file or directory): put it back, or restart the"
        " server.",
    }
    assert sandbox.call("GET", "/_sandbox/health/live").status_code == 200


def test_it_says_its_version(sandbox: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(version, "version", lambda name: f"1.2.3 of {name}")
    assert sandbox.call("GET", "/_sandbox/version").json() == {
        "version": "1.2.3 of dialog-sandbox",
        "schema": SCHEMA,
        "vendors": ["writeback", "simplepay", "dialogtech"],
        "access": "drive",
    }


def test_it_runs_from_files_that_nobody_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_installed(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(version, "version", not_installed)
    assert version.our_version() == "unknown"


def test_it_lists_the_rules_and_the_fixtures(sandbox: Driver) -> None:
    listed = [rule.model_dump() for rule in every_rule(VENDORS)]
    assert sandbox.call("GET", "/_sandbox/rules").json() == {"items": listed, "next": None}
    listed = [{"name": fixture.name, "summary": fixture.summary} for fixture in fixtures.available()]
    assert sandbox.call("GET", "/_sandbox/fixtures").json() == {"items": listed, "next": None}


def test_it_lists_the_texts_of_the_catalogue_that_organisations_send(sandbox: Driver) -> None:
    found = sandbox.call("GET", "/_sandbox/templates").json()["items"]
    catalogue = fixtures.catalogue().templates
    assert [each["name"] for each in found] == [name for name, template in catalogue.items() if template.title]
    assert found[0] == {
        "name": "appointment_reminder",
        "title": "Appointment tomorrow",
        "texts": catalogue["appointment_reminder"].texts,
    }


def test_a_workspace_shows_what_its_callers_need(sandbox: Driver) -> None:
    shown = sandbox.control("GET", "")
    assert shown == {"id": shown["id"], "fixture": sandbox.settings.fixture, **WORKSPACE}
    assert shown["id"].startswith("ws_")
    assert sandbox.call("GET", f"/_sandbox/workspaces/{shown['id']}").json() == shown
    assert sandbox.call("GET", "/_sandbox/workspaces").json() == {"items": [shown], "next": None}


def test_a_workspace_that_expires_says_when(sandbox: Driver) -> None:
    sandbox.app.store.write_now(lambda tx: tx.execute(update(WORKSPACES).values(expires_wall=1778058000123)))
    assert sandbox.control("GET", "")["expires_at"] == "2026-05-06T09:00:00.123Z"


def test_a_console_is_changed_member_by_member(sandbox: Driver) -> None:
    path = f"/consoles/{CONSOLE}"
    before = sandbox.control("PATCH", path)
    assert before == {
        **WORKSPACE["consoles"][0],
        "help_text": "Harbor: call 615-555-0110.",
        "auto_reply": "Harbor: we have got your message.",
        "submit_overrides_stop": False,
    }
    change = {"auto_reply": None, "help_text": "Call us.", "keyword": "HELLO", "submit_overrides_stop": True}
    for member, value in change.items():
        before[member] = value
        assert sandbox.control("PATCH", path, {member: value}) == before
    assert sandbox.control("PATCH", path, change) == before
    assert sandbox.control("GET", "")["consoles"][0]["keyword"] == "HELLO"


def test_a_changed_console_answers_so(sandbox: Driver) -> None:
    sandbox.control("PATCH", f"/consoles/{CONSOLE}", {"auto_reply": "Noted.", "help_text": "Ask Ada."})
    assert sandbox.inbound("hello")["answer"]["text"] == "Noted."
    assert sandbox.inbound("help")["answer"]["text"] == "Ask Ada."
    sandbox.control("PATCH", f"/consoles/{CONSOLE}", {"auto_reply": None})
    assert sandbox.inbound("hello")["answer"] is None


def test_a_console_may_let_a_submit_override_a_stop(sandbox: Driver) -> None:
    sandbox.inbound("STOP")
    assert sandbox.details(sandbox.sid())["status"] == "failed"
    sandbox.control("PATCH", f"/consoles/{CONSOLE}", {"submit_overrides_stop": True})
    assert sandbox.details(sandbox.sid())["status"] == "delivered"


@pytest.mark.parametrize("member", ["help_text", "keyword", "submit_overrides_stop"])
def test_what_a_console_always_has_cannot_be_null(sandbox: Driver, member: str) -> None:
    problem = sandbox.control("PATCH", f"/consoles/{CONSOLE}", {member: None}, status=422)
    assert [error["member"] for error in problem["errors"]] == [member]


def test_an_account_can_leave_the_doctype_out(sandbox: Driver) -> None:
    account = {**WORKSPACE["accounts"][0], "zone": "UTC"}
    path = "/accounts/demo-access-key"
    assert sandbox.control("PATCH", path) == {**account, "doctype": "documented"}
    assert sandbox.control("PATCH", path, {"doctype": "none"}) == {**account, "doctype": "none"}
    assert "<!DOCTYPE" not in sandbox.get_messages().text
    assert sandbox.control("PATCH", path, {"doctype": "documented"}) == {**account, "doctype": "documented"}
    assert "<!DOCTYPE" in sandbox.get_messages().text


@pytest.mark.rule("DT-dates")
@pytest.mark.parametrize(
    ("zone", "meant"),
    [
        ("america/chicago", ": did you mean America/Chicago?"),
        ("Europe/Berln", ": did you mean Europe/Berlin?"),
        ("-06:00", ""),
        ("../etc/passwd", ""),
        ("posix/Europe/Berlin", ": did you mean Europe/Berlin?"),
        ("Europe", ""),
        ("", ""),
        ("x" * 100_000, ""),
    ],
)
def test_what_is_no_zone_is_refused(sandbox: Driver, zone: str, meant: str) -> None:
    detail = f"must be the IANA name of a time zone, as America/Chicago{meant}"
    for method, path in (("PATCH", "/accounts/demo-access-key"), ("POST", "/accounts")):
        problem = sandbox.control(method, path, {"zone": zone}, status=422)
        assert problem["errors"] == [{"in": "body", "member": "zone", "detail": detail}]


def test_the_delivery_policy_is_shown_and_replaced(sandbox: Driver) -> None:
    immediate = {"mode": "immediate", "sent_after": 1, "settled_after": 3, "outcome": "delivered", "numbers": {}}
    assert sandbox.control("GET", "/delivery") == immediate
    timed = {"mode": "timed", "sent_after": 0.5, "settled_after": 60, "outcome": "undelivered", "numbers": {}}
    assert sandbox.control("PUT", "/delivery", timed) == timed
    assert sandbox.control("GET", "/delivery") == timed
    assert sandbox.delivery("manual") == {**immediate, "mode": "manual"}


def test_the_delivery_policy_holds_for_what_comes_after(sandbox: Driver) -> None:
    first = sandbox.sid()
    sandbox.delivery("immediate", outcome="undelivered")
    second = sandbox.sid()
    sandbox.delivery("timed", sent_after=0.25, settled_after=2)
    third = sandbox.sid()
    sandbox.delivery("manual")
    fourth = sandbox.sid()
    sids = (first, second, third, fourth)
    assert [sandbox.details(sid)["status"] for sid in sids] == ["delivered", "undelivered", "queued", "queued"]
    sandbox.wall.advance(0.25)
    assert [sandbox.details(sid)["status"] for sid in sids] == ["delivered", "undelivered", "sent", "queued"]
    sandbox.wall.advance(1.75)
    assert [sandbox.details(sid)["status"] for sid in sids] == ["delivered", "undelivered", "delivered", "queued"]


@pytest.mark.parametrize(
    ("refused_body", "member", "detail"),
    [
        ({}, "mode", "is required"),
        ({"mode": "eager"}, "mode", "must be 'immediate', 'timed', 'manual' or 'reads'"),
        ({"mode": "timed", "sent_after": -1}, "sent_after", "must be greater than or equal to 0"),
        ({"mode": "timed", "sent_after": "1"}, "sent_after", "must be a number"),
        ({"mode": "timed", "settled_after": 1e300}, "settled_after", "must be less than or equal to 31622400"),
        ({"mode": "timed", "sent_after": 4}, "body", "must not have a settled_after before sent_after"),
        (
            {"mode": "manual", "outcome": "received"},
            "outcome",
            "must be 'delivered', 'undelivered', 'rejected' or 'unknown'",
        ),
        (
            {"mode": "manual", "numbers": {PHONE: {"mode": "immediate", "handset": "51"}}},
            "numbers",
            "must have either handset or a policy",
        ),
    ],
)
def test_a_policy_that_cannot_be_is_refused(
    sandbox: Driver, refused_body: dict[str, object], member: str, detail: str
) -> None:
    problem = sandbox.control("PUT", "/delivery", refused_body, status=422)
    assert problem["errors"] == [{"in": "body", "member": member, "detail": detail}]


def test_an_infinite_delay_is_refused(sandbox: Driver) -> None:
    body = b'{"mode": "timed", "settled_after": 1e400}'
    answer = sandbox.call("PUT", f"{DEFAULT}/delivery", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422


def test_the_line_of_a_console_is_shown_as_it_is_called(sandbox: Driver) -> None:
    assert sandbox.control("PATCH", f"/consoles/{CONSOLE}")["line"] == LINE
