"""Dialog Health Send SMS ("simplepay"), rule by rule."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from driver import CONSOLE, DEFAULT, DEMO, LINE, PHONE, SIMPLEPAY, START, STRANGER, Driver, Wall, moment

from sandbox.vendors.simplepay.ids import sid as sid_of

FIELDS = [
    "sid",
    "date_created",
    "date_updated",
    "date_sent",
    "accunt_sid",
    "to",
    "from",
    "messaging_service_sid",
    "body",
    "status",
    "num_segments",
    "num_media",
    "direction",
    "api_version",
    "price",
    "price_unit",
    "error_code",
    "error_message",
    "uri",
]
"""Of a SubmitResponseBody, in the order of the reference's sample."""
SUBMIT = f"{SIMPLEPAY}/submit/{CONSOLE}"
SID = re.compile(r"\d\d26[A-Z]-0506[A-Z]-0900\d-000[A-Z]{2}")
URLENCODED = {"Content-Type": "application/x-www-form-urlencoded"}
MALFORMED_CONSOLE = "The console code is malformed: it is six capital letters and four digits."


def accepted(sid: str, **changes: Any) -> dict[str, Any]:
    """The answer to a submit to Ada Quill at the start of a test."""
    at = "2026-05-06@09:00:00.000+0000"
    return {
        "sid": sid,
        "date_created": at,
        "date_updated": at,
        "date_sent": at,
        "accunt_sid": "HARBOR1001",
        "to": "16295550101",
        "from": "16155550110",
        "messaging_service_sid": None,
        "body": "Your results are in.",
        "status": "queued",
        "num_segments": "1",
        "num_media": "0",
        "direction": "outbound-api",
        "api_version": "15.1",
        "price": None,
        "price_unit": "USD",
        "error_code": None,
        "error_message": None,
        "uri": f"/dialoghealth-simplepay-api/messages/HARBOR1001/{sid}",
        **changes,
    }


def refused(reason: str, **changes: Any) -> dict[str, Any]:
    """The answer to a submit that is refused: what was asked is repeated."""
    return {
        "sid": None,
        "date_created": None,
        "date_updated": None,
        "date_sent": None,
        "accunt_sid": "HARBOR1001",
        "to": "16295550101",
        "from": "16155550110",
        "messaging_service_sid": None,
        "body": "Your results are in.",
        "status": "failed",
        "num_segments": "0",
        "num_media": "0",
        "direction": "outbound-api",
        "api_version": "15.1",
        "price": None,
        "price_unit": "USD",
        "error_code": None,
        "error_message": reason,
        "uri": None,
        **changes,
    }


def refused_unread(reason: str, **changes: Any) -> dict[str, Any]:
    return refused(reason, **{"to": None, "from": None, "body": None, **changes})


def post(
    sandbox: Driver, content: bytes = b"", query: bytes = b"", headers: dict[str, str] = URLENCODED
) -> httpx.Response:
    """A submit whose body and query string go out as they stand."""
    path = SUBMIT.encode() + (b"?" + query if query else b"")
    return sandbox.call("POST", path, auth=DEMO, content=content, headers=headers)


def is_error(answer: httpx.Response, reason: str, **changes: Any) -> None:
    assert (answer.status_code, answer.json()) == (400, refused(reason, **changes))


# Credentials -----------------------------------------------------------------------------------------------------


@pytest.mark.rule("SP-auth", "SP-refused")
@pytest.mark.parametrize(
    ("auth", "reason"),
    [
        (None, "HTTP Basic credentials are missing."),
        (("demo", "wrong"), "Username or password is wrong."),
        (("nobody", "demo"), "Username or password is wrong."),
    ],
)
def test_a_submit_without_right_credentials_is_refused(
    sandbox: Driver, auth: tuple[str, str] | None, reason: str
) -> None:
    answer = sandbox.submit(auth=auth)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert list(answer.json()) == FIELDS
    assert answer.json() == refused_unread(reason)


@pytest.mark.rule("SP-auth")
def test_an_optout_without_credentials_is_refused_and_opts_nobody_out(sandbox: Driver) -> None:
    answer = sandbox.call("DELETE", f"{SIMPLEPAY}/optout/{CONSOLE}/{PHONE}")
    assert (answer.status_code, answer.json()) == (401, {"msisdn": None})
    assert answer.headers["www-authenticate"].startswith("Basic ")
    sandbox.send()
    assert sandbox.records()[0]["delivered"] == "true"


@pytest.mark.rule("SP-auth")
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_details_without_credentials_are_refused(sandbox: Driver, method: str) -> None:
    sid = sandbox.sid()
    answer = sandbox.call(method, f"{SIMPLEPAY}/messages/{CONSOLE}/{sid}")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert answer.json() == {"extMessageReference": sid, "body": None, "to": None, "status": "UNKNOWN"}


@pytest.mark.rule("SP-auth")
@pytest.mark.parametrize("content", [b"To=%FF&%FF=x", b"\xff" * 10, b"x" * 2_000_000])
def test_credentials_are_checked_before_the_body_is_read(sandbox: Driver, content: bytes) -> None:
    unread: list[bytes] = []

    async def body() -> Any:
        unread.append(content)
        yield content

    answer = sandbox.call("POST", SUBMIT, content=body(), headers=URLENCODED)
    assert (answer.status_code, unread) == (401, [])
    multipart = {"Content-Type": "multipart/form-data"}
    assert sandbox.call("POST", SUBMIT, content=content, headers=multipart).status_code == 401


# Submit: what it takes -------------------------------------------------------------------------------------------


@pytest.mark.rule("SP-submit", "SP-dates", "SP-uri", "SP-sid")
def test_a_submit_answers_the_samples_fields_in_their_order(sandbox: Driver) -> None:
    answer = sandbox.submit()
    sid = answer.json()["sid"]
    assert SID.fullmatch(sid)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == FIELDS
    assert answer.json() == accepted(sid)


@pytest.mark.rule("SP-params")
def test_parameters_come_from_the_query_string(sandbox: Driver) -> None:
    params = {"To": PHONE, "From": LINE, "Body": "Your results are in."}
    answer = sandbox.call("POST", SUBMIT, auth=DEMO, params=params)
    assert answer.json() == accepted(answer.json()["sid"])


@pytest.mark.rule("SP-params")
def test_parameters_come_from_a_multipart_form(sandbox: Driver) -> None:
    fields = {"To": PHONE, "From": LINE, "Body": "Your results are in."}
    files = {name: (None, value) for name, value in fields.items()}
    answer = sandbox.call("POST", SUBMIT, auth=DEMO, files=files)
    assert answer.json() == accepted(answer.json()["sid"])


@pytest.mark.rule("SP-params")
def test_a_forms_value_wins_over_the_query_strings(sandbox: Driver) -> None:
    query = f"To={STRANGER}&From={LINE}&Body=from+the+query"
    answer = post(sandbox, f"To={PHONE}&Body=from+the+form".encode(), query.encode())
    assert answer.json() == accepted(answer.json()["sid"], body="from the form")


@pytest.mark.rule("SP-params")
def test_of_a_repeated_parameter_the_first_counts(sandbox: Driver) -> None:
    answer = post(sandbox, f"To={PHONE}&To={STRANGER}&From={LINE}&Body=first&Body=second".encode())
    assert answer.json() == accepted(answer.json()["sid"], body="first")


@pytest.mark.rule("SP-params", "SP-required")
@pytest.mark.parametrize("kind", ["application/json", "text/plain", "nonsense", "application/x-www-form-urlencodedX"])
def test_a_body_that_is_no_form_gives_no_parameters(sandbox: Driver, kind: str) -> None:
    answer = post(sandbox, b"To=16295550101&From=16155550110&Body=x", headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()) == (
        400,
        refused_unread("To is required: send it in the query string or as a form field."),
    )


@pytest.mark.rule("SP-params")
@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded; charset=UTF-8", "Application/X-WWW-Form-URLencoded"]
)
def test_the_forms_content_type_may_have_parameters_and_any_case(sandbox: Driver, kind: str) -> None:
    answer = post(sandbox, b"To=16295550101&From=16155550110&Body=x", headers={"Content-Type": kind})
    assert answer.json() == accepted(answer.json()["sid"], body="x")


@pytest.mark.rule("SP-params", "SP-refused")
@pytest.mark.parametrize(
    ("content", "kind", "reason"),
    [
        (
            b"nonsense",
            "multipart/form-data; boundary=x",
            "the boundary of its Content-Type is not in the multipart form",
        ),
        (b"--x\r\n", "multipart/form-data; boundary=x", "the multipart form ends before its closing boundary"),
        (b"%FF=1", "application/x-www-form-urlencoded", "the name of a parameter is not UTF-8"),
    ],
)
def test_a_form_that_cannot_be_read_is_refused_and_the_query_repeated(
    sandbox: Driver, content: bytes, kind: str, reason: str
) -> None:
    query = f"To={PHONE}&From={LINE}&Body=Your+results+are+in.".encode()
    is_error(post(sandbox, content, query, {"Content-Type": kind}), f"The request cannot be read: {reason}.")


@pytest.mark.rule("SP-params", "SP-refused")
def test_a_form_of_over_a_megabyte_is_refused(sandbox: Driver) -> None:
    answer = post(sandbox, b"To=16295550101&From=16155550110&Body=" + b"x" * 1_048_576)
    assert (answer.status_code, answer.json()) == (400, refused_unread("The request body is over 1048576 bytes."))


@pytest.mark.rule("SP-required", "SP-refused")
@pytest.mark.parametrize(
    ("form", "missing", "repeats"),
    [
        (b"", "To", {"to": None, "from": None, "body": None}),
        (b"to=16295550101", "To", {"to": None, "from": None, "body": None}),
        (b"From=16155550110&Body=x", "To", {"to": None, "body": "x"}),
        (b"To=&From=16155550110&Body=x", "To", {"to": "", "body": "x"}),
        (b"To&From=16155550110&Body=x", "To", {"to": "", "body": "x"}),
        (b"To=16295550101&Body=x", "From", {"from": None, "body": "x"}),
        (b"To=16295550101&From=&Body=x", "From", {"from": "", "body": "x"}),
        (b"To=16295550101&From=16155550110", "Body", {"body": None}),
        (b"To=16295550101&From=16155550110&Body=", "Body", {"body": ""}),
    ],
)
def test_a_missing_or_empty_parameter_is_named(
    sandbox: Driver, form: bytes, missing: str, repeats: dict[str, str | None]
) -> None:
    reason = f"{missing} is required: send it in the query string or as a form field."
    is_error(post(sandbox, form), reason, **repeats)


@pytest.mark.rule("SP-required")
def test_an_empty_value_of_the_form_wins_too(sandbox: Driver) -> None:
    answer = post(sandbox, b"To=", f"To={PHONE}&From={LINE}&Body=x".encode())
    is_error(answer, "To is required: send it in the query string or as a form field.", to="", body="x")


@pytest.mark.rule("SP-required")
@pytest.mark.parametrize("text", [" ", "\n", "0", "null"])
def test_any_text_is_a_body(sandbox: Driver, text: str) -> None:
    answer = sandbox.submit(text=text)
    assert answer.json() == accepted(answer.json()["sid"], body=text)


INVALID = [
    "1455156",
    "1615555012",
    "4930901820",
    "+16155550123",
    " 16155550123",
    "16155550123 ",
    "1615555012a",
    "1 615 555 0123",
    "1-615-555-0123",
    "1615555012345678",
    "161555501234",
    "00000000000000",
    "١٦١٥٥٥٥٠١٢٣",
    "1615555012³",
    "１６１５５５５０１２３",
    "4474001234567",
    "99999999999",
    "11111111111",
    "10000000000",
    "11155550123",
    "10155550123",
    "16150550123",
    "16151550123",
    "16155550123\n",
    "x",
    "-",
]


@pytest.mark.rule("SP-msisdn", "SP-refused")
@pytest.mark.parametrize("number", INVALID)
def test_a_number_that_cannot_be_is_refused_in_the_documented_words(sandbox: Driver, number: str) -> None:
    is_error(sandbox.submit(to=number), f"Msisdn is invalid: {number}", to=number)
    is_error(sandbox.submit(sender=number), f"Msisdn is invalid: {number}", **{"from": number})
    assert sandbox.records() == []


@pytest.mark.rule("SP-msisdn")
@pytest.mark.parametrize("number", ["16155550123", "447400123456", "4915112345678", "861069445464", "5511961234567"])
def test_a_number_that_can_be_is_taken(sandbox: Driver, number: str) -> None:
    answer = sandbox.submit(to=number, sender=number)
    assert answer.json() == accepted(answer.json()["sid"], **{"to": number, "from": number})


@pytest.mark.rule("SP-from")
@pytest.mark.parametrize("code", ["72345", "723456", "10000", "000000"])
def test_from_may_be_a_short_code(sandbox: Driver, code: str) -> None:
    answer = sandbox.submit(sender=code)
    assert answer.json() == accepted(answer.json()["sid"], **{"to": PHONE, "from": code})
    assert sandbox.message(answer.json()["sid"])["from"] == code


@pytest.mark.rule("SP-from", "SP-msisdn")
@pytest.mark.parametrize("code", ["7234", "7234567", "72345 ", "+72345", "\u0667\u0662\u0663\u0664\u0665", "72-345"])
def test_what_is_no_short_code_is_an_invalid_sender(sandbox: Driver, code: str) -> None:
    is_error(sandbox.submit(sender=code), f"Msisdn is invalid: {code}", **{"from": code})


@pytest.mark.rule("SP-msisdn")
@pytest.mark.parametrize("code", ["72345", "723456"])
def test_a_short_code_has_no_phone(sandbox: Driver, code: str) -> None:
    is_error(sandbox.submit(to=code), f"Msisdn is invalid: {code}", to=code)
    assert sandbox.optout(code) == {"msisdn": "Recipient not found"}


@pytest.mark.rule("SP-from")
def test_a_consoles_line_may_be_a_short_code(sandbox: Driver) -> None:
    made = sandbox.control("POST", "/consoles", {"code": "SHORTY1234", "line": "72345"})
    assert (made["line"], made["help_text"]) == ("72345", "Shorty: for help call 72345. Text STOP to end our texts.")
    sid = sandbox.sid(console="SHORTY1234", sender="72345")
    assert sandbox.control("GET", "/journal?order=newest&limit=1")["items"][0]["findings"] == []
    said = sandbox.inbound("STOP", line="72345")
    assert (said["inbound"]["to"], said["inbound"]["lead"], said["answer"]["from"]) == (
        "72345",
        sandbox.message(sid)["id"],
        "72345",
    )
    assert [each["from"] for each in sandbox.control("GET", "/messages?from=72345")["items"]] == ["72345"] * 2
    assert [each["to"] for each in sandbox.control("GET", "/messages?to=72345")["items"]] == ["72345"]
    assert [each["messageType"] for each in sandbox.records(console="SHORTY1234")] == ["Message alert sent", "Opt-Out"]
    assert sandbox.control("GET", f"/consents?phone={PHONE}&console=SHORTY1234")["items"][0]["line"] == "72345"
    where = {"from": "72345"}
    sandbox.control("POST", "/verify", {"expect": [{"operation": "simplepay.submit", "where": where, "count": 1}]})
    sandbox.control("POST", "/faults", {"match": where, "effect": {"status": 503}})
    assert sandbox.submit(console="SHORTY1234", sender="72345").status_code == 503


@pytest.mark.rule("SP-from")
@pytest.mark.parametrize("line", ["7234", "7234567", "7234a"])
def test_a_line_is_a_telephone_number_or_a_short_code(sandbox: Driver, line: str) -> None:
    problem = sandbox.control("POST", "/consoles", {"line": line}, status=422)
    assert problem["errors"] == [
        {
            "in": "body",
            "member": "line",
            "detail": (
                "must be a telephone number, as 16155550123, +16155550123 or 6155550123, or a short code, as 72345"
            ),
        }
    ]


@pytest.mark.rule("SP-from")
def test_a_short_code_as_a_line_comes_from_a_fixture_and_goes_through_a_snapshots_file(
    open_driver: Callable[..., Driver], tmp_path: Path
) -> None:
    world = (Path(__file__).parent / "worlds" / "plain.yaml").read_text("utf-8")
    fixture = tmp_path / "short.yaml"
    fixture.write_text(world.replace(f'"{LINE}"', '"72345"').replace(f" {LINE}", " 72345"), "utf-8")
    sandbox = open_driver(fixture=str(fixture))
    assert sandbox.control("GET", "")["consoles"][0]["line"] == "72345"
    sandbox.sid(sender="72345")
    sandbox.inbound("STOP", line="72345")
    sandbox.control("PUT", "/snapshots/before")
    kept = sandbox.call("GET", f"{DEFAULT}/snapshots/before").content
    brought = sandbox.call("PUT", f"{DEFAULT}/snapshots/after", content=kept)
    assert brought.is_success, brought.text
    before = sandbox.control("GET", "/messages")["items"]
    sandbox.control("POST", "/snapshots/after/restore")
    assert sandbox.control("GET", "/messages")["items"] == before


@pytest.mark.rule("SP-from")
def test_a_tracking_number_is_no_short_code(sandbox: Driver) -> None:
    problem = sandbox.control("POST", "/accounts", {"tracking_numbers": ["72345"]}, status=422)
    assert problem["errors"][0]["member"] == "tracking_numbers[0]"


@pytest.mark.rule("SP-from")
def test_from_is_shown_as_given_and_the_message_is_the_consoles(sandbox: Driver) -> None:
    sid = sandbox.sid(sender="18052849243")
    assert sandbox.submit(sender="18052849243").json()["from"] == "18052849243"
    assert sandbox.details(sid)["status"] == "delivered"
    assert len(sandbox.records()) == 2
    assert sandbox.message(sid)["from"] == "18052849243"
    assert sandbox.message(sid)["console"] == CONSOLE


@pytest.mark.rule("SP-callback")
@pytest.mark.parametrize(
    "url",
    [
        "x",
        "example.com/callback",
        "//example.com/callback",
        "\x01http://example.com/callback",
        "http://example.com/call\x1fback",
        "http://example.com/call\u2003back",
        "/callback",
        "http:///callback",
        "http://",
        "https:callback",
        "ftp://example.com/",
        "mailto:june@harbor.example",
        "javascript:alert(1)",
        "http://example.com:99999/",
        "http://example.com:port/",
        "http://[::1/",
        "http://exam ple.com/",
        "http://example.com/a\nb",
        "http://example.com/\x01",
        "http://example.com/\x7f",
        "http://example.com/\u2028",
        " http://example.com/",
    ],
)
def test_a_callback_that_is_no_absolute_http_url_is_refused(sandbox: Driver, url: str) -> None:
    is_error(sandbox.submit(callback=url), "StatusCallback must be an absolute http or https URL.")
    assert sandbox.records() == []


@pytest.mark.rule("SP-callback")
@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "https://user:secret@example.com:8443/path?query=1#part",
        "HTTP://EXAMPLE.COM/",
        "http://127.0.0.1:9/callback",
        "http://[::1]:9/",
        "http://bücher.example/",
        "",
    ],
)
def test_any_absolute_http_url_is_a_callback_and_an_empty_one_is_none(sandbox: Driver, url: str) -> None:
    answer = sandbox.submit(callback=url)
    assert answer.json() == accepted(answer.json()["sid"])


@pytest.mark.rule("SP-console")
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("harbor1001", MALFORMED_CONSOLE),
        ("HARBOR1001%0A", MALFORMED_CONSOLE),
        ("HARBOR%D9%A1%D9%A0%D9%A0%D9%A1", MALFORMED_CONSOLE),
        ("%FF", MALFORMED_CONSOLE),
        ("HARBOR9999", "There is no console HARBOR9999 for these credentials."),
        ("OTHERS1001", "There is no console OTHERS1001 for these credentials."),
    ],
)
def test_a_submit_to_a_console_that_is_not_the_callers_is_refused(
    sandbox: Driver, neighbour_world: str, code: str, reason: str
) -> None:
    sandbox.neighbour(neighbour_world)
    answer = sandbox.submit(console=code)
    assert (answer.status_code, answer.json()["error_message"]) == (400, reason)
    assert answer.json() == refused(reason, accunt_sid=answer.json()["accunt_sid"])


@pytest.mark.rule("SP-console", "SP-optout", "SP-details-unknown")
@pytest.mark.parametrize("code", ["harbor1001", "HARBOR9999", "OTHERS1001", "%FF", "%00", "HARBOR%2F1001"])
def test_optout_and_details_answer_a_console_that_is_not_the_callers_like_unknowns(
    sandbox: Driver, neighbour_world: str, code: str
) -> None:
    sandbox.neighbour(neighbour_world)
    sid = sandbox.sid()
    answer = sandbox.call("DELETE", f"{SIMPLEPAY}/optout/{code}/{PHONE}", auth=DEMO)
    assert (answer.status_code, answer.json()) == (200, {"msisdn": "Recipient not found"})
    answer = sandbox.call("GET", f"{SIMPLEPAY}/messages/{code}/{sid}", auth=DEMO)
    unknown = {"extMessageReference": sid, "body": None, "to": None, "status": "UNKNOWN"}
    assert (answer.status_code, answer.json()) == (200, unknown)


@pytest.mark.rule("SP-auth", "SP-console", "SP-msisdn", "SP-required", "SP-callback")
def test_what_is_wrong_is_named_in_order(sandbox: Driver) -> None:
    def reason(**form: Any) -> str:
        return str(sandbox.submit(**form).json()["error_message"])

    all_wrong: dict[str, Any] = {"auth": None, "console": "x", "to": "t", "sender": "f", "text": "", "callback": "c"}
    order = [
        ("auth", DEMO, "HTTP Basic credentials are missing."),
        ("console", CONSOLE, MALFORMED_CONSOLE),
        ("to", PHONE, "Msisdn is invalid: t"),
        ("sender", LINE, "Msisdn is invalid: f"),
        ("text", "x", "Body is required: send it in the query string or as a form field."),
        ("callback", None, "StatusCallback must be an absolute http or https URL."),
    ]
    for name, right, expected in order:
        assert reason(**all_wrong) == expected
        all_wrong[name] = right
    assert sandbox.submit(**all_wrong).status_code == 200


@pytest.mark.rule("SP-refused")
@pytest.mark.parametrize("auth", [None, DEMO])
def test_what_the_query_asked_is_repeated_whoever_asks(sandbox: Driver, auth: tuple[str, str] | None) -> None:
    params = {"To": "1455156", "From": LINE, "Body": "x"}
    answer = sandbox.call("POST", SUBMIT, auth=auth, params=params)
    reason = "Msisdn is invalid: 1455156" if auth else "HTTP Basic credentials are missing."
    assert answer.json() == refused(reason, to="1455156", body="x")


# Submit: what it answers -----------------------------------------------------------------------------------------


@pytest.mark.rule("SP-submit")
@pytest.mark.parametrize(
    ("text", "num_segments"),
    [("x" * 160, "1"), ("x" * 161, "2"), ("ç" * 70, "1"), ("ç" * 71, "2"), ("€" * 81, "2"), ("x" * 20_000, "131")],
)
def test_segments_are_counted_in_a_string(sandbox: Driver, text: str, num_segments: str) -> None:
    answer = sandbox.submit(text=text)
    assert answer.json() == accepted(answer.json()["sid"], body=text, num_segments=num_segments)


@pytest.mark.rule("SP-submit", "SP-status")
@pytest.mark.parametrize(
    "policy", [{"mode": "manual"}, {"mode": "immediate"}, {"mode": "immediate", "outcome": "rejected"}]
)
def test_a_submit_is_queued_whatever_becomes_of_it(sandbox: Driver, policy: dict[str, str]) -> None:
    sandbox.delivery(**policy)
    assert sandbox.submit().json()["status"] == "queued"


@pytest.mark.rule("SP-submit")
def test_a_submit_to_an_opted_out_phone_is_queued_all_the_same(sandbox: Driver) -> None:
    sandbox.inbound("STOP")
    answer = sandbox.submit()
    assert answer.json() == accepted(answer.json()["sid"])
    assert sandbox.details(answer.json()["sid"])["status"] == "failed"


@pytest.mark.rule("SP-sid", "SP-dates")
def test_the_sid_and_the_dates_tell_the_moment_of_acceptance(open_driver: Callable[..., Driver]) -> None:
    sandbox = open_driver(start_at=1_624_371_468_095)  # 2021-06-22T14:17:48.095Z, the sample's
    answer = sandbox.submit().json()
    assert re.fullmatch(r"\d\d21[A-Z]-0622[A-Z]-1417\d-480[A-Z]{2}", answer["sid"])
    dates = {answer[name] for name in ("date_created", "date_updated", "date_sent")}
    assert dates == {"2021-06-22@14:17:48.095+0000"}


@pytest.mark.rule("SP-sid")
@pytest.mark.parametrize(("milliseconds", "digit"), [(0, "0"), (99, "0"), (100, "1"), (999, "9")])
def test_the_sid_has_the_first_digit_of_the_milliseconds(
    open_driver: Callable[..., Driver], milliseconds: int, digit: str
) -> None:
    sandbox = open_driver(Wall(moment(seconds=milliseconds / 1000)))
    assert sandbox.sid()[18:21] == f"00{digit}"


@pytest.mark.rule("SP-sid")
def test_sids_of_one_moment_differ(sandbox: Driver) -> None:
    assert len({sandbox.sid() for _ in range(300)}) == 300


@pytest.mark.rule("SP-sid")
def test_a_sid_that_another_message_bears_is_not_given_again(
    open_driver: Callable[..., Driver], tmp_path: Path
) -> None:
    taken = sid_of(1, 2, START, 0)
    world = tmp_path / "world.yaml"
    world.write_text(
        "summary: A message that bears the sid of the next one\n"
        "credentials: {username: demo, password: demo}\n"
        "consoles: [{code: HARBOR1001, name: Harbor, line: '16155550110', keyword: HARBOR}]\n"
        "people: [{phone: '16295550101', first_name: Ada}]\n"
        f"history: [{{do: submit, at: -1h, to: '16295550101', text: First, ids: {{sid: {taken}}}}}]\n"
    )
    sandbox = open_driver(fixture=str(world))
    assert sandbox.details(taken)["body"] == "First"
    sid = sandbox.sid()
    assert sid != taken
    assert SID.fullmatch(sid)


@pytest.mark.rule("SP-uri", "SP-details")
def test_the_uri_leads_to_the_details(sandbox: Driver) -> None:
    answer = sandbox.submit().json()
    details = sandbox.call("GET", answer["uri"], auth=DEMO)
    assert details.json() == {
        "extMessageReference": answer["sid"],
        "body": "Your results are in.",
        "to": "16295550101",
        "status": "delivered",
    }


def test_a_submit_is_a_record_at_once(sandbox: Driver) -> None:
    sid = sandbox.sid(text="Grüße 👋")
    (record,) = sandbox.records()
    assert record["outgoingMessage"] == "Grüße 👋"
    assert record["outgoingMessageId"] == sandbox.message(sid)["ids"]["outgoing_message_id"]


def test_a_refused_submit_leaves_no_trace(sandbox: Driver) -> None:
    for wrong in ({"to": "1"}, {"sender": "1"}, {"text": ""}, {"callback": "x"}, {"auth": None}, {"console": "x"}):
        sandbox.submit(**wrong)
    assert sandbox.records() == []
    assert sandbox.optout(STRANGER) == {"msisdn": "Recipient not found"}


# Opting in and out -----------------------------------------------------------------------------------------------


@pytest.mark.rule("SP-optin")
def test_a_submit_opts_a_stranger_in_without_a_confirmation(sandbox: Driver) -> None:
    sandbox.submit(to=STRANGER)
    assert [record["outgoingMessage"] for record in sandbox.records()] == ["Your results are in."]
    assert sandbox.optout(STRANGER) == {"msisdn": STRANGER}


@pytest.mark.rule("SP-optin", "SP-optout")
def test_a_submit_undoes_a_silent_optout(sandbox: Driver) -> None:
    sandbox.optout(PHONE)
    assert sandbox.details(sandbox.sid())["status"] == "delivered"
    sandbox.send("From staff.")
    assert [record["delivered"] for record in sandbox.records()] == ["true", "true"]


@pytest.mark.rule("SP-optin", "NET-consent")
def test_a_stop_from_the_handset_outlives_a_submit(sandbox: Driver) -> None:
    sandbox.inbound("STOP")
    assert sandbox.details(sandbox.sid())["status"] == "failed"
    assert sandbox.details(sandbox.sid())["status"] == "failed"


@pytest.mark.rule("SP-optin")
def test_a_stop_after_a_silent_optout_outlives_a_submit_too(sandbox: Driver) -> None:
    sandbox.optout(PHONE)
    assert sandbox.inbound("STOP")["answer"] is not None
    sandbox.optout(PHONE)
    assert sandbox.details(sandbox.sid())["status"] == "failed"


@pytest.mark.rule("SP-optin")
def test_a_console_can_let_a_submit_override_a_stop(sandbox: Driver) -> None:
    sandbox.console(submit_overrides_stop=True)
    sandbox.inbound("STOP")
    assert sandbox.details(sandbox.sid())["status"] == "delivered"
    sandbox.send("From staff.")
    assert sandbox.records()[-1]["delivered"] == "true"


@pytest.mark.rule("SP-optin", "SP-optout")
def test_consent_is_of_one_console(sandbox: Driver) -> None:
    sandbox.inbound("STOP")
    other = sandbox.sid(console="HARBOR1002")
    assert sandbox.details(other, console="HARBOR1002")["status"] == "delivered"


@pytest.mark.rule("SP-optout")
def test_optout_answers_the_number_again_and_again_and_sends_nothing(sandbox: Driver) -> None:
    sandbox.submit()
    for _ in range(3):
        answer = sandbox.call("DELETE", f"{SIMPLEPAY}/optout/{CONSOLE}/{PHONE}", auth=DEMO)
        assert (answer.status_code, answer.json()) == (200, {"msisdn": PHONE})
    assert len(sandbox.records()) == 1


@pytest.mark.rule("SP-optout", "NET-consent")
def test_an_opted_out_phone_gets_nothing_from_staff(sandbox: Driver) -> None:
    assert sandbox.optout(PHONE) == {"msisdn": PHONE}
    sandbox.send()
    assert sandbox.records()[0]["messageStatus"] == "MESSAGE_REJECTED"


@pytest.mark.rule("SP-optout")
@pytest.mark.parametrize(
    "phone", [STRANGER, "6295550101", "+16295550101", "%2B16295550101", "1455156", "x", "%FF", "%00", "1629555010١"]
)
def test_a_phone_that_the_console_does_not_know_is_not_found(sandbox: Driver, phone: str) -> None:
    answer = sandbox.call("DELETE", f"{SIMPLEPAY}/optout/{CONSOLE}/{phone}", auth=DEMO)
    assert (answer.status_code, answer.json()) == (200, {"msisdn": "Recipient not found"})


@pytest.mark.rule("SP-optout")
def test_a_phone_that_texted_or_was_texted_by_staff_is_known(sandbox: Driver) -> None:
    sandbox.inbound("Hello", phone=STRANGER)
    sandbox.send(to="14155550124")
    assert sandbox.optout(STRANGER) == {"msisdn": STRANGER}
    assert sandbox.optout("14155550124") == {"msisdn": "14155550124"}
    assert sandbox.optout(STRANGER, console="HARBOR1002") == {"msisdn": "Recipient not found"}


# What an answer is -----------------------------------------------------------------------------------------------


@pytest.mark.rule("SP-path")
def test_the_paths_are_the_documented_ones(sandbox: Driver) -> None:
    form = {"To": PHONE, "From": LINE, "Body": "x"}
    prefix = "/dialoghealth-simplepay-api"
    sid = sandbox.call("POST", f"{prefix}/submit/{CONSOLE}", auth=DEMO, data=form).json()["sid"]
    details = sandbox.call("GET", f"{prefix}/messages/{CONSOLE}/{sid}", auth=DEMO).json()
    assert (details["extMessageReference"], details["body"]) == (sid, "x")
    assert sandbox.call("DELETE", f"{prefix}/optout/{CONSOLE}/{PHONE}", auth=DEMO).json() == {"msisdn": PHONE}
    assert sandbox.call("POST", f"/submit/{CONSOLE}", auth=DEMO, data=form).status_code == 404


@pytest.mark.rule("SP-media")
@pytest.mark.parametrize("accept", ["application/json", "text/xml", "*/*"])
def test_every_answer_is_json_whatever_a_client_accepts(sandbox: Driver, accept: str) -> None:
    calls = [
        ("POST", f"/submit/{CONSOLE}?To={PHONE}&From={LINE}&Body=x", 200),
        ("POST", f"/submit/{CONSOLE}", 400),
        ("GET", f"/submit/{CONSOLE}", 405),
        ("DELETE", f"/optout/{CONSOLE}/{PHONE}", 200),
        ("GET", f"/messages/{CONSOLE}/x", 200),
        ("GET", "/nothing", 404),
    ]
    for method, path, status in calls:
        answer = sandbox.call(method, SIMPLEPAY + path, auth=DEMO, headers={"Accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
    refused = sandbox.call("DELETE", f"{SIMPLEPAY}/optout/{CONSOLE}/{PHONE}", headers={"Accept": accept})
    assert (refused.status_code, refused.headers["content-type"]) == (401, "application/json")


# Details ---------------------------------------------------------------------------------------------------------


@pytest.mark.rule("SP-details")
def test_details_have_the_samples_fields_in_their_order(sandbox: Driver) -> None:
    sid = sandbox.sid(to=STRANGER, text="Message text")
    answer = sandbox.call("GET", f"{SIMPLEPAY}/messages/{CONSOLE}/{sid}", auth=DEMO)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == ["extMessageReference", "body", "to", "status"]
    assert answer.json() == {
        "extMessageReference": sid,
        "body": "Message text",
        "to": STRANGER,
        "status": "delivered",
    }


@pytest.mark.rule("SP-details")
def test_the_samples_delete_reads_alike_and_deletes_nothing(sandbox: Driver) -> None:
    sid = sandbox.sid()
    first = sandbox.details(sid, method="DELETE")
    assert first == sandbox.details(sid, method="DELETE") == sandbox.details(sid)
    assert first["status"] == "delivered"
    assert len(sandbox.records()) == 1


@pytest.mark.rule("SP-details")
def test_what_staff_and_the_console_itself_send_has_a_sid_too(sandbox: Driver) -> None:
    staff = sandbox.send("From staff.")
    answer = sandbox.inbound("Hello")["answer"]
    for message in (staff, answer):
        sid = message["ids"]["sid"]
        assert sandbox.details(sid) == {
            "extMessageReference": sid,
            "body": message["text"],
            "to": PHONE,
            "status": "delivered",
        }


@pytest.mark.rule("SP-details-unknown")
@pytest.mark.parametrize(
    ("written", "expected_id"),
    [
        ("2721Z-0622U-14171-480RH", "2721Z-0622U-14171-480RH"),
        ("x", "x"),
        ("a%2Fb", "a/b"),
        ("a+b%20c", "a+b c"),
        ("%F0%9F%91%8B", "👋"),
        ("%25", "%"),
        ("%00", "\0"),
        ("SELECT%20'", "SELECT '"),
    ],
)
def test_an_unknown_id_is_repeated_with_nulls(sandbox: Driver, written: str, expected_id: str) -> None:
    sandbox.submit()
    answer = sandbox.call("GET", f"{SIMPLEPAY}/messages/{CONSOLE}/{written}".encode(), auth=DEMO)
    unknown = {"extMessageReference": expected_id, "body": None, "to": None, "status": "UNKNOWN"}
    assert (answer.status_code, answer.json()) == (200, unknown)


@pytest.mark.rule("SP-details-unknown", "SP-console")
def test_other_ids_of_a_message_other_consoles_and_neighbours_do_not_know_a_sid(
    sandbox: Driver, neighbour_world: str
) -> None:
    theirs, _ = sandbox.neighbour(neighbour_world)
    sid = sandbox.sid()
    key = sandbox.message(sid)["ids"]["outgoing_message_id"]
    inbound = sandbox.inbound("Hello")["inbound"]["id"]
    assert sandbox.details(sid, console="HARBOR1002")["status"] == "UNKNOWN"
    assert sandbox.details(key)["status"] == "UNKNOWN"
    assert sandbox.details(inbound)["status"] == "UNKNOWN"
    assert sandbox.details(sid.lower())["status"] == "UNKNOWN"
    elsewhere = sandbox.call("GET", f"{SIMPLEPAY}/messages/{CONSOLE}/{sid}", auth=theirs)
    assert elsewhere.json()["status"] == "UNKNOWN"


@pytest.mark.rule("SP-status")
@pytest.mark.parametrize(
    ("status", "word"),
    [
        ("sent", "sent"),
        ("delivered", "delivered"),
        ("undelivered", "undelivered"),
        ("rejected", "failed"),
        ("unknown", "UNKNOWN"),
    ],
)
def test_each_status_has_its_word(sandbox: Driver, status: str, word: str) -> None:
    sandbox.delivery("manual")
    sid = sandbox.sid()
    assert sandbox.details(sid)["status"] == "queued"
    sandbox.status(sid, status)
    assert sandbox.details(sid) == {
        "extMessageReference": sid,
        "body": "Your results are in.",
        "to": PHONE,
        "status": word,
    }


# Other paths and methods -----------------------------------------------------------------------------------------


@pytest.mark.rule("SP-other")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", SIMPLEPAY),
        ("POST", f"{SIMPLEPAY}/"),
        ("POST", f"{SIMPLEPAY}/submit"),
        ("POST", f"{SUBMIT}/"),
        ("POST", f"{SIMPLEPAY}//submit/{CONSOLE}"),
        ("POST", f"{SIMPLEPAY}/Submit/{CONSOLE}"),
        ("POST", f"{SIMPLEPAY}/submit%2F{CONSOLE}"),
        ("DELETE", f"{SIMPLEPAY}/optout/{CONSOLE}"),
        ("DELETE", f"{SIMPLEPAY}/optout/{CONSOLE}/{PHONE}/"),
        ("GET", f"{SIMPLEPAY}/messages/{CONSOLE}"),
        ("GET", f"{SIMPLEPAY}/messages/{CONSOLE}/a/b"),
    ],
)
def test_an_unknown_path_is_a_submit_response_body(sandbox: Driver, method: str, path: str) -> None:
    answer = sandbox.call(method, path)
    reason = answer.json()["error_message"]
    assert (answer.status_code, answer.json()) == (404, refused_unread(reason, accunt_sid=None))
    assert re.fullmatch(r"There is no such path(\.|: did you mean [^ ]+\?)", reason)


@pytest.mark.rule("SP-other")
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_a_wrong_method_on_submit_is_refused_before_credentials(sandbox: Driver, method: str) -> None:
    answer = sandbox.call(method, SUBMIT)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    reason = f"Method {method} is not allowed here: use POST."
    assert method == "HEAD" or answer.json() == refused_unread(reason)


@pytest.mark.rule("SP-other")
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_a_wrong_method_on_optout_is_refused_in_its_shape(sandbox: Driver, method: str) -> None:
    answer = sandbox.call(method, f"{SIMPLEPAY}/optout/{CONSOLE}/{PHONE}", auth=DEMO)
    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE")
    assert answer.json() == {"msisdn": None}


@pytest.mark.rule("SP-other")
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_wrong_method_on_messages_is_refused_in_its_shape(sandbox: Driver, method: str) -> None:
    answer = sandbox.call(method, f"{SIMPLEPAY}/messages/{CONSOLE}/x", auth=DEMO)
    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET, HEAD")
    unknown = {"extMessageReference": "x", "body": None, "to": None, "status": "UNKNOWN"}
    assert answer.json() == unknown
