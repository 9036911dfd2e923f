"""What docs/scaling.md shows works as it stands, or names what is there: containers and clusters are not started."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import yaml
from commands import FAILSAFE_S, Start
from databases import emptied
from documents import CHECKOUT, shell_blocks
from driver import CONSOLE, DEFAULT, PHONE
from manifests import INTERPOLATED, MANIFEST, Compose, Deployment

from sandbox.server.callback_scheduler import PER_RECEIVER
from sandbox.store.postgresql import MAX_OVERFLOW, POOL_SIZE

SCALING = CHECKOUT / "docs" / "scaling.md"
DEPLOY = CHECKOUT / "deploy"
LINES = [line for block in shell_blocks(SCALING) for line in block.replace("\\\n", " ").splitlines()]
WRITTEN_URL = "postgresql://USER@HOST/NAME"


def lines(*words: str) -> list[str]:
    return [line for line in LINES if line.startswith(" ".join(words))]


def test_a_backup_comes_back_as_the_page_shows(
    start: Start, database_for: Callable[[str | None], str | None], tmp_path: Path
) -> None:
    kept = str(database_for(str(tmp_path / "sandbox.db")))
    restored = emptied(str(database_for(str(tmp_path / "restored.db"))))
    is_postgresql = "://" in kept
    server = start("--database", kept)
    body = json.dumps({"console": CONSOLE, "to": PHONE, "text": "Kept"})
    sent = server.ask("POST", f"{DEFAULT}/messages", body=body, headers={"Content-Type": "application/json"})
    for name, url in (("backup", kept), ("restore", restored)):
        (line,) = (line for line in lines("dialog-sandbox", name) if (WRITTEN_URL in line) == is_postgresql)
        command = shlex.join(shlex.split(line)[1:]).replace(WRITTEN_URL, shlex.quote(url))
        done = f"{sys.executable} -m sandbox {command}"
        subprocess.run(["sh", "-euc", done], cwd=tmp_path, check=True, timeout=FAILSAFE_S)
    again = start("--database", restored)
    assert again.ask("GET", f"{DEFAULT}/messages/{json.loads(sent[1])['id']}")[0] == 200


def test_the_compose_commands_name_what_is_there() -> None:
    composed = lines("docker", "compose")
    assert len(composed) == 5
    text = (DEPLOY / "compose.yaml").read_text()
    services = Compose.model_validate(yaml.safe_load(text)).services
    named = {word for line in composed for word in line.split()[4:] if word in services or word.startswith("sandbox-")}
    assert named == {"sandbox-1", "sandbox-2", "nginx"} <= {*services}
    assert {line.split()[3] for line in composed} == {"deploy/compose.yaml"}
    needed = {name for name, kind, _ in INTERPOLATED.findall(text) if kind == "?"}
    (export,) = lines("export")
    assert {word.partition("=")[0] for word in export.split()[1:]} == needed


def test_the_secret_is_the_one_that_the_manifest_asks_for() -> None:
    manifest = MANIFEST.validate_python(yaml.safe_load((DEPLOY / "kubernetes" / "deployment.yaml").read_text()))
    assert isinstance(manifest, Deployment)
    (container,) = manifest.spec.template.spec.containers
    wanted = {(each.value_from.secret_key_ref.name, each.value_from.secret_key_ref.key) for each in container.env}
    (create,) = lines("kubectl", "create", "secret", "generic")
    name, *literals = shlex.split(create)[4:]
    assert {(name, literal.split("=")[1]) for literal in literals} == wanted
    (apply,) = lines("kubectl", "apply")
    assert (CHECKOUT / apply.split()[-1] / "kustomization.yaml").is_file()


def test_the_numbers_are_those_of_the_code() -> None:
    text = " ".join(SCALING.read_text().split())
    assert f"up to {POOL_SIZE + MAX_OVERFLOW + 1} connections of PostgreSQL" in text  # one of them listens
    assert f"the {PER_RECEIVER} callbacks at a time to one receiver" in text


def test_the_page_names_only_files_that_are_there() -> None:
    links = re.findall(r"\]\(([^)#:]+)", SCALING.read_text())
    assert links
    assert [link for link in links if not (SCALING.parent / link).exists()] == []
