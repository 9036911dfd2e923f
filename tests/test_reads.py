"""The delivery policy `reads`: a message settles once a vendor API has shown it so often."""

from typing import Any

import pytest
from driver import CONSOLE, DEMO, PHONE, SIMPLEPAY, STRANGER, TRACKING_NUMBER, Driver

pytestmark = pytest.mark.rule("NET-flow")


@pytest.fixture
def counting(sandbox: Driver) -> Driver:
    """Its clock stands; a message is sent after one read and delivered after three."""
    sandbox.control("POST", "/clock", {"action": "freeze"})
    sandbox.delivery("reads", sent_after=1, settled_after=3)
    return sandbox


def statuses(sandbox: Driver, sid: str, count: int) -> list[str]:
    return [sandbox.details(sid)["status"] for _ in range(count)]


def test_a_read_shows_what_was_before_it(counting: Driver) -> None:
    sid = counting.sid()
    assert statuses(counting, sid, 5) == ["queued", "sent", "sent", "delivered", "delivered"]
    now = counting.control("GET", "/clock")["now"]
    assert counting.message(sid)["timeline"] == [
        {"status": "queued", "at": now, "cause": "simplepay.submit"},
        {"status": "sent", "at": now, "cause": "reads"},
        {"status": "delivered", "at": now, "cause": "reads"},
    ]


def test_every_vendor_apis_reads_count_and_nothing_else_does(counting: Driver) -> None:
    sid = counting.sid()
    counting.control("GET", "/messages")
    counting.call("HEAD", f"{SIMPLEPAY}/messages/{CONSOLE}/{sid}", auth=DEMO)
    counting.writeback("2026-05-05 00:00:00", "2026-05-05 01:00:00")
    assert counting.message(sid)["status"] == "queued"
    assert [record["messageStatus"] for record in counting.records()] == [None]
    assert counting.message(sid)["status"] == "sent"
    assert statuses(counting, sid, 2) == ["sent", "sent"]
    assert [record["messageStatus"] for record in counting.records()] == ["ACCESSIBLE"]


def test_a_message_of_a_tracking_number_settles_as_dialogtech_shows_it(counting: Driver) -> None:
    message = counting.send(tracking_number=TRACKING_NUMBER)["id"]
    seen = []
    for _ in range(3):
        seen.append(counting.message(message)["status"])
        counting.get_messages()
    assert [*seen, counting.message(message)["status"]] == ["queued", "sent", "sent", "delivered"]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({"sent_after": 0, "settled_after": 0}, ["delivered", "delivered"]),
        ({"sent_after": 0, "settled_after": 1}, ["sent", "delivered"]),
        ({"sent_after": 1, "settled_after": 1}, ["queued", "delivered"]),
        ({"sent_after": 0, "settled_after": 1, "outcome": "rejected"}, ["sent", "failed"]),
    ],
)
def test_the_two_counts_may_be_any(counting: Driver, policy: dict[str, Any], expected: list[str]) -> None:
    counting.delivery("reads", **policy)
    assert statuses(counting, counting.sid(), 2) == expected


def test_what_fails_says_that_the_policy_wants_it(counting: Driver) -> None:
    counting.delivery("reads", sent_after=1, settled_after=2, outcome="undelivered")
    sid = counting.sid()
    assert statuses(counting, sid, 3) == ["queued", "sent", "undelivered"]
    assert counting.message(sid)["reason"] == "the delivery policy"


def test_one_number_may_settle_by_reads_alone(counting: Driver) -> None:
    counting.delivery("immediate", numbers={PHONE: {"mode": "reads", "sent_after": 0, "settled_after": 1}})
    assert statuses(counting, counting.sid(STRANGER), 1) == ["delivered"]
    assert statuses(counting, counting.sid(PHONE), 2) == ["sent", "delivered"]


def test_a_message_keeps_its_plan_under_another_policy(counting: Driver) -> None:
    sid = counting.sid()
    counting.delivery("immediate")
    assert statuses(counting, sid, 4) == ["queued", "sent", "sent", "delivered"]


def test_a_status_by_hand_ends_the_counting(counting: Driver) -> None:
    sid = counting.sid()
    counting.status(sid, "undelivered")
    assert statuses(counting, sid, 4) == ["undelivered"] * 4


def test_a_status_that_came_by_a_read_is_called_back_and_streamed_as_any(counting: Driver) -> None:
    sink = counting.control("PUT", "/sinks/mine", {})["url"]
    sid = counting.submit(callback=sink).json()["sid"]
    statuses(counting, sid, 3)
    counting.control("POST", "/clock", {"action": "advance", "seconds": 0, "settle": 10})
    received = counting.control("GET", "/sinks/mine")["received"]
    assert [each["form"]["MessageStatus"] for each in received] == ["sent", "delivered"]


def test_a_handset_replies_once_it_is_delivered(counting: Driver) -> None:
    sid = counting.sid("14155550161")
    statuses(counting, sid, 3)
    counting.control("POST", "/clock", {"action": "advance", "seconds": 2})
    inbound = counting.control("GET", "/messages?direction=inbound")["items"]
    assert [message["text"] for message in inbound] == ["Thank you!"]


def test_a_snapshot_and_a_restart_by_seed_keep_the_count(counting: Driver) -> None:
    sid = counting.sid()
    statuses(counting, sid, 1)
    counting.control("PUT", "/snapshots/before")
    assert statuses(counting, sid, 3) == ["sent", "sent", "delivered"]
    counting.control("POST", "/snapshots/before/restore")
    assert statuses(counting, sid, 3) == ["sent", "sent", "delivered"]
    counting.control("POST", "/reset")
    assert counting.control("GET", "/delivery")["mode"] != "reads"


@pytest.mark.parametrize("wrong", [{"sent_after": 0.5}, {"settled_after": 3.5}, {"sent_after": 4, "settled_after": 3}])
def test_half_a_read_is_refused(sandbox: Driver, wrong: dict[str, float]) -> None:
    answer = sandbox.control("PUT", "/delivery", {"mode": "reads", **wrong}, status=422)
    assert "sent_after" in answer["detail"] or "sent_after" in str(answer["errors"])


def test_the_policy_is_shown_as_it_was_given(counting: Driver) -> None:
    answer = counting.delivery("reads", sent_after=2, settled_after=5, numbers={PHONE: {"mode": "reads"}})
    assert answer == {
        "mode": "reads",
        "sent_after": 2,
        "settled_after": 5,
        "outcome": "delivered",
        "numbers": {PHONE: {"mode": "reads", "sent_after": 1, "settled_after": 3, "outcome": "delivered"}},
    }
    assert counting.control("GET", "/delivery") == answer
