"""The pages for developers, for CI and for presenters: each block runs as it stands but for the port, in their order.

A block that begins a server stands for one in another terminal: the blocks after it call that one.
"""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from commands import FAILSAFE_S, OTHERS, Server, environment
from documents import CHECKOUT, WRITTEN_ORIGIN, needed, shell_blocks

DOCS = CHECKOUT / "docs"
DOCUMENTS = sorted([*CHECKOUT.glob("*.md"), *DOCS.glob("*.md")])
SERVES = re.compile(r"^(?:SANDBOX_\w+=\S+ )*dialog-sandbox serve\b.*\n\Z")
LINK = re.compile(r"\]\(([^):#]*)(?:#([^)]+))?\)")
Done = subprocess.CompletedProcess[str]


class Reader:
    """Pastes the blocks of a page into a shell, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server: Server | None = None
        programs = folder / "bin"
        programs.mkdir()
        unneeded = " ".join(f"-p no:{name}" for name in OTHERS)
        for name, arguments in {"dialog-sandbox": "-m sandbox", "pytest": f"-m pytest {unneeded}"}.items():
            program = programs / name
            program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {arguments} "$@"\n')
            program.chmod(0o755)

    def paste(self, block: str) -> Done | None:
        """Return what came of it; None of one that begins a server."""
        if SERVES.fullmatch(block):
            self.serve(block)
            return None
        if self.server is not None:
            origin = f"http://127.0.0.1:{self.server.port}"
            block = block.replace(WRITTEN_ORIGIN, origin)
            block = block.replace("dialog-sandbox report\n", f"dialog-sandbox report --url {origin}\n")
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block],
            cwd=self.folder,
            env=environment(PATH=f"{self.folder / 'bin'}:{environment()['PATH']}"),
            capture_output=True,
            text=True,
            timeout=FAILSAFE_S,
            check=False,
        )

    def serve(self, block: str) -> None:
        """Begins the server of this block, on a free port."""
        self.leave()
        words = shlex.split(block)
        command = words.index("dialog-sandbox")
        variables = dict(word.split("=", 1) for word in words[:command])
        self.server = Server("--port", "0", *words[command + 2 :], under_nohup=False, **variables)

    def leave(self) -> None:
        if self.server is not None:
            self.server.process.terminate()
            self.server.process.communicate(timeout=FAILSAFE_S)


def read(name: str, folder: Path) -> list[Done]:
    """What comes of each block of a page but those that begin a server."""
    needed("curl", "bash")
    reader = Reader(folder)
    try:
        done = [reader.paste(block) for block in shell_blocks(DOCS / name)]
    finally:
        reader.leave()
    return [each for each in done if each is not None]


@pytest.fixture(scope="module")
def developers(tmp_path_factory: pytest.TempPathFactory) -> list[Done]:
    return read("for-developers.md", tmp_path_factory.mktemp("developers"))


@pytest.fixture(scope="module")
def presenters(tmp_path_factory: pytest.TempPathFactory) -> list[Done]:
    return read("for-presenters.md", tmp_path_factory.mktemp("presenters"))


def printed(done: Done) -> list[Any]:
    """The JSON documents that a block prints, one after the other."""
    assert done.returncode == 0, done.stderr
    decoder, rest, found = json.JSONDecoder(), done.stdout.strip(), []
    while rest:
        one, end = decoder.raw_decode(rest)
        found.append(one)
        rest = rest[end:].lstrip()
    return found


# For developers ------------------------------------------------------------------------------------------------------


def test_the_first_call_is_taken_and_the_second_explained(developers: list[Done]) -> None:
    submitted, refused = developers[:2]
    assert printed(submitted)[0]["status"] == "queued"
    assert refused.stdout.endswith('"mend":"Send 14155550123 instead of (415) 555-0123."\n')
    assert '"sid":null' in refused.stdout


def test_what_the_patient_says_is_in_the_next_read(developers: list[Done]) -> None:
    answered, results = printed(developers[2])
    assert answered["inbound"]["text"] == "Yes, at nine"
    assert [each["incomingMessage"] for each in results["response"]][-1] == "Yes, at nine"


def test_the_sink_is_called_back_as_the_clock_is_turned(developers: list[Done]) -> None:
    _, submitted, _, sink = printed(developers[3])
    told = [(each["form"]["MessageSid"], each["form"]["MessageStatus"]) for each in sink["received"]]
    assert told == [(submitted["sid"], "sent"), (submitted["sid"], "delivered")]


def test_two_submits_meet_the_fault_and_the_third_is_taken(developers: list[Done]) -> None:
    fault, *codes = printed(developers[4])
    assert (fault["effect"], codes) == ({"status": 503}, [503, 503, 200])


def test_the_report_names_what_the_page_did_wrong_and_ends_with_1(developers: list[Done]) -> None:
    report = developers[5]
    assert report.returncode == 1, report.stderr
    broken = [line for line in report.stdout.splitlines() if line.startswith("BROKEN")]
    assert [line.split()[1].rstrip(":") for line in broken] == ["SP-msisdn", "http_503"]
    assert "Send 14155550123 instead of (415) 555-0123." in report.stdout


def test_the_reset_and_the_test_of_the_page_go_well(developers: list[Done]) -> None:
    reset, tests = developers[6:]
    assert printed(reset)[0]["name"] == "default"
    assert (tests.returncode, "1 passed" in tests.stdout) == (0, True), tests.stdout + tests.stderr


# For CI --------------------------------------------------------------------------------------------------------------


def test_the_blocks_for_a_pipeline_go_well_and_leave_what_they_say(tmp_path: Path) -> None:
    written, *runs, ready, made, reported, kept, https = read("for-ci.md", tmp_path)
    assert (written.returncode, written.stdout, len(runs)) == (0, "", 1)
    for run in (*runs, kept, https):
        assert [each["status"] for each in printed(run)] == ["queued"]
    assert printed(ready)
    assert printed(made)[0]["basic"]["username"]
    assert reported.returncode == 0, reported.stderr
    assert json.loads((tmp_path / "report.json").read_text())["calls"] == 1
    assert ElementTree.parse(tmp_path / "report.xml").getroot().tag == "testsuites"
    (line,) = (tmp_path / "calls.jsonl").read_text().splitlines()
    assert json.loads(line)["operation"] == "simplepay.submit"


# For presenters ------------------------------------------------------------------------------------------------------


def test_a_story_is_listed_played_paused_made_faster_and_stopped(presenters: list[Done]) -> None:
    kept, played, turned = presenters[:3]
    assert printed(kept)[0]["name"] == "before"
    listed, playing = printed(played)
    assert "er_follow_up" in {each["name"] for each in listed["items"]}
    assert playing["state"] == "playing"
    assert [(each["state"], each["speed"]) for each in printed(turned)] == [
        ("paused", 10),
        ("playing", 60),
        ("ready", 10),
    ]


def test_a_story_takes_as_long_as_the_page_says(presenters: list[Done]) -> None:
    listed, playing = printed(presenters[1])
    (story,) = (each for each in listed["items"] if each["name"] == playing["name"])
    assert 25 <= story["seconds"] / story["speed"] <= 35  # half a minute


def test_a_person_is_texted_and_answers(presenters: list[Done]) -> None:
    person, message = printed(presenters[3])
    (answered,) = printed(presenters[4])
    assert (person["phone"], message["to"]) == ("14155550125", "14155550125")
    assert answered["inbound"]["lead"] == message["id"]


def test_an_hour_passes_and_a_submit_fails_and_all_goes_back(presenters: list[Done]) -> None:
    advanced, failed, back = presenters[5:8]
    assert {each["event"] for each in printed(advanced)[0]["fired"]} <= {"status", "callback", "inbound"}
    assert printed(failed)[1] == 503
    assert [each["name"] for each in printed(back)] == ["default", "default"]


def test_visitors_of_the_demo_look_and_the_token_drives(presenters: list[Done]) -> None:
    assert printed(presenters[8]) == [401, 200]


# All of them ---------------------------------------------------------------------------------------------------------


def anchors(document: Path) -> set[str]:
    """Where a link may lead in it, as GitHub names its headings."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(CHECKOUT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    for path, anchor in LINK.findall(document.read_text()):
        there = document.parent / path if path else document
        assert there.exists(), path
        assert not anchor or there.suffix != ".md" or anchor in anchors(there), f"{path}#{anchor}"


def test_the_readme_leads_to_every_page() -> None:
    named = {CHECKOUT / path for path, _ in LINK.findall((CHECKOUT / "README.md").read_text())}
    assert [page.name for page in sorted(DOCS.glob("*.md")) if page not in named] == []
