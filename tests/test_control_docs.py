"""docs/control-api.md: its commands, run as they stand but for the port, in their order, on one server."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_readme import READY

DOCUMENT = (Path(__file__).parent.parent / "docs" / "control-api.md").read_text()
FAILING = 'curl() { command curl -sS --fail-with-body "$@"; }\n'
"""A call that is refused ends the script."""


def test_every_command_of_the_document_succeeds() -> None:
    if shutil.which("curl") is None:
        assert "CI" not in os.environ, "CI has curl"
        pytest.skip("curl is not installed")
    blocks = re.findall(r"^```sh\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE)
    assert len(blocks) > 15
    command = [sys.executable, "-m", "sandbox", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            ready = READY.fullmatch(server.stdout.readline())
            assert ready is not None
            script = FAILING + "".join(blocks).replace("http://127.0.0.1:8080", ready[1])
            done = subprocess.run(["bash", "-xeuo", "pipefail", "-c", script], capture_output=True, text=True)
        finally:
            server.terminate()
    assert done.returncode == 0, "\n".join((done.stdout + done.stderr).splitlines()[-20:])
