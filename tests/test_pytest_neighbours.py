"""The plugin beside what partners' tests replace: clocks, HTTP clients, files, threads, event loops."""

import re
from pathlib import Path

import pytest
from test_pytest_plugin import Runs, passes, run

__all__ = ["run"]

SUBMIT = """
import httpx, pytest

def submit(sandbox):
    url = f"{sandbox.simplepay_url}/submit/{sandbox.consoles[0].code}"
    form = {"To": "14155550123", "From": sandbox.consoles[0].line, "Body": "Hi"}
    return httpx.post(url, data=form, auth=(sandbox.basic.username, sandbox.basic.password))
"""
RESPX = """
import respx

@respx.mock
def test_passes(sandbox):
    respx.post(url__regex=".*").mock(return_value=httpx.Response(299))
    assert submit(sandbox).status_code == 299
    assert sandbox.messages() == []

@respx.mock(using="httpx")
def test_passes_too(sandbox, respx_mock):
    assert sandbox.messages() == []

def test_fails(sandbox, respx_mock):
    assert 0
"""
PYTEST_HTTPX = """
def test_passes(sandbox, httpx_mock):
    httpx_mock.add_response(status_code=299)
    assert submit(sandbox).status_code == 299
    assert sandbox.messages() == []

def test_passes_awaited(async_sandbox, httpx_mock):
    import asyncio
    assert asyncio.run(async_sandbox.messages()) == []

def test_fails(sandbox, httpx_mock):
    assert 0
"""
VCR = """
import vcr, os

def test_passes(sandbox, async_sandbox, tmp_path):
    import asyncio
    with vcr.use_cassette(str(tmp_path / "a.yaml"), record_mode="all") as cassette:
        assert submit(sandbox).status_code == 200
        assert len(sandbox.messages()) == 1
        assert len(asyncio.run(async_sandbox.messages())) == 1
        assert len(cassette.requests) == 1

def test_passes_with_nothing_recorded(sandbox, tmp_path):
    with vcr.use_cassette(str(tmp_path / "a.yaml"), record_mode="none"):
        assert sandbox.messages() == []

@pytest.fixture
def cassette(tmp_path):
    with vcr.use_cassette(str(tmp_path / "a.yaml"), record_mode="none"):
        yield

def test_fails(sandbox, cassette):
    assert 0
"""


@pytest.mark.parametrize(
    ("tests", "plugin"),
    [(RESPX, "respx.plugin"), (PYTEST_HTTPX, "pytest_httpx"), (VCR, "")],
    ids=["respx", "httpx", "vcr"],
)
def test_mocks_of_http_reach_the_program_and_not_its_test(run: Runs, tests: str, plugin: str) -> None:
    done = run(SUBMIT + tests, *(("-p", plugin) if plugin else ()))
    assert re.search(r"^1 failed, 2 passed in", done.stdout, re.MULTILINE), done.stdout
    assert "no vendor call reached it" in done.stdout


def test_a_report_that_cannot_be_made_is_a_line_of_it(run: Runs) -> None:
    tests = """
import builtins, time, pytest

class Stopped(BaseException):
    pass

def stop(*_, **__):
    raise Stopped("in the test")

@pytest.mark.parametrize("what", ["httpcore.HTTP11Connection.handle_request", "dialog_sandbox.summary.summary"])
def test_replaced(sandbox, monkeypatch, what):
    monkeypatch.setattr(what, stop)
    assert 0

def test_survives(sandbox, monkeypatch):
    for what in ("json.loads", "json.dumps", "time.time", "builtins.open"):
        monkeypatch.setattr(what, stop)
    assert 0
"""
    done = run(tests)
    assert re.search(r"^3 failed in", done.stdout, re.MULTILINE), done.stdout
    assert "INTERNALERROR" not in done.stdout
    told = re.findall(r"^-+ sandbox -+\n(.*)$", done.stdout, re.MULTILINE)
    assert told[:2] == ["What the sandbox saw cannot be told: Stopped: in the test"] * 2
    assert told[2].startswith("test_survives-")


def test_what_is_replaced_until_after_the_fixture_fails_no_test_that_passed(run: Runs) -> None:
    tests = """
import pytest

def refuse(*_, **__):
    raise RuntimeError("no network in tests")

def test_it(monkeypatch, sandbox):  # which is undone after the other is torn down
    assert sandbox.messages() == []
    monkeypatch.setattr("httpcore.HTTP11Connection.handle_request", refuse)

def test_another(sandbox):
    assert sandbox.messages() == []
"""
    done = run(tests)
    assert re.search(r"^2 passed in", done.stdout, re.MULTILINE), done.stdout
    assert re.search(r"^dialog-sandbox: test_it-\w+ was not deleted: no network in tests$", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("standing", ['freezegun.freeze_time("2020-01-01")', "time_machine.travel(0, tick=False)"])
def test_a_clock_that_stands_still_changes_nothing(run: Runs, standing: str) -> None:
    tests = f"""
import asyncio, freezegun, pytest, time_machine

@pytest.fixture
def still():
    with {standing}:
        yield

def test_made_before(sandbox, async_sandbox, still):
    sandbox.send("14155550123", "Hi")
    assert sandbox.wait_for(text="Hi", timeout=5).status == "delivered"
    with sandbox.events(limit=1) as events:
        sandbox.inbound(from_="14155550123", to=sandbox.consoles[0].line, text="Hello")
        assert [event.message.text for event in events] == ["Hello"]

@{standing}
def test_decorated(sandbox):
    assert sandbox.messages() == []

def test_made_after(still, sandbox):
    assert sandbox.messages() == []

def test_in_process(still, sandbox_app):
    import httpx
    from dialog_sandbox import AsyncSandboxClient
    async def look():
        async with AsyncSandboxClient("http://localhost", transport=httpx.ASGITransport(sandbox_app)) as client:
            return await (await client.workspace("default")).messages()
    assert asyncio.run(look()) == []
"""
    passes(run(tests), 4)


def test_a_clock_that_leaps_leaves_no_file_of_the_server_behind(run: Runs, tmp_path: Path) -> None:
    (tmp_path / "temporary").mkdir()
    tests = """
import freezegun, pytest

@pytest.fixture(scope="session", autouse=True)
def leaping():
    with freezegun.freeze_time("2030-01-01", auto_tick_seconds=3600):
        yield

def test_it(sandbox):
    assert sandbox.messages() == []
"""
    passes(run(tests, TMPDIR=str(tmp_path / "temporary")), 1)
    assert list((tmp_path / "temporary").glob("dialog-sandbox-*")) == []


def test_processes_that_a_test_forks_call_on_connections_of_their_own(run: Runs) -> None:
    tests = """
import multiprocessing

def ask(sandbox):
    for _ in range(20):
        assert sandbox.clock.state == "frozen"
        assert sandbox.messages(to="14155550199") == []

def test_it(sandbox):
    context = multiprocessing.get_context("fork")
    sandbox.messages()
    children = [context.Process(target=ask, args=(sandbox,)) for _ in range(3)]
    for child in children:
        child.start()
    ask(sandbox)
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0] * 3

def test_a_child_does_what_its_parent_waits_for(sandbox):
    child = multiprocessing.get_context("fork").Process(target=sandbox.send, args=("14155550123", "Hi"))
    child.start()
    assert sandbox.wait_for(text="Hi", timeout=30).status == "delivered"
    child.join()
"""
    passes(run(tests), 2)


def test_gevent_changes_nothing(run: Runs, tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        "import warnings\nfrom gevent import monkey\nwith warnings.catch_warnings():\n"
        "    warnings.simplefilter('ignore')\n    monkey.patch_all()\n"
    )
    tests = """
def test_it(sandbox):
    import gevent
    sandbox.send("14155550123", "Hi")
    jobs = [gevent.spawn(sandbox.messages) for _ in range(5)]
    gevent.joinall(jobs)
    assert [len(job.value) for job in jobs] == [1] * 5

def test_in_process(request):
    import pytest
    with pytest.raises(pytest.fail.Exception, match="sandbox_app needs a thread of its own, and gevent"):
        request.getfixturevalue("sandbox_app")
"""
    passes(run(tests), 2)


ASYNC = """
import asyncio, httpx, pytest, trio
from dialog_sandbox import AsyncSandboxClient

async def call(app):
    transport = httpx.ASGITransport(app)
    async with (
        AsyncSandboxClient("http://localhost", transport=transport) as client,
        httpx.AsyncClient(base_url="http://localhost", transport=transport) as http,
    ):
        ws = await client.workspace("default")
        path = f"/dialoghealth-simplepay-api/submit/{ws.consoles[0].code}"
        form = {"To": "14155550123", "From": ws.consoles[0].line, "Body": "Hi"}
        options = {"data": form, "auth": (ws.basic.username, ws.basic.password)}
        sid = (await http.post(path, **options)).json()["sid"]
        async with ws.fault(reset=True):
            with pytest.raises(httpx.ReadError):
                await http.post(path, **options)
        return (await ws.message(sid)).status

@pytest.mark.parametrize("start", [lambda app: asyncio.run(call(app)), lambda app: trio.run(call, app)])
def test_in_one_loop_after_the_other(sandbox_app, start):
    assert [start(sandbox_app), start(sandbox_app)] == ["delivered"] * 2

@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_given_up(sandbox_app):
    import anyio
    async with AsyncSandboxClient("http://localhost", transport=httpx.ASGITransport(sandbox_app)) as client:
        ws = await client.workspace("default")
        with anyio.move_on_after(0.05) as scope:
            await ws.wait_for(text="never", timeout=60)
        assert scope.cancelled_caught
        assert await ws.messages() == []

@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_awaited(async_sandbox):
    async with async_sandbox.events(limit=1) as events:
        await async_sandbox.send("14155550123", "Hello")
        assert [event.message.text async for event in events] == ["Hello"]
"""


def test_asyncio_and_trio_are_alike(run: Runs) -> None:
    passes(run(ASYNC), 6)


def test_a_server_that_ends_is_told_once(run: Runs) -> None:
    tests = """
import os, pathlib, pytest, signal

@pytest.mark.parametrize("n", range(12))
def test_it(sandbox, n):
    if n == 2:
        children = pathlib.Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGKILL)
        sandbox.messages()

def test_without():
    pass
"""
    done = run(tests, "-rs")
    assert re.search(r"^1 failed, 3 passed, 8 skipped, 1 error in", done.stdout, re.MULTILINE), done.stdout
    assert len(re.findall(r"has ended while the tests ran\.$", done.stdout, re.MULTILINE)) <= 3, done.stdout
    assert re.search(r"^SKIPPED \[8\] .*The sandbox at \S+ has ended while the tests ran\.$", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("how", [(), ("--import-mode=importlib",), ("-n", "2"), ("-n", "2", "--dist", "loadfile")])
def test_a_project_called_sandbox_in_every_way_it_is_found(run: Runs, tmp_path: Path, how: tuple[str, ...]) -> None:
    package = tmp_path / "src" / "sandbox"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("OURS = True")
    (package / "cli.py").write_text("raise RuntimeError('not the server')")
    (tmp_path / "pytest.ini").write_text("[pytest]\npythonpath = src\n")
    tests = """
import sandbox as ours

def test_it(sandbox):
    assert ours.OURS and sandbox.messages() == []

def test_in_process(request):
    import pytest
    with pytest.raises(pytest.fail.Exception, match="This project has a package named sandbox"):
        request.getfixturevalue("sandbox_app")
"""
    passes(run(tests, *how, PYTHONPATH=str(tmp_path / "src")), 2)


@pytest.mark.parametrize("name", ["typer", "uvicorn", "sitecustomize"])
def test_no_module_of_the_project_is_taken_for_one_of_the_servers(run: Runs, tmp_path: Path, name: str) -> None:
    project = tmp_path / "src"
    project.mkdir()
    (project / f"{name}.py").write_text("import os\nif 'serve' in os.sys.orig_argv: raise SystemExit('not yours')\n")
    passes(run("def test_it(sandbox): assert sandbox.messages() == []", PYTHONPATH=str(project)), 1)


def test_what_the_server_needs_may_be_found_by_pythonpath(run: Runs, tmp_path: Path) -> None:
    """As where packages are installed into a folder."""
    tests = """
import subprocess, sys
from pathlib import Path
from dialog_sandbox.server_command import server_command

def test_it():
    command = server_command()
    assert command.words[-1] == str(Path("packages").resolve())
    code = (
        "import runpy, sys; del sys.argv[0]\\n"
        "try: runpy.run_path(sys.argv[0], run_name='__main__')\\n"
        "except SystemExit: print(sys.path[-1])"
    )
    words = [*command.words[:2], "-c", code, *command.words[2:], "--version"]
    told = subprocess.run(words, env=command.environment(), check=True, capture_output=True, text=True).stdout
    assert told.splitlines()[-1] == str(Path("packages").resolve())
"""
    passes(run(tests, PYTHONPATH=str(tmp_path / "packages")), 1)


def test_the_plugin_can_be_left_out(run: Runs) -> None:
    done = run("def test_it(sandbox): pass", "-p", "no:sandbox")
    assert "fixture 'sandbox' not found" in done.stdout


def test_the_servers_python_is_not_the_tests(run: Runs) -> None:
    tests = """
import os, pathlib

def test_it(sandbox_server):
    (server,) = pathlib.Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    names = {each.partition("=")[0] for each in pathlib.Path(f"/proc/{server}/environ").read_text().split("\\0")}
    assert "SANDBOX_CALLBACK_RATE" in names
    assert not {"PYTHONWARNINGS", "COVERAGE_PROCESS_START", "COV_CORE_SOURCE", "SANDBOX_DATABASE"} & names
"""
    others = {"PYTHONWARNINGS": "error", "COVERAGE_PROCESS_START": "x", "COV_CORE_SOURCE": "x", "SANDBOX_DATABASE": "x"}
    passes(run(tests, SANDBOX_CALLBACK_RATE="9", **others), 1)


OWN = """\
summary: Ours
consoles:
  - {code: MAPLES1001, name: Maple, line: "16155550140", keyword: MAPLE}
people:
  - {person_id: MS0001, first_name: Ada, phone: "6295550100"}
"""


def test_a_fixture_of_ones_own_is_found_from_the_tests_file(run: Runs, tmp_path: Path) -> None:
    (tmp_path / "worlds").mkdir()
    (tmp_path / "worlds/ours.yaml").write_text(OWN)
    tests = """
import os, pathlib, pytest
HERE = pathlib.Path(__file__).parent

def check(ws):
    assert (ws.info.fixture, ws.consoles[0].code) == ("text", "MAPLES1001")
    assert [person.first_name for person in ws.people()] == ["Ada"]

@pytest.mark.sandbox(fixture="worlds/ours.yaml")
def test_marker(sandbox, monkeypatch):
    check(sandbox)
    sandbox.add_person("6295550101", first_name="Ben")
    sandbox.reset()
    check(sandbox)

@pytest.mark.sandbox(fixture=pathlib.Path("worlds/ours.yaml"))
def test_path(sandbox):
    check(sandbox)

@pytest.mark.sandbox(fixture="worlds/ours.yaml")
def test_app(sandbox_app):
    pass

def test_created(sandbox_server):
    for fixture in (HERE / "worlds/ours.yaml", str(HERE / "worlds/ours.yaml")):
        with sandbox_server.create_workspace(fixture=fixture) as ws:
            check(ws)

class TestSettings:
    @pytest.fixture
    def sandbox_settings(self):
        return {"fixture": "worlds/ours.yaml"}

    def test_it(self, sandbox):
        check(sandbox)
"""
    passes(run(tests), 5)


def test_the_servers_fixture_is_the_environments(run: Runs, tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text(OWN)
    tests = """
import pytest

def test_it(sandbox, sandbox_server):
    assert sandbox.consoles[0].code == "MAPLES1001"
    assert sandbox_server.workspace("default").consoles[0].code == "MAPLES1001"

@pytest.mark.sandbox(fixture="empty")
def test_the_marker_counts_more(sandbox):
    assert sandbox.consoles[0].code == "SANDBX1001"
"""
    passes(run(tests, SANDBOX_FIXTURE="ours.yaml"), 2)


def test_the_environments_fixture_is_found_wherever_the_tests_have_gone(run: Runs, tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text(OWN)
    (tmp_path / "conftest.py").write_text(
        "import os, tempfile\nfolder = tempfile.mkdtemp()\nos.chdir(folder)\nos.rmdir(folder)\n"
    )
    tests = """
def test_it(sandbox, sandbox_server):
    assert sandbox.consoles[0].code == "MAPLES1001"
    assert sandbox_server.workspace("default").consoles[0].code == "MAPLES1001"
"""
    passes(run(tests, SANDBOX_FIXTURE="ours.yaml"), 1)


def test_a_fixture_that_is_not_there_or_wrong_is_told(run: Runs, tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text(OWN + "lines: []\n")
    tests = """
import pytest

@pytest.mark.sandbox(fixture="nowhere.yaml")
def test_it(sandbox): pass

@pytest.mark.sandbox(fixture="wrong.yaml")
def test_wrong(sandbox): pass
"""
    done = run(tests)
    assert f"\nThere is no fixture {tmp_path / 'nowhere.yaml'}." in done.stdout
    assert "422 Invalid request: fixture_text line 6: there is no key 'lines'." in done.stdout
    assert f"fixture_text is what {tmp_path / 'wrong.yaml'} holds." in done.stdout
