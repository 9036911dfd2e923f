"""A partner's project, as its team would run it: in one process, with workers against a server, and through `exec`."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from commands import command, environment, partners_pytest

PARTNER = Path(__file__).parent / "partner"
TESTS = re.compile(r"^(\d+) passed in ", re.MULTILINE)


def passed(*command: str, **env: str) -> int:
    """How many of its tests pass; none fails, and none is left out."""
    done = subprocess.run(
        command, cwd=PARTNER, env=environment(**env), capture_output=True, text=True, timeout=300, check=False
    )
    summary = TESTS.search(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert summary is not None, done.stdout
    return int(summary[1])


def test_it_passes_in_one_process() -> None:
    assert passed(*partners_pytest()) >= 30


def test_it_passes_with_four_workers_against_a_served_process() -> None:
    server = [sys.executable, "-m", "sandbox", "serve", "--port", "0"]
    with subprocess.Popen(server, stdout=subprocess.PIPE, text=True, env=environment()) as serving:
        try:
            assert serving.stdout is not None
            url = serving.stdout.readline().split()[-1]
            assert passed(*partners_pytest("-n", "4"), SANDBOX_URL=url) >= 30
        finally:
            serving.terminate()


def test_it_passes_through_exec() -> None:
    assert passed(*command("exec", "--", *partners_pytest())) >= 30


@pytest.mark.parametrize("path", sorted(PARTNER.rglob("*.py")), ids=lambda path: str(path.relative_to(PARTNER)))
def test_it_uses_nothing_of_ours_but_the_fixtures(path: Path) -> None:
    assert not re.search(r"^\s*(from|import) sandbox\b", path.read_text(), re.MULTILINE)
