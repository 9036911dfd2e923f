"""docs/agents.md: its commands, run as they stand but for the port, in their order, on one server."""

import re
import subprocess
from pathlib import Path

from documents import CHECKOUT, WRITTEN_ORIGIN, needed, served, shell_blocks

from sandbox.server.agents.tools import CHOICES

FAILING = 'curl() { command curl -sS --fail-with-body "$@"; }\n'
"""A call that is refused ends the script."""


def test_every_command_of_the_document_succeeds(tmp_path: Path) -> None:
    needed("curl")
    blocks = shell_blocks(CHECKOUT / "docs" / "agents.md")
    assert len(blocks) == 3
    with served() as origin:
        script = FAILING + "".join(blocks).replace(WRITTEN_ORIGIN, origin)
        command = ["bash", "-xeuo", "pipefail", "-c", script]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, "\n".join((done.stdout + done.stderr).splitlines()[-20:])
    assert '"isError":false' in done.stdout.replace(" ", "")
    assert {each.name for each in tmp_path.iterdir()} == {"simplepay.postman.json", "simplepay.http"}


def test_it_names_every_tool() -> None:
    text = (CHECKOUT / "docs" / "agents.md").read_text()
    table = set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\| `.*$", text, re.MULTILINE))))
    assert table == {choice.name for choice in CHOICES}
