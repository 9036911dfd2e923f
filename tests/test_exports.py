"""The journal as HAR and as a file of requests: what viewers and editors make of it, and never a secret."""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import httpx
import pytest
from driver import CONSOLE, DEFAULT, DEMO, DIALOGTECH, KEYS, LINE, PHONE, SIMPLEPAY, STRANGER, WRITEBACK, Driver
from masks import exchange_id, masked
from spaces import basic, create, keys

from sandbox.server.journal.entry import LONGEST_BODY

SECRETS = (*DEMO[1:], *KEYS.values(), "ZGVtbzpkZW1v")
VALUES = {"username": DEMO[0], "password": DEMO[1], **KEYS}


def exported(sandbox: Driver, name: str, workspace: str = "default", **filters: Any) -> str:
    answer = sandbox.call("GET", f"/_sandbox/workspaces/{workspace}/journal.{name}", params=filters)
    assert answer.status_code == 200, answer.text
    return answer.text


def har(sandbox: Driver, **filters: Any) -> Any:
    return json.loads(exported(sandbox, "har", **filters))["log"]


def fields(pairs: Any) -> dict[str, str]:
    """The pairs of a HAR list by name."""
    return {each["name"]: each["value"] for each in pairs}


class FileRequest(NamedTuple):
    """A request that an editor would send."""

    method: str
    url: str
    headers: dict[str, str]
    body: str


def requests_of(file: str, values: dict[str, str]) -> Iterator[FileRequest]:
    """Read a `.http` file as editors do: `@name = value`, `###` between requests, `#` before what is not sent."""
    variables = {"url": ""} | dict(re.findall(r"^@(\w+) = ?(.*)$", file, re.MULTILINE)) | values
    for part in re.split(r"^###.*\n", file, flags=re.MULTILINE)[1:]:
        lines = re.sub(r"^#.*\n", "", part, flags=re.MULTILINE)
        if not lines.strip():
            continue
        text = re.sub(r"\{\{(\w+)\}\}", lambda found: variables[found[1]], lines)
        head, _, body = text.partition("\n\n")
        first, *headers = head.splitlines()
        method, url = first.split(" ", 1)
        yield FileRequest(method, url, dict(each.split(": ", 1) for each in headers if each), body.rstrip("\n"))


def sent(sandbox: Driver, request: FileRequest) -> httpx.Response:
    """Send one, as an editor does: it makes the token of user and password."""
    headers = dict(request.headers)
    auth = None
    if "authorization" in headers:
        scheme, username, password = headers.pop("authorization").split(" ")
        assert scheme == "Basic"
        auth = (username, password)
    url = httpx.URL(request.url)
    return sandbox.call(request.method, url.raw_path, auth=auth, headers=headers, content=request.body.encode())


def calls(sandbox: Driver) -> None:
    """One of each kind: accepted, refused, faulted, read by each vendor."""
    sandbox.submit(text="Your code is {{482913}}.")
    sandbox.submit(to="4155550124")
    sandbox.control("POST", "/faults", {"match": {"to": STRANGER}, "effect": {"status": 503}})
    sandbox.submit(to=STRANGER)
    sandbox.writeback()
    sandbox.get_messages()
    sandbox.call("POST", DIALOGTECH, data={"action": "sms.get_messages", **KEYS, "start_date": "20260506"})
    sandbox.call("DELETE", f"{SIMPLEPAY}/submit/{CONSOLE}", auth=DEMO)


# HAR ---------------------------------------------------------------------------------------------------------------


def test_an_exchange_is_an_entry_of_har(sandbox: Driver) -> None:
    answer = sandbox.submit(text="Hello")
    log = har(sandbox)
    (entry,) = log.pop("entries")
    version = sandbox.call("GET", "/_sandbox/version").json()["version"]
    assert log == {"version": "1.2", "creator": {"name": "dialog-sandbox", "version": version}}
    form = f"To={PHONE}&From={LINE}&Body=Hello"
    ms = entry["time"]
    assert isinstance(ms, int)
    assert fields(entry["request"].pop("headers"))["authorization"] == "Basic [redacted]"
    assert fields(entry["response"].pop("headers"))["content-type"] == "application/json"
    assert entry.pop("_sandbox")["id"] == exchange_id(answer)
    assert entry == {
        "startedDateTime": entry["startedDateTime"],
        "time": ms,
        "request": {
            "method": "POST",
            "url": f"http://127.0.0.1:8080{SIMPLEPAY}/submit/{CONSOLE}",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "queryString": [],
            "headersSize": -1,
            "bodySize": len(form),
            "postData": {
                "mimeType": "application/x-www-form-urlencoded",
                "text": form,
                "params": [
                    {"name": "To", "value": PHONE},
                    {"name": "From", "value": LINE},
                    {"name": "Body", "value": "Hello"},
                ],
            },
        },
        "response": {
            "status": 200,
            "statusText": "OK",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "content": {"size": len(answer.content), "mimeType": "application/json", "text": answer.text},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": len(answer.content),
        },
        "cache": {},
        "timings": {"send": 0, "wait": ms, "receive": 0},
    }


def test_a_har_file_has_every_exchange_in_its_order(sandbox: Driver) -> None:
    assert har(sandbox)["entries"] == []
    calls(sandbox)
    entries = har(sandbox)["entries"]
    journal = sandbox.control("GET", "/journal")["items"]
    assert [each["_sandbox"]["id"] for each in entries] == [each["id"] for each in journal]
    assert [each["response"]["status"] for each in entries] == [200, 400, 503, 200, 200, 200, 405]
    assert [each["_sandbox"]["findings"] for each in entries] == [each["findings"] for each in journal]


def test_a_har_entry_begins_when_the_call_came(sandbox: Driver) -> None:
    sandbox.submit()
    (entry,) = har(sandbox)["entries"]
    (exchange,) = sandbox.control("GET", "/journal")["items"]
    began, ended = (datetime.fromisoformat(each) for each in (entry["startedDateTime"], exchange["wall"]))
    assert ended - began == timedelta(milliseconds=exchange["ms"])


def test_a_query_string_is_told_by_its_parameters(sandbox: Driver) -> None:
    sandbox.get_messages(note="a b")
    (entry,) = har(sandbox)["entries"]
    assert fields(entry["request"]["queryString"]) == {
        "action": "sms.get_messages",
        "access_key": "[redacted]",
        "secret_access_key": "[redacted]",
        "start_date": "20260506",
        "end_date": "20260506",
        "note": "a b",
    }


def test_a_body_that_is_no_text_or_was_cut_says_so(sandbox: Driver) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    path = f"{SIMPLEPAY}/submit/{CONSOLE}"
    sandbox.call("POST", path, auth=DEMO, headers=form, content=b"Body=\xff\\")
    long = b"Body=" + b"a" * LONGEST_BODY
    sandbox.call("POST", path, auth=DEMO, headers=form, content=long)
    odd, cut = (each["request"] for each in har(sandbox)["entries"])
    assert odd["postData"] == {
        "mimeType": "application/x-www-form-urlencoded",
        "text": "Body=\\xff\\\\",
        "comment": r"The body is not UTF-8: its odd bytes are written \xff, and backslashes are doubled.",
    }
    assert (cut["bodySize"], cut["postData"]["text"]) == (len(long), long[:LONGEST_BODY].decode())
    assert cut["postData"]["comment"] == f"The first {LONGEST_BODY} bytes are kept."


# Requests to send ----------------------------------------------------------------------------------------------------


def test_a_file_of_requests_can_be_read_by_a_person(sandbox: Driver) -> None:
    answer = sandbox.submit(to="4155550123", text="Hello")
    agent = f"python-httpx/{httpx.__version__}"
    assert exported(sandbox, "http") == "\n".join(
        (
            "# The calls of the workspace default, the oldest first. Fill in its credentials, which",
            "# GET http://127.0.0.1:8080/_sandbox/workspaces/default tells.",
            "@url = http://127.0.0.1:8080",
            "@username =",
            "@password =",
            "@access_key =",
            "@secret_access_key =",
            "",
            "### simplepay.submit",
            f"# {exchange_id(answer)} at 2026-05-06T09:00:00+00:00: 400, refused",
            "# SP-msisdn, error: To '4155550123'. Send 14155550123 instead of 4155550123.",
            "POST {{url}}/dialoghealth-simplepay-api/submit/HARBOR1001",
            "accept: */*",
            f"user-agent: {agent}",
            "content-type: application/x-www-form-urlencoded",
            "authorization: Basic {{username}} {{password}}",
            "",
            f"To=4155550123&From={LINE}&Body=Hello",
            "",
        )
    )


def test_a_file_of_requests_sent_again_gets_the_same_answers(sandbox: Driver) -> None:
    sandbox.delivery("immediate")
    calls(sandbox)
    before = [each["response"]["body"] for each in sandbox.control("GET", "/journal")["items"]]
    file = exported(sandbox, "http")
    sandbox.control("POST", "/reset")
    sandbox.delivery("immediate")
    sandbox.control("POST", "/faults", {"match": {"to": STRANGER}, "effect": {"status": 503}})
    again = [sent(sandbox, request) for request in requests_of(file, VALUES)]
    assert [masked(each.text) for each in again] == [*map(masked, before)]


def test_each_account_has_variables_of_its_own(sandbox: Driver) -> None:
    workspace = create(sandbox, name="two-accounts")
    path = "/_sandbox/workspaces/two-accounts"
    second = sandbox.call("POST", f"{path}/accounts").json()
    days = {"action": "sms.get_messages", "start_date": "20260506", "end_date": "20260506"}
    sandbox.call("GET", DIALOGTECH, params={**days, **keys(second)})
    file = exported(sandbox, "http", "two-accounts")
    assert "access_key={{access_key_2}}&secret_access_key={{secret_access_key_2}}" in file
    username, password = basic(workspace)
    second_keys = {f"{name}_2": value for name, value in keys(second).items()}
    (request,) = requests_of(file, {"username": username, "password": password, **second_keys})
    assert sent(sandbox, request).status_code == 200
    assert not any(secret in file for secret in (password, *keys(second).values()))


@pytest.mark.parametrize(
    ("headers", "body", "why"),
    [
        ({"Content-Type": "text/plain"}, b"a\n### b\nGET /c", "a line of its body would mean something else"),
        ({"Content-Type": "text/plain"}, b"< /etc/hostname", "a line of its body would mean something else"),
        ({"Content-Type": "text/plain"}, b"{{password}}", "it has two braces, which would be a variable"),
        ({"Content-Type": "text/plain", "X-Note": "{{password}}"}, b"", "it has two braces, which would be a variable"),
        ({"Content-Type": "text/plain"}, b"\xff", "its body is not UTF-8"),
        (
            {"Content-Type": "text/plain"},
            b"a" * (LONGEST_BODY + 1),
            f"of its {LONGEST_BODY + 1} bytes only the first are kept",
        ),
    ],
    ids=["another request", "a file", "a variable", "a variable in a header", "bytes", "cut"],
)
def test_what_such_a_file_cannot_say_is_a_comment(
    sandbox: Driver, headers: dict[str, str], body: bytes, why: str
) -> None:
    sandbox.call("POST", f"{SIMPLEPAY}/submit/{CONSOLE}", auth=DEMO, headers=headers, content=body)
    file = exported(sandbox, "http")
    assert f"# It cannot be sent from here: {why}." in file
    assert list(requests_of(file, VALUES)) == []


# Both ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["har", "http"])
def test_no_export_has_a_secret(sandbox: Driver, name: str) -> None:
    calls(sandbox)
    sandbox.submit(callback="http://user:hunter2@127.0.0.1:9/?token=hunter3", text="password: hunter4")
    file = exported(sandbox, name)
    found = [secret for secret in (*SECRETS[1:], "hunter2", "hunter3") if secret in file]
    assert found == []


@pytest.mark.parametrize("name", ["har", "http"])
def test_an_export_takes_the_filters_of_the_journal(sandbox: Driver, name: str) -> None:
    accepted, refused = sandbox.submit(), sandbox.submit(to="4155550123")
    later = sandbox.call("GET", f"{WRITEBACK}/{CONSOLE}/2026-05-06 00:00:00/2026-05-06 23:59:59", auth=DEMO)
    expected = {
        ("operation", "writeback.responses"): [later],
        ("outcome", "refused"): [refused],
        ("status", "400"): [refused],
        ("findings", "error"): [refused],
        ("message", accepted.json()["sid"]): [accepted, later],
        ("since", "2026-05-07T00:00:00Z"): [],
        ("until", "2026-05-05T00:00:00Z"): [],
    }
    for (filter_name, value), answers in expected.items():
        file = exported(sandbox, name, **{filter_name: value})
        found = [each for each in (accepted, refused, later) if exchange_id(each) in file]
        assert found == answers, filter_name


@pytest.mark.parametrize("name", ["har", "http"])
def test_an_export_is_a_file_to_keep(sandbox: Driver, name: str) -> None:
    answer = sandbox.call("GET", f"{DEFAULT}/journal.{name}")
    assert answer.headers["content-disposition"] == f'attachment; filename="default.{name}"'
    assert answer.headers["cache-control"] == "no-store"
    refused = sandbox.call("GET", f"{DEFAULT}/journal.{name}?operation=nothing")
    assert refused.status_code == 422
    unknown = sandbox.call("GET", f"/_sandbox/workspaces/nowhere/journal.{name}")
    assert (unknown.status_code, unknown.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("name", ["har", "http"])
def test_an_export_masks_what_looks_like_real_data_when_asked(sandbox: Driver, name: str) -> None:
    sandbox.submit(text="SSN 219-09-9999")
    assert "219-09-9999" in exported(sandbox, name).replace("+", " ")
    assert "219-09-9999" not in exported(sandbox, name, mask="true").replace("+", " ")
