"""The command line.

Exit codes: 0 done, 1 it could not be done, 2 it was asked wrongly; `exec` ends with its command's, 126 when that
cannot be run and 127 when it is not there. Errors are one line on standard error.
"""

import argparse
import errno
import gc
import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib.metadata import version
from typing import Any, NoReturn, TextIO

FAILED = 1
MISUSED = 2
READYZ_TIMEOUT_S = 2.0
FLAGS = ("host", "port", "database", "fixture", "seed", "start_at", "workers", "demo")


def main(arguments: list[str] | None = None) -> None:
    """The command `dialog-sandbox`."""
    options = parser().parse_args(arguments)
    options.run(options)


def parser() -> argparse.ArgumentParser:
    """What can be typed."""
    top = argparse.ArgumentParser(prog="dialog-sandbox", description="Three SMS APIs, emulated on this machine.")
    top.add_argument("--version", action=ShowVersion, nargs=0, help="show the version and exit")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")

    serving = commands.add_parser("serve", help="start the server")
    add_flags(serving, port="port to bind, 0 for a free one (8080)")
    serving.add_argument("--workers", metavar="N", help="processes that serve: always 1")
    serving.add_argument("--demo", action="store_const", const="1", help="visitors may read, a token drives")
    serving.set_defaults(run=serve)

    executing = commands.add_parser(
        "exec", help="run a command beside a server of its own", usage="%(prog)s [FLAGS] -- COMMAND ..."
    )
    add_flags(executing, port="port to bind (a free one)")
    executing.add_argument("--report", metavar="FILE", help="where to keep the journal, as JSON lines")
    executing.add_argument("command", nargs="+", metavar="COMMAND", help="what to run, with its arguments")
    executing.set_defaults(run=execute)

    probing = commands.add_parser("readyz", help="ask a running server whether it is ready; exit 0 or 1")
    probing.add_argument("--host", help="address it is bound to (127.0.0.1)")
    probing.add_argument("--port", help="port it is bound to (8080)")
    probing.set_defaults(run=readyz)

    commands.add_parser("fixtures", help="list the fixtures one can start from").set_defaults(run=list_fixtures)
    ruling = commands.add_parser("rules", help="list every rule that the sandbox follows")
    form = ruling.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="as JSON")
    form.add_argument("--markdown", action="store_true", help="as docs/rules.md")
    ruling.set_defaults(run=list_rules)
    return top


def add_flags(parser: argparse.ArgumentParser, *, port: str) -> None:
    """Those of whatever starts a server."""
    parser.add_argument("--host", help="address to bind (127.0.0.1)")
    parser.add_argument("--port", help=port)
    parser.add_argument("--database", metavar="URL", help="path or SQLAlchemy URL to keep data in (temporary file)")
    parser.add_argument("--fixture", metavar="NAME|FILE", help="the world to start from (clinic)")
    parser.add_argument("--seed", metavar="N", help="decides everything that a fixture leaves to chance (1)")
    parser.add_argument("--start-at", metavar="TIME", help="what the clock reads at first, RFC 3339 (now)")


class ShowVersion(argparse.Action):
    """Looks the version up only when it is asked for."""

    def __call__(self, *_: object) -> None:
        print(f"dialog-sandbox {version('dialog-sandbox')}")
        raise SystemExit(0)


def fail(message: str, code: int = FAILED) -> NoReturn:
    """One line, no traceback."""
    print(f"dialog-sandbox: {' '.join(message.split())}", file=sys.stderr)
    raise SystemExit(code)


def settings_of(options: argparse.Namespace) -> Any:
    """The settings out of flags and environment."""
    from sandbox import settings  # noqa: PLC0415

    flags = {name: getattr(options, name) for name in FLAGS if hasattr(options, name)}
    try:
        return settings.from_environment(os.environ, **flags)
    except settings.BadSetting as error:
        fail(str(error), MISUSED)


def serve(options: argparse.Namespace) -> None:
    """Serves until SIGTERM, SIGINT or SIGHUP; the last is ignored under nohup."""
    # Whoever asks us to stop gets a clean stop and exit code 0, also when they ask twice or before we serve. First of
    # all, since the first process of a container is deaf to SIGTERM until it says what to do with it.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN or number != signal.SIGHUP:
            signal.signal(number, lambda *_: sys.exit(0))
    settings = settings_of(options)
    listener = bind(settings.host, settings.port)

    # What is made from here until it serves stays for good: looking through it for garbage would be a waste.
    gc.disable()

    from sandbox.server.serving import run  # noqa: PLC0415  (what follows takes a third of a second to import)

    with one_line_failures():
        run(settings, listener)


def execute(options: argparse.Namespace) -> None:
    """Serves while a command runs, and ends with its exit status."""
    options.port = options.port or os.environ.get("SANDBOX_PORT") or "0"
    settings = settings_of(options)
    if options.report and not settings.journal:
        fail("--report needs the journal, and SANDBOX_JOURNAL switches it off: leave out one of them.", MISUSED)
    report = open_report(options.report) if options.report else nullcontext()
    listener = bind(settings.host, settings.port)

    from sandbox.companion import CannotRun, Companion  # noqa: PLC0415  (takes a third of a second to import)

    with one_line_failures(), report as file:
        try:
            code = Companion(options.command, file).run(settings, listener)
        except CannotRun as error:
            fail(str(error), error.code)
    raise SystemExit(code)


def open_report(path: str) -> TextIO:
    """A new file, or one line that says why not."""
    try:
        return open(path, "w", encoding="utf-8")
    except OSError as error:
        fail(f"Cannot write {path}: {error.strerror or error}.")


@contextmanager
def one_line_failures() -> Iterator[None]:
    """What keeps a server from starting, told in one line."""
    from sandbox.server.targets import BadTarget  # noqa: PLC0415
    from sandbox.world.errors import FixtureRefused, StoreRefused  # noqa: PLC0415

    try:
        yield
    except (FixtureRefused, BadTarget) as error:
        fail(str(error), MISUSED)
    except StoreRefused as error:
        fail(str(error))


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


def readyz(options: argparse.Namespace) -> None:
    """Exit code 0 when the server of these settings is ready, else 1."""
    from http.client import HTTPConnection, HTTPException  # noqa: PLC0415

    settings = settings_of(options)
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    connection = HTTPConnection(host, settings.port, timeout=READYZ_TIMEOUT_S)
    try:
        connection.request("GET", "/_sandbox/health/ready")
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        fail(f"not ready on {host} port {settings.port}: {error}")
    finally:
        connection.close()
    if status != 200:
        fail(f"not ready on {host} port {settings.port}: it answers {status}")
    print("ready")


def list_fixtures(_: argparse.Namespace) -> None:
    from sandbox.world import fixtures  # noqa: PLC0415

    for fixture in fixtures.available():
        print(f"{fixture.name:<12}{fixture.summary}")


def list_rules(options: argparse.Namespace) -> None:
    from sandbox.server.rules import every_rule, rules_table  # noqa: PLC0415

    if options.json:
        print(json.dumps(every_rule(), indent=2, ensure_ascii=False))
        return
    if options.markdown:
        print(rules_table(), end="")
        return
    for rule in every_rule():
        print(f"{rule['id']:<20}{rule['provenance']:<24}{rule['summary']}")
