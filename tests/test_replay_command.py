"""A run from outside: saved by a program, made again by `dialog-sandbox replay`, by a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest
from commands import environment, is_refused, partners_pytest, run

CALLS = """\
import os, sys, urllib.request
from urllib.parse import urlencode
from dialog_sandbox import SandboxClient

ws = SandboxClient(os.environ["SANDBOX_URL"]).workspace("default")
manager = urllib.request.HTTPPasswordMgrWithPriorAuth()
manager.add_password(None, ws.url, ws.basic.username, ws.basic.password, is_authenticated=True)
opener = urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(manager), urllib.request.ProxyHandler({}))

def call(path, **form):
    try:
        return opener.open(ws.url + path, urlencode(form).encode() if form else None).read()
    except OSError as error:
        return error

console = ws.consoles[0]
ws.fault("simplepay.submit", to="14155550124", reset=True)
for to in ("14155550123", "4155550123", "14155550124", "14155550160"):
    call(f"/dialoghealth-simplepay-api/submit/{console.code}", To=to, From=console.line, Body="Hello")
ws.clock.freeze()
ws.clock.advance(minutes=2)
day = ws.clock.now.strftime("%Y-%m-%d")
call(f"/dialoghealth-writeback-api/api/responses/{console.code}/{day}%2000:00:00/{day}%2023:59:59")
keys = {"access_key": ws.accounts[0].access_key, "secret_access_key": ws.accounts[0].secret_access_key}
call("/ibp_api.php?" + urlencode({"action": "sms.get_messages", **keys, "start_date": f"{ws.clock.now:%Y%m%d}"}))
open(sys.argv[1], "wb").write(ws.export_bundle())
"""
SAME = "6 vendor calls and 1 others were made again: the same, but for unique ids.\n"


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle of a run that a program made on a server of its own."""
    file = tmp_path_factory.mktemp("runs") / "first.bundle"
    done = run("exec", "--fixture", "clinic", "--", sys.executable, "-c", CALLS, str(file))
    assert done.returncode == 0, done.stderr
    return file


def test_a_run_is_made_again_by_another_process(saved: Path) -> None:
    done = run("replay", str(saved))
    assert (done.stdout, done.returncode) == (SAME, 0), done.stderr
    assert "/exchanges" not in done.stderr, "its server ends with it"


def test_what_is_otherwise_is_a_line_and_an_exit_status(saved: Path, tmp_path: Path) -> None:
    file = tmp_path / "changed.bundle"
    file.write_bytes(saved.read_bytes().replace(b'\\"num_segments\\":\\"1\\"', b'\\"num_segments\\":\\"2\\"', 1))
    done = run("replay", str(file))
    assert done.returncode == 1
    first, last = done.stdout.splitlines()
    assert first.startswith("2: simplepay.submit at ")
    assert last == "6 vendor calls and 1 others were made again: 1 different."


def test_a_run_is_made_again_on_a_server_that_runs(saved: Path) -> None:
    program = f"""\
import os, subprocess, sys
url = os.environ["SANDBOX_URL"]
sys.exit(subprocess.call([sys.executable, "-P", "-m", "sandbox", "replay", {str(saved)!r}, "--url", url]))"""
    done = run("exec", "--fixture", "empty", "--", sys.executable, "-c", program)
    assert (done.stdout, done.returncode) == (SAME, 0), done.stderr
    assert "/_sandbox/ui/ws_" in done.stderr


def test_what_cannot_be_replayed_is_said_in_a_line(tmp_path: Path, saved: Path) -> None:
    missing, other, cut = (tmp_path / name for name in ("missing", "other", "cut"))
    is_refused(2, f"Cannot read {missing}: No such file or directory.", "replay", str(missing))
    other.write_text("{}\n")
    is_refused(2, f"{other} cannot be read: It is no bundle: GET bundle makes one.", "replay", str(other))
    cut.write_bytes(saved.read_bytes()[:-5])
    is_refused(2, f"{cut} cannot be read: ...", "replay", str(cut))
    nowhere = "http://127.0.0.1:1"
    is_refused(2, f"No sandbox answers at {nowhere}: ...", "replay", str(saved), "--url", nowhere)
    for url in ("127.0.0.1", "http://127.0.0.1:port"):
        told = f"The URL of a sandbox is written like http://127.0.0.1:8080, not '{url}'."
        is_refused(2, told, "replay", str(saved), "--url", url)


# pytest ---------------------------------------------------------------------------------------------------------------

TESTS = """
import httpx
import pytest

def submit(sandbox):
    console = sandbox.consoles[0]
    form = {"To": "14155550123", "From": console.line, "Body": "Hello"}
    auth = (sandbox.basic.username, sandbox.basic.password)
    httpx.post(f"{sandbox.simplepay_url}/submit/{console.code}", data=form, auth=auth)

def test_right(sandbox):
    submit(sandbox)

@pytest.mark.sandbox(fixture="clinic", delivery="timed", clock="running")
def test_wrong(sandbox):
    submit(sandbox)
    sandbox.clock.freeze()
    sandbox.reply(sandbox.messages()[-1], "STOP")
    submit(sandbox)
    assert False
"""


def test_the_run_of_a_failing_test_is_saved_and_made_again(tmp_path: Path) -> None:
    (tmp_path / "test_them.py").write_text(TESTS)
    command = partners_pytest("--sandbox-save-failures", "failures")
    done = subprocess.run(
        command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=120, check=False
    )
    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    (file,) = (tmp_path / "failures").iterdir()
    assert file.name.startswith("test_wrong-")
    assert f"dialog-sandbox replay {file}" in done.stdout
    again = run("replay", str(file))
    same = "2 vendor calls and 1 others were made again: the same, but for unique ids.\n"
    assert (again.stdout, again.returncode) == (same, 0), again.stderr


def test_a_run_that_cannot_be_saved_ends_no_test_run(tmp_path: Path) -> None:
    taken = "    assert False, open('failures', 'w').write('a file, where the folder was to be')"
    (tmp_path / "test_them.py").write_text(TESTS.replace("    assert False", taken))
    command = partners_pytest("--sandbox-save-failures", "failures", "-k", "wrong")
    done = subprocess.run(
        command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=120, check=False
    )
    assert "1 failed" in done.stdout, done.stdout + done.stderr
    assert "What the sandbox saw cannot be told: FileExistsError" in done.stdout
