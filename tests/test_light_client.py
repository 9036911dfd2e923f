"""`dialog-sandbox-client` alone beside a partner's tests: where its fixtures find a server, and what they say of it."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from commands import FAILSAFE_S, environment
from documents import served
from wheels import run

from dialog_sandbox import server_command
from dialog_sandbox.server_command import ServerCommand
from dialog_sandbox.server_process import ServerProcess
from dialog_sandbox.versions import fits

Runs = Callable[..., "subprocess.CompletedProcess[str]"]
VERSION = metadata.version("dialog-sandbox-client")
NEWER = "99.0.0"
TESTS = """
import os, pathlib

def test_it(sandbox, sandbox_server):
    pathlib.Path("port").write_text(sandbox_server.url.rpartition(":")[2])
    assert sandbox.send("14155550123", "Hello").status == "delivered"

def test_too(sandbox): pass
"""
OTHER_SERVER = """#!{python}
import json, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({{"version": "{version}", "schema": 9, "vendors": [], "access": "drive"}}).encode())

    def log_message(self, *_): pass

server = HTTPServer(("127.0.0.1", 0), Handler)
print(f"dialog-sandbox ready on http://127.0.0.1:{{server.server_port}}", flush=True)
Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
"""
NO_SERVER = (
    "There is no dialog-sandbox to run: install it beside the tests or on PATH, or install uv, whose uvx gets it;"
    " or set SANDBOX_URL to a server that runs."
)


@pytest.fixture
def run_tests(light: Path, tmp_path: Path) -> Runs:
    """Runs tests in the light environment; on PATH is nothing but what lies in `bin`."""
    (tmp_path / "bin").mkdir()

    def run_them(tests: str, *arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
        (tmp_path / "test_them.py").write_text(tests)
        return subprocess.run(
            [str(light / "python"), "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
            cwd=tmp_path,
            env=environment(PATH=str(tmp_path / "bin"), **env),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run_them


def on_path(tmp_path: Path, name: str, script: str) -> None:
    path = tmp_path / "bin" / name
    path.write_text(script)
    path.chmod(0o755)


def passes(done: "subprocess.CompletedProcess[str]", count: int) -> None:
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(rf"^{count} passed", done.stdout, re.MULTILINE), done.stdout


def has_ended(tmp_path: Path) -> bool:
    """Whether nobody listens where the tests had their server."""
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", int((tmp_path / "port").read_text()))) != 0


def test_it_brings_httpx_and_pydantic_and_nothing_of_the_server(light: Path) -> None:
    code = "import importlib.metadata, json; print(json.dumps([d.name for d in importlib.metadata.distributions()]))"
    there = {name.lower() for name in json.loads(run(light / "python", "-c", code))}
    assert {"dialog-sandbox-client", "httpx", "pydantic", "pytest"} <= there
    assert not {"dialog-sandbox", "fastapi", "starlette", "sqlalchemy", "sqlmodel", "faker", "uvicorn"} & there
    code = "import dialog_sandbox.models.report, dialog_sandbox.server_process; from dialog_sandbox import *"
    assert run(light / "python", "-W", "error", "-c", code) == ""
    assert not (light / "dialog-sandbox").exists()


def test_it_goes_to_the_server_that_is_named(run_tests: Runs) -> None:
    with served() as url:
        passes(run_tests(TESTS, SANDBOX_URL=url), 2)


@pytest.mark.parametrize("how", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_it_starts_the_one_of_path_apart_from_the_tests_own_packages(
    run_tests: Runs, installed: Path, tmp_path: Path, how: tuple[str, ...]
) -> None:
    (tmp_path / "bin/dialog-sandbox").symlink_to(installed / "dialog-sandbox")
    (tmp_path / "src/sandbox").mkdir(parents=True)
    (tmp_path / "src/sandbox/__init__.py").write_text("raise RuntimeError('not the server')")
    passes(run_tests(TESTS, *how, PYTHONPATH=str(tmp_path / "src")), 2)
    assert has_ended(tmp_path)


def test_that_one_ends_with_a_run_that_is_killed(run_tests: Runs, installed: Path, tmp_path: Path) -> None:
    (tmp_path / "bin/dialog-sandbox").symlink_to(installed / "dialog-sandbox")
    done = run_tests(TESTS + "\ndef test_last(): os.kill(os.getpid(), 9)\n", "-s")
    assert done.returncode == -signal.SIGKILL  # and nobody has its standard error open any more
    assert has_ended(tmp_path)


def test_it_has_uvx_get_the_one_of_its_own_version(run_tests: Runs, installed: Path, tmp_path: Path) -> None:
    script = f"""#!/bin/sh
echo "$@" > {tmp_path}/asked
shift 3
exec {installed}/dialog-sandbox "$@"
"""
    on_path(tmp_path, "uvx", script)
    passes(run_tests(TESTS), 2)
    asked = (tmp_path / "asked").read_text()
    assert asked.startswith(f"--from dialog-sandbox=={VERSION} dialog-sandbox serve --until-eof --host 127.0.0.1 ")
    assert has_ended(tmp_path)


@pytest.mark.parametrize("how", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_that_there_is_none_is_told_in_a_sentence(run_tests: Runs, how: tuple[str, ...]) -> None:
    done = run_tests(TESTS, *how)
    assert NO_SERVER in done.stdout
    assert "During handling" not in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert re.search(r"^(1 skipped, 1 error|2 errors) in", done.stdout, re.MULTILINE), done.stdout


def test_one_that_cannot_be_run_is_told_in_a_sentence(run_tests: Runs, tmp_path: Path) -> None:
    on_path(tmp_path, "dialog-sandbox", "#!/nowhere/python\n")
    done = run_tests(TESTS)
    assert f"Cannot run {tmp_path}/bin/dialog-sandbox: No such file or directory." in done.stdout
    assert "1 skipped, 1 error in" in done.stdout


def test_the_application_in_the_tests_process_needs_the_server(run_tests: Runs) -> None:
    done = run_tests("def test_it(sandbox_app): pass")
    told = (
        "sandbox_app is the server in the tests' own process, so it needs dialog-sandbox installed beside the tests,"
        " and not dialog-sandbox-client alone: install it, or use the fixture sandbox.\n"
    )
    assert told in done.stdout
    assert "1 error in" in done.stdout


def test_a_report_is_written_by_the_servers_command_and_json_without(
    run_tests: Runs, installed: Path, tmp_path: Path
) -> None:
    with served() as url:
        passes(run_tests(TESTS, "--sandbox-report", "report.json", SANDBOX_URL=url), 2)
        done = run_tests(TESTS, "--sandbox-report", "report.html", SANDBOX_URL=url)
        passes(done, 2)
        report = tmp_path / "report.html"
        assert f"dialog-sandbox: Cannot write {report}, but a .json file. {NO_SERVER}\n" in done.stdout
        (tmp_path / "bin/dialog-sandbox").symlink_to(installed / "dialog-sandbox")
        passes(run_tests(TESTS, "--sandbox-report", "report.html", SANDBOX_URL=url), 2)
    assert "state" in json.loads((tmp_path / "report.json").read_text())
    assert "<html" in report.read_text()


# Versions --------------------------------------------------------------------------------------------------------

ASKS = """
def test_it(sandbox_server): pass
def test_too(sandbox_server): pass
"""


def misfit(url: str) -> str:
    return (
        f"The sandbox at {url} is {NEWER}, and dialog-sandbox-client is {VERSION}: install the same version of both.\n"
    )


@pytest.mark.parametrize("how", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_a_started_server_of_a_version_that_does_not_fit_is_told(
    run_tests: Runs, tmp_path: Path, how: tuple[str, ...]
) -> None:
    on_path(tmp_path, "dialog-sandbox", OTHER_SERVER.format(python=sys.executable, version=NEWER))
    done = run_tests(ASKS, *how)
    (url,) = set(re.findall(r"The sandbox at (http://127\.0\.0\.1:\d+) is", done.stdout))
    assert misfit(url) in done.stdout
    assert re.search(r"^(1 skipped, 1 error|2 errors) in", done.stdout, re.MULTILINE), done.stdout


@pytest.mark.parametrize("how", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_a_named_server_of_such_a_version_is_gone_on_with_and_told_at_the_end(
    run_tests: Runs, tmp_path: Path, how: tuple[str, ...]
) -> None:
    on_path(tmp_path, "other", OTHER_SERVER.format(python=sys.executable, version=NEWER))
    with subprocess.Popen([tmp_path / "bin/other"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        url = other.stdout.readline().split()[-1]
        done = run_tests(ASKS, *how, SANDBOX_URL=url)
        passes(done, 2)
        assert done.stdout.count(f"dialog-sandbox: {misfit(url)}") == 1
        other.communicate()


@pytest.mark.parametrize(
    ("client", "server", "is_fit"),
    [
        ((0, 1), (0, 1), True),
        ((0, 1), (0, 2), False),
        ((0, 2), (0, 1), False),
        ((0, 9), (1, 9), False),
        ((1, 2), (1, 2), True),
        ((1, 2), (1, 10), True),
        ((1, 2), (1, 1), False),
        ((1, 2), (2, 2), False),
        ((2, 0), (1, 9), False),
    ],
)
def test_a_server_fits_as_the_changelog_promises(
    client: tuple[int, int], server: tuple[int, int], is_fit: bool
) -> None:
    assert fits(client, server) is is_fit


# What is otherwise on macOS and Windows, simulated ---------------------------------------------------------------


class Started:
    """A process that notes how it was started and what was done to it."""

    def __init__(self, words: list[str], **options: Any) -> None:
        self.options = options
        self.done: list[str] = []
        self.stdin = self
        self.stdout = self

    def readline(self) -> str:
        return "dialog-sandbox ready on http://127.0.0.1:1\n"

    def close(self) -> None:
        self.done.append("input closed")

    def terminate(self) -> None:
        self.done.append("terminated")

    def kill(self) -> None:
        self.done.append("killed")

    def wait(self) -> None:
        self.done.append("waited for")

    def __enter__(self) -> "Started":
        return self

    def __exit__(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    ("platform", "apart", "ended"),
    [
        ("linux", {"start_new_session": True}, ["input closed", "terminated", "waited for"]),
        ("darwin", {"start_new_session": True}, ["input closed", "terminated", "waited for"]),
        ("win32", {"creationflags": 0x200}, ["input closed", "waited for"]),
    ],
)
def test_each_platform_keeps_ctrl_c_from_the_server_and_lets_it_clean_up(
    monkeypatch: pytest.MonkeyPatch, platform: str, apart: dict[str, Any], ended: list[str]
) -> None:
    started: list[Started] = []

    def start(words: list[str], **options: Any) -> Started:
        started.append(Started(words, **options))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", start)
    monkeypatch.setattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0x200, raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    server = ServerProcess()
    assert server.url == "http://127.0.0.1:1"
    server.close()
    (process,) = started
    assert {name: process.options.get(name) for name in apart} == apart
    assert not {"start_new_session", "creationflags"} & set(process.options) - set(apart)
    assert process.done == ended


def test_what_a_python_of_macos_hands_down_leads_no_other_astray(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("__PYVENV_LAUNCHER__", "PYTHONHOME", "PYTHONPATH", "OF_THE_USER"):
        monkeypatch.setenv(name, "x")
    names = set(os.environ)
    assert set(ServerCommand(["dialog-sandbox"], is_of_our_python=False).environment()) == names - {
        "__PYVENV_LAUNCHER__",
        "PYTHONHOME",
        "PYTHONPATH",
    }
    assert set(ServerCommand(["python"], is_of_our_python=True).environment()) == names - {"PYTHONPATH"}


def test_the_end_of_input_stops_a_server_on_windows_as_a_signal_would() -> None:
    code = """
import signal, socket, sys
from sandbox import signals
sys.platform = "win32"
waker, woken = socket.socketpair()
waker.setblocking(False)
signal.set_wakeup_fd(waker.fileno())  # as the loop of asyncio does there
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
signals.stop_at_eof()
woken.recv(1)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, env=environment()) as process:
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(FAILSAFE_S) == 7


def test_the_command_is_found_where_the_platform_looks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(server_command, "server_package", lambda: None)
    monkeypatch.setattr(shutil, "which", lambda name: f"C:\\bin\\{name}.EXE" if name == "uvx" else None)
    assert server_command.server_command() == ServerCommand(
        ["C:\\bin\\uvx.EXE", "--from", f"dialog-sandbox=={VERSION}", "dialog-sandbox"], is_of_our_python=False
    )
