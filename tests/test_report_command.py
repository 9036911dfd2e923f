"""The report from outside: the command `report`, `exec --report`, and pytest's `--sandbox-report`."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from commands import environment, is_refused, partners_pytest, run
from test_exec import execute, python

SUBMIT = """
import os, urllib.error, urllib.parse, urllib.request
from base64 import b64encode

def submit(to):
    form = urllib.parse.urlencode({"To": to, "From": os.environ["SANDBOX_LINE"], "Body": "Hello"}).encode()
    who = os.environ["SANDBOX_BASIC_USERNAME"] + ":" + os.environ["SANDBOX_BASIC_PASSWORD"]
    url = os.environ["SANDBOX_SIMPLEPAY_URL"] + "/submit/" + os.environ["SANDBOX_CONSOLE"]
    call = urllib.request.Request(url, form, {"Authorization": "Basic " + b64encode(who.encode()).decode()})
    try:
        urllib.request.urlopen(call).close()
    except urllib.error.HTTPError:
        pass

submit("%s")
"""
RIGHT, WRONG = "14155550123", "+14155550123"


@pytest.fixture
def kept(tmp_path: Path) -> Callable[[str], Path]:
    """Keeps the report of a program that submits to a number, as JSON."""

    def keep(to: str) -> Path:
        file = tmp_path / f"{to.strip('+')}.json"
        done = execute("--fixture", "empty", "--report", str(file), *python(SUBMIT % to))
        assert (done.returncode, done.stderr) == (0, "")
        return file

    return keep


def states(report: Any) -> dict[str, str]:
    return {each["id"]: each["state"] for each in report["rules"]}


def test_exec_keeps_a_report_of_what_its_command_gets_wrong(kept: Callable[[str], Path]) -> None:
    report = json.loads(kept(WRONG).read_text())
    assert (report["workspace"], report["calls"], report["state"]) == ("default", 1, "broken")
    assert states(report)["SP-msisdn"] == "broken"


def test_exec_writes_the_report_as_the_files_ending_says(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    execute("--fixture", "empty", "--report", str(page), *python(SUBMIT % RIGHT))
    assert page.read_text().startswith("<!doctype html>")


def test_the_command_exits_with_1_when_something_is_broken(kept: Callable[[str], Path]) -> None:
    wrong = run("report", "--from", str(kept(WRONG)))
    assert wrong.returncode == 1
    title, change, rule, *_ = wrong.stdout.splitlines()
    assert title == "BROKEN  SP-msisdn [rules.simplepay]"
    assert change.startswith("    To '+14155550123': Send 14155550123 instead of +14155550123. (once; ex_")
    assert rule.startswith("    To and From are 11 to 15 digits ")
    right = run("report", "--from", str(kept(RIGHT)))
    assert right.returncode == 0
    assert re.fullmatch(r"default: 1 calls; 0 broken, 0 tolerated, .* never tried\n", right.stdout)


def test_the_command_asks_a_running_server(tmp_path: Path) -> None:
    file = tmp_path / "report.xml"
    ask = f"""
import subprocess, sys
code = subprocess.call([sys.executable, "-P", "-m", "sandbox", "report", "--output", {str(file)!r}])
print(code)
"""
    done = execute("--fixture", "empty", *python(SUBMIT % WRONG + ask))
    assert (done.stdout, done.stderr) == ("1\n", "")
    root = ElementTree.parse(file).getroot()
    assert root.get("failures") == "1"


def test_what_cannot_be_reported_is_said_in_a_line(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    is_refused(2, f"Cannot read {file}: No such file or directory.", "report", "--from", str(file))
    file.write_text("{}")
    reason = f"{file} is no report as JSON: GET report makes one, and so does --sandbox-report."
    is_refused(2, reason, "report", "--from", str(file))
    known = "There is no format pdf: there are text, json, html, junit, ctrf, badge."
    is_refused(2, known, "report", "--format", "pdf")


# pytest ---------------------------------------------------------------------------------------------------------------

TESTS = """
import httpx
import pytest

@pytest.mark.parametrize("to", ["14155550123", "+14155550123"])
def test_submit(sandbox, to):
    console = sandbox.consoles[0]
    form = {"To": to, "From": console.line, "Body": "Hello"}
    auth = (sandbox.basic.username, sandbox.basic.password)
    httpx.post(f"{sandbox.simplepay_url}/submit/{console.code}", data=form, auth=auth)
"""


def run_of(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    (folder / "test_them.py").write_text(TESTS)
    command = partners_pytest(*arguments)
    return subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize("workers", [(), ("-p", "xdist", "-n", "2")], ids=["one process", "two workers"])
def test_a_test_run_writes_one_report_of_all_its_workspaces(tmp_path: Path, workers: tuple[str, ...]) -> None:
    done = run_of(tmp_path, "--sandbox-report", "report.json", *workers)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "dialog-sandbox: " in done.stdout
    assert "report.json says what was tried: 1 broken, 0 tolerated," in done.stdout
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["workspace"], report["calls"]) == ("2 workspaces", 2)
    assert states(report)["SP-msisdn"] == "broken"
    assert states(report)["SP-submit"] == "respected"


def test_a_test_run_writes_its_report_as_the_files_ending_says(tmp_path: Path) -> None:
    done = run_of(tmp_path, "--sandbox-report", "report.html")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Send 14155550123 instead of +14155550123." in (tmp_path / "report.html").read_text()


def test_a_test_run_makes_the_folder_of_its_report(tmp_path: Path) -> None:
    done = run_of(tmp_path, "--sandbox-report", "build/reports/report.json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((tmp_path / "build/reports/report.json").read_text())["calls"] == 2


@pytest.mark.parametrize("name", ["report.json", "report.html"])
def test_a_report_that_cannot_be_written_ends_no_test_run(tmp_path: Path, name: str) -> None:
    (tmp_path / "taken").write_text("")
    done = run_of(tmp_path, "--sandbox-report", f"taken/{name}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"\ndialog-sandbox: Cannot write {tmp_path / 'taken' / name}: " in done.stdout


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--sandbox-report", "report.pdf", "a report's name ends with one of .json, .html, .htm, .xml, .svg."),
        ("--sandbox-report", "folder", "that is a folder; name a file in it."),
        ("--sandbox-save-failures", "test_them.py", "that is a file, and a folder is wanted."),
    ],
)
def test_what_could_not_be_written_in_the_end_is_told_before_a_test_runs(
    tmp_path: Path, option: str, value: str, reason: str
) -> None:
    (tmp_path / "folder").mkdir()
    done = run_of(tmp_path, option, value)
    assert (done.returncode, done.stdout) == (4, "")
    assert f"{option} {value}: {reason}" in done.stderr


@pytest.mark.parametrize("name", ["report.pdf", "report.htlm", "report.jsonl"])
def test_an_ending_that_says_no_format_is_told_before_anything_is_done(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    reason = f"{file} ends as no report does: name it .json, .html, .htm, .xml or .svg, or say which --format it has."
    is_refused(2, reason, "report", "--output", str(file))
    is_refused(2, reason, "rehearse", "--output", str(file), "--", "true")
    assert not file.exists()


def test_a_format_that_is_said_goes_into_a_file_of_any_name(kept: Callable[[str], Path], tmp_path: Path) -> None:
    file = tmp_path / "report.ctrf"
    run("report", "--from", str(kept(RIGHT)), "--format", "ctrf", "--output", str(file))
    assert json.loads(file.read_text())["reportFormat"] == "CTRF"


def test_exec_keeps_nothing_under_an_ending_that_says_nothing(tmp_path: Path) -> None:
    file = tmp_path / "report.pdf"
    reason = f"{file} ends as no report does: name it .json, .html, .htm, .xml, .svg or .jsonl (the calls)."
    is_refused(2, reason, "exec", "--report", str(file), "--", "true")
    assert not file.exists()
