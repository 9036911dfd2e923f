"""What do a command's flags say, the environment behind them?"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from sandbox.startup import MISUSED, fail, tell

if TYPE_CHECKING:
    from sandbox.settings import Settings


def flag(help: str, metavar: str = "TEXT") -> Any:
    """An option whose text the settings understand, so that flag and variable are refused alike."""
    return typer.Option(help=help, metavar=metavar, show_default=False)


HostFlag = Annotated[str | None, flag("address to bind (127.0.0.1)")]
DatabaseFlag = Annotated[str | None, flag("path or SQLAlchemy URL to keep data in (temporary file)", metavar="URL")]
OfDatabaseFlag = Annotated[str | None, flag("path or SQLAlchemy URL of the database", metavar="URL")]
FixtureFlag = Annotated[str | None, flag("the world to start from (clinic)", metavar="NAME|FILE")]
SeedFlag = Annotated[str | None, flag("decides everything that a fixture leaves to chance (1)", metavar="N")]
TlsFlag = Annotated[bool, typer.Option("--tls", help="speak https, with a certificate of its own making")]
TlsCertFlag = Annotated[str | None, flag("the certificate to speak https with, in PEM", metavar="FILE")]
TlsKeyFlag = Annotated[str | None, flag("its key, in PEM (that file too)", metavar="FILE")]
ReportFormatFlag = Annotated[str | None, flag("text, json, html, junit, ctrf or badge (text)", metavar="NAME")]
ReportOutputFlag = Annotated[str | None, flag("where to write it, whose ending says the format", metavar="FILE")]
StartAtFlag = Annotated[str | None, flag("what the clock reads at first, RFC 3339 (now)", metavar="TIME")]


def settings_of(**flags: str | bool | None) -> "Settings":
    """The settings out of the flags that were given, and of the environment."""
    from sandbox.settings import BadSetting, read_settings  # noqa: PLC0415  (--version and --help do without pydantic)

    try:
        return read_settings(**{name: value for name, value in flags.items() if value})
    except BadSetting as error:
        fail(str(error), MISUSED)


def database_of(flag: str | None) -> str:
    """The database that a command without a server is about."""
    name = settings_of(database=flag).database
    if not name:
        fail("Which database? Give --database, a path or a URL.", MISUSED)
    return name


def tell_ignored_variables() -> None:
    """A line on standard error for what was meant for us, perhaps."""
    from sandbox.environment import ignored_variables  # noqa: PLC0415  (--version does without it)
    from sandbox.settings import Settings  # noqa: PLC0415  (--version and --help do without pydantic)

    for line in ignored_variables(Settings.model_fields):
        tell(line)
