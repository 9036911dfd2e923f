"""Debian's Chromium, one a session, for tests of the console: they ask for `console`, and are plain functions.

Playwright's plain API keeps an event loop going on its thread, which others that run loops cannot bear. So the browser
has a thread of its own, and so have the tests that use it.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from driver import DEMO, LINE, PHONE, Wall
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Locator,
    Page,
    Playwright,
    Route,
    ViewportSize,
    expect,
    sync_playwright,
)

from sandbox import create_app
from sandbox.settings import Settings
from sandbox.web_server import config_of

CHROMIUM = Path("/usr/bin/chromium")
ARGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SERIOUS = ("serious", "critical")
STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = ["color-contrast", "link-in-text-block"]
"""All that the dark colours can change."""
NARROW: ViewportSize = {"width": 380, "height": 800}
PATIENCE_MS = 60_000
"""How long a test waits for what should be there at once: the machine may be busy."""
UI = "/_sandbox/ui"
WORLD = Path(__file__).parent / "worlds" / "plain.yaml"
T = TypeVar("T")
thread: ThreadPoolExecutor | None = None


def in_thread(work: Callable[..., T], *arguments: Any, **named: Any) -> T:
    """What `work` returns on the browser's thread."""
    global thread
    thread = thread or ThreadPoolExecutor(1, "browser")
    return thread.submit(work, *arguments, **named).result()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """A test that asks for the console runs on the browser's thread."""
    if "console" not in pyfuncitem.fixturenames:
        return None
    names = pyfuncitem._fixtureinfo.argnames
    in_thread(pyfuncitem.obj, **{name: pyfuncitem.funcargs[name] for name in names})
    return True


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        missing = f"{CHROMIUM} is not there, which opens the console's pages: apt install chromium"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    player, browser = in_thread(_launch)
    yield browser
    in_thread(browser.close)
    in_thread(player.stop)


def _launch() -> tuple[Playwright, Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    player = sync_playwright().start()
    return player, player.chromium.launch(executable_path=CHROMIUM, args=list(ARGS))


class Console:
    """A served sandbox with a wall clock that stands still, and browsers that look at it.

    What goes wrong in a page is remembered in `errors`; the fixture looks there in the end.
    """

    def __init__(self, browser: Browser, **settings: Any) -> None:
        self.browser = browser
        self.wall = Wall()
        self.errors: list[str] = []
        self.expected: tuple[str, ...] = ()
        """Parts of errors that a test brings about on purpose."""
        self._contexts: list[BrowserContext] = []
        self._app = create_app(Settings(**{"fixture": str(WORLD), **settings}), self.wall)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._server = uvicorn.Server(config_of(self._app))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listener]})
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        self.origin = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        headers = {"Authorization": f"Bearer {settings['control_token']}"} if "control_token" in settings else {}
        self._http = httpx.Client(base_url=self.origin, headers=headers, timeout=PATIENCE_MS / 1000)

    def close(self) -> None:
        for context in self._contexts:
            context.close()
        self._http.close()
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()
        self._app.close()

    # Browsers -----------------------------------------------------------------------------------------------------

    def page(self, path: str = UI, **options: Any) -> Page:
        """A new visitor's page, live."""
        context = self.browser.new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        self._contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: self._note(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self._note(str(error)))
        page.on(
            "response", lambda answer: self._note(f"{answer.status}: {answer.url}") if answer.status > 399 else None
        )
        page.on("request", lambda request: self._note_foreign(request.url))
        page.goto(self.origin + path)
        return page

    def live(self, path: str = UI, **options: Any) -> Page:
        """The same, once the page hears what happens."""
        page = self.page(path, **options)
        expect(page.locator("#live")).to_have_attribute("data-state", "live")
        return page

    def _note(self, error: str) -> None:
        if not any(part in error for part in self.expected):
            self.errors.append(error)

    def _note_foreign(self, url: str) -> None:
        if not url.startswith((f"{self.origin}/", "data:", "blob:")):
            self.errors.append(f"a request left the host: {url}")

    # Calls from outside -------------------------------------------------------------------------------------------

    def call(self, method: str, path: str, body: Any = None, workspace: str = "default") -> Any:
        """A control call below the workspace, or one that begins with `/_sandbox`."""
        whole = path if path.startswith("/_sandbox") else f"/_sandbox/workspaces/{workspace}{path}"
        answer = self._http.request(method, whole, **({} if body is None else {"json": body}))
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def submit(
        self, text: str = "Your results are in.", *, to: str = PHONE, auth: tuple[str, str] = DEMO, **more: str
    ) -> httpx.Response:
        """As a partner's program."""
        form = {"To": to, "From": LINE, "Body": text, **more}
        url = f"{self.origin}/dialoghealth-simplepay-api/submit/HARBOR1001"
        return httpx.post(url, data=form, auth=auth, timeout=PATIENCE_MS / 1000)

    def sid(self, *args: Any, **more: Any) -> str:
        return str(self.submit(*args, **more).json()["sid"])


@pytest.fixture
def open_console(chromium: Browser) -> Iterator[Callable[..., Console]]:
    """Opens consoles on sandboxes of any settings."""
    opened: list[Console] = []

    def open_one(**settings: Any) -> Console:
        opened.append(Console(chromium, **settings))
        return opened[-1]

    yield open_one
    for each in opened:
        in_thread(each.close)
    assert [error for each in opened for error in each.errors] == []


@pytest.fixture
def console(open_console: Callable[..., Console]) -> Console:
    """A console on the plain world, at 2026-05-06 09:00:00 UTC."""
    return open_console()


def card(page: Page, phone: str = PHONE) -> Locator:
    """A phone on the wall."""
    return page.locator(f'a[data-phone="{phone}"]')


def bubble(page: Page, text: str) -> Locator:
    """A text on the open phone."""
    return page.locator(".bubble-item", has_text=text)


def held_back(page: Page, pattern: str) -> Callable[[], None]:
    """Keeps the page's requests of that pattern waiting, as a busy server does; what comes back lets them go."""
    waiting: list[Route] = []
    page.route(pattern, lambda route: waiting.append(route))

    def release() -> None:
        for route in waiting:
            route.continue_()
        page.unroute(pattern)

    return release


def serious(page: Page, rules: list[str]) -> list[str]:
    """What axe-core finds that is serious, and where."""
    found = Axe().run(page, options={"runOnly": rules}).response["violations"]
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in found if each["impact"] in SERIOUS]
