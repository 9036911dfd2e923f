"""How long a server takes from its command to its first vendor answer, and how much memory it has then."""

import time
from base64 import b64encode
from collections.abc import Callable
from http.client import HTTPConnection
from typing import NamedTuple

from bench.servers import Broken, Server

TARGET = "/dialoghealth-writeback-api/api/responses/HARBOR1001/2026-01-01%2000:00:00/2026-01-02%2000:00:00"
"""A read on `clinic`."""
HEADERS = {"Authorization": "Basic " + b64encode(b"demo:demo").decode()}


class Start(NamedTuple):
    """What one start came to."""

    seconds: float
    memory_mb: float


def first_answer(start: Callable[[], Server]) -> Start:
    """Start a server on `clinic`, ask it once, and stop it."""
    begun = time.monotonic()
    with start() as server:
        connection = HTTPConnection(*server.address, timeout=10)
        connection.request("GET", TARGET, headers=HEADERS)
        status = connection.getresponse().status
        found = Start(time.monotonic() - begun, server.memory_mb())
        connection.close()
    if status != 200:
        raise Broken(f"the first answer on clinic is {status}")
    return found
