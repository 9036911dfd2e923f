"""docs/control-api.md: its commands, run as they stand but for the port, in their order, on one server."""

import subprocess

from documents import CHECKOUT, WRITTEN_ORIGIN, needed, served, shell_blocks

FAILING = 'curl() { command curl -sS --fail-with-body "$@"; }\n'
"""A call that is refused ends the script."""


def test_every_command_of_the_document_succeeds() -> None:
    needed("curl")
    blocks = shell_blocks(CHECKOUT / "docs" / "control-api.md")
    assert len(blocks) > 15
    with served() as origin:
        script = FAILING + "".join(blocks).replace(WRITTEN_ORIGIN, origin)
        done = subprocess.run(["bash", "-xeuo", "pipefail", "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, "\n".join((done.stdout + done.stderr).splitlines()[-20:])
