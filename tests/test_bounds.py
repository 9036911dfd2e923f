"""One call may not hold up all others: what is refused before it costs, and what lets others go between its pieces."""

import asyncio
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

import pytest
from counter import STRIDE, counted
from driver import CONSOLE, DEFAULT, DEMO, DIALOGTECH, KEYS, LINE, PHONE, SIMPLEPAY, Driver
from hypothesis import assume, example, given
from hypothesis import strategies as st
from spaces import control, create

from sandbox.server.journal import nearest
from sandbox.settings import BadSetting, Settings, read_settings
from sandbox.store import Query
from sandbox.vendors.base import forms, multipart

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"
TOO_MANY = "The request cannot be read: it has more than 1000 fields, or separators of fields."
SUBMIT = f"{SIMPLEPAY}/submit/{CONSOLE}"
GOOD = f"To={PHONE}&From={LINE}&Body=a"


def parts(count: int) -> bytes:
    """A multipart form of so many parts besides those of a good submit."""
    named = {"To": PHONE, "From": LINE, "Body": "a"} | {f"p{n}": "" for n in range(count)}
    part = '--x\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    return ("".join(part.format(*pair) for pair in named.items()) + "--x--\r\n").encode()


# Verify --------------------------------------------------------------------------------------------------------------


async def _in_order(sandbox: Driver, *calls: tuple[str, str, Any]) -> list[tuple[int, Any]]:
    """Begin calls together; return number and JSON of each as it is answered."""
    done: list[tuple[int, Any]] = []

    async def call(n: int, method: str, path: str, body: Any) -> None:
        answer = await sandbox.client.request(method, DEFAULT + path, json=body)
        done.append((n, answer.json()))

    await asyncio.gather(*(call(n, *each) for n, each in enumerate(calls)))
    return done


def test_others_are_answered_between_the_expectations_of_a_verify(sandbox: Driver) -> None:
    sandbox.submit()
    expect = {"expect": [{"operation": "simplepay.submit", "where": {"text": f"{n}"}} for n in range(100)]}
    done = sandbox.run(_in_order(sandbox, ("POST", "/verify", expect), ("GET", "/clock", None)))
    assert [n for n, _ in done] == [1, 0]


def test_a_verify_sees_the_journal_of_one_moment(sandbox: Driver) -> None:
    for _ in range(3):
        sandbox.submit()
    expect = {"expect": [{"operation": "simplepay.submit", "count": {"min": 0}}] * 100}
    done = sandbox.run(_in_order(sandbox, ("POST", "/verify", expect), ("POST", "/reset", None)))
    assert set(dict(done)[0]["found"]) == {0}, "it begins again in the journal of another world"


def test_what_came_nearest_is_looked_for_among_the_newest_exchanges(
    sandbox: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = nearest.NEWEST_OF.statement.limit(2)
    monkeypatch.setattr(nearest, "NEWEST_OF", Query(nearest.BriefEntry, query))
    for to in (PHONE, "14155550123", "14155550124"):
        sandbox.submit(to, "Come")
    body = {"expect": [{"operation": "simplepay.submit", "where": {"to": PHONE, "text": "Go"}}]}
    (failure,) = sandbox.control("POST", "/verify", body, status=417)["failures"]
    assert [each["got"] for each in failure["nearest"]["differs"]] == ["14155550124", "Come"], "not the oldest one"


def test_a_long_text_that_came_nearest_is_cut(sandbox: Driver) -> None:
    sandbox.submit(text="a" * 100_000)
    body = {"expect": [{"operation": "simplepay.submit", "where": {"text": "x"}}] * 100}
    answer = sandbox.control("POST", "/verify", body, status=417)
    assert {each["nearest"]["differs"][0]["got"] for each in answer["failures"]} == {"a" * 200 + "..."}
    assert len(answer["detail"]) < 100_000


def test_a_number_is_counted_however_it_is_written_and_the_oldest_are_listed(sandbox: Driver) -> None:
    written = [f"1{' ' * n}6295550101" for n in range(30)]
    ids = [sandbox.submit(to=to).headers["X-Sandbox-Exchange"] for to in written]
    sandbox.submit(to="16295550102")
    body = {"expect": [{"operation": "simplepay.submit", "where": {"to": PHONE}, "count": 0}]}
    (failure,) = sandbox.control("POST", "/verify", body, status=417)["failures"]
    assert (failure["found"], failure["matched"]) == (30, ids[:20])


def test_an_expectation_costs_nothing_for_exchanges_of_other_operations(sandbox: Driver) -> None:
    body = {"expect": [{"operation": "simplepay.optout", "where": {"to": PHONE}}]}
    sandbox.optout(PHONE)
    costs = []
    for count in (1, 60):
        for _ in range(count):
            sandbox.submit()
        sandbox.control("GET", "/journal")
        with counted(sandbox.app.store) as asked:
            assert sandbox.control("POST", "/verify", body) == {"found": [1]}
        costs.append(asked.steps)
    assert costs[1] <= costs[0] + STRIDE
