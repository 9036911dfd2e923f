"""Callbacks: what clients were told of their messages, told again, and how telling may go wrong."""

import json
from typing import Annotated

from fastapi import Path, Query

from dialog_sandbox.models import callbacks as models
from dialog_sandbox.models.base import ListOf
from sandbox.clock import SECOND
from sandbox.server.answers.callbacks import callbacks_of
from sandbox.server.answers.values import seconds
from sandbox.server.control.dependencies import VendorsDep, WorkspaceDep
from sandbox.server.control.http import WORKSPACE, control_router
from sandbox.server.control.lists import cut_page
from sandbox.store import Tx
from sandbox.world.callbacks.profile import Profile, profile_of
from sandbox.world.callbacks.queue import redeliver
from sandbox.world.callbacks.search import list_callbacks as list_queue
from sandbox.world.errors import UnknownCallback
from sandbox.world.ids import callback_id, parse_callback_id
from sandbox.world.messages.search import find_message
from sandbox.world.workspaces.change import change_workspace

router = control_router(WORKSPACE, "Callbacks")

CallbackId = Annotated[str, Path(alias="id", description="A callback's id.", examples=["cb_00000001"])]


@router.get("/callbacks")
async def list_callbacks(
    ws: WorkspaceDep, vendors: VendorsDep, page: Annotated[models.ListCallbacksRequest, Query()]
) -> ListOf[models.Callback]:
    """Callbacks whose status has come about, each with its attempts so far."""
    after = parse_callback_id(page.after or "") or 0

    def work(tx: Tx) -> ListOf[models.Callback]:
        message = None if page.message is None else find_message(tx, page.message).id
        found = list_queue(tx, message_id=message, after=after, limit=page.limit + 1)
        rows, cursor = cut_page(found, page.limit, lambda row: callback_id(row.callback.id))
        return ListOf(items=callbacks_of(tx, rows, vendors), next=cursor)

    return await ws.read(work)


@router.post("/callbacks/{id}/redeliver", status_code=202)
async def redeliver_callback(ws: WorkspaceDep, wanted_id: CallbackId) -> models.RedeliveryResponse:
    """Sends a callback once more, with all its retries, delivered or given up as it may be."""
    n = parse_callback_id(wanted_id)
    if n is None:
        raise UnknownCallback("No callback of this workspace has that id: list them with GET callbacks.")
    await ws.write(lambda tx: redeliver(tx, n))
    return models.RedeliveryResponse(id=wanted_id, state="pending")


@router.get("/callbacks/profile")
async def show_profile(ws: WorkspaceDep) -> models.CallbackProfile:
    """How callbacks misbehave."""
    return await ws.read(_profile)


@router.put("/callbacks/profile")
async def set_profile(ws: WorkspaceDep, body: models.CallbackProfileRequest | None = None) -> models.CallbackProfile:
    """Says how callbacks of messages that are accepted from now on misbehave; what is left out does not."""
    wanted = body or models.CallbackProfileRequest()

    def work(tx: Tx) -> models.CallbackProfile:
        seed = tx.workspace.seed if wanted.seed is None else wanted.seed
        profile = Profile(**{**wanted.model_dump(), "delay": round(wanted.delay * SECOND), "seed": seed})
        change_workspace(tx, callback_profile=json.dumps(profile._asdict()))
        return _profile(tx)

    return await ws.write(work)


def _profile(tx: Tx) -> models.CallbackProfile:
    stored = tx.workspace.callback_profile
    profile = profile_of(stored)
    seed = tx.workspace.seed if stored is None else profile.seed
    return models.CallbackProfile(**{**profile._asdict(), "delay": seconds(profile.delay), "seed": seed})
