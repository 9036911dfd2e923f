"""Dialog Health Message Results Writeback: what was sent from a console in a time range, and what was answered."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic_core import to_json
from sqlalchemy import ColumnElement, FromClause, and_, bindparam, select
from starlette.responses import Response

from sandbox.clock import DAY, SECOND, milliseconds, written
from sandbox.store import Query, Store, Tx
from sandbox.store.tables import BROADCASTS, CAMPAIGNS, MESSAGES, PEOPLE, VENDOR_IDS, MessageRow
from sandbox.vendors.base.answers import JSON_TYPE, LongAnswer, json_answer, pretty
from sandbox.vendors.base.consoles import DESCRIPTION, PATTERN, console_line
from sandbox.vendors.base.exchange import VendorExchange
from sandbox.vendors.base.operation import operation
from sandbox.vendors.base.refusal import Refusal
from sandbox.vendors.base.route import VendorRoute
from sandbox.vendors.base.vendor import View
from sandbox.vendors.base.windows import bounds, is_missed, shift_for
from sandbox.vendors.writeback import hints
from sandbox.vendors.writeback.ids import VENDOR
from sandbox.vendors.writeback.shapes import ApiResponse, ErrorResponse, RecordRow, record
from sandbox.world.ids import new_request_id
from sandbox.world.lines import line_of
from sandbox.world.messages.search import IS_ID_OF_MESSAGE

PREFIX = "/dialoghealth-writeback-api"

# Reading -------------------------------------------------------------------------------------------------------------

LEADS = MESSAGES.alias("lead")
REPLIES = MESSAGES.alias("reply")


def _joined_by(other: FromClause, column: str) -> ColumnElement[bool]:
    """Return the condition for the row of another table that a message names."""
    return and_(other.c.workspace_id == MESSAGES.c.workspace_id, other.c.id == MESSAGES.c[column])


RECORDS_SELECT = (
    select(
        *(MESSAGES.c[name] for name in ("id", "direction", "text", "purpose", "phone", "sent_by")),
        VENDOR_IDS.c.value,
        *(MESSAGES.c[name] for name in ("record_at", "sent_at", "settled_at", "outcome", "vendor_status")),
        LEADS.c.text,
        REPLIES.c.text,
        CAMPAIGNS.c.name,
        CAMPAIGNS.c.key,
        BROADCASTS.c.name,
        BROADCASTS.c.key,
        *(PEOPLE.c[name] for name in ("first_name", "last_name", "key", "caregiver_name", "caregiver_phone")),
        *(PEOPLE.c[name] for name in ("recipient_type", "carrier", "misc1", "misc2", "misc3", "misc4", "misc5")),
    )
    .select_from(
        MESSAGES.outerjoin(VENDOR_IDS, IS_ID_OF_MESSAGE & (VENDOR_IDS.c.vendor == VENDOR))
        .outerjoin(PEOPLE, _joined_by(PEOPLE, "person_id"))
        .outerjoin(LEADS, _joined_by(LEADS, "lead_id"))
        .outerjoin(REPLIES, _joined_by(REPLIES, "caused_by_id"))
        .outerjoin(CAMPAIGNS, _joined_by(CAMPAIGNS, "campaign_id"))
        .outerjoin(BROADCASTS, _joined_by(BROADCASTS, "broadcast_id"))
    )
    .where(
        MESSAGES.c.workspace_id == bindparam("ws"),
        MESSAGES.c.console_id == bindparam("console_id"),
        MESSAGES.c.record_at >= bindparam("start"),
        MESSAGES.c.record_at < bindparam("end"),
    )
    .order_by(MESSAGES.c.record_at, MESSAGES.c.id)
)
MOST_IN_ONE_PIECE = 1000
"""Records that are answered in one piece; a longer answer is streamed in pieces of `CHUNK`."""
CHUNK = 250
RECORDS = Query(RecordRow, RECORDS_SELECT)
FIRST_RECORDS = Query(RecordRow, RECORDS_SELECT.limit(MOST_IN_ONE_PIECE + 1), hot=True)
MISSED = Query(
    int,
    select(MESSAGES.c.record_at)
    .where(
        MESSAGES.c.workspace_id == bindparam("ws"),
        MESSAGES.c.console_id == bindparam("console_id"),
        *is_missed(MESSAGES.c.record_at),
    )
    .order_by(MESSAGES.c.record_at)
    .limit(1),
    hot=True,
)
ONE_RECORD = Query(RecordRow, RECORDS_SELECT.where(MESSAGES.c.id == bindparam("id")))
ANSWER = Query(
    int,
    select(MESSAGES.c.id).where(
        MESSAGES.c.workspace_id == bindparam("ws"),
        MESSAGES.c.line == bindparam("line"),
        MESSAGES.c.phone == bindparam("phone"),
        MESSAGES.c.accepted_at == bindparam("at"),
        MESSAGES.c.caused_by_id == bindparam("reply"),
    ),
)

# Which rules decide an answer ----------------------------------------------------------------------------------------

READ_NOTHING = ("WB-auth", "WB-method", "WB-utc", "WB-range", "WB-window", "WB-envelope")
READ = (
    *READ_NOTHING,
    *("WB-record", "WB-outgoing", "WB-date", "WB-ids", "WB-phone", "WB-name", "WB-person", "WB-carrier"),
    *("WB-delivered", "WB-type", "WB-recipient", "WB-sender", "WB-context"),
)

# Endpoint ------------------------------------------------------------------------------------------------------------

TIMESTAMP = re.compile(r"(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)", re.ASCII)
LONGEST = 7 * DAY

router = APIRouter(route_class=VendorRoute)

TIMESTAMP_PATTERN = {"pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}$"}
ConsoleCode = Annotated[str, Path(**DESCRIPTION, json_schema_extra=PATTERN)]
StartTimestamp = Annotated[
    str,
    Path(
        description="`YYYY-MM-DD HH:mm:ss` in UTC; write the blank as `%20`.",
        examples=["2026-05-01 00:00:00"],
        json_schema_extra=TIMESTAMP_PATTERN,
    ),
]
EndTimestamp = Annotated[
    str,
    Path(
        description="As `startTimestamp`, at most 7 days after it.",
        examples=["2026-05-07 23:59:59"],
        json_schema_extra=TIMESTAMP_PATTERN,
    ),
]
REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorResponse, "description": "The console, a timestamp or the range is refused."},
    401: {"model": ErrorResponse, "description": "The credentials are missing or wrong."},
}
DOCUMENTED_PATH = PREFIX + "/api/responses/{consoleCode}/{startTimestamp}/{endTimestamp}"


@router.put(
    DOCUMENTED_PATH,
    response_model=ApiResponse,
    responses=REFUSALS,
    operation_id="responses_put",
    deprecated=True,
    summary="As GET: the method of the reference's sample",
)
@router.get(DOCUMENTED_PATH, response_model=ApiResponse, responses=REFUSALS, operation_id="responses")
@operation("responses", about={"console": "consoleCode"})
def responses(
    tx: Tx,
    exchange: VendorExchange,
    consoleCode: ConsoleCode,
    startTimestamp: StartTimestamp,
    endTimestamp: EndTimestamp,
) -> Response:
    """Messages sent from a console in a time range, with the replies that caused them."""
    line = console_line(tx, consoleCode, "WB-console")
    start = timestamp("startTimestamp", startTimestamp)
    end = timestamp("endTimestamp", endTimestamp)
    check_range(start, end)
    if start > tx.now:
        exchange.findings.append(hints.in_the_future(startTimestamp))
    window = {"ws": tx.ws, "console_id": line.console_id, "start": start, "end": end + SECOND}
    rows = tx.all(FIRST_RECORDS, **window)
    exchange.rules = READ if rows else READ_NOTHING
    exchange.messages = tuple([row.id for row in rows])
    if not rows:
        _note_shift(tx, exchange, line.console_id, start, end + SECOND)
    envelope = f'{{"requestId":"{new_request_id()}","response":'.encode()
    if len(rows) <= MOST_IN_ONE_PIECE:
        records = to_json([record(row, tx.now) for row in rows])
        return Response(envelope + records + b"}", media_type=JSON_TYPE)
    return LongAnswer(long_answer(exchange.store, envelope, window, tx.now), media_type=JSON_TYPE)


def _note_shift(tx: Tx, exchange: VendorExchange, console_id: int | None, start: int, end: int) -> None:
    """Note that the same window some hours later would have had records: its times may be local ones."""
    missed = tx.one(MISSED, console_id=console_id, **bounds(start, end))
    if missed is not None:
        exchange.findings.append(hints.local_window(shift_for(start, end, missed)))


async def long_answer(store: Store, envelope: bytes, window: dict[str, Any], now: int) -> AsyncIterator[bytes]:
    """Yield the whole answer in pieces, other calls being served between them."""
    with store.snapshot() as snapshot:
        separator = envelope + b"["
        for rows in snapshot.chunks(RECORDS, CHUNK, **window):
            yield separator + to_json([record(row, now) for row in rows])[1:-1]
            separator = b","
            await asyncio.sleep(0)
        yield b"]}"


def timestamp(name: str, text: str) -> int:
    """Return what rule WB-timestamp takes, in ms."""
    parts = TIMESTAMP.fullmatch(text)
    try:
        if parts is None:
            raise ValueError
        year, month, day, hour, minute, second = map(int, parts.groups())
        return milliseconds(datetime(year, month, day, hour, minute, second, tzinfo=UTC))
    except ValueError:
        reason = f"{name} must be a real date and time written YYYY-MM-DD HH:mm:ss."
        raise Refusal("WB-timestamp", reason, field=name) from None


def check_range(start: int, end: int) -> None:
    """Refuse what rule WB-range refuses."""
    if end < start:
        raise Refusal("WB-range", "endTimestamp must not be before startTimestamp.", field="endTimestamp")
    if end - start > LONGEST:
        raise Refusal("WB-range", "The time range must not exceed 1 week.")


def refuse(_: VendorExchange, refusal: Refusal) -> Response:
    """Answer as rule WB-error says."""
    return json_answer({"message": refusal.reason}, refusal.status, refusal.headers)


def view(tx: Tx, message: MessageRow) -> View | None:
    """Return the record of a console's message; of a reply that was answered, the answer's (rule WB-outgoing)."""
    if message.console_id is None:
        return None
    number, at = message.id, message.accepted_at
    if message.record_at is None:
        number = tx.one(ANSWER, line=message.line, phone=message.phone, at=at, reply=number) or number
    second = at // SECOND * SECOND
    row = tx.one(ONE_RECORD, id=number, console_id=message.console_id, start=second, end=second + SECOND)
    if row is None:
        return None
    moment = written(second // SECOND, "%Y-%m-%d%%20%H:%M:%S")
    path = f"{PREFIX}/api/responses/{line_of(tx, message.line).code}/{moment}/{moment}"
    return View(path, True, JSON_TYPE, pretty(record(row, tx.now)))
