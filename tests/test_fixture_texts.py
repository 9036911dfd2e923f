"""Workspaces from a fixture that comes in the request, as its text."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from driver import Driver
from spaces import PATH, contents, control, copied, create

from sandbox.world import fixtures

OWN = """\
summary: Ours
consoles:
  - {code: MAPLES1001, name: Maple, line: "16155550140", keyword: MAPLE}
people:
  - {person_id: MS0001, first_name: Ada, phone: "6295550100"}
history:
  - {do: broadcast, name: Welcome, at: -1d, to: everyone, text: "Hello {first_name}."}
stories:
  visit: {title: A visit, summary: "One text", steps: [{do: message, to: MS0001, after: 1s, text: Hello}]}
"""
EMPTY_OWN = "".join(OWN.splitlines(keepends=True)[:3])


def refusal(sandbox: Driver, **body: Any) -> str:
    answer = sandbox.call("POST", PATH, json=body)
    assert answer.status_code == 422, answer.text
    return str(answer.json()["detail"])


def test_it_is_as_one_from_a_file(sandbox: Driver, open_driver: Callable[..., Driver], tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(OWN)
    from_file = open_driver(fixture=str(tmp_path / "own.yaml"))
    start = {"seed": 1, "start_at": "2026-05-06T09:00:00Z"}
    from_text = create(sandbox, fixture_text=OWN, **start)
    named = create(from_file, fixture=from_file.control("GET", "")["fixture"], **start)
    assert from_text["fixture"] == "text"
    assert from_text["consoles"] == named["consoles"]
    assert contents(sandbox, from_text) == contents(from_file, named)


@pytest.mark.parametrize("text", [OWN, EMPTY_OWN], ids=["peopled", "empty"])
@pytest.mark.parametrize("to", ["seed", "empty"])
def test_a_reset_begins_with_it_again_after_a_restart_too(
    open_driver: Callable[..., Driver], tmp_path: Path, text: str, to: str
) -> None:
    sandbox = open_driver(database=str(tmp_path / "kept.db"))
    made = create(sandbox, fixture_text=text, clock="frozen", start_at="2026-05-06T09:00:00Z")
    begun = copied(sandbox, made)
    control(sandbox, made, "POST", "/reset", {"to": to})
    after = copied(sandbox, made)
    assert (after == begun) == (to == "seed" or text == EMPTY_OWN)
    control(sandbox, made, "POST", "/people", {"phone": "6295550177"})
    fixtures.load_text.cache_clear()
    sandbox.restart()
    control(sandbox, made, "POST", "/reset", {"to": to})
    assert copied(sandbox, made) == after


def test_its_stories_are_told(sandbox: Driver) -> None:
    made = create(sandbox, fixture_text=OWN)
    assert [story["name"] for story in control(sandbox, made, "GET", "/stories")["items"]] == ["visit"]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"fixture_text": "a: b: c"}, "fixture_text line 1: not YAML: "),
        ({"fixture_text": ""}, "fixture_text line 1: there is nothing in it."),
        ({"fixture_text": EMPTY_OWN + "lines: []"}, "fixture_text line 4: there is no key 'lines'."),
        ({"fixture_text": "[" * 100_000}, "fixture_text line 1: it is nested too deeply."),
        ({"fixture_text": OWN, "fixture": "empty"}, "fixture_text cannot be given beside fixture: leave out one"),
        ({"fixture_text": "#" * 131_073}, "fixture_text must have at most 131072 characters."),
        ({"fixture_text": None}, "fixture_text must be text."),
        ({"fixture_text": {"a": 1}}, "fixture_text must be text."),
        ({"fixture": "/etc/hostname.yaml"}, "fixture is not known; known are "),
    ],
)
def test_what_is_wrong_with_it_is_told_with_the_line(sandbox: Driver, body: dict[str, Any], detail: str) -> None:
    assert refusal(sandbox, **body).startswith(detail)
    assert len(sandbox.call("GET", PATH).json()["items"]) == 1


WIDE = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)
DEEP = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 3000))
LONG = f"a: &a {'x' * 1000}\nb: [{', '.join(['*a'] * 20_000)}]\n"


@pytest.mark.parametrize("text", [WIDE, DEEP, LONG], ids=["wide", "deep", "long"])
def test_aliases_make_no_short_text_a_huge_world(sandbox: Driver, text: str) -> None:
    assert "its aliases stand for too much" in refusal(sandbox, fixture_text=text)


def test_aliases_may_be_used() -> None:
    text = EMPTY_OWN + 'people:\n  - {phone: "6295550100", misc: &m [English]}\n  - {phone: "6295550101", misc: *m}\n'
    assert [person.misc for person in fixtures.load_text(text).contents.people] == [["English"]] * 2
