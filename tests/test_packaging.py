"""The server as others get it: by wheels, away from the checkout, and what the locks hold."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from commands import FAILSAFE_S
from documents import CHECKOUT
from packaging.requirements import Requirement
from wheels import OURS, Wheels, link_in, needed, requirements_of, run, site_of

ALIKE = ("requires-python", "license", "authors")
READY = re.compile(r"dialog-sandbox ready on http://(127\.0\.0\.1):(\d+)\n")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Away from the checkout, and without the settings of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("SANDBOX_", "PYTHON")):
            monkeypatch.delenv(name)


def test_the_wheel_says_its_version_and_finds_its_fixtures(installed: Path) -> None:
    assert run(installed / "dialog-sandbox", "--version").split()[-1] == metadata.version("dialog-sandbox")
    listed = run(installed / "dialog-sandbox", "fixtures")
    for fixture in ("empty", "documented", "clinic", "hospital"):
        assert fixture in listed
    where = run(installed / "python", "-c", "import sandbox; print(sandbox.__file__)").strip()
    assert Path(where).is_relative_to(installed.parent)


def test_the_wheel_serves_alone_and_stops_whoever_is_connected(installed: Path) -> None:
    command = [str(installed / "dialog-sandbox"), "serve", "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert server.stdout is not None
        first = server.stdout.readline()
        ready = READY.fullmatch(first)
        assert ready, first + server.stdout.read()
        connection = http.client.HTTPConnection(ready[1], int(ready[2]), timeout=60)
        connection.request("GET", "/_sandbox/health/ready")
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        answer.read()
        for path in ("/_sandbox/ui", "/_sandbox/ui/assets/phones.js"):
            connection.request("GET", path)
            answer = connection.getresponse()
            assert (answer.status, len(answer.read()) > 1000) == (200, True), path
        # Kept open on purpose: a client that does not hang up must not keep the server.
        server.send_signal(signal.SIGTERM)
        output, _ = server.communicate(timeout=60)
        assert server.returncode == 0, output
        assert "Traceback" not in output
        connection.close()
    finally:
        server.kill()
        server.communicate()


def test_the_wheel_brings_its_fixtures_into_pytest(installed: Path, tmp_path: Path) -> None:
    link_in(needed(["pytest"]), site_of(installed))
    (tmp_path / "test_it.py").write_text("def test_it(sandbox): assert sandbox.send('14155550123', 'Hello').to\n")
    assert "1 passed" in run(installed / "python", "-W", "error", "-m", "pytest", "-q", "test_it.py", cwd=tmp_path)


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert not [name for name in names if "__pycache__" in name]
    return names


def test_the_wheels_hold_a_package_each_and_nothing_else(wheels: Wheels) -> None:
    names, of_client = names_in(wheels.server), names_in(wheels.client)
    assert {"sandbox/py.typed", "sandbox/cli.py", "sandbox/fixtures/clinic.yaml"} <= names
    assert {"dialog_sandbox/py.typed", "dialog_sandbox/pytest_plugin.py", "dialog_sandbox/_sync/client.py"} <= of_client
    version = metadata.version("dialog-sandbox")
    assert {name.partition("/")[0] for name in names} == {"sandbox", f"dialog_sandbox-{version}.dist-info"}
    tops = {name.partition("/")[0] for name in of_client}
    assert tops == {"dialog_sandbox", f"dialog_sandbox_client-{version}.dist-info"}
    fixtures = CHECKOUT / "fixtures"
    in_checkout = {path.relative_to(fixtures) for path in fixtures.rglob("*") if path.is_file()}
    in_wheel = {Path(name) for name in names}
    assert {Path("sandbox/fixtures") / path for path in in_checkout} <= in_wheel


LOCKS = sorted(CHECKOUT.glob("requirements/*.lock"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_lock_file_names_versions_and_hashes_and_no_host(lock: Path) -> None:
    lines = [line for line in lock.read_text().splitlines() if line and not line.lstrip().startswith("#")]
    entry = re.compile(r"[a-z0-9][a-z0-9.-]*(\[[a-z0-9,-]+\])?==\S+( ; .+)? \\")
    a_hash = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")
    assert not [line for line in lines if not entry.fullmatch(line) and not a_hash.fullmatch(line)]
    assert not re.search(r"://|--(extra-)?index-url|--find-links", lock.read_text())


def test_both_distributions_are_of_one_version_and_licence() -> None:
    server, client = (
        tomllib.loads((CHECKOUT / folder / "pyproject.toml").read_text())["project"] for folder in (".", "client")
    )
    assert client["version"] == server["version"]
    assert server["dependencies"][0] == f"{client['name']}=={client['version']}"
    assert [client[name] for name in ALIKE] == [server[name] for name in ALIKE]
    assert (CHECKOUT / "client" / "LICENSE").read_bytes() == (CHECKOUT / "LICENSE").read_bytes()
    shared = {text for text in client["dependencies"] if text in server["dependencies"]}
    assert shared == set(client["dependencies"])  # the server's own code imports each


def test_each_way_to_install_a_checkout_brings_the_client_that_no_index_has() -> None:
    """pip and pipx are given its folder; uv finds it by the project's own settings."""
    lines = re.findall(
        r"^(?:pip|pipx|uvx) .*&& dialog-sandbox serve$|^uvx .*$", (CHECKOUT / "README.md").read_text(), re.M
    )
    assert [line.partition(" && ")[0] for line in lines] == [
        "pip install ./client .",
        'pipx install --preinstall "$PWD/client" .',
        "uvx --from . dialog-sandbox serve",
    ]
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    client = tomllib.loads((CHECKOUT / "client" / "pyproject.toml").read_text())["project"]
    assert project["tool"]["uv"]["sources"] == {client["name"]: {"path": "client"}}
    assert "dialog-sandbox" in project["project"]["scripts"]


def test_the_lock_files_agree_and_hold_what_is_asked_for(wheels: Wheels) -> None:
    entry = re.compile(r"^([a-z0-9.-]+)(?:\[.*?\])?==(\S+)", re.MULTILINE)
    pinned = {lock.stem: dict(entry.findall(lock.read_text())) for lock in LOCKS}
    assert set(pinned) == {"build", "dev", "image", "runtime"}
    for part in ("build", "image"):
        assert pinned[part].items() <= pinned["dev"].items()
    assert pinned["runtime"].items() <= pinned["image"].items()
    asked = [*requirements_of(wheels.server), *requirements_of(wheels.client)]
    for requirement in [each for each in map(Requirement, asked) if each.name not in OURS]:
        marker = str(requirement.marker or "")
        in_image = any(f'extra == "{extra}"' in marker for extra in ("mcp", "migrate", "postgresql", "tls"))
        # Of the other extras only the tests have what is locked.
        lock = "image" if in_image else "dev" if "extra" in marker else "runtime"
        assert requirement.specifier.contains(pinned[lock][requirement.name.lower()]), requirement


@pytest.mark.parametrize(
    ("python", "sentence"),
    [
        ("exit 127", "not found"),
        ("case $2 in *version*) exit 1;; esac", "Python 3.11 or newer is needed"),
        ("case $2 in *ensurepip*) exit 1;; esac", "Python's venv module is missing"),
    ],
    ids=["no Python", "an old Python", "a Python without venv"],
)
def test_make_says_in_one_sentence_what_it_misses(python: str, sentence: str, tmp_path: Path) -> None:
    shutil.copy(CHECKOUT / "Makefile", tmp_path)
    pretender = tmp_path / "pretender"
    if python != "exit 127":
        pretender.write_text(f"#!/bin/sh\n{python}\n")
        pretender.chmod(0o755)
    done = subprocess.run(["make", "serve", f"PYTHON={pretender}"], capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    ours, _of_make = done.stderr.strip().splitlines()
    assert sentence in ours
    assert "PYTHON=" in ours


def test_make_says_in_one_sentence_that_it_needs_an_index_once(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml", "client", "requirements"):
        (tmp_path / name).symlink_to(CHECKOUT / name)
    nowhere = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "0", "PIP_NO_CACHE_DIR": "1"}
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    done = subprocess.run(
        ["make", "-C", str(tmp_path), "serve", f"PYTHON={sys.executable}"],
        env={**environ, **nowhere, "PIP_CONFIG_FILE": os.devnull},
        capture_output=True,
        text=True,
        timeout=FAILSAFE_S,
    )
    assert done.returncode != 0
    ours, _of_make = done.stderr.strip().splitlines()
    told = "The packages of requirements/runtime.lock could not be installed: pip needs a package index for that, once"
    assert ours.startswith(told)
    assert "ERROR" in (tmp_path / ".venv" / "setup.log").read_text()
    assert not (tmp_path / ".venv" / "runtime.done").exists()
