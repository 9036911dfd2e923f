"""How is a story (a timed script of a fixture) played on a workspace's clock?

To play one is to schedule all its steps as commands, and to let the clock run at the story's speed. So they happen,
no matter who moves the clock on, and over a restart; a story pauses when its clock is frozen.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple

from sandbox.store import Tx
from sandbox.store.tables import PersonRow
from sandbox.world import fixtures, people, story_runs
from sandbox.world.clock_moves import move_clock
from sandbox.world.commands import broadcast, end_story, report_latest, send, submit, text_in
from sandbox.world.errors import ImpossiblePhone, NoStoryUnderWay, StoryUnderWay, UnknownStory
from sandbox.world.fixtures.stories import (
    FixtureStory,
    StoryBroadcast,
    StoryCaption,
    StoryInbound,
    StoryMessage,
    StoryStatus,
    StoryStep,
    StorySubmit,
    addressed,
)
from sandbox.world.lines import LineView, all_lines, console_line, tracking_line
from sandbox.world.schedule import schedule
from sandbox.world.seed.people import People
from sandbox.world.seed.seeded_random import SeededRandom
from sandbox.world.seed.texts import TextContext, TextRef, Texts
from sandbox.world.workspaces.find import row_of


class ScriptedCommand(NamedTuple):
    """A command of `commands.COMMANDS` that a step of a story stands for."""

    name: str
    arguments: dict[str, Any]


def stories_of(tx: Tx) -> Mapping[str, FixtureStory]:
    """Return the stories of the fixture that the workspace was seeded from."""
    return _fixture(tx).contents.stories


def find_story(tx: Tx, name: str) -> FixtureStory:
    """Return the story of that name."""
    story = stories_of(tx).get(name)
    if story is None:
        raise UnknownStory("The fixture of this workspace tells no story of that name: list them with GET stories.")
    return story


def play(tx: Tx, name: str, speed: float | None = None) -> None:
    """Play a story from its beginning, or on after a pause. `speed`: instead of its own, or of the one that it has."""
    if story_runs.current_run(tx) is None:
        _begin(tx, find_story(tx, name), name, speed)
    else:
        _check_is_current(tx, name)
        move_clock(tx, frozen=False, speed=speed)


def pause(tx: Tx, name: str) -> None:
    """Stop the clock until it is let go on."""
    _check_is_current(tx, name)
    move_clock(tx, frozen=True)


def stop(tx: Tx, name: str) -> None:
    """Drop what is still to come of the story, and let the clock go as it did before."""
    _check_is_current(tx, name)
    story_runs.end(tx, stays_frozen=False)


def _begin(tx: Tx, story: FixtureStory, name: str, speed: float | None) -> None:
    """Schedule what is to come, and let the clock run."""
    script = Script(tx, _fixture(tx))
    for n, (after, step) in enumerate(times(story)):
        random = SeededRandom(tx.workspace.seed, f"story:{name}:{n}")
        for command in script.commands(step, tx.now + after, random):
            schedule(tx, tx.now + after, command.name, command.arguments, is_of_story=True)
    ends_at = tx.now + story.length
    schedule(tx, ends_at, end_story.__name__, {}, is_of_story=True)
    story_runs.start(tx, name, ends_at)
    move_clock(tx, frozen=False, speed=speed or story.speed)


def _check_is_current(tx: Tx, name: str) -> None:
    run = story_runs.current_run(tx)
    if run is None:
        raise NoStoryUnderWay("No story is under way in this workspace: play one first.")
    if run.story != name:
        raise StoryUnderWay(
            f"The story {run.story} is under way in this workspace: stop it first, or restart this one."
        )


def times(story: FixtureStory) -> Iterator[tuple[int, StoryStep]]:
    """Yield each step with its time since the beginning, in ms."""
    at = 0
    for step in story.steps:
        at += step.after
        yield at, step


def _fixture(tx: Tx) -> fixtures.LoadedFixture:
    row = row_of(tx)
    return _loaded(row.fixture) if row.fixture_text is None else fixtures.load_text(row.fixture_text)


@lru_cache(maxsize=8)
def _loaded(name: str) -> fixtures.LoadedFixture:
    return fixtures.load(name)


class Script:
    """Turns the steps of a fixture's stories into commands, for the people and lines that there are now."""

    def __init__(self, tx: Tx, fixture: fixtures.LoadedFixture) -> None:
        self._tx = tx
        self._texts = Texts(fixture.templates)
        self._people = People(people.everybody(tx))

    def commands(self, step: StoryStep, at: int, random: SeededRandom) -> Iterator[ScriptedCommand]:
        """Yield what a step stands for."""
        if isinstance(step, StoryCaption):
            return
        line = self._line(step.console, step.tracking_number)
        persons = self._persons(addressed(step)[1])
        if isinstance(step, StoryStatus):
            yield from _reports(step, line, list(persons))
            return
        text_ref = TextRef(step.text, step.template)
        texts = {
            phone: self._texts.words(text_ref, TextContext(person, line, at, random))
            for phone, person in persons.items()
        }
        if isinstance(step, StoryBroadcast):
            about = step.model_dump(include={"name", "sent_by", "campaign"})
            to_whom = {"line": line.number, "phones": list(texts), "text": "", "texts": texts}
            yield ScriptedCommand(broadcast.__name__, to_whom | about)
            return
        for phone, text in texts.items():
            yield _texting(step, line, phone, text)

    def _persons(self, refs: list[str]) -> dict[str, PersonRow]:
        """Return those of them who are still there, by phone."""
        found: dict[str, PersonRow] = {}
        for ref in refs:
            with suppress(ImpossiblePhone):
                found |= {person.phone: person for person in self._people.addressed([ref])}
        return found

    def _line(self, code: str | None, number: str | None) -> LineView:
        """Return a tracking number's, else a console's: the first one's if neither is named."""
        if number is not None:
            return tracking_line(self._tx, number)
        if code is not None:
            return console_line(self._tx, code)
        return next(line for line in all_lines(self._tx) if line.is_console)


def _reports(step: StoryStatus, line: LineView, phones: list[str]) -> Iterator[ScriptedCommand]:
    for phone in phones:
        arguments = {"line": line.number, "phone": phone, "status": step.status, "reason": step.reason}
        yield ScriptedCommand(report_latest.__name__, arguments)


def _texting(step: StoryInbound | StoryMessage | StorySubmit, line: LineView, phone: str, text: str) -> ScriptedCommand:
    if isinstance(step, StoryInbound):
        return ScriptedCommand(text_in.__name__, {"phone": phone, "line": line.number, "text": text})
    sent = {"line": line.number, "to": phone, "text": text}
    if isinstance(step, StoryMessage):
        return ScriptedCommand(send.__name__, {**sent, "sent_by": step.sent_by})
    return ScriptedCommand(submit.__name__, sent)
