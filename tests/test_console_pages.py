"""The console's pages as they are served: open, without data, and with all that they load."""

import re
import subprocess
import sys

import httpx
import pytest
from driver import Driver

from sandbox.server.pages import ASSETS, MEDIA_TYPES, SECTIONS, TEMPLATES
from sandbox.vendors import VENDORS

UI = "/_sandbox/ui"
FILES = sorted(file.name for file in ASSETS.iterdir())
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)


def headers(answer: httpx.Response) -> dict[str, str]:
    names = ("content-security-policy", "cache-control", "x-content-type-options", "referrer-policy")
    return {name: answer.headers[name] for name in names}


def test_a_browser_is_led_to_the_console_and_others_are_told(sandbox: Driver) -> None:
    led = sandbox.call("GET", "/", headers=BROWSER)
    assert (led.status_code, led.headers["location"]) == (307, UI)
    told = sandbox.call("GET", "/")
    assert told.status_code == 404
    assert told.json() == {
        "type": "urn:dialog-sandbox:nothing-here",
        "title": "Nothing here",
        "status": 404,
        "detail": "The APIs are below their paths, the control API below /_sandbox; /_sandbox/docs describes them all.",
        "apis": {vendor.name: vendor.prefix for vendor in VENDORS},
    }


@pytest.mark.parametrize(
    "path", [UI, f"{UI}/default", *(f"{UI}/default/{page}" for page in SECTIONS), f"{UI}/x/phones/1"]
)
def test_a_page_loads_only_what_is_there_and_runs_nothing_else(sandbox: Driver, path: str) -> None:
    answer = sandbox.call("GET", path, headers=BROWSER)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert headers(answer) == {
        "content-security-policy": POLICY,
        "cache-control": "no-cache",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
    }
    loaded = set(re.findall(r'(?:src|href)="(/[^"#]*)"', answer.text))
    assert len(loaded) > 8
    for each in loaded:
        assert sandbox.call("GET", each).status_code == 200, each
    assert not re.search(r"<script(?! (type=\"module\" )?src=)|<style|\sstyle=|\son\w+=|https?:|\"//", answer.text)


@pytest.mark.parametrize("name", FILES)
def test_an_asset_is_served_and_not_sent_twice(sandbox: Driver, name: str) -> None:
    answer = sandbox.call("GET", f"{UI}/assets/{name}")
    media_type = MEDIA_TYPES["." + name.rpartition(".")[2]]
    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == media_type
    assert answer.headers["content-security-policy"] == POLICY
    again = sandbox.call("GET", f"{UI}/assets/{name}", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", FILES)
def test_an_asset_names_no_other_host_and_makes_no_markup_of_text(name: str) -> None:
    text = (ASSETS / name).read_text()
    assert not re.search(r"(?<!xmlns=\")https?://|\burl\(|@import", text)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)
    for module in re.findall(r'^import .*?"\./([^"]+)"', text, re.MULTILINE):
        assert module in FILES


@pytest.mark.parametrize(
    "path", ["/default/nothing", "/assets/pages.py", "/assets/..%2Fpages.py", "/assets/nothing.js"]
)
def test_no_other_page_and_no_other_file_is_served(sandbox: Driver, path: str) -> None:
    answer = sandbox.call("GET", UI + path)
    assert answer.status_code == 404
    assert answer.json()["title"] == "Unknown path"


@pytest.mark.parametrize("path", ["", "/default", "/default/phones", "/a%22b/phones/1", "//"])
def test_an_address_with_a_slash_at_its_end_leads_to_the_page(sandbox: Driver, path: str) -> None:
    led = sandbox.call("GET", f"{UI}{path}/", headers=BROWSER)
    assert (led.status_code, led.headers["location"]) == (307, f"{UI}{path.rstrip('/')}")


def test_a_workspaces_name_is_written_as_text(sandbox: Driver) -> None:
    page = sandbox.call("GET", f"{UI}/%3Cscript%3Ealert(1)%3C%2Fscript%3E".replace("%2F", "|")).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_page_holds_no_data(sandbox: Driver) -> None:
    pages = [sandbox.call("GET", f"{UI}/default/{page}").text for page in SECTIONS]
    for secret in ("demo:", "demo-access-key", "HARBOR", "Quill", "16155550110"):
        assert not any(secret in page for page in pages)
    for page in ("phones", "messages", "exchanges"):
        first, second = (sandbox.call("GET", f"{UI}/default/{page}/{item}").text for item in ("item", "another"))
        assert first == second


@pytest.mark.parametrize("path", ["/default/nothing", "/default/consents/1", "/default/send/1"])
def test_a_browser_is_told_of_a_page_that_is_not_there_and_led_on(sandbox: Driver, path: str) -> None:
    answer = sandbox.call("GET", UI + path, headers={"accept": "text/html"})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "No such page" in answer.text
    assert f'href="{UI}/default/phones"' in answer.text
    assert sandbox.call("GET", UI + path).json()["title"] == "Unknown path"


def test_the_policy_forbids_what_the_templates_do_not_need() -> None:
    for file in TEMPLATES.iterdir():
        assert "| safe" not in file.read_text().replace("}[name] | safe", ""), file.name


def test_nothing_is_imported_for_pages_before_somebody_opens_one() -> None:
    code = """
import asyncio, sys, httpx
from sandbox import create_app

async def main():
    app = create_app()
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1")
    for path in ("/_sandbox/health/ready", "/dialoghealth-simplepay-api/messages/HARBOR1001/1"):
        await client.get(path, auth=("demo", "demo"))
    assert not {"jinja2", "sandbox.server.pages"} & set(sys.modules)
    await client.get("/_sandbox/workspaces/default")
    assert "jinja2" not in sys.modules
    assert (await client.get("/_sandbox/ui")).status_code == 200
    assert "jinja2" in sys.modules
    app.close()

asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
