"""Behind a proxy every link, asset, curl line and sink URL is as the caller sees it, TLS and prefix included."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from browser import Console, in_thread
from commands import Start
from driver import CONSOLE, DEFAULT, DEMO, LINE, PHONE, SIMPLEPAY, Driver
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import expect
from proxies import StartNginx
from starlette.datastructures import Headers

from dialog_sandbox import SandboxClient
from sandbox.server.proxy_headers import PATH, read_forwarded
from sandbox.server.public_address import PublicAddress
from sandbox.settings import Settings

NAME = "sandbox.example"
SINKS = "/_sandbox/sinks/"
UI = "/_sandbox/ui"
BROWSER = {"accept": "text/html"}
# What operators.md shows.
TELLS_ALL = """
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-Host $http_host;
"""


def sink_url(sandbox: Driver, **headers: str) -> str:
    """What a caller is told that sends these headers, `_` for `-`."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = sandbox.call("PUT", f"{DEFAULT}/sinks/mine", headers=given)
    assert answer.status_code == 200, answer.text
    url, found, _ = answer.json()["url"].rpartition(SINKS)
    assert found
    return str(url)


# What the headers mean --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "base"),
    [
        ({}, "http://127.0.0.1:8080"),
        ({"x_forwarded_proto": "https"}, "https://127.0.0.1:8080"),
        ({"x_forwarded_proto": "https", "x_forwarded_host": NAME}, f"https://{NAME}"),
        ({"x_forwarded_proto": "HTTPS", "x_forwarded_host": f"{NAME}:443"}, f"https://{NAME}"),
        ({"x_forwarded_proto": "https", "x_forwarded_host": f"{NAME}:8443"}, f"https://{NAME}:8443"),
        ({"x_forwarded_host": NAME, "x_forwarded_port": "8081"}, f"http://{NAME}:8081"),
        ({"x_forwarded_host": NAME, "x_forwarded_port": "80"}, f"http://{NAME}"),
        ({"x_forwarded_host": f"{NAME}:1", "x_forwarded_port": "2"}, f"http://{NAME}:1"),
        ({"host": NAME, "x_forwarded_proto": "https", "x_forwarded_port": "443"}, f"https://{NAME}"),
        ({"host": NAME, "x_forwarded_proto": "https", "x_forwarded_port": "8443"}, f"https://{NAME}:8443"),
        ({"x_forwarded_host": "[2001:db8::7]:81"}, "http://[2001:db8::7]:81"),
        ({"x_forwarded_prefix": "/sandbox"}, "http://127.0.0.1:8080/sandbox"),
        ({"x_forwarded_prefix": "/a/b-c/"}, "http://127.0.0.1:8080/a/b-c"),
        ({"x_forwarded_prefix": "/a, /b"}, "http://127.0.0.1:8080/a/b"),
        ({"x_forwarded_prefix": "/"}, "http://127.0.0.1:8080"),
        ({"forwarded": f"proto=https;host={NAME}"}, f"https://{NAME}"),
        ({"forwarded": f'For="[2001:db8::7]:9";PROTO=https ; Host="{NAME}:8443"'}, f"https://{NAME}:8443"),
        ({"forwarded": f"host={NAME}", "x_forwarded_proto": "https"}, "https://127.0.0.1:8080"),
        # Of a chain the first that is trusted counts.
        ({"x_forwarded_for": "192.0.2.7, 127.0.0.2", "x_forwarded_proto": "https, http"}, "https://127.0.0.1:8080"),
        ({"x_forwarded_for": "192.0.2.7, 198.51.100.7", "x_forwarded_proto": "https, http"}, "http://127.0.0.1:8080"),
        ({"x_forwarded_for": "192.0.2.7, 127.0.0.2", "x_forwarded_proto": "https"}, "https://127.0.0.1:8080"),
        ({"forwarded": f"for=192.0.2.7;proto=https;host={NAME}, for=127.0.0.2;proto=http"}, f"https://{NAME}"),
        ({"forwarded": f"host={NAME}, for=198.51.100.7"}, "http://127.0.0.1:8080"),
        # What cannot be understood says nothing.
        ({"x_forwarded_proto": "gopher"}, "http://127.0.0.1:8080"),
        ({"x_forwarded_host": "a b"}, "http://127.0.0.1:8080"),
        ({"x_forwarded_host": f"{NAME}/path"}, "http://127.0.0.1:8080"),
        ({"x_forwarded_host": f"{NAME}:99999"}, "http://127.0.0.1:8080"),
        ({"x_forwarded_host": NAME, "x_forwarded_port": "99999"}, f"http://{NAME}"),
        ({"x_forwarded_host": NAME, "x_forwarded_port": "-1, 8081"}, f"http://{NAME}:8081"),
        ({"x_forwarded_host": NAME, "x_forwarded_port": "http"}, f"http://{NAME}"),
        ({"x_forwarded_host": f"u@{NAME}"}, "http://127.0.0.1:8080"),
        ({"x_forwarded_prefix": "//evil.example"}, "http://127.0.0.1:8080"),
        ({"x_forwarded_prefix": 'x"><script>'}, "http://127.0.0.1:8080"),
        ({"x_forwarded_prefix": "/a/../b"}, "http://127.0.0.1:8080"),
        ({"x_forwarded_prefix": "/_sandbox"}, "http://127.0.0.1:8080"),
        ({"forwarded": f"host={NAME}, ="}, "http://127.0.0.1:8080"),
    ],
)
def test_a_trusted_proxy_says_how_it_was_called(
    open_driver: Callable[..., Driver], headers: dict[str, str], base: str
) -> None:
    assert sink_url(open_driver(trusted_proxies=("127.0.0.0/8",), hosts=(NAME,)), **headers) == base


FORWARDED = {"x_forwarded_proto": "https", "x_forwarded_prefix": "/sandbox"}


@pytest.mark.parametrize(
    ("proxies", "is_trusted"),
    [
        ("", False),
        ("10.0.0.0/8", False),
        ("127.0.0.2", False),
        ("127.0.0.1", True),
        ("10.0.0.0/8, 127.0.0.0/8", True),
        ("::ffff:127.0.0.1", True),
        ("*", True),
    ],
)
def test_nobody_else_does(open_driver: Callable[..., Driver], proxies: str, is_trusted: bool) -> None:
    told = sink_url(open_driver(trusted_proxies=proxies), **FORWARDED)
    assert told == ("https://127.0.0.1:8080/sandbox" if is_trusted else "http://127.0.0.1:8080")


def test_a_peer_that_is_only_written_as_ipv6_is_that_of_ipv4() -> None:
    address = PublicAddress(Settings(trusted_proxies="10.0.0.0/8"))
    scope: dict[str, Any] = {"scheme": "http", "path": "/", "headers": [(b"x-forwarded-proto", b"https")]}
    schemes = [
        address.as_called({**scope, "client": (host, 1)})["scheme"] for host in ("::ffff:10.1.2.3", "::ffff:1.2.3.4")
    ]
    assert schemes == ["https", "http"]
    assert address.as_called({**scope, "client": None})["scheme"] == "http"


def test_the_host_that_a_proxy_tells_must_be_trusted_as_any(open_driver: Callable[..., Driver]) -> None:
    sandbox = open_driver(trusted_proxies=("127.0.0.1",))
    for headers in ({"x-forwarded-host": "evil.example"}, {"forwarded": "host=evil.example"}):
        answer = sandbox.call("GET", DEFAULT, headers=headers)
        assert (answer.status_code, answer.json()["title"]) == (403, "Untrusted host")


@pytest.mark.parametrize("path", [DEFAULT + "/delivery", f"{SIMPLEPAY}/submit/{CONSOLE}"])
@pytest.mark.parametrize(
    ("origin", "is_refused"),
    [(f"https://{NAME}", False), ("https://evil.example", True), (f"https://{NAME}:444", True)],
)
@pytest.mark.parametrize(
    ("settings", "headers"),
    [
        ({"trusted_proxies": "127.0.0.1", "hosts": NAME}, {"x-forwarded-proto": "https", "x-forwarded-host": NAME}),
        ({"public_url": f"https://{NAME}/sandbox"}, {}),
        ({"public_url": f"https://{NAME}/sandbox"}, {"host": NAME}),
    ],
)
def test_a_page_of_the_public_address_is_none_of_another_origin(
    open_driver: Callable[..., Driver],
    path: str,
    origin: str,
    is_refused: bool,
    settings: dict[str, str],
    headers: dict[str, str],
) -> None:
    sandbox = open_driver(**settings)
    form = {"From": LINE, "To": PHONE, "Body": "Hello"}
    sent: dict[str, Any] = {"json": {"mode": "manual"}} if "delivery" in path else {"data": form, "auth": DEMO}
    method = "PUT" if "delivery" in path else "POST"
    answer = sandbox.call(method, path, headers={**headers, "origin": origin}, **sent)
    assert answer.is_success != is_refused, answer.text


HEADER = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=40)


@given(st.dictionaries(st.sampled_from(["for", "proto", "host", "port", "prefix"]), HEADER), HEADER, st.booleans())
def test_whatever_the_headers_say_nothing_but_an_address_comes_of_it(
    sent: dict[str, str], forwarded: str, is_proxy: bool
) -> None:
    raw = [(f"x-forwarded-{name}".encode(), value.encode("latin-1")) for name, value in sent.items()]
    headers = Headers(raw=[*raw, (b"forwarded", forwarded.encode("latin-1")), (b"host", b"127.0.0.1:8080")])
    found = read_forwarded(headers, "http", lambda _: is_proxy)
    assert found.scheme in ("http", "https")
    assert re.fullmatch(r"[A-Za-z0-9._:\[\]-]*", found.host)
    assert PATH.fullmatch(found.prefix)
    assert "//" not in found.prefix


# The public URL ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/sandbox", ""])
@pytest.mark.parametrize("public_url", ["https://sandbox.example/sandbox", "https://sandbox.example/sandbox/"])
def test_a_public_url_begins_what_is_told_and_its_prefix_may_be_left_in(
    open_driver: Callable[..., Driver], path: str, public_url: str
) -> None:
    sandbox = open_driver(public_url=public_url)
    base = "https://sandbox.example/sandbox"
    assert sandbox.call("PUT", f"{path}{DEFAULT}/sinks/mine").json()["url"].startswith(f"{base}{SINKS}")
    submitted = sandbox.call(
        "POST", f"{path}{SIMPLEPAY}/submit/{CONSOLE}", data={"From": LINE, "To": PHONE, "Body": "Hello"}, auth=DEMO
    )
    sid = submitted.json()["sid"]
    shown = sandbox.call("GET", f"{path}{DEFAULT}/messages/{sid}/shown").json()["items"]
    told = {each["vendor"]: (each["url"], each["curl"]) for each in shown if each["url"]}
    assert told["simplepay"] == (
        f"{base}{SIMPLEPAY}/messages/{CONSOLE}/{sid}",
        f"curl -s -u demo:demo {base}{SIMPLEPAY}/messages/{CONSOLE}/{sid}",
    )
    assert told["writeback"][0].startswith(f"{base}/dialoghealth-writeback-api/api/responses/{CONSOLE}/")
    entry = sandbox.call("GET", f"{DEFAULT}/journal").json()["items"][-1]
    assert entry["path"] == f"{SIMPLEPAY}/submit/{CONSOLE}"


def test_the_console_begins_at_the_prefix(open_driver: Callable[..., Driver]) -> None:
    sandbox = open_driver(public_url="https://sandbox.example/sandbox")
    for path in ("/", "/sandbox", "/sandbox/"):
        led = sandbox.call("GET", path, headers=BROWSER)
        assert (led.status_code, led.headers["location"]) == (307, f"/sandbox{UI}")
    page = sandbox.call("GET", f"/sandbox{UI}").text
    assert 'data-prefix="/sandbox" data-public-url="https://sandbox.example/sandbox"' in page
    assert sandbox.call("GET", "/sandboxes/_sandbox/version").status_code == 404


def test_an_escaped_prefix_is_taken_off_and_an_escaped_path_stays(open_driver: Callable[..., Driver]) -> None:
    sandbox = open_driver(public_url="https://sandbox.example/my%20box")
    assert sandbox.call("GET", b"/my%20box/_sandbox/version").status_code == 200
    read = b"/my%20box/dialoghealth-writeback-api/api/responses/HARBOR1001/2026-05-06%2000:00:00/2026-05-06%2023:59:59"
    assert sandbox.call("GET", read, auth=DEMO).json()["response"] == []


def test_a_sink_behind_a_prefix_is_reached_by_its_url(open_driver: Callable[..., Driver]) -> None:
    sandbox = open_driver(public_url="https://sandbox.example/sandbox")
    url = sandbox.control("PUT", "/sinks/mine")["url"]
    sandbox.delivery("timed", sent_after=1, settled_after=2)
    sandbox.control("POST", "/clock", {"action": "freeze"})
    sandbox.submit(callback=url)
    sandbox.control("POST", "/clock", {"action": "advance", "seconds": 5, "settle": 10})
    statuses = [each["form"]["MessageStatus"] for each in sandbox.control("GET", "/sinks/mine")["received"]]
    assert statuses[-1] == "delivered"


# A real nginx -----------------------------------------------------------------------------------------------------


@pytest.fixture(params=["stripped, told by headers", "left in, told by the public URL", "stripped, public URL"])
def base(request: pytest.FixtureRequest, start: Start, start_nginx: StartNginx) -> Iterator[tuple[str, httpx.Client]]:
    """The URL of a sandbox at /sandbox behind nginx, which ends TLS, and a client that trusts it."""
    public_url = None if "headers" in request.param else "https://sandbox.example/sandbox"
    server = start(SANDBOX_PUBLIC_URL=public_url) if public_url else start(SANDBOX_TRUSTED_PROXIES="127.0.0.1")
    told = "" if public_url else f"{TELLS_ALL} proxy_set_header X-Forwarded-Prefix /sandbox;"
    upstream = f"http://127.0.0.1:{server.port}{'' if 'left in' in request.param else '/'}"
    nginx = start_nginx(f"location /sandbox/ {{ proxy_pass {upstream}; {told} }}", is_tls=True)
    url = public_url or f"{nginx.origin}/sandbox"
    with httpx.Client(base_url=f"{nginx.origin}/sandbox", verify=nginx.tls, trust_env=False) as client:
        yield url, client


def test_behind_nginx_everything_that_is_told_begins_with_the_public_url(base: tuple[str, httpx.Client]) -> None:
    url, client = base
    sink = client.put(f"{DEFAULT}/sinks/mine").json()["url"]
    assert sink.startswith(f"{url}{SINKS}")
    assert client.post(f"{SINKS}{sink.rpartition('/')[2]}", content=b"x").status_code == 200
    sid = client.post(
        f"{SIMPLEPAY}/submit/{CONSOLE}", data={"From": LINE, "To": PHONE, "Body": "Hi"}, auth=DEMO
    ).json()["sid"]
    for shown in client.get(f"{DEFAULT}/messages/{sid}/shown").json()["items"]:
        if shown["url"]:
            assert shown["url"].startswith(f"{url}/")
            assert f" {url}/" in shown["curl"] or f" '{url}/" in shown["curl"]
            assert client.get(shown["url"].removeprefix(url), auth=DEMO).status_code == 200
    for document in ("openapi.json", "openapi/simplepay.json"):
        assert client.get(f"/_sandbox/{document}").json()["servers"] == [{"url": "/sandbox"}]


def test_behind_nginx_every_link_and_asset_of_the_pages_is_there(base: tuple[str, httpx.Client]) -> None:
    _, client = base
    led = client.get("/", headers=BROWSER)
    assert led.status_code == 307
    home = urljoin(str(led.url), led.headers["location"])
    pages = [home, f"{home}/default/exchanges", f"{home}/default/phones/{PHONE}", urljoin(home, "docs")]
    loaded: set[str] = set()
    for page in pages:
        html = client.get(page, headers=BROWSER).raise_for_status().text
        loaded |= {urljoin(page, link) for link in re.findall(r'(?:src|href|data-document)="([^"#?]+)"', html)}
    assert len(loaded) > 15
    for each in sorted(loaded):
        assert urlsplit(each).path.startswith("/sandbox/_sandbox/"), each
        assert client.get(each).status_code == 200, each


def test_behind_nginx_a_caller_that_has_the_token_drives_and_no_other(start: Start, start_nginx: StartNginx) -> None:
    server = start(SANDBOX_CONTROL_TOKEN="a-token")
    nginx = start_nginx(f"location /sandbox/ {{ proxy_pass http://127.0.0.1:{server.port}/; }}")
    assert httpx.get(f"{nginx.origin}/sandbox{DEFAULT}", trust_env=False).status_code == 401
    with SandboxClient(f"{nginx.origin}/sandbox", "a-token") as client:
        workspace = client.workspace("default")
        assert workspace.simplepay_url == f"{nginx.origin}/sandbox{SIMPLEPAY}"
        assert workspace.send(PHONE, "Hello").to == PHONE


def test_behind_nginx_events_come_as_they_happen(start: Start, start_nginx: StartNginx) -> None:
    server = start()
    nginx = start_nginx(f"location / {{ proxy_pass http://127.0.0.1:{server.port}; }}")
    url = f"{nginx.origin}{DEFAULT}"
    with httpx.Client(trust_env=False, timeout=60) as client, client.stream("GET", f"{url}/events") as stream:
        client.post(f"{url}/messages", json={"console": CONSOLE, "to": PHONE, "text": "Hello"}).raise_for_status()
        data = next(line for line in stream.iter_lines() if line.startswith("data:"))
    assert json.loads(data.removeprefix("data:"))["text"] == "Hello"


def test_the_console_works_below_a_prefix(open_console: Callable[..., Console], start_nginx: StartNginx) -> None:
    console = open_console(trusted_proxies="127.0.0.1")
    told = f"{TELLS_ALL} proxy_set_header X-Forwarded-Prefix /sandbox;"
    nginx = start_nginx(f"location /sandbox/ {{ proxy_pass {console.origin}/; {told} }}")
    console.origin = nginx.origin
    in_thread(_work_below_a_prefix, console)


def _work_below_a_prefix(console: Console) -> None:
    below = f"{console.origin}/sandbox"
    page = console.live("/sandbox/")
    assert page.url == f"{below}{UI}"
    expect(page.locator('[data-part="curl-submit"]')).to_contain_text(f"{below}{SIMPLEPAY}/submit/{CONSOLE}")
    expect(page.locator('[data-part="curl-read"]')).to_contain_text(f"{below}/dialoghealth-writeback-api/")
    expect(page.locator('[data-part="curl-inbound"]')).to_contain_text(f"{below}{DEFAULT}/inbound")
    page.get_by_role("navigation").get_by_role("link", name="Send").click()
    expect(page.locator('[data-part="submit-curl"]')).to_contain_text(f"{below}{SIMPLEPAY}/submit/")
    page.get_by_role("button", name="Use a sink").click()
    expect(page.locator("#submit-callback")).to_have_value(re.compile(rf"^{below}{SINKS}"))
    page.get_by_role("button", name="Submit", exact=True).click()
    expect(page.locator("#submit-status")).to_have_text("HTTP 200")
    page.get_by_role("link", name="The message").click()
    expect(page).to_have_url(re.compile(rf"^{below}{UI}/default/messages/"))
    page.goto(f"{below}/_sandbox/docs?api=simplepay")
    expect(page.locator(".opblock").first).to_be_visible()
