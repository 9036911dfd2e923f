"""The pretend phone network that all vendors share, rule by rule (NET-segments has a file of its own)."""

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from driver import (
    CONSOLE,
    DEMO,
    DIALOGTECH,
    KEYS,
    LINE,
    PHONE,
    SIMPLEPAY,
    STRANGER,
    TRACKING_NUMBER,
    Driver,
)

AUTO_REPLY = "Harbor: we have got your message."
HELP_TEXT = "Harbor: call 615-555-0110."
STOPPED = "Harbor: you will get no more texts from us. Text HARBOR to subscribe again."
STARTED = "Harbor: you are subscribed to our texts. Text HELP for help, STOP to end."
STOP_WORDS = [
    *("STOP", "QUIT", "END", "REVOKE", "OPT OUT", "UNSUBSCRIBE"),
    *("STOPALL", "CANCEL", "OPTOUT", "OPT-OUT", "REMOVE", "ALTO", "PARAR"),
]
WRITTEN_OTHERWISE = [
    *(
        "stop",
        "Stop",
        " \t\nStop. ",
        "stop .",
        "pArAr.",
        "Stop\r\n",
        "STOP!",
        "STOP..",
        "Stop?!",
        "STOP \u2026 ",
        "stop)",
    ),
    *("Opt Out", "opt  out", "Opt\tOut", "OPT \u00a0 OUT.", " opt\nout !", "Opt-out.", "opt-Out", "\u3000STOP\u3002"),
]
HELP_WORDS = ["HELP", "INFO", "AYUDA"]
SUBMIT = f"{SIMPLEPAY}/submit/{CONSOLE}"


def answer_to(sandbox: Driver, text: str, **options: Any) -> str | None:
    """What a phone that texts the first console is told."""
    answer = sandbox.inbound(text, **options)["answer"]
    return None if answer is None else str(answer["text"])


def status(sandbox: Driver, any_id: str) -> str:
    return str(sandbox.message(any_id)["status"])


def timeline(sandbox: Driver, any_id: str) -> list[tuple[str, str, str]]:
    return [(entry["status"], entry["at"], entry["cause"]) for entry in sandbox.message(any_id)["timeline"]]


def is_opted_in(sandbox: Driver, phone: str = PHONE) -> bool:
    """Whether a message of staff reaches the phone."""
    return bool(sandbox.send(to=phone)["status"] == "delivered")


# Delivery --------------------------------------------------------------------------------------------------------


@pytest.mark.rule("NET-flow")
def test_immediate_settles_at_once(sandbox: Driver) -> None:
    sid = sandbox.sid()
    assert timeline(sandbox, sid) == [
        ("queued", "2026-05-06T09:00:00.000Z", "simplepay.submit"),
        ("sent", "2026-05-06T09:00:00.000Z", "immediate"),
        ("delivered", "2026-05-06T09:00:00.000Z", "immediate"),
    ]
    assert sandbox.message(sid)["next"] is None


@pytest.mark.rule("NET-flow")
@pytest.mark.parametrize("outcome", ["delivered", "undelivered", "rejected", "unknown"])
def test_the_policy_names_the_outcome(sandbox: Driver, outcome: str) -> None:
    sandbox.delivery("immediate", outcome=outcome)
    assert status(sandbox, sandbox.sid()) == outcome


@pytest.mark.rule("NET-flow")
def test_by_hand_a_message_moves_only_when_told(sandbox: Driver) -> None:
    sandbox.delivery("manual")
    sid = sandbox.sid()
    sandbox.wall.advance(30 * 24 * 3600)
    assert status(sandbox, sid) == "queued"
    sandbox.status(sid, "sent")
    assert status(sandbox, sid) == "sent"


@pytest.mark.rule("NET-flow")
def test_a_later_status_takes_the_moves_between_at_the_same_instant(sandbox: Driver) -> None:
    sandbox.delivery("manual")
    sid = sandbox.sid()
    sandbox.wall.advance(5)
    sandbox.status(sid, "delivered")
    assert timeline(sandbox, sid) == [
        ("queued", "2026-05-06T09:00:00.000Z", "simplepay.submit"),
        ("sent", "2026-05-06T09:00:05.000Z", "injected"),
        ("delivered", "2026-05-06T09:00:05.000Z", "injected"),
    ]


@pytest.mark.rule("NET-flow")
@pytest.mark.parametrize("target", ["rejected", "unknown"])
def test_a_queued_message_may_be_rejected_or_lost_without_being_sent(sandbox: Driver, target: str) -> None:
    sandbox.delivery("manual")
    sid = sandbox.sid()
    sandbox.status(sid, target)
    assert [entry[0] for entry in timeline(sandbox, sid)] == ["queued", target]


@pytest.mark.rule("NET-flow")
@pytest.mark.parametrize(
    ("first", "then"),
    [("sent", "queued"), ("delivered", "sent"), ("delivered", "rejected"), ("rejected", "delivered"), ("sent", "sent")],
)
def test_a_move_that_the_world_does_not_know_is_refused_unless_forced(sandbox: Driver, first: str, then: str) -> None:
    sandbox.delivery("manual")
    sid = sandbox.sid()
    sandbox.status(sid, first)
    before = sandbox.message(sid)
    sandbox.control("POST", f"/messages/{sid}/status", {"status": then}, status=409)
    assert sandbox.message(sid) == before
    assert sandbox.status(sid, then, force=True)["status"] == then


@pytest.mark.rule("NET-flow")
def test_the_plan_is_fixed_when_a_message_is_accepted(sandbox: Driver) -> None:
    sandbox.delivery("manual")
    queued = sandbox.sid()
    sandbox.delivery("immediate", outcome="rejected")
    rejected = sandbox.sid()
    sandbox.delivery("immediate", outcome="delivered")
    assert [status(sandbox, queued), status(sandbox, rejected)] == ["queued", "rejected"]


@pytest.mark.rule("NET-flow")
def test_a_stop_does_not_touch_what_was_accepted_before(sandbox: Driver) -> None:
    sandbox.delivery("manual")
    sid = sandbox.sid()
    sandbox.inbound("STOP")
    assert sandbox.status(sid, "delivered")["status"] == "delivered"


# Words -----------------------------------------------------------------------------------------------------------


@pytest.mark.rule("NET-stop")
@pytest.mark.parametrize("word", [*STOP_WORDS, *WRITTEN_OTHERWISE])
def test_a_stop_word_opts_out_with_one_confirmation(sandbox: Driver, word: str) -> None:
    assert answer_to(sandbox, word) == STOPPED
    assert answer_to(sandbox, word) is None
    assert answer_to(sandbox, "STOP") is None
    assert not is_opted_in(sandbox)


@pytest.mark.rule("NET-stop", "NET-reply")
@pytest.mark.parametrize(
    "text",
    [
        "STOP it",
        "Please stop",
        "S TOP",
        "STOPP",
        "'STOP'",
        ".STOP",
        "STOP" + "!" * 1000,
        "FIN",
        ".",
        "!?",
        "OPT",
        "Out",
        "OPT - OUT",
        "STOP all",
    ],
)
def test_what_only_resembles_a_stop_word_is_any_reply(sandbox: Driver, text: str) -> None:
    assert answer_to(sandbox, text) == AUTO_REPLY
    assert is_opted_in(sandbox)


@pytest.mark.rule("NET-stop")
def test_a_stop_is_confirmed_under_every_policy_and_reaches_the_phone(sandbox: Driver) -> None:
    assert sandbox.inbound("STOP")["answer"]["status"] == "delivered"


@pytest.mark.rule("NET-stop")
def test_a_stop_after_a_start_is_confirmed_again(sandbox: Driver) -> None:
    said = [answer_to(sandbox, word) for word in ("STOP", "START", "STOP", "STOP")]
    assert said == [STOPPED, STARTED, STOPPED, None]


@pytest.mark.rule("NET-stop")
def test_a_stop_is_for_one_line_only(sandbox: Driver) -> None:
    sandbox.inbound("STOP")
    assert sandbox.send(console="HARBOR1002")["status"] == "delivered"
    assert sandbox.send(tracking_number=TRACKING_NUMBER)["status"] == "delivered"
    sandbox.inbound("STOP", line=TRACKING_NUMBER)
    assert sandbox.send(tracking_number=TRACKING_NUMBER)["status"] == "rejected"
    assert sandbox.send(tracking_number="6155550101")["status"] == "delivered"


@pytest.mark.rule("NET-stop")
def test_another_phone_is_not_touched_by_a_stop(sandbox: Driver) -> None:
    sandbox.inbound("STOP")
    assert is_opted_in(sandbox, "16295550103")


@pytest.mark.rule("NET-stop")
def test_a_stop_counts_by_reply_too(sandbox: Driver) -> None:
    assert sandbox.reply(sandbox.sid(), "Stop")["answer"]["text"] == STOPPED
    assert not is_opted_in(sandbox)


@pytest.mark.rule("NET-start")
@pytest.mark.parametrize("word", ["START", "UNSTOP", "HARBOR", "start", " Harbor. ", "unstop."])
def test_a_start_word_or_the_keyword_opts_in_again_with_one_confirmation(sandbox: Driver, word: str) -> None:
    sandbox.inbound("STOP")
    assert answer_to(sandbox, word) == STARTED
    assert is_opted_in(sandbox)
    assert len([record for record in sandbox.records() if record["messageType"] == "Opt-In"]) == 1


@pytest.mark.rule("NET-start", "NET-reply")
def test_another_consoles_keyword_is_any_reply(sandbox: Driver) -> None:
    assert answer_to(sandbox, "DENTAL") == AUTO_REPLY


@pytest.mark.rule("NET-start")
def test_a_keyword_that_was_changed_counts(sandbox: Driver) -> None:
    sandbox.console(keyword="Ahoy")
    assert answer_to(sandbox, "STOP") == "Harbor: you will get no more texts from us. Text Ahoy to subscribe again."
    assert answer_to(sandbox, "HARBOR") is None
    assert answer_to(sandbox, "ahoy") == STARTED


@pytest.mark.rule("NET-start")
def test_a_keyword_is_compared_as_the_phones_text_is(sandbox: Driver) -> None:
    sandbox.console(keyword=" Ahoy. ")
    sandbox.inbound("STOP")
    assert answer_to(sandbox, "ahoy") == STARTED


@pytest.mark.rule("NET-stop", "NET-help")
@pytest.mark.parametrize("word", ["STOP", "parar.", " Help", "opt  out!"])
def test_a_word_that_does_something_else_is_no_keyword(sandbox: Driver, word: str) -> None:
    reason = "must be none of the words that stop or ask for help (rules NET-stop, NET-help)"
    for method, path in (("POST", "/consoles"), ("PATCH", f"/consoles/{CONSOLE}")):
        problem = sandbox.control(method, path, {"keyword": word}, status=422)
        assert problem["errors"] == [{"in": "body", "member": "keyword", "detail": reason}]


@pytest.mark.rule("NET-start", "SP-optin")
def test_a_start_makes_a_submit_arrive_again(sandbox: Driver) -> None:
    sandbox.inbound("STOP")
    sandbox.inbound("START")
    assert status(sandbox, sandbox.sid()) == "delivered"


@pytest.mark.rule("NET-help")
@pytest.mark.parametrize("word", [*HELP_WORDS, "help", " Info. ", "ayuda"])
def test_a_help_word_gets_the_help_text(sandbox: Driver, word: str) -> None:
    assert answer_to(sandbox, word) == HELP_TEXT
    assert is_opted_in(sandbox)


@pytest.mark.rule("NET-help", "NET-consent")
def test_help_is_given_to_the_opted_out_and_leaves_them_so(sandbox: Driver) -> None:
    sandbox.inbound("STOP")
    answer = sandbox.inbound("HELP")["answer"]
    assert (answer["text"], answer["status"]) == (HELP_TEXT, "delivered")
    assert not is_opted_in(sandbox)
    assert answer_to(sandbox, "STOP") is None


@pytest.mark.rule("NET-help")
def test_a_help_text_that_was_changed_counts(sandbox: Driver) -> None:
    sandbox.console(help_text="Ask June.")
    assert answer_to(sandbox, "HELP") == "Ask June."


@pytest.mark.rule("NET-reply")
@pytest.mark.parametrize("text", ["Thanks", "Yes", "👍", "?"])
def test_any_other_reply_gets_the_automatic_answer_every_time(sandbox: Driver, text: str) -> None:
    assert [answer_to(sandbox, text) for _ in range(3)] == [AUTO_REPLY] * 3


@pytest.mark.rule("NET-reply")
def test_the_automatic_answer_can_be_changed_and_switched_off(sandbox: Driver) -> None:
    sandbox.console(auto_reply="A nurse will read this.")
    assert answer_to(sandbox, "Thanks") == "A nurse will read this."
    sandbox.console(auto_reply=None)
    assert answer_to(sandbox, "Thanks") is None
    assert answer_to(sandbox, "HELP") == HELP_TEXT
    assert answer_to(sandbox, "Thanks", line="16155550111") is None


@pytest.mark.rule("NET-reply")
def test_the_opted_out_get_no_automatic_answer(sandbox: Driver) -> None:
    sandbox.inbound("STOP")
    assert answer_to(sandbox, "Hello?") is None
    sandbox.inbound("START")
    assert answer_to(sandbox, "Hello?") == AUTO_REPLY


@pytest.mark.rule("NET-reply", "NET-stop", "NET-start", "NET-help")
def test_a_tracking_number_answers_only_stop_start_and_help(sandbox: Driver) -> None:
    said = [answer_to(sandbox, text, line=TRACKING_NUMBER) for text in ("Hello", "HELP", "STOP", "HARBOR", "START")]
    assert said == [
        None,
        "Harbor: call us on this number.",
        "Harbor: you will get no more texts from us. Text START to subscribe again.",
        None,
        STARTED,
    ]


# Consent ---------------------------------------------------------------------------------------------------------


@pytest.mark.rule("DT-message", "NET-stop")
def test_a_phone_talks_with_a_tracking_number_and_get_messages_tells_both_sides(sandbox: Driver) -> None:
    sandbox.inbound("Do you have appointments?", phone=STRANGER, line=TRACKING_NUMBER)
    sandbox.wall.advance(60)
    asked = sandbox.control("GET", "/messages")["items"][0]["id"]
    sandbox.send("On Friday at 9.", to=STRANGER, tracking_number=TRACKING_NUMBER)
    sandbox.wall.advance(60)
    sandbox.reply(sandbox.control("GET", "/messages")["items"][1]["id"], "Stop")
    root = ElementTree.fromstring(sandbox.get_messages().content)
    said = {
        direction: [
            tuple(message.findtext(name) for name in ("from", "to", "message", "date"))
            for message in root.findall(f"messages/{direction}/message")
        ]
        for direction in ("inbound", "outbound")
    }
    phone, number = STRANGER[1:], TRACKING_NUMBER
    confirmation = sandbox.control("GET", "/messages")["items"][-1]["text"]
    assert said == {
        "inbound": [
            (phone, number, "Do you have appointments?", "2026-05-06 09:00:00"),
            (phone, number, "Stop", "2026-05-06 09:02:00"),
        ],
        "outbound": [
            (number, phone, "On Friday at 9.", "2026-05-06 09:01:00"),
            (number, phone, confirmation, "2026-05-06 09:02:00"),
        ],
    }
    assert sandbox.message(asked)["direction"] == "inbound"
    assert sandbox.records() == []


@pytest.mark.rule("NET-consent")
def test_a_message_to_an_opted_out_phone_is_accepted_and_rejected(sandbox: Driver) -> None:
    sandbox.inbound("STOP")
    sent = sandbox.send()
    assert timeline(sandbox, sent["id"]) == [
        ("queued", "2026-05-06T09:00:00.000Z", "staff"),
        ("rejected", "2026-05-06T09:00:00.000Z", "consent"),
    ]


@pytest.mark.rule("NET-consent")
def test_by_hand_it_is_rejected_after_three_seconds(sandbox: Driver) -> None:
    sandbox.inbound("STOP")
    sandbox.delivery("manual")
    sid = sandbox.sid()
    assert sandbox.message(sid)["next"] == {"status": "rejected", "at": "2026-05-06T09:00:03.000Z"}
    sandbox.wall.advance(2.999)
    assert status(sandbox, sid) == "queued"
    sandbox.wall.advance(0.001)
    assert status(sandbox, sid) == "rejected"


@pytest.mark.rule("NET-consent")
def test_an_injected_status_replaces_what_is_left_of_the_plan(sandbox: Driver) -> None:
    sandbox.inbound("STOP")
    sandbox.delivery("manual")
    sid = sandbox.sid()
    sandbox.status(sid, "sent")
    sandbox.wall.advance(3600)
    assert status(sandbox, sid) == "sent"


@pytest.mark.rule("NET-consent")
def test_a_broadcast_does_not_reach_the_opted_out(sandbox: Driver) -> None:
    sandbox.inbound("STOP")
    sent = sandbox.broadcast()["messages"]
    assert [(message["to"], message["status"]) for message in sent] == [
        ("16295550101", "rejected"),
        ("16295550103", "delivered"),
    ]


# Leads -----------------------------------------------------------------------------------------------------------


@pytest.mark.rule("NET-lead")
def test_the_lead_of_a_reply_is_the_message_that_it_answers(sandbox: Driver) -> None:
    first = sandbox.sid(text="first")
    sandbox.submit(text="second")
    reply = sandbox.reply(first, "Yes")
    assert reply["inbound"]["lead"] == reply["answer"]["lead"] == sandbox.message(first)["id"]
    assert sandbox.records()[-1]["leadMessageSent"] == "first"


@pytest.mark.rule("NET-lead")
def test_an_answer_can_itself_be_answered(sandbox: Driver) -> None:
    answer = sandbox.inbound("Hello")["answer"]
    sandbox.reply(answer["id"], "Who reads this?")
    assert sandbox.records()[-1]["leadMessageSent"] == AUTO_REPLY


@pytest.mark.rule("NET-lead")
def test_the_lead_of_an_unasked_text_is_the_last_message_that_no_reply_caused(sandbox: Driver) -> None:
    sandbox.submit(text="first")
    sandbox.submit(text="last")
    sandbox.submit(text="to another", to=STRANGER)
    sandbox.submit(text="from another", console="HARBOR1002")
    for _ in range(2):
        sandbox.inbound("Hello")
        assert sandbox.records()[-1]["leadMessageSent"] == "last"


@pytest.mark.rule("NET-lead")
def test_a_text_of_the_past_has_the_lead_of_its_time(sandbox: Driver) -> None:
    sandbox.send("old", at="2026-05-06T07:00:00Z")
    sandbox.submit(text="new")
    sandbox.inbound("Hello", at="2026-05-06T08:00:00Z")
    assert [record["leadMessageSent"] for record in sandbox.records()] == [None, "old", None]


@pytest.mark.rule("NET-lead")
def test_of_messages_of_one_moment_the_last_accepted_leads(sandbox: Driver) -> None:
    for text in ("a", "b", "c"):
        sandbox.submit(text=text)
    assert sandbox.inbound("Hello")["inbound"]["lead"] == sandbox.control("GET", "/messages?text=c")["items"][0]["id"]


# Text ------------------------------------------------------------------------------------------------------------

TEXTS = [
    "Grüße 👋 ﷽",
    " leading and trailing ",
    "\t\r\n\n",
    "+ % & = ; ? # / \\ \" ' < > ]]>",
    "\x01\x1f\x7f\x80\x9f",
    "\u200b\u2028\u202e\ufeff\ufffd\ufffe\uffff",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "e\u0301 \u00e9",
    "x" * 20_000,
]


@pytest.mark.rule("NET-text")
@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
@pytest.mark.parametrize("way", ["form", "query", "multipart"])
def test_text_is_kept_as_sent(sandbox: Driver, text: str, way: str) -> None:
    fields = {"To": PHONE, "From": LINE, "Body": text}
    ways: dict[str, dict[str, Any]] = {
        "form": {"data": fields},
        "query": {"params": fields},
        "multipart": {"files": {name: (None, value) for name, value in fields.items()}},
    }
    answer = sandbox.call("POST", SUBMIT, auth=DEMO, **ways[way]).json()
    assert answer["body"] == text
    assert sandbox.details(answer["sid"])["body"] == text
    assert sandbox.records()[0]["outgoingMessage"] == text


@pytest.mark.rule("NET-text")
def test_raw_utf_8_in_a_urlencoded_form_is_utf_8(sandbox: Driver) -> None:
    form = f"To={PHONE}&From={LINE}&Body=Grüße 👋".encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert sandbox.call("POST", SUBMIT, auth=DEMO, content=form, headers=headers).json()["body"] == "Grüße 👋"


BAD_BYTES = [
    b"%FF",
    b"%C3",
    b"%C3%28",
    b"%C0%80",
    b"%ED%A0%80",
    b"%ED%A0%BD%ED%B1%8B",
    b"%F4%90%80%80",
    b"%00",
    b"a%00b",
]
"""Of which %C0%80 is an overlong NUL, %ED%A0%80 a lone surrogate, and the pair of them a UTF-16 emoji."""


@pytest.mark.rule("NET-text")
@pytest.mark.parametrize("written", [*BAD_BYTES, b"\xff", b"\xe9", b"\x00"])
@pytest.mark.parametrize("name", ["To", "From", "Body", "StatusCallback"])
def test_a_form_field_that_is_not_utf_8_is_refused_by_its_name(sandbox: Driver, name: str, written: bytes) -> None:
    fields = {"To": PHONE.encode(), "From": LINE.encode(), "Body": b"x", "StatusCallback": b"http://a/", name: written}
    form = b"&".join(field.encode() + b"=" + value for field, value in fields.items())
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = sandbox.call("POST", SUBMIT, auth=DEMO, content=form, headers=headers)
    assert (answer.status_code, answer.json()["error_message"]) == (400, f"{name} must be UTF-8 without U+0000.")
    assert sandbox.records() == []


@pytest.mark.rule("NET-text")
@pytest.mark.parametrize("written", BAD_BYTES)
@pytest.mark.parametrize("name", ["To", "From", "Body", "StatusCallback"])
def test_a_query_value_that_is_not_utf_8_is_refused_by_its_name(sandbox: Driver, name: str, written: bytes) -> None:
    fields = {"To": PHONE.encode(), "From": LINE.encode(), "Body": b"x", "StatusCallback": b"http://a/", name: written}
    query = b"&".join(field.encode() + b"=" + value for field, value in fields.items())
    answer = sandbox.call("POST", SUBMIT.encode() + b"?" + query, auth=DEMO)
    assert (answer.status_code, answer.json()["error_message"]) == (400, f"{name} must be UTF-8 without U+0000.")
    assert sandbox.records() == []


@pytest.mark.rule("NET-text")
@pytest.mark.parametrize("written", [b"\xff", b"\x00", b"\xed\xa0\x80", "é".encode("latin-1")])
def test_a_multipart_field_that_is_not_utf_8_is_refused_by_its_name(sandbox: Driver, written: bytes) -> None:
    files = {"To": (None, PHONE), "From": (None, LINE), "Body": (None, written)}
    answer = sandbox.call("POST", SUBMIT, auth=DEMO, files=files)
    assert (answer.status_code, answer.json()["error_message"]) == (400, "Body must be UTF-8 without U+0000.")


@pytest.mark.rule("NET-text")
@pytest.mark.parametrize("written", BAD_BYTES)
@pytest.mark.parametrize("name", ["action", "start_date", "end_date", "number"])
def test_dialogtech_refuses_such_a_value_by_its_name_too(sandbox: Driver, name: str, written: bytes) -> None:
    params = {"action": "sms.get_messages", **KEYS, "start_date": "20260506", "end_date": "20260506"}
    options = {**{field: value.encode() for field, value in params.items()}, name: written}
    query = b"&".join(field.encode() + b"=" + value for field, value in options.items())
    answer = sandbox.call("GET", DIALOGTECH.encode() + b"?" + query)
    reason = f"<result_description>{name} must be UTF-8 without U+0000.</result_description>"
    assert "<result>failed</result>" in answer.text
    assert reason in answer.text


# Origin ----------------------------------------------------------------------------------------------------------


def from_page(sandbox: Driver, origin: str, host: str = "127.0.0.1:8080") -> httpx.Response:
    return sandbox.writeback(headers={"Origin": origin, "Host": host})


@pytest.mark.rule("NET-origin")
@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://127.0.0.1:9090", "http://127.0.0.1", "http://127.0.0.1:8080.evil", ""],
)
def test_a_call_from_a_web_page_of_another_origin_is_refused(sandbox: Driver, origin: str) -> None:
    answer = from_page(sandbox, origin)
    assert answer.status_code == 400
    assert answer.json() == {"message": "Requests from web pages of another origin are refused."}
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.rule("NET-origin")
def test_a_call_from_a_page_of_our_own_is_served(sandbox: Driver) -> None:
    assert from_page(sandbox, "http://127.0.0.1:8080").status_code == 200
    assert from_page(sandbox, "https://localhost", "LOCALHOST:443").status_code == 200


@pytest.mark.rule("NET-origin")
def test_a_name_that_is_pointed_here_makes_no_page_our_own(open_driver: Callable[..., Driver]) -> None:
    """DNS rebinding: the page has the very name and port that it calls."""
    origin, host = "http://sandbox.test:8080", "sandbox.test:8080"
    assert from_page(open_driver(), origin, host).status_code == 400
    assert from_page(open_driver(hosts="sandbox.test"), origin, host).status_code == 200


@pytest.mark.rule("NET-origin")
@pytest.mark.parametrize("host", ["evil.example", "wynter.dialoghealth.example:8080", "[::1]:8080", ""])
def test_vendor_paths_take_any_host(sandbox: Driver, host: str) -> None:
    assert sandbox.writeback(headers={"Host": host}).status_code == 200


@pytest.mark.rule("NET-origin")
def test_a_refused_page_changes_nothing(sandbox: Driver) -> None:
    foreign = {"Origin": "https://evil.example"}
    form = {"To": PHONE, "From": LINE, "Body": "x"}
    assert sandbox.call("POST", SUBMIT, auth=DEMO, data=form, headers=foreign).status_code == 400
    assert (
        sandbox.call("DELETE", f"{SIMPLEPAY}/optout/{CONSOLE}/{PHONE}", auth=DEMO, headers=foreign).status_code == 400
    )
    assert sandbox.records() == []
    assert is_opted_in(sandbox)
