"""The control API: what a test, a demo or a person turns. One file a section; `control_app` joins them."""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, cast

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.server.checks import checks_for
from sandbox.server.control.dependencies import WorkspaceAccess
from sandbox.server.control.http import refused_values
from sandbox.server.control.near_paths import path_meant
from sandbox.server.database_file import DatabaseFile
from sandbox.server.events import Hub
from sandbox.server.guard import HEALTH, IS_HEAD, PREFIX, UI, Guard, asks_for_no_token, wants_page
from sandbox.server.journal import Journal
from sandbox.server.problems import Problem, internal_error, of_world, store_unavailable
from sandbox.server.public_address import prefix_of
from sandbox.server.request_counts import RequestCounts
from sandbox.server.ticker import Ticker
from sandbox.server.version import our_version
from sandbox.settings import Settings
from sandbox.store import Store, StoreUnavailable
from sandbox.vendors.base.vendor import Vendor
from sandbox.world.errors import UnknownWorkspace, WorldError


def control_app(
    *,
    store: Store,
    settings: Settings,
    vendors: Sequence[Vendor],
    journal: Journal,
    ticker: Ticker,
    hub: Hub,
    counts: RequestCounts,
    telemetry: TelemetryConfig,
    is_stopping: Callable[[], bool],
) -> ASGIApp:
    """Return the control API, with its descriptions, the console and the way to it."""
    state = {
        "store": store,
        "database_file": DatabaseFile(store.path) if store.is_sqlite else None,
        "settings": settings,
        "vendors": vendors,
        "journal": journal,
        "ticker": ticker,
        "hub": hub,
        "counts": counts,
        "telemetry": telemetry,
        "is_stopping": is_stopping,
        "checks": checks_for(vendors),
    }
    return Guard(Control(state), settings)


class Control:
    """The control API. It is built when it is first called, health apart: no start and no vendor call waits for it."""

    def __init__(self, state: Mapping[str, Any]) -> None:
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._health if scope["path"].startswith(HEALTH) else self._whole
        await app(scope, receive, send)

    @cached_property
    def _health(self) -> ASGIApp:
        from sandbox.server.control import health  # noqa: PLC0415  (as the class says)

        return application(self._state, health.router.routes)

    @cached_property
    def _whole(self) -> ASGIApp:
        return application(self._state, every_route(self._state["settings"], self._state["vendors"]))


def application(state: Mapping[str, Any], routes: Sequence[BaseRoute]) -> ASGIApp:
    """Return routes as an app that refuses everything else by a problem."""
    app = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=state["telemetry"],
        exception_handlers={
            Problem: _problem,
            WorldError: _world_error,
            RequestValidationError: _refused_values,
            HTTPException: _no_such_call,
            StoreUnavailable: _store_unavailable,
            Exception: _internal_error,
        },
    )
    for name, value in state.items():
        setattr(app.state, name, value)
    app.router.routes[:] = routes
    return app


def every_route(settings: Settings, vendors: Sequence[Vendor]) -> list[BaseRoute]:
    """Return the sections of the control API, their description, the vendors', and the pages for people."""
    # They take longer to import and to build than a vendor's first answer may take.
    from sandbox.server import docs, llms_text, openapi, pages  # noqa: PLC0415  (see above)
    from sandbox.server.agents import endpoint as agents  # noqa: PLC0415  (see above)
    from sandbox.server.control import (  # noqa: PLC0415  (see above)
        callbacks,
        clock,
        collections,
        consents,
        delivery,
        engine,
        events,
        exports,
        faults,
        health,
        journal,
        limits,
        messages,
        metrics,
        people,
        phones,
        report,
        sinks,
        snapshots,
        stories,
        verify,
        workspaces,
    )

    sections = (
        *(health, engine, metrics, limits, workspaces, people, phones, events, messages, consents, delivery, clock),
        *(callbacks, sinks, faults, stories, journal, verify, report, exports, snapshots),
    )
    ours = [route for section in sections for route in section.router.routes]
    is_open = asks_for_no_token(settings)
    document_of = openapi.documents_of(ours, vendors, our_version(), is_open=is_open)
    described = (
        *openapi.routes(document_of),
        *collections.routes(document_of, [vendor.name for vendor in vendors]),
        *agents.routes(document_of),
    )
    return [*ours, *described, *docs.ROUTES, *llms_text.ROUTES, *pages.ROUTES]


async def _problem(_: Request, error: Exception) -> Response:
    return cast(Problem, error).response()


async def _world_error(_: Request, error: Exception) -> Response:
    return (of_world(cast(WorldError, error)) or internal_error()).response()


async def _refused_values(request: Request, error: Exception) -> Response:
    """Refuse what was given, unless there is not even the workspace that the path names."""
    name = request.path_params.get("ws")
    if name is not None:
        try:
            await request.app.state.store.read(WorkspaceAccess(request.app.state.store, name).find)
        except UnknownWorkspace as unknown:
            return await _world_error(request, unknown)
    return refused_values(cast(RequestValidationError, error), request.scope["route"]).response()


async def _store_unavailable(_: Request, error: Exception) -> Response:
    logging.getLogger(__name__).error("The store did not answer a call of the control API.", exc_info=error)
    return store_unavailable().response()


async def _internal_error(_: Request, __: Exception) -> Response:
    return internal_error().response()


async def _no_such_call(request: Request, _: Exception) -> Response:
    """Refuse what the framework finds no path for, or not this method of it."""
    allowed = sorted({method for route in request.app.routes for method in _methods(route, request)})
    if allowed:
        method = "HEAD" if request.scope.get(IS_HEAD) else request.method
        detail = f"Method {method} is not allowed here: use {' or '.join(allowed)}."
        return Problem(405, "Wrong method", detail, {"Allow": ", ".join(allowed)}).response()
    if request.scope["path"] in (PREFIX, f"{PREFIX}/") and request.method == "GET" and wants_page(request.headers):
        return RedirectResponse(prefix_of(request) + UI, 307)
    meant = path_meant(request.scope["path"], [getattr(route, "path", "") for route in request.app.routes])
    question = f"did you mean {meant}? " if meant else ""
    detail = f"There is no such path: {question}{PREFIX}/docs lists those there are."
    return Problem(404, "Unknown path", detail).response()


def _methods(route: BaseRoute, request: Request) -> set[str]:
    """Return those that this route takes, if it is of the path that was asked for; HEAD comes with GET."""
    match, _ = route.matches(request.scope)
    taken: set[str] = set() if match == Match.NONE else set(getattr(route, "methods", None) or ())
    return taken | {"HEAD"} if "GET" in taken else taken
