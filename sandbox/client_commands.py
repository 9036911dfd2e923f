"""`report`, `rehearse` and `replay`: what is said of a client, and of a run of it, from the command line.

What they need is imported inside them, as in `cli.py`.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from sandbox import signals
from sandbox.flags import (
    DatabaseFlag,
    FixtureFlag,
    ReportFormatFlag,
    ReportOutputFlag,
    SeedFlag,
    flag,
    settings_of,
    tell_ignored_variables,
)
from sandbox.listener import bind
from sandbox.output import check_writable, put_report
from sandbox.startup import FAILED, MISUSED, fail, one_line_failures

LOOPBACK = "127.0.0.1"


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
