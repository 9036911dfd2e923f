"""What docs/architecture.md and CONTRIBUTING.md name is there."""

import re
from itertools import chain

import pytest
from documents import CHECKOUT

PAGES = ("docs/architecture.md", "CONTRIBUTING.md")
FOLDERS = ("sandbox", "client", "tests", "tools", "bench")
NOT_OURS = {"count.py", "NOTIFY"}
"""The file that CONTRIBUTING.md has one write, and a word of PostgreSQL's."""
FILES = sorted(chain.from_iterable((CHECKOUT / folder).rglob("*.py") for folder in FOLDERS))
PATHS = [f"/{file.relative_to(CHECKOUT).as_posix()}" for file in FILES]
SOURCE = "\n".join(file.read_text(encoding="utf-8") for file in FILES if file.stem != __name__)


def spans(page: str, pattern: str) -> list[str]:
    """The words in backticks that are of this form, without the blocks of code."""
    text = re.sub(r"^```.*?^```", "", (CHECKOUT / page).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return sorted({span for span in re.findall(r"`([^`\n]+)`", text) if re.fullmatch(pattern, span)} - NOT_OURS)


@pytest.mark.parametrize("page", PAGES)
def test_each_file_that_is_named_is_there(page: str) -> None:
    named = spans(page, r"[\w/]+\.py")
    assert named
    assert [name for name in named if not any(path.endswith(f"/{name}") for path in PATHS)] == []


@pytest.mark.parametrize("page", PAGES)
def test_each_name_that_is_one_of_the_code_is_in_it(page: str) -> None:
    """Names in capitals or of classes, and those behind a dot: `BY_SID`, `VendorRoute.is_plain`, `Tx`."""
    named = spans(page, r"[A-Z]\w+(\.\w+)*(\(\))?|\w+(\.\w+)+(?<!\.py)(?<!\.md)(?<!\.toml)(\(\))?")
    assert named
    words = [(name, word) for name in named for word in name.removesuffix("()").split(".")]
    assert [name for name, word in words if not re.search(rf"\b{word}\b", SOURCE)] == []
