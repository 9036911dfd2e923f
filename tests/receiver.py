"""A receiver of callbacks on a real socket: keeps what it gets, and answers as it is told."""

import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs

Form = dict[str, str]


class Got(NamedTuple):
    """One request."""

    path: str
    headers: dict[str, str]
    form: Form


class Receiver:
    """`answer` says what a request gets: a status, or bytes to send as they are (none at all: it is hung up on)."""

    def __init__(self, answer: Callable[[Got], int | bytes] = lambda _: 200) -> None:
        self.got: list[Got] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
                got = Got(self.path, {name.lower(): value for name, value in self.headers.items()}, form)
                with receiver.lock:
                    receiver.got.append(got)
                self.reply(answer(got))

            def reply(self, response: int | bytes) -> None:
                if isinstance(response, int):
                    response = b"HTTP/1.1 %d Said\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % response
                self.close_connection = True
                try:
                    self.wfile.write(response)
                except OSError:
                    return  # the other side had enough

            def log_message(self, format: str, *args: Any) -> None:
                return

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, request: Any, client_address: Any) -> None:
                return  # whoever called was killed meanwhile

        self.lock = threading.Lock()
        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def port(self) -> int:
        return int(self._server.server_port)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/status"

    def wait_for(self, count: int, patient_s: float = 60) -> None:
        """Until so many requests have come."""
        end = time.monotonic() + patient_s
        while len(self.got) < count:
            assert time.monotonic() < end, f"only {len(self.got)} of {count} requests came"
            time.sleep(0.005)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
