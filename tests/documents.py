"""The shell blocks of a document, and the server that they call."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent
WRITTEN_ORIGIN = "http://127.0.0.1:8080"
"""Where documents say that the sandbox is."""
READY = re.compile(r"dialog-sandbox ready on (http://127\.0\.0\.1:\d+)\n")


def shell_blocks(document: Path) -> list[str]:
    found: list[str] = re.findall(r"^```sh\n(.*?)^```$", document.read_text(), re.DOTALL | re.MULTILINE)
    return found


def needed(*programs: str) -> None:
    """Skips where one is missing, but not in CI, which has them."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        assert "CI" not in os.environ, f"CI has {missing}"
        pytest.skip(f"{' and '.join(missing)} is not installed")


@contextmanager
def served() -> Iterator[str]:
    """Where a server of its own is while it serves, with the default settings but for the port."""
    command = [sys.executable, "-m", "sandbox", "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            ready = READY.fullmatch(server.stdout.readline())
            assert ready is not None
            yield ready[1]
        finally:
            server.terminate()
