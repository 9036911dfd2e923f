"""Faults as data: what they match, when it is their turn, what they answer, and what is refused."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from driver import (
    CONSOLE,
    DEMO,
    KEYS,
    LINE,
    PHONE,
    SIMPLEPAY,
    STRANGER,
    TRACKING_NUMBER,
    WRITEBACK,
    Driver,
)
from hypothesis import given
from hypothesis import strategies as st

from dialog_sandbox.models.faults import Effect
from sandbox.server.faults import header
from sandbox.server.faults.effects import broken, while_connected
from sandbox.server.inprocess import InProcess
from sandbox.vendors import VENDORS
from sandbox.vendors.dialogtech.shapes import head

DAY = "2026-05-06 00:00:00/2026-05-06 23:59:59"
UNAVAILABLE = {"message": "Service Unavailable."}


def add(sandbox: Driver, effect: dict[str, Any], **more: Any) -> Any:
    return sandbox.control("POST", "/faults", {"effect": effect, **more}, status=201)


def read(sandbox: Driver, fault: str | None = None, **options: Any) -> httpx.Response:
    """A right read of Writeback's, which asks for a fault."""
    headers = {} if fault is None else {"X-Sandbox-Fault": fault}
    return sandbox.call("GET", f"{WRITEBACK}/{CONSOLE}/{DAY}", **{"auth": DEMO, "headers": headers, **options})


def statuses(sandbox: Driver, n: int) -> list[int]:
    """Of as many reads."""
    return [read(sandbox).status_code for _ in range(n)]


def progress(sandbox: Driver) -> list[tuple[int, int, int | None]]:
    """Of each fault: matched, applied, left."""
    items = sandbox.control("GET", "/faults")["items"]
    return [(item["matched"], item["applied"], item["left"]) for item in items]


# The calls -------------------------------------------------------------------------------------------------------


def test_a_fault_is_shown_as_it_was_given_and_how_far_it_has_got(sandbox: Driver) -> None:
    made = add(
        sandbox,
        {"status": 503, "body": "down", "latency_ms": {"min": 0, "max": 1}},
        match={"operation": "simplepay.submit", "to": "+1 (629) 555-0101", "from": "6155550110"},
        probability=1.0,
        seed=7,
        skip=0,
        times=3,
        expires_in=600,
    )
    shown = {
        "id": "fault_00000001",
        "match": {"operation": "simplepay.submit", "to": PHONE, "from": LINE},
        "effect": {"status": 503, "body": "down", "latency_ms": {"min": 0, "max": 1}},
        "probability": 1.0,
        "seed": 7,
        "skip": 0,
        "times": 3,
        "expires_at": "2026-05-06T09:10:00.000Z",
        "matched": 0,
        "applied": 0,
        "left": 3,
    }
    assert made == shown
    answer = sandbox.submit()
    assert (answer.status_code, answer.text, answer.headers["content-type"]) == (503, "down", "application/json")
    expected = [{**shown, "matched": 1, "applied": 1, "left": 2}]
    assert sandbox.control("GET", "/faults") == {"items": expected, "next": None}


def test_the_whole_list_is_put_bare_or_as_it_is_shown(sandbox: Driver) -> None:
    add(sandbox, {"reset": True})
    listed = sandbox.control("PUT", "/faults", [{"effect": {"status": 500}}, {"effect": {"close": True}}])
    assert [(item["id"], item["effect"]) for item in listed["items"]] == [
        ("fault_00000002", {"status": 500}),
        ("fault_00000003", {"close": True}),
    ]
    listed = sandbox.control("PUT", "/faults", {"items": [{"effect": {"malformed": True}}]})
    assert [item["effect"] for item in listed["items"]] == [{"malformed": True}]
    assert listed == sandbox.control("GET", "/faults")


def test_faults_are_dropped_one_by_one_and_all_at_once(sandbox: Driver) -> None:
    first, second, third = (add(sandbox, {"status": status})["id"] for status in (500, 501, 502))
    sandbox.control("DELETE", f"/faults/{first}", status=204)
    assert statuses(sandbox, 1) == [501]
    sandbox.control("DELETE", f"/faults/{first}", status=404)
    assert sandbox.control("DELETE", "/faults") == {"deleted": 2}
    assert statuses(sandbox, 1) == [200]
    assert sandbox.control("DELETE", "/faults") == {"deleted": 0}
    unknown = sandbox.control("DELETE", "/faults/msg_00000001", status=404)
    assert unknown == {
        "type": "urn:dialog-sandbox:unknown-fault",
        "title": "Unknown fault",
        "status": 404,
        "detail": "No fault of this workspace has that id: list them with GET faults.",
    }
    assert {second, third} == {"fault_00000002", "fault_00000003"}


EVERY_OPERATION = ", ".join(name for vendor in VENDORS for name in vendor.operations)
OPERATIONS = f"{EVERY_OPERATION}, or have a * for some of them, as simplepay.*"
LATENCY = 'must be ms from 0 to 300000, or {"min", "max"} of them in order'
EFFECTS = "latency_ms, status, body, rate_limit, reset, close, truncate, malformed, drip, timeout, before"


@pytest.mark.parametrize(
    ("fault", "member", "detail"),
    [
        ({}, "effect", "is required"),
        (
            {"effect": {}},
            "effect",
            "must have one of status, rate_limit, reset, close, truncate, malformed, drip, timeout, or latency_ms",
        ),
        ({"effect": {"reset": True, "close": True}}, "effect", "must have only one of reset and close"),
        ({"effect": {"before": True}}, "effect", None),
        ({"effect": {"reset": True, "body": "x"}}, "effect", "must have a body only with status"),
        ({"effect": {"status": 204, "body": "x"}}, "effect", "must have no body with status 204"),
        ({"effect": {"reset": False}}, "effect.reset", "must be true, or be left out"),
        ({"effect": {"reset": 1}}, "effect.reset", "must be true, or be left out"),
        ({"effect": {"status": 199}}, "effect.status", "must be greater than or equal to 200"),
        ({"effect": {"status": 600}}, "effect.status", "must be less than or equal to 599"),
        ({"effect": {"status": "503"}}, "effect.status", "must be a whole number"),
        ({"effect": {"truncate": -1}}, "effect.truncate", "must be greater than or equal to 0"),
        ({"effect": {"delay": 5}}, "effect.delay", f"is not known; known are {EFFECTS}"),
        ({"effect": {"drip": {"bytes": 0, "ms": 1}}}, "effect.drip.bytes", "must be greater than or equal to 1"),
        ({"effect": {"drip": {"bytes": 1}}}, "effect.drip.ms", "is required"),
        ({"effect": {"drip": {"bytes": 1, "ms": 1, "s": 1}}}, "effect.drip.s", "is not known; known are bytes, ms"),
        (
            {"effect": {"rate_limit": {"requests": 1, "seconds": 0}}},
            "effect.rate_limit.seconds",
            "must be greater than or equal to 0.001",
        ),
        ({"effect": {"timeout": 301}}, "effect.timeout", "must be true, or seconds up to 300"),
        ({"effect": {"timeout": False}}, "effect.timeout", "must be true, or seconds up to 300"),
        ({"effect": {"latency_ms": "50"}}, "effect.latency_ms", LATENCY),
        ({"effect": {"latency_ms": True}}, "effect.latency_ms", LATENCY),
        ({"effect": {"latency_ms": [1, 2]}}, "effect.latency_ms", LATENCY),
        ({"effect": {"latency_ms": {"min": 3}}}, "effect.latency_ms", LATENCY),
        ({"effect": {"latency_ms": {"min": 3, "max": 2}}}, "effect.latency_ms", LATENCY),
        ({"effect": {"latency_ms": 300_001}}, "effect.latency_ms", LATENCY),
        ({"match": {"operation": "submit"}}, "match.operation", f"must be one of {OPERATIONS}"),
        ({"match": {"operation": 7}}, "match.operation", f"must be one of {OPERATIONS}"),
        (
            {"match": {"from": "12"}},
            "match.from",
            "must be a telephone number, as 16155550123, +16155550123 or 6155550123, or a short code, as 72345",
        ),
        ({"match": {"text": ""}}, "match.text", "must have at least 1 character"),
        ({"match": {"To": PHONE}}, "match.To", None),
        ({"probability": 1.1}, "probability", "must be less than or equal to 1"),
        ({"times": 0}, "times", "must be greater than or equal to 1"),
        ({"skip": -1}, "skip", "must be greater than or equal to 0"),
        ({"expires_in": 0}, "expires_in", "must be greater than 0"),
        ({"seed": -1}, "seed", "must be greater than or equal to 0"),
        ({"after": 1}, "after", None),
    ],
)
def test_what_is_wrong_is_named_and_said(
    sandbox: Driver, fault: dict[str, Any], member: str, detail: str | None
) -> None:
    body = fault if "effect" in fault or not fault else {"effect": {"reset": True}, **fault}
    (error,) = sandbox.control("POST", "/faults", body, status=422)["errors"]
    assert (error["in"], error["member"]) == ("body", member)
    assert detail is None or error["detail"] == detail
    (error,) = sandbox.control("PUT", "/faults", [{"effect": {"reset": True}}, body], status=422)["errors"]
    assert error["member"] == f"[1].{member}"
    assert sandbox.control("GET", "/faults")["items"] == []


# What a fault matches --------------------------------------------------------------------------------------------


def submit_status(sandbox: Driver) -> int:
    return sandbox.submit(text="Your code is 1234").status_code


def tracking_result(sandbox: Driver) -> str:
    answer = sandbox.get_messages(number=TRACKING_NUMBER)
    return answer.text[answer.text.index("<result>") + 8 : answer.text.index("</result>")]


@pytest.mark.parametrize(
    ("match", "submit", "tracking", "reading"),
    [
        ({}, 503, "failed", 503),
        ({"operation": "*"}, 503, "failed", 503),
        ({"operation": "simplepay.submit"}, 503, "success", 200),
        ({"operation": "simplepay.*"}, 503, "success", 200),
        ({"operation": "*.responses"}, 200, "success", 503),
        ({"operation": "dialogtech.sms.get_messages"}, 200, "failed", 200),
        ({"operation": "simplepay.optout"}, 200, "success", 200),
        ({"to": "629-555-0101"}, 503, "success", 200),
        ({"to": STRANGER}, 200, "success", 200),
        ({"from": "6155550110"}, 503, "success", 200),
        ({"text": "code is"}, 503, "success", 200),
        ({"text": "CODE IS"}, 200, "success", 200),
        ({"console": CONSOLE}, 503, "success", 503),
        ({"console": "HARBOR1002"}, 200, "success", 200),
        ({"account": KEYS["access_key"]}, 200, "failed", 200),
        ({"account": "another"}, 200, "success", 200),
        ({"number": "1 615 555 0100"}, 200, "failed", 200),
        ({"number": "6155550101"}, 200, "success", 200),
        ({"operation": "simplepay.submit", "to": PHONE, "console": CONSOLE, "text": "code"}, 503, "success", 200),
        ({"operation": "simplepay.submit", "to": STRANGER, "console": CONSOLE}, 200, "success", 200),
    ],
)
def test_it_matches_what_is_named(
    sandbox: Driver, match: dict[str, str], submit: int, tracking: str, reading: int
) -> None:
    add(sandbox, {"status": 503}, match=match)
    assert (submit_status(sandbox), tracking_result(sandbox), read(sandbox).status_code) == (submit, tracking, reading)


def test_a_number_that_is_none_matches_no_phone(sandbox: Driver) -> None:
    add(sandbox, {"status": 503}, match={"to": PHONE})
    assert sandbox.submit(to="12").json()["error_message"] == "Msisdn is invalid: 12"


def test_every_operation_has_its_faults(sandbox: Driver) -> None:
    sid = sandbox.sid()
    sandbox.control("PUT", "/faults", [{"match": {"operation": "simplepay.*"}, "effect": {"status": 502}}])
    optout = sandbox.call("DELETE", f"{SIMPLEPAY}/optout/{CONSOLE}/{PHONE}", auth=DEMO)
    assert (optout.status_code, optout.json()) == (502, {"msisdn": None})
    details = sandbox.call("GET", f"{SIMPLEPAY}/messages/{CONSOLE}/{sid}", auth=DEMO)
    unknown = {"extMessageReference": sid, "body": None, "to": None, "status": "UNKNOWN"}
    assert (details.status_code, details.json()) == (502, unknown)


def test_faults_of_one_workspace_never_touch_another(sandbox: Driver, neighbour_world: str) -> None:
    auth, keys = sandbox.neighbour(neighbour_world)
    add(sandbox, {"status": 503})
    assert read(sandbox).status_code == 503
    assert read(sandbox, auth=auth).status_code == 200
    assert ElementTree.fromstring(sandbox.get_messages(**keys).text).findtext("result") == "success"
    assert progress(sandbox) == [(1, 1, None)]
    theirs = sandbox.call("GET", "/_sandbox/workspaces/neighbour/faults")
    assert theirs.json() == {"items": [], "next": None}


# Whose turn it is ------------------------------------------------------------------------------------------------


def test_the_first_that_matches_wins(sandbox: Driver) -> None:
    for status, match in ((500, {"operation": "simplepay.*"}), (501, {}), (502, {})):
        add(sandbox, {"status": status}, match=match)
    assert [submit_status(sandbox), *statuses(sandbox, 2)] == [500, 501, 501]
    assert progress(sandbox) == [(1, 1, None), (2, 2, None), (0, 0, None)]


def test_it_skips_and_then_happens_so_often(sandbox: Driver) -> None:
    add(sandbox, {"status": 503}, skip=1, times=2)
    assert statuses(sandbox, 5) == [200, 503, 503, 200, 200]
    assert progress(sandbox) == [(3, 2, 0)]


def test_one_that_lets_a_call_pass_leaves_it_to_the_next(sandbox: Driver) -> None:
    add(sandbox, {"status": 500}, skip=2, times=1)
    add(sandbox, {"status": 501}, times=1)
    add(sandbox, {"rate_limit": {"requests": 1, "seconds": 60}})
    assert statuses(sandbox, 5) == [501, 200, 500, 429, 429]


def test_it_expires_on_the_workspaces_clock(sandbox: Driver) -> None:
    add(sandbox, {"status": 503}, expires_in=60)
    sandbox.control("POST", "/clock", {"action": "advance", "seconds": 59.999})
    assert statuses(sandbox, 1) == [503]
    sandbox.control("POST", "/clock", {"action": "advance", "seconds": 0.001})
    assert statuses(sandbox, 1) == [200]
    assert progress(sandbox) == [(1, 1, None)]


def test_the_same_seed_throws_the_same_dice_also_over_a_restart(
    open_driver: Callable[..., Driver], tmp_path: Any
) -> None:
    sandbox = open_driver(database=str(tmp_path / "kept.db"))
    fault = {"effect": {"status": 503}, "probability": 0.5, "seed": 7}
    sandbox.control("PUT", "/faults", [fault])
    first = statuses(sandbox, 40)
    assert 10 < first.count(503) < 30
    sandbox.control("PUT", "/faults", [fault])
    again = statuses(sandbox, 15)
    sandbox.restart()
    assert again + statuses(sandbox, 25) == first
    sandbox.control("PUT", "/faults", [{**fault, "seed": 8}])
    assert statuses(sandbox, 40) != first


@pytest.mark.parametrize(("probability", "status"), [(0, 200), (0.0, 200), (1, 503)])
def test_what_never_or_always_happens(sandbox: Driver, probability: float, status: int) -> None:
    add(sandbox, {"status": 503}, probability=probability)
    assert statuses(sandbox, 20) == [status] * 20


def test_without_a_seed_each_has_dice_of_its_own(sandbox: Driver) -> None:
    first, second = (add(sandbox, {"status": 503}, probability=0.5) for _ in range(2))
    assert first["seed"] != second["seed"]


def test_a_rate_limit_counts_by_the_workspaces_clock(sandbox: Driver) -> None:
    add(sandbox, {"rate_limit": {"requests": 2, "seconds": 30}}, match={"operation": "writeback.responses"})
    assert statuses(sandbox, 2) == [200, 200]
    sandbox.control("POST", "/clock", {"action": "freeze"})
    sandbox.control("POST", "/clock", {"action": "advance", "seconds": 10.5})
    refused = read(sandbox)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "20")
    assert refused.json() == {"message": "Too many requests: try again in 20 s."}
    sandbox.control("POST", "/clock", {"action": "advance", "seconds": 20})
    assert statuses(sandbox, 3) == [200, 200, 429]
    assert progress(sandbox) == [(6, 2, None)]


# What is answered ------------------------------------------------------------------------------------------------


@pytest.mark.rule("NET-fault")
@pytest.mark.parametrize("status", [200, 401, 404, 429, 500, 503, 599])
def test_a_status_has_the_vendors_shape(sandbox: Driver, status: int) -> None:
    add(sandbox, {"status": status})
    writeback, submit, tracking = read(sandbox), sandbox.submit(), sandbox.get_messages()
    assert {answer.status_code for answer in (writeback, submit, tracking)} == {status}
    assert list(writeback.json()) == ["message"]
    body = submit.json()
    assert (len(body), body["status"], body["to"], body["body"]) == (19, "failed", PHONE, "Your results are in.")
    assert body["error_message"] == writeback.json()["message"]
    assert ElementTree.fromstring(tracking.text).findtext("result_description") == writeback.json()["message"]
    sandbox.control("DELETE", "/faults")
    assert sandbox.records() == []


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_a_body_has_none(sandbox: Driver, status: int) -> None:
    add(sandbox, {"status": status})
    for answer in (read(sandbox), sandbox.submit(), sandbox.get_messages()):
        assert (answer.status_code, answer.content) == (status, b"")


def test_a_body_of_its_own_goes_out_as_it_is(sandbox: Driver) -> None:
    add(sandbox, {"status": 502, "body": "<h1>Bad gateway \u00fc</h1>"})
    for answer, kind in ((read(sandbox), "application/json"), (sandbox.get_messages(), "text/xml; charset=UTF-8")):
        assert (answer.status_code, answer.headers["content-type"]) == (502, kind)
        assert answer.content.decode() == "<h1>Bad gateway \u00fc</h1>"


def test_a_fault_meets_a_call_before_its_values_are_judged(sandbox: Driver) -> None:
    add(sandbox, {"status": 503})
    assert sandbox.submit(to="12").status_code == 503
    assert sandbox.submit(auth=("demo", "wrong")).status_code == 401
    assert progress(sandbox) == [(1, 1, None)]


@pytest.mark.parametrize(
    ("effect", "is_done"),
    [
        ({"status": 503}, False),
        ({"rate_limit": {"requests": 0, "seconds": 5}}, False),
        ({"malformed": True}, True),
        ({"malformed": True, "before": True}, False),
        ({"drip": {"bytes": 100, "ms": 0}}, True),
        ({"drip": {"bytes": 100, "ms": 0}, "before": True}, False),
        ({"latency_ms": 1}, True),
        ({"latency_ms": 1, "before": True}, True),
    ],
)
def test_what_was_done_stays_done(sandbox: Driver, effect: dict[str, Any], is_done: bool) -> None:
    add(sandbox, effect)
    sandbox.submit(STRANGER)
    assert len(sandbox.control("GET", f"/messages?to={STRANGER}")["items"]) == is_done


# The header ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("requested", "status"),
    [
        ("status=503", 503),
        (" Status = 503 ".lower(), 503),
        ("status=503;latency_ms=1", 503),
        ("latency_ms=0.5-1.5, status=404", 404),
        ("rate_limit", 429),
        ("rate_limit=2.5", 429),
        ("latency_ms=1,before", 200),
        ("drip=1000/0", 200),
    ],
)
def test_a_call_asks_for_its_own_fault(sandbox: Driver, requested: str, status: int) -> None:
    assert read(sandbox, requested).status_code == status
    assert read(sandbox).status_code == 200


def test_the_header_goes_before_the_list_which_does_not_count_it(sandbox: Driver) -> None:
    add(sandbox, {"status": 500})
    assert read(sandbox, "status=404").json() == {"message": "Not Found."}
    assert read(sandbox).json() == {"message": "Internal Server Error."}
    assert progress(sandbox) == [(1, 1, None)]


def test_several_headers_are_one(sandbox: Driver) -> None:
    headers = httpx.Headers([("X-Sandbox-Fault", "status=503"), ("X-Sandbox-Fault", "latency_ms=1")])
    assert read(sandbox, headers=headers).status_code == 503


GRAMMAR = "write parts as status=503, truncate=10, drip=10/100 or latency_ms=50-200, separated by commas"


@pytest.mark.rule("NET-fault")
@pytest.mark.parametrize(
    ("requested", "why"),
    [
        ("", GRAMMAR),
        ("nonsense", GRAMMAR),
        ("status", GRAMMAR),
        ("status=", GRAMMAR),
        ("status=5\u00b2", GRAMMAR),
        ("status=503,", GRAMMAR),
        ("reset=1", GRAMMAR),
        ("drip", GRAMMAR),
        ("drip=10", GRAMMAR),
        ("drip=10.5/100", GRAMMAR),
        ("body=x", GRAMMAR),
        ("latency_ms=fast", GRAMMAR),
        ("truncate=-1", GRAMMAR),
        ("status=99", "status must be greater than or equal to 200"),
        ("drip=0/5", "drip.bytes must be greater than or equal to 1"),
        ("timeout=400", "timeout must be true, or seconds up to 300"),
        ("latency_ms=9-2", f"latency_ms {LATENCY}"),
        ("reset,close", "must have only one of reset and close"),
        ("reset;reset", "reset stands there twice"),
        ("before", None),
    ],
)
def test_a_header_that_cannot_be_read_is_refused_in_the_vendors_shape(
    sandbox: Driver, requested: str, why: str | None
) -> None:
    headers = {"X-Sandbox-Fault": requested.encode("latin-1")}
    refused = read(sandbox, headers=headers)
    assert refused.status_code == 400
    assert refused.json()["message"].startswith("X-Sandbox-Fault cannot be read: ")
    assert why is None or refused.json() == {"message": f"X-Sandbox-Fault cannot be read: {why}."}
    form = {"To": PHONE, "From": LINE, "Body": "Hello"}
    submit = sandbox.call("POST", f"{SIMPLEPAY}/submit/{CONSOLE}", auth=DEMO, data=form, headers=headers)
    assert (submit.status_code, submit.json()["error_message"]) == (400, refused.json()["message"])
    assert sandbox.records() == []


def test_the_header_needs_the_right_credentials(sandbox: Driver) -> None:
    assert read(sandbox, "reset", auth=("demo", "wrong")).status_code == 401
    assert sandbox.call("GET", "/_sandbox/version", headers={"X-Sandbox-Fault": "reset"}).status_code == 200


# Without a socket ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("requested", "error", "why"),
    [
        ("reset", httpx.ReadError, "Connection reset by peer"),
        ("close", httpx.RemoteProtocolError, "Server disconnected without sending a response."),
        ("truncate=5", httpx.RemoteProtocolError, r"received 5 bytes, expected \d+\)"),
        ("timeout=0.01", httpx.ReadTimeout, "timed out"),
        ("reset, before, latency_ms=1", httpx.ReadError, "Connection reset by peer"),
    ],
)
def test_the_http_client_raises_its_own_error(
    sandbox: Driver, requested: str, error: type[httpx.HTTPError], why: str
) -> None:
    with pytest.raises(error, match=why) as raised:
        read(sandbox, requested)
    assert raised.value.request.url.path.startswith(WRITEBACK)
    assert read(sandbox).status_code == 200


def test_what_was_done_before_the_error_is_done(sandbox: Driver) -> None:
    add(sandbox, {"reset": True}, times=1)
    with pytest.raises(httpx.ReadError):
        sandbox.submit()
    assert [record["outgoingMessage"] for record in sandbox.records()] == ["Your results are in."]


def test_malformed_is_neither_json_nor_xml(sandbox: Driver) -> None:
    add(sandbox, {"malformed": True})
    with pytest.raises(json.JSONDecodeError):
        read(sandbox).json()
    with pytest.raises(ElementTree.ParseError):
        ElementTree.fromstring(sandbox.get_messages().text)


@pytest.mark.parametrize("status", ["200", "400"])
def test_a_refusal_is_spoilt_as_well(sandbox: Driver, status: str) -> None:
    add(sandbox, {"malformed": True})
    answer = sandbox.submit(to="12" if status == "400" else PHONE)
    assert (str(answer.status_code), answer.text[-1]) == (status, "<")


# The journal -----------------------------------------------------------------------------------------------------


def last_entry(sandbox: Driver) -> Any:
    return sandbox.control("GET", "/journal?order=newest")["items"][0]


@pytest.mark.parametrize(
    ("effect", "status", "body", "rules"),
    [
        ({"status": 503}, 503, '{"message":"Service Unavailable."}', ["NET-fault"]),
        ({"reset": True}, 200, '{"requestId":', ["WB-auth"]),
        ({"truncate": 3}, 200, '{"requestId":', ["WB-auth"]),
        ({"timeout": 0.01}, 200, '{"requestId":', ["WB-auth"]),
        ({"drip": {"bytes": 100, "ms": 0.0}}, 200, '{"requestId":', ["WB-auth"]),
    ],
)
def test_an_exchange_is_written_down_whatever_becomes_of_its_answer(
    sandbox: Driver, effect: dict[str, Any], status: int, body: str, rules: list[str]
) -> None:
    add(sandbox, {**effect, "latency_ms": 5})
    with contextlib.suppress(httpx.TransportError):
        read(sandbox)
    entry = last_entry(sandbox)
    fault = {"id": "fault_00000001", "effect": {**effect, "latency_ms": 5}, "latency_ms": 5}
    assert (entry["fault"], entry["outcome"], entry["status"]) == (fault, "faulted", status)
    assert entry["response"]["body"].startswith(body)
    assert entry["ms"] >= 5
    assert set(rules) <= set(entry["rules"])
    assert entry["rules"][-1] == "NET-fault"


def test_the_journal_tells_what_a_header_asked_for(sandbox: Driver) -> None:
    read(sandbox, "latency_ms=1-1, before")
    entry = last_entry(sandbox)
    effect = {"latency_ms": {"min": 1.0, "max": 1.0}, "before": True}
    assert entry["fault"] == {"id": None, "effect": effect, "latency_ms": 1}
    read(sandbox, "nonsense")
    entry = last_entry(sandbox)
    assert (entry["fault"], entry["outcome"], entry["rules"]) == (None, "refused", ["NET-fault"])


# Whatever is asked -----------------------------------------------------------------------------------------------

PARTS = st.sampled_from(
    ["status", "truncate", "drip", "latency_ms", "rate_limit", "reset", "close", "before", "timeout"]
)
VALUES = st.one_of(st.just(""), st.integers(-5, 700).map(str), st.text(st.characters(max_codepoint=255), max_size=6))


@given(st.lists(st.tuples(PARTS | VALUES, st.sampled_from(["", "=", "==", "=1/", "=5-"]), VALUES), max_size=4))
def test_any_header_is_read_as_a_valid_effect_or_refused(parts: list[tuple[str, str, str]]) -> None:
    raw = ";".join(map("".join, parts)).encode("latin-1")
    with contextlib.suppress(header.Unreadable):
        effect = header.read(raw)
        Effect.model_validate(effect)
        assert json.loads(json.dumps(effect)) == effect


@given(st.dictionaries(st.text(), st.recursive(st.none() | st.text(), st.lists), max_size=5))
def test_broken_json_is_as_long_and_cannot_be_read(value: dict[str, Any]) -> None:
    raw = json.dumps(value).encode()
    assert len(broken(raw)) == len(raw)
    with pytest.raises(json.JSONDecodeError):
        json.loads(broken(raw))


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_broken_xml_is_as_long_and_cannot_be_read(text: str) -> None:
    raw = f"{head('', 'failed', text)}</response>\n".encode()
    assert ElementTree.fromstring(raw).findtext("result") == "failed"
    assert len(broken(raw)) == len(raw)
    with pytest.raises(ElementTree.ParseError):
        ElementTree.fromstring(broken(raw))


# Who hangs up ----------------------------------------------------------------------------------------------------


def test_what_is_done_for_a_caller_ends_when_the_caller_hangs_up() -> None:
    ended: list[str] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def hold() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append("ended")

    assert asyncio.run(while_connected(InProcess(), receive, hold())) is False
    assert ended == ["ended"]


def test_an_update_of_the_list_is_seen_at_once(sandbox: Driver) -> None:
    """The workspace behind the credentials is remembered; a change of its faults makes that be forgotten."""
    for n in range(3):
        assert read(sandbox).status_code == 200
        made = add(sandbox, {"status": 503})
        assert read(sandbox).json() == UNAVAILABLE
        sandbox.control("DELETE", f"/faults/{made['id']}", status=204)
        assert made["id"] == f"fault_{n + 1:08d}"
