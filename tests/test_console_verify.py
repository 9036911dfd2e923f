"""The console's form that says which calls should have been made, in a browser."""

import re
import shlex
from typing import Literal

import httpx
import pytest
from browser import COLOURS, STANDARD, UI, Console, serious
from driver import DIALOGTECH, KEYS, PHONE, STRANGER
from playwright.sync_api import Page, expect

NOT_AS_EXPECTED = "417"


def opened(console: Console, item: str = "", **options: object) -> Page:
    """The form, once it can be used."""
    page = console.live(f"{UI}/default/verify{item}", **options)
    expect(page.get_by_role("button", name="Verify", exact=True)).to_be_enabled()
    return page


def verify(page: Page) -> None:
    page.get_by_role("button", name="Verify", exact=True).click()


def test_calls_as_expected_are_counted_and_named(console: Console) -> None:
    exchange = console.submit("Lab results").headers["x-sandbox-exchange"]
    console.submit("Closed on Friday", to=STRANGER)
    page = opened(console)
    page.get_by_label("Operation").select_option("simplepay.submit")
    page.get_by_label("Part of its text").fill("results")
    page.get_by_label("At most").fill("1")
    page.get_by_label("No call with an error").check()
    verify(page)
    verdict = page.locator("#verdict")
    expect(verdict.get_by_role("heading")).to_have_text("As expected")
    expect(verdict).to_contain_text('simplepay.submit, text "results": exactly 1')
    expect(verdict).to_contain_text("Found 1.")
    verdict.get_by_role("link").click()
    expect(page).to_have_url(re.compile(f"/default/exchanges/{exchange}$"))


def test_what_is_not_as_expected_names_the_nearest_call_and_in_what_it_differs(console: Console) -> None:
    console.expected = (NOT_AS_EXPECTED,)
    exchange = console.submit("Lab results").headers["x-sandbox-exchange"]
    page = opened(console)
    page.get_by_label("Operation").select_option("simplepay.submit")
    page.get_by_label("To", exact=True).fill("(629) 555-0101")
    page.get_by_label("HTTP").fill("400")
    verify(page)
    verdict = page.locator("#verdict")
    expect(verdict.get_by_role("heading")).to_have_text("Not as expected")
    expect(verdict).to_contain_text("Found 0. Nearest came the call of 2026-05-06 09:00:00 UTC, answered 200:")
    expect(verdict.get_by_role("listitem")).to_have_text("status is 200, not 400")
    expect(verdict.get_by_role("link")).to_have_text(exchange)


def test_an_error_among_findings_is_told_with_what_mends_it(console: Console) -> None:
    console.expected = (NOT_AS_EXPECTED,)
    console.submit(to="123")
    page = opened(console)
    page.get_by_label("Operation").select_option("simplepay.submit")
    page.get_by_label("No call with an error").check()
    verify(page)
    expect(page.locator("#verdict")).to_contain_text("SP-msisdn: To '123'.")


def test_several_calls_are_expected_one_after_the_other(console: Console) -> None:
    console.expected = (NOT_AS_EXPECTED,)
    console.submit("First")
    console.submit("Second")
    page = opened(console)
    page.get_by_role("button", name="Expect another call").click()
    for n, text in ((1, "Second"), (2, "First")):
        call = page.get_by_role("group", name=f"Call {n}")
        call.get_by_label("Operation").select_option("simplepay.submit")
        call.get_by_label("Part of its text").fill(text)
    verify(page)
    expect(page.get_by_role("heading", name="As expected", exact=True)).to_be_visible()
    page.get_by_label("One after the other").check()
    verify(page)
    expect(page.get_by_role("heading", name="Not as expected")).to_be_visible()
    expect(page.locator("#verdict")).to_contain_text('simplepay.submit, text "First": at least 1')
    page.get_by_role("group", name="Call 2").get_by_role("button", name="Remove this call").click()
    verify(page)
    expect(page.get_by_role("heading", name="As expected", exact=True)).to_be_visible()


def test_a_call_that_is_still_to_come_is_waited_for(console: Console) -> None:
    page = opened(console)
    page.get_by_label("Operation").select_option("simplepay.submit")
    page.get_by_label("Wait up to").fill("300")
    verify(page)
    expect(page.get_by_role("heading", name="Waiting")).to_be_visible()
    console.submit()
    expect(page.get_by_role("heading", name="As expected", exact=True)).to_be_visible()


def test_what_cannot_be_asked_is_said_and_nothing_else(console: Console) -> None:
    console.expected = ("422",)
    page = opened(console)
    page.get_by_label("At least").fill("3")
    page.get_by_label("At most").fill("2")
    verify(page)
    expect(page.locator(".toast")).to_contain_text("a max that is not under its min")
    expect(page.get_by_role("heading", name="expected")).to_have_count(0)


def test_the_form_is_filled_in_from_a_call(console: Console) -> None:
    exchange = console.submit("Lab results", to=STRANGER).headers["x-sandbox-exchange"]
    page = console.live(f"{UI}/default/exchanges/{exchange}")
    page.get_by_role("link", name="Verify a call like this").click()
    expect(page).to_have_url(re.compile(f"/default/verify/{exchange}$"))
    expect(page.get_by_label("Part of its text")).to_have_value("Lab results")
    expect(page.get_by_label("Operation")).to_have_value("simplepay.submit")
    expect(page.locator(".expectation").get_by_label("Outcome")).to_have_value("accepted")
    filled = {"To": STRANGER, "Console": "HARBOR1001", "HTTP": "200"}
    for label, value in filled.items():
        expect(page.locator(".expectation").get_by_label(label, exact=True)).to_have_value(value)
    verify(page)
    expect(page.get_by_role("heading", name="As expected", exact=True)).to_be_visible()
    expect(page.locator("#verdict").get_by_role("link")).to_have_text(exchange)


def test_a_read_of_messages_is_filled_in_by_its_number(console: Console) -> None:
    query = {"action": "sms.get_messages", **KEYS, "start_date": "20260506", "end_date": "20260506"}
    answer = httpx.get(console.origin + DIALOGTECH, params={**query, "number": "6155550100"})
    page = opened(console, f"/{answer.headers['x-sandbox-exchange']}")
    expect(page.get_by_label("Tracking number")).to_have_value(re.compile("6155550100$"))
    verify(page)
    expect(page.get_by_role("heading", name="As expected", exact=True)).to_be_visible()


def test_the_call_that_asks_the_same_can_be_copied(console: Console) -> None:
    console.submit("It's <ready>")
    page = opened(console)
    page.get_by_label("Operation").select_option("simplepay.submit")
    page.get_by_label("Part of its text").fill("It's")
    verify(page)
    words = shlex.split(page.get_by_role("region", name="The call").inner_text().replace("\\\n", " "))
    url, body = words[1], words[words.index("-d") + 1]
    answer = httpx.post(url, content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["found"]) == (200, [1])


@pytest.mark.parametrize(("scheme", "rules"), [("light", STANDARD), ("dark", COLOURS)])
@pytest.mark.parametrize("text", ["Lab results", "Something else"])
def test_nothing_serious_stands_in_the_way_of_a_verdict(
    console: Console, scheme: Literal["light", "dark"], rules: list[str], text: str
) -> None:
    console.expected = (NOT_AS_EXPECTED,)
    console.submit("Lab results", to=PHONE)
    page = opened(console, color_scheme=scheme, bypass_csp=True)
    page.get_by_role("button", name="Expect another call").click()
    for call in page.get_by_role("group", name=re.compile(r"Call \d")).all():
        call.get_by_label("Operation").select_option("simplepay.submit")
        call.get_by_label("Part of its text").fill(text)
    verify(page)
    expect(page.get_by_role("heading", name="expected")).to_be_visible()
    assert serious(page, rules) == []
