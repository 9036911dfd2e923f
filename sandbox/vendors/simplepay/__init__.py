"""Dialog Health Send SMS ("simplepay"): submit a message, opt a phone out silently, ask what became of a message."""

import json
import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import Path
from pydantic_core import to_json
from sqlalchemy import bindparam, select
from starlette.responses import Response

from sandbox.dependencies import Exchange, ExchangeDep, Refusal, Subject, console_line, enter_by_basic, owner_by_basic
from sandbox.vendor import Shape, Vendor, VendorRouter, View
from sandbox.vendors.simplepay import findings
from sandbox.vendors.simplepay.answers import (
    NOBODY,
    PREFIX,
    MessageResponseBody,
    OptoutResponseBody,
    SubmitResponseBody,
    accepted,
    details,
    status_callback,
    status_word,
    submit_body,
)
from sandbox.vendors.simplepay.rules import RULES
from sandbox.world import (
    LineView,
    WorkspaceView,
    World,
    callbacks,
    carrier,
    consent,
    delivery,
    models,
    phones,
    workspaces,
)
from sandbox.world.store import Statement, table

NAME = carrier.SIMPLEPAY
UNFIT_FOR_URL = re.compile(r"[\x00-\x20\x7f]|\s")

MESSAGES = table(models.Message)
BY_SID = Statement(
    select(
        MESSAGES.c.id,
        MESSAGES.c.text,
        MESSAGES.c.phone,
        MESSAGES.c.sent_at,
        MESSAGES.c.settled_at,
        MESSAGES.c.outcome,
    ).where(
        MESSAGES.c.workspace_id == bindparam("workspace_id"),
        MESSAGES.c.sid == bindparam("sid"),
        MESSAGES.c.console_id == bindparam("console_id"),
    )
)

# Which rules decide what is accepted -----------------------------------------------------------------------------

SUBMITTED = ("SP-auth", "SP-params", "SP-from", "SP-submit", "SP-sid", "SP-dates", "SP-uri", "SP-optin")
SUBMITTED_WITH_CALLBACK = (*SUBMITTED, "SP-callback", "SP-statuscallback")
OPTED_OUT = ("SP-auth", "SP-optout")
NOBODY_AT_CONSOLE = ("SP-auth", "SP-console", "SP-optout")
FOUND = ("SP-auth", "SP-details", "SP-status")
UNKNOWN_ID = ("SP-auth", "SP-details-unknown")
UNKNOWN_ID_FOR_CONSOLE = ("SP-auth", "SP-console", "SP-details-unknown")

# Endpoints -------------------------------------------------------------------------------------------------------

router = VendorRouter()

CONSOLE = {"description": "Six capital letters and four digits.", "examples": ["HARBOR1001"]}
SubmittingConsoleCode = Annotated[str, Path(pattern="^[A-Z]{6}[0-9]{4}$", **CONSOLE)]
ConsoleCode = Annotated[str, Path(**CONSOLE)]
"""Of the operations that answer any other text like an unknown console (rule SP-console)."""


def _refusals(shape: type[Shape]) -> dict[int | str, dict[str, Any]]:
    return {
        400: {"model": shape, "description": "The call is refused."},
        401: {"model": shape, "description": "The credentials are missing or wrong."},
    }


MSISDN_SCHEMA = {"type": "string", "pattern": "^[0-9]{11,15}$"}
FORM_SCHEMA = {
    "type": "object",
    "properties": {
        "To": {**MSISDN_SCHEMA, "description": "The receiver: 11 to 15 digits.", "examples": ["14155550123"]},
        "From": {**MSISDN_SCHEMA, "description": "The sender: 11 to 15 digits.", "examples": ["16155550110"]},
        "Body": {"type": "string", "minLength": 1, "description": "The text.", "examples": ["Your results are in."]},
        "StatusCallback": {
            "type": "string",
            "pattern": "^(https?://.+)?$",
            "description": "An absolute http or https URL; empty is none.",
            "examples": ["http://127.0.0.1:9000/status"],
        },
    },
}
FORM = {
    "requestBody": {
        "required": False,
        "content": {
            "application/x-www-form-urlencoded": {"schema": FORM_SCHEMA},
            "multipart/form-data": {"schema": FORM_SCHEMA},
        },
    },
    # Any text, because a form's value wins over one in the query string (rule SP-params).
    "parameters": [
        {"name": name, "in": "query", "required": False, "schema": {"type": "string", "examples": schema["examples"]}}
        for name, schema in FORM_SCHEMA["properties"].items()  # type: ignore[attr-defined]
    ],
}


@router.post(
    PREFIX + "/submit/{consoleCode}",
    response_model=SubmitResponseBody,
    responses=_refusals(SubmitResponseBody),
    openapi_extra=FORM,
    operation_id="submit",
)
async def submit(exchange: ExchangeDep, consoleCode: SubmittingConsoleCode) -> Response:
    """Sends a message to a phone, which it opts in silently.

    The parameters come in the query string or in a form; every one but StatusCallback is needed.
    """
    enter_by_basic(exchange, "SP-auth")
    exchange.subject = Subject(console=consoleCode)
    await _read_parameters(exchange)
    asked = exchange.asked
    workspace = await exchange.begin(Subject(asked.get("To"), asked.get("From"), asked.get("Body"), consoleCode))
    line = console_line(exchange, workspace, consoleCode, "SP-console")
    to, sender, text = _receiver(workspace, asked), _msisdn(asked, "From"), _given(asked, "Body")
    callback = _callback(asked)
    if sender != line.number:
        exchange.findings.append(findings.other_sender(sender, line.number))
    with exchange.world.store.writing():
        message = carrier.accept(
            exchange.world,
            workspace,
            line,
            to=to,
            text=text,
            at=exchange.now,
            vendor=NAME,
            cause=carrier.SUBMITTED,
            sender=sender,
            status_callback=callback,
            opts_in=True,
        )
    early = callback and callbacks.before_answer(exchange.world, workspace, message["id"], exchange.now)
    if early:
        await exchange.world.courier.tried(workspace.id, early)
    exchange.rules = SUBMITTED if callback is None else SUBMITTED_WITH_CALLBACK
    exchange.messages = (message["id"],)
    return _json(accepted(message, consoleCode))


@router.delete(
    PREFIX + "/optout/{consoleCode}/{msisdn}",
    response_model=OptoutResponseBody,
    responses=_refusals(OptoutResponseBody),
    operation_id="optout",
)
async def optout(
    exchange: ExchangeDep,
    consoleCode: ConsoleCode,
    msisdn: Annotated[str, Path(description="11 to 15 digits.", examples=["14155550123"])],
) -> Response:
    """Opts a phone out of a console; nothing is sent to it."""
    enter_by_basic(exchange, "SP-auth")
    workspace = await exchange.begin(Subject(to=msisdn, console=consoleCode))
    line = _line(exchange, workspace, consoleCode)
    exchange.rules = OPTED_OUT if line is not None else NOBODY_AT_CONSOLE
    if line is None or not phones.is_msisdn(msisdn):
        return _json({"msisdn": NOBODY})
    with exchange.world.store.writing():
        known = consent.opt_out_silently(exchange.world, workspace.id, line.number, msisdn, exchange.now)
    return _json({"msisdn": msisdn if known else NOBODY})


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
async def messages(
    exchange: ExchangeDep,
    consoleCode: ConsoleCode,
    messageId: Annotated[str, Path(description="The sid of a message.", examples=["2721Z-0622U-14171-480RH"])],
) -> Response:
    """What became of a message."""
    enter_by_basic(exchange, "SP-auth")
    workspace = await exchange.begin(Subject(console=consoleCode))
    line = _line(exchange, workspace, consoleCode)
    row = line and exchange.world.store.one(
        BY_SID, workspace_id=workspace.id, sid=messageId, console_id=line.console_id
    )
    if not row:
        exchange.rules = UNKNOWN_ID if line is not None else UNKNOWN_ID_FOR_CONSOLE
        return _json(details(messageId))
    n, text, phone, *plan = row
    exchange.rules, exchange.messages = FOUND, (n,)
    return _json(details(messageId, text, phone, status_word(exchange.now, *plan)))


async def _read_parameters(exchange: Exchange) -> None:
    """Query and form together, for the checks and for the answer that repeats them; a form's value wins."""
    rule = "SP-params"
    exchange.asked |= exchange.query(rule) | await exchange.form(rule)


def _given(asked: dict[str, str | None], name: str) -> str:
    """Rules SP-required and NET-text."""
    value = asked.get(name, "")
    if value is None:
        raise Refusal("NET-text", f"{name} must be UTF-8 without U+0000.")
    if not value:
        raise Refusal("SP-required", f"{name} is required: send it in the query string or as a form field.")
    return value


def _msisdn(asked: dict[str, str | None], name: str) -> str:
    value = _given(asked, name)
    if not phones.is_msisdn(value):
        raise Refusal("SP-msisdn", f"Msisdn is invalid: {value}")
    return value


def _receiver(workspace: WorkspaceView, asked: dict[str, str | None]) -> str:
    """A possible number that the phone behind it does not make an impossible one."""
    to = _msisdn(asked, "To")
    handset = delivery.handset_of(workspace, to)
    if handset is not None and handset.is_invalid:
        raise Refusal("NET-handsets", f"Msisdn is invalid: {to}")
    return to


def _callback(asked: dict[str, str | None]) -> str | None:
    if "StatusCallback" not in asked or asked["StatusCallback"] == "":
        return None
    url = _given(asked, "StatusCallback")
    if not can_be_called(url):
        raise Refusal("SP-callback", "StatusCallback must be an absolute http or https URL.")
    return url


def can_be_called(url: str) -> bool:
    """Whether a StatusCallback may be this: an absolute http or https URL (rule SP-callback)."""
    try:
        parts = urlsplit(url)
        is_absolute = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        return False
    return is_absolute and not UNFIT_FOR_URL.search(url)


def _line(exchange: Exchange, workspace: WorkspaceView, code: str) -> LineView | None:
    """The console's line, or None for a console that the caller cannot see (rule SP-console)."""
    try:
        return console_line(exchange, workspace, code, "SP-console")
    except Refusal:
        return None


# Answers ---------------------------------------------------------------------------------------------------------


def _json(body: dict[str, str | None], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(to_json(body), status, headers, media_type="application/json")


def view(world: World, workspace: WorkspaceView, message: carrier.MessageRow) -> View | None:
    """The details of what was sent from a console (rule SP-details)."""
    if message["sid"] is None:
        return None
    code = workspaces.line_of(world, workspace.id, message["line"]).code
    word = status_word(world.now(workspace), message["sent_at"], message["settled_at"], message["outcome"])
    body = details(message["sid"], message["text"], message["phone"], word)
    path = f"{PREFIX}/messages/{code}/{message['sid']}"
    return View(path, True, "application/json", json.dumps(body, indent=2, ensure_ascii=False))


def refuse(exchange: Exchange, refusal: Refusal) -> Response:
    """In the shape of the operation; that of submit where there is none (rules SP-refused, SP-auth, SP-other)."""
    asked = exchange.asked or _query(exchange)
    params = exchange.request.path_params
    if exchange.operation == "optout":
        body: dict[str, str | None] = {"msisdn": None}
    elif exchange.operation == "messages":
        body = details(params["messageId"])
    else:
        body = submit_body(
            params.get("consoleCode"),
            sid=None,
            date=None,
            to=asked.get("To"),
            sender=asked.get("From"),
            text=asked.get("Body"),
            status="failed",
            num_segments="0",
            error_message=refusal.reason,
            uri=None,
        )
    return _json(body, refusal.status, refusal.headers)


def _query(exchange: Exchange) -> dict[str, str | None]:
    """What the query string asked of a call that was refused before its parameters were read."""
    try:
        return exchange.query("SP-params")
    except Refusal:
        return {}


SIMPLEPAY = Vendor(
    name=NAME,
    title="Dialog Health Send SMS (simplepay)",
    description="Silent opt-in and message delivery, silent opt-out, message details.",
    prefix=PREFIX,
    router=router,
    rules=RULES,
    refuse=refuse,
    findings=findings.found,
    owner=owner_by_basic,
    unknown_path="SP-other",
    wrong_method="SP-other",
    view=view,
    status_callback=status_callback,
)
