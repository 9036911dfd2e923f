"""Stories: the timed scripts of a fixture, played on a workspace's clock.

To play one is to write down all its steps as acts of their time, and to let the clock run at the story's speed. So they
happen whoever moves the clock on, and over a restart; a story pauses when its clock is frozen.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sandbox.world import clockwork, fixtures, people, plays, workspaces
from sandbox.world.errors import ImpossiblePhone, NoStoryUnderWay, StoryUnderWay, UnknownStory
from sandbox.world.fixtures.stories import (
    Story,
    StoryBroadcast,
    StoryCaption,
    StoryInbound,
    StoryMessage,
    StoryStatus,
    StoryStep,
    StorySubmit,
    addressed,
)
from sandbox.world.schedule import note_next_due, schedule
from sandbox.world.seed.people import People
from sandbox.world.seed.seeded_random import SeededRandom
from sandbox.world.seed.texts import TextContext, TextRef, Texts

if TYPE_CHECKING:
    from sandbox.world import LineView, WorkspaceView, World
    from sandbox.world.people import PersonRow


def told(world: "World", workspace_id: int) -> Mapping[str, Story]:
    """The stories of the fixture that a workspace was seeded from."""
    return _fixture(world, workspace_id).contents.stories


def find(world: "World", workspace_id: int, name: str) -> Story:
    """By its name."""
    story = told(world, workspace_id).get(name)
    if story is None:
        raise UnknownStory("The fixture of this workspace tells no story of that name: list them with GET stories.")
    return story


def play(world: "World", workspace: "WorkspaceView", name: str, speed: float | None = None) -> None:
    """From the beginning, or on after a pause. `speed`: instead of the story's own, or of the one that it has."""
    if plays.under_way(world, workspace.id) is None:
        _begin(world, workspace, name, speed)
    else:
        _must_be_under_way(world, workspace, name)
        clockwork.turn(world, workspace, frozen=False, speed=speed)


def pause(world: "World", workspace: "WorkspaceView", name: str) -> None:
    """The clock stands until somebody lets it go on."""
    _must_be_under_way(world, workspace, name)
    clockwork.turn(world, workspace, frozen=True)


def stop(world: "World", workspace: "WorkspaceView", name: str) -> None:
    """What is still to come of the story does not, and the clock goes as it did before."""
    _must_be_under_way(world, workspace, name)
    with world.store.writing():
        plays.end(world, workspace, stays_frozen=False)
        note_next_due(world, workspace.id)


def _begin(world: "World", workspace: "WorkspaceView", name: str, speed: float | None) -> None:
    """Writes down what is to come, and lets the clock run."""
    story = find(world, workspace.id, name)
    now = world.now(workspace)
    script = Script(world, workspace, _fixture(world, workspace.id))
    with world.store.writing():
        for n, (after, step) in enumerate(times(story)):
            random = SeededRandom(workspace.seed, f"story:{name}:{n}")
            for act, arguments in script.acts(step, now + after, random):
                schedule(world, workspace.id, now + after, act, arguments, is_of_story=True)
        schedule(world, workspace.id, now + story.length, "end_story", {}, is_of_story=True)
        plays.start(world, workspace.id, plays.Play(name, now, now + story.length, workspace.clock_frozen))
        moved = workspaces.view_of(world, workspace.id)
        clockwork.turn(world, moved, frozen=False, speed=speed or story.speed)


def _must_be_under_way(world: "World", workspace: "WorkspaceView", name: str) -> None:
    current = plays.under_way(world, workspace.id)
    if current is None:
        raise NoStoryUnderWay("No story is under way in this workspace: play one first.")
    if current.story != name:
        raise StoryUnderWay(
            f"The story {current.story} is under way in this workspace: stop it first, or restart this one."
        )


def times(story: Story) -> Iterator[tuple[int, StoryStep]]:
    """Each step with its time since the beginning, in ms."""
    at = 0
    for step in story.steps:
        at += step.after
        yield at, step


def _fixture(world: "World", workspace_id: int) -> fixtures.Fixture:
    return _loaded(str(workspaces.row_of(world, workspace_id)["fixture"]))


@lru_cache(maxsize=8)
def _loaded(name: str) -> fixtures.Fixture:
    return fixtures.load(name)


class Script:
    """Turns the steps of a fixture's stories into acts of `acts.ACTS`, for the people and lines that there are now."""

    def __init__(self, world: "World", workspace: "WorkspaceView", fixture: fixtures.Fixture) -> None:
        self._world = world
        self._workspace = workspace
        self._texts = Texts(fixture.templates)
        self._people = People(people.everybody(world, workspace))

    def acts(self, step: StoryStep, at: int, random: SeededRandom) -> Iterator[tuple[str, dict[str, Any]]]:
        """Each by its name and arguments."""
        if isinstance(step, StoryCaption):
            return
        line = self._line(step.console, step.tracking_number)
        persons = self._persons(addressed(step)[1])
        if isinstance(step, StoryStatus):
            told = {"status": step.status, "reason": step.reason}
            for phone in persons:
                yield "report_latest", {"line": line.number, "phone": phone, **told}
            return
        text_ref = TextRef(step.text, step.template)
        texts = {
            phone: self._texts.words(text_ref, TextContext(person, line, at, random))
            for phone, person in persons.items()
        }
        if isinstance(step, StoryBroadcast):
            about = step.model_dump(include={"name", "sent_by", "campaign"})
            yield "broadcast", {"line": line.number, "phones": list(texts), "text": "", "texts": texts, **about}
            return
        for phone, text in texts.items():
            yield _texting(step, line, phone, text)

    def _persons(self, refs: list[str]) -> dict[str, "PersonRow"]:
        """Those of them who are still there, by phone."""
        found: dict[str, PersonRow] = {}
        for ref in refs:
            with suppress(ImpossiblePhone):
                found |= {person["phone"]: person for person in self._people.addressed([ref])}
        return found

    def _line(self, code: str | None, number: str | None) -> "LineView":
        """A tracking number's, else a console's: the first one's if neither is named."""
        if number is not None:
            return workspaces.tracking_line(self._world, self._workspace.id, number)
        if code is not None:
            return workspaces.console_line(self._world, self._workspace.id, code)
        lines = workspaces.lines(self._world, self._workspace.id)
        return next(line for line in lines if line.console_id is not None)


def _texting(
    step: StoryInbound | StoryMessage | StorySubmit, line: "LineView", phone: str, text: str
) -> tuple[str, dict[str, Any]]:
    if isinstance(step, StoryInbound):
        return "text_in", {"phone": phone, "line": line.number, "text": text}
    sent = {"line": line.number, "to": phone, "text": text}
    return ("send", {**sent, "sent_by": step.sent_by}) if isinstance(step, StoryMessage) else ("submit", sent)
