"""Runs the sandbox's command line until standard input ends: `python -P .../until_eof.py serve --port 0`.

The program that starts it holds the other end of the pipe. So the server ends with that one, also when that one is
killed and can tear down nothing.
"""

import os
import signal
import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from threading import Thread

STDIN = 0
CLIENT = Path(__file__).resolve().parent


def main() -> None:
    """Run the command `dialog-sandbox` with our arguments."""
    Thread(target=_end_with_input, daemon=True).start()
    _import_from("dialog_sandbox", CLIENT)
    _import_from("sandbox", _beside_us())
    sys.argv[0] = "sandbox"
    import_module("sandbox.cli").main()


def _beside_us() -> Path:
    """Return where the server's package lies: beside the client's in a wheel, a folder further up in a checkout."""
    installed = CLIENT.parent / "sandbox"
    return installed if (installed / "cli.py").exists() else CLIENT.parents[1] / "sandbox"


def _import_from(name: str, folder: Path) -> None:
    """Import a package from this folder, though `PYTHONPATH` may lead to another of its name in the tests' project."""
    spec = spec_from_file_location(name, folder / "__init__.py", submodule_search_locations=[str(folder)])
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])


def _end_with_input() -> None:
    while os.read(STDIN, 1024):  # not `sys.stdin`, whose lock a daemon thread would hold when the interpreter ends
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
