"""Every setting with its default. A flag beats the environment, which beats the default.

Imports nothing heavy: a health probe reads it too.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

LOOPBACK = ("127.0.0.1", "::1", "localhost")
MOST_DIGITS = 18
"""A whole number of so many fits into the store."""
EARLIEST_S, LATEST_S = 0, 253_370_764_800
"""1970 and 9999: before and after them there is not a date for everything that a world can hold."""


class BadSetting(Exception):
    """A setting that cannot be understood."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Of the field `x` the environment's name is `SANDBOX_X`."""

    host: str = "127.0.0.1"
    port: int = 8080
    """0 takes a free one."""
    database: str | None = None
    """A path or an SQLAlchemy URL; none is a temporary file that goes with the process."""
    fixture: str = "clinic"
    """The name of a packaged fixture, or a file."""
    seed: int = 1
    start_at: int | None = None
    """What the clock reads at first, in ms; none is wall time."""
    workers: int = 1
    """Always one: what falls due by itself is done by the process that serves."""
    control_token: str | None = None
    """Needed by the control API off loopback; made and printed when there is none."""
    control_open: bool = False
    """No token is asked for, wherever the server is bound."""
    demo: bool = False
    """Visitors may read the control API without a token; who drives it needs one, on loopback too."""
    hosts: tuple[str, ...] = ()
    """Further names that the control API may be called by."""
    callback_allow: tuple[str, ...] = ()
    """Hosts, addresses and networks, or `*`, that callbacks may go to besides those that the binding allows."""
    callback_rate: int = 100
    """Attempts a second."""
    callback_timeout: int = 10
    """Seconds of wall time that an attempt may take."""
    journal: bool = True
    """Whether exchanges are written down."""
    journal_limit: int = 20_000
    """Exchanges that each workspace's journal keeps; the oldest go first."""
    journal_days: int = 30
    """Days of wall time after which an exchange goes."""

    @property
    def is_loopback(self) -> bool:
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Whether a host name or address, without brackets, is this machine's own."""
    return host in LOOPBACK or host.startswith("127.")


def from_environment(environ: Mapping[str, str] = os.environ, **flags: str | None) -> Settings:
    """Settings out of `SANDBOX_*` and the flags that were given, both as text."""
    values: dict[str, Any] = {}
    for field in fields(Settings):
        name = field.name
        label, written = f"--{name.replace('_', '-')}", flags.get(name)
        if written is None:
            label, written = f"SANDBOX_{name.upper()}", environ.get(f"SANDBOX_{name.upper()}")
        if written:
            values[name] = READERS.get(name, _text)(written, label)
    return Settings(**values)


def _text(written: str, _: str) -> str:
    return written


def _number(written: str, label: str) -> int:
    if not (written.isascii() and written.isdigit() and len(written) <= MOST_DIGITS):
        raise BadSetting(f"{label} must be a whole number of at most {MOST_DIGITS} digits, not {written!r}.")
    return int(written)


def _positive(written: str, label: str) -> int:
    number = _number(written, label)
    if not number:
        raise BadSetting(f"{label} must be at least 1.")
    return number


def _one(written: str, label: str) -> int:
    if _positive(written, label) > 1:
        raise BadSetting(f"{label} must be 1: one process serves, so start further servers for more.")
    return 1


def _port(written: str, label: str) -> int:
    port = _number(written, label)
    if port > 65535:
        raise BadSetting(f"{label} must be a port from 0 to 65535, not {written}.")
    return port


def _time(written: str, label: str) -> int:
    try:
        moment = datetime.fromisoformat(written)
        seconds = moment.timestamp() if moment.tzinfo else None
    except (ValueError, OverflowError):
        seconds = None
    if seconds is None:
        raise BadSetting(f"{label} must be a time with its zone, as 2026-05-06T09:00:00Z, not {written!r}.")
    if not EARLIEST_S <= seconds < LATEST_S:
        raise BadSetting(f"{label} must be a time from 1970 to 9998, not {written!r}.")
    return round(seconds * 1000)


def _switch(written: str, label: str) -> bool:
    if written.lower() not in ("0", "1", "false", "true", "no", "yes"):
        raise BadSetting(f"{label} must be 1 or 0, not {written!r}.")
    return written.lower() in ("1", "true", "yes")


def _names(written: str, _: str) -> tuple[str, ...]:
    return tuple(name.strip().lower() for name in written.split(",") if name.strip())


READERS: dict[str, Callable[[str, str], Any]] = {
    "port": _port,
    "seed": _number,
    "start_at": _time,
    "workers": _one,
    "control_open": _switch,
    "demo": _switch,
    "hosts": _names,
    "callback_allow": _names,
    "callback_rate": _positive,
    "callback_timeout": _positive,
    "journal": _switch,
    "journal_limit": _positive,
    "journal_days": _positive,
}
