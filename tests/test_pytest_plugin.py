"""The fixtures that partners' tests ask for, in test runs of their own."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from commands import environment, partners_pytest
from driver import ACTION_NAMES

Runs = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Runs:
    """Runs pytest over a file of tests, in a process of its own."""

    def run_tests(tests: str, *arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
        (tmp_path / "test_them.py").write_text(tests)
        return subprocess.run(
            partners_pytest("--strict-markers", *arguments),
            cwd=tmp_path,
            env=environment(**env),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run_tests


def passes(done: "subprocess.CompletedProcess[str]", count: int) -> None:
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(rf"^{count} passed", done.stdout, re.MULTILINE), done.stdout


def test_a_workspace_is_fresh_for_each_test_and_made_as_the_test_says(run: Runs) -> None:
    tests = """
from datetime import UTC, datetime
import pytest

START = datetime(2026, 5, 6, 9, tzinfo=UTC)

def test_frozen_immediate_and_empty(sandbox):
    assert (sandbox.clock.state, sandbox.clock.now) == ("frozen", START)
    assert sandbox.delivery().mode == "immediate"
    assert (sandbox.people(), sandbox.messages()) == ([], [])
    assert sandbox.name.startswith("test_frozen_immediate_and_empty-")
    assert sandbox.send("14155550123", "Hello").status == "delivered"

def test_another_sees_nothing_of_it(sandbox, sandbox_server):
    assert sandbox.messages() == []
    assert [ws.name for ws in sandbox_server.workspaces()] == ["default", sandbox.name]

@pytest.mark.sandbox(fixture="documented", delivery={"mode": "timed", "sent_after": 2}, clock="running")
def test_a_marker(sandbox):
    assert sandbox.info.fixture == "documented"
    assert (sandbox.delivery().sent_after, sandbox.clock.state) == (2, "running")

class TestOverridden:
    pytestmark = pytest.mark.sandbox(seed=3)

    @pytest.fixture
    def sandbox_settings(self):
        return {"seed": 2, "delivery": "manual"}

    @pytest.mark.sandbox(start_at=datetime(2026, 1, 1, tzinfo=UTC))
    def test_the_nearest_counts_most(self, sandbox):
        assert (sandbox.info.seed, sandbox.delivery().mode) == (3, "manual")
        assert sandbox.clock.now == datetime(2026, 1, 1, tzinfo=UTC)

@pytest.mark.parametrize("name", ["a/b [c] é", "x" * 200])
def test_any_name(sandbox, name):
    assert sandbox.messages() == []

def test_a_test_may_delete_it(sandbox):
    sandbox.delete()

def test_awaited(async_sandbox, sandbox):
    import asyncio

    async def look():
        await async_sandbox.send("14155550123", "Hello")
        return await async_sandbox.messages()

    assert asyncio.run(look()) == sandbox.messages()
    assert len(asyncio.run(look())) == 2

@pytest.mark.sandbox(fixture="documented", delivery="manual")
def test_without_a_socket(sandbox_app):
    import asyncio, httpx
    from sandbox import AsyncSandboxClient

    async def look():
        transport = httpx.ASGITransport(sandbox_app)
        async with AsyncSandboxClient("http://127.0.0.1", transport=transport) as client:
            ws = await client.workspace()
            assert (ws.basic.username, ws.consoles[0].code) == ("partner", "WEBMAG6745")
            assert (await ws.clock.state, await ws.clock.now, (await ws.delivery()).mode) == ("frozen", START, "manual")

    asyncio.run(look())
"""
    passes(run(tests), 9)


def test_an_unknown_setting_is_told(run: Runs) -> None:
    tests = """
import pytest

@pytest.mark.sandbox(fixtur="clinic")
def test_it(sandbox):
    pass
"""
    done = run(tests)
    assert done.returncode == 1
    expected = "The sandbox knows no setting fixtur: it has fixture, seed, start_at, clock, delivery, ttl."
    assert expected in done.stdout


def test_a_setting_without_its_name_is_told(run: Runs) -> None:
    tests = """
import pytest

@pytest.mark.sandbox("clinic", 7)
def test_it(sandbox):
    pass
"""
    done = run(tests)
    assert done.returncode == 1
    expected = "The marker sandbox takes settings by name: write @pytest.mark.sandbox(fixture='clinic', seed=7)."
    assert expected in done.stdout


def test_settings_that_are_none_are_told(run: Runs) -> None:
    tests = """
import pytest

@pytest.fixture
def sandbox_settings():
    {"seed": 3}

def test_it(sandbox):
    pass
"""
    assert "\nsandbox_settings gives None: it must return a dict of settings.\n" in run(tests).stdout


@pytest.mark.parametrize(
    ("fixture", "of_unknown"),
    [
        ("sandbox", "422 Invalid request: fixture is not known; known are clinic, "),
        ("sandbox_app", "there is no fixture 'clinik'. Did you mean clinic?"),
    ],
)
def test_settings_that_are_not_to_be_had_are_told_without_our_source(
    run: Runs, tmp_path: Path, fixture: str, of_unknown: str
) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"summary: \xff\n")
    (tmp_path / "long.yaml").write_text("#" * 131_073)
    wrong = {
        "fixtur='clinic'": "The sandbox knows no setting fixtur: it has fixture, ",
        "'clinic'": "The marker sandbox takes settings by name: ",
        "fixture='nowhere.yaml'": "There is no fixture ",
        "fixture='clinik'": of_unknown,
        "fixture=3": "fixture is a name or a path, not 3.",
        "fixture=b'clinic'": "fixture is a name or a path, not b'clinic'.",
        "fixture='latin.yaml'": f"The fixture {tmp_path / 'latin.yaml'} is not UTF-8 text.",
        "fixture='long.yaml'": f"The fixture {tmp_path / 'long.yaml'} has 131073 characters: at most ",
        "clock='stopped'": "Invalid request: clock must be 'running' or 'frozen'.",
        "delivery='instant'": "Invalid request: delivery.mode must be 'immediate', ",
        "delivery={'mod': 1}": "Invalid request: delivery.mode is required; delivery.mod is not known; known ",
        "delivery=3": "Invalid request: delivery must be an object.",
        "seed='x'": "Invalid request: seed must be a whole number.",
        "ttl=-1": "Invalid request: ttl must be greater than 0.",
        "start_at='2026-05-06'": "Invalid request: start_at must be a time from 1970 on with its zone, ",
        "start_at=datetime(2026, 5, 6)": "datetime.datetime(2026, 5, 6, 0, 0) has no zone: give a time as ",
        "start_at=datetime(9999, 1, 1, tzinfo=UTC)": "Invalid request: start_at must be a time from 1970 to 9998.",
    }
    tests = "".join(
        f"@pytest.mark.sandbox({marker})\ndef test_{n}({fixture}): pass\n\n" for n, marker in enumerate(wrong)
    )
    done = run(f"import pytest\nfrom datetime import UTC, datetime\n\n{tests}")
    assert done.returncode == 1
    assert re.search(rf"^{len(wrong)} errors in", done.stdout, re.MULTILINE), done.stdout
    said = done.stdout.split(" ERROR at setup of test_")[1:]
    for reason, told in zip(wrong.values(), said, strict=True):
        assert told.partition("\n")[2].removeprefix("422 ").startswith(reason.removeprefix("422 ")), told
    assert "pytest_plugin.py" not in done.stdout
    assert "During handling" not in done.stdout


def test_the_same_settings_make_the_server_in_the_process(run: Runs) -> None:
    tests = """
import asyncio, pytest
from datetime import UTC, datetime, timedelta
from dialog_sandbox import AsyncSandboxClient

def look(app):
    import httpx
    async def ask():
        async with AsyncSandboxClient("http://localhost", transport=httpx.ASGITransport(app)) as client:
            ws = await client.workspace("default")
            return ws.info.seed, ws.info.start_at, (await ws.delivery()).mode
    return asyncio.run(ask())

@pytest.mark.sandbox(start_at="2026-05-06T09:00:00Z", seed=None, delivery=None, ttl=timedelta(hours=1))
def test_it(sandbox_app, sandbox):
    made = look(sandbox_app)
    assert made == (sandbox.info.seed, sandbox.info.start_at, sandbox.delivery().mode)
    assert made == (1, datetime(2026, 5, 6, 9, tzinfo=UTC), "timed")
"""
    others = {"SANDBOX_DATABASE": "nowhere/a.db", "SANDBOX_DEMO": "1", "SANDBOX_WORKERS": "many", "SANDBOX_TLS": "1"}
    passes(run(tests, **others), 1)


FAILING = """
import httpx, pytest

def submit(sandbox, to="14155550123", text="Hello", password=None):
    url = f"{sandbox.simplepay_url}/submit/{sandbox.consoles[0].code}"
    form = {"To": to, "From": sandbox.consoles[0].line, "Body": text}
    return httpx.post(url, data=form, auth=(sandbox.basic.username, password or sandbox.basic.password))

def test_before(sandbox):
    submit(sandbox, text="of another test", password="wrong")

def test_refused(sandbox):
    submit(sandbox, to="+14155550123", text="a\\nb")
    httpx.get(sandbox.dialogtech_url, params={"access_key": sandbox.accounts[0].access_key,
        "secret_access_key": sandbox.accounts[0].secret_access_key, "action": "sms.send"})
    assert 0

def test_unknown(sandbox):
    for n in range(7):
        submit(sandbox, text=f"call{n}", password="wrong")
    httpx.get(f"{sandbox.simplepay_url}/nowhere")
    assert 0

def test_many(sandbox):
    submit(sandbox, to="x")
    for n in range(20):
        submit(sandbox, text=f"text{n}")
    assert 0

def test_faulted(sandbox):
    with sandbox.fault(status=503, body="down", latency_ms=1):
        submit(sandbox)
    with sandbox.fault(close=True), pytest.raises(httpx.HTTPError):
        submit(sandbox)
    assert 0
"""


def test_what_fails_is_told_with_what_the_workspace_saw(run: Runs) -> None:
    done = run(FAILING)
    expected = dict(
        re.findall(r"^-+ sandbox -+\n(test_[a-z]+)-(.*?)(?=^[_=]{3})", done.stdout, re.DOTALL | re.MULTILINE)
    )
    assert set(expected) == {"test_refused", "test_unknown", "test_many", "test_faulted"}, done.stdout
    assert expected["test_refused"].splitlines()[1:] == [
        "09:00:00 POST /dialoghealth-simplepay-api/submit/SANDBX1001 -> 400",
        "    sent      To=%2B14155550123&From=16155550120&Body=a%0Ab",
        "    answered  Msisdn is invalid: +14155550123",
        "    error SP-msisdn: To '+14155550123'. Send 14155550123 instead of +14155550123.",
        expected["test_refused"].splitlines()[5],
        f"    answered  There is no action sms.send: use {ACTION_NAMES}.",
        f"    error DT-action: action 'sms.send'. Send {ACTION_NAMES} instead of sms.send.",
        "no message is in it",
    ]
    unknown = expected["test_unknown"].splitlines()
    assert unknown[1:5] == [
        "no vendor call reached it",
        "no message is in it",
        "calls since the test began that belong to no workspace, so maybe another test's:",
        "(3 other calls are left out)",
    ]
    assert expected["test_unknown"].count(" -> 401") == 4
    assert "    answered  Username or password is wrong." in unknown
    assert any(re.fullmatch(r"\S+ GET /dialoghealth-simplepay-api/nowhere -> 404", line) for line in unknown)
    many = expected["test_many"]
    assert "(9 other calls are left out)" in many
    assert "(8 earlier messages are left out)" in many
    assert "answered  Msisdn is invalid: x" in many
    assert re.findall(r"Body=text(\d+)", many) == [str(n) for n in range(9, 20)]
    assert "-> 503 (fault: latency_ms 1, status 503, body down)" in expected["test_faulted"]
    assert "(fault: close)" in expected["test_faulted"]


def test_it_attaches_to_a_server_that_is_there(run: Runs) -> None:
    tests = """
import os

def test_it(sandbox, sandbox_server):
    assert sandbox_server.url == os.environ["SANDBOX_URL"]
    assert sandbox_server.workspace("default").consoles[0].code == "HARBOR1001"
"""
    server = [sys.executable, "-m", "sandbox", "serve", "--port", "0"]
    with subprocess.Popen(server, stdout=subprocess.PIPE, text=True, env=environment()) as serving:
        try:
            assert serving.stdout is not None
            passes(run(tests, SANDBOX_URL=serving.stdout.readline().split()[-1]), 1)
        finally:
            serving.terminate()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "http://127.0.0.1:1",
            "The sandbox at http://127.0.0.1:1 does not answer: [Errno 111] Connection refused.\n"
            "SANDBOX_URL is http://127.0.0.1:1: start a sandbox there, or unset it.\n",
        ),
        (
            "127.0.0.1:8080",
            "The URL of a sandbox is written like http://127.0.0.1:8080, not '127.0.0.1:8080'.\n"
            "SANDBOX_URL is 127.0.0.1:8080: name a sandbox, or unset it.\n",
        ),
        (
            "http://127.0.0.1:8080/_sandbox/",
            "The URL of a sandbox has no /_sandbox: write http://127.0.0.1:8080.\n"
            "SANDBOX_URL is http://127.0.0.1:8080/_sandbox/: name a sandbox, or unset it.\n",
        ),
    ],
)
def test_a_server_that_is_not_there_is_told_in_a_sentence(run: Runs, url: str, expected: str) -> None:
    done = run("def test_it(sandbox): pass\ndef test_too(sandbox): pass", SANDBOX_URL=url)
    assert expected in done.stdout
    assert "1 skipped, 1 error in" in done.stdout
    assert "httpcore" not in done.stdout
    assert "Traceback" not in done.stdout
    assert len(done.stdout.splitlines()) < 20


@pytest.mark.parametrize("body", ["<h1>Hello</h1>", "[]", "{}"])
def test_a_server_that_is_no_sandbox_is_told(run: Runs, body: str) -> None:
    class Hello(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body.encode())

    with HTTPServer(("127.0.0.1", 0), Hello) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        done = run("def test_it(sandbox): pass", SANDBOX_URL=url)
        server.shutdown()
    assert f"What answers at {url} is not a sandbox" in done.stdout
    assert f"SANDBOX_URL is {url}: name a sandbox, or unset it.\n" in done.stdout


def test_a_server_that_ends_in_the_midst_fails_a_test_once(run: Runs) -> None:
    tests = """
import os, signal

def test_it(sandbox):
    os.kill(int(os.environ["SERVER"]), signal.SIGKILL)
    while True:
        sandbox.messages()
"""
    server = [sys.executable, "-m", "sandbox", "serve", "--port", "0"]
    with subprocess.Popen(server, stdout=subprocess.PIPE, text=True, env=environment()) as serving:
        assert serving.stdout is not None
        url = serving.stdout.readline().split()[-1]
        done = run(tests, SANDBOX_URL=url, SERVER=str(serving.pid))
    assert f"Unreachable: The sandbox at {url} does not answer" in done.stdout
    assert "1 failed in" in done.stdout
    assert "httpcore" not in done.stdout


def test_all_workers_of_xdist_share_one_server(run: Runs, tmp_path: Path) -> None:
    tests = """
import os, pathlib, pytest

@pytest.mark.parametrize("n", range(8))
def test_it(sandbox, sandbox_server, n):
    seen = pathlib.Path("seen") / os.environ["PYTEST_XDIST_WORKER"]
    seen.write_text(sandbox_server.url)
"""
    (tmp_path / "seen").mkdir()
    passes(run(tests, "-n", "2"), 8)
    seen = {path.name: path.read_text() for path in (tmp_path / "seen").iterdir()}
    assert set(seen) == {"gw0", "gw1"}
    assert len(set(seen.values())) == 1


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "xdist"])
def test_the_server_ends_with_a_run_that_is_killed(run: Runs, tmp_path: Path, workers: tuple[str, ...]) -> None:
    (tmp_path / "temporary").mkdir()
    tests = """
import os, pathlib, signal

def test_it(sandbox_server, pytestconfig):
    pathlib.Path("port").write_text(sandbox_server.url.rpartition(":")[2])
    os.kill(os.getppid() if hasattr(pytestconfig, "workerinput") else os.getpid(), signal.SIGKILL)
"""
    # It comes back when nobody has its standard error open any more, the server neither.
    done = run(tests, "-s", *workers, TMPDIR=str(tmp_path / "temporary"))
    assert done.returncode == -signal.SIGKILL
    assert list((tmp_path / "temporary").glob("dialog-sandbox-*")) == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int((tmp_path / "port").read_text())))


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_a_server_that_does_not_start_is_told(run: Runs, workers: tuple[str, ...]) -> None:
    done = run("def test_it(sandbox): pass", *workers, SANDBOX_CALLBACK_RATE="often")
    assert "The sandbox's server did not start: see what it says on standard error." in done.stdout
    assert "SANDBOX_CALLBACK_RATE" in done.stdout + done.stderr
    assert "1 error in" in done.stdout


def test_a_project_may_be_called_sandbox(run: Runs, tmp_path: Path) -> None:
    (tmp_path / "sandbox").mkdir()
    (tmp_path / "sandbox/__init__.py").write_text("OURS = True")
    tests = """
import sandbox as ours

def test_it(sandbox):
    assert ours.OURS and sandbox.messages() == []
"""
    passes(run(tests), 1)


def test_nothing_is_imported_before_a_fixture_is_used(run: Runs) -> None:
    tests = """
import sys

def test_it(request):
    ours = {name for name in sys.modules if name.partition(".")[0] in ("sandbox", "dialog_sandbox")}
    assert ours == {"dialog_sandbox", "dialog_sandbox.pytest_plugin"}, ours
    assert not {"httpx", "fastapi", "uvicorn", "pydantic", "sqlalchemy"} & set(sys.modules)
    assert request.config.pluginmanager.hasplugin("sandbox")
"""
    passes(run(tests), 1)


def test_the_plugin_imports_nothing_but_the_standard_library() -> None:
    code = """
import sys, pytest
before = set(sys.modules)
import dialog_sandbox.pytest_plugin
new = {name.partition(".")[0] for name in set(sys.modules) - before}
assert new <= {"dialog_sandbox", *sys.stdlib_module_names}, new
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_its_markers_and_fixtures_are_described(run: Runs) -> None:
    assert "@pytest.mark.sandbox(fixture, seed, start_at, clock, delivery, ttl)" in run("", "--markers").stdout
    fixtures = run("", "--fixtures").stdout
    for name in ("sandbox", "async_sandbox", "sandbox_app", "sandbox_server [session scope]"):
        assert re.search(rf"^{re.escape(name)} -- ", fixtures, re.MULTILINE), fixtures
