"""Results in Markdown, and written into a page of the documentation between two marks."""

from collections.abc import Iterable, Sequence
from pathlib import Path


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]], *, words: int = 1) -> str:
    """Return a table. `words`: its first columns, the others being numbers."""
    rule = ["---"] * words + ["---:"] * (len(header) - words)
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, rule, *rows))


def write_between_marks(page: Path, name: str, text: str) -> None:
    """Put the text in place of what stands between the page's marks of this name."""
    begin, end = marks(name)
    before, _, rest = page.read_text().partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise LookupError(f"{page.name} has no marks of {name}")
    page.write_text(f"{before}{begin}{text}\n{end}{after}")


def marks(name: str) -> tuple[str, str]:
    return f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
