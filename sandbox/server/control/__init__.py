"""The control API: what a test, a demo or a person turns."""

import logging
import sqlite3
from functools import cached_property
from typing import cast

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.server.control.http import refused_values
from sandbox.server.events import Hub
from sandbox.server.guard import HEALTH, PREFIX, Guard, asks_for_no_token
from sandbox.server.problems import Problem, no_store, of_world, our_fault
from sandbox.settings import Settings
from sandbox.vendors import VENDORS
from sandbox.world import World
from sandbox.world.errors import WorldError


def control_app(world: World, settings: Settings, hub: Hub) -> ASGIApp:
    """Everything that is no vendor's to answer: the control API, its descriptions, and paths that lead nowhere."""
    return Guard(Control(world, settings, hub), settings)


class Control:
    """The control API. It is built when it is first called, health apart: no start and no vendor call waits for it."""

    def __init__(self, world: World, settings: Settings, hub: Hub) -> None:
        self._world = world
        self._hub = hub
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._health if scope["path"].startswith(HEALTH) else self._whole
        await app(scope, receive, send)

    @cached_property
    def _health(self) -> ASGIApp:
        from sandbox.server.control import health  # noqa: PLC0415

        return application(self._world, self._hub, health.router.routes)

    @cached_property
    def _whole(self) -> ASGIApp:
        return application(self._world, self._hub, every_route(self._settings))


def application(world: World, hub: Hub, routes: list[BaseRoute]) -> ASGIApp:
    """Routes as an app that refuses everything else by a problem."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.world = world
    app.state.hub = hub
    app.router.routes[:] = routes
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(WorldError, _world_error)
    app.add_exception_handler(RequestValidationError, _refused_values)
    app.add_exception_handler(HTTPException, _no_such_call)
    app.add_exception_handler(sqlite3.Error, _no_store)
    app.add_exception_handler(Exception, _our_fault)
    return app


def every_route(settings: Settings) -> list[BaseRoute]:
    """The sections of the control API, their description, the vendors', and the pages for people."""
    from sandbox.server import docs, openapi, pages  # noqa: PLC0415
    from sandbox.server.control import (  # noqa: PLC0415
        callbacks,
        clock,
        consents,
        delivery,
        engine,
        events,
        faults,
        health,
        journal,
        messages,
        people,
        phones,
        sinks,
        snapshots,
        stories,
        verify,
        workspaces,
    )

    sections = (
        *(health, engine, workspaces, people, phones, events, messages, consents, delivery, clock),
        *(callbacks, sinks, faults, stories, journal, verify, snapshots),
    )
    ours = [route for section in sections for route in section.router.routes]
    documents = openapi.routes(ours, engine.our_version(), is_open=asks_for_no_token(settings))
    return [*ours, *documents, *docs.ROUTES, *pages.ROUTES]


async def _problem(_: Request, error: Exception) -> Response:
    return cast(Problem, error).response()


async def _world_error(_: Request, error: Exception) -> Response:
    return (of_world(cast(WorldError, error)) or our_fault()).response()


async def _refused_values(request: Request, error: Exception) -> Response:
    return refused_values(cast(RequestValidationError, error), request.scope["route"]).response()


async def _no_store(_: Request, error: Exception) -> Response:
    logging.getLogger(__name__).error("The store did not answer a call of the control API.", exc_info=error)
    return no_store().response()


async def _our_fault(_: Request, __: Exception) -> Response:
    return our_fault().response()


async def _no_such_call(request: Request, _: Exception) -> Response:
    """The framework finds no such path, or not this method of it."""
    allowed = sorted({method for route in request.app.routes for method in _methods(route, request)})
    if allowed:
        detail = f"Method {request.method} is not allowed here: use {' or '.join(allowed)}."
        return Problem(405, "Wrong method", detail, {"Allow": ", ".join(allowed)}).response()
    return Problem(404, "Unknown path", _where_to_look(request.scope["path"])).response()


def _methods(route: BaseRoute, request: Request) -> set[str]:
    """Those that this route takes, if it is of the path that was asked for; HEAD comes with GET."""
    match, _ = route.matches(request.scope)
    taken: set[str] = set() if match == Match.NONE else set(getattr(route, "methods", None) or ())
    return taken | {"HEAD"} if "GET" in taken else taken


def _where_to_look(path: str) -> str:
    if path == PREFIX or path.startswith(f"{PREFIX}/"):
        return f"There is no such path: {PREFIX}/docs lists those there are."
    vendors = ", ".join(f"{vendor.name} at {vendor.prefix}" for vendor in VENDORS)
    return f"There is no such path. The APIs are {vendors}; the control API is at {PREFIX}."
