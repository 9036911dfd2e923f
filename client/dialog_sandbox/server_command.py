"""Whose command line starts a server: that of the tests' own environment, of PATH, or one that uvx gets?"""

import os
import shutil
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import NamedTuple

from dialog_sandbox.versions import own_version

CLIENT = Path(__file__).resolve().parent
LAUNCHER = CLIENT / "installed_server.py"
NAME = "dialog-sandbox"
NOWHERE = (
    f"There is no {NAME} to run: install it beside the tests or on PATH, or install uv, whose uvx gets it;"
    " or set SANDBOX_URL to a server that runs."
)
OURS_ALONE = "fixture_app.py"
"""A file that no other package named sandbox has."""
PATH = "PYTHONPATH"
"""The tests' own, from which nothing comes first: no module called as one of the server's, and no `sitecustomize`."""
OF_OUR_PYTHON = {"PYTHONHOME", "__PYVENV_LAUNCHER__"}
"""Variables that lead another Python astray; the last is of macOS."""


class NoServer(Exception):
    """There is none to run, which the text says."""


class ServerCommand(NamedTuple):
    """What to run, to which arguments are added."""

    words: list[str]
    is_of_our_python: bool

    def environment(self) -> dict[str, str]:
        """Return the variables that it is run with."""
        left_out = {PATH} if self.is_of_our_python else {PATH, *OF_OUR_PYTHON}
        return {name: value for name, value in os.environ.items() if name not in left_out}


def server_command() -> ServerCommand:
    """Return the nearest there is. Raises `NoServer`."""
    package = server_package()
    if package is not None:
        # -P: a file of the tests that is called as one of Python's is not taken for that.
        words = [sys.executable, "-P", str(LAUNCHER), str(package), os.environ.get(PATH, "")]
        return ServerCommand(words, is_of_our_python=True)
    if on_path := shutil.which(NAME):
        return ServerCommand([on_path], is_of_our_python=False)
    if uvx := shutil.which("uvx"):
        version = own_version()
        wanted = f"{NAME}=={version}" if version else NAME
        return ServerCommand([uvx, "--from", wanted, NAME], is_of_our_python=False)
    raise NoServer(NOWHERE)


def server_package() -> Path | None:
    """Return the folder of the server's package if that is installed with us: in our environment, or in a checkout."""
    places = [CLIENT.parents[1] / "sandbox"]
    with suppress(PackageNotFoundError):
        places.insert(0, Path(str(distribution(NAME).locate_file("sandbox"))))
    return next((place for place in places if (place / OURS_ALONE).is_file()), None)
