"""SECURITY.md: what the threat model says is held by tests that are there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
NAMED = re.compile(r"`(test_\w+)`")


def lines() -> list[str]:
    """Those of the table, without its head."""
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line.startswith("| **")]


def test_every_line_of_the_threat_model_names_tests_that_are_there() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").glob("test_*.py"))
    there = set(re.findall(r"^(?:async )?def (test_\w+)", sources, re.MULTILINE))
    assert len(lines()) > 10
    for line in lines():
        *_, held_by, _ = line.split("|")
        named = set(NAMED.findall(held_by))
        assert named, line
        assert named <= there, line
