"""The server without a socket, as the pytest fixture `sandbox_app` gives it: beside the test's event loop, not in it.

A test may run in any loop, in several one after the other, and in trio's. The server needs one of asyncio for as long
as it lives, so it has that in a thread, and calls come over.
"""

import _thread
import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from os import PathLike, fspath
from queue import SimpleQueue
from typing import Any

import anyio.from_thread
import anyio.to_thread
from anyio.abc import TaskGroup
from anyio.from_thread import BlockingPortal, start_blocking_portal
from pydantic import ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dialog_sandbox.arguments import create_members
from dialog_sandbox.models.workspaces import CreateWorkspaceRequest
from sandbox.app import Sandbox, create_app
from sandbox.server.answers.values import optional_milliseconds
from sandbox.server.checks import checking, checks_for
from sandbox.server.control.delivery import delivery_columns
from sandbox.server.control.http import refused_body
from sandbox.server.targets import BadTarget
from sandbox.settings import BadSetting, read_settings
from sandbox.store import StoreRefused, Tx
from sandbox.vendors import VENDORS
from sandbox.world.errors import FixtureRefused
from sandbox.world.workspaces.change import change_workspace
from sandbox.world.workspaces.create import note_first
from sandbox.world.workspaces.find import DEFAULT, find_workspace

OF_OTHER_SERVERS: dict[str, Any] = {
    **dict.fromkeys(("database", "public_url", "tls_cert", "tls_key", "tls_dir")),
    "demo": False,
    "tls": False,
    "trusted_proxies": (),
    "workers": 1,
}
"""Whatever the environment says of them."""
Errand = tuple[Callable[..., Awaitable[Any]], tuple[Any, ...], "Future[Any]"]
"""What the server has a caller's loop do, and where the result goes."""


class NoApp(Exception):
    """The application is not to be had here, or not as it is wanted; the text says why."""


@contextmanager
def fixture_app(*, fixture: str | PathLike[str] | None = None, **others: Any) -> Iterator["ThreadedApp"]:
    """Give a server whose workspace `default` is made with what `create_workspace` takes. Raises `NoApp`."""
    if _thread.start_new_thread.__module__ != "_thread":
        raise NoApp(
            "sandbox_app needs a thread of its own, and gevent, eventlet or the like has replaced threads here: use the"
            " fixture sandbox, whose server is another process."
        )
    wanted = _wanted(fixture, others)
    try:
        settings = read_settings(
            **OF_OTHER_SERVERS,
            fixture=wanted.fixture if fixture is None else fspath(fixture),
            seed=wanted.seed,
            start_at=optional_milliseconds(wanted.start_at),
        )
    except BadSetting as error:
        raise NoApp(str(error)) from None

    def make() -> Sandbox:
        app = create_app(settings)
        app.store.write_now(make_as_wanted)
        return app

    def make_as_wanted(tx: Tx) -> None:
        tx.enter(find_workspace(tx, DEFAULT))
        policy = delivery_columns(wanted.delivery) if "delivery" in wanted.model_fields_set else {}
        change_workspace(tx, clock_frozen=wanted.clock == "frozen", **policy)
        note_first(tx)

    with start_blocking_portal("asyncio") as portal:
        try:
            app = portal.call(make)  # the store belongs to the thread that opens it
        except (FixtureRefused, BadTarget, StoreRefused) as error:
            raise NoApp(str(error)) from None
        try:
            yield ThreadedApp(app, portal)
        finally:
            portal.call(close, app)


def _wanted(fixture: str | PathLike[str] | None, others: dict[str, Any]) -> CreateWorkspaceRequest:
    """Return what was asked for as the server has it that is asked over HTTP. Raises `NoApp`."""
    try:
        body = create_members(fixture=fixture, **others)
        with checking(checks_for(VENDORS)):
            return CreateWorkspaceRequest.model_validate_json(json.dumps(body))
    except ValidationError as error:
        problem = refused_body(error, CreateWorkspaceRequest)
        raise NoApp(f"{problem.title}: {problem.detail}") from None
    except (OSError, ValueError, TypeError) as error:
        raise NoApp(str(error)) from None


async def close(app: Sandbox) -> None:
    await app.journal.flush()
    app.close()
    await asyncio.sleep(0)  # what was cancelled ends


class ThreadedApp:
    """An ASGI app that another one answers for, in the event loop of `portal`."""

    def __init__(self, app: ASGIApp, portal: BlockingPortal) -> None:
        self._app = app
        self._portal = portal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Do in the caller's loop what the server asks of it, `receive` and `send`, until it has answered."""
        if scope["type"] == "lifespan":
            return  # it lives already
        errands: SimpleQueue[Errand | None] = SimpleQueue()
        call = self._portal.start_task_soon(self._app, scope, _from_afar(receive, errands), _from_afar(send, errands))
        call.add_done_callback(lambda _: errands.put(None))
        try:
            async with anyio.create_task_group() as group:
                await anyio.to_thread.run_sync(_hand_over, errands, group, abandon_on_cancel=True)
                group.cancel_scope.cancel()  # a `receive` that nobody waits for any more
        finally:
            call.cancel()  # if the caller has given up
        try:
            call.result()
        except CancelledError:
            raise RuntimeError("The sandbox was closed while it was called.") from None


def _from_afar(
    function: Callable[..., Awaitable[Message | None]], errands: "SimpleQueue[Errand | None]"
) -> Callable[..., Awaitable[Any]]:
    """Return a function for the server's loop that is done in the caller's."""

    async def ask(*arguments: Any) -> Any:
        result: Future[Any] = Future()
        errands.put((function, arguments, result))
        return await asyncio.wrap_future(result)

    return ask


def _hand_over(errands: "SimpleQueue[Errand | None]", group: TaskGroup) -> None:
    """Have a task do each errand that comes, in a thread that may wait for them."""
    while (errand := errands.get()) is not None:
        anyio.from_thread.run_sync(group.start_soon, _do, *errand)


async def _do(function: Callable[..., Awaitable[Any]], arguments: tuple[Any, ...], result: "Future[Any]") -> None:
    if not result.set_running_or_notify_cancel():
        return
    try:
        result.set_result(await function(*arguments))
    except Exception as error:
        result.set_exception(error)
    except BaseException:
        result.set_exception(CancelledError())
        raise
