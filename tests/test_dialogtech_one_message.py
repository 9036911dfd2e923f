"""DialogTech's `sms.get_message`: one message by its msg_id."""

from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from driver import DIALOGTECH, KEYS, TRACKING_NUMBER, Driver
from test_dialogtech import DOCTYPE, PROLOG, is_refused

OUTBOUND_ANSWER = """\
<response>
    <result>success</result>
    <result_description>[1] Message(s) Returned</result_description>
    <messages>
        <inbound>
        </inbound>
        <outbound>
            <message>
                <msg_id>{}</msg_id>
                <to>6295550101</to>
                <from>6155550100</from>
                <message><![CDATA[We will call you.]]></message>
                <date>2026-05-06 09:00:00</date>
            </message>
        </outbound>
    </messages>
</response>
"""
INBOUND_ANSWER = """\
<response>
    <result>success</result>
    <result_description>[1] Message(s) Returned</result_description>
    <messages>
        <inbound>
            <message>
                <msg_id>{}</msg_id>
                <to>6155550100</to>
                <from>6295550101</from>
                <message><![CDATA[Please call me.]]></message>
                <date>2026-05-06 09:00:00</date>
            </message>
        </inbound>
        <outbound>
        </outbound>
    </messages>
</response>
"""


def ask(sandbox: Driver, msg_id: str | None, method: str = "GET", **params: str) -> httpx.Response:
    given = {"action": "sms.get_message", **KEYS, **params} | ({} if msg_id is None else {"msg_id": msg_id})
    if method == "GET":
        return sandbox.call("GET", DIALOGTECH, params=given)
    return sandbox.call("POST", DIALOGTECH, data=given)


def sent_message(sandbox: Driver) -> str:
    """The msg_id of a message from a tracking number."""
    message_id: str = sandbox.send("We will call you.", tracking_number=TRACKING_NUMBER)["ids"]["msg_id"]
    return message_id


def last_entry(sandbox: Driver) -> Any:
    return sandbox.control("GET", "/journal?order=newest&limit=1")["items"][0]


@pytest.mark.rule("DT-msg-id", "DT-envelope", "DT-message")
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_message_is_answered_alone_in_its_direction(sandbox: Driver, method: str) -> None:
    out = sent_message(sandbox)
    into = sandbox.inbound("Please call me.", line=TRACKING_NUMBER)["inbound"]["ids"]["msg_id"]
    for msg_id, body in ((out, OUTBOUND_ANSWER), (into, INBOUND_ANSWER)):
        answer = ask(sandbox, msg_id, method)
        assert (answer.status_code, answer.text) == (200, PROLOG + DOCTYPE + body.format(msg_id))
        assert answer.headers["content-type"] == "text/xml; charset=UTF-8"


@pytest.mark.rule("DT-msg-id", "DT-envelope")
def test_an_account_without_the_doctype_has_none_here(sandbox: Driver) -> None:
    msg_id = sent_message(sandbox)
    sandbox.control("PATCH", f"/accounts/{KEYS['access_key']}", {"doctype": "none"})
    assert ask(sandbox, msg_id).text == PROLOG + OUTBOUND_ANSWER.format(msg_id)


@pytest.mark.rule("DT-msg-id")
@pytest.mark.parametrize("msg_id", ["1", "000000000", "9" * 400])
def test_an_unknown_message_is_refused(sandbox: Driver, msg_id: str) -> None:
    sent_message(sandbox)
    is_refused(ask(sandbox, msg_id), f"There is no message {msg_id}.")


@pytest.mark.rule("DT-msg-id")
def test_a_message_of_another_account_is_unknown(sandbox: Driver, neighbour_world: str) -> None:
    msg_id = sent_message(sandbox)
    other = {"access_key": "added", "secret_access_key": "a-secret"}
    sandbox.control("POST", "/accounts", other, status=201)
    _, theirs = sandbox.neighbour(neighbour_world)
    for keys in (other, theirs):
        is_refused(ask(sandbox, msg_id, **keys), f"There is no message {msg_id}.")
    assert ElementTree.fromstring(ask(sandbox, msg_id).text).findtext("result") == "success"


@pytest.mark.rule("DT-msg-id")
@pytest.mark.parametrize("msg_id", ["x", " 177931295", "177931295\n", "-1", "1.0", "١٧٧", "msg_00000001"])
def test_a_msg_id_that_is_not_digits_is_refused(sandbox: Driver, msg_id: str) -> None:
    is_refused(ask(sandbox, msg_id), "msg_id must be digits only.")


@pytest.mark.rule("DT-msg-id")
@pytest.mark.parametrize("msg_id", [None, ""])
def test_a_msg_id_is_required(sandbox: Driver, msg_id: str | None) -> None:
    is_refused(ask(sandbox, msg_id), "msg_id is required.")


@pytest.mark.rule("DT-msg-id")
@pytest.mark.parametrize(
    ("msg_id", "fix"),
    [(None, "msg_id is required."), ("x", "msg_id must be digits only."), ("1", "There is no message 1.")],
)
def test_a_refusal_is_found(sandbox: Driver, msg_id: str | None, fix: str) -> None:
    ask(sandbox, msg_id)
    entry = last_entry(sandbox)
    assert (entry["operation"], entry["outcome"]) == ("dialogtech.sms.get_message", "refused")
    assert [(each["rule"], each["level"], each["mend"]) for each in entry["findings"]] == [("DT-msg-id", "error", fix)]


@pytest.mark.rule("DT-msg-id")
def test_the_journal_says_which_message_was_shown(sandbox: Driver) -> None:
    msg_id = sent_message(sandbox)
    ask(sandbox, msg_id)
    found = sandbox.control("GET", f"/journal?message={msg_id}")["items"]
    assert [entry["operation"] for entry in found] == ["dialogtech.sms.get_message"]
    assert found[0]["findings"] == []
