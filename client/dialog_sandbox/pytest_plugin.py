"""Fixtures for tests of a program against the sandbox: `sandbox` is a fresh workspace for each test.

It comes with the package, into every pytest run beside it. So nothing but the standard library and pytest is imported
until a fixture is used, which is why functions import here, and nothing is started until a workspace is asked for.
"""

import os
import re
import secrets
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from dialog_sandbox import AsyncWorkspace, SandboxClient, Workspace
    from sandbox.app import Sandbox

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
PORT = "sandbox_port"
"""Where a worker of pytest-xdist asks for the server that all share."""
LONGEST_NAME = 80
SHARED = pytest.StashKey[Any]()


class Made(NamedTuple):
    """A test's workspace, its server, and when the test began by `monotonic`, as the server's clock may differ."""

    server: "SandboxClient"
    workspace: "Workspace"
    began: float


MADE = pytest.StashKey[Made]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)


@pytest.fixture(scope="session")
def sandbox_server(request: pytest.FixtureRequest) -> "Iterator[SandboxClient]":
    """The server of this run, as a `SandboxClient`: that of `SANDBOX_URL`, or one started for it on a free port.

    Off loopback it is called with `SANDBOX_CONTROL_TOKEN`. Under pytest-xdist all workers share one.
    """
    from dialog_sandbox import SandboxClient  # noqa: PLC0415  (see above)

    token = os.environ.get("SANDBOX_CONTROL_TOKEN") or None
    with ExitStack() as stack:
        if named := os.environ.get("SANDBOX_URL"):
            yield stack.enter_context(_attached(named, token))
            return
        url = stack.enter_context(_serving(getattr(request.config, "workerinput", {}).get(PORT)))
        yield stack.enter_context(SandboxClient(url, token))


@contextmanager
def _serving(shared_port: int | None) -> Iterator[str]:
    from dialog_sandbox.server_process import CannotStart, serving  # noqa: PLC0415  (see above)

    try:
        with serving(shared_port) as url:
            yield url
    except CannotStart as error:
        pytest.fail(str(error), pytrace=False)


def _attached(url: str, token: str | None) -> "SandboxClient":
    """A client of the server that `SANDBOX_URL` names; the run fails in a sentence when it is not there."""
    from dialog_sandbox import SandboxClient, SandboxError  # noqa: PLC0415  (see above)

    try:
        client = SandboxClient(url, token)
        client.version()
    except (SandboxError, ValueError) as error:
        reason = str(error)
    else:
        return client
    pytest.fail(f"{reason}\nSANDBOX_URL is {url}: start a sandbox there, or unset SANDBOX_URL.", pytrace=False)


@pytest.fixture(scope="session")
def sandbox_settings() -> dict[str, Any]:
    """What workspaces are made with: override it, in a module or for all, to give other values than `DEFAULTS`."""
    return {}


@pytest.fixture
def sandbox(
    request: pytest.FixtureRequest, sandbox_server: "SandboxClient", sandbox_settings: dict[str, Any]
) -> "Iterator[Workspace]":
    """A fresh workspace, its clock frozen, its messages delivered at once; other than that by the marker `sandbox`."""
    from dialog_sandbox import SandboxError  # noqa: PLC0415  (see above)

    made_with = settings_of(request.node, sandbox_settings)
    began = monotonic()
    workspace = sandbox_server.create_workspace(name_of(request.node), **made_with)
    request.node.stash[MADE] = Made(sandbox_server, workspace, began)
    yield workspace
    with suppress(SandboxError):  # the test may have deleted it, or the server be gone, which is told already
        workspace.delete()


@pytest.fixture
def async_sandbox(sandbox: "Workspace", sandbox_server: "SandboxClient") -> "AsyncWorkspace":
    """The same workspace with every verb to be awaited, in whatever event loop the test runs."""
    from dialog_sandbox import AsyncSandboxClient  # noqa: PLC0415  (see above)

    # Its connections are not kept: nobody could close them after the test's loop has ended.
    return AsyncSandboxClient(sandbox_server.url, sandbox_server.token, keep_alive=False).to_async(sandbox)


@pytest.fixture
def sandbox_app(request: pytest.FixtureRequest, sandbox_settings: dict[str, Any]) -> "Iterator[Sandbox]":
    """The server as an ASGI application, without a socket; its workspace `default` is made as `sandbox` is."""
    from sandbox.fixture_app import fixture_app  # noqa: PLC0415  (see above; the one place that needs the server)

    app = fixture_app(**settings_of(request.node, sandbox_settings))
    yield app
    app.close()


def settings_of(test: pytest.Item, overridden: Mapping[str, Any]) -> dict[str, Any]:
    """What the test's workspace is made with: its nearest marker counts most, then the fixture, then the defaults."""
    if not isinstance(overridden, Mapping):
        raise pytest.UsageError(f"sandbox_settings gives {overridden!r}: it must return a dict of settings.")
    settings = dict(overridden)
    for marker in reversed(list(test.iter_markers("sandbox"))):
        if marker.args:
            raise pytest.UsageError(_unnamed(marker.args))
        settings |= marker.kwargs
    unknown = sorted(settings.keys() - DEFAULTS.keys())
    if unknown:
        raise pytest.UsageError(f"The sandbox knows no setting {', '.join(unknown)}: it has {', '.join(DEFAULTS)}.")
    return {**DEFAULTS, **settings}


def _unnamed(values: tuple[Any, ...]) -> str:
    """What to write instead, as far as the values have names."""
    named = ", ".join(f"{name}={value!r}" for name, value in zip(DEFAULTS, values, strict=False))
    return f"The marker sandbox takes settings by name: write @pytest.mark.sandbox({named})."


def name_of(test: pytest.Item) -> str:
    """The test's name, fit for a workspace's, and nobody else's."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", test.name)[:LONGEST_NAME].strip("-._")
    return f"{plain}-{secrets.token_hex(4)}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Beside what failed stands what the workspace saw."""
    report = yield
    if report.failed and call.when != "teardown" and MADE in item.stash:
        report.sections.append(("sandbox", _summary(item.stash[MADE])))
    return report


def _summary(made: Made) -> str:
    from dialog_sandbox import SandboxError  # noqa: PLC0415  (see above)
    from dialog_sandbox.summary import summary  # noqa: PLC0415  (see above)

    try:
        return summary(made.server, made.workspace, timedelta(seconds=monotonic() - made.began))
    except SandboxError as error:  # a report must not hide what it reports on
        return str(error)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """pytest-xdist makes a worker: it learns where the server is that all share, which starts when one calls it."""
    if os.environ.get("SANDBOX_URL"):
        return
    from dialog_sandbox.server_process import SharedServer  # noqa: PLC0415  (see above)

    stash = node.config.stash
    if SHARED not in stash:
        stash[SHARED] = SharedServer()
    node.workerinput[PORT] = stash[SHARED].port


def pytest_unconfigure(config: pytest.Config) -> None:
    if SHARED in config.stash:
        config.stash[SHARED].close()
