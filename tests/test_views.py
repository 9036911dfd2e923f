"""A message as each API shows it: what the console tells is what the calls answer."""

import json
import shlex
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from driver import CONSOLE, PHONE, STRANGER, TRACKING_NUMBER, Driver

from sandbox.vendors import VENDORS

HOSTILE = "<script>alert(1)</script> ]]> & \r\n            twelve blanks \u202e \U0001f605"


def views(sandbox: Driver, any_id: str) -> dict[str, Any]:
    shown = sandbox.control("GET", f"/messages/{any_id}/shown")["items"]
    assert [view["vendor"] for view in shown] == [vendor.name for vendor in VENDORS]
    return {view["vendor"]: view for view in shown if view["body"] is not None}


def fetched(sandbox: Driver, view: dict[str, Any]) -> Any:
    """The answer to the view's own curl line."""
    words = shlex.split(view["curl"])
    auth = tuple(words[words.index("-u") + 1].split(":")) if "-u" in words else None
    assert words[:2] + words[-1:] == ["curl", "-s", view["url"]]
    answer = sandbox.call("GET", view["url"].encode().removeprefix(b"http://127.0.0.1:8080"), auth=auth)  # type: ignore[arg-type]  # httpx takes bytes
    assert answer.status_code == 200
    assert answer.headers["content-type"] == view["media_type"]
    return answer


def check(sandbox: Driver, any_id: str) -> dict[str, Any]:
    """Each API answers with just what is shown; the parsed bodies by vendor."""
    found: dict[str, Any] = {}
    for vendor, view in views(sandbox, any_id).items():
        answer = fetched(sandbox, view)
        if vendor == "dialogtech":
            found[vendor] = fields(ElementTree.fromstring(view["body"]))
            assert found[vendor] in [fields(each) for each in ElementTree.fromstring(answer.content).iter("message")]
        else:
            found[vendor] = json.loads(view["body"])
            assert found[vendor] in (answer.json()["response"] if vendor == "writeback" else [answer.json()])
    return found


def fields(element: ElementTree.Element) -> dict[str, str | None]:
    return {child.tag: child.text for child in element}


@pytest.mark.parametrize("text", ["Your results are in.", HOSTILE])
def test_a_submit_is_shown_by_simplepay_and_writeback(sandbox: Driver, text: str) -> None:
    sandbox.delivery("timed")
    sid = sandbox.sid(text=text)
    for seconds, status, delivered in ((0, "queued", "false"), (1, "sent", "false"), (2, "delivered", "true")):
        sandbox.wall.advance(seconds)
        shown = check(sandbox, sid)
        assert shown["simplepay"] == {"extMessageReference": sid, "body": text, "to": PHONE, "status": status}
        assert (shown["writeback"]["outgoingMessage"], shown["writeback"]["delivered"]) == (text, delivered)
        assert list(shown) == ["writeback", "simplepay"]


def test_a_stop_is_shown_as_the_record_of_its_answer(sandbox: Driver) -> None:
    both = sandbox.reply(sandbox.sid(), "STOP")
    shown = check(sandbox, both["inbound"]["id"])
    assert list(shown) == ["writeback"]
    assert (shown["writeback"]["messageType"], shown["writeback"]["incomingMessage"]) == ("Opt-Out", "STOP")
    assert check(sandbox, both["answer"]["id"])["writeback"] == shown["writeback"]


def test_a_reply_without_an_answer_is_a_record_of_its_own(sandbox: Driver) -> None:
    sandbox.console(CONSOLE, auto_reply=None)
    shown = check(sandbox, sandbox.inbound("Who are you?")["inbound"]["id"])
    assert shown["writeback"]["incomingMessage"] == "Who are you?"
    assert shown["writeback"]["outgoingMessage"] is None


@pytest.mark.parametrize("text", ["Call us.", HOSTILE])
def test_a_tracking_numbers_messages_are_shown_by_dialogtech_alone(sandbox: Driver, text: str) -> None:
    sent = sandbox.send(text, to=STRANGER, tracking_number=TRACKING_NUMBER)
    shown = check(sandbox, sent["id"])
    assert list(shown) == ["dialogtech"]
    assert shown["dialogtech"]["msg_id"] == sent["ids"]["msg_id"]
    said = sandbox.inbound(text, phone=STRANGER, line=TRACKING_NUMBER)["inbound"]
    assert check(sandbox, said["id"])["dialogtech"]["from"] == "4155550123"


def test_of_many_messages_in_one_second_the_right_one_is_shown(sandbox: Driver) -> None:
    for n in range(5):
        sid = sandbox.sid(text=f"Number {n}")
        assert check(sandbox, sid)["writeback"]["outgoingMessage"] == f"Number {n}"


def test_looking_is_no_exchange(sandbox: Driver) -> None:
    sid = sandbox.sid()
    before = sandbox.control("GET", "/journal")
    views(sandbox, sid)
    assert sandbox.control("GET", "/journal") == before


def test_of_a_packaged_world_every_kind_of_message_is_shown_truly(open_driver: Callable[..., Driver]) -> None:
    sandbox = open_driver(fixture="clinic")
    found = sandbox.control("GET", "/messages?limit=1000")["items"]
    kinds = {(message["vendor"], message["direction"], message["timeline"][0]["cause"]): message for message in found}
    assert len(kinds) > 8
    for message in kinds.values():
        assert check(sandbox, message["id"])


def test_a_story_names_the_statuses_that_can_still_come(sandbox: Driver) -> None:
    sandbox.delivery("manual")
    sid = sandbox.sid()
    assert sandbox.message(sid)["possible"] == ["sent", "rejected", "unknown", "delivered", "undelivered"]
    sandbox.status(sid, "sent")
    assert sandbox.message(sid)["possible"] == ["delivered", "undelivered", "rejected", "unknown"]
    sandbox.status(sid, "delivered")
    assert sandbox.message(sid)["possible"] == []
    assert sandbox.message(sandbox.inbound("Hello")["inbound"]["id"])["possible"] == []
