"""The list of rules, the tests, the code and `GET /_sandbox/rules` agree."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from driver import Driver

import sandbox.world
from sandbox.server.rules import every_rule, rules_table
from sandbox.vendors import VENDORS
from sandbox.world.rules import PROVENANCES

TESTS = Path(__file__).parent
PACKAGE = Path(sandbox.world.__file__).parents[1]
AGREED = {
    "NET": "flow stop staff-optout start help reply consent lead segments length text origin",
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
    assert len(agreed) == 60


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
def test_a_rule_says_what_holds_for_whom_and_of_each_part_where_it_was_read(rule: dict[str, Any]) -> None:
    assert list(rule) == ["id", "vendor", "summary", "provenance", "source", "parts"]
    assert rule["vendor"] == OWNERS[rule["id"].partition("-")[0]]
    assert rule["summary"].endswith(".")
    assert rule["parts"]
    for part in rule["parts"]:
        assert list(part) == ["text", "provenance", "source"]
        assert all(part.values())
        assert f"{part['provenance']}: {part['text']} ({part['source']})" in rule["source"]
    found = {part["provenance"] for part in rule["parts"]}
    assert rule["provenance"] == ", ".join(word for word in PROVENANCES if word in found)


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_the_table_and_the_list_of_rules_have_a_line_for_each_part(rule: dict[str, Any]) -> None:
    (row,) = (line for line in rules_table(VENDORS).splitlines() if line.startswith(f"| {rule['id']} |"))
    assert row.count("|") == 4
    assert len(row.split("<br>")) == len(rule["parts"])


MIXED = {
    **dict.fromkeys(("NET-stop", "NET-start", "NET-reply", "WB-name", "WB-type"), "documented, observed, assumed"),
    **dict.fromkeys(("SP-optin", "SP-callback", "SP-msisdn", "SP-from"), "documented, observed, assumed"),
    **dict.fromkeys(("DT-auth", "DT-dates", "DT-number", "DT-endpoint"), "documented, observed, assumed"),
    **dict.fromkeys(("WB-carrier", "WB-timestamp", "WB-person"), "documented, observed, assumed"),
    **dict.fromkeys(("NET-help", "NET-staff-optout", "NET-length", "NET-consent", "DT-msg-id"), "observed, assumed"),
    "NET-segments": "observed, standard",
    **dict.fromkeys(("WB-method", "WB-range", "WB-error", "WB-phone", "WB-context"), "documented, assumed"),
    **dict.fromkeys(("WB-media", "WB-wellformed", "WB-envelope", "WB-date", "WB-ids"), "documented, assumed"),
    **dict.fromkeys(("SP-submit", "SP-sid", "SP-optout", "SP-details", "SP-details-unknown"), "documented, assumed"),
    **dict.fromkeys(("SP-media", "SP-dates", "DT-action", "DT-envelope", "DT-wellformed"), "documented, assumed"),
    **dict.fromkeys(("WB-path", "SP-path", "SP-uri"), "documented"),
    "DT-refused": "observed, assumed",
}
"""Rules of which an audit of the references found that more than one says so, or that one was claimed alone."""


@pytest.mark.parametrize(("rule", "provenance"), MIXED.items())
def test_what_several_say_is_claimed_by_none_alone(rule: str, provenance: str) -> None:
    assert [each["provenance"] for each in RULES if each["id"] == rule] == [provenance]


@pytest.mark.parametrize("rule", ["WB-method", "SP-params", "SP-details", "SP-submit", "SP-sid"])
def test_where_a_reference_contradicts_itself_both_sides_are_told(rule: str) -> None:
    (parts,) = (each["parts"] for each in RULES if each["id"] == rule)
    assert [part["provenance"] for part in parts if "contradicts" in part["text"]] == ["documented"]
    assert parts[-1]["provenance"] == "assumed"


def test_the_control_api_lists_the_same(sandbox: Driver) -> None:
    answer = sandbox.call("GET", "/_sandbox/rules")
    assert (answer.status_code, answer.json()) == (200, {"items": RULES, "next": None})
