"""How a call makes something happen: at once or as a fact of the past, or written down for later."""

from collections.abc import Callable
from typing import Any

from fastapi import Response

from sandbox.server.control.http import answer
from sandbox.world import WorkspaceView, World, acts
from sandbox.world.clock import rfc3339


def act(
    world: World,
    workspace: WorkspaceView,
    name: str,
    at: int | None,
    shown: Callable[[Any], Response],
    /,
    **arguments: Any,
) -> Response:
    """Does one of `acts.ACTS`, and answers what `shown` makes of its result; 202 when it lies ahead."""
    with world.store.writing():
        done = acts.perform(world, workspace, name, at, arguments)
    if isinstance(done, acts.Ahead):
        return answer({"scheduled": name, "at": rfc3339(done.at)}, 202)
    return shown(done)
