"""Messages through the control API: sent, broadcast, answered, told what became of them, listed."""

from typing import Any

import pytest
from driver import CONSOLE, LINE, PHONE, STRANGER, TRACKING_NUMBER, Driver

NOW = "2026-05-06T09:00:00.000Z"
PAST = "2026-05-06T08:00:00Z"
FUTURE = "2026-05-06T10:00:00Z"
DENTAL = "HARBOR1002"
SENT_BY_STAFF = {"console": CONSOLE, "to": PHONE, "text": "Come in."}
DELIVERED = [
    {"status": "queued", "at": NOW, "cause": "staff"},
    {"status": "sent", "at": NOW, "cause": "immediate"},
    {"status": "delivered", "at": NOW, "cause": "immediate"},
]


def send(sandbox: Driver, **fields: Any) -> Any:
    return sandbox.control("POST", "/messages", {**SENT_BY_STAFF, **fields})


def conflict(title: str, detail: str, **members: Any) -> dict[str, Any]:
    name = title.lower().replace(" ", "-")
    return {"type": f"urn:dialog-sandbox:{name}", "title": title, "status": 409, "detail": detail, **members}


def texts(listed: Any) -> list[str]:
    return [message["text"] for message in listed["items"]]


# Sending ---------------------------------------------------------------------------------------------------------


def test_staff_send_from_a_console(sandbox: Driver) -> None:
    sent = sandbox.control("POST", "/messages", SENT_BY_STAFF, status=201)
    assert sent == {
        "id": "msg_00000001",
        "vendor": "writeback",
        "direction": "outbound",
        "console": CONSOLE,
        "account": None,
        "ids": {**sent["ids"], "msg_id": None},
        "from": LINE,
        "to": PHONE,
        "text": "Come in.",
        "encoding": "GSM-7",
        "segments": 1,
        "carrier": "T-Mobile",
        "status": "delivered",
        "reason": None,
        "timeline": DELIVERED,
        "next": None,
        "lead": None,
        "caused_by": None,
    }
    assert sandbox.records()[0]["outgoingMessageId"] == sent["ids"]["outgoing_message_id"]
    assert sandbox.details(sent["ids"]["sid"])["body"] == "Come in."


def test_staff_answer_from_a_tracking_number(sandbox: Driver) -> None:
    fields = {"tracking_number": TRACKING_NUMBER, "to": STRANGER, "text": "We call back. \U0001f4de"}
    sent = sandbox.control("POST", "/messages", fields, status=201)
    assert sent == {
        **sent,
        "vendor": "dialogtech",
        "console": None,
        "account": "demo-access-key",
        "ids": {"sid": None, "outgoing_message_id": None, "msg_id": sent["ids"]["msg_id"]},
        "from": "16155550100",
        "encoding": "UCS-2",
        "timeline": DELIVERED,
    }
    assert f"<msg_id>{sent['ids']['msg_id']}</msg_id>" in sandbox.get_messages().text


@pytest.mark.parametrize("word", ["Message alert sent", "Opt-Out", "Opt-In", "Opt-In (UI)", "unknown"])
def test_what_staff_send_has_the_type_and_the_sender_that_are_given(sandbox: Driver, word: str) -> None:
    send(sandbox, message_type=word, sent_by="ada@clinic.example")
    (record,) = sandbox.records()
    assert (record["messageType"], record["messageSentBy"]) == (word, "ada@clinic.example")


@pytest.mark.parametrize(
    ("fields", "member", "detail"),
    [
        ({"console": None}, "body", "must have either console or tracking_number"),
        ({"tracking_number": TRACKING_NUMBER}, "body", "must have either console or tracking_number"),
        (
            {"console": None, "tracking_number": TRACKING_NUMBER, "message_type": "unknown"},
            "body",
            "must have no message_type with a tracking_number: it is a word of Writeback",
        ),
        (
            {"message_type": "alert"},
            "message_type",
            "must be one of 'Message alert sent', 'Opt-Out', 'Opt-In', 'Opt-In (UI)', 'unknown'",
        ),
    ],
)
def test_a_message_that_cannot_be_is_refused(sandbox: Driver, fields: dict[str, Any], member: str, detail: str) -> None:
    problem = sandbox.control("POST", "/messages", {**SENT_BY_STAFF, **fields}, status=422)
    assert problem["errors"] == [{"in": "body", "member": member, "detail": detail}]


def test_a_line_that_is_not_there_is_404(sandbox: Driver) -> None:
    unknown = sandbox.control("POST", "/messages", {**SENT_BY_STAFF, "console": "NOBODY0000"}, status=404)
    assert unknown["title"] == "Unknown console"
    fields = {"to": PHONE, "text": "a"}
    unknown = sandbox.control("POST", "/messages", {**fields, "tracking_number": STRANGER}, status=404)
    assert unknown["detail"] == "No console and no account of this workspace texts from that number."
    unknown = sandbox.control("POST", "/messages", {**fields, "tracking_number": LINE}, status=404)
    assert unknown["detail"] == "That number is a console's line: name the console instead."


def test_a_fact_of_the_past_stands_at_its_time(sandbox: Driver) -> None:
    sent = send(sandbox, at="2026-05-05T23:30:00+01:00")
    assert {entry["at"] for entry in sent["timeline"]} == {"2026-05-05T22:30:00.000Z"}
    (record,) = sandbox.records("2026-05-05 22:30:00", "2026-05-05 22:30:00")
    assert record["outgoingMessage"] == "Come in."


def test_what_lies_ahead_is_told_and_invisible_until_then(sandbox: Driver) -> None:
    scheduled = sandbox.control("POST", "/messages", {**SENT_BY_STAFF, "at": FUTURE}, status=202)
    assert scheduled == {"scheduled": "send", "at": "2026-05-06T10:00:00.000Z"}
    sandbox.wall.advance(3599.999)
    assert sandbox.control("GET", "/messages") == {"items": [], "next": None}
    sandbox.wall.advance(0.001)
    (sent,) = sandbox.control("GET", "/messages")["items"]
    assert sent["timeline"][0] == {"status": "queued", "at": "2026-05-06T10:00:00.000Z", "cause": "staff"}


def test_what_was_scheduled_survives_a_restart_and_happens_in_order(open_driver: Any, tmp_path: Any) -> None:
    sandbox = open_driver(database=str(tmp_path / "kept.db"))
    send(sandbox, text="second", at="2026-05-06T09:00:02Z")
    send(sandbox, text="first", at="2026-05-06T09:00:01Z")
    sandbox.restart()
    sandbox.wall.advance(60)
    assert [record["outgoingMessage"] for record in sandbox.records()] == ["first", "second"]
    assert texts(sandbox.control("GET", "/messages")) == ["first", "second"]


# Broadcasts ------------------------------------------------------------------------------------------------------


def broadcast(sandbox: Driver, status: int = 201, **fields: Any) -> Any:
    body = {"name": "Flu", "text": "Shots on Friday", "to": "everyone", "console": CONSOLE, **fields}
    return sandbox.control("POST", "/broadcasts", body, status=status)


def test_a_broadcast_goes_to_everyone(sandbox: Driver) -> None:
    done = broadcast(sandbox, sent_by="ada@clinic.example", campaign="Winter")
    assert [message["to"] for message in done["messages"]] == [PHONE, "16295550103"]
    assert {message["timeline"][0]["cause"] for message in done["messages"]} == {"broadcast"}
    records = sandbox.records()
    assert {record["broadcastId"] for record in records} == {done["broadcast_id"]}
    assert {(record["broadcastName"], record["campaignName"]) for record in records} == {("Flu", "Winter")}
    assert sandbox.control("GET", f"/messages?broadcast={done['broadcast_id']}")["items"] == done["messages"]


def test_a_broadcast_goes_to_people_and_phones_each_once(sandbox: Driver) -> None:
    done = broadcast(sandbox, to=["HF0002", "+1 415 555 0123", PHONE, "HF0001"])
    assert [message["to"] for message in done["messages"]] == ["16295550103", STRANGER, PHONE]


def test_everyone_is_who_is_there_when_it_goes_out(sandbox: Driver) -> None:
    assert broadcast(sandbox, 202, at=FUTURE) == {"scheduled": "broadcast", "at": "2026-05-06T10:00:00.000Z"}
    sandbox.control("POST", "/people", {"phone": STRANGER})
    sandbox.control("DELETE", "/people/HF0001")
    sandbox.wall.advance(3600)
    listed = sandbox.control("GET", "/messages")["items"]
    assert [message["to"] for message in listed] == ["16295550103", STRANGER]


def test_a_broadcast_may_have_nobody_to_go_to(open_driver: Any) -> None:
    sandbox = open_driver(fixture="empty")
    done = sandbox.control("POST", "/broadcasts", {"name": "a", "text": "b", "to": "everyone"}, status=201)
    assert done == {"broadcast_id": done["broadcast_id"], "messages": []}


def test_of_several_consoles_one_must_be_named(sandbox: Driver) -> None:
    problem = broadcast(sandbox, 422, console=None)
    detail = f"is required: the workspace's consoles are {CONSOLE}, {DENTAL}"
    assert problem["errors"] == [{"in": "body", "member": "console", "detail": detail}]


@pytest.mark.parametrize("to", ["somebody", [], [1], {"a": 1}, None])
def test_a_broadcast_to_something_else_is_refused(sandbox: Driver, to: object) -> None:
    problem = broadcast(sandbox, 422, to=to)
    detail = "must be 'everyone' or a list of person_ids and phones"
    assert problem["errors"] == [{"in": "body", "member": "to", "detail": detail}]


def test_a_broadcast_to_an_unknown_person_does_nothing(sandbox: Driver) -> None:
    assert broadcast(sandbox, 404, to=[PHONE, "HF0009"])["title"] == "Unknown person"
    assert sandbox.control("GET", "/messages")["items"] == []


# What became of it -----------------------------------------------------------------------------------------------


@pytest.fixture
def by_hand(sandbox: Driver) -> Driver:
    """Under the policy `manual`, with one message."""
    sandbox.delivery("manual")
    send(sandbox)
    return sandbox


def test_a_later_status_takes_the_moves_between(by_hand: Driver) -> None:
    by_hand.wall.advance(5)
    changed = by_hand.status("msg_00000001", "undelivered", reason="switched off", vendor_status="UNREACHABLE")
    at = "2026-05-06T09:00:05.000Z"
    assert changed["timeline"] == [
        {"status": "queued", "at": NOW, "cause": "staff"},
        {"status": "sent", "at": at, "cause": "injected"},
        {"status": "undelivered", "at": at, "cause": "injected", "reason": "switched off"},
    ]
    assert (changed["status"], changed["reason"], changed["next"]) == ("undelivered", "switched off", None)
    assert by_hand.records()[0]["messageStatus"] == "UNREACHABLE"


@pytest.mark.parametrize(
    ("word", "status", "vendor"),
    [
        ("failed", "rejected", "simplepay"),
        ("Failed", "rejected", "simplepay"),
        ("UNKNOWN", "unknown", "simplepay"),
        ("Unknown", "unknown", None),
        ("ACCESSIBLE", "delivered", "writeback"),
        ("accessible", "delivered", "writeback"),
        ("sending", "sent", "simplepay"),
        ("DELIVERED", "delivered", None),
        ("Sent", "sent", None),
    ],
)
def test_a_vendors_word_is_taken_and_the_answer_says_for_what(
    by_hand: Driver, word: str, status: str, vendor: str | None
) -> None:
    changed = by_hand.status("msg_00000001", word)
    assert changed.pop("understood") == {"word": word, "status": status, "vendor": vendor}
    assert (changed["status"], changed["timeline"][-1]["status"]) == (status, status)
    later = by_hand.control("GET", "/messages/msg_00000001")
    assert changed == {name: value for name, value in later.items() if name not in ("possible", "callbacks")}


@pytest.mark.parametrize("status", ["sent", "delivered", "undelivered", "rejected", "unknown"])
def test_of_the_status_itself_nothing_is_said(by_hand: Driver, status: str) -> None:
    assert "understood" not in by_hand.status("msg_00000001", status)


def test_accepted_is_queued_which_a_message_is_already(by_hand: Driver) -> None:
    problem = by_hand.control("POST", "/messages/msg_00000001/status", {"status": "accepted"}, status=409)
    assert problem["detail"] == "A message that is queued cannot become queued: give 'force' to do it all the same."


def test_a_vendors_word_for_a_time_to_come_is_said_too(by_hand: Driver) -> None:
    at = "2026-05-06T10:00:00.000Z"
    assert by_hand.status("msg_00000001", "failed", at=at) == {
        "scheduled": "report",
        "at": at,
        "understood": {"word": "failed", "status": "rejected", "vendor": "simplepay"},
    }
    assert by_hand.status("msg_00000001", "sent", at=at) == {"scheduled": "report", "at": at}
    by_hand.wall.advance(3600)
    assert by_hand.message("msg_00000001")["status"] == "rejected"


WORDS = (
    "must be queued, sent, delivered, undelivered, rejected or unknown, or a vendor's word:"
    " ACCESSIBLE, failed, UNKNOWN, accepted, sending"
)


@pytest.mark.parametrize(
    ("word", "detail"),
    [
        ("MESSAGE_REJECTED", "must be undelivered or rejected: MESSAGE_REJECTED may stand for either"),
        ("message_rejected", "must be undelivered or rejected: MESSAGE_REJECTED may stand for either"),
        ("deliverd", f"{WORDS}: did you mean delivered?"),
        ("Accesible", f"{WORDS}: did you mean ACCESSIBLE?"),
        (" failed", f"{WORDS}: did you mean failed?"),
        ("received", WORDS),
        ("", WORDS),
        (7, WORDS),
        (None, WORDS),
    ],
)
def test_a_word_that_is_no_status_or_several_is_refused_with_the_choices(
    by_hand: Driver, word: object, detail: str
) -> None:
    problem = by_hand.control("POST", "/messages/msg_00000001/status", {"status": word}, status=422)
    assert problem["errors"] == [{"in": "body", "member": "status", "detail": detail}]


@pytest.mark.parametrize("name", ["sid", "outgoing_message_id", "id"])
def test_a_message_is_found_by_any_of_its_ids(by_hand: Driver, name: str) -> None:
    message = by_hand.control("GET", "/messages/msg_00000001")
    any_id = {**message, **message["ids"]}[name]
    assert by_hand.control("GET", f"/messages/{any_id}") == message
    assert by_hand.status(any_id, "sent")["status"] == "sent"


def test_a_message_is_found_by_its_msg_id(sandbox: Driver) -> None:
    sent = send(sandbox, console=None, tracking_number=TRACKING_NUMBER)
    assert sandbox.control("GET", f"/messages/{sent['ids']['msg_id']}") == {**sent, "possible": [], "callbacks": []}


def test_what_comes_next_is_told(sandbox: Driver) -> None:
    sandbox.delivery("timed", sent_after=1, settled_after=3)
    sent = send(sandbox)
    assert (sent["status"], sent["timeline"]) == ("queued", DELIVERED[:1])
    assert sent["next"] == {"status": "sent", "at": "2026-05-06T09:00:01.000Z"}
    sandbox.wall.advance(1)
    sent = sandbox.control("GET", "/messages/msg_00000001")
    assert sent["timeline"][-1] == {"status": "sent", "at": "2026-05-06T09:00:01.000Z", "cause": "timed"}
    assert sent["next"] == {"status": "delivered", "at": "2026-05-06T09:00:03.000Z"}


def test_an_impossible_move_is_409_with_the_possible_ones(by_hand: Driver) -> None:
    by_hand.status("msg_00000001", "sent")
    assert by_hand.control("POST", "/messages/msg_00000001/status", {"status": "queued"}, status=409) == conflict(
        "Impossible move",
        "A message that is sent cannot become queued: give 'force' to do it all the same.",
        possible=["delivered", "undelivered", "rejected", "unknown"],
    )
    by_hand.status("msg_00000001", "rejected")
    assert by_hand.control("POST", "/messages/msg_00000001/status", {"status": "delivered"}, status=409) == conflict(
        "Impossible move",
        "The message is rejected, which is final: give 'force' to make it delivered all the same.",
        possible=[],
    )


def test_a_forced_move_is_marked(sandbox: Driver) -> None:
    send(sandbox)
    changed = sandbox.status("msg_00000001", "queued", force=True)
    forced = {"status": "queued", "at": NOW, "cause": "injected", "forced": True}
    assert changed["timeline"] == [*DELIVERED, forced]
    assert changed["status"] == "queued"


def test_a_status_may_be_dated_back_but_not_before_the_last_step(by_hand: Driver) -> None:
    by_hand.wall.advance(3600)
    changed = by_hand.status("msg_00000001", "sent", at="2026-05-06T09:30:00Z")
    assert changed["timeline"][-1]["at"] == "2026-05-06T09:30:00.000Z"
    fields = {"status": "delivered", "at": "2026-05-06T09:29:59.999Z"}
    assert by_hand.control("POST", "/messages/msg_00000001/status", fields, status=409) == conflict(
        "Too early", "The status is dated before the message's last step: give a later 'at', or none."
    )


def test_a_status_can_be_scheduled(by_hand: Driver) -> None:
    fields = {"status": "delivered", "at": FUTURE}
    scheduled = by_hand.control("POST", "/messages/msg_00000001/status", fields, status=202)
    assert scheduled == {"scheduled": "report", "at": "2026-05-06T10:00:00.000Z"}
    by_hand.wall.advance(7200)
    entry = by_hand.control("GET", "/messages/msg_00000001")["timeline"][-1]
    assert entry == {"status": "delivered", "at": "2026-05-06T10:00:00.000Z", "cause": "injected"}


def test_what_a_phone_sent_has_neither_status_nor_reply(sandbox: Driver) -> None:
    inbound = sandbox.inbound("hello")["inbound"]["id"]
    detail = "A phone sent that message: only what was sent to a phone has a status, or gets a reply."
    for path, body in (("status", {"status": "sent"}), ("reply", {"text": "a"})):
        problem = sandbox.control("POST", f"/messages/{inbound}/{path}", body, status=409)
        assert problem == conflict("Not outbound", detail)


# Phones ----------------------------------------------------------------------------------------------------------


def test_a_phone_answers_a_message_and_is_answered(sandbox: Driver) -> None:
    sid = sandbox.sid()
    both = sandbox.control("POST", f"/messages/{sid}/reply", {"text": "Thanks"}, status=201)
    assert both["inbound"] == {
        "id": "msg_00000002",
        "vendor": "writeback",
        "direction": "inbound",
        "console": CONSOLE,
        "account": None,
        "ids": {"sid": None, "outgoing_message_id": None, "msg_id": None},
        "from": PHONE,
        "to": LINE,
        "text": "Thanks",
        "encoding": "GSM-7",
        "segments": 1,
        "carrier": "T-Mobile",
        "status": "received",
        "reason": None,
        "timeline": [{"status": "received", "at": NOW, "cause": "reply"}],
        "next": None,
        "lead": "msg_00000001",
        "caused_by": None,
    }
    answer = both["answer"]
    assert (answer["text"], answer["lead"], answer["caused_by"]) == (
        "Harbor: we have got your message.",
        "msg_00000001",
        "msg_00000002",
    )
    assert sandbox.control("GET", "/messages")["items"][1:] == [both["inbound"], answer]


def test_a_reply_cannot_come_before_its_message(sandbox: Driver) -> None:
    sid = sandbox.sid()
    problem = sandbox.control("POST", f"/messages/{sid}/reply", {"text": "a", "at": PAST}, status=409)
    assert problem == conflict("Too early", "A reply cannot come before the message that it answers.")


def test_a_reply_can_be_scheduled(sandbox: Driver) -> None:
    sid = sandbox.sid()
    scheduled = sandbox.control("POST", f"/messages/{sid}/reply", {"text": "STOP", "at": FUTURE}, status=202)
    assert scheduled == {"scheduled": "reply", "at": "2026-05-06T10:00:00.000Z"}
    sandbox.wall.advance(3600)
    assert sandbox.records()[-1]["messageType"] == "Opt-Out"


def test_a_phone_texts_a_console_out_of_the_blue(sandbox: Driver) -> None:
    fields = {"from": "+1 (415) 555-0123", "to": "6155550110", "text": "hello"}
    both = sandbox.control("POST", "/inbound", fields, status=201)
    assert (both["inbound"]["from"], both["inbound"]["to"]) == (STRANGER, LINE)
    assert both["inbound"]["timeline"] == [{"status": "received", "at": NOW, "cause": "inbound"}]
    assert both["answer"]["text"] == "Harbor: we have got your message."


def test_a_phone_texts_a_tracking_number(sandbox: Driver) -> None:
    both = sandbox.inbound("hello", line=TRACKING_NUMBER)
    assert both["answer"] is None
    assert both["inbound"] == {
        **both["inbound"],
        "vendor": "dialogtech",
        "account": "demo-access-key",
        "console": None,
        "to": "16155550100",
    }


def test_an_inbound_can_be_scheduled(sandbox: Driver) -> None:
    fields = {"from": PHONE, "to": LINE, "text": "hi", "at": FUTURE}
    assert sandbox.control("POST", "/inbound", fields, status=202)["scheduled"] == "text_in"
    sandbox.wall.advance(3600)
    assert texts(sandbox.control("GET", "/messages?direction=inbound")) == ["hi"]


def test_a_text_to_no_line_is_404(sandbox: Driver) -> None:
    fields = {"from": PHONE, "to": STRANGER, "text": "hi"}
    assert sandbox.control("POST", "/inbound", fields, status=404)["title"] == "Unknown line"


# Listing ---------------------------------------------------------------------------------------------------------


def test_messages_are_listed_page_by_page_in_order(sandbox: Driver) -> None:
    for text in "abcde":
        send(sandbox, text=text)
    first = sandbox.control("GET", "/messages?limit=2")
    assert (texts(first), first["next"]) == (["a", "b"], "msg_00000002")
    second = sandbox.control("GET", f"/messages?limit=2&after={first['next']}")
    assert (texts(second), second["next"]) == (["c", "d"], "msg_00000004")
    third = sandbox.control("GET", f"/messages?limit=2&after={second['next']}")
    assert (texts(third), third["next"]) == (["e"], None)


@pytest.fixture
def various(sandbox: Driver) -> Driver:
    """One message of each kind, a minute apart from the first."""
    sandbox.submit(text="submit 50%_off")
    sandbox.wall.advance(60)
    send(sandbox, text="staff", console=DENTAL, to=STRANGER)
    send(sandbox, text="tracked", console=None, tracking_number=TRACKING_NUMBER)
    sandbox.inbound("in", line=TRACKING_NUMBER)
    sandbox.delivery("manual")
    send(sandbox, text="waiting")
    return sandbox


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("vendor=simplepay", ["submit 50%_off"]),
        ("vendor=writeback", ["staff", "waiting"]),
        ("vendor=dialogtech", ["tracked", "in"]),
        ("direction=inbound", ["in"]),
        ("status=received", ["in"]),
        ("status=queued", ["waiting"]),
        ("status=delivered", ["submit 50%_off", "staff", "tracked"]),
        ("to=%2B1-415-555-0123", ["staff"]),
        ("to=6155550100", ["in"]),
        ("from=6155550110", ["submit 50%_off", "waiting"]),
        (f"from={PHONE}", ["in"]),
        (f"console={DENTAL}", ["staff"]),
        ("account=demo-access-key", ["tracked", "in"]),
        ("text=%25_", ["submit 50%_off"]),
        ("text=STAFF", []),
        ("broadcast=" + "0" * 32, []),
        ("since=2026-05-06T09:01:00Z", ["staff", "tracked", "in", "waiting"]),
        ("until=2026-05-06T09:00:59.999Z", ["submit 50%_off"]),
        ("since=2026-05-06T11:01:00%2B02:00&direction=outbound&status=delivered", ["staff", "tracked"]),
        ("after=msg_00000003", ["in", "waiting"]),
    ],
)
def test_a_filter_keeps_what_it_says(various: Driver, query: str, expected: list[str]) -> None:
    assert texts(various.control("GET", f"/messages?{query}")) == expected


def test_a_filter_by_an_unknown_console_or_account_is_404(sandbox: Driver) -> None:
    assert sandbox.control("GET", "/messages?console=NOBODY0000", status=404)["title"] == "Unknown console"
    assert sandbox.control("GET", "/messages?account=nobody", status=404)["title"] == "Unknown account"


@pytest.mark.parametrize("at", ["2026-05-06", "2026-05-06T09:00:00", "2026-02-30T00:00:00Z", "1969-12-31T23:59:59Z"])
def test_a_time_that_is_none_is_refused(sandbox: Driver, at: str) -> None:
    assert sandbox.control("GET", f"/messages?since={at}", status=422)["errors"][0]["member"] == "since"
