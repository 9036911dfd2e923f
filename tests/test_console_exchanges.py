"""The console's journal and its page to send, in a browser."""

import json
import re
import shlex

import httpx
from browser import UI, Console, card, held_back
from driver import DIALOGTECH, KEYS, PHONE, STRANGER
from playwright.sync_api import Page, expect


def rows(page: Page) -> list[str]:
    return page.locator(".exchange-op").all_inner_texts()


def test_an_exchange_appears_as_it_happens_and_tells_its_rules(console: Console) -> None:
    page = console.live(f"{UI}/default/exchanges")
    expect(page.get_by_text("No calls yet.")).to_be_visible()
    console.submit()
    page.locator(".exchange-row").click()
    expect(page.get_by_role("heading", name="simplepay.submit")).to_be_focused()
    expect(page.locator("#request")).to_contain_text("Body: Your results are in.")
    expect(page.locator("#response")).to_contain_text('"status": "queued"')
    expect(page.locator("#rules")).to_contain_text("SP-submit")
    expect(page.locator("#rules")).to_contain_text("documented")
    expect(page.locator("#exchange-messages a")).to_have_count(1)


def test_a_finding_says_what_to_change(console: Console) -> None:
    console.submit(to="123")
    page = console.live(f"{UI}/default/exchanges")
    expect(page.locator(".exchange-row .tag")).to_be_visible()
    page.locator(".exchange-row").click()
    finding = page.locator(".finding")
    expect(finding).to_contain_text("SP-msisdn")
    expect(finding).to_contain_text("Change:")


def test_exchanges_are_filtered_also_those_to_come(console: Console) -> None:
    console.submit()
    console.submit(to="123")
    page = console.live(f"{UI}/default/exchanges")
    expect(page.locator(".exchange-row")).to_have_count(2)
    page.locator("#filters").get_by_label("Outcome").select_option("refused")
    expect(page.locator(".exchange-row")).to_have_count(1)
    console.submit()
    console.submit(to="1")
    expect(page.locator(".exchange-row")).to_have_count(2)
    page.get_by_label("Operation").select_option("dialogtech.sms.get_messages")
    expect(page.locator(".exchange-row")).to_have_count(0)


def test_a_call_with_wrong_credentials_is_found_among_nobodys(console: Console) -> None:
    exchange = console.submit(auth=("demo", "wrong")).headers["x-sandbox-exchange"]
    page = console.live(f"{UI}/default/exchanges")
    expect(page.get_by_text("No calls yet.")).to_be_visible()
    page.get_by_label("Whose").select_option("nobody")
    row = page.locator(".exchange-row", has_text=exchange)
    expect(row).to_contain_text("401")
    row.click()
    expect(page.locator("#rules")).to_contain_text("SP-auth")
    expect(page.locator("#fail")).to_be_hidden()
    console.submit(auth=("nobody", "wrong"))
    expect(page.locator(".exchange-row")).to_have_count(2)


def test_the_next_submit_is_made_to_fail(console: Console) -> None:
    exchange = console.submit().headers["x-sandbox-exchange"]
    page = console.live(f"{UI}/default/exchanges/{exchange}")
    page.get_by_label(f"only to {PHONE}").check()
    page.get_by_role("button", name="Make it fail").click()
    expect(page.locator("#faults-on")).to_have_text("1 fault")
    assert console.submit(to=STRANGER).status_code == 200
    assert console.submit().status_code == 503
    assert console.submit().status_code == 200
    expect(page.locator("#faults-on")).to_be_hidden()
    page.locator(".exchange-row", has_text="503").click()
    expect(page.locator("#findings")).to_contain_text("A fault did this")


def test_an_exchange_is_copied_as_a_curl_line_that_works(console: Console) -> None:
    query = {"action": "sms.get_messages", **KEYS, "start_date": "20260506", "end_date": "20260506"}
    console.call("POST", "/messages", {"tracking_number": "6155550100", "to": PHONE, "text": "Hello"})
    first = httpx.get(console.origin + DIALOGTECH, params=query)
    page = console.live(f"{UI}/default/exchanges", permissions=["clipboard-read", "clipboard-write"])
    page.locator(".exchange-row").click()
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    words = shlex.split(page.evaluate("navigator.clipboard.readText()").replace("\\\n", " "))
    url = next(word for word in words if word.startswith("http"))
    assert httpx.request(words[words.index("-X") + 1], url).text == first.text


def test_a_broadcast_goes_from_a_template_to_some(console: Console) -> None:
    page = console.live(f"{UI}/default/send")
    page.get_by_label("Template").select_option("Lab results are in")
    expect(page.locator("#broadcast-text")).to_have_value(
        "Harbor: your lab results are in. Read them in the portal or ask us at 615-555-0110."
    )
    page.get_by_label("Language").select_option("Spanish")
    expect(page.locator("#broadcast-text")).to_have_value(re.compile("ya están sus resultados"))
    page.get_by_label("Some").check()
    page.get_by_label("Add by name or number").fill("ada")
    page.get_by_role("button", name="Add Ada Quill").click()
    page.get_by_role("button", name="Send the broadcast").click()
    expect(page.locator("#broadcast-done")).to_contain_text("Sent to 1 phone.")
    (sent,) = console.call("GET", "/messages")["items"]
    assert (sent["to"], sent["text"][:24]) == (PHONE, "Harbor: ya están sus res")


def test_a_submit_shows_the_call_it_makes_and_the_answer(console: Console) -> None:
    page = console.live(f"{UI}/default/send")
    page.get_by_label("To", exact=True).fill(STRANGER)
    page.get_by_label("Body").fill("It's <ready>")
    page.get_by_role("button", name="Use a sink").click()
    expect(page.get_by_role("region", name="The call")).to_contain_text("StatusCallback=")
    expect(page.get_by_role("region", name="The call")).to_contain_text("'Body=It'\\''s <ready>'")
    page.get_by_role("button", name="Submit", exact=True).click()
    answer = json.loads(page.get_by_role("region", name="The answer").inner_text())
    assert (answer["to"], answer["body"], answer["status"]) == (STRANGER, "It's <ready>", "queued")
    page.get_by_role("link", name="The phone").click()
    expect(card(page, STRANGER)).to_contain_text("It's <ready>")


def test_nothing_is_sent_before_it_is_known_from_where(console: Console) -> None:
    page = console.live(f"{UI}/default/phones")
    release = held_back(page, "**/workspaces/default")
    page.goto(f"{console.origin}{UI}/default/send")
    for name in ("Submit", "Send the broadcast", "Use a sink"):
        expect(page.get_by_role("button", name=name, exact=True)).to_be_disabled()
    release()
    page.get_by_role("button", name="Submit", exact=True).click()
    expect(page.locator("#submit-status")).to_have_text("HTTP 200")


def test_an_exchange_cannot_be_used_while_another_is_asked_for(console: Console) -> None:
    console.submit("First")
    second = console.submit("Second").headers["x-sandbox-exchange"]
    page = console.live(f"{UI}/default/exchanges")
    page.locator(".exchange-row").last.click()
    expect(page.get_by_role("button", name="Make it fail")).to_be_enabled()
    release = held_back(page, f"**/journal/{second}")
    page.locator(".exchange-row").first.click()
    for name in ("Make it fail", "Copy as curl"):
        expect(page.get_by_role("button", name=name)).to_be_disabled()
    release()
    expect(page.get_by_role("button", name="Make it fail")).to_be_enabled()


def test_a_refused_submit_is_shown_too(console: Console) -> None:
    console.expected = ("400",)
    page = console.live(f"{UI}/default/send")
    page.get_by_label("To", exact=True).fill("123")
    page.get_by_role("button", name="Submit", exact=True).click()
    expect(page.locator("#submit-status")).to_have_text("HTTP 400")
    expect(page.locator("#submit-done")).to_contain_text("Msisdn is invalid: 123")


def test_everyone_gets_a_broadcast_and_every_phone_shows_it(console: Console) -> None:
    wall = console.live()
    page = console.live(f"{UI}/default/send")
    page.get_by_label("Text", exact=True).fill("We close at noon")
    page.get_by_label("Name", exact=True).fill("Closing")
    page.get_by_role("button", name="Send the broadcast").click()
    expect(page.locator("#broadcast-done")).to_contain_text("Sent to 2 phones.")
    expect(wall.locator(".card", has_text="We close at noon")).to_have_count(2)
