"""The calls of the README, run as they stand but for the port, in their order, on one server."""

import json
import re
import subprocess
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest
from documents import CHECKOUT, WRITTEN_ORIGIN, needed, served, shell_blocks
from typer.main import get_command

from sandbox.cli import app
from sandbox.server.rules import rules_table
from sandbox.settings import Settings
from sandbox.vendors import VENDORS

README = CHECKOUT / "README.md"
OPERATORS = CHECKOUT / "docs" / "operators.md"


def blocks() -> list[str]:
    """Every shell block of the README that calls the server."""
    return [block for block in shell_blocks(README) if "curl" in block]


@pytest.fixture(scope="module")
def answers() -> Iterator[list[str]]:
    """What the blocks print, each a line or more."""
    needed("curl")
    with served() as origin:
        yield [run(block.replace(WRITTEN_ORIGIN, origin)) for block in blocks()]


def run(block: str) -> str:
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", block], capture_output=True, text=True, check=True)
    return done.stdout


def test_every_vendor_call_is_answered_as_the_readme_says(answers: list[str]) -> None:
    submit, details, optout, writeback, dialogtech = answers[:5]
    assert json.loads(submit)["status"] == "queued"
    assert json.loads(details) == {
        "extMessageReference": "2721Z-0622U-14171-480RH",
        "body": None,
        "to": None,
        "status": "UNKNOWN",
    }
    assert json.loads(optout) == {"msisdn": "14155550123"}
    assert json.loads(writeback)["response"][-1]["outgoingMessage"] == "Your results are in."
    assert ElementTree.fromstring(dialogtech).findtext("result") == "success"


def test_the_control_calls_let_a_message_be_delivered_and_answered(answers: list[str]) -> None:
    inbound, delivery, message, story = answers[5:9]
    assert json.loads(inbound)["inbound"]["text"] == "Thank you!"
    assert json.loads(delivery)["mode"] == "manual"
    assert json.loads(message)["status"] == "queued"
    delivered, end = json.JSONDecoder().raw_decode(story)
    stopped = json.loads(story[end:])
    assert delivered["status"] == "delivered"
    assert stopped["inbound"]["lead"] == delivered["id"] == json.loads(message)["id"]
    assert stopped["answer"]["text"].endswith("Text HARBOR to subscribe again.")


def test_a_submit_is_called_back_and_answered_as_the_clock_is_turned(answers: list[str]) -> None:
    decoder, rest, said = json.JSONDecoder(), answers[9], []
    while rest:
        one, end = decoder.raw_decode(rest)
        said.append(one)
        rest = rest[end:]
    _, frozen, submitted, advanced, sink, running = said
    assert (frozen["state"], running["state"]) == ("frozen", "running")
    assert {each["event"] for each in advanced["fired"]} >= {"status", "callback", "inbound"}
    assert advanced["settled"] is True
    told = [(each["form"]["MessageSid"], each["form"]["MessageStatus"]) for each in sink["received"]]
    assert told == [(submitted["sid"], "sent"), (submitted["sid"], "delivered")]


def test_a_slip_is_explained_and_a_fault_is_met_and_gone_after_a_reset(answers: list[str]) -> None:
    shown, begun_anew = answers[10:12]
    assert shown == '"mend":"Send 14155550123 instead of +1 415 555 0123."\n'
    assert shown in README.read_text()
    fault, end = json.JSONDecoder().raw_decode(begun_anew)
    status, workspace = begun_anew[end:].split("\n", 1)
    assert (fault["effect"], status, json.loads(workspace)["name"]) == ({"status": 503}, "503", "default")


def test_a_workspace_is_made_kept_and_gone(answers: list[str]) -> None:
    made, end = json.JSONDecoder().raw_decode(answers[12])
    assert (made["name"], made["fixture"]) == ("mine", "clinic")
    assert json.loads(answers[12][end:])["name"] == "before"


def test_the_readme_names_only_files_that_are_there() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README.read_text())
    assert links
    assert [link for link in links if not (README.parent / link).exists()] == []


def test_the_table_of_settings_is_in_step_with_the_settings() -> None:
    rows = re.findall(r"^\| (?:`(--[a-z-]+)`)? ?\| `SANDBOX_([A-Z_]+)` \| (.*) \|$", README.read_text(), re.MULTILINE)
    bounds = re.findall(r"^\| `SANDBOX_([A-Z_]+)` \| (.*) \| .* \|$", OPERATORS.read_text(), re.MULTILINE)
    rows += [("", name, told) for name, told in bounds]
    assert sorted(name.lower() for _, name, _ in rows) == sorted(Settings.model_fields)
    taken = {option for each in get_command(app).commands["serve"].params for option in each.opts}  # type: ignore[attr-defined]  # a group of commands
    assert {flag for flag, _, _ in rows if flag} == taken
    for flag, name, told in rows:
        assert flag in ("", f"--{name.lower().replace('_', '-')}")
        default = Settings.model_fields[name.lower()].default
        if default not in (None, ()):
            assert told.startswith(f"`{int(default) if isinstance(default, bool) else default}`"), name


def test_the_page_of_rules_is_in_step_with_the_rules() -> None:
    assert (README.parent / "docs" / "rules.md").read_text() == rules_table(VENDORS)
