"""/llms.txt: what it says is so, on the server that it is read from."""

import re
import subprocess
from collections.abc import Callable

import httpx
import pytest
from documents import WRITTEN_ORIGIN, needed, served, shell_blocks
from driver import Driver

from sandbox.server.llms_text import SOURCE
from sandbox.vendors import VENDORS

TOKEN = "a-token"
PATHS = ("/llms.txt", "/_sandbox/llms.txt", "/llms.txt/", "/_sandbox/llms.txt/")
LINK = re.compile(r"\]\(([^)]+)\)")
OPEN_TO_ALL = ("/_sandbox/docs", "/_sandbox/ui", "/_sandbox/openapi", "/_sandbox/collections/")


@pytest.mark.parametrize("path", PATHS)
def test_it_is_the_page_of_the_checkout_with_the_address_of_who_was_asked(sandbox: Driver, path: str) -> None:
    answer = sandbox.call("GET", path, headers={"Host": "localhost:9000"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.text == SOURCE.read_text().replace(WRITTEN_ORIGIN, "http://localhost:9000")
    head = sandbox.call("HEAD", path, headers={"Host": "localhost:9000"})
    assert (head.status_code, head.content) == (200, b"")


def test_behind_a_proxy_its_links_begin_as_callers_reach_it(open_driver: Callable[..., Driver]) -> None:
    sandbox = open_driver(public_url="https://sms.example.com/sandbox")
    text = sandbox.call("GET", "/llms.txt").text
    links = LINK.findall(text)
    assert links
    assert all(link.startswith("https://sms.example.com/sandbox/_sandbox/") for link in links)
    assert "127.0.0.1" not in text


@pytest.mark.parametrize("path", PATHS)
def test_it_needs_no_token_but_a_trusted_name_and_no_foreign_page(
    open_driver: Callable[..., Driver], path: str
) -> None:
    sandbox = open_driver(host="0.0.0.0", control_token=TOKEN)
    assert sandbox.call("GET", path).status_code == 200
    assert sandbox.call("GET", path, headers={"Host": "evil.example"}).json()["title"] == "Untrusted host"
    foreign = sandbox.call("GET", path, headers={"Origin": "http://evil.example"})
    assert foreign.json()["title"] == "Foreign origin"


@pytest.mark.parametrize("path", PATHS)
def test_it_can_only_be_read(sandbox: Driver, path: str) -> None:
    answer = sandbox.call("POST", path, json={})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", ["/llms", "/llms.txt/x", "/LLMS.TXT", "/llms-full.txt"])
def test_nothing_beside_it_is_taken_for_it(sandbox: Driver, path: str) -> None:
    assert sandbox.call("GET", path).status_code == 404


def test_every_link_works_and_it_says_which_need_the_token(open_driver: Callable[..., Driver]) -> None:
    sandbox = open_driver(host="0.0.0.0", control_token=TOKEN)
    links = LINK.findall(sandbox.call("GET", "/llms.txt").text)
    assert len(links) > 10
    assert all(link.startswith("http://127.0.0.1:8080/_sandbox/") for link in links)
    for link in links:
        assert sandbox.call("GET", link, headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200, link
        is_open = httpx.URL(link).path.startswith(OPEN_TO_ALL)
        assert sandbox.call("GET", link).status_code == (200 if is_open else 401), link


def test_it_names_every_vendor_and_its_description(sandbox: Driver) -> None:
    text = sandbox.call("GET", "/llms.txt").text
    for vendor in VENDORS:
        assert f"/_sandbox/openapi/{vendor.name}.json" in text


@pytest.mark.parametrize("token", [None, TOKEN])
def test_its_calls_run_as_they_stand_with_a_token_and_without(
    token: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    needed("curl")
    if token is not None:
        monkeypatch.setenv("SANDBOX_CONTROL_TOKEN", token)
    blocks = shell_blocks(SOURCE)
    assert len(blocks) == 2
    with served() as origin:
        script = ": ${SANDBOX_CONTROL_TOKEN:=}\n" + "".join(blocks).replace(WRITTEN_ORIGIN, origin)
        done = subprocess.run(["bash", "-xeuo", "pipefail", "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, "\n".join((done.stdout + done.stderr).splitlines()[-20:])
