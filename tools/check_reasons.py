"""Does each line on which a check is switched off say why? `make check` names those that do not.

`# noqa: CODE  (reason)` and `# type: ignore[code]  # reason`. An import inside a function is one of them, as ruff wants
it at the top of its file.
"""

import re
import sys
import tokenize
from collections.abc import Callable, Iterator
from pathlib import Path

from tools.check_names import FOLDERS, GENERATED, ROOT

SWITCHED_OFF = re.compile(r"# ?(noqa|type: ignore)\b")
WITH_REASON = re.compile(r"# noqa: [A-Z0-9, ]+\(.+\)|# type: ignore\[[a-z-, ]+\]  # .+")


def without_reason(path: Path) -> Iterator[int]:
    """Yield the numbers of a file's lines that switch a check off and do not say why."""
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            is_one = token.type == tokenize.COMMENT and SWITCHED_OFF.search(token.string)
            if is_one and not WITH_REASON.search(token.string):
                yield token.start[0]


def main(root: Path = ROOT, say: Callable[[object], None] = print) -> int:
    """Say which lines do not; return an exit code."""
    found = [
        f"{name}:{line}: say why this check is switched off"
        for folder in FOLDERS
        for path in sorted((root / folder).rglob("*.py"))
        if not (name := path.relative_to(root).as_posix()).startswith(GENERATED)
        for line in without_reason(path)
    ]
    for each in found:
        say(each)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
