"""What we use of GitHub's action and workflow files and of GitLab's jobs, as models: any other key is refused.

And how a runner of GitHub's does a composite action's steps: each in a shell of its own, which hands on by files.
"""

import os
import re
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal

from commands import FAILSAFE_S
from pydantic import BaseModel, ConfigDict, Field

Identifier = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_-]*$")]
EXPRESSION = re.compile(r"\$\{\{ *(.*?) *\}\}")
BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")
"""As GitHub's runner calls it for `shell: bash`."""


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=lambda name: name.replace("_", "-"))


# GitHub's action -------------------------------------------------------------------------------------------------


class Input(Model):
    description: str
    default: str


class Output(Model):
    description: str
    value: str


class RunStep(Model):
    """A composite action's step that runs something: it has to say by which shell."""

    name: str
    id: Identifier | None = None
    shell: Literal["bash"]
    env: dict[str, str] = {}
    run: str


class Composite(Model):
    using: Literal["composite"]
    steps: list[RunStep]


class Action(Model):
    name: str
    description: str
    inputs: dict[Identifier, Input]
    outputs: dict[Identifier, Output]
    runs: Composite


# GitHub's workflow -----------------------------------------------------------------------------------------------


class JobStep(Model):
    uses: Annotated[str, Field(pattern=r"^[\w-]+/[\w-]+@v[0-9.]+$")] | None = None
    with_: dict[str, str] = Field({}, alias="with")
    run: str | None = None


class JobService(Model):
    image: str
    env: dict[str, str]
    ports: list[str]
    options: str


class WorkflowJob(Model):
    runs_on: Literal["ubuntu-latest"]
    services: dict[Identifier, JobService] = {}
    env: dict[str, str] = {}
    steps: list[JobStep]


class Workflow(Model):
    name: str
    on: list[Literal["push"]]
    jobs: dict[Identifier, WorkflowJob]


# GitLab's job ----------------------------------------------------------------------------------------------------


class GitLabService(Model):
    model_config = ConfigDict(alias_generator=None)
    name: str
    alias: Identifier
    variables: dict[str, str]


class Artifacts(Model):
    when: Literal["on_failure"]
    paths: list[str]


class GitLabJob(Model):
    model_config = ConfigDict(alias_generator=None)
    image: str
    services: list[GitLabService] = []
    variables: dict[str, str]
    before_script: list[str]
    script: list[str]
    artifacts: Artifacts | None = None


# A runner --------------------------------------------------------------------------------------------------------


class StepFailed(Exception):
    """The text is what the step printed."""


class Runner:
    """A job of a runner, as far as a composite action knows it. What its steps leave running ends with it."""

    def __init__(self, folder: Path, action: Path, environment: Mapping[str, str]) -> None:
        self.environment = {**environment, "RUNNER_TEMP": str(folder), "GITHUB_ACTION_PATH": str(action)}
        self._folder = folder
        self._groups: list[int] = []

    def act(self, action: Action, inputs: Mapping[str, str]) -> dict[str, str]:
        """Do the steps of an action; return its outputs. Raises `StepFailed`."""
        assert set(inputs) <= set(action.inputs)
        values = {f"inputs.{name}": inputs.get(name, each.default) for name, each in action.inputs.items()}
        for step in action.runs.steps:
            outputs = self.run(step.run, {name: evaluated(value, values) for name, value in step.env.items()})
            values |= {f"steps.{step.id}.outputs.{name}": value for name, value in outputs.items()}
        return {name: evaluated(output.value, values) for name, output in action.outputs.items()}

    def run(self, script: str, env: Mapping[str, str], cwd: Path | None = None) -> dict[str, str]:
        """Run a step's script; return its outputs. What it adds to environment and PATH, those that follow have."""
        files = {name: self._folder / f"{name}.{len(self._groups)}" for name in ("OUTPUT", "ENV", "PATH")}
        for path in files.values():
            path.touch()
        told = {f"GITHUB_{name}": str(path) for name, path in files.items()}
        with subprocess.Popen(
            [*BASH, script],
            env={**self.environment, **env, **told},
            cwd=cwd or self._folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            self._groups.append(process.pid)
            printed, _ = process.communicate(timeout=FAILSAFE_S)
        if process.returncode != 0:
            raise StepFailed(printed)
        outputs, variables = (pairs(files[name].read_text()) for name in ("OUTPUT", "ENV"))
        folders = [*reversed(files["PATH"].read_text().split()), self.environment["PATH"]]
        self.environment |= {**variables, "PATH": ":".join(folders)}
        return outputs

    def close(self) -> None:
        for group in self._groups:
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)


def pairs(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines())


def evaluated(text: str, values: Mapping[str, str]) -> str:
    """Return a text with what its expressions stand for; a name that is not there is an error."""
    return EXPRESSION.sub(lambda found: values[found[1]], text)
