"""The console's lists of messages, consents and callbacks, in a browser."""

import pytest
from browser import UI, Console
from driver import PHONE, STRANGER
from playwright.sync_api import expect


def test_messages_are_found_by_a_part_of_their_text_by_number_and_day(console: Console) -> None:
    console.submit("Your lab results are in")
    console.wall.advance(86_400)
    console.submit("We close at noon", to=STRANGER)
    page = console.live(f"{UI}/default/messages")
    items = page.locator(".list-item")
    expect(items).to_have_count(2)
    for label, value in (("Part of the text", "at noon"), ("To", "415-555-0123"), ("Day", "2026-05-07")):
        page.get_by_label(label, exact=True).fill(value)
        expect(items).to_have_count(1)
        expect(items).to_contain_text("We close at noon")
        page.get_by_label(label, exact=True).fill("")
        expect(items).to_have_count(2)
    console.submit("One more", to=STRANGER)
    expect(items).to_have_count(3)
    items.first.get_by_role("link").click()
    expect(page.get_by_role("heading", name="To +1 629-555-0101")).to_be_visible()


def test_messages_that_pass_the_filters_are_deleted_once_it_is_confirmed(console: Console) -> None:
    console.submit("Goes")
    console.submit("Stays", to=STRANGER)
    page = console.live(f"{UI}/default/messages")
    expect(page.get_by_role("button", name="Delete all messages")).to_be_visible()
    page.get_by_label("Part of the text").fill("Goes")
    page.get_by_role("button", name="Delete what passes these filters").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("1 message deleted.")).to_be_visible()
    expect(page.get_by_text("Nothing passes these filters.")).to_be_visible()
    page.get_by_role("button", name="Clear them").click()
    expect(page.locator(".list-item")).to_contain_text("Stays")
    assert [each["text"] for each in console.call("GET", "/messages")["items"]] == ["Stays"]


def test_consents_say_who_is_out_of_which_line_and_why(console: Console) -> None:
    sid = console.sid()
    console.call("POST", f"/messages/{sid}/reply", {"text": "STOP"})
    page = console.live(f"{UI}/default/consents")
    page.get_by_label("Phone", exact=True).fill(PHONE)
    out = page.locator(".list-item", has_text="opted out")
    expect(out).to_contain_text('on HARBOR1001 +1 615-555-0110 \u00b7 handset by "STOP"')
    page.get_by_label("Phone", exact=True).fill("12")
    console.expected = ("422",)
    expect(page.get_by_role("alert")).to_contain_text("must be a telephone number")


def test_callbacks_say_what_came_of_them(console: Console) -> None:
    sink = console.call("PUT", "/sinks/mine", {})
    page = console.live(f"{UI}/default/callbacks")
    expect(page.get_by_text("No callbacks yet")).to_be_visible()
    console.submit(StatusCallback=sink["url"])
    item = page.locator(".list-item").first
    expect(item).to_contain_text("delivered")
    expect(item).to_contain_text("answered 200")
    assert item.locator(".list-text wbr").count() > 3  # where its lines break


@pytest.mark.parametrize(
    ("name", "words"),
    [("messages", "No messages yet."), ("callbacks", "No callbacks yet")],
    ids=["messages", "callbacks"],
)
def test_an_empty_list_says_what_would_be_there(console: Console, name: str, words: str) -> None:
    page = console.live(f"{UI}/default/{name}")
    expect(page.get_by_text(words)).to_be_visible()


def test_a_phone_that_is_none_is_said_to_be_so(console: Console) -> None:
    console.expected = ("422",)
    page = console.live(f"{UI}/default/phones/12")
    expect(page.get_by_text("There is no phone 12: phone must be a telephone number")).to_be_visible()
    expect(page.get_by_role("button", name="STOP")).to_be_disabled()
    page.get_by_role("link", name="Show the phones there are").click()
    expect(page.locator("#handset")).to_be_hidden()


def test_a_message_that_is_not_there_leads_on(console: Console) -> None:
    console.expected = ("404",)
    page = console.live(f"{UI}/default/messages/msg_99999999")
    expect(page.get_by_role("heading", name="No such message")).to_be_visible()
    page.get_by_role("link", name="Look among the messages").click()
    expect(page.get_by_text("No messages yet.")).to_be_visible()
