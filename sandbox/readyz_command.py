"""Does a running server say that it is ready, at once or within some seconds?"""

import re
import time
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from json import loads

from sandbox.settings import Settings, address_from_here

TIMEOUT_S = 2.0
"""How long one question may take."""
PAUSE_S = 0.1
LONGEST_WAIT_S = 3600
LONGEST_ANSWER = 64 * 1024
NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE")
"""What OpenSSL, by its version, calls an answer that is none of TLS."""
SPEAKS_NO_TLS = "it does not speak https: ask without --tls, SANDBOX_TLS and SANDBOX_TLS_CERT"
SECONDS = re.compile(r"[0-9]{1,4}(\.[0-9]{1,3})?")


class NotReady(Exception):
    """The text says where, and what came instead."""


class BadWait(Exception):
    """The text says what can be waited for."""


def seconds_of(text: str) -> float:
    """Return the seconds that a flag says. Raises `BadWait`."""
    if SECONDS.fullmatch(text) and float(text) <= LONGEST_WAIT_S:
        return float(text)
    raise BadWait(f"--wait must be a number of seconds from 0 to {LONGEST_WAIT_S}, not {text!r}.")


def wait_until_ready(settings: Settings, wait_s: float) -> None:
    """Return when the server of these settings is ready. Raises `NotReady` if it is not within `wait_s` seconds.

    Without seconds to wait it is asked once.
    """
    where = f"{address_from_here(settings.host)} port {settings.port}"
    ends = time.monotonic() + wait_s
    while (reason := what_keeps(settings, ends - time.monotonic())) is not None:
        if time.monotonic() + PAUSE_S >= ends:
            raise NotReady(f"not ready on {where}{f' within {wait_s:g} s' if wait_s else ''}: {reason}")
        time.sleep(PAUSE_S)


def what_keeps(settings: Settings, left_s: float) -> str | None:
    """Return why the server is not ready, or none."""
    timeout = min(TIMEOUT_S, left_s) if left_s > 0 else TIMEOUT_S
    try:
        with closing(connection_to(settings, timeout)) as connection:
            connection.request("GET", "/_sandbox/health/ready")
            answer = connection.getresponse()
            status, said = answer.status, answer.read(LONGEST_ANSWER)
    except (OSError, HTTPException, UnicodeError) as error:  # the last for what is no name
        if getattr(error, "reason", None) in NO_TLS:
            return SPEAKS_NO_TLS
        return str(error) or type(error).__name__
    return None if status == 200 else f"it answers {status}{reason_in(said)}"


def connection_to(settings: Settings, timeout_s: float) -> HTTPConnection:
    """Return a connection to the server, not opened yet. It may make its CA while it is waited for."""
    address = address_from_here(settings.host)
    if not settings.is_https:
        return HTTPConnection(address, settings.port, timeout=timeout_s)
    from sandbox.https import ca_of, context_from_here  # noqa: PLC0415  (http does without it)

    return HTTPSConnection(address, settings.port, timeout=timeout_s, context=context_from_here(ca_of(settings)))


def reason_in(body: bytes) -> str:
    """Why it is not ready, if it is a sandbox that says so."""
    try:
        return f": {loads(body)['detail']}"
    except (ValueError, TypeError, LookupError):
        return ""
