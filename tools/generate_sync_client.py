"""Makes the blocking client out of the awaiting one: `python tools/generate_sync_client.py`.

Word by word, as httpcore does it: each file of `_async` becomes one of `_sync`, without its awaiting. A line that is
marked `# awaiting only` is left out, with what is indented under it. `--check` only says whether `_sync` is stale.
"""

import re
import sys
from pathlib import Path

CLIENT = Path(__file__).parent.parent / "client" / "dialog_sandbox"
MARK = "# awaiting only"
HEADER = "# Made from ../_async/{name} by tools/generate_sync_client.py: change that one, and make this one again.\n"
WORDS = [
    (r"async (def|with|for)\b", r"\1"),
    (r"\bawait ", ""),
    (r"\bAsync(?=[A-Z])", ""),
    (r"\b_async\b", "_sync"),
    (r"__a(enter|exit|iter)__", r"__\1__"),
    (r"\ba(close|read|iter_bytes)\(", r"\1("),
    (r"\benter_async_context\b", "enter_context"),
    (r"^ *@awaitable_context\n", ""),
    (r"^from dialog_sandbox\.awaitable_context import awaitable_context\n", ""),
]


def blocking(source: str, name: str) -> str:
    """Return the blocking form of a file of the awaiting client."""
    kept = "".join(_without_marked(source.splitlines(keepends=True)))
    for pattern, replacement in WORDS:
        kept = re.sub(pattern, replacement, kept, flags=re.MULTILINE)
    return HEADER.format(name=name) + kept


def _without_marked(lines: list[str]) -> list[str]:
    kept: list[str] = []
    depth: int | None = None
    """Of the marked line that is being left out with its block."""
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if depth is not None and (not line.strip() or indent > depth):
            continue
        depth = indent if line.rstrip().endswith(MARK) else None
        if depth is None:
            kept.append(line)
    return kept


def every_file() -> dict[Path, str]:
    """Return what the files of the blocking client have to hold."""
    sources = sorted((CLIENT / "_async").glob("*.py"))
    return {CLIENT / "_sync" / each.name: blocking(each.read_text("utf-8"), each.name) for each in sources}


def stale() -> list[Path]:
    """Return the files of the blocking client that are not as they have to be, or should not be there."""
    wanted = every_file()
    there = {path: path.read_text("utf-8") for path in (CLIENT / "_sync").glob("*.py")}
    return sorted(path for path in wanted.keys() | there.keys() if wanted.get(path) != there.get(path))


def main() -> None:
    if sys.argv[1:] == ["--check"]:
        sys.exit("The blocking client is stale: python tools/generate_sync_client.py" if stale() else 0)
    for path in stale():
        path.unlink(missing_ok=True)
        if path in (files := every_file()):
            path.parent.mkdir(exist_ok=True)
            path.write_text(files[path], "utf-8")
            print(path.relative_to(CLIENT.parent))


if __name__ == "__main__":
    main()
