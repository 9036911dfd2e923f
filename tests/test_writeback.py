"""Dialog Health Writeback, rule by rule."""

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from driver import CONSOLE, DEMO, PHONE, STRANGER, Driver, Wall, moment

from sandbox.world.people import CARRIERS

FIELDS = [
    "leadMessageSent",
    "incomingMessage",
    "outgoingMessageId",
    "outgoingMessageSentDate",
    "outgoingMessageSentTime",
    "outgoingMessage",
    "personName",
    "personId",
    "mobileNumber",
    "caregiverName",
    "caregiverPhone",
    "messageType",
    "recipientType",
    "campaignName",
    "campaignId",
    "broadcastName",
    "broadcastId",
    "carrier",
    "delivered",
    "messageStatus",
    "messageSentBy",
    "personMisc1",
    "personMisc2",
    "personMisc3",
    "personMisc4",
    "personMisc5",
]
"""Of a record, in the order of the reference's sample."""
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
HEX = re.compile(r"[0-9a-f]{32}")
TIMESTAMP_REFUSED = "{} must be a real date and time written YYYY-MM-DD HH:mm:ss."


def a_record(**changes: Any) -> dict[str, Any]:
    """The record of a submit to Ada Quill at the start of a test, but for its id."""
    return {
        "leadMessageSent": None,
        "incomingMessage": None,
        "outgoingMessageId": None,
        "outgoingMessageSentDate": "05/06/2026",
        "outgoingMessageSentTime": "09:00",
        "outgoingMessage": "Your results are in.",
        "personName": "Ada Quill",
        "personId": "HF0001",
        "mobileNumber": "6295550101",
        "caregiverName": "Ben Quill",
        "caregiverPhone": "6295550102",
        "messageType": "Message alert sent",
        "recipientType": "PATIENT",
        "campaignName": None,
        "campaignId": None,
        "broadcastName": None,
        "broadcastId": None,
        "carrier": "T-Mobile",
        "delivered": "true",
        "messageStatus": "ACCESSIBLE",
        "messageSentBy": "System",
        "personMisc1": "English",
        "personMisc2": "Cigna",
        "personMisc3": "",
        "personMisc4": None,
        "personMisc5": "Active",
        **changes,
    }


def only_record(sandbox: Driver, *window: str) -> dict[str, Any]:
    (record,) = sandbox.records(*window)
    return dict(record)


def texts(sandbox: Driver, *window: str, **options: Any) -> list[str]:
    """The outgoing messages of a window."""
    return [record["outgoingMessage"] for record in sandbox.records(*window, **options)]


def column(sandbox: Driver, *names: str) -> list[Any]:
    """One field, or a tuple of several, of every record of the day."""
    rows = [tuple(record[name] for name in names) for record in sandbox.records()]
    return [row[0] for row in rows] if len(names) == 1 else rows


# What an answer is -----------------------------------------------------------------------------------------------


@pytest.mark.rule("WB-path")
def test_the_path_is_the_documented_one(sandbox: Driver) -> None:
    rest = f"{CONSOLE}/2026-05-06%2000:00:00/2026-05-06%2023:59:59"
    assert sandbox.call("GET", f"/dialoghealth-writeback-api/api/responses/{rest}", auth=DEMO).status_code == 200
    assert sandbox.call("GET", f"/dialoghealth-writeback-api/responses/{rest}", auth=DEMO).status_code == 404


@pytest.mark.rule("WB-media")
@pytest.mark.parametrize("accept", ["application/json", "text/xml", "*/*"])
def test_every_answer_is_json_whatever_a_client_accepts(sandbox: Driver, accept: str) -> None:
    sandbox.send("\u00c5rsm\u00f8te \U0001f600")
    headers = {"Accept": accept}
    answers = [
        sandbox.writeback(headers=headers),
        sandbox.writeback(method="PUT", headers=headers),
        sandbox.writeback(auth=None, headers=headers),
        sandbox.writeback("x", headers=headers),
        sandbox.writeback(method="POST", headers=headers),
        sandbox.call("GET", "/dialoghealth-writeback-api/", auth=DEMO, headers=headers),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 401, 400, 405, 404]
    assert {answer.headers["content-type"] for answer in answers} == {"application/json"}
    assert "\u00c5rsm\u00f8te \U0001f600" in answers[0].content.decode()


@pytest.mark.rule("WB-wellformed")
def test_the_samples_missing_separator_is_not_copied(open_driver: Callable[..., Driver]) -> None:
    sandbox = open_driver(fixture="documented", start_at=moment(days=14))
    answer = sandbox.call(
        "GET",
        "/dialoghealth-writeback-api/api/responses/WEBMAG6745/2026-05-06 00:00:00/2026-05-08 00:00:00",
        auth=("partner", "partner-secret"),
    )
    assert [record["personId"] for record in json.loads(answer.content)["response"]] == ["DH013", "DH009", "DH001"]


@pytest.mark.rule("WB-context")
def test_only_messages_of_a_broadcast_bear_one_and_its_campaign(sandbox: Driver) -> None:
    plain = sandbox.broadcast("a", to=[PHONE])["broadcast_id"]
    sandbox.inbound("Thanks")
    campaign = sandbox.broadcast("b", name="Second", campaign="Flu season", to=[PHONE])["broadcast_id"]
    sandbox.send("c")
    sandbox.submit(text="d")
    sandbox.inbound("STOP")
    sandbox.control("PUT", f"/consents/{PHONE}", {"state": "opted_in", "console": CONSOLE})
    shown = column(sandbox, "broadcastName", "broadcastId", "campaignName")
    nothing = (None, None, None)
    assert shown == [
        ("Flu shots", plain, None),
        nothing,
        ("Second", campaign, "Flu season"),
        *[nothing] * 4,
    ]
    campaigns = column(sandbox, "campaignId")
    assert [each is None for each in campaigns] == [True, True, False, True, True, True, True]


@pytest.mark.rule("WB-carrier")
def test_a_carrier_is_the_persons_or_made_of_the_number(sandbox: Driver) -> None:
    for phone in (PHONE, STRANGER, "19075550171", STRANGER):
        sandbox.send(to=phone)
    of_person, made, landline, again = column(sandbox, "carrier")
    assert (of_person, landline) == ("T-Mobile", "Unknown")
    assert made in CARRIERS
    assert made == again


# Credentials and methods -----------------------------------------------------------------------------------------


@pytest.mark.rule("WB-auth", "WB-error")
def test_missing_credentials_are_refused(sandbox: Driver) -> None:
    answer = sandbox.writeback(auth=None)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"message": "HTTP Basic credentials are missing."}


@pytest.mark.rule("WB-auth")
@pytest.mark.parametrize("auth", [("demo", "wrong"), ("nobody", "demo"), ("", ""), ("demo", ""), ("DEMO", "demo")])
def test_wrong_credentials_are_refused(sandbox: Driver, auth: tuple[str, str]) -> None:
    answer = sandbox.writeback(auth=auth)
    assert (answer.status_code, answer.json()) == (401, {"message": "Username or password is wrong."})
    assert answer.headers["www-authenticate"].startswith("Basic ")


@pytest.mark.rule("WB-auth")
@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"Basic",
        b"Basic ",
        b"Bearer ZGVtbzpkZW1v",
        b"ZGVtbzpkZW1v",
    ],
)
def test_what_is_no_basic_header_is_refused(sandbox: Driver, header: bytes) -> None:
    answer = sandbox.writeback(auth=None, headers={b"Authorization": header})
    assert (answer.status_code, answer.json()) == (401, {"message": "HTTP Basic credentials are missing."})


@pytest.mark.rule("WB-auth")
def test_the_scheme_is_read_in_any_case(sandbox: Driver) -> None:
    assert sandbox.writeback(auth=None, headers={"Authorization": "bAsIc ZGVtbzpkZW1v"}).status_code == 200


@pytest.mark.rule("WB-auth")
def test_credentials_are_utf_8_and_a_password_may_hold_a_colon(
    open_driver: Callable[..., Driver], tmp_path: Path
) -> None:
    world = tmp_path / "world.yaml"
    world.write_text(
        "summary: One console\n"
        "credentials: {username: zoë, password: 'naïve:pässword'}\n"
        "consoles: [{code: HARBOR1001, name: Harbor, line: '16155550110', keyword: HARBOR}]\n",
        encoding="utf-8",
    )
    sandbox = open_driver(fixture=str(world))
    assert sandbox.writeback(auth=("zoë", "naïve:pässword")).status_code == 200
    latin_1 = {"Authorization": b"Basic em/rOm5h73ZlOnDkc3N3b3Jk"}
    assert sandbox.writeback(auth=None, headers=latin_1).status_code == 401


@pytest.mark.rule("WB-method")
def test_the_samples_put_is_answered_as_get(sandbox: Driver) -> None:
    sandbox.submit()
    got = sandbox.writeback()
    put = sandbox.writeback(method="PUT", content=b"", headers={"Content-Type": "application/json"})
    assert (put.status_code, put.json()["response"]) == (200, got.json()["response"])
    assert put.headers["content-type"] == got.headers["content-type"] == "application/json"


@pytest.mark.rule("WB-method")
def test_head_is_get_without_its_body(sandbox: Driver) -> None:
    answer = sandbox.writeback(method="HEAD")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == sandbox.writeback().headers["content-length"]


@pytest.mark.rule("WB-method", "WB-error")
@pytest.mark.parametrize("method", ["POST", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
def test_other_methods_are_refused_before_credentials(sandbox: Driver, method: str) -> None:
    answer = sandbox.writeback(auth=None, method=method)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, PUT")
    assert answer.json() == {"message": f"Method {method} is not allowed here: use GET, HEAD, PUT."}


# Console, timestamps, range --------------------------------------------------------------------------------------


@pytest.mark.rule("WB-console")
@pytest.mark.parametrize(
    "code",
    [
        "harbor1001",
        "HARBO1001",
        "HARBOR100",
        "HARBOR10011",
        "HARBORX1001",
        "1001HARBOR",
        "HARBOR1001%20",
        "HARBOR1001%0A",
        "HARBOR%31001%00",
        "H%C3%84RBOR1001",
        "HARBOR%D9%A1%D9%A0%D9%A0%D9%A1",  # digits, but Arabic ones
        "HARBOR%2F1001",
        "HARBOR%ED%A0%80",  # a lone surrogate
        "%FF",
    ],
)
def test_a_malformed_console_is_refused(sandbox: Driver, code: str) -> None:
    answer = sandbox.writeback(console=code)
    assert answer.status_code == 400
    assert answer.json() == {"message": "The console code is malformed: it is six capital letters and four digits."}


@pytest.mark.rule("WB-console")
def test_an_unknown_console_is_refused(sandbox: Driver) -> None:
    answer = sandbox.writeback(console="HARBOR9999")
    assert answer.status_code == 400
    assert answer.json() == {"message": "There is no console HARBOR9999 for these credentials."}


@pytest.mark.rule("WB-console")
def test_another_customers_console_is_as_unknown(sandbox: Driver, neighbour_world: str) -> None:
    theirs, _ = sandbox.neighbour(neighbour_world)
    answer = sandbox.writeback(console="OTHERS1001")
    assert answer.status_code == 400
    assert answer.json() == {"message": "There is no console OTHERS1001 for these credentials."}
    assert sandbox.writeback(console="OTHERS1001", auth=theirs).status_code == 200


@pytest.mark.rule("WB-console")
def test_a_console_of_the_same_code_elsewhere_shows_nothing_of_ours(sandbox: Driver, neighbour_world: str) -> None:
    theirs, _ = sandbox.neighbour(neighbour_world)
    sandbox.submit()
    assert sandbox.records(auth=theirs) == []
    assert len(sandbox.records()) == 1


@pytest.mark.rule("WB-console")
def test_a_console_code_may_be_written_with_escapes(sandbox: Driver) -> None:
    assert sandbox.writeback(console="%48ARBOR100%31").status_code == 200


@pytest.mark.rule("WB-timestamp")
@pytest.mark.parametrize(
    "written",
    [
        "2026-05-06+00:00:00",
        "2026-05-06T00:00:00",
        "2026-05-06T00:00:00Z",
        "2026-05-06",
        "2026-05-06 00:00",
        "2026-05-06 00:00:00.000",
        "2026-05-06 00:00:00Z",
        "2026-5-6 0:0:0",
        "26-05-06 00:00:00",
        "12026-05-06 00:00:00",
        "05%2F06%2F2026 00:00:00",
        "2026%2F05%2F06 00:00:00",
        "%202026-05-06 00:00:00",
        "2026-05-06 00:00:00%20",
        "2026-05-06 00:00:00%0A",
        "2026-05-06 00:00:00%00",
        "2026-05-06%0900:00:00",
        "2026-05-06%20%2000:00:00",
        "2026-05-06%C2%A000:00:00",
        "%EF%BC%92026-05-06 00:00:00",  # a full-width 2
        "%D9%A2026-05-06 00:00:00",  # an Arabic 2
        "2026-02-29 00:00:00",
        "2026-04-31 00:00:00",
        "2026-13-01 00:00:00",
        "2026-00-06 00:00:00",
        "2026-05-00 00:00:00",
        "2026-05-06 24:00:00",
        "2026-05-06 23:60:00",
        "2026-05-06 23:59:60",
        "0000-05-06 00:00:00",
        "-026-05-06 00:00:00",
        "startTimestamp",
        "1778058000",
        "%FF",
        "%ED%A0%80",
    ],
)
def test_a_timestamp_that_is_not_exactly_the_pattern_is_refused(sandbox: Driver, written: str) -> None:
    start, end = sandbox.writeback(start=written), sandbox.writeback(end=written)
    assert (start.status_code, start.json()) == (400, {"message": TIMESTAMP_REFUSED.format("startTimestamp")})
    assert (end.status_code, end.json()) == (400, {"message": TIMESTAMP_REFUSED.format("endTimestamp")})


@pytest.mark.rule("WB-timestamp")
@pytest.mark.parametrize(
    "written", ["2024-02-29 23:59:59", "2000-02-29 00:00:00", "0001-01-01 00:00:00", "9999-12-31 23:59:59"]
)
def test_any_real_date_and_time_is_taken(sandbox: Driver, written: str) -> None:
    assert sandbox.records(written, written) == []


@pytest.mark.rule("WB-timestamp")
def test_every_character_of_a_timestamp_may_be_an_escape(sandbox: Driver) -> None:
    written = "".join(f"%{ord(character):02X}" for character in "2026-05-06 00:00:00")
    assert sandbox.writeback(start=written).status_code == 200


@pytest.mark.rule("WB-utc")
def test_times_are_utc_wherever_the_server_stands(new_york: None, sandbox: Driver) -> None:
    sandbox.submit()
    record = only_record(sandbox, "2026-05-06 09:00:00", "2026-05-06 09:00:00")
    assert (record["outgoingMessageSentDate"], record["outgoingMessageSentTime"]) == ("05/06/2026", "09:00")


@pytest.fixture
def new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.rule("WB-range")
def test_exactly_seven_days_are_served_and_not_a_second_more(sandbox: Driver) -> None:
    assert sandbox.writeback("2026-05-01 12:00:00", "2026-05-08 12:00:00").status_code == 200
    answer = sandbox.writeback("2026-05-01 12:00:00", "2026-05-08 12:00:01")
    assert (answer.status_code, answer.json()) == (400, {"message": "The time range must not exceed 1 week."})


@pytest.mark.rule("WB-range")
def test_a_week_with_a_leap_day_has_seven_days_too(sandbox: Driver) -> None:
    assert sandbox.writeback("2024-02-25 00:00:00", "2024-03-03 00:00:00").status_code == 200
    assert sandbox.writeback("2024-02-25 00:00:00", "2024-03-03 00:00:01").status_code == 400


@pytest.mark.rule("WB-range")
def test_a_range_of_one_second_has_the_same_start_and_end(sandbox: Driver) -> None:
    assert sandbox.records("2026-05-06 00:00:00", "2026-05-06 00:00:00") == []


@pytest.mark.rule("WB-range")
def test_an_end_before_the_start_is_refused(sandbox: Driver) -> None:
    answer = sandbox.writeback("2026-05-06 00:00:01", "2026-05-06 00:00:00")
    assert answer.status_code == 400
    assert answer.json() == {"message": "endTimestamp must not be before startTimestamp."}


@pytest.mark.rule("WB-auth", "WB-console", "WB-timestamp", "WB-range")
def test_what_is_wrong_is_named_in_the_order_credentials_console_start_end_range(sandbox: Driver) -> None:
    def refused(**params: Any) -> str:
        return str(sandbox.writeback(**params).json()["message"])

    assert refused(auth=None, console="x", start="x", end="x") == "HTTP Basic credentials are missing."
    assert refused(console="x", start="x", end="x").startswith("The console code is malformed")
    assert refused(start="x", end="x") == TIMESTAMP_REFUSED.format("startTimestamp")
    assert refused(start="9999-01-01 00:00:00", end="x") == TIMESTAMP_REFUSED.format("endTimestamp")


@pytest.mark.rule("WB-error")
@pytest.mark.parametrize(
    "path",
    [
        "/dialoghealth-writeback-api",
        "/dialoghealth-writeback-api/",
        "/dialoghealth-writeback-api/api/responses",
        "/dialoghealth-writeback-api/api/responses/HARBOR1001/2026-05-06%2000:00:00",
        "/dialoghealth-writeback-api/api/responses/HARBOR1001/2026-05-06%2000:00:00/2026-05-06%2000:00:00/",
        "/dialoghealth-writeback-api/api/responses/HARBOR1001/2026-05-06%2000:00:00%2F2026-05-06%2000:00:00",
        "/dialoghealth-writeback-api/api%2Fresponses/HARBOR1001/2026-05-06%2000:00:00/2026-05-06%2000:00:00",
        "/dialoghealth-writeback-api/API/responses/HARBOR1001/2026-05-06%2000:00:00/2026-05-06%2000:00:00",
    ],
)
def test_an_unknown_path_is_refused_before_credentials(sandbox: Driver, path: str) -> None:
    answer = sandbox.call("GET", path)
    reason = answer.json()["message"]
    assert (answer.status_code, answer.json()) == (404, {"message": reason})
    assert re.fullmatch(r"There is no such path(\.|: did you mean [^ ]+\?)", reason)


# The window ------------------------------------------------------------------------------------------------------


@pytest.mark.rule("WB-envelope")
def test_nothing_is_an_empty_list(sandbox: Driver) -> None:
    body = sandbox.writeback().json()
    assert list(body) == ["requestId", "response"]
    assert UUID.fullmatch(body["requestId"])
    assert body["response"] == []


@pytest.mark.rule("WB-envelope")
def test_each_request_has_an_id_of_its_own(open_driver: Callable[..., Driver], tmp_path: Path) -> None:
    sandbox = open_driver(database=str(tmp_path / "kept.db"))
    ids = [sandbox.writeback().json()["requestId"] for _ in range(5)]
    sandbox.restart()
    ids += [sandbox.writeback().json()["requestId"] for _ in range(5)]
    assert len(set(ids)) == 10


@pytest.mark.rule("WB-window")
@pytest.mark.parametrize("seconds", [0, 0.5, 0.999])
def test_both_ends_of_the_window_are_included_to_the_second(open_driver: Callable[..., Driver], seconds: float) -> None:
    sandbox = open_driver(Wall(moment(seconds=seconds)))
    sandbox.submit()
    assert len(sandbox.records("2026-05-06 09:00:00", "2026-05-06 09:00:00")) == 1
    assert len(sandbox.records("2026-05-06 08:59:00", "2026-05-06 09:00:00")) == 1
    assert len(sandbox.records("2026-05-06 09:00:00", "2026-05-06 09:01:00")) == 1
    assert sandbox.records("2026-05-06 08:59:00", "2026-05-06 08:59:59") == []
    assert sandbox.records("2026-05-06 09:00:01", "2026-05-06 09:01:00") == []


@pytest.mark.rule("WB-window")
def test_records_come_in_the_order_of_their_times(sandbox: Driver) -> None:
    sandbox.submit(text="second")
    sandbox.wall.advance(2)
    sandbox.submit(text="third")
    sandbox.send("first", at="2026-05-06T08:59:59Z")
    assert texts(sandbox) == ["first", "second", "third"]


@pytest.mark.rule("WB-window")
def test_records_of_one_time_come_in_the_order_of_their_acceptance(sandbox: Driver) -> None:
    for n in range(12):
        sandbox.submit(text=f"{n}", to=f"162955501{40 - n}")
    assert texts(sandbox) == [f"{n}" for n in range(12)]


@pytest.mark.rule("WB-window", "WB-delivered")
def test_a_message_shows_at_once_and_its_status_may_change_after_a_read(sandbox: Driver) -> None:
    sandbox.delivery("manual")
    sid = sandbox.sid()
    before = only_record(sandbox)
    sandbox.wall.advance(3600)
    sandbox.status(sid, "delivered")
    assert (before["delivered"], before["messageStatus"]) == ("false", None)
    assert only_record(sandbox) == {**before, "delivered": "true", "messageStatus": "ACCESSIBLE"}


@pytest.mark.rule("WB-window")
def test_an_answers_time_counts_and_not_that_of_the_reply(sandbox: Driver) -> None:
    sandbox.send("Come on Friday.", at="2026-05-05T12:00:00Z")
    sandbox.inbound("Thanks", at="2026-05-05T23:59:59.900Z")
    (answer,) = sandbox.records("2026-05-05 23:59:59", "2026-05-05 23:59:59")
    assert (answer["incomingMessage"], answer["outgoingMessageSentTime"]) == ("Thanks", "23:59")


@pytest.mark.rule("WB-window")
def test_only_this_consoles_messages_show(sandbox: Driver) -> None:
    sandbox.submit(text="ours")
    sandbox.submit(text="dental", console="HARBOR1002")
    sandbox.send("tracked", tracking_number="6155550100")
    assert texts(sandbox) == ["ours"]
    assert texts(sandbox, console="HARBOR1002") == ["dental"]


@pytest.mark.rule("WB-window", "WB-envelope")
def test_an_answer_of_more_than_a_thousand_records_is_whole(sandbox: Driver) -> None:
    phones = [f"1629{n:07d}" for n in range(2_000_000, 2_001_105)]
    sandbox.broadcast(to=phones)
    answer = sandbox.writeback()
    assert answer.headers["x-sandbox-exchange"].startswith("ex_")
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert list(body) == ["requestId", "response"]
    assert [record["mobileNumber"] for record in body["response"]] == [phone[1:] for phone in phones]
    assert sandbox.writeback(method="HEAD").content == b""


# Records ---------------------------------------------------------------------------------------------------------


@pytest.mark.rule("WB-record")
def test_a_record_has_the_samples_fields_in_their_order(sandbox: Driver) -> None:
    sid = sandbox.sid()
    record = only_record(sandbox)
    assert list(record) == FIELDS
    assert record == a_record(outgoingMessageId=sandbox.message(sid)["ids"]["outgoing_message_id"])


@pytest.mark.rule("WB-record")
def test_every_value_of_every_kind_of_record_is_a_string_or_null(sandbox: Driver) -> None:
    sandbox.delivery("manual")
    sandbox.broadcast(campaign="Autumn", sent_by="june@harbor.example")
    sandbox.submit(to=STRANGER)
    for text in ("Thanks", "STOP", "STOP", "Hello?", "HELP", "START"):
        sandbox.inbound(text)
    records = sandbox.records()
    assert len(records) == 9
    assert [list(record) for record in records] == [FIELDS] * 9
    assert {type(value) for record in records for value in record.values()} == {str, type(None)}


@pytest.mark.rule("WB-outgoing")
def test_an_answered_reply_shows_with_its_lead_and_its_answer(sandbox: Driver) -> None:
    sid = sandbox.sid(text="Can you come on Friday?")
    sandbox.wall.advance(60)
    reply = sandbox.reply(sid, "Yes!")
    asked, answered = sandbox.records()
    assert asked == a_record(
        outgoingMessage="Can you come on Friday?",
        outgoingMessageId=sandbox.message(sid)["ids"]["outgoing_message_id"],
    )
    assert answered == a_record(
        leadMessageSent="Can you come on Friday?",
        incomingMessage="Yes!",
        outgoingMessageId=reply["answer"]["ids"]["outgoing_message_id"],
        outgoingMessage="Harbor: we have got your message.",
        outgoingMessageSentTime="09:01",
        messageType="unknown",
    )


@pytest.mark.rule("WB-outgoing", "WB-type", "NET-reply")
def test_a_reply_without_an_answer_is_a_record_without_outgoing_fields(sandbox: Driver) -> None:
    sandbox.console(auto_reply=None)
    sid = sandbox.sid(text="Can you come on Friday?")
    assert sandbox.reply(sid, "Yes!")["answer"] is None
    _, unanswered = sandbox.records()
    assert unanswered == a_record(
        leadMessageSent="Can you come on Friday?",
        incomingMessage="Yes!",
        outgoingMessageId=None,
        outgoingMessageSentDate=None,
        outgoingMessageSentTime=None,
        outgoingMessage=None,
        messageType="unknown",
        delivered="false",
        messageStatus=None,
        messageSentBy=None,
    )


@pytest.mark.rule("WB-outgoing", "WB-type", "NET-stop")
def test_an_unanswered_stop_is_an_opt_out_record(sandbox: Driver) -> None:
    sandbox.inbound("STOP")
    sandbox.wall.advance(60)
    assert sandbox.inbound("STOP")["answer"] is None
    record = only_record(sandbox, "2026-05-06 09:01:00", "2026-05-06 09:01:00")
    assert record == a_record(
        incomingMessage="STOP",
        outgoingMessageSentDate=None,
        outgoingMessageSentTime=None,
        outgoingMessage=None,
        messageType="Opt-Out",
        delivered="false",
        messageStatus=None,
        messageSentBy=None,
    )


@pytest.mark.rule("WB-outgoing", "NET-lead")
def test_an_unasked_text_has_no_lead(sandbox: Driver) -> None:
    sandbox.inbound("Hello")
    assert column(sandbox, "leadMessageSent", "incomingMessage") == [(None, "Hello")]


@pytest.mark.rule("WB-date")
def test_dates_are_american_and_times_have_24_hours(open_driver: Callable[..., Driver]) -> None:
    sandbox = open_driver(start_at=1_767_579_659_999)  # 2026-01-05T02:20:59.999Z
    sandbox.submit()
    sandbox.wall.advance(12 * 3600)
    sandbox.submit()
    records = sandbox.records("2026-01-05 00:00:00", "2026-01-05 23:59:59")
    expected = [(record["outgoingMessageSentDate"], record["outgoingMessageSentTime"]) for record in records]
    assert expected == [("01/05/2026", "02:20"), ("01/05/2026", "14:20")]


@pytest.mark.rule("WB-ids")
def test_ids_are_32_hex_digits_and_each_messages_own(sandbox: Driver) -> None:
    sent = sandbox.broadcast(name="Flu shots", campaign="Autumn")
    sandbox.broadcast(name="Flu shots", campaign="Autumn")
    records = sandbox.records()
    assert all(HEX.fullmatch(record[name]) for record in records for name in ("outgoingMessageId", "broadcastId"))
    assert len({record["outgoingMessageId"] for record in records}) == 4
    assert [record["broadcastId"] for record in records[:2]] == [sent["broadcast_id"]] * 2
    assert len({record["broadcastId"] for record in records}) == 2
    assert len({record["campaignId"] for record in records}) == 1
    assert HEX.fullmatch(records[0]["campaignId"])


@pytest.mark.rule("WB-type", "WB-sender", "WB-ids")
def test_a_broadcast_shows_its_name_its_campaign_and_who_sent_it(sandbox: Driver) -> None:
    sandbox.broadcast(name="Flu shots", campaign="Autumn", sent_by="june@harbor.example", to=["HF0001"])
    record = only_record(sandbox)
    assert record == a_record(
        outgoingMessageId=record["outgoingMessageId"],
        outgoingMessage="Come on Friday.",
        broadcastName="Flu shots",
        broadcastId=record["broadcastId"],
        campaignName="Autumn",
        campaignId=record["campaignId"],
        messageSentBy="june@harbor.example",
    )


@pytest.mark.rule("WB-phone")
@pytest.mark.parametrize(
    ("phone", "expected"),
    [(PHONE, "6295550101"), (STRANGER, "4155550123"), ("447400123456", "7400123456"), ("4930901820", None)],
)
def test_phones_are_shown_as_national_digits(sandbox: Driver, phone: str, expected: str | None) -> None:
    sandbox.submit(to=phone)
    assert column(sandbox, "mobileNumber") == ([expected] if expected else [])


@pytest.mark.rule("WB-phone")
def test_a_caregivers_phone_is_national_too(sandbox: Driver) -> None:
    sandbox.submit()
    assert column(sandbox, "caregiverName", "caregiverPhone") == [("Ben Quill", "6295550102")]


@pytest.mark.rule("WB-name")
def test_a_name_is_first_and_last_and_begins_with_the_blank_without_a_first(sandbox: Driver) -> None:
    sandbox.broadcast()
    assert column(sandbox, "personName") == ["Ada Quill", " Reyes"]


@pytest.mark.rule("WB-person")
def test_fields_of_the_person_are_null_or_empty_as_stored(sandbox: Driver) -> None:
    sandbox.broadcast()
    misc = [f"personMisc{n}" for n in range(1, 6)]
    assert column(sandbox, "personId", "caregiverName", "caregiverPhone", *misc) == [
        ("HF0001", "Ben Quill", "6295550102", "English", "Cigna", "", None, "Active"),
        ("HF0002", None, None, "Spanish", None, None, None, None),
    ]


@pytest.mark.rule("WB-person", "WB-name")
def test_an_unknown_person_is_made_on_first_contact(sandbox: Driver) -> None:
    sandbox.submit(to=STRANGER)
    sandbox.inbound("Who is this?", phone=STRANGER)
    first, second = sandbox.records()
    assert HEX.fullmatch(first["personId"])
    assert first["personId"] == second["personId"]
    assert first == a_record(
        outgoingMessageId=first["outgoingMessageId"],
        personName=None,
        personId=first["personId"],
        mobileNumber="4155550123",
        caregiverName=None,
        caregiverPhone=None,
        carrier=first["carrier"],
        **{f"personMisc{n}": None for n in range(1, 6)},
    )


@pytest.mark.rule("WB-person")
def test_a_phone_that_texts_first_becomes_a_person_too(sandbox: Driver) -> None:
    sandbox.inbound("Hello", phone=STRANGER)
    assert HEX.fullmatch(only_record(sandbox)["personId"])


@pytest.mark.rule("WB-delivered")
@pytest.mark.parametrize(
    ("status", "delivered", "word"),
    [
        ("sent", "false", None),
        ("delivered", "true", "ACCESSIBLE"),
        ("undelivered", "false", "MESSAGE_REJECTED"),
        ("rejected", "false", "MESSAGE_REJECTED"),
        ("unknown", "false", None),
    ],
)
def test_each_status_has_its_words(sandbox: Driver, status: str, delivered: str, word: str | None) -> None:
    sandbox.delivery("manual")
    sandbox.status(sandbox.sid(), status)
    assert column(sandbox, "delivered", "messageStatus") == [(delivered, word)]


@pytest.mark.rule("WB-delivered")
def test_a_queued_message_has_no_word_yet(sandbox: Driver) -> None:
    sandbox.delivery("manual")
    sandbox.submit()
    assert column(sandbox, "delivered", "messageStatus") == [("false", None)]


@pytest.mark.rule("WB-delivered")
def test_an_injected_vendor_word_passes_through(sandbox: Driver) -> None:
    sandbox.delivery("manual")
    sandbox.status(sandbox.sid(), "undelivered", vendor_status="UNREACHABLE")
    assert column(sandbox, "delivered", "messageStatus") == [("false", "UNREACHABLE")]


@pytest.mark.rule("WB-type")
def test_each_kind_of_message_has_its_type(sandbox: Driver) -> None:
    sandbox.submit()
    sandbox.send()
    for text in ("Thanks", "HELP", "STOP", "START", "harbor"):
        sandbox.inbound(text)
    assert column(sandbox, "incomingMessage", "messageType") == [
        (None, "Message alert sent"),
        (None, "Message alert sent"),
        ("Thanks", "unknown"),
        ("HELP", "unknown"),
        ("STOP", "Opt-Out"),
        ("START", "Opt-In"),
        ("harbor", "Opt-In"),
    ]


@pytest.mark.rule("WB-type")
def test_an_opt_in_by_staff_has_a_type_of_its_own(sandbox: Driver) -> None:
    sandbox.send("You are in.", message_type="Opt-In (UI)")
    assert column(sandbox, "outgoingMessage", "messageType") == [("You are in.", "Opt-In (UI)")]


@pytest.mark.rule("WB-recipient")
@pytest.mark.parametrize(("kind", "expected"), [("patient", "PATIENT"), ("caregiver", "CAREGIVER"), ("staff", "STAFF")])
def test_the_recipient_type_is_the_persons(sandbox: Driver, kind: str, expected: str) -> None:
    sandbox.control("PATCH", "/people/HF0001", {"recipient_type": kind})
    sandbox.submit()
    assert column(sandbox, "recipientType") == [expected]


@pytest.mark.rule("WB-recipient")
def test_a_stranger_is_a_patient(sandbox: Driver) -> None:
    sandbox.submit(to=STRANGER)
    assert column(sandbox, "recipientType") == ["PATIENT"]


@pytest.mark.rule("WB-sender")
def test_what_staff_send_bears_their_address_and_all_else_system(sandbox: Driver) -> None:
    sandbox.broadcast(sent_by="june@harbor.example", to=["HF0001"])
    sandbox.send(sent_by="june@harbor.example")
    sandbox.submit()
    sandbox.inbound("Thanks")
    assert column(sandbox, "messageSentBy") == ["june@harbor.example", "june@harbor.example", "System", "System"]


def test_text_of_every_kind_is_shown_as_sent(sandbox: Driver) -> None:
    text = 'Grüße 👋\r\n\t"quoted" \\ </script> ]]> \x01 \u2028 \ufffe ﷽'
    sandbox.submit(text=text)
    assert texts(sandbox) == [text]
