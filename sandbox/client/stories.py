"""Stories: the timed scripts of a workspace's fixture."""

from typing import Literal

from sandbox.client.bound import Bound, segment
from sandbox.client.reading import given
from sandbox.client.shapes import Story
from sandbox.client.steps import Steps, verb

__tracebackhide__ = True


class StoryVerbs(Bound):
    """What is played on the workspace's clock, which runs at the story's speed meanwhile."""

    @verb
    def stories(self) -> Steps[list[Story]]:
        """Those of the fixture, and how far the one under way has got."""
        return self._whole_list(Story, "/stories")

    @verb
    def story(
        self, name: str, action: Literal["play", "pause", "restart", "stop"] = "play", *, speed: float | None = None
    ) -> Steps[Story]:
        """Plays a story, or goes on with it; or what else `action` says."""
        return self._ask(Story, "POST", f"/stories/{segment(name)}", given(action=action, speed=speed))
