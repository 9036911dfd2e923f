"""What is not HTTP/1.1 is refused with the sentence that says what to send instead, in the shape of its path."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from xml.etree import ElementTree

import pytest
from driver import CONSOLE, DEFAULT, KEYS, LINE, PHONE, SIMPLEPAY
from hypothesis import given, settings
from hypothesis import strategies as st
from live import Live
from server_process import BASIC, GOOD_READ, Answer, parsed, received, request

from sandbox.server import bad_requests
from sandbox.server.bad_requests import BadRequest, check_head
from sandbox.vendors.base import exchange

READ = b"/dialoghealth-writeback-api/api/responses/HARBOR1001/2026-05-06%2000:00:00/2026-05-06%2000:00:00"
SUBMIT = f"{SIMPLEPAY}/submit/{CONSOLE}".encode()
FORM = f"To={PHONE}&From={LINE}&Body=Hello".encode()
FORM_TYPE = b"Content-Type: application/x-www-form-urlencoded\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    live = Live()
    yield live
    live.stop()


def answers(live: Live, *pieces: bytes, is_head: bool = False) -> list[Answer]:
    """What is answered until the server closes; before each further piece what was sent before it has come."""
    with live.connect() as connection:
        for piece in pieces:
            connection.sendall(piece)
            if len(pieces) > 1:
                live.let_arrive()
        return parsed(received(connection), is_head=is_head)


def sentence(answer: Answer) -> Any:
    """The one of whichever shape."""
    if answer.body.startswith(b"<"):
        assert answer.headers["content-type"] == "text/xml; charset=UTF-8"
        return ElementTree.fromstring(answer.body).findtext("result_description")
    body = json.loads(answer.body)
    if "detail" in body:
        assert answer.headers["content-type"] == "application/problem+json"
        assert body["type"] == f"urn:dialog-sandbox:{body['title'].lower().replace(' ', '-')}"
        assert body["status"] == answer.status
        return body["detail"]
    assert answer.headers["content-type"] == "application/json"
    return body["message"] if list(body) == ["message"] else body["error_message"]


def entry_of(live: Live, journal: str, answer: Answer) -> Any:
    return live.http.get(f"{live.url}{journal}/{answer.headers['x-sandbox-exchange']}").json()


# Blanks in the target ---------------------------------------------------------------------------------------------

SAMPLE = b"/dialoghealth-writeback-api/api/responses/WEBMAG6745/2023-11-05 00:00:00/2023-11-08 23:59:50"
BLANK = "The request target has a blank in it: send %20 in its place."


@pytest.mark.rule("NET-http")
@pytest.mark.parametrize("method", [b"GET", b"PUT", b"POST"])
@pytest.mark.parametrize(
    "target",
    [
        SAMPLE,
        SAMPLE + b"?x=a b",
        SUBMIT + b"?Body=a text with blanks",
        b"/ibp_api.php?action=sms.get_messages&start_date=2026 05 06",
        b"/_sandbox/workspaces/my workspace",
        b"/a b",
        b"http://127.0.0.1/ibp_api.php?start_date=2026 05 06",
    ],
)
def test_a_blank_in_the_target_is_refused_by_the_paths_owner(live: Live, method: bytes, target: bytes) -> None:
    (answer,) = answers(live, request(method, target))
    assert (answer.status, sentence(answer), answer.headers["connection"]) == (400, BLANK, "close")
    if b"_api" in target or b"-api" in target:
        entry = entry_of(live, "/_sandbox/journal", answer)
        assert (entry["method"], entry["status"], entry["rules"]) == (method.decode(), 400, ["NET-http"])
        path = target.decode().removeprefix("http://127.0.0.1")
        assert (entry["path"], entry["query"]) == (path.partition("?")[0], path.partition("?")[2])


def test_what_a_blank_is_to_be_replaced_by_is_served(live: Live) -> None:
    blank, encoded = READ.replace(b"%20", b" "), READ
    (refused,) = answers(live, request(b"GET", blank, BASIC))
    (served,) = answers(live, request(b"GET", encoded, BASIC))
    assert (refused.status, served.status) == (400, 200)


def test_a_blank_is_told_wherever_the_packets_part(live: Live) -> None:
    raw = request(b"GET", SAMPLE)
    place = raw.index(b" 00:00:00")
    for cut in (10, place - 1, place, len(raw) - 2):
        (answer,) = answers(live, raw[:cut], raw[cut:])
        assert (answer.status, sentence(answer)) == (400, BLANK)
    (answer,) = answers(live, raw[: place + 2], raw[place + 2 :])
    assert (answer.status, sentence(answer)) == (400, bad_requests.NO_PROTOCOL)


def test_keys_in_a_target_that_is_refused_stand_in_no_journal(live: Live) -> None:
    target = f"/ibp_api.php?access_key={KEYS['access_key']}&secret_access_key={KEYS['secret_access_key']}&number=a b"
    (answer,) = answers(live, request(b"GET", target.encode()))
    entry = entry_of(live, f"{DEFAULT}/journal", answer)
    assert (entry["status"], entry["findings"][0]["mend"]) == (400, BLANK)
    assert KEYS["secret_access_key"] not in json.dumps(entry)


# Every sentence ---------------------------------------------------------------------------------------------------

H = b" HTTP/1.1\r\nHost: x\r\n"
NO_HOST = "A request in HTTP/1.1 needs a Host header: send the name that you call, and its port."
CASES: dict[str, tuple[bytes, int, str]] = {
    "no Host": (b"GET / HTTP/1.1\r\n\r\n", 400, bad_requests.NO_HOST),
    "no Host in HTTP/1.2": (b"GET / HTTP/1.2\r\n\r\n", 400, bad_requests.NO_HOST),
    "Host twice": (b"GET /" + H + b"Host: x\r\n\r\n", 400, bad_requests.HOSTS),
    "Host twice in HTTP/1.0": (b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400, bad_requests.HOSTS),
    "coded and chunked": (
        b"POST /" + H + b"Transfer-Encoding: x, chunked\r\n\r\n0\r\n\r\n",
        501,
        bad_requests.CODINGS,
    ),
    "coded and chunked in two": (
        b"POST /" + H + b"Transfer-Encoding: gzip\r\n" + CHUNKED + b"\r\n0\r\n\r\n",
        501,
        bad_requests.CODINGS,
    ),
    "chunked and coded": (b"POST /" + H + b"Transfer-Encoding: chunked, x\r\n\r\n", 400, bad_requests.LAST_CODING),
    "chunked twice": (b"POST /" + H + CHUNKED + CHUNKED + b"\r\n0\r\n\r\n", 400, bad_requests.LAST_CODING),
    "coded alone": (b"POST /" + H + b"Transfer-Encoding: gzip\r\n\r\nxx", 400, bad_requests.LAST_CODING),
    "no coding": (b"POST /" + H + b"Transfer-Encoding:\r\n\r\n", 400, bad_requests.LAST_CODING),
    "a length and chunked": (
        b"POST /" + H + b"Content-Length: 1\r\n" + CHUNKED + b"\r\n",
        400,
        bad_requests.TWO_FRAMINGS,
    ),
    "chunked and a length": (
        b"POST /" + H + CHUNKED + b"Content-Length: 1\r\n\r\n",
        400,
        bad_requests.TWO_FRAMINGS,
    ),
    "two lengths": (
        b"POST /" + H + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        400,
        "There is more than one Content-Length: send one.",
    ),
    "a list of lengths": (b"POST /" + H + b"Content-Length: 1, 2\r\n\r\n", 400, bad_requests.LENGTH),
    "a negative length": (b"POST /" + H + b"Content-Length: -1\r\n\r\n", 400, bad_requests.LENGTH),
    "no length": (b"POST /" + H + b"Content-Length:\r\n\r\n", 400, bad_requests.LENGTH),
    "a length beyond all": (b"POST /" + H + b"Content-Length: " + b"9" * 40 + b"\r\n\r\n", 400, bad_requests.LENGTH),
    "no chunk size": (b"POST /" + H + CHUNKED + b"\r\nzz\r\n", 400, bad_requests.CHUNKS),
    "a longer chunk": (b"POST /" + H + CHUNKED + b"\r\n1\r\nToooo\r\n0\r\n\r\n", 400, bad_requests.CHUNKS),
    "a chunk size beyond all": (b"POST /" + H + CHUNKED + b"\r\n" + b"f" * 17 + b"\r\nT", 400, bad_requests.CHUNKS),
    "chunks in lines of LF": (b"POST /" + H + CHUNKED + b"\r\n1\nT\n0\n\n", 400, bad_requests.CHUNKS),
    "a folded header": (b"GET /" + H + b"A: b\r\n c\r\n\r\n", 400, bad_requests.FOLDED),
    "a header folded by a tab": (b"GET /" + H + b"A: b\r\n\tc\r\n\r\n", 400, bad_requests.FOLDED),
    "a first header that begins with a blank": (b"GET / HTTP/1.1\r\n Host: x\r\n\r\n", 400, bad_requests.FOLDED),
    "lines of LF": (
        b"GET / HTTP/1.1\nHost: x\n\n",
        400,
        "Behind HTTP/1.1 comes CR LF, and so it does behind each header line.",
    ),
    "a header line of LF": (
        b"GET /" + H + b"A: b\nC: d\r\n\r\n",
        400,
        "A header line ends in LF alone: end it in CR LF.",
    ),
    "a CR in a value": (
        b"GET /" + H + b"A: b\rc\r\n\r\n",
        400,
        "A header line has a CR in it: leave it out, and end the line in CR LF.",
    ),
    "NUL in a value": (
        b"GET /" + H + b"A: b\0c\r\n\r\n",
        400,
        "A header's value has a control character in it, as NUL: leave that out.",
    ),
    "a blank in a name": (b"GET /" + H + b"A B: c\r\n\r\n", 400, bad_requests.HEADER),
    "a blank before the colon": (b"GET /" + H + b"A : c\r\n\r\n", 400, bad_requests.HEADER),
    "no colon": (b"GET /" + H + b"A\r\n\r\n", 400, bad_requests.HEADER),
    "no name": (b"GET /" + H + b": a\r\n\r\n", 400, bad_requests.HEADER),
    "a name that is not ASCII": (b"GET /" + H + "é: a\r\n\r\n".encode(), 400, bad_requests.HEADER),
    "a blank before the colon of a length": (
        b"POST /" + H + b"Content-Length : 5\r\n\r\n",
        400,
        "Header lines end in CR LF, and a header's name is followed by its colon at once.",
    ),
    "a lower-case method": (
        b"get /" + H + b"\r\n",
        501,
        "A method is written in capitals: send GET instead of get.",
    ),
    "a method half in capitals": (
        b"Post /" + H + b"\r\n",
        501,
        "A method is written in capitals: send POST instead of Post.",
    ),
    "an unknown method": (b"BREW /" + H + b"\r\n", 501, bad_requests.METHOD),
    "a method of another protocol": (b"SETUP /" + H + b"\r\n", 501, bad_requests.METHOD),
    "CONNECT": (b"CONNECT x:80" + H + b"\r\n", 501, bad_requests.NO_PROXY),
    "HTTP/0.9": (b"GET /\r\n", 505, bad_requests.NO_VERSION),
    "HTTP/0.9 in two lines": (b"GET /\r\n\r\n", 505, bad_requests.NO_VERSION),
    "HTTP/2.0": (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505, "HTTP/2.0 is not spoken here: send HTTP/1.1."),
    "HTTP/3.0": (b"GET / HTTP/3.0\r\nHost: x\r\n\r\n", 505, "HTTP/3.0 is not spoken here: send HTTP/1.1."),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, bad_requests.HTTP_2),
    "half a preface": (b"PRI /" + H + b"\r\n", 505, bad_requests.HTTP_2),
    "HTTP/1": (b"GET / HTTP/1\r\n\r\n", 400, bad_requests.VERSION),
    "HTTP in small letters": (b"GET / http/1.1\r\n\r\n", 400, bad_requests.NO_PROTOCOL),
    "a blank at the end": (b"GET / \r\n\r\n", 400, bad_requests.NO_PROTOCOL),
    "ICE": (b"GET / ICE/1.0\r\n\r\n", 400, bad_requests.NO_PROTOCOL),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, bad_requests.NOT_TLS),
    "SSH": (b"SSH-2.0-OpenSSH_9.2\r\n", 400, bad_requests.NOT_HTTP),
    "mail": (b"EHLO x\r\n", 400, bad_requests.NOT_HTTP),
    "an answer": (b"HTTP/1.1 200 OK\r\n\r\n", 400, bad_requests.NOT_HTTP),
    "JSON": (b'{"jsonrpc": "2.0"}\r\n\r\n', 400, bad_requests.NOT_HTTP),
    "a blank at the beginning": (b" GET /" + H + b"\r\n", 400, bad_requests.NOT_HTTP),
    "tabs": (b"GET\t/\tHTTP/1.1\r\nHost: x\r\n\r\n", 400, bad_requests.NOT_HTTP),
    "raw UTF-8": ("GET /é HTTP/1.1\r\nHost: x\r\n\r\n".encode(), 400, bad_requests.TARGET_BYTES),
    "NUL in the target": (b"GET /\0" + H + b"\r\n", 400, bad_requests.TARGET_BYTES),
    "a tab in the target": (b"GET /\ta" + H + b"\r\n", 400, bad_requests.TARGET_BYTES),
    "a target without a slash": (b"GET foo" + H + b"\r\n", 400, bad_requests.TARGET_FORM),
    "an authority": (b"GET x:80" + H + b"\r\n", 400, bad_requests.TARGET_FORM),
    "no target": (b"GET " + H + b"\r\n", 400, bad_requests.TARGET_FORM),
    "a query alone": (b"GET ?a=b" + H + b"\r\n", 400, bad_requests.TARGET_FORM),
    "another scheme": (b"GET ftp://x/" + H + b"\r\n", 400, bad_requests.TARGET_FORM),
    "a URL without a host": (b"GET http:///a" + H + b"\r\n", 400, bad_requests.TARGET_URL),
    "a URL of a half address": (b"GET http://[::1" + H + b"\r\n", 400, bad_requests.TARGET_URL),
    "a URL of a port too high": (b"GET http://x:99999/" + H + b"\r\n", 400, bad_requests.TARGET_URL),
    "a URL of a host that is not read": (b"GET http://a_b/" + H + b"\r\n", 400, bad_requests.TARGET_URL),
    "a URL with a fragment for a path": (b"GET http://x#a" + H + b"\r\n", 400, bad_requests.FRAGMENT),
    "a URL with a fragment": (b"GET http://x/#a" + H + b"\r\n", 400, bad_requests.FRAGMENT),
    "a fragment": (b"GET /#a" + H + b"\r\n", 400, bad_requests.FRAGMENT),
    "a fragment in the query": (b"GET /?a=b#c" + H + b"\r\n", 400, bad_requests.FRAGMENT),
    "a URL with a user": (b"GET http://a:b@x/" + H + b"\r\n", 400, bad_requests.USERINFO),
    "a star": (b"GET *" + H + b"\r\n", 400, bad_requests.STAR),
    "a long target": (b"GET /" + b"x" * 65_535 + H + b"\r\n", 414, bad_requests.LONG_TARGET),
    "a target without end": (b"GET /" + b"x" * 300_000, 414, bad_requests.LONG_TARGET),
    "large headers": (
        b"GET /" + H + b"A: " + b"x" * 70_000 + b"\r\n\r\n",
        431,
        "The request's headers are over 64 KiB together: send fewer or shorter ones.",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_refused_is_said_with_what_to_send_instead(live: Live, case: str) -> None:
    raw, status, expected = CASES[case]
    (answer,) = answers(live, raw)
    assert (answer.status, sentence(answer), answer.headers["connection"]) == (status, expected, "close")


def test_every_reason_of_the_parser_that_we_know_is_tried() -> None:
    tried = {text for _, _, text in CASES.values()}
    assert set(bad_requests.REASONS.values()) <= tried
    assert {text for _, text in bad_requests.OTHER_STATUSES.values()} <= tried


OWNERS = {"writeback": GOOD_READ, "simplepay": SUBMIT, "dialogtech": b"/ibp_api.php", "problem": b"/_sandbox/version"}
FOR_ANY_PATH = sorted(name for name, (raw, _, _) in CASES.items() if re.match(rb"[A-Za-z]+ / ?( HTTP/\d|\r\n)", raw))


@pytest.mark.rule("NET-http")
@pytest.mark.parametrize("owner", OWNERS)
@pytest.mark.parametrize("case", FOR_ANY_PATH)
def test_it_is_said_in_the_shape_of_the_paths_owner_and_journalled(live: Live, owner: str, case: str) -> None:
    raw, status, expected = CASES[case]
    (answer,) = answers(live, raw.replace(b" /", b" " + OWNERS[owner], 1))
    assert (answer.status, sentence(answer)) == (status, expected)
    if owner != "problem":
        entry = entry_of(live, "/_sandbox/journal", answer)
        assert (entry["status"], entry["outcome"], entry["rules"]) == (status, "refused", ["NET-http"])
        assert entry["path"] == OWNERS[owner].decode()


def test_who_showed_credentials_finds_the_refusal_in_the_own_journal(live: Live) -> None:
    (answer,) = answers(live, request(b"GET", GOOD_READ, BASIC + b"Host: second\r\n"))
    (finding,) = entry_of(live, f"{DEFAULT}/journal", answer)["findings"]
    observed = "GET /dialoghealth-writeback-api/api/responses/HARBOR1001/2026-05-06 00:00:00/2026-05-06 00:00:00"
    assert (finding["rule"], finding["level"], finding["seen"], finding["mend"]) == (
        "NET-http", "error", observed, bad_requests.HOSTS,
    )  # fmt: skip


@pytest.mark.rule("NET-path")
def test_a_refusal_on_a_path_of_nobodys_is_a_problem_and_journalled(live: Live) -> None:
    (answer,) = answers(live, request(b"GET", b"/nowhere b?c=d e"))
    assert (answer.status, sentence(answer)) == (400, BLANK)
    entry = entry_of(live, "/_sandbox/journal", answer)
    assert (entry["path"], entry["query"], entry["rules"]) == ("/nowhere b", "c=d e", ["NET-http"])
    assert [(each["rule"], each["mend"]) for each in entry["findings"]] == [("NET-http", BLANK)]


@pytest.mark.rule("NET-http")
@pytest.mark.parametrize(
    ("target", "kind"),
    [
        (b"/ibp_api.php ?action=x", "text/xml; charset=UTF-8"),
        (b"/IBP_API.PHP?a=b c", "text/xml; charset=UTF-8"),
        (b"//dialoghealth-simplepay-api/submit/HARBOR1001 ", "application/json"),
        (b"/simplepay/submit/A B", "application/json"),
        (b"/writeback/api/responses/HARBOR1001/2026-05-06 00:00:00/2026-05-06 00:00:00", "application/json"),
    ],
)
def test_a_refusal_near_a_vendors_path_is_in_the_shape_of_that_vendor(live: Live, target: bytes, kind: str) -> None:
    (answer,) = answers(live, request(b"GET", target, b"Host: second\r\n"))
    assert (answer.status, answer.headers["content-type"]) == (400, kind)
    assert entry_of(live, "/_sandbox/journal", answer)["findings"][0]["rule"] == "NET-http"


LONG = b"x" * 100_000
REFUSED_BODIES = {
    "Host twice": (b"Host: second\r\nContent-Length: %d\r\n" % len(FORM), FORM, FORM),
    "a coding": (b"Transfer-Encoding: gzip, chunked\r\n", b"%x\r\n%s\r\n0\r\n\r\n" % (len(FORM), FORM), FORM),
    "a bad chunk": (CHUNKED, b"%x\r\n%s\r\nzz\r\n" % (len(FORM), FORM), FORM),
    "a bad header behind the chunks": (CHUNKED, b"4\r\nTo=1\r\n0\r\nA B: c\r\n\r\n", b"To=1"),
    "a bad chunk and Host twice": (b"Host: second\r\n" + CHUNKED, b"4\r\nTo=1\r\nzz\r\n", b"To=1"),
    "a long one": (b"Host: second\r\nContent-Length: %d\r\n" % len(LONG), LONG, LONG[: 64 * 1024]),
    "none": (b"Host: second\r\n", b"", b""),
}


@pytest.mark.rule("NET-http")
@pytest.mark.parametrize("case", REFUSED_BODIES)
@pytest.mark.parametrize("target", [SUBMIT, b"/ibp_api.php", b"/nowhere"])
def test_a_refused_request_is_in_the_journal_with_what_came_of_its_body(live: Live, case: str, target: bytes) -> None:
    headers, body, kept = REFUSED_BODIES[case]
    head = request(b"POST", target, BASIC + headers)
    for pieces in ((head + body,), (head, body[: len(body) // 2], body[len(body) // 2 :])):
        (answer,) = answers(live, *pieces)
        assert answer.status in (400, 501)
        assert entry_of(live, "/_sandbox/journal", answer)["request"]["body"].encode() == kept


def test_a_refused_request_with_a_body_is_answered_in_its_turn_and_nothing_behind_it(live: Live) -> None:
    good = request(b"GET", GOOD_READ, BASIC).replace(b"Connection: close\r\n", b"")
    bad = request(b"POST", SUBMIT, BASIC + FORM_TYPE + b"Host: second\r\n", FORM)
    read, refused = answers(live, good + bad + good)
    assert (read.status, refused.status, sentence(refused)) == (200, 400, bad_requests.HOSTS)
    assert entry_of(live, f"{DEFAULT}/journal", refused)["request"]["body"].encode() == FORM


def test_a_refused_client_that_waits_to_be_told_to_go_on_is_refused_at_once(live: Live) -> None:
    head = request(b"POST", SUBMIT, b"Host: second\r\nExpect: 100-continue\r\nContent-Length: 9\r\n")
    with live.connect(head) as connection:
        told = received(connection)
    assert told.startswith(b"HTTP/1.1 400 ")


def test_a_refused_client_whose_body_never_comes_is_answered(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "BODY_TIMEOUT_S", 0.01)
    (answer,) = answers(live, request(b"POST", SUBMIT, b"Host: second\r\nContent-Length: 9\r\n") + b"To")
    assert (answer.status, sentence(answer)) == (400, bad_requests.HOSTS)
    assert entry_of(live, "/_sandbox/journal", answer)["request"]["body"] == "To"


def test_a_refused_request_does_nothing(live: Live) -> None:
    before = live.control("GET", "/messages")["items"]
    for headers, body in (
        (b"Host: second\r\n", FORM),
        (b"Transfer-Encoding: x, chunked\r\n", b"%x\r\n%s\r\n0\r\n\r\n" % (len(FORM), FORM)),
        (CHUNKED, b"%x\r\n%s\r\nzz\r\n" % (len(FORM), FORM)),
    ):
        head = request(b"POST", SUBMIT + b"?" + FORM, BASIC + FORM_TYPE + headers)
        (answer,) = answers(live, head + body)
        assert answer.status in (400, 501)
    assert live.control("GET", "/messages")["items"] == before


def test_it_is_refused_in_its_turn(live: Live) -> None:
    good = request(b"GET", GOOD_READ, BASIC).replace(b"Connection: close\r\n", b"")
    long, garbage = answers(live, good + b"garbage\r\n\r\n")
    assert (long.status, garbage.status, sentence(garbage)) == (200, 400, bad_requests.NOT_BEHIND)
    first, second, third = answers(live, good * 2 + request(b"GET", SAMPLE) + good)
    assert [each.status for each in (first, second, third)] == [200, 200, 400]
    assert list(json.loads(third.body)) == ["message"]


def test_a_body_that_is_longer_than_it_says_is_told(live: Live) -> None:
    raw = request(b"POST", SUBMIT, BASIC + FORM_TYPE, FORM).replace(b"Connection: close\r\n", b"")
    answered, refused = answers(live, raw + b"&More=1")
    assert (answered.status, refused.status, sentence(refused)) == (200, 400, bad_requests.NOT_BEHIND)


@pytest.mark.parametrize(
    ("target", "headers", "expected"),
    [(SAMPLE, b"", BLANK), (READ, b"Host: second\r\n", bad_requests.HOSTS)],
    ids=["by the parser", "by its head"],
)
def test_a_refused_client_that_goes_on_sending_gets_its_answer(
    live: Live, target: bytes, headers: bytes, expected: str
) -> None:
    with live.connect() as connection:
        connection.sendall(request(b"POST", target, BASIC + FORM_TYPE + headers + b"Content-Length: 3000000\r\n"))
        for _ in range(30):
            connection.sendall(b"x" * 100_000)
        (answer,) = parsed(received(connection))
    assert (answer.status, sentence(answer)) == (400, expected)


def test_a_refused_client_that_neither_reads_nor_closes_is_closed(live: Live) -> None:
    with live.connect(request(b"GET", SAMPLE)) as connection:
        assert parsed(received(connection))[0].status == 400
        before = len(live.connections)
        live.skip(3)
        live.skip(0)
        assert len(live.connections) == before - 1


def test_a_refused_head_is_answered_without_a_body(live: Live) -> None:
    (answer,) = answers(live, request(b"HEAD", SAMPLE), is_head=True)
    assert (answer.status, answer.body) == (400, b"")


# What is taken ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [b"", b"localhost", b"localhost:", b"my_service:8080", b"[::1]:1", b"[fe80::1%25eth0]", b"EXAMPLE.test.",
     b"1.2.3.4:65535", b"a:0000080"],
)  # fmt: skip
def test_every_host_that_the_rfc_has_is_taken(live: Live, host: bytes) -> None:
    (answer,) = answers(live, request(b"GET", GOOD_READ, BASIC).replace(b"Host: 127.0.0.1", b"Host: " + host))
    assert answer.status == 200


@pytest.mark.parametrize(
    "host",
    [b"a b", b"a, b", b"http://a", b"a/b", b"u@a", b"a:b", b"a:65536", b"::1", b"[::1", b"a:1:2", b"\xe9", b"a?b",
     b"a#b", b"%zz"],
)  # fmt: skip
def test_every_other_host_is_refused(live: Live, host: bytes) -> None:
    (answer,) = answers(live, request(b"GET", GOOD_READ, BASIC).replace(b"Host: 127.0.0.1", b"Host: " + host))
    assert (answer.status, sentence(answer)) == (400, bad_requests.BAD_HOST)


@pytest.mark.parametrize(
    "target", [b"http://127.0.0.1", b"http://127.0.0.1?", b"HTTP://127.0.0.1/", b"https://127.0.0.1:1"]
)
def test_a_url_without_a_path_is_the_root(live: Live, target: bytes) -> None:
    (root,), (answer,) = answers(live, request(b"GET", b"/")), answers(live, request(b"GET", target))
    assert (answer.status, answer.body) == (root.status, root.body)


def test_of_a_url_the_host_counts_and_not_the_header(live: Live) -> None:
    for target, host, status in (
        (b"http://evil.example", b"127.0.0.1", 403),
        (b"http://[::1]:80", b"evil.example", 200),
    ):
        raw = request(b"GET", target + b"/_sandbox/version").replace(b"Host: 127.0.0.1", b"Host: " + host)
        (answer,) = answers(live, raw)
        assert answer.status == status
    (answer,) = answers(live, request(b"GET", b"http://a:81" + GOOD_READ, BASIC))
    assert ["host", "a:81"] in entry_of(live, f"{DEFAULT}/journal", answer)["request"]["headers"]


def test_an_older_and_a_newer_minor_version_are_answered(live: Live) -> None:
    (older,) = answers(live, b"GET %s HTTP/1.0\r\n%s\r\n" % (GOOD_READ, BASIC))
    (newer,) = answers(live, request(b"GET", GOOD_READ, BASIC, version=b"1.2"))
    assert (older.status, newer.status) == (200, 200)


def test_health_needs_no_host_header(live: Live) -> None:
    (answer,) = answers(live, b"GET /_sandbox/health/live HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert answer.status == 200


@pytest.mark.rule("NET-http")
@pytest.mark.parametrize("blanks", [b"\t", b" \t ", b"   "])
def test_blanks_and_tabs_around_a_headers_value_are_none_of_it(live: Live, blanks: bytes) -> None:
    headers = b"Host:%b127.0.0.1%b\r\nAuthorization:%bBasic ZGVtbzpkZW1v%b\r\n" % ((blanks,) * 4)
    headers += b"Origin:%bhttp://127.0.0.1%b\r\nConnection: close\r\n" % (blanks, blanks)
    (answer,) = answers(live, b"GET " + GOOD_READ + b" HTTP/1.1\r\n" + headers + b"\r\n")
    assert answer.status == 200


def test_a_client_of_http_1_0_is_not_told_to_go_on(live: Live) -> None:
    for version, begins in ((b"1.0", b"HTTP/1.1 200 "), (b"1.1", b"HTTP/1.1 100 ")):
        raw = request(b"POST", SUBMIT, BASIC + FORM_TYPE + b"Expect: 100-continue\r\n", FORM, version)
        with live.connect(raw) as connection:
            assert received(connection).startswith(begins)


@pytest.mark.parametrize("target", [b"*", b"http://127.0.0.1"])
def test_options_of_the_server_names_its_methods_and_is_in_the_journal(live: Live, target: bytes) -> None:
    (answer,) = answers(live, request(b"OPTIONS", target, body=b"ping"))
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["allow"] == "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
    entry = entry_of(live, "/_sandbox/journal", answer)
    assert (entry["path"], entry["request"]["body"], entry["findings"]) == ("*", "ping", [])


def test_what_stands_behind_a_chunked_body_is_not_taken_for_headers(live: Live) -> None:
    chunks = b"%x\r\n%s\r\n0\r\n%s\r\n" % (len(FORM), FORM, BASIC)
    (answer,) = answers(live, request(b"POST", SUBMIT, FORM_TYPE + CHUNKED) + chunks)
    assert answer.status == 401


# What hypothesis makes up -----------------------------------------------------------------------------------------

WORDS = (
    *b"GET get POST HEAD PRI CONNECT OPTIONS : / * /ibp_api.php http:// HTTP/1.1 HTTP/1.0 HTTP/2.0 abc % #".split(),
    *(SUBMIT, READ, BASIC, b" ", b"  ", b"\t", b"\r\n", b"\n", b"\r", b"\0", b"\xff", b"0\r\n\r\n", b"3\r\nabc\r\n"),
    *(b"Host: x", b"Host:", b"Content-Length: 3", b"Transfer-Encoding: chunked", b"Transfer-Encoding: x, chunked"),
    *(b"?a=b", b"Upgrade: h2c", b"Connection: Upgrade", b"Expect: 100-continue"),
)
PIECES = st.one_of(st.sampled_from(WORDS), st.binary(max_size=6))
LIKE_HTTP = st.builds(
    lambda method, target, version, rest: b"%s %s%s\r\n%s" % (method, target, version, b"".join(rest)),
    st.sampled_from([b"GET", b"POST", b"PUT", b"OPTIONS", b"get", b"BREW", b"CONNECT"]),
    st.lists(PIECES, max_size=4).map(b"".join).map(b"/".__add__),
    st.sampled_from([b" HTTP/1.1", b" HTTP/1.0", b" HTTP/2.0", b"", b" http/1.1"]),
    st.lists(st.one_of(PIECES, st.just(b"\r\n"), st.just(b"Host: x\r\n")), max_size=12),
)


@settings(max_examples=300)
@given(raw=st.one_of(LIKE_HTTP, st.lists(PIECES, min_size=1, max_size=12).map(b"".join)), place=st.floats(0, 1))
def test_whatever_comes_in_whatever_pieces_is_answered_or_closed(live: Live, raw: bytes, place: float) -> None:
    """What has come to its end is answered at once, the rest when its time is over: then nothing is kept open."""
    cut = int(place * len(raw))
    with live.connect(raw[:cut]) as connection:
        with suppress(OSError):  # it may be refused before it was all sent
            connection.sendall(raw[cut:])
        live.let_arrive()
        live.skip(76)
        told = received(connection)
    if not re.search(rb"HEAD", raw):
        for answer in parsed(told):
            assert 200 <= answer.status < 500 or answer.status in (501, 505), answer


@given(host=st.binary(max_size=30))
def test_a_host_is_taken_or_refused_by_its_name(host: bytes) -> None:
    told = reason_of(host)
    assert told == bad_requests.BAD_HOST or (told is None and re.fullmatch(rb"[!-~]*", host))


def reason_of(host: bytes) -> str | None:
    """Why a head with this Host is refused."""
    try:
        check_head(b"GET", "1.1", b"/", [(b"host", host)])
    except BadRequest as refusal:
        return refusal.reason
    return None
