"""What `make check-names` finds, in a made-up tree."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tools import check_names
from tools.check_names import FIELDS, METHODS, WORDS, Identifier, instead_of, is_no_noun, parts

Tree = Callable[[dict[str, str]], Path]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Makes a tree of files."""

    def make(texts: dict[str, str]) -> Path:
        for path, text in texts.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
        return tmp_path

    return make


def printed(root: Path) -> list[str]:
    lines: list[str] = []
    status = check_names.main(root, lambda problem: lines.append(str(problem)))
    assert status == int(bool(lines))
    return lines


def test_a_clean_tree_has_no_problems(tree: Tree) -> None:
    assert printed(tree({"sandbox/app.py": "class App:\n    def run(self) -> None: ...\n"})) == []


def test_a_word_that_was_given_up_is_found_in_every_kind_of_identifier(tree: Tree) -> None:
    text = """\
ASKED_FIRST = 1
class QueuedParcel:
    seen_at: int = 0
    def __init__(self, courierName, *told, dice, **given):
        self.slip = courierName
async def stir_it(): ...
"""
    assert printed(tree({"sandbox/world/happenings.py": text})) == [
        "sandbox/world/happenings.py:1: ASKED_FIRST: say params, or request body instead",
        "sandbox/world/happenings.py:1: happenings: say events instead",
        "sandbox/world/happenings.py:2: QueuedParcel: say QueuedCallback instead",
        "sandbox/world/happenings.py:3: seen_at: say observed instead",
        "sandbox/world/happenings.py:4: courierName: say CallbackScheduler instead",
        "sandbox/world/happenings.py:4: dice: say SeededRandom instead",
        "sandbox/world/happenings.py:4: given: say request body, or params instead",
        "sandbox/world/happenings.py:4: told: say response headers, or response body instead",
        "sandbox/world/happenings.py:5: slip: say mistake instead",
        "sandbox/world/happenings.py:6: stir_it: say mark_due instead",
    ]


def test_locals_names_of_tests_fields_of_the_wire_and_parts_of_other_words_may_be(tree: Tree) -> None:
    text = """\
class Finding:
    mend: str
    seen: str
    def __enter__(self): ...
    def restring(self, stages): told = 1
def test_what_was_asked(): ...
"""
    assert printed(tree({"client/findings.py": text})) == []


def test_good_words_are_given_up_in_the_product_alone(tree: Tree) -> None:
    text = "AT_ONCE = 1\nclass Play: ...\ndef _take(): ...\n"
    assert printed(tree({"sandbox/a.py": text, "tests/a.py": text})) == [
        "sandbox/a.py:1: AT_ONCE: say BATCH_SIZE instead",
        "sandbox/a.py:2: Play: say StoryRun instead",
        "sandbox/a.py:3: _take: say next_id, or what is taken instead",
    ]


def test_two_classes_of_one_name_are_found_unless_one_is_generated(tree: Tree) -> None:
    text = "class Message: ...\n"
    root = tree(
        {
            "client/dialog_sandbox/models.py": text,
            "client/dialog_sandbox/_sync/models.py": text,
            "sandbox/store.py": f"def f():\n    {text}",
            "tests/models.py": text,
        }
    )
    assert printed(root) == [
        "sandbox/store.py:2: Message: say what sets it apart from the one in client/dialog_sandbox/models.py:1 instead"
    ]


def test_a_module_or_package_is_named_by_a_noun(tree: Tree) -> None:
    files = ("sandbox/lazily.py", "sandbox/writing/__init__.py", "sandbox/seed.py", "tests/test_packaging.py")
    assert printed(tree(dict.fromkeys(files, ""))) == [
        "sandbox/lazily.py:1: lazily: say on_demand_server instead",
        "sandbox/writing/__init__.py:1: writing: say the noun of what it holds instead",
    ]
    assert is_no_noun("on_demand_serving")
    assert not is_no_noun("settings")


def test_an_identifier_is_split_into_its_words() -> None:
    assert parts("_myHTTPName2") == ["my", "http", "name", "2"]
    assert parts("AT_ONCE") == ["at", "once"]
    assert parts("__") == []


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_only_a_field_may_have_a_word_of_the_wire(name: str) -> None:
    assert instead_of(Identifier("field", name, 1), in_product=True) is None
    if name in WORDS:
        assert instead_of(Identifier("parameter", name, 1), in_product=True) == WORDS[name]


def test_what_is_said_instead_is_no_word_that_was_given_up() -> None:
    every = [WORDS, *check_names.WHOLE.values()]
    named = [
        Identifier("parameter", word, 1) for words in every for said in words.values() for word in said.split(", ")
    ]
    assert [one.name for one in named if parts(one.name) and set(parts(one.name)) & set(WORDS)] == []


@pytest.mark.parametrize("name", sorted(METHODS))
def test_only_a_function_may_have_a_verb_that_partners_call(name: str) -> None:
    assert instead_of(Identifier("function", name, 1), in_product=True) is None
    assert instead_of(Identifier("parameter", name, 1), in_product=True) == WORDS[name]


def test_our_own_tree_is_clean() -> None:
    assert printed(check_names.ROOT) == []
