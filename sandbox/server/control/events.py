"""What happens, as it happens: a message that is waited for, and the stream of all events."""

import asyncio
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Depends, Header, Query, Request, Response
from starlette.requests import ClientDisconnect

from sandbox.dependencies import WorkspaceDep, WorldDep
from sandbox.server.control import shapes
from sandbox.server.control.http import WORKSPACE, answer, control_router
from sandbox.server.control.messages import filters
from sandbox.server.control.shown import Json, MessageWriter
from sandbox.server.events import Hub
from sandbox.server.events.stream import EVENT_ID, EventStream, hung_up
from sandbox.server.problems import Problem, refusals
from sandbox.world import WorkspaceView, World, matching, messages
from sandbox.world.links_and_codes import codes, links

router = control_router(WORKSPACE, "Events")


async def hub_of(request: Request) -> Hub:
    hub: Hub = request.app.state.hub
    return hub


HubDep = Annotated[Hub, Depends(hub_of)]


@router.get("/messages/wait", response_model=shapes.Awaited, responses=refusals(408, 409, 503))
async def wait_for_message(
    request: Request, world: WorldDep, workspace: WorkspaceDep, hub: HubDep, asked: Annotated[shapes.Wait, Query()]
) -> Response:
    """The newest message that passes the filters: at once if there is one, else as soon as one does.

    Woken by what happens: a message, a change of status, a clock that is turned. With the links and one-time codes
    that its text holds. 408 when none came; 409 when the workspace was reset meanwhile, 404 when it was deleted.
    """
    wanted = replace(filters(world, workspace, asked), any_case=True)
    after = messages.number_of(asked.after or "") or 0
    row, first = matching.newest_of_the_last(world, workspace, wanted, after)
    if row is not None:
        return _awaited(MessageWriter(world, workspace)(row))
    matcher = matching.Matcher(world, workspace.id, wanted, after)
    with hub.channel(workspace).waiting(matcher) as coming:
        row = await matching.newest_before(world, workspace, wanted, after, first)
        if row is not None and not coming.done():
            return _awaited(MessageWriter(world, workspace)(row))
        await _either(coming, request, asked.timeout)
    if not coming.done():
        raise _not_arrived(world, workspace, asked.timeout)
    outcome = coming.result()
    if isinstance(outcome, Problem):
        raise outcome
    return _awaited(outcome)


async def _either(coming: "asyncio.Future[Any]", request: Request, timeout_s: float) -> None:
    """Returns when it has come or when the time is over; whoever hung up need not be answered."""
    leaving: asyncio.Future[Any] = asyncio.ensure_future(hung_up(request.receive))
    try:
        await asyncio.wait({coming, leaving}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if leaving.done():
            raise ClientDisconnect
    finally:
        leaving.cancel()


def _awaited(message: Json) -> Response:
    return answer({**message, "links": links(message["text"]), "codes": codes(message["text"])})


def _not_arrived(world: World, workspace: WorkspaceView, timeout_s: float) -> Problem:
    """With the newest message of all, which tells most of what went wrong."""
    row, _ = matching.newest_of_the_last(world, workspace, messages.Filters(), 0)
    latest = None if row is None else MessageWriter(world, workspace)(row)
    detail = f"No message that passes the filters came within {timeout_s:g} s; 'latest' is the newest that there is."
    return Problem(408, "Not arrived", detail, latest=latest)


@router.get("/events", response_class=EventStream, status_code=200)
async def follow_events(
    world: WorldDep,
    workspace: WorkspaceDep,
    hub: HubDep,
    asked: Annotated[shapes.Follow, Query()],
    last_event_id: Annotated[
        str | None, Header(alias=EVENT_ID, description="Of the last event that was seen: those since then come first.")
    ] = None,
) -> Response:
    """What happens from now on, or since an event that was seen, as server-sent events.

    `message`, `status` and `inbound` hold the message as it was then, `callback` the callback, `clock` and `reset` the
    clock, `exchange` the journal's entry. Where events are missing there is a `gap`, with how many if that is known.
    Filters keep events out that are about other messages; a filter for `status` takes the one that the event tells.
    """
    after = messages.number_of(asked.after or "") or 0
    matcher = matching.Matcher(world, workspace.id, filters(world, workspace, asked), after)
    return EventStream(hub, workspace, matcher, last_event_id or asked.last_event_id, limit=asked.limit)
