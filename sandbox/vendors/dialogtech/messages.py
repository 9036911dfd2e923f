"""`sms.get_messages`: what went to and from an account's tracking numbers in a range of days, as XML."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, NamedTuple
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, bindparam, func, select
from starlette.responses import Response

from sandbox.store import Query, Store, Tx
from sandbox.store.tables import MESSAGES, VENDOR_IDS, MessageRow
from sandbox.vendors.base.answers import LongAnswer
from sandbox.vendors.base.exchange import VendorExchange
from sandbox.vendors.base.vendor import View
from sandbox.vendors.base.windows import bounds, is_missed, shift_for
from sandbox.vendors.dialogtech import hints
from sandbox.vendors.dialogtech.ids import MSG_ID, VENDOR
from sandbox.vendors.dialogtech.shapes import (
    DIRECTIONS,
    MEDIA_TYPE,
    TAIL,
    AnswerStyle,
    GetMessagesParameters,
    MessageElement,
    head,
    listed,
    message,
    style_of,
    unindented_message,
)
from sandbox.world.lines import line_of
from sandbox.world.messages.search import IS_ID_OF_MESSAGE, vendor_ids_of
from sandbox.world.phones import national
from sandbox.world.workspaces.find import Customer, account
from sandbox.world.zones import local_time, span_of_days

PATH = "/ibp_api.php"
ACTION = "sms.get_messages"

# Reading -------------------------------------------------------------------------------------------------------------

OF_DIRECTION = (
    MESSAGES.c.workspace_id == bindparam("ws"),
    MESSAGES.c.account_id == bindparam("account_id"),
    MESSAGES.c.direction == bindparam("direction"),
)
IN_RANGE = (
    *OF_DIRECTION,
    MESSAGES.c.accepted_at >= bindparam("start"),
    MESSAGES.c.accepted_at < bindparam("end"),
)
ELEMENTS = select(
    MESSAGES.c.id,
    VENDOR_IDS.c.value,
    *(MESSAGES.c[name] for name in ("direction", "line", "phone", "text", "accepted_at")),
).select_from(MESSAGES.outerjoin(VENDOR_IDS, IS_ID_OF_MESSAGE & (VENDOR_IDS.c.vendor == VENDOR)))
"""The columns of a `MessageElement`, for any action that shows messages: the conditions are its own."""
MISSED_SELECT = (
    select(MESSAGES.c.accepted_at)
    .where(*OF_DIRECTION, *is_missed(MESSAGES.c.accepted_at))
    .order_by(MESSAGES.c.accepted_at)
)
MESSAGES_SELECT = ELEMENTS.where(*IN_RANGE).order_by(MESSAGES.c.accepted_at, MESSAGES.c.id)
MOST_IN_ONE_PIECE = 1000
"""Messages of one direction that are answered in one piece; longer lists are streamed in pieces of `CHUNK`."""
CHUNK = 250


class Reading(NamedTuple):
    """The queries that read one direction's messages: the first of them, all, how many, and when a missed one was."""

    first: Query[MessageElement]
    every: Query[MessageElement]
    total: Query[int]
    missed: Query[int]


def _reading(*conditions: ColumnElement[bool]) -> Reading:
    return Reading(
        Query(MessageElement, MESSAGES_SELECT.where(*conditions).limit(MOST_IN_ONE_PIECE + 1), hot=True),
        Query(MessageElement, MESSAGES_SELECT.where(*conditions)),
        Query(int, select(func.count()).select_from(MESSAGES).where(*IN_RANGE, *conditions)),
        Query(int, MISSED_SELECT.where(*conditions).limit(1), hot=True),
    )


OF_ACCOUNT = _reading()
OF_NUMBER = _reading(MESSAGES.c.line == bindparam("line"))

# Which rules decide an answer ----------------------------------------------------------------------------------------

READ_NOTHING = ("DT-endpoint", "DT-auth", "DT-action", "DT-dates", "DT-envelope", "DT-type")
READ = (*READ_NOTHING, "DT-message", "DT-wellformed")
OF_ONE_NUMBER = ("DT-number",)

# The action ----------------------------------------------------------------------------------------------------------


def get_messages(tx: Tx, exchange: VendorExchange) -> Response:
    """Messages sent to and from an account's tracking numbers in a range of days."""
    customer = exchange.caller
    assert isinstance(customer, Customer)
    given = exchange.parameters(GetMessagesParameters)
    start, end = span_of_days(customer.zone, given.start_date, given.end_date)
    if start > tx.now:
        exchange.findings.append(hints.in_the_future(exchange.params["start_date"] or ""))
    window: dict[str, Any] = {
        "ws": tx.ws,
        "account_id": customer.account_id,
        "start": start,
        "end": end,
    }
    style = style_of(customer)
    if given.line is None:
        return _answer(tx, exchange, style, OF_ACCOUNT, window)
    return _answer(tx, exchange, style, OF_NUMBER, window | {"line": given.line})


def _answer(tx: Tx, exchange: VendorExchange, style: AnswerStyle, reading: Reading, window: dict[str, Any]) -> Response:
    """Return the messages of a range of days (rule DT-envelope)."""
    lists = {direction: tx.all(reading.first, direction=direction, **window) for _, direction in DIRECTIONS}
    exchange.messages = tuple([row.id for rows in lists.values() for row in rows])
    exchange.rules = (READ if exchange.messages else READ_NOTHING) + (OF_ONE_NUMBER if reading is OF_NUMBER else ())
    if not exchange.messages:
        _note_shift(tx, exchange, style.zone, reading, window)
    if any(len(rows) > MOST_IN_ONE_PIECE for rows in lists.values()):
        return LongAnswer(_long_answer(exchange.store, style, reading, window), media_type=MEDIA_TYPE)
    return Response(listed(style, lists), media_type=MEDIA_TYPE)


def _note_shift(tx: Tx, exchange: VendorExchange, zone: str, reading: Reading, window: dict[str, Any]) -> None:
    """Note that the same window some hours later would have had messages: its days may be of another zone."""
    start, end = window["start"], window["end"]
    wanted = {**window, **bounds(start, end)}
    times = [tx.one(reading.missed, direction=direction, **wanted) for _, direction in DIRECTIONS]
    missed = [at for at in times if at is not None]
    if missed:
        exchange.findings.append(hints.other_zone(zone, shift_for(start, end, min(missed))))


async def _long_answer(
    store: Store, style: AnswerStyle, reading: Reading, window: dict[str, Any]
) -> AsyncIterator[str]:
    """Yield the same in pieces, other calls being served between them; count and rows are of one moment."""
    with store.snapshot() as snapshot:
        count = sum(snapshot.one(reading.total, direction=direction, **window) or 0 for _, direction in DIRECTIONS)
        yield head(style.doctype, "success", f"[{count}] Message(s) Returned") + "    <messages>\n"
        for element, direction in DIRECTIONS:
            yield f"        <{element}>\n"
            for rows in snapshot.chunks(reading.every, CHUNK, direction=direction, **window):
                yield "".join([message(row, style.zone) for row in rows])
                await asyncio.sleep(0)
            yield f"        </{element}>\n"
        yield TAIL


def view(tx: Tx, of: MessageRow) -> View | None:
    """Return the `message` element of a tracking number's message."""
    if of.account_id is None:
        return None
    keys = account(tx, line_of(tx, of.line).code)
    day = local_time(keys.zone, of.accepted_at, "%Y%m%d")
    query = {
        "action": ACTION,
        "access_key": keys.access_key,
        "secret_access_key": keys.secret_access_key,
        "start_date": day,
        "end_date": day,
        "number": national(of.line),
    }
    msg_id = vendor_ids_of(tx, [of.id]).get(of.id, {}).get(MSG_ID.name)
    row = MessageElement(of.id, msg_id, of.direction, of.line, of.phone, of.text, of.accepted_at)
    return View(f"{PATH}?{urlencode(query)}", False, MEDIA_TYPE, unindented_message(row, keys.zone))
