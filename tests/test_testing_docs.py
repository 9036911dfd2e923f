"""The page *Testing with the sandbox*: every snippet on it is in a file, and every file runs; those of docs/ci.md too,
which test_ci_docs.py runs.
"""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from commands import command, environment, partners_pytest
from documents import CHECKOUT, needed
from junit import compiled

PAGE = CHECKOUT / "docs" / "testing.md"
CI_PAGE = CHECKOUT / "docs" / "ci.md"
EXAMPLES = CHECKOUT / "docs" / "examples"


def blocks(*languages: str) -> list[str]:
    """The snippets of both pages in these languages."""
    text = PAGE.read_text() + CI_PAGE.read_text()
    found = re.findall(r"^```(\w+)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert {language for language, _ in found} == {"python", "js", "java", "yaml", "sh", "text"}
    return [block for language, block in found if language in languages]


def example(path: str) -> str:
    return (EXAMPLES / path).read_text()


def beside(*arguments: str, cwd: Path = EXAMPLES) -> str:
    """What a command prints that is run through `dialog-sandbox exec`, and ends well."""
    done = subprocess.run(
        command("exec", "--fixture", "empty", "--", *arguments),
        cwd=cwd,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_snippet_of_a_program_is_one_of_the_files() -> None:
    others = EXAMPLES / "rehearsal"  # which test_rehearsal_docs.py is about
    paths = [path for path in EXAMPLES.rglob("*") if path.is_file() and others not in path.parents]
    files = [path.read_text() for path in paths if path.suffix != ".pyc"]
    assert sorted(blocks("python", "js", "java", "yaml")) == sorted(files)


def test_the_test_in_the_readme_is_one_of_them() -> None:
    (shown,) = re.findall(r"^```python\n(.*?)^```$", (CHECKOUT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    assert shown in example("pytest/test_reminders.py")


def test_the_tests_with_pytest(tmp_path: Path) -> None:
    there = shutil.copytree(EXAMPLES / "pytest", tmp_path / "tests")  # away from our own settings of pytest
    done = subprocess.run(
        partners_pytest("--strict-markers"),
        cwd=there,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "9 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["client.py", "async_client.py"])
def test_the_clients(name: str) -> None:
    assert beside(sys.executable, "-W", "error", name) == ""


def test_the_tests_with_node() -> None:
    needed("node")
    assert re.search(
        r"^# pass 1$", beside("node", "--test", "--test-reporter", "tap", cwd=EXAMPLES / "node"), re.MULTILINE
    )


def test_the_tests_with_junit(tmp_path: Path) -> None:
    tests = compiled(tmp_path, EXAMPLES / "java" / "RemindersTest.java")
    assert "1 tests successful" in beside(*tests, "--select-class", "RemindersTest")


# The rest of the page ---------------------------------------------------------------------------------------------


def test_the_commands_of_exec_are_there() -> None:
    for line in "".join(blocks("sh")).splitlines():
        program, *arguments = shlex.split(line)
        assert program == "dialog-sandbox"
        ours = arguments[: arguments.index("--")]
        done = subprocess.run(command(*ours, "--help"), env=environment(), capture_output=True, text=True, check=True)
        assert all(flag in done.stdout for flag in ours if flag.startswith("--"))


def test_every_variable_that_exec_exports_is_on_the_page() -> None:
    told = beside(
        sys.executable, "-c", "import os; print(*(name for name in os.environ if name.startswith('SANDBOX_')))"
    )
    on_page = set(re.findall(r"`(SANDBOX_\w+)`", PAGE.read_text()))
    assert set(told.split()) <= on_page


def test_the_page_names_only_files_that_are_there() -> None:
    for page in (PAGE, CI_PAGE):
        links = re.findall(r"\]\(([^)#:]+)", page.read_text())
        assert links
        assert [link for link in links if not (page.parent / link).exists()] == []
