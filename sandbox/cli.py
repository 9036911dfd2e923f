"""What can be typed, and what comes of it?

Exit codes: 0 done, 1 it could not be done, 2 it was asked wrongly; `exec` ends with its command's, 126 when that
cannot be run and 127 when it is not there. Errors of ours are one line on standard error.

What a command needs is imported inside it: `readyz` runs every few seconds in a container, and is not to wait for the
framework and the store, which take most of a second.
"""

import errno
import gc
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TextIO

import typer

from sandbox import signals
from sandbox.startup import FAILED, MISUSED, collect_from_here_on, fail, one_line_failures, set_up_log, tell

if TYPE_CHECKING:
    from sandbox.settings import Settings

LOOPBACK = "127.0.0.1"

app = typer.Typer(
    help="Three SMS APIs, emulated on this machine.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """The command `dialog-sandbox`."""
    try:
        with standard_output():
            app(prog_name="dialog-sandbox")
    except OSError as error:
        fail(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}.")


@contextmanager
def standard_output() -> Iterator[None]:
    """What is printed inside has arrived in the end, or one line says that it has not."""
    if sys.stdout is None:
        fail("Standard output is closed: send it somewhere, be it /dev/null.")
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except OSError as error:
        if error.filename is not None or error.filename2 is not None:
            raise
        fail_to_print(error)


def fail_to_print(error: OSError) -> NoReturn:
    """One line, on standard error."""
    # Python would try it once more at the end, and say so in its own words.
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115  (it stays until the end)
    fail(f"Cannot write to standard output: {error.strerror or error}.")


@contextmanager
def one_line_without_reader() -> Iterator[None]:
    """One line says when nobody reads what is printed inside: Typer ends a command without a word then."""
    try:
        yield
    except BrokenPipeError as error:
        fail_to_print(error)


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


def show_version(is_requested: bool) -> None:
    if is_requested:
        from importlib.metadata import version  # noqa: PLC0415  (only this needs it)

        print(f"dialog-sandbox {version('dialog-sandbox')}")
        raise typer.Exit


@app.callback()
def with_version(
    version: Annotated[
        bool, typer.Option("--version", help="show the version and exit", is_eager=True, callback=show_version)
    ] = False,
) -> None:
    """Lets `--version` stand alone; the help of the whole is the application's."""


@app.command()
def serve(
    host: HostFlag = None,
    port: Annotated[str | None, flag("port to bind, 0 for a free one (8080)", metavar="PORT")] = None,
    database: DatabaseFlag = None,
    fixture: FixtureFlag = None,
    seed: SeedFlag = None,
    start_at: StartAtFlag = None,
    workers: Annotated[str | None, flag("processes that serve (1)", metavar="N")] = None,
    log: Annotated[str | None, flag("what standard error tells: plain, access or json (plain)", metavar="KIND")] = None,
    demo: Annotated[bool, typer.Option("--demo", help="visitors may read, a token drives")] = False,
    tls: TlsFlag = False,
    tls_cert: TlsCertFlag = None,
    tls_key: TlsKeyFlag = None,
    synthetic_only: Annotated[
        bool, typer.Option("--synthetic-only", help="refuse what looks like real people's data")
    ] = False,
    until_eof: Annotated[bool, typer.Option("--until-eof", help="stop when standard input ends")] = False,
) -> None:
    """start the server"""
    # First of all, since the first process of a container is deaf to SIGTERM until it says what to do with it.
    signals.stop_cleanly()
    settings = settings_of(
        host=host,
        port=port,
        database=database,
        fixture=fixture,
        seed=seed,
        start_at=start_at,
        workers=workers,
        log=log,
        demo=demo or None,
        tls=tls or None,
        tls_cert=tls_cert,
        tls_key=tls_key,
        synthetic_only=synthetic_only or None,
        until_eof=until_eof or None,
    )
    if settings.until_eof:
        signals.stop_at_eof()
    gc.disable()  # see collect_from_here_on
    set_up_log(settings.log)
    tell_ignored_variables()
    listener = bind(settings.host, settings.port)

    # readyz does without them; and a taken port is told before
    if settings.workers > 1:
        from sandbox.workers import run_workers  # noqa: PLC0415

        tell_what_is_not_sent()
        with one_line_failures(), one_line_without_reader():
            run_workers(settings, listener)
    else:
        from sandbox.web_server import run  # noqa: PLC0415

        tell_what_is_not_sent()
        with one_line_failures(), one_line_without_reader():
            run(settings, listener, collect_from_here_on)


@app.command("exec", options_metavar="[FLAGS] --")
def execute(
    command: Annotated[list[str], typer.Argument(metavar="COMMAND", help="what to run, with its arguments")],
    host: HostFlag = None,
    port: Annotated[str | None, flag("port to bind (a free one)", metavar="PORT")] = None,
    database: DatabaseFlag = None,
    fixture: FixtureFlag = None,
    seed: SeedFlag = None,
    start_at: StartAtFlag = None,
    tls: TlsFlag = False,
    tls_cert: TlsCertFlag = None,
    tls_key: TlsKeyFlag = None,
    report: Annotated[
        str | None,
        flag("where to say what it gets wrong (.html, .xml, .json), or keep its calls (.jsonl)", metavar="FILE"),
    ] = None,
    save_failure: Annotated[
        str | None, flag("where to save the run if it fails, for dialog-sandbox replay", metavar="FILE")
    ] = None,
) -> None:
    """run a command beside a server of its own"""
    signals.exit_as_a_shell_has_it()
    settings = settings_of(
        host=host,
        port=port,
        database=database,
        fixture=fixture,
        seed=seed,
        start_at=start_at,
        tls=tls or None,
        tls_cert=tls_cert,
        tls_key=tls_key,
    )
    if "port" not in settings.model_fields_set:
        settings = settings.model_copy(update={"port": 0})
    set_up_log(settings.log)
    tell_ignored_variables()
    for name, path in (("--report", report), ("--save-failure", save_failure)):
        if path and not settings.journal:
            fail(f"{name} needs the journal, and SANDBOX_JOURNAL switches it off: leave out one of them.", MISUSED)
    saved = Path(save_failure) if save_failure else None
    if saved is not None and (saved.is_dir() or not saved.parent.is_dir()):
        fail(f"Cannot write {saved}: it is a folder, or in none that is there.")

    import asyncio  # noqa: PLC0415  (readyz does without it)

    from sandbox.exec_command import CannotRun, run_beside_server  # noqa: PLC0415  (readyz does without it)
    from sandbox.report_command import NoReport, is_report  # noqa: PLC0415  (readyz does without it)

    try:
        is_of_calls = report is not None and not is_report(report)
    except NoReport as error:
        fail(str(error), MISUSED)
    opened = open_report(report) if report else nullcontext()
    listener = bind(settings.host, settings.port)
    with one_line_failures(), opened as file:
        lines, judged = (file, None) if is_of_calls else (None, file)
        try:
            code = asyncio.run(run_beside_server(command, settings, listener, lines, judged, saved))
        except CannotRun as error:
            fail(str(error), error.code)
    raise typer.Exit(code)


@app.command()
def readyz(
    host: Annotated[str | None, flag("address it is bound to (127.0.0.1)")] = None,
    port: Annotated[str | None, flag("port it is bound to (8080)", metavar="PORT")] = None,
    tls: Annotated[bool, typer.Option("--tls", help="it speaks https")] = False,
    wait: Annotated[str | None, flag("how long to wait until it is (0)", metavar="SECONDS")] = None,
) -> None:
    """ask a running server whether it is ready; exit 0 or 1"""
    from sandbox import readyz_command  # noqa: PLC0415  (--version does without it)

    settings = settings_of(host=host, port=port, tls=tls or None)
    try:
        readyz_command.wait_until_ready(settings, readyz_command.seconds_of(wait or "0"))
    except readyz_command.BadWait as error:
        fail(str(error), MISUSED)
    except readyz_command.NotReady as error:
        fail(str(error))
    print("ready")


@app.command()
def migrate(database: OfDatabaseFlag = None) -> None:
    """take a database of an older version to this one; a file is copied first"""
    from sandbox.store import StoreRefused  # noqa: PLC0415  (readyz does without it)

    try:
        from sandbox.store.migration import migrate as migrate_database  # noqa: PLC0415  (only this needs Alembic)
    except ImportError:
        fail("This needs Alembic: install dialog-sandbox[migrate].")
    name = database_of(database)
    try:
        done = migrate_database(name)
    except StoreRefused as error:
        fail(str(error))
    if done.before == done.after:
        print(f"schema {done.after} already")
    else:
        kept = f"; as it was: {done.copy}" if done.copy else ""
        print(f"schema {done.before} is now {done.after}{kept}")


CopyArgument = Annotated[str, typer.Argument(metavar="FILE", help="the copy", show_default=False)]


@app.command()
def backup(copy: CopyArgument, database: OfDatabaseFlag = None) -> None:
    """copy a whole database into a new file, while servers run on it"""
    signals.exit_as_a_shell_has_it()
    from sandbox.store import StoreRefused  # noqa: PLC0415  (readyz does without it)
    from sandbox.store.backup import back_up  # noqa: PLC0415  (readyz does without it)

    name = database_of(database)
    try:
        back_up(name, Path(copy))
    except StoreRefused as error:
        fail(str(error))
    print(f"{copy}: {os.path.getsize(copy)} bytes")


@app.command()
def restore(copy: CopyArgument, database: OfDatabaseFlag = None) -> None:
    """put such a copy where no world is yet"""
    signals.exit_as_a_shell_has_it()
    from sandbox.store import StoreRefused  # noqa: PLC0415  (readyz does without it)
    from sandbox.store.backup import restore as restore_copy  # noqa: PLC0415  (readyz does without it)

    name = database_of(database)
    try:
        restore_copy(Path(copy), name)
    except StoreRefused as error:
        fail(str(error))
    print(f"{copy} is restored")


@app.command("report")
def write_report(
    workspace: Annotated[str | None, flag("name or id of the workspace (default)", metavar="NAME")] = None,
    url: Annotated[
        str | None, flag("the running server (SANDBOX_URL, or http://127.0.0.1:8080)", metavar="URL")
    ] = None,
    kept: Annotated[
        str | None, typer.Option("--from", help="a report kept as JSON, instead of a server's", metavar="FILE")
    ] = None,
    mask: Annotated[bool, flag("asterisks for what looks like real people's data")] = False,
    format: ReportFormatFlag = None,
    output: ReportOutputFlag = None,
) -> None:
    """say what a client gets wrong; exit 1 when something is broken"""
    from sandbox import report_command  # noqa: PLC0415  (readyz does without it)

    origin = url or os.environ.get("SANDBOX_URL") or "http://127.0.0.1:8080"
    token = os.environ.get("SANDBOX_CONTROL_TOKEN") or None
    if kept and mask:
        fail("--mask is for a report of a server: one that is kept is as it was asked for.", MISUSED)
    try:
        name = report_command.format_of(format, output)
        report = (
            report_command.read_report(kept)
            if kept
            else report_command.fetch_report(origin, workspace or "default", token, mask=mask)
        )
    except report_command.NoReport as error:
        fail(str(error), MISUSED)
    put_report(report_command.written(report, name), output)
    raise typer.Exit(FAILED if report.state == "broken" else 0)


@app.command(options_metavar="[FLAGS] --")
def rehearse(
    command: Annotated[
        list[str] | None, typer.Argument(metavar="COMMAND", help="the client, with its arguments", show_default=False)
    ] = None,
    days: Annotated[str | None, flag("how many of the days are played (14)", metavar="N")] = None,
    minutes: Annotated[str | None, flag("about how long that takes (10)", metavar="N")] = None,
    start: Annotated[
        str | None, flag("spring, autumn, new-year, or a time, RFC 3339 (spring)", metavar="NAME|TIME")
    ] = None,
    url: Annotated[str | None, flag("a running server, instead of one of its own", metavar="URL")] = None,
    workspace: Annotated[str | None, flag("name or id of its workspace (default)", metavar="NAME")] = None,
    fixture: FixtureFlag = None,
    seed: SeedFlag = None,
    format: ReportFormatFlag = None,
    output: ReportOutputFlag = None,
) -> None:
    """play a fortnight of everything to a client, and say what it gets wrong"""
    signals.exit_as_a_shell_has_it()
    from sandbox import rehearse_command as rehearsals  # noqa: PLC0415  (readyz does without it)
    from sandbox import report_command  # noqa: PLC0415  (readyz does without it)
    from sandbox.exec_command import CannotRun  # noqa: PLC0415  (readyz does without it)

    try:
        name = report_command.format_of(format, output)
        begin = rehearsals.start_of(start, is_running=url is not None)
        settings = settings_of(fixture=fixture, seed=seed, start_at=begin.isoformat() if begin else None)
        request = rehearsals.request_of(days, minutes, begin, settings)
        if output:
            check_writable(output)
        if url:
            rehearsed = rehearsals.rehearse_on(url, settings.control_token, workspace or "default", command, request)
        elif not command:
            fail("Which client? Give its command behind --, or the --url of a server that it calls.", MISUSED)
        else:
            settings = settings if "port" in settings.model_fields_set else settings.model_copy(update={"port": 0})
            tell_ignored_variables()
            listener = bind(settings.host, settings.port)
            with one_line_failures():
                rehearsed = rehearsals.rehearse_beside_server(settings, listener, command, request)
    except (rehearsals.NoRehearsal, report_command.NoReport) as error:
        fail(str(error), MISUSED)
    except CannotRun as error:
        fail(str(error), error.code)
    put_report(report_command.written(rehearsed.report, name), output)
    if rehearsed.in_vain:
        fail(rehearsed.in_vain, rehearsed.code or FAILED)
    raise typer.Exit(rehearsed.code or (FAILED if rehearsed.report.state == "broken" else 0))


@app.command()
def replay(
    file: Annotated[str, typer.Argument(metavar="FILE", help="a bundle: GET bundle makes one", show_default=False)],
    url: Annotated[str | None, flag("a running server, instead of one of its own", metavar="URL")] = None,
    database: DatabaseFlag = None,
) -> None:
    """make a run again, and say what is answered otherwise; exit 1 when something is"""
    signals.exit_as_a_shell_has_it()
    from sandbox.replay_command import CannotReplay, HttpServer, summary  # noqa: PLC0415  (readyz does without it)
    from sandbox.replay_command import replay as replay_file  # noqa: PLC0415  (readyz does without it)

    try:
        if url:
            with HttpServer(url, os.environ.get("SANDBOX_CONTROL_TOKEN") or None) as server:
                result = replay_file(file, server, stays=True)
        else:
            with one_line_failures(), own_server(database) as (address, token), HttpServer(address, token) as server:
                result = replay_file(file, server, stays=False)
    except CannotReplay as error:
        fail(str(error), MISUSED)
    print(summary(result))
    raise typer.Exit(0 if result.is_same else FAILED)


@contextmanager
def own_server(database: str | None) -> Iterator[tuple[str, str | None]]:
    """A server for this command alone: its URL and its token."""
    from sandbox.server_thread import ThreadedServer  # noqa: PLC0415  (readyz does without it)

    own = {"journal": True, "host": LOOPBACK, "tls": False, "tls_cert": None, "tls_key": None}
    settings = settings_of(database=database, fixture="empty").model_copy(update=own)
    with ThreadedServer(settings, bind(LOOPBACK, 0)) as server:
        yield server.url, server.settings.control_token


@app.command("fixtures")
def list_fixtures() -> None:
    """list the fixtures one can start from"""
    from sandbox.world import fixtures  # noqa: PLC0415  (readyz does without it)

    for fixture in fixtures.available():
        print(f"{fixture.name:<12}{fixture.summary}")


@app.command("rules")
def list_rules(
    json: Annotated[bool, typer.Option("--json", help="as JSON")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="as docs/rules.md")] = False,
) -> None:
    """list every rule that the sandbox follows, and who says so"""
    if json and markdown:
        raise typer.BadParameter("give --json or --markdown, not both.")

    from json import dumps  # noqa: PLC0415  (only this needs it)

    from sandbox.server.rules import every_rule, plain_list, rules_table  # noqa: PLC0415  (readyz does without it)
    from sandbox.vendors import VENDORS  # noqa: PLC0415  (readyz does without it)

    if json:
        print(dumps([rule.model_dump() for rule in every_rule(VENDORS)], indent=2, ensure_ascii=False))
    elif markdown:
        print(rules_table(VENDORS), end="")
    else:
        print(plain_list(VENDORS), end="")


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


def tell_what_is_not_sent() -> None:
    """A line on standard error where OpenTelemetry's variables ask for what cannot be done."""
    from sandbox.server.telemetry import obstacle  # noqa: PLC0415  (only a server needs it)

    sentence = obstacle(os.environ)
    if sentence is not None:
        tell(sentence)


def bind(host: str, port: int) -> socket.socket:
    """A listening socket, or one line that says why not."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()  # so that the port is ours from here on: two may be bound, but only one listens
    except OSError as error:
        listener.close()
        hint = "; give another --port, or 0 for a free one" if error.errno == errno.EADDRINUSE else ""
        fail(f"Cannot listen on {host} port {port}: {error.strerror or error}{hint}.")
    return listener


def put_report(text: str, output: str | None) -> None:
    """Write a report into a file, or on standard output."""
    if output:
        with open_report(output) as file:
            file.write(text)
    else:
        print(text, end="" if text.endswith("\n") else "\n")


def check_writable(path: str) -> None:
    """Fail in one line if a report cannot be written there, which is to be made first; leave what is there."""
    was_there = os.path.lexists(path)
    if was_there and not (os.path.isfile(path) or os.path.isdir(path)):
        return  # a pipe or a device: to open it is to begin
    try:
        open(path, "a").close()
    except OSError as error:
        fail(f"Cannot write {path}: {error.strerror or error}.")
    if not was_there:
        os.unlink(path)


def open_report(path: str) -> TextIO:
    """A new file, or one line that says why not."""
    try:
        return open(path, "w", encoding="utf-8")
    except OSError as error:
        fail(f"Cannot write {path}: {error.strerror or error}.")
