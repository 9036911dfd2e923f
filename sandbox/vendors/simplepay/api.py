"""Dialog Health Send SMS ("simplepay"): submit a message, opt a phone out silently, ask what became of a message."""

from contextlib import suppress
from http import HTTPStatus
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Path
from sqlalchemy import bindparam, select
from starlette.responses import Response

from sandbox.store import Query, Tx
from sandbox.store.tables import MESSAGES, VENDOR_IDS, MessageRow
from sandbox.vendors.base.answers import JSON_TYPE, json_answer, pretty
from sandbox.vendors.base.consoles import DESCRIPTION, PATTERN, console_line
from sandbox.vendors.base.exchange import VendorExchange
from sandbox.vendors.base.operation import operation
from sandbox.vendors.base.refusal import Refusal
from sandbox.vendors.base.route import VendorRoute
from sandbox.vendors.base.traces import keep_trace
from sandbox.vendors.base.vendor import View
from sandbox.vendors.simplepay import hints
from sandbox.vendors.simplepay.ids import SID, VENDOR
from sandbox.vendors.simplepay.shapes import (
    NOBODY,
    PREFIX,
    MessageResponseBody,
    OptoutResponseBody,
    SimplePayAnswer,
    SubmitParameters,
    SubmitResponseBody,
    accepted,
    details,
    status_word,
    submit_body,
)
from sandbox.world import consent, phones
from sandbox.world.callbacks.queue import before_answer
from sandbox.world.commands import SUBMIT
from sandbox.world.delivery import handset_of
from sandbox.world.errors import TooManyMessages
from sandbox.world.lines import LineView, line_of
from sandbox.world.messages.accept import Draft, accept
from sandbox.world.messages.search import IS_ID_OF_MESSAGE, vendor_ids_of

# Reading -------------------------------------------------------------------------------------------------------------


class DetailsRow(NamedTuple):
    """What is said of a message."""

    id: int
    text: str
    phone: str
    sent_at: int | None
    settled_at: int | None
    outcome: str | None


BY_SID = Query(
    DetailsRow,
    select(*(MESSAGES.c[name] for name in DetailsRow._fields))
    .join(VENDOR_IDS, IS_ID_OF_MESSAGE)
    .where(
        VENDOR_IDS.c.workspace_id == bindparam("ws"),
        VENDOR_IDS.c.vendor == VENDOR,
        VENDOR_IDS.c.value == bindparam("sid"),
        MESSAGES.c.console_id == bindparam("console_id"),
    ),
    hot=True,
)
SID_OF = Query(
    str,
    select(VENDOR_IDS.c.value).where(
        VENDOR_IDS.c.workspace_id == bindparam("ws"),
        VENDOR_IDS.c.message_id == bindparam("message"),
        VENDOR_IDS.c.vendor == VENDOR,
    ),
    hot=True,
)

# Which rules decide what is accepted ---------------------------------------------------------------------------------

SUBMITTED = ("SP-auth", "SP-params", "SP-from", "SP-submit", "SP-sid", "SP-dates", "SP-uri", "SP-optin")
SUBMITTED_WITH_CALLBACK = (*SUBMITTED, "SP-callback", "SP-statuscallback")
OPTED_OUT = ("SP-auth", "SP-optout")
NOBODY_AT_CONSOLE = ("SP-auth", "SP-console", "SP-optout")
FOUND = ("SP-auth", "SP-details", "SP-status")
UNKNOWN_ID = ("SP-auth", "SP-details-unknown")
UNKNOWN_ID_FOR_CONSOLE = ("SP-auth", "SP-console", "SP-details-unknown")

# Endpoints -----------------------------------------------------------------------------------------------------------

router = APIRouter(route_class=VendorRoute)

SubmittingConsoleCode = Annotated[str, Path(**DESCRIPTION, json_schema_extra=PATTERN)]
ConsoleCode = Annotated[str, Path(**DESCRIPTION)]
"""Of the operations that answer any other text like an unknown console (rule SP-console)."""


def _refusals(shape: type[SimplePayAnswer]) -> dict[int | str, dict[str, Any]]:
    return {
        400: {"model": shape, "description": "The call is refused."},
        401: {"model": shape, "description": "The credentials are missing or wrong."},
    }


@router.post(
    PREFIX + "/submit/{consoleCode}",
    response_model=SubmitResponseBody,
    responses=_refusals(SubmitResponseBody),
    operation_id="submit",
)
@operation(
    "submit",
    parameters=SubmitParameters,
    or_query=True,
    about={"to": "To", "from_": "From", "text": "Body", "console": "consoleCode"},
    writes=True,
)
def submit(tx: Tx, exchange: VendorExchange, consoleCode: SubmittingConsoleCode) -> Response:
    """Sends a message to a phone, which it opts in silently.

    The parameters come in the query string or in a form; every one but StatusCallback is needed.
    """
    line = console_line(tx, consoleCode, "SP-console")
    _check_receiver(tx, exchange)
    params = exchange.parameters(SubmitParameters)
    if params.From != line.number:
        exchange.findings.append(hints.other_sender(params.From, line.number))
    draft = Draft(
        to=params.To,
        text=params.Body,
        at=tx.now,
        vendor=VENDOR,
        cause=SUBMIT[1],
        sender=params.From,
        status_callback=_status_callback(exchange, params),
    )
    try:
        message = accept(tx, line, draft, opts_in=True)
    except TooManyMessages as full:
        raise Refusal("NET-limits", str(full), HTTPStatus.INSUFFICIENT_STORAGE) from None
    if message.status_callback is not None:
        keep_trace(tx, message, exchange.headers(b"traceparent"), exchange.headers(b"tracestate"))
        _call_back_first(tx, exchange, message)
    exchange.rules = SUBMITTED if message.status_callback is None else SUBMITTED_WITH_CALLBACK
    exchange.messages = (message.id,)
    return json_answer(accepted(message, tx.one(SID_OF, message=message.id) or "", consoleCode))


def _status_callback(exchange: VendorExchange, params: SubmitParameters) -> str | None:
    """Return where callbacks go; a submit that is one itself gets none, for they would multiply without end."""
    if params.StatusCallback and exchange.is_callback:
        exchange.findings.append(hints.callback_of_callback())
        return None
    return params.StatusCallback or None


def _check_receiver(tx: Tx, exchange: VendorExchange) -> None:
    """Refuse a possible number that the phone behind it makes an impossible one, before all else that may be wrong."""
    to = exchange.params.get("To") or ""
    handset = handset_of(tx.workspace, to) if phones.is_msisdn(to) else None
    if handset is not None and handset.is_invalid:
        raise Refusal("NET-handsets", f"Msisdn is invalid: {to}", field="To")


def _call_back_first(tx: Tx, exchange: VendorExchange, message: MessageRow) -> None:
    """Have a callback tried before the answer, where the workspace's profile wants that."""
    early = before_answer(tx, message.id, tx.now)
    if early is not None:
        workspace_id = tx.workspace.id
        tx.before_answer(lambda: exchange.hooks.callback_tried(workspace_id, early))


@router.delete(
    PREFIX + "/optout/{consoleCode}/{msisdn}",
    response_model=OptoutResponseBody,
    responses=_refusals(OptoutResponseBody),
    operation_id="optout",
)
@operation("optout", about={"to": "msisdn", "console": "consoleCode"}, writes=True)
def optout(
    tx: Tx,
    exchange: VendorExchange,
    consoleCode: ConsoleCode,
    msisdn: Annotated[str, Path(description="11 to 15 digits.", examples=["14155550123"])],
) -> Response:
    """Opts a phone out of a console; nothing is sent to it."""
    line = _line(tx, consoleCode)
    exchange.rules = OPTED_OUT if line is not None else NOBODY_AT_CONSOLE
    if line is None or not phones.is_msisdn(msisdn):
        return json_answer({"msisdn": NOBODY})
    is_known = consent.opt_out_silently(tx, line.number, msisdn, tx.now)
    return json_answer({"msisdn": msisdn if is_known else NOBODY})


@router.delete(
    PREFIX + "/messages/{consoleCode}/{messageId}",
    response_model=MessageResponseBody,
    responses=_refusals(MessageResponseBody),
    operation_id="messages_delete",
    deprecated=True,
    summary="As GET, and deletes nothing: the method of the reference's sample",
)
@router.get(
    PREFIX + "/messages/{consoleCode}/{messageId}",
    response_model=MessageResponseBody,
    responses=_refusals(MessageResponseBody),
    operation_id="messages",
)
@operation("messages", about={"console": "consoleCode"})
def messages(
    tx: Tx,
    exchange: VendorExchange,
    consoleCode: ConsoleCode,
    messageId: Annotated[str, Path(description="The sid of a message.", examples=["2721Z-0622U-14171-480RH"])],
) -> Response:
    """What became of a message."""
    line = _line(tx, consoleCode)
    row = line and tx.one(BY_SID, sid=messageId, console_id=line.console_id)
    if row is None:
        exchange.rules = UNKNOWN_ID if line is not None else UNKNOWN_ID_FOR_CONSOLE
        return json_answer(details(messageId))
    exchange.rules, exchange.messages = FOUND, (row.id,)
    word = status_word(tx.now, row.sent_at, row.settled_at, row.outcome)
    return json_answer(details(messageId, row.text, row.phone, word))


def _line(tx: Tx, code: str) -> LineView | None:
    """Return the console's line, or None for a console that the caller cannot see (rule SP-console)."""
    try:
        return console_line(tx, code, "SP-console")
    except Refusal:
        return None


# Answers -------------------------------------------------------------------------------------------------------------


def view(tx: Tx, message: MessageRow) -> View | None:
    """Return the details of what was sent from a console (rule SP-details)."""
    sid = vendor_ids_of(tx, [message.id]).get(message.id, {}).get(SID.name)
    if sid is None:
        return None
    word = status_word(tx.now, message.sent_at, message.settled_at, message.outcome)
    path = f"{PREFIX}/messages/{line_of(tx, message.line).code}/{sid}"
    return View(path, True, JSON_TYPE, pretty(details(sid, message.text, message.phone, word)))


def refuse(exchange: VendorExchange, refusal: Refusal) -> Response:
    """Answer in the shape of the operation; of submit where there is none (rules SP-refused, SP-auth, SP-other)."""
    return json_answer(_refused_body(exchange, refusal), refusal.status, refusal.headers)


def _refused_body(exchange: VendorExchange, refusal: Refusal) -> dict[str, str | None]:
    name = exchange.operation and exchange.operation.name
    if name == "optout":
        return {"msisdn": None}
    if name == "messages":
        return details(exchange.path_params["messageId"])
    sent = exchange.params or _query(exchange)
    return submit_body(
        exchange.path_params.get("consoleCode"),
        sid=None,
        date=None,
        to=sent.get("To"),
        sender=sent.get("From"),
        text=sent.get("Body"),
        status="failed",
        num_segments="0",
        error_message=refusal.reason,
        uri=None,
    )


def _query(exchange: VendorExchange) -> dict[str, str | None]:
    """Return what the query string said of a call that was refused before its parameters were read."""
    with suppress(Refusal):
        return exchange.read_query()
    return {}
