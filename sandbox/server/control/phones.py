"""Phones: a wall of them, newest conversation first, and what each shows to whoever holds it."""

from typing import Annotated

from fastapi import Query, Response

from sandbox.dependencies import WorkspaceDep, WorldDep
from sandbox.server.control import shapes
from sandbox.server.control.consents import AnyPhone
from sandbox.server.control.http import WORKSPACE, answer, control_router, listed
from sandbox.server.control.shapes import ListOf
from sandbox.server.control.shown import MessageWriter, handset
from sandbox.world import conversations, messages

router = control_router(WORKSPACE, "Phones")


@router.get("/phones", response_model=ListOf[shapes.PhoneShown])
async def list_phones(
    world: WorldDep, workspace: WorkspaceDep, asked: Annotated[shapes.PhonesPage, Query()]
) -> Response:
    """Everybody's phone: the one with the latest message first, those that never had one at the end."""
    after = conversations.Place(*map(int, asked.after.split("-"))) if asked.after else conversations.BEYOND
    found = conversations.wall(world, workspace, search=asked.search, after=after, limit=asked.limit + 1)
    page = found[: asked.limit]
    cursor = f"{page[-1].place.last}-{page[-1].place.person}" if len(found) > asked.limit else None
    write = MessageWriter(world, workspace)
    return listed([handset(each, write) for each in page], cursor)


@router.get("/phones/{phone}", response_model=shapes.PhoneShown)
async def show_phone(world: WorldDep, workspace: WorkspaceDep, phone: AnyPhone) -> Response:
    """One phone, also one that is nobody's yet."""
    return answer(handset(conversations.handset(world, workspace, phone), MessageWriter(world, workspace)))


@router.get("/phones/{phone}/messages", response_model=ListOf[shapes.Message])
async def show_conversation(
    world: WorldDep, workspace: WorkspaceDep, phone: AnyPhone, asked: Annotated[shapes.ConversationPage, Query()]
) -> Response:
    """What a phone sent and was sent on every line, the newest first, unlike other lists."""
    before = None if asked.after is None else messages.find(world, workspace, asked.after)
    found = conversations.said(world, workspace, phone, before=before, limit=asked.limit + 1)
    page = found[: asked.limit]
    cursor = messages.our_id(page[-1]["id"]) if len(found) > asked.limit else None
    return listed([*map(MessageWriter(world, workspace), page)], cursor)
