"""How does the server run on a socket, and what does its user need to know from standard output?"""

import logging
import socket
from collections.abc import Callable
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from sandbox.app import Sandbox, create_app
from sandbox.server.database_file import DatabaseFile
from sandbox.server.guard import asks_for_no_token
from sandbox.server.patience import KEPT_OPEN_S, most_connections
from sandbox.server.wire import Wire
from sandbox.settings import Settings
from sandbox.signals import finish_first
from sandbox.store import Tx
from sandbox.world.ids import secret
from sandbox.world.lines import all_lines
from sandbox.world.phones import national
from sandbox.world.workspaces import find

GRACE_S = 0.5
"""How long a request in progress may go on after we were asked to stop."""
SEED_IGNORED = "the database holds a world already: fixture, seed and start time were not used"


class Server(uvicorn.Server):
    """Says when it is ready, and ends what would go on for ever when it is asked to stop."""

    def __init__(self, config: uvicorn.Config, *, ready: Callable[[], object], end_streams: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready
        self._end_streams = end_streams

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Clients that are cut off now are no errors.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        self._end_streams()
        await super().shutdown(sockets)


def run(settings: Settings, listener: socket.socket, ready: Callable[[], None]) -> None:
    """Serves on a bound socket until a signal ends it; calls `ready` before it says that it serves."""
    asked, settings = settings, with_token(settings)
    app = create_app(settings)
    words = greeting(app, settings, listener.getsockname(), is_token_made=settings is not asked)

    is_kept = app.store.is_sqlite and not app.store.is_private
    file = DatabaseFile(app.store.path) if is_kept else None
    unheard: OSError | None = None

    def say_so() -> None:
        nonlocal unheard
        ready()
        try:
            print(*words, sep="\n", flush=True)
        except OSError as error:
            unheard, server.should_exit = error, True

    def end() -> None:
        finish_first()
        app.hub.close()

    server = Server(config_of(app, settings), ready=say_so, end_streams=end)
    try:
        server.run([listener])
    finally:
        finish_first()
        misplaced = file.misplaced() if file is not None else None
        app.close()
    if unheard is not None:
        raise unheard
    if misplaced is not None:
        raise Unwritten(f"Stopped, but what was written last may be lost. {misplaced}")
    if app.journal.lost:
        raise SystemExit(1)  # which the journal has told


class Unwritten(Exception):
    """What was to be kept is lost. The text is a sentence for the one who stopped us."""


def with_token(settings: Settings) -> Settings:
    """The settings with the control token that they need off loopback, made if none is given."""
    if asks_for_no_token(settings) or settings.control_token:
        return settings
    return settings.model_copy(update={"control_token": secret()})


def config_of(app: ASGIApp, settings: Settings | None = None, **more: Any) -> uvicorn.Config:
    """How we use uvicorn, for whatever app; without settings as many may connect as want to."""
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
        timeout_graceful_shutdown=GRACE_S,  # type: ignore[arg-type]
        **more,
    )


def url_of(host: str, port: int) -> str:
    """Where a server is called that is bound there."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def greeting(app: Sandbox, settings: Settings, address: tuple[str, int], *, is_token_made: bool) -> list[str]:
    """The lines to print, the ready line first."""
    host, port = address[:2]
    lines = [f"dialog-sandbox ready on {url_of(host, port)}"]
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
