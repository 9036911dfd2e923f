"""Servers that cost nothing before they are called: for test runs that may not need one."""

import select
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.server.app import Sandbox

LOOPBACK = "127.0.0.1"
BACKLOG = 256
OF_A_RUN = {"host": LOOPBACK, "database": None, "fixture": "empty", "seed": 1, "start_at": None, "demo": False}
"""Settings that a test run's server has, whatever the environment says for others."""


@contextmanager
def serving(listener: socket.socket | None = None) -> Iterator[str]:
    """The URL of a server in a thread of its own, by default on a free port.

    Its world is the fixture `empty` in a temporary store; `SANDBOX_CALLBACK_*` and the like hold for it as for others.
    """
    from sandbox.server.threaded import ThreadedServer  # noqa: PLC0415  (it takes a third of a second to import)
    from sandbox.settings import read_settings  # noqa: PLC0415  (likewise)

    with ThreadedServer(read_settings(**OF_A_RUN), listener or free_port()) as server:
        yield server.url


class LazyServer:
    """A server that starts when its port is first called, and whose first caller waits a moment longer."""

    def __init__(self) -> None:
        self._listener = free_port()
        self.url = f"http://{LOOPBACK}:{self._listener.getsockname()[1]}"
        self._end, self._ending = socket.socketpair()
        self._thread = Thread(target=self._serve_when_called, name="dialog-sandbox-waiting", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._end.close()
        self._thread.join()

    def _serve_when_called(self) -> None:
        with self._ending, self._listener:
            called, _, _ = select.select([self._listener, self._ending], [], [])
            if self._listener not in called:
                return
            try:
                with serving(self._listener):
                    self._ending.recv(1)
            except Exception as error:
                # Nobody waits for this thread. Whoever called finds that nothing answers; here stands why.
                print(f"dialog-sandbox: {error}", file=sys.stderr)


def free_port() -> socket.socket:
    """A socket that listens on one."""
    return socket.create_server((LOOPBACK, 0), backlog=BACKLOG)


def application(
    *, fixture: str, seed: int, start_at: datetime, clock: str, delivery: str | dict[str, Any], **_: object
) -> "Sandbox":
    """The server without a socket; its workspace `default` is made with what `POST workspaces` takes."""
    from sandbox.server.app import create_app  # noqa: PLC0415  (what follows takes a third of a second to import)
    from sandbox.server.control.delivery import columns  # noqa: PLC0415  (likewise)
    from sandbox.server.control.shapes import NewDelivery  # noqa: PLC0415  (likewise)
    from sandbox.settings import read_settings  # noqa: PLC0415  (likewise)
    from sandbox.world import workspaces  # noqa: PLC0415  (likewise)
    from sandbox.world.clock import milliseconds  # noqa: PLC0415  (likewise)

    policy = NewDelivery.model_validate({"mode": delivery} if isinstance(delivery, str) else delivery)
    own = {"fixture": fixture, "seed": seed, "start_at": milliseconds(start_at)}
    app = create_app(read_settings(**OF_A_RUN | own))
    workspace = workspaces.named(app.world, workspaces.DEFAULT)
    with app.world.store.writing():
        changes = {"clock_frozen": clock == "frozen", **columns(policy)}
        workspaces.change_workspace(app.world, workspace.id, changes)
        workspaces.note_first(app.world, workspace.id)
    return app
