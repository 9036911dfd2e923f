"""What is shown of the parts' figures: a table, what went wrong, and a page of the documentation."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.pages import markdown, write_between_marks
from bench.report import machine
from torture.figures import Figures

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reliability.md"
NAME = "torture"
"""Of the marks between which the page has the table."""
HEADER = (
    *("part", "kills", "outages", "acknowledged", "lost", "inputs", "500s", "not vendor-shaped", "other faults"),
    *("memory grew", "file grew"),
)


def table(found: Sequence[Figures]) -> str:
    """In Markdown, with all parts together below."""
    return markdown(HEADER, [*map(row, found), row(together(found))])


def row(figures: Figures) -> tuple[str, ...]:
    numbers = (
        *(figures.kills, figures.outages, figures.acknowledged, figures.lost, figures.inputs),
        *(figures.defects, figures.misshapen, figures.other),
    )
    grown = figures.growth
    growth = ("", "") if grown is None else (f"{grown.memory_mb:+.1f} MB", f"{grown.file_mb:+.1f} MB")
    return (figures.part, *(f"{number:,}" for number in numbers), *growth)


def together(found: Sequence[Figures]) -> Figures:
    total = Figures("together")
    for figures in found:
        for name in ("kills", "outages", "acknowledged", "lost", "inputs", "defects", "misshapen", "other"):
            total.count(name, n=getattr(figures, name))
    return total


def sentences(found: Sequence[Figures]) -> list[str]:
    """The first of what went wrong in each part."""
    return [f"{figures.part}: {sentence}" for figures in found for sentence in figures.sentences]


def write(found: Sequence[Figures], command: str, seconds: float, page: Path = PAGE) -> None:
    """Put date, command and table into the documentation."""
    head = f"{datetime.now(UTC):%Y-%m-%d}, `{command}`, {seconds:.0f} s. {machine()}; others used the machine too."
    write_between_marks(page, NAME, f"{head}\n\n{table(found)}")
