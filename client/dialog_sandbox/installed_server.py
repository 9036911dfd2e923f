"""Runs the command line of the server that is installed beside us: `python -P installed_server.py FOLDER PATH serve`.

FOLDER is its package, named since the tests' project may have another `sandbox`. PATH is the tests' `PYTHONPATH`: what
it has is found behind all else, so that no module of the project is taken for one that the server needs.
"""

import os
import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

CLIENT = Path(__file__).resolve().parent


def main() -> None:
    """Run the command `dialog-sandbox` with our arguments but for the first two."""
    package, path = sys.argv.pop(1), sys.argv.pop(1)
    sys.path.extend(os.path.abspath(place) for place in path.split(os.pathsep) if place)
    _import_from("dialog_sandbox", CLIENT)
    _import_from("sandbox", Path(package))
    sys.argv[0] = "sandbox"
    import_module("sandbox.cli").main()


def _import_from(name: str, folder: Path) -> None:
    spec = spec_from_file_location(name, folder / "__init__.py", submodule_search_locations=[str(folder)])
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])


if __name__ == "__main__":
    main()
