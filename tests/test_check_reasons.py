"""Where a check is switched off, it is said why."""

from pathlib import Path

import pytest

from tools.check_reasons import main, without_reason


def test_each_place_in_the_code_has_its_reason() -> None:
    told: list[object] = []
    assert (main(say=told.append), told) == (0, [])


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("import os  # noqa: PLC0415  (only this needs it)", []),
        ("import os  # noqa: PLC0415, F401  (only this needs it)", []),
        ("x = f()  # type: ignore[arg-type]  # some are bytes", []),
        ('x = "# noqa: PLC0415"', []),
        ("import os  # noqa: PLC0415", [1]),
        ("import os  # noqa", [1]),
        ("import os  #noqa: PLC0415", [1]),
        ("x = f()  # type: ignore[arg-type]", [1]),
        ("x = f()  # type: ignore", [1]),
    ],
)
def test_a_reason_stands_behind_it(tmp_path: Path, line: str, expected: list[int]) -> None:
    file = tmp_path / "one.py"
    file.write_text(f"{line}\n")
    assert list(without_reason(file)) == expected


def test_the_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "sandbox").mkdir()
    (tmp_path / "sandbox/one.py").write_text("\nimport os  # noqa: F401\n")
    told: list[object] = []
    assert (main(tmp_path, told.append), told) == (1, ["sandbox/one.py:2: say why this check is switched off"])
