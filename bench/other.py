"""How another commit comes to stand beside this one: its files, and a virtual environment from its own lock files.

Both are made once per commit, in a folder that git does not know and `make clean` removes.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bench.servers import Broken

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".bench"
SHORT = 12
"""Digits of a commit that name its folder."""
COMMAND = Path(".venv", "bin", "dialog-sandbox")
HERE = Path(sys.executable).parent / COMMAND.name
"""The command of the checkout that this runs in."""


def command_of(commit: str, say: Callable[[str], None], folder: Path = FOLDER) -> Path:
    """Return the `dialog-sandbox` of that commit, installed unless it is already."""
    digits = run(["git", "rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}"], f"there is no commit {commit}")
    place = folder / digits[:SHORT]
    if not (place / "installed.done").exists():
        say(f"installing {digits[:SHORT]} in {place.relative_to(folder.parent)}")
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        unpack(digits, place)
        install(place)
        (place / "installed.done").touch()
    return place / COMMAND


def unpack(commit: str, place: Path) -> None:
    """Put the files of a commit there, by an archive: unlike a work tree it leaves nothing to clear away in git."""
    archive = place / "files.tar"
    run(["git", "archive", "--output", str(archive), commit], "git cannot write the commit's files")
    shutil.unpack_archive(archive, place, filter="data")
    archive.unlink()


def install(place: Path) -> None:
    """Let that commit's own Makefile set up what it needs to serve."""
    run(["make", "-C", str(place), ".venv/runtime.done", f"PYTHON={sys.executable}"], "it cannot be installed")


def run(command: list[str], what_failed: str) -> str:
    """What a command prints, which has to end well; our own make is none of its business."""
    environment = {
        name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")
    }
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, check=False)
    if done.returncode:
        raise Broken(f"{what_failed}: {done.stderr.strip() or done.stdout.strip() or done.returncode}")
    return done.stdout.strip()
