"""`dialog-sandbox rehearse`, with programs of their own, and the page about it."""

import json
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from clients.bridge import IntoDriver
from commands import FAILSAFE_S, PLAIN, Start, command, environment, is_refused
from documents import CHECKOUT, needed
from driver import Driver

from dialog_sandbox import SandboxClient
from sandbox.rehearse_command import NoRehearsal, Rehearsal, RehearsalRequest, end_client, request_of, start_of
from sandbox.settings import Settings

PAGE = CHECKOUT / "docs" / "rehearsal.md"
EXAMPLES = CHECKOUT / "docs" / "examples" / "rehearsal"
PROGRAM = CHECKOUT / "tests" / "clients" / "polling_program.py"
QUICK = ("--fixture", PLAIN, "--days", "1", "--minutes", "0.1")


def rehearse(*arguments: str | Path, **env: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command("rehearse", *map(str, arguments)),
        env=environment(PYTHONPATH=str(CHECKOUT / "tests"), **env),
        capture_output=True,
        text=True,
        timeout=FAILSAFE_S,
        check=False,
    )


AT_NOBODY = ("rehearse", "--url", "http://127.0.0.1:1", "--output")


def polling(kind: str) -> tuple[str, ...]:
    return ("--", sys.executable, str(PROGRAM), kind)


def test_a_program_that_is_right_passes() -> None:
    done = rehearse(*QUICK, *polling("WritebackPoller"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.fullmatch(r"default: \d+ calls; 0 broken, .* never tried\n", done.stdout)
    assert done.stderr == "rehearsal: day 1 of 1, Mon 28 Feb 2028: odd texts; 27 texts\n"


def test_the_flaw_of_a_program_is_named(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    done = rehearse(*QUICK, "--output", file, *polling("SwapsDayAndMonth"))
    assert (done.returncode, done.stdout) == (1, "")
    (poller,) = json.loads(file.read_text())["pollers"]
    assert [each["kind"] for each in poller["findings"] if each["cause"] is None] == ["day_month_swapped"]


def test_a_program_that_reads_by_another_clock_has_rehearsed_nothing() -> None:
    done = rehearse(*QUICK, *polling("WritebackPoller"), BY_WALL="1")
    assert (done.returncode, "0 broken" in done.stdout) == (1, True)
    assert re.search(
        r"\ndialog-sandbox: The client read by date range, and was shown nothing of what was played: .*"
        r" When that clock read 2028-02-2\d \d\d:\d\d, its last call was GET \S+/20\S+%20\S+/20\S+%20\S+\.\n$",
        done.stderr,
    ), done.stderr


def test_its_server_speaks_https_where_that_is_set() -> None:
    done = rehearse(*QUICK, *polling("WritebackPoller"), SANDBOX_TLS="1")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_client_that_ends_by_itself_ends_it_and_its_exit_status_is_told() -> None:
    call = "import os, urllib.request as u; u.urlopen(os.environ['SANDBOX_CONTROL_URL']); raise SystemExit(3)"
    done = rehearse("--fixture", PLAIN, "--", sys.executable, "-c", call)
    assert done.returncode == 3
    assert "rehearsal: the client has ended with 3, before the rehearsal did\n" in done.stderr
    assert done.stdout.startswith("default: 0 calls; ")


def test_a_client_that_never_calls_is_told_so() -> None:
    done = rehearse(*QUICK, "--", "true")
    assert done.returncode == 1
    assert done.stderr.endswith(
        "dialog-sandbox: The client never called, or never with the workspace's credentials: give it those of the"
        " SANDBOX_* variables. GET /_sandbox/journal lists calls without them.\n"
    )


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_with_a_report_of_what_there_was(number: signal.Signals, code: int) -> None:
    running = subprocess.Popen(
        command("rehearse", "--fixture", PLAIN, *polling("WritebackPoller")),
        env=environment(PYTHONPATH=str(CHECKOUT / "tests")),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert running.stderr is not None
        assert running.stderr.readline().startswith("rehearsal: day 1 of 14, ")
        running.send_signal(number)
        output, errors = running.communicate(timeout=FAILSAFE_S)
    finally:
        running.kill()
    assert running.returncode == code
    assert f"rehearsal: {number.name}: this is what there was until now\n" in errors
    assert output.startswith("default: ")


def test_it_is_played_in_a_workspace_of_a_running_server(start: Start) -> None:
    server = start("--start-at", "2028-02-27T22:30:00Z")
    url = f"http://127.0.0.1:{server.port}"
    done = rehearse("--url", url, "--days", "1", "--minutes", "0.1", *polling("SwapsDayAndMonth"))
    assert done.returncode == 1, done.stderr
    assert "BROKEN  day_month_swapped" in done.stdout
    assert "day 1 of 1, Mon 28 Feb 2028" in done.stderr
    workspace = "/_sandbox/workspaces/default"
    assert json.loads(server.ask("GET", workspace)[1])["date_header"] is False
    clock = json.loads(server.ask("GET", f"{workspace}/clock")[1])
    assert (clock["now"][:10], clock["state"], "speed" in clock) == ("2028-02-29", "running", False)
    again = ("rehearse", "--url", url, "--start", "spring")
    is_refused(2, "The workspace's clock reads 2028-02-29 ... already: give a later --start.", *again)


def test_what_is_asked_wrongly_is_told_in_a_line() -> None:
    nobody = "Which client? Give its command behind --, or the --url of a server that it calls."
    is_refused(2, nobody, "rehearse")
    is_refused(2, "--days must be a whole number from 1 to 14, not '15'.", "rehearse", "--days", "15", "--", "true")
    is_refused(2, "There is no format pdf: ...", "rehearse", "--format", "pdf", "--", "true")
    is_refused(2, "The sandbox at http://127.0.0.1:1 does not answer: ...", "rehearse", "--url", "http://127.0.0.1:1")


def test_a_report_that_could_not_be_written_is_told_before_anything_is_played(tmp_path: Path) -> None:
    (tmp_path / "kept.html").write_text("as it was")
    nowhere = tmp_path / "nowhere" / "report.html"
    reason = f"Cannot write {nowhere}: No such file or directory."
    is_refused(1, reason, "rehearse", "--output", str(nowhere), "--", "true")
    for name in ("kept.html", "new.html"):
        is_refused(2, "The sandbox at http://127.0.0.1:1 does not answer: ...", *AT_NOBODY, str(tmp_path / name))
    assert [each.name for each in tmp_path.iterdir()] == ["kept.html"]
    assert (tmp_path / "kept.html").read_text() == "as it was"


@pytest.mark.parametrize("days", ["0", "15", "1.5", "x", "-1"])
def test_days_are_one_to_fourteen(days: str) -> None:
    with pytest.raises(NoRehearsal, match=rf"^--days must be a whole number from 1 to 14, not '{re.escape(days)}'\.$"):
        request_of(days, None, None, Settings())


@pytest.mark.parametrize("minutes", ["0", "0.001", "20161", "nan", "inf", "x", "-1"])
def test_minutes_are_at_most_those_of_the_fortnight_itself(minutes: str) -> None:
    with pytest.raises(
        NoRehearsal, match=rf"^--minutes must be a number from 0\.01 to 20160, not '{re.escape(minutes)}'\.$"
    ):
        request_of(None, minutes, None, Settings())


def test_a_rehearsal_needs_the_journal() -> None:
    with pytest.raises(NoRehearsal, match="A rehearsal needs the journal"):
        request_of(None, None, None, Settings(journal=False))


@pytest.mark.parametrize("start", ["summer", "2028-02-28", "2028-02-28T00:00:00", "9999-12-31T23:59:59Z"])
def test_a_start_is_a_name_or_a_time(start: str) -> None:
    reason = rf"^--start must be spring, autumn, new-year, or a time as 2028-02-28T00:00:00Z, not '{start}'\.$"
    with pytest.raises(NoRehearsal, match=reason):
        start_of(start, is_running=False)


def test_what_is_left_out_has_its_default() -> None:
    spring = datetime(2028, 2, 28, tzinfo=UTC)
    assert start_of(None, is_running=False) == spring
    assert start_of(None, is_running=True) is None
    assert start_of("2028-02-27T01:00:00+01:00", is_running=True) == spring - timedelta(days=1)
    assert request_of(None, None, spring, Settings()) == (spring, 14, 10, 1)


# One whose time goes as it waits --------------------------------------------------------------------------------------


class WaitedTime:
    """In place of the module `time`."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> WaitedTime:
    waited = WaitedTime()
    monkeypatch.setattr("sandbox.rehearse_command.time", waited)
    return waited


@pytest.fixture
def rehearsal(sandbox: Driver) -> Rehearsal:
    workspace = SandboxClient("http://127.0.0.1:8080", transport=IntoDriver(sandbox)).workspace()
    return Rehearsal(workspace, RehearsalRequest(None, 1, 1, 1))


def test_it_begins_with_the_first_call_and_waits_a_minute_for_it(
    rehearsal: Rehearsal, waited: WaitedTime, capsys: pytest.CaptureFixture[str]
) -> None:
    done = rehearsal.play_to(None, {})
    assert (done.report.calls, done.code) == (0, 1)
    assert round(waited.now) == 60
    assert capsys.readouterr().err == "rehearsal: no call came within 60 s\n"


def test_a_client_that_does_not_end_is_killed(
    rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sandbox.rehearse_command.LONGEST_GOODBYE_S", 0.01)
    deaf = "trap '' TERM; echo deaf; while :; do sleep 0.05; done"
    with subprocess.Popen(["sh", "-c", deaf], stdout=subprocess.PIPE) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == b"deaf\n"
        end_client(client)
        assert client.returncode == -signal.SIGKILL
    assert "was killed" in capsys.readouterr().err


def test_a_command_that_cannot_be_run_is_told_in_a_line() -> None:
    is_refused(127, "Cannot run no-such-command: No such file or directory.", "rehearse", "--", "no-such-command")


# The page -------------------------------------------------------------------------------------------------------------


def test_every_snippet_of_a_program_is_one_of_the_files() -> None:
    shown = re.findall(r"^```(?:python|js|java)\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert sorted(shown) == sorted(path.read_text() for path in EXAMPLES.iterdir() if path.is_file())


def follows_the_date(*client: str | Path) -> None:
    """A program that makes a call, and prints the day that it is, has it from the `Date` of the answer."""
    done = rehearse("--fixture", PLAIN, "--minutes", "1000", "--", *client)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "2028-02-28"), done.stderr


def test_the_clock_in_python() -> None:
    follows_the_date(sys.executable, "-W", "error", EXAMPLES / "date_clock.py")


def test_the_clock_in_node() -> None:
    needed("node")
    follows_the_date("node", EXAMPLES / "date_clock.mjs")


def test_the_clock_in_java(tmp_path: Path) -> None:
    needed("javac", "java")
    subprocess.run(
        ["javac", "-Xlint:all", "-Werror", "-d", str(tmp_path), str(EXAMPLES / "DateClock.java")],
        check=True,
        capture_output=True,
    )
    follows_the_date("java", "-cp", tmp_path, "DateClock")


def test_the_page_has_every_flag_and_only_files_that_are_there() -> None:
    text = PAGE.read_text()
    help_text = subprocess.run(
        command("rehearse", "--help"), env=environment(), capture_output=True, text=True, check=True
    ).stdout
    flags = set(re.findall(r"--[a-z]+", help_text)) - {"--help"}
    assert flags <= set(re.findall(r"--[a-z]+", text))
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    assert [link for link in links if not (PAGE.parent / link).exists()] == []
