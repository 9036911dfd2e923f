"""An endpoint that asks for nothing but text from its path is called without FastAPI's dependency solver, to the same
effect: every endpoint is called both ways, with what is right and what is wrong."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from driver import CONSOLE, DEMO, DIALOGTECH, KEYS, LINE, PHONE, SIMPLEPAY, WRITEBACK, Driver
from toys import TOY

from sandbox.vendors import VENDORS
from sandbox.vendors.base.route import VendorRoute

FORM = {"To": PHONE, "From": LINE, "Body": "Hello"}
MESSAGES = {"action": "sms.get_messages", **KEYS, "start_date": "20260506", "end_date": "20260506"}
DAY = "2026-05-06 00:00:00/2026-05-06 23:59:59"
CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", f"{WRITEBACK}/{CONSOLE}/{DAY}", {"auth": DEMO}),
    ("HEAD", f"{WRITEBACK}/{CONSOLE}/{DAY}", {"auth": DEMO}),
    ("PUT", f"{WRITEBACK}/{CONSOLE}/{DAY}", {"auth": DEMO}),
    ("GET", f"{WRITEBACK}/{CONSOLE}/{DAY}", {}),
    ("GET", f"{WRITEBACK}/x/{DAY}", {"auth": DEMO}),
    ("GET", f"{WRITEBACK}/{CONSOLE}/x/y", {"auth": DEMO}),
    ("GET", f"{WRITEBACK}/{CONSOLE}/{DAY}", {"auth": DEMO, "headers": {"X-Sandbox-Fault": "status=503"}}),
    ("POST", f"{SIMPLEPAY}/submit/{CONSOLE}", {"auth": DEMO, "data": FORM}),
    ("POST", f"{SIMPLEPAY}/submit/{CONSOLE}", {"auth": DEMO, "params": FORM}),
    ("POST", f"{SIMPLEPAY}/submit/{CONSOLE}", {"auth": DEMO, "data": {**FORM, "To": "12"}}),
    ("POST", f"{SIMPLEPAY}/submit/{CONSOLE}", {"auth": DEMO, "json": FORM}),
    ("POST", f"{SIMPLEPAY}/submit/{CONSOLE}", {"auth": DEMO, "content": b"%FF=1"}),
    ("POST", f"{SIMPLEPAY}/submit/", {"auth": DEMO, "data": FORM}),
    ("DELETE", f"{SIMPLEPAY}/optout/{CONSOLE}/{PHONE}", {"auth": DEMO}),
    ("DELETE", f"{SIMPLEPAY}/optout/x/{PHONE}", {"auth": DEMO}),
    ("GET", f"{SIMPLEPAY}/messages/{CONSOLE}/a%2Fb", {"auth": DEMO}),
    ("DELETE", f"{SIMPLEPAY}/messages/{CONSOLE}/", {"auth": DEMO}),
    ("GET", DIALOGTECH, {"params": MESSAGES}),
    ("GET", DIALOGTECH, {"params": {**MESSAGES, "number": "x"}}),
    ("POST", DIALOGTECH, {"data": MESSAGES}),
    ("GET", DIALOGTECH, {"params": {"action": "sms.get_message", **KEYS, "msg_id": "1"}}),
    ("POST", DIALOGTECH, {"data": {}}),
]
OWN = re.compile(r'"requestId":"[^"]+"|\d{4}[A-Z]-\d{4}[A-Z]-\d{5}-\d{3}[A-Z]{2}')
"""What is another one in each answer."""


def all_routes() -> list[VendorRoute]:
    return [route for vendor in VENDORS for route in vendor.router.routes if isinstance(route, VendorRoute)]


@pytest.fixture
def without_short_handler() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for route in all_routes():
            patch.setattr(route, "is_short", False)
        yield


def answers(sandbox: Driver) -> list[tuple[Any, ...]]:
    return [comparable(sandbox.call(method, path, **options)) for method, path, options in CALLS]


def comparable(answer: httpx.Response) -> tuple[Any, ...]:
    headers = {name: value for name, value in answer.headers.items() if name != "x-sandbox-exchange"}
    return answer.status_code, headers, OWN.sub("", answer.text)


def findings(sandbox: Driver) -> list[Any]:
    return [(entry["operation"], entry["findings"]) for entry in sandbox.control("GET", "/journal")["items"]]


def test_every_endpoint_of_ours_is_short_and_a_strangers_that_wants_more_is_not() -> None:
    assert all(route.is_short for route in all_routes())
    short = {route.operation_id: route.is_short for route in TOY.router.routes if isinstance(route, VendorRoute)}
    assert short == {"send": True, "texts": False}


def test_every_endpoint_is_called(sandbox: Driver) -> None:
    answers(sandbox)
    reached = {entry["operation"] for entry in sandbox.control("GET", "/journal")["items"]}
    assert reached == {name for vendor in VENDORS for name in vendor.operations}


def test_both_handlers_answer_alike(open_driver: Any, request: pytest.FixtureRequest) -> None:
    short = open_driver()
    expected, found = answers(short), findings(short)
    request.getfixturevalue("without_short_handler")
    long = open_driver()
    assert answers(long) == expected
    assert findings(long) == found
