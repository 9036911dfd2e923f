"""What must be true of each vendor, so that a further one is tested before it has tests of its own."""

import asyncio
import json
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from driver import DEFAULT, DEMO, KEYS, Driver
from test_simplepay import FIELDS as SUBMIT_FIELDS

from sandbox.store import StoreUnavailable
from sandbox.vendors import VENDORS
from sandbox.vendors.base.route import VendorRoute
from sandbox.vendors.base.vendor import Vendor

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "X")
TWO_MEGABYTES = b"a=" + b"x" * 2_000_000
BODIES = (TWO_MEGABYTES, b"\xff\xfe", b"a=\xff&%FF=\x00", b"\x00" * 100, b"--x\r\n", b"{", b"--x--\r\n")
PARAMETERS = (
    *("%2F", "a%2Fb", "..%2F..", "..", "%00", "%FF", "%C0%80", "%ED%A0%80", "%F0%9F%91%8B"),
    *("+", "%", "%zz", "%25", "x" * 9_000),
)
FORM_KINDS = (
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "application/json",
    "\xff;=,",
)

# Each vendor's own shapes, by its name: a further vendor adds its own -----------------------------------------------

JSON_SHAPES = {
    "writeback": (["message"], ["requestId", "response"]),
    "simplepay": (SUBMIT_FIELDS, ["msisdn"], ["extMessageReference", "body", "to", "status"]),
}


def in_shape(vendor: Vendor, answer: httpx.Response) -> None:
    """The answer is one of the vendor's own, whatever it says."""
    assert answer.status_code != 500, answer.text
    assert answer.headers["x-sandbox-exchange"].startswith("ex_")
    assert "location" not in answer.headers
    assert "<html" not in answer.text.lower()
    if answer.request.method == "HEAD":
        assert answer.content == b""
    elif vendor.name == "dialogtech":
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml; charset=UTF-8")
        root = ElementTree.fromstring(answer.content)
        assert root.tag == "response"
        assert [child.tag for child in root][:2] == ["result", "result_description"]
        assert root.findtext("result") in ("success", "failed")
    else:
        assert answer.headers["content-type"] == "application/json"
        assert list(answer.json()) in JSON_SHAPES[vendor.name]


def is_refused(vendor: Vendor, answer: httpx.Response, *statuses: int) -> None:
    """The answer says no; by one of these HTTP statuses where the vendor speaks in those."""
    in_shape(vendor, answer)
    if answer.request.method != "HEAD" and vendor.name == "dialogtech":
        assert ElementTree.fromstring(answer.content).findtext("result") == "failed"
    elif vendor.name != "dialogtech":
        assert answer.status_code in statuses


def credentials(vendor: Vendor) -> dict[str, Any]:
    """Right ones, in the vendor's own way."""
    return {"params": KEYS} if vendor.name == "dialogtech" else {"auth": DEMO}


# Operations ------------------------------------------------------------------------------------------------------


def routes(vendor: Vendor) -> list[VendorRoute]:
    return [route for route in vendor.router.routes if isinstance(route, VendorRoute)]


def example(route: VendorRoute, **changes: str) -> str:
    """A path of the route, its parameters the examples of its description or the given ones."""
    examples = {param.name: (param.field_info.examples or [""])[0] for param in route.dependant.path_params}
    return route.path.format(**(examples | changes)).replace(" ", "%20")


OPERATIONS = [
    pytest.param(vendor, route, method, id=f"{vendor.name}-{route.operation_id}")
    for vendor in VENDORS
    for route in routes(vendor)
    for method in sorted(route.methods or ())
]
every_vendor = pytest.mark.parametrize("vendor", VENDORS, ids=[vendor.name for vendor in VENDORS])
every_operation = pytest.mark.parametrize(("vendor", "route", "method"), OPERATIONS)


def ask(sandbox: Driver, vendor: Vendor, route: VendorRoute, method: str, **options: Any) -> httpx.Response:
    """An operation with right credentials and the examples in its path."""
    return sandbox.call(method, example(route), **{**credentials(vendor), **options})


@every_operation
def test_an_operation_answers_in_its_vendors_shape(
    sandbox: Driver, vendor: Vendor, route: VendorRoute, method: str
) -> None:
    in_shape(vendor, ask(sandbox, vendor, route, method))


# Paths and methods -----------------------------------------------------------------------------------------------


@pytest.mark.rule("WB-error", "SP-other", "DT-endpoint")
@every_vendor
@pytest.mark.parametrize(
    "rest",
    [
        "",
        "/",
        "/x",
        "//",
        "/x/y/z",
        "/%00",
        "/%FF",
        "/%ED%A0%80",
        "/..%2F",
        "/x%2Fy",
        "/x?y=%FF",
        "/%F0%9F%91%8B",
        "/+",
    ],
)
def test_an_unknown_path_is_refused_in_the_vendors_shape(sandbox: Driver, vendor: Vendor, rest: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        is_refused(vendor, sandbox.call(method, f"{vendor.prefix}{rest}".encode()), 404)


@every_operation
def test_a_slash_too_many_is_refused_and_not_redirected(
    sandbox: Driver, vendor: Vendor, route: VendorRoute, method: str
) -> None:
    path = example(route)
    for wrong in (f"{path}/", f"{path}//", f"{path}/x", f"{path}%2F/"):
        is_refused(vendor, sandbox.call(method, wrong.encode(), **credentials(vendor)), 404)
    if path.count("/") > 1:
        doubled = path.replace("/", "//", 2).removeprefix("/")
        is_refused(vendor, sandbox.call(method, doubled.encode(), **credentials(vendor)), 404)


@pytest.mark.rule("WB-method", "SP-other", "DT-endpoint")
@every_vendor
def test_a_wrong_method_is_refused_and_told_the_right_ones(sandbox: Driver, vendor: Vendor) -> None:
    for route in routes(vendor):
        taken = {method for other in routes(vendor) if other.path == route.path for method in other.accepted_methods}
        for method in sorted(set(METHODS) - taken):
            answer = sandbox.call(method, example(route), **credentials(vendor))
            is_refused(vendor, answer, 405)
            if answer.status_code == 405:
                assert answer.headers["allow"] == ", ".join(sorted(taken))


# Credentials -----------------------------------------------------------------------------------------------------


@pytest.mark.rule("WB-auth", "SP-auth", "DT-auth")
@every_operation
def test_missing_and_wrong_credentials_are_refused(
    sandbox: Driver, vendor: Vendor, route: VendorRoute, method: str
) -> None:
    wrong: list[dict[str, Any]] = [
        {},
        {"auth": ("demo", "wrong")},
        {"auth": ("", "")},
        {"headers": {"Authorization": b"Basic \xff\xfe"}},
        {"headers": {"Authorization": "Bearer demo"}},
        {"params": {"access_key": "demo-access-key"}},
        {"params": {**KEYS, "secret_access_key": "wrong"}},
        {"params": {**KEYS, "access_key": "\x00"}},
    ]
    for options in wrong:
        answer = sandbox.call(method, example(route), **options)
        is_refused(vendor, answer, 401)
        if answer.status_code == 401:
            assert answer.headers["www-authenticate"].startswith("Basic ")


# Input that cannot be read ---------------------------------------------------------------------------------------


@every_operation
@pytest.mark.parametrize("kind", FORM_KINDS)
def test_a_body_that_cannot_be_read_is_answered_in_shape(
    sandbox: Driver, vendor: Vendor, route: VendorRoute, method: str, kind: str
) -> None:
    headers = {"Content-Type": kind.encode("latin-1")}
    for content in BODIES:
        answer = ask(sandbox, vendor, route, method, content=content, headers=headers)
        in_shape(vendor, answer)
        if method == "POST":
            is_refused(vendor, answer, 400)
        is_refused(vendor, sandbox.call(method, example(route), content=content, headers=headers), 401)


@every_operation
def test_a_body_over_a_megabyte_is_refused_where_a_form_is_read(
    sandbox: Driver, vendor: Vendor, route: VendorRoute, method: str
) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = ask(sandbox, vendor, route, method, content=TWO_MEGABYTES, headers=headers)
    assert ("The request body is over 1048576 bytes." in answer.text) == (method == "POST")


@every_operation
def test_a_query_that_cannot_be_read_is_answered_in_shape(
    sandbox: Driver, vendor: Vendor, route: VendorRoute, method: str
) -> None:
    for query in ("%FF=1", "a=%FF", "%00", "&&&", "=", "%", "a=%ED%A0%80", "x" * 60_000):
        in_shape(vendor, sandbox.call(method, f"{example(route)}?{query}".encode()))


@every_operation
def test_any_path_parameter_is_answered_in_shape(
    sandbox: Driver, vendor: Vendor, route: VendorRoute, method: str
) -> None:
    for param in route.dependant.path_params:
        for written in PARAMETERS:
            path = example(route, **{param.name: written})
            in_shape(vendor, sandbox.call(method, path.encode(), **credentials(vendor)))
            in_shape(vendor, sandbox.call(method, path.encode()))


# Where a call comes from -----------------------------------------------------------------------------------------


@pytest.mark.rule("NET-origin")
@every_operation
def test_a_foreign_origin_is_refused_before_all_else(
    sandbox: Driver, vendor: Vendor, route: VendorRoute, method: str
) -> None:
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1", "file://", "chrome-extension://abc"):
        for options in (credentials(vendor), {}):
            answer = sandbox.call(method, example(route), headers={"Origin": origin}, **options)
            is_refused(vendor, answer, 400)
            assert "access-control-allow-origin" not in answer.headers


@pytest.mark.rule("NET-origin")
@every_operation
def test_any_host_is_taken(sandbox: Driver, vendor: Vendor, route: VendorRoute, method: str) -> None:
    usual = ask(sandbox, vendor, route, method)
    for host in ("evil.example", "secure.dialogtech.com:443", ""):
        named = ask(sandbox, vendor, route, method, headers={"Host": host})
        in_shape(vendor, named)
        assert named.status_code == usual.status_code


# Every answer ----------------------------------------------------------------------------------------------------


@every_operation
def test_every_answer_names_an_exchange_of_its_own(
    sandbox: Driver, vendor: Vendor, route: VendorRoute, method: str
) -> None:
    path = example(route)
    answers = [
        ask(sandbox, vendor, route, method),
        ask(sandbox, vendor, route, method),
        sandbox.call(method, path),
        sandbox.call(method, f"{path}/"),
        sandbox.call("PATCH", path),
        sandbox.call(method, path, headers={"Origin": "null"}),
    ]
    ids = [answer.headers["x-sandbox-exchange"] for answer in answers]
    assert len(set(ids)) == len(ids)


@every_operation
def test_every_operation_is_journalled(sandbox: Driver, vendor: Vendor, route: VendorRoute, method: str) -> None:
    answer = ask(sandbox, vendor, route, method)
    entry = sandbox.control("GET", f"/journal/{answer.headers['x-sandbox-exchange']}")
    assert (entry["operation"], entry["method"]) == (f"{vendor.name}.{route.name}", method)
    assert (entry["status"], entry["response"]["body"]) == (answer.status_code, answer.text)
    is_accepted = answer.status_code < 400 and "<result>failed</result>" not in answer.text
    assert entry["outcome"] == ("accepted" if is_accepted else "refused")
    assert set(entry["rules"]) <= {rule.id for rule in vendor.rules}
    assert entry["rules"]


@every_operation
def test_what_is_refused_before_its_credentials_are_asked_for_is_in_the_journal_that_they_open(
    sandbox: Driver, vendor: Vendor, route: VendorRoute, method: str
) -> None:
    def refused(**options: Any) -> list[httpx.Response]:
        path = example(route)
        foreign = {"Origin": "https://evil.example"}
        return [
            *(sandbox.call(wrong, path, **options) for wrong in ("OPTIONS", "PATCH", "X")),
            sandbox.call(method, path, headers=foreign, **options),
            sandbox.call(method, f"{path}/", **options),
        ]

    right, without, wrong = refused(**credentials(vendor)), refused(), refused(**WRONG)
    entries = sandbox.control("GET", "/journal")["items"]
    assert [entry["id"] for entry in entries] == [answer.headers["x-sandbox-exchange"] for answer in right]
    assert {entry["outcome"] for entry in entries} == {"refused"}
    levels = [[each["level"] for each in entry["findings"]] for entry in entries]
    assert all("error" in each for each in levels)
    verdict = sandbox.call("POST", f"{DEFAULT}/verify", json={"expect": [], "no_findings": True})
    assert verdict.status_code == 417
    for answers in (without, wrong):
        assert all(is_nobodys(sandbox, answer) for answer in answers)
        assert [status_headers_body(answer) for answer in answers] == [status_headers_body(answer) for answer in right]


def is_nobodys(sandbox: Driver, answer: httpx.Response) -> bool:
    """Whether an answer's exchange is in the journal of those that belong to no workspace."""
    exchange = answer.headers["x-sandbox-exchange"]
    assert sandbox.call("GET", f"{DEFAULT}/journal/{exchange}").status_code == 404
    return sandbox.call("GET", f"/_sandbox/journal/{exchange}").is_success


WRONG = {"auth": ("demo", "wrong"), "params": {**KEYS, "secret_access_key": "wrong"}}


def status_headers_body(answer: httpx.Response) -> tuple[Any, ...]:
    """All of an answer but the exchange that it names."""
    headers = {name: value for name, value in answer.headers.items() if name != "x-sandbox-exchange"}
    return answer.status_code, headers, answer.content


@every_vendor
def test_keys_that_cannot_be_read_open_no_journal(sandbox: Driver, vendor: Vendor) -> None:
    path = example(routes(vendor)[0])
    answer = sandbox.call("PATCH", f"{path}?%FF=1", headers={"Authorization": b"Basic \xff\xfe"})
    assert is_nobodys(sandbox, answer)


@every_vendor
def test_a_defect_of_ours_is_told_in_the_vendors_shape_and_without_its_inside(
    sandbox: Driver, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError("the inside")

    sandbox.call("GET", f"{vendor.prefix}/x")
    for name in ("read", "write"):
        monkeypatch.setattr(sandbox.app.store, name, broken)
    route = routes(vendor)[0]
    method = min(route.methods or ())

    async def ask_it() -> httpx.Response:
        transport = httpx.ASGITransport(sandbox.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
            return await client.request(method, example(route), **credentials(vendor))

    answer = asyncio.run(ask_it())
    monkeypatch.undo()
    assert answer.status_code == (200 if vendor.name == "dialogtech" else 500)
    assert "the inside" not in answer.text
    assert "sandbox" in answer.text or method == "HEAD"


def break_store(sandbox: Driver, outage: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise StoreUnavailable("disk I/O error: the inside")

    for name in ("read", "write"):
        outage.setattr(sandbox.app.store, name, broken)


@every_operation
def test_a_store_that_fails_is_told_in_the_vendors_shape(
    sandbox: Driver, vendor: Vendor, route: VendorRoute, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as outage:
        break_store(sandbox, outage)
        answer = ask(sandbox, vendor, route, method)
    is_refused(vendor, answer, 503)
    assert is_nobodys(sandbox, answer)
    assert "the inside" not in answer.text
    entry = sandbox.call("GET", f"/_sandbox/journal/{answer.headers['x-sandbox-exchange']}").json()
    assert (entry["operation"], entry["status"]) == (f"{vendor.name}.{route.name}", answer.status_code)


@every_vendor
@pytest.mark.parametrize(("method", "path", "status"), [("PATCH", None, 405), ("GET", "/x", 404)])
def test_what_is_refused_anyway_is_so_without_the_store(
    sandbox: Driver, vendor: Vendor, method: str, path: str | None, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = vendor.prefix + path if path else routes(vendor)[0].path
    with monkeypatch.context() as outage:
        break_store(sandbox, outage)
        answer = sandbox.call(method, target, auth=DEMO, params=KEYS)
    is_refused(vendor, answer, status)


@every_vendor
def test_no_answer_bears_a_framework_hand(sandbox: Driver, vendor: Vendor) -> None:
    for path in ("/openapi.json", "/docs", "/redoc", "/x"):
        answer = sandbox.call("GET", f"{vendor.prefix}{path}")
        is_refused(vendor, answer, 404)
        assert '"detail"' not in answer.text
        assert json.dumps({"detail": "Not Found"}) != answer.text


@every_vendor
@pytest.mark.rule("NET-path")
def test_a_path_that_only_begins_like_a_vendors_is_none_of_its_paths(sandbox: Driver, vendor: Vendor) -> None:
    answer = sandbox.call("GET", f"{vendor.prefix}x")
    is_refused(vendor, answer, 404)
    assert is_nobodys(sandbox, answer)
    assert f"did you mean {vendor.prefix}?" in answer.text


@pytest.mark.rule("NET-http")
@every_vendor
def test_head_is_answered_as_get_without_the_body(sandbox: Driver, vendor: Vendor) -> None:
    for route in routes(vendor):
        if "GET" not in (route.methods or ()):
            continue
        got, asked = (ask(sandbox, vendor, route, method) for method in ("GET", "HEAD"))
        assert (asked.status_code, asked.content) == (got.status_code, b"")
        assert headers_of(asked) == headers_of(got)
        for sent, method in ((got, "GET"), (asked, "HEAD")):
            entry = sandbox.control("GET", f"/journal/{sent.headers['x-sandbox-exchange']}")
            assert (entry["method"], entry["operation"]) == (method, f"{vendor.name}.{route.name}")
            assert entry["response"]["body"] == sent.text


def headers_of(answer: httpx.Response) -> dict[str, str]:
    """All but the exchange's id."""
    return {name: value for name, value in answer.headers.items() if name != "x-sandbox-exchange"}


@pytest.mark.rule("NET-http")
@every_operation
def test_no_answer_may_be_taken_for_a_page(sandbox: Driver, vendor: Vendor, route: VendorRoute, method: str) -> None:
    path = example(route)
    for answer in (ask(sandbox, vendor, route, method), sandbox.call("X", path), sandbox.call(method, f"{path}/")):
        assert answer.headers["x-content-type-options"] == "nosniff"
