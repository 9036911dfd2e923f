"""The console's page of what clients get wrong, in a browser."""

import re
from typing import Literal

import httpx
import pytest
from browser import COLOURS, STANDARD, UI, Console, serious
from driver import DEMO, PHONE
from playwright.sync_api import expect

KEPT = "/_sandbox/workspaces/default/report?format=html"
WRITEBACK = "/dialoghealth-writeback-api/api/responses/HARBOR1001"


def misuse(console: Console) -> None:
    """One thing of each kind: a mistake, calls again without a pause, a note, and a gap between two ranges."""
    console.submit("Hello", to="+14155550123")
    console.call("POST", "/faults", {"match": {"operation": "simplepay.submit"}, "effect": {"status": 503}, "times": 2})
    for _ in range(4):
        console.submit("Hello")
    advance(console, 600)
    read(console, "09:00:00", "09:10:00")
    advance(console, 60)
    console.call("POST", "/messages", {"console": "HARBOR1001", "to": PHONE, "text": "Please call us."})
    advance(console, 540)
    read(console, "09:12:00", "09:20:00")


def advance(console: Console, seconds: int) -> None:
    console.call("POST", "/clock", {"action": "advance", "seconds": seconds})


def read(console: Console, start: str, end: str) -> None:
    window = f"2026-05-06%20{start}/2026-05-06%20{end}"
    httpx.get(f"{console.origin}{WRITEBACK}/{window}", auth=DEMO).raise_for_status()


def test_the_page_says_what_to_change_and_leads_to_the_call(console: Console) -> None:
    page = console.live(f"{UI}/default/report")
    expect(page.get_by_text("Nothing that was tried is wrong.")).to_be_visible()
    refused = console.submit("Hello", to="+14155550123").headers["x-sandbox-exchange"]
    page.get_by_role("button", name="Judge again").click()
    wrong = page.get_by_role("list", name="What to change").get_by_role("listitem")
    expect(wrong).to_contain_text("SP-msisdn: Send 14155550123 instead of +14155550123.")
    wrong.get_by_role("link", name=refused).click()
    expect(page).to_have_url(re.compile(f"/default/exchanges/{refused}$"))


@pytest.mark.parametrize(("scheme", "rules"), [("light", STANDARD), ("dark", COLOURS)])
def test_nothing_serious_stands_in_the_way_of_all_that_can_be_unfolded(
    console: Console, scheme: Literal["light", "dark"], rules: list[str]
) -> None:
    misuse(console)
    page = console.live(f"{UI}/default/report", color_scheme=scheme, bypass_csp=True)
    for summary in page.locator("summary", has_text="rule").or_(page.locator("summary", has_text="befell")).all():
        summary.click()
    expect(page.get_by_role("list", name="Rules").get_by_role("listitem").first).to_be_visible()
    assert serious(page, rules) == []


@pytest.mark.parametrize(("scheme", "rules"), [("light", STANDARD), ("dark", COLOURS)])
def test_nothing_serious_stands_in_the_way_on_the_page_that_is_kept(
    console: Console, scheme: Literal["light", "dark"], rules: list[str]
) -> None:
    misuse(console)
    page = console.page(KEPT, color_scheme=scheme, bypass_csp=True)
    for change in ("SP-msisdn:", "503, or another 5xx:", "gap:"):
        expect(page.get_by_role("article").filter(has=page.get_by_role("heading", name=change))).to_be_visible()
    assert serious(page, rules) == []
