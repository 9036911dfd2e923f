"""Dialog Health Message Results Writeback: what was sent from a console in a time range, and what was answered."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Path
from pydantic import Field
from pydantic_core import to_json
from sqlalchemy import bindparam, select
from starlette.responses import Response, StreamingResponse

from sandbox.dependencies import Exchange, ExchangeDep, Refusal, Subject, console_line, enter_by_basic, owner_by_basic
from sandbox.vendor import Shape, Vendor, VendorRouter, View
from sandbox.vendors.writeback import findings
from sandbox.vendors.writeback.rules import RULES
from sandbox.world import WorkspaceView, World, carrier, models, workspaces
from sandbox.world.clock import DAY, MINUTE, SECOND, written
from sandbox.world.ids import request_id
from sandbox.world.phones import national
from sandbox.world.statuses import DELIVERED, REJECTED, UNDELIVERED, status_at
from sandbox.world.store import Row, Snapshot, Statement, table

PREFIX = "/dialoghealth-writeback-api"


# Shapes ----------------------------------------------------------------------------------------------------------


class MessageResult(Shape):
    """One record: an outgoing message with what it answers, and to whom it went (rules WB-record, WB-outgoing)."""

    leadMessageSent: str | None
    incomingMessage: str | None
    outgoingMessageId: str | None = Field(pattern="^[0-9a-f]{32}$")
    outgoingMessageSentDate: str | None = Field(pattern="^[0-9]{2}/[0-9]{2}/[0-9]{4}$")
    outgoingMessageSentTime: str | None = Field(pattern="^[0-9]{2}:[0-9]{2}$")
    outgoingMessage: str | None
    personName: str | None
    personId: str | None
    mobileNumber: str = Field(pattern="^[0-9]+$")
    caregiverName: str | None
    caregiverPhone: str | None
    messageType: str
    recipientType: str
    campaignName: str | None
    campaignId: str | None
    broadcastName: str | None
    broadcastId: str | None
    carrier: str | None
    delivered: str = Field(pattern="^(true|false)$")
    messageStatus: str | None
    messageSentBy: str | None
    personMisc1: str | None
    personMisc2: str | None
    personMisc3: str | None
    personMisc4: str | None
    personMisc5: str | None


class ApiResponse(Shape):
    """The records of a console in a time range (rule WB-envelope)."""

    requestId: str = Field(json_schema_extra={"format": "uuid"})
    response: list[MessageResult]


class ErrorResponse(Shape):
    """Why the call was refused (rule WB-error)."""

    message: str


FIELDS = tuple(MessageResult.model_fields)

# Words -----------------------------------------------------------------------------------------------------------

MESSAGE_TYPES = {
    carrier.ALERT: "Message alert sent",
    carrier.OPT_OUT: "Opt-Out",
    carrier.OPT_IN: "Opt-In",
    carrier.STAFF_OPT_IN: "Opt-In (UI)",
    carrier.HELP: "unknown",
    carrier.REPLY: "unknown",
}
DELIVERY_WORDS = {DELIVERED: "ACCESSIBLE", UNDELIVERED: "MESSAGE_REJECTED", REJECTED: "MESSAGE_REJECTED"}
AUTOMATIC_SENDER = "System"

# Reading ---------------------------------------------------------------------------------------------------------

MESSAGES = table(models.Message)
PEOPLE = table(models.Person)
BROADCASTS = table(models.Broadcast)
CAMPAIGNS = table(models.Campaign)
LEADS = MESSAGES.alias("lead")
REPLIES = MESSAGES.alias("reply")


def _same(other: Any, column: str) -> Any:
    """The row of another table that a message names."""
    return (other.c.workspace_id == MESSAGES.c.workspace_id) & (other.c.id == MESSAGES.c[column])


RECORDS_SELECT = (
    select(
        MESSAGES.c.direction,
        MESSAGES.c.text,
        MESSAGES.c.purpose,
        MESSAGES.c.phone,
        MESSAGES.c.sent_by,
        MESSAGES.c.outgoing_key,
        MESSAGES.c.record_at,
        MESSAGES.c.sent_at,
        MESSAGES.c.settled_at,
        MESSAGES.c.outcome,
        MESSAGES.c.vendor_status,
        LEADS.c.text,
        REPLIES.c.text,
        CAMPAIGNS.c.name,
        CAMPAIGNS.c.key,
        BROADCASTS.c.name,
        BROADCASTS.c.key,
        *(PEOPLE.c[name] for name in ("first_name", "last_name", "key", "caregiver_name", "caregiver_phone")),
        *(PEOPLE.c[name] for name in ("recipient_type", "carrier", "misc1", "misc2", "misc3", "misc4", "misc5")),
        MESSAGES.c.id,
    )
    .select_from(
        MESSAGES.outerjoin(PEOPLE, _same(PEOPLE, "person_id"))
        .outerjoin(LEADS, _same(LEADS, "lead_id"))
        .outerjoin(REPLIES, _same(REPLIES, "caused_by_id"))
        .outerjoin(CAMPAIGNS, _same(CAMPAIGNS, "campaign_id"))
        .outerjoin(BROADCASTS, _same(BROADCASTS, "broadcast_id"))
    )
    .where(
        MESSAGES.c.workspace_id == bindparam("workspace_id"),
        MESSAGES.c.console_id == bindparam("console_id"),
        MESSAGES.c.record_at >= bindparam("start"),
        MESSAGES.c.record_at < bindparam("end"),
    )
    .order_by(MESSAGES.c.record_at, MESSAGES.c.id)
)
AT_ONCE = 1000
"""Records that are answered in one piece; a longer answer is streamed in pieces of `CHUNK`."""
CHUNK = 250
RECORDS = Statement(RECORDS_SELECT)
FIRST_RECORDS = Statement(RECORDS_SELECT.limit(AT_ONCE + 1))
ONE_RECORD = Statement(RECORDS_SELECT.where(MESSAGES.c.id == bindparam("id")))
ANSWER = Statement(
    select(MESSAGES.c.id).where(
        MESSAGES.c.workspace_id == bindparam("workspace_id"),
        MESSAGES.c.line == bindparam("line"),
        MESSAGES.c.phone == bindparam("phone"),
        MESSAGES.c.accepted_at == bindparam("at"),
        MESSAGES.c.caused_by_id == bindparam("reply"),
    )
)


def record(row: Row, now: int) -> dict[str, str | None]:
    """A row of `RECORDS` as a `MessageResult`."""
    (direction, text, purpose, phone, sent_by, key, record_at, sent_at, settled_at, outcome, vendor_status) = row[:11]
    (lead, incoming, campaign, campaign_key, broadcast, broadcast_key) = row[11:17]
    (first_name, last_name, person_key, caregiver_name, caregiver_phone, recipient_type, mobile_carrier) = row[17:24]
    date: str | None
    time: str | None
    if direction == carrier.OUTBOUND:
        outgoing, incoming_text = text, incoming
        minute = record_at // MINUTE * 60
        date, time = written(minute, "%m/%d/%Y"), written(minute, "%H:%M")
        status = status_at(now, sent_at, settled_at, outcome)
        delivered, word = ("true" if status == DELIVERED else "false"), DELIVERY_WORDS.get(status)
        sender = sent_by or AUTOMATIC_SENDER
    else:
        outgoing, incoming_text = None, text
        date = time = word = sender = None
        delivered = "false"
        purpose = purpose if purpose == carrier.OPT_OUT else carrier.REPLY
    return {
        "leadMessageSent": lead,
        "incomingMessage": incoming_text,
        "outgoingMessageId": key,
        "outgoingMessageSentDate": date,
        "outgoingMessageSentTime": time,
        "outgoingMessage": outgoing,
        "personName": person_name(first_name, last_name),
        "personId": person_key,
        "mobileNumber": national(phone),
        "caregiverName": caregiver_name,
        "caregiverPhone": caregiver_phone and national(caregiver_phone),
        "messageType": MESSAGE_TYPES[purpose],
        "recipientType": recipient_type.upper() if recipient_type else "PATIENT",
        "campaignName": campaign,
        "campaignId": campaign_key,
        "broadcastName": broadcast,
        "broadcastId": broadcast_key,
        "carrier": mobile_carrier,
        "delivered": delivered,
        "messageStatus": vendor_status or word,
        "messageSentBy": sender,
        "personMisc1": row[24],
        "personMisc2": row[25],
        "personMisc3": row[26],
        "personMisc4": row[27],
        "personMisc5": row[28],
    }


def person_name(first_name: str | None, last_name: str | None) -> str | None:
    """Rule WB-name; null for somebody who was never named."""
    if first_name is None and last_name is None:
        return None
    return f"{first_name or ''} {last_name or ''}"


# Which rules decide an answer ------------------------------------------------------------------------------------

READ_NOTHING = ("WB-auth", "WB-method", "WB-utc", "WB-range", "WB-window", "WB-envelope")
READ = (
    *READ_NOTHING,
    *("WB-record", "WB-outgoing", "WB-date", "WB-ids", "WB-phone", "WB-name", "WB-person"),
    *("WB-delivered", "WB-type", "WB-recipient", "WB-sender"),
)

# Endpoint --------------------------------------------------------------------------------------------------------

TIMESTAMP = re.compile(r"(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)", re.ASCII)
LONGEST = 7 * DAY
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

router = VendorRouter()

CONSOLE_EXAMPLE = "HARBOR1001"
TIMESTAMP_PATTERN = "^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}$"
ConsoleCode = Annotated[
    str,
    Path(description="Six capital letters and four digits.", pattern="^[A-Z]{6}[0-9]{4}$", examples=[CONSOLE_EXAMPLE]),
]
StartTimestamp = Annotated[
    str,
    Path(
        description="`YYYY-MM-DD HH:mm:ss` in UTC; write the blank as `%20`.",
        pattern=TIMESTAMP_PATTERN,
        examples=["2026-05-01 00:00:00"],
    ),
]
EndTimestamp = Annotated[
    str,
    Path(
        description="As `startTimestamp`, at most 7 days after it.",
        pattern=TIMESTAMP_PATTERN,
        examples=["2026-05-07 23:59:59"],
    ),
]
REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorResponse, "description": "The console, a timestamp or the range is refused."},
    401: {"model": ErrorResponse, "description": "The credentials are missing or wrong."},
}
DOCUMENTED_PATH = PREFIX + "/api/responses/{consoleCode}/{startTimestamp}/{endTimestamp}"


@router.head(DOCUMENTED_PATH, response_model=ApiResponse, responses=REFUSALS, operation_id="responses_head")
@router.put(
    DOCUMENTED_PATH,
    response_model=ApiResponse,
    responses=REFUSALS,
    operation_id="responses_put",
    deprecated=True,
    summary="As GET: the method of the reference's sample",
)
@router.get(DOCUMENTED_PATH, response_model=ApiResponse, responses=REFUSALS, operation_id="responses")
async def responses(
    exchange: ExchangeDep, consoleCode: ConsoleCode, startTimestamp: StartTimestamp, endTimestamp: EndTimestamp
) -> Response:
    """Messages sent from a console in a time range, with the replies that caused them."""
    enter_by_basic(exchange, "WB-auth")
    workspace = await exchange.begin(Subject(console=consoleCode))
    line = console_line(exchange, workspace, consoleCode, "WB-console")
    start = timestamp("startTimestamp", startTimestamp)
    end = timestamp("endTimestamp", endTimestamp)
    check_range(start, end)
    if start > exchange.now:
        exchange.findings.append(findings.in_the_future(startTimestamp))
    world = exchange.world
    window = {
        "workspace_id": workspace.id,
        "console_id": line.console_id,
        "start": start,
        "end": end + SECOND,
    }
    rows = world.store.all(FIRST_RECORDS, **window)
    exchange.rules = READ if rows else READ_NOTHING
    exchange.messages = tuple([row[-1] for row in rows])
    envelope = f'{{"requestId":"{request_id(workspace.seed, exchange.number)}","response":'.encode()
    if len(rows) <= AT_ONCE:
        records = to_json([record(row, exchange.now) for row in rows])
        return Response(envelope + records + b"}", media_type="application/json")
    pieces = long_answer(world.store.snapshot(), envelope, window, exchange.now)
    return StreamingResponse(pieces, media_type="application/json")


async def long_answer(snapshot: Snapshot, envelope: bytes, window: dict[str, Any], now: int) -> AsyncIterator[bytes]:
    """The whole answer in pieces, other calls being served between them."""
    with snapshot:
        separator = envelope + b"["
        for rows in snapshot.chunks(RECORDS, CHUNK, **window):
            yield separator + to_json([record(row, now) for row in rows])[1:-1]
            separator = b","
            await asyncio.sleep(0)
        yield b"]}"


def timestamp(name: str, text: str) -> int:
    """Rule WB-timestamp; ms."""
    parts = TIMESTAMP.fullmatch(text)
    try:
        if parts is None:
            raise ValueError
        moment = datetime(*map(int, parts.groups()), tzinfo=UTC)  # type: ignore[arg-type,misc]
    except ValueError:
        raise Refusal("WB-timestamp", f"{name} must be a real date and time written YYYY-MM-DD HH:mm:ss.") from None
    return (moment - EPOCH).days * DAY + (moment - EPOCH).seconds * SECOND


def check_range(start: int, end: int) -> None:
    """Rule WB-range."""
    if end < start:
        raise Refusal("WB-range", "endTimestamp must not be before startTimestamp.")
    if end - start > LONGEST:
        raise Refusal("WB-range", "The time range must not exceed 1 week.")


def view(world: World, workspace: WorkspaceView, message: carrier.MessageRow) -> View | None:
    """The record of a console's message; of a reply that was answered, the answer's (rule WB-outgoing)."""
    if message["console_id"] is None:
        return None
    number, at = message["id"], message["accepted_at"]
    if message["record_at"] is None:
        key = {"workspace_id": workspace.id, "line": message["line"], "phone": message["phone"]}
        answer = world.store.one(ANSWER, at=at, reply=number, **key)
        number = answer[0] if answer else number
    second = at // SECOND * SECOND
    window = {
        "workspace_id": workspace.id,
        "console_id": message["console_id"],
        "start": second,
        "end": second + SECOND,
    }
    row = world.store.one(ONE_RECORD, id=number, **window)
    if row is None:
        return None
    code = workspaces.line_of(world, workspace.id, message["line"]).code
    moment = written(second // SECOND, "%Y-%m-%d%%20%H:%M:%S")
    path = f"{PREFIX}/api/responses/{code}/{moment}/{moment}"
    body = json.dumps(record(row, world.now(workspace)), indent=2, ensure_ascii=False)
    return View(path, True, "application/json", body)


def refuse(_: Exchange, refusal: Refusal) -> Response:
    """Rule WB-error."""
    return Response(
        to_json({"message": refusal.reason}), refusal.status, refusal.headers, media_type="application/json"
    )


WRITEBACK = Vendor(
    name="writeback",
    title="Dialog Health Message Results Writeback",
    description="Message results of a console in a time range.",
    prefix=PREFIX,
    router=router,
    rules=RULES,
    refuse=refuse,
    findings=findings.found,
    owner=owner_by_basic,
    unknown_path="WB-error",
    wrong_method="WB-method",
    view=view,
)
