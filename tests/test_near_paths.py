"""Paths beside every prefix: answered by the vendor that was meant, and in a journal whoever's they are."""

import asyncio
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from driver import CONSOLE, DEFAULT, DEMO, DIALOGTECH, KEYS, PHONE, SIMPLEPAY, WRITEBACK, Driver
from hypothesis import given
from hypothesis import strategies as st

from sandbox.vendors import VENDORS
from sandbox.vendors.base import exchange, near_misses

SUBMIT = f"{SIMPLEPAY}/submit/{CONSOLE}"
READ = f"{WRITEBACK}/{CONSOLE}/2026-05-06%2000:00:00/2026-05-06%2023:59:59"
JOURNAL = "/_sandbox/journal"
WRITEBACK_PREFIX = "/dialoghealth-writeback-api"
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def entry_of(sandbox: Driver, answer: httpx.Response) -> Any:
    """What the journal has of an answer, whoever it belongs to."""
    read = sandbox.call("GET", f"{JOURNAL}/{answer.headers['x-sandbox-exchange']}")
    assert read.status_code == 200, read.text
    return read.json()


def reason(answer: httpx.Response) -> str:
    """What an answer says is wrong, in the shape of whichever vendor."""
    if answer.headers["content-type"].startswith("text/xml"):
        return str(ElementTree.fromstring(answer.content).findtext("result_description"))
    body = answer.json()
    return str(body.get("message") or body.get("error_message") or body.get("detail"))


@pytest.mark.rule("NET-path")
@pytest.mark.parametrize(
    ("path", "meant"),
    [
        (f"/simplepay/submit/{CONSOLE}", SUBMIT),
        (f"/simplepay-api/submit/{CONSOLE}", SUBMIT),
        (f"/dialoghealth-simplepay/submit/{CONSOLE}", SUBMIT),
        (f"/dialoghealth_simplepay_api/submit/{CONSOLE}", SUBMIT),
        (f"/dialoghealth-api/submit/{CONSOLE}", SUBMIT),
        (f"/submit/{CONSOLE}", SUBMIT),
        (f"/Submit/{CONSOLE}/", SUBMIT),
        (f"/api/v1/submit/{CONSOLE}", SUBMIT),
        (f"/{SUBMIT}", SUBMIT),
        (f"/{SUBMIT}//", SUBMIT),
        (f"/v1{SUBMIT}", SUBMIT),
        (f"/x/%2e%2E{SUBMIT}", SUBMIT),
        (f"/%2F{SUBMIT}", SUBMIT),
        (f"/%5C{SUBMIT[1:]}", SUBMIT),
        (SUBMIT.upper().replace(CONSOLE, "HARBOR1001"), SUBMIT),
        (f"/DialogHealth-SimplePay-API/messages/{CONSOLE}/x", f"{SIMPLEPAY}/messages/{CONSOLE}/x"),
        (f"/optout/{CONSOLE}/{PHONE}", f"{SIMPLEPAY}/optout/{CONSOLE}/{PHONE}"),
        ("/simplepay", SIMPLEPAY),
        (f"/simplepay/submit/{CONSOLE}/more", SIMPLEPAY),
        (f"/submit/{'x' * 400}", SIMPLEPAY),
        (READ.replace(WRITEBACK_PREFIX, "/writeback"), READ),
        (READ.replace(WRITEBACK_PREFIX, ""), READ),
        (READ.replace(WRITEBACK_PREFIX, "/dialoghealth-writeback-apis"), READ),
        (f"/{READ}", READ),
        ("/ibp_api.php5", DIALOGTECH),
        ("/ibp_api", DIALOGTECH),
        ("/ibp-api.php", DIALOGTECH),
        ("/IBP_API.PHP", DIALOGTECH),
        ("//ibp_api.php", DIALOGTECH),
        ("/api/ibp_api.php/", DIALOGTECH),
        ("/dialogtech/ibp_api.php", DIALOGTECH),
        ("/dialogtech", DIALOGTECH),
        ("/ibp_api.php%3Faction=sms.get_messages", DIALOGTECH),
        ("/ibp_api.php&action=sms.get_messages", DIALOGTECH),
        (f"/simplepay/submitt/{CONSOLE}&To=1", SUBMIT),
        (READ.replace(f"{WRITEBACK_PREFIX}/api", "/writeback"), READ),
    ],
)
def test_a_near_miss_is_answered_by_the_vendor_that_was_meant(sandbox: Driver, path: str, meant: str) -> None:
    answer = sandbox.call("POST", path.encode(), content=b"To=1", headers={"Content-Type": "text/plain"})
    assert answer.status_code == (200 if meant == DIALOGTECH else 404)
    assert reason(answer) == f"There is no such path: did you mean {meant}?"
    entry = entry_of(sandbox, answer)
    assert (entry["operation"], entry["outcome"], entry["rules"]) == (None, "refused", ["NET-path"])
    assert (entry["method"], entry["path"], entry["request"]["body"]) == ("POST", path, "To=1")
    (finding,) = entry["findings"]
    is_whole = meant not in (SIMPLEPAY, WRITEBACK_PREFIX)
    mend = f"Call {meant}." if is_whole else f"Begin the path with {meant}."
    assert (finding["rule"], finding["level"], finding["mend"]) == ("NET-path", "error", mend)
    assert sandbox.call("GET", JOURNAL).json()["items"] == [entry]


@pytest.mark.rule("NET-path")
@pytest.mark.parametrize(
    ("path", "meant"),
    [
        *((f"{SIMPLEPAY}/{rest}/{CONSOLE}", SUBMIT) for rest in ("submitt", "Submit", "x/%2E%2e/submit", "/submit")),
        *((SUBMIT + behind, SUBMIT) for behind in ("/", "//", "/%2e/")),
        (f"{SIMPLEPAY}/message/{CONSOLE}/x", f"{SIMPLEPAY}/messages/{CONSOLE}/x"),
        (f"{SIMPLEPAY}/opt-out/{CONSOLE}/{PHONE}", f"{SIMPLEPAY}/optout/{CONSOLE}/{PHONE}"),
        (READ.replace("responses", "response"), READ),
        (READ.replace("/api/", "/"), READ),
        (f"{READ}/", READ),
        (f"{DIALOGTECH}/", DIALOGTECH),
        *((f"{SIMPLEPAY}{rest}", None) for rest in ("", "/", "/send", f"/{CONSOLE}", f"/send/{CONSOLE}", "/submit")),
        (WRITEBACK_PREFIX, None),
    ],
)
def test_a_misspelt_path_of_a_vendors_own_is_told_which_one_was_meant(
    sandbox: Driver, path: str, meant: str | None
) -> None:
    answer = sandbox.call("POST", path.encode(), content=b"To=1", headers={"Content-Type": "text/plain"})
    assert reason(answer) == ("There is no such path" + (f": did you mean {meant}?" if meant else "."))
    (finding,) = entry_of(sandbox, answer)["findings"]
    assert finding["rule"] in ("SP-other", "WB-error", "DT-endpoint")
    assert finding["mend"].endswith("without a slash at its end.")


@pytest.mark.parametrize("before", ["/x/..", "/.", "/..", "/./x/../.", "/x/%2E%2e", "/%2e", "/x/y/../../"])
def test_dots_that_clients_leave_out_themselves_are_passed_over(before: str) -> None:
    for vendor in VENDORS:
        near = vendor.near_miss(f"{before}{vendor.prefix}/nothing")
        assert near == near_misses.NearMiss(0, vendor.prefix, is_route=vendor.name == "dialogtech")


@pytest.mark.parametrize("vendor", VENDORS, ids=[vendor.name for vendor in VENDORS])
def test_what_is_meant_is_one_of_the_vendors_own_paths(vendor: Any) -> None:
    for route in vendor.router.routes:
        for path in (f"/{route.path}", route.path.upper(), f"/x{route.path}/", f"/v1/../.{route.path}"):
            near = vendor.near_miss(path.replace("{CONSOLECODE}", "{consoleCode}"))
            assert near is not None
            assert near.path.casefold() == route.path.casefold()
            assert vendor.claims(near.path)


@given(st.text(st.characters(max_codepoint=127), max_size=60))
def test_any_path_is_near_something_of_a_vendor_or_nothing(path: str) -> None:
    for vendor in VENDORS:
        near = vendor.near_miss(f"/{path}")
        assert near is None or near.path.startswith(vendor.prefix)


@pytest.mark.parametrize("path", ["/a" * 30_000, "/" * 60_000, "/" + "a" * 60_000, "/.." * 20_000, "/submit" * 9_000])
def test_a_long_path_is_looked_at_once(path: str) -> None:
    for vendor in VENDORS:
        near = vendor.near_miss(path)
        assert near is None or len(near.path) <= near_misses.LONGEST


@pytest.mark.rule("NET-path")
def test_a_near_miss_with_right_credentials_belongs_to_their_workspace(sandbox: Driver) -> None:
    answers = [
        sandbox.call("POST", f"/simplepay/submit/{CONSOLE}", auth=DEMO, data={"To": PHONE}),
        sandbox.call("GET", "/ibp_api", params=KEYS),
    ]
    entries = sandbox.control("GET", "/journal")["items"]
    assert [entry["id"] for entry in entries] == [answer.headers["x-sandbox-exchange"] for answer in answers]
    assert [entry_of(sandbox, answer) for answer in answers] == entries
    assert entries[0]["request"]["body"] == f"To={PHONE}"
    verdict = sandbox.call("POST", f"{DEFAULT}/verify", json={"expect": [], "no_findings": True})
    assert verdict.status_code == 417
    assert sandbox.call("GET", JOURNAL).json()["items"] == []


@pytest.mark.rule("NET-path")
@pytest.mark.parametrize(
    "path",
    ["/nothing", "/favicon.ico", "/api", "/messages", "/dialoghealth", "/index.php", "/.well-known/x", "/health"],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS", "X"])
def test_any_other_path_is_a_problem_and_in_the_journal_of_nobody(sandbox: Driver, path: str, method: str) -> None:
    body = b'{"password": "hunter22", "text": "Hello"}'
    headers = {"Content-Type": "application/json", "Authorization": "Bearer abc", "Host": "sandbox.example"}
    answer = sandbox.call(method, path, content=body, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    entry = entry_of(sandbox, answer)
    assert (entry["method"], entry["path"], entry["status"]) == (method, path, 404)
    assert entry["request"]["body"] == '{"password": "[redacted]", "text": "Hello"}'
    assert ["authorization", "Bearer [redacted]"] in entry["request"]["headers"]
    assert [finding["rule"] for finding in entry["findings"]] == ["NET-path"]
    assert sandbox.call("GET", JOURNAL).json()["items"] == [entry]
    assert sandbox.control("GET", "/journal")["items"] == []


def test_the_passwords_of_all_workspaces_are_taken_out_there_too(sandbox: Driver) -> None:
    answer = sandbox.call("POST", "/nothing", content=b"demo-secret-key is the word", auth=("demo", "hunter22"))
    entry = entry_of(sandbox, answer)
    assert entry["request"]["body"] == "[redacted] is the word"
    assert ["authorization", "Basic [redacted]"] in entry["request"]["headers"]


def test_a_long_body_is_cut_as_elsewhere(sandbox: Driver) -> None:
    for path in ("/nothing", f"{SIMPLEPAY}/nothing"):
        for size in (100_000, 3_000_000):
            request = entry_of(sandbox, sandbox.call("POST", path, content=b"x" * size))["request"]
            assert (len(request["body"]), request["truncated"]) == (64 * 1024, True)


@pytest.mark.parametrize("path", ["/nothing", f"{SIMPLEPAY}/nothing", f"/simplepay/submit/{CONSOLE}"])
def test_a_body_that_never_comes_is_not_waited_for(sandbox: Driver, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "BODY_TIMEOUT_S", 0.01)
    sent: list[Any] = []
    chunks = [{"type": "http.request", "body": b"half", "more_body": True}]

    async def ask() -> None:
        async def receive() -> Any:
            return chunks.pop() if chunks else await asyncio.Event().wait()

        async def send(message: Any) -> None:
            sent.append(message)

        headers = [(b"host", b"127.0.0.1"), (b"content-length", b"10")]
        scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}
        scope |= {"scheme": "http", "http_version": "1.1", "raw_path": path.encode(), "client": ("127.0.0.1", 1)}
        await sandbox.app(scope, receive, send)

    sandbox.run(ask())
    assert sent[0]["status"] == 404
    (entry,) = sandbox.call("GET", JOURNAL).json()["items"]
    assert entry["request"]["body"] == "half"


@pytest.mark.rule("NET-path")
@pytest.mark.parametrize(
    "path",
    ["//_sandbox/workspaces/default", "/_Sandbox/health/ready", "/sandbox/version", "/x/_sandbox", "/_sandboxes"],
)
def test_a_path_near_the_control_apis_is_told_it(sandbox: Driver, path: str) -> None:
    answer = sandbox.call("GET", path.encode())
    assert (answer.status_code, reason(answer)) == (404, "There is no such path: did you mean /_sandbox?")
    (finding,) = entry_of(sandbox, answer)["findings"]
    assert finding["mend"] == "Begin the path with /_sandbox."


def test_the_root_leads_browsers_to_the_console_and_is_in_the_journal_else(sandbox: Driver) -> None:
    led = sandbox.call("GET", "/", headers=BROWSER)
    assert (led.status_code, "x-sandbox-exchange" in led.headers) == (307, False)
    for method, status in (("GET", 404), ("HEAD", 404), ("POST", 405)):
        answer = sandbox.call(method, "/")
        assert answer.status_code == status
        assert entry_of(sandbox, answer)["path"] == "/"


def test_calls_of_the_control_api_and_the_console_are_in_no_journal(sandbox: Driver) -> None:
    for path in ("/_sandbox", "/_sandbox/nothing", DEFAULT, "/_sandbox/ui", "/_sandbox/docs", "/_sandbox/health/live"):
        assert "x-sandbox-exchange" not in sandbox.call("GET", path).headers
    assert sandbox.call("GET", JOURNAL).json()["items"] == []


def test_any_exchange_is_found_by_its_id_whoever_it_belongs_to(sandbox: Driver, neighbour_world: str) -> None:
    auth, _ = sandbox.neighbour(neighbour_world)
    for answer in (sandbox.writeback(), sandbox.writeback(auth=auth), sandbox.writeback(auth=("x", "y"))):
        assert entry_of(sandbox, answer)["status"] == answer.status_code
    unknown = sandbox.call("GET", f"{JOURNAL}/ex_00000000000000000000000000000000")
    assert (unknown.status_code, unknown.json()["title"]) == (404, "Unknown exchange")
