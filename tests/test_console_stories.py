"""The console's stories, and what a visitor of a demo may do there, in a browser."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browser import COLOURS, NARROW, STANDARD, UI, WORLD, Console, bubble, in_thread, serious
from driver import PHONE
from playwright.sync_api import Page, expect

STORY = """
stories:
  morning:
    title: A morning
    summary: One text, and then nothing for a day
    speed: 2
    rest: 1d
    steps:
      - { do: tell, caption: The program wakes up. }
      - { after: 10m, do: submit, to: HF0001, text: "Good morning, {first_name}.", caption: It says good morning. }
"""
TOKEN = "a-token"
READ_ONLY = "Read only: a presenter's token drives this demo."


@pytest.fixture
def fixture(tmp_path: Path) -> str:
    """The plain world, with a story of which the second caption comes after ten minutes and stays for a day."""
    file = tmp_path / "told.yaml"
    file.write_text(WORLD.read_text() + STORY)
    return str(file)


def in_chromium(test: Callable[..., None], *args: Any) -> None:
    in_thread(test, *args)


def play(page: Page, speed: str) -> None:
    page.get_by_role("button", name="Stories").click()
    page.get_by_label("Speed of A morning").select_option(speed)
    page.get_by_role("button", name="Play A morning", exact=True).click()


def test_a_story_is_played_paused_restarted_and_stopped(open_console: Callable[..., Console], fixture: str) -> None:
    in_chromium(_play_it, open_console(fixture=fixture))


def _play_it(console: Console) -> None:
    page = console.live(f"{UI}/default/phones/{PHONE}")
    strip, caption = page.locator("#strip"), page.locator("#strip-caption")
    expect(strip).to_be_hidden()
    play(page, "1")
    expect(caption).to_have_text("The program wakes up.")
    expect(strip).to_contain_text("Next: the program texts at 09:10:00 UTC")
    with page.expect_response("**/stories/morning"):
        page.get_by_label("Speed of the story").select_option("3600")
    console.wall.advance(1)
    expect(bubble(page, "Good morning, Ada.")).to_be_visible()
    expect(caption).to_have_text("It says good morning.")
    page.get_by_role("button", name="Pause the story").click()
    expect(page.locator("#strip-state")).to_have_text("paused")
    assert console.call("GET", "/clock")["state"] == "frozen"
    page.get_by_label("Speed of the story").select_option("1")
    page.get_by_role("button", name="Restart the story").click()
    page.get_by_role("button", name="Reset and play", exact=True).click()
    expect(caption).to_have_text("The program wakes up.")
    expect(page.locator(".bubble-item")).to_have_count(0)
    assert story_state(console) == ("playing", 1)
    page.get_by_role("button", name="Stop the story").click()
    expect(strip).to_be_hidden()
    expect(page.get_by_role("button", name="Stories")).to_be_focused()
    assert story_state(console) == ("ready", 2)


def story_state(console: Console) -> tuple[str, float]:
    story = console.call("GET", "/stories")["items"][0]
    return story["state"], story["speed"]


def test_a_story_that_somebody_else_plays_is_seen_on_every_page(
    open_console: Callable[..., Console], fixture: str
) -> None:
    in_chromium(_watch_it, open_console(fixture=fixture))


def _watch_it(console: Console) -> None:
    page = console.live(f"{UI}/default/send", viewport=NARROW)
    console.call("POST", "/stories/morning", {"action": "play", "speed": 1})
    console.call("POST", "/clock", {"action": "advance", "seconds": 700})
    expect(page.locator("#strip-caption")).to_have_text("It says good morning.")
    console.call("POST", "/stories/morning", {"action": "pause"})
    expect(page.locator("#strip-position")).to_have_text("11 min 40 s of 24 h 10 min")
    for path in ("phones", "exchanges"):
        page.goto(f"{console.origin}{UI}/default/{path}")
        expect(page.locator("#strip-caption")).to_have_text("It says good morning.")
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], path
    console.call("POST", "/reset", {})
    expect(page.locator("#strip")).to_be_hidden()


def test_where_no_story_is_told_it_is_said(console: Console) -> None:
    page = console.live()
    page.get_by_role("button", name="Stories").click()
    expect(page.get_by_text("The fixture of this workspace tells no stories.")).to_be_visible()


@pytest.mark.parametrize(("scheme", "rules"), [("light", STANDARD), ("dark", COLOURS)])
def test_nothing_serious_stands_in_a_spectators_way(
    open_console: Callable[..., Console], fixture: str, scheme: str, rules: list[str]
) -> None:
    in_chromium(_look_for_hindrances, open_console(fixture=fixture, demo=True, control_token=TOKEN), scheme, rules)


def _look_for_hindrances(console: Console, scheme: str, rules: list[str]) -> None:
    page = console.live(color_scheme=scheme, reduced_motion="reduce", bypass_csp=True)
    console.call("POST", "/stories/morning", {"action": "play", "speed": 1})
    expect(page.locator("#strip-caption")).to_have_text("The program wakes up.")
    expect(page.get_by_text(READ_ONLY)).to_be_visible()
    assert serious(page, rules) == []
    give_token(page, TOKEN)
    page.get_by_role("button", name="Pause the story").click()
    expect(page.locator("#strip-state")).to_have_text("paused")
    page.get_by_role("button", name="Stories").click()
    assert serious(page, rules) == []


def test_a_visitor_of_a_demo_looks_on_until_they_give_the_token(
    open_console: Callable[..., Console], fixture: str
) -> None:
    in_chromium(_visit, open_console(fixture=fixture, demo=True, control_token=TOKEN))


def give_token(page: Page, token: str) -> None:
    page.get_by_role("button", name="Enter the token").click()
    page.get_by_label("Token", exact=True).fill(token)
    page.keyboard.press("Enter")


def _visit(console: Console) -> None:
    sid = console.sid("For everybody to see")
    page = console.live(f"{UI}/default/phones/{PHONE}")
    expect(page.get_by_text(READ_ONLY)).to_be_visible()
    expect(bubble(page, "For everybody to see")).to_be_visible()
    for path in (f"phones/{PHONE}", f"messages/{sid}", "exchanges", "send"):
        page.goto(f"{console.origin}{UI}/default/{path}")
        expect(page.get_by_text(READ_ONLY)).to_be_visible()
        assert page.locator("[data-drives]:visible").count() == 0, path
    expect(page.get_by_text("Visitors of this demo cannot send")).to_be_visible()
    assert page.locator("[data-submits]:visible").count() == 0
    page.get_by_role("button", name="default").click()
    expect(page.get_by_text("Visitors are not shown them")).to_be_visible()
    page.keyboard.press("Escape")
    give_token(page, "wrong")
    expect(page.get_by_role("dialog")).to_contain_text("That is not the token of this server.")
    page.get_by_label("Token", exact=True).fill(TOKEN)
    page.keyboard.press("Enter")
    expect(page.get_by_text(READ_ONLY)).to_be_hidden()
    play(page, "1")
    expect(page.locator("#strip-caption")).to_have_text("The program wakes up.")
    page.get_by_role("button", name="Advance by 1 hour").click()
    expect(page.locator("#strip-caption")).to_have_text("It says good morning.")
