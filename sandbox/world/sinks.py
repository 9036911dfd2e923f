"""Sinks: receivers of our own to point a callback at, and what they got."""

import json

from sqlalchemy import bindparam, delete, func, select

from sandbox.store import Query, Tx
from sandbox.store.tables import SINK_REQUESTS, SINKS, WORKSPACES, SinkRequestRow, SinkRow
from sandbox.store.workspace_view import IS_VISIBLE
from sandbox.world import limits
from sandbox.world.errors import UnknownSink
from sandbox.world.ids import secret
from sandbox.world.workspaces.find import by_world

MOST = 1000
"""Requests that a sink keeps; the oldest go first."""
MOST_BYTES = 16 * 1024 * 1024
"""Of all these together."""
LONGEST_BODY = 64 * 1024
"""Bytes of one that are kept; the journal keeps as much."""
SMALL = 4 * 1024
"""Bytes of a request that is not weighed, since that takes longer than keeping it: as many as are kept make 4 MB, and
room is left for those."""
ONE_CHARACTER = 4
"""Bytes of UTF-8, at most."""

OF_SINK = (SINK_REQUESTS.c.workspace_id == bindparam("ws"), SINK_REQUESTS.c.sink == bindparam("of"))
BY_TOKEN = Query(
    SinkRow,
    select(SINKS)
    .join(WORKSPACES, (WORKSPACES.c.world == SINKS.c.workspace_id) & IS_VISIBLE)
    .where(SINKS.c.token == bindparam("token")),
)
RECEIVED = Query(SinkRequestRow, select(SINK_REQUESTS).where(*OF_SINK).order_by(SINK_REQUESTS.c.id))
DELETE = delete(SINK_REQUESTS).where(*OF_SINK)
LAST_TO_GO = (
    select(SINK_REQUESTS.c.id)
    .where(*OF_SINK)
    .order_by(SINK_REQUESTS.c.id.desc())
    .offset(bindparam("most"))
    .limit(1)
    .scalar_subquery()
)
DELETE_OLD = delete(SINK_REQUESTS).where(*OF_SINK, SINK_REQUESTS.c.id <= LAST_TO_GO)
WEIGHTS = (
    select(
        SINK_REQUESTS.c.id,
        func.sum(SINK_REQUESTS.c.size).over(order_by=SINK_REQUESTS.c.id.desc()).label("so_far"),
    )
    .where(*OF_SINK)
    .subquery()
)
"""Of each request and all younger ones, in bytes."""
HEAVIEST_TO_GO = select(func.max(WEIGHTS.c.id)).where(WEIGHTS.c.so_far > bindparam("most_bytes")).scalar_subquery()
DELETE_HEAVY = delete(SINK_REQUESTS).where(*OF_SINK, SINK_REQUESTS.c.id <= HEAVIEST_TO_GO)


def put_sink(tx: Tx, name: str, *, status: int, delay: int) -> SinkRow:
    """Make a sink, or change what it answers; `delay` in ms. Raises `TooManySinks`."""
    sink = tx.get(SinkRow, name)
    if sink is None:
        limits.check_sinks(tx)
        sink = SinkRow(workspace_id=tx.ws, name=name, token=secret(32), status=status, delay=delay)
        tx.add(sink)
    else:
        tx.update(sink, status=status, delay=delay)
    return sink


def find_sink(tx: Tx, name: str) -> SinkRow:
    """Return the workspace's sink of that name; raises `UnknownSink`."""
    sink = tx.get(SinkRow, name)
    if sink is None:
        raise UnknownSink("There is no sink of that name in this workspace: make it with PUT.")
    return sink


def by_token(tx: Tx, token: str) -> SinkRow | None:
    """Return the sink of any workspace that has the token."""
    return tx.one(BY_TOKEN, token=token)


def receive(tx: Tx, sink: SinkRow, *, method: str, query: str, headers: list[tuple[str, str]], body: str) -> None:
    """Keep a request, of a long body the beginning. Enters the sink's workspace."""
    tx.enter(by_world(tx, sink.workspace_id))
    # One character more than is shown tells that it was cut.
    start = body.encode()[: LONGEST_BODY + ONE_CHARACTER]
    pairs = json.dumps(headers)
    size = len(start) + len(pairs) + len(query.encode())
    request = SinkRequestRow(
        workspace_id=tx.ws,
        id=tx.next_id("sink_request"),
        sink=sink.name,
        at=tx.now,
        method=method,
        query=query,
        headers=pairs,
        body=start.decode(errors="ignore"),
        size=size,
    )
    tx.add(request)
    tx.execute(DELETE_OLD, of=sink.name, most=MOST)
    if size > SMALL:
        tx.execute(DELETE_HEAVY, of=sink.name, most_bytes=MOST_BYTES - MOST * SMALL)


def cut_body(body: str) -> tuple[str, bool]:
    """Return as much of a kept body as is shown, and whether it was cut."""
    raw = body.encode()
    return raw[:LONGEST_BODY].decode(errors="ignore"), len(raw) > LONGEST_BODY


def received(tx: Tx, sink: SinkRow) -> list[SinkRequestRow]:
    """Return what a sink of the workspace got, the oldest first."""
    return tx.all(RECEIVED, of=sink.name)


def drop_received(tx: Tx, sink: SinkRow) -> int:
    """Delete what a sink of the workspace got; return how many requests."""
    return tx.execute(DELETE, of=sink.name)
