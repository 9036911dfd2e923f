"""What happens, as it happens: a message that is waited for, and the stream of all events."""

from typing import Annotated

from fastapi import Header, Query, Request

from dialog_sandbox.models.events import Arrived, FollowEventsRequest, WaitRequest
from sandbox.server.answers.messages import message_of
from sandbox.server.control.dependencies import HubDep, JournalDep, VendorsDep, WorkspaceAccess, WorkspaceDep
from sandbox.server.control.http import WORKSPACE, control_router
from sandbox.server.control.messages import filters_of, place_of
from sandbox.server.control.waits import answered
from sandbox.server.events.frames import EventFilters, EventWriter
from sandbox.server.events.stream import EVENT_ID, EventStream
from sandbox.server.events.wait import Wait, WaitOutcome
from sandbox.server.problems import Problem, refusals
from sandbox.store import Tx
from sandbox.world.messages.search import MessageFilters, newest_message

router = control_router(WORKSPACE, "Events")


@router.get("/messages/wait", responses=refusals(408, 409, 429, 503))
async def wait_for_message(
    request: Request, ws: WorkspaceDep, hub: HubDep, wanted: Annotated[WaitRequest, Query()]
) -> Arrived:
    """The newest message that passes the filters: at once if there is one, else as soon as one does.

    Woken by what happens: a message, a change of status, a clock that is turned. With the links and one-time codes
    that its text holds. 408 when none came; 409 when the workspace was reset meanwhile, 404 when it was deleted.
    """

    def begin(tx: Tx) -> tuple[Wait, WaitOutcome | None]:
        wait = Wait(tx, filters_of(tx, wanted), place_of(wanted.after))
        return wait, wait.outcome(tx)

    wait, outcome = await ws.read(begin)
    if outcome is None:
        outcome = await answered(request, hub, wait.workspace_id, wait.key, wait.outcome, wanted.timeout)
    if outcome is None:
        raise await _not_arrived(ws, wanted.timeout)
    if outcome.arrived is None:
        raise Problem(409, "Workspace reset", "The workspace was reset meanwhile: wait again.")
    return outcome.arrived


async def _not_arrived(ws: WorkspaceAccess, timeout_s: float) -> Problem:
    """Return the refusal, with the newest message of all, which tells most of what went wrong."""

    def latest(tx: Tx) -> object:
        row = newest_message(tx, MessageFilters())
        return None if row is None else message_of(tx, row).model_dump(mode="json", by_alias=True)

    detail = f"No message that passes the filters came within {timeout_s:g} s; 'latest' is the newest that there is."
    return Problem(408, "Not arrived", detail, latest=await ws.read(latest))


@router.get("/events", response_class=EventStream, status_code=200, responses=refusals(429))
async def follow_events(
    ws: WorkspaceDep,
    hub: HubDep,
    vendors: VendorsDep,
    journal: JournalDep,
    wanted: Annotated[FollowEventsRequest, Query()],
    last_event_id: Annotated[
        str | None, Header(alias=EVENT_ID, description="Of the last event that was seen: those since then come first.")
    ] = None,
) -> EventStream:
    """What happens from now on, or since an event that was seen, as server-sent events.

    `message`, `status` and `inbound` hold the message as it was then, `callback` the callback, `clock` and `reset` the
    clock, `exchange` the journal's entry. Where events are missing there is a `gap`, with how many if that is known.
    Filters keep events out that are about other messages; a filter for `status` takes the one that the event tells.
    """
    writer = EventWriter(vendors, journal)

    def begin(tx: Tx) -> EventStream:
        first = writer.first_page(tx, last_event_id or wanted.last_event_id)
        return EventStream(
            hub,
            tx.workspace.id,
            writer,
            EventFilters(filters_of(tx, wanted), place_of(wanted.after)),
            event_id=first.cursor.written(tx.workspace.key),
            first=first,
            limit=wanted.limit,
        )

    return await ws.read(begin)
