"""The console's journal and its page to send, in a browser."""

import json
import re
import shlex
from pathlib import Path

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
    expect(
        page.get_by_text("No calls of this workspace yet, but 1 call with wrong credentials or paths")
    ).to_be_visible()
    expect(page.get_by_text("No calls yet.")).to_be_hidden()
    page.get_by_role("button", name="show them").click()
    row = page.locator(".exchange-row", has_text=exchange)
    expect(row).to_contain_text("401")
    row.click()
    expect(page.locator("#rules")).to_contain_text("SP-auth")
    expect(page.locator("#fail")).to_be_hidden()
    console.submit(auth=("nobody", "wrong"))
    expect(page.locator(".exchange-row")).to_have_count(2)


def test_calls_with_wrong_credentials_are_told_of_while_one_waits_for_the_first(console: Console) -> None:
    page = console.live(f"{UI}/default/exchanges")
    expect(page.get_by_text("No calls yet.")).to_be_visible()
    for _ in range(4):
        console.submit(auth=("demo", "wrong"))
    expect(page.get_by_text("but 4 calls with wrong credentials")).to_be_visible()
    console.submit()
    expect(page.locator(".exchange-row")).to_have_count(1)
    expect(page.get_by_text("with wrong credentials or paths:")).to_be_hidden()


def test_an_empty_list_says_why_it_is_empty_and_leads_on(console: Console) -> None:
    console.submit()
    page = console.live(f"{UI}/default/exchanges")
    page.get_by_label("Number, text or id").fill("nothing of the kind")
    expect(page.get_by_text("No exchange passes these filters.")).to_be_visible()
    page.get_by_role("button", name="Clear them").click()
    expect(page.locator(".exchange-row")).to_have_count(1)
    page.get_by_label("Whose").select_option("nobody")
    expect(page.get_by_text("Every call so far had right credentials")).to_be_visible()
    page.get_by_role("button", name="Show this workspace's calls").click()
    expect(page.locator(".exchange-row")).to_have_count(1)


def test_an_exchange_that_is_not_there_is_said_to_be_so(console: Console) -> None:
    console.expected = ("404",)
    page = console.live(f"{UI}/default/exchanges/ex_01927b8c0d1e7f2a8b3c4d5e6f708192")
    expect(page.get_by_role("heading", name="No such exchange")).to_be_visible()
    expect(page.locator(".toast")).to_have_count(0)
    page.get_by_role("link", name="Show the exchanges that there are").click()
    expect(page.get_by_text("No calls yet.")).to_be_visible()


def test_a_row_says_whom_a_call_was_for_and_what_was_refused(console: Console) -> None:
    console.submit()
    console.submit(to="123")
    page = console.live(f"{UI}/default/exchanges")
    refused, accepted = page.locator(".exchange-row").nth(0), page.locator(".exchange-row").nth(1)
    expect(accepted).to_contain_text("accepted · for +1 629-555-0101")
    expect(refused).to_contain_text("refused · for 123")
    expect(refused.locator(".exchange-why")).to_contain_text("To '123'")


def test_exchanges_are_searched_by_number_text_id_and_day(console: Console) -> None:
    first = console.submit("Lab results").headers["x-sandbox-exchange"]
    console.wall.advance(86_400)
    sid = console.sid("We close at noon", to=STRANGER)
    page = console.live(f"{UI}/default/exchanges")
    box = page.get_by_label("Number, text or id")
    rows = page.locator(".exchange-row")
    for searched, shown in (
        ("415-555-0123", "+1 415-555-0123"),
        ("LAB", first),
        (first, first),
        (sid, "+1 415-555-0123"),
    ):
        box.fill("")
        expect(rows).to_have_count(2)
        box.fill(searched)
        expect(rows).to_have_count(1)
        expect(rows).to_contain_text(shown)
    box.fill("")
    page.get_by_label("Day", exact=True).fill("2026-05-06")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text(first)


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


# Saved and opened ----------------------------------------------------------------------------------------------------


def test_a_run_is_saved_and_opened_again(console: Console, tmp_path: Path) -> None:
    exchange = console.submit("Hello").headers["x-sandbox-exchange"]
    page = console.live(f"{UI}/default/exchanges")
    saved = {}
    for name, file in (
        ("Save this run", "default.bundle"),
        ("As HAR", "default.har"),
        ("As requests to send", "default.http"),
    ):
        with page.expect_download() as download:
            page.get_by_role("button", name=name).click()
        assert download.value.suggested_filename == file
        saved[file] = tmp_path / file
        download.value.save_as(saved[file])
    assert all(exchange in file.read_text() for file in saved.values())
    page.locator("#workspace-button").click()
    page.get_by_label("Open a saved run").set_input_files(saved["default.bundle"])
    page.wait_for_url(re.compile(r"/workspace-[^/]+/exchanges$"))
    expect(page.get_by_role("list").get_by_role("listitem").filter(has_text="simplepay.submit")).to_be_visible()


def test_what_is_no_run_is_not_opened(console: Console, tmp_path: Path) -> None:
    file = tmp_path / "other.bundle"
    file.write_text("{}\n")
    console.expected = ("/_sandbox/bundles", "422")
    page = console.live(f"{UI}/default/exchanges")
    page.locator("#workspace-button").click()
    page.get_by_label("Open a saved run").set_input_files(file)
    expect(page.get_by_text("It is no bundle: GET bundle makes one.")).to_be_visible()
