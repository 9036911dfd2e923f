"""Workspaces: made as asked, apart by their credentials alone, and gone without a trace."""

import asyncio
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from counter import counted
from driver import CONSOLE, DEMO, KEYS, LINE, PHONE, TRACKING_NUMBER, Driver
from hypothesis import given
from hypothesis import strategies as st
from spaces import PATH as WORKSPACES
from spaces import basic, create, filled, keys, number_of, rows

from sandbox.store.tables import Part, entities, table_of

REFUSED = "access_key and secret_access_key are not those of an account."


# Made ----------------------------------------------------------------------------------------------------------------


def test_a_workspace_without_a_body_has_one_console_one_account_and_credentials_of_its_own(sandbox: Driver) -> None:
    answer = sandbox.call("POST", WORKSPACES)
    assert answer.status_code == 201
    made = answer.json()
    assert re.fullmatch("ws_[a-z0-9]{6}", made["id"])
    assert made == {
        "id": made["id"],
        "name": made["id"].replace("ws_", "workspace-"),
        "fixture": "empty",
        "seed": 1,
        "start_at": None,
        "created_at": "2026-05-06T09:00:00.000Z",
        "expires_at": None,
        "date_header": False,
        "basic": made["basic"],
        "consoles": [{"code": "SANDBX1001", "name": "Sandbox Clinic", "line": "16155550120", "keyword": "SANDBOX"}],
        "accounts": [{**keys(made["accounts"][0]), "tracking_numbers": ["6155550121"]}],
    }
    for by in ("id", "name"):
        assert sandbox.call("GET", f"{WORKSPACES}/{made[by]}").json() == made
    assert sandbox.submit(console="SANDBX1001", auth=basic(made)).status_code == 200
    assert "<messages>" in sandbox.get_messages(**keys(made["accounts"][0])).text


def test_every_member_of_the_body_is_heeded(sandbox: Driver) -> None:
    delivery = {"mode": "timed", "sent_after": 2, "settled_after": 5, "outcome": "undelivered"}
    made = create(
        sandbox,
        name="checkout-tests",
        fixture="documented",
        seed=7,
        start_at="2026-01-02T03:04:05+01:00",
        clock="frozen",
        delivery=delivery,
        ttl=90,
    )
    shown = {name: made[name] for name in ("name", "fixture", "seed", "start_at", "expires_at")}
    assert shown == {
        "name": "checkout-tests",
        "fixture": "documented",
        "seed": 7,
        "start_at": "2026-01-02T02:04:05.000Z",
        "expires_at": "2026-05-06T09:01:30.000Z",
    }
    sandbox.wall.advance(10)
    here = f"{WORKSPACES}/checkout-tests"
    assert sandbox.call("GET", f"{here}/clock").json() == {
        "now": "2026-01-02T02:04:05.000Z",
        "wall": "2026-05-06T09:00:10.000Z",
        "state": "frozen",
    }
    assert sandbox.call("GET", f"{here}/delivery").json() == {**delivery, "numbers": {}}


def test_a_fixture_gives_every_workspace_its_codes_and_lines_but_its_credentials_only_to_the_first(
    sandbox: Driver,
) -> None:
    own = sandbox.control("GET", "")
    made = create(sandbox, fixture=own["fixture"])
    assert made["consoles"] == own["consoles"]
    assert [each["tracking_numbers"] for each in made["accounts"]] == [["6155550100", "6155550101"]]
    assert basic(made) != DEMO
    assert keys(made["accounts"][0]) != KEYS


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"fixture": "clinics"}, "fixture is not known; known are "),
        ({"fixture": "/etc/passwd"}, "fixture is not known; known are "),
        ({"name": "ws_4k2m9q"}, "name must be 1 to 100 letters, digits"),
        ({"name": "two words"}, "name must be 1 to 100 letters, digits"),
        ({"name": ".."}, "name must be 1 to 100 letters, digits"),
        ({"ttl": 0}, "ttl "),
        ({"start_at": "9999-12-31T23:59:59Z"}, "start_at must be a time from 1970 to 9998"),
        ({"delivery": {"mode": "slow"}}, "delivery.mode "),
        ({"clock": "stopped"}, "clock "),
    ],
)
def test_a_workspace_that_cannot_be_is_refused_and_nothing_is_made(
    sandbox: Driver, body: dict[str, Any], detail: str
) -> None:
    before = rows(sandbox)
    problem = create(sandbox, 422, **body)
    assert problem["detail"].startswith(detail)
    assert rows(sandbox) == before


def test_a_name_that_is_taken_is_refused(sandbox: Driver) -> None:
    create(sandbox, name="mine")
    for name in ("mine", "default"):
        assert create(sandbox, 409, name=name) == {
            "type": "urn:dialog-sandbox:already-taken",
            "title": "Already taken",
            "status": 409,
            "detail": "A workspace of that name is there already: give another one, or delete it.",
        }


def test_a_start_long_ago_is_as_good_as_any(sandbox: Driver) -> None:
    made = create(sandbox, fixture="clinic", start_at="1970-01-01T00:00:00Z")
    assert sandbox.call("GET", f"{WORKSPACES}/{made['id']}/messages?limit=5").status_code == 200


def test_all_are_listed_the_oldest_first(sandbox: Driver) -> None:
    names = [create(sandbox)["name"] for _ in range(3)]
    listed = sandbox.call("GET", WORKSPACES).json()
    assert [each["name"] for each in listed["items"]] == ["default", *names]
    assert listed["next"] is None


async def let_others_go_on() -> None:
    """Above all the ticker, which looks whether something is due in what was made."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.mark.inline
def test_a_fresh_one_costs_no_more_however_many_there_are(sandbox: Driver) -> None:
    create(sandbox)
    sandbox.run(let_others_go_on())
    asked = []
    for _ in range(20):
        with counted(sandbox.app.store) as cost:
            create(sandbox)
            sandbox.run(let_others_go_on())
        asked.append(cost)
    assert {each.statements for each in asked} == {asked[0].statements}
    assert asked[-1].steps < 2 * asked[0].steps


# Apart ---------------------------------------------------------------------------------------------------------------


def test_what_tells_workspaces_apart_is_their_credentials(sandbox: Driver) -> None:
    """The same codes, lines and numbers, and nothing of one in the other."""
    other = create(sandbox, fixture=sandbox.control("GET", "")["fixture"])
    sid = sandbox.sid(text="ours")
    theirs = sandbox.submit(text="theirs", auth=basic(other)).json()["sid"]
    assert [each["outgoingMessage"] for each in sandbox.records()] == ["ours"]
    assert [each["outgoingMessage"] for each in sandbox.records(auth=basic(other))] == ["theirs"]
    assert theirs == sid  # the same seed and number: an id says nothing of where it belongs
    sandbox.send("by tracking number", tracking_number=TRACKING_NUMBER)
    assert "by tracking number" in sandbox.get_messages().text
    assert "by tracking number" not in sandbox.get_messages(**keys(other["accounts"][0])).text
    here = f"{WORKSPACES}/{other['id']}"
    assert sandbox.call("GET", f"{here}/messages?text=ours").json()["items"] == []
    assert sandbox.submit(auth=(DEMO[0], basic(other)[1])).status_code == 401


# Consoles and accounts -----------------------------------------------------------------------------------------------


def test_a_console_is_made_of_nothing(sandbox: Driver) -> None:
    made = [sandbox.control("POST", "/consoles", status=201) for _ in range(2)]
    assert [each["line"] for each in made] == ["16155550172", "16155550173"]
    for console in made:
        assert re.fullmatch("[A-Z]{6}[0-9]{4}", console["code"])
        assert console == {
            "code": console["code"],
            "name": console["code"][:6].title(),
            "line": console["line"],
            "keyword": console["code"][:6],
            "help_text": f"{console['name']}: for help call {console['line'][1:]}. Text STOP to end our texts.",
            "auto_reply": None,
            "submit_overrides_stop": False,
        }
        assert sandbox.submit(console=console["code"], sender=console["line"]).status_code == 200
    assert made[0]["code"] != made[1]["code"]
    assert [each["code"] for each in sandbox.control("GET", "")["consoles"][2:]] == [each["code"] for each in made]


def test_the_same_seed_makes_the_same_codes(sandbox: Driver) -> None:
    def code(seed: int) -> str:
        made = create(sandbox, seed=seed)
        return str(sandbox.call("POST", f"{WORKSPACES}/{made['id']}/consoles").json()["code"])

    assert code(3) == code(3) != code(4)


def test_a_consoles_values_are_kept(sandbox: Driver) -> None:
    given_values = {
        "code": "QWERTY1234",
        "name": "Quay",
        "line": "+1 (212) 555-0180",
        "keyword": "QUAY",
        "help_text": "Call us.",
        "auto_reply": "Thanks.",
        "submit_overrides_stop": True,
    }
    made = sandbox.control("POST", "/consoles", given_values, status=201)
    assert made == {**given_values, "line": "12125550180"}


def test_whom_staff_entered_is_known_to_a_new_console(sandbox: Driver) -> None:
    console = sandbox.control("POST", "/consoles", status=201)
    consents = sandbox.control("GET", f"/consents?console={console['code']}")["items"]
    assert PHONE in [each["phone"] for each in consents]
    assert {each["state"] for each in consents} == {"opted_in"}
    sandbox.broadcast("Hello all", console=console["code"])
    assert sandbox.records(console=console["code"])


@pytest.mark.parametrize("body", [{"code": CONSOLE}, {"line": LINE}, {"line": f"1{TRACKING_NUMBER}"}])
def test_a_code_or_line_that_the_workspace_has_is_refused(sandbox: Driver, body: dict[str, str]) -> None:
    before = rows(sandbox)
    assert sandbox.control("POST", "/consoles", body, status=409)["title"] == "Already taken"
    assert rows(sandbox) == before


def test_a_code_line_or_number_that_another_workspace_has_may_be_asked_for_again(sandbox: Driver) -> None:
    here = f"{WORKSPACES}/{create(sandbox)['id']}"
    assert sandbox.call("POST", f"{here}/consoles", json={"code": CONSOLE, "line": LINE}).status_code == 201
    assert sandbox.call("POST", f"{here}/accounts", json={"tracking_numbers": [TRACKING_NUMBER]}).status_code == 201


def test_an_account_is_made_of_nothing_or_of_what_is_given(sandbox: Driver) -> None:
    made = sandbox.control("POST", "/accounts", status=201)
    assert made == {**keys(made), "tracking_numbers": ["6155550172"], "doctype": "documented", "zone": "UTC"}
    asked = {
        "name": "Quay",
        "access_key": "quay-key",
        "secret_access_key": "quay-secret",
        "tracking_numbers": ["2125550180", "+12125550181"],
        "help_text": "Call us.",
        "doctype": "none",
    }
    assert sandbox.control("POST", "/accounts", asked, status=201) == {
        "access_key": "quay-key",
        "secret_access_key": "quay-secret",
        "tracking_numbers": ["2125550180", "2125550181"],
        "doctype": "none",
        "zone": "UTC",
    }
    assert "<!DOCTYPE" not in sandbox.get_messages(access_key="quay-key", secret_access_key="quay-secret").text
    assert sandbox.control("PATCH", "/accounts/quay-key")["doctype"] == "none"


def test_an_access_key_is_nobody_elses_on_the_server(sandbox: Driver) -> None:
    here = f"{WORKSPACES}/{create(sandbox)['id']}"
    before = rows(sandbox)
    answer = sandbox.call("POST", f"{here}/accounts", json={"access_key": KEYS["access_key"]})
    assert answer.status_code == 409
    assert answer.json()["detail"] == "An account with that access key is there already on this server."
    assert rows(sandbox) == before


@given(
    body=st.fixed_dictionaries(
        {},
        optional={
            "code": st.from_regex("[A-Z]{6}[0-9]{4}", fullmatch=True),
            "name": st.text(min_size=1, max_size=20),
            "keyword": st.text(min_size=1, max_size=20),
            "auto_reply": st.none() | st.text(min_size=1, max_size=20),
        },
    )
)
def test_whatever_a_console_is_called_it_is_made_or_refused(sandbox: Driver, body: dict[str, Any]) -> None:
    answer = sandbox.call("POST", f"{WORKSPACES}/default/consoles", json=body)
    assert answer.status_code in (201, 409, 422)
    if answer.status_code == 201:
        assert {**answer.json(), **body} == answer.json()


# Gone ----------------------------------------------------------------------------------------------------------------


def test_a_workspace_that_holds_everything_leaves_nothing_behind(sandbox: Driver) -> None:
    before = rows(sandbox, with_calls=True)
    made = filled(sandbox)
    during = rows(sandbox, with_calls=True)
    for entity in entities():
        if entity.__part__ is not Part.SERVER:
            name = table_of(entity).name
            assert during[name] > before[name], name
    answer = sandbox.call("DELETE", f"{WORKSPACES}/{made['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert rows(sandbox, with_calls=True) == before


def test_credentials_stop_working_at_once(sandbox: Driver) -> None:
    made = create(sandbox)
    auth, account = basic(made), keys(made["accounts"][0])
    assert sandbox.submit(console="SANDBX1001", auth=auth).status_code == 200
    sandbox.get_messages(**account)
    sandbox.call("DELETE", f"{WORKSPACES}/{made['name']}")
    assert sandbox.submit(console="SANDBX1001", auth=auth).status_code == 401
    assert REFUSED in sandbox.get_messages(**account).text
    for method in ("GET", "DELETE"):
        assert sandbox.call(method, f"{WORKSPACES}/{made['id']}").status_code == 404


def test_a_number_is_never_given_to_another_workspace(sandbox: Driver) -> None:
    def number() -> int:
        made = create(sandbox)
        found = sandbox.app.store.read_now(lambda tx: number_of(tx, made))
        sandbox.call("DELETE", f"{WORKSPACES}/{made['id']}")
        return found

    first = number()
    assert [number(), number()] == [first + 1, first + 2]


def test_default_stays(sandbox: Driver) -> None:
    assert sandbox.control("DELETE", "", status=409) == {
        "type": "urn:dialog-sandbox:still-needed",
        "title": "Still needed",
        "status": 409,
        "detail": "The workspace default is always there: reset it instead, or delete what is in it.",
    }
    assert sandbox.submit().status_code == 200


def test_one_whose_time_is_over_is_gone(sandbox: Driver) -> None:
    made = create(sandbox, name="short", ttl=1.5)
    sandbox.wall.advance(1.499)
    assert sandbox.submit(console="SANDBX1001", auth=basic(made)).status_code == 200
    sandbox.wall.advance(0.001)
    assert sandbox.submit(console="SANDBX1001", auth=basic(made)).status_code == 401
    assert REFUSED in sandbox.get_messages(**keys(made["accounts"][0])).text
    assert sandbox.call("GET", f"{WORKSPACES}/short").status_code == 404
    assert [each["name"] for each in sandbox.call("GET", WORKSPACES).json()["items"]] == ["default"]
    assert create(sandbox, name="short")["id"] != made["id"]


def test_its_rows_go_by_themselves(sandbox: Driver) -> None:
    before = rows(sandbox)
    create(sandbox, ttl=0.02)
    sandbox.wall.advance(1)

    until_there_are_only(sandbox, before)


def until_there_are_only(sandbox: Driver, expected: dict[str, int]) -> None:
    """Returns when the ticker, which is let go on between looks, has deleted the rest."""
    end = time.monotonic() + 60
    while rows(sandbox) != expected:
        assert time.monotonic() < end, "the rows stay"
        sandbox.run(asyncio.sleep(0.005))


def test_what_was_over_while_nothing_ran_is_gone_at_the_next_start(
    open_driver: Callable[..., Driver], tmp_path: Path
) -> None:
    sandbox = open_driver(database=str(tmp_path / "kept.db"))
    before = rows(sandbox)
    create(sandbox, ttl=60)
    kept = create(sandbox, ttl=120)
    sandbox.wall.advance(60)
    sandbox.restart()
    assert sandbox.call("GET", f"{WORKSPACES}/{kept['id']}").json() == kept
    sandbox.wall.advance(60)
    sandbox.restart()
    assert sandbox.call("GET", WORKSPACES).status_code == 200
    until_there_are_only(sandbox, before)
