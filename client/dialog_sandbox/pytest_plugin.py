"""Fixtures for tests of a program against the sandbox: `sandbox` is a fresh workspace for each test.

It comes with the client, into every pytest run beside it. So nothing but the standard library and pytest is imported
until a fixture is used, which is why functions import here, and nothing is started until a workspace is asked for.

The process is the tests': they replace clocks, files, HTTP clients. A hook that fails would end their run, so whatever
fails in one of ours is a line in the report.
"""

import os
import re
import secrets
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import pytest

if TYPE_CHECKING:
    from dialog_sandbox import AsyncWorkspace, SandboxClient, Workspace
    from sandbox.fixture_app import ThreadedApp

DEFAULTS: Mapping[str, Any] = {
    "fixture": "empty",
    "seed": 1,
    "start_at": datetime(2026, 5, 6, 9, tzinfo=UTC),
    "clock": "frozen",
    "delivery": "immediate",
    "ttl": 3600,
}
"""What a workspace is made with, unless a test says otherwise. Those of a run that was cut off go after an hour."""
MARKER = "sandbox(fixture, seed, start_at, clock, delivery, ttl): what the test's sandbox is made with"
UNTOLD = "What the sandbox saw cannot be told:"
SHADOWED = (
    "This project has a package named sandbox, which hides the server's: use the fixture sandbox, not sandbox_app."
)
ABSENT = (
    "sandbox_app is the server in the tests' own process, so it needs dialog-sandbox installed beside the tests, and"
    " not dialog-sandbox-client alone: install it, or use the fixture sandbox."
)
PORT = "sandbox_port"
"""Where a worker of pytest-xdist asks for the server that all share."""
REPORT_OPTION = "--sandbox-report"
SAVE_OPTION = "--sandbox-save-failures"
REPORT_OUTPUT = "sandbox_report"
"""Where a worker of pytest-xdist leaves what its workspaces say."""
NOTES_OUTPUT = "sandbox_notes"
"""Where it leaves what else is to be told."""
LONGEST_NAME = 80
SHARED = pytest.StashKey[Any]()
GONE = pytest.StashKey[str]()
"""Why no further test of this run can have a workspace; the first that has none fails by it, the others are skipped."""
NOTES = pytest.StashKey[list[str]]()
"""What failed in a hook, or is to be told besides, for the end of the report."""
REPORTS = pytest.StashKey[list[Any]]()
"""What is to be said of each workspace, if `--sandbox-report` asks for that."""
WORKER_REPORTS = pytest.StashKey[list[str]]()
FIXTURE_SUFFIXES = (".yaml", ".yml")


class Made(NamedTuple):
    """A test's workspace and its server."""

    server: "SandboxClient"
    workspace: "Workspace"


MADE = pytest.StashKey[Made]()


class BadSettings(Exception):
    """What a test asks its workspace to be made with is not to be had; the text says why."""


def pytest_addoption(parser: pytest.Parser) -> None:
    about = "write what the program under test gets wrong (.json, .html, .xml for JUnit, .svg), over all `sandbox`es"
    group = parser.getgroup("dialog-sandbox")
    group.addoption(REPORT_OPTION, metavar="FILE", help=about)
    about = "save what the `sandbox` of each failing test saw, for `dialog-sandbox replay`"
    group.addoption(SAVE_OPTION, metavar="FOLDER", help=about)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)
    if not hasattr(config, "workerinput"):
        _check_files(config)


def _check_files(config: pytest.Config) -> None:
    """Refuse, before a test runs, to write where or what cannot be written after the last one."""
    report, folder = (config.getoption(option) for option in (REPORT_OPTION, SAVE_OPTION))
    here = config.invocation_params.dir
    if report:
        _check_ending(report)
    if report and (here / report).is_dir():
        raise pytest.UsageError(f"{REPORT_OPTION} {report}: that is a folder; name a file in it.")
    if folder and (here / folder).exists() and not (here / folder).is_dir():
        raise pytest.UsageError(f"{SAVE_OPTION} {folder}: that is a file, and a folder is wanted.")


def _check_ending(report: str) -> None:
    from dialog_sandbox.reports import FORMAT_OF_SUFFIX  # noqa: PLC0415  (runs without a report do without pydantic)

    if Path(report).suffix.lower() not in ("", *FORMAT_OF_SUFFIX):
        endings = ", ".join(FORMAT_OF_SUFFIX)
        raise pytest.UsageError(f"{REPORT_OPTION} {report}: a report's name ends with one of {endings}.")


@pytest.fixture(scope="session")
def sandbox_server(request: pytest.FixtureRequest) -> "Iterator[SandboxClient]":
    """The server of this run, as a `SandboxClient`: that of `SANDBOX_URL`, or one started for it on a free port.

    It is started by the `dialog-sandbox` that is installed beside the tests, or by that of PATH, or by `uvx`.
    Off loopback it is called with `SANDBOX_CONTROL_TOKEN`. Under pytest-xdist all workers share one.
    """
    from dialog_sandbox import SandboxClient  # noqa: PLC0415  (see above)

    token = os.environ.get("SANDBOX_CONTROL_TOKEN") or None
    with ExitStack() as stack:
        if named := os.environ.get("SANDBOX_URL"):
            yield stack.enter_context(_attached(request.config, named, token))
            return
        url = stack.enter_context(_serving(request.config, getattr(request.config, "workerinput", {}).get(PORT)))
        client = stack.enter_context(SandboxClient(url, token))
        if misfit := _misfit(client):
            _fail(request.config, misfit)
        yield client


@contextmanager
def _serving(config: pytest.Config, shared_port: int | None) -> Iterator[str]:
    from dialog_sandbox.server_process import CannotStart, serving  # noqa: PLC0415  (see above)

    with ExitStack() as stack:
        try:
            url = stack.enter_context(serving(shared_port, config.invocation_params.dir))
        except CannotStart as error:
            reason = str(error)
        else:
            yield url
            return
    _fail(config, reason)


def _misfit(client: "SandboxClient") -> str | None:
    """Return a sentence if the server's version does not fit ours."""
    from dialog_sandbox.versions import misfit  # noqa: PLC0415  (see above)

    return misfit(client.url, client.version().version)


def _fail(config: pytest.Config, reason: str) -> NoReturn:
    """Fail this test; those after it, which would fail by the same, are skipped."""
    config.stash[GONE] = reason
    pytest.fail(reason, pytrace=False)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Import the server if a test is to have it in this process: once its clock is replaced that may fail."""
    if any("sandbox_app" in getattr(item, "fixturenames", ()) for item in session.items):
        with suppress(Exception):  # the fixture tells it
            import_module("sandbox.fixture_app")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if GONE in item.config.stash and "sandbox_server" in getattr(item, "fixturenames", ()):
        pytest.skip(item.config.stash[GONE].splitlines()[0])


def _attached(config: pytest.Config, url: str, token: str | None) -> "SandboxClient":
    """A client of the server that `SANDBOX_URL` names; the run fails in a sentence when it is not there."""
    from dialog_sandbox import SandboxClient, SandboxError, Unreachable  # noqa: PLC0415  (see above)

    try:
        client = SandboxClient(url, token)
        misfit = _misfit(client)
    except Unreachable as error:
        reason, remedy = str(error), "start a sandbox there, or unset it"
    except (SandboxError, ValueError) as error:
        reason, remedy = str(error), "name a sandbox, or unset it"
    else:
        if misfit:  # others decide what runs there: what is the same goes on
            config.stash.setdefault(NOTES, []).append(misfit)
        return client
    _fail(config, f"{reason}\nSANDBOX_URL is {url}: {remedy}.")


@pytest.fixture(scope="session")
def sandbox_settings() -> dict[str, Any]:
    """What workspaces are made with: override it, in a module or for all, to give other values than `DEFAULTS`."""
    return {}


@pytest.fixture
def sandbox(
    request: pytest.FixtureRequest, sandbox_server: "SandboxClient", sandbox_settings: dict[str, Any]
) -> "Iterator[Workspace]":
    """A fresh workspace, its clock frozen, its messages delivered at once; other than that by the marker `sandbox`."""
    from dialog_sandbox import SandboxError, Unreachable  # noqa: PLC0415  (see above)
    from dialog_sandbox.server_process import nobody_listens  # noqa: PLC0415  (see above)

    workspace = None
    try:
        made_with = settings_of(request.node, sandbox_settings)
        workspace = sandbox_server.create_workspace(name_of(request.node), **made_with)
    except (SandboxError, BadSettings, OSError, ValueError, TypeError) as error:
        reason = "\n".join([str(error), *getattr(error, "__notes__", ())])
        is_gone = isinstance(error, Unreachable) and nobody_listens(sandbox_server.url)
    if workspace is None:
        if is_gone:
            _fail(request.config, f"The sandbox at {sandbox_server.url} has ended while the tests ran.")
        pytest.fail(reason, pytrace=False)
    request.node.stash[MADE] = Made(sandbox_server, workspace)
    yield workspace
    if request.config.getoption(REPORT_OPTION):
        _keep_report(request.config, workspace)
    try:
        workspace.delete()
    except SandboxError:
        pass  # the test may have deleted it, or the server be gone, which is told already
    except Exception as error:  # what the test has replaced is replaced yet; it goes after its `ttl`
        request.config.stash.setdefault(NOTES, []).append(f"{workspace.name} was not deleted: {_message_of(error)}")


def _keep_report(config: pytest.Config, workspace: "Workspace") -> None:
    """Keep what is to be said of a workspace before it goes; or why that cannot be said."""
    try:
        config.stash.setdefault(REPORTS, []).append(workspace.report())
    except Exception as error:
        config.stash.setdefault(NOTES, []).append(_line(error))


@pytest.fixture
def async_sandbox(sandbox: "Workspace", sandbox_server: "SandboxClient") -> "AsyncWorkspace":
    """The same workspace with every verb to be awaited, in whatever event loop the test runs."""
    from dialog_sandbox import AsyncSandboxClient  # noqa: PLC0415  (see above)

    # Its connections are not kept: nobody could close them after the test's loop has ended.
    return AsyncSandboxClient(sandbox_server.url, sandbox_server.token, keep_alive=False).to_async(sandbox)


@pytest.fixture
def sandbox_app(request: pytest.FixtureRequest, sandbox_settings: dict[str, Any]) -> "Iterator[ThreadedApp]":
    """The server as an ASGI application, without a socket; its workspace `default` is made as `sandbox` is.

    It has an event loop of its own, in a thread: it is called from whatever loop the test has, asyncio's or trio's.
    """
    with ExitStack() as stack:
        try:
            from sandbox.fixture_app import NoApp, fixture_app  # noqa: PLC0415  (see above; it needs the server)

            made_with = settings_of(request.node, sandbox_settings)
        except ModuleNotFoundError as error:
            if error.name not in ("sandbox", "sandbox.fixture_app"):
                raise
            reason = _why_no_app()
        except BadSettings as error:
            reason = str(error)
        else:
            try:
                app = stack.enter_context(fixture_app(**made_with))
            except NoApp as error:
                reason = str(error)
            else:
                yield app
                return
    pytest.fail(reason, pytrace=False)


def _why_no_app() -> str:
    from dialog_sandbox.server_command import server_package  # noqa: PLC0415  (see above)

    return ABSENT if server_package() is None else SHADOWED


def settings_of(test: pytest.Item, overridden: Mapping[str, Any]) -> dict[str, Any]:
    """What the test's workspace is made with: its nearest marker counts most, then the fixture, then the defaults.

    Raises `BadSettings`.
    """
    if not isinstance(overridden, Mapping):
        raise BadSettings(f"sandbox_settings gives {overridden!r}: it must return a dict of settings.")
    settings = _with_file({**DEFAULTS, **_of_environment(), **overridden}, test.config.invocation_params.dir)
    for marker in reversed(list(test.iter_markers("sandbox"))):
        if marker.args:
            raise BadSettings(_unnamed(marker.args))
        settings |= _with_file(marker.kwargs, test.path.parent)
    unknown = sorted(settings.keys() - DEFAULTS.keys())
    if unknown:
        raise BadSettings(f"The sandbox knows no setting {', '.join(unknown)}: it has {', '.join(DEFAULTS)}.")
    return settings


def _of_environment() -> dict[str, Any]:
    """Return what `SANDBOX_FIXTURE` says of a server that is started for the tests: workspaces begin alike there."""
    named = os.environ.get("SANDBOX_FIXTURE")
    return {"fixture": named} if named and not os.environ.get("SANDBOX_URL") else {}


def _with_file(settings: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return them with the whole path of a fixture that is a file, which is written as seen from a folder."""
    fixture = settings.get("fixture")
    is_named = isinstance(fixture, str) and Path(fixture).suffix.lower() not in FIXTURE_SUFFIXES
    if is_named or not isinstance(fixture, str | os.PathLike):
        return dict(settings)
    file = folder / fixture
    if file.is_file():
        return {**settings, "fixture": file}
    if isinstance(fixture, str) and file == Path(fixture):
        return dict(settings)  # the server may have it, where it runs
    raise BadSettings(f"There is no fixture {file}.")


def _unnamed(values: tuple[Any, ...]) -> str:
    """What to write instead, as far as the values have names."""
    named = ", ".join(f"{name}={value!r}" for name, value in zip(DEFAULTS, values, strict=False))
    return f"The marker sandbox takes settings by name: write @pytest.mark.sandbox({named})."


def name_of(test: pytest.Item) -> str:
    """The test's name, fit for a workspace's, and nobody else's."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", test.name)[:LONGEST_NAME].strip("-._")
    return f"{plain}-{secrets.token_hex(4)}"


@pytest.hookimpl(hookwrapper=True)  # not `wrapper=True`, which pluggy before 1.2 does not know
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    """Beside what failed stands what the workspace saw."""
    outcome = yield
    if outcome.excinfo is not None:
        return
    report = outcome.get_result()
    if report.failed and call.when != "teardown" and MADE in item.stash:
        report.sections.append(("sandbox", _summary(item.stash[MADE]) + _saved(item)))


def _saved(item: pytest.Item) -> str:
    """Save the run of a test that failed, if that is wanted; return a line that says where, or why it could not be."""
    folder = item.config.getoption(SAVE_OPTION)
    if not folder:
        return ""
    try:
        workspace = item.stash[MADE].workspace
        file = item.config.invocation_params.dir / folder / f"{workspace.name}.bundle"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(workspace.export_bundle())
    except (KeyboardInterrupt, pytest.exit.Exception):
        raise
    except BaseException as error:  # as above
        return f"\n{_line(error)}"
    return f"\ndialog-sandbox replay {file}"


def _summary(made: Made) -> str:
    """What the workspace saw; or in a line why that cannot be told, because the test still has replaced what it did."""
    try:
        from dialog_sandbox.summary import summary  # noqa: PLC0415  (see above)

        return summary(made.server, made.workspace)
    except (KeyboardInterrupt, pytest.exit.Exception):
        raise
    except BaseException as error:
        return _line(error)


def _line(error: BaseException) -> str:
    """Return an error in a line; one of ours is a sentence."""
    said = _message_of(error)
    return said if type(error).__module__.startswith("dialog_sandbox.") else f"{UNTOLD} {type(error).__name__}: {said}"


def _message_of(error: BaseException) -> str:
    return " ".join(str(error).split())


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """pytest-xdist makes a worker: it learns where the server is that all share, which starts when one calls it."""
    if os.environ.get("SANDBOX_URL"):
        return
    stash = node.config.stash
    try:
        from dialog_sandbox.server_process import SharedServer  # noqa: PLC0415  (see above)

        if SHARED not in stash:
            stash[SHARED] = SharedServer(node.config.invocation_params.dir)
        node.workerinput[PORT] = stash[SHARED].port
    except Exception as error:
        note = f"Each worker starts a server of its own, since none can be shared: {_line(error)}"
        stash.setdefault(NOTES, []).append(note)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A worker of pytest-xdist has ended: what its workspaces say is kept, and what else is to be told."""
    output = getattr(node, "workeroutput", {})
    stash = node.config.stash
    if text := output.get(REPORT_OUTPUT):
        stash.setdefault(WORKER_REPORTS, []).append(text)
    stash.setdefault(NOTES, []).extend(output.get(NOTES_OUTPUT, ()))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the report of the run; a worker hands on its own."""
    config = session.config
    try:
        _finish_report(config)
    except Exception as error:
        config.stash.setdefault(NOTES, []).append(_line(error))
    if hasattr(config, "workeroutput"):
        config.workeroutput[NOTES_OUTPUT] = config.stash.get(NOTES, [])


def _finish_report(config: pytest.Config) -> None:
    reports = config.stash.get(REPORTS, [])
    texts = config.stash.get(WORKER_REPORTS, [])
    if not (reports or texts):
        return
    from dialog_sandbox.run_report import as_text, write_report  # noqa: PLC0415  (see above)

    own = [as_text(reports)] if reports else []
    if hasattr(config, "workeroutput"):
        config.workeroutput[REPORT_OUTPUT] = own[0]
    else:
        note = write_report(config.invocation_params.dir / config.getoption(REPORT_OPTION), [*texts, *own])
        config.stash.setdefault(NOTES, []).append(note)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    notes = config.stash.get(NOTES, [])
    for note in dict.fromkeys(notes):
        terminalreporter.write_line(f"dialog-sandbox: {note}")


def pytest_unconfigure(config: pytest.Config) -> None:
    if SHARED in config.stash:
        with suppress(Exception):  # the server ends with this process in any case
            config.stash[SHARED].close()
