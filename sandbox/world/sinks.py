"""Sinks: receivers of our own to point a callback at, and what they got."""

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import LargeBinary, bindparam, cast, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from sandbox.world import models
from sandbox.world.errors import UnknownSink
from sandbox.world.ids import secret
from sandbox.world.store import Statement, inserting, table

if TYPE_CHECKING:
    from sandbox.world import WorkspaceView, World

MOST = 1000
"""Requests that a sink keeps; the oldest go first."""
MOST_BYTES = 16 * 1024 * 1024
"""Of all these together."""
LONGEST_BODY = 64 * 1024
"""Bytes of one that are kept; the journal keeps as much."""
LITTLE = 4 * 1024
"""Bytes of a request that is not weighed, since that takes longer than keeping it: as many as are kept make 4 MB, and
room is left for those."""
ONE_CHARACTER = 4
"""Bytes of UTF-8, at most."""

SINKS = table(models.Sink)
REQUESTS = table(models.SinkRequest)
WORKSPACES = table(models.Workspace)
_new = insert(SINKS).values({name: bindparam(name) for name in models.Sink.model_fields})
PUT = Statement(
    _new.on_conflict_do_update(
        index_elements=[SINKS.c.workspace_id, SINKS.c.name],
        set_={"status": _new.excluded.status, "delay": _new.excluded.delay},
    )
)
BY_NAME = Statement(
    select(SINKS).where(SINKS.c.workspace_id == bindparam("workspace_id"), SINKS.c.name == bindparam("name"))
)
BY_TOKEN = Statement(select(SINKS).where(SINKS.c.token == bindparam("token")))
INSERT_REQUEST = inserting(models.SinkRequest)
OF_SINK = (REQUESTS.c.workspace_id == bindparam("workspace_id"), REQUESTS.c.sink == bindparam("sink"))
RECEIVED = Statement(select(REQUESTS).where(*OF_SINK).order_by(REQUESTS.c.id))
FORGET = Statement(delete(REQUESTS).where(*OF_SINK))
LAST_TO_GO = select(REQUESTS.c.id).where(*OF_SINK).order_by(REQUESTS.c.id.desc()).offset(bindparam("most")).limit(1)
FORGET_OLD = Statement(delete(REQUESTS).where(*OF_SINK, REQUESTS.c.id <= LAST_TO_GO.scalar_subquery()))
WEIGHTS = (
    select(
        REQUESTS.c.id,
        func.sum(
            func.length(cast(REQUESTS.c.body, LargeBinary))
            + func.length(cast(REQUESTS.c.headers, LargeBinary))
            + func.length(cast(REQUESTS.c.query, LargeBinary))
        )
        .over(order_by=REQUESTS.c.id.desc())
        .label("so_far"),
    )
    .where(*OF_SINK)
    .subquery()
)
"""Of each request and all younger ones, in bytes."""
HEAVIEST_TO_GO = select(func.max(WEIGHTS.c.id)).where(WEIGHTS.c.so_far > bindparam("most_bytes"))
FORGET_HEAVY = Statement(delete(REQUESTS).where(*OF_SINK, REQUESTS.c.id <= HEAVIEST_TO_GO.scalar_subquery()))

SinkRow = dict[str, Any]
"""A row of `models.Sink` by column name."""


def put(world: "World", workspace_id: int, name: str, *, status: int, delay: int) -> SinkRow:
    """Makes it, or changes what it answers; `delay` in ms. Belongs in a transaction."""
    world.store.run(PUT, workspace_id=workspace_id, name=name, token=secret(32), status=status, delay=delay)
    return find(world, workspace_id, name)


def find(world: "World", workspace_id: int, name: str) -> SinkRow:
    row = world.store.one(BY_NAME, workspace_id=workspace_id, name=name)
    if row is None:
        raise UnknownSink("There is no sink of that name in this workspace: make it with PUT.")
    return dict(zip(SINKS.c.keys(), row, strict=True))


def by_token(world: "World", token: str) -> SinkRow | None:
    row = world.store.one(BY_TOKEN, token=token)
    return dict(zip(SINKS.c.keys(), row, strict=True)) if row else None


def receive(
    world: "World",
    workspace: "WorkspaceView",
    sink: SinkRow,
    *,
    method: str,
    query: str,
    headers: list[tuple[str, str]],
    body: str,
) -> None:
    """Keeps a request, of a long body the beginning. Belongs in a transaction."""
    n = world.take(workspace.id, "sink_request")
    # One character more than is shown tells that it was cut.
    start = body.encode()[: LONGEST_BODY + ONE_CHARACTER]
    written = json.dumps(headers)
    world.store.add(
        INSERT_REQUEST,
        {
            "workspace_id": workspace.id,
            "id": n,
            "sink": sink["name"],
            "at": world.now(workspace),
            "method": method,
            "query": query,
            "headers": written,
            "body": start.decode(errors="ignore"),
        },
    )
    world.store.run(FORGET_OLD, workspace_id=workspace.id, sink=sink["name"], most=MOST)
    if len(start) + len(written) + len(query) > LITTLE:
        room = MOST_BYTES - MOST * LITTLE
        world.store.run(FORGET_HEAVY, workspace_id=workspace.id, sink=sink["name"], most_bytes=room)


def shown_of(body: str) -> tuple[str, bool]:
    """As much of a kept body as is shown, and whether it was cut."""
    raw = body.encode()
    return raw[:LONGEST_BODY].decode(errors="ignore"), len(raw) > LONGEST_BODY


def received(world: "World", sink: SinkRow) -> list[dict[str, Any]]:
    """What it got, the oldest first."""
    rows = world.store.all(RECEIVED, workspace_id=sink["workspace_id"], sink=sink["name"])
    return [dict(zip(REQUESTS.c.keys(), row, strict=True)) for row in rows]


def forget(world: "World", sink: SinkRow) -> int:
    """Drops what it got: how many. Belongs in a transaction."""
    return world.store.run(FORGET, workspace_id=sink["workspace_id"], sink=sink["name"]).rowcount
