"""What can be typed, and what comes of it?

Exit codes: 0 done, 1 it could not be done, 2 it was asked wrongly; `exec` ends with its command's, 126 when that
cannot be run and 127 when it is not there. Errors of ours are one line on standard error.

What a command needs is imported inside it: `readyz` runs every few seconds in a container, and is not to wait for the
framework and the store, which take most of a second.
"""

import gc
import os
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from sandbox import client_commands, database_commands, signals
from sandbox.flags import (
    DatabaseFlag,
    FixtureFlag,
    HostFlag,
    SeedFlag,
    StartAtFlag,
    TlsCertFlag,
    TlsFlag,
    TlsKeyFlag,
    flag,
    settings_of,
    tell_ignored_variables,
)
from sandbox.listener import bind
from sandbox.output import one_line_without_reader, open_report, standard_output
from sandbox.startup import MISUSED, collect_from_here_on, fail, one_line_failures, set_up_log, tell

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

    tell_what_is_not_sent()
    with one_line_failures(), one_line_without_reader():
        # What is imported here takes most of the start; a taken port is told before.
        if settings.workers > 1:
            from sandbox.workers import run_workers  # noqa: PLC0415  (readyz does without it)

            run_workers(settings, listener)
        else:
            from sandbox.web_server import run  # noqa: PLC0415  (readyz does without it)

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


app.command()(database_commands.migrate)
app.command()(database_commands.backup)
app.command()(database_commands.restore)
app.command("report")(client_commands.write_report)
app.command(options_metavar="[FLAGS] --")(client_commands.rehearse)
app.command()(client_commands.replay)


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


def tell_what_is_not_sent() -> None:
    """A line on standard error where OpenTelemetry's variables ask for what cannot be done."""
    from sandbox.server.telemetry import obstacle  # noqa: PLC0415  (only a server needs it)

    sentence = obstacle(os.environ)
    if sentence is not None:
        tell(sentence)
