"""Stories: the timed scripts of a fixture, played on the workspace's clock."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from driver import CONSOLE, Driver, Wall, moment

from sandbox.clock import rfc3339
from sandbox.world import fixtures
from sandbox.world.errors import FixtureRefused

WORLD = """
summary: A world with a story
credentials: { username: demo, password: demo }
consoles:
  - { code: HARBOR1001, name: Harbor Clinic, line: "16155550110", keyword: HARBOR, auto_reply: Thank you. }
accounts:
  - { name: Harbor Clinic, access_key: demo-access-key, secret_access_key: demo, tracking_numbers: ["6155550100"] }
people:
  - { person_id: ADA, first_name: Ada, phone: "6295550101", misc: [English] }
  - { person_id: EVA, first_name: Eva, phone: "6295550102", misc: [Spanish] }
stories:
  day:
    title: A day
    summary: What happens on a day
    speed: 60
    rest: 10s
    steps:
      - { do: broadcast, name: Hello, to: everyone, text: "Good morning, {first_name}", caption: Morning }
      - { after: 10s, do: inbound, from: ADA, text: STOP }
      - { after: 10s, do: submit, to: [ADA, EVA], text: News }
      - { after: 10s, do: message, to: EVA, tracking_number: "6155550100", text: From the website }
      - { after: 1s, do: status, of: EVA, tracking_number: "6155550100", status: undelivered, reason: switched off }
      - { after: 9s, do: tell, caption: The end }
  night:
    title: A night
    summary: Nothing
    steps: [{ do: tell, caption: Quiet }]
"""

DAY: dict[str, Any] = {
    "name": "day",
    "title": "A day",
    "summary": "What happens on a day",
    "seconds": 50,
    "state": "ready",
    "position": None,
    "speed": 60,
    "steps": [
        {"at": 0, "do": "broadcast", "caption": "Morning"},
        {"at": 10, "do": "inbound", "caption": None},
        {"at": 20, "do": "submit", "caption": None},
        {"at": 30, "do": "message", "caption": None},
        {"at": 31, "do": "status", "caption": None},
        {"at": 40, "do": "tell", "caption": "The end"},
    ],
}


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def staged(open_driver: Callable[..., Driver], tmp_path: Path, wall: Wall) -> Driver:
    """A sandbox whose fixture tells stories."""
    file = tmp_path / "staged.yaml"
    file.write_text(WORLD)
    return open_driver(wall, fixture=str(file))


def move(staged: Driver, action: str, story: str = "day", **fields: object) -> Any:
    return staged.control("POST", f"/stories/{story}", {"action": action, **fields})


def texts(staged: Driver) -> list[tuple[str, str, str]]:
    listed = staged.control("GET", "/messages")["items"]
    return [(each["from"][-4:], each["text"], each["status"]) for each in listed]


def test_the_stories_of_the_fixture_are_listed(staged: Driver) -> None:
    listed = staged.control("GET", "/stories")
    assert listed["items"][0] == DAY
    assert [story["name"] for story in listed["items"]] == ["day", "night"]


def test_a_story_is_played_at_its_speed_and_ends_by_itself(staged: Driver, wall: Wall) -> None:
    assert move(staged, "play") == {**DAY, "state": "playing", "position": 0}
    wall.advance(0.1)
    assert staged.control("GET", "/stories")["items"][0] == {**DAY, "state": "playing", "position": 6}
    assert texts(staged) == [("0110", "Good morning, Ada", "delivered"), ("0110", "Good morning, Eva", "delivered")]
    wall.advance(0.9)
    assert texts(staged) == [
        ("0110", "Good morning, Ada", "delivered"),
        ("0110", "Good morning, Eva", "delivered"),
        ("0101", "STOP", "received"),
        (
            "0110",
            "Harbor Clinic: you will get no more texts from us. Text HARBOR to subscribe again.",
            "delivered",
        ),
        ("0110", "News", "rejected"),
        ("0110", "News", "delivered"),
        ("0100", "From the website", "undelivered"),
    ]
    assert staged.control("GET", "/stories")["items"][0] == DAY
    wall.advance(1)
    assert staged.control("GET", "/clock")["now"] == rfc3339(moment(seconds=60 + 1))


def test_a_story_pauses_goes_on_faster_and_stops(staged: Driver, wall: Wall) -> None:
    move(staged, "play", speed=10)
    wall.advance(1)
    assert move(staged, "pause") == {**DAY, "state": "paused", "position": 10, "speed": 10}
    wall.advance(100)
    assert move(staged, "play", speed=5) == {**DAY, "state": "playing", "position": 10, "speed": 5}
    wall.advance(2)
    assert move(staged, "stop") == DAY
    wall.advance(100)
    assert [text for _, text, _ in texts(staged)][-2:] == ["News", "News"]
    assert staged.control("GET", "/clock")["now"] == rfc3339(moment(seconds=120))


def test_a_story_begins_anew_from_the_seed(staged: Driver, wall: Wall) -> None:
    move(staged, "play")
    wall.advance(0.5)
    staged.inbound("Hello", phone="12125550101")
    assert move(staged, "restart", speed=30) == {**DAY, "state": "playing", "position": 0, "speed": 30}
    assert [text for _, text, _ in texts(staged)] == ["Good morning, Ada", "Good morning, Eva"]
    wall.advance(2)
    assert len(texts(staged)) == 7


def test_a_clock_that_is_advanced_leads_to_the_next_steps(staged: Driver) -> None:
    staged.control("POST", "/clock", {"action": "freeze"})
    move(staged, "play")
    move(staged, "pause")
    fired = staged.control("POST", "/clock", {"action": "advance", "seconds": 3600})["fired"]
    assert len([each for each in fired if each["event"] == "message"]) == 4
    assert staged.control("GET", "/clock")["state"] == "frozen"
    assert staged.control("GET", "/stories")["items"][0] == DAY


def test_a_story_goes_on_over_a_restart(open_driver: Callable[..., Driver], tmp_path: Path, wall: Wall) -> None:
    file = tmp_path / "staged.yaml"
    file.write_text(WORLD)
    staged = open_driver(wall, fixture=str(file), database=str(tmp_path / "kept.db"))
    move(staged, "play")
    staged.restart()
    wall.advance(1)
    assert len(texts(staged)) == 7


@pytest.mark.parametrize(
    ("action", "title"),
    [("pause", "No story under way"), ("stop", "No story under way")],
)
def test_what_is_not_under_way_cannot_be_moved(staged: Driver, action: str, title: str) -> None:
    problem = staged.control("POST", "/stories/day", {"action": action}, status=409)
    assert problem["title"] == title


def test_one_story_at_a_time(staged: Driver) -> None:
    move(staged, "play")
    problem = staged.control("POST", "/stories/night", {"action": "play"}, status=409)
    assert problem["detail"] == "The story day is under way in this workspace: stop it first, or restart this one."
    assert staged.control("POST", "/stories/evening", {"action": "play"}, status=404)["title"] == "Unknown story"


@pytest.mark.parametrize(
    ("found", "instead", "what"),
    [
        ("from: ADA", "from: BOB", "stories.day.steps[1].from: there is no person 'BOB'."),
        ("do: tell, caption: Quiet", "do: sing", "stories.night.steps[0]: there is no step 'sing'."),
        ("do: tell, caption: Quiet", "do: tell", "stories.night.steps[0]: the key 'caption' is missing"),
        ("from: ADA, text: STOP", "from: ADA, template: nothing", "there is no template 'nothing'."),
        ("speed: 60", "speed: 0", "stories.day.speed: "),
    ],
)
def test_a_mistake_in_a_story_is_told_with_its_place(tmp_path: Path, found: str, instead: str, what: str) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(WORLD.replace(found, instead))
    with pytest.raises(FixtureRefused) as refused:
        fixtures.load(str(file))
    assert what in str(refused.value)


def test_every_story_of_the_clinic_plays_to_its_end(open_driver: Callable[..., Driver], wall: Wall) -> None:
    driver = open_driver(wall, fixture="clinic", start_at=None)
    for story in driver.control("GET", "/stories")["items"]:
        before = len(driver.control("GET", f"/messages?console={CONSOLE}&limit=1000&since=" + _now(driver))["items"])
        move(driver, "play", story["name"])
        wall.advance(story["seconds"] / story["speed"] + 1)
        told = driver.control("GET", f"/messages?console={CONSOLE}&limit=1000&since=" + rfc3339(moment()))["items"]
        assert len(told) > before
        states = {each["name"]: each["state"] for each in driver.control("GET", "/stories")["items"]}
        assert states[story["name"]] == "ready"


def _now(driver: Driver) -> str:
    return str(driver.control("GET", "/clock")["now"])
