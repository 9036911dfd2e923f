"""Verifying: an assertion on the server's side that says what came nearest."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from driver import CONSOLE, DEFAULT, DEMO, KEYS, LINE, PHONE, SIMPLEPAY, STRANGER, Driver
from masks import exchange_id

VERIFY = "/verify"


def verify(sandbox: Driver, *expect: Any, **fields: Any) -> Any:
    """What is found of each expectation."""
    return sandbox.control("POST", VERIFY, {"expect": list(expect), **fields})["found"]


def failed(sandbox: Driver, *expect: Any, **fields: Any) -> Any:
    """The problem of what is not as expected."""
    problem = sandbox.control("POST", VERIFY, {"expect": list(expect), **fields}, status=417)
    assert (problem["type"], problem["title"]) == ("urn:dialog-sandbox:not-as-expected", "Not as expected")
    return problem


def submitted(**where: Any) -> Any:
    return {"operation": "simplepay.submit", "where": where}


# What is as expected ----------------------------------------------------------------------------------------------


def test_the_first_exchanges_that_match_are_named(sandbox: Driver) -> None:
    ids = [sandbox.submit(to=to).headers["X-Sandbox-Exchange"] for to in (PHONE, STRANGER, *[PHONE] * 21)]
    expect = [submitted(to=STRANGER), submitted(to=PHONE), {**submitted(to="16295550109"), "count": 0}]
    assert sandbox.control("POST", VERIFY, {"expect": expect}) == {
        "found": [1, 22, 0],
        "matched": [[ids[1]], [ids[0], *ids[2:21]], []],
    }


def test_exchanges_are_counted(sandbox: Driver) -> None:
    sid = sandbox.sid()
    sandbox.sid(STRANGER, "Your code is 4711.")
    sandbox.submit(to="x")
    sandbox.details(sid)
    sandbox.optout(PHONE)
    sandbox.writeback()
    sandbox.get_messages(number="6155550100")
    assert verify(
        sandbox,
        {"operation": "simplepay.submit"},
        {"operation": "simplepay.submit", "count": 3},
        {"operation": "simplepay.submit", "count": {"min": 2, "max": 3}},
        {"operation": "simplepay.submit", "count": {"max": 9}},
        submitted(to=PHONE),
        submitted(to=STRANGER, text="code is 4711", console=CONSOLE, outcome="accepted", status=200),
        {**submitted(outcome="refused", status=400, to="x"), "count": 1},
        {**submitted(outcome="faulted"), "count": 0},
        {**submitted(**{"from": LINE}), "count": 3},
        {"operation": "simplepay.messages", "where": {"console": CONSOLE}},
        {"operation": "simplepay.optout", "where": {"to": PHONE}},
        {"operation": "writeback.responses", "where": {"console": CONSOLE}},
        {
            "operation": "dialogtech.sms.get_messages",
            "where": {"account": KEYS["access_key"], "number": "16155550100"},
        },
    ) == [3, 3, 3, 3, 1, 1, 1, 0, 3, 1, 1, 1, 1]


@pytest.mark.parametrize("written", [PHONE, f"+{PHONE}", PHONE[1:], "(629) 555-0101", "629.555.0101"])
def test_phones_are_compared_however_they_are_written(sandbox: Driver, written: str) -> None:
    sandbox.submit()
    sandbox.submit(to=f"+{PHONE}")
    assert verify(sandbox, {**submitted(to=written), "count": 2}) == [2]


def test_what_was_given_counts_though_it_was_refused(sandbox: Driver) -> None:
    sandbox.call("POST", f"{SIMPLEPAY}/submit/{CONSOLE}", auth=DEMO, data={"To": PHONE, "Body": "Hello"})
    assert verify(sandbox, submitted(to=PHONE, text="Hello", outcome="refused")) == [1]


def test_an_exchange_is_seen_as_soon_as_it_was_answered(sandbox: Driver) -> None:
    for n in range(1, 4):
        sandbox.submit()
        assert verify(sandbox, {"operation": "simplepay.submit", "count": n}) == [n]


def test_another_workspaces_exchanges_do_not_count(sandbox: Driver, neighbour_world: str) -> None:
    auth, _ = sandbox.neighbour(neighbour_world)
    sandbox.writeback(auth=auth)
    assert verify(sandbox, {"operation": "writeback.responses", "count": 0}) == [0]


@pytest.mark.parametrize("text", ["90 % off_", 'she said "yes"', "back\\slash", "two\nlines", "é\U0001f642"])
def test_a_text_is_found_whatever_is_in_it(sandbox: Driver, text: str) -> None:
    sandbox.submit(text=f"a {text} b")
    sandbox.submit(text="n")
    assert verify(sandbox, {**submitted(text=text), "count": 1}) == [1]


# What is not ------------------------------------------------------------------------------------------------------


def test_nothing_is_near_where_all_are_as_expected_but_too_few(sandbox: Driver) -> None:
    first = exchange_id(sandbox.submit())
    sandbox.writeback()
    (failure,) = failed(sandbox, {**submitted(to=PHONE), "count": 2})["failures"]
    assert (failure["found"], failure["matched"], failure["nearest"]) == (1, [first], None)


def test_what_came_nearest_is_told_with_its_differences(sandbox: Driver) -> None:
    sandbox.writeback()
    near = exchange_id(sandbox.submit(STRANGER, "Hello"))
    sandbox.submit("14155550199", "Good-bye")
    expect = {**submitted(to=PHONE, text="Hello"), "count": 1}
    assert failed(sandbox, expect) == {
        "type": "urn:dialog-sandbox:not-as-expected",
        "title": "Not as expected",
        "status": 417,
        "detail": (
            "simplepay.submit to='16295550101' text='Hello': expected exactly 1, found 0;"
            f" nearest is {near}, whose to is '14155550123'."
        ),
        "failures": [
            {
                "expect": expect,
                "found": 0,
                "matched": [],
                "nearest": {
                    "exchange": near,
                    "at": "2026-05-06T09:00:00.000Z",
                    "operation": "simplepay.submit",
                    "status": 200,
                    "outcome": "accepted",
                    "differs": [{"member": "to", "expected": PHONE, "got": STRANGER}],
                },
                "findings": [],
            }
        ],
    }


def test_of_several_that_are_as_near_the_latest_is_told(sandbox: Driver) -> None:
    *_, last = (exchange_id(sandbox.submit(phone)) for phone in (STRANGER, "14155550124", "14155550125"))
    assert failed(sandbox, submitted(to=PHONE))["failures"][0]["nearest"]["exchange"] == last


def test_one_of_the_operation_is_nearer_than_any_of_another(sandbox: Driver) -> None:
    first = exchange_id(sandbox.submit(STRANGER, "Hello"))
    sandbox.optout(PHONE)
    (failure,) = failed(sandbox, submitted(to=PHONE, text="Hi", outcome="refused"))["failures"]
    assert failure["nearest"]["exchange"] == first
    assert [each["member"] for each in failure["nearest"]["differs"]] == ["to", "text", "outcome"]


def test_where_nothing_was_asked_of_the_operation_another_one_is_nearest(sandbox: Driver) -> None:
    only = exchange_id(sandbox.call("DELETE", f"{SIMPLEPAY}/optout/{CONSOLE}/{PHONE}", auth=DEMO))
    problem = failed(sandbox, submitted(to=PHONE))
    assert problem["detail"] == (
        "simplepay.submit to='16295550101': expected at least 1, found 0;"
        f" nearest is {only}, whose operation is 'simplepay.optout'."
    )


def test_where_nothing_was_asked_at_all_the_servers_journal_is_named(sandbox: Driver) -> None:
    sandbox.submit(auth=("demo", "wrong"))
    problem = failed(sandbox, {"operation": "simplepay.submit"})
    assert problem["failures"][0]["nearest"] is None
    assert problem["detail"] == (
        "simplepay.submit: expected at least 1, found 0; there is no exchange at all"
        " (one with wrong credentials belongs to no workspace: see /_sandbox/journal)."
    )


def test_too_many_are_told_by_their_ids(sandbox: Driver) -> None:
    first, _, third = (exchange_id(sandbox.submit(phone)) for phone in (PHONE, STRANGER, PHONE))
    problem = failed(sandbox, {**submitted(to=PHONE), "count": {"max": 1}})
    assert problem["detail"] == (
        f"simplepay.submit to='16295550101': expected at most 1, found 2; they are {first}, {third}."
    )
    (failure,) = problem["failures"]
    assert (failure["found"], failure["matched"], failure["nearest"]) == (2, [first, third], None)


def test_too_few_name_the_nearest_of_the_others(sandbox: Driver) -> None:
    first, second = (exchange_id(sandbox.submit(phone)) for phone in (PHONE, STRANGER))
    (failure,) = failed(sandbox, {**submitted(to=PHONE), "count": {"min": 2, "max": 4}})["failures"]
    assert (failure["found"], failure["matched"], failure["nearest"]["exchange"]) == (1, [first], second)


def test_an_account_is_told_by_its_key(sandbox: Driver) -> None:
    sandbox.get_messages()
    where = {"account": "somebody-else"}
    (failure,) = failed(sandbox, {"operation": "dialogtech.sms.get_messages", "where": where})["failures"]
    differs = {"member": "account", "expected": "somebody-else", "got": KEYS["access_key"]}
    assert failure["nearest"]["differs"] == [differs]


def test_each_expectation_that_fails_is_told(sandbox: Driver) -> None:
    sandbox.submit()
    problem = failed(
        sandbox,
        {"operation": "simplepay.submit", "count": 2},
        {"operation": "simplepay.submit", "count": 1},
        {"operation": "simplepay.optout"},
    )
    assert [failure["expect"]["operation"] for failure in problem["failures"]] == [
        "simplepay.submit",
        "simplepay.optout",
    ]


# Findings ---------------------------------------------------------------------------------------------------------


def test_errors_among_the_findings_fail_and_notes_do_not(sandbox: Driver) -> None:
    sandbox.submit(sender="14155550199")
    sandbox.writeback(method="PUT")
    assert verify(sandbox, no_findings=True) == []
    third, fourth = (exchange_id(sandbox.submit(to=phone)) for phone in ("+14155550123", "14155550170"))
    problem = failed(sandbox, no_findings=True)
    assert problem["detail"] == (
        f"Expected no findings, found 2 findings; the first is in {third}: To '+14155550123'."
        " Send 14155550123 instead of +14155550123."
    )
    (failure,) = problem["failures"]
    assert failure["expect"] == {"no_findings": True}
    assert (failure["found"], failure["matched"], failure["nearest"]) == (2, [third, fourth], None)
    assert failure["findings"][0] == {
        "exchange": third,
        "rule": "SP-msisdn",
        "seen": "To '+14155550123'",
        "mend": "Send 14155550123 instead of +14155550123.",
    }


# What cannot be asked ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"expect": []},
        {"expect": [{"operation": "simplepay.nothing"}]},
        {"expect": [{}]},
        {"expect": [{"operation": "simplepay.submit", "count": -1}]},
        {"expect": [{"operation": "simplepay.submit", "count": True}]},
        {"expect": [{"operation": "simplepay.submit", "count": "1"}]},
        {"expect": [{"operation": "simplepay.submit", "count": {}}]},
        {"expect": [{"operation": "simplepay.submit", "count": {"min": 2, "max": 1}}]},
        {"expect": [{"operation": "simplepay.submit", "where": {"phone": "1"}}]},
        {"expect": [{"operation": "simplepay.submit", "where": {"status": "200"}}]},
        {"expect": [{"operation": "simplepay.submit", "where": {"outcome": "lost"}}]},
        {"expect": [{"operation": "simplepay.submit", "where": {"status": 10**20}}]},
        {"no_findings": False},
    ],
)
def test_what_cannot_be_expected_is_refused(sandbox: Driver, body: Any) -> None:
    problem = sandbox.control("POST", VERIFY, body, status=422)
    assert problem["title"] == "Invalid request"
    assert problem["errors"]


@pytest.mark.parametrize(
    ("count", "error"),
    [
        ({"min": 3, "max": 1}, ("count", "must have a max that is not under its min")),
        ({}, ("count", "must have min, max or both")),
        ({"min": -1}, ("count.min", "must be greater than or equal to 0")),
        ({"least": 1}, ("count.least", "is not known; known are min, max")),
        (-1, ("count", "must be greater than or equal to 0")),
        (2**31, ("count", f"must be less than {2**31}")),
        ("1", ("count", "must be a whole number, or an object with min, max or both")),
        (True, ("count", "must be a whole number, or an object with min, max or both")),
    ],
)
def test_what_is_wrong_with_a_count_is_said_of_what_it_is(sandbox: Driver, count: Any, error: tuple[str, str]) -> None:
    body = {"expect": [{"operation": "simplepay.submit", "count": count}]}
    member, detail = error
    assert sandbox.control("POST", VERIFY, body, status=422)["errors"] == [
        {"in": "body", "member": f"expect[0].{member}", "detail": detail}
    ]


# In order, and in time -----------------------------------------------------------------------------------------------


def ordered(sandbox: Driver, *texts: str, status: int | None = None, **more: Any) -> Any:
    """Verify that submits of these texts were begun one after the other."""
    expect = [{"operation": "simplepay.submit", "where": {"text": text}} for text in texts]
    return sandbox.control("POST", "/verify", {"expect": expect, "in_order": True, **more}, status=status)


def test_exchanges_are_expected_in_the_order_in_which_they_began(sandbox: Driver) -> None:
    ids = [sandbox.submit(text=text).headers["X-Sandbox-Exchange"] for text in ("one", "two", "one", "three")]
    first, second, third, fourth = ids
    found = ordered(sandbox, "one", "two", "three")
    assert found == {"found": [2, 1, 1], "matched": [[first], [second], [fourth]]}
    found = ordered(sandbox, "two", "one", "three")
    assert found == {"found": [1, 2, 1], "matched": [[second], [third], [fourth]]}
    problem = ordered(sandbox, "one", "three", "two", status=417)
    assert problem["failures"] == [
        {
            "expect": {"operation": "simplepay.submit", "where": {"text": "two"}},
            "found": 0,
            "matched": [],
            "after": ids[3],
            "nearest": None,
            "findings": [],
        }
    ]
    assert problem["detail"] == (
        f"simplepay.submit text='two': expected at least 1 after {ids[3]}, found 0; those that there are began before."
    )


def test_so_many_as_are_needed_come_before_the_next(sandbox: Driver) -> None:
    for text in ("a", "b", "a", "c"):
        sandbox.submit(text=text)
    expect: list[dict[str, Any]] = [
        {"operation": "simplepay.submit", "where": {"text": "a"}, "count": 2},
        {"operation": "simplepay.submit", "where": {"text": "c"}},
    ]
    assert sandbox.control("POST", "/verify", {"expect": expect, "in_order": True})["found"] == [2, 1]
    expect[1]["where"] = {"text": "b"}
    assert sandbox.control("POST", "/verify", {"expect": expect, "in_order": True}, status=417)
    never = [{"operation": "simplepay.optout", "count": 0}, *expect[:1]]
    assert sandbox.control("POST", "/verify", {"expect": never, "in_order": True})["found"] == [0, 2]


def test_the_order_is_found_among_many_and_by_any_writing_of_a_number(sandbox: Driver) -> None:
    for _ in range(203):
        sandbox.submit(to=STRANGER)
    sandbox.submit("+1 (629) 555-0101", "last")
    expect = [
        {"operation": "simplepay.submit", "where": {"to": STRANGER}, "count": {"min": 203}},
        {"operation": "simplepay.submit", "where": {"to": PHONE}},
    ]
    answer = sandbox.control("POST", "/verify", {"expect": expect, "in_order": True})
    assert (answer["found"], [len(ids) for ids in answer["matched"]]) == ([203, 1], [20, 1])


async def _verified_while(sandbox: Driver, body: Any, act: Callable[[], Awaitable[Any]]) -> httpx.Response:
    """Begin to verify, act once it waits, and return what it answers."""
    verifying = asyncio.ensure_future(sandbox.client.post(f"{DEFAULT}/verify", json=body))
    while not sandbox.app.hub.waiting:
        await asyncio.sleep(0)
    await act()
    return await verifying


def test_what_is_missing_may_still_come(sandbox: Driver) -> None:
    form = {"To": PHONE, "From": LINE, "Body": "At last"}

    async def act() -> None:
        await sandbox.client.post(f"{SIMPLEPAY}/submit/{CONSOLE}", data=form, auth=DEMO)

    body = {"expect": [{"operation": "simplepay.submit", "where": {"text": "At last"}}], "timeout": 300}
    answer = sandbox.run(_verified_while(sandbox, body, act))
    assert (answer.status_code, answer.json()["found"]) == (200, [1])


def test_what_does_not_come_is_told_when_the_time_is_over(sandbox: Driver) -> None:
    body = {"expect": [{"operation": "simplepay.submit"}], "timeout": 0.01}
    assert sandbox.control("POST", "/verify", body, status=417)["failures"][0]["found"] == 0


@pytest.mark.parametrize(
    "hopeless",
    [
        {"expect": [{"operation": "simplepay.submit", "count": 1}]},
        {"expect": [{"operation": "simplepay.submit", "count": {"max": 1}}, {"operation": "simplepay.optout"}]},
        {"no_findings": True},
    ],
)
def test_what_nothing_can_mend_is_told_at_once(sandbox: Driver, hopeless: dict[str, Any]) -> None:
    sandbox.submit()
    sandbox.submit("+1 415 555 0123")
    sandbox.control("POST", "/verify", {**hopeless, "timeout": 300}, status=417)


def test_a_reset_meanwhile_is_another_journal(sandbox: Driver) -> None:
    async def act() -> None:
        await sandbox.client.post(f"{DEFAULT}/reset")
        await sandbox.client.post(
            f"{SIMPLEPAY}/submit/{CONSOLE}", data={"To": PHONE, "From": LINE, "Body": "New"}, auth=DEMO
        )

    body = {"expect": [{"operation": "simplepay.submit", "where": {"text": "New"}, "count": 1}], "timeout": 300}
    answer = sandbox.run(_verified_while(sandbox, body, act))
    assert (answer.status_code, answer.json()["found"]) == (200, [1])
