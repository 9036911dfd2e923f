"""How does a server run in a thread of its own, beside whatever else this process does?"""

import socket
from collections.abc import Callable
from threading import Event, Thread
from typing import Self

from starlette.types import ASGIApp

from sandbox.app import Sandbox, create_app
from sandbox.settings import Settings, address_from_here
from sandbox.web_server import Server, config_of, url_of, with_token


class ThreadedServer:
    """Serves on a bound socket while it is entered; entering raises what keeps it from starting.

    `settings`: of https with the certificate (`certified`).

    `behind`: what is served instead of the application, which it is given.
    """

    def __init__(
        self, settings: Settings, listener: socket.socket, behind: Callable[[Sandbox], ASGIApp] | None = None
    ) -> None:
        host, port = listener.getsockname()[:2]
        self.settings = with_token(settings)
        self.url = url_of(settings.scheme, address_from_here(host), port)
        self._listener = listener
        self._behind = behind
        self._is_decided = Event()
        self._server: Server | None = None
        self._failure: BaseException | None = None
        self._thread = Thread(target=self._run, name="dialog-sandbox", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._is_decided.wait()
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.should_exit = True
        self._thread.join()

    def _run(self) -> None:
        """The store belongs to the thread that opens it, so everything is made here."""
        try:
            app = create_app(self.settings)
            try:
                served = app if self._behind is None else self._behind(app)
                config = config_of(served, self.settings, log_config=None)
                self._server = Server(config, ready=self._is_decided.set, app=app)
                self._server.run([self._listener])
            finally:
                app.close()
        except BaseException as error:
            self._failure = error
        finally:
            self._listener.close()
            self._is_decided.set()
