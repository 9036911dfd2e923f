"""The two distributions as wheels, and environments that hold nothing but one or both and what they need."""

import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from email import message_from_bytes
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import pytest
from documents import CHECKOUT
from packaging.requirements import Requirement

OURS = ("dialog-sandbox", "dialog-sandbox-client")
OFFLINE = ("--no-index", "--no-deps", "--disable-pip-version-check")


class Wheels(NamedTuple):
    client: Path
    server: Path


def run(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Wheels:
    """Both, built without a network from their source distributions, so that those are complete too."""
    return Wheels(*(_built(CHECKOUT / folder, tmp_path_factory.mktemp("dist")) for folder in ("client", ".")))


def _built(project: Path, place: Path) -> Path:
    run(sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", place, cwd=project)
    (sdist,) = place.glob("*.tar.gz")
    run("tar", "-xzf", sdist, "-C", place)
    source = place / sdist.name.removesuffix(".tar.gz")
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", *OFFLINE, "--no-build-isolation")
    run(*pip, "--wheel-dir", place, source)
    (built,) = place.glob("*.whl")
    return built


def requirements_of(built: Path) -> list[str]:
    with zipfile.ZipFile(built) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return message_from_bytes(archive.read(name)).get_all("Requires-Dist", [])


def needed(requirements: list[str]) -> Iterator[metadata.Distribution]:
    """The installed distributions, but for ours, that the requirements ask for, directly and indirectly."""
    seen: set[tuple[str, frozenset[str]]] = set()
    todo = [(text, frozenset({""})) for text in requirements]
    while todo:
        text, extras = todo.pop()
        requirement = Requirement(text)
        marker = requirement.marker
        if requirement.name in OURS or (marker and not any(marker.evaluate({"extra": extra}) for extra in extras)):
            continue
        asked = (requirement.name.lower(), frozenset({"", *requirement.extras}))
        if asked not in seen:
            seen.add(asked)
            distribution = metadata.distribution(requirement.name)
            yield distribution
            todo += [(more, asked[1]) for more in distribution.requires or []]


def link_in(distributions: Iterable[metadata.Distribution], site: Path) -> None:
    for distribution in distributions:
        for top in {file.parts[0] for file in distribution.files or []} - {"..", "__pycache__"}:
            link = site / top
            if not link.exists():
                link.symlink_to(Path(str(distribution.locate_file(top))))


def site_of(commands: Path) -> Path:
    """Where an environment with these commands has its packages."""
    return Path(run(commands / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())


def environment_of(place: Path, *wheels: Path, beside: tuple[str, ...] = ()) -> Path:
    """The commands of a new environment with these wheels, what they say they need and what is asked for beside.

    The needed packages are linked in, one by one, from where the tests run: no download, and no way back to
    the checkout through an editable install.
    """
    run(sys.executable, "-m", "venv", "--without-pip", place / "venv")
    commands = place / "venv/bin"
    run(sys.executable, "-m", "pip", "--python", commands / "python", "install", "--quiet", *OFFLINE, *wheels)
    asked = [requirement for wheel in wheels for requirement in requirements_of(wheel)]
    link_in(needed([*asked, *beside]), site_of(commands))
    return commands


@pytest.fixture(scope="module")
def installed(wheels: Wheels, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of an environment with the server."""
    return environment_of(tmp_path_factory.mktemp("server"), *wheels)


@pytest.fixture(scope="module")
def light(wheels: Wheels, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of an environment with the client alone, and pytest."""
    return environment_of(tmp_path_factory.mktemp("client"), wheels.client, beside=("pytest", "pytest-xdist"))
