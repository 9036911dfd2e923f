"""The wire models say what the control API says: what it answers goes through them and comes out byte for byte."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from driver import CONSOLE, LINE, PHONE, STRANGER, Driver
from pydantic import BaseModel, TypeAdapter, ValidationError
from spaces import PATH as WORKSPACES
from spaces import control, filled

from dialog_sandbox.models.base import DeletedResponse, ListOf
from dialog_sandbox.models.callbacks import Callback, CallbackProfile, RedeliveryResponse, SinkInfo, SinkUrl
from dialog_sandbox.models.clock import ClockReading, ClockRequest, ClockTurned
from dialog_sandbox.models.consents import Consent, ConsentChange
from dialog_sandbox.models.delivery import Delivery, DeliveryRequest
from dialog_sandbox.models.engine import Fixture, HandsetNumber, Health, Rule, Template, Version
from dialog_sandbox.models.events import Arrived
from dialog_sandbox.models.faults import AddFaultRequest, FaultInfo, SetFaultsRequest
from dialog_sandbox.models.journal import Exchange
from dialog_sandbox.models.messages import (
    Broadcast,
    BroadcastRequest,
    Conversation,
    InboundRequest,
    Message,
    MessageStory,
    MessageView,
    Scheduled,
    SendMessageRequest,
)
from dialog_sandbox.models.people import AddPersonRequest, Person, Phone
from dialog_sandbox.models.snapshots import ResetRequest, Snapshot
from dialog_sandbox.models.stories import Story
from dialog_sandbox.models.values import Moment
from dialog_sandbox.models.verify import Failure, VerifyRequest, VerifyResponse
from dialog_sandbox.models.workspaces import (
    AccountSettings,
    ChangeConsoleRequest,
    ConsoleSettings,
    CreateWorkspaceRequest,
    WorkspaceInfo,
)

Model = type[BaseModel]
CHECKOUT = Path(__file__).parent.parent
MANY = {"mode": "timed", "sent_after": 0.5, "numbers": {PHONE: {"handset": "60"}, STRANGER: {"mode": "immediate"}}}
EFFECT = {"drip": {"bytes": 1, "ms": 0.5}, "latency_ms": {"min": 1, "max": 2}}
FAULT = {"match": {"operation": "simplepay.*", "from": LINE}, "effect": EFFECT, "times": 2, "expires_in": 60}

SERVERS: list[tuple[Model, str]] = [
    (Health, "/_sandbox/health/live"),
    (Health, "/_sandbox/health/ready"),
    (Version, "/_sandbox/version"),
    (ListOf[Rule], "/_sandbox/rules"),
    (ListOf[Fixture], "/_sandbox/fixtures"),
    (ListOf[Template], "/_sandbox/templates"),
    (ListOf[HandsetNumber], "/_sandbox/handset-numbers"),
    (ListOf[Exchange], "/_sandbox/journal"),
    (ListOf[WorkspaceInfo], WORKSPACES),
]
WORKSPACES_OWN: list[tuple[Model, str, str, Any]] = [
    (WorkspaceInfo, "GET", "", None),
    (ListOf[Message], "GET", "/messages?limit=2", None),
    (MessageStory, "GET", "/messages/msg_00000002", None),
    (ListOf[MessageView], "GET", "/messages/msg_00000002/shown", None),
    (Message, "POST", "/messages", {"console": CONSOLE, "to": STRANGER, "text": "Hällo ✓"}),
    (Scheduled, "POST", "/messages", {"console": CONSOLE, "to": STRANGER, "text": "x", "at": "2026-06-01T00:00:00Z"}),
    (Message, "POST", "/messages/msg_00000002/status", {"status": "unknown", "force": True}),
    (Conversation, "POST", "/messages/msg_00000002/reply", {"text": "HELP"}),
    (Conversation, "POST", "/inbound", {"from": STRANGER, "to": LINE, "text": "Hello"}),
    (Broadcast, "POST", "/broadcasts", {"name": "Flu", "text": "Come.", "to": [PHONE], "console": CONSOLE}),
    (Arrived, "GET", "/messages/wait?timeout=0", None),
    (ListOf[Person], "GET", "/people", None),
    (Person, "POST", "/people", {"phone": "16155550188", "first_name": "Grace"}),
    (ListOf[Phone], "GET", "/phones", None),
    (ListOf[Message], "GET", f"/phones/{PHONE}/messages", None),
    (ListOf[Consent], "GET", "/consents", None),
    (ConsentChange, "PUT", f"/consents/{STRANGER}", {"state": "opted_in", "console": CONSOLE}),
    (ConsentChange, "PUT", f"/consents/{STRANGER}", {"state": "opted_out", "console": CONSOLE}),
    (Delivery, "GET", "/delivery", None),
    (Delivery, "PUT", "/delivery", MANY),
    (ClockReading, "GET", "/clock", None),
    (ClockTurned, "POST", "/clock", {"action": "advance", "seconds": 7200}),
    (ClockTurned, "POST", "/clock", {"action": "freeze", "settle": 5}),
    (ListOf[Callback], "GET", "/callbacks", None),
    (RedeliveryResponse, "POST", "/callbacks/cb_00000001/redeliver", None),
    (CallbackProfile, "GET", "/callbacks/profile", None),
    (CallbackProfile, "PUT", "/callbacks/profile", {"lose": 1, "delay": 0.5}),
    (SinkUrl, "PUT", "/sinks/another", {"delay": 0}),
    (SinkInfo, "GET", "/sinks/mine", None),
    (ListOf[FaultInfo], "GET", "/faults", None),
    (FaultInfo, "POST", "/faults", FAULT),
    (ListOf[FaultInfo], "PUT", "/faults", [FAULT, {"effect": {"timeout": True}, "probability": 1}]),
    (DeletedResponse, "DELETE", "/faults", None),
    (ListOf[Exchange], "GET", "/journal", None),
    (VerifyResponse, "POST", "/verify", {"expect": [{"operation": "simplepay.submit", "count": {"min": 1}}]}),
    (ConsoleSettings, "POST", "/consoles", {"auto_reply": None}),
    (AccountSettings, "POST", "/accounts", {"doctype": "none"}),
    (ListOf[Snapshot], "GET", "/snapshots", None),
    (Snapshot, "PUT", "/snapshots/another", None),
    (WorkspaceInfo, "POST", "/reset", {"to": "empty"}),
]


def goes_through(model: Model, body: bytes) -> None:
    assert model.model_validate_json(body).model_dump_json(by_alias=True) == body.decode()


def test_what_the_server_answers_goes_through_the_models(sandbox: Driver) -> None:
    sandbox.submit(auth=None)
    for model, path in SERVERS:
        answer = sandbox.call("GET", path)
        assert answer.status_code == 200
        goes_through(model, answer.content)


def test_what_a_workspace_answers_goes_through_the_models(sandbox: Driver) -> None:
    path = f"{WORKSPACES}/{filled(sandbox, ttl=3600)['id']}"
    for model, method, rest, body in WORKSPACES_OWN:
        answer = sandbox.call(method, path + rest, **({} if body is None else {"json": body}))
        assert answer.is_success, (rest, answer.text)
        goes_through(model, answer.content)


def test_what_went_wrong_goes_through_the_models(sandbox: Driver) -> None:
    workspace = filled(sandbox)
    with_fault = f"{WORKSPACES}/{workspace['id']}"
    control(sandbox, workspace, "POST", "/faults", {"effect": {"status": 503, "body": "down"}})
    basic = (workspace["basic"]["username"], workspace["basic"]["password"])
    sandbox.submit("+1 415 555 0123", auth=basic)
    goes_through(ListOf[Exchange], sandbox.call("GET", f"{with_fault}/journal?order=newest").content)
    asked = {"expect": [{"operation": "simplepay.submit", "where": {"to": PHONE, "status": 500}}], "no_findings": True}
    failures = sandbox.call("POST", f"{with_fault}/verify", json=asked).json()["failures"]
    assert failures
    for each in failures:
        goes_through(Failure, json.dumps(each, separators=(",", ":"), ensure_ascii=False).encode())


def test_stories_go_through_the_models(sandbox: Driver) -> None:
    made = sandbox.call("POST", WORKSPACES, json={"fixture": "clinic"}).json()
    path = f"{WORKSPACES}/{made['id']}/stories"
    first = sandbox.call("GET", path)
    goes_through(ListOf[Story], first.content)
    name = first.json()["items"][0]["name"]
    goes_through(Story, sandbox.call("POST", f"{path}/{name}", json={"action": "play", "speed": 1.5}).content)


TAKEN: list[tuple[Any, Any]] = [
    (CreateWorkspaceRequest, {"name": "one", "seed": 7, "start_at": "2026-05-06T09:00:00.000Z", "delivery": MANY}),
    (ChangeConsoleRequest, {"auto_reply": None}),
    (DeliveryRequest, MANY),
    (ClockRequest, {"action": "set", "at": "2026-05-06T09:00:00.000Z"}),
    (AddPersonRequest, {"phone": PHONE, "misc": ["English", None, None, None, None]}),
    (SendMessageRequest, {"to": PHONE, "text": "Hello", "tracking_number": "6155550100"}),
    (BroadcastRequest, {"name": "Flu", "text": "Come.", "to": "everyone"}),
    (InboundRequest, {"from": STRANGER, "to": LINE, "text": "Hello"}),
    (AddFaultRequest, FAULT),
    (SetFaultsRequest, [FAULT]),
    (VerifyRequest, {"expect": [{"operation": "simplepay.submit", "where": {"from": LINE}, "count": 0}]}),
    (VerifyRequest, {"expect": [{"operation": "simplepay.submit", "count": {"min": 1, "max": 2}}]}),
    (ResetRequest, {"to": "snapshot", "name": "before"}),
]


@pytest.mark.parametrize(("model", "body"), TAKEN, ids=lambda value: getattr(value, "__name__", None))
def test_what_is_sent_is_taken_as_it_stands(model: Any, body: Any) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(model)
    taken = adapter.validate_python(body)
    assert adapter.dump_python(taken, mode="json", by_alias=True, exclude_unset=True) == body


REFUSED: list[tuple[Any, Any, str]] = [
    (CreateWorkspaceRequest, {"name": "ws_1"}, "must be 1 to 100 letters, digits, - . _, and begin with a letter or"),
    (CreateWorkspaceRequest, {"start_at": "9999-01-01T00:00:00Z"}, "must be a time from 1970 to 9998"),
    (CreateWorkspaceRequest, {"seed": "7"}, "Input should be a valid integer"),
    (CreateWorkspaceRequest, {"nmae": "one"}, "Extra inputs are not permitted"),
    (CreateWorkspaceRequest, {"ttl": None}, "Input should be a valid number"),
    (ClockRequest, {"action": "set"}, "must have an at with the action set"),
    (SendMessageRequest, {"to": PHONE, "text": "Hello"}, "must have either console or tracking_number"),
    (InboundRequest, {"from_": PHONE, "to": LINE, "text": "Hello"}, "Field required"),
    (AddFaultRequest, {"effect": {"reset": True, "close": True}}, "must have only one of reset and close"),
    (VerifyRequest, {"expect": [{"operation": "x", "count": True}]}, "Input should be a whole number, or an object"),
    (VerifyRequest, {"expect": [{"operation": "x", "count": {}}]}, "must have min, max or both"),
]


@pytest.mark.parametrize(("model", "body", "expected"), REFUSED)
def test_what_does_not_fit_is_refused_in_a_sentence(model: Any, body: Any, expected: str) -> None:
    with pytest.raises(ValidationError, match=expected):
        TypeAdapter(model).validate_python(body)


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("2026-05-06T21:00:00Z", "2026-05-06T21:00:00.000Z"),
        ("2026-05-06t23:00:00.1239999+02:00", "2026-05-06T21:00:00.123Z"),
        ("1970-01-01T01:00:00+01:00", "1970-01-01T00:00:00.000Z"),
        (datetime(2026, 5, 6, 21, 0, 0, 999_999, UTC), "2026-05-06T21:00:00.999Z"),
    ],
)
def test_times_are_utc_to_the_millisecond_on_the_wire(written: Any, at: str) -> None:
    adapter = TypeAdapter(Moment)
    moment = adapter.validate_python(written)
    assert moment.tzinfo is UTC
    assert adapter.dump_python(moment, mode="json") == at


@pytest.mark.parametrize(
    "written",
    [
        "2026-05-06T21:00:00",
        "2026-05-06 21:00:00Z",
        "2026-02-30T21:00:00Z",
        "1969-12-31T23:59:59Z",
        "9999-12-31T23:59:59-01:00",
        "0001-01-01T00:00:00+01:00",
        1_778_058_000,
        None,
        datetime(2026, 5, 6),
    ],
)
def test_what_is_no_time_is_refused(written: Any) -> None:
    with pytest.raises(ValidationError, match="must be a time from 1970 on with its zone"):
        TypeAdapter(Moment).validate_python(written)


def test_the_blocking_client_is_made_from_the_awaiting_one() -> None:
    check = [sys.executable, str(CHECKOUT / "tools/generate_sync_client.py"), "--check"]
    assert subprocess.run(check, capture_output=True, text=True, timeout=60, check=False).stderr == ""
