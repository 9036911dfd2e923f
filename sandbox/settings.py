"""Which settings are there, what may each be, and what does it do? A flag beats `SANDBOX_*`, which beats the default.

Imports nothing heavier than pydantic: a health probe reads it too.
"""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

LOOPBACK = ("127.0.0.1", "::1", "localhost")
MOST_DIGITS = 18
"""A whole number of so many fits into the store."""
EARLIEST_S, LATEST_S = 0, 253_370_764_800
"""1970 and 9999: before and after them there is not a date for everything that a world can hold."""


class BadSetting(Exception):
    """A setting that cannot be understood, in one sentence that names its flag or variable."""


def address_from_here(host: str) -> str:
    """The address by which this machine calls a server that is bound to this one, perhaps to all."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)


def _number(written: object) -> int:
    digits = str(written)
    if not (digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS):
        raise ValueError(f"must be a whole number of at most {MOST_DIGITS} digits, not {digits!r}.")
    return int(digits)


def _positive(number: int) -> int:
    if number < 1:
        raise ValueError("must be at least 1.")
    return number


def _one(number: int) -> int:
    if number > 1:
        raise ValueError("must be 1: one process serves, so start further servers for more.")
    return number


def _port(number: int) -> int:
    if number > 65535:
        raise ValueError(f"must be a port from 0 to 65535, not {number}.")
    return number


def _time(written: object) -> object:
    """A text as ms; pydantic would take a time without a zone, and a bare number, as well."""
    if not isinstance(written, str):
        return written
    try:
        moment = datetime.fromisoformat(written)
        seconds = moment.timestamp() if moment.tzinfo else None
    except (ValueError, OverflowError):
        seconds = None
    if seconds is None:
        raise ValueError(f"must be a time with its zone, as 2026-05-06T09:00:00Z, not {written!r}.")
    if not EARLIEST_S <= seconds < LATEST_S:
        raise ValueError(f"must be a time from 1970 to 9998, not {written!r}.")
    return round(seconds * 1000)


def _switch(written: object) -> bool:
    if str(written).lower() not in ("0", "1", "false", "true", "no", "yes"):
        raise ValueError(f"must be 1 or 0, not {written!r}.")
    return str(written).lower() in ("1", "true", "yes")


def _names(written: object) -> object:
    if not isinstance(written, str):
        return written
    return tuple(name.strip().lower() for name in written.split(",") if name.strip())


WholeNumber = Annotated[int, BeforeValidator(_number)]
Positive = Annotated[WholeNumber, AfterValidator(_positive)]
Switch = Annotated[bool, BeforeValidator(_switch)]
# NoDecode: the variable holds names between commas, not JSON.
NameList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)]


class Settings(BaseSettings):
    """What the environment says, unless it is given here. Of the field `x` the variable is `SANDBOX_X`."""

    model_config = SettingsConfigDict(env_prefix="SANDBOX_", env_ignore_empty=True, frozen=True)

    host: str = "127.0.0.1"
    port: Annotated[WholeNumber, AfterValidator(_port)] = 8080
    """0 takes a free one."""
    database: str | None = None
    """A path or an SQLAlchemy URL; none is a temporary file that goes with the process."""
    fixture: str = "clinic"
    """The name of a packaged fixture, or a file."""
    seed: WholeNumber = 1
    start_at: Annotated[int | None, BeforeValidator(_time)] = None
    """What the clock reads at first, in ms; none is wall time."""
    store_in_threads: Switch = False
    """Whether transactions run in a pool of threads, as on a database across a network; the tests try both."""
    workers: Annotated[Positive, AfterValidator(_one)] = 1
    """Always one: what falls due by itself is done by the process that serves."""
    control_token: str | None = None
    """Needed by the control API off loopback; made and printed when there is none."""
    control_open: Switch = False
    """No token is asked for, wherever the server is bound."""
    demo: Switch = False
    """Visitors may read the control API without a token; who drives it needs one, on loopback too."""
    demo_submit: Switch = False
    """Visitors of a demo are shown the credentials that a submit needs."""
    hosts: NameList = ()
    """Further names that the control API may be called by."""
    callback_allow: NameList = ()
    """Hosts, addresses and networks, or `*`, that callbacks may go to besides those that the binding allows."""
    callback_rate: Positive = 100
    """Attempts a second."""
    callback_timeout: Positive = 10
    """Seconds of wall time that an attempt may take."""
    journal: Switch = True
    """Whether exchanges are written down."""
    journal_limit: Positive = 20_000
    """Exchanges that each workspace's journal keeps; the oldest go first."""
    journal_days: Positive = 30
    """Days of wall time after which an exchange goes."""

    @property
    def is_loopback(self) -> bool:
        return self.host in LOOPBACK or self.host.startswith("127.")


def read_settings(**flags: Any) -> Settings:
    """The settings out of what is given and the environment; raises `BadSetting` for the first that is wrong."""
    try:
        return Settings(**flags)
    except ValidationError as error:
        raise BadSetting(_sentence(error, flags)) from None


def _sentence(error: ValidationError, flags: dict[str, Any]) -> str:
    first = error.errors()[0]
    name = str(first["loc"][0])
    label = f"--{name.replace('_', '-')}" if name in flags else f"SANDBOX_{name.upper()}"
    return f"{label} {first['msg'].removeprefix('Value error, ')}"
