"""Sinks: receivers of the sandbox's own to point a StatusCallback at."""

import json
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import Path, Request, Response

from sandbox.dependencies import WorkspaceDep, WorldDep
from sandbox.server.control import shapes, shown
from sandbox.server.control.http import WORKSPACE, ControlRequest, answer, control_router
from sandbox.server.control.values import SINK_NAME
from sandbox.server.problems import Problem
from sandbox.server.sending import SINKS, received
from sandbox.world import World, sinks
from sandbox.world.clock import SECOND, rfc3339

router = control_router("", "Callbacks")

Name = Annotated[str, Path(description="Letters, digits, - and _.", pattern=SINK_NAME, examples=["mine"])]
FORM = "application/x-www-form-urlencoded"


@router.put(WORKSPACE + "/sinks/{name}", response_model=shapes.SinkUrl)
async def put_sink(
    request: Request, world: WorldDep, workspace: WorkspaceDep, name: Name, body: shapes.NewSink | None = None
) -> Response:
    """Makes a receiver, or changes what it answers. Its URL cannot be guessed, and a callback may always go there."""
    given = body or shapes.NewSink()
    with world.store.writing():
        sink = sinks.put(world, workspace.id, name, status=given.status, delay=round(given.delay * SECOND))
    return answer({"url": _url(request, sink)})


@router.get(WORKSPACE + "/sinks/{name}", response_model=shapes.Sink)
async def show_sink(request: Request, world: WorldDep, workspace: WorkspaceDep, name: Name) -> Response:
    """What a receiver got, the oldest first; it keeps the last 1,000, 16 MB of them, and 64 KB of a body."""
    sink = sinks.find(world, workspace.id, name)
    return answer(
        {
            "name": name,
            "url": _url(request, sink),
            "status": sink["status"],
            "delay": shown.seconds(sink["delay"]),
            "received": [_received(row) for row in sinks.received(world, sink)],
        }
    )


@router.delete(WORKSPACE + "/sinks/{name}", response_model=shapes.Deleted)
async def empty_sink(world: WorldDep, workspace: WorkspaceDep, name: Name) -> Response:
    """Forgets what a receiver got; it goes on receiving."""
    with world.store.writing():
        n = sinks.forget(world, sinks.find(world, workspace.id, name))
    return answer({"deleted": n})


async def receive(plain: Request) -> Response:
    """Takes whatever comes, and answers with the sink's status."""
    request = ControlRequest(plain.scope, plain.receive)
    world: World = request.app.state.world
    sink = sinks.by_token(world, request.path_params["token"])
    if sink is None:
        raise Problem(404, "Unknown sink", "There is no such sink: PUT one, and take the URL that it answers.")
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.scope["headers"]]
    query = request.scope["query_string"].decode("latin-1")
    body = (await request.body()).decode(errors="replace")
    return Response(status_code=await received(world, sink, request.method, query, headers, body))


# Not an endpoint of the control API, which would mind what it does not know.
router.add_route(SINKS + "{token}", receive, methods=["POST", "GET", "PUT"], include_in_schema=False)


def _url(request: Request, sink: sinks.SinkRow) -> str:
    return f"{request.url.scheme}://{request.url.netloc}{SINKS}{sink['token']}"


def _received(row: dict[str, Any]) -> dict[str, Any]:
    headers: list[list[str]] = json.loads(row["headers"])
    kind = next((value for name, value in headers if name.lower() == "content-type"), "")
    body, is_cut = sinks.shown_of(row["body"])
    is_form = not is_cut and kind.partition(";")[0].strip().lower() == FORM
    return {
        "at": rfc3339(row["at"]),
        "method": row["method"],
        "query": row["query"],
        "headers": headers,
        "body": body,
        "truncated": is_cut,
        "form": dict(parse_qsl(body, keep_blank_values=True)) if is_form else None,
    }
