"""How a container is waited for: of testcontainers' class what the recipe calls. A ready one is asked once."""

from http.client import HTTPConnection
from typing import Self


class HttpWaitStrategy:
    def __init__(self, port: int, path: str) -> None:
        self.port = port
        self._path = path
        self._status = 200

    def for_status_code(self, code: int) -> Self:
        self._status = code
        return self

    def check(self, host: str, port: int) -> None:
        connection = HTTPConnection(host, port)
        connection.request("GET", self._path)
        assert connection.getresponse().status == self._status
        connection.close()
