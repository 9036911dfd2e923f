"""What `make audit` makes of what is known of packages. Nothing is asked of the network."""

import json
import stat
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tools import audit
from tools.audit import Accepted, Unreachable, Vulnerability, accepted_in, complaints, reported, vulnerabilities

TODAY = date(2026, 11, 28)
REPORT = {
    "dependencies": [
        {"name": "sound", "version": "1.0", "vulns": []},
        {"name": "unknown", "skip_reason": "no such package"},
        {
            "name": "frail",
            "version": "2.1",
            "vulns": [
                {"id": "PYSEC-2026-1", "fix_versions": ["2.2"], "aliases": ["CVE-2026-1"], "description": "Bad."},
                {"id": "PYSEC-2026-2", "fix_versions": [], "aliases": [], "description": "Worse."},
            ],
        },
    ],
    "fixes": [],
}
FIRST = Vulnerability("frail", "2.1", frozenset({"PYSEC-2026-1", "CVE-2026-1"}), ("2.2",))
SECOND = Vulnerability("frail", "2.1", frozenset({"PYSEC-2026-2"}), ())
TEXT_OF_FIRST = "frail 2.1: CVE-2026-1, PYSEC-2026-1, mended in 2.2"
TEXT_OF_SECOND = "frail 2.1: PYSEC-2026-2, not mended in any version yet"


def accepted(name: str, until: date = TODAY) -> Accepted:
    return Accepted(name, until, "It is never called.")


def test_what_pip_audit_reports_is_read() -> None:
    assert vulnerabilities(REPORT) == [FIRST, SECOND]


@pytest.mark.parametrize(
    ("passed_over", "texts"),
    [
        ([], [TEXT_OF_FIRST, TEXT_OF_SECOND]),
        ([accepted("CVE-2026-1")], [TEXT_OF_SECOND]),
        ([accepted("PYSEC-2026-1"), accepted("PYSEC-2026-2")], []),
        (
            [accepted("CVE-2026-1", date(2026, 11, 27)), accepted("PYSEC-2026-2")],
            [f"{TEXT_OF_FIRST}; it was accepted until 2026-11-27"],
        ),
        (
            [accepted("CVE-2026-1"), accepted("PYSEC-2026-2"), accepted("CVE-2020-9")],
            ["requirements/accepted-vulnerabilities.toml: CVE-2020-9 is not found any more: take it out"],
        ),
    ],
    ids=["none", "by an alias", "all", "too long", "one that is gone"],
)
def test_what_is_known_fails_unless_it_was_accepted_and_still_is(passed_over: list[Accepted], texts: list[str]) -> None:
    assert complaints([FIRST, SECOND], passed_over, TODAY) == texts


def test_the_list_is_read_with_its_days_and_reasons(tmp_path: Path) -> None:
    path = tmp_path / "accepted.toml"
    path.write_text('[[vulnerability]]\nid = "CVE-2026-1"\nuntil = 2026-11-28\nwhy = "It is never called."\n')
    assert accepted_in(path) == [accepted("CVE-2026-1")]


def test_our_own_list_can_be_read() -> None:
    assert all(each.why for each in accepted_in(audit.ROOT / audit.ACCEPTED))


def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, stdout: str = "", stderr: str = "") -> None:
    """Stands for pip-audit."""
    path = tmp_path / "pip-audit"
    path.write_text(
        f"#!{sys.executable}\nimport sys\nsys.stdout.write({stdout!r})\nsys.stderr.write({stderr!r})\nsys.exit(1)\n"
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(audit, "COMMAND", (str(path),))


@pytest.mark.parametrize("found", [REPORT, {"dependencies": []}], ids=["some", "none"])
def test_a_report_ends_with_1_if_something_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], found: Any
) -> None:
    program(tmp_path, monkeypatch, stdout=json.dumps(found))
    with pytest.raises(SystemExit) as ended:
        audit.main()
    is_bad = found is REPORT
    assert ended.value.code is is_bad
    told = [TEXT_OF_FIRST, TEXT_OF_SECOND, "audit: 3 packages, 2 known vulnerabilities."]
    assert capsys.readouterr().out.splitlines() == (told if is_bad else ["audit: 0 packages, 0 known vulnerabilities."])


def test_where_the_database_cannot_be_reached_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program(tmp_path, monkeypatch, stderr="Traceback ...\nrequests.exceptions.ConnectionError: no route")
    audit.main()
    assert capsys.readouterr().out == (
        "audit: nothing was judged: the vulnerability database cannot be reached"
        " (requests.exceptions.ConnectionError).\n"
    )


def test_a_failure_of_another_kind_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, monkeypatch, stderr="usage: pip-audit")
    with pytest.raises(SystemExit, match="pip-audit failed: usage"):
        reported(tmp_path)
    program(tmp_path, monkeypatch, stderr="ServiceError: 503")
    with pytest.raises(Unreachable):
        reported(tmp_path)
