"""Messages: read, sent by staff, answered by phones, and told what became of them."""

import shlex
from collections.abc import Mapping
from dataclasses import fields
from typing import Annotated, Any

from fastapi import Path, Query, Request, Response

from sandbox.dependencies import WorkspaceDep, WorldDep
from sandbox.server.control import shapes
from sandbox.server.control.acting import act
from sandbox.server.control.http import WORKSPACE, answer, control_router, listed
from sandbox.server.control.shapes import ListOf, Scheduled
from sandbox.server.control.shown import MessageWriter
from sandbox.server.control.shown import callback as callback_shown
from sandbox.server.problems import invalid, refusals
from sandbox.vendor import Vendor, View
from sandbox.vendors import VENDORS
from sandbox.vendors.writeback import MESSAGE_TYPES
from sandbox.world import WorkspaceView, World, callbacks, messages, people, removal, workspaces
from sandbox.world.carrier import OUTBOUND, MessageRow
from sandbox.world.statuses import reachable

router = control_router(WORKSPACE, "Messages")

SCHEDULED: dict[int | str, dict[str, Any]] = {202: {"model": Scheduled, "description": "It will happen then."}}
PURPOSES = {word: purpose for purpose, word in MESSAGE_TYPES.items()}
FILTERS = {field.name for field in fields(messages.Filters)}
AnyId = Annotated[
    str,
    Path(alias="id", description="Any id it has: ours, a sid, outgoingMessageId or msg_id.", examples=["msg_00000001"]),
]


@router.get("/messages", response_model=ListOf[shapes.Message])
async def list_messages(
    world: WorldDep, workspace: WorkspaceDep, asked: Annotated[shapes.MessageFilters, Query()]
) -> Response:
    """Messages of all vendors in both directions, in the order in which they were accepted."""
    after = messages.number_of(asked.after or "") or 0
    rows = messages.listed(world, workspace, filters(world, workspace, asked), after=after, limit=asked.limit + 1)
    shown_rows = rows[: asked.limit]
    cursor = messages.our_id(shown_rows[-1]["id"]) if len(rows) > asked.limit else None
    return listed([*map(MessageWriter(world, workspace), shown_rows)], cursor)


@router.delete("/messages", response_model=shapes.Deleted)
async def delete_messages(
    world: WorldDep, workspace: WorkspaceDep, asked: Annotated[shapes.Removal, Query()]
) -> Response:
    """Deletes messages, by default all of them, with their callbacks and what was scheduled about them.

    Consents, people, the journal and the counters stay: a number is not given twice.
    """
    after = messages.number_of(asked.after or "") or 0
    with world.store.writing():
        wanted = filters(world, workspace, asked)
        deleted = removal.remove(world, workspace, wanted, after=after, limit=asked.limit)
    return answer({"deleted": deleted})


def filters(world: World, workspace: WorkspaceView, asked: shapes.MessageFilters) -> messages.Filters:
    """What is asked for, consoles and accounts by their numbers."""
    given = asked.model_dump(include=FILTERS)
    if asked.console is not None:
        given["console"] = workspaces.console_line(world, workspace.id, asked.console).console_id
    if asked.account is not None:
        given["account"] = workspaces.account(world, workspace.id, asked.account)["id"]
    return messages.Filters(**given)


@router.post("/messages", response_model=shapes.Message, status_code=201, responses=SCHEDULED | refusals(409))
async def send_message(world: WorldDep, workspace: WorkspaceDep, body: shapes.NewMessage) -> Response:
    """Sends a message out of the vendor's own staff tools."""
    given: dict[str, Any] = {"to": body.to, "text": body.text, "sent_by": body.sent_by}
    if body.message_type is not None:
        given["purpose"] = PURPOSES[body.message_type]
    line = _line(world, workspace, body)
    return act(world, workspace, "send", body.at, lambda row: _message(world, workspace, row, 201), line=line, **given)


def _line(world: World, workspace: WorkspaceView, body: shapes.NewMessage) -> str:
    if body.console is not None:
        return workspaces.console_line(world, workspace.id, body.console).number
    return workspaces.tracking_line(world, workspace.id, str(body.tracking_number)).number


@router.get("/messages/{id}", response_model=shapes.MessageStory)
async def show_message(world: WorldDep, workspace: WorkspaceDep, message_id: AnyId) -> Response:
    """One message: what happened to it so far and why, what comes next, and what its client was told."""
    row = messages.find(world, workspace, message_id)
    now = world.now(workspace)
    told = callbacks.rows_of(world, workspace.id, now=now, message_id=row["id"])
    possible = reachable(messages.status_of(row, now)) if row["direction"] == OUTBOUND else ()
    return answer(
        {
            **MessageWriter(world, workspace)(row),
            "possible": possible,
            "callbacks": [callback_shown(world, *each) for each in told],
        }
    )


@router.get("/messages/{id}/shown", response_model=ListOf[shapes.MessageView])
async def show_views(request: Request, world: WorldDep, workspace: WorkspaceDep, message_id: AnyId) -> Response:
    """One message as each API shows it right now, with the call that fetches it."""
    row = messages.find(world, workspace, message_id)
    basic = workspaces.row_of(world, workspace.id)
    origin = str(request.base_url).rstrip("/")
    return listed([_view(vendor, vendor.view(world, workspace, row), origin, basic) for vendor in VENDORS])


def _view(vendor: Vendor, view: View | None, origin: str, basic: Mapping[str, Any]) -> dict[str, Any]:
    shown = {"vendor": vendor.name, "title": vendor.title}
    if view is None:
        return {**shown, "url": None, "curl": None, "media_type": None, "body": None}
    url = origin + view.path
    auth = ["-u", f"{basic['username']}:{basic['password']}"] if view.is_basic else []
    return {
        **shown,
        "url": url,
        "curl": shlex.join(["curl", "-s", *auth, url]),
        "media_type": view.media_type,
        "body": view.body,
    }


@router.post("/messages/{id}/status", response_model=shapes.Message, responses=SCHEDULED | refusals(409))
async def report_status(
    world: WorldDep, workspace: WorkspaceDep, message_id: AnyId, body: shapes.NewStatus
) -> Response:
    """Says what became of a message, which replaces what is left of its plan.

    A later status takes the moves between at the same instant. A move that the world does not know is 409 with the
    possible ones, unless forced.
    """
    n = messages.find(world, workspace, message_id)["id"]

    def changed(_: None) -> Response:
        return _message(world, workspace, messages.find(world, workspace, messages.our_id(n)))

    return act(world, workspace, "report", body.at, changed, message=n, **body.model_dump(exclude={"at"}))


@router.post(
    "/messages/{id}/reply",
    response_model=shapes.Conversation,
    status_code=201,
    responses=SCHEDULED | refusals(409),
)
async def reply(world: WorldDep, workspace: WorkspaceDep, message_id: AnyId, body: shapes.NewReply) -> Response:
    """Lets the phone answer a message."""
    answered = messages.outbound(messages.find(world, workspace, message_id))
    return act(
        world,
        workspace,
        "reply",
        body.at,
        lambda both: _conversation(world, workspace, both),
        message=answered["id"],
        text=body.text,
    )


@router.post("/inbound", response_model=shapes.Conversation, status_code=201, responses=SCHEDULED | refusals(409))
async def text_in(world: WorldDep, workspace: WorkspaceDep, body: shapes.NewInbound) -> Response:
    """Lets a phone text a line out of the blue."""
    line = workspaces.line_of(world, workspace.id, body.to)
    return act(
        world,
        workspace,
        "text_in",
        body.at,
        lambda both: _conversation(world, workspace, both),
        phone=body.from_,
        line=line.number,
        text=body.text,
    )


@router.post("/broadcasts", response_model=shapes.Broadcast, status_code=201, responses=SCHEDULED | refusals(409))
async def broadcast(world: WorldDep, workspace: WorkspaceDep, body: shapes.NewBroadcast) -> Response:
    """Sends one text to many; `everyone` is whoever is there when it goes out."""

    def sent(done: tuple[str, list[MessageRow]]) -> Response:
        key, rows = done
        shown_rows = [*map(MessageWriter(world, workspace), rows)]
        return answer({"broadcast_id": key, "messages": shown_rows}, 201)

    return act(
        world,
        workspace,
        "broadcast",
        body.at,
        sent,
        line=broadcasting_line(world, workspace, body.console),
        phones=_phones(world, workspace, body.to),
        **body.model_dump(include={"name", "text", "campaign", "sent_by"}),
    )


def broadcasting_line(world: World, workspace: WorkspaceView, code: str | None) -> str:
    """The console's that was asked for; the only one's if none was."""
    if code is not None:
        return workspaces.console_line(world, workspace.id, code).number
    consoles = [line for line in workspaces.lines(world, workspace.id) if line.console_id is not None]
    if len(consoles) != 1:
        codes = ", ".join(line.code for line in consoles) or "none"
        raise invalid(("body", "console", f"is required: the workspace's consoles are {codes}"))
    return consoles[0].number


def _phones(world: World, workspace: WorkspaceView, to: str | list[str]) -> list[str] | None:
    """Each phone once, in the order given; None for everyone."""
    if isinstance(to, str):
        return None
    return list(dict.fromkeys(people.phone_of(world, workspace, each) for each in to))


def _message(world: World, workspace: WorkspaceView, row: MessageRow, status: int = 200) -> Response:
    return answer(MessageWriter(world, workspace)(row), status)


def _conversation(world: World, workspace: WorkspaceView, both: tuple[MessageRow, MessageRow | None]) -> Response:
    write = MessageWriter(world, workspace)
    inbound, automatic = both
    return answer({"inbound": write(inbound), "answer": write(automatic) if automatic else None}, 201)
