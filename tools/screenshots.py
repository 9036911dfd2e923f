"""Takes the pictures of the console for README and docs from the running product: `make screenshots`.

It serves the clinic at a fixed time, on the port that the README names: the pictures change only with the pages.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Page, ViewportSize, expect, sync_playwright

CHECKOUT = Path(__file__).parent.parent
IMAGES = CHECKOUT / "docs" / "images"
CHROMIUM = "/usr/bin/chromium"
ARGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
SIZE: ViewportSize = {"width": 1360, "height": 800}
LARGEST = 200 * 1024
"""Bytes of a picture; a README is read over slow lines too."""
START = "2026-05-06T14:00:00Z"
REMINDERS = "reminders"
"""A workspace that a flawed program called."""
POLL, GAP = timedelta(minutes=15), timedelta(minutes=1)
READY = re.compile(r"ready on (http://\S+)")
PHONE = "16295550100"
PRESSED = {"verify": "Verify"}
"""Buttons by picture."""


@contextmanager
def served() -> Iterator[str]:
    """The origin of a sandbox."""
    command = [sys.executable, "-m", "sandbox", "serve", "--start-at", START]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT)
    assert server.stdout is not None
    try:
        ready = READY.search(server.stdout.readline())
        assert ready is not None, "the sandbox did not start"
        yield ready[1]
    finally:
        server.terminate()
        server.wait()


def furnish(origin: str) -> dict[str, str]:
    """Something to look at on each page: the paths of the pages by picture."""
    workspace = f"{origin}/_sandbox/workspaces/default"

    def call(method: str, path: str, body: Any) -> Any:
        return httpx.request(method, workspace + path, json=body).raise_for_status().json()

    call("POST", "/clock", {"action": "freeze"})
    sink = call("PUT", "/sinks/partner", {})["url"]
    sid = submit(origin, To=PHONE, Body="Your results are in. Read them in the portal.", StatusCallback=sink).json()[
        "sid"
    ]
    call("POST", "/clock", {"action": "advance", "seconds": 60, "settle": 5})
    call("POST", f"/messages/{sid}/reply", {"text": "Thank you! Do I need to come in?"})
    call("POST", "/clock", {"action": "advance", "seconds": 60, "settle": 5})
    refused = submit(origin, To="629-555-0100", Body="Your results are in.").headers["x-sandbox-exchange"]
    misuse(origin)
    ui = "/_sandbox/ui/default"
    return {
        "phones": f"{ui}/phones/{PHONE}",
        "message": f"{ui}/messages/{sid}",
        "exchange": f"{ui}/exchanges/{refused}",
        "report": f"/_sandbox/ui/{REMINDERS}/report",
        "verify": f"{ui}/verify/{refused}",
    }


def submit(origin: str, auth: tuple[str, str] = ("demo", "demo"), **fields: str) -> httpx.Response:
    url = f"{origin}/dialoghealth-simplepay-api/submit/HARBOR1001"
    return httpx.post(url, auth=auth, data={"From": "16155550110", **fields})


def misuse(origin: str) -> None:
    """A program that writes numbers as people do, tries again without waiting, and leaves a gap between its ranges."""
    spaces = f"{origin}/_sandbox/workspaces"

    def call(path: str, body: Any) -> Any:
        return httpx.post(spaces + path, json=body).raise_for_status().json()

    made = call("", {"name": REMINDERS, "fixture": "clinic", "start_at": START, "clock": "frozen"})
    auth = (made["basic"]["username"], made["basic"]["password"])
    submit(origin, auth, To="(629) 555-0100", Body="See you tomorrow.")
    call(f"/{REMINDERS}/faults", {"match": {"operation": "simplepay.submit"}, "effect": {"status": 503}, "times": 2})
    for _ in range(3):
        submit(origin, auth, To=PHONE, Body="See you tomorrow.")
    at = datetime.fromisoformat(START)
    for _ in range(4):
        message = {"console": "HARBOR1001", "to": PHONE, "text": "Please call us."}
        call(f"/{REMINDERS}/clock", {"action": "advance", "seconds": GAP.total_seconds() / 2})
        call(f"/{REMINDERS}/messages", message)
        call(f"/{REMINDERS}/clock", {"action": "advance", "seconds": (POLL - GAP / 2).total_seconds()})
        window = f"{at + GAP:%Y-%m-%d %H:%M:%S}/{at + POLL:%Y-%m-%d %H:%M:%S}"
        url = f"{origin}/dialoghealth-writeback-api/api/responses/HARBOR1001/{window}"
        httpx.get(url, auth=auth).raise_for_status()
        at += POLL


def take(page: Page, url: str, file: Path, pressed: str | None) -> None:
    """A picture of a page, once it has settled. `pressed`: the button that is pressed first."""
    page.goto(url)
    page.locator('#live[data-state="live"]').wait_for()
    if pressed is not None:
        page.get_by_role("button", name=pressed, exact=True).click()
        page.get_by_role("heading", name="As expected").wait_for()
    expect(page.locator('[aria-busy="true"]')).to_have_count(0)
    page.evaluate("document.fonts.ready.then(() => new Promise(requestAnimationFrame))")
    page.screenshot(path=file, animations="disabled", caret="hide")
    size = file.stat().st_size
    print(f"{file.relative_to(CHECKOUT)}: {size // 1024} KB")
    assert size <= LARGEST, f"{file} is over {LARGEST} bytes"


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with served() as origin, sync_playwright() as player:
        paths = furnish(origin)
        browser = player.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        page = browser.new_page(viewport=SIZE, color_scheme="light", reduced_motion="reduce")
        for name, path in paths.items():
            take(page, origin + path, IMAGES / f"console-{name}.png", PRESSED.get(name))
        browser.close()


if __name__ == "__main__":
    main()
