"""Messages that are deleted, and what becomes of those that had to do with them."""

from typing import Any

import pytest
from driver import CONSOLE, DEFAULT, LINE, PHONE, STRANGER, TRACKING_NUMBER, Driver
from spaces import rows


def deleted(sandbox: Driver, **filters: str) -> int:
    answer = sandbox.call("DELETE", f"{DEFAULT}/messages", params=filters)
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["deleted"]
    return int(answer.json()["deleted"])


def texts(sandbox: Driver, **filters: str) -> list[str]:
    listed = sandbox.call("GET", f"{DEFAULT}/messages", params=filters).json()
    return [message["text"] for message in listed["items"]]


def advance(sandbox: Driver, seconds: float) -> Any:
    return sandbox.control("POST", "/clock", {"action": "advance", "seconds": seconds, "settle": 60})


# Which -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"vendor": "simplepay"},
        {"vendor": "dialogtech"},
        {"direction": "inbound"},
        {"status": "rejected"},
        {"to": "+1 415 555 0123"},
        {"from": PHONE},
        {"console": CONSOLE},
        {"account": "demo-access-key"},
        {"text": "code"},
        {"since": "2026-05-06T09:01:00Z"},
        {"until": "2026-05-06T09:00:30Z"},
        {"after": "msg_00000002"},
        {"direction": "outbound", "limit": "2"},
        {"text": "nothing like it"},
    ],
    ids=str,
)
def test_those_are_deleted_that_the_list_shows(sandbox: Driver, filters: dict[str, str]) -> None:
    sandbox.sid(STRANGER, "Your code is 482913.")
    sandbox.status(sandbox.send("Come on Friday.")["id"], "rejected", force=True)
    sandbox.inbound("When?")
    sandbox.wall.advance(60)
    sandbox.send("Your ride is here.", tracking_number=TRACKING_NUMBER)
    everything, chosen = texts(sandbox), texts(sandbox, **filters)
    assert deleted(sandbox, **filters) == len(chosen)
    assert texts(sandbox) == [text for text in everything if text not in chosen]


def test_those_of_a_broadcast_are_deleted(sandbox: Driver) -> None:
    sandbox.send("Before.")
    key = sandbox.broadcast("Come on Friday.", to=[PHONE, STRANGER])["broadcast_id"]
    assert deleted(sandbox, broadcast=key) == 2
    assert texts(sandbox) == ["Before."]
    assert deleted(sandbox, broadcast=key) == 0


@pytest.mark.parametrize(
    ("filters", "status", "named"),
    [
        ({"colour": "red"}, 422, "colour"),
        ({"to": "abc"}, 422, "to"),
        ({"limit": "0"}, 422, "limit"),
        ({"limit": str(10**30)}, 422, "limit"),
        ({"console": "NOBODY0000"}, 404, "console"),
    ],
    ids=str,
)
def test_a_filter_that_is_none_deletes_nothing(
    sandbox: Driver, filters: dict[str, str], status: int, named: str
) -> None:
    sandbox.send()
    answer = sandbox.call("DELETE", f"{DEFAULT}/messages", params=filters)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert named in answer.text
    assert texts(sandbox) == ["Come on Friday."]


# What is left ----------------------------------------------------------------------------------------------------


def test_every_api_knows_it_no_more(sandbox: Driver) -> None:
    sid = sandbox.sid()
    sandbox.send("Your ride is here.", tracking_number=TRACKING_NUMBER)
    assert deleted(sandbox) == 2
    assert sandbox.details(sid)["status"] == "UNKNOWN"
    assert sandbox.records() == []
    assert "[0] Message(s) Returned" in sandbox.get_messages().text
    assert sandbox.control("GET", f"/messages/{sid}", status=404)["status"] == 404


def test_a_number_is_not_given_twice(sandbox: Driver) -> None:
    first = sandbox.send()
    deleted(sandbox)
    assert sandbox.send()["id"] > first["id"]


def test_a_record_whose_lead_is_gone_has_none(sandbox: Driver) -> None:
    lead = sandbox.send("Come on Friday.")
    both = sandbox.reply(lead["id"], "Where to?")
    assert deleted(sandbox, text="Come on") == 1
    (record,) = sandbox.records()
    shown = ("leadMessageSent", "incomingMessage", "outgoingMessage")
    assert [record[name] for name in shown] == [None, "Where to?", both["answer"]["text"]]
    assert [sandbox.message(both[each]["id"])["lead"] for each in ("inbound", "answer")] == [None, None]


def test_an_answer_whose_reply_is_gone_is_an_answer_still(sandbox: Driver) -> None:
    lead = sandbox.send("Come on Friday.")
    answer = sandbox.reply(lead["id"], "HELP")["answer"]
    assert deleted(sandbox, direction="inbound") == 1
    record = sandbox.records()[-1]
    assert (record["incomingMessage"], record["outgoingMessage"]) == (None, "Harbor: call 615-555-0110.")
    shown = sandbox.message(answer["id"])
    assert (shown["lead"], shown["caused_by"]) == (lead["id"], None)
    # Rule NET-lead: the next text of the phone answers what no reply caused.
    assert sandbox.inbound("Where to?")["inbound"]["lead"] == lead["id"]


def test_a_reply_whose_answer_is_gone_is_a_record_of_its_own(sandbox: Driver) -> None:
    both = sandbox.reply(sandbox.send("Come on Friday.")["id"], "STOP")
    assert deleted(sandbox, text=both["answer"]["text"]) == 1
    record = sandbox.records()[-1]
    shown = ("leadMessageSent", "incomingMessage", "outgoingMessage", "messageType")
    assert [record[name] for name in shown] == ["Come on Friday.", "STOP", None, "Opt-Out"]


def test_consents_outlive_the_messages_that_changed_them(sandbox: Driver) -> None:
    sandbox.reply(sandbox.send()["id"], "STOP")
    deleted(sandbox)
    (consent,) = [each for each in sandbox.control("GET", "/consents")["items"] if each["state"] == "opted_out"]
    assert consent["phone"] == PHONE
    assert sandbox.message(sandbox.sid())["status"] == "rejected"


def test_what_was_to_happen_to_it_does_not(sandbox: Driver) -> None:
    sandbox.delivery("timed")
    sandbox.control("POST", "/clock", {"action": "freeze"})
    url = sandbox.control("PUT", "/sinks/mine", {})["url"]
    gone = sandbox.sid("14155550161", callback=url)
    for call, body in (("reply", {"text": "Later"}), ("status", {"status": "delivered"})):
        body["at"] = "2026-05-06T10:00:00Z"
        sandbox.control("POST", f"/messages/{gone}/{call}", body, status=202)
    kept = sandbox.sid("14155550162", callback=url)
    assert deleted(sandbox, to="14155550161") == 1
    assert advance(sandbox, 7200)["settled"] is True
    received = sandbox.control("GET", "/sinks/mine")["received"]
    assert [each["form"]["MessageSid"] for each in received] == [kept, kept]
    assert {each["message"] for each in sandbox.control("GET", "/callbacks")["items"]} == {sandbox.message(kept)["id"]}
    assert texts(sandbox, direction="inbound") == ["YES"]


def test_nothing_that_hung_on_it_stays_in_the_store(sandbox: Driver) -> None:
    sandbox.delivery("timed")
    sandbox.control("POST", "/clock", {"action": "freeze"})
    sid = sandbox.sid(callback=sandbox.control("PUT", "/sinks/mine", {"status": 500})["url"])
    sandbox.status(sid, "rejected")
    advance(sandbox, 3600)
    deleted(sandbox)
    counts = rows(sandbox)
    gone = ("message", "vendor_id", "step", "callback", "attempt", "scheduled")
    assert [counts[name] for name in gone] == [0] * len(gone)


def test_what_is_left_can_be_brought_to_another_server(sandbox: Driver) -> None:
    for text in ("HELP", "Where to?"):
        sandbox.reply(sandbox.send("Come on Friday.")["id"], text)
    deleted(sandbox, direction="inbound")
    deleted(sandbox, text="Friday")
    sandbox.control("PUT", "/snapshots/left")
    file = sandbox.call("GET", f"{DEFAULT}/snapshots/left").content
    other = sandbox.call("POST", "/_sandbox/workspaces", json={"name": "other"}).json()["id"]
    brought = sandbox.call("PUT", f"/_sandbox/workspaces/{other}/snapshots/theirs", content=file)
    assert brought.is_success, brought.text
    assert brought.json()["messages"] == 2


def test_a_reset_brings_the_seed_back(open_driver: Any) -> None:
    sandbox = open_driver(fixture="documented")
    before = texts(sandbox)
    assert deleted(sandbox) == len(before) > 0
    sandbox.control("POST", "/reset", {})
    assert texts(sandbox) == before


def test_those_of_another_workspace_stay(sandbox: Driver, neighbour_world: str) -> None:
    auth, _ = sandbox.neighbour(neighbour_world)
    sent = sandbox.submit(STRANGER, "Mine", sender=LINE, auth=auth)
    assert sent.status_code == 200, sent.text
    sandbox.send()
    assert deleted(sandbox) == 1
    assert texts(sandbox) == []
    theirs = sandbox.call("GET", "/_sandbox/workspaces/neighbour/messages").json()["items"]
    assert [each["text"] for each in theirs] == ["Mine"]
