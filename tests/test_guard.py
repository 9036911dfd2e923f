"""Who may call the control API, and who may not."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from commands import FAILSAFE_S, is_refused
from driver import CONSOLE, DEFAULT, DEMO, LINE, SIMPLEPAY, STRANGER, Driver
from live import Live
from server_process import Serve
from starlette.datastructures import Headers

from sandbox.server.guard import Guard
from sandbox.settings import Settings

HOST = (b"host", b"127.0.0.1:8080")
TOKEN = "a-token"
UNTRUSTED = {
    "type": "urn:dialog-sandbox:untrusted-host",
    "title": "Untrusted host",
    "status": 403,
    "detail": "The control API is called by an address, as localhost, by the name it is bound to, by that of"
    " SANDBOX_PUBLIC_URL, or by one of SANDBOX_HOSTS: add the name there, or call another one.",
}
FOREIGN = {
    "type": "urn:dialog-sandbox:foreign-origin",
    "title": "Foreign origin",
    "status": 403,
    "detail": "Web pages of another origin may not call the control API: call it directly.",
}
CALLBACK = {
    "type": "urn:dialog-sandbox:callback",
    "title": "Callback",
    "status": 403,
    "detail": "Of the control API a callback reaches sinks only: PUT one, and take its URL.",
}
NEEDED = {
    "type": "urn:dialog-sandbox:token-needed",
    "title": "Token needed",
    "status": 401,
    "detail": "Send Authorization: Bearer and the control token: SANDBOX_CONTROL_TOKEN, or the one printed at start.",
}


SINK = "/_sandbox/sinks/guessed"
FORM = "application/x-www-form-urlencoded"
SENDER = (b"user-agent", b"dialog-sandbox")


async def nothing(*_: Any) -> None: ...


def refusal(
    *headers: tuple[bytes, bytes],
    path: str = DEFAULT,
    method: str = "GET",
    host: tuple[bytes, bytes] | None = HOST,
    **settings: Any,
) -> str | None:
    """The title of the problem that such a call gets, or None."""
    if "host_setting" in settings:
        settings["host"] = settings.pop("host_setting")
    guard = Guard(nothing, Settings(**settings))
    problem = guard.problem(method, path, Headers(raw=[*((host,) if host else ()), *headers]))
    return problem.title if problem else None


@pytest.mark.parametrize(
    "host",
    [
        *(b"localhost", b"LocalHost:1", b"localhost.:80", b"127.0.0.1", b"127.8.8.8:80", b"[::1]", b"[::1]:8080"),
        *(b"10.0.0.1", b"192.0.2.7:8080", b"[::2]", b"[2001:DB8::1]:8080", b"[::ffff:127.0.0.1]:80", b"0.0.0.0"),
    ],
)
def test_localhost_and_addresses_are_trusted_since_no_name_led_there(host: bytes) -> None:
    assert refusal(host=(b"host", host)) is None


@pytest.mark.parametrize(
    "host",
    [
        b"evil.example",
        b"127.evil.example",
        b"127.0.0.1.evil.example",
        b"localhost.evil.example",
        b"localhost@evil.example",
        b"localhost:80:80",
        b"localhost:x",
        b"::1",
        b"[::2",
        b"[:::]",
        b"127.0.0.999",
        b"127.1",
        b"2130706433",
        b"0x7f.0.0.1",
        b"10.0.0.1.evil.example",
        b"",
        b"localhost evil",
        b"\xff",
    ],
)
def test_any_other_name_is_not(host: bytes) -> None:
    assert refusal(host=(b"host", host)) == "Untrusted host"


def test_one_host_is_needed_and_no_more() -> None:
    assert refusal(host=None) == "Untrusted host"
    assert refusal((b"host", b"127.0.0.1:8080")) == "Untrusted host"


@pytest.mark.parametrize(
    ("bound", "host", "trusted"),
    [
        ("10.0.0.7", b"10.0.0.7:8080", True),
        ("sandbox.test", b"SANDBOX.test", True),
        ("fd00::7", b"[fd00::7]:8080", True),
        ("10.0.0.7", b"10.0.0.8", True),
        ("sandbox.test", b"sandbox.test.", True),
        ("sandbox.test", b"other.test", False),
        ("127.example.com", b"127.example.com", True),
        ("0.0.0.0", b"sandbox", False),
        ("0.0.0.0", b"127.0.0.1", True),
    ],
)
def test_the_bound_name_is_trusted_if_it_is_one(bound: str, host: bytes, trusted: bool) -> None:
    guard = Guard(nothing, Settings(host=bound, control_open=True))
    problem = guard.problem("GET", DEFAULT, Headers(raw=[(b"host", host)]))
    assert (problem is None) == trusted


def test_further_names_are_trusted() -> None:
    host = (b"host", b"sandbox:8080")
    assert refusal(host=host) == "Untrusted host"
    assert refusal(host=host, hosts=("other", "sandbox")) is None


@pytest.mark.parametrize(
    ("written", "trusted", "others"),
    [
        ("*", ("anything.example", "sandbox", "a_b"), ()),
        (".example.com", ("example.com", "a.example.com", "b.a.example.com"), ("badexample.com", "example.com.evil")),
        ("*.example.com", ("a.example.com", "b.a.example.com"), ("example.com", "badexample.com")),
        ("Sandbox.EXAMPLE", ("sandbox.example", "SANDBOX.example."), ("a.sandbox.example",)),
        ("sandbox.example.", ("sandbox.example", "sandbox.example."), ()),
        ("sandbox:8080", ("sandbox", "sandbox:9"), ("sandbo",)),
        ("my_sandbox", ("my_sandbox:8080",), ("mysandbox",)),
        ("https://user@sandbox.example:8443/path?a#b", ("sandbox.example",), ("user",)),
        ("bücher.example", ("xn--bcher-kva.example",), ("bucher.example",)),
        ("a.example, b.example,,", ("a.example", "b.example"), ("c.example",)),
        ("[::1]:8080,::1,10.0.0.7:80", (), ("sandbox",)),
    ],
)
def test_hosts_are_understood_as_people_write_them(
    written: str, trusted: tuple[str, ...], others: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_HOSTS", written)
    assert {refusal(host=(b"host", name.encode())) for name in trusted} <= {None}
    assert {refusal(host=(b"host", name.encode())) for name in others} <= {"Untrusted host"}


@pytest.mark.parametrize(
    "item", ["a b", "10.0.0.0/8", "127.0.0.999", "10.0.*", "sand*box", "*example.com", "..", "a..b", "http://", "[::g]"]
)
def test_hosts_that_cannot_be_understood_are_refused_at_start(item: str) -> None:
    takes = "takes names as sandbox.example, .example.com for that and all below it, or *"
    is_refused(2, f"SANDBOX_HOSTS {takes}, not '{item}'.", "serve", "--port", "0", SANDBOX_HOSTS=f"fine,{item}")


def test_the_name_of_the_public_url_is_trusted() -> None:
    host = (b"host", b"sandbox.example")
    assert refusal(host=host, public_url="https://Sandbox.example/below") is None
    assert refusal(host=host, public_url="https://other.example") == "Untrusted host"


@pytest.mark.parametrize("path", ["/_sandbox/health/live", "/_sandbox/health/ready"])
def test_health_takes_any_host_and_none(sandbox: Driver, path: str) -> None:
    for host in ("evil.example", "10.0.0.1:8080", "pod-7.sandbox.svc.cluster.local", "a b", ""):
        assert sandbox.call("GET", path, headers={"host": host}).status_code == 200
    assert refusal(path=path, host=None) is None
    assert refusal(path=path + "s", host=None) is None
    assert refusal(path="/_sandbox/healthy", host=None) == "Untrusted host"
    assert refusal((b"origin", b"https://evil.example"), path=path, host=None) == "Foreign origin"


def test_a_probe_that_names_no_host_is_answered(serve: Serve) -> None:
    served = serve()
    for head in (b"GET %s HTTP/1.0\r\n\r\n", b"GET %s HTTP/1.1\r\nHost: 10.0.0.1:8080\r\nConnection: close\r\n\r\n"):
        (answer,) = served.send(head % b"/_sandbox/health/ready")
        assert (answer.status, answer.body) == (200, b'{"status":"ready"}')


@pytest.mark.parametrize(
    ("header", "value", "title"),
    [
        (b"origin", b"http://127.0.0.1:8080", None),
        (b"origin", b"https://127.0.0.1:8080", None),
        (b"origin", b"http://127.0.0.1:9090", "Foreign origin"),
        (b"origin", b"http://localhost:8080", "Foreign origin"),
        (b"origin", b"https://evil.example", "Foreign origin"),
        (b"origin", b"null", "Foreign origin"),
        (b"origin", b"", "Foreign origin"),
        (b"sec-fetch-site", b"same-origin", None),
        (b"sec-fetch-site", b"none", None),
        (b"sec-fetch-site", b"same-site", "Foreign origin"),
        (b"sec-fetch-site", b"cross-site", "Foreign origin"),
    ],
)
@pytest.mark.parametrize("path", [DEFAULT, "/_sandbox/health/live", "/_sandbox/docs", "/_sandbox/openapi.json"])
def test_web_pages_of_another_origin_are_refused(path: str, header: bytes, value: bytes, title: str | None) -> None:
    assert refusal((header, value), path=path) == title


def test_of_two_origins_both_count() -> None:
    assert refusal((b"origin", b"http://127.0.0.1:8080"), (b"origin", b"http://evil.example")) == "Foreign origin"


def test_a_link_from_another_site_leads_to_pages_only() -> None:
    visit = (
        (b"sec-fetch-site", b"cross-site"),
        (b"sec-fetch-mode", b"navigate"),
        (b"sec-fetch-dest", b"document"),
    )
    framed = (*visit[:2], (b"sec-fetch-dest", b"iframe"))
    for page in ("/_sandbox/docs", "/_sandbox/ui", "/_sandbox/ui/default/phones"):
        assert refusal(*visit, path=page) is None
        assert refusal(*framed, path=page) == "Foreign origin"
    for path in (DEFAULT, "/_sandbox/uii"):
        assert refusal(*visit, path=path) == "Foreign origin"


@pytest.fixture
def live() -> Iterator[Live]:
    live = Live()
    yield live
    live.stop()


def call_back(live: Live, url: str) -> Any:
    """Submits with this StatusCallback: how the first attempt to tell it went."""
    form = {"To": STRANGER, "From": LINE, "Body": "Hello", "StatusCallback": url}
    sid = httpx.post(f"{live.url}{SIMPLEPAY}/submit/{CONSOLE}", data=form, auth=DEMO).json()["sid"]
    end = time.monotonic() + FAILSAFE_S
    while not (attempts := live.control("GET", f"/messages/{sid}")["callbacks"][0]["attempts"]):
        assert time.monotonic() < end, "no attempt was made"
        time.sleep(0.01)
    return attempts[0]


def test_a_callback_drives_no_workspace(live: Live) -> None:
    live.control("PUT", "/snapshots/before")
    sent = live.send()["id"]
    for prefix in ("/_sandbox", "/%5Fsandbox"):
        path = DEFAULT.replace("/_sandbox", prefix) + "/snapshots/before/restore"
        attempt = call_back(live, live.url + path)
        assert (attempt["status"], attempt["error"]) == (403, None)
    assert live.control("GET", f"/messages/{sent}")["id"] == sent
    sink = live.control("PUT", "/sinks/mine", {"status": 202})["url"]
    assert call_back(live, sink)["status"] == 202


@pytest.mark.parametrize("path", ["/_sandbox", "/_sandbox/health/live", "/_sandbox/sinks", "/_sandbox/ui", DEFAULT])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_our_sender_reaches_sinks_only(path: str, method: str) -> None:
    assert refusal(SENDER, path=path, method=method) == "Callback"
    assert refusal(SENDER, (b"user-agent", b"curl"), path=path, method=method) == "Callback"
    assert refusal((b"user-agent", b"dialog-sandbox-client"), path=path, method=method) is None
    assert refusal(SENDER, path=SINK, method=method) is None


def test_our_sender_is_told_why(sandbox: Driver) -> None:
    answer = sandbox.call("POST", f"{DEFAULT}/reset", headers={"user-agent": "dialog-sandbox"})
    assert (answer.status_code, answer.json()) == (403, CALLBACK)


@pytest.mark.parametrize(
    "kind", [FORM, "Text/Plain;charset=UTF-8", "multipart/form-data; boundary=x", " TEXT/PLAIN ", f"{FORM} ;"]
)
def test_a_form_of_anybodys_is_refused_where_no_body_is_read_too(sandbox: Driver, kind: str) -> None:
    header = (b"content-type", kind.encode())
    assert refusal(header, method="POST") == "Not JSON"
    assert refusal((b"content-type", b"application/json"), header, method="POST") == "Not JSON"
    assert refusal(header, method="POST", path=SINK) is None
    assert refusal(header, method="POST", host=(b"host", b"evil.example")) == "Untrusted host"
    sandbox.control("PUT", "/snapshots/before")
    sandbox.send()
    answer = sandbox.call("POST", f"{DEFAULT}/snapshots/before/restore", content=b"", headers={"content-type": kind})
    assert (answer.status_code, answer.json()["title"]) == (415, "Not JSON")
    sandbox.control("POST", "/snapshots/before/restore")
    sandbox.control("POST", "/reset")


def test_what_no_form_can_send_may_have_any_type() -> None:
    header = (b"content-type", FORM.encode())  # curl's, for a snapshot's file
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        assert refusal(header, method=method) is None


def bearer(value: bytes) -> tuple[bytes, bytes]:
    return (b"authorization", value)


@pytest.mark.parametrize(
    ("headers", "title"),
    [
        ((), "Token needed"),
        ((bearer(b"Bearer a-token"),), None),
        ((bearer(b"bearer  a-token"),), None),
        ((bearer(b"Bearer another"),), "Token needed"),
        ((bearer(b"Bearer "),), "Token needed"),
        ((bearer(b"Bearer \xff"),), "Token needed"),
        ((bearer(b"Basic a-token"),), "Token needed"),
        ((bearer(b"a-token"),), "Token needed"),
        ((bearer(b"Bearer a-token"), bearer(b"Bearer a-token")), "Token needed"),
    ],
)
@pytest.mark.parametrize("bound", ["0.0.0.0", "127.0.0.1", "localhost", "::1", "::ffff:127.0.0.1"])
def test_a_token_that_is_given_is_needed_on_loopback_too(
    headers: tuple[tuple[bytes, bytes], ...], title: str | None, bound: str
) -> None:
    guard = Guard(nothing, Settings(host=bound, control_token=TOKEN))
    problem = guard.problem("GET", DEFAULT, Headers(raw=[HOST, *headers]))
    assert (problem.title if problem else None) == title


@pytest.mark.parametrize("bound", ["127.0.0.1", "127.8.8.8", "localhost", "::1", "[::1]", "::ffff:127.0.0.1"])
def test_on_loopback_without_a_token_it_is_open(bound: str) -> None:
    assert refusal(host_setting=bound) is None


@pytest.mark.parametrize(
    "bound", ["127.0.0.999", "127.example.com", "127.1", "10.0.0.1", "::", "0.0.0.0", "::ffff:10.0.0.1"]
)
def test_elsewhere_it_is_not(bound: str) -> None:
    assert refusal(host_setting=bound) == "Token needed"


@pytest.mark.parametrize("bound", ["0.0.0.0", "127.0.0.1"])
def test_opened_on_purpose_a_token_that_is_given_is_not_needed(bound: str) -> None:
    assert refusal(host_setting=bound, control_token=TOKEN, control_open=True) is None


@pytest.mark.parametrize("sent_token", [b"Bearer ", b"Bearer", b"Bearer None", b""])
def test_without_a_token_nobody_has_it(sent_token: bytes) -> None:
    guard = Guard(nothing, Settings(host="0.0.0.0"))
    problem = guard.problem("GET", DEFAULT, Headers(raw=[HOST, bearer(sent_token)]))
    assert problem is not None
    assert problem.title == "Token needed"


@pytest.mark.parametrize(
    "path",
    [
        "/_sandbox/health/live",
        "/_sandbox/health/ready",
        "/_sandbox/docs",
        "/_sandbox/docs/docs.js",
        "/_sandbox/ui",
        "/_sandbox/ui/default/phones",
        "/_sandbox/ui/assets/phones.js",
        "/_sandbox/openapi.json",
        "/_sandbox/openapi/writeback.json",
        "/_sandbox/collections/control.http",
        "/_sandbox/collections/simplepay.postman.json",
        "/_sandbox/llms.txt",
        "/llms.txt",
    ],
)
def test_what_holds_no_data_needs_no_token(path: str, open_driver: Callable[..., Driver]) -> None:
    sandbox = open_driver(host="0.0.0.0", control_token=TOKEN)
    assert sandbox.call("GET", path).status_code == 200


def test_a_wrong_token_is_told_from_none(open_driver: Callable[..., Driver]) -> None:
    wrong = {
        **NEEDED,
        "detail": "That is not the control token: send SANDBOX_CONTROL_TOKEN as the server has it, or the one that it"
        " printed at its last start.",
    }
    told = 'Bearer error="invalid_token"'
    for settings in ({"host": "0.0.0.0", "control_token": TOKEN}, {"demo": True, "control_token": TOKEN}):
        sandbox = open_driver(**settings)
        for sent in ("Bearer another", "bearer  a-toke", f"Bearer {TOKEN} {TOKEN}"):
            answer = sandbox.call("POST", f"{DEFAULT}/reset", headers={"Authorization": sent})
            assert (answer.status_code, answer.headers["www-authenticate"], answer.json()) == (401, told, wrong)


@pytest.mark.parametrize("path", ["/_sandbox/version", "/_sandbox/nothing", "/_sandbox/openapi", DEFAULT])
def test_everything_else_needs_it(path: str, open_driver: Callable[..., Driver]) -> None:
    sandbox = open_driver(host="0.0.0.0", control_token=TOKEN)
    answer = sandbox.call("GET", path)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.json() == NEEDED
    allowed = sandbox.call("GET", path, headers={"authorization": f"Bearer {TOKEN}"})
    assert allowed.status_code in (200, 404)


def test_opened_on_purpose_it_needs_no_token_but_a_trusted_host(open_driver: Callable[..., Driver]) -> None:
    sandbox = open_driver(host="0.0.0.0", control_open=True)
    assert sandbox.call("GET", DEFAULT).status_code == 200
    answer = sandbox.call("GET", DEFAULT, headers={"host": "evil.example"})
    assert (answer.status_code, answer.json()) == (403, UNTRUSTED)


def test_a_foreign_page_is_refused_and_nothing_done(sandbox: Driver) -> None:
    answer = sandbox.call(
        "PUT", f"{DEFAULT}/delivery", json={"mode": "manual"}, headers={"origin": "https://evil.example"}
    )
    assert (answer.status_code, answer.json()) == (403, FOREIGN)
    assert sandbox.control("GET", "/delivery")["mode"] == "immediate"


def test_no_answer_lets_another_origin_read_it(sandbox: Driver) -> None:
    asking = {"origin": "https://evil.example", "access-control-request-method": "GET"}
    for method, headers in (("GET", {}), ("OPTIONS", asking), ("GET", asking)):
        answer = sandbox.call(method, DEFAULT, headers=headers)
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_vendor_paths_and_unknown_ones_take_any_host(sandbox: Driver) -> None:
    headers = {"host": "sandbox.example"}
    assert sandbox.writeback(headers=headers).status_code == 200
    assert sandbox.call("GET", "/nothing", headers=headers).status_code == 404
    assert sandbox.call("GET", "/_sandboxes", headers=headers).status_code == 404


@pytest.mark.parametrize("bound", ["127.0.0.1", "0.0.0.0"])
def test_in_a_demo_visitors_read_and_whoever_has_the_token_drives(bound: str) -> None:
    guard = Guard(nothing, Settings(demo=True, host=bound, control_token=TOKEN))

    def title(method: str, *headers: tuple[bytes, bytes]) -> str | None:
        problem = guard.problem(method, DEFAULT, Headers(raw=[HOST, *headers]))
        return problem.title if problem else None

    assert [title(method) for method in ("GET", "HEAD")] == [None, None]
    assert {title(method) for method in ("POST", "PUT", "PATCH", "DELETE")} == {"Token needed"}
    assert title("POST", bearer(f"Bearer {TOKEN}".encode())) is None
    assert title("GET", (b"origin", b"https://evil.example")) == "Foreign origin"
