"""Stories: the timed scripts of a workspace's fixture, played, paused and begun anew."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Path, Response

from sandbox.dependencies import WorkspaceDep, WorldDep
from sandbox.server.control import shapes
from sandbox.server.control.http import WORKSPACE, answer, control_router, listed
from sandbox.server.control.shapes import ListOf
from sandbox.server.control.shown import seconds
from sandbox.server.problems import refusals
from sandbox.world import WorkspaceView, World, plays, resets, stories, workspaces
from sandbox.world.fixtures.stories import Story

router = control_router(WORKSPACE, "Stories")

Name = Annotated[str, Path(description="A story's name.", examples=["er_follow_up"])]


@router.get("/stories", response_model=ListOf[shapes.Story])
async def list_stories(world: WorldDep, workspace: WorkspaceDep) -> Response:
    """What the workspace's fixture tells, and how far the story under way has got."""
    told = stories.told(world, workspace.id)
    return listed([_shown(world, workspace, name, story) for name, story in told.items()])


@router.post("/stories/{story}", response_model=shapes.Story, responses=refusals(409))
async def move_story(world: WorldDep, workspace: WorkspaceDep, story: Name, body: shapes.StoryMove) -> Response:
    """Plays a story on the workspace's clock, which runs at the story's speed meanwhile.

    Freezing the clock pauses it, running it lets it go on, and advancing it leads to the next steps.
    """
    told = stories.find(world, workspace.id, story)
    MOVES[body.action](world, workspace, story, body.speed)
    return answer(_shown(world, workspaces.view_of(world, workspace.id), story, told))


def _pause(world: World, workspace: WorkspaceView, name: str, _: float | None) -> None:
    stories.pause(world, workspace, name)


def _stop(world: World, workspace: WorkspaceView, name: str, _: float | None) -> None:
    stories.stop(world, workspace, name)


def _restart(world: World, workspace: WorkspaceView, name: str, speed: float | None) -> None:
    with world.store.writing():
        resets.to_seed(world, workspace)
        stories.play(world, workspaces.view_of(world, workspace.id), name, speed)


MOVES: dict[str, Callable[[World, WorkspaceView, str, float | None], None]] = {
    "play": stories.play,
    "pause": _pause,
    "stop": _stop,
    "restart": _restart,
}


def _shown(world: World, workspace: WorkspaceView, name: str, story: Story) -> dict[str, Any]:
    play = plays.under_way(world, workspace.id)
    is_under_way = play is not None and play.story == name
    state = ("paused" if workspace.clock_frozen else "playing") if is_under_way else "ready"
    return {
        "name": name,
        "title": story.title,
        "summary": story.summary,
        "seconds": seconds(story.length),
        "state": state,
        "position": seconds(world.now(workspace) - play.began_at) if play and is_under_way else None,
        "speed": workspace.clock_speed if is_under_way else story.speed,
        "steps": [{"at": seconds(at), "do": step.do, "caption": step.caption} for at, step in stories.times(story)],
    }
