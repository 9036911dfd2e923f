"""Does a server say that it is not ready while its store is out, and is it ready again afterwards?"""

import time
from contextlib import closing
from http.client import HTTPConnection

from torture.figures import Figures
from torture.wire import Addressed

READY = "/_sandbox/health/ready"
LONGEST_S = 10.0
"""From the end of an outage until it has to be ready."""
EVERY_S = 0.05


def readiness(server: Addressed) -> int:
    """The status of its answer."""
    with closing(HTTPConnection(*server.address, timeout=LONGEST_S)) as connection:
        connection.request("GET", READY)
        answer = connection.getresponse()
        answer.read()
        return answer.status


def expect_not_ready(server: Addressed, figures: Figures) -> None:
    status = readiness(server)
    if status != 503:
        figures.is_wrong(f"it does not say that it is without its store: it answers {status}")


def wait_until_ready(server: Addressed, figures: Figures, longest_s: float = LONGEST_S) -> None:
    """Ask until it is; too long is told."""
    end = time.monotonic() + longest_s
    while (status := readiness(server)) != 200:
        if time.monotonic() > end:
            figures.is_wrong(f"{longest_s:g} s after the outage it is not ready: it answers {status}")
            return
        time.sleep(EVERY_S)
