"""The descriptions as Postman collections and `.http` files: what they hold is sent and taken."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from driver import CONSOLE, DEFAULT, DEMO, KEYS, LINE, Driver
from jsonschema import Draft202012Validator
from request_files import ReadRequest, requests_of_http_file, requests_of_postman

from sandbox.vendors import VENDORS

TOKEN = "a-token"
HAS_TOKEN = {"Authorization": f"Bearer {TOKEN}"}
VENDOR_NAMES = [vendor.name for vendor in VENDORS]
NAMES = [*VENDOR_NAMES, "control"]
FORMATS = ("postman.json", "http")
METHODS = {"get", "put", "post", "patch", "delete"}


def collection(sandbox: Driver, name: str, **options: Any) -> list[ReadRequest]:
    answer = sandbox.call("GET", f"/_sandbox/collections/{name}", **options)
    assert answer.status_code == 200, answer.text
    if ".http" in name:
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        return requests_of_http_file(answer.text)
    assert answer.headers["content-type"] == "application/json"
    return requests_of_postman(answer.json())


def send(sandbox: Driver, request: ReadRequest) -> Any:
    content = request.body or None
    return sandbox.call(request.method, request.url, headers=request.headers, content=content)


def assert_taken(sandbox: Driver, request: ReadRequest) -> None:
    answer = send(sandbox, request)
    assert answer.status_code == 200, (request, answer.text)
    exchange = sandbox.call("GET", f"/_sandbox/journal/{answer.headers['x-sandbox-exchange']}", headers=HAS_TOKEN)
    errors = [each for each in exchange.json()["findings"] if each["level"] == "error"]
    assert (exchange.json()["outcome"], errors) == ("accepted", []), request


def furnished(open_driver: Callable[..., Driver], **settings: Any) -> Driver:
    """A sandbox whose workspace has a message of each kind."""
    sandbox = open_driver(**settings)
    sandbox.submit()
    sandbox.call(
        "POST",
        f"{DEFAULT}/messages",
        json={"tracking_number": "6155550100", "to": "14155550199", "text": "From the desk"},
        headers=HAS_TOKEN,
    )
    return sandbox


# The vendors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("vendor", VENDOR_NAMES)
@pytest.mark.parametrize("fixture", ["clinic", "documented", None])
def test_each_request_of_a_vendor_is_accepted_with_the_workspaces_own_examples(
    open_driver: Callable[..., Driver], fixture: str | None, vendor: str, file_format: str
) -> None:
    sandbox = furnished(open_driver) if fixture is None else open_driver(fixture=fixture)
    requests = collection(sandbox, f"{vendor}.{file_format}?workspace=default")
    assert len(requests) >= 2
    for request in requests:
        assert_taken(sandbox, request)


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("vendor", VENDOR_NAMES)
def test_a_workspace_with_its_own_credentials_is_called_by_those(
    open_driver: Callable[..., Driver], vendor: str, file_format: str
) -> None:
    sandbox = open_driver(host="0.0.0.0", control_token=TOKEN)
    made = sandbox.call("POST", "/_sandbox/workspaces", json={"name": "mine", "fixture": "clinic"}, headers=HAS_TOKEN)
    assert made.status_code == 201
    for request in collection(sandbox, f"{vendor}.{file_format}?workspace=mine", headers=HAS_TOKEN):
        assert_taken(sandbox, request)
    journal = sandbox.call("GET", "/_sandbox/workspaces/mine/journal", headers=HAS_TOKEN).json()
    assert journal["items"]


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("vendor", VENDOR_NAMES)
def test_as_it_is_taken_along_without_a_workspace_it_calls_the_clinic(
    open_driver: Callable[..., Driver], vendor: str, file_format: str
) -> None:
    sandbox = open_driver(fixture="clinic")
    for request in collection(sandbox, f"{vendor}.{file_format}"):
        assert send(sandbox, request).status_code == 200, request


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.name)
def test_every_operation_and_action_is_there_in_both_formats(sandbox: Driver, vendor: Any) -> None:
    for file_format in FORMATS:
        for request in collection(sandbox, f"{vendor.name}.{file_format}?workspace=default"):
            send(sandbox, request)
    called = {item["operation"] for item in sandbox.control("GET", "/journal?limit=100")["items"]}
    assert called == set(vendor.operations)
    assert [tuple(each[:2]) for each in collection(sandbox, f"{vendor.name}.http")] == [
        tuple(each[:2]) for each in collection(sandbox, f"{vendor.name}.postman.json")
    ]


def test_an_http_file_reads_well(open_driver: Callable[..., Driver]) -> None:
    sandbox = furnished(open_driver)
    text = sandbox.call("GET", "/_sandbox/collections/simplepay.http?workspace=default").text
    sid = sandbox.control("GET", "/messages?to=16295550101")["items"][-1]["ids"]["sid"]
    assert text.startswith(
        f"""\
# Dialog Health Send SMS (simplepay). Fill in what the variables are at your server.
@host = http://127.0.0.1:8080
@username = demo
@password = demo
@consoleCode = {CONSOLE}
@To = 16295550101
@From = {LINE}
@Body = Your%20results%20are%20in.
@msisdn = 16295550101
@messageId = {sid}

### submit
# Sends a message to a phone, which it opts in silently
POST {{{{host}}}}/dialoghealth-simplepay-api/submit/{{{{consoleCode}}}}
Authorization: Basic {{{{username}}}} {{{{password}}}}
Content-Type: application/x-www-form-urlencoded

To={{{{To}}}}&From={{{{From}}}}&Body={{{{Body}}}}

### optout
"""
    )


def test_a_postman_collection_is_one_of_version_2_1(open_driver: Callable[..., Driver]) -> None:
    sandbox = furnished(open_driver)
    answer = sandbox.call("GET", "/_sandbox/collections/dialogtech.postman.json?workspace=default")
    assert answer.headers["content-disposition"] == 'attachment; filename="dialogtech.postman.json"'
    assert answer.headers["cache-control"] == "no-store"
    read = answer.json()
    assert read["info"]["schema"] == "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
    assert read["auth"] == {"type": "noauth"}
    variables = {each["key"]: each["value"] for each in read["variable"]}
    assert {name: variables[name] for name in ("host", *KEYS)} == {"host": "http://127.0.0.1:8080", **KEYS}
    assert [each["key"] for each in read["variable"] if each["type"] == "secret"] == ["secret_access_key"]
    one = read["item"][3]
    assert one == {
        "name": "sms.get_message",
        "request": {
            "method": "GET",
            "description": "One message sent to or from an account's tracking numbers, in the same shape.",
            "header": [],
            "url": {
                "raw": "{{host}}/ibp_api.php?action=sms.get_message&access_key={{access_key}}"
                "&secret_access_key={{secret_access_key}}&msg_id={{msg_id}}",
                "host": ["{{host}}"],
                "path": ["ibp_api.php"],
                "query": [
                    {"key": "action", "value": "sms.get_message", "description": "What to do.", "disabled": False},
                    {
                        "key": "access_key",
                        "value": "{{access_key}}",
                        "description": "The account's access key.",
                        "disabled": False,
                    },
                    {
                        "key": "secret_access_key",
                        "value": "{{secret_access_key}}",
                        "description": "The account's secret access key.",
                        "disabled": False,
                    },
                    {
                        "key": "msg_id",
                        "value": "{{msg_id}}",
                        "description": "The message's msg_id.",
                        "disabled": False,
                    },
                ],
            },
        },
    }


# The control API -----------------------------------------------------------------------------------------------------

LEFT_OUT = ("follow_events", "open_bundle")
"""One has no end, the other needs a file, which its reader has to choose."""
NOT_FOUND_OR_NOT_NOW = (404, 408, 409, 417)


@pytest.mark.parametrize("file_format", FORMATS)
def test_each_request_of_the_control_api_is_understood(open_driver: Callable[..., Driver], file_format: str) -> None:
    sandbox = open_driver(fixture="clinic", control_token=TOKEN)
    answer = sandbox.call("GET", f"/_sandbox/collections/control.{file_format}?workspace=default", headers=HAS_TOKEN)
    requests = (
        requests_of_http_file(answer.text.replace("@token =", f"@token = {TOKEN}"))
        if file_format == "http"
        else requests_of_postman(json.loads(answer.text.replace('"value": ""', f'"value": "{TOKEN}"')))
    )
    document = sandbox.call("GET", "/_sandbox/openapi.json").json()
    assert len(requests) == sum(len(item) for item in document["paths"].values())
    taken = []
    for request in sorted(requests, key=lambda each: each.method == "DELETE"):  # first what they would take away
        if request.name in LEFT_OUT:
            continue
        answer = send(sandbox, request)
        assert answer.is_success or answer.status_code in NOT_FOUND_OR_NOT_NOW, (request, answer.text)
        taken += [request.name] * answer.is_success
    assert {"send_message", "reply", "text_in", "broadcast", "turn_clock", "add_fault"} <= set(taken)
    assert len(taken) > 0.85 * len(requests)


def test_each_body_has_the_shape_that_the_document_says(sandbox: Driver) -> None:
    document = sandbox.call("GET", "/_sandbox/openapi.json").json()
    bodies = {each.name: each.body for each in collection(sandbox, "control.postman.json")}
    checked = 0
    for item in document["paths"].values():
        for method, operation in item.items():
            assert method in METHODS
            schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            if schema is not None:
                whole = {**schema, "components": document["components"]}
                Draft202012Validator(whole).validate(json.loads(bodies[operation["operationId"]]))
                checked += 1
    assert checked > 15


# Who may have them ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{"host": "0.0.0.0"}, {"demo": True}], ids=["elsewhere", "a demo"])
@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("name", NAMES)
def test_filled_in_they_are_for_who_has_the_token(
    open_driver: Callable[..., Driver], name: str, file_format: str, settings: dict[str, Any]
) -> None:
    sandbox = open_driver(control_token=TOKEN, fixture="clinic", **settings)
    path = f"/_sandbox/collections/{name}.{file_format}"
    assert sandbox.call("GET", path).status_code == 200
    for workspace in ("default", "nobodys"):
        refused = sandbox.call("GET", f"{path}?workspace={workspace}")
        assert (refused.status_code, refused.json()["title"]) == (401, "Token needed")
    assert sandbox.call("GET", f"{path}?workspace=default", headers=HAS_TOKEN).status_code == 200
    missing = sandbox.call("GET", f"{path}?workspace=nobodys", headers=HAS_TOKEN)
    assert (missing.status_code, missing.json()["title"]) == (404, "Unknown workspace")


@pytest.mark.parametrize("name", NAMES)
def test_without_a_workspace_they_hold_nobodys_credentials(open_driver: Callable[..., Driver], name: str) -> None:
    sandbox = open_driver(host="0.0.0.0", control_token=TOKEN)
    made = sandbox.call("POST", "/_sandbox/workspaces", json={"fixture": "empty"}, headers=HAS_TOKEN).json()
    secrets = [made["basic"]["password"], made["accounts"][0]["secret_access_key"], TOKEN]
    for file_format in FORMATS:
        text = sandbox.call("GET", f"/_sandbox/collections/{name}.{file_format}").text
        assert not [secret for secret in secrets if secret in text]


@pytest.mark.parametrize("name", ["twilio.http", "twilio.postman.json", "Control.http"])
def test_of_another_vendor_there_is_none(sandbox: Driver, name: str) -> None:
    answer = sandbox.call("GET", f"/_sandbox/collections/{name}")
    assert answer.status_code == 404
    assert answer.json() == {
        "type": "urn:dialog-sandbox:unknown-vendor",
        "title": "Unknown vendor",
        "status": 404,
        "detail": "There is no such collection: take one of writeback, simplepay, dialogtech, control.",
    }


@pytest.mark.parametrize("name", ["simplepay", "simplepay.json", "simplepay.har", "", ".http"])
def test_in_another_format_there_is_none(sandbox: Driver, name: str) -> None:
    assert sandbox.call("GET", f"/_sandbox/collections/{name}").status_code == 404


def test_behind_a_proxy_the_host_is_where_callers_reach_it(open_driver: Callable[..., Driver]) -> None:
    sandbox = open_driver(public_url="https://sms.example.com/sandbox")
    text = sandbox.call("GET", "/_sandbox/collections/writeback.http").text
    assert "\n@host = https://sms.example.com/sandbox\n" in text
    assert DEMO[0] in text
