"""What looks like a real person's data is noted, refused where only made-up data is taken, and masked when asked."""

import importlib
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from driver import CONSOLE, DEFAULT, DEMO, DIALOGTECH, KEYS, LINE, PHONE, SIMPLEPAY, STRANGER, Driver
from hypothesis import given
from hypothesis import strategies as st

from sandbox.server.journal.masks import masked
from sandbox.world import real_data
from sandbox.world.fictional import is_fictional
from sandbox.world.real_data import BIRTH, CARD, RECORD, SSN, kinds

REAL = "14153221234"
"""No fictional number, nor anybody's: its exchange and line were made up."""
Open = Callable[..., Driver]

FOUND = [
    (BIRTH, "DOB: 01/02/1980", "DOB: **/**/****"),
    (BIRTH, "Dob 1/2/80", "Dob */*/**"),
    (BIRTH, "D.O.B. 1980-01-02", "D.O.B. ****-**-**"),
    (BIRTH, "Your date of birth is January 2, 1980.", "Your date of birth is ******* *, ****."),
    (BIRTH, "She was born on 2nd January 1980", "She was born on *** ******* ****"),
    (BIRTH, "birthday: 02.01.1980", "birthday: **.**.****"),
    (BIRTH, "patientDob: 19800102", "patientDob: ********"),
    (BIRTH, "date_of_birth=1980-01-02", "date_of_birth=****-**-**"),
    (BIRTH, "Ada Quill, 01/02/1980 (DOB)", "Ada Quill, **/**/**** (DOB)"),
    (BIRTH, "fecha de nacimiento: 02/01/1980", "fecha de nacimiento: **/**/****"),
    (SSN, "Your number 123-45-6789 is on file", "Your number ***-**-**** is on file"),
    (SSN, "123 45 6789", "*** ** ****"),
    (SSN, "SSN: 123456789", "SSN: *********"),
    (SSN, "social security number 123-45-6789.", "social security number ***-**-****."),
    (CARD, "Card 4111 1111 1111 1111 was charged", "Card **** **** **** **** was charged"),
    (CARD, "5555-5555-5555-4444", "****-****-****-****"),
    (CARD, "3782 822463 10005", "**** ****** *****"),
    (CARD, "paid with 4111111111111111", "paid with ****************"),
    (CARD, "6011111111111117, exp. 10/30", "****************, exp. 10/30"),
    (RECORD, "MRN: 00123456", "MRN: ********"),
    (RECORD, "Your MRN is AB-12345.", "Your MRN is **-*****."),
    (RECORD, "medical record number 12-34-56", "medical record number **-**-**"),
    (RECORD, "Medical Record #4471902", "Medical Record #*******"),
]
INNOCUOUS = [
    "Hi Ada, your visit with Dr. Noor is on 05/06/2026 at 9:00 AM. Reply YES to confirm.",
    "Reminder: May 6, 2026, 14:30, Harbor Clinic, 120 10th Ave, Suite 4500, Nashville, TN 37203-1234.",
    "Please have your date of birth ready. Your appointment is on 05/06/2026.",
    "Please confirm your date of birth by 05/06/2026",
    "Bring proof of date of birth on 05/06/2026",
    "Happy birthday! Come in before 06/30/2026 for a free check.",
    "Your birthday visit is 05/06/2026",
    "A class for all babies born after 01/01/2026 begins on 05/06/2026.",
    "If you were born before 01/01/1960 you may book now.",
    "Your balance is $1,234.56, due 2026-05-20.",
    "Pay 45.00 USD by 06-15-2026; invoice 4111111111111111.",
    "Order 123-45-6789 has shipped.",
    "Order number 4111 1111 1111 1111 is ready.",
    "Tracking 1Z999AA10123456784, or 9400111899223197428490.",
    "See https://harbor.example/a/4111111111111111?id=123-45-6789",
    "See harbor.example/4111111111111111",
    "www.harbor.example/123-45-6789 has the form.",
    "Call 615-555-0110 or (615) 555-0199, 8-5 Mon-Fri.",
    "Call +1 615 555 0110 ext. 4411",
    "Your code is 482913. It ends in 10 minutes.",
    "Confirmation: 2026-0506-0900",
    "At 1778058000000 ms, or 1778058000 s, or 20260506090000.",
    "Your medical records of 2025 are ready.",
    "Ask for your medical record on 05/06/2026.",
    "Medical record request 12345 is done: 615-555-0110",
    "For your medical record: 615-555-0110",
    "MRN 2026-05-06",
    "000-12-3456, 666-12-3456, 900-12-3456, 123-00-4567 and 123-45-0000 were issued to nobody.",
    "4111 1111 1111 1112 fails the check of a card.",
    "Version 123.45.6789.1 and 10.0.0.255",
    "Room 412, bed 2, floor 3, 7:15-7:45 am, 98.6 F, 120/80",
    "b7f0a6d2-4111-1111-8111-111111111111",
    "",
    "١٢٣-٤٥-٦٧٨٩",
]


@pytest.mark.parametrize(("kind", "text", "left"), FOUND)
def test_what_looks_like_a_persons_data_is_known_and_can_be_masked(kind: str, text: str, left: str) -> None:
    assert kinds(text) == [kind]
    assert masked(text) == left


@pytest.mark.parametrize("text", INNOCUOUS)
def test_what_clinics_write_every_day_is_no_alarm(text: str) -> None:
    assert kinds(text) == []
    assert masked(text) == text


def test_texts_that_hold_several_kinds_tell_each_once() -> None:
    assert kinds("DOB 01/02/1980, DOB 01/03/1981, SSN 123-45-6789") == [BIRTH, SSN]


@pytest.mark.parametrize(
    ("number", "fictional"),
    [
        ("14155550100", True),
        ("19295550199", True),
        ("14155550200", False),
        (REAL, False),
        ("15554443210", True),
        ("447700900123", True),
        ("447700800123", False),
        ("61491570156", True),
        ("18052849243", True),
        ("18052849244", False),
    ],
)
def test_a_number_is_fictional_where_its_plan_keeps_it_free_or_a_reference_shows_it(
    number: str, fictional: bool
) -> None:
    assert is_fictional(number) == fictional


PATTERNS = {name: value for name, value in vars(real_data).items() if isinstance(value, re.Pattern) and name != "LINK"}
PATTERNS |= {f"BIRTHS[{n}]": each for n, each in enumerate(real_data.BIRTHS)}


@pytest.mark.parametrize("name", PATTERNS)
def test_no_pattern_reads_further_than_a_bound_so_that_work_grows_as_the_text_does(name: str) -> None:
    parse = importlib.import_module("re._parser").parse
    assert parse(PATTERNS[name].pattern, PATTERNS[name].flags).getwidth()[1] < 250


ALPHABET = st.sampled_from([*'0123456789-/. :=+%&\\u"(', "DOB ", "MRN ", "SSN ", "born ", "http://", "4111", "%3", "é"])


@given(st.lists(ALPHABET | st.characters(), max_size=80).map("".join))
def test_any_text_can_be_looked_at_and_its_mask_hides_what_was_found(text: str) -> None:
    for look in real_data.matches_in(text):
        assert 0 <= look.start < look.end <= len(text)
    assert masked(masked(text)) == masked(text) or re.search(r"[%\\+=&]", text)


# Noted --------------------------------------------------------------------------------------------------------------


def notes(sandbox: Driver) -> list[tuple[str, str, str, str]]:
    """Those of the newest exchange."""
    (entry,) = sandbox.control("GET", "/journal?order=newest&limit=1")["items"]
    return [
        (each["rule"], each["level"], each["seen"], each["mend"])
        for each in entry["findings"]
        if each["rule"] == "NET-real-data"
    ]


TO_FICTIONAL = "Send to fictional numbers, as 14155550123: NPA-555-01xx are nobody's."
MADE_UP = "Send made-up data: a sandbox is no place for real people's."


@pytest.mark.rule("NET-real-data")
def test_a_receiver_that_is_not_fictional_is_a_note_each_time_and_the_call_is_accepted(sandbox: Driver) -> None:
    for _ in range(2):
        assert sandbox.submit(to=REAL).status_code == 200
        seen = "To looks like a telephone number that is not fictional"
        assert notes(sandbox) == [("NET-real-data", "note", seen, TO_FICTIONAL)]


def test_a_refused_writing_of_such_a_number_is_noted_as_well(sandbox: Driver) -> None:
    assert sandbox.submit(to="(415) 322-1234").status_code == 400
    assert [each[2] for each in notes(sandbox)] == ["To looks like a telephone number that is not fictional"]


def test_an_optout_of_such_a_number_is_noted(sandbox: Driver) -> None:
    sandbox.optout(REAL)
    assert [each[2] for each in notes(sandbox)] == ["the receiver looks like a telephone number that is not fictional"]


@pytest.mark.parametrize("to", [PHONE, STRANGER, "18052849243", "+1 415 555 0123", "nonsense", LINE])
def test_fictional_numbers_and_what_is_none_get_no_note(sandbox: Driver, to: str) -> None:
    sandbox.submit(to=to)
    assert notes(sandbox) == []


def test_whom_staff_or_a_fixture_entered_is_meant_to_be_there(sandbox: Driver) -> None:
    sandbox.control("POST", "/people", {"phone": REAL, "first_name": "Ada"})
    sandbox.submit(to=REAL)
    assert notes(sandbox) == []


@pytest.mark.rule("NET-real-data")
@pytest.mark.parametrize(("kind", "text", "_"), FOUND)
def test_texts_are_noted_without_their_values(sandbox: Driver, kind: str, text: str, _: str) -> None:
    assert sandbox.submit(text=text).status_code == 200
    assert notes(sandbox) == [("NET-real-data", "note", f"Body looks like {kind}", MADE_UP)]


@pytest.mark.parametrize("text", INNOCUOUS[:-2])
def test_innocuous_texts_are_not_noted(sandbox: Driver, text: str) -> None:
    assert sandbox.submit(text=text).status_code == 200
    assert notes(sandbox) == []


def test_a_fields_name_tells_too(sandbox: Driver) -> None:
    form = {"To": PHONE, "From": LINE, "Body": "Hello", "dob": "19800102"}
    sandbox.call("POST", f"{SIMPLEPAY}/submit/{CONSOLE}", auth=DEMO, data=form)
    assert [each[2] for each in notes(sandbox)] == [f"dob looks like {BIRTH}"]


def test_the_report_has_a_line_of_its_own_and_calls_nothing_broken(sandbox: Driver) -> None:
    sandbox.submit(text="SSN 123-45-6789", to=REAL)
    rules = {each["id"]: each for each in sandbox.control("GET", "/report")["rules"]}
    line = rules["NET-real-data"]
    assert (line["state"], line["summary"].startswith("Looks like real data: ")) == ("tolerated", True)
    assert [each["seen"] for each in line["findings"]] == [
        "To looks like a telephone number that is not fictional",
        f"Body looks like {SSN}",
    ]
    assert not [name for name, each in rules.items() if each["state"] == "broken"]
    assert "123-45" not in json.dumps(rules)


# Refused ------------------------------------------------------------------------------------------------------------


def refusal(field: str, kind: str) -> str:
    return f"This sandbox was started to take synthetic data only, and {field} looks like {kind}."


def everything(sandbox: Driver) -> str:
    """What there is to be read of a workspace, as text."""
    paths = ("/journal", "/messages", "/people")
    return json.dumps([sandbox.control("GET", path)["items"] for path in paths])


@pytest.mark.rule("NET-real-data")
@pytest.mark.parametrize(
    ("fields", "field", "kind", "value"),
    [
        ({"to": REAL}, "To", real_data.PHONE, REAL),
        ({"text": "SSN 123-45-6789"}, "Body", SSN, "123-45-6789"),
        ({"text": "DOB 01/02/1980"}, "Body", BIRTH, "01%2F02%2F1980"),
        ({"text": "4111 1111 1111 1111"}, "Body", CARD, "4111+1111"),
    ],
)
def test_with_synthetic_only_a_submit_is_refused_and_nothing_of_it_is_left(
    open_driver: Open, fields: dict[str, Any], field: str, kind: str, value: str
) -> None:
    sandbox = open_driver(synthetic_only=True)
    before = sandbox.control("GET", "/messages")
    answer = sandbox.submit(**fields)
    assert answer.status_code == 400
    assert refusal(field, kind) in answer.text
    assert sandbox.control("GET", "/messages") == before
    assert value not in everything(sandbox)
    (entry,) = sandbox.control("GET", "/journal")["items"]
    assert (entry["outcome"], entry["rules"]) == ("refused", ["NET-real-data"])
    fix = TO_FICTIONAL if kind == real_data.PHONE else MADE_UP
    assert [(each["level"], each["seen"], each["mend"]) for each in entry["findings"]] == [
        ("error", f"{field} looks like real data", fix)
    ]


def test_with_synthetic_only_every_vendor_refuses_in_its_own_shape(open_driver: Open) -> None:
    sandbox = open_driver(synthetic_only=True)
    opted = sandbox.call("DELETE", f"{SIMPLEPAY}/optout/{CONSOLE}/{REAL}", auth=DEMO)
    assert (opted.status_code, opted.json()) == (400, {"msisdn": None})  # which has no room for a sentence
    read = sandbox.get_messages(note="SSN 123-45-6789")
    assert read.headers["content-type"].startswith(("text/xml", "application/xml"))
    assert refusal("note", SSN) in read.text
    assert REAL not in everything(sandbox)
    assert "123-45" not in everything(sandbox)


@pytest.mark.parametrize(
    "form",
    [
        b"To=14153221234&From=&Body=x",
        b"To=%31%34%31%35%33%32%32%31%32%33%34&From=16155550110&Body=x",
        b"To=%2B1+415+322+1234&From=16155550110&Body=x",
    ],
)
def test_however_a_number_was_escaped_it_is_masked_in_what_is_kept(open_driver: Open, form: bytes) -> None:
    sandbox = open_driver(synthetic_only=True)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = sandbox.call("POST", f"{SIMPLEPAY}/submit/{CONSOLE}", auth=DEMO, content=form, headers=headers)
    assert answer.status_code == 400
    (entry,) = sandbox.control("GET", "/journal")["items"]
    assert not re.search(r"[0-9]|%3[0-9]", entry["request"]["body"].replace("%2B", "+"))


def test_a_part_that_was_encoded_is_masked_as_a_whole(open_driver: Open) -> None:
    sandbox = open_driver(synthetic_only=True)
    part = b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    encoded = b"Content-Transfer-Encoding: base64\r\n\r\nU1NOIDEyMy00NS02Nzg5\r\n--b--\r\n"
    body = part % (b"To", PHONE.encode()) + part % (b"From", LINE.encode())
    body += b'--b\r\nContent-Disposition: form-data; name="Body"\r\n' + encoded
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = sandbox.call("POST", f"{SIMPLEPAY}/submit/{CONSOLE}", auth=DEMO, content=body, headers=headers)
    assert refusal("Body", SSN) in answer.text
    assert sandbox.control("GET", "/journal")["items"][0]["request"]["body"] == "[masked]"


def test_made_up_data_is_taken_with_synthetic_only(open_driver: Open) -> None:
    sandbox = open_driver(synthetic_only=True)
    sid = sandbox.sid()
    assert "Your results are in." in sandbox.details(sid).values()
    assert sandbox.records() is not None
    assert sandbox.call("GET", DIALOGTECH, params={"action": "sms.get_messages", **KEYS}).status_code == 200
    assert sandbox.reply(sandbox.send()["id"], "YES") is not None


FIXTURE = """
people:
  - {phone: "14153221234", first_name: Ada}
"""
CONTROL_CALLS: list[tuple[str, str, dict[str, Any], str, str, str]] = [
    ("POST", "/messages", {"to": REAL, "text": "Hello"}, "body", "to", real_data.PHONE),
    ("POST", "/messages", {"to": PHONE, "text": "DOB 01/02/1980"}, "body", "text", BIRTH),
    ("POST", "/inbound", {"phone": "(415) 322-1234", "line": LINE, "text": "Hi"}, "body", "phone", real_data.PHONE),
    ("POST", "/people", {"phone": REAL}, "body", "phone", real_data.PHONE),
    ("POST", "/people", {"phone": STRANGER, "misc1": "MRN 00123456"}, "body", "misc1", RECORD),
    ("POST", "/broadcasts", {"name": "a", "text": "a", "to": [PHONE, REAL]}, "body", "to[1]", real_data.PHONE),
    ("PUT", f"/consents/{REAL}", {"state": "opted_out"}, "path", "phone", real_data.PHONE),
]


@pytest.mark.parametrize(("method", "path", "body", "place", "member", "kind"), CONTROL_CALLS)
def test_with_synthetic_only_the_control_api_refuses_it_too(
    open_driver: Open, method: str, path: str, body: dict[str, Any], place: str, member: str, kind: str
) -> None:
    sandbox = open_driver(synthetic_only=True)
    before = everything(sandbox)
    detail = f"looks like {kind}, and this sandbox was started to take synthetic data only"
    assert sandbox.control(method, path, body, status=422) == {
        "type": "urn:dialog-sandbox:invalid-request",
        "title": "Invalid request",
        "status": 422,
        "detail": f"{member} {detail}.",
        "errors": [{"in": place, "member": member, "detail": detail}],
    }
    assert everything(sandbox) == before


def test_with_synthetic_only_a_fixture_of_ones_own_is_looked_through(open_driver: Open) -> None:
    sandbox = open_driver(synthetic_only=True)
    for text in (FIXTURE, "# DOB 01/02/1980\n"):
        answer = sandbox.call("POST", "/_sandbox/workspaces", json={"name": "mine", "fixture_text": text})
        assert (answer.status_code, answer.json()["errors"][0]["member"]) == (422, "fixture_text")
    assert sandbox.call("GET", "/_sandbox/workspaces/mine").status_code == 404


# Masked -------------------------------------------------------------------------------------------------------------


def test_the_journal_masks_when_it_is_asked_to_and_not_otherwise(sandbox: Driver) -> None:
    sandbox.submit(text="Ada, DOB 01/02/1980, MRN 00123456, call 615-555-0110", to=REAL)
    (plain,) = sandbox.control("GET", "/journal")["items"]
    (hidden,) = sandbox.control("GET", "/journal?mask=true")["items"]
    assert plain["to"] == REAL
    assert REAL in plain["request"]["body"]
    assert hidden["to"] == "*" * 11
    assert hidden["request"]["body"].startswith(f"To={'*' * 11}&From={LINE}&Body=Ada")
    assert "DOB+**%2F**%2F****%2C+MRN+********%2C+call+615-555-0110" in hidden["request"]["body"]
    assert REAL not in json.dumps(hidden)
    one = sandbox.call("GET", f"{DEFAULT}/journal/{plain['id']}?mask=true").json()
    assert one == hidden
    assert sandbox.call("GET", f"/_sandbox/journal/{plain['id']}?mask=true").json() == hidden


def test_a_masked_journal_leaves_made_up_data_as_it_is(sandbox: Driver) -> None:
    sandbox.submit(text="Your visit is on 05/06/2026 at 9:00.")
    sandbox.optout(STRANGER)
    sandbox.records()
    assert sandbox.control("GET", "/journal?mask=true") == sandbox.control("GET", "/journal")


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 30_000, b'"\\ud800"', b""])
def test_with_synthetic_only_what_is_no_json_is_refused_as_ever(
    open_driver: Callable[..., Driver], body: bytes
) -> None:
    answers = [
        open_driver(synthetic_only=is_strict).call(
            "POST", f"{DEFAULT}/messages", content=body, headers={"Content-Type": "application/json"}
        )
        for is_strict in (False, True)
    ]
    assert answers[0].status_code < 500
    assert answers[0].json() == answers[1].json()


def test_an_export_or_report_of_a_foreign_number_has_none_of_its_writings(sandbox: Driver) -> None:
    sandbox.submit(to="+49 30 12345678")
    assert "493012345678" in sandbox.call("GET", f"{DEFAULT}/journal").text
    for path in ("journal?mask=true", "report?mask=true", *(f"report?mask=true&format={each}" for each in FORMATS)):
        hidden = sandbox.call("GET", f"{DEFAULT}/{path}").text
        assert "493012345678" not in hidden, path
        assert "12345678" not in hidden, path


FORMATS = ("html", "junit", "ctrf", "badge")


@pytest.mark.rule("NET-real-data")
@pytest.mark.parametrize("name", ["json", *FORMATS])
def test_the_report_masks_in_each_format_when_it_is_asked_to(sandbox: Driver, name: str) -> None:
    sandbox.submit(text="SSN 219-09-9999", to="(415) 322-1234")
    plain = sandbox.call("GET", f"{DEFAULT}/report?format={name}").text
    hidden = sandbox.call("GET", f"{DEFAULT}/report?format={name}&mask=true").text
    shows_calls = name in ("json", "html")
    for value in ("322-1234", "14153221234", "219-09-9999"):
        assert value not in hidden
    assert ("219-09-9999" in plain) == shows_calls
    assert ("322-1234" in plain) == (name != "badge")
    assert ("SP-msisdn" in hidden) == (name != "badge")


def test_a_masked_report_of_made_up_data_is_as_ever(sandbox: Driver) -> None:
    sandbox.submit(to="+14155550123")
    assert sandbox.control("GET", "/report?mask=true") == sandbox.control("GET", "/report")


def test_the_whole_of_a_world_is_given_as_it_was_or_not_at_all(sandbox: Driver) -> None:
    sandbox.submit(to=REAL)
    sandbox.control("PUT", "/snapshots/kept")
    for path in ("/snapshots/kept", "/bundle"):
        problem = sandbox.control("GET", f"{path}?mask=true", status=422)
        assert [(each["member"], each["in"]) for each in problem["errors"]] == [("mask", "query")]
        assert "holds the data as it was" in problem["errors"][0]["detail"]
        assert sandbox.call("GET", f"{DEFAULT}{path}?mask=false").status_code == 200
