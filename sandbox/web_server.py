"""How does the server run on a socket, and what does its user need to know from standard output?"""

import asyncio
import logging
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.types import ASGIApp

from sandbox.app import Sandbox, create_app
from sandbox.https import https_context
from sandbox.server.database_file import DatabaseFile
from sandbox.server.guard import asks_for_no_token
from sandbox.server.patience import KEPT_OPEN_S, LEAVING, most_connections
from sandbox.server.telemetry import started
from sandbox.server.wire import Wire
from sandbox.server_certificate import certified, renew
from sandbox.settings import Settings
from sandbox.signals import finish_first
from sandbox.store import Store, Tx
from sandbox.world.ids import secret
from sandbox.world.lines import all_lines
from sandbox.world.phones import national
from sandbox.world.workspaces import find

if TYPE_CHECKING:
    from sandbox.certificates import MadeFiles

GRACE_S = 0.5
"""How long a request in progress may go on at least after we were asked to stop."""
RENEWED_EVERY_S = 24 * 3600.0
"""After which a certificate is looked at again: it may be about to end, or another one may be in its file."""
TURN_S = 0.0005
"""How long a thread may compute while another wants to: a call gives up its turn at each of its statements."""
SEED_IGNORED = "the database holds a world already: fixture, seed and start time were not used"


class Server(uvicorn.Server):
    """Says when it is ready, and ends what would go on for ever when it is asked to stop.

    With a `stop_grace` it goes on for so long before it stops, not ready any more, and ends each connection with its
    next answer: so callers have gone elsewhere by then.
    """

    def __init__(self, config: uvicorn.Config, *, ready: Callable[[], object], app: Sandbox) -> None:
        super().__init__(config)
        self._ready = ready
        self._app = app
        self._stops_at: float | None = None
        self._renews_at = time.monotonic() + RENEWED_EVERY_S

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        sys.setswitchinterval(TURN_S)
        await super().startup(sockets)
        if self.started:
            self._ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        grace_s = self._app.settings.stop_grace
        if not grace_s or not self.started or self._stops_at is not None:
            super().handle_exit(sig, frame)
            return
        self._captured_signals.append(sig)
        self._app.is_stopping = True
        setattr(self.server_state, LEAVING, True)
        self._stops_at = time.monotonic() + grace_s

    async def on_tick(self, counter: int) -> bool:
        if self._stops_at is not None and time.monotonic() >= self._stops_at:
            self.should_exit = True
        if self.config.ssl is not None and time.monotonic() >= self._renews_at:
            self._renews_at = time.monotonic() + RENEWED_EVERY_S
            renew(self._app.settings, self.config.ssl)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Clients that are cut off now are no errors.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        finish_first()
        self._app.hurry()
        setattr(self.server_state, LEAVING, True)
        await self._take_last(sockets or [])
        await super().shutdown(sockets)

    async def _take_last(self, listeners: list[socket.socket]) -> None:
        """Take those who are connected but not accepted, and no more: closing alone would reset them, calls and all."""
        waiting = [each for listener in listeners for each in accepted(listener)]
        for server in self.servers:
            server.close()
        taken = (
            asyncio.get_running_loop().connect_accepted_socket(self._connection, each, ssl=self.config.ssl)
            for each in waiting
        )
        await asyncio.gather(*taken, return_exceptions=True)  # of TLS that fails its client is told

    def _connection(self) -> asyncio.Protocol:
        return Wire(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)


def accepted(listener: socket.socket) -> Iterator[socket.socket]:
    """Accept who is in the queue of a listening socket now."""
    listener.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            yield listener.accept()[0]


def run(settings: Settings, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Serves on a bound socket until a signal ends it; calls `ready` before it says that it serves."""
    with certified(settings) as (settings, made):
        _run(settings, made, listener, ready)


def _run(settings: Settings, made: "MadeFiles | None", listener: socket.socket, ready: Callable[[], None]) -> None:
    asked, settings = settings, with_token(settings)
    app = create_app(settings, telemetry=started(os.environ))
    words = greeting(app, settings, listener.getsockname(), is_token_made=settings is not asked, made=made)
    unheard: OSError | None = None

    def say_so() -> None:
        nonlocal unheard
        ready()
        try:
            print(*words, sep="\n", flush=True)
        except OSError as error:
            unheard, server.should_exit = error, True

    server = server_of(app, say_so)
    with watched_file(app.store):
        serve(server, app, listener)
        if unheard is not None:
            raise unheard
    if app.journal.lost:
        raise SystemExit(1)  # which the journal has told


@contextmanager
def watched_file(store: Store) -> Iterator[None]:
    """Raise `Unwritten` in the end if the store's file, which was to be kept, is not in its place any more."""
    file = DatabaseFile(store.path) if store.is_sqlite and not store.is_private else None
    yield
    misplaced = file.misplaced() if file is not None else None
    if misplaced is not None:
        raise Unwritten(f"Stopped, but what was written last may be lost. {misplaced}")


def server_of(app: Sandbox, ready: Callable[[], object]) -> Server:
    """Return a server of this app, which calls `ready` when it serves."""
    return Server(config_of(app, app.settings), ready=ready, app=app)


def serve(server: Server, app: Sandbox, listener: socket.socket) -> None:
    """Serves until a signal ends it, and closes the app."""
    try:
        server.run([listener])
    finally:
        finish_first()
        app.close()


class Unwritten(Exception):
    """What was to be kept is lost. The text is a sentence for the one who stopped us."""


def with_token(settings: Settings) -> Settings:
    """The settings with the control token that they need off loopback, made if none is given."""
    if asks_for_no_token(settings) or settings.control_token:
        return settings
    return settings.model_copy(update={"control_token": secret()})


def config_of(app: ASGIApp, settings: Settings | None = None, **more: Any) -> uvicorn.Config:
    """How we use uvicorn, for whatever app; without settings as many may connect as want to, by http.

    Of https the settings name the certificate (`certified`).
    """
    if settings is not None and settings.is_https:
        context = https_context(settings)
        more["ssl_context_factory"] = lambda *_: context
    if settings is not None and settings.log == "json":
        more.setdefault("log_config", None)  # its records come to our own handler
    return uvicorn.Config(
        app,
        http=Wire,
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEPT_OPEN_S,
        limit_concurrency=None if settings is None else most_connections(settings.max_connections),
        timeout_graceful_shutdown=max(GRACE_S, 0 if settings is None else settings.stop_grace),  # type: ignore[arg-type]  # it takes fractions too
        **more,
    )


def url_of(scheme: str, host: str, port: int) -> str:
    """Where a server is called that is bound there."""
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def greeting(
    app: Sandbox,
    settings: Settings,
    address: tuple[str, int],
    *,
    is_token_made: bool,
    made: "MadeFiles | None" = None,
) -> list[str]:
    """The lines to print, the ready line first. `made`: the files of a certificate that was made."""
    host, port = address[:2]
    lines = [f"dialog-sandbox ready on {url_of(settings.scheme, host, port)}", *(made.for_clients if made else ())]
    if is_token_made:
        lines.append(f"control token: {settings.control_token}")
    if app.is_seed_ignored:
        lines.append(SEED_IGNORED)
    return lines + credentials(app)


def credentials(app: Sandbox) -> list[str]:
    """Return what a client needs for the default workspace, a line each."""
    return app.store.read_now(_credentials)


def _credentials(tx: Tx) -> list[str]:
    tx.enter(find.find_workspace(tx, find.DEFAULT))
    workspace = find.row_of(tx)
    lines = [f"Basic: {workspace.username} / {workspace.password}"]
    owned = all_lines(tx)
    lines += [f"console {line.code}, line {line.number}" for line in owned if line.console_id is not None]
    for account in find.accounts(tx):
        numbers = [national(line.number) for line in owned if line.account_id == account.id]
        lines.append(
            f"DialogTech keys: {account.access_key} / {account.secret_access_key}, tracking numbers {' '.join(numbers)}"
        )
    return lines
