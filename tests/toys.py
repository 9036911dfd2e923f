"""A vendor and an action that nobody has, each a value: what a stranger adds without touching a file of the sandbox."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field
from sqlalchemy import bindparam, select
from starlette.requests import Request
from starlette.responses import Response

from sandbox.store import Query as Statement
from sandbox.store import Tx, WorkspaceView
from sandbox.store.id_format import IdFormat
from sandbox.store.tables import WORKSPACES, MessageRow
from sandbox.vendors import DIALOGTECH, SIMPLEPAY, WRITEBACK
from sandbox.vendors.base import hints
from sandbox.vendors.base.answers import json_answer, pretty
from sandbox.vendors.base.consoles import console_line
from sandbox.vendors.base.exchange import VendorExchange
from sandbox.vendors.base.operation import operation
from sandbox.vendors.base.parameters import Parameters, needed
from sandbox.vendors.base.refusal import CallFinding, Refusal
from sandbox.vendors.base.route import VendorRoute
from sandbox.vendors.base.vendor import Vendor, View
from sandbox.vendors.dialogtech import Action, ActionParameters
from sandbox.world.ids import decided
from sandbox.world.lines import line_of
from sandbox.world.messages.accept import OUTBOUND, Draft, accept
from sandbox.world.messages.search import vendor_ids_of
from sandbox.world.rules import SandboxRule, assumed
from sandbox.world.workspaces import find

PREFIX = "/toy-api"
KEY = {"X-Toy-Key": "demo"}
"""The key of the plain world's workspace."""

# Who calls -----------------------------------------------------------------------------------------------------------

BY_PASSWORD = Statement(int, select(WORKSPACES.c.id).where(WORKSPACES.c.password == bindparam("password")))


def authenticate(tx: Tx, exchange: VendorExchange) -> WorkspaceView:
    """Return the workspace whose Basic password the key is."""
    key = (exchange.header(b"x-toy-key") or b"").decode("latin-1")
    number = tx.one(BY_PASSWORD, password=key) if key else None
    if number is None:
        raise Refusal("TOY-key", "The key is wrong.", 401)
    return find.by_id(tx, number)


# Endpoints -----------------------------------------------------------------------------------------------------------

router = APIRouter(route_class=VendorRoute)
ConsoleCode = Annotated[str, Path(description="A console.", examples=["HARBOR1001"])]
REFUSED: dict[int | str, dict[str, Any]] = {401: {"description": "The key is wrong."}}


class SendParameters(Parameters):
    """What a send takes."""

    phone: Annotated[str, needed("TOY-send")] = Field(description="The receiver.", examples=["14155550123"])
    text: Annotated[str, needed("TOY-send")] = Field(description="The text.", examples=["Hello"])


@router.post(PREFIX + "/{consoleCode}/texts", operation_id="send", responses=REFUSED, response_class=Response)
@operation(
    "send", parameters=SendParameters, about={"to": "phone", "text": "text", "console": "consoleCode"}, writes=True
)
def send(tx: Tx, exchange: VendorExchange, consoleCode: ConsoleCode) -> Response:
    """Sends a text."""
    line = console_line(tx, consoleCode, "TOY-send")
    given = exchange.parameters(SendParameters)
    message = accept(tx, line, Draft(to=given.phone, text=given.text, at=tx.now, vendor="toy", cause="toy.send"))
    exchange.rules, exchange.messages = ("TOY-send",), (message.id,)
    return json_answer({"toy": toy_id_of(tx, message)})


def page_size(request: Request) -> int:
    """A dependency of a stranger's own."""
    return 7 if "x-large" in request.headers else 3


@router.get(PREFIX + "/{consoleCode}/texts", operation_id="texts", responses=REFUSED, response_class=Response)
@operation("texts", about={"console": "consoleCode"})
def texts(
    tx: Tx,
    exchange: VendorExchange,
    consoleCode: ConsoleCode,
    size: Annotated[int, Depends(page_size)],
    limit: Annotated[int, Query(ge=1, le=9, description="How many.")] = 5,
) -> Response:
    """Says what FastAPI gave it."""
    exchange.rules = ("TOY-key",)
    return json_answer({"console": consoleCode, "limit": limit, "size": size, "workspace": tx.ws})


# Words ---------------------------------------------------------------------------------------------------------------


def toy_id(seed: int, n: int, at: int, attempt: int) -> str:
    return "toy-" + decided(seed, "toy", n, attempt).hex()[:10]


def toy_id_of(tx: Tx, message: MessageRow) -> str:
    return vendor_ids_of(tx, [message.id])[message.id]["toy_id"]


def refuse(_: VendorExchange, refusal: Refusal) -> Response:
    return json_answer({"no": refusal.reason, "field": refusal.field}, refusal.status, refusal.headers)


def findings(tx: Tx, exchange: VendorExchange) -> list[CallFinding]:
    return hints.of_refusal(tx, exchange, {}) + hints.of_names(exchange, "TOY-send")


def view(tx: Tx, message: MessageRow) -> View | None:
    if message.vendor != "toy":
        return None
    path = f"{PREFIX}/{line_of(tx, message.line).code}/texts"
    return View(path, False, "application/json", pretty({"toy": toy_id_of(tx, message)}))


TOY = Vendor(
    name="toy",
    title="A toy",
    description="Sends texts.",
    prefix=PREFIX,
    router=router,
    rules=(
        SandboxRule("TOY-key", "X-Toy-Key is the workspace's password; else 401.", (assumed("all of it", "made up"),)),
        SandboxRule("TOY-send", "A text needs phone and text.", (assumed("all of it", "made up"),)),
    ),
    authenticate=authenticate,
    security={"type": "apiKey", "in": "header", "name": "X-Toy-Key"},
    refuse=refuse,
    findings=findings,
    unknown_path="TOY-send",
    wrong_method="TOY-send",
    form_rule="TOY-send",
    view=view,
    id_formats=(IdFormat("toy", "toy_id", toy_id, lambda direction, is_console: is_console and direction == OUTBOUND),),
)

# An action -----------------------------------------------------------------------------------------------------------


class PingParameters(ActionParameters):
    """What sms.ping takes."""

    word: Annotated[str, needed("DT-ping")] = Field(description="What is sent back.", examples=["hello"])


def ping(tx: Tx, exchange: VendorExchange) -> Response:
    """Sends a word back."""
    given = exchange.parameters(PingParameters)
    exchange.rules = ("DT-auth", "DT-ping")
    return Response(f"<pong>{given.word}</pong>", media_type="text/xml; charset=UTF-8")


PING = Action(
    name="sms.ping",
    parameters=PingParameters,
    about={"account": "access_key", "text": "word"},
    function=ping,
    rules=(SandboxRule("DT-ping", "sms.ping sends its word back.", (assumed("all of it", "made up"),)),),
)
VENDORS = (WRITEBACK, SIMPLEPAY, DIALOGTECH.with_action(PING), TOY)
