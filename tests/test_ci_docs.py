"""The page *In a pipeline*, and the action: what is written there fits the server, and runs but for a runner's part."""

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import yaml
from commands import FAILSAFE_S, environment, partners_pytest
from documents import CHECKOUT, needed
from junit import compiled
from pipelines import Action, GitLabJob, Runner, StepFailed, Workflow

from sandbox.settings import Settings

EXAMPLES = CHECKOUT / "docs" / "examples"
ACTION = Action.model_validate(yaml.safe_load((CHECKOUT / "action.yml").read_text()))
COMMANDS = Path(sys.executable).parent
STAND_INS = Path(__file__).parent / "containers"
"""In place of the Testcontainers libraries: what they are asked to start is a process."""
INSTALLED = CHECKOUT / ".venv" / "runtime.done"


def example(path: str) -> str:
    return (EXAMPLES / path).read_text()


def workflow(path: str) -> Workflow:
    # YAML 1.1 reads the key `on` as true; GitHub does not.
    return Workflow.model_validate(yaml.load(example(path), Loader=yaml.BaseLoader))


def gitlab_job(path: str) -> GitLabJob:
    return GitLabJob.model_validate(yaml.safe_load(example(path))["test"])


def are_settings(names: Any) -> None:
    """Each is one of the server's."""
    assert set(names) <= {f"SANDBOX_{name.upper()}" for name in Settings.model_fields}


@pytest.fixture
def free_port() -> str:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return str(listener.getsockname()[1])


# The action ------------------------------------------------------------------------------------------------------


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    """It has the action's packages already: its step finds nothing to do."""
    if not INSTALLED.exists():
        assert "CI" not in os.environ, "CI has .venv"
        pytest.skip("make has not made .venv")
    variables = environment(PYTHON=sys.executable)
    for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):
        variables.pop(name, None)
    ours = Runner(tmp_path, CHECKOUT, variables)
    yield ours
    ours.close()


def test_the_actions_variables_are_settings_and_its_defaults_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    (start,) = (step for step in ACTION.runs.steps if step.id == "start")
    are_settings(name for name in start.env if name.startswith("SANDBOX_"))
    assert ACTION.inputs["port"].default == str(Settings.model_fields["port"].default)


def test_the_workflow_uses_the_action_and_its_tests_find_the_server(runner: Runner, free_port: str) -> None:
    needed("node")
    (job,) = workflow("ci/github-action.yml").jobs.values()
    (ours,) = (step for step in job.steps if step.uses and step.uses.startswith("your-team/dialog-sandbox@v"))
    url = f"http://127.0.0.1:{free_port}"
    assert runner.act(ACTION, {**ours.with_, "port": free_port}) == {"url": url}
    assert runner.environment["SANDBOX_URL"] == url
    (tests,) = (step.run for step in job.steps[job.steps.index(ours) :] if step.run)
    runner.run(tests, {}, EXAMPLES / "node")
    runner.run('test "$(command -v dialog-sandbox)" = "$RUNNER_TEMP/dialog-sandbox/dialog-sandbox"', {})
    runner.run("dialog-sandbox report --output report.json", {})


def test_a_server_that_does_not_start_is_told_and_not_waited_for(runner: Runner, free_port: str) -> None:
    with pytest.raises(StepFailed, match=r"dialog-sandbox: .*'nowhere'"):
        runner.act(ACTION, {"fixture": "nowhere", "port": free_port, "wait": "3600"})
    assert "SANDBOX_URL" not in runner.environment


def test_a_server_that_is_not_ready_in_time_is_told(runner: Runner, free_port: str) -> None:
    told = rf"^dialog-sandbox: not ready on 127\.0\.0\.1 port {free_port} within 0\.01 s: "
    with pytest.raises(StepFailed, match=told):
        runner.act(ACTION, {"port": free_port, "wait": "0.01"})
    assert "SANDBOX_URL" not in runner.environment


def test_a_port_that_nobody_can_wait_for_is_told(runner: Runner) -> None:
    with pytest.raises(StepFailed, match=r"^The action's port is 0, which nobody can wait for: "):
        runner.act(ACTION, {"port": "0"})
    assert "SANDBOX_URL" not in runner.environment


def test_another_server_on_its_port_is_not_taken_for_its_own(runner: Runner, free_port: str) -> None:
    runner.act(ACTION, {"port": free_port})
    with pytest.raises(StepFailed, match=f"Cannot listen on 127.0.0.1 port {free_port}"):
        runner.act(ACTION, {"port": free_port})


# GitLab ----------------------------------------------------------------------------------------------------------


def test_gitlabs_lines_start_a_server_and_its_tests_find_it(tmp_path: Path, free_port: str) -> None:
    job = gitlab_job("ci/gitlab-ci-installed.yml")
    are_settings(set(job.variables) - {"SANDBOX_URL"})
    assert job.artifacts is not None
    install, *before = job.before_script
    version = re.search(r'^version = "(.*)"$', (CHECKOUT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None
    assert install == f"pip install dialog-sandbox=={version[1]} pytest"
    (tmp_path / "test_it.py").write_text("def test_it(sandbox, sandbox_server): print(sandbox_server.url)\n")
    variables = {name: value.replace("8080", free_port) for name, value in job.variables.items()}
    path = f"{COMMANDS}{os.pathsep}{os.environ['PATH']}"
    pytest_as_theirs = shlex.join(partners_pytest("-s", "-p", "no:xdist"))
    assert job.script == ["pytest"]
    with subprocess.Popen(
        ["sh", "-ec", "\n".join([*before, pytest_as_theirs])],
        cwd=tmp_path,
        env=environment(PATH=path, **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            printed, _ = process.communicate(timeout=2 * FAILSAFE_S)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0, printed
    assert f"http://127.0.0.1:{free_port}" in printed
    assert printed.startswith("ready\n")
    assert job.artifacts.paths == ["sandbox.log"]
    assert (tmp_path / "sandbox.log").read_text().startswith("dialog-sandbox ready on ")


# Service containers ----------------------------------------------------------------------------------------------


def dockerfile(instruction: str) -> list[str]:
    return re.findall(rf"^{instruction} (.*)$", (CHECKOUT / "Dockerfile").read_text(), re.MULTILINE)


def status(port: int, path: str, headers: dict[str, str]) -> int:
    with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status


def test_the_github_workflow_fits_the_image() -> None:
    job = workflow("ci/github-actions.yml").jobs["test"]
    (service,) = job.services.values()
    are_settings(service.env)
    (port,) = dockerfile("EXPOSE")
    assert service.ports == [f"{port}:{port}"]
    assert job.env["SANDBOX_URL"] == f"http://localhost:{port}"
    assert job.env["SANDBOX_CONTROL_TOKEN"] == service.env["SANDBOX_CONTROL_TOKEN"]
    options = shlex.split(service.options)
    (health,) = re.findall(
        r"HEALTHCHECK .* CMD (\[.*\])", "\n".join([f"HEALTHCHECK {x}" for x in dockerfile("HEALTHCHECK")])
    )
    assert options[options.index("--health-cmd") + 1].split() == yaml.safe_load(health)


def test_the_image_with_opentelemetry_adds_to_the_environment_of_ours() -> None:
    (block,) = re.findall(r"```dockerfile\n(.*?)```", (CHECKOUT / "docs" / "operators.md").read_text(), re.DOTALL)
    _, root, install, user = block.splitlines()
    assert f"--python {install.split()[3]} install" in (CHECKOUT / "Dockerfile").read_text()
    assert (root, user) == ("USER root", f"USER {dockerfile('USER')[-1]}")


def test_the_gitlab_job_fits_the_image_and_finds_it_ready() -> None:
    job = gitlab_job("ci/gitlab-ci.yml")
    (service,) = job.services
    are_settings(service.variables)
    (port,) = dockerfile("EXPOSE")
    assert job.variables["SANDBOX_URL"] == f"http://{service.alias}:{port}"
    assert job.variables["SANDBOX_CONTROL_TOKEN"] == service.variables["SANDBOX_CONTROL_TOKEN"]
    path = re.search(r'curl -fsS "\$SANDBOX_URL(/\S+)"', job.before_script[0])
    assert path is not None
    server = [sys.executable, "-m", "sandbox", "serve", "--port", "0"]
    env = environment(SANDBOX_HOST="0.0.0.0", **service.variables)
    with subprocess.Popen(server, stdout=subprocess.PIPE, text=True, env=env) as serving:
        try:
            assert serving.stdout is not None
            ours = int(serving.stdout.readline().rpartition(":")[2])
            named = {"Host": f"{service.alias}:{port}"}
            assert [status(ours, target, named) for target in (path[1], "/_sandbox/workspaces")] == [200, 401]
        finally:
            serving.terminate()


# Testcontainers --------------------------------------------------------------------------------------------------

RECIPES = EXAMPLES / "testcontainers"
CONTAINER = shlex.join([sys.executable, "-m", "sandbox", "serve", "--port", "0", "--until-eof"])
"""What the stand-ins start for an image; its first line ends with where it is."""


def runs(*arguments: str, cwd: Path, **env: str) -> str:
    """What a program prints that ends well, with the stand-ins' server."""
    done = subprocess.run(
        arguments,
        cwd=cwd,
        env=environment(CONTAINER=CONTAINER, **env),
        capture_output=True,
        text=True,
        timeout=3 * FAILSAFE_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_each_recipe_names_what_the_image_has() -> None:
    (port,) = dockerfile("EXPOSE")
    for recipe in RECIPES.iterdir():
        if recipe.is_file():
            text = recipe.read_text()
            assert set(re.findall(r"\b8\d\d\d\b", text)) == {port}
            are_settings(re.findall(r"\bSANDBOX_[A-Z_]*[A-Z]\b(?<!SANDBOX_URL)", text))
            assert "/_sandbox/health/ready" in text


def test_the_recipe_for_python(tmp_path: Path) -> None:
    shutil.copy(RECIPES / "conftest.py", tmp_path)
    shutil.copy(EXAMPLES / "pytest" / "test_reminders.py", tmp_path)
    assert "5 passed" in runs(*partners_pytest("--strict-markers"), cwd=tmp_path, PYTHONPATH=str(STAND_INS / "python"))


def test_the_recipe_for_node(tmp_path: Path) -> None:
    needed("node")
    shutil.copy(RECIPES / "run-tests.mjs", tmp_path)
    shutil.copy(EXAMPLES / "node" / "reminders.test.mjs", tmp_path)
    shutil.copytree(STAND_INS / "node", tmp_path / "node_modules" / "testcontainers")
    printed = runs("node", "run-tests.mjs", cwd=tmp_path)
    assert re.search(r"^(#|ℹ) pass 1$", printed, re.MULTILINE), printed


def test_the_recipe_for_java(tmp_path: Path) -> None:
    test = (EXAMPLES / "java" / "RemindersTest.java").read_text()
    for name in ("URL", "TOKEN"):
        variable = "SANDBOX_URL" if name == "URL" else "SANDBOX_CONTROL_TOKEN"
        assert f'{name} = System.getenv("{variable}");' in test
        test = test.replace(f'System.getenv("{variable}")', f"Sandbox.{name}")
    (tmp_path / "RemindersTest.java").write_text(test)
    stand_ins = sorted((STAND_INS / "java").rglob("*.java"))
    tests = compiled(tmp_path, *stand_ins, RECIPES / "Sandbox.java", tmp_path / "RemindersTest.java")
    assert "1 tests successful" in runs(*tests, "--select-class", "RemindersTest", cwd=tmp_path)
