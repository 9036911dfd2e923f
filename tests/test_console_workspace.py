"""The console's workspace bar, its token, its looks and its accessibility, in a browser."""

import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from browser import COLOURS, NARROW, STANDARD, UI, Console, bubble, card, held_back, in_thread, serious
from driver import PHONE, STRANGER
from playwright.sync_api import Page, expect

PAGE = 60
"""Phones that the wall asks for at once."""


def panel(page: Page) -> Any:
    page.locator("#workspace-button").click()
    return page.locator("#workspace-panel")


def test_a_reset_empties_the_phones(console: Console) -> None:
    console.submit("Before the reset")
    page = console.live(f"{UI}/default/phones/{PHONE}")
    expect(bubble(page, "Before the reset")).to_be_visible()
    panel(page).get_by_role("button", name="Reset to the seed").click()
    page.get_by_role("button", name="Reset", exact=True).click()
    expect(page.locator(".bubble-item")).to_have_count(0)
    expect(card(page)).to_contain_text("No texts yet")


def test_a_snapshot_is_taken_and_restored(console: Console) -> None:
    console.submit("Kept")
    page = console.live(f"{UI}/default/phones/{PHONE}")
    shown = panel(page)
    shown.get_by_label("Name of the snapshot").fill("before")
    shown.get_by_role("button", name="Take").click()
    expect(shown.locator("#snapshots")).to_contain_text("before")
    console.submit("Lost")
    expect(bubble(page, "Lost")).to_be_attached()
    shown.get_by_role("button", name="Restore").click()
    page.get_by_role("button", name="Restore", exact=True).click()
    expect(page.locator(".bubble-item")).to_have_count(1)


def test_the_clock_is_frozen_and_let_run(console: Console) -> None:
    page = console.live()
    page.get_by_role("button", name="Freeze the clock").click()
    expect(page.get_by_role("button", name="Let the clock run")).to_be_visible()
    assert console.call("GET", "/clock")["state"] == "frozen"
    page.get_by_role("button", name="Advance by 1 day").click()
    expect(page.locator("#clock-now")).to_contain_text("7 May 2026")
    page.get_by_role("button", name="Let the clock run").click()
    expect(page.get_by_role("button", name="Freeze the clock")).to_be_visible()
    assert console.call("GET", "/clock")["state"] == "running"


def test_the_bar_and_the_panel_wait_for_what_they_change(console: Console) -> None:
    console.call("POST", "/clock", {"action": "freeze"})
    page = console.live()
    releases = [held_back(page, f"**/{part}") for part in ("clock", "delivery", "snapshots", "fixtures", "workspaces")]
    page.reload()
    shown = panel(page)
    waiting = [page.locator("#clock-toggle"), shown.get_by_label("Which one")]
    waiting += [shown.get_by_role("button", name=name, exact=True) for name in ("Apply", "Take", "Make")]
    for each in waiting:
        expect(each).to_be_disabled()
    for release in releases:
        release()
    for each in waiting:
        expect(each).to_be_enabled()


def test_the_delivery_policy_is_changed_and_single_numbers_keep_theirs(console: Console) -> None:
    console.call("PUT", "/delivery", {"mode": "immediate", "numbers": {STRANGER: {"handset": "50"}}})
    page = console.live()
    shown = panel(page)
    shown.get_by_label("Mode").select_option("timed")
    shown.get_by_label("Settled after").fill("7.5")
    shown.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("Delivery changed.")).to_be_visible()
    assert console.call("GET", "/delivery") == {
        "mode": "timed",
        "sent_after": 1,
        "settled_after": 7.5,
        "outcome": "delivered",
        "numbers": {STRANGER: {"handset": "50"}},
    }


def test_faults_are_switched_off_and_on_again(console: Console) -> None:
    console.call("POST", "/faults", {"match": {"operation": "simplepay.submit"}, "effect": {"status": 503}})
    page = console.live()
    expect(page.locator("#faults-on")).to_have_text("1 fault")
    shown = panel(page)
    shown.get_by_role("button", name="Switch all off").click()
    expect(page.locator("#faults-on")).to_be_hidden()
    assert console.submit().status_code == 200
    shown.get_by_role("button", name="Switch them on again").click()
    expect(page.locator("#faults-on")).to_have_text("1 fault")
    assert console.submit().status_code == 503


def test_a_fault_is_made_from_scratch_and_what_is_wrong_with_it_stands_in_the_panel(console: Console) -> None:
    console.expected = ("422",)
    page = console.live()
    shown = panel(page)
    shown.get_by_text("Make a fault").click()
    shown.get_by_label("Which calls").select_option("simplepay.submit")
    shown.get_by_label("What they meet").select_option("connection reset")
    shown.get_by_label("Only to").fill("12")
    shown.get_by_role("button", name="Add the fault").click()
    expect(shown.get_by_role("alert")).to_contain_text("match.to must be a telephone number")
    expect(page.locator(".toast")).to_have_count(0)
    shown.get_by_label("What they meet").select_option("503 Service Unavailable")
    shown.get_by_label("Only to").fill(PHONE)
    shown.get_by_label("Times").fill("1")
    shown.get_by_role("button", name="Add the fault").click()
    expect(shown.locator("#faults")).to_contain_text(f"simplepay.submit, to {PHONE} → status 503 · 1 more")
    expect(shown.get_by_role("alert")).to_have_count(0)
    assert console.submit(to=STRANGER).status_code == 200
    assert console.submit().status_code == 503


@pytest.mark.parametrize(
    ("act", "wrong"),
    [
        (("Name of the snapshot", "no such name", "Take"), "must be"),
        (("Name of a new workspace", "default", "Make"), "of that name is there already"),
    ],
    ids=["a snapshot", "a workspace"],
)
def test_what_goes_wrong_in_the_panel_stands_in_the_panel(
    console: Console, act: tuple[str, str, str], wrong: str
) -> None:
    console.expected = ("404", "409", "422")
    label, text, button = act
    shown = panel(console.live())
    shown.get_by_label(label).fill(text)
    shown.get_by_role("button", name=button, exact=True).click()
    expect(shown.get_by_role("alert")).to_be_visible()
    expect(shown.get_by_role("alert")).to_contain_text(wrong)


def test_a_workspace_is_deleted_once_it_is_confirmed(console: Console) -> None:
    console.call("POST", "/_sandbox/workspaces", {"name": "other"})
    page = console.live(f"{UI}/default/phones")
    expect(panel(page).get_by_role("button", name="Delete the workspace")).to_be_hidden()
    page.goto(f"{console.origin}{UI}/other/phones")
    panel(page).get_by_role("button", name="Delete the workspace").click()
    dialog = page.get_by_role("dialog", name="Delete other?")
    expect(dialog).to_contain_text("its credentials stop working")
    dialog.get_by_role("button", name="Delete").click()
    expect(page.locator("#workspace-name")).to_have_text("default")
    assert [each["name"] for each in console.call("GET", "/_sandbox/workspaces")["items"]] == ["default"]


def test_a_reset_says_what_goes_and_does_nothing_unless_it_is_meant(console: Console) -> None:
    console.submit("Kept")
    page = console.live(f"{UI}/default/phones/{PHONE}")
    panel(page).get_by_role("button", name="Reset to the seed").click()
    dialog = page.get_by_role("dialog", name="Reset default to the seed?")
    expect(dialog).to_contain_text("consents, callbacks, faults and exchanges of this workspace go for good")
    expect(dialog.get_by_role("button", name="Reset")).to_have_class("danger")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Enter")
    expect(bubble(page, "Kept")).to_be_visible()
    assert len(console.call("GET", "/messages")["items"]) == 1


def test_a_frozen_clock_is_said_to_be_so_in_words(console: Console) -> None:
    page = console.live()
    expect(page.get_by_text("frozen", exact=True)).to_be_hidden()
    page.get_by_role("button", name="Freeze the clock").click()
    expect(page.get_by_text("frozen", exact=True)).to_be_visible()
    page.set_viewport_size(NARROW)
    expect(page.get_by_text("frozen", exact=True)).to_be_visible()


def test_on_a_narrow_screen_the_wall_comes_before_the_first_steps(console: Console) -> None:
    page = console.live(viewport=NARROW)
    first, steps = card(page).bounding_box(), page.locator("#first-steps").bounding_box()
    assert first is not None
    assert steps is not None
    assert first["y"] < steps["y"]


def test_credentials_stand_ready_to_be_copied(console: Console) -> None:
    page = console.live(permissions=["clipboard-read", "clipboard-write"])
    shown = panel(page)
    for word in (console.origin, "demo", "HARBOR1001", "demo-access-key", "6155550100"):
        expect(shown.locator("#credentials")).to_contain_text(word)
    shown.get_by_role("button", name="Copy: DialogTech secret key").click()
    expect(shown.get_by_text("Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "demo-secret-key"


def test_two_browsers_on_two_workspaces_see_each_their_own(console: Console) -> None:
    other = console.call("POST", "/_sandbox/workspaces", {"name": "other", "fixture": "clinic"})
    first, second = console.live(), console.live(f"{UI}/other/phones")
    expect(second.locator("#workspace-name")).to_have_text("other")
    console.submit("For the first", to=STRANGER)
    basic = (other["basic"]["username"], other["basic"]["password"])
    console.submit("For the second", to=STRANGER, auth=basic)
    expect(card(first, STRANGER)).to_contain_text("For the first")
    expect(card(second, STRANGER)).to_contain_text("For the second")
    panel(first).get_by_label("Which one").select_option("other")
    expect(first).to_have_url(f"{console.origin}{UI}/other/phones")
    expect(card(first, STRANGER)).to_contain_text("For the second")


def test_a_workspace_that_is_not_there_is_said_to_be_so_once(console: Console) -> None:
    console.expected = ("404",)
    page = console.page(f"{UI}/nobodys/phones")
    expect(page.locator("#live")).to_have_text("no such workspace")
    expect(page.get_by_role("heading", name="No such workspace")).to_be_visible()
    expect(page.locator(".toast")).to_have_count(0)
    page.locator("#no-workspace").get_by_role("link", name="default").click()
    expect(card(page)).to_be_visible()


def test_a_workspace_is_made_from_the_bar(console: Console) -> None:
    page = console.live()
    shown = panel(page)
    shown.get_by_label("Name of a new workspace").fill("demo-for-you")
    shown.get_by_label("Fixture of the new workspace").select_option("documented")
    shown.get_by_role("button", name="Make").click()
    expect(page.locator("#workspace-name")).to_have_text("demo-for-you")
    expect(page.locator(".card").first).to_be_visible()


def test_the_token_is_asked_once_and_stands_in_no_url(open_console: Callable[..., Console], chromium: Any) -> None:
    console = open_console(host="0.0.0.0", control_token="a-secret-token")
    console.expected = ("401",)
    in_thread(_enter_the_token, console)


def _enter_the_token(console: Console) -> None:
    page = console.page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_label("Token", exact=True).fill("wrong")
    page.get_by_role("button", name="Use it").click()
    expect(page.locator("#token-dialog")).to_contain_text("That is not the token of this server.")
    page.get_by_label("Token", exact=True).fill("a-secret-token")
    page.keyboard.press("Enter")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    console.submit("With a token")
    expect(card(page)).to_contain_text("With a token")
    page.goto(f"{console.origin}{UI}/default/exchanges")
    expect(page.locator(".exchange-row")).to_have_count(1)
    assert not any("secret-token" in url for url in asked)
    assert page.evaluate("JSON.stringify(localStorage)").find("secret-token") == -1
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_whoever_has_no_token_is_not_asked_again(open_console: Callable[..., Console], chromium: Any) -> None:
    console = open_console(host="0.0.0.0", control_token="a-secret-token")
    console.expected = ("401",)
    in_thread(_decline, console)


def _decline(console: Console) -> None:
    page = console.page()
    page.get_by_role("button", name="Cancel").click()
    page.locator("#workspace-button").click()
    expect(page.get_by_role("button", name="Freeze the clock")).to_be_disabled()
    expect(page.get_by_text("Send Authorization: Bearer and the control token").first).to_be_visible()
    expect(page.locator("#token-dialog")).to_be_hidden()


# Looks -----------------------------------------------------------------------------------------------------------


def furnished(console: Console) -> dict[str, str]:
    """A world with something on each page, and the pages."""
    sink = console.call("PUT", "/sinks/mine", {})
    sid = console.sid("Your results are in.", StatusCallback=sink["url"])
    console.call("POST", f"/messages/{sid}/reply", {"text": "STOP"})
    console.call("POST", "/faults", {"match": {"operation": "simplepay.optout"}, "effect": {"status": 503}})
    refused = console.submit(to="123").headers["x-sandbox-exchange"]
    return {
        "wall": f"{UI}/default/phones",
        "phone": f"{UI}/default/phones/{PHONE}",
        "message": f"{UI}/default/messages/{sid}",
        "messages": f"{UI}/default/messages",
        "consents": f"{UI}/default/consents",
        "callbacks": f"{UI}/default/callbacks",
        "report": f"{UI}/default/report",
        "verify": f"{UI}/default/verify",
        "verify a call": f"{UI}/default/verify/{refused}",
        "no exchange": f"{UI}/default/exchanges/ex_01927b8c0d1e7f2a8b3c4d5e6f708192",
        "no message": f"{UI}/default/messages/msg_99999999",
        "no phone": f"{UI}/default/phones/12",
        "journal": f"{UI}/default/exchanges",
        "exchange": f"{UI}/default/exchanges/{refused}",
        "send": f"{UI}/default/send",
    }


@pytest.mark.parametrize(("scheme", "rules"), [("light", STANDARD), ("dark", COLOURS)])
def test_nothing_serious_stands_in_anybodys_way(console: Console, scheme: str, rules: list[str]) -> None:
    console.expected = ("404", "422")
    pages = furnished(console)
    page = console.live(color_scheme=scheme, reduced_motion="reduce", bypass_csp=True)
    for name, path in pages.items():
        page.goto(console.origin + path)
        expect(page.locator("#live")).to_have_attribute("data-state", "live")
        expect(page.locator('[aria-busy="true"]')).to_have_count(0)
        assert serious(page, rules) == [], name
    panel(page)
    expect(page.locator("#credentials")).to_contain_text("demo")
    page.get_by_text("Make a fault").click()
    assert serious(page, rules) == []


def test_every_page_fits_a_narrow_screen(console: Console) -> None:
    console.expected = ("404", "422")
    pages = furnished(console)
    page = console.live(viewport=NARROW)
    for name, path in pages.items():
        page.goto(console.origin + path)
        expect(page.locator("#live")).to_have_attribute("data-state", "live")
        expect(page.locator('[aria-busy="true"]')).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], name
    for button in page.locator(".bar button:visible").all():
        box = button.bounding_box()
        assert box is not None
        assert 0 <= box["x"] <= NARROW["width"] - box["width"]


def test_the_colours_are_switched_and_stay_so(console: Console) -> None:
    page = console.live(color_scheme="light")
    colour = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(colour)
    page.get_by_role("button", name="Dark or light").click()
    dark = page.evaluate(colour)
    assert dark != light
    page.reload()
    assert page.evaluate(colour) == dark


# Load ------------------------------------------------------------------------------------------------------------


def test_a_hospitals_wall_opens_with_its_first_page_and_stays_usable_under_load(
    open_console: Callable[..., Console],
) -> None:
    in_thread(_watch_the_hospital, open_console(fixture="hospital"))


def _watch_the_hospital(hospital: Console) -> None:
    page = hospital.live()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    page.reload()
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    page.locator(".card").nth(1).wait_for()
    assert page.locator(".card").count() <= 2 * PAGE  # of 5,000 people: the first page, and another if there is room
    assert asked.count("/_sandbox/workspaces/default/phones") <= 2
    people = [person["phone"] for person in hospital.call("GET", "/people?limit=200")["items"]]
    done = threading.Event()
    sending = threading.Thread(target=_send_fifty_a_second, args=(hospital, people, done))
    sending.start()
    try:
        expect(page.locator(".fresh").first).to_be_visible()
        page.mouse.move(200, 300)  # from here on the cards stay where they are
        page.mouse.click(200, 300)
        expect(page.locator(".bubble-item").first).to_be_visible()
        page.get_by_label("Text as the patient").fill("Still here")
        page.keyboard.press("Enter")
        expect(bubble(page, "Still here")).to_be_visible()
    finally:
        done.set()
        sending.join()


def _send_fifty_a_second(console: Console, people: list[str], done: threading.Event) -> None:
    basic = console.call("GET", "")["basic"]
    code = console.call("GET", "")["consoles"][0]["code"]
    with httpx.Client(base_url=console.origin, auth=(basic["username"], basic["password"]), timeout=60) as client:
        for n in range(1500):
            if done.wait(1 / 50):
                return
            form = {"To": people[n % len(people)], "From": "16155550130", "Body": f"Number {n}"}
            client.post(f"/dialoghealth-simplepay-api/submit/{code}", data=form)
