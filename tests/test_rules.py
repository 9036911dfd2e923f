"""The list of rules, the tests, the code and `GET /_sandbox/rules` agree."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from driver import Driver

import sandbox.world
from sandbox.server.rules import every_rule
from sandbox.vendors import VENDORS

TESTS = Path(__file__).parent
PACKAGE = Path(sandbox.world.__file__).parents[1]
AGREED = {
    "NET": "flow stop start help reply consent lead segments text origin",
    "WB": (
        "auth method console timestamp utc range window envelope record outgoing date ids phone name"
        " person delivered type recipient sender error"
    ),
    "SP": (
        "auth params required msisdn from callback console submit refused sid dates uri optin optout"
        " details details-unknown status other"
    ),
    "DT": "endpoint refused auth action dates number envelope message wellformed type",
}
"""What the team agreed on to begin with; more may be added."""
PROVENANCES = {"documented", "observed", "assumed", "standard"}
OWNERS = {"NET": "network", "WB": "writeback", "SP": "simplepay", "DT": "dialogtech"}
MENTION = re.compile(r"\b(?:NET|WB|SP|DT)-[a-z]+(?:-[a-z]+)*\b")

RULES = [rule.model_dump(mode="json") for rule in every_rule(VENDORS)]
IDS = [rule["id"] for rule in RULES]


def marks(path: Path) -> Iterator[str]:
    """The ids in every `pytest.mark.rule(...)` of a test file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.rule":
            assert node.args, f"{path.name}:{node.lineno} names no rule"
            yield from (ast.literal_eval(argument) for argument in node.args)


TESTED = {path.name: set(marks(path)) for path in sorted(TESTS.glob("test_*.py"))}


def test_each_rule_is_listed_once() -> None:
    assert sorted(IDS) == sorted(set(IDS))


def test_every_rule_that_was_agreed_on_is_listed() -> None:
    agreed = {f"{prefix}-{name}" for prefix, names in AGREED.items() for name in names.split()}
    assert agreed - set(IDS) == set()
    assert len(agreed) == 58


@pytest.mark.parametrize("rule", IDS)
def test_each_rule_has_a_test(rule: str) -> None:
    assert any(rule in tested for tested in TESTED.values())


@pytest.mark.parametrize("file", TESTED)
def test_each_rule_that_a_test_names_is_listed(file: str) -> None:
    assert TESTED[file] - set(IDS) == set()


def test_each_rule_that_the_code_speaks_of_is_listed() -> None:
    named = {rule for path in PACKAGE.rglob("*.py") for rule in MENTION.findall(path.read_text(encoding="utf-8"))}
    assert named - set(IDS) == set()


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_a_rule_says_what_holds_for_whom_and_where_it_was_read(rule: dict[str, str]) -> None:
    assert list(rule) == ["id", "vendor", "summary", "provenance", "source"]
    assert rule["vendor"] == OWNERS[rule["id"].partition("-")[0]]
    assert set(rule["provenance"].split(", ")) <= PROVENANCES
    assert rule["summary"].endswith(".")
    assert rule["source"]


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_what_a_source_calls_assumed_or_observed_the_provenance_does_too(rule: dict[str, str]) -> None:
    said = {word for word in ("observed", "assumed") if re.search(rf"\b{word}\b", rule["source"])}
    assert said <= set(rule["provenance"].split(", "))


@pytest.mark.parametrize("rule", ["WB-envelope", "WB-date", "WB-ids", "WB-person", "SP-dates"])
def test_what_no_reference_says_is_not_documented_alone(rule: str) -> None:
    (provenance,) = (each["provenance"] for each in RULES if each["id"] == rule)
    assert "assumed" in provenance.split(", ")


def test_the_control_api_lists_the_same(sandbox: Driver) -> None:
    answer = sandbox.call("GET", "/_sandbox/rules")
    assert (answer.status_code, answer.json()) == (200, {"items": RULES, "next": None})
