"""The console's phones, in a browser: the first visit, what arrives, and answering as the patient."""

import shlex
from typing import Any

import httpx
import pytest
from browser import UI, Console, bubble, card, held_back
from driver import PHONE, STRANGER, TRACKING_NUMBER
from playwright.sync_api import Page, expect

TRIES = 5
HOSTILE = {
    "markup": "<script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'><b>bold</b> &amp;",
    "right to left": "\u202egnp.exe \u0645\u0631\u062d\u0628\u0627 <b>\u2066x",
    "long": "A long text without end. " * 800,
}


def run_curl(line: str) -> httpx.Response:
    """Does what the curl line says, as curl does."""
    words = iter(shlex.split(line.replace("\\\n", " ")))
    url, auth, form, headers, body = "", None, {}, {}, None
    for word in words:
        if word.startswith("http"):
            url = word
        elif word == "-u":
            username, _, password = next(words).partition(":")
            auth = (username, password)
        elif word == "--data-urlencode":
            name, _, value = next(words).partition("=")
            form[name] = value
        elif word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "-d":
            body = next(words)
    method = "POST" if form or body else "GET"
    return httpx.request(method, url, auth=auth, data=form or None, content=body, headers=headers)


def code(page: Page, label: str) -> str:
    return page.get_by_role("region", name=label).inner_text()


def test_the_first_visit_explains_itself_and_shows_what_the_first_call_does(console: Console) -> None:
    page = console.live("/")
    assert page.url == console.origin + UI
    steps = page.get_by_role("region", name="First steps")
    expect(steps).to_contain_text("no real text ever leaves this machine")
    line = page.get_by_role("region", name="1. Send a text")
    expect(line).to_contain_text(f"curl -s -u demo:demo {console.origin}/dialoghealth-simplepay-api/submit/HARBOR1001")
    assert run_curl(line.inner_text()).json()["status"] == "queued"
    expect(steps).to_contain_text("A text has arrived on +1 415-555-0123.")
    expect(card(page, STRANGER)).to_contain_text("Your results are in.")
    read = run_curl(code(page, "2. Read what became of it")).json()["response"]
    assert [record["outgoingMessage"] for record in read] == ["Your results are in."]
    steps.get_by_role("link", name="Open the phone").click()
    expect(bubble(page, "Your results are in.")).to_be_visible()


def test_the_third_call_lets_the_phone_answer(console: Console) -> None:
    page = console.live(f"{UI}/default/phones")
    expect(page.get_by_role("region", name="3. Let the phone answer")).to_contain_text("STOP")
    assert run_curl(code(page, "3. Let the phone answer")).status_code == 201
    expect(card(page, STRANGER)).to_contain_text("opted out")


def test_the_first_steps_can_be_put_away_and_stay_away(console: Console) -> None:
    page = console.live()
    page.get_by_role("button", name="Hide").click()
    page.reload()
    expect(page.get_by_role("region", name="First steps")).to_be_hidden()
    page.get_by_role("button", name="First steps").click()
    expect(page.get_by_role("region", name="First steps")).to_be_visible()


def test_a_submit_from_outside_is_on_the_phone_without_asking_again(console: Console) -> None:
    page = console.live(f"{UI}/default/phones/{PHONE}")
    expect(page.get_by_text("No texts yet. Write one below.")).to_be_visible()
    console.submit("Number 0")
    expect(bubble(page, "Number 0")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/workspaces/" in request.url else None)
    for n in range(1, TRIES):
        console.submit(f"Number {n}")
        expect(bubble(page, f"Number {n}")).to_be_visible()
    expect(card(page)).to_contain_text(f"Number {TRIES - 1}")
    assert asked == []


def test_a_reply_of_stop_is_an_opt_out_record_in_the_writeback_pane(console: Console) -> None:
    console.submit()
    page = console.live(f"{UI}/default/phones/{PHONE}")
    page.get_by_role("button", name="STOP").click()
    expect(page.locator("#handset-about")).to_contain_text("opted out of Harbor")
    expect(card(page)).to_contain_text("opted out")
    bubble(page, "STOP").last.get_by_role("link", name="Details").click()
    pane = page.locator('.view[data-vendor="writeback"]')
    expect(pane).to_contain_text('"messageType": "Opt-Out"')
    expect(pane).to_contain_text('"outgoingMessage"')
    expect(page.locator('.view[data-vendor="dialogtech"]')).to_contain_text("This API does not show this message.")


@pytest.mark.parametrize("pattern", ["**/workspaces/default", "**/phones/*", "**/phones/*/messages*"])
def test_a_phone_sends_nothing_before_it_is_known_what_it_would_answer(console: Console, pattern: str) -> None:
    sid = console.sid("May we text you?")
    page = console.live()
    release = held_back(page, pattern)
    card(page).click()
    expect(page.locator("#handset")).to_be_visible()
    for name in ("STOP", "Send as the patient"):
        expect(page.get_by_role("button", name=name)).to_be_disabled()
    expect(page.get_by_label("Text as the patient")).to_be_disabled()
    release()
    page.get_by_role("button", name="STOP").click()
    expect(bubble(page, "STOP").first).to_be_visible()
    (said,) = console.call("GET", "/messages?direction=inbound")["items"]
    assert said["lead"] == console.call("GET", f"/messages/{sid}")["id"]


def test_another_phone_that_is_opened_is_not_answered_with_the_first_ones_texts(console: Console) -> None:
    console.submit("For Ada")
    console.submit("For the stranger", to=STRANGER)
    page = console.live(f"{UI}/default/phones/{PHONE}")
    expect(page.get_by_role("button", name="STOP")).to_be_enabled()
    release = held_back(page, f"**/phones/{STRANGER}")
    card(page, STRANGER).click()
    expect(page.get_by_role("button", name="STOP")).to_be_disabled()
    release()
    page.get_by_role("button", name="STOP").click()
    expect(bubble(page, "STOP").first).to_be_visible()
    assert [each["from"] for each in console.call("GET", "/messages?direction=inbound")["items"]] == [STRANGER]


def test_a_reply_answers_the_text_that_was_chosen(console: Console) -> None:
    first = console.sid("First")
    console.wall.advance(1)
    console.submit("Second")
    page = console.live(f"{UI}/default/phones/{PHONE}")
    bubble(page, "First").get_by_role("button", name="Reply to this").click()
    expect(page.locator("#reply-words")).to_contain_text("First")
    page.get_by_label("Text as the patient").fill("It is me")
    page.get_by_role("button", name="Send as the patient").click()
    expect(bubble(page, "It is me")).to_be_visible()
    said = console.call("GET", "/messages?direction=inbound")["items"]
    assert [message["lead"] for message in said] == [console.call("GET", f"/messages/{first}")["id"]]


def test_a_phone_texts_a_line_out_of_the_blue(console: Console) -> None:
    page = console.live()
    page.get_by_label("Search by name or number").fill("415-555-0199")
    page.get_by_role("button", name="Open +1 415-555-0199").click()
    expect(page.get_by_text("No texts yet. Write one below.")).to_be_visible()
    page.get_by_label("To", exact=True).select_option(label="Tracking number · +1 615-555-0100")
    page.get_by_label("Text as the patient").fill("Are you open?")
    page.keyboard.press("Enter")
    expect(bubble(page, "Are you open?")).to_be_visible()
    (said,) = console.call("GET", "/messages?direction=inbound")["items"]
    assert (said["from"], said["to"], said["text"]) == ("14155550199", f"1{TRACKING_NUMBER}", "Are you open?")


def test_both_vendors_lines_are_on_one_phone_and_can_be_read_apart(console: Console) -> None:
    console.submit("By the clinic")
    console.call("POST", "/messages", {"tracking_number": TRACKING_NUMBER, "to": PHONE, "text": "By tracking"})
    page = console.live(f"{UI}/default/phones/{PHONE}")
    expect(page.locator(".bubble-item")).to_have_count(2)
    page.get_by_role("button", name="Tracking number +1 615-555-0100").click()
    expect(page.locator(".bubble-item")).to_have_count(1)
    expect(bubble(page, "By tracking")).to_be_visible()


def test_the_keyboard_alone_finds_a_phone_and_answers(console: Console) -> None:
    console.submit("Can you come on Friday?")
    page = console.live()
    expect(card(page)).to_contain_text("Friday")
    page.keyboard.press("/")
    page.keyboard.type("quill")
    expect(page.locator(".card")).to_have_count(1)
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.phone"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Ada Quill")).to_be_focused()
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "words":
            break
    page.keyboard.type("Yes, gladly")
    page.keyboard.press("Enter")
    expect(bubble(page, "Yes, gladly")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#handset")).to_be_hidden()


def test_the_arrow_keys_go_through_the_wall(console: Console) -> None:
    page = console.live()
    first, second = page.locator(".card").nth(0), page.locator(".card").nth(1)
    first.focus()
    page.keyboard.press("ArrowRight")
    expect(second).to_be_focused()
    page.keyboard.press("Home")
    expect(first).to_be_focused()


def test_the_wall_is_found_by_name_and_says_when_nobody_is(console: Console) -> None:
    page = console.live()
    page.get_by_label("Search by name or number").fill("reyes")
    expect(page.locator(".card")).to_have_count(1)
    page.get_by_label("Search by name or number").fill("nobody at all")
    expect(page.get_by_text("Nobody has a name or number like that.")).to_be_visible()


def test_a_card_that_somebody_points_at_stays_where_it_is(console: Console) -> None:
    page = console.live()
    page.locator(".card").nth(1).hover()
    before = page.locator(".card").nth(0).get_attribute("data-phone")
    console.submit("Hello", to=STRANGER)
    expect(page.get_by_role("button", name="1 with news")).to_be_visible()
    assert page.locator(".card").nth(0).get_attribute("data-phone") == before
    page.get_by_label("Search by name or number").hover()
    expect(page.locator(".card").nth(0)).to_contain_text("Hello")
    expect(page.get_by_role("button", name="with news")).to_be_hidden()


def test_back_closes_the_phone_and_a_reload_keeps_it(console: Console) -> None:
    console.submit("Hello")
    page = console.live()
    card(page).click()
    expect(page).to_have_url(f"{console.origin}{UI}/default/phones/{PHONE}")
    page.reload()
    expect(bubble(page, "Hello")).to_be_visible()
    page.go_back()
    expect(page.locator("#handset")).to_be_hidden()


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_any_text_is_shown_as_text(console: Console, text: str) -> None:
    sid = console.sid(text, to=STRANGER)
    console.call("POST", "/inbound", {"from": STRANGER, "to": "16155550110", "text": text})
    exchange = console.submit(text, to=STRANGER).headers["x-sandbox-exchange"]
    page = console.live(f"{UI}/default/phones/{STRANGER}")
    assert visible_texts(page, ".bubble-text") == [text, text, "Harbor: we have got your message.", text]
    page.goto(f"{console.origin}{UI}/default/messages/{sid}")
    expect(page.locator("#text")).not_to_be_empty()
    assert visible_texts(page, "#text") == [text]
    assert text in page.locator('.view[data-vendor="simplepay"] code').first.evaluate(
        "code => JSON.parse(code.textContent).body"
    )
    page.goto(f"{console.origin}{UI}/default/exchanges/{exchange}")
    expect(page.locator("#request")).to_contain_text("To: ")
    assert page.evaluate("window.hacked") is None
    assert page.locator("main img, main script, main b").count() == 0


def visible_texts(page: Page, selector: str) -> Any:
    page.locator(selector).first.wait_for()
    return page.locator(selector).evaluate_all("all => all.map(each => each.textContent)")


def test_a_long_text_is_cut_until_it_is_asked_for(console: Console) -> None:
    console.submit(HOSTILE["long"])
    page = console.live(f"{UI}/default/phones/{PHONE}")
    page.get_by_role("button", name="Show all 20,000 characters").click()
    assert page.locator(".bubble-text").evaluate("text => text.clientHeight") > 1000
