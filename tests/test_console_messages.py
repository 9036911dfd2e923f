"""The console's page of a message, in a browser: its story, what can be done to it, and how the APIs show it."""

import json
import shlex
from typing import Any

import httpx
from browser import UI, Console, bubble, card
from driver import PHONE, STRANGER, TRACKING_NUMBER
from playwright.sync_api import Locator, Page, expect


def story(console: Console, any_id: str) -> Page:
    return console.live(f"{UI}/default/messages/{any_id}")


def pane(page: Page, vendor: str) -> Locator:
    return page.locator(f'.view[data-vendor="{vendor}"]')


def timeline(page: Page) -> list[str]:
    return page.locator("#timeline li .status").all_inner_texts()


def test_the_statuses_that_the_world_allows_are_buttons_and_the_apis_show_the_new_one(console: Console) -> None:
    console.call("PUT", "/delivery", {"mode": "manual"})
    page = story(console, console.sid())
    buttons = page.locator("#status-buttons button")
    expect(buttons).to_have_text(["sent", "rejected", "unknown", "delivered", "undelivered"])
    expect(pane(page, "simplepay")).to_contain_text('"status": "queued"')
    page.get_by_role("button", name="sent").click()
    expect(buttons).to_have_text(["delivered", "undelivered", "rejected", "unknown"])
    page.get_by_text("With a reason, or the vendor's own word").click()
    page.get_by_label("Reason").fill("switched off")
    page.get_by_label("Writeback's word").fill("UNREACHABLE")
    page.get_by_role("button", name="undelivered").click()
    expect(page.locator("#reason")).to_have_text("switched off")
    expect(pane(page, "simplepay")).to_contain_text('"status": "undelivered"')
    expect(pane(page, "writeback")).to_contain_text('"messageStatus": "UNREACHABLE"')
    assert timeline(page) == ["queued", "sent", "undelivered"]
    expect(page.locator("#status-form")).to_be_hidden()


def test_the_clock_is_pushed_and_the_delivery_is_seen(console: Console) -> None:
    console.call("PUT", "/delivery", {"mode": "timed", "sent_after": 10, "settled_after": 50})
    page = story(console, console.sid())
    expect(page.locator("#timeline .ahead")).to_contain_text("comes by itself")
    page.get_by_role("button", name="Advance by 1 minute").click()
    expect(page.locator("#clock-now")).to_contain_text("09:01:00 UTC")
    expect(page.locator("#status")).to_have_text("delivered")
    expect(pane(page, "simplepay")).to_contain_text('"status": "delivered"')
    assert timeline(page) == ["queued", "sent", "delivered"]
    expect(page.locator("#timeline")).to_contain_text("09:00:10 UTC")


def test_a_delivery_from_elsewhere_shows_without_a_reload(console: Console) -> None:
    console.call("PUT", "/delivery", {"mode": "manual"})
    sid = console.sid()
    page = story(console, sid)
    console.call("POST", f"/messages/{sid}/status", {"status": "rejected", "reason": "no such number"})
    expect(page.locator("#status")).to_have_text("rejected")
    expect(pane(page, "writeback")).to_contain_text('"messageStatus": "MESSAGE_REJECTED"')


def test_a_callback_tells_its_attempts_and_is_delivered_again(console: Console) -> None:
    sink = console.call("PUT", "/sinks/mine", {"status": 500})
    sid = console.sid(StatusCallback=sink["url"])
    page = story(console, sid)
    told = page.locator(".callback", has=page.locator('[data-status="delivered"]'))
    first = page.locator(".callback").first
    expect(first).to_contain_text("answered 500")
    console.call("PUT", "/sinks/mine", {"status": 200})
    first.get_by_role("button", name="Redeliver").click()
    expect(first.locator(".tag")).to_have_text("delivered")
    expect(first).to_contain_text("answered 200")
    first.get_by_text("What it says").click()
    expect(first).to_contain_text(f"MessageSid: {sid}")
    assert told.count() == 1
    received = console.call("GET", "/sinks/mine")["received"]
    assert [each["form"]["MessageStatus"] for each in received].count("sent") >= 2


def test_what_stands_in_a_pane_is_what_its_curl_line_answers(console: Console) -> None:
    page = story(console, console.sid("Äpfel & <b>Birnen</b>"))
    shown = json.loads(pane(page, "simplepay").locator("code").first.inner_text())
    words = shlex.split(pane(page, "simplepay").locator("code").last.inner_text())
    username, _, password = words[words.index("-u") + 1].partition(":")
    assert httpx.get(words[-1], auth=(username, password)).json() == shown
    assert shown["body"] == "Äpfel & <b>Birnen</b>"


def test_a_tracking_numbers_message_is_shown_as_xml(console: Console) -> None:
    sent: Any = console.call(
        "POST", "/messages", {"tracking_number": TRACKING_NUMBER, "to": STRANGER, "text": "<b>Hi</b> ]]> you"}
    )
    page = story(console, sent["id"])
    expect(pane(page, "dialogtech")).to_contain_text("<message><![CDATA[<b>Hi</b> ]]]]><![CDATA[> you]]></message>")
    expect(page.locator(".view").first).to_have_attribute("data-vendor", "dialogtech")
    expect(pane(page, "simplepay")).to_contain_text("This API does not show this message.")


def test_a_message_leads_to_its_exchanges_its_phone_and_what_it_answers(console: Console) -> None:
    sid = console.sid()
    both = console.call("POST", f"/messages/{sid}/reply", {"text": "STOP"})
    page = story(console, both["answer"]["id"])
    page.get_by_role("link", name=both["inbound"]["id"]).click()
    expect(page.locator("#text")).to_have_text("STOP")
    page.locator("#facts").get_by_role("link").first.click()
    expect(page.locator("#text")).to_have_text("Your results are in.")
    page.get_by_role("link", name="simplepay.submit").click()
    expect(page.get_by_role("heading", name="simplepay.submit")).to_be_visible()
    page.go_back()
    page.get_by_role("link", name="Phone +1 629-555-0101").click()
    expect(bubble(page, "STOP").first).to_be_visible()
    expect(card(page, PHONE)).to_have_attribute("aria-current", "true")


def test_a_message_that_is_not_there_is_said_to_be_gone(console: Console) -> None:
    console.expected = ("404",)
    page = story(console, "msg_00009999")
    expect(page.locator("#gone")).to_contain_text("No message of this workspace has that id")
