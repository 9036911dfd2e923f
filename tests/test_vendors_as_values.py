"""A vendor is a value: one more, and an action more, are served, described, broken, verified and shown as the rest."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from conftest import WORLDS, DatabaseFor
from driver import ACTION_NAMES, CONSOLE, DIALOGTECH, KEYS, STRANGER, Driver
from request_files import requests_of_http_file, requests_of_postman
from toys import KEY, PREFIX, VENDORS

from sandbox.app import create_app
from sandbox.settings import Settings
from sandbox.vendors import DIALOGTECH as PLAIN_DIALOGTECH

TEXTS = f"{PREFIX}/{CONSOLE}/texts"
HELLO = {"phone": STRANGER, "text": "Hello"}


class ToyDriver(Driver):
    """Drives a sandbox of four vendors."""

    def _open(self) -> None:
        self.app = create_app(self.settings, self.wall, vendors=VENDORS)
        transport = httpx.ASGITransport(self.app)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080")


@pytest.fixture
def toys(database_for: DatabaseFor) -> Iterator[Driver]:
    driver = ToyDriver(Settings(fixture=str(WORLDS / "plain.yaml"), database=database_for(None)))
    yield driver
    driver.close()


def send(toys: Driver, headers: dict[str, str] = KEY, **changes: str) -> httpx.Response:
    return toys.call("POST", TEXTS, headers=headers, data=HELLO | changes)


def ping(toys: Driver, **changes: str) -> httpx.Response:
    return toys.call("GET", DIALOGTECH, params={"action": "sms.ping", **KEYS, "word": "hello", **changes})


def last_entry(toys: Driver) -> Any:
    return toys.control("GET", "/journal?order=newest&limit=1")["items"][0]


# Answers -------------------------------------------------------------------------------------------------------------


def test_a_vendor_sends_a_message_with_an_id_of_its_own(toys: Driver) -> None:
    answer = send(toys)
    assert (answer.status_code, list(answer.json())) == (200, ["toy"])
    (message,) = toys.control("GET", f"/messages?to={STRANGER}")["items"]
    assert (message["vendor"], message["text"]) == ("toy", "Hello")
    assert message["ids"]["toy_id"] == answer.json()["toy"]
    assert toys.message(answer.json()["toy"])["id"] == message["id"]
    assert toys.control("GET", "/messages?vendor=toy")["items"] == [message]


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "body"),
    [
        ("POST", TEXTS, {"data": HELLO}, 401, {"no": "The key is wrong.", "field": None}),
        ("POST", TEXTS, {"headers": KEY, "data": {"text": "x"}}, 400, {"no": "phone is required.", "field": "phone"}),
        ("GET", f"{PREFIX}/x", {"headers": KEY}, 404, {"no": "There is no such path.", "field": None}),
        (
            *("PUT", TEXTS, {"headers": KEY}, 405),
            {"no": "Method PUT is not allowed here: use GET, HEAD, POST.", "field": None},
        ),
    ],
)
def test_it_refuses_in_its_own_shape(
    toys: Driver, method: str, path: str, options: Any, status: int, body: dict[str, Any]
) -> None:
    answer = toys.call(method, path, **options)
    assert (answer.status_code, answer.json()) == (status, body)


def test_an_action_answers_beside_the_others(toys: Driver) -> None:
    assert ping(toys).text == "<pong>hello</pong>"
    assert "<result>success</result>" in toys.get_messages().text
    assert f"There is no action x: use {ACTION_NAMES} or sms.ping." in ping(toys, action="x").text
    assert "word is required." in ping(toys, word="").text
    assert "access_key and secret_access_key are not those of an account." in ping(toys, access_key="x").text


def test_the_vendor_without_the_action_is_as_it_was() -> None:
    assert "dialogtech.sms.ping" not in PLAIN_DIALOGTECH.operations
    assert VENDORS[2].operations == (*PLAIN_DIALOGTECH.operations, "dialogtech.sms.ping")


# What FastAPI does for a stranger ------------------------------------------------------------------------------------


def test_an_endpoint_gets_what_it_declares(toys: Driver) -> None:
    expected = {"console": CONSOLE, "limit": 2, "size": 3, "workspace": 1}
    assert toys.call("GET", f"{TEXTS}?limit=2", headers=KEY).json() == expected
    large = toys.call("GET", TEXTS, headers={**KEY, "X-Large": "1"}).json()
    assert large == {"console": CONSOLE, "limit": 5, "size": 7, "workspace": 1}


def test_what_an_endpoint_declares_is_checked_and_refused_in_the_vendors_shape(toys: Driver) -> None:
    answer = toys.call("GET", f"{TEXTS}?limit=10", headers=KEY)
    assert answer.status_code == 400
    assert answer.json() == {"no": "limit: Input should be less than or equal to 9.", "field": "limit"}
    entry = last_entry(toys)
    assert (entry["id"], entry["rules"]) == (answer.headers["x-sandbox-exchange"], ["TOY-send"])


def test_what_an_endpoint_declares_is_described(toys: Driver) -> None:
    read = toys.call("GET", "/_sandbox/openapi/toy.json").json()
    parameters = read["paths"][f"{PREFIX}/{{consoleCode}}/texts"]["get"]["parameters"]
    assert [(each["name"], each["in"]) for each in parameters] == [("consoleCode", "path"), ("limit", "query")]
    schema = parameters[1]["schema"]
    assert (schema["minimum"], schema["maximum"], schema["default"]) == (1, 9, 5)


# OpenAPI -------------------------------------------------------------------------------------------------------------


def test_a_vendor_is_described_with_its_own_credentials(toys: Driver) -> None:
    read = toys.call("GET", "/_sandbox/openapi/toy.json").json()
    assert list(read["components"]["securitySchemes"].values()) == [
        {"type": "apiKey", "in": "header", "name": "X-Toy-Key"}
    ]
    form = read["paths"][f"{PREFIX}/{{consoleCode}}/texts"]["post"]["requestBody"]
    assert form["content"]["application/x-www-form-urlencoded"]["schema"] == {
        "type": "object",
        "properties": {
            "phone": {"type": "string", "description": "The receiver.", "examples": ["14155550123"]},
            "text": {"type": "string", "description": "The text.", "examples": ["Hello"]},
        },
        "required": ["phone", "text"],
    }


def test_actions_are_described_as_one_operation_with_a_schema_each(toys: Driver) -> None:
    names = [*(action.name for action in PLAIN_DIALOGTECH.actions), "sms.ping"]
    operations = toys.call("GET", "/_sandbox/openapi/dialogtech.json").json()["paths"][DIALOGTECH]
    assert set(operations) == {"get", "head", "post"}
    by_name = {each["name"]: each for each in operations["get"]["parameters"]}
    assert by_name["action"]["schema"]["enum"] == names
    assert [name for name, each in by_name.items() if each["required"]] == [
        "action",
        "access_key",
        "secret_access_key",
    ]
    for content in operations["post"]["requestBody"]["content"].values():
        schemas = content["schema"]["oneOf"]
        assert [schema["properties"]["action"]["enum"] for schema in schemas] == [[name] for name in names]
        required = [schema["required"][3:] for schema in schemas]
        assert (required[0], required[-1]) == (["start_date", "end_date"], ["word"])


# What the sandbox does with every call -------------------------------------------------------------------------------


def test_faults_match_their_operations(toys: Driver) -> None:
    for operation in ("toy.send", "dialogtech.sms.ping"):
        fault = {"match": {"operation": operation}, "effect": {"status": 503}}
        toys.control("POST", "/faults", fault, status=201)
    assert (send(toys).status_code, ping(toys).status_code) == (503, 503)
    assert send(toys).json() == {"no": "Service Unavailable.", "field": None}
    assert "<result>success</result>" in toys.get_messages().text
    asked = toys.call("GET", TEXTS, headers={**KEY, "X-Sandbox-Fault": "status=404"})
    assert (asked.status_code, asked.json()["no"]) == (404, "Not Found.")


def test_a_fault_of_an_operation_that_there_is_not_is_refused(toys: Driver) -> None:
    fault = {"match": {"operation": "toy.nothing"}, "effect": {"status": 503}}
    (error,) = toys.control("POST", "/faults", fault, status=422)["errors"]
    assert "toy.send" in error["detail"]
    assert "dialogtech.sms.ping" in error["detail"]


def test_they_are_journalled_and_verified(toys: Driver) -> None:
    answers = send(toys), ping(toys)
    entries = toys.control("GET", "/journal")["items"]
    assert [(entry["id"], entry["operation"], entry["rules"]) for entry in entries] == [
        (answers[0].headers["x-sandbox-exchange"], "toy.send", ["TOY-send"]),
        (answers[1].headers["x-sandbox-exchange"], "dialogtech.sms.ping", ["DT-auth", "DT-ping"]),
    ]
    wanted = [
        {"operation": "toy.send", "where": {"to": STRANGER, "console": CONSOLE, "text": "Hello"}},
        {"operation": "dialogtech.sms.ping", "where": {"account": KEYS["access_key"], "text": "hello"}},
    ]
    assert toys.control("POST", "/verify", {"expect": wanted})["found"] == [1, 1]


def test_what_callers_do_wrong_is_found(toys: Driver) -> None:
    send(toys, text="", colour="red")
    assert [(each["rule"], each["level"], each["explanation"]) for each in last_entry(toys)["findings"]] == [
        ("TOY-send", "error", "A text needs phone and text."),
        ("TOY-send", "note", "A text needs phone and text."),
    ]
    ping(toys, word="")
    assert [(each["rule"], each["level"]) for each in last_entry(toys)["findings"]] == [("DT-ping", "error")]
    ping(toys)
    assert last_entry(toys)["findings"] == []


def test_their_rules_are_listed(toys: Driver) -> None:
    listed = {rule["id"] for rule in toys.call("GET", "/_sandbox/rules").json()["items"]}
    assert {"TOY-key", "TOY-send", "DT-ping", "DT-auth"} <= listed


def test_a_message_is_shown_as_the_vendor_shows_it(toys: Driver) -> None:
    toy = send(toys).json()["toy"]
    views = {view["vendor"]: view["body"] for view in toys.control("GET", f"/messages/{toy}/shown")["items"]}
    assert list(views) == ["writeback", "simplepay", "dialogtech", "toy"]
    assert views["toy"] == f'{{\n  "toy": "{toy}"\n}}'
    assert views["writeback"] is not None


def test_the_console_knows_them(toys: Driver) -> None:
    page = toys.call("GET", "/_sandbox/ui/default/exchanges")
    assert page.status_code == 200
    assert "toy.send" in page.text
    assert "dialogtech.sms.ping" in page.text


# Collections ---------------------------------------------------------------------------------------------------------


def test_their_calls_are_in_the_collections(toys: Driver) -> None:
    path = "/_sandbox/collections"
    postman = requests_of_postman(toys.call("GET", f"{path}/toy.postman.json").json())
    http_file = requests_of_http_file(toys.call("GET", f"{path}/toy.http").text)
    assert [each.name for each in postman] == [each.name for each in http_file] == ["send", "texts"]
    for each in http_file:
        assert f"{PREFIX}/{CONSOLE}/texts" in each.url
    pings = requests_of_http_file(toys.call("GET", f"{path}/dialogtech.http?workspace=default").text)
    (by_get,) = (each for each in pings if each.name == "sms.ping" and each.method == "GET")
    assert "pong" in toys.call("GET", by_get.url).text.lower()
