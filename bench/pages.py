"""Writes results into a page of the documentation, between two marks."""

from pathlib import Path


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
