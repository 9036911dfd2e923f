"""Which names are the server's own, and which pages: the guard and the vendors ask the same."""

from typing import Any

import pytest
from driver import CONSOLE, DEFAULT, DEMO, LINE, PHONE, SIMPLEPAY, WRITEBACK, Driver
from hypothesis import given
from hypothesis import strategies as st

from sandbox.server.origins import OwnNames, authority
from sandbox.settings import Settings

HOST = "127.0.0.1:8080"
SUBMIT = f"{SIMPLEPAY}/submit/{CONSOLE}"
READ = f"{WRITEBACK}/{CONSOLE}/2026-05-06%2000:00:00/2026-05-06%2023:59:59"
FORM = {"To": PHONE, "From": LINE, "Body": "Hello"}
NAMES = OwnNames(Settings(hosts=("sandbox.test",), host="fd00::7"))


@pytest.mark.rule("NET-origin")
@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://127.0.0.1:8080", HOST),
        ("https://127.0.0.1:8080", HOST),  # a proxy took TLS off
        ("HTTP://LocalHost:8080", "localhost:8080"),
        ("http://localhost", "localhost"),
        ("http://localhost", "localhost:80"),
        ("http://localhost:80", "localhost"),
        ("http://localhost", "localhost:"),
        ("https://localhost", "localhost:443"),
        ("https://localhost:443", "localhost"),
        ("http://localhost.:8080", "localhost:8080"),
        ("http://localhost:8080", "LOCALHOST.:8080"),
        ("http://[::1]:8080", "[::1]:8080"),
        ("http://[0:0:0:0:0:0:0:1]:8080", "[::1]:8080"),
        ("http://[::ffff:127.0.0.1]:8080", "[::ffff:7f00:1]:8080"),
        ("http://[fd00::7]:8080", "[FD00:0::7]:8080"),
        ("http://sandbox.test", "Sandbox.Test:80"),
        ("https://sandbox.test.", "sandbox.test"),
    ],
)
def test_a_page_of_our_own_is_one_by_the_name_that_it_calls(origin: str, host: str) -> None:
    assert NAMES.are_called([host])
    assert NAMES.is_own_page([origin], [host], "http")


@pytest.mark.rule("NET-origin")
@pytest.mark.parametrize(
    ("origins", "hosts"),
    [
        (["null"], [HOST]),
        ([""], [HOST]),
        (["file://"], [HOST]),
        (["file:///home/x.html"], [HOST]),
        (["chrome-extension://abcdefghijklmnop"], [HOST]),
        (["moz-extension://127.0.0.1:8080"], [HOST]),
        (["ws://127.0.0.1:8080"], [HOST]),
        (["capacitor://localhost"], ["localhost"]),
        (["http://127.0.0.1:8080/"], [HOST]),
        (["http://x@127.0.0.1:8080"], [HOST]),
        (["//127.0.0.1:8080"], [HOST]),
        (["127.0.0.1:8080"], [HOST]),
        (["http://127.0.0.1"], [HOST]),
        (["http://127.0.0.1:8081"], [HOST]),
        (["http://127.0.0.1:808"], [HOST]),
        (["http://localhost:8080"], [HOST]),
        (["https://localhost"], ["localhost:80"]),
        (["http://localhost"], ["localhost:443"]),
        (["http://localhost:99999"], ["localhost:99999"]),
        (["http://::1:8080"], ["[::1]:8080"]),
        (["http://localhost..:8080"], ["localhost..:8080"]),
        (["http://evil.example:8080"], ["evil.example:8080"]),
        (["http://127.0.0.1.evil.example:8080"], ["127.0.0.1.evil.example:8080"]),
        (["http://127.0.0.1:8080 http://127.0.0.1:8080"], [HOST]),
        (["http://127.0.0.1:8080", "http://127.0.0.1:8080"], [HOST]),
        (["http://127.0.0.1:8080, http://evil.example"], [HOST]),
        (["http://127.0.0.1:8080", "http://evil.example"], [HOST]),
        (["http://127.0.0.1:8080"], [HOST, HOST]),
        (["http://127.0.0.1:8080"], []),
        (["http://127.0.0.1:8080"], [""]),
    ],
)
def test_any_other_page_is_foreign_in_the_shape_of_whom_it_calls(
    sandbox: Driver, origins: list[str], hosts: list[str]
) -> None:
    assert not NAMES.is_own_page(origins, hosts, "http")
    if len(hosts) != 1:
        return
    headers = [("Host", hosts[0]), *(("Origin", each) for each in origins)]
    refused = sandbox.call("GET", READ, auth=DEMO, headers=headers)
    reason = "Requests from web pages of another origin are refused."
    assert (refused.status_code, refused.json()) == (400, {"message": reason})
    refused = sandbox.call("POST", SUBMIT, auth=DEMO, headers=headers, data=FORM)
    assert (refused.status_code, refused.json()["error_message"]) == (400, reason)
    (entry,) = sandbox.control("GET", "/journal?order=newest&limit=1")["items"]
    assert [each["rule"] for each in entry["findings"]] == ["NET-origin"]
    assert entry["request"]["body"] == f"To={PHONE}&From={LINE}&Body=Hello"
    assert sandbox.control("GET", "/messages")["items"] == []
    assert sandbox.call("GET", DEFAULT, headers=headers).status_code == 403


def test_where_the_connection_is_of_https_a_page_of_http_is_foreign() -> None:
    assert NAMES.is_own_page(["https://localhost"], ["localhost"], "https")
    assert not NAMES.is_own_page(["http://localhost"], ["localhost"], "https")


@given(st.text(max_size=30))
def test_any_text_is_an_authority_or_none(written: str) -> None:
    for each in (written, f"[{written}]:80", f"localhost:{written}"):
        found: Any = authority(each, 80)
        assert found is None or 0 <= found.port <= 65535
