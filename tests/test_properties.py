"""What must hold of whatever is sent: tried on what hypothesis makes up, judged by models of their own."""

import json
import random
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote_from_bytes
from xml.etree import ElementTree

import httpx
import phonenumbers
import pytest
from driver import (
    CONSOLE,
    DEFAULT,
    DEMO,
    DIALOGTECH,
    KEYS,
    LINE,
    PHONE,
    SIMPLEPAY,
    START,
    STRANGER,
    TRACKING_NUMBER,
    WRITEBACK,
    Driver,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from sandbox.world import segments

DAY_MS = 86_400_000
SECOND_CONSOLE = "HARBOR1002"
SECOND_LINE = "16155550111"
SECOND_NUMBER = "6155550101"

# What is sent, and how --------------------------------------------------------------------------------------------

SENDABLE = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
TRICKY = (
    "]]>", "<![CDATA[", "&amp;", "<", "%41", "%", "+", "&To=1", "=", ";", '"', "\\", "\\ud800", "\r\n",
    "\r", "\n", "\t", "\r\n--", "\r\n--bound", "\x01", "\x1b", "\x7f", "\x85", "\u2028", "\u202e", "\u200f",
    "\ufeff", "\ufffd", "\ufffe", "\uffff", "e\u0301", "👩🏽‍⚕️", "🇺🇸", "\U0010ffff", "€", "Ç", "ç", "الصحة", " ", "STOP",
)  # fmt: skip
TEXTS = st.one_of(
    st.text(SENDABLE, min_size=1), st.lists(st.sampled_from(TRICKY), min_size=1, max_size=20).map("".join)
)
LONG_TEXTS = ("x" * 20_000, "😀" * 20_000, "]]>\r" * 5_000, "\ufffe€" * 10_000)
LONGEST_IN_A_URL = 5_000
"""Characters of four bytes, each three characters long: clients and servers stop at 64 KB."""

UNREADABLE = st.one_of(
    st.sampled_from(
        (b"\0", b"a\0b", b"\xff", b"\xc3", b"\xe9t\xe9", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80")
    ),
    st.binary(min_size=1, max_size=20).filter(lambda raw: not is_text(raw)),
)
"""Bytes that are no text: U+0000, a lone surrogate, or not UTF-8."""

BOUNDARY = b"boundary-of-these-tests"
Pairs = list[tuple[bytes, bytes]]


def is_text(raw: bytes) -> bool:
    try:
        return "\0" not in raw.decode()
    except UnicodeDecodeError:
        return False


def urlencoded(pairs: Pairs) -> bytes:
    return b"&".join(b"%s=%s" % (escaped(name), escaped(value)) for name, value in pairs)


def escaped(raw: bytes) -> bytes:
    """Full stops too, which a client would take for steps in a path."""
    return quote_from_bytes(raw, safe="").replace(".", "%2E").encode()


def by_query(sandbox: Driver, path: str, pairs: Pairs, **options: Any) -> httpx.Response:
    return sandbox.call(options.pop("method", "POST"), f"{path}?".encode() + urlencoded(pairs), **options)


def by_urlencoded_form(sandbox: Driver, path: str, pairs: Pairs, **options: Any) -> httpx.Response:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return sandbox.call("POST", path, content=urlencoded(pairs), headers=headers, **options)


def by_multipart(sandbox: Driver, path: str, pairs: Pairs, **options: Any) -> httpx.Response:
    part = b'--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    content = b"".join(part % (BOUNDARY, *pair) for pair in pairs) + b"--%s--\r\n" % BOUNDARY
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}"}
    return sandbox.call("POST", path, content=content, headers=headers, **options)


WAYS = (by_query, by_urlencoded_form, by_multipart)
Way = Callable[..., httpx.Response]
SUBMIT = f"{SIMPLEPAY}/submit/{CONSOLE}"


def with_each_long_text(test: Any) -> Any:
    for text in LONG_TEXTS:
        test = example(text=text)(test)
    return test


def newest_records(sandbox: Driver, console: str = CONSOLE) -> Any:
    """What is recorded of this second."""
    now = datetime.fromtimestamp(sandbox.wall.at // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return sandbox.records(now, now, console=console)


# Texts survive ----------------------------------------------------------------------------------------------------


@pytest.mark.rule("NET-text", "SP-params", "NET-segments")
@pytest.mark.parametrize("way", WAYS)
@with_each_long_text
@given(text=TEXTS)
def test_a_submitted_text_survives_everywhere(sandbox: Driver, way: Way, text: str) -> None:
    sandbox.wall.advance(1)
    if way is by_query:
        text = text[:LONGEST_IN_A_URL]
    pairs = [(b"To", PHONE.encode()), (b"From", LINE.encode()), (b"Body", text.encode())]
    answer = way(sandbox, SUBMIT, pairs, auth=DEMO).json()
    assert answer["status"] == "queued", answer
    assert answer["body"] == text
    assert answer["num_segments"] == str(len(parts_of(text)))
    assert sandbox.details(answer["sid"])["body"] == text
    assert [record["outgoingMessage"] for record in newest_records(sandbox)] == [text]


@pytest.mark.rule("NET-text", "WB-outgoing")
@with_each_long_text
@given(text=TEXTS)
def test_a_reply_and_its_lead_survive_in_writeback(sandbox: Driver, text: str) -> None:
    sandbox.wall.advance(1)
    sid = sandbox.sid(text=text, console=SECOND_CONSOLE)
    sandbox.wall.advance(1)
    sandbox.reply(sid, text)
    (record,) = newest_records(sandbox, SECOND_CONSOLE)
    assert record["incomingMessage"] == record["leadMessageSent"] == text


@pytest.mark.rule("NET-text", "DT-wellformed")
@with_each_long_text
@given(text=TEXTS)
def test_a_text_survives_dialogtech_xml(sandbox: Driver, text: str) -> None:
    sandbox.wall.advance(86_400)
    day = datetime.fromtimestamp(sandbox.wall.at // 1000, UTC).strftime("%Y%m%d")
    sandbox.control("POST", "/messages", {"tracking_number": TRACKING_NUMBER, "to": PHONE, "text": text})
    sandbox.inbound(text, line=TRACKING_NUMBER, phone=fresh_phone(sandbox))
    allowed = "".join(character if is_xml(character) else "\ufffd" for character in text)
    for doctype, parse in (("documented", ElementTree.fromstring), ("none", etree.fromstring)):
        sandbox.control("PATCH", f"/accounts/{KEYS['access_key']}", {"doctype": doctype})
        root: Any = parse(sandbox.get_messages(day, day).content)
        assert root.findtext("messages/inbound/message/message") == allowed
        assert root.findtext("messages/outbound/message/message") == allowed


def is_xml(character: str) -> bool:
    """The production Char of XML 1.0."""
    point = ord(character)
    return point in (0x9, 0xA, 0xD) or 0x20 <= point <= 0xD7FF or 0xE000 <= point <= 0xFFFD or point >= 0x10000


def fresh_phone(sandbox: Driver) -> str:
    """Another one each day."""
    return f"1629{2_000_000 + (sandbox.wall.at - START) // DAY_MS:07d}"


# What is no text is refused ---------------------------------------------------------------------------------------


@pytest.mark.rule("NET-text")
@pytest.mark.parametrize("name", ["To", "From", "Body", "StatusCallback"])
@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=20)
@given(raw=UNREADABLE)
def test_simplepay_refuses_what_is_no_text_by_name(sandbox: Driver, way: Way, name: str, raw: bytes) -> None:
    fields = {"To": PHONE.encode(), "From": LINE.encode(), "Body": b"Come on Friday."}
    pairs = [(key.encode(), value) for key, value in (fields | {name: raw}).items()]
    answer = way(sandbox, SUBMIT, pairs, auth=DEMO)
    assert answer.status_code == 400
    assert answer.json()["error_message"] == f"{name} must be UTF-8 without U+0000."
    assert sandbox.records() == []


@pytest.mark.rule("NET-text")
@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=20)
@given(raw=UNREADABLE.filter(lambda raw: not set(raw) & set(b'"\r\n\\;')))
def test_simplepay_refuses_a_name_that_is_no_text(sandbox: Driver, way: Way, raw: bytes) -> None:
    pairs = [(b"To", PHONE.encode()), (b"From", LINE.encode()), (b"Body", b"Come on Friday."), (raw, b"1")]
    answer = way(sandbox, SUBMIT, pairs, auth=DEMO)
    assert answer.status_code == 400
    assert "name" in answer.json()["error_message"]
    assert sandbox.records() == []


@pytest.mark.rule("NET-text", "DT-refused")
@pytest.mark.parametrize("name", ["action", "access_key", "secret_access_key", "start_date", "end_date", "number"])
@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=20)
@given(raw=UNREADABLE)
def test_dialogtech_refuses_what_is_no_text_by_name(sandbox: Driver, way: Way, name: str, raw: bytes) -> None:
    fields = {"action": "sms.get_messages", **KEYS, "start_date": "20260506", "end_date": "20260506"}
    pairs = [(key.encode(), value.encode()) for key, value in fields.items() if key != name] + [(name.encode(), raw)]
    method = {"method": "GET"} if way is by_query else {}
    answer = way(sandbox, DIALOGTECH, pairs, **method)
    root = ElementTree.fromstring(answer.content)
    assert answer.status_code == 200
    assert root.findtext("result") == "failed"
    assert name in str(root.findtext("result_description"))


@pytest.mark.rule("WB-console", "WB-timestamp", "SP-console", "SP-optout", "SP-details-unknown")
@settings(max_examples=30)
@given(raw=UNREADABLE)
def test_a_path_parameter_that_is_no_text_is_like_any_wrong_one(sandbox: Driver, raw: bytes) -> None:
    odd = escaped(raw)
    day = b"2026-05-06%2000:00:00"
    reads = {
        b"%s/%s/%s/%s" % (WRITEBACK.encode(), odd, day, day): "console code",
        b"%s/%s/%s/%s" % (WRITEBACK.encode(), CONSOLE.encode(), odd, day): "startTimestamp",
        b"%s/%s/%s/%s" % (WRITEBACK.encode(), CONSOLE.encode(), day, odd): "endTimestamp",
    }
    for path, name in reads.items():
        answer = sandbox.call("GET", path, auth=DEMO)
        assert (answer.status_code, name in answer.json()["message"]) == (400, True), answer.text
    submitted = sandbox.call("POST", b"%s/submit/%s" % (SIMPLEPAY.encode(), odd), auth=DEMO)
    assert (submitted.status_code, "console code" in submitted.json()["error_message"]) == (400, True)
    optout = sandbox.call("DELETE", b"%s/optout/%s/%s" % (SIMPLEPAY.encode(), CONSOLE.encode(), odd), auth=DEMO)
    assert (optout.status_code, optout.json()) == (200, {"msisdn": "Recipient not found"})
    details = sandbox.call("GET", b"%s/messages/%s/%s" % (SIMPLEPAY.encode(), CONSOLE.encode(), odd), auth=DEMO)
    assert (details.status_code, details.json()["status"]) == (200, "UNKNOWN")


STRINGS_OF_THE_CONTROL_API: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/messages", {"console": CONSOLE, "to": PHONE, "text": "Hello"}),
    ("POST", "/messages", {"tracking_number": TRACKING_NUMBER, "to": PHONE, "text": "Hello"}),
    ("POST", "/inbound", {"from": PHONE, "to": LINE, "text": "Hello"}),
    ("POST", "/broadcasts", {"name": "Flu", "text": "Hello", "to": [PHONE], "campaign": "Autumn", "sent_by": "ann"}),
    ("POST", "/people", {"first_name": "Ada", "last_name": "Quill", "phone": STRANGER, "carrier": "T-Mobile"}),
    ("PATCH", f"/consoles/{CONSOLE}", {"auto_reply": "Thanks", "help_text": "Call us", "keyword": "HARBOR"}),
]
CALLS = [(method, path, body, name) for method, path, body in STRINGS_OF_THE_CONTROL_API for name in body]
NO_TEXT = (rb"\ud800", rb"\udfff", rb"\u0000", b"\xff", b"\xed\xa0\x80", b"\0")


@pytest.mark.parametrize(("method", "path", "body", "name"), CALLS)
def test_the_control_api_refuses_what_is_no_text(
    sandbox: Driver, method: str, path: str, body: dict[str, Any], name: str
) -> None:
    for raw in NO_TEXT:
        value = body[name]
        written = json.dumps(body | {name: ["MARK"] if isinstance(value, list) else "MARK"}).encode()
        content = written.replace(b"MARK", b"secret" + raw)
        answer = sandbox.call(method, DEFAULT + path, content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code in (400, 422), (raw, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert "secret" not in answer.text
        if raw.startswith(b"\\"):
            assert name in answer.text
    assert sandbox.control("GET", "/messages")["items"] == []


# Windows and ranges -----------------------------------------------------------------------------------------------


class Fact(NamedTuple):
    """What the model knows of a message."""

    at: int
    owner: str
    direction: str
    text: str


def moments(count: int, days: int, seed: int) -> list[int]:
    """In ms and in order; every other one lies within some seconds of an earlier one."""
    dice = random.Random(seed)
    given_out = [START]
    for _ in range(count):
        if dice.random() < 0.5:
            near = dice.choice(given_out)
            given_out.append(near + dice.choice((0, 0, 1, 500, 999, 1000, 1001, 60_000)))
        else:
            given_out.append(START + dice.randrange(days * DAY_MS))
    return sorted(given_out)


def busy_consoles(sandbox: Driver) -> list[Fact]:
    """Some weeks on two consoles, one of which answers by itself; each fact is one record."""
    dice = random.Random(11)
    sids: dict[str, list[str]] = {CONSOLE: [], SECOND_CONSOLE: []}
    lines = {CONSOLE: LINE, SECOND_CONSOLE: SECOND_LINE}
    facts = []
    for n, at in enumerate(moments(240, 16, seed=1)):
        sandbox.wall.at = at
        console, phone = dice.choice(list(lines)), dice.choice((PHONE, STRANGER))
        kind = dice.choice(("submit", "submit", "staff", "reply", "inbound", "stop"))
        text = "STOP" if kind == "stop" else f"{kind} {n}"
        if kind == "submit" or (kind == "reply" and not sids[console]):
            sids[console].append(sandbox.sid(phone, text, console=console))
        elif kind == "staff":
            at = dice.randrange(START, at + 1)
            earlier = datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")
            sandbox.control("POST", "/messages", {"console": console, "to": phone, "text": text, "at": earlier})
        elif kind == "reply":
            sandbox.reply(dice.choice(sids[console]), text)
        else:
            sandbox.inbound(text, phone=phone, line=lines[console])
        facts.append(Fact(at, console, "", text))
    return facts


@pytest.mark.rule("WB-window")
def test_a_window_holds_exactly_what_a_naive_filter_finds(sandbox: Driver) -> None:
    facts = busy_consoles(sandbox)
    seconds = sorted({fact.at // 1000 for fact in facts})
    edges = st.one_of(
        st.builds(lambda second, shift: second + shift, st.sampled_from(seconds), st.integers(-1, 1)),
        st.integers(seconds[0] - 100_000, seconds[-1] + 100_000),
    )

    @settings(max_examples=150)
    @given(console=st.sampled_from((CONSOLE, SECOND_CONSOLE)), start=edges, end=edges, length=st.integers(0, 604_800))
    def holds(console: str, start: int, end: int, length: int) -> None:
        if not start <= end <= start + 604_800:
            end = start + length
        answered = sandbox.records(written(start), written(end), console=console)
        texts = [record["incomingMessage"] or record["outgoingMessage"] for record in answered]
        # Python sorts stably: facts of the same moment stay as they were accepted.
        expected = sorted((fact for fact in facts if fact.owner == console), key=lambda fact: fact.at)
        assert texts == [fact.text for fact in expected if start <= fact.at // 1000 <= end]
        dates = [record["outgoingMessageSentDate"] for record in answered]
        assert all(date is None or re.fullmatch(r"\d\d/\d\d/2026", date) for date in dates)

    holds()


def written(second: int) -> str:
    return str(datetime(1970, 1, 1) + timedelta(seconds=second))


def busy_numbers(sandbox: Driver) -> list[Fact]:
    """Some weeks on two tracking numbers."""
    dice = random.Random(12)
    facts = []
    for n, at in enumerate(moments(200, 40, seed=2)):
        sandbox.wall.at = at
        number = dice.choice((TRACKING_NUMBER, SECOND_NUMBER))
        direction = dice.choice(("inbound", "outbound"))
        text = f"{direction} {n}"
        if direction == "inbound":
            sandbox.inbound(text, line=number)
        else:
            sandbox.control("POST", "/messages", {"tracking_number": number, "to": PHONE, "text": text})
        facts.append(Fact(at, number, direction, text))
    return facts


@pytest.mark.rule("DT-dates", "DT-number", "DT-message")
def test_a_range_of_days_holds_exactly_what_a_naive_filter_finds(sandbox: Driver) -> None:
    facts = busy_numbers(sandbox)
    midnight = datetime(2026, 5, 6, tzinfo=UTC)

    @settings(max_examples=100)
    @given(
        first=st.integers(-3, 45),
        length=st.integers(0, 50),
        number=st.sampled_from((None, TRACKING_NUMBER, SECOND_NUMBER, "6155550199", "61555501", "016155550100")),
    )
    def holds(first: int, length: int, number: str | None) -> None:
        days = [midnight + timedelta(days=first), midnight + timedelta(days=first + length)]
        params = {} if number is None else {"number": number}
        answer = sandbox.get_messages(*(f"{day:%Y%m%d}" for day in days), **params)
        root = ElementTree.fromstring(answer.content)
        start, end = days[0].timestamp() * 1000, (days[1] + timedelta(days=1)).timestamp() * 1000
        expected = [fact for fact in facts if start <= fact.at < end and number in (None, fact.owner)]
        for direction in ("inbound", "outbound"):
            texts = [element.text for element in root.findall(f"messages/{direction}/message/message")]
            assert texts == [fact.text for fact in expected if fact.direction == direction]
        assert root.findtext("result_description") == f"[{len(expected)}] Message(s) Returned"

    holds()


# Segments: by writing them out ------------------------------------------------------------------------------------

TABLE_OF_23_038 = (
    "@£$¥èéùìòÇ\nØø\rÅå" "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ" " !\"#¤%&'()*+,-./" "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO" "PQRSTUVWXYZÄÖÑÜ§" "¿abcdefghijklmno" "pqrstuvwxyzäöñüà"
)  # fmt: skip
ESCAPE = 0x1B
SEPTETS: dict[str, tuple[int, ...]] = {
    character: (code,) for code, character in enumerate(TABLE_OF_23_038) if code != ESCAPE
}
EXTENSION_OF_23_038 = {0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]"}
EXTENSION_OF_23_038 |= {0x40: "|", 0x65: "€"}
ESCAPED: dict[str, tuple[int, ...]] = {character: (ESCAPE, code) for code, character in EXTENSION_OF_23_038.items()}
ALPHABET = SEPTETS | ESCAPED
USER_DATA_BITS = 140 * 8
HEADER_BITS = 6 * 8
"""What tells a phone which of how many segments this is."""


def parts_of(text: str) -> list[tuple[int, ...]]:
    """The septets or UTF-16 units of each segment: cut where one is full, looked back for a torn pair."""
    if ALPHABET.keys() >= set(text):
        units = tuple(septet for character in text for septet in ALPHABET[character])
        return cut(units, 7, lambda unit: unit == ESCAPE)
    raw = text.encode("utf-16-be")
    units = tuple(int.from_bytes(raw[i : i + 2]) for i in range(0, len(raw), 2))
    return cut(units, 16, lambda unit: 0xD800 <= unit < 0xDC00)


def cut(units: tuple[int, ...], bits: int, opens_a_pair: Callable[[int], bool]) -> list[tuple[int, ...]]:
    if len(units) * bits <= USER_DATA_BITS:
        return [units]
    # The header takes whole units' room: of septets, seven for its 48 bits and one that fills up.
    room = (USER_DATA_BITS - HEADER_BITS) // bits
    parts = []
    while units:
        end = room - 1 if len(units) > room and opens_a_pair(units[room - 1]) else room
        parts.append(units[:end])
        units = units[end:]
    return parts


GSM_TEXTS = st.text(st.sampled_from("".join((*SEPTETS, *ESCAPED, *ESCAPED, *ESCAPED))), max_size=700)
WIDE_TEXTS = st.text(st.one_of(SENDABLE, st.characters(min_codepoint=0x10000)), max_size=300)
FULL_PARTS = st.sampled_from(("a" * 151, "a" * 152, "a" * 153, "€", "€€", "ç" * 65, "ç" * 66, "ç" * 67, "😀", "😀😀"))
PAIRS_AT_THE_EDGE = st.lists(FULL_PARTS, max_size=12).map("".join)


@pytest.mark.rule("NET-segments")
@settings(max_examples=300)
@given(text=st.one_of(GSM_TEXTS, WIDE_TEXTS, PAIRS_AT_THE_EDGE))
@example(text="")
@example(text="a" * 160)
@example(text="a" * 161)
@example(text="€" * 80)
@example(text="a" * 152 + "€" + "a" * 152)
@example(text="ç" * 70)
@example(text="ç" * 71)
@example(text="Ç" * 160)
@example(text="ç" * 66 + "😀" + "ç" * 66)
@example(text="\x1b" + "a" * 100)
def test_segments_agree_with_segments_written_out(text: str) -> None:
    parts = parts_of(text)
    assert segments.segments(text) == len(parts)
    assert (segments.encoding(text) == "GSM-7") == (ALPHABET.keys() >= set(text))


# Fields judged by other means -------------------------------------------------------------------------------------

DIGITS = st.text("0123456789", min_size=9, max_size=17)
COUNTRIES = st.sampled_from(("1", "44", "49", "33", "7", "39", "52", "61", "86", "91", "353", "599", "800", "979", "0"))
NUMBERS = st.one_of(
    st.text(SENDABLE, min_size=1, max_size=20),
    DIGITS,
    st.builds("".join, st.tuples(COUNTRIES, DIGITS)),
    st.builds("".join, st.tuples(st.sampled_from(("", "+", " ", "00")), DIGITS, st.sampled_from(("", " ", "\n", "٣")))),
    st.text("٠١٢٣٤٥٦٧٨٩۱२", min_size=11, max_size=15),
)


def may_be_a_number(value: str) -> bool:
    if re.fullmatch("[0-9]{11,15}", value) is None:
        return False
    if re.fullmatch("1.{10}", value):  # of North America: neither area code nor exchange begins with 0 or 1
        return re.fullmatch("1[2-9]..[2-9]......", value) is not None
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(f"+{value}"))
    except phonenumbers.NumberParseException:
        return False


@pytest.mark.rule("SP-msisdn")
@pytest.mark.parametrize("name", ["To", "From"])
@settings(max_examples=150)
@given(value=NUMBERS)
@example(value="1" * 11)
@example(value="10000000000")
@example(value="16155550110\n")
@example(value="4915112345678")
def test_a_number_is_taken_if_it_may_be_one(sandbox: Driver, name: str, value: str) -> None:
    answer = sandbox.submit(value) if name == "To" else sandbox.submit(sender=value)
    is_short_code = name == "From" and re.fullmatch("[0-9]{5,6}", value) is not None
    expected = (200, None) if is_short_code or may_be_a_number(value) else (400, f"Msisdn is invalid: {value}")
    assert (answer.status_code, answer.json()["error_message"]) == expected
    assert answer.json()[name.lower()] == value


DAYS_OF_MONTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
PIECES = st.sampled_from(("2026", "0001", "0000", "1900", "2024", "-", " ", ":", "00", "02", "12", "13", "23", "24",
                          "28", "29", "30", "31", "59", "60", "٠٢", "/", "T", "Z", ".000", "+00:00"))  # fmt: skip
NEARLY_MOMENTS = st.builds(
    "{:04d}-{:02d}-{:02d} {:02d}:{:02d}:{:02d}".format,
    st.sampled_from((0, 1, 1900, 1969, 2000, 2023, 2024, 9999)),
    st.integers(0, 13),
    st.integers(27, 32),
    st.integers(0, 24),
    st.sampled_from((0, 59, 60)),
    st.integers(58, 61),
)
MISWRITTEN = st.builds(
    lambda at, put: "2026-05-06 09:00:00"[:at] + put + "2026-05-06 09:00:00"[at + 1 :],
    st.integers(0, 18),
    st.one_of(st.sampled_from("٠٣९２\u00a0\u2007-:/T+"), SENDABLE),
)
TIMESTAMPS = st.one_of(
    st.text(SENDABLE, max_size=25), st.lists(PIECES, max_size=12).map("".join), NEARLY_MOMENTS, MISWRITTEN
)


def is_moment(text: str) -> bool:
    parts = re.fullmatch("([0-9]{4})-([0-9]{2})-([0-9]{2}) ([0-9]{2}):([0-9]{2}):([0-9]{2})", text)
    if parts is None:
        return False
    year, month, day, hour, minute, second = map(int, parts.groups())
    if not (year and 1 <= month <= 12 and hour < 24 and minute < 60 and second < 60):
        return False
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 1 <= day <= DAYS_OF_MONTHS[month - 1] + (is_leap and month == 2)


@pytest.mark.rule("WB-timestamp")
@settings(max_examples=300)
@given(text=TIMESTAMPS)
@example(text="2026-05-06 09:00:00\n")
@example(text="9999-12-31 23:59:59")
@example(text="0001-01-01 00:00:00")
@example(text="2026-05-06+09:00:00")
@example(text="2026/05/06 09:00:00")
def test_a_timestamp_is_taken_if_it_is_a_moment_written_as_documented(sandbox: Driver, text: str) -> None:
    raw = escaped(text.encode())
    answer = sandbox.call("GET", b"%s/%s/%s/%s" % (WRITEBACK.encode(), CONSOLE.encode(), raw, raw), auth=DEMO)
    if is_moment(text):
        assert (answer.status_code, answer.json()["response"]) == (200, [])
    else:
        assert answer.status_code == 400
        assert answer.json()["message"].startswith("startTimestamp must be")


def tokens() -> Iterator[bytes]:
    for credentials in (b"demo:demo", b"demo:", b":demo", b"demo", b"demo:demo:", b"d\xe9mo:demo", "d\0mo:é".encode()):
        yield b64encode(credentials)
        yield b64encode(credentials).rstrip(b"=")


SCHEMES = st.sampled_from((b"Basic ", b"basic ", b"BASIC  ", b"Basic", b"Bearer ", b"Basic\t", b""))
HEADERS = st.one_of(
    st.binary(max_size=60),
    st.builds(lambda scheme, token: scheme + token, SCHEMES, st.one_of(st.sampled_from([*tokens()]), st.binary())),
    st.builds(lambda raw: b"Basic " + b64encode(raw), st.binary(max_size=40)),
)


@pytest.mark.rule("WB-auth", "SP-auth")
@settings(max_examples=200)
@given(header=HEADERS)
@example(header=b"Basic " + b64encode(b"demo:demo"))
@example(header=b"bAsIc   " + b64encode(b"demo:demo") + b"  ")
def test_any_authorization_header_is_the_workspaces_or_401(sandbox: Driver, header: bytes) -> None:
    known = re.fullmatch(rb"(?i:basic) +([A-Za-z0-9+/]+=*) *", header)
    is_known = known is not None and len(known[1]) % 4 == 0 and b64decode(known[1]) == b"demo:demo"
    headers = {b"Authorization": header}
    read = sandbox.writeback(auth=None, headers=headers)
    details = sandbox.call("GET", f"{SIMPLEPAY}/messages/{CONSOLE}/x", headers=headers)
    submitted = sandbox.call("POST", SUBMIT, headers=headers)
    assert [read.status_code, details.status_code] == ([200, 200] if is_known else [401, 401])
    assert submitted.status_code == (400 if is_known else 401)
    if not is_known:
        assert list(read.json()) == ["message"]
        assert details.json() == {"extMessageReference": "x", "body": None, "to": None, "status": "UNKNOWN"}
        assert all(answer.headers["www-authenticate"].startswith("Basic") for answer in (read, details, submitted))
