"""`dialog-sandbox exec`: a command beside a sandbox of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from commands import PLAIN, command, environment, hangups, is_refused, run

SHOW = "import json, os; print(json.dumps({k: v for k, v in os.environ.items() if k.startswith('SANDBOX_')}))"
READ = """
import base64, os, urllib.request
url = f"{os.environ['SANDBOX_WRITEBACK_URL']}/api/responses/{os.environ['SANDBOX_CONSOLE']}"
request = urllib.request.Request(f"{url}/2026-05-06%2000:00:00/2026-05-06%2023:59:59")
credentials = f"{os.environ['SANDBOX_BASIC_USERNAME']}:{os.environ['SANDBOX_BASIC_PASSWORD']}"
request.add_header("Authorization", "Basic " + base64.b64encode(credentials.encode()).decode())
print(urllib.request.urlopen(request).status)
"""


COMES_AND_GOES = """
import json, os, httpx
from sandbox import SandboxClient
with SandboxClient(os.environ["SANDBOX_URL"]) as client:
    default = client.workspace()
    with client.create_workspace("gone") as ws:
        basic, url = (ws.basic.username, ws.basic.password), f"{ws.simplepay_url}/submit/{ws.consoles[0].code}"
        for body in ("", "Hello"):
            httpx.post(url, auth=basic, data={"To": "14155550123", "From": ws.consoles[0].line, "Body": body})
            if not body:
                ws.clear_journal()
    httpx.post(url, auth=basic)
    basic = (default.basic.username, default.basic.password)
    httpx.get(f"{default.writeback_url}/api/responses/NOBODY0000/a/b", auth=basic)
    print(json.dumps({"id": ws.id, "default": default.id, "password": ws.basic.password}))
"""


def execute(*arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command("exec", *arguments), env=environment(**env), capture_output=True, text=True, timeout=60, check=False
    )


def python(code: str) -> tuple[str, ...]:
    return ("--", sys.executable, "-c", code)


def test_the_command_is_told_where_everything_is() -> None:
    done = execute("--fixture", PLAIN, *python(SHOW))
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    url, workspace = told["SANDBOX_URL"], told["SANDBOX_WORKSPACE"]
    assert told == {
        "SANDBOX_URL": url,
        "SANDBOX_WORKSPACE": workspace,
        "SANDBOX_CONTROL_URL": f"{url}/_sandbox/workspaces/{workspace}",
        "SANDBOX_WRITEBACK_URL": f"{url}/dialoghealth-writeback-api",
        "SANDBOX_SIMPLEPAY_URL": f"{url}/dialoghealth-simplepay-api",
        "SANDBOX_DIALOGTECH_URL": f"{url}/ibp_api.php",
        "SANDBOX_BASIC_USERNAME": "demo",
        "SANDBOX_BASIC_PASSWORD": "demo",
        "SANDBOX_CONSOLE": "HARBOR1001",
        "SANDBOX_LINE": "16155550110",
        "SANDBOX_ACCESS_KEY": "demo-access-key",
        "SANDBOX_SECRET_ACCESS_KEY": "demo-secret-key",
        "SANDBOX_TRACKING_NUMBER": "6155550100",
    }


@pytest.mark.parametrize(
    ("had", "has"),
    [
        ({}, "127.0.0.1,localhost"),
        ({"NO_PROXY": "a.example, 127.0.0.1", "no_proxy": ".b.example"}, "a.example,127.0.0.1,.b.example,localhost"),
        ({"NO_PROXY": "*"}, "*"),
        ({"no_proxy": "a.example, *"}, "*"),
    ],
)
def test_the_command_calls_it_through_no_proxy(had: dict[str, str], has: str) -> None:
    show = "import os; print(os.environ['NO_PROXY'], os.environ['no_proxy'])"
    none = {"NO_PROXY": "", "no_proxy": ""}
    assert execute("--fixture", PLAIN, *python(show), **none | had).stdout == f"{has} {has}\n"


def test_it_serves_while_the_command_runs() -> None:
    done = execute("--fixture", "empty", "--start-at", "2026-05-06T09:00:00Z", *python(READ))
    assert (done.returncode, done.stdout, done.stderr) == (0, "200\n", "")


def test_the_report_holds_every_exchange_of_workspaces_too_that_are_gone(tmp_path: Path) -> None:
    report = tmp_path / "report.jsonl"
    done = execute("--fixture", "empty", "--report", str(report), *python(COMES_AND_GOES))
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    assert [(line["workspace"], line["operation"], line["status"]) for line in lines] == [
        ({"id": told["id"], "name": "gone"}, "simplepay.submit", 400),
        ({"id": told["id"], "name": "gone"}, "simplepay.submit", 200),
        (None, "simplepay.submit", 401),
        ({"id": told["default"], "name": "default"}, "writeback.responses", 400),
    ]
    assert lines[1].keys() >= {"at", "request", "response", "findings", "rules", "messages"}
    assert told["password"] not in report.read_text()


def test_a_report_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    is_refused(1, f"Cannot write {tmp_path}: Is a directory.", "exec", "--report", str(tmp_path), "--", "true")


def test_a_report_of_a_journal_that_is_off_is_refused(tmp_path: Path) -> None:
    report = tmp_path / "report.jsonl"
    reason = "--report needs the journal, and SANDBOX_JOURNAL switches it off: leave out one of them."
    is_refused(2, reason, "exec", "--report", str(report), "--", "true", SANDBOX_JOURNAL="0")
    assert not report.exists()


def test_a_fixture_that_a_filled_database_ignores_is_told(tmp_path: Path) -> None:
    kept = ("--database", str(tmp_path / "kept.db"))
    assert execute(*kept, "--fixture", PLAIN, "--", "true").stderr == ""
    again = execute(*kept, "--fixture", "documented", "--", "true")
    assert again.stderr == "the database holds a world already: fixture, seed and start time were not used\n"


def test_a_given_port_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    done = execute("--fixture", PLAIN, *python(SHOW), SANDBOX_PORT=str(port))
    assert json.loads(done.stdout)["SANDBOX_URL"] == f"http://127.0.0.1:{port}"


def test_off_loopback_the_command_gets_the_token_too() -> None:
    done = execute("--fixture", PLAIN, "--host", "0.0.0.0", *python(SHOW))
    told = json.loads(done.stdout)
    assert told["SANDBOX_URL"].startswith("http://127.0.0.1:")
    assert len(told["SANDBOX_CONTROL_TOKEN"]) == 24


@pytest.mark.parametrize(("code", "status"), [("exit 7", 7), ("kill -9 $$", 137)])
def test_the_exit_status_is_the_commands(code: str, status: int) -> None:
    done = execute("--fixture", PLAIN, "--", "sh", "-c", code)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", "")


def test_what_follows_the_dashes_is_the_commands_own() -> None:
    done = execute("--fixture", PLAIN, "--", "echo", "--fixture", "--", "-n", "4")
    assert done.stdout == "--fixture -- -n 4\n"


def test_a_command_that_cannot_be_run_is_told_in_one_line(tmp_path: Path) -> None:
    is_refused(127, "Cannot run no-such-command: No such file or directory.", "exec", "--", "no-such-command")
    is_refused(126, f"Cannot run {tmp_path}: Permission denied.", "exec", "--", str(tmp_path))


def test_what_serve_refuses_exec_refuses_alike() -> None:
    is_refused(2, "there is no fixture 'nowhere'. Allowed: ...", "exec", "--fixture", "nowhere", "--", "true")
    is_refused(2, "--port must be a whole number from 0 to 65535, not 'x'.", "exec", "--port", "x", "--", "true")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        is_refused(1, f"Cannot listen on 127.0.0.1 port {port}: ...", "exec", "--port", port, "--", "true")


def test_without_a_command_it_says_how() -> None:
    done = execute("--fixture", PLAIN)
    assert done.returncode == 2
    assert "Usage: dialog-sandbox exec [FLAGS] -- {COMMAND}..." in done.stderr


STUBBORN = "trap 'echo got it; exit 3' {number}; echo waiting; while :; do sleep 0.05; done"
COUNTS = """
import signal, time
seen = []
signal.signal(signal.SIGINT, lambda *_: seen.append(1))
print("waiting", flush=True)
while not seen:
    time.sleep(0.01)
time.sleep(0.3)
print(len(seen))
"""
SHELL = """
import fcntl, signal, subprocess, sys, termios
signal.signal(signal.SIGINT, lambda *_: None)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
sys.exit(subprocess.call(sys.argv[1:]))
"""
"""Has the terminal and, as a shell whose job runs, does not end by its keys."""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_go_to_the_command(number: signal.Signals) -> None:
    # In a session of its own there is no terminal whose keys the command would get by itself.
    running = subprocess.Popen(
        command("exec", "--fixture", PLAIN, "--", "sh", "-c", STUBBORN.format(number=number.value)),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert running.stdout is not None
        assert running.stdout.readline() == "waiting\n"
        running.send_signal(number)
        output, errors = running.communicate(timeout=60)
    finally:
        running.kill()
    assert (running.returncode, output, errors) == (3, "got it\n", "")


def test_under_nohup_the_command_outlives_its_terminal() -> None:
    with hangups(signal.SIG_IGN):
        running = subprocess.Popen(
            command("exec", "--fixture", PLAIN, "--", "sh", "-c", "echo waiting; read word; echo $word"),
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
    try:
        assert running.stdout is not None
        assert running.stdout.readline() == "waiting\n"
        os.killpg(running.pid, signal.SIGHUP)
        output, _ = running.communicate("still here\n", timeout=60)
    finally:
        running.kill()
    assert (running.returncode, output) == (0, "still here\n")


def test_the_keys_of_a_terminal_reach_the_command_once() -> None:
    terminal, inside = os.openpty()
    running = subprocess.Popen(
        [sys.executable, "-c", SHELL, *command("exec", "--fixture", PLAIN, *python(COUNTS))],
        env=environment(),
        stdin=inside,
        stdout=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    try:
        assert running.stdout is not None
        assert running.stdout.readline() == "waiting\n"
        os.write(terminal, b"\x03")
        output, _ = running.communicate(timeout=60)
    finally:
        running.kill()
        os.close(terminal)
        os.close(inside)
    assert (running.returncode, output) == (0, "1\n")


def test_the_run_of_a_command_that_fails_is_saved_to_be_made_again(tmp_path: Path) -> None:
    file = tmp_path / "a run.bundle"
    done = execute("--fixture", PLAIN, "--save-failure", str(file), *python(f"{READ}\nraise SystemExit(3)"))
    assert (done.returncode, done.stdout) == (3, "200\n")
    assert done.stderr == f"The run is saved: dialog-sandbox replay '{file}'\n"
    again = run("replay", str(file))
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout.startswith("1 vendor call")


def test_the_run_of_a_command_that_a_signal_ended_is_saved(tmp_path: Path) -> None:
    file = tmp_path / "ended.bundle"
    killed = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    done = execute("--fixture", PLAIN, "--save-failure", str(file), *python(killed))
    assert (done.returncode, file.is_file()) == (128 + signal.SIGKILL, True)


def test_nothing_is_saved_of_a_command_that_is_right(tmp_path: Path) -> None:
    file = tmp_path / "right.bundle"
    done = execute("--fixture", PLAIN, "--save-failure", str(file), *python(READ))
    assert (done.returncode, done.stderr, file.exists()) == (0, "", False)


def test_where_nothing_can_be_saved_is_said_before_the_command_runs(tmp_path: Path) -> None:
    for file in (tmp_path, tmp_path / "nowhere" / "a.bundle"):
        reason = f"Cannot write {file}: it is a folder, or in none that is there."
        is_refused(1, reason, "exec", "--save-failure", str(file), *python("print('It ran.')"))
    off = "--save-failure needs the journal, and SANDBOX_JOURNAL switches it off: leave out one of them."
    is_refused(2, off, "exec", "--save-failure", "a", *python("print('It ran.')"), SANDBOX_JOURNAL="0")


def test_a_run_that_cannot_be_saved_in_the_end_leaves_the_exit_status(tmp_path: Path) -> None:
    file = tmp_path / "gone" / "a.bundle"
    file.parent.mkdir()
    takes_away = f"import os; os.rmdir({str(file.parent)!r}); raise SystemExit(3)"
    done = execute("--save-failure", str(file), "--fixture", PLAIN, *python(takes_away))
    assert done.returncode == 3
    assert done.stderr.startswith("Cannot save the run: ")
