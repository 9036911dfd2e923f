"""The descriptions of the APIs as files that other programs send calls from: Postman's, and `.http` of editors.

They hold no data: their variables are the documents' examples. Filled in for a workspace they have its credentials, so
that whoever asks for that may drive it.
"""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dialog_sandbox.models.messages import Message
from sandbox.clock import SECOND
from sandbox.server.answers.messages import message_of
from sandbox.server.answers.workspaces import workspace_now
from sandbox.server.control.dependencies import WorkspaceAccess
from sandbox.server.exports import http_format
from sandbox.server.exports.described_calls import DescribedApi, api_of
from sandbox.server.exports.http_collection import http_collection_of
from sandbox.server.exports.postman import postman_of
from sandbox.server.exports.variables import variables_of
from sandbox.server.guard import COLLECTIONS, MAY_DRIVE, TOKEN_NEEDED
from sandbox.server.openapi import OURS
from sandbox.server.problems import Problem
from sandbox.server.public_address import public_url_of
from sandbox.store import Tx
from sandbox.world.lines import console_line
from sandbox.world.messages.accept import OUTBOUND
from sandbox.world.messages.search import MessageFilters, newest_message
from sandbox.world.workspaces.find import account

CONTROL = "control"
WORKSPACE = "workspace"
DAYS_OF_RANGE = 6
"""With the day that it ends with, as many as Writeback takes."""


def routes(document_of: Callable[[str], dict[str, Any]], vendors: Iterable[str]) -> list[BaseRoute]:
    """Return the routes of the collections. `document_of`: an API's OpenAPI document, by its name."""
    names = (*vendors, CONTROL)

    async def requested_api(request: Request) -> tuple[DescribedApi, dict[str, str]]:
        name = request.path_params["api"]
        if name not in names:
            detail = f"There is no such collection: take one of {', '.join(names)}."
            raise Problem(404, "Unknown vendor", detail)
        is_control = name == CONTROL
        api = api_of(document_of(OURS if is_control else name), takes_token=is_control)
        workspace = request.query_params.get(WORKSPACE)
        own = {} if workspace is None else await _own(request, workspace)
        return api, variables_of(api, public_url_of(request), own)

    async def show_postman(request: Request) -> Response:
        content = postman_of(*await requested_api(request))
        written = json.dumps(content, indent=1, ensure_ascii=False).encode()
        return _download(request, written, "application/json")

    async def show_http_file(request: Request) -> Response:
        return _download(request, http_collection_of(*await requested_api(request)), http_format.MEDIA_TYPE)

    return [
        Route(COLLECTIONS + "{api}.postman.json", show_postman),
        Route(COLLECTIONS + "{api}.http", show_http_file),
    ]


async def _own(request: Request, workspace: str) -> dict[str, str]:
    if not request.scope[MAY_DRIVE]:
        raise TOKEN_NEEDED
    return await WorkspaceAccess(request.app.state.store, workspace).read(own_values)


def own_values(tx: Tx) -> dict[str, str]:
    """Return what the entered workspace has of the parameters that the APIs take, by their names."""
    info = workspace_now(tx)
    today = datetime.fromtimestamp(tx.now / SECOND, UTC)
    first = today - timedelta(days=DAYS_OF_RANGE)
    values = {
        "ws": info.name,
        "username": info.basic.username,
        "password": info.basic.password,
        "startTimestamp": f"{first:%Y-%m-%d} 00:00:00",
        "endTimestamp": f"{today:%Y-%m-%d} 23:59:59",
        "start_date": f"{first:%Y%m%d}",
        "end_date": f"{today:%Y%m%d}",
    }
    for console in info.consoles[:1]:
        values |= {"consoleCode": console.code, "code": console.code, "From": console.line}
        sent = _newest(tx, MessageFilters(direction=OUTBOUND, console=console_line(tx, console.code).console_id))
        if sent is not None:
            values |= dict.fromkeys(("To", "msisdn", "phone"), sent.to)
            values |= {"message_id": sent.id, "messageId": sent.ids.sid or ""}
    for customer in info.accounts[:1]:
        values |= {"access_key": customer.access_key, "secret_access_key": customer.secret_access_key}
        values["number"] = next(iter(customer.tracking_numbers), "")
        shown = _newest(tx, MessageFilters(account=account(tx, customer.access_key).id))
        if shown is not None:
            values["msg_id"] = shown.ids.msg_id or ""
    return values


def _newest(tx: Tx, filters: MessageFilters) -> Message | None:
    row = newest_message(tx, filters)
    return None if row is None else message_of(tx, row)


def _download(request: Request, content: bytes, media_type: str) -> Response:
    name = request.url.path.rpartition("/")[2]
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, headers=headers, media_type=media_type)
