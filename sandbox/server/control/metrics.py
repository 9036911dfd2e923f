"""Metrics: what Prometheus reads."""

from fastapi import Request
from starlette.responses import Response

from sandbox.server.control.dependencies import CountsDep, JournalDep, StoreDep
from sandbox.server.control.http import control_router
from sandbox.server.version import our_version
from sandbox.store.tables import SCHEMA
from sandbox.world.totals import count_all

router = control_router("/_sandbox", "Engine")
TEXTS = {media_type: {"schema": {"type": "string"}} for media_type in ("text/plain", "application/openmetrics-text")}


@router.get("/metrics", response_class=Response, responses={200: {"content": TEXTS}})
async def show_metrics(request: Request, store: StoreDep, journal: JournalDep, counts: CountsDep) -> Response:
    """What Prometheus reads: requests, how long they took, callbacks by state, workspaces, messages, the database."""
    from sandbox.server.metrics import Metrics, rendered  # noqa: PLC0415  (50 ms that only who watches need spend)

    await journal.flush()
    about = {"version": our_version(), "schema": str(SCHEMA), "database": "sqlite" if store.is_sqlite else "postgresql"}
    metrics = Metrics(about, counts.of_all(), await count_all(store), await store.size())
    text, media_type = rendered(metrics, request.headers.get("accept", ""))
    return Response(text, media_type=media_type, headers={"Cache-Control": "no-store"})
