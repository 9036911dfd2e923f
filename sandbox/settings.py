"""Which settings are there, what may each be, and what does it do? A flag beats `SANDBOX_*`, which beats the default.

Imports nothing heavier than pydantic: a health probe reads it too.
"""

from pathlib import Path
from typing import Annotated, Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from sandbox.addresses import address_of, host_of, is_loopback
from sandbox.environment import Environment
from sandbox.setting_types import (
    BindAddress,
    HostList,
    LogKind,
    NameList,
    Port,
    ProxyList,
    PublicUrl,
    Seed,
    StartTime,
    Switch,
    Token,
    whole_number,
)


class BadSetting(Exception):
    """A setting that cannot be understood, in one sentence that names its flag or variable."""


def address_from_here(host: str) -> str:
    """The address by which this machine calls a server that is bound to this one, perhaps to all."""
    address = address_of(host)
    if address is None or not address.is_unspecified:
        return host
    return "127.0.0.1" if address.version == 4 else "::1"


class Settings(BaseSettings):
    """What the environment says, unless it is given here. Of the field `x` the variable is `SANDBOX_X`."""

    model_config = SettingsConfigDict(env_prefix="SANDBOX_", env_ignore_empty=True, frozen=True)

    host: BindAddress = "127.0.0.1"
    port: Port = 8080
    """0 takes a free one."""
    database: str | None = None
    """A path or an SQLAlchemy URL; none is a temporary file that goes with the process."""
    fixture: str = "clinic"
    """The name of a packaged fixture, or a file."""
    seed: Seed = 1
    start_at: StartTime = None
    """What the clock reads at first, in ms; none is wall time."""
    store_in_threads: Switch = False
    """Whether transactions run in a pool of threads, as on a database across a network; the tests try both."""
    workers: Annotated[int, whole_number(1, 64)] = 1
    """Processes that serve on the one socket."""
    stop_grace: Annotated[int, whole_number(0, 3_600)] = 0
    """Seconds for which it goes on when it is asked to stop, not ready any more; open answers have as many again."""
    control_token: Token = None
    """Needed by the control API wherever it is given; off loopback one is made and printed when there is none."""
    control_open: Switch = False
    """No token is asked for, wherever the server is bound, and though one is given."""
    demo: Switch = False
    """Visitors may read the control API without a token; who drives it needs one, on loopback too."""
    demo_submit: Switch = False
    """Visitors of a demo are shown the credentials that a submit needs."""
    synthetic_only: Switch = False
    """What looks like a real person's data is refused, instead of noted as a finding."""
    until_eof: Switch = False
    """It stops when its standard input ends, as it does when the program ends that holds the other end."""
    hosts: HostList = ()
    """Further names that the control API may be called by: names, `.example.com`, `*.example.com`, `*`."""
    public_url: PublicUrl = None
    """What callers from outside begin a URL with, behind a proxy: links, curl lines and sinks' URLs do too."""
    tls: Switch = False
    """Whether it is called by https, with a certificate of its own making."""
    tls_cert: str | None = None
    """A file in PEM: the certificate that is shown instead, with what leads from it to its CA."""
    tls_key: str | None = None
    """The file of its key; none is the same file."""
    tls_dir: str | None = None
    """The folder of what `tls` makes; none is `tls` beside the database's file, or one that goes with the process."""
    trusted_proxies: ProxyList = ()
    """Addresses and networks, or `*`, whose forwarded headers tell how a caller reached them."""
    callback_allow: NameList = ()
    """Hosts, addresses and networks, or `*`, that callbacks may go to besides those that the binding allows."""
    max_connections: Annotated[int, whole_number(1, 100_000)] = 1000
    """What is open beyond them is refused by 503, health apart; less where the system allows for fewer files."""
    max_workspaces: Annotated[int, whole_number(1, 1_000_000)] = 10_000
    """Of the server: one more is refused."""
    max_waits: Annotated[int, whole_number(1, 1_000_000)] = 10_000
    """How many may wait at a time in each process: for a message, or for callbacks."""
    max_streams: Annotated[int, whole_number(1, 1_000_000)] = 10_000
    """How many may follow events at a time in each process."""
    max_workspace_messages: Annotated[int, whole_number(1, 1_000_000_000)] = 5_000_000
    max_workspace_snapshots: Annotated[int, whole_number(1, 1_000_000)] = 1000
    max_workspace_sinks: Annotated[int, whole_number(1, 1_000_000)] = 1000
    max_workspace_waits: Annotated[int, whole_number(1, 1_000_000)] = 1000
    max_workspace_streams: Annotated[int, whole_number(1, 1_000_000)] = 1000
    """What each workspace may have of them; of waits and streams in each process."""
    keep_messages: Annotated[int | None, whole_number(1, 1_000_000_000, or_none=True)] = None
    """How many of its last messages each workspace keeps; none is all of them."""
    keep_messages_days: Annotated[int | None, whole_number(1, 36_500, or_none=True)] = None
    """Days of wall time after which a message goes; none is never."""
    keep_callbacks: Annotated[int | None, whole_number(1, 1_000_000_000, or_none=True)] = None
    keep_callbacks_days: Annotated[int | None, whole_number(1, 36_500, or_none=True)] = None
    """The same of callbacks that were delivered or given up."""
    callback_rate: Annotated[int, whole_number(1, 10_000)] = 100
    """Attempts a second, of all workers together."""
    callback_timeout: Annotated[int, whole_number(1, 3_600)] = 10
    """Seconds of wall time that an attempt may take."""
    log: LogKind = "plain"
    """What standard error tells: `plain` only what goes wrong, `access` each request too, `json` the same as JSON."""
    journal: Switch = True
    """Whether exchanges are written down."""
    journal_limit: Annotated[int, whole_number(1, 10_000_000)] = 20_000
    """Exchanges that each workspace's journal keeps; the oldest go first."""
    journal_days: Annotated[int, whole_number(1, 36_500)] = 30
    """Days of wall time after which an exchange goes."""

    @property
    def is_loopback(self) -> bool:
        return is_loopback(self.host)

    @property
    def logs_requests(self) -> bool:
        return self.log != "plain"

    @property
    def own_names(self) -> tuple[str, ...]:
        """Patterns of the names that the server may be called by, besides addresses and localhost."""
        bound_or_public = (self.host, host_of(self.public_url or ""))
        names = [host.lower().removesuffix(".") for host in bound_or_public if host and address_of(host) is None]
        return (*self.hosts, *names)

    @property
    def is_https(self) -> bool:
        return self.tls or self.tls_cert is not None

    @property
    def scheme(self) -> str:
        return "https" if self.is_https else "http"

    @property
    def kept_tls_dir(self) -> Path | None:
        """The folder of what `tls` makes, if that is to be there at the next start."""
        if self.tls_dir:
            return Path(self.tls_dir)
        database = _file_of(self.database or "")
        return Path(database).parent / "tls" if database else None

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: Any, **__: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return where they come from: what is given, then the environment."""
        return init_settings, Environment(settings_cls)


def read_settings(**flags: Any) -> Settings:
    """The settings out of what is given and the environment; raises `BadSetting` for the first that is wrong."""
    try:
        return Settings(**flags)
    except ValidationError as error:
        raise BadSetting(_sentence(error, flags)) from None


def _file_of(database: str) -> str:
    """Return the path that a path or an SQLAlchemy URL means, empty if that is no file's."""
    backend, is_url, rest = database.partition("://")
    if not is_url:
        return database
    return rest.removeprefix("/").partition("?")[0] if backend.partition("+")[0] == "sqlite" else ""


def _sentence(error: ValidationError, flags: dict[str, Any]) -> str:
    first = error.errors()[0]
    name = str(first["loc"][0])
    label = f"--{name.replace('_', '-')}" if name in flags else f"SANDBOX_{name.upper()}"
    return f"{label} {first['msg'].removeprefix('Value error, ')}"
