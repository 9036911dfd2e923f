"""Sinks: receivers of the sandbox's own to point a StatusCallback at."""

import json
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Path, Request, Response

from dialog_sandbox.models.base import DeletedResponse
from dialog_sandbox.models.callbacks import PutSinkRequest, SinkInfo, SinkRequest, SinkUrl
from dialog_sandbox.models.values import SINK_NAME
from sandbox.clock import SECOND
from sandbox.server.answers.values import seconds, timestamp
from sandbox.server.callback_sender import SINKS, answer_of, keeping
from sandbox.server.control.dependencies import WorkspaceDep
from sandbox.server.control.http import WORKSPACE, ControlRequest, control_router
from sandbox.server.problems import Problem, refusals
from sandbox.server.public_address import public_url_of
from sandbox.store import Store, Tx
from sandbox.store.tables import SinkRequestRow, SinkRow
from sandbox.vendors.base.multipart import MOST_FIELDS
from sandbox.world import sinks

router = control_router("", "Callbacks")

Name = Annotated[str, Path(description="Letters, digits, - and _.", pattern=SINK_NAME, examples=["mine"])]
FORM = "application/x-www-form-urlencoded"


@router.put(WORKSPACE + "/sinks/{name}", responses=refusals(409))
async def put_sink(request: Request, ws: WorkspaceDep, name: Name, body: PutSinkRequest | None = None) -> SinkUrl:
    """Makes a receiver, or changes what it answers. Its URL cannot be guessed, and a callback may always go there."""
    wanted = body or PutSinkRequest()
    delay = round(wanted.delay * SECOND)
    sink = await ws.write(lambda tx: sinks.put_sink(tx, name, status=wanted.status, delay=delay))
    return SinkUrl(url=_url(request, sink))


@router.get(WORKSPACE + "/sinks/{name}")
async def show_sink(request: Request, ws: WorkspaceDep, name: Name) -> SinkInfo:
    """What a receiver got, the oldest first; it keeps the last 1,000, 16 MB of them, and 64 KB of a body."""

    def work(tx: Tx) -> SinkInfo:
        sink = sinks.find_sink(tx, name)
        received = [*map(_received, sinks.received(tx, sink))]
        url, delay = _url(request, sink), seconds(sink.delay)
        return SinkInfo(name=name, url=url, status=sink.status, delay=delay, received=received)

    return await ws.read(work)


@router.delete(WORKSPACE + "/sinks/{name}")
async def empty_sink(ws: WorkspaceDep, name: Name) -> DeletedResponse:
    """Forgets what a receiver got; it goes on receiving."""
    deleted = await ws.write(lambda tx: sinks.drop_received(tx, sinks.find_sink(tx, name)))
    return DeletedResponse(deleted=deleted)


async def receive(plain: Request) -> Response:
    """Takes whatever comes, and answers with the sink's status."""
    request = ControlRequest(plain.scope, plain.receive)
    store: Store = request.app.state.store
    token = request.path_params["token"]
    if await store.read(lambda tx: sinks.by_token(tx, token)) is None:  # whose body shall not be read
        raise _unknown_sink()
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.scope["headers"]]
    query = request.scope["query_string"].decode("latin-1")
    body = (await request.body()).decode(errors="replace")
    sink = await store.write(keeping(token, request.method, query, headers, body))
    if sink is None:
        raise _unknown_sink()
    return Response(status_code=await answer_of(sink))


# Not an endpoint of the control API, which would mind what it does not know.
router.add_route(SINKS + "{token}", receive, methods=["POST", "GET", "PUT"], include_in_schema=False)


def _unknown_sink() -> Problem:
    return Problem(404, "Unknown sink", "There is no such sink: PUT one, and take the URL that it answers.")


def _url(request: Request, sink: SinkRow) -> str:
    return f"{public_url_of(request)}{SINKS}{sink.token}"


def _received(row: SinkRequestRow) -> SinkRequest:
    headers: list[list[str]] = json.loads(row.headers)
    kind = next((value for name, value in headers if name.lower() == "content-type"), "")
    body, is_cut = sinks.cut_body(row.body)
    is_form = kind.partition(";")[0].strip().lower() == FORM and not is_cut and body.count("&") < MOST_FIELDS
    return SinkRequest(
        at=timestamp(row.at),
        method=row.method,
        query=row.query,
        headers=headers,
        body=body,
        truncated=is_cut,
        form=dict(parse_qsl(body, keep_blank_values=True)) if is_form else None,
    )
