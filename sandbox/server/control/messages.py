"""Messages: read, sent by staff, answered by phones, and told what became of them."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Annotated, Any

from fastapi import Path, Query, Request, Response

from dialog_sandbox.models.base import DeletedResponse, ListOf
from dialog_sandbox.models.messages import (
    Broadcast,
    BroadcastRequest,
    Conversation,
    DeleteMessagesRequest,
    InboundRequest,
    ListMessagesRequest,
    Message,
    MessageStory,
    MessageView,
    ReplyRequest,
    ReportedMessage,
    Scheduled,
    SendMessageRequest,
    StatusRequest,
)
from sandbox.server.answers.callbacks import callbacks_of
from sandbox.server.answers.messages import MessageBuilder, conversation_of, message_of, messages_of
from sandbox.server.answers.pieces import in_pieces, written
from sandbox.server.answers.values import optional_milliseconds, timestamp
from sandbox.server.answers.views import view_of
from sandbox.server.checks import message_types_of
from sandbox.server.control.dependencies import VendorsDep, WorkspaceAccess, WorkspaceDep
from sandbox.server.control.http import WORKSPACE, control_router
from sandbox.server.control.lists import cut_page
from sandbox.server.problems import invalid, refusals
from sandbox.server.public_address import public_url_of
from sandbox.server.status_words import status_words_of, understood
from sandbox.store import Tx, serve_others
from sandbox.vendors.base.vendor import Vendor
from sandbox.world import commands, people
from sandbox.world.callbacks.search import list_callbacks
from sandbox.world.commands import Begun, Deferred
from sandbox.world.ids import message_id, parse_message_id
from sandbox.world.lines import LineView, all_lines, console_line, line_of, tracking_line
from sandbox.world.messages.accept import ALERT, OUTBOUND
from sandbox.world.messages.search import MessageFilters, find_message, outbound
from sandbox.world.messages.search import list_messages as list_rows
from sandbox.world.messages.search import message_of as row_of
from sandbox.world.messages.timeline import status_of
from sandbox.world.statuses import reachable
from sandbox.world.workspaces.find import account
from sandbox.world.workspaces.find import row_of as workspace_row

router = control_router(WORKSPACE, "Messages")

SCHEDULED: dict[int | str, dict[str, Any]] = {202: {"model": Scheduled, "description": "It will happen then."}}
BATCH_SIZE = 100
"""Of a broadcast's messages that are read together."""
FILTERS = {field.name for field in fields(MessageFilters)}
AnyId = Annotated[
    str,
    Path(alias="id", description="Any id it has: ours, a sid, outgoingMessageId or msg_id.", examples=["msg_00000001"]),
]

# Reading -------------------------------------------------------------------------------------------------------------


@router.get("/messages")
async def list_messages(ws: WorkspaceDep, page: Annotated[ListMessagesRequest, Query()]) -> ListOf[Message]:
    """Messages of all vendors in both directions, in the order in which they were accepted."""

    def work(tx: Tx) -> ListOf[Message]:
        found = list_rows(tx, filters_of(tx, page), after=place_of(page.after), limit=page.limit + 1)
        rows, cursor = cut_page(found, page.limit, lambda row: message_id(row.id), lambda row: len(row.text))
        return ListOf(items=messages_of(tx, rows), next=cursor)

    return await ws.read(work)


@router.delete("/messages")
async def delete_messages(ws: WorkspaceDep, which: Annotated[DeleteMessagesRequest, Query()]) -> DeletedResponse:
    """Deletes messages, by default all of them, with their callbacks and what was scheduled about them.

    Consents, people, the journal and the counters stay: a number is not given twice.
    """

    def begin(tx: Tx) -> str:
        filters, after = asdict(filters_of(tx, which)), place_of(which.after)
        begun = commands.execute(tx, commands.delete_messages, None, filters=filters, after=after, limit=which.limit)
        assert isinstance(begun, Begun)
        return begun.key

    key = await ws.write(begin)
    # The rest is due, and so done before this.
    return DeletedResponse(deleted=await ws.write(lambda tx: commands.deleted(tx, key)))


def place_of(cursor: str | None) -> int:
    """Return the number of the message that a list goes on behind; 0 for all of it."""
    return parse_message_id(cursor or "") or 0


def filters_of(tx: Tx, request: ListMessagesRequest) -> MessageFilters:
    """Return the filters of a request, consoles and accounts by their numbers."""
    values = request.model_dump(include=FILTERS - {"any_case"})
    values |= {name: optional_milliseconds(values[name]) for name in ("since", "until")}
    if request.console is not None:
        values["console"] = console_line(tx, request.console).console_id
    if request.account is not None:
        values["account"] = account(tx, request.account).id
    return MessageFilters(**values)


@router.get("/messages/{id}")
async def show_message(ws: WorkspaceDep, vendors: VendorsDep, any_id: AnyId) -> MessageStory:
    """One message: what happened to it so far and why, what comes next, and what its client was told."""

    def work(tx: Tx) -> MessageStory:
        row = find_message(tx, any_id)
        told = list_callbacks(tx, message_id=row.id)
        possible = reachable(status_of(row, tx.now)) if row.direction == OUTBOUND else ()
        members = MessageBuilder(tx, [row]).members(row)
        return MessageStory.model_validate(
            {**members, "possible": [*possible], "callbacks": callbacks_of(tx, told, vendors)}
        )

    return await ws.read(work)


@router.get("/messages/{id}/shown")
async def show_views(request: Request, ws: WorkspaceDep, vendors: VendorsDep, any_id: AnyId) -> ListOf[MessageView]:
    """One message as each API shows it right now, with the call that fetches it."""
    base = public_url_of(request)

    def work(tx: Tx) -> ListOf[MessageView]:
        row, owner = find_message(tx, any_id), workspace_row(tx)
        return ListOf(items=[view_of(vendor, vendor.view(tx, row), base, owner) for vendor in vendors], next=None)

    return await ws.read(work)


# Doing ---------------------------------------------------------------------------------------------------------------


def scheduled(response: Response, deferred: Deferred) -> Scheduled:
    """Return what is said of a command that lies ahead."""
    response.status_code = 202
    return Scheduled(scheduled=deferred.command, at=timestamp(deferred.at))


@router.post("/messages", status_code=201, responses=SCHEDULED | refusals(409))
async def send_message(
    response: Response, ws: WorkspaceDep, vendors: VendorsDep, body: SendMessageRequest
) -> Message | Scheduled:
    """Sends a message out of the vendor's own staff tools."""

    def work(tx: Tx) -> Message | Deferred:
        done = commands.execute(
            tx,
            commands.send,
            optional_milliseconds(body.at),
            line=_sending_line(tx, body).number,
            to=body.to,
            text=body.text,
            purpose=_purpose(body, vendors),
            sent_by=body.sent_by,
        )
        return done if isinstance(done, Deferred) else message_of(tx, done)

    done = await ws.write(work)
    return scheduled(response, done) if isinstance(done, Deferred) else done


def _sending_line(tx: Tx, body: SendMessageRequest) -> LineView:
    if body.console is not None:
        return console_line(tx, body.console)
    return tracking_line(tx, str(body.tracking_number))


def _purpose(body: SendMessageRequest, vendors: Sequence[Vendor]) -> str:
    return ALERT if body.message_type is None else message_types_of(vendors)[body.message_type]


@router.post("/messages/{id}/status", responses=SCHEDULED | refusals(409))
async def report_status(
    response: Response, ws: WorkspaceDep, vendors: VendorsDep, any_id: AnyId, body: StatusRequest
) -> ReportedMessage | Scheduled:
    """Says what became of a message, which replaces what is left of its plan.

    A vendor's word is taken for the status that it stands for, and `understood` says which; one that may stand for
    several is refused with them. A later status takes the moves between at the same instant. A move that the world does
    not know is 409 with the possible ones, unless forced.
    """
    status, word = understood(body.status, status_words_of(vendors))

    def work(tx: Tx) -> ReportedMessage | Deferred:
        n = find_message(tx, any_id).id
        done = commands.execute(
            tx,
            commands.report,
            optional_milliseconds(body.at),
            message_id=n,
            status=status,
            reason=body.reason,
            vendor_status=body.vendor_status,
            force=body.force,
        )
        if isinstance(done, Deferred):
            return done
        members = MessageBuilder(tx, [row_of(tx, n)]).members(row_of(tx, n))
        return ReportedMessage.model_validate({**members, "understood": word})

    done = await ws.write(work)
    if isinstance(done, Deferred):
        return scheduled(response, done).model_copy(update={"understood": word})
    return done


@router.post("/messages/{id}/reply", status_code=201, responses=SCHEDULED | refusals(409))
async def reply(response: Response, ws: WorkspaceDep, any_id: AnyId, body: ReplyRequest) -> Conversation | Scheduled:
    """Lets the phone answer a message."""

    def work(tx: Tx) -> Conversation | Deferred:
        answered = outbound(find_message(tx, any_id))
        at = optional_milliseconds(body.at)
        done = commands.execute(tx, commands.reply, at, message_id=answered.id, text=body.text)
        return done if isinstance(done, Deferred) else conversation_of(tx, done)

    done = await ws.write(work)
    return scheduled(response, done) if isinstance(done, Deferred) else done


@router.post("/inbound", status_code=201, responses=SCHEDULED | refusals(409))
async def text_in(response: Response, ws: WorkspaceDep, body: InboundRequest) -> Conversation | Scheduled:
    """Lets a phone text a line out of the blue."""

    def work(tx: Tx) -> Conversation | Deferred:
        line = line_of(tx, body.to)
        at = optional_milliseconds(body.at)
        done = commands.execute(tx, commands.text_in, at, phone=body.from_, line=line.number, text=body.text)
        return done if isinstance(done, Deferred) else conversation_of(tx, done)

    done = await ws.write(work)
    return scheduled(response, done) if isinstance(done, Deferred) else done


@router.post("/broadcasts", status_code=201, response_model=Broadcast | Scheduled, responses=SCHEDULED | refusals(409))
async def broadcast(response: Response, ws: WorkspaceDep, body: BroadcastRequest) -> Scheduled | Response:
    """Sends one text to many; `everyone` is whoever is there when it goes out."""

    def work(tx: Tx) -> tuple[Begun | Deferred, int]:
        before = tx.count_of("message")
        done = commands.execute(
            tx,
            commands.broadcast,
            optional_milliseconds(body.at),
            line=broadcasting_line(tx, body.console).number,
            name=body.name,
            text=body.text,
            phones=_phones(tx, body.to),
            sent_by=body.sent_by,
            campaign=body.campaign,
        )
        return done, before

    done, before = await ws.write(work)
    if isinstance(done, Deferred):
        return scheduled(response, done)
    messages = await _messages_of_broadcast(ws, done.key, before)
    return in_pieces(Broadcast(broadcast_id=done.key, messages=[]), "messages", messages, 201)


async def _messages_of_broadcast(ws: WorkspaceAccess, key: str, after: int) -> list[str]:
    """Return each as JSON, once all are sent, since that is due before the first of these reads.

    `after`: the number of the last message before it; to look through those takes long where there are many.
    """
    found: list[str] = []

    def read(tx: Tx) -> list[Message]:
        return messages_of(tx, list_rows(tx, MessageFilters(broadcast=key), after=after, limit=BATCH_SIZE))

    while batch := await ws.read(read):
        after = place_of(batch[-1].id)
        found += written(batch)
        await serve_others()
    return found


def broadcasting_line(tx: Tx, code: str | None) -> LineView:
    """Return the line of the console of that code; the only one's if none is given."""
    if code is not None:
        return console_line(tx, code)
    consoles = [line for line in all_lines(tx) if line.is_console]
    if len(consoles) != 1:
        codes = ", ".join(line.code for line in consoles) or "none"
        raise invalid(("body", "console", f"is required: the workspace's consoles are {codes}"))
    return consoles[0]


def _phones(tx: Tx, to: str | list[str]) -> list[str] | None:
    """Return each phone once, in the order given; None for everyone."""
    if isinstance(to, str):
        return None
    return list(dict.fromkeys(people.phones_of(tx, to)))
