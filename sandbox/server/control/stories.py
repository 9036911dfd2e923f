"""Stories: the timed scripts of a workspace's fixture, played, paused and begun again."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Path

from dialog_sandbox.models.base import ListOf
from dialog_sandbox.models.stories import Story, StoryRequest
from sandbox.server.answers.values import seconds
from sandbox.server.control.dependencies import WorkspaceDep
from sandbox.server.control.http import WORKSPACE, control_router
from sandbox.server.problems import refusals
from sandbox.store import Slices, Tx
from sandbox.world import resets, stories, story_runs
from sandbox.world.fixtures.stories import FixtureStory

router = control_router(WORKSPACE, "Stories")

Name = Annotated[str, Path(description="A story's name.", examples=["er_follow_up"])]


@router.get("/stories")
async def list_stories(ws: WorkspaceDep) -> ListOf[Story]:
    """What the workspace's fixture tells, and how far the story under way has got."""

    def work(tx: Tx) -> ListOf[Story]:
        return ListOf(items=[_story(tx, name, script) for name, script in stories.stories_of(tx).items()], next=None)

    return await ws.read(work)


@router.post("/stories/{story}", responses=refusals(409))
async def move_story(ws: WorkspaceDep, story: Name, body: StoryRequest) -> Story:
    """Plays a story on the workspace's clock, which runs at the story's speed meanwhile.

    Freezing the clock pauses it, running it lets it go on, and advancing it leads to the next steps.
    """

    def work(tx: Tx) -> Story:
        script = stories.find_story(tx, story)
        MOVES[body.action](tx, story, body.speed)
        return _story(tx, story, script)

    def restart(tx: Tx) -> Slices[Story]:
        stories.find_story(tx, story)
        return work((yield from resets.to_seed(tx)))

    return await (ws.write_in_slices(restart) if body.action == "restart" else ws.write(work))


def _pause(tx: Tx, name: str, _: float | None) -> None:
    stories.pause(tx, name)


def _stop(tx: Tx, name: str, _: float | None) -> None:
    stories.stop(tx, name)


MOVES: dict[str, Callable[[Tx, str, float | None], None]] = {
    "play": stories.play,
    "pause": _pause,
    "stop": _stop,
    "restart": stories.play,
}


def _story(tx: Tx, name: str, script: FixtureStory) -> Story:
    run = story_runs.current_run(tx)
    run = run if run is not None and run.story == name else None
    state = "ready" if run is None else "paused" if tx.workspace.clock_frozen else "playing"
    steps = [{"at": seconds(at), "do": step.do, "caption": step.caption} for at, step in stories.times(script)]
    return Story.model_validate(
        {
            "name": name,
            "title": script.title,
            "summary": script.summary,
            "seconds": seconds(script.length),
            "state": state,
            "position": None if run is None else seconds(tx.now - run.began_at),
            "speed": script.speed if run is None else tx.workspace.clock_speed,
            "steps": steps,
        }
    )
