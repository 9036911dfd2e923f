"""The page *Testing with the sandbox*: every snippet on it is in a file, and every file runs."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import yaml
from commands import command, environment, partners_pytest
from documents import CHECKOUT, needed

from sandbox.settings import Settings

PAGE = CHECKOUT / "docs" / "testing.md"
EXAMPLES = CHECKOUT / "docs" / "examples"
JARS = Path(os.environ.get("JUNIT_JARS", "/usr/share/java"))
JUNIT = (
    "apiguardian-api",
    "junit-jupiter-api",
    "junit-jupiter-engine",
    "junit-platform-commons",
    "junit-platform-console",
    "junit-platform-engine",
    "junit-platform-launcher",
    "junit-platform-reporting",
    "opentest4j",
    "opentest4j-reporting-events",
    "opentest4j-reporting-schema",
    "picocli",
)


def blocks(*languages: str) -> list[str]:
    """The snippets of the page in these languages."""
    found = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
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
    needed("javac", "java")
    jars = [JARS / f"{name}.jar" for name in JUNIT]
    if not all(jar.exists() for jar in jars):
        assert "CI" not in os.environ, "CI has JUnit"
        pytest.skip("JUnit is not installed")
    path = ":".join(map(str, (tmp_path, *jars)))
    source = str(EXAMPLES / "java" / "RemindersTest.java")
    subprocess.run(
        ["javac", "-Xlint:all,-path", "-Werror", "-proc:none", "-cp", path, "-d", str(tmp_path), source], check=True
    )
    launcher = ("org.junit.platform.console.ConsoleLauncher", "--select-class", "RemindersTest", "--details", "summary")
    assert "1 tests successful" in beside("java", "-cp", path, *launcher)


# The workflows ----------------------------------------------------------------------------------------------------


def dockerfile(instruction: str) -> list[str]:
    return re.findall(rf"^{instruction} (.*)$", (CHECKOUT / "Dockerfile").read_text(), re.MULTILINE)


def status(port: int, path: str, headers: dict[str, str]) -> int:
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status


def are_settings(names: Any) -> None:
    """Each is one of the server's."""
    assert set(names) <= {f"SANDBOX_{name.upper()}" for name in Settings.model_fields}


def test_the_github_workflow_fits_the_image() -> None:
    workflow = yaml.safe_load(example("ci/github-actions.yml"))
    job = workflow["jobs"]["test"]
    (service,) = job["services"].values()
    are_settings(service["env"])
    (port,) = dockerfile("EXPOSE")
    assert service["ports"] == [f"{port}:{port}"]
    assert job["env"]["SANDBOX_URL"] == f"http://localhost:{port}"
    assert job["env"]["SANDBOX_CONTROL_TOKEN"] == service["env"]["SANDBOX_CONTROL_TOKEN"]
    options = shlex.split(service["options"])
    (health,) = re.findall(
        r"HEALTHCHECK .* CMD (\[.*\])", "\n".join([f"HEALTHCHECK {x}" for x in dockerfile("HEALTHCHECK")])
    )
    assert options[options.index("--health-cmd") + 1].split() == yaml.safe_load(health)


def test_the_gitlab_job_fits_the_image_and_finds_it_ready() -> None:
    job = yaml.safe_load(example("ci/gitlab-ci.yml"))["test"]
    (service,) = job["services"]
    are_settings(service["variables"])
    (port,) = dockerfile("EXPOSE")
    host = service["alias"]
    assert job["variables"]["SANDBOX_URL"] == f"http://{host}:{port}"
    assert job["variables"]["SANDBOX_CONTROL_TOKEN"] == service["variables"]["SANDBOX_CONTROL_TOKEN"]
    path = re.search(r'curl -fsS "\$SANDBOX_URL(/\S+)"', job["before_script"][0])
    assert path is not None
    server = [sys.executable, "-m", "sandbox", "serve", "--port", "0"]
    env = environment(SANDBOX_HOST="0.0.0.0", **service["variables"])
    with subprocess.Popen(server, stdout=subprocess.PIPE, text=True, env=env) as serving:
        try:
            assert serving.stdout is not None
            ours = int(serving.stdout.readline().rpartition(":")[2])
            named = {"Host": f"{host}:{port}"}
            assert [status(ours, target, named) for target in (path[1], "/_sandbox/workspaces")] == [200, 401]
        finally:
            serving.terminate()


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
    links = re.findall(r"\]\(([^)#:]+)\)", PAGE.read_text())
    assert links
    assert [link for link in links if not (PAGE.parent / link).exists()] == []
