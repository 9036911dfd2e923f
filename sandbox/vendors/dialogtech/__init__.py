"""DialogTech `sms.get_messages`: what went to and from an account's tracking numbers in a range of dates, as XML."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, bindparam, func, select
from starlette.responses import Response, StreamingResponse

from sandbox.dependencies import Exchange, ExchangeDep, Refusal, Subject
from sandbox.forms import Fields
from sandbox.vendor import Vendor, VendorRouter, View
from sandbox.vendors.dialogtech import findings
from sandbox.vendors.dialogtech.rules import RULES
from sandbox.world import WorkspaceView, World, carrier, models, workspaces
from sandbox.world.clock import DAY, SECOND, milliseconds, written
from sandbox.world.phones import national
from sandbox.world.store import Row, Snapshot, Statement, table
from sandbox.world.workspaces import Customer

PATH = "/ibp_api.php"


# Shapes ----------------------------------------------------------------------------------------------------------

PROLOG = '<?xml version="1.0" encoding="UTF-8"?>\n'
MESSAGE_ELEMENTS = """<!ELEMENT message (msg_id, to, from, message, date)>
<!ELEMENT msg_id (#PCDATA)>
<!ELEMENT to (#PCDATA)>
<!ELEMENT from (#PCDATA)>
<!ELEMENT message (#PCDATA)>
<!ELEMENT date (#PCDATA)>
"""
# Quirk: the documented DOCTYPE declares the elements of a message twice (DT-envelope); some parsers mind.
DOCTYPE = f"""<!DOCTYPE response [
<!ELEMENT response (result,result_description,data)>
<!ELEMENT result (#PCDATA)>
<!ELEMENT result_description (#PCDATA)>
<!ELEMENT data (messages)>
<!ELEMENT messages (inbound+,outbound+)>
<!ELEMENT inbound (message+)>
{MESSAGE_ELEMENTS}<!ELEMENT outbound (message+)>
{MESSAGE_ELEMENTS}]>
"""
REFUSED_DOCTYPE = """<!DOCTYPE response [
<!ELEMENT response (result,result_description)>
<!ELEMENT result (#PCDATA)>
<!ELEMENT result_description (#PCDATA)>
]>
"""
TAIL = "    </messages>\n</response>\n"
DIRECTIONS = (("inbound", carrier.INBOUND), ("outbound", carrier.OUTBOUND))
MEDIA_TYPE = "text/xml; charset=UTF-8"
NATIONAL_DIGITS = 10
NO_LINE = "none"
"""What no line's number is."""
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML 1.0 has no way to write. (As the opposite of what it has one for, this would take 4 ms to compile.)"""


def cdata(text: str) -> str:
    """Any text as CDATA that reads back as it is, but for what XML forbids (rule DT-wellformed)."""
    text = FORBIDDEN.sub("\ufffd", text).replace("]]>", "]]]]><![CDATA[>").replace("\r", "]]>&#13;<![CDATA[")
    return f"<![CDATA[{text}]]>"


def escaped(text: str) -> str:
    """Any text as the content of an element."""
    text = FORBIDDEN.sub("\ufffd", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def head(doctype: str, result: str, description: str) -> str:
    """All that stands before an answer's messages."""
    return (
        f"{PROLOG}{doctype}<response>\n    <result>{result}</result>\n"
        f"    <result_description>{escaped(description)}</result_description>\n"
    )


def message(row: Row) -> str:
    """A row of `MESSAGES_SELECT` as a `message` element (rule DT-message)."""
    _, msg_id, direction, line, phone, text, accepted_at = row
    to, sender = (phone, line) if direction == carrier.OUTBOUND else (line, phone)
    return (
        f"            <message>\n                <msg_id>{msg_id}</msg_id>\n"
        f"                <to>{national(to)}</to>\n                <from>{national(sender)}</from>\n"
        f"                <message>{cdata(text)}</message>\n"
        f"                <date>{written(accepted_at // SECOND, '%Y-%m-%d %H:%M:%S')}</date>\n            </message>\n"
    )


INDENT = " " * 12


def view(world: World, workspace: WorkspaceView, message_row: carrier.MessageRow) -> View | None:
    """The `message` element of a tracking number's message."""
    if message_row["account_id"] is None:
        return None
    account = workspaces.line_of(world, workspace.id, message_row["line"]).code
    keys = workspaces.account(world, workspace.id, account)
    day = written(message_row["accepted_at"] // SECOND, "%Y%m%d")
    query = {
        "action": ACTION,
        "access_key": account,
        "secret_access_key": keys["secret_access_key"],
        "start_date": day,
        "end_date": day,
        "number": national(message_row["line"]),
    }
    names = ("id", "msg_id", "direction", "line", "phone", "text", "accepted_at")
    before, text, after = message(tuple(message_row[name] for name in names)).partition(cdata(message_row["text"]))
    element = before.replace(INDENT, "") + text + after.replace(INDENT, "")
    return View(f"{PATH}?{urlencode(query)}", False, MEDIA_TYPE, element)


# Reading ---------------------------------------------------------------------------------------------------------

MESSAGES = table(models.Message)
IN_RANGE = (
    MESSAGES.c.workspace_id == bindparam("workspace_id"),
    MESSAGES.c.account_id == bindparam("account_id"),
    MESSAGES.c.direction == bindparam("direction"),
    MESSAGES.c.accepted_at >= bindparam("start"),
    MESSAGES.c.accepted_at < bindparam("end"),
)
MESSAGES_SELECT = (
    select(
        MESSAGES.c.id,
        MESSAGES.c.msg_id,
        MESSAGES.c.direction,
        MESSAGES.c.line,
        MESSAGES.c.phone,
        MESSAGES.c.text,
        MESSAGES.c.accepted_at,
    )
    .where(*IN_RANGE)
    .order_by(MESSAGES.c.accepted_at, MESSAGES.c.id)
)
AT_ONCE = 1000
"""Messages of one direction that are answered in one piece; longer lists are streamed in pieces of `CHUNK`."""
CHUNK = 250


class Reading(NamedTuple):
    """The statements that read one direction's messages: the first of them, all, and how many."""

    first: Statement
    every: Statement
    total: Statement


def _reading(*conditions: ColumnElement[bool]) -> Reading:
    return Reading(
        Statement(MESSAGES_SELECT.where(*conditions).limit(AT_ONCE + 1)),
        Statement(MESSAGES_SELECT.where(*conditions)),
        Statement(select(func.count()).select_from(MESSAGES).where(*IN_RANGE, *conditions)),
    )


OF_ACCOUNT = _reading()
OF_NUMBER = _reading(MESSAGES.c.line == bindparam("line"))

# Which rules decide an answer ------------------------------------------------------------------------------------

READ_NOTHING = ("DT-endpoint", "DT-auth", "DT-action", "DT-dates", "DT-envelope", "DT-type")
READ = (*READ_NOTHING, "DT-message", "DT-wellformed")
OF_ONE_NUMBER = ("DT-number",)

# Endpoint --------------------------------------------------------------------------------------------------------

ACTION = "sms.get_messages"
DATE = re.compile(r"(\d{4})(\d\d)(\d\d)", re.ASCII)
DIGITS = re.compile(r"\d+", re.ASCII)

PARAMETERS = {
    "action": ("Only `sms.get_messages`.", ACTION),
    "access_key": ("The account's access key.", "demo-access-key"),
    "secret_access_key": ("The account's secret access key.", "demo-secret-key"),
    "start_date": ("The first day, `YYYYMMDD` in UTC.", "20260501"),
    "end_date": ("The last day, `YYYYMMDD` in UTC.", "20260531"),
    "number": ("A tracking number of 10 digits: only its messages.", "6155550100"),
}
OPTIONAL = ("number",)
REQUIRED = [name for name in PARAMETERS if name not in OPTIONAL]
PATTERNS = {"start_date": "^[0-9]{8}$", "end_date": "^[0-9]{8}$", "number": "^[0-9]+$"}
PROPERTIES = {
    name: {"type": "string", "description": text, "examples": [example]}
    | ({"pattern": PATTERNS[name]} if name in PATTERNS else {})
    for name, (text, example) in PARAMETERS.items()
}
FORM_SCHEMA = {"type": "object", "properties": PROPERTIES, "required": REQUIRED}
QUERY = {
    "parameters": [
        {"name": name, "in": "query", "required": name in REQUIRED, "schema": schema}
        for name, schema in PROPERTIES.items()
    ]
}
FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {"schema": FORM_SCHEMA},
            "multipart/form-data": {"schema": FORM_SCHEMA},
        },
    }
}
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The messages, or `<result>failed</result>` and the reason.",
        "content": {"text/xml": {"schema": {"type": "string"}}},
    }
}

router = VendorRouter()


@router.get(PATH, operation_id=ACTION, openapi_extra=QUERY, responses=ANSWERS, response_class=Response, name=ACTION)
@router.post(
    PATH, operation_id=f"{ACTION}_post", openapi_extra=FORM, responses=ANSWERS, response_class=Response, name=ACTION
)
async def get_messages(exchange: ExchangeDep) -> Response:
    """Messages sent to and from an account's tracking numbers in a range of days."""
    fields = exchange.query("DT-endpoint")
    if exchange.request.method == "POST":
        fields |= await exchange.form("DT-endpoint")
    exchange.asked = fields
    customer = _customer(exchange, fields)
    entered = exchange.enter(customer.workspace, lambda again: _customer(again, fields).workspace)
    subject = Subject(account=fields.get("access_key"), number=fields.get("number"))
    if await exchange.begin(subject) is not entered:
        customer = _customer(exchange, fields)
    _check_action(fields)
    start, end = _date(fields, "start_date"), _date(fields, "end_date")
    if end < start:
        raise Refusal("DT-dates", "start_date must not be after end_date.")
    line = _line(fields)
    if start > exchange.now:
        exchange.findings.append(findings.in_the_future(fields["start_date"] or ""))
    window = {
        "workspace_id": customer.workspace.id,
        "account_id": customer.account_id,
        "start": start,
        "end": end + DAY,
    }
    doctype = DOCTYPE if customer.documented_doctype else ""
    if line is None:
        return _answer(exchange, doctype, OF_ACCOUNT, window)
    return _answer(exchange, doctype, OF_NUMBER, window | {"line": line})


def _value(fields: Fields, name: str, rule: str) -> str:
    value = fields.get(name, "")
    if value is None:
        raise Refusal("NET-text", f"{name} must be UTF-8 without U+0000.")
    if not value:
        raise Refusal(rule, f"{name} is required.")
    return value


def _customer(exchange: Exchange, fields: Fields) -> Customer:
    """Rule DT-auth."""
    customer = _by_keys(exchange, fields)
    if customer is None:
        raise Refusal("DT-auth", "access_key and secret_access_key are not those of an account.")
    return customer


def _by_keys(exchange: Exchange, fields: Fields) -> Customer | None:
    access_key, secret_access_key = fields.get("access_key"), fields.get("secret_access_key")
    return workspaces.by_keys(exchange.world, access_key or "", secret_access_key or "")


def owner(exchange: Exchange) -> WorkspaceView | None:
    """The workspace of the keys in the query string."""
    try:
        fields = exchange.query("DT-endpoint")
    except Refusal:
        return None
    customer = _by_keys(exchange, fields)
    return None if customer is None else customer.workspace


def _check_action(fields: Fields) -> None:
    """Rule DT-action."""
    action = _value(fields, "action", "DT-action")
    if action != ACTION:
        raise Refusal("DT-action", f"There is no action {action}: use {ACTION}.")


def _date(fields: Fields, name: str) -> int:
    """Rule DT-dates; ms of the day's beginning."""
    parts = DATE.fullmatch(_value(fields, name, "DT-dates"))
    try:
        if parts is None:
            raise ValueError
        year, month, day = map(int, parts.groups())
        return milliseconds(datetime(year, month, day, tzinfo=UTC))
    except ValueError:
        raise Refusal("DT-dates", f"{name} must be a real date written YYYYMMDD.") from None


def _line(fields: Fields) -> str | None:
    """Rule DT-number: the tracking number's 11 digits; none when no number was given."""
    if "number" not in fields or fields["number"] == "":
        return None
    number = _value(fields, "number", "DT-number")
    if DIGITS.fullmatch(number) is None:
        raise Refusal("DT-number", "number must be an unformatted telephone number: digits only.")
    return f"1{number}" if len(number) == NATIONAL_DIGITS else NO_LINE


# Answers ---------------------------------------------------------------------------------------------------------


def _answer(exchange: Exchange, doctype: str, reading: Reading, window: dict[str, Any]) -> Response:
    """Rule DT-envelope."""
    store = exchange.world.store
    lists = [(element, store.all(reading.first, direction=direction, **window)) for element, direction in DIRECTIONS]
    exchange.messages = tuple([row[0] for _, rows in lists for row in rows])
    exchange.rules = (READ if exchange.messages else READ_NOTHING) + (OF_ONE_NUMBER if reading is OF_NUMBER else ())
    if any(len(rows) > AT_ONCE for _, rows in lists):
        return StreamingResponse(_long_answer(store.snapshot(), doctype, reading, window), media_type=MEDIA_TYPE)
    count = sum(len(rows) for _, rows in lists)
    parts = [head(doctype, "success", f"[{count}] Message(s) Returned"), "    <messages>\n"]
    for element, rows in lists:
        parts += [f"        <{element}>\n", *map(message, rows), f"        </{element}>\n"]
    return Response("".join((*parts, TAIL)), media_type=MEDIA_TYPE)


async def _long_answer(
    snapshot: Snapshot, doctype: str, reading: Reading, window: dict[str, Any]
) -> AsyncIterator[str]:
    """The same in pieces, other calls being served between them."""
    with snapshot:
        count = sum(snapshot.one(reading.total, direction=direction, **window)[0] for _, direction in DIRECTIONS)
        yield head(doctype, "success", f"[{count}] Message(s) Returned") + "    <messages>\n"
        for element, direction in DIRECTIONS:
            yield f"        <{element}>\n"
            for rows in snapshot.chunks(reading.every, CHUNK, direction=direction, **window):
                yield "".join(map(message, rows))
                await asyncio.sleep(0)
            yield f"        </{element}>\n"
        yield TAIL


def refuse(_: Exchange, refusal: Refusal) -> Response:
    """Rule DT-refused: whatever went wrong, HTTP knows nothing of it."""
    return Response(head(REFUSED_DOCTYPE, "failed", refusal.reason) + "</response>\n", media_type=MEDIA_TYPE)


DIALOGTECH = Vendor(
    name="dialogtech",
    title="DialogTech sms.get_messages",
    description="Messages of an account's tracking numbers in a range of days.",
    prefix=PATH,
    router=router,
    rules=RULES,
    refuse=refuse,
    findings=findings.found,
    owner=owner,
    unknown_path="DT-endpoint",
    wrong_method="DT-endpoint",
    view=view,
)
