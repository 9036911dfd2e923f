"""A client's trace goes on in the callbacks of the messages that it submits (W3C Trace Context)."""

from collections.abc import Callable
from typing import Any

import pytest
from driver import CONSOLE, DEMO, LINE, PHONE, SIMPLEPAY, Driver
from hypothesis import given
from hypothesis import strategies as st

from sandbox.vendors.base.traces import trace_of

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
STATE = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"
PATIENT_S = 60


def submitted(sandbox: Driver, headers: list[tuple[str, str]]) -> None:
    url = sandbox.control("PUT", "/sinks/mine", {})["url"]
    form = {"To": PHONE, "From": LINE, "Body": "Your results are in.", "StatusCallback": url}
    answer = sandbox.call("POST", f"{SIMPLEPAY}/submit/{CONSOLE}", auth=DEMO, data=form, headers=headers)
    assert answer.status_code == 200, answer.text


def traces(sandbox: Driver) -> list[dict[str, Any]]:
    """What the headers of each callback say of a trace, once all were tried."""
    turned = sandbox.control("POST", "/clock", {"action": "advance", "seconds": 10, "settle": PATIENT_S})
    assert turned["settled"] is True
    received = sandbox.control("GET", "/sinks/mine")["received"]
    assert len(received) == 2
    names = ("traceparent", "tracestate")
    return [{name: value for name, value in each["headers"] if name in names} for each in received]


@pytest.fixture
def timed(sandbox: Driver) -> Driver:
    sandbox.delivery("timed")
    sandbox.control("POST", "/clock", {"action": "freeze"})
    return sandbox


def test_every_callback_of_a_message_is_in_the_trace_in_which_it_was_submitted(timed: Driver) -> None:
    submitted(timed, [("traceparent", PARENT), ("tracestate", STATE)])
    assert traces(timed) == [{"traceparent": PARENT, "tracestate": STATE}] * 2


def test_a_state_in_several_headers_is_one(timed: Driver) -> None:
    submitted(timed, [("traceparent", PARENT), ("tracestate", "rojo=1"), ("tracestate", "congo=2")])
    assert traces(timed) == [{"traceparent": PARENT, "tracestate": "rojo=1,congo=2"}] * 2


def test_a_state_that_is_none_is_left_out_and_the_trace_goes_on(timed: Driver) -> None:
    submitted(timed, [("traceparent", PARENT), ("tracestate", "no state at all")])
    assert traces(timed) == [{"traceparent": PARENT}] * 2


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("tracestate", STATE)],
        [("traceparent", PARENT), ("traceparent", PARENT)],
        [("traceparent", PARENT.upper())],
        [("traceparent", PARENT + "-more")],
        [("traceparent", PARENT[:-1])],
        [("traceparent", "ff" + PARENT[2:])],
        [("traceparent", f"00-{'0' * 32}-00f067aa0ba902b7-01")],
        [("traceparent", f"00-4bf92f3577b34da6a3ce929d0e0e4736-{'0' * 16}-01")],
        [("traceparent", "whatever")],
    ],
)
def test_what_is_no_trace_is_passed_on_by_none(timed: Driver, headers: list[tuple[str, str]]) -> None:
    submitted(timed, headers)
    assert traces(timed) == [{}] * 2


def test_another_server_on_the_database_sends_them_in_the_trace_too(
    open_driver: Callable[..., Driver], tmp_path: Any
) -> None:
    first = open_driver(database=str(tmp_path / "both.db"))
    first.delivery("timed")
    first.control("POST", "/clock", {"action": "freeze"})
    submitted(first, [("traceparent", PARENT)])
    second = open_driver(beside=first)
    first.app.close()
    assert traces(second) == [{"traceparent": PARENT}] * 2


def test_a_trace_goes_with_its_message(timed: Driver) -> None:
    submitted(timed, [("traceparent", PARENT)])
    timed.control("POST", "/reset", {})
    timed.delivery("timed")
    timed.control("POST", "/clock", {"action": "freeze"})
    submitted(timed, [])
    assert traces(timed) == [{}] * 2


@given(st.binary(max_size=80), st.lists(st.binary(max_size=600), max_size=3))
def test_whatever_is_sent_only_what_the_standard_knows_is_passed_on(parent: bytes, states: list[bytes]) -> None:
    passed_on = trace_of([parent], states)
    assert passed_on is None or (len(passed_on[0]) == 55 and passed_on[0].isascii())
    with_state = trace_of([PARENT.encode()], states)
    assert with_state is not None
    state = with_state[1]
    assert with_state[0] == PARENT
    assert state is None or (0 < len(state) <= 512 and state.isprintable() and state.isascii())


@pytest.mark.parametrize(
    "state", ["a=1", "tenant@vendor=x y", "a=1,,b=2", "a=1 , b=2", "a/b-c*d_e=~!#", ",".join(["k=v"] * 32)]
)
def test_a_right_state_is_passed_on_as_it_is(state: str) -> None:
    assert trace_of([PARENT.encode()], [state.encode()]) == (PARENT, state)


@pytest.mark.parametrize(
    "state", ["", " ", "A=1", "a", "=1", "a=", "a=b=c", "a=\x7f", "a=é", "a=1\r\nX: y", "a=" + "b" * 511]
)
def test_a_wrong_state_is_not(state: str) -> None:
    assert trace_of([PARENT.encode()], [state.encode()]) == (PARENT, None)
