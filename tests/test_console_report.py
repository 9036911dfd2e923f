"""The console's page of what clients get wrong, in a browser."""

import re

from browser import STANDARD, UI, Console, serious
from playwright.sync_api import expect


def test_the_page_says_what_to_change_and_leads_to_the_call(console: Console) -> None:
    page = console.live(f"{UI}/default/report")
    expect(page.get_by_text("Nothing that was tried is wrong.")).to_be_visible()
    refused = console.submit("Hello", to="+14155550123").headers["x-sandbox-exchange"]
    page.get_by_role("button", name="Judge again").click()
    wrong = page.get_by_role("list", name="What to change").get_by_role("listitem")
    expect(wrong).to_contain_text("SP-msisdn: Send 14155550123 instead of +14155550123.")
    wrong.get_by_role("link", name=refused).click()
    expect(page).to_have_url(re.compile(f"/default/exchanges/{refused}$"))


def test_nothing_serious_stands_in_the_way_of_all_that_can_be_unfolded(console: Console) -> None:
    console.submit("Hello", to="+14155550123")
    page = console.live(f"{UI}/default/report", bypass_csp=True)
    for summary in page.locator("summary", has_text="rule").or_(page.locator("summary", has_text="befell")).all():
        summary.click()
    expect(page.get_by_role("list", name="Rules").get_by_role("listitem").first).to_be_visible()
    assert serious(page, STANDARD) == []
