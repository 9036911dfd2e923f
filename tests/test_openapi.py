"""The OpenAPI documents say what is so, and nothing of FastAPI's own; the page that shows them needs no other host."""

import json
import os
import re
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from driver import DIALOGTECH, Driver, Wall, moment
from jsonschema import Draft202012Validator

from sandbox.server.docs import FOLDER, TYPES
from sandbox.server.openapi import EXAMPLES
from sandbox.vendors import VENDORS

OURS = "/_sandbox/openapi.json"
PATHS = [OURS, *(f"/_sandbox/openapi/{vendor.name}.json" for vendor in VENDORS)]
METHODS = {"get", "head", "put", "post", "patch", "delete"}


def document(sandbox: Driver, path: str) -> dict[str, Any]:
    answer = sandbox.call("GET", path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.headers["cache-control"] == "no-cache"
    read: dict[str, Any] = answer.json()
    return read


def operations(read: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in read["paths"].items():
        assert set(item) <= METHODS
        for method, operation in item.items():
            yield path, method, operation


@pytest.mark.parametrize("path", PATHS)
def test_a_document_is_openapi_3_1_and_shows_nothing_of_the_framework(sandbox: Driver, path: str) -> None:
    read = document(sandbox, path)
    assert read["openapi"] == "3.1.0"
    assert read["servers"] == [{"url": "/"}]
    for word in ("HTTPValidationError", "ValidationError", "Response_"):
        assert word not in json.dumps(read)
    for schema in read["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("path", PATHS)
def test_every_operation_has_a_summary_a_name_of_its_own_and_a_shape_for_each_answer(
    sandbox: Driver, path: str
) -> None:
    names = []
    for _, method, operation in operations(document(sandbox, path)):
        names.append(operation["operationId"])
        assert operation["summary"]
        assert not operation["summary"].endswith(".")
        for status, response in operation["responses"].items():
            assert response["description"]
            assert ("content" in response) == (method != "head" and status != "204")
    assert len(names) == len(set(names))


def test_a_body_may_be_absent_when_all_of_its_members_may(sandbox: Driver) -> None:
    read = document(sandbox, OURS)
    needed = set()
    for _, _, operation in operations(read):
        body = operation.get("requestBody", {})
        if body.get("required") and "application/json" in body["content"]:
            schema = body["content"]["application/json"]["schema"]
            shape = read["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], {})
            if shape.get("type") == "object" and not shape.get("required"):
                needed.add(operation["operationId"])
    assert needed == {"verify"}  # which wants one of its two


def test_the_control_document_tells_of_refusals_that_any_call_may_get(sandbox: Driver) -> None:
    read = document(sandbox, OURS)
    for path, _, operation in operations(read):
        expected = {"400", "403", "422"} | ({"404"} if "{" in path else set())
        expected |= {"413", "415"} if "requestBody" in operation else set()
        assert expected <= set(operation["responses"])
        assert "401" not in operation["responses"]
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                assert list(response["content"]) == ["application/problem+json"]


def test_where_the_token_is_needed_the_document_says_so(open_driver: Callable[..., Driver]) -> None:
    read = document(open_driver(host="0.0.0.0", control_token="a-token"), OURS)
    assert read["components"]["securitySchemes"] == {"controlToken": {"type": "http", "scheme": "bearer"}}
    open_ones = {"/_sandbox/health/live", "/_sandbox/health/ready"}
    for path, _, operation in operations(read):
        assert (operation.get("security") == [{"controlToken": []}]) == (path not in open_ones)
        assert ("401" in operation["responses"]) == (path not in open_ones)


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
def test_a_vendors_document_shows_only_its_own(sandbox: Driver, vendor: Any) -> None:
    read = document(sandbox, f"/_sandbox/openapi/{vendor.name}.json")
    assert read["info"] == {"title": vendor.title, "description": vendor.description, "version": "1"}
    assert all(vendor.claims(path) for path in read["paths"])
    for _, _, operation in operations(read):
        assert "422" not in operation["responses"]
        for response in operation["responses"].values():
            assert "X-Sandbox-Exchange" in response["headers"]
        assert ("401" in operation["responses"]) == (operation.get("security") == [{"basic": []}])


def test_another_vendors_document_is_404(sandbox: Driver) -> None:
    answer = sandbox.call("GET", "/_sandbox/openapi/twilio.json")
    assert answer.status_code == 404
    assert answer.json() == {
        "type": "urn:dialog-sandbox:unknown-vendor",
        "title": "Unknown vendor",
        "status": 404,
        "detail": "There is no such vendor: take one of writeback, simplepay, dialogtech.",
    }


# Examples --------------------------------------------------------------------------------------------------------

AUTH = ("partner", "partner-secret")
RESPONSES = "/dialoghealth-writeback-api/api/responses/WEBMAG6745/2026-05-06 21:00:00"
SIMPLEPAY = "/dialoghealth-simplepay-api"
SUBMIT = {"To": "14153755156", "From": "18052849243", "Body": "Message text"}
GET_MESSAGES = {
    "action": "sms.get_messages",
    "access_key": "foo",
    "secret_access_key": "bar",
    "start_date": "20000101",
    "end_date": "20261231",
}


def by_status(*answers: tuple[str, Any]) -> dict[str, Any]:
    return dict(answers)


def real_answers(sandbox: Driver) -> dict[str, Any]:
    """What the sandbox answers on the `documented` fixture, by vendor, operation and status."""

    def ask(method: str, path: str, **options: Any) -> tuple[str, Any]:
        answer = sandbox.call(method, path, **{"auth": AUTH, **options})
        is_json = answer.headers["content-type"] == "application/json"
        return str(answer.status_code), answer.json() if is_json else answer.text

    def responses(method: str) -> dict[str, Any]:
        return by_status(
            ask(method, f"{RESPONSES}/2026-05-06 21:05:00"),
            ask(method, f"{RESPONSES}/2026-05-14 21:00:00"),
            ask(method, f"{RESPONSES}/2026-05-06 21:05:00", auth=None),
        )

    def messages(method: str) -> dict[str, Any]:
        path = f"{SIMPLEPAY}/messages/WEBMAG6745/2721Z-0622U-14171-480RH"
        return by_status(ask(method, path), ask(method, path, auth=None))

    submit, optout = f"{SIMPLEPAY}/submit/WEBMAG6745", f"{SIMPLEPAY}/optout/WEBMAG6745/18052849243"
    return {
        "writeback": {"responses": responses("GET"), "responses_put": responses("PUT")},
        "simplepay": {
            "submit": by_status(
                ask("POST", submit, data=SUBMIT),
                ask("POST", submit, data={**SUBMIT, "To": "1455156"}),
                ask("POST", submit, auth=None),
            ),
            "optout": by_status(ask("DELETE", optout), ask("DELETE", optout, auth=None)),
            "messages": messages("GET"),
            "messages_delete": messages("DELETE"),
        },
        "dialogtech": {
            "sms.get_messages": by_status(ask("GET", DIALOGTECH, params=GET_MESSAGES, auth=None)),
            "sms.get_messages_post": by_status(ask("POST", DIALOGTECH, data=GET_MESSAGES, auth=None)),
        },
    }


def test_the_examples_are_real_answers(open_driver: Callable[..., Driver]) -> None:
    """After a change of an answer: `SANDBOX_WRITE_EXAMPLES=1 make test ARGS="-k real_answers"`."""
    answers = real_answers(open_driver(Wall(moment(days=30)), fixture="documented"))
    if os.environ.get("SANDBOX_WRITE_EXAMPLES"):
        EXAMPLES.write_text(json.dumps(answers, indent=1, ensure_ascii=False) + "\n")
    written = json.loads(EXAMPLES.read_text())
    for operation, by_status in answers["writeback"].items():  # whose requestId is another one in each exchange
        by_status["200"]["requestId"] = written["writeback"][operation]["200"]["requestId"]
    assert written == answers


def test_every_documented_answer_but_a_refused_optout_or_read_has_an_example(sandbox: Driver) -> None:
    for vendor in VENDORS:
        for _, method, operation in operations(document(sandbox, f"/_sandbox/openapi/{vendor.name}.json")):
            if method == "head":
                continue
            without = {
                status
                for status, response in operation["responses"].items()
                if any("example" not in content for content in response["content"].values())
            }
            is_lenient = operation["operationId"] in ("optout", "messages", "messages_delete")
            assert without == ({"400"} if is_lenient else set())


# The page --------------------------------------------------------------------------------------------------------

PAGE = "/_sandbox/docs"
ASSETS = sorted(TYPES)


def own_files() -> list[str]:
    return ["docs.html", "docs.js", "docs.css"]


def page_headers(answer: httpx.Response) -> dict[str, str]:
    names = ("content-security-policy", "cache-control", "x-content-type-options", "referrer-policy")
    return {name: answer.headers[name] for name in names}


@pytest.mark.parametrize("path", [PAGE, *(f"{PAGE}/{name}" for name in ASSETS)])
def test_the_page_and_its_assets_run_nothing_from_elsewhere(sandbox: Driver, path: str) -> None:
    answer = sandbox.call("GET", path)
    assert answer.status_code == 200
    assert page_headers(answer) == {
        "content-security-policy": "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none';"
        " form-action 'self'; frame-ancestors 'none'",
        "cache-control": "no-cache",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
    }
    kind = TYPES.get(path.rpartition("/")[2], "text/html")
    assert answer.headers["content-type"] == f"{kind}; charset=utf-8"
    again = sandbox.call("GET", path, headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_page_loads_only_files_that_are_there(sandbox: Driver) -> None:
    page = sandbox.call("GET", PAGE).text
    loaded = [urljoin(PAGE, link) for link in re.findall(r'(?:src|href|data-document)="([^"?]*)"', page)]
    assert len(loaded) == 11
    for path in loaded:
        assert sandbox.call("GET", path).status_code == 200
    assert {path for path in loaded if "/openapi" in path} == set(PATHS)


@pytest.mark.parametrize("name", own_files())
def test_our_files_name_no_other_host(name: str) -> None:
    assert not re.search(r"https?:|[\"'(]//", (FOLDER / name).read_text())


def test_the_page_has_no_script_or_style_of_its_own_inside() -> None:
    page = (FOLDER / "docs.html").read_text()
    assert not re.search(r"<script(?! src=)|<style|\sstyle=|\son\w+=", page)


def test_the_style_sheet_of_swagger_ui_loads_nothing_from_elsewhere() -> None:
    style = (FOLDER / "swagger-ui.css").read_text()
    assert "@import" not in style
    assert {target[:5] for target in re.findall(r"url\(\s*['\"]?([^)]*)", style)} == {"data:"}


def test_swagger_ui_is_as_published() -> None:
    noted = re.findall(r"^([0-9a-f]{64})  (\S+)$", (FOLDER / "swagger-ui.VERSION.txt").read_text(), re.MULTILINE)
    assert len(noted) == 4
    for digest, name in noted:
        assert sha256((FOLDER / name).read_bytes()).hexdigest() == digest


@pytest.mark.parametrize("name", ["docs.html", "swagger-ui.VERSION.txt", "..%2Fdocs.py", "nothing.js"])
def test_no_other_file_is_served(sandbox: Driver, name: str) -> None:
    answer = sandbox.call("GET", f"{PAGE}/{name}")
    assert answer.status_code == 404
    assert answer.json()["title"] == "Unknown path"


def test_the_control_document_lists_what_there_is_of_each_kind(sandbox: Driver) -> None:
    read = document(sandbox, OURS)
    filters = read["paths"]["/_sandbox/workspaces/{ws}/messages"]["get"]["parameters"]
    listed = {each["name"]: each["schema"].get("enum") for each in filters}
    assert listed["vendor"] == [vendor.name for vendor in VENDORS]
    expectation = read["components"]["schemas"]["ExpectationRequest"]["properties"]
    assert expectation["operation"]["enum"] == [name for vendor in VENDORS for name in vendor.operations]
    assert '"format": "vendor"' not in json.dumps(read)
