"""Callbacks: what clients were told of their messages, told again, and how telling may go wrong."""

import json
from typing import Annotated, Any

from fastapi import Path, Query, Response

from sandbox.dependencies import WorkspaceDep, WorldDep
from sandbox.server.control import shapes, shown
from sandbox.server.control.http import WORKSPACE, answer, control_router, listed
from sandbox.server.control.shapes import ListOf
from sandbox.world import WorkspaceView, World, callbacks, messages, workspaces
from sandbox.world.callbacks.profile import Profile, profile_of
from sandbox.world.clock import SECOND
from sandbox.world.errors import UnknownCallback

router = control_router(WORKSPACE, "Callbacks")

CallbackId = Annotated[str, Path(alias="id", description="A callback's id.", examples=["cb_00000001"])]


@router.get("/callbacks", response_model=ListOf[shapes.Callback])
async def list_callbacks(
    world: WorldDep, workspace: WorkspaceDep, asked: Annotated[shapes.CallbacksPage, Query()]
) -> Response:
    """Callbacks whose status has come about, each with its attempts so far."""
    message = None if asked.message is None else messages.find(world, workspace, asked.message)["id"]
    rows = callbacks.rows_of(
        world,
        workspace.id,
        now=world.now(workspace),
        message_id=message,
        after=callbacks.number_of(asked.after or "") or 0,
        limit=asked.limit + 1,
    )
    page = rows[: asked.limit]
    cursor = callbacks.our_id(page[-1][0]["id"]) if len(rows) > asked.limit else None
    return listed([shown.callback(world, *each) for each in page], cursor)


@router.post("/callbacks/{id}/redeliver", response_model=shapes.Redelivery, status_code=202)
async def redeliver_callback(world: WorldDep, workspace: WorkspaceDep, callback_id: CallbackId) -> Response:
    """Sends a callback once more, with all its retries, delivered or given up as it may be."""
    n = callbacks.number_of(callback_id)
    if n is None:
        raise UnknownCallback("No callback of this workspace has that id: list them with GET callbacks.")
    with world.store.writing():
        callbacks.redeliver(world, workspace, n)
    return answer({"id": callback_id, "state": "pending"}, 202)


@router.get("/callbacks/profile", response_model=shapes.CallbackProfile)
async def show_profile(workspace: WorkspaceDep) -> Response:
    """How callbacks misbehave."""
    return _profile(workspace)


@router.put("/callbacks/profile", response_model=shapes.CallbackProfile)
async def set_profile(
    world: WorldDep, workspace: WorkspaceDep, body: shapes.NewCallbackProfile | None = None
) -> Response:
    """Says how callbacks of messages that are accepted from now on misbehave; what is left out does not."""
    given = (body or shapes.NewCallbackProfile()).model_dump()
    seed = workspace.seed if given["seed"] is None else given["seed"]
    profile = Profile(**{**given, "delay": round(given["delay"] * SECOND), "seed": seed})
    with world.store.writing():
        workspaces.change_workspace(world, workspace.id, {"callback_profile": json.dumps(profile._asdict())})
    return _profile(_now(world, workspace))


def _now(world: World, workspace: WorkspaceView) -> WorkspaceView:
    return workspaces.view_of(world, workspace.id)


def _profile(workspace: WorkspaceView) -> Response:
    profile: dict[str, Any] = profile_of(workspace.callback_profile)._asdict()
    if workspace.callback_profile is None:
        profile["seed"] = workspace.seed
    return answer({**profile, "delay": shown.seconds(profile["delay"])})
