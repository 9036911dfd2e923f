"""What docs/operators.md shows works as it stands: settings, the configuration of nginx, and backups."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from commands import FAILSAFE_S, Start
from documents import CHECKOUT, shell_blocks
from driver import CONSOLE, DEFAULT, PHONE
from proxies import StartNginx

from sandbox.environment import ignored_variables
from sandbox.settings import Settings, read_settings

OPERATORS = CHECKOUT / "docs" / "operators.md"
BACKUPS = [block for block in shell_blocks(OPERATORS) if "copy.db" in block]
STARTS = [block for block in shell_blocks(OPERATORS) if block.endswith(" dialog-sandbox serve\n")]


def variables(block: str) -> dict[str, str]:
    """What a block puts before its command."""
    return dict(word.split("=", 1) for word in shlex.split(block)[:-2])


@pytest.mark.parametrize("block", STARTS)
def test_the_settings_are_understood(block: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given = variables(block)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert len(read_settings().model_fields_set) == len(given) > 0
    assert ignored_variables(Settings.model_fields, given) == []


def test_the_configuration_of_nginx_works(start: Start, start_nginx: StartNginx) -> None:
    (block,) = re.findall(r"^```nginx\n(.*?)^```$", OPERATORS.read_text(), re.DOTALL | re.MULTILINE)
    server = start(**variables(STARTS[-1]))
    nginx = start_nginx(block.replace("127.0.0.1:8080", f"127.0.0.1:{server.port}"), is_tls=True)
    headers = {"Authorization": "Bearer choose-one", "Host": "example.com"}
    with httpx.Client(base_url=f"{nginx.origin}/sandbox", verify=nginx.tls, headers=headers, trust_env=False) as client:
        sink = client.put(f"{DEFAULT}/sinks/mine").json()
    assert sink["url"].startswith("https://example.com/sandbox/_sandbox/sinks/")


def test_a_backup_of_a_running_server_holds_all_that_it_was_told(start: Start, tmp_path: Path) -> None:
    (block,) = BACKUPS
    kept = tmp_path / "sandbox.db"
    server = start("--database", str(kept))
    body = json.dumps({"console": CONSOLE, "to": PHONE, "text": "Kept"})
    sent = server.ask("POST", f"{DEFAULT}/messages", body=body, headers={"Content-Type": "application/json"})
    message = json.loads(sent[1])["id"]
    alone = shutil.copy(kept, tmp_path / "alone.db")
    command = block.replace("dialog-sandbox ", f"{sys.executable} -m sandbox ")
    subprocess.run(["sh", "-euc", command], cwd=tmp_path, check=True, timeout=FAILSAFE_S)
    for copy in ("copy.db", "restored.db"):
        again = start("--database", str(tmp_path / copy))
        assert again.ask("GET", f"{DEFAULT}/messages/{message}")[0] == 200
    assert start("--database", str(alone)).ask("GET", f"{DEFAULT}/messages/{message}")[0] == 404  # as the page warns
    server.stop()
    stopped = shutil.copy(kept, tmp_path / "stopped.db")
    assert start("--database", str(stopped)).ask("GET", f"{DEFAULT}/messages/{message}")[0] == 200


def test_there_is_something_to_try() -> None:
    assert (len(STARTS), len(BACKUPS)) == (3, 1)


def test_the_page_names_only_files_that_are_there() -> None:
    links = re.findall(r"\]\(([^)#:]+)", OPERATORS.read_text())
    assert links
    assert [link for link in links if not (OPERATORS.parent / link).exists()] == []
